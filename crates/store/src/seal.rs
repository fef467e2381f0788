//! Sealing of secret keys with the master key, so that the database alone, or a backup of it, gives no secret away.
//!
//! A sealed secret is: version byte 1, 4 bytes naming the master key, 12 random bytes of nonce, AES-256-GCM ciphertext
//! with its tag. The SecretId is the associated data, so a sealed secret cannot be moved to another key.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Environment variable that gives the master key as 64 hexadecimal digits, in place of the file.
pub const MASTER_KEY_VARIABLE: &str = "ROLLCALL_MASTER_KEY";

const VERSION: u8 = 1;
const NAME: usize = 4;
const NONCE: usize = 12;
const HEAD: usize = 1 + NAME + NONCE;

/// The master key. Cannot be printed; wiped from memory when dropped.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The master key is not the one the secret was sealed with.
    #[error(
        "the secret was sealed with another master key; put the right master.key beside the database \
         (or the right ROLLCALL_MASTER_KEY into the environment)"
    )]
    WrongMasterKey,
    /// The sealed secret is not what was stored.
    #[error("the sealed secret is damaged, or belongs to another key; make a new key")]
    Damaged,
    /// The text of the master key is not 64 hexadecimal digits.
    #[error("{0} does not hold a master key: 64 hexadecimal digits are expected")]
    Malformed(String),
    /// Other users may read the file.
    #[error(
        "{0} can be read by others; set its mode to 0600, and make new keys if somebody may have read it"
    )]
    TooOpen(PathBuf),
    /// The file cannot be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random numbers.
    #[error("no random numbers from the system: {0}")]
    Random(getrandom::Error),
    /// The cipher refused (a secret of many gigabytes).
    #[error("the secret cannot be sealed")]
    Cipher,
}

impl MasterKey {
    /// The key of this installation: `from_environment` (the value of [`MASTER_KEY_VARIABLE`]) when given, else the
    /// file, which is made with a new key when it is missing.
    pub fn load(file: &Path, from_environment: Option<&str>) -> Result<Self, SealError> {
        match from_environment {
            Some(text) => Self::parse(text, MASTER_KEY_VARIABLE),
            None => match Self::read(file) {
                Err(SealError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    Self::create(file)
                }
                other => other,
            },
        }
    }

