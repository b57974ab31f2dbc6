//! PEM, in every form that OpenSSL reads and a few more: a BOM, text around, blank and indented lines, any line end.
//! What cannot be read is named, never skipped. The errors are predicates: "the CA file x.pem" stands before them.

use base64::Engine;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use zeroize::Zeroizing;

const BOM: &[u8] = b"\xEF\xBB\xBF";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// As OpenSSL has it: the bits behind the last byte may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// One block between its two lines.
struct PemBlock {
    /// Its place in the file, from 1 on.
    number: usize,
    label: String,
    /// Lines like `Proc-Type: 4,ENCRYPTED` stand before the data.
    headers: String,
    base64: Zeroizing<Vec<u8>>,
}

impl PemBlock {
    fn new(number: usize, label: String) -> Self {
        Self { number, label, headers: String::new(), base64: Zeroizing::default() }
    }

    /// How messages call it.
    fn name(&self) -> String {
        format!("block {} ({})", self.number, self.label)
    }

    fn is_encrypted(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY" || self.headers.contains("ENCRYPTED")
    }

    fn der(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        let der = BASE64.decode(&*self.base64).map(Zeroizing::new).ok().filter(|der| !der.is_empty());
        der.ok_or_else(|| format!("is damaged: {} is no Base64", self.name()))
    }
}

/// Does it look like PEM at all, readable or not?
pub fn is_pem(text: &[u8]) -> bool {
    text.windows(BEGIN.len()).any(|w| w == BEGIN) || is_utf16(text)
}

/// The same in two bytes a character, as editors on Windows save it: with their mark before it, or without.
fn is_utf16(text: &[u8]) -> bool {
    const BEGINS: &[u8] = b"-\0-\0B\0E\0G\0I\0N\0 ";
    let is_marked = text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF");
    is_marked || text.windows(BEGINS.len()).any(|w| w == BEGINS)
}

/// What is DER without the line end that an editor or a shell has put behind it.
pub fn bare_der(der: &[u8]) -> &[u8] {
    match element(der) {
        Some((0x30, _, rest)) if rest.iter().all(u8::is_ascii_whitespace) => {
            der.get(..der.len() - rest.len()).unwrap_or(der)
        }
        _ => der,
    }
}

/// The certificates of a file, in its order; keys and parameters beside them are somebody else's.
pub fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut found = Vec::new();
    for block in blocks(text)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push(certificate(&block)?.0),
            "TRUSTED CERTIFICATE" => found.push(trusted(&block)?),
            label if label.ends_with("PRIVATE KEY") || label.ends_with("PARAMETERS") => {}
            _ => return Err(format!("has {} in it, which is no certificate", block.name())),
        }
    }
    if found.is_empty() { Err("has no certificate in it".into()) } else { Ok(found) }
}

/// The certificate, and what stands behind it.
fn certificate(block: &PemBlock) -> Result<(CertificateDer<'static>, Vec<u8>), String> {
    let der = block.der()?;
    let (rest, _) = x509_parser::parse_x509_certificate(&der)
        .map_err(|_| format!("is damaged: {} cannot be read as a certificate", block.name()))?;
    let own = der.get(..der.len() - rest.len()).unwrap_or_default();
    Ok((CertificateDer::from(own.to_vec()), rest.to_vec()))
}

/// OpenSSL's own form, which says behind the certificate what it is trusted for: a condition that leaves servers out
/// is never passed over.
fn trusted(block: &PemBlock) -> Result<CertificateDer<'static>, String> {
    let (certificate, conditions) = certificate(block)?;
    if conditions.is_empty() || trusts_servers(&conditions) == Some(true) {
        return Ok(certificate);
    }
    Err(format!("has {} in it, which says itself that it is not trusted for servers", block.name()))
}

/// `SEQUENCE { trusted SEQUENCE OF OID OPTIONAL, rejected [0] SEQUENCE OF OID OPTIONAL, ... }`
fn trusts_servers(conditions: &[u8]) -> Option<bool> {
    const SERVERS: &[u8] = b"\x06\x08\x2B\x06\x01\x05\x05\x07\x03\x01";
    let (_, mut rest, _) = element(conditions)?;
    while !rest.is_empty() {
        let (tag, content, behind) = element(rest)?;
        let names_servers = content.windows(SERVERS.len()).any(|w| w == SERVERS);
        if tag == 0x30 && !names_servers || tag == 0xA0 && names_servers {
            return Some(false);
        }
        rest = behind;
    }
    Some(true)
}

