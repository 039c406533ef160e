//! What people did in both CRMs: days of edits, by a seed.

use std::collections::{BTreeMap, BTreeSet};

use concord::record::Side;
use concord::sandbox::account::cliengo::{Tags, Unusual};
use concord::sandbox::account::ghl::{Additional, CompletedTasks};
use concord::sandbox::{AccountProfile, Edit, EditKind, EditOp, World};
use serde_json::{Map, Value, json};

use super::Failure;
use super::drawn::{self, Newcomer, Text, Waiting};
use super::generator::Written;
use super::seen::{Seen, bare_email, everybody, is_one_name, line, name_key, tag_key};

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

/// A note or a task that somebody wrote; no other has its mark.
#[expect(clippy::struct_excessive_bools, reason = "what was done with it, each read by its name")]
pub(super) struct Child {
    pub kind: EditKind,
    pub mark: String,
    /// What must be read of it, and whether it was written with markup.
    pub reads: Vec<String>,
    pub is_rich: bool,
    pub is_there: bool,
    pub is_done: bool,
    /// Edited or removed once: not again.
    pub changed: bool,
}

/// A change of a field.
pub(super) struct Change {
    pub field: &'static str,
    pub side: Side,
    pub value: String,
    /// Whether both sides said the same before: then it disputes nothing.
    pub agreed: bool,
}

/// Somebody, whoever shares their line or their name.
#[derive(Default)]
pub(super) struct Person {
    /// By what they can be told from others: e-mails, lines and names.
    pub emails: BTreeSet<String>,
    pub lines: BTreeSet<String>,
    pub names: BTreeSet<String>,
    /// Contacts that they have in Cliengo besides the first.
    pub further: usize,
    /// Whether the last run ended well and left it on both sides.
    pub agreed: bool,
    /// On which side somebody deleted it.
    pub removed: Option<Side>,
    pub changes: Vec<Change>,
    /// By how they compare.
    pub tags: BTreeMap<String, bool>,
    pub children: Vec<Child>,
}

/// What one side shows of everybody, and who is nobody.
#[derive(Debug, Default)]
pub(super) struct View {
    pub people: BTreeMap<usize, Vec<Seen>>,
    pub nobody: Vec<Seen>,
}

/// Everything that was done, and what reports said of it.
#[expect(clippy::struct_excessive_bools, reason = "what the drawn account can do, each read by its name")]
pub struct People {
    pub(super) on_delete: OnDelete,
    /// Cliengo has tasks, and notes and tags can be changed there.
    pub(super) extended: bool,
    /// Cliengo shows its tags: else what a person puts on there goes nowhere.
    pub(super) shows_tags: bool,
    /// Cliengo's list has `null` for the tags of one contact: whoever has the first id.
    pub(super) hides_first: bool,
    /// The first id of Cliengo's contacts when the last run began, and when they were looked at since.
    pub(super) first: BTreeSet<String>,
    /// Cliengo's contacts that had no tags when the last run began.
    pub(super) without_tags: BTreeSet<String>,
    /// GHL's list leaves out what is completed: it is asked for by id after two looks.
    hides_completed: bool,
    /// A fault of this night leaves rows out.
    pub(super) hides_rows: bool,
    /// Whether a list has shown tags of anybody in Cliengo; before, they are unknown. (rule 14)
    pub(super) tags_were_shown: bool,
    /// Whether tonight's list shows some.
    pub(super) shows_tags_tonight: bool,
    /// Contacts that were linked before, and their tags in Cliengo, when a list first showed tags: they are only taken down.
    pub(super) taken_down: BTreeSet<(String, String)>,
    /// Whose link stood after the last night.
    pub(super) linked: BTreeSet<String>,
    /// Cliengo shows `null` where there are no tags.
    pub(super) null_when_none: bool,
    #[expect(clippy::struct_field_names, reason = "the people themselves")]
    pub(super) people: Vec<Person>,
    waiting: Waiting,
    number: u32,
    /// Whose every id is or was.
    pub(super) owners: BTreeMap<String, usize>,
    /// Of whom a report said that something of a kind waits or cannot be held.
    pub(super) said: BTreeSet<(usize, String)>,
    /// Values that a report named in a conflict.
    pub(super) in_conflict: BTreeSet<String>,
    /// What was removed since the run before the last one: it may take two looks.
    pub(super) removed_lately: [BTreeSet<String>; 3],
}

/// A side's only contact of somebody, or the one that is linked.
pub(super) fn main_of<'a>(seen: &'a [Seen], links: &BTreeSet<String>) -> Option<&'a Seen> {
    match seen {
        [one] => Some(one),
        several => several.iter().find(|seen| links.contains(&seen.id)),
    }
}

