//! Whether what people did is there: on both sides, once, and under whoever did it.

use std::collections::BTreeSet;

use concord::record::Side;
use concord::sandbox::{EditKind, World};
use serde_json::Value;

use super::Failure;
use super::people::{Change, Child, OnDelete, People, Person, View, kind_of, main_of, removal};
use super::seen::{Seen, everybody, is_one_name, name_key, shows};

/// The two contacts of every link.
pub type Links = Vec<(String, String)>;

/// How things stand.
#[derive(Debug, Default)]
pub struct Findings {
    /// Nowhere, although nobody removed it.
    pub lost: Vec<String>,
    /// More than once, or back again.
    pub doubled: Vec<String>,
    /// Two different people who were taken for one, and what stands under somebody else.
    pub strangers: Vec<String>,
    /// On one side only, or differently.
    pub apart: Vec<String>,
    /// The same, but a report named it.
    pub excused: Vec<String>,
}

fn ids(links: &Links) -> BTreeSet<String> {
    links.iter().flat_map(|(cliengo, ghl)| [cliengo.clone(), ghl.clone()]).collect()
}

/// What leaves rows out of a list and says nothing of it.
const HIDING: [&str; 3] = ["short-listing", "empty-listing", "torn-page"];

impl People {
    /// A run begins.
    pub fn night_begins(&mut self, world: &World, faults: &str) -> Result<(), Failure> {
        let cliengo = everybody(&world.dump()?, Side::Cliengo);
        self.first = cliengo.iter().map(|seen| seen.id.clone()).min().into_iter().collect();
        if !self.tags_were_shown {
            let known = cliengo.iter().filter(|seen| self.linked.contains(&seen.id));
            let tags = known.flat_map(|seen| seen.tags.keys().map(|tag| (seen.id.clone(), tag.clone())));
            self.taken_down = tags.collect();
        }
        let is_shown = |seen: &Seen| !(seen.tags.is_empty() || self.hides_first && self.first.contains(&seen.id));
        self.shows_tags_tonight = cliengo.iter().any(is_shown);
        self.without_tags = cliengo.into_iter().filter(|seen| seen.tags.is_empty()).map(|seen| seen.id).collect();
        self.hides_rows = HIDING.iter().any(|fault| faults.contains(fault));
        Ok(())
    }

    /// A run is over: where it saw everything, what was removed before it has been looked at once more.
    pub fn night_over(&mut self, world: &World, links: &Links, went_well: bool, saw_all: bool) -> Result<(), Failure> {
        let (views, links) = (self.views(&world.dump()?), ids(links));
        self.linked.clone_from(&links);
        self.tags_were_shown |= saw_all && self.shows_tags_tonight;
        for (who, person) in self.people.iter_mut().enumerate() {
            let is_on = |view: &View| view.people.get(&who).is_some_and(|seen| main_of(seen, &links).is_some());
            person.agreed = went_well && views.iter().all(is_on);
        }
        if saw_all {
            self.removed_lately.rotate_right(1);
            self.removed_lately[0].clear();
        }
        Ok(())
    }

    /// Reads a report as a person would.
    pub fn hear(&mut self, world: &World, report: &Value) -> Result<(), Failure> {
        self.views(&world.dump()?);
        let entries = |list: &str| report.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        for (list, everything) in [("held", true), ("unsupported", false), ("conflicts", false)] {
            for entry in entries(list) {
                let kind = entry.get("kind").and_then(Value::as_str).unwrap_or("contact").to_owned();
                for id in texts(&entry) {
                    let Some(who) = self.owners.get(&id) else { continue };
                    self.said.insert((*who, kind.clone()));
                    if everything && kind == "contact" {
                        self.said.extend(["note", "task"].map(|kind| (*who, kind.to_owned())));
                    }
                }
            }
        }
        for conflict in entries("conflicts") {
            self.in_conflict.extend(texts(&conflict).into_iter().flat_map(|value| {
                let digits = value.chars().filter(char::is_ascii_digit).collect();
                [digits, name_key(&value)]
            }));
        }
        Ok(())
    }

    /// Looks at both sides.
    pub fn findings(&mut self, world: &World, links: &Links) -> Result<Findings, Failure> {
        let dump = world.dump()?;
        let views = self.views(&dump);
        self.first.extend(everybody(&dump, Side::Cliengo).into_iter().map(|seen| seen.id).min());
        let mut findings = Findings::default();
        let linked = ids(links);
        for (who, person) in self.people.iter().enumerate() {
            let seen = views.each_ref().map(|view| view.people.get(&who).map(Vec::as_slice).unwrap_or_default());
            self.judge((who, person), seen, &linked, &mut findings);
        }
        self.strangers(&views, links, &mut findings);
        Ok(findings)
    }

