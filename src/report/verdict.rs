//! One sentence that says how things stand, and the few lines that cron may mail.

use std::collections::BTreeMap;

use crate::reconcile::{GuardName, HeldReason, Mode, Plan, Reading};
use crate::record::{Kind, Side};
use crate::run::{Finished, OperationOutcome, RunRecord, ToGo};

use super::Audience;
use super::language::{Label, Messages, Noun, Sentence};
use super::screen::on_one_line;
use super::totals::{self, Outcomes, is_incomplete};
use super::words;

/// How many causes are told at most: with the first line and the last one, ten lines.
const CAUSES: usize = 8;

/// The last line of a report: how things stand, and the command that goes on.
#[must_use]
pub fn verdict(finished: &Finished, audience: &Audience) -> String {
    Verdict { plan: &finished.plan, words: audience.words() }.of(finished)
}

/// The report in at most ten lines, without contact data: for cron, which mails what is printed. After the first, a line for
/// each cause.
#[must_use]
pub fn brief(finished: &Finished, audience: &Audience) -> String {
    Verdict { plan: &finished.plan, words: audience.words() }.brief(finished)
}

/// The same with a capital letter, as a sentence begins.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Says how a plan stands in somebody's language.
struct Verdict<'a> {
    plan: &'a Plan,
    words: &'a dyn Messages,
}

