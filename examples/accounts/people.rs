//! What people did in both CRMs, and whether it is there: read from the CRMs' own stores, with none of the program's code.

use std::collections::{BTreeMap, BTreeSet};

use concord::record::Side;
use concord::sandbox::account::cliengo::{Switches, Tags, Unusual};
use concord::sandbox::{Edit, EditKind, EditOp, World};
use serde_json::{Map, Value, json};

use super::Failure;

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// What becomes of the other side when a person deletes a contact on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    Ignore,
    Mark,
    Propagate,
}

impl OnDelete {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Mark => "mark",
            Self::Propagate => "propagate",
        }
    }
}

/// A note or a task that somebody wrote; no other has its text.
struct Child {
    kind: EditKind,
    text: String,
    is_there: bool,
    is_done: bool,
    /// Edited or removed once: not again.
    changed: bool,
}

/// A change of a field.
struct Change {
    field: &'static str,
    side: Side,
    value: String,
    /// Whether both sides said the same before: then it disputes nothing.
    agreed: bool,
}

/// Somebody; the e-mail is nobody else's and never changes.
struct Person {
    email: String,
    /// Whether the last run ended well and left it on both sides.
    agreed: bool,
    /// On which side somebody deleted it.
    removed: Option<Side>,
    changes: Vec<Change>,
    tags: BTreeMap<String, bool>,
    children: Vec<Child>,
}

/// What one side shows of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    id: String,
    fields: BTreeMap<&'static str, String>,
    tags: BTreeSet<String>,
    notes: Vec<String>,
    tasks: Vec<(String, bool)>,
    /// The ids of its notes and tasks, by text.
    ids: BTreeMap<String, String>,
}

/// What one side shows, by e-mail.
type View = BTreeMap<String, Vec<Seen>>;

/// Everything that was done, and what reports said of it.
#[expect(clippy::struct_excessive_bools, reason = "what the drawn account can do, each read by its name")]
pub struct People {
    on_delete: OnDelete,
    /// Cliengo has tasks, and notes and tags can be changed there.
    extended: bool,
    /// Cliengo shows its tags: else what a person puts on there goes nowhere.
    shows_tags: bool,
    /// Cliengo's list has `null` for the tags of one contact: whoever has the first id.
    hides_first: bool,
    /// The first id of Cliengo's contacts when the last run began, and when they were looked at since.
    first: BTreeSet<String>,
    /// Cliengo shows `null` where there are no tags.
    null_when_none: bool,
    #[expect(clippy::struct_field_names, reason = "the people themselves")]
    people: Vec<Person>,
    number: u32,
    /// Whose every id is or was.
    owners: BTreeMap<String, usize>,
    /// Of whom a report said that something of a kind waits or cannot be held.
    said: BTreeSet<(usize, String)>,
    /// Values that a report named in a conflict.
    in_conflict: BTreeSet<String>,
    /// What was removed since the run before the last one: it may take two looks.
    removed_lately: [BTreeSet<String>; 3],
}

/// How things stand.
#[derive(Debug, Default)]
pub struct Findings {
    /// Nowhere, although nobody removed it.
    pub lost: Vec<String>,
    /// More than once, or back again.
    pub doubled: Vec<String>,
    /// On one side only, or differently.
    pub apart: Vec<String>,
    /// The same, but a report named it.
    pub excused: Vec<String>,
}

fn text<'a>(row: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().find_map(|key| row.get(*key)?.as_str()).unwrap_or_default().trim()
}

fn rows<'a>(dump: &'a Value, side: Side, kinds: &str) -> impl Iterator<Item = &'a Value> {
    dump.get(side.as_str()).and_then(|side| side.get(kinds)).and_then(Value::as_array).into_iter().flatten()
}

