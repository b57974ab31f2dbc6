//! Fields that only WeChat Pay reads, or only the merchant (protocol-v3.md B.6). What was encrypted is known to this
//! process: the request that holds it names its key by itself.

use crate::error::{Error, Fault, Repeat};
use crate::gateway::client::MerchantClient;
use crate::model::argument::BadArgument;
use crate::model::merchant::{Credentials, Merchant};
use crate::wire::v3::sensitive::{self, SensitiveError};
use zeroize::Zeroizing;

impl MerchantClient<'_> {
    /// Encrypts a text for WeChat Pay, in Base64; loads its certificates first where it has no public key.
    pub fn encrypt(&self, text: &str) -> Result<String, Fault> {
        let encrypted = self.ready_keys().and_then(|keys| {
            let encrypted = sensitive::encrypt(&keys.ring, text, self.api.clock.unix_seconds())?;
            keys.ring.encrypted().remember(&encrypted.ciphertext, &encrypted.serial);
            Ok(encrypted.ciphertext)
        });
        encrypted.map_err(|error| Fault::new(error, Repeat::Query, None))
    }
}

/// Opens a text that WeChat Pay has encrypted for this merchant's certificate.
pub fn decrypt(merchant: &Merchant, ciphertext: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let opened = match &merchant.credentials {
        Credentials::V3(keys) => {
            keys.get().map_err(Error::from).and_then(|keys| Ok(keys.private_key()?.decrypt(ciphertext)?))
        }
        Credentials::V2(_) => Err(BadArgument::new("merchant", "must be one of APIv3").into()),
    };
    opened.map_err(|error| Fault::new(error, Repeat::Query, None))
}

impl From<SensitiveError> for Error {
    fn from(error: SensitiveError) -> Self {
        match error {
            SensitiveError::TooLong(_) => BadArgument::new("text", error.to_string()).into(),
            SensitiveError::NotOurs => Self::Malformed(error.to_string()),
            SensitiveError::NoKey | SensitiveError::Key => Self::Configuration(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::v3::merchant;
    use crate::wire::v3::vectors::{group, text};

    #[test]
    fn what_does_not_open_is_malformed_and_what_is_too_long_is_the_argument() {
        let vector =
            group("sensitive_fields").iter().find(|v| v["inputs"]["direction"] == "decrypt").unwrap();
        let opened = decrypt(&merchant(), text(&vector["inputs"]["ciphertext"])).unwrap();
        assert_eq!(opened.as_slice(), text(&vector["expected"]["accept"]["plaintext"]).as_bytes());
        let strange = decrypt(&merchant(), "AAAA").unwrap_err();
        assert!(matches!(strange.error, Error::Malformed(_)), "{strange:?}");
        let v2 = decrypt(&crate::gateway::fixtures::merchant(), "AAAA").unwrap_err();
        assert!(matches!(v2.error, Error::Argument(bad) if bad.name == "merchant"));
        assert!(
            matches!(Error::from(SensitiveError::TooLong(214)), Error::Argument(bad) if bad.name == "text")
        );
    }
}
