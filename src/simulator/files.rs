//! A private folder for the files a client needs; gone when the simulator ends, unless it is to be kept.

use super::authority::{Authority, Identity};
use super::options::Account;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The authority's key, in folders that stay.
const CA_KEY: &str = "ca_key.pem";

/// Where the files are.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    is_kept: bool,
}

impl Drop for Files {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Files {
    /// A new folder that nobody else can read.
    pub fn create() -> io::Result<Self> {
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let salt = u64::from_le_bytes(salt);
        let name = format!("wechatpay-simulator-{}-{salt:016x}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { folder, is_kept: false })
    }

    /// A folder that stays; made if it is not there.
    pub fn keep(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        Ok(Self { folder: folder.to_owned(), is_kept: true })
    }

    /// The authority of the folder, or a new one; and is it new?
    pub fn authority(&self, name: &str) -> io::Result<(Authority, bool)> {
        let key = self.path(CA_KEY);
        if !key.exists() {
            return Ok((Authority::new(name)?, true));
        }
        Ok((Authority::again(name, &fs::read_to_string(key)?)?, false))
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the authority's certificate, and last its key if that is wanted again: who has the key has both.
    pub fn write_authority(&self, authority: &Authority) -> io::Result<()> {
        write(&self.path("ca.pem"), authority.pem().as_bytes())?;
        if self.is_kept { write(&self.path(CA_KEY), authority.key_pem().as_bytes()) } else { Ok(()) }
    }

    /// Has every merchant its certificate here, and the first one those with WeChat's names?
    pub fn has_merchants(&self, accounts: &[Account]) -> bool {
        let text = |name: &str| fs::read(self.path(&format!("{name}_cert.pem"))).ok();
        let first = accounts.first().map(|account| text(&account.mch_id));
        accounts.iter().all(|account| text(&account.mch_id).is_some()) && first == Some(text("apiclient"))
    }

    /// Writes the client certificates of all merchants; the first one's bear WeChat's names.
    pub fn write_merchants(&self, authority: &Authority, accounts: &[Account]) -> io::Result<()> {
        for (n, account) in accounts.iter().enumerate() {
            let identity = authority.client(&account.mch_id, false)?;
            self.write_identity(&account.mch_id, &identity)?;
            if n == 0 {
                self.write_identity("apiclient", &identity)?;
                write_p12(&self.path("apiclient_cert.p12"), &identity, &account.mch_id)?;
                let expired = authority.client(&account.mch_id, true)?;
                self.write_identity("expired", &expired)?;
            }
        }
        Ok(())
    }

    fn write_identity(&self, name: &str, identity: &Identity) -> io::Result<()> {
        let certificate = identity.certificate_pem.as_bytes();
        write(&self.path(&format!("{name}_cert.pem")), certificate)?;
        let key = identity.key_pem.as_bytes();
        write(&self.path(&format!("{name}_key.pem")), key)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}

fn write_p12(path: &Path, identity: &Identity, password: &str) -> io::Result<()> {
    let certificate = Certificate::from_der(&identity.certificate).map_err(io::Error::other)?;
    let key = PrivateKey::from_der(&identity.key).map_err(io::Error::other)?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(vec![1_u8], key, [certificate]);
    store.add_entry("Tenpay Certificate", KeyStoreEntry::PrivateKeyChain(chain));
    // As WeChat's own file: the old encryption, which a client must be able to read.
    let writer = store
        .writer(password)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
        .mac_algorithm(MacAlgorithm::HmacSha1);
    let bytes = writer.write().map_err(io::Error::other)?;
    write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt;
        let files = Files::create().unwrap();
        let authority = Authority::new("test").unwrap();
        files.write_authority(&authority).unwrap();
        files.write_merchants(&authority, &[Account::default()]).unwrap();
        let folder = files.folder.clone();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("apiclient_key.pem"))), (0o700, 0o600));
        let p12 = fs::read(folder.join("apiclient_cert.p12")).unwrap();
        let store = KeyStore::from_pkcs12(&p12, "10000100", p12_keystore::Pkcs12ImportPolicy::Relaxed);
        assert!(store.unwrap().private_key_chain().is_some());
        assert!(!folder.join(CA_KEY).exists(), "nobody needs it again");
        drop(files);
        assert!(!folder.exists());
    }

    #[test]
    fn a_folder_that_stays_has_one_authority() {
        let folder = std::env::temp_dir().join(format!("wechatpay-kept-{}", std::process::id()));
        let files = Files::keep(&folder).unwrap();
        let (authority, is_new) = files.authority("test").unwrap();
        assert!(is_new);
        files.write_authority(&authority).unwrap();
        drop(files);
        let (again, is_new) = Files::keep(&folder).unwrap().authority("test").unwrap();
        assert!(!is_new);
        assert_eq!(again.key_pem(), authority.key_pem());
        fs::remove_dir_all(folder).unwrap();
    }
}
