//! The merchant: who we are, what we sign with and what we accept.

use super::argument::BadArgument;
use super::misplaced;
use super::v3_keys::V3Keys;
use crate::wire::key::Key;
use crate::wire::v2::sign::{SignType, SignaturePolicy};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a certificate or key comes from.
#[derive(Clone)]
pub enum Material {
    /// The text or bytes themselves: PEM, or a PKCS#12 container.
    Inline(Zeroizing<Vec<u8>>),
    /// A file.
    Path(String),
}

impl Material {
    /// PEM text and PKCS#12 bytes stand for themselves, and so does what can only be a key that lost its first and
    /// last line: messages show paths, and must never show a key. Anything else is a path.
    pub fn new(text: &[u8]) -> Self {
        match std::str::from_utf8(text) {
            // A container begins with a long DER length, which is no UTF-8.
            Ok(path) if !is_pem(text) && !is_bare(text) => Self::Path(local(path).to_owned()),
            _ => Self::Inline(Zeroizing::new(text.to_owned())),
        }
    }

    /// The same for an argument or setting of that name: empty text, and blanks or line ends around a path, which
    /// nobody sees, are refused, and so is a key of WeChat Pay's, which messages would show as a path.
    pub fn given(name: &'static str, text: &[u8]) -> Result<Self, BadArgument> {
        let bad = |what: &str| Err(BadArgument::new(name, what));
        let bare = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii();
        if bare.is_empty() {
            return bad("must not be empty: leave it out, or give null");
        }
        if bare.len() < text.len() && matches!(Self::new(bare), Self::Path(_)) {
            return bad("must be a path without blanks, line ends or a byte order mark around it");
        }
        match Self::new(misplaced::no_key(name, text)?) {
            Self::Path(path) if path.contains('\0') => bad("must not contain any null bytes"),
            material => Ok(material),
        }
    }
}

/// PHP's own form of a local path, `file:///etc/x.pem`, as the path that it means.
fn local(path: &str) -> &str {
    let Some((_, rest)) =
        path.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("file://"))
    else {
        return path;
    };
    rest.strip_prefix("localhost").filter(|rest| rest.starts_with('/')).unwrap_or(rest)
}

fn is_pem(text: &[u8]) -> bool {
    text.windows(11).any(|w| w == b"-----BEGIN ")
}

/// More than one line, longer than any path, or the Base64 of DER, which begins with M and has no dot.
fn is_bare(text: &[u8]) -> bool {
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    text.iter().any(|b| matches!(b, b'\n' | b'\r'))
        || text.len() > 4096
        || text.len() >= 60 && text.starts_with(b"M") && text.iter().all(is_base64)
}

/// What a client certificate is read from.
#[derive(Clone)]
pub struct CertificateSource {
    /// The certificate (PEM), or a PKCS#12 container with the key in it.
    pub certificate: Material,
    /// The private key (PEM), unless the container has it.
    pub private_key: Option<Material>,
    /// The container's password.
    pub password: Zeroizing<String>,
}

/// A merchant, or a service provider acting for a sub-merchant (protocol.md C.18).
#[derive(Clone)]
pub struct Merchant {
    /// `appid`.
    pub appid: String,
    /// `mch_id`.
    pub mch_id: String,
    /// `sub_appid`.
    pub sub_appid: Option<String>,
    /// `sub_mch_id`.
    pub sub_mch_id: Option<String>,
    /// What it signs with and is answered with.
    pub credentials: Credentials,
}

/// Keys, by the dialect that they speak.
#[derive(Clone)]
pub enum Credentials {
    /// XML, signed with a shared key.
    V2(V2Credentials),
    /// JSON, signed with RSA.
    V3(Arc<V3Keys>),
}

/// A dialect of WeChat Pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// XML, signed with a shared key.
    V2,
    /// JSON, signed with RSA.
    V3,
}

