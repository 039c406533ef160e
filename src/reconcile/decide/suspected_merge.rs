//! Whether somebody who seems to be gone was merged into another contact, and who goes along with whom. (`semantics` 10)

use crate::reconcile::model::{BaseUpdate, HeldReason, Input, Linked, Lost, SeemedMerged, Subject, Verdict};
use crate::record::{Side, SideId};

/// `semantics` 10: the live contact of `side` that now holds the missing one's e-mail or phone.
pub(super) fn merged_into(input: &Input<'_>, linked: &Linked, gone: Side) -> Option<SideId> {
    let base = linked.sides.of(gone).base.as_ref()?;
    let keys: Vec<_> = base.all_keys().collect();
    let held = keys.iter().flat_map(|key| input.holders.of(gone).get(key).into_iter().flatten());
    let linked_holder = held.filter(|holder| holder.link != linked.link).find_map(|holder| holder.ids.tagged(gone));
    let unlinked_holder = || {
        input.unlinked.of(gone).iter().find(|contact| {
            let theirs = contact.record.match_keys();
            keys.iter().any(|key| theirs.contains(key) || contact.record.also.contains(key))
        })
    };
    linked_holder.or_else(|| unlinked_holder().map(|contact| contact.id.clone()))
}

/// A contact that seems to be merged into `into` waits, and that is remembered.
pub fn waits(subject: &Subject, link: i64, into: &SideId, detail: String) -> Verdict {
    let mut verdict = Verdict::held(subject, HeldReason::SuspectedMerge, detail);
    let what = SeemedMerged { link, into: into.clone() }.stored();
    verdict.base_updates.push(BaseUpdate::Remember { what, link: Some(link) });
    verdict
}

/// Another contact of GHL's under which something of a contact that is gone there is listed: what it was recognised by may have
/// been left behind where one merge followed another. (`semantics` 10)
pub(super) fn children_stand_elsewhere<'a>(input: &'a Input<'_>, linked: &Linked, gone: Side) -> Option<&'a SideId> {
    let lost = input.lost.get(&linked.link).filter(|_| gone == Side::Ghl)?;
    let own = linked.ids.tagged(gone);
    lost.children.iter().find_map(|(_, stands)| stands.as_ref().filter(|stands| Some(*stands) != own.as_ref()))
}

/// Somebody else who would go along with a GHL contact: one that was merged into it, or a further contact of Cliengo's that
/// cannot take the place of the one that is gone. (`semantics` 5, 10)
pub(super) fn stands_for_others(input: &Input<'_>, linked: &Linked, gone: Side) -> Option<String> {
    let contact = linked.ids.tagged(Side::Ghl).filter(|_| gone == Side::Cliengo)?;
    let stands_there = |lost: &Lost| {
        lost.children.iter().any(|(_, stands)| stands.as_ref() == Some(&contact))
            || lost.led_to.as_ref() == Some(&contact)
            || lost.survivors.iter().any(|survivor| survivor.id == contact)
    };
    let merged = input.lost.iter().find(|(link, lost)| **link != linked.link && stands_there(lost));
    if let Some((link, _)) = merged {
        return input.contacts.iter().find(|other| other.link == *link).map(Linked::label);
    }
    let further = input.successors.get(&linked.link)?.first()?;
    Some(Subject::of(further).label)
}
