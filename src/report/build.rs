//! A finished run, or a plan, as a [`Report`].

use std::collections::BTreeMap;

use super::audience::Audience;
use super::groups::{Group, groups};
use super::language::{Label, Messages, Noun, duration};
use super::past::past;
use super::screen::on_one_line;
use super::totals::{Outcomes, ended, is_incomplete, is_of_these};
use super::value::{
    ConflictLine, GuardLine, HeldGroup, HeldLine, NumberRow, Person, RecordId, RecordName, Report, Step,
    UnsupportedGroup, UnsupportedLine, reopens,
};
use super::verdict::verdict;
use super::words;
use crate::reconcile::{Conflict, GuardName, Held, HeldReason, Mode, Operation, Plan, Winner, links_command};
use crate::record::{Action, Ids, Kind, Role, Side};
use crate::run::{Finished, RunRecord};
use crate::state::RunRow;

impl<'a> Report<'a> {
    /// The report of `finished` for `audience`.
    #[must_use]
    pub fn of(finished: &'a Finished, audience: &'a Audience) -> Self {
        let by = Builder { audience, words: audience.words(), finished, plan_id: finished.plan.id() };
        by.report()
    }
}

impl Report<'_> {
    /// The same report with the last runs of the pair, which come newest first.
    #[must_use]
    pub fn with_past(mut self, runs: &[RunRow]) -> Self {
        self.past = past(runs, self.audience);
        self
    }
}

/// Says one thing after the other.
struct Builder<'a> {
    audience: &'a Audience,
    words: &'static dyn Messages,
    finished: &'a Finished,
    plan_id: String,
}