/// What v2 needs.
#[derive(Clone)]
pub struct V2Credentials {
    /// The pinned algorithm.
    pub sign_type: SignType,
    /// The API key.
    pub key: Key,
    /// The key before, accepted on answers while a key is rotated.
    pub previous_key: Option<Key>,
    /// Accept MD5 answers although we sign with HMAC-SHA256.
    pub accept_md5: bool,
    /// The client certificate for refund, reverse and fund flow.
    pub certificate: Option<CertificateSource>,
}

/// A merchant of the other dialect than was needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this exists in v2 only, and merchant {0} speaks APIv3")]
pub struct NotV2(pub String);

impl From<NotV2> for BadArgument {
    fn from(e: NotV2) -> Self {
        Self::new("merchant", format!("must be one of v2: {e}"))
    }
}

impl Merchant {
    /// Checks an id of WeChat: 1 to 32 letters, digits, `_` or `-`.
    pub fn id(name: &'static str, text: &str) -> Result<String, BadArgument> {
        let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(is_id) {
            return Ok(text.to_owned());
        }
        Err(BadArgument::new(name, "must be 1 to 32 characters of 0-9A-Za-z_-"))
    }

    /// The dialect that it speaks.
    pub fn api_version(&self) -> ApiVersion {
        match self.credentials {
            Credentials::V2(_) => ApiVersion::V2,
            Credentials::V3(_) => ApiVersion::V3,
        }
    }

    /// Does it take code payments? In APIv3 WeChat Pay opens them to some only (protocol-v3.md C.4).
    pub fn takes_codes(&self) -> bool {
        match &self.credentials {
            Credentials::V2(_) => true,
            Credentials::V3(keys) => keys.takes_codes(),
        }
    }

    /// What v2 needs of it.
    pub fn v2(&self) -> Result<&V2Credentials, NotV2> {
        match &self.credentials {
            Credentials::V2(keys) => Ok(keys),
            Credentials::V3(_) => Err(NotV2(self.mch_id.clone())),
        }
    }

    /// The ids that every request carries.
    pub fn ids(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("appid", Some(&self.appid)),
            ("mch_id", Some(&self.mch_id)),
            ("sub_appid", self.sub_appid.as_deref()),
            ("sub_mch_id", self.sub_mch_id.as_deref()),
        ]
    }
}

impl V2Credentials {
    /// The signs this merchant accepts; `fixed` is an endpoint's own algorithm (protocol.md A.5).
    pub fn signature_policy(&self, fixed: Option<SignType>) -> SignaturePolicy<'_> {
        SignaturePolicy {
            sign_type: fixed.unwrap_or(self.sign_type),
            fixed: fixed.is_some(),
            accept_md5: self.accept_md5,
            key: &self.key,
            previous_key: self.previous_key.as_ref(),
        }
    }
}

