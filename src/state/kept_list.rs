//! What a pull has listed so far, contact by contact: where a run is cut off while it lists, the next one goes on there.
//!
//! One file beside the state. Each entry: the first 16 bytes of a blake3 hash of its body, the body's length (four bytes,
//! little-endian), and the body: texts with a zero byte between them, which neither an id nor a JSON text holds. A torn
//! end is cut off.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::history::instant;
use crate::record::{Kind, Side};

/// What is older is listed again.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

const HASH: usize = 16;

/// Before each body: its hash and its length.
const HEAD: u64 = 20;

/// No contact's list is longer.
const LARGEST: u32 = 1 << 30;

/// The lists of a run that is still listing, and those of the one before where that was cut off. Nothing depends on them:
/// what cannot be read or written is listed again.
#[derive(Debug)]
pub struct KeptLists {
    path: PathBuf,
    file: Mutex<Option<File>>,
    /// Where the entry of a list begins.
    known: BTreeMap<(Side, Kind, String), u64>,
}

/// A record of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Its id.
    pub id: String,
    /// What change detection compares.
    pub fingerprint: [u8; 16],
    /// As it came over the wire.
    pub payload: String,
}

impl KeptLists {
    /// Goes on with what the run before `run` listed within the last hour, where that one was cut off and `like` is the
    /// same: all that decides what is listed.
    #[must_use]
    pub fn open(path: &Path, run: i64, like: &str, now: Timestamp) -> Self {
        let mut known = BTreeMap::new();
        let file = super::private_file(path).map_err(io::Error::other).and_then(|()| {
            let mut file = OpenOptions::new().read(true).write(true).open(path)?;
            let end = scan(&mut file, &[&(run - 1).to_string(), like], now, &mut known);
            file.set_len(end)?;
            append(&mut file, &["run", &run.to_string(), like])?;
            Ok(file)
        });
        let file = file.inspect_err(|_| known.clear()).ok();
        Self { path: path.to_owned(), file: Mutex::new(file), known }
    }

    /// How many lists are known.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// One contact's tasks or notes as they were listed.
    #[must_use]
    pub fn recall(&self, side: Side, kind: Kind, contact: &str) -> Option<Vec<KeptRow>> {
        let at = *self.known.get(&(side, kind, contact.to_owned()))?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (body, _) = next(file.as_mut()?, at)?;
        let rows = body.get(5..)?.chunks(3).map(|row| match row {
            [id, fingerprint, payload] => {
                let fingerprint = u128::from_str_radix(fingerprint, 16).ok()?.to_be_bytes();
                Some(KeptRow { id: id.clone(), fingerprint, payload: payload.clone() })
            }
            _ => None,
        });
        rows.collect()
    }

    /// Keeps all that a contact's list holds.
    pub fn keep<'a>(
        &self,
        (side, kind, contact): (Side, Kind, &'a str),
        rows: impl Iterator<Item = (&'a str, [u8; 16], &'a str)>,
        now: Timestamp,
    ) {
        if self.known.contains_key(&(side, kind, contact.to_owned())) {
            return;
        }
        let now = now.as_millisecond().to_string();
        let rows: Vec<_> =
            rows.map(|(id, print, payload)| (id, format!("{:x}", u128::from_be_bytes(print)), payload)).collect();
        let mut body = vec!["list", side.as_str(), kind.as_str(), contact, &now];
        body.extend(rows.iter().flat_map(|(id, fingerprint, payload)| [*id, fingerprint, payload]));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.as_mut().is_some_and(|file| append(file, &body).is_err()) {
            *file = None;
        }
    }

    /// Everything was listed: the file goes.
    pub fn remove(self) {
        drop(self.file);
        // The next run takes nothing of it: another run was begun since.
        let _ = std::fs::remove_file(self.path);
    }
}

/// Finds the lists of the last hour, where the last run that kept any is `wanted`; says where the whole entries end, or
/// zero where nothing is to be kept.
fn scan(file: &mut File, wanted: &[&str], now: Timestamp, known: &mut BTreeMap<(Side, Kind, String), u64>) -> u64 {
    let (mut end, mut is_wanted) = (0, false);
    while let Some((body, after)) = next(file, end) {
        match body.first().map(String::as_str) {
            Some("run") => is_wanted = body.get(1..).is_some_and(|of| of == wanted),
            _ => known.extend(fresh(&body, now).map(|list| (list, end))),
        }
        end = after;
    }
    if is_wanted {
        return end;
    }
    known.clear();
    0
}

