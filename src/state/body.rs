//! A base's body: its canonical form and, below it, the payload that it was last agreed with. They say the same twice, so
//! packed together they take little more room than one of them.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::StateError;
use super::packed::{Pack, Unpacked};
use crate::record::Record;

/// What stands between the two: no canonical form holds a line break.
const BREAK: char = '\n';

/// A base's body as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The canonical form.
    canonical: String,
    /// As its CRM listed it; `None` before it was listed for the first time.
    pub payload: Option<String>,
}

impl Body {
    /// The canonical form as a record.
    ///
    /// # Errors
    /// When it is none.
    pub fn record(&self) -> Result<Record, StateError> {
        Ok(serde_json::from_str(&self.canonical)?)
    }
}

impl FromSql for Body {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let mut canonical = Unpacked::column_result(value)?.0;
        let payload = canonical.find(BREAK).map(|end| {
            let payload = canonical.split_off(end + BREAK.len_utf8());
            canonical.truncate(end);
            payload
        });
        Ok(Self { canonical, payload })
    }
}

/// A body about to be kept.
#[derive(Clone, Debug)]
pub(super) struct Joined(String);

impl Joined {
    /// Of a record, and the payload where there is one.
    ///
    /// # Errors
    /// Never in practice.
    pub fn of(record: &Record, payload: Option<&str>) -> Result<Self, StateError> {
        let mut joined = serde_json::to_string(record)?;
        if let Some(payload) = payload {
            joined.push(BREAK);
            joined.push_str(payload);
        }
        Ok(Self(joined))
    }
}

impl ToSql for Joined {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match Pack(&self.0).to_sql()? {
            ToSqlOutput::Borrowed(_) => ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_bytes())),
            owned => ToSqlOutput::Owned(super::packed::owned(owned)),
        })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::record::{Field, Value};

    #[test]
    fn both_come_back_as_they_were_whatever_breaks_the_payload_has() {
        let database = Connection::open_in_memory().unwrap();
        let record = Record::default().with(Field::Body, Value::markup("one\ntwo"));
        for payload in [None, Some(""), Some("{\n  \"message\": \"one\\ntwo\"\n}\n")] {
            let joined = Joined::of(&record, payload).unwrap();
            let body: Body = database.query_row("SELECT ?1", [joined], |row| row.get(0)).unwrap();
            assert_eq!((body.record().unwrap(), body.payload.as_deref()), (record.clone(), payload));
        }
    }
}
