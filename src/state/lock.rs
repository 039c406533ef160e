//! One writer per pair: a lock that the operating system holds and drops with the process. (I43)

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

/// How often a run tries again while somebody only looks at the lock: a look is a few calls to the system long.
const LOOKS: u32 = 10_000;

/// Why the lock was not had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds the lock {path} ({holder})")]
    Held {
        /// The lock file.
        path: PathBuf,
        /// What that run wrote about itself.
        holder: String,
    },
    /// The file system refused.
    #[error("cannot lock {path}: {why}")]
    File {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// The lock of a pair; dropped with the value, and by the kernel with the process.
#[derive(Debug)]
pub struct PairLock(File);

impl Drop for PairLock {
    fn drop(&mut self) {
        // A child that is just being started has the file open too, until it is a program of its own: closing it here is
        // not enough. Where this fails, the lock goes with the process.
        let _ = self.0.unlock();
    }
}

impl PairLock {
    /// Takes the lock of `pair`, or says who holds it.
    ///
    /// # Errors
    /// When it is held, or the file cannot be made.
    pub fn take(directory: &Path, pair: &str, now: Timestamp) -> Result<Self, LockError> {
        let path = directory.join(format!("{pair}.lock"));
        let failed = |why: std::io::Error| LockError::File { path: path.clone(), why: why.to_string() };
        super::private_folder_of(&path).map_err(|why| LockError::File { path: path.clone(), why: why.to_string() })?;
        super::private_file(&path).map_err(|why| LockError::File { path: path.clone(), why: why.to_string() })?;
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match try_alone(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // What the other run says of itself is a courtesy; the lock itself has spoken already.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.is_empty() { "unknown process".to_owned() } else { holder.trim().to_owned() };
                return Err(LockError::Held { path, holder });
            }
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        write!(file, "process {}, since {}", std::process::id(), now.strftime("%Y-%m-%d %H:%M:%S UTC"))
            .map_err(failed)?;
        Ok(Self(file))
    }

    /// Takes a lock that every configuration of this machine meets, whatever its state folder. `None` where this user has
    /// no folder for such locks: then only those of the state folder count.
    ///
    /// # Errors
    /// When it is held.
    pub fn take_on_this_machine(name: &str, now: Timestamp) -> Result<Option<Self>, LockError> {
        match Self::take(&machine_folder(), name, now) {
            Ok(lock) => Ok(Some(lock)),
            Err(held @ LockError::Held { .. }) => Err(held),
            Err(why @ LockError::File { .. }) => {
                tracing::debug!(%why, "no lock beyond the state's folder");
                Ok(None)
            }
        }
    }

    /// Who holds the lock of `pair`, as that run says of itself; `None`: nobody. Makes and changes no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn holder(directory: &Path, pair: &str) -> Result<Option<String>, LockError> {
        let path = directory.join(format!("{pair}.lock"));
        let failed = |why: std::io::Error| LockError::File { path: path.clone(), why: why.to_string() };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(failed(why)),
        };
        match file.try_lock_shared() {
            // Given back with the file, at once.
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // As above: a courtesy.
                let _ = file.read_to_string(&mut holder);
                Ok(Some(holder.trim().to_owned()))
            }
            Err(TryLockError::Error(why)) => Err(failed(why)),
        }
    }
}

/// Where locks beyond the state's folder are: one folder for each user, who alone may write there.
fn machine_folder() -> PathBuf {
    #[cfg(unix)]
    let user = rustix::process::geteuid().as_raw().to_string();
    #[cfg(not(unix))]
    let user = "locks";
    std::env::temp_dir().join(format!("concord-{user}"))
}

/// Takes the lock where no run holds it. A look at it ([`PairLock::holder`]) shares it for a moment: that is waited for.
fn try_alone(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            taken => return taken,
        }
        // A run holds it alone: then it cannot be shared.
        file.try_lock_shared()?;
        file.unlock().map_err(TryLockError::Error)?;
        std::thread::yield_now();
    }
    Err(TryLockError::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_the_lock_sends_no_run_away() {
        let folder = tempfile::tempdir().unwrap();
        let take = || PairLock::take(folder.path(), "acme", Timestamp::UNIX_EPOCH);
        drop(take().unwrap());
        let look = || PairLock::holder(folder.path(), "acme").unwrap();
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| (0..20_000).for_each(|_| drop(look())));
            while !looks.is_finished() {
                take().unwrap();
            }
        });
    }

    // Watches: I43.
    #[test]
    fn a_second_run_is_told_who_holds_the_lock_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let first = PairLock::take(folder.path(), "acme", Timestamp::UNIX_EPOCH).unwrap();
        let refused = PairLock::take(folder.path(), "acme", Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(refused.to_string().contains(&format!("process {}", std::process::id())));
        let holder = PairLock::holder(folder.path(), "acme").unwrap().unwrap();
        assert!(holder.starts_with(&format!("process {}", std::process::id())));
        assert_eq!(PairLock::holder(folder.path(), "other").unwrap(), None);
        PairLock::take(folder.path(), "other", Timestamp::UNIX_EPOCH).unwrap();
        drop(first);
        assert_eq!(PairLock::holder(folder.path(), "acme").unwrap(), None);
        PairLock::take(folder.path(), "acme", Timestamp::UNIX_EPOCH).unwrap();
    }
}