/// As it reads, without markup.
fn plain(text: &str) -> String {
    let mut read = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => read.push(other),
            _ => {}
        }
    }
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn view(dump: &Value, side: Side) -> View {
    let mut by_id: BTreeMap<String, (String, Seen)> = BTreeMap::new();
    for row in rows(dump, side, "contacts") {
        let name = format!("{} {}", text(row, &["firstName", "name"]), text(row, &["lastName"]));
        let digits: Vec<char> = text(row, &["phone"]).chars().filter(char::is_ascii_digit).collect();
        let line = digits.get(digits.len().saturating_sub(8)..).unwrap_or_default().iter().collect();
        let tags = row.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let id = text(row, &["id"]).to_owned();
        let seen = Seen {
            id: id.clone(),
            fields: BTreeMap::from([("name", plain(&name).to_lowercase()), ("phone", line)]),
            tags: tags.map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.starts_with("removed-from-")).collect(),
            ..Seen::default()
        };
        by_id.insert(id, (text(row, &["email"]).to_lowercase(), seen));
    }
    for (kinds, keys) in [("notes", &["message", "body"][..]), ("tasks", &["title"][..])] {
        for row in rows(dump, side, kinds) {
            let Some((_, seen)) = by_id.get_mut(text(row, &["contact_id", "contactId"])) else { continue };
            let said = plain(text(row, keys));
            seen.ids.insert(said.clone(), text(row, &["id", "_id"]).to_owned());
            match kinds {
                "notes" => seen.notes.push(said),
                _ => seen.tasks.push((said, row.get("completed").and_then(Value::as_bool).unwrap_or_default())),
            }
        }
    }
    let mut view = View::new();
    for (email, seen) in by_id.into_values() {
        view.entry(email).or_default().push(seen);
    }
    view
}

fn first_of(view: &View) -> Option<String> {
    view.values().flatten().map(|seen| &seen.id).min().cloned()
}

fn only<'a>(view: &'a View, email: &str) -> Option<&'a Seen> {
    match view.get(email).map(Vec::as_slice) {
        Some([one]) => Some(one),
        _ => None,
    }
}

fn kind_of(kind: EditKind) -> &'static str {
    match kind {
        EditKind::Note => "note",
        EditKind::Task => "task",
        EditKind::Contact | EditKind::Tag => "contact",
    }
}

impl People {
    /// `count` people: half of them on both sides, a quarter on each alone, with a note, a task and a tag here and there.
    pub fn begin(
        world: &World,
        count: u32,
        extended: bool,
        account: &Switches,
        on_delete: OnDelete,
        now: jiff::Timestamp,
    ) -> Result<Self, Failure> {
        let mut people = Self {
            on_delete,
            extended,
            shows_tags: account.tags != Tags::LeftOut,
            first: BTreeSet::new(),
            hides_first: account.unusual == Unusual::NullList,
            null_when_none: account.tags == Tags::NullWhenNone,
            people: Vec::new(),
            number: 0,
            owners: BTreeMap::new(),
            said: BTreeSet::new(),
            in_conflict: BTreeSet::new(),
            removed_lately: [const { BTreeSet::new() }; 3],
        };
        for number in 0..count {
            let sides: &[Side] = match number % 4 {
                0 | 1 => &Side::BOTH,
                2 => &[Side::Cliengo],
                _ => &[Side::Ghl],
            };
            people.newcomer(world, sides, now)?;
            let who = people.people.len() - 1;
            for side in sides {
                people.child(world, who, *side, EditKind::Note)?;
                if number % 3 == 0 && (extended || *side == Side::Ghl) {
                    people.child(world, who, *side, EditKind::Task)?;
                }
                if number % 2 == 0 {
                    people.tag(world, who, *side)?;
                }
            }
        }
        Ok(people)
    }

