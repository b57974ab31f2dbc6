//! Takes what comes: a message into memory, a file into its inbox.

use crate::gateway::transport::{Body, Inbox, Received, Room};
use crate::wire::hex::hex;
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

/// How much is taken of a refusal.
const MOST_OF_A_REFUSAL: u64 = 64 * 1024;

/// The body of an answer: what was asked for goes where it was to go, a refusal into memory.
pub fn body(answer: &mut Response<ureq::Body>, room: Room<'_>) -> Result<Body, Lost> {
    match room {
        _ if !answer.status().is_success() => Ok(refusal(answer)),
        Room::Memory(most) => message(answer, most).map(Body::Message).map_err(Lost::OnTheWay),
        Room::Inbox(inbox) => {
            let digest = answer.headers().get("digest").and_then(|value| value.to_str().ok());
            let digest = digest.map(str::to_owned);
            Ok(Body::File(Received { digest, sha1: file(answer, inbox)? }))
        }
    }
}

fn message(answer: &mut Response<ureq::Body>, most: u64) -> Result<Vec<u8>, ureq::Error> {
    // ureq refuses a body as soon as the limit is used up, so the last byte allowed needs one more.
    answer.body_mut().with_config().limit(most + 1).read_to_vec()
}

/// A refusal is one by its status, however much of it comes.
fn refusal(answer: &mut Response<ureq::Body>) -> Body {
    let mut page = Vec::new();
    let limited = answer.body_mut().with_config().limit(MOST_OF_A_REFUSAL);
    match limited.reader().read_to_end(&mut page) {
        Ok(_) => Body::Message(page),
        Err(_) => Body::Cut(page),
    }
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
