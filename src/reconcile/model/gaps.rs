//! What a run asked for and did not get to see, in a person's words. (`semantics` 51, 52)

use std::collections::BTreeMap;

use super::findings::HeldReason;
use super::input::Inconclusive;
use super::look_up::{MissedLookUp, Reading};
use super::plan::{ListingCount, Plan};
use crate::record::{Ids, Kind, Side, SideId};

impl Plan {
    /// The listings that did not bring what was asked for, each with its side and kind.
    pub fn gaps(&self) -> impl Iterator<Item = (Side, Kind, &ListingCount)> {
        let all = Side::BOTH.into_iter().flat_map(|side| Kind::ALL.into_iter().map(move |kind| (side, kind)));
        let listed = all.map(|(side, kind)| (side, kind, self.listings.of(side).of(kind)));
        listed.filter(|(_, _, listing)| listing.reading != Reading::Whole)
    }

    /// Which CRM could not be read, with what it answered and what that leaves; `None`: both could.
    #[must_use]
    pub fn unreadable(&self) -> Option<String> {
        let mut failed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (_, kind, listing) in self.gaps().filter(|(_, _, listing)| listing.reading == Reading::Failed) {
            let left = if listing.count > 0 { "were read in part" } else { "stay as they are" };
            let why = listing.why.as_deref().unwrap_or_default();
            failed.entry(why).or_default().push(format!("its {kind}s {left}"));
        }
        for missed in self.look_ups.iter().filter(|missed| missed.reading == Reading::Failed) {
            failed.entry(&missed.why).or_default().extend(missed.waits.iter().map(ToString::to_string));
        }
        let said = failed.into_iter().map(|(why, left)| format!("{why}; {}", left.join(", ")));
        Some(said.collect::<Vec<_>>().join(". ")).filter(|said| !said.is_empty())
    }

    /// What was asked for and not seen, a line for each cause.
    #[must_use]
    pub fn unseen_in_words(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.gaps().map(|(side, kind, listing)| gap(side, kind, listing)).collect();
        lines.extend(self.look_ups.iter().map(MissedLookUp::in_words));
        let inconclusive = self.held.iter().filter(|held| held.reason == HeldReason::Inconclusive).count();
        if inconclusive > 0 {
            let records = if inconclusive == 1 { "record" } else { "records" };
            lines.push(format!("{inconclusive} {records} asked for by id without a clear answer"));
        }
        lines
    }
}

fn gap(side: Side, kind: Kind, listing: &ListingCount) -> String {
    let why = listing.why.as_deref().unwrap_or_default();
    format!("{} {kind}s not read to the end: {why}", side.title())
}

impl Inconclusive {
    /// A record of which its CRM, asked for it by id, said neither that it is there nor that it is gone.
    #[must_use]
    pub fn of(kind: Kind, id: &SideId, ids: Ids, label: String, why: &str) -> Self {
        let side = id.side().title();
        let why = format!("{side} was asked for {id} and did not say clearly whether it is there: {why}");
        Self { kind, ids, label, why }
    }
}
