//! Who came to a CRM since it was listed, by what they can be recognised by.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::gather::recognisable;
use crate::crm::{RawRecord, Reader, Shape};
use crate::record::{Forms, Kind, MatchKey, RemoteId, SideId};

/// A contact of the newest ones.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// Its id.
    pub id: SideId,
    /// When it came to be, where that can be told.
    pub created: Option<Timestamp>,
    /// What it can be recognised by, also where it cannot be understood.
    pub keys: BTreeSet<MatchKey>,
}

/// Reads the newest contacts.
pub(super) fn arrivals<R: Reader + ?Sized>(crm: &R, forms: &Forms, rows: &[RawRecord<R::Id>]) -> Vec<Arrival> {
    let arrival = |row: &RawRecord<R::Id>| {
        let record = crm.parse(Kind::Contact, &row.payload, Shape::Listed, forms);
        let (created, keys) = match record {
            Ok(record) => (record.created, record.all_keys().collect()),
            Err(_) => (None, recognisable(&row.payload, forms).into_iter().collect()),
        };
        Arrival { id: row.id.clone().tagged(), created, keys }
    };
    rows.iter().map(arrival).collect()
}
