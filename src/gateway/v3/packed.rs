//! Answers that come packed, though nobody has asked for that: WeChat signs what they say, not how it travels.

use crate::error::{Error, Phase, TransportError};
use crate::gateway::transport::HttpResponse;
use crate::wire::v2::xml::MAX_BYTES;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::Read;

/// The message as it was signed, unpacked if it is packed; no more than any message may have.
pub fn unpacked(response: &HttpResponse) -> Result<Cow<'_, [u8]>, Error> {
    let packed = response.message();
    let Some(encoding) = response.encoding().filter(|_| !packed.is_empty()) else {
        return Ok(Cow::Borrowed(packed));
    };
    let read = match encoding.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => whole(GzDecoder::new(packed)),
        "deflate" if is_zlib(packed) => whole(ZlibDecoder::new(packed)),
        "deflate" => whole(DeflateDecoder::new(packed)),
        _ => Err("is packed in a way that nobody has asked for: does a proxy in between compress?"),
    };
    read.map(Cow::Owned).map_err(|what| lost(response, what).into())
}

/// What says `deflate` has a zlib header by the book, and none by habit.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn whole(reader: impl Read) -> Result<Vec<u8>, &'static str> {
    let mut text = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    match reader.take(most.saturating_add(1)).read_to_end(&mut text) {
        Err(_) => Err("cannot be unpacked"),
        Ok(_) if text.len() > MAX_BYTES => Err("is larger than 1 MiB when it is unpacked"),
        Ok(_) => Ok(text),
    }
}

fn lost(response: &HttpResponse, what: &str) -> TransportError {
    TransportError {
        phase: Phase::Protocol,
        message: format!("the answer (HTTP {}) {what}", response.status),
        sent: true,
        retry_after_ms: None,
        reused: Some(response.reused),
    }
}
