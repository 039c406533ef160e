//! What people did, and whether it is there in the end: read from both CRMs' own stores, with none of the program's code.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, World};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Failure;

/// Fields that people change.
const FIELDS: [&str; 3] = ["name", "email", "phone"];

/// People whom both sides change on one day, so that somebody has to win.
const PENDING_CONFLICTS: usize = 2;

/// A change of a field.
struct Change {
    side: Side,
    value: String,
    /// Whether both sides told the same before it: then it disputes nothing.
    agreed: bool,
}

/// Everything that was done since the beginning.
#[derive(Default)]
pub struct Ledger {
    /// Who stands under an id.
    people: HashMap<(Side, String), usize>,
    changes: BTreeMap<(usize, &'static str), Vec<Change>>,
    /// Texts of notes and titles of tasks that were written and left alone: whose they are.
    texts: BTreeMap<String, usize>,
    /// Tags that were put on somebody and left there.
    tags: BTreeSet<(usize, String)>,
    /// Values that a report named in a conflict.
    in_conflict: BTreeSet<String>,
    edits: usize,
}

/// What became of it all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    pub edits: usize,
    pub contacts: usize,
    pub notes: usize,
    pub tasks: usize,
    pub in_conflict: usize,
    /// What is nowhere, and no report spoke of.
    pub lost: Vec<String>,
    /// What is there more than once.
    pub doubled: Vec<String>,
}

/// What a side tells of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Story {
    fields: BTreeMap<&'static str, String>,
    tags: BTreeSet<String>,
    notes: Vec<String>,
    tasks: Vec<String>,
}

fn text<'a>(row: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().find_map(|key| row.get(*key)?.as_str()).unwrap_or_default().trim()
}

/// As it reads: without markup and doubled blanks.
fn plain(text: &str) -> String {
    let mut read = String::new();
    let mut inside = false;
    for letter in text.replace("<br>", " ").replace("</p><p>", " ").chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => read.push(other),
            _ => {}
        }
    }
    let read = read.replace("&nbsp;", " ").replace("&amp;", "&").replace("&quot;", "\"");
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rows<'a>(dump: &'a Value, side: Side, kinds: &str) -> impl Iterator<Item = &'a Value> {
    dump.get(side.as_str()).and_then(|side| side.get(kinds)).and_then(Value::as_array).into_iter().flatten()
}

fn told(row: &Value) -> BTreeMap<&'static str, String> {
    let name = format!("{} {}", text(row, &["firstName", "name"]), text(row, &["lastName"]));
    let digits: Vec<char> = text(row, &["phone"]).chars().filter(char::is_ascii_digit).collect();
    // The same line, however it is written.
    let line: String = digits.get(digits.len().saturating_sub(8)..).unwrap_or_default().iter().collect();
    let email = text(row, &["email"]).to_lowercase();
    BTreeMap::from([("name", plain(&name).to_lowercase()), ("email", email), ("phone", line)])
}

/// Every contact's story, by id.
fn stories(dump: &Value, side: Side) -> BTreeMap<String, Story> {
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    for row in rows(dump, side, "contacts") {
        let tags = row.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let tags = tags.map(|tag| tag.trim().to_lowercase()).collect();
        let story = Story { fields: told(row), tags, ..Story::default() };
        stories.insert(text(row, &["id"]).to_owned(), story);
    }
    for (kinds, keys) in [("notes", &["message", "body"][..]), ("tasks", &["title"][..])] {
        for row in rows(dump, side, kinds) {
            let Some(story) = stories.get_mut(text(row, &["contact_id", "contactId"])) else { continue };
            let said = plain(text(row, keys));
            if kinds == "notes" {
                story.notes.push(said);
            } else {
                let done = row.get("completed").and_then(Value::as_bool).unwrap_or_default();
                story.tasks.push(format!("{said} (done: {done})"));
            }
        }
    }
    for story in stories.values_mut() {
        story.notes.sort();
        story.tasks.sort();
    }
    stories
}

impl Ledger {
    /// A day's work: edits at random, some of them on both sides at once.
    pub fn day(&mut self, world: &World, edits: usize, rng: &mut fastrand::Rng) -> Result<(), Failure> {
        let before = world.dump()?;
        self.meet(&before);
        let morning = Side::BOTH.map(|side| stories(&before, side));
        let mut done = world.random_edits(edits, rng)?;
        done.extend(self.pending_conflict(world, &morning, rng)?);
        self.edits += done.len();
        let after = world.dump()?;
        self.meet(&after);
        let mut touched = BTreeSet::new();
        for edit in &done {
            self.note_down(edit, &morning, &after, &mut touched);
        }
        Ok(())
    }