    fn next(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    #[expect(clippy::too_many_arguments, reason = "an edit as a person makes it")]
    fn edit(
        &self,
        world: &World,
        side: Side,
        op: EditOp,
        kind: EditKind,
        who: usize,
        id: Option<String>,
        set: &Value,
    ) -> Result<(), Failure> {
        let contact = match (kind, op) {
            (EditKind::Contact, EditOp::Create) => None,
            _ => self.people.get(who).map(|person| person.email.clone()),
        };
        let set: Map<String, Value> = set.as_object().cloned().unwrap_or_default();
        world.edit(&Edit { side, op, kind, contact, id, set })?;
        Ok(())
    }

    fn newcomer(&mut self, world: &World, sides: &[Side], now: jiff::Timestamp) -> Result<(), Failure> {
        let number = self.next();
        let (email, phone) = (format!("persona{number}@example.com"), format!("+54911{:08}", 40_000_000 + number));
        let (first, last) = (format!("Nombre{number}"), format!("Prueba{number}"));
        self.people.push(Person {
            email: email.clone(),
            agreed: false,
            removed: None,
            changes: Vec::new(),
            tags: BTreeMap::new(),
            children: Vec::new(),
        });
        for side in sides {
            let created = now.checked_sub(HOUR)?.to_string();
            let set = match side {
                Side::Cliengo => {
                    json!({ "name": format!("{first} {last}"), "email": email, "phone": phone, "createdAt": created })
                }
                Side::Ghl => {
                    json!({ "firstName": first, "lastName": last, "email": email, "phone": phone, "createdAt": created })
                }
            };
            self.edit(world, *side, EditOp::Create, EditKind::Contact, 0, None, &set)?;
        }
        Ok(())
    }

    fn child(&mut self, world: &World, who: usize, side: Side, kind: EditKind) -> Result<(), Failure> {
        let number = self.next();
        let text = format!("{} {number}.", if kind == EditKind::Note { "Nota" } else { "Tarea" });
        let set = match kind {
            EditKind::Note => json!({ "body": text }),
            _ => json!({ "title": text, "dueDate": "2027-03-24T15:00:00.000Z", "completed": false }),
        };
        self.edit(world, side, EditOp::Create, kind, who, None, &set)?;
        if let Some(person) = self.people.get_mut(who) {
            person.children.push(Child { kind, text, is_there: true, is_done: false, changed: false });
        }
        Ok(())
    }

    fn tag(&mut self, world: &World, who: usize, side: Side) -> Result<(), Failure> {
        let tag = format!("marca{}", self.next());
        self.edit(world, side, EditOp::Create, EditKind::Tag, who, None, &json!({ "tag": tag }))?;
        if let Some(person) = self.people.get_mut(who) {
            person.tags.insert(tag, true);
        }
        Ok(())
    }

    /// A day's work on both sides.
    pub fn day(
        &mut self,
        world: &World,
        edits: usize,
        now: jiff::Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        for _ in 0..edits {
            let dump = world.dump()?;
            let views = Side::BOTH.map(|side| view(&dump, side));
            self.meet(&dump);
            let side = if rng.bool() { Side::Cliengo } else { Side::Ghl };
            let who = rng.usize(..self.people.len());
            self.one(world, &views, side, who, now, rng)?;
        }
        Ok(())
    }

    /// One edit; none where it would make no sense.
    fn one(
        &mut self,
        world: &World,
        views: &[View; 2],
        side: Side,
        who: usize,
        now: jiff::Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let kind = rng.u8(..20);
        if kind < 2 {
            return self.newcomer(world, if kind == 0 { &Side::BOTH } else { std::slice::from_ref(&side) }, now);
        }
        let [cliengo, ghl] = views;
        let Some(person) = self.people.get(who).filter(|person| person.removed.is_none()) else { return Ok(()) };
        let (mine, other) = if side == Side::Cliengo { (cliengo, ghl) } else { (ghl, cliengo) };
        let Some(seen) = only(mine, &person.email).cloned() else { return Ok(()) };
        let counterpart = only(other, &person.email).cloned();
        let can_do_all = self.extended || side == Side::Ghl;
        match kind {
            2..=6 => self.change(world, side, who, &seen, counterpart.as_ref(), rng.bool()),
            7 | 8 => self.tag(world, who, side),
            9 if self.extended => self.untag(world, side, who, &seen, counterpart.as_ref()),
            10..=12 => self.child(world, who, side, EditKind::Note),
            13 | 14 if can_do_all => self.child(world, who, side, EditKind::Task),
            15..=17 if can_do_all => self.change_child(world, side, who, &seen, counterpart.as_ref(), rng),
            18 if self.is_settled(who, &seen, counterpart.as_ref()) => self.remove(world, side, who),
            _ => Ok(()),
        }
    }

    /// Whether both sides show the same of somebody: then nothing is on its way.
    fn is_settled(&self, who: usize, seen: &Seen, counterpart: Option<&Seen>) -> bool {
        let Some(other) = counterpart else { return false };
        let same = seen.fields == other.fields && seen.tags == other.tags && seen.notes.len() == other.notes.len();
        let is_said = self.said.iter().any(|(person, _)| *person == who);
        let is_agreed = self.people.get(who).is_some_and(|person| person.agreed);
        is_agreed && same && (seen.tasks.len() == other.tasks.len() || !self.extended) && !is_said
    }

    fn change(
        &mut self,
        world: &World,
        side: Side,
        who: usize,
        seen: &Seen,
        counterpart: Option<&Seen>,
        is_phone: bool,
    ) -> Result<(), Failure> {
        let number = self.next();
        let last = seen.fields.get("name").and_then(|name| name.rsplit(' ').next()).unwrap_or_default().to_owned();
        let last = last.replacen('p', "P", 1);
        let (field, value, set) = if is_phone {
            let phone = 50_000_000 + number;
            ("phone", phone.to_string(), json!({ "phone": format!("+54911{phone}") }))
        } else {
            let first = format!("Otro{number}");
            let set = match side {
                Side::Cliengo => json!({ "name": format!("{first} {last}") }),
                Side::Ghl => json!({ "firstName": first }),
            };
            ("name", format!("{first} {last}").to_lowercase(), set)
        };
        self.edit(world, side, EditOp::Update, EditKind::Contact, who, None, &set)?;
        let agreed = counterpart.is_some_and(|other| other.fields.get(field) == seen.fields.get(field));
        if let Some(person) = self.people.get_mut(who) {
            person.changes.push(Change { field, side, value, agreed });
        }
        Ok(())
    }

    fn untag(
        &mut self,
        world: &World,
        side: Side,
        who: usize,
        seen: &Seen,
        counterpart: Option<&Seen>,
    ) -> Result<(), Failure> {
        let Some(other) = counterpart else { return Ok(()) };
        let Some(tag) = seen.tags.intersection(&other.tags).next().cloned() else { return Ok(()) };
        self.edit(world, side, EditOp::Delete, EditKind::Tag, who, None, &json!({ "tag": tag }))?;
        if let Some(person) = self.people.get_mut(who) {
            person.tags.insert(tag, false);
        }
        Ok(())
    }

    /// Edits, completes or removes a note or a task that both sides have.
    fn change_child(
        &mut self,
        world: &World,
        side: Side,
        who: usize,
        seen: &Seen,
        counterpart: Option<&Seen>,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let number = self.next();
        let Some(person) = self.people.get_mut(who) else { return Ok(()) };
        let on_both = |child: &&mut Child| {
            let here = seen.ids.contains_key(&child.text);
            here && counterpart.is_some_and(|other| other.ids.contains_key(&child.text))
        };
        let Some(child) = person.children.iter_mut().filter(|child| child.is_there && !child.changed).find(on_both)
        else {
            return Ok(());
        };
        child.changed = true;
        let (kind, id) = (child.kind, seen.ids.get(&child.text).cloned());
        let (op, set) = match (rng.u8(..3), kind) {
            (0, _) => {
                child.is_there = false;
                (EditOp::Delete, json!({}))
            }
            (1, EditKind::Task) => {
                child.is_done = true;
                (EditOp::Update, json!({ "completed": true }))
            }
            (_, kind) => {
                let text = format!("Cambiada {number}.");
                let set = json!({ if kind == EditKind::Note { "body" } else { "title" }: text });
                child.is_there = false;
                let (is_there, is_done) = (true, child.is_done);
                person.children.push(Child { kind, text, is_there, is_done, changed: true });
                (EditOp::Update, set)
            }
        };
        if let Some(old) =
            person.children.iter().find(|child| !child.is_there && seen.ids.get(&child.text) == id.as_ref())
        {
            self.removed_lately[0].insert(old.text.clone());
        }
        self.edit(world, side, op, kind, who, id, &set)
    }

    fn remove(&mut self, world: &World, side: Side, who: usize) -> Result<(), Failure> {
        self.edit(world, side, EditOp::Delete, EditKind::Contact, who, None, &json!({}))?;
        if let Some(person) = self.people.get_mut(who) {
            person.removed = Some(side);
            self.removed_lately[0].insert(person.email.clone());
        }
        Ok(())
    }

    /// Learns whose the ids are.
    fn meet(&mut self, dump: &Value) {
        for side in Side::BOTH {
            for (email, all) in view(dump, side) {
                let Some(who) = self.people.iter().position(|person| person.email == email) else { continue };
                for seen in all {
                    self.owners.extend(seen.ids.into_values().map(|id| (id, who)));
                    self.owners.insert(seen.id, who);
                }
            }
        }
    }

    /// A run begins.
    pub fn night_begins(&mut self, world: &World) -> Result<(), Failure> {
        self.first = first_of(&view(&world.dump()?, Side::Cliengo)).into_iter().collect();
        Ok(())
    }

    /// A run is over: where it saw everything, what was removed before it has been looked at once more.
    pub fn night_over(&mut self, world: &World, went_well: bool, saw_all: bool) -> Result<(), Failure> {
        let dump = world.dump()?;
        let views = Side::BOTH.map(|side| view(&dump, side));
        for person in &mut self.people {
            person.agreed = went_well && views.iter().all(|view| only(view, &person.email).is_some());
        }
        if saw_all {
            self.removed_lately.rotate_right(1);
            self.removed_lately[0].clear();
        }
        Ok(())
    }

    /// Reads a report as a person would.
    pub fn hear(&mut self, world: &World, report: &Value) -> Result<(), Failure> {
        self.meet(&world.dump()?);
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
            self.in_conflict.extend(texts(&conflict).into_iter().map(|value| value.to_lowercase()));
        }
        Ok(())
    }

