//! Texts that are kept for long and seldom read (payloads, bases, the history), packed: each alone, against texts that are
//! alike, so that its keys take no room. What packing does not make smaller is kept as it is, and read as it is.

use std::sync::{LazyLock, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

/// What keys and constant values are looked up in. A text that was packed against it can be read only with it: it never
/// changes. Another one is another file, with another first byte.
const WORDS: &[u8] = include_bytes!("packed/dictionary.txt");

/// The first byte of what was packed against [`WORDS`].
const AGAINST_THE_FIRST: u8 = 1;

/// No text of ours is longer: what would be is damage, and no room is made for it.
const LONGEST: u64 = 1 << 30;

/// How hard repetitions are looked for: texts are short, and a night packs few.
const LEVEL: i32 = 6;

/// Prepared once: preparing takes longer than a text.
static PACKER: LazyLock<Mutex<Option<Compressor<'static>>>> =
    LazyLock::new(|| Mutex::new(Compressor::with_dictionary(LEVEL, WORDS).ok()));

static UNPACKER: LazyLock<Mutex<Option<Decompressor<'static>>>> =
    LazyLock::new(|| Mutex::new(Decompressor::with_dictionary(WORDS).ok()));

/// A text about to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pack<'a>(pub &'a str);

/// A text that was kept, as it was.
#[derive(Clone, Debug)]
pub(super) struct Unpacked(pub String);

impl ToSql for Pack<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match packed(self.0) {
            Some(packed) if packed.len() < self.0.len() => Ok(ToSqlOutput::Owned(Value::Blob(packed))),
            _ => self.0.to_sql(),
        }
    }
}

impl FromSql for Unpacked {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let ValueRef::Blob(bytes) = value else { return String::column_result(value).map(Self) };
        unpacked(bytes).map(Self).ok_or_else(|| FromSqlError::Other("a packed text cannot be read".into()))
    }
}

fn packed(text: &str) -> Option<Vec<u8>> {
    let mut packer = PACKER.lock().unwrap_or_else(PoisonError::into_inner);
    let frame = packer.as_mut()?.compress(text.as_bytes()).ok()?;
    Some([&[AGAINST_THE_FIRST], frame.as_slice()].concat())
}

fn unpacked(bytes: &[u8]) -> Option<String> {
    let frame = bytes.strip_prefix(&[AGAINST_THE_FIRST])?;
    let length = get_frame_content_size(frame).ok()?.filter(|length| *length <= LONGEST)?;
    let mut unpacker = UNPACKER.lock().unwrap_or_else(PoisonError::into_inner);
    let text = unpacker.as_mut()?.decompress(frame, usize::try_from(length).ok()?).ok()?;
    String::from_utf8(text).ok()
}

/// Lets a connection's SQL read (`unpacked`) and write (`packed`) such texts, and read a base's canonical form alone
/// (`canonical`).
///
/// # Errors
/// When SQLite refuses.
pub fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(c"unpacked", 1, flags, |call| {
        Ok(call.get::<Option<Unpacked>>(0)?.map(|text| text.0))
    })?;
    connection.create_scalar_function(c"canonical", 1, flags, |call| {
        let body: Option<Unpacked> = call.get(0)?;
        Ok(body.map(|body| body.0.lines().next().unwrap_or_default().to_owned()))
    })?;
    connection.create_scalar_function(c"packed", 1, flags, |call| {
        let text: Option<Unpacked> = call.get(0)?;
        text.map(|text| Pack(&text.0).to_sql().map(owned)).transpose()
    })
}

