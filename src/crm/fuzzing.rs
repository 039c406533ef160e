//! What the fuzzers feed: bodies as they come over the wire, without the wire. No part of the interface.

use super::answer::{existing, is_json, message, shown};
use super::gone::absences;
use super::{RawRecord, Sink, SinkError, cliengo, ghl};
use crate::record::{GhlId, Kind};

/// Reads a body as each of Cliengo's listings, accounts and answers.
pub fn cliengo(body: &str) {
    cliengo::read_anything(body);
}

/// Reads a body as each of GHL's listings, locations, custom fields and wrapped records.
pub fn ghl(body: &str) {
    ghl::read_anything(body, &Forgetful);
}

/// Reads a body as a refusal; what a person would be shown of it.
#[must_use]
pub fn refusal(body: &str) -> String {
    let _ = (is_json(body), message(body), existing(body));
    _ = absences(body, &["contact"], "64b0000000000000000000ff");
    shown(body)
}

/// A sink that keeps nothing.
struct Forgetful;

impl Sink<GhlId> for Forgetful {
    fn put(&self, _: Kind, _: Vec<RawRecord<GhlId>>) -> Result<(), SinkError> {
        Ok(())
    }
}