    /// Looks at both sides.
    pub fn findings(&mut self, world: &World) -> Result<Findings, Failure> {
        let dump = world.dump()?;
        let views = Side::BOTH.map(|side| view(&dump, side));
        self.first.extend(first_of(&views[0]));
        let mut findings = Findings::default();
        for (who, person) in self.people.iter().enumerate() {
            let seen = views.each_ref().map(|view| view.get(&person.email).map(Vec::as_slice).unwrap_or_default());
            self.judge(who, person, seen, &mut findings);
        }
        self.strangers(&views, &mut findings);
        Ok(findings)
    }

    /// A text that stands where nobody wrote it.
    fn strangers(&self, views: &[View; 2], findings: &mut Findings) {
        let emails: BTreeSet<&str> = self.people.iter().map(|person| person.email.as_str()).collect();
        for (side, view) in Side::BOTH.into_iter().zip(views) {
            for (email, all) in view {
                let owner = self.people.iter().find(|person| person.email == *email);
                for said in all.iter().flat_map(|seen| seen.ids.keys()) {
                    let is_theirs = owner.is_some_and(|person| person.children.iter().any(|child| child.text == *said));
                    if !is_theirs {
                        findings.doubled.push(format!("{said:?} of {side} stands under a stranger, {email:?}"));
                    }
                }
                if !emails.contains(email.as_str()) {
                    findings.doubled.push(format!("{email:?} of {side} is nobody"));
                }
            }
        }
    }

