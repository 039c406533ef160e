//! What things are called to a person.

use crate::reconcile::{Cause, Guard, GuardName, HeldReason, Mode, Plan};
use crate::record::{Action, Kind, Side};
use crate::run::OperationOutcome;

use super::screen::{Paint, on_one_line};

/// `1,802`.
pub(crate) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The mark and the word for an outcome, and the colour that repeats it.
pub(super) const fn outcome(outcome: OperationOutcome) -> (&'static str, &'static str, Paint) {
    match outcome {
        OperationOutcome::Applied => ("✓", "applied", Paint::Green),
        OperationOutcome::Refused => ("✗", "refused", Paint::Red),
        OperationOutcome::Failed => ("✗", "failed", Paint::Red),
        OperationOutcome::Unknown => ("?", "unknown", Paint::Yellow),
        OperationOutcome::SkippedStale => ("~", "skipped", Paint::Yellow),
        OperationOutcome::NotStarted => ("·", "not started", Paint::Dim),
    }
}

/// What an outcome other than applied means for the record.
pub(super) const fn consequence(outcome: OperationOutcome) -> &'static str {
    match outcome {
        OperationOutcome::Applied => "Done.",
        OperationOutcome::Refused => {
            "The CRM said no; nothing was changed. It is tried again in later runs, and then quarantined."
        }
        OperationOutcome::Failed => "Nothing was changed. The next run tries again.",
        OperationOutcome::Unknown => {
            "It may or may not have been done. The next run reads it back first; what cannot be read back needs your decision."
        }
        OperationOutcome::SkippedStale => "It changed while the run was on. The next run plans it again.",
        OperationOutcome::NotStarted => "Nothing was sent. The next run plans it again.",
    }
}

/// The same of an undo: no later sync takes it up.
pub(super) const fn consequence_in_an_undo(outcome: OperationOutcome) -> &'static str {
    match outcome {
        OperationOutcome::Applied => "Done.",
        OperationOutcome::Refused => "The CRM said no; nothing was changed. Look, and change it by hand.",
        OperationOutcome::Failed | OperationOutcome::NotStarted => {
            "Nothing was changed. Undo the run again for the rest."
        }
        OperationOutcome::Unknown => "It may or may not have been done. Undo the run again: it looks first.",
        OperationOutcome::SkippedStale => "It changed while the undo was on, so it stays as it is.",
    }
}

/// Why fields have two values.
pub(super) const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::BothChanged => "both sides changed it",
        Cause::NeverHad => "differs since before the first run, or since one side did not take it",
        Cause::Doubted => "differs, and it cannot be told whether a person changed it",
    }
}

