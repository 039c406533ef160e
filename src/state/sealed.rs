//! A small secret of the state's: one encrypted file, replaced as a whole, with a lock of its own.

use std::fmt;
use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{pbkdf2, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{LockError, PairLock};

/// What the file says it is; it is sealed in with the content.
const FORMAT: &str = "concord.sealed/1";
/// How often the key is hashed: a short one must not be found by trying.
const ROUNDS: NonZeroU32 = match NonZeroU32::new(200_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};
const SALT: usize = 16;
const KEY: usize = 32;

/// Why a sealed file cannot be used.
#[derive(Clone, Debug, Error)]
pub enum SealedError {
    /// The file system refused.
    #[error("{} cannot be used: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// It holds something else.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with another key, or changed since.
    #[error("{} cannot be opened with the key that the configuration gives", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
}

/// An encrypted file.
pub struct SealedFile {
    folder: PathBuf,
    name: String,
    secret: SecretString,
    /// The key of the file's salt: making it takes a moment.
    derived: Mutex<Option<([u8; SALT], [u8; KEY])>>,
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealedFile").field(&self.path()).finish()
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    salt: String,
    nonce: String,
    sealed: String,
}

impl SealedFile {
    /// The file `NAME` in the state's folder, sealed with `secret`. Nothing is read yet.
    #[must_use]
    pub fn new(folder: &Path, name: &str, secret: SecretString) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned(), secret, derived: Mutex::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// What it holds; `None`: there is none.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or was sealed with another key.
    pub fn read(&self) -> Result<Option<Vec<u8>>, SealedError> {
        let text = match std::fs::read(self.path()) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(self.failed(&why)),
        };
        let damaged = || SealedError::Damaged { path: self.path() };
        let envelope: Envelope = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if envelope.format != FORMAT {
            return Err(damaged());
        }
        let salt = STANDARD.decode(envelope.salt).ok().and_then(|salt| salt.try_into().ok()).ok_or_else(damaged)?;
        let nonce: [u8; NONCE_LEN] =
            STANDARD.decode(envelope.nonce).ok().and_then(|nonce| nonce.try_into().ok()).ok_or_else(damaged)?;
        let mut sealed = STANDARD.decode(envelope.sealed).map_err(|_| damaged())?;
        let wrong_key = |_| SealedError::Key { path: self.path() };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key(salt)).map_err(wrong_key)?;
        let opened = key.open_in_place(Nonce::from(&nonce), Aad::from(FORMAT), &mut sealed).map_err(wrong_key)?;
        Ok(Some(opened.to_vec()))
    }

    /// Replaces what it holds, as a whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, content: &[u8]) -> Result<(), SealedError> {
        let unsealed = |_| SealedError::Key { path: self.path() };
        let known = self.derived.lock().unwrap_or_else(PoisonError::into_inner).map(|(salt, _)| salt);
        let mut salt = known.unwrap_or_default();
        if known.is_none() {
            // Not from the run's seed: what guards a secret must be no one's to foretell.
            rand::fill(&mut salt).map_err(unsealed)?;
        }
        let mut sealed = content.to_vec();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key(salt)).map_err(unsealed)?;
        let nonce = key.seal_in_place_append_tag(Aad::from(FORMAT), &mut sealed).map_err(unsealed)?;
        let envelope = Envelope {
            format: FORMAT.to_owned(),
            salt: STANDARD.encode(salt),
            nonce: STANDARD.encode(nonce.as_ref()),
            sealed: STANDARD.encode(sealed),
        };
        let text = serde_json::to_vec(&envelope).map_err(|_| SealedError::Damaged { path: self.path() })?;
        self.replace(&text).map_err(|why| self.failed(&why))
    }

    fn replace(&self, text: &[u8]) -> std::io::Result<()> {
        super::private_folder_of(&self.path()).map_err(std::io::Error::other)?;
        // Made with mode 0600, under a name that nobody reads.
        let mut beside = tempfile::NamedTempFile::new_in(&self.folder)?;
        beside.write_all(text)?;
        beside.as_file().sync_all()?;
        beside.persist(self.path()).map_err(|error| error.error)?;
        // The new name must outlast a power cut too: what it replaced is worth nothing any more.
        std::fs::File::open(&self.folder)?.sync_all()
    }

    /// The lock of who replaces it; `None`: another one has it.
    ///
    /// # Errors
    /// The lock cannot be made.
    pub fn lock(&self, now: Timestamp) -> Result<Option<PairLock>, SealedError> {
        match PairLock::take(&self.folder, &self.name, now) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Held { .. }) => Ok(None),
            Err(LockError::File { path, why }) => Err(SealedError::File { path, why }),
        }
    }

    fn key(&self, salt: [u8; SALT]) -> [u8; KEY] {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = derived.filter(|(of, _)| *of == salt) {
            return key;
        }
        let mut key = [0; KEY];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, self.secret.expose_secret().as_bytes(), &mut key);
        *derived = Some((salt, key));
        key
    }

    fn failed(&self, why: &std::io::Error) -> SealedError {
        SealedError::File { path: self.path(), why: why.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, key: &str) -> SealedFile {
        SealedFile::new(folder, "acme.token", SecretString::from(key))
    }

    #[test]
    fn what_was_sealed_is_read_with_the_same_key_alone_and_stands_nowhere_in_plain_text() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = file(folder.path(), "correct horse");
        assert!(sealed.read().unwrap().is_none());
        sealed.write(b"refresh-token-one").unwrap();
        sealed.write(b"refresh-token-two").unwrap();
        assert_eq!(file(folder.path(), "correct horse").read().unwrap().unwrap(), b"refresh-token-two");
        assert!(matches!(file(folder.path(), "another").read(), Err(SealedError::Key { .. })));
        let bytes = std::fs::read(sealed.path()).unwrap();
        assert!(!bytes.windows(7).any(|piece| piece == b"refresh"));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["acme.token"], "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let sealed = file(folder.path(), "key");
        sealed.write(b"content").unwrap();
        assert_eq!(std::fs::metadata(sealed.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_byte_that_was_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = file(folder.path(), "key");
        sealed.write(b"content").unwrap();
        let mut envelope: Envelope = serde_json::from_slice(&std::fs::read(sealed.path()).unwrap()).unwrap();
        let mut bytes = STANDARD.decode(&envelope.sealed).unwrap();
        bytes[0] ^= 1;
        envelope.sealed = STANDARD.encode(bytes);
        std::fs::write(sealed.path(), serde_json::to_vec(&envelope).unwrap()).unwrap();
        assert!(matches!(sealed.read(), Err(SealedError::Key { .. })));
        std::fs::write(sealed.path(), "{").unwrap();
        assert!(matches!(sealed.read(), Err(SealedError::Damaged { .. })));
    }

    #[test]
    fn one_alone_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = file(folder.path(), "key");
        let lock = sealed.lock(Timestamp::UNIX_EPOCH).unwrap();
        assert!(lock.is_some());
        assert!(file(folder.path(), "key").lock(Timestamp::UNIX_EPOCH).unwrap().is_none());
        drop(lock);
        assert!(file(folder.path(), "key").lock(Timestamp::UNIX_EPOCH).unwrap().is_some());
    }
}