    /// Learns who stands under which ids: whose e-mail is the same on both sides is the same. Who has none yet (a CRM may not
    /// have kept it) is met when it is there.
    fn meet(&mut self, dump: &Value) {
        let mut by_email: HashMap<String, usize> = HashMap::new();
        let everybody: Vec<(Side, String, String)> = Side::BOTH
            .into_iter()
            .flat_map(|side| rows(dump, side, "contacts").map(move |row| (side, row)))
            .map(|(side, row)| (side, text(row, &["id"]).to_owned(), text(row, &["email"]).to_lowercase()))
            .filter(|(_, _, email)| !email.is_empty())
            .collect();
        for (side, id, email) in &everybody {
            if let Some(who) = self.people.get(&(*side, id.clone())) {
                by_email.insert(email.clone(), *who);
            }
        }
        for (side, id, email) in everybody {
            let next = self.people.len();
            let who = *by_email.entry(email).or_insert(next);
            self.people.entry((side, id)).or_insert(who);
        }
    }

    fn id_of(&self, who: usize, side: Side) -> Option<&str> {
        let found = self.people.iter().find(|((of, _), person)| *of == side && **person == who);
        found.map(|((_, id), _)| id.as_str())
    }

    /// Changes some people's phones on both sides, to different ones.
    fn pending_conflict(
        &self,
        world: &World,
        morning: &[BTreeMap<String, Story>; 2],
        rng: &mut fastrand::Rng,
    ) -> Result<Vec<Edit>, Failure> {
        let [cliengo, _] = morning;
        let ids: Vec<&String> = cliengo.keys().collect();
        let mut done = Vec::new();
        for _ in 0..PENDING_CONFLICTS {
            let Some(id) = rng.choice(&ids) else { break };
            let Some(who) = self.people.get(&(Side::Cliengo, (*id).clone())) else { continue };
            let Some(ghl) = self.id_of(*who, Side::Ghl) else { continue };
            for (side, id) in [(Side::Cliengo, id.as_str()), (Side::Ghl, ghl)] {
                let set = json!({ "phone": format!("+549117{:07}", rng.u32(..10_000_000)) });
                let set = set.as_object().cloned().unwrap_or_default();
                let (op, kind) = (EditOp::Update, EditKind::Contact);
                done.push(world.edit(&Edit { side, op, kind, contact: Some(id.to_owned()), id: None, set })?);
            }
        }
        Ok(done)
    }