/// A reason's name, and what it means and asks for.
#[expect(clippy::too_many_lines, reason = "two texts for each reason")]
pub(crate) const fn held(reason: HeldReason) -> (&'static str, &'static str) {
    match reason {
        HeldReason::AmbiguousMatch => (
            "Several matches",
            "More than one record could be its counterpart. Nobody is linked or created. Merge the duplicates in their CRM, or correct one.",
        ),
        HeldReason::DuplicateOf => (
            "Duplicates",
            "Its match is linked to another record already. Nothing to do, unless you want to merge them in the CRM.",
        ),
        HeldReason::SuspectedMerge => (
            "Probably merged",
            "It is gone, but its e-mail or phone is on another contact. Nothing is deleted. Merge the same two on the other side.",
        ),
        HeldReason::MergedOtherwise => (
            "Merged, and differs",
            "The contact that it was merged into in GHL says something else than Cliengo. Nothing is written over. Said once: change it where it is wrong.",
        ),
        HeldReason::EmailPhoneMismatch => (
            "Same phone, other e-mail",
            "They share a phone, but their e-mails differ: one person or two? Correct one of them.",
        ),
        HeldReason::NameMismatch => (
            "Same phone, other name",
            "They share a phone and no word of their names: one person, or a shared line? The commands link them, or keep them separate.",
        ),
        HeldReason::LinkedBefore => (
            "Linked by earlier rules",
            "They stay linked and go on being synchronised; new ones like them would wait. Said once: where they are two people, the command parts them.",
        ),
        HeldReason::NoMatchKey => (
            "Neither e-mail nor phone",
            "It cannot be told from a duplicate, so it stays on its side until it has one of them. Nothing to do.",
        ),
        HeldReason::TooYoung => {
            ("Just created", "A chatbot may still be filling it in. The next run takes it. Nothing to do.")
        }
        HeldReason::Unparsable => {
            ("Not understood", "The CRM sent something that is no such record. Open it in the CRM and save it again.")
        }
        HeldReason::ManualConflict => (
            "Waiting for your choice",
            "The two sides differ, and conflict = \"manual\". Choose by the id, or make both equal in either CRM.",
        ),
        HeldReason::UnknownOutcome => (
            "Outcome unknown",
            "A request got no answer and may have been done. A create is read back before anything is sent again. Who is in a workflow or campaign cannot be read back: look in GHL, then run the command shown.",
        ),
        HeldReason::NoSuchEffect => (
            "What a trigger names is not there",
            "The contact is as it should be; this alone is missing. Correct the name in the configuration, or make it in GHL: the next run does it.",
        ),
        HeldReason::Quarantined => (
            "Quarantined",
            "It kept failing. Mend what the detail says: it is tried again by itself once it changes, or when you say so.",
        ),
        HeldReason::Retrying => {
            ("Failed, and tried again later", "Nothing waits for it. It is quarantined when it keeps failing.")
        }
        HeldReason::Apart => (
            "Kept separate",
            "A person removed its link. It is neither linked nor created on the other side until it is linked by hand. Nothing to do.",
        ),
        HeldReason::DirtyChild => (
            "Deleted there, changed here",
            "Its contact was deleted, but a task or note of it changed. Delete the contact yourself, or restore it.",
        ),
        HeldReason::Unlisted => {
            ("Not listed", "What it depends on could not be read in this run. The next run tries again.")
        }
        HeldReason::Inconclusive => (
            "Neither there nor gone",
            "Its CRM was asked for it by id and gave no clear answer. Nothing is written or deleted for it. The next run asks again.",
        ),
        HeldReason::RemovedElsewhere => {
            ("Removed on one side", "It stays on the other, as the configuration says. Reported once. Nothing to do.")
        }
        HeldReason::Picklist => (
            "Not among the options",
            "The field takes only its options. Add this one in the CRM, or map it under `values`.",
        ),
        HeldReason::AmbiguousValue => (
            "Can mean two things",
            "The value is not sent, so that it is not changed. Write it in a form that has one meaning.",
        ),
        HeldReason::MarkupLoss => (
            "Would destroy formatting",
            "The text has links, images, tables or attachments there, which plain text would replace. Make the edit there by hand.",
        ),
        HeldReason::CutText => (
            "Only the beginning stands there",
            "The other CRM takes only the beginning of this text. Make the edit where the whole stands.",
        ),
        HeldReason::OutOfScope => (
            "Outside the scope",
            "Nothing is written for it, and it is never deleted. Change the scope of this pair, or the record, to take it in again.",
        ),
        HeldReason::EditedSince => (
            "Changed since",
            "Somebody changed or removed it after the run that is undone, so it stays as it is. Look, and change it by hand.",
        ),
        HeldReason::FirstSync => ("First sync", "It waits until the first sync is approved."),
    }
}

/// What it means that something cannot be expressed, and what it asks for.
pub(super) const UNSUPPORTED: &str =
    "That CRM does not accept this; reported once. Where both should agree, change it there by hand.";

/// The same of an undo.
pub(super) const UNSUPPORTED_IN_AN_UNDO: &str =
    "That CRM cannot take it back. Where it matters, change it there by hand.";

/// Which rule of `docs/RULES.md` holds such a record, where one does.
pub(super) const fn rule(reason: HeldReason) -> Option<u8> {
    match reason {
        HeldReason::AmbiguousMatch | HeldReason::EmailPhoneMismatch => Some(7),
        HeldReason::NameMismatch | HeldReason::LinkedBefore => Some(38),
        HeldReason::MarkupLoss | HeldReason::CutText => Some(48),
        HeldReason::AmbiguousValue => Some(50),
        HeldReason::DuplicateOf => Some(6),
        HeldReason::NoMatchKey => Some(8),
        HeldReason::SuspectedMerge | HeldReason::MergedOtherwise => Some(10),
        HeldReason::OutOfScope => Some(11),
        HeldReason::ManualConflict => Some(16),
        HeldReason::Picklist => Some(18),
        HeldReason::RemovedElsewhere => Some(21),
        HeldReason::DirtyChild => Some(22),
        HeldReason::FirstSync => Some(24),
        HeldReason::Unlisted => Some(28),
        HeldReason::UnknownOutcome => Some(31),
        HeldReason::EditedSince => Some(33),
        HeldReason::Inconclusive => Some(55),
        HeldReason::TooYoung
        | HeldReason::NoSuchEffect
        | HeldReason::Unparsable
        | HeldReason::Quarantined
        | HeldReason::Retrying
        | HeldReason::Apart => None,
    }
}

