//! What waits from one run to the next: operations that keep failing, and conflicts that a person decides. (I44)

use super::draft::{Draft, Subject};
use super::fit::{self, Fit};
use super::plan::{HeldReason, Operation, Settlement};
use crate::config::{Direction, Pair};
use crate::record::{Both, Capabilities, Field, Ids, Kind, Mapped, Record, Side, Take, Value};

/// So often an operation is tried before it is set aside. With the pauses of [`pause`], every night, that is a week: long
/// enough for a CRM's bad days, short enough that a person still knows what it was about.
pub const ATTEMPTS: u32 = 4;

/// How many runs later an operation is tried again that failed so often: 1, 2, 4.
#[must_use]
pub const fn pause(attempts: u32) -> u64 {
    match 1_u64.checked_shl(attempts.saturating_sub(1)) {
        Some(runs) => runs,
        None => u64::MAX,
    }
}

/// What becomes of an operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is tried again now.
    Due,
    /// It is tried again so many runs later.
    Rests(u64),
    /// It failed too often, and waits for a person or a change.
    Aside,
    /// A person gave it up: nothing is said of it until it changes.
    Dropped,
}

impl Standing {
    /// Where an operation stands that failed `attempts` times and is due from generation `due` on.
    #[must_use]
    pub const fn at(attempts: u32, dropped: bool, due: u64, generation: u64) -> Self {
        if dropped {
            Self::Dropped
        } else if attempts >= ATTEMPTS {
            Self::Aside
        } else if generation < due {
            Self::Rests(due - generation)
        } else {
            Self::Due
        }
    }
}

/// An operation of earlier runs that failed for a reason of its own record.
#[derive(Clone, Debug)]
pub struct Setback {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// The record's ids, as planned.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// The operation's fingerprint: another one is no repetition.
    pub fingerprint: String,
    /// How often it failed.
    pub attempts: u32,
    /// What the CRM said last.
    pub words: String,
    /// What becomes of it.
    pub standing: Standing,
    /// Whether this run knows its record, so that an operation that is not planned is not needed any more.
    pub known: bool,
}

impl Setback {
    /// What a person is told of it in a report; `None` where it is tried again, or was given up.
    #[must_use]
    pub fn held(&self) -> Option<(HeldReason, String)> {
        let times = if self.attempts == 1 { "once".to_owned() } else { format!("{} times", self.attempts) };
        match self.standing {
            Standing::Due | Standing::Dropped => None,
            Standing::Rests(runs) => {
                let when = if runs == 1 {
                    "the next run tries it again".to_owned()
                } else {
                    format!("tried again in {runs} runs")
                };
                Some((HeldReason::Retrying, format!("failed {times}, {when}: {}", self.words)))
            }
            Standing::Aside => {
                let what = format!("failed {times} and was set aside: {}", self.words);
                let command = format!("mend it, or try again with: concord quarantine retry {}", self.id);
                Some((HeldReason::Quarantined, format!("{what}; {command}")))
            }
        }
    }
}

/// A conflict that an earlier run left to a person.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// The record's ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// The field.
    pub field: Field,
    /// The values that the person was shown.
    pub seen: Both<Value>,
    /// The person's choice.
    pub take: Option<Take>,
    /// Whether this run knows its record on both sides.
    pub known: bool,
}

impl Dispute {
    /// The chosen value, as long as both sides still show what the person was shown, or have it already.
    #[must_use]
    pub fn chosen(&self, now: Both<&Value>) -> Option<&Value> {
        let value = match self.take.as_ref()? {
            Take::Side(side) => self.seen.of(*side),
            Take::Value(value) => value,
        };
        let stands = |side: Side| now.of(side).same(self.seen.of(side)) || now.of(side).same(value);
        Side::BOTH.into_iter().all(stands).then_some(value)
    }
}

/// Letters of ids: no digits, which a masked report would take for a phone, and no vowels, which would make words.
const LETTERS: &[u8; 16] = b"bcdfghjklmnpqrst";

/// Ten letters that name `parts`, in every run and on every machine.
fn name_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    let half = |byte: u8| LETTERS.get(usize::from(byte & 15)).copied().map_or('b', char::from);
    hasher.finalize().as_bytes().iter().take(5).flat_map(|byte| [half(byte >> 4), half(*byte)]).collect()
}

