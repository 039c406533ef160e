//! Columns that hold a side, a kind or two ids, read back. What is none of them is an error that names its row.

use super::StateError;
use crate::record::{CliengoId, GhlId, Ids, Kind, RemoteId, Side};

/// The side in a column of `row`, as `intent 12`.
pub(super) fn side_of(text: &str, row: impl FnOnce() -> String) -> Result<Side, StateError> {
    let known = Side::BOTH.into_iter().find(|side| side.as_str() == text);
    known.ok_or_else(|| StateError::Row(format!("{}: side {text:?}", row())))
}

/// The kind in a column.
pub(super) fn kind_of(text: &str) -> Result<Kind, StateError> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| StateError::Row(format!("kind {text:?}")))
}

/// Both sides' ids, as two columns hold them.
pub(super) fn ids_of(cliengo: Option<String>, ghl: Option<String>) -> Ids {
    Ids { cliengo: cliengo.map(CliengoId::new), ghl: ghl.map(GhlId::new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_that_is_none_is_an_error_that_names_its_row() {
        assert!(matches!(side_of("ghl", || "intent 12".to_owned()), Ok(Side::Ghl)));
        let error = side_of("hubspot", || "intent 12".to_owned()).unwrap_err().to_string();
        assert!(error.contains("intent 12") && error.contains("hubspot"), "{error}");
    }
}