    /// A new random key, kept nowhere.
    pub fn generate() -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice()).map_err(SealError::Random)?;
        Ok(Self(key))
    }

    fn parse(text: &str, place: &str) -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| SealError::Malformed(place.to_owned()))?;
        Ok(Self(key))
    }

    fn read(file: &Path) -> Result<Self, SealError> {
        let fail = |source| SealError::Io { path: file.to_path_buf(), source };
        let opened = std::fs::File::open(file).map_err(fail)?;
        if open_to_others(&opened.metadata().map_err(fail)?) {
            return Err(SealError::TooOpen(file.to_path_buf()));
        }
        let mut text = Zeroizing::new(String::with_capacity(256));
        // A key file has 65 bytes; anything much longer is not one.
        io::Read::read_to_string(&mut io::Read::take(opened, 256), &mut text).map_err(fail)?;
        Self::parse(&text, &file.display().to_string())
    }

    /// Writes a new key so that it is either there whole and durable or not there: under another name first, then
    /// linked into place, which fails when a key is there already.
    fn create(file: &Path) -> Result<Self, SealError> {
        let fail = |source| SealError::Io { path: file.to_path_buf(), source };
        let key = Self::generate()?;
        let fresh = file.with_extension(format!("new-{}", std::process::id()));
        let text = Zeroizing::new(hex::encode(key.0.as_slice()) + "\n");
        let written = write_durably(&fresh, text.as_bytes()).and_then(|()| std::fs::hard_link(&fresh, file));
        let removed = std::fs::remove_file(&fresh);
        match written {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && file.exists() => return Self::read(file),
            other => other.map_err(fail)?,
        }
        removed.map_err(fail)?;
        sync_parent(file).map_err(fail)?;
        Ok(key)
    }

    /// Seals `secret` for the key `secret_id`.
    pub fn seal(&self, secret_id: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;
        let payload = Payload { msg: secret, aad: secret_id.as_bytes() };
        let ciphertext =
            self.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Cipher)?;
        let mut sealed = Vec::with_capacity(HEAD + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend(self.name());
        sealed.extend(nonce);
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    /// The secret in `sealed`, which was made by [`seal`](Self::seal) for the key `secret_id`.
    pub fn open(&self, secret_id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        let (name, rest) = rest.split_first_chunk::<NAME>().ok_or(SealError::Damaged)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Damaged)?;
        if version != VERSION {
            return Err(SealError::Damaged);
        }
        if *name != self.name() {
            return Err(SealError::WrongMasterKey);
        }
        let payload = Payload { msg: ciphertext, aad: secret_id.as_bytes() };
        let secret = self.cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError::Damaged)?;
        Ok(Zeroizing::new(secret))
    }

    /// Another key for another `purpose`, from which neither this one nor those of other purposes can be told. The
    /// two hashes keep the inner one, and with it any extension of it, from being seen.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let inner = Sha256::new()
            .chain_update(b"key derived from a rollcall master key\0")
            .chain_update(*self.0)
            .chain_update(purpose)
            .finalize();
        Sha256::digest(inner).into()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }

    /// Tells one master key from another and nothing else: the key has 256 random bits.
    fn name(&self) -> [u8; NAME] {
        let digest =
            Sha256::new().chain_update(b"name of a rollcall master key").chain_update(*self.0).finalize();
        let mut name = [0; NAME];
        name.iter_mut().zip(digest).for_each(|(place, byte)| *place = byte);
        name
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file =
        crate::dir::private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a new name in a directory durable.
fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { std::fs::File::open(parent)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn opens_what_it_sealed() {
        let key = MasterKey::parse(HEX, "test").unwrap();
        for secret in [&b""[..], b"s", &[7; 5000]] {
            let sealed = key.seal("AKID1", secret).unwrap();
            assert_eq!(key.open("AKID1", &sealed).unwrap().as_slice(), secret);
        }
        assert_ne!(key.seal("AKID1", b"s").unwrap(), key.seal("AKID1", b"s").unwrap(), "nonces differ");
    }

    #[test]
    fn every_changed_bit_and_length_is_noticed() {
        let key = MasterKey::parse(HEX, "test").unwrap();
        let sealed = key.seal("AKID1", b"secret").unwrap();
        for at in 0..sealed.len() {
            assert!(key.open("AKID1", &sealed[..at]).is_err());
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert!(key.open("AKID1", &changed).is_err());
            }
        }
        assert!(matches!(key.open("AKID2", &sealed), Err(SealError::Damaged)), "bound to its SecretId");
    }

    #[test]
    fn another_master_key_is_named_as_the_cause() {
        let sealed = MasterKey::parse(HEX, "test").unwrap().seal("a", b"secret").unwrap();
        let other = MasterKey::generate().unwrap();
        assert!(matches!(other.open("a", &sealed), Err(SealError::WrongMasterKey)));
    }

    #[test]
    fn the_file_is_made_once_and_private() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("master.key");
        let sealed = MasterKey::load(&file, None).unwrap().seal("a", b"secret").unwrap();
        assert_eq!(MasterKey::load(&file, None).unwrap().open("a", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(MasterKey::create(&file).unwrap().open("a", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(MasterKey::load(&file, None), Err(SealError::TooOpen(_))));
        }
    }

    #[test]
    fn the_environment_goes_first_and_nonsense_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("master.key");
        MasterKey::load(&file, Some(HEX)).unwrap();
        assert!(!file.exists());
        assert!(matches!(MasterKey::load(&file, Some("abc")), Err(SealError::Malformed(_))));
        std::fs::write(&file, "nonsense").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(matches!(MasterKey::load(&file, None), Err(SealError::Malformed(_))));
        assert_eq!(format!("{:?}", MasterKey::generate().unwrap()), "MasterKey(..)");
    }
}
