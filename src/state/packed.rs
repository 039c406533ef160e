//! Texts that are kept for long and seldom read (payloads, shadows, the history), packed: each alone, against texts that are
//! alike, so that its keys take no room. What packing does not make smaller is kept as it is, and read as it is.

mod block;

use std::sync::LazyLock;

use block::Dictionary;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

/// What keys and constant values are looked up in. A text that was packed against it can be read only with it: it never
/// changes. Another one is another file, with another first byte.
const WORDS: &[u8] = include_bytes!("packed/dictionary.txt");

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| Dictionary::of(WORDS));

/// The first byte of what was packed against [`WORDS`].
const AGAINST_THE_FIRST: u8 = 1;

/// No text of ours is longer: what would be is damage, and no room is made for it.
const LONGEST: usize = 1 << 30;

/// A text about to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pack<'a>(pub &'a str);

/// A text that was kept, as it was.
#[derive(Clone, Debug)]
pub(super) struct Unpacked(pub String);

impl ToSql for Pack<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let mut packed = vec![AGAINST_THE_FIRST];
        packed.append(&mut DICTIONARY.pack(self.0.as_bytes()));
        if packed.len() < self.0.len() { Ok(ToSqlOutput::Owned(Value::Blob(packed))) } else { self.0.to_sql() }
    }
}

impl FromSql for Unpacked {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let ValueRef::Blob(bytes) = value else { return String::column_result(value).map(Self) };
        unpacked(bytes).map(Self).ok_or_else(|| FromSqlError::Other("a packed text cannot be read".into()))
    }
}

fn unpacked(bytes: &[u8]) -> Option<String> {
    String::from_utf8(DICTIONARY.unpack(bytes.strip_prefix(&[AGAINST_THE_FIRST])?, LONGEST)?).ok()
}

/// Lets a connection's SQL read (`unpacked`) and write (`packed`) such texts.
///
/// # Errors
/// When SQLite refuses.
pub fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(c"unpacked", 1, flags, |call| {
        Ok(call.get::<Option<Unpacked>>(0)?.map(|text| text.0))
    })?;
    connection.create_scalar_function(c"packed", 1, flags, |call| {
        let text: Option<Unpacked> = call.get(0)?;
        text.map(|text| Pack(&text.0).to_sql().map(owned)).transpose()
    })
}

fn owned(value: ToSqlOutput<'_>) -> Value {
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
    fn a_payload_takes_a_third_of_its_room_and_comes_back_as_it_was() {
        let payload = r#"{"ID":"6f4060cf4bae1493736f920e","creationDate":"2026-03-22T21:51:24.000Z","creatorId":"63d41bf495cd3075f1014a36","lastUpdate":"2026-03-22T21:51:24.000Z","message":"Ñandú 🦤 1"}"#;
        let (kept, read) = kept(payload);
        let Value::Blob(bytes) = kept else { panic!("{kept:?}") };
        assert!(bytes.len() * 5 < payload.len() * 3, "{} of {}", bytes.len(), payload.len());
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
        // Nothing; another dictionary; a length without its bytes; a repetition of nothing; one from before the beginning; no
        // UTF-8.
        let damaged =
            [&[][..], &[2, 0x10, b'a'], &[1, 0x20, b'a'], &[1, 0, 0, 0], &[1, 0, 0xff, 0xff], &[1, 0x10, 0xff]];
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
    fn a_few_bytes_that_stand_for_many_are_not_followed_beyond_the_longest() {
        let repeated = [&[0x1f, b'a', 1, 0][..], &[255; 100], &[0]].concat();
        assert_eq!(DICTIONARY.unpack(&repeated, 30_000).unwrap().len(), 1 + 15 + 25_500 + 4);
        assert_eq!(DICTIONARY.unpack(&repeated, 25_000), None);
    }

    proptest! {
        #[test]
        fn whatever_bytes_are_there_reading_them_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DICTIONARY.unpack(&bytes, 10_000);
        }

        #[test]
        fn every_text_comes_back_as_it_was(text in "(\\{\"fields\":\\{)?\\PC{0,400}", times in 1..4usize) {
            let text = text.repeat(times);
            prop_assert_eq!(kept(&text).1, text);
        }
    }
}
