//! The consents and tokens that GHL gave out. Kept for as long as the process lives.

use std::collections::{BTreeMap, BTreeSet};

/// What was given out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(in crate::sandbox) issued: u64,
    /// By code: whose, and the challenge that came with it.
    pub(in crate::sandbox) codes: BTreeMap<String, (Holder, Option<String>)>,
    /// The refresh tokens that are still good.
    pub(in crate::sandbox) refresh: BTreeMap<String, Holder>,
    /// By access token: whose, and until when.
    pub(in crate::sandbox) access: BTreeMap<String, (Holder, i64)>,
    pub(in crate::sandbox) used: BTreeSet<String>,
    /// What was last asked for, and consented to.
    pub(in crate::sandbox) scope: Option<String>,
}

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Location,
    Company,
}

impl Tokens {
    /// No access token is good any more; refresh tokens still are.
    pub(in crate::sandbox) fn revoke(&mut self) {
        self.access.clear();
    }

    /// No token is good any more: as where another copy of the program renewed it.
    pub(in crate::sandbox) fn use_up(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }
}
