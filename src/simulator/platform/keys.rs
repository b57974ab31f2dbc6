//! The keys: they are in everybody's hands, and so good for tests only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use std::sync::OnceLock;

/// What a merchant of APIv3 needs to know to talk to the simulator.
#[derive(Debug, Clone, Copy)]
pub struct V3Material {
    /// The merchant's private key in PEM.
    pub private_key: &'static str,
    /// The serial number of its certificate.
    pub serial: &'static str,
    /// The APIv3 key.
    pub api_v3_key: &'static str,
    /// The id of the gateway's public key.
    pub public_key_id: &'static str,
    /// The gateway's public key in PEM.
    pub public_key: &'static str,
    /// The APIv3 key before: a notice may still be under it.
    pub previous_api_v3_key: &'static str,
}

/// The same for every merchant and every simulator.
pub const V3_MATERIAL: V3Material = V3Material {
    private_key: include_str!("keys/apiclient_key.pem"),
    serial: "3E7A1B2C4D5F60718293A4B5C6D7E8F901234567",
    api_v3_key: "v3SimulatorKey0123456789ABCDEFGH",
    public_key_id: "PUB_KEY_ID_0110000100202603010010",
    public_key: include_str!("keys/wechatpay_pub_key.pem"),
    previous_api_v3_key: "v3FormerKey0123456789ABCDEFGHIJK",
};

/// Headers of a signed answer.
pub const SIGNATURE: &str = "wechatpay-signature";
/// The key's name.
pub const SERIAL: &str = "wechatpay-serial";

/// A key that the gateway signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulatedKey {
    /// The public key with an id.
    Public,
    /// That of the certificate which ends soon.
    Old,
    /// That of the certificate which follows it.
    New,
}

impl SimulatedKey {
    /// What `Wechatpay-Serial` calls it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Public => V3_MATERIAL.public_key_id,
            Self::Old => "5F1A2B3C4D5E6F708192A3B4C5D6E7F800000001",
            Self::New => "0A2B3C4D5E6F708192A3B4C5D6E7F80900000002",
        }
    }

    /// The private key in PEM.
    pub fn pem(self) -> &'static str {
        match self {
            Self::Public => include_str!("keys/wechatpay_key.pem"),
            Self::Old => include_str!("keys/platform_old_key.pem"),
            Self::New => include_str!("keys/platform_new_key.pem"),
        }
    }

    /// The signature of an answer or a notice: three lines.
    pub fn signature(self, timestamp: &str, nonce: &str, body: &str) -> String {
        let Some(key) = self.pair() else { return String::new() };
        let text = [timestamp, "\n", nonce, "\n", body, "\n"].concat();
        let mut signature = vec![0; key.public().modulus_len()];
        let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.map(|()| STANDARD.encode(&signature)).unwrap_or_default()
    }

    fn pair(self) -> Option<&'static RsaKeyPair> {
        static KEYS: [OnceLock<Option<RsaKeyPair>>; 3] = [const { OnceLock::new() }; 3];
        let [public, old, new] = &KEYS;
        let place = match self {
            Self::Public => public,
            Self::Old => old,
            Self::New => new,
        };
        place.get_or_init(|| pair(self.pem())).as_ref()
    }
}

/// Has the merchant signed this text?
pub fn is_the_merchants(text: &[u8], signature: &str) -> bool {
    static KEY: OnceLock<Option<RsaKeyPair>> = OnceLock::new();
    let Some(key) = KEY.get_or_init(|| pair(V3_MATERIAL.private_key)) else { return false };
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(text, &signature).is_ok()
}

/// A pair for tests that sign as the merchant does.
#[cfg(test)]
pub fn pair_for_tests(pem: &str) -> RsaKeyPair {
    pair(pem).unwrap()
}

fn pair(pem: &str) -> Option<RsaKeyPair> {
    let dense: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(dense).ok()?).ok()
}
