//! The texts that APIv3 signs: lines of raw bytes, each ended by a line feed, the last one too.

/// What a request signs (protocol-v3.md A.1): the target as it stands in the request line, the body as it is sent.
pub fn of_request(method: &str, target: &str, timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines(&[method.as_bytes(), target.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// What an answer or a notice signs (protocol-v3.md A.6): the body as it came.
pub fn of_answer(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines(&[timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// What the parameters of a client sign (protocol-v3.md C.9): `package` is `prepay_id=...` for JSAPI and the bare
/// `prepay_id` for an app.
pub fn of_client(appid: &str, timestamp: &str, nonce: &str, package: &str) -> Vec<u8> {
    lines(&[appid.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), package.as_bytes()])
}

fn lines(parts: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for part in parts {
        text.extend_from_slice(part);
        text.push(b'\n');
    }
    text
}
