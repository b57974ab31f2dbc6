//! Keys and certificates as texts, in every form that shops keep them (protocol-v3.md B.7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use zeroize::Zeroizing;

/// The shortest RSA key that WeChat hands out, and that we take.
const LEAST_BITS: usize = 2048;

/// Why a text is not the key that was wanted. No variant shows a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// Neither PEM nor base64, or cut off.
    #[error("is neither PEM nor base64 of a key, or a part of it is missing")]
    Unreadable,
    /// Another thing than a private key.
    #[error("holds a {0}, not a private key")]
    NotPrivate(&'static str),
    /// Another thing than a public key or certificate.
    #[error("holds a {0}, not a public key")]
    NotPublic(&'static str),
    /// A public key where a certificate was wanted.
    #[error("holds a public key, not a certificate")]
    NotCertificate,
    /// A key with a password.
    #[error("is encrypted with a password; write it without one: openssl pkey -in KEY -out NEW")]
    Encrypted,
    /// Another algorithm than RSA.
    #[error("holds no RSA key")]
    NotRsa,
    /// Fewer than 2048 bits.
    #[error("holds an RSA key of fewer than 2048 bits")]
    Weak,
}

/// One block of a text: what its label says, and its bytes.
struct KeyBlock {
    label: String,
    der: Zeroizing<Vec<u8>>,
}

/// The DER of a private key, and whether it is PKCS#8 (else PKCS#1).
pub(super) struct PrivateDer {
    pub der: Zeroizing<Vec<u8>>,
    pub pkcs8: bool,
}

/// The algorithm that PKCS#8 and SPKI name: rsaEncryption, without parameters.
pub(super) const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A value in DER.
pub(super) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let bytes = length.to_be_bytes();
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut value = vec![tag];
    match (length, u8::try_from(digits.len())) {
        (128.., Ok(count)) => value.push(0x80 | count),
        _ if digits.is_empty() => value.push(0),
        _ => {}
    }
    value.extend(digits);
    [value, parts.concat()].concat()
}

impl PrivateDer {
    /// The key as PKCS#8 writes it.
    pub fn into_pkcs8(self) -> Zeroizing<Vec<u8>> {
        if self.pkcs8 {
            return self.der;
        }
        let octets = Zeroizing::new(der(0x04, &[&self.der]));
        Zeroizing::new(der(0x30, &[&[0x02, 0x01, 0x00], &RSA_ENCRYPTION, &octets]))
    }
}

/// A private key's DER.
pub(super) fn private(text: &[u8]) -> Result<PrivateDer, KeyFileError> {
    let block = first_block(text, "PRIVATE KEY")?;
    let pkcs8 = match block.label.as_str() {
        "PRIVATE KEY" => true,
        "RSA PRIVATE KEY" => false,
        "ENCRYPTED PRIVATE KEY" => return Err(KeyFileError::Encrypted),
        label => return Err(KeyFileError::NotPrivate(kind_of(label))),
    };
    Ok(PrivateDer { der: block.der, pkcs8 })
}

/// What a public key or certificate tells.
#[derive(Debug, Clone)]
pub struct PublicPart {
    /// The key as PKCS#1 writes it.
    pub pkcs1: Vec<u8>,
    /// Of a certificate: its serial number, 40 upper-case hex digits as WeChat writes it.
    pub serial: Option<String>,
    /// Of a certificate: when it ends, in seconds since 1970.
    pub not_after: Option<i64>,
}

/// Reads a public key (SPKI or PKCS#1) or a certificate.
pub fn public(text: &[u8]) -> Result<PublicPart, KeyFileError> {
    let block = first_block(text, "PUBLIC KEY")?;
    match block.label.as_str() {
        "PUBLIC KEY" => spki(&block.der),
        "RSA PUBLIC KEY" => strong(&block.der, None),
        "CERTIFICATE" => certificate(&block.der),
        label => Err(KeyFileError::NotPublic(kind_of(label))),
    }
}

/// Reads every certificate of a text: a file may hold the one that is used and the one that comes next.
pub fn certificates(text: &[u8]) -> Result<Vec<PublicPart>, KeyFileError> {
    let blocks = all_blocks(text)?;
    let found = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    let found = found.map(|block| certificate(&block.der)).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        return Err(public(text).err().unwrap_or(KeyFileError::NotCertificate));
    }
    Ok(found)
}

fn spki(der: &[u8]) -> Result<PublicPart, KeyFileError> {
    let (_, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyFileError::Unreadable)?;
    key_of(&info, None)
}

fn certificate(der: &[u8]) -> Result<PublicPart, KeyFileError> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| KeyFileError::Unreadable)?;
    if !rest.is_empty() {
        return Err(KeyFileError::Unreadable);
    }
    key_of(certificate.public_key(), Some(&certificate))
}