impl Verdict<'_> {
    fn of(&self, finished: &Finished) -> String {
        let plan = self.plan;
        let is_stopped = plan.tripped().next().is_some();
        let rest = match &finished.run {
            Some(run) if run.failure.is_some() => return self.failed(run),
            Some(RunRecord { unfit_approval: Some(approved), .. }) => self.unfit(approved),
            Some(run) if run.refused => self.stopped(false),
            Some(run) => self.done(run),
            None if is_stopped => self.stopped(true),
            None if plan.operations.is_empty() => self.nothing_to_do(),
            None => {
                let (count, operations, command) = (self.count(), self.operations(), self.apply());
                self.say(Sentence::Planned { count, operations: &operations, command: &command })
            }
        };
        let rest = match finished.run.as_ref().and_then(|run| run.to_go) {
            Some(to_go) => format!("{rest} {}", self.goes_on(to_go)),
            None => rest,
        };
        match plan.unreadable() {
            Some(why) => format!("{}. {rest}", capital(&self.words.say(&on_one_line(&why)))),
            None => rest,
        }
    }

    fn say(&self, sentence: Sentence<'_>) -> String {
        self.words.sentence(sentence)
    }

    fn operations(&self) -> String {
        self.words.count(self.count(), Noun::Operation)
    }

    const fn count(&self) -> u64 {
        self.plan.operations.len() as u64
    }

    /// `semantics` 65: how far a first sync is that the day's quota spreads over several runs.
    fn goes_on(&self, to_go: ToGo) -> String {
        let (linked, contacts) = (self.words.number(to_go.linked), self.words.number(to_go.contacts));
        self.say(Sentence::ToGo { linked: &linked, contacts: &contacts, runs: to_go.runs })
    }

    fn brief(&self, finished: &Finished) -> String {
        let plan = self.plan;
        let run = finished.run.as_ref().filter(|run| !run.refused);
        let guards = plan.tripped().filter(|guard| guard.guard != GuardName::FirstSync);
        let mut causes: Vec<String> = guards.map(|guard| self.words.guard(guard)).collect();
        if let Some(run) = run {
            let some = Outcomes::of(plan, run).each().into_iter();
            let missed = some.filter(|(outcome, count)| *outcome != OperationOutcome::Applied && *count > 0);
            causes
                .extend(missed.map(|(outcome, count)| self.say(Sentence::NotDone(&self.words.ended(count, outcome)))));
        }
        causes.extend(plan.unseen_in_words().iter().map(|line| self.words.say(&on_one_line(line))));
        causes.extend(self.held());
        let failed = run.and_then(|run| totals::failed_command(plan, run));
        let failed = failed.map(|command| format!("{} {command}", self.words.label(Label::WhatFailed)));
        let most = CAUSES - usize::from(failed.is_some());
        if causes.len() > most {
            let more = causes.len() - (most - 1);
            causes.truncate(most - 1);
            causes.push(self.say(Sentence::More(more)));
        }
        causes.extend(failed);
        let more = match run {
            Some(run) => format!("concord history {} --pair {}", run.id, on_one_line(&plan.pair)),
            None if plan.undoes.is_some() => format!("{} --dry-run", words::apply_command(plan)),
            None => format!("concord plan --pair {}", on_one_line(&plan.pair)),
        };
        let first = format!("{}: {}", on_one_line(&plan.pair), self.of(finished));
        [vec![first], causes, vec![self.say(Sentence::InFull(&more))]].concat().join("\n") + "\n"
    }

    fn done(&self, run: &RunRecord) -> String {
        let outcomes = Outcomes::of(self.plan, run);
        if outcomes.planned() == 0 {
            return self.nothing_to_do();
        }
        let missed = outcomes.planned() - outcomes.applied;
        let mut but = Vec::new();
        if missed > 0 {
            but.push(self.say(Sentence::Missed(&self.words.number(missed))));
        }
        but.extend(self.waiting());
        but.extend(self.partly_read());
        let applied = self.words.number(outcomes.applied);
        self.say(Sentence::Applied { applied: &applied, operations: &self.operations(), but: &but })
    }

    fn failed(&self, run: &RunRecord) -> String {
        let why = self.words.say(&on_one_line(run.failure.as_deref().unwrap_or_default()));
        let applied = self.words.number(Outcomes::of(self.plan, run).applied);
        let undo = self.plan.undoes;
        self.say(Sentence::Failed { why: &why, applied: &applied, operations: &self.operations(), undo })
    }

    fn nothing_to_do(&self) -> String {
        let plan = self.plan;
        let incomplete = !plan.look_ups.is_empty()
            || Side::BOTH
                .iter()
                .any(|side| Kind::ALL.iter().any(|kind| is_incomplete(plan.listings.of(*side).of(*kind))));
        if let Some(run) = plan.undoes {
            let kept = plan.unsupported.len() as u64;
            let kept = (kept > 0).then(|| self.say(Sentence::CannotTakeBack(&self.words.count(kept, Noun::Record))));
            let but: Vec<String> = kept.into_iter().chain(self.waiting()).collect();
            return self.say(Sentence::NothingToTakeBack { run, but: &but });
        }
        let differ = plan.held.len() + plan.unsupported.len() + plan.conflicts.len();
        let but: Vec<String> = self.waiting().into_iter().chain(self.partly_read()).collect();
        self.say(if !but.is_empty() {
            Sentence::NothingToDo { but: &but }
        } else if !plan.only.is_empty() {
            Sentence::NothingForThese
        } else if incomplete {
            Sentence::NothingAsFarAsListed
        } else if differ > 0 {
            let records = self.words.count(differ as u64, Noun::Record);
            return self.say(Sentence::NothingToCarryOver { records: &records });
        } else {
            Sentence::BothAgree
        })
    }

    /// That a run did not see all that it asked for; a CRM that could not be read at all is named before.
    fn partly_read(&self) -> Option<String> {
        let listings = self.plan.gaps().map(|(_, _, listing)| listing.reading);
        let readings = listings.chain(self.plan.look_ups.iter().map(|missed| missed.reading));
        let partly = readings.into_iter().any(|reading| reading == Reading::Partial);
        partly.then(|| self.say(Sentence::NotAllRead))
    }

    /// That records wait for somebody.
    fn waiting(&self) -> Option<String> {
        let count = totals::waiting(self.plan) as u64;
        let records = self.words.count(count, Noun::Record);
        (count > 0).then(|| self.say(Sentence::Waiting { count, records: &records }))
    }

    /// `semantics` 35: an approval of another plan is said, and not taken for one of this.
    fn unfit(&self, approved: &str) -> String {
        let plan = self.plan;
        let is_stopped = plan.tripped().next().is_some();
        let command = if is_stopped { words::approve_command(plan, &plan.id()) } else { self.apply() };
        let approved = on_one_line(approved);
        let operations = self.operations();
        let now = (!plan.operations.is_empty()).then_some((self.count(), operations.as_str(), command.as_str()));
        self.say(Sentence::Unfit { approved: &approved, now })
    }

    /// `would`: nothing was to be written.
    fn stopped(&self, would: bool) -> String {
        let plan = self.plan;
        let command = words::approve_command(plan, &plan.id());
        let guards: Vec<_> = plan.tripped().filter(|guard| guard.guard != GuardName::FirstSync).collect();
        let operations = self.operations();
        self.say(match guards.first().map(|guard| self.words.guard(guard)) {
            Some(guard) => {
                let (more, operations, guard, command) = (guards.len() - 1, &operations, &guard, &command);
                return self.say(Sentence::Stopped { would, operations, guard, more, command });
            }
            None if plan.mode == Mode::Rebuild => {
                Sentence::ApproveRebuild { operations: &operations, command: &command }
            }
            None => Sentence::ApproveFirstSync { operations: &operations, command: &command },
        })
    }

    /// The command; a rebuild always wants its plan named.
    fn apply(&self) -> String {
        match self.plan.mode {
            Mode::Rebuild => words::approve_command(self.plan, &self.plan.id()),
            _ => words::apply_command(self.plan),
        }
    }

    /// The reasons that ask for a person, with their counts. What was not seen is a cause of its own.
    fn held(&self) -> Vec<String> {
        let mut counts: BTreeMap<HeldReason, u64> = BTreeMap::new();
        let seen = self.plan.held.iter().filter(|held| held.reason != HeldReason::Inconclusive);
        for record in seen.filter(|held| held.needs_a_person()) {
            *counts.entry(record.reason).or_default() += 1;
        }
        let said = counts.into_iter().map(|(reason, count)| {
            self.say(Sentence::Held { reason: self.words.held(reason).0, count: &self.words.number(count) })
        });
        said.collect()
    }
}