    /// Two people in one link, a text that stands where nobody wrote it, and contacts that are nobody's.
    fn strangers(&self, views: &[View; 2], links: &Links, findings: &mut Findings) {
        for (cliengo, ghl) in links {
            if let (Some(one), Some(other)) = (self.owners.get(cliengo), self.owners.get(ghl))
                && one != other
            {
                let both = format!("{} ({cliengo}) and {} ({ghl})", self.name_of(*one), self.name_of(*other));
                findings.strangers.push(format!("two people in one link: {both}"));
            }
        }
        for (side, view) in Side::BOTH.into_iter().zip(views) {
            for (who, all) in &view.people {
                for mark in all.iter().flat_map(|seen| seen.ids.keys()) {
                    if !self.people.get(*who).is_some_and(|person| person.has_written(mark)) {
                        let of = self.name_of(*who);
                        findings.strangers.push(format!("{mark:?} of {side} stands under a stranger, {of}"));
                    }
                }
            }
            findings.doubled.extend(view.nobody.iter().map(|seen| format!("of {side}, who is nobody: {seen:?}")));
        }
    }

    fn name_of(&self, who: usize) -> String {
        let person = self.people.get(who);
        let all = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join("/");
        let told = person.map(|person| [&person.names, &person.emails, &person.lines].map(all).join(" "));
        format!("person {who}, {}", told.unwrap_or_default())
    }

    fn judge(
        &self,
        (who, person): (usize, &Person),
        seen: [&[Seen]; 2],
        links: &BTreeSet<String>,
        findings: &mut Findings,
    ) {
        let name = || self.name_of(who);
        let counts = seen.map(<[Seen]>::len);
        if counts[0] > 1 + person.further || counts[1] > 1 {
            let ids: Vec<&String> = seen.iter().flat_map(|seen| seen.iter().map(|seen| &seen.id)).collect();
            findings.doubled.push(format!("{} stands {counts:?} times: {ids:?}", name()));
            return;
        }
        let [cliengo, ghl] = seen.map(|seen| main_of(seen, links).or(seen.first()));
        match (person.removed, self.on_delete, cliengo, ghl) {
            (None, _, Some(cliengo), Some(ghl)) => self.compare(who, person, cliengo, ghl, findings),
            (None, _, None, None) => findings.lost.push(format!("{} is nowhere", name())),
            (None, ..) => {
                self.apart(who, "contact", &removal(who), format!("{} stands {counts:?} times", name()), findings);
            }
            (Some(_), OnDelete::Propagate, None, None) => {}
            (Some(_), OnDelete::Propagate, ..) => {
                let what = format!("{} was removed and stands {counts:?} times", name());
                self.apart(who, "contact", &removal(who), what, findings);
            }
            (Some(side), ..) => {
                let expected = if side == Side::Cliengo { [0, 1] } else { [1, 0] };
                let list = if counts == [0, 0] { &mut findings.lost } else { &mut findings.doubled };
                if counts != expected {
                    list.push(format!("{} was removed in {side} and stands {counts:?} times", name()));
                }
            }
        }
    }

    /// Puts down a difference, unless a report named it or it is young.
    fn apart(&self, who: usize, kind: &str, key: &str, what: String, findings: &mut Findings) {
        if self.said.contains(&(who, kind.to_owned())) {
            findings.excused.push(what);
        } else if self.removed_lately.iter().any(|removed| removed.contains(key)) {
            // It takes two looks.
        } else {
            findings.apart.push(what);
        }
    }