fn key_of(
    info: &SubjectPublicKeyInfo<'_>,
    certificate: Option<&X509Certificate<'_>>,
) -> Result<PublicPart, KeyFileError> {
    match info.parsed() {
        Ok(PublicKey::RSA(_)) => strong(&info.subject_public_key.data, certificate),
        _ => Err(KeyFileError::NotRsa),
    }
}

fn strong(pkcs1: &[u8], certificate: Option<&X509Certificate<'_>>) -> Result<PublicPart, KeyFileError> {
    let (_, key) = RSAPublicKey::from_der(pkcs1).map_err(|_| KeyFileError::Unreadable)?;
    match key.key_size() {
        LEAST_BITS.. => Ok(PublicPart {
            pkcs1: pkcs1.to_vec(),
            serial: certificate.map(|certificate| serial(certificate.raw_serial())),
            not_after: certificate.map(|certificate| certificate.validity().not_after.timestamp()),
        }),
        _ => Err(KeyFileError::Weak),
    }
}

fn serial(raw: &[u8]) -> String {
    let magnitude = raw.iter().position(|byte| *byte != 0).and_then(|at| raw.get(at..)).unwrap_or_default();
    forty_digits(&crate::wire::hex::hex(magnitude))
}

/// A serial number in hex as WeChat writes it: 40 digits in capitals, a zero in front kept.
pub fn forty_digits(serial: &str) -> String {
    format!("{:0>40}", serial.to_ascii_uppercase())
}

fn kind_of(label: &str) -> &'static str {
    match label {
        "CERTIFICATE" => "certificate",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "public key",
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => "private key",
        _ => "PEM block of another kind",
    }
}

/// The first block of a PEM text, or a bare base64 text taken for what was wanted.
fn first_block(text: &[u8], wanted: &str) -> Result<KeyBlock, KeyFileError> {
    let text = readable(text)?;
    match next_block(&text)? {
        Some((block, _)) => Ok(block),
        None => Ok(KeyBlock { label: wanted.to_owned(), der: decoded(&text)? }),
    }
}

/// Every block of a PEM text.
fn all_blocks(text: &[u8]) -> Result<Vec<KeyBlock>, KeyFileError> {
    let text = readable(text)?;
    let (mut blocks, mut rest) = (Vec::new(), text.as_str());
    while let Some((block, after)) = next_block(rest)? {
        blocks.push(block);
        rest = after;
    }
    Ok(blocks)
}

/// A text with its lines as they were, also where a variable of the environment holds it.
fn readable(text: &[u8]) -> Result<Zeroizing<String>, KeyFileError> {
    let text = std::str::from_utf8(text).map_err(|_| KeyFileError::Unreadable)?;
    let text = Zeroizing::new(text.trim_start_matches('\u{feff}').trim().replace("\\n", "\n"));
    if text.is_empty() { Err(KeyFileError::Empty) } else { Ok(text) }
}

/// The next block of a PEM text, if there is one, and what comes after it.
fn next_block(text: &str) -> Result<Option<(KeyBlock, &str)>, KeyFileError> {
    let Some((_, rest)) = text.split_once("-----BEGIN ") else { return Ok(None) };
    let (label, rest) = rest.split_once("-----").ok_or(KeyFileError::Unreadable)?;
    let (body, rest) = rest.split_once(&format!("-----END {label}-----")).ok_or(KeyFileError::Unreadable)?;
    if body.contains("Proc-Type:") {
        return Err(KeyFileError::Encrypted);
    }
    Ok(Some((KeyBlock { label: label.to_owned(), der: decoded(body)? }, rest)))
}

fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let dense = Zeroizing::new(body.split_ascii_whitespace().collect::<String>());
    STANDARD.decode(dense.as_bytes()).map(Zeroizing::new).map_err(|_| KeyFileError::Unreadable)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A key of PKCS#8 as PKCS#1 writes it.
    pub fn as_pkcs1(pem: &str) -> String {
        let block = private(pem.as_bytes()).unwrap();
        // Version, algorithm and the heads around them stand before the key.
        let at = block.der.windows(4).position(|w| w == [0x02, 0x01, 0x00, 0x02]).unwrap();
        let key = &block.der[at - 4..];
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", STANDARD.encode(key))
    }

    #[test]
    fn lengths_of_der_are_short_or_counted() {
        let long = [0; 300];
        assert_eq!(der(4, &[]), [4, 0]);
        assert_eq!(der(4, &[&[7], &[8]]), [4, 2, 7, 8]);
        assert_eq!(der(4, &[&long[..127]])[..2], [4, 127]);
        assert_eq!(der(4, &[&long[..128]])[..3], [4, 0x81, 128]);
        assert_eq!(der(4, &[&long])[..4], [4, 0x82, 1, 44]);
    }
}
