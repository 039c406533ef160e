//! Where listings go, and what is left of one that was cut off.

use super::{RawRecord, SinkError};
use crate::record::Kind;

/// Where a CRM's pages go: the pair's staging tables.
pub trait Sink<I>: Sync {
    /// Takes the records of one page, or one contact's children. The same id may come again; the last one put stands.
    ///
    /// # Errors
    /// When they could not be stored; the listing is then void.
    fn put(&self, kind: Kind, records: Vec<RawRecord<I>>) -> Result<(), SinkError>;

    /// One contact's tasks or notes as a pull that was cut off listed them just now: they are not asked for again.
    fn recall(&self, kind: Kind, parent: &I) -> Option<Vec<RawRecord<I>>> {
        let _ = (kind, parent);
        None
    }

    /// Hears all that a contact's list of tasks or notes holds, before it is put.
    fn listed(&self, kind: Kind, parent: &I, records: &[RawRecord<I>]) {
        let _ = (kind, parent, records);
    }

    /// Hears that one more contact's children were asked for, whatever came of it. For who watches; decides nothing.
    fn asked(&self, kind: Kind) {
        let _ = kind;
    }
}