/// The id of a conflict: the same as long as the two records are linked.
#[must_use]
pub fn conflict_id(pair: &str, kind: Kind, ids: &Ids, field: &Field) -> String {
    let id = |side: Side| ids.of(side).unwrap_or_default();
    name_of(&["conflict", pair, kind.as_str(), id(Side::Cliengo), id(Side::Ghl), field.as_str()])
}

/// The id of a held record: the same as long as it waits for the same reason.
#[must_use]
pub fn held_id(pair: &str, kind: Kind, ids: &Ids, reason: HeldReason) -> String {
    let id = |side: Side| ids.of(side).unwrap_or_default();
    name_of(&["held", pair, kind.as_str(), id(Side::Cliengo), id(Side::Ghl), &format!("{reason:?}")])
}

impl Operation {
    /// The id under which it waits where it fails: the same as long as the same is to be done to the same record.
    #[must_use]
    pub fn setback_id(&self, pair: &str) -> String {
        let (side, other) = (self.side, self.side.other());
        let record = self.ids.of(side).or_else(|| self.ids.of(other)).unwrap_or_default();
        // Cliengo is told of several tasks of one contact.
        let told = self.settle.projects.as_ref().map(|told| format!("{}:{}", told.facet.as_str(), told.task));
        let told = told.unwrap_or_default();
        name_of(&["setback", pair, side.as_str(), self.kind.as_str(), self.action.as_str(), record, &told])
    }

    /// The operation without its number and requests, which another night may give to another operation: what two nights
    /// are compared by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut document = self.canonical();
        if let Some(fields) = document.as_object_mut() {
            fields.remove("id");
            fields.remove("requests");
        }
        blake3::hash(document.to_string().as_bytes()).to_hex().as_str().chars().take(24).collect()
    }
}

/// Whether an operation waits because it failed before. What changed since is another operation, and does not.
pub fn waits(draft: &mut Draft<'_>, operation: &Operation, subject: &Subject) -> bool {
    let input = draft.input;
    if input.setbacks.is_empty() {
        return false;
    }
    let Some(setback) = input.setbacks.get(&operation.setback_id(&input.pair.name)) else { return false };
    draft.met.insert(setback.id.clone());
    if setback.fingerprint != operation.fingerprint() || setback.standing == Standing::Due {
        return false;
    }
    if let Some((reason, detail)) = setback.held() {
        draft.hold(subject, reason, detail);
    }
    true
}

/// What a person is told of fields that wait for a choice.
#[must_use]
pub fn choose(fields: &[(&Field, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(field, id)| format!("{field} ({id})")).collect();
    format!(
        "two values for {}: choose with concord conflicts resolve ID --take cliengo, ghl or a value",
        fields.join(", ")
    )
}

/// Says what waits although this run saw nothing of it, and lets go of what needs nothing any more.
pub fn say_rest(draft: &mut Draft<'_>) {
    let input = draft.input;
    for setback in input.setbacks.values() {
        match setback.held() {
            _ if draft.met.contains(&setback.id) || is_open(draft, setback.kind, &setback.ids) => {}
            _ if setback.known || !takes_part(draft, setback.kind) => {
                draft.settlements.push(Settlement::Lift { id: setback.id.clone() });
            }
            Some((reason, detail)) => draft.hold(&subject(setback.kind, &setback.ids, &setback.label), reason, detail),
            None => {}
        }
    }
    for dispute in input.disputes.values() {
        if draft.met.contains(&dispute.id) || is_open(draft, dispute.kind, &dispute.ids) {
            continue;
        }
        if dispute.known || !takes_part(draft, dispute.kind) {
            draft.settlements.push(Settlement::Agreed { id: dispute.id.clone() });
        } else if dispute.take.is_none() {
            let detail = choose(&[(&dispute.field, dispute.id.clone())]);
            let subject = subject(dispute.kind, &dispute.ids, &dispute.label);
            draft.hold(&subject, HeldReason::ManualConflict, detail);
        }
    }
}

fn subject(kind: Kind, ids: &Ids, label: &str) -> Subject {
    Subject { kind, ids: ids.clone(), label: label.to_owned(), link: None }
}

/// Whether the kind is carried over at all: what waits of one that is not is not needed any more.
fn takes_part(draft: &Draft<'_>, kind: Kind) -> bool {
    let lists = |side: Side| draft.input.can(side, kind).list;
    draft.input.policy(kind).direction != Direction::Off && Side::BOTH.into_iter().all(lists)
}

/// Whether something else holds the record, or one of its halves is not known.
fn is_open(draft: &Draft<'_>, kind: Kind, ids: &Ids) -> bool {
    let is_it = |other: (Kind, &Ids)| other == (kind, ids);
    let by_itself = |reason| matches!(reason, HeldReason::Retrying | HeldReason::Quarantined);
    let mut linked = draft.input.contacts.iter().chain(&draft.input.children);
    draft.held.iter().any(|held| is_it((held.kind, &held.ids)) && !by_itself(held.reason))
        || linked.any(|linked| {
            let is_unknown = |side: Side| super::children::is_unknown(linked, side);
            is_it((linked.kind, &linked.ids)) && Side::BOTH.into_iter().any(is_unknown)
        })
}

/// What a choice is held against.
#[derive(Debug)]
pub struct Choosing<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// The kind of record.
    pub kind: Kind,
    /// The field.
    pub field: &'a Field,
    /// Both values.
    pub now: &'a Both<Value>,
    /// What each side can do.
    pub capabilities: &'a Both<Capabilities>,
    /// What a mapped field holds.
    pub mapped: Option<&'a Mapped>,
}