/// How a report calls a kind.
pub(super) fn kind_of(kind: EditKind) -> &'static str {
    match kind {
        EditKind::Note => "note",
        EditKind::Task => "task",
        EditKind::Contact | EditKind::Tag => "contact",
    }
}

/// A phone as GHL's own form takes it: with a `+` where the country is written.
fn dialled(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let international = digits.strip_prefix("00").unwrap_or(&digits);
    let has_country = ["54", "52", "55", "56", "57", "598"].iter().any(|country| international.starts_with(country));
    if !phone.starts_with('+') && has_country && international.len() >= 11 {
        format!("+{international}")
    } else {
        phone.to_owned()
    }
}

fn edit(world: &World, edit: Edit, set: &Value) -> Result<String, Failure> {
    let set: Map<String, Value> = set.as_object().cloned().unwrap_or_default();
    Ok(world.edit(&Edit { set, ..edit })?.id.unwrap_or_default())
}

impl People {
    /// `count` people at least: on both sides, on one, sharing lines; with a note, a task and a tag here and there.
    pub fn begin(
        world: &World,
        count: u32,
        extended: bool,
        account: &AccountProfile,
        on_delete: OnDelete,
        now: jiff::Timestamp,
        seed: u64,
    ) -> Result<Self, Failure> {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x9E0);
        let shows_also = matches!(account.ghl.additional, Additional::Objects | Additional::Texts);
        let mut people = Self {
            on_delete,
            extended,
            shows_tags: account.cliengo.tags != Tags::LeftOut,
            first: BTreeSet::new(),
            hides_first: account.cliengo.unusual == Unusual::NullList,
            without_tags: BTreeSet::new(),
            hides_completed: account.ghl.completed_tasks == CompletedTasks::LeftOut,
            hides_rows: false,
            tags_were_shown: false,
            shows_tags_tonight: false,
            taken_down: BTreeSet::new(),
            linked: BTreeSet::new(),
            null_when_none: account.cliengo.tags == Tags::NullWhenNone,
            people: Vec::new(),
            waiting: Waiting::draw(seed, shows_also, &mut rng),
            number: 0,
            owners: BTreeMap::new(),
            said: BTreeSet::new(),
            in_conflict: BTreeSet::new(),
            removed_lately: [const { BTreeSet::new() }; 3],
        };
        while people.people.len() < count as usize {
            people.come(world, now, &mut rng)?;
        }
        Ok(people)
    }

    fn next(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    /// The next who come together.
    fn come(&mut self, world: &World, now: jiff::Timestamp, rng: &mut fastrand::Rng) -> Result<(), Failure> {
        for newcomer in self.waiting.next()? {
            self.newcomer(world, &newcomer, now, rng)?;
        }
        Ok(())
    }

    fn newcomer(
        &mut self,
        world: &World,
        newcomer: &Newcomer,
        now: jiff::Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let who = self.people.len();
        let written: Vec<&Written> = newcomer.cliengo.iter().chain(&newcomer.ghl).collect();
        let emails = written.iter().flat_map(|one| [Some(&one.email), one.also.as_ref()]).flatten();
        self.people.push(Person {
            emails: emails.map(|email| bare_email(email)).filter(|email| !email.is_empty()).collect(),
            lines: written.iter().map(|one| line(&one.phone)).filter(|line| line.len() == 7).collect(),
            names: written.iter().map(|one| name_key(&one.name)).collect(),
            further: newcomer.cliengo.len().saturating_sub(1),
            ..Person::default()
        });
        let created = now.checked_sub(HOUR)?.to_string();
        let ours = newcomer.cliengo.iter().map(|one| (Side::Cliengo, one));
        for (side, one) in ours.chain(newcomer.ghl.iter().map(|one| (Side::Ghl, one))) {
            let phone = if side == Side::Ghl { dialled(&one.phone) } else { one.phone.clone() };
            let mut set = json!({ "name": one.name, "email": one.email, "phone": phone, "createdAt": created });
            if let (Side::Ghl, Some(also)) = (side, &one.also) {
                set.as_object_mut().map(|set| set.insert("additionalEmails".to_owned(), json!([also])));
            }
            let (op, kind) = (EditOp::Create, EditKind::Contact);
            let id = edit(world, Edit { side, op, kind, contact: None, id: None, set: Map::new() }, &set)?;
            self.owners.insert(id.clone(), who);
            self.child(world, who, side, &id, EditKind::Note, rng)?;
            if rng.u8(..3) == 0 && (self.extended || side == Side::Ghl) {
                self.child(world, who, side, &id, EditKind::Task, rng)?;
            }
            if rng.bool() {
                self.tag(world, who, side, &id, rng)?;
            }
        }
        Ok(())
    }

    fn child(
        &mut self,
        world: &World,
        who: usize,
        side: Side,
        contact: &str,
        kind: EditKind,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let number = self.next();
        let (mark, text) = text(kind, side, &format!("{number}."), false, rng);
        let set = match kind {
            EditKind::Note => json!({ "body": text.body }),
            _ => json!({ "title": text.body, "dueDate": "2027-03-24T15:00:00.000Z", "completed": false }),
        };
        let contact = Some(contact.to_owned());
        let id = edit(world, Edit { side, op: EditOp::Create, kind, contact, id: None, set: Map::new() }, &set)?;
        self.owners.insert(id, who);
        if let Some(person) = self.people.get_mut(who) {
            person.children.push(Child::new(kind, mark, text, side));
        }
        Ok(())
    }

    fn tag(
        &mut self,
        world: &World,
        who: usize,
        side: Side,
        contact: &str,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let tag = drawn::tag(self.next(), rng);
        let (op, kind, contact) = (EditOp::Create, EditKind::Tag, Some(contact.to_owned()));
        edit(world, Edit { side, op, kind, contact, id: None, set: Map::new() }, &json!({ "tag": tag }))?;
        if let Some(person) = self.people.get_mut(who) {
            person.tags.insert(tag_key(&tag), true);
        }
        Ok(())
    }

    /// A day's work on both sides.
    pub fn day(
        &mut self,
        world: &World,
        edits: usize,
        now: jiff::Timestamp,
        links: &BTreeSet<String>,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        for _ in 0..edits {
            let views = self.views(&world.dump()?);
            let side = if rng.bool() { Side::Cliengo } else { Side::Ghl };
            let who = rng.usize(..self.people.len());
            self.one(world, &views, links, (side, who), now, rng)?;
        }
        Ok(())
    }

    /// One edit; none where it would make no sense.
    fn one(
        &mut self,
        world: &World,
        views: &[View; 2],
        links: &BTreeSet<String>,
        (side, who): (Side, usize),
        now: jiff::Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let kind = rng.u8(..20);
        if kind < 2 {
            return self.come(world, now, rng);
        }
        let [cliengo, ghl] = views;
        let Some(person) = self.people.get(who).filter(|person| person.removed.is_none()) else { return Ok(()) };
        let (mine, other) = if side == Side::Cliengo { (cliengo, ghl) } else { (ghl, cliengo) };
        let main = |view: &View| main_of(view.people.get(&who)?, links).cloned();
        let (Some(seen), counterpart) = (main(mine), main(other)) else { return Ok(()) };
        let can_do_all = self.extended || side == Side::Ghl;
        let is_alone = person.further == 0;
        match kind {
            2..=6 => {
                // A phone by which both are still to be found is left alone.
                let is_alone = other.people.get(&who).is_none_or(Vec::is_empty) && is_alone;
                let may_move = is_alone || links.contains(&seen.id);
                self.change(world, (side, who), &seen, counterpart.as_ref(), may_move && rng.bool())
            }
            7 | 8 => self.tag(world, who, side, &seen.id, rng),
            9 if self.extended => self.untag(world, (side, who), &seen, counterpart.as_ref()),
            10..=12 => self.child(world, who, side, &seen.id, EditKind::Note, rng),
            13 | 14 if can_do_all => self.child(world, who, side, &seen.id, EditKind::Task, rng),
            15..=17 if can_do_all => self.change_child(world, (side, who), &seen, counterpart.as_ref(), rng),
            18 if is_alone && self.is_settled(who, &seen, counterpart.as_ref()) => {
                self.remove(world, side, who, &seen.id)
            }
            19 if side == Side::Cliengo => self.returns(world, who, &seen, counterpart.as_ref(), rng),
            _ => Ok(()),
        }
    }

    /// Whether both sides show the same of somebody: then nothing is on its way.
    fn is_settled(&self, who: usize, seen: &Seen, counterpart: Option<&Seen>) -> bool {
        let Some(other) = counterpart else { return false };
        let same = seen.field("phone") == other.field("phone")
            && is_one_name(seen.field("name"), other.field("name"))
            && seen.tag_names() == other.tag_names()
            && seen.notes.len() == other.notes.len();
        let is_said = self.said.iter().any(|(person, _)| *person == who);
        let is_agreed = self.people.get(who).is_some_and(|person| person.agreed);
        is_agreed && same && (seen.tasks.len() == other.tasks.len() || !self.extended) && !is_said
    }

    fn change(
        &mut self,
        world: &World,
        (side, who): (Side, usize),
        seen: &Seen,
        counterpart: Option<&Seen>,
        is_phone: bool,
    ) -> Result<(), Failure> {
        let number = self.next();
        let (field, value, set) = if is_phone {
            let local = 50_000_000 + number * 7919 % 10_000_000;
            let typed = match (side, number % 5) {
                (Side::Ghl, _) | (_, 0) => format!("+54911{local}"),
                (_, 1) => format!("011 15 {local}"),
                (_, 2) => format!("54911{local}@c.us"),
                (_, 3) => format!("(11) {local} (WhatsApp)"),
                _ => format!("54911{local}"),
            };
            ("phone", line(&local.to_string()), json!({ "phone": typed }))
        } else {
            let first = drawn::new_name(number);
            let last = match seen.last.as_str() {
                "" => seen.field("name").rsplit(' ').next().unwrap_or_default().to_owned(),
                last => last.to_owned(),
            };
            let full = format!("{first} {last}");
            let set = match side {
                Side::Cliengo if seen.last.is_empty() => json!({ "name": full }),
                Side::Cliengo => json!({ "name": first }),
                Side::Ghl => json!({ "firstName": first, "lastName": last }),
            };
            ("name", name_key(&full), set)
        };
        let (op, kind, contact) = (EditOp::Update, EditKind::Contact, Some(seen.id.clone()));
        edit(world, Edit { side, op, kind, contact, id: None, set: Map::new() }, &set)?;
        let agreed = counterpart.is_some_and(|other| match field {
            // A chatbot's filler disputes nothing. (`semantics` 39)
            "name" => {
                let names = [other.field(field), seen.field(field)];
                names.iter().any(|name| name.starts_with("visitante")) || is_one_name(names[0], names[1])
            }
            _ => other.field(field) == seen.field(field),
        });
        if let Some(person) = self.people.get_mut(who) {
            let known = if field == "name" { &mut person.names } else { &mut person.lines };
            known.insert(value.clone());
            person.changes.push(Change { field, side, value, agreed });
        }
        Ok(())
    }

    /// A visitor comes back, and the chatbot forgets the name: nobody may take that over. (`semantics` 39)
    fn returns(
        &mut self,
        world: &World,
        who: usize,
        seen: &Seen,
        counterpart: Option<&Seen>,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let is_young = self.people.get(who).is_none_or(|person| person.changes.iter().any(|change| !change.agreed));
        if is_young || counterpart.is_none_or(|other| !is_one_name(other.field("name"), seen.field("name"))) {
            return Ok(());
        }
        let set = json!({ "name": format!("Visitante {}", rng.u32(1000..9999)) });
        let (side, op, kind) = (Side::Cliengo, EditOp::Update, EditKind::Contact);
        let contact = Some(seen.id.clone());
        edit(world, Edit { side, op, kind, contact, id: None, set: Map::new() }, &set)?;
        Ok(())
    }

    fn untag(
        &mut self,
        world: &World,
        (side, who): (Side, usize),
        seen: &Seen,
        counterpart: Option<&Seen>,
    ) -> Result<(), Failure> {
        let Some(other) = counterpart else { return Ok(()) };
        let Some((key, tag)) = seen.tags.iter().find(|(key, _)| other.tags.contains_key(*key)) else { return Ok(()) };
        let (op, kind, contact) = (EditOp::Delete, EditKind::Tag, Some(seen.id.clone()));
        edit(world, Edit { side, op, kind, contact, id: None, set: Map::new() }, &json!({ "tag": tag }))?;
        if let Some(person) = self.people.get_mut(who) {
            person.tags.insert(key.clone(), false);
        }
        Ok(())
    }

    /// Edits, completes or removes a note or a task that both sides have.
    fn change_child(
        &mut self,
        world: &World,
        (side, who): (Side, usize),
        seen: &Seen,
        counterpart: Option<&Seen>,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Failure> {
        let number = self.next();
        let Some(person) = self.people.get_mut(who) else { return Ok(()) };
        let on_both = |child: &&mut Child| {
            let here = seen.ids.contains_key(&child.mark);
            here && counterpart.is_some_and(|other| other.ids.contains_key(&child.mark))
        };
        let Some(child) = person.children.iter_mut().filter(|child| child.is_there && !child.changed).find(on_both)
        else {
            return Ok(());
        };
        child.changed = true;
        let mut takes_two_looks = false;
        let (kind, id) = (child.kind, seen.ids.get(&child.mark).cloned());
        let gone = child.mark.clone();
        let (op, set) = match (rng.u8(..3), kind) {
            (0, _) => {
                child.is_there = false;
                (EditOp::Delete, json!({}))
            }
            (1, EditKind::Task) => {
                child.is_done = true;
                takes_two_looks = self.hides_completed && side == Side::Ghl;
                (EditOp::Update, json!({ "completed": true }))
            }
            (_, kind) => {
                let (mark, text) = text(kind, side, &format!("{number}."), true, rng);
                let set = json!({ if kind == EditKind::Note { "body" } else { "title" }: text.body });
                child.is_there = false;
                let is_done = child.is_done;
                person.children.push(Child { is_done, changed: true, ..Child::new(kind, mark, text, side) });
                (EditOp::Update, set)
            }
        };
        if takes_two_looks || person.children.iter().any(|child| child.mark == gone && !child.is_there) {
            self.removed_lately[0].insert(gone);
        }
        edit(world, Edit { side, op, kind, contact: Some(seen.id.clone()), id, set: Map::new() }, &set)?;
        Ok(())
    }

    fn remove(&mut self, world: &World, side: Side, who: usize, id: &str) -> Result<(), Failure> {
        let (op, kind, contact) = (EditOp::Delete, EditKind::Contact, Some(id.to_owned()));
        edit(world, Edit { side, op, kind, contact, id: None, set: Map::new() }, &json!({}))?;
        if let Some(person) = self.people.get_mut(who) {
            person.removed = Some(side);
            self.removed_lately[0].insert(removal(who));
        }
        Ok(())
    }

    /// Both sides of everybody; learns whose the ids are.
    pub(super) fn views(&mut self, dump: &Value) -> [View; 2] {
        Side::BOTH.map(|side| {
            let mut view = View::default();
            for seen in everybody(dump, side) {
                let Some(who) = self.owners.get(&seen.id).copied().or_else(|| self.whose(&seen)) else {
                    view.nobody.push(seen);
                    continue;
                };
                self.owners.insert(seen.id.clone(), who);
                for (mark, id) in &seen.ids {
                    // What stands under a stranger is still its writer's.
                    let writer = self.people.iter().position(|person| person.has_written(mark)).unwrap_or(who);
                    self.owners.insert(id.clone(), writer);
                }
                view.people.entry(who).or_default().push(seen);
            }
            view
        })
    }

    /// Whose contact this is that nobody made by hand: by what was written under it, by its e-mail, by its line and name.
    fn whose(&self, seen: &Seen) -> Option<usize> {
        let only = |is: &dyn Fn(&Person) -> bool| {
            let mut found = self.people.iter().enumerate().filter(|(_, person)| is(person)).map(|(who, _)| who);
            found.next().filter(|_| found.next().is_none())
        };
        let is_named = |person: &Person| person.names.iter().any(|name| is_one_name(name, seen.field("name")));
        let has_line = |person: &Person| person.lines.contains(seen.field("phone"));
        let wrote = || seen.ids.keys().find_map(|mark| only(&|person| person.has_written(mark)));
        let by_email = || only(&|person| person.emails.contains(&seen.email));
        wrote()
            .or_else(by_email)
            .or_else(|| only(&has_line))
            .or_else(|| only(&|person| has_line(person) && is_named(person)).or_else(|| only(&is_named)))
    }
}

impl Person {
    pub(super) fn has_written(&self, mark: &str) -> bool {
        self.children.iter().any(|child| child.mark == mark)
    }
}

impl Child {
    fn new(kind: EditKind, mark: String, text: Text, side: Side) -> Self {
        let is_rich = side == Side::Ghl && kind == EditKind::Note && text.body.starts_with("<p>");
        Self { kind, mark, reads: text.reads, is_rich, is_there: true, is_done: false, changed: false }
    }
}

/// How a removal is remembered.
pub(super) fn removal(who: usize) -> String {
    format!("person {who}")
}

/// A new text and its mark.
fn text(kind: EditKind, side: Side, number: &str, changed: bool, rng: &mut fastrand::Rng) -> (String, Text) {
    let word = match (changed, kind) {
        (true, _) => "Cambiada",
        (_, EditKind::Note) => "Nota",
        _ => "Tarea",
    };
    let mark = format!("{word} {number}");
    let text = match kind {
        EditKind::Note => drawn::note(&mark, side == Side::Ghl, rng),
        _ => drawn::title(&mark, rng),
    };
    (mark, text)
}