pub(super) fn owned(value: ToSqlOutput<'_>) -> Value {
    match value {
        ToSqlOutput::Owned(value) => value,
        ToSqlOutput::Borrowed(ValueRef::Text(text)) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Error;

    use super::*;

    fn taught() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        teach(&connection).unwrap();
        connection
    }

    fn kept(text: &str) -> (Value, String) {
        let connection = taught();
        let kept: Value = connection.query_row("SELECT ?1", [Pack(text)], |row| row.get(0)).unwrap();
        let read: Unpacked = connection.query_row("SELECT ?1", [&kept], |row| row.get(0)).unwrap();
        (kept, read.0)
    }

    #[test]
    fn a_payload_takes_less_than_two_thirds_of_its_room_and_comes_back_as_it_was() {
        let payload = r#"{"ID":"6f4060cf4bae1493736f920e","creationDate":"2026-03-22T21:51:24.000Z","creatorId":"63d41bf495cd3075f1014a36","lastUpdate":"2026-03-22T21:51:24.000Z","message":"Ñandú 🦤 1"}"#;
        let (kept, read) = kept(payload);
        let Value::Blob(bytes) = kept else { panic!("{kept:?}") };
        assert!(bytes.len() * 3 < payload.len() * 2, "{} of {}", bytes.len(), payload.len());
        assert_eq!(read, payload);
    }

    #[test]
    fn a_text_that_packing_does_not_make_smaller_stays_as_it_is() {
        for text in ["", "[]", "{}", "q7XkWz"] {
            assert_eq!(kept(text), (Value::Text(text.to_owned()), text.to_owned()));
        }
    }

    #[test]
    fn what_was_kept_before_packing_is_read_too_and_sql_reads_and_writes_both() {
        let connection = taught();
        let same = "SELECT unpacked('{}') = '{}' AND unpacked(packed(?1)) = ?1 AND unpacked(packed(packed(?1))) = ?1
            AND typeof(packed(?1)) = 'blob' AND packed(NULL) IS NULL AND unpacked(NULL) IS NULL";
        let text = r#"{"fields":{"body":{"type":"body","value":""}},"created":"2026-01-01T00:00:00Z"}"#;
        assert!(connection.query_row(same, [text], |row| row.get::<_, bool>(0)).unwrap());
    }

    #[test]
    fn damage_is_an_error() {
        let connection = taught();
        let whole = packed("{\"body\":\"Ñandú\"}").unwrap();
        let (half, other) = (whole.get(..9).unwrap(), [&[2], whole.get(1..).unwrap()].concat());
        let damaged = [&[][..], &other, &[1, 0x20, b'a'], &[1], half];
        for bytes in damaged {
            let read = connection.query_row("SELECT ?1", [bytes], |row| row.get::<_, Unpacked>(0));
            assert!(matches!(read, Err(Error::FromSqlConversionFailure(..))), "{bytes:?}: {read:?}");
        }
    }

    /// The dictionary is part of every state file: a change of one byte loses what was packed against it.
    #[test]
    fn the_dictionary_is_the_one_that_states_were_packed_against() {
        assert_eq!(
            blake3::hash(WORDS).to_hex().as_str(),
            "350c2ceed7f274e9e9303dce409b0e4df84c0b1eacd7bdafd0d0e7048bf9222a"
        );
    }

    #[test]
    fn a_frame_that_promises_more_than_any_text_is_not_believed() {
        let (kept, _) = kept(&"nombre y apellido ".repeat(40));
        let Value::Blob(mut bytes) = kept else { panic!("{kept:?}") };
        // The length, of two bytes, stands behind our byte, the frame's four and its descriptor.
        assert_eq!(unpacked(&bytes).unwrap().len(), 720);
        bytes[6] = 0xff;
        bytes[7] = 0xff;
        assert_eq!(unpacked(&bytes), None);
    }

    proptest! {
        #[test]
        fn whatever_bytes_are_there_reading_them_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpacked(&[&[AGAINST_THE_FIRST], bytes.as_slice()].concat());
        }

        #[test]
        fn every_text_comes_back_as_it_was(text in "(\\{\"fields\":\\{)?\\PC{0,400}", times in 1..4usize) {
            let text = text.repeat(times);
            prop_assert_eq!(kept(&text).1, text);
        }
    }
}