impl Choosing<'_> {
    /// Why a side cannot hold what a person chooses; `None`: both can.
    #[must_use]
    pub fn objection(&self, take: &Take) -> Option<String> {
        let value = match take {
            Take::Side(side) => self.now.of(*side),
            Take::Value(value) => value,
        };
        Side::BOTH.into_iter().filter(|side| !self.now.of(*side).same(value)).find_map(|side| {
            let capabilities = self.capabilities.of(side);
            if !capabilities.kinds.of(self.kind).update {
                return Some(format!("{} has no {} update", side.title(), self.kind));
            }
            if side == Side::Ghl
                && let Some(objection) = self.mapped.and_then(|mapped| mapped.objection(value))
            {
                return Some(objection);
            }
            let record = |value: &Value| Record::default().with(self.field.clone(), value.clone());
            let current = record(self.now.of(side));
            let target = fit::Target {
                side,
                capabilities,
                kind: self.kind,
                current: Some(&current),
                default_due: self.pair.tasks.default_due,
                mapped: self.mapped,
            };
            match target.fit(self.field, &record(value)) {
                Fit::Write(_) | Fit::Same => None,
                Fit::Partly(_, why) | Fit::Cannot(why) => Some(why),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::record::{GhlPlace, Holds, SideId};

    #[test]
    fn an_operation_that_fails_is_tried_again_after_1_2_and_4_runs_and_then_set_aside() {
        let mut generation = 10;
        for runs in [1, 2, 4] {
            let attempts = u32::try_from(runs).unwrap().trailing_zeros() + 1;
            let due = generation + pause(attempts);
            assert_eq!(due - generation, runs);
            for waited in 1..runs {
                let left = runs - waited;
                assert_eq!(Standing::at(attempts, false, due, generation + waited), Standing::Rests(left));
            }
            generation = due;
            assert_eq!(Standing::at(attempts, false, due, generation), Standing::Due);
        }
        assert_eq!(Standing::at(ATTEMPTS, false, 0, u64::MAX), Standing::Aside);
        assert_eq!(Standing::at(1, true, 0, 5), Standing::Dropped);
    }

    #[test]
    fn a_person_is_told_how_often_it_failed_and_when_it_is_tried_again() {
        let told = |attempts, standing| {
            let (id, words) = ("bcdf".to_owned(), "GHL said no".to_owned());
            let (ids, label, fingerprint) = (Ids::default(), String::new(), String::new());
            Setback { id, kind: Kind::Note, ids, label, fingerprint, attempts, words, standing, known: true }.held()
        };
        let retrying = |detail: &str| Some((HeldReason::Retrying, detail.to_owned()));
        assert_eq!(told(1, Standing::Rests(1)), retrying("failed once, the next run tries it again: GHL said no"));
        assert_eq!(told(3, Standing::Rests(4)), retrying("failed 3 times, tried again in 4 runs: GHL said no"));
        let aside = "failed 4 times and was set aside: GHL said no; mend it, or try again with: concord quarantine retry \
                     bcdf";
        assert_eq!(told(4, Standing::Aside), Some((HeldReason::Quarantined, aside.to_owned())));
        assert_eq!((told(4, Standing::Due), told(4, Standing::Dropped)), (None, None));
    }

    #[test]
    fn an_id_is_the_same_in_every_version_and_no_word_or_number() {
        let mut ids = Ids::one(SideId::new(Side::Cliengo, "65f0".to_owned()));
        ids.insert(SideId::new(Side::Ghl, "ocQH".to_owned()));
        // What waits in a state is found by these.
        assert_eq!(conflict_id("ventas", Kind::Contact, &ids, &Field::Email), "pbgnrdpccj");
        assert_ne!(conflict_id("ventas", Kind::Contact, &ids, &Field::Phone), "pbgnrdpccj");
    }

    #[test]
    fn a_choice_that_is_none_of_ghls_options_is_refused_before_it_is_made() {
        let pair = Config::parse("[pair.p]\nsandbox = true\n", "s.toml".as_ref()).unwrap().pairs.remove(0);
        let field = Field::Mapped("origen".into());
        let mapped = Mapped {
            field: field.clone(),
            cliengo: "leadFields.origen".to_owned(),
            ghl: GhlPlace::Custom("f".to_owned()),
            holds: Holds::Option(vec!["Web".to_owned(), "Feria".to_owned()]),
            transform: Vec::new(),
            values: Vec::new(),
        };
        let mut able = Both::from_fn(|_| Capabilities::default());
        for side in Side::BOTH {
            able.of_mut(side).kinds.contact.update = true;
        }
        let objection = |take: &Take, able: &Both<Capabilities>| {
            let now = Both { cliengo: Value::line("Radio"), ghl: Value::line("Web") };
            let mapped = Some(&mapped);
            Choosing { pair: &pair, kind: Kind::Contact, field: &field, now: &now, capabilities: able, mapped }
                .objection(take)
        };
        let own = |text: &str| Take::Value(Value::line(text));
        let refused = "\"Radio\" is none of the options of origen in GHL: Web, Feria";
        assert_eq!(objection(&Take::Side(Side::Cliengo), &able).as_deref(), Some(refused));
        assert_eq!(objection(&Take::Side(Side::Ghl), &able), None);
        assert_eq!((objection(&own("Feria"), &able), objection(&own("TV"), &able).is_some()), (None, true));
        let mut unable = able;
        unable.cliengo.kinds.contact.update = false;
        assert_eq!(objection(&Take::Side(Side::Ghl), &unable).as_deref(), Some("Cliengo has no contact update"));
    }

    #[test]
    fn a_choice_stands_as_long_as_both_sides_show_what_was_shown_or_have_it() {
        let line = |text: &str| Value::line(text);
        let dispute = |take| Dispute {
            id: String::new(),
            kind: Kind::Contact,
            ids: Ids::default(),
            label: String::new(),
            field: Field::Name,
            seen: Both { cliengo: line("a"), ghl: line("b") },
            take,
            known: true,
        };
        let stands = |take: Option<Take>, cliengo: &str, ghl: &str| {
            let (cliengo, ghl) = (line(cliengo), line(ghl));
            dispute(take).chosen(Both { cliengo: &cliengo, ghl: &ghl }).map(Value::shown)
        };
        let own = Some(Take::Value(line("c")));
        assert_eq!(stands(Some(Take::Side(Side::Ghl)), "a", "b").as_deref(), Some("b"));
        assert_eq!(stands(own.clone(), "c", "b").as_deref(), Some("c"));
        assert_eq!(stands(own, "d", "b"), None);
        assert_eq!(stands(Some(Take::Side(Side::Ghl)), "a", "d"), None);
        assert_eq!(stands(None, "a", "b"), None);
    }
}
