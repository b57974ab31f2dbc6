//! Takes what comes: a message into memory, a file into its inbox.

use crate::gateway::transport::{Body, Inbox, Received};
use crate::wire::hex::hex;
use crate::wire::v2::xml;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use std::io::{Error, Read};
use ureq::http::Response;

/// How much of a file is taken at a time.
const BLOCK: usize = 64 * 1024;

/// Why it was not taken.
pub enum Lost {
    /// On the way.
    OnTheWay(ureq::Error),
    /// It came, and could not be kept.
    Unkept(Error),
}

/// The body of a 200 answer.
pub fn body(answer: &mut Response<ureq::Body>, inbox: Option<&Inbox>) -> Result<Body, Lost> {
    match inbox {
        None => message(answer).map(Body::Message).map_err(Lost::OnTheWay),
        Some(inbox) => {
            let digest = answer.headers().get("digest").and_then(|value| value.to_str().ok());
            let digest = digest.map(str::to_owned);
            Ok(Body::File(Received { digest, sha1: file(answer, inbox)? }))
        }
    }
}

fn message(answer: &mut Response<ureq::Body>) -> Result<Vec<u8>, ureq::Error> {
    // ureq refuses a body as soon as the limit is used up, so the last byte allowed needs one more.
    answer.body_mut().with_config().limit(xml::MAX_BYTES as u64 + 1).read_to_vec()
}

/// Writes it as it comes; gives its SHA-1.
fn file(answer: &mut Response<ureq::Body>, inbox: &Inbox) -> Result<String, Lost> {
    inbox.clear().map_err(Lost::Unkept)?;
    let mut reader = answer.body_mut().with_config().limit(inbox.most_bytes + 1).reader();
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let mut block = vec![0; BLOCK];
    loop {
        let read = reader.read(&mut block).map_err(|e| Lost::OnTheWay(e.into()))?;
        let came = block.get(..read).unwrap_or_default();
        if came.is_empty() {
            return Ok(hex(digest.finish().as_ref()).to_ascii_lowercase());
        }
        digest.update(came);
        inbox.write(came).map_err(Lost::Unkept)?;
    }
}
