//! Whose accounts a state belongs to. (I52, `semantics` 63)

use super::{State, StateError};
use crate::record::Side;

/// Who an account is: what it answers when it is asked, and what its records say they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id that the account itself tells.
    pub asked: String,
    /// The id that its records tell, where they do: it may be another one, always the same.
    pub of_records: Option<String>,
}

/// What the account answered.
fn asked_key(side: Side) -> String {
    format!("account.{side}.asked")
}

/// What its records said.
fn records_key(side: Side) -> String {
    format!("account.{side}.records")
}

/// What was bound before both were: either of them.
fn former_key(side: Side) -> String {
    format!("account.{side}")
}

impl State {
    /// The account of `side` that this state is bound to, as the account itself tells it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn bound_account(&self, side: Side) -> Result<Option<String>, StateError> {
        self.meta(&asked_key(side))
    }

    /// Refuses an account that tells another id than the one that is bound: before any of its records is looked at. A
    /// state that was bound by records alone is judged once they are known ([`State::check_account`]).
    ///
    /// # Errors
    /// When it is another account.
    pub fn check_asked(&self, side: Side, asked: &str) -> Result<(), StateError> {
        match self.bound_account(side)? {
            Some(bound) => self.same(side, &bound, asked),
            None => Ok(()),
        }
    }

    /// Refuses an account that is not the one that this state is bound to.
    ///
    /// # Errors
    /// When it is another account.
    pub fn check_account(&self, side: Side, found: &Identity) -> Result<(), StateError> {
        self.check_asked(side, &found.asked)?;
        if let (Some(bound), Some(told)) = (self.meta(&records_key(side))?, &found.of_records) {
            self.same(side, &bound, told)?;
        }
        match self.meta(&former_key(side))?.filter(|_| !matches!(self.bound_account(side), Ok(Some(_)))) {
            Some(bound) if found.of_records.as_ref() != Some(&bound) => self.same(side, &bound, &found.asked),
            _ => Ok(()),
        }
    }

    /// Binds the state to an account, or checks that it is bound to this one. (I52)
    ///
    /// # Errors
    /// When it belongs to another account.
    pub fn bind(&self, side: Side, found: &Identity) -> Result<(), StateError> {
        self.check_account(side, found)?;
        self.set_meta(&asked_key(side), &found.asked)?;
        match &found.of_records {
            Some(told) => self.set_meta(&records_key(side), told),
            None => Ok(()),
        }
    }

    fn same(&self, side: Side, bound: &str, found: &str) -> Result<(), StateError> {
        if bound == found {
            return Ok(());
        }
        Err(StateError::OtherAccount {
            path: self.path.clone(),
            side,
            bound: bound.to_owned(),
            found: found.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(asked: &str, of_records: Option<&str>) -> Identity {
        Identity { asked: asked.to_owned(), of_records: of_records.map(str::to_owned) }
    }

    fn bound(before: &[(&str, &str)]) -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        for (key, value) in before {
            state.set_meta(key, value).unwrap();
        }
        (folder, state)
    }

    fn takes(state: &State, found: &Identity) -> bool {
        match state.check_account(Side::Cliengo, found) {
            Ok(()) => true,
            Err(StateError::OtherAccount { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    // Watches: I52, incident 7, incident 9, incident 13.
    #[test]
    fn a_state_is_bound_to_its_accounts() {
        let (_folder, state) = bound(&[]);
        state.bind(Side::Cliengo, &identity("one", Some("rows"))).unwrap();
        assert!(takes(&state, &identity("one", Some("rows"))));
        assert!(takes(&state, &identity("one", None)), "an account without records says nothing else");
        assert!(!takes(&state, &identity("two", Some("rows"))));
        assert!(!takes(&state, &identity("two", None)));
        assert!(!takes(&state, &identity("one", Some("others"))));
        assert!(state.check_asked(Side::Cliengo, "two").is_err());
        assert!(state.check_asked(Side::Ghl, "two").is_ok(), "GHL was not bound");
    }

    #[test]
    fn records_that_tell_their_account_later_are_bound_then() {
        let (_folder, state) = bound(&[]);
        state.bind(Side::Cliengo, &identity("one", None)).unwrap();
        state.bind(Side::Cliengo, &identity("one", Some("rows"))).unwrap();
        assert!(!takes(&state, &identity("one", Some("others"))));
    }

    #[test]
    fn a_state_that_was_bound_by_one_of_both_is_bound_to_both() {
        let former = [("account.cliengo", "rows")];
        let (_folder, state) = bound(&former);
        assert!(takes(&state, &identity("rows", None)), "the account itself tells it");
        assert!(takes(&state, &identity("one", Some("rows"))), "its records do");
        assert!(!takes(&state, &identity("one", None)), "neither does");
        assert!(!takes(&state, &identity("one", Some("others"))));
        state.bind(Side::Cliengo, &identity("one", Some("rows"))).unwrap();
        assert!(takes(&state, &identity("one", None)));
        assert!(!takes(&state, &identity("two", Some("rows"))));
    }
}
