//! What both sides tell of the same people, read from the CRMs' own stores with none of the product's code.

use std::collections::{BTreeMap, BTreeSet};

use concord::record::{Kind, Side, SideId};
use concord::state::State;
use serde_json::Value;

use crate::house::House;

/// What is compared; a field that one side cannot hold is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Story {
    name: String,
    email: Option<String>,
    phone: Option<String>,
    tags: BTreeSet<String>,
    notes: Vec<String>,
    tasks: Vec<String>,
}

/// What a profile cannot carry over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind {
    pub tags: bool,
    pub tasks: bool,
}

/// Text as it reads: without tags, entities of the seed and doubled blanks.
pub fn plain(text: &str) -> String {
    let mut read = String::new();
    let mut inside = false;
    for character in text.replace("<br>", " ").replace("</p><p>", " ").chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => read.push(other),
            _ => {}
        }
    }
    let read = read.replace("&nbsp;", " ").replace("&amp;", "&").replace("&quot;", "\"");
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().trim().to_owned()
}

/// The last eight digits: the same line, however it is written.
fn line(phone: &str) -> Option<String> {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 8).then(|| digits[digits.len() - 8..].iter().collect())
}

fn email(row: &Value) -> Option<String> {
    let email = text(row, "email").to_lowercase();
    let is_placeholder = email.split('@').next().is_some_and(|local| local.chars().all(|c| c.is_ascii_digit()));
    (!email.is_empty() && !is_placeholder).then_some(email)
}

fn tags(row: &Value) -> BTreeSet<String> {
    row["tags"].as_array().into_iter().flatten().map(|tag| tag.as_str().unwrap().trim().to_lowercase()).collect()
}

/// Every contact's story, by id.
fn stories(dump: &Value, side: Side, blind: Blind) -> BTreeMap<String, Story> {
    let rows = |kinds: &str| dump[side.as_str()][kinds].as_array().unwrap().clone();
    let mut stories = BTreeMap::new();
    for row in rows("contacts") {
        let name = match side {
            Side::Cliengo => format!("{} {}", text(&row, "name"), text(&row, "lastName")),
            Side::Ghl => format!("{} {}", text(&row, "firstName"), text(&row, "lastName")),
        };
        let story = Story {
            name: name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
            email: email(&row),
            phone: line(&text(&row, "phone")),
            tags: if blind.tags { BTreeSet::new() } else { tags(&row) },
            ..Story::default()
        };
        stories.insert(text(&row, "id"), story);
    }
    let parent = |row: &Value| text(row, if side == Side::Cliengo { "contact_id" } else { "contactId" });
    for row in rows("notes") {
        let body = plain(&text(&row, if side == Side::Cliengo { "message" } else { "body" }));
        stories.get_mut(&parent(&row)).unwrap().notes.push(body);
    }
    for row in rows("tasks").into_iter().filter(|_| !blind.tasks) {
        let told = format!("{} done: {}", text(&row, "title"), row["completed"].as_bool().unwrap());
        stories.get_mut(&parent(&row)).unwrap().tasks.push(told);
    }
    for story in stories.values_mut() {
        story.notes.sort();
        story.tasks.sort();
    }
    stories
}

/// Asserts that every linked contact tells the same on both sides, and says how many there are.
pub fn both_sides_tell_the_same(house: &House, blind: Blind) -> usize {
    let state = State::open_read_only(&house.state_path()).unwrap().unwrap();
    let (cliengo, ghl) = (stories(&house.dump(), Side::Cliengo, blind), stories(&house.dump(), Side::Ghl, blind));
    let mut linked = 0;
    for (id, mut story) in cliengo {
        let Some(link) = state.link_of(Kind::Contact, &SideId::new(Side::Cliengo, id.as_str())).unwrap() else {
            continue;
        };
        let mut counterpart = ghl[link.ids.of(Side::Ghl).unwrap()].clone();
        if story.email.is_none() || counterpart.email.is_none() {
            // A placeholder stays where it is, and is not sent.
            let is_placeholder = house
                .rows(Side::Cliengo, "contacts")
                .iter()
                .any(|row| row["id"] == *id && text(row, "email").contains('@'));
            if is_placeholder && story.email.is_none() {
                (story.email, counterpart.email) = (None, None);
            }
        }
        if story.phone.is_none() && counterpart.phone.is_none() {
            counterpart.phone = None;
        }
        assert_eq!(story, counterpart, "{:?}", link.ids);
        linked += 1;
    }
    linked
}

/// Everything that each side tells, without its ids.
pub fn outlines(house: &House) -> [Vec<String>; 2] {
    outlines_of(&house.dump())
}

/// The same of a sandbox's dump.
pub fn outlines_of(dump: &Value) -> [Vec<String>; 2] {
    Side::BOTH.map(|side| {
        let stories = stories(dump, side, Blind::default());
        let mut told: Vec<String> = stories.values().map(|story| format!("{story:?}")).collect();
        told.sort();
        told
    })
}

/// How many contacts of a side carry each e-mail.
pub fn emails(house: &House, side: Side) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for email in house.rows(side, "contacts").iter().filter_map(email) {
        *counts.entry(email).or_default() += 1;
    }
    counts
}
