//! The folder of the files a client needs; gone when the simulator ends, unless it is to be kept. Other users, such as
//! php-fpm's, may read the authority's certificate and the ini file by their names, and nothing else.

use super::authority::{Authority, SimulatedIdentity};
use super::options::Account;
use super::platform::{SimulatedKey, V3_MATERIAL, V3Certificates};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The authority's key, in folders that stay.
const CA_KEY: &str = "ca_key.pem";
/// The settings for php.ini.
pub const INI: &str = "wechatpay.ini";
/// The merchant's key of APIv3.
pub const V3_KEY: &str = "v3_apiclient_key.pem";
/// Its certificate.
pub const V3_CERTIFICATE: &str = "v3_apiclient_cert.pem";
/// WeChat Pay's public key.
pub const V3_PUBLIC_KEY: &str = "pub_key.pem";
/// Others may open what is in the folder by its name; they cannot list it.
const FOLDER: u32 = 0o711;
/// A file for everybody, and one for its owner.
const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;

/// Where the files are.
#[derive(Debug)]
pub struct FolderFiles {
    folder: PathBuf,
    is_kept: bool,
}

impl Drop for FolderFiles {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl FolderFiles {
    /// A new folder that nobody else can list.
    pub fn create() -> io::Result<Self> {
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let salt = u64::from_le_bytes(salt);
        let name = format!("wechatpay-simulator-{}-{salt:016x}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        make(&folder)?;
        Ok(Self { folder, is_kept: false })
    }

    /// A folder that stays; made if it is not there, else as its owner has made it.
    pub fn keep(folder: &Path) -> io::Result<Self> {
        if !folder.is_dir() {
            make(folder)?;
        }
        Ok(Self { folder: folder.canonicalize()?, is_kept: true })
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
        write(&self.path("ca.pem"), PUBLIC, authority.pem().as_bytes())?;
        if self.is_kept { write(&self.path(CA_KEY), PRIVATE, authority.key_pem().as_bytes()) } else { Ok(()) }
    }

    /// Writes php.ini's settings for a simulator with these addresses, for PHP_INI_SCAN_DIR.
    pub fn write_ini(&self, url: &str, backup_url: &str) -> io::Result<()> {
        let ca_file = self.path("ca.pem");
        fs::set_permissions(&ca_file, Permissions::from_mode(PUBLIC))?;
        let ca_file = quoted(&ca_file)?;
        let text = format!(
            "; Written by wechatpay-simulator: PHP_INI_SCAN_DIR=:{folder} php script.php\n\
             wechatpay.url = \"{url}\"\nwechatpay.backup_url = \"{backup_url}\"\nwechatpay.ca_file = {ca_file}\n",
            folder = self.folder.display(),
        );
        write(&self.path(INI), PUBLIC, text.as_bytes())
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

    /// Writes what a merchant of APIv3 needs, by the names that WeChat Pay and its tools give the files.
    pub fn write_v3(&self, certificates: &V3Certificates) -> io::Result<()> {
        write(&self.path(V3_KEY), PRIVATE, V3_MATERIAL.private_key.as_bytes())?;
        write(&self.path(V3_CERTIFICATE), PRIVATE, certificates.merchant.as_bytes())?;
        write(&self.path(V3_PUBLIC_KEY), PRIVATE, V3_MATERIAL.public_key.as_bytes())?;
        for certificate in &certificates.platform {
            write(&self.path(&v3_platform(certificate.key)), PRIVATE, certificate.pem.as_bytes())?;
        }
        Ok(())
    }

    fn write_identity(&self, name: &str, identity: &SimulatedIdentity) -> io::Result<()> {
        let certificate = identity.certificate_pem.as_bytes();
        write(&self.path(&format!("{name}_cert.pem")), PRIVATE, certificate)?;
        let key = identity.key_pem.as_bytes();
        write(&self.path(&format!("{name}_key.pem")), PRIVATE, key)
    }
}

/// A certificate of WeChat Pay, by its serial number.
pub fn v3_platform(key: SimulatedKey) -> String {
    format!("wechatpay_{}.pem", key.id())
}

/// Makes a folder, and those above it as they are usually made; its mode is ours whatever the umask.
fn make(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(FOLDER))
}

/// Writes a file, which is never more open than it shall be, whatever the umask and whatever was there before.
fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(PRIVATE);
    let mut file = options.open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)
}

/// A path as a value of an ini file, in single quotes, where nothing is special but these.
fn quoted(path: &Path) -> io::Result<String> {
    let path = path.to_str().filter(|path| !path.contains(['\'', '\n']));
    let path =
        path.ok_or_else(|| io::Error::other("the folder's path cannot be written into an ini file"))?;
    Ok(format!("'{path}'"))
}

fn write_p12(path: &Path, identity: &SimulatedIdentity, password: &str) -> io::Result<()> {
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
    write(path, PRIVATE, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_folder_is_private_but_for_what_a_client_trusts_and_goes_away() {
        let files = FolderFiles::create().unwrap();
        let authority = Authority::new("test").unwrap();
        files.write_authority(&authority).unwrap();
        files.write_merchants(&authority, &[Account::default()]).unwrap();
        files.write_v3(super::super::platform::certificates().unwrap()).unwrap();
        files.write_ini("https://127.0.0.1:1", "https://127.0.0.1:2").unwrap();
        let folder = files.folder.clone();
        assert_eq!(mode(&folder), 0o711, "others open by name and cannot list");
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let is_public = matches!(file.file_name().unwrap().to_str(), Some("ca.pem" | "wechatpay.ini"));
            assert_eq!(mode(&file), if is_public { 0o644 } else { 0o600 }, "{}", file.display());
        }
        let ini = fs::read_to_string(folder.join(INI)).unwrap();
        assert!(ini.contains(&format!("\nwechatpay.ca_file = '{}/ca.pem'\n", folder.display())), "{ini}");
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
        let files = FolderFiles::keep(&folder).unwrap();
        let (authority, is_new) = files.authority("test").unwrap();
        assert!(is_new);
        files.write_authority(&authority).unwrap();
        fs::set_permissions(folder.join("ca.pem"), Permissions::from_mode(0o600)).unwrap();
        files.write_ini("https://127.0.0.1:1", "https://127.0.0.1:2").unwrap();
        assert_eq!(
            (mode(&folder), mode(&folder.join("ca.pem"))),
            (0o711, 0o644),
            "a folder of an older version"
        );
        assert_eq!(mode(&folder.join(CA_KEY)), 0o600);
        drop(files);
        let (again, is_new) = FolderFiles::keep(&folder).unwrap().authority("test").unwrap();
        assert!(!is_new);
        assert_eq!(again.key_pem(), authority.key_pem());
        assert!(quoted(Path::new("/tmp/it's")).is_err(), "no ini file can say it");
        fs::remove_dir_all(folder).unwrap();
    }
}