    fn compare(&self, who: usize, person: &Person, cliengo: &Seen, ghl: &Seen, findings: &mut Findings) {
        for field in ["name", "phone"] {
            let is_one = |one: &str, other: &str| match field {
                "name" => is_one_name(one, other),
                _ => one == other,
            };
            let (one, other) = (cliengo.field(field), ghl.field(field));
            if !is_one(one, other) {
                let what = format!("{field} of {}: {one:?} and {other:?}", self.name_of(who));
                self.apart(who, "contact", field, what, findings);
            }
            for side in Side::BOTH {
                let changes: Vec<&Change> = person.changes.iter().filter(|change| change.field == field).collect();
                let Some(at) = changes.iter().rposition(|change| change.side == side) else { continue };
                let Some(change) = changes.get(at) else { continue };
                let stands = is_one(one, &change.value) || is_one(other, &change.value);
                let replaced = changes.iter().skip(at + 1).any(|later| later.agreed);
                let said =
                    self.in_conflict.iter().any(|said| said.ends_with(&change.value) || is_one(said, &change.value));
                if !stands && !replaced && !said {
                    let of = self.name_of(who);
                    findings.lost.push(format!("{field} {:?} of {of} in {side}: {one:?} and {other:?}", change.value));
                }
            }
        }
        let is_hidden = self.hides_first && self.first.contains(&cliengo.id);
        for (tag, wanted) in &person.tags {
            let there = [cliengo.tags.contains_key(tag), ghl.tags.contains_key(tag)];
            match (wanted, there) {
                // What is put on a further contact of a person stays there.
                (true, _) if person.further > 0 => {}
                (true, [false, false]) => {
                    findings.lost.push(format!("{tag:?} of {}", self.name_of(who)));
                }
                (true, [true, true]) | (false, [false, false]) => {}
                (true, [true, false]) | (false, [false, true]) if !self.shows_tags || is_hidden => {}
                (true, [true, false]) if self.taken_down.contains(&(cliengo.id.clone(), tag.clone())) => {}
                // `null` says neither that there are none nor that there are some.
                (false, [false, true]) if self.null_when_none && self.without_tags.contains(&cliengo.id) => {}
                _ => {
                    let what = format!("{tag:?} of {}: {there:?}, wanted {wanted}", self.name_of(who));
                    self.apart(who, "contact", tag, what, findings);
                }
            }
        }
        for child in &person.children {
            self.compare_child((who, person), child, cliengo, ghl, findings);
        }
    }

    fn compare_child(
        &self,
        (who, person): (usize, &Person),
        child: &Child,
        cliengo: &Seen,
        ghl: &Seen,
        findings: &mut Findings,
    ) {
        let (mark, of) = (&child.mark, self.name_of(who));
        let reads = [cliengo, ghl].map(|seen| seen.reads(mark));
        let counts = reads.each_ref().map(Vec::len);
        if counts.iter().any(|count| *count > 1) {
            findings.doubled.push(format!("{mark:?} of {of} stands {counts:?} times"));
            return;
        }
        for (side, read) in Side::BOTH.into_iter().zip(&reads).filter(|_| child.is_there) {
            for text in read {
                let missing =
                    child.reads.iter().find(|part| !(child.is_rich && side == Side::Ghl || shows(text, part)));
                if let Some(missing) = missing {
                    findings.lost.push(format!("{missing:?} of {mark:?} of {of} in {side}: {text:?}"));
                }
                if child.is_rich && side == Side::Cliengo && text.contains("</") {
                    findings.lost.push(format!("{mark:?} of {of} came to {side} as markup: {text:?}"));
                }
            }
        }
        if child.kind == EditKind::Task && !self.extended {
            // Cliengo has no tasks: GHL's stay as they are.
            let stays = counts == [0, usize::from(child.is_there)];
            let list = if child.is_there { &mut findings.lost } else { &mut findings.doubled };
            if !stays {
                list.push(format!("{mark:?} of {of} stands {counts:?} times, without tasks in Cliengo"));
            }
            return;
        }
        let kind = kind_of(child.kind);
        match (child.is_there, counts) {
            (true, [1, 1]) => {
                let done = |seen: &Seen| seen.tasks.iter().any(|(read, done)| read.mark == *mark && *done);
                if child.kind == EditKind::Task && (done(cliengo), done(ghl)) != (child.is_done, child.is_done) {
                    let what = format!("{mark:?} of {of}: done {} and {}", done(cliengo), done(ghl));
                    self.apart(who, kind, mark, what, findings);
                }
            }
            (false, [0, 0]) => {}
            // What is written under a further contact of a person stays there.
            (true, [0, _]) if person.further > 0 => {}
            (true, [0, 0]) => findings.lost.push(format!("{mark:?} of {of}")),
            // A contact's list has no total: of what is new there and left out nobody can know.
            (true, _) if self.hides_rows => {}
            (wanted, counts) => {
                self.apart(who, kind, mark, format!("{mark:?} of {of}: {counts:?}, wanted {wanted}"), findings);
            }
        }
    }
}

/// Every text of a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