/// Tag, content and what follows of the first DER element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first, rest) = (*der.first()?, usize::from(*der.get(1)?), der.get(2..)?);
    let (length, rest) = match first {
        0..=0x7F => (first, rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(first - 0x80)?;
            (bytes.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The first private key of a file. Certificates and parameters may stand beside it.
pub fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let blocks = blocks(text)?;
    let key = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
    let Some(block) = key else {
        let found: Vec<_> = blocks.iter().map(|block| block.label.as_str()).collect();
        let found = if found.is_empty() { "no PEM".to_owned() } else { found.join(", ") };
        return Err(format!("is none: what stands there is {found}"));
    };
    if block.is_encrypted() {
        return Err(
            "is encrypted with a password: write it without one (openssl pkey -in key.pem -out plain.pem)"
                .into(),
        );
    }
    let wipe = |der: Zeroizing<Vec<u8>>| der.to_vec();
    match block.label.as_str() {
        "PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(wipe(block.der()?)).into()),
        "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(wipe(block.der()?)).into()),
        "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(wipe(block.der()?)).into()),
        label => Err(format!(
            "is in the form {label}, which TLS cannot use: write it as PKCS#8 (BEGIN PRIVATE KEY)"
        )),
    }
}

/// All blocks, in order. A block that does not end, or an end without its beginning, is an error.
fn blocks(text: &[u8]) -> Result<Vec<PemBlock>, String> {
    if is_utf16(text) {
        return Err("is written in UTF-16: save it as UTF-8 or plain ASCII".into());
    }
    let mut done: Vec<PemBlock> = Vec::new();
    let mut open: Option<PemBlock> = None;
    let mut in_headers = false;
    for line in text.split(|b| matches!(b, b'\n' | b'\r')).map(trimmed) {
        match (edge(line)?, &mut open) {
            (Some(Edge::Begin(label)), None) => open = Some(PemBlock::new(done.len() + 1, label)),
            (Some(Edge::End(label)), Some(block)) if block.label == label => done.extend(open.take()),
            (Some(Edge::End(label)), None) => {
                return Err(format!("is damaged: it has the end of a {label}, but not its beginning"));
            }
            (Some(_), Some(block)) => return Err(no_end(block)),
            (None, None) => in_headers = false,
            (None, Some(block)) => in_headers = take_line(block, line, in_headers),
        }
    }
    match open {
        Some(block) => Err(no_end(&block)),
        None => Ok(done),
    }
}

fn no_end(block: &PemBlock) -> String {
    format!("is damaged: {} has no END line", block.name())
}

/// Headers stand before the data, and end with a blank line. Gives whether we are among them.
fn take_line(block: &mut PemBlock, line: &[u8], in_headers: bool) -> bool {
    let is_header = in_headers || block.base64.is_empty() && line.contains(&b':');
    if is_header && !line.is_empty() {
        block.headers.push_str(&String::from_utf8_lossy(line));
        return true;
    }
    block.base64.extend(line.iter().filter(|b| !is_blank(**b)));
    false
}

fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

/// Without blanks and control characters at both ends, and without a BOM, which editors put before any line that
/// was once a first one.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(BOM).unwrap_or(line);
    let from = line.iter().position(|b| !is_blank(*b)).unwrap_or(line.len());
    let to = line.iter().rposition(|b| !is_blank(*b)).map_or(from, |last| last + 1);
    line.get(from..to).unwrap_or_default()
}

/// The line before or behind a block.
enum Edge {
    Begin(String),
    End(String),
}

fn edge(line: &[u8]) -> Result<Option<Edge>, String> {
    let middle = |start: &[u8]| line.strip_prefix(start).and_then(|rest| rest.strip_suffix(TAIL)).map(label);
    if let Some(Some(label)) = middle(BEGIN) {
        return Ok(Some(Edge::Begin(label)));
    }
    if let Some(Some(label)) = middle(END) {
        return Ok(Some(Edge::End(label)));
    }
    let is_like = |word: &[u8]| line.starts_with(b"--") && line.windows(word.len()).any(|w| w == word);
    if is_like(b"-BEGIN ") || is_like(b"-END ") {
        return Err("is damaged: the lines with BEGIN and END must each be a line of their own, with five dashes at both \
             ends (are line ends lost, or written as \\n?)"
            .into());
    }
    Ok(None)
}

/// Labels are words in capitals; anything longer is no label, and must not get into a message.
fn label(text: &[u8]) -> Option<String> {
    let is_plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b' ' | b'#');
    let is_label = (1..=40).contains(&text.len()) && text.iter().all(is_plain);
    is_label.then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests;