    fn judge(&self, who: usize, person: &Person, seen: [&[Seen]; 2], findings: &mut Findings) {
        let email = &person.email;
        let counts = seen.map(<[Seen]>::len);
        if counts.iter().any(|count| *count > 1) {
            findings.doubled.push(format!("{email} stands {counts:?} times"));
            return;
        }
        let (cliengo, ghl) = (seen[0].first(), seen[1].first());
        match (person.removed, self.on_delete, cliengo, ghl) {
            (None, _, Some(cliengo), Some(ghl)) => self.compare(who, person, cliengo, ghl, findings),
            (None, _, None, None) => findings.lost.push(format!("{email} is nowhere")),
            (None, ..) => self.apart(who, "contact", email, format!("{email} stands {counts:?} times"), findings),
            (Some(_), OnDelete::Propagate, None, None) => {}
            (Some(_), OnDelete::Propagate, ..) => {
                self.apart(who, "contact", email, format!("{email} was removed and stands {counts:?} times"), findings);
            }
            (Some(side), ..) => {
                let expected = if side == Side::Cliengo { [0, 1] } else { [1, 0] };
                let list = if counts == [0, 0] { &mut findings.lost } else { &mut findings.doubled };
                if counts != expected {
                    list.push(format!("{email} was removed in {side} and stands {counts:?} times"));
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
        let email = &person.email;
        for field in ["name", "phone"] {
            let (one, other) = (cliengo.fields.get(field), ghl.fields.get(field));
            if one != other {
                self.apart(who, "contact", email, format!("{field} of {email}: {one:?} and {other:?}"), findings);
            }
            for side in Side::BOTH {
                let changes: Vec<&Change> = person.changes.iter().filter(|change| change.field == field).collect();
                let Some(at) = changes.iter().rposition(|change| change.side == side) else { continue };
                let Some(change) = changes.get(at) else { continue };
                let stands = [one, other].iter().any(|value| value.is_some_and(|value| *value == change.value));
                let replaced = changes.iter().skip(at + 1).any(|later| later.agreed);
                let said = self
                    .in_conflict
                    .iter()
                    .any(|in_conflict| in_conflict.ends_with(&change.value) || *in_conflict == change.value);
                if !stands && !replaced && !said {
                    findings
                        .lost
                        .push(format!("{field} {:?} of {email} in {side}: {one:?} and {other:?}", change.value));
                }
            }
        }
        let is_hidden = self.hides_first && self.first.contains(&cliengo.id);
        for (tag, wanted) in &person.tags {
            let there = [cliengo.tags.contains(tag), ghl.tags.contains(tag)];
            match (wanted, there) {
                (true, [false, false]) => findings.lost.push(format!("{tag} of {email}")),
                (true, [true, true]) | (false, [false, false]) => {}
                (true, [true, false]) | (false, [false, true]) if !self.shows_tags || is_hidden => {}
                // `null` says neither that there are none nor that there are some.
                (false, [false, true]) if self.null_when_none && cliengo.tags.is_empty() => {}
                _ => self.apart(who, "contact", tag, format!("{tag} of {email}: {there:?}, wanted {wanted}"), findings),
            }
        }
        for child in &person.children {
            self.compare_child(who, email, child, cliengo, ghl, findings);
        }
    }

    fn compare_child(
        &self,
        who: usize,
        email: &str,
        child: &Child,
        cliengo: &Seen,
        ghl: &Seen,
        findings: &mut Findings,
    ) {
        let text = &child.text;
        let count = |seen: &Seen| match child.kind {
            EditKind::Note => seen.notes.iter().filter(|note| *note == text).count(),
            _ => seen.tasks.iter().filter(|(title, _)| title == text).count(),
        };
        let counts = [count(cliengo), count(ghl)];
        if counts.iter().any(|count| *count > 1) {
            findings.doubled.push(format!("{text:?} of {email} stands {counts:?} times"));
            return;
        }
        if child.kind == EditKind::Task && !self.extended {
            // Cliengo has no tasks: GHL's stay as they are.
            let stays = counts == [0, usize::from(child.is_there)];
            let list = if child.is_there { &mut findings.lost } else { &mut findings.doubled };
            if !stays {
                list.push(format!("{text:?} of {email} stands {counts:?} times, without tasks in Cliengo"));
            }
            return;
        }
        let kind = kind_of(child.kind);
        match (child.is_there, counts) {
            (true, [1, 1]) => {
                let done = |seen: &Seen| seen.tasks.iter().any(|(title, done)| title == text && *done);
                if child.kind == EditKind::Task && (done(cliengo), done(ghl)) != (child.is_done, child.is_done) {
                    let what = format!("{text:?} of {email}: done {} and {}", done(cliengo), done(ghl));
                    self.apart(who, kind, text, what, findings);
                }
            }
            (false, [0, 0]) => {}
            (true, [0, 0]) => findings.lost.push(format!("{text:?} of {email}")),
            (wanted, counts) => {
                self.apart(who, kind, text, format!("{text:?} of {email}: {counts:?}, wanted {wanted}"), findings);
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