/// Whose list an entry is, where it is young enough.
fn fresh(body: &[String], now: Timestamp) -> Option<(Side, Kind, String)> {
    let [_, side, kind, contact, at, ..] = body else { return None };
    let is_fresh = (SignedDuration::ZERO..LONGEST).contains(&now.duration_since(instant(at.parse().ok()?)));
    let side = Side::BOTH.into_iter().find(|known| known.as_str() == side)?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    is_fresh.then(|| (side, kind, contact.clone()))
}

/// The entry at `at`, and where it ends; `None` where there is no whole one.
fn next(file: &mut File, at: u64) -> Option<(Vec<String>, u64)> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let (mut hash, mut length) = ([0; HASH], [0; 4]);
    file.read_exact(&mut hash).ok()?;
    file.read_exact(&mut length).ok()?;
    let length = u32::from_le_bytes(length);
    let mut body = Vec::new();
    file.take(u64::from(length.min(LARGEST))).read_to_end(&mut body).ok()?;
    let is_whole = body.len() == length as usize && blake3::hash(&body).as_bytes().starts_with(&hash);
    let body = String::from_utf8(body).ok().filter(|_| is_whole)?;
    Some((body.split('\0').map(str::to_owned).collect(), at + HEAD + u64::from(length)))
}

fn append(file: &mut File, body: &[&str]) -> io::Result<()> {
    let body = body.join("\0").into_bytes();
    let length = u32::try_from(body.len()).ok().filter(|length| *length < LARGEST);
    let length = length.ok_or_else(|| io::Error::other("it is too long"))?;
    let mut entry = blake3::hash(&body).as_bytes().get(..HASH).unwrap_or_default().to_vec();
    entry.extend(length.to_le_bytes());
    entry.extend(body);
    file.seek(SeekFrom::End(0))?;
    file.write_all(&entry)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by them")]
    use super::*;

    const NOTE: (Side, Kind, &str) = (Side::Cliengo, Kind::Note, "a");

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn keep(lists: &KeptLists, contact: &'static str, minute: i64) {
        lists.keep((NOTE.0, NOTE.1, contact), [("n", [7; 16], "{\"text\":\n1}")].into_iter(), at(minute));
    }

    #[test]
    fn the_next_run_goes_on_where_the_last_was_cut_off_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists");
        let open = |run, like, minute| KeptLists::open(&path, run, like, at(minute));
        keep(&open(4, "same", 0), "a", 0);
        let fifth = open(5, "same", 30);
        let row = KeptRow { id: "n".to_owned(), fingerprint: [7; 16], payload: "{\"text\":\n1}".to_owned() };
        assert_eq!(fifth.recall(NOTE.0, NOTE.1, NOTE.2), Some(vec![row]));
        keep(&fifth, "b", 30);
        drop(fifth);
        // What is an hour old is listed again.
        let sixth = open(6, "same", 60);
        assert_eq!((sixth.count(), sixth.recall(NOTE.0, NOTE.1, "b").is_some()), (1, true));
        // Another run was begun since, another configuration, a clock that was set back.
        for (run, like, minute) in [(8, "same", 61), (9, "other", 61), (10, "other", 10)] {
            let lists = open(run, like, minute);
            assert_eq!(lists.count(), 0, "{run}");
            keep(&lists, "c", 61);
        }
        open(11, "other", 62).remove();
        assert!(!path.exists());
    }

    #[test]
    fn whatever_of_it_is_torn_or_damaged_is_listed_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists");
        let lists = KeptLists::open(&path, 1, "same", at(0));
        keep(&lists, "a", 0);
        keep(&lists, "b", 0);
        drop(lists);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let count = KeptLists::open(&path, 2, "same", at(1)).count();
            assert!(count == 2 || length < whole.len() && count < 2, "{length}: {count}");
        }
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x40;
            std::fs::write(&path, &damaged).unwrap();
            let lists = KeptLists::open(&path, 2, "same", at(1));
            let rows = lists.recall(NOTE.0, NOTE.1, NOTE.2).into_iter().flatten();
            assert!(lists.count() < 2 && rows.into_iter().all(|row| row.payload.contains("text")), "{place}");
        }
    }
}