/// Where something cannot be expressed, and at what: `GHL, on update of contacts`.
pub(super) fn cannot(side: Side, kind: Kind, action: Action) -> String {
    let what = match action {
        Action::Tag => "tags".to_owned(),
        other => format!("{} of {}", other.as_str(), kind.plural()),
    };
    format!("{}, on {what}", side.title())
}

/// What a guard found: `GHL: 12 % of the contacts would be deleted; at most 10 % may`.
pub(super) fn guard(guard: &Guard) -> String {
    let side = guard.side.title();
    let kinds = guard.kind.plural();
    let (value, limit) = (amount(guard.value), amount(guard.limit));
    let share = |done: &str| format!("{side}: {value} % of the {kinds} would be {done}; at most {limit} % may");
    let count = |done: &str| format!("{side}: {value} {kinds} would be {done}; at most {limit} may");
    match guard.guard {
        GuardName::FirstSync => "This is the first sync of the pair".to_owned(),
        GuardName::Emptied => format!("{side} lists no {kinds} at all, though there were some"),
        GuardName::DeletePercent => share("deleted"),
        GuardName::DeleteCount => count("deleted"),
        GuardName::TagPercent => {
            format!("{side}: {value} % of the contacts' tags would be removed; at most {limit} % may")
        }
        GuardName::UpdatePercent => share("changed"),
        GuardName::UpdateCount => count("changed"),
        GuardName::CreatePercent => share("created"),
        GuardName::CreateCount => count("created"),
    }
}

/// The configuration key of a guard; an emptied side has none.
pub(super) const fn guard_key(guard: GuardName) -> Option<&'static str> {
    match guard {
        GuardName::FirstSync => Some("first_sync"),
        GuardName::Emptied => None,
        GuardName::DeletePercent | GuardName::TagPercent => Some("delete_percent"),
        GuardName::DeleteCount => Some("delete_count"),
        GuardName::UpdatePercent => Some("update_percent"),
        GuardName::UpdateCount => Some("update_count"),
        GuardName::CreatePercent => Some("create_percent"),
        GuardName::CreateCount => Some("create_count"),
    }
}

/// The actions that a guard counts.
pub(super) const fn guarded(guard: GuardName) -> &'static [Action] {
    match guard {
        GuardName::DeletePercent | GuardName::DeleteCount => &[Action::Delete],
        GuardName::TagPercent => &[Action::Tag],
        GuardName::UpdatePercent | GuardName::UpdateCount => {
            &[Action::Update, Action::Tag, Action::Complete, Action::Enrol]
        }
        GuardName::CreatePercent | GuardName::CreateCount => &[Action::Create],
        GuardName::FirstSync | GuardName::Emptied => &[],
    }
}

/// The command that applies `plan`.
pub(super) fn apply_command(plan: &Plan) -> String {
    let pair = on_one_line(&plan.pair);
    let only: String = plan.only.iter().map(|name| format!(" --contact {name}")).collect();
    match plan.mode {
        Mode::Incremental => format!("concord sync --pair {pair}{only}"),
        Mode::Full => format!("concord sync --pair {pair} --full"),
        Mode::Rebuild => format!("concord sync --pair {pair} --rebuild"),
        Mode::Undo => format!("concord undo {} --pair {pair}", plan.undoes.unwrap_or_default()),
    }
}

/// The command that applies `plan` although guards stop it.
pub(super) fn approve_command(plan: &Plan, plan_id: &str) -> String {
    let emptied = plan.tripped().filter(|guard| guard.guard == GuardName::Emptied);
    let flags: Vec<String> = emptied.map(|guard| format!(" --allow-empty {}:{}", guard.side, guard.kind)).collect();
    format!("{} --approve {plan_id}{}", apply_command(plan), flags.concat())
}

/// A value or a limit of a guard, with no more decimals than it needs.
pub(super) fn amount(value: f64) -> String {
    let shown = format!("{value:.2}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}