    fn note_down(
        &mut self,
        edit: &Edit,
        morning: &[BTreeMap<String, Story>; 2],
        after: &Value,
        touched: &mut BTreeSet<(usize, &'static str)>,
    ) {
        let id = if edit.kind == EditKind::Contact {
            edit.contact.as_ref().or(edit.id.as_ref())
        } else {
            edit.contact.as_ref()
        };
        let Some(who) = id.and_then(|id| self.people.get(&(edit.side, id.clone()))).copied() else { return };
        match (edit.kind, edit.op) {
            (EditKind::Contact, EditOp::Update) => {
                for field in FIELDS {
                    let is_set = edit.set.keys().any(|key| key.to_lowercase().ends_with(field));
                    let Some(row) = rows(after, edit.side, "contacts")
                        .find(|row| Some(text(row, &["id"])) == id.map(String::as_str))
                    else {
                        continue;
                    };
                    if !is_set {
                        continue;
                    }
                    let value = told(row).remove(field).unwrap_or_default();
                    let [cliengo, ghl] = morning;
                    let had = |stories: &BTreeMap<String, Story>, side| {
                        stories.get(self.id_of(who, side)?)?.fields.get(field).cloned()
                    };
                    let agreed = touched.insert((who, field)) && had(cliengo, Side::Cliengo) == had(ghl, Side::Ghl);
                    self.changes.entry((who, field)).or_default().push(Change { side: edit.side, value, agreed });
                }
            }
            (EditKind::Tag, EditOp::Create) => _ = self.tags.insert((who, tag_of(edit))),
            (EditKind::Tag, _) => _ = self.tags.remove(&(who, tag_of(edit))),
            (EditKind::Note | EditKind::Task, EditOp::Create) => {
                let said = ["title", "message", "body"].iter().find_map(|key| edit.set.get(*key)?.as_str());
                self.texts.insert(plain(said.unwrap_or_default()), who);
            }
            // Which text it had is not asked: nothing is expected of this person's texts of that kind any more.
            (EditKind::Note | EditKind::Task, _) => self.texts.retain(|_, whose| *whose != who),
            (EditKind::Contact, _) => {}
        }
    }

    /// A report's conflicts.
    pub fn hear(&mut self, in_conflict: impl IntoIterator<Item = String>) {
        self.in_conflict.extend(in_conflict.into_iter().map(|value| value.to_lowercase()));
    }

    /// Looks at both sides.
    pub fn verdict(&mut self, world: &World) -> Result<Verdict, Failure> {
        let dump = world.dump()?;
        self.meet(&dump);
        let told = Side::BOTH.map(|side| stories(&dump, side));
        let mut verdict = Verdict { edits: self.edits, in_conflict: self.in_conflict.len(), ..Verdict::default() };
        let mut by_person: BTreeMap<usize, [Vec<&Story>; 2]> = BTreeMap::new();
        for (at, (side, stories)) in Side::BOTH.into_iter().zip(&told).enumerate() {
            for (id, story) in stories {
                verdict.count(side, id, story);
                let Some(who) = self.people.get(&(side, id.clone())) else {
                    verdict.lost.push(format!("without an e-mail in {side}: {story:?}"));
                    continue;
                };
                if let Some(place) = by_person.entry(*who).or_default().get_mut(at) {
                    place.push(story);
                }
            }
        }
        for (who, sides) in &by_person {
            match sides.each_ref().map(Vec::as_slice) {
                [[cliengo], [ghl]] if cliengo == ghl => self.judge(*who, ghl, &mut verdict),
                [[cliengo], [ghl]] => verdict.lost.push(format!("they differ: {cliengo:?} and {ghl:?}")),
                [[], _] | [_, []] => verdict.lost.push(format!("on one side only: {sides:?}")),
                _ => verdict.doubled.push(format!("{sides:?}")),
            }
        }
        Ok(verdict)
    }

    /// Holds what both sides tell of somebody to what was done to them.
    fn judge(&self, who: usize, story: &Story, verdict: &mut Verdict) {
        for ((_, field), changes) in self.changes.range((who, "")..(who + 1, "")) {
            let stands = story.fields.get(field).cloned().unwrap_or_default();
            for side in Side::BOTH {
                let Some(at) = changes.iter().rposition(|change| change.side == side) else { continue };
                let Some(change) = changes.get(at) else { continue };
                // Whoever changed it later, where both told the same, saw it.
                let replaced = changes.iter().skip(at + 1).any(|later| later.agreed);
                let said = self.in_conflict.iter().any(|in_conflict| in_conflict.ends_with(&change.value));
                if stands != change.value && !replaced && !said {
                    verdict.lost.push(format!("{field} {:?} of {side}; {stands:?} stands", change.value));
                }
            }
        }
        for (text, _) in self.texts.iter().filter(|(_, whose)| **whose == who) {
            if !story.notes.contains(text) && !story.tasks.iter().any(|task| task.starts_with(text.as_str())) {
                verdict.lost.push(format!("the text {text:?}"));
            }
        }
        for (_, tag) in self.tags.range((who, String::new())..(who + 1, String::new())) {
            if !story.tags.contains(tag) {
                verdict.lost.push(format!("the tag {tag:?}"));
            }
        }
    }
}

impl Verdict {
    /// Counts what a contact has, and what of it twice.
    fn count(&mut self, side: Side, id: &str, story: &Story) {
        if side == Side::Ghl {
            self.contacts += 1;
            self.notes += story.notes.len();
            self.tasks += story.tasks.len();
        }
        for texts in [&story.notes, &story.tasks] {
            let twice = texts.windows(2).filter(|pair| matches!(pair, [one, other] if one == other));
            self.doubled.extend(twice.flatten().step_by(2).map(|text| format!("{text:?} of {id} in {side}")));
        }
    }
}

fn tag_of(edit: &Edit) -> String {
    edit.set.get("tag").and_then(Value::as_str).unwrap_or_default().trim().to_lowercase()
}
