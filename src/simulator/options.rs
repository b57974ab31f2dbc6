//! What a simulator is started with.

use std::path::PathBuf;
use std::str::FromStr;

/// A merchant whom the simulated gateway knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The official account or app of the merchant.
    pub appid: String,
    /// The merchant number.
    pub mch_id: String,
    /// The API key of 32 bytes.
    pub key: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}:{})", self.appid, self.mch_id)
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            appid: "wx2421b1c4370ec43b".to_owned(),
            mch_id: "10000100".to_owned(),
            key: "0123456789abcdefghijKLMNOPQRSTUV".to_owned(),
        }
    }
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(appid), Some(mch_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("a merchant is written appid:mch_id:key".to_owned());
        };
        if appid.is_empty() || mch_id.is_empty() || key.len() != 32 {
            return Err("appid and mch_id must not be empty, and the key has 32 bytes".to_owned());
        }
        Ok(Self { appid: appid.to_owned(), mch_id: mch_id.to_owned(), key: key.to_owned() })
    }
}

/// How to start a simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the first listener; the backup takes the next one and the control the one after it.
    /// 0 takes free ports.
    pub port: u16,
    /// Makes ids and nonces reproducible.
    pub seed: Option<u64>,
    /// The known merchants; an empty list means the default one.
    pub accounts: Vec<Account>,
    /// An idle connection is closed after this many milliseconds.
    pub idle_ms: u64,
    /// Where the files stay when it ends; the authority found there is taken. None: a folder that goes away.
    pub folder: Option<PathBuf>,
    /// Orders that the book begins with, each as the JSON of `POST /orders`.
    pub orders: Vec<String>,
    /// Encrypts with ChaCha20-Poly1305 only.
    pub chacha20: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: None,
            accounts: vec![Account::default()],
            idle_ms: 8_000,
            folder: None,
            orders: Vec::new(),
            chacha20: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_is_read_from_three_parts() {
        let text = "wx1:100:0123456789abcdef0123456789abcde:";
        let account: Account = text.parse().unwrap();
        assert_eq!((account.appid.as_str(), account.mch_id.as_str()), ("wx1", "100"));
        assert_eq!(account.key, "0123456789abcdef0123456789abcde:");
        assert!("wx1:100:short".parse::<Account>().is_err());
        assert!("wx1".parse::<Account>().is_err());
        assert!(!format!("{account:?}").contains("0123"));
    }
}