/// Shows who, never the keys.
impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("appid", &self.appid)
            .field("mch_id", &self.mch_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(sign_type: SignType, accept_md5: bool) -> Merchant {
        Merchant {
            appid: "wx1".into(),
            mch_id: "10000100".into(),
            sub_appid: None,
            sub_mch_id: None,
            credentials: Credentials::V2(V2Credentials {
                sign_type,
                key: Key::new(b"0123456789abcdefghijKLMNOPQRSTUV").unwrap(),
                previous_key: Key::new(b"the-key-before-0123456789-abcdef").ok(),
                accept_md5,
                certificate: Some(CertificateSource {
                    certificate: Material::new(b"-----BEGIN CERTIFICATE-----\nsecret"),
                    private_key: None,
                    password: Zeroizing::new("pass-word".into()),
                }),
            }),
        }
    }

    #[test]
    fn pem_text_and_containers_stand_for_themselves_and_all_else_is_a_path() {
        let long = [b"0".as_slice(), &[b'a'; 100], b"/cert.pem"].concat();
        for path in [b"/etc/cert.pem".as_slice(), b"cert.p12", b"", b"0", &long, "证书.pem".as_bytes()] {
            assert!(matches!(Material::new(path), Material::Path(_)), "{path:?}");
        }
        let container = [b"\x30\x82\x0A\x00".as_slice(), &[0; 100]].concat();
        let pem = b"Bag Attributes\n-----BEGIN CERTIFICATE-----\n".as_slice();
        for content in [pem, &container] {
            assert!(matches!(Material::new(content), Material::Inline(_)), "{content:?}");
        }
    }

    #[test]
    fn r34_phps_form_of_a_local_path_is_the_path() {
        for (text, path) in [
            ("file:///etc/x.pem", "/etc/x.pem"),
            ("FILE:///etc/x.pem", "/etc/x.pem"),
            ("file://localhost/etc/x.pem", "/etc/x.pem"),
            ("file://x.pem", "x.pem"),
            ("file:/x.pem", "file:/x.pem"),
            ("http://x.pem", "http://x.pem"),
        ] {
            assert!(matches!(Material::new(text.as_bytes()), Material::Path(p) if p == path), "{text}");
        }
    }

    #[test]
    fn r34_what_nobody_sees_around_a_path_is_refused_by_name() {
        for wrong in [
            "",
            " ",
            "\n",
            "/x.pem\n",
            "/x.pem\r\n",
            "/x.pem ",
            "\t/x.pem",
            "\u{FEFF}/x.pem",
            "file:///x.pem\n",
        ] {
            let bad = Material::given("certificate", wrong.as_bytes()).err().unwrap();
            assert_eq!(bad.name, "certificate", "{wrong:?}");
            assert!(!bad.what.contains("x.pem"), "{}", bad.what);
        }
        assert_eq!(
            Material::given("privateKey", b"/x.pem\0").err().unwrap().what,
            "must not contain any null bytes"
        );
        for fine in [
            "/x y.pem",
            "\u{FEFF}-----BEGIN CERTIFICATE-----\n",
            "\n-----BEGIN CERTIFICATE-----\n",
            "AAAA\nAAAA\n",
        ] {
            assert!(Material::given("certificate", fine.as_bytes()).is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn h15_a_key_without_its_first_and_last_line_is_not_taken_for_a_path_that_messages_show() {
        let line = format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj{}==", "Aa0+/".repeat(300));
        let lines = format!("{}\n{}\n", &line[..64], &line[64..]);
        let ed25519 = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
        for key in [line.as_str(), &lines, ed25519, "----BEGIN PRIVATE KEY\nAAAA", &"a".repeat(4097)] {
            assert!(matches!(Material::new(key.as_bytes()), Material::Inline(_)), "{key}");
        }
    }

    #[test]
    fn an_id_has_1_to_32_plain_characters() {
        for id in ["wx2421b1c4370ec43b", "1", "a_b-c", &"x".repeat(32)] {
            assert_eq!(Merchant::id("appid", id).unwrap(), id);
        }
        for wrong in ["", &"x".repeat(33), "wx 1", "wx\n", "微信", "wx&", "wx\0"] {
            assert_eq!(Merchant::id("mchId", wrong).unwrap_err().name, "mchId", "{wrong:?}");
        }
    }

    #[test]
    fn an_endpoints_own_algorithm_replaces_the_merchants_and_is_fixed() {
        let merchant = merchant(SignType::Md5, false);
        let keys = merchant.v2().unwrap();
        assert!(!keys.signature_policy(None).fixed && keys.signature_policy(None).sign_type == SignType::Md5);
        let pin = keys.signature_policy(Some(SignType::HmacSha256));
        assert!(pin.fixed && pin.sign_type == SignType::HmacSha256);
    }

    #[test]
    fn h15_debug_shows_who_the_merchant_is_and_no_secret() {
        let shown = format!("{:?}", merchant(SignType::Md5, true));
        assert!(shown.contains("wx1") && shown.contains("10000100"), "{shown}");
        for secret in ["0123456789abcdef", "the-key-before", "BEGIN", "pass-word"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