impl<'a> Builder<'a> {
    fn report(self) -> Report<'a> {
        let (busy, linked): (Vec<_>, Vec<_>) =
            groups(&self.finished.plan).into_iter().partition(|group| !group.operations.is_empty());
        Report {
            title: self.title(),
            made: self.made(),
            verdict: verdict(self.finished, self.audience),
            facts: self.facts(),
            rows: self.rows(),
            remarks: self.remarks(),
            requests: self.requests(),
            outcomes: self.outcomes(),
            guards: self.guards(),
            approve: self.approve(),
            held: self.held(),
            conflicts: self.plan().conflicts.iter().map(|conflict| self.conflict(conflict)).collect(),
            unsupported: self.unsupported(),
            people: busy.iter().map(|group| self.person(group)).collect(),
            linked: linked.iter().map(|group| self.person(group)).collect(),
            further: self.further(),
            past: Vec::new(),
            audience: self.audience,
            words: self.words,
            finished: self.finished,
            plan_id: self.plan_id,
        }
    }

    const fn plan(&self) -> &'a Plan {
        &self.finished.plan
    }

    fn run(&self) -> Option<&'a RunRecord> {
        self.finished.run.as_ref()
    }

    /// A sentence that was made in English, on one line.
    fn say(&self, english: &str) -> String {
        self.words.say(&on_one_line(english))
    }

    fn title(&self) -> Vec<String> {
        let (plan, label) = (self.plan(), |label| self.words.label(label).to_owned());
        let mut title = Vec::new();
        match self.run() {
            None => {
                title.extend(plan.undoes.map(|undone| self.words.undo_title(undone)));
                title.push(label(Label::DryRun));
            }
            Some(run) => {
                title.push(self.words.run_title(run.id, plan.undoes));
                title.push(label(if run.failure.is_some() {
                    Label::Failed
                } else if run.refused {
                    Label::Refused
                } else {
                    Label::Done
                }));
            }
        }
        match plan.mode {
            Mode::Full => title.push(label(Label::Full)),
            Mode::Rebuild => title.push(label(Label::Rebuild)),
            Mode::Incremental | Mode::Undo => {}
        }
        title.extend(plan.first_sync.then(|| label(Label::FirstSync)));
        title
    }

    fn made(&self) -> String {
        let at = self.run().map_or(self.finished.generated_at, |run| run.started);
        self.words.moment(&self.audience.local(at))
    }

    fn facts(&self) -> Vec<(String, String)> {
        let label = |label| self.words.label(label).to_owned();
        let mut facts: Vec<(String, String)> = Side::BOTH
            .iter()
            .map(|side| {
                let account = self.audience.account(*side).map_or_else(|| label(Label::Sandbox), on_one_line);
                (format!("{} {}", label(Label::Account), side.title()), account)
            })
            .collect();
        facts.push((label(Label::Made), self.made()));
        facts.push((label(Label::Plan), self.plan_id.clone()));
        facts.extend(self.run().map(|run| (label(Label::Took), duration(run.finished.duration_since(run.started)))));
        facts
    }

    fn rows(&self) -> Vec<NumberRow> {
        let summary = self.plan().summary();
        let places = Side::BOTH.iter().flat_map(|side| Kind::ALL.iter().map(move |kind| (*side, *kind)));
        places
            .map(|(side, kind)| {
                let tally = summary.of(side).of(kind);
                let listing = self.plan().listings.of(side).of(kind);
                NumberRow {
                    side,
                    kind,
                    listed: (listing.complete || is_incomplete(listing)).then_some(listing.count),
                    incomplete: self.incomplete(side, kind),
                    create: tally.create,
                    update: tally.update,
                    delete: tally.delete,
                }
            })
            .collect()
    }

    fn incomplete(&self, side: Side, kind: Kind) -> Option<String> {
        let listing = self.plan().listings.of(side).of(kind);
        let listed = format!("{}: {}", side.title(), self.words.count(listing.count, Noun::Kind(kind)));
        let parents = listing.parents.filter(|(read, all)| read < all);
        let parents = parents.map(|(read, all)| (self.words.number(read), self.words.number(all)));
        let parents = parents.as_ref().map(|(read, all)| (read.as_str(), all.as_str()));
        let why = listing.why.as_deref().map(|why| self.say(why));
        let is_short = is_incomplete(listing) && !is_of_these(self.plan(), listing);
        is_short.then(|| self.words.incomplete(&listed, parents, why.as_deref()))
    }

    fn remarks(&self) -> Vec<String> {
        let plan = self.plan();
        let mut remarks = Vec::new();
        // An undo compares nothing.
        if plan.undoes.is_none() && plan.in_sync > 0 {
            let records = self.words.count(plan.in_sync, Noun::Record);
            let need = if plan.in_sync == 1 { Label::OneInSync } else { Label::InSync };
            remarks.push(format!("{records} {}.", self.words.label(need)));
        }
        if !plan.only.is_empty() {
            remarks.push(self.words.label(Label::OnlyThese).to_owned());
        }
        if plan.unseen > 0 {
            remarks.push(self.words.unseen(&self.words.number(plan.unseen)));
        }
        if plan.outside > 0 {
            let contacts = self.words.count(plan.outside, Noun::Kind(Kind::Contact));
            remarks.push(self.words.outside(&contacts, &on_one_line(&plan.pair)));
        }
        if let Some(run) = self.run().filter(|run| run.recovered > 0) {
            remarks.push(self.words.recovered(&self.words.count(run.recovered, Noun::Create)));
        }
        remarks
    }

    fn requests(&self) -> Vec<(Side, String)> {
        let of = |side: &Side| {
            let usage = self.finished.usage.of(*side);
            let sent = if self.run().is_some() { usage.writes } else { self.plan().writes(*side) };
            let left = usage.daily_remaining.map(|left| self.words.number(left));
            let (reads, writes) = (self.words.count(usage.reads, Noun::Read), self.words.count(sent, Noun::Write));
            (*side, self.words.requests(&reads, &writes, left.as_deref()))
        };
        Side::BOTH.iter().map(of).collect()
    }

    fn outcomes(&self) -> Vec<(crate::run::OperationOutcome, u64)> {
        let Some(run) = self.run().filter(|run| !run.refused) else { return Vec::new() };
        Outcomes::of(self.plan(), run).each().into_iter().filter(|(_, count)| *count > 0).collect()
    }

    fn guards(&self) -> Vec<GuardLine<'a>> {
        // Said once, whatever it was evaluated for.
        let mut first_sync = false;
        let tripped = self.plan().tripped();
        let tripped =
            tripped.filter(|guard| guard.guard != GuardName::FirstSync || !std::mem::replace(&mut first_sync, true));
        let pair = on_one_line(&self.plan().pair);
        tripped
            .map(|guard| GuardLine {
                guard,
                said: self.words.guard(guard),
                key: words::guard_key(guard.guard).map(|key| format!("[pair.{pair}.guard] {key}")),
            })
            .collect()
    }

    fn approve(&self) -> Option<String> {
        let is_stopped = self.run().is_none_or(|run| run.refused) && self.plan().tripped().next().is_some();
        is_stopped.then(|| words::approve_command(self.plan(), &self.plan_id))
    }

    fn held(&self) -> Vec<HeldGroup<'a>> {
        let mut by_reason: BTreeMap<(bool, HeldReason), Vec<HeldLine<'a>>> = BTreeMap::new();
        for held in &self.plan().held {
            // What asks for a person comes first.
            let key = (!held.needs_a_person(), held.reason);
            by_reason.entry(key).or_default().push(HeldLine {
                held,
                record: self.record(held.kind, &held.label, &held.ids, &Ids::default()),
                detail: self.say(&held.detail),
                command: self.settles(held),
            });
        }
        by_reason
            .into_iter()
            .map(|((quiet, reason), records)| {
                let (title, meaning) = self.words.held(reason);
                HeldGroup { reason, asks: !quiet, title, meaning, rule: words::rule(reason), records }
            })
            .collect()
    }

    /// The command that settles a held record, where one does; every part of it can be pasted.
    fn settles(&self, held: &Held) -> Option<String> {
        let pair = on_one_line(&self.plan().pair);
        match held.reason {
            HeldReason::Quarantined => Some(format!("concord quarantine --pair {pair}")),
            HeldReason::ManualConflict => self.chooses(&held.id),
            HeldReason::AmbiguousMatch | HeldReason::EmailPhoneMismatch => links_command("add", &held.ids, &pair),
            _ => None,
        }
    }

    fn conflict(&self, conflict: &'a Conflict) -> ConflictLine<'a> {
        let waits = conflict.winner == Winner::Manual;
        ConflictLine {
            conflict,
            record: self.record(conflict.kind, &conflict.label, &conflict.ids, &Ids::default()),
            command: self.chooses(&conflict.id).filter(|_| waits),
        }
    }

    /// The command that shows a conflict and what decides it. What only a dry run has found is kept by the next sync.
    fn chooses(&self, id: &str) -> Option<String> {
        let wrote = self.run().is_some_and(|run| !run.refused);
        let is_kept = wrote || self.plan().conflicts.iter().any(|conflict| conflict.id == id && conflict.kept);
        is_kept.then(|| format!("concord conflicts show {id} --pair {}", on_one_line(&self.plan().pair)))
    }

    fn unsupported(&self) -> Vec<UnsupportedGroup<'a>> {
        let mut by_sort: BTreeMap<(Side, Kind, Action), Vec<UnsupportedLine<'a>>> = BTreeMap::new();
        for entry in &self.plan().unsupported {
            let record = self.record(entry.kind, &entry.label, &entry.ids, &Ids::default());
            let line = UnsupportedLine { entry, record, detail: self.say(&entry.detail) };
            by_sort.entry((entry.side, entry.kind, entry.action)).or_default().push(line);
        }
        by_sort
            .into_iter()
            .map(|((side, kind, action), records)| UnsupportedGroup {
                title: self.words.cannot(side, kind, action),
                records,
            })
            .collect()
    }

    fn person(&self, group: &Group<'a>) -> Person<'a> {
        Person {
            record: self.record(Kind::Contact, group.name, &group.ids, &Ids::default()),
            operations: group.operations.iter().map(|operation| self.step(operation)).collect(),
            links: group.links.iter().map(|operation| self.step(operation)).collect(),
        }
    }

    fn further(&self) -> Vec<(&'a Operation, RecordName)> {
        let further = self
            .plan()
            .operations
            .iter()
            .filter(|operation| operation.link().is_some_and(|link| link.role == Role::Secondary));
        further
            .map(|operation| {
                (operation, self.record(operation.kind, &operation.label, &operation.ids, &operation.parent))
            })
            .collect()
    }

    fn step(&self, operation: &'a Operation) -> Step<'a> {
        let run = self.run().filter(|run| !run.refused);
        let what = if reopens(operation) {
            self.words.label(Label::Reopen).to_owned()
        } else {
            self.words.action(operation.action(), operation.kind)
        };
        let is_contact = operation.kind == Kind::Contact;
        Step {
            operation,
            record: self.record(operation.kind, &operation.label, &operation.ids, &operation.parent),
            what,
            label: if is_contact { String::new() } else { on_one_line(&operation.label) },
            outcome: run.map(|run| ended(run, operation.id)),
            reason: run
                .and_then(|run| run.outcomes.get(&operation.id))
                .and_then(|ended| ended.reason.as_deref())
                .map(|reason| self.say(reason)),
        }
    }

    /// A record with what opens it: of a task or a note, its contact.
    fn record(&self, kind: Kind, label: &str, ids: &Ids, parent: &Ids) -> RecordName {
        let contact = if kind == Kind::Contact { ids } else { parent };
        let label = on_one_line(label);
        let noun = self.words.noun(Noun::Kind(kind)).0;
        let name = match (kind, label.is_empty()) {
            (Kind::Contact, false) => label,
            (_, true) => format!("{noun} {}", self.words.label(Label::NoName)),
            (_, false) => format!("{noun} \"{label}\""),
        };
        let id = |side: &Side| {
            Some(RecordId {
                side: *side,
                id: on_one_line(ids.of(*side)?),
                link: contact.of(*side).and_then(|contact| self.audience.link(*side, contact)),
            })
        };
        RecordName { name, ids: Side::BOTH.iter().filter_map(id).collect() }
    }
}
