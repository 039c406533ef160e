//! Notes: plain text and markup.

use concord::record::Side;
use serde_json::{Value as Json, json};

use super::*;

const PLAIN: [&str; 2] = ["plain", "markup"];
const READ: [&str; 5] = ["link", "entities", "struck", "rare-tag", "deep"];
const REMADE: [&str; 2] = ["note-title", "dnd"];
/// Played by `tests/crm_http/bodies.rs`: the embedded CRMs cannot hold them.
const ELSEWHERE: [&str; 1] = ["surrogate"];

#[test]
fn every_kind_of_text_is_played() {
    all_kinds_are_played("text.json", &[&PLAIN, &READ, &REMADE, &ELSEWHERE]);
}

#[tokio::test]
async fn plain_text_stays_plain_as_the_cases_say() {
    play("text.json", &PLAIN, plain).await;
}

#[tokio::test]
async fn notes_of_ghl_read_as_the_cases_say() {
    play("text.json", &READ, of_ghl).await;
}

#[tokio::test]
async fn what_is_made_again_is_made_of_everything_that_was_known_as_the_cases_say() {
    play("text.json", &REMADE, remade).await;
}

/// What was deleted in GHL and edited in Cliengo is made again; what a PUT would drop goes along.
async fn remade(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let plot = Plot { account: "ghl = { note_fields = \"lost\" }".parse().unwrap(), ..Plot::extended() };
    let text = "[pair.house]\nsandbox = true\nregion = \"AR\"\n[pair.house.contacts]\non_delete = \"propagate\"\n";
    let pair = Config::parse(text, Path::new("schedules.toml")).unwrap().pairs.remove(0);
    let house = House::furnish(&plot, pair).await;
    let person = house.person(1);
    if given["ghl contact"].is_object() {
        house.change(Side::Ghl, &person, &given["ghl contact"]);
    }
    if given["ghl note"].is_object() {
        house.edit(Side::Ghl, EditOp::Create, EditKind::Note, Some(&person.ghl), None, &given["ghl note"]);
    }
    house.good_night().await;
    let then = given["then"].as_str().unwrap();
    if then.starts_with("its text") {
        let id = house.only(Side::Cliengo, "notes");
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &id, &json!({ "body": "El portón ya cierra" }));
    } else {
        house.change(Side::Cliengo, &person, &json!({ "name": "Nombre Nuevo" }));
    }
    if then.contains("the note deleted") {
        let id = house.only(Side::Ghl, "notes");
        house.remove_child(Side::Ghl, EditKind::Note, &person, &id);
    } else if then.contains("deleted in GHL") {
        house.remove(Side::Ghl, &person);
    }
    let mut said = String::new();
    for _ in 0..2 {
        said.push_str(&told(&house.night().await));
    }
    if let Some(title) = right.get("ghl note title") {
        let rows = house.rows(Side::Ghl, "notes");
        needs(&mut wrong, rows.len() == 1, || format!("GHL has {rows:?}"));
        is(&mut wrong, "the title in GHL", &rows[0]["title"], title);
    }
    for (key, right) in right["ghl contact"].as_object().into_iter().flatten() {
        is(&mut wrong, key, &house.rows(Side::Ghl, "contacts")[0][key], right);
    }
    if then.contains("contact is edited") {
        needs(&mut wrong, said.contains("enrolments"), || format!("what stays behind is not said: {said}"));
    }
    quiet(&house, 2, &mut wrong).await;
    wrong
}

async fn two(given: &Json) -> (House, Person) {
    let house = house(given, "").await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

/// What a person sees of a body in GHL: tags are none, entities are what they stand for.
fn shown(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.replace("<br>", "\n").chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")] {
        text = text.replace(entity, c);
    }
    text
}

/// The body of the only note of a side.
fn note(house: &House, side: Side) -> String {
    let key = if side == Side::Ghl { "body" } else { "message" };
    let rows = house.rows(side, "notes");
    rows.first().and_then(|row| row[key].as_str()).unwrap_or_default().to_owned()
}

async fn plain(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let (house, person) = two(&given).await;
    if let Some(title) = given["cliengo task title"].as_str() {
        house.task(Side::Cliengo, &person, title);
        house.night().await;
        is(&mut wrong, "the title in GHL", &house.rows(Side::Ghl, "tasks")[0]["title"], &right["ghl task title"]);
        quiet(&house, 2, &mut wrong).await;
        return wrong;
    }
    let id = house.note(Side::Cliengo, &person, given["cliengo note"].as_str().unwrap());
    house.night().await;
    if let Some(edited) = given["edited to"].as_str() {
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &id, &json!({ "body": edited }));
        house.night().await;
    }
    let sent = note(&house, Side::Ghl);
    is(&mut wrong, "what GHL shows", &shown(&sent).into(), &right["ghl shows"]);
    if right["live tags in ghl"].is_array() {
        let live = ["<script", "<b>", "<img"].iter().any(|tag| sent.contains(tag)) || sent.matches("<p>").count() > 1;
        needs(&mut wrong, !live, || format!("GHL has live tags: {sent}"));
    }
    quiet(&house, right["quiet nights"].as_u64().unwrap_or(2), &mut wrong).await;
    if let Some(after) = right.get("cliengo note afterwards") {
        is(&mut wrong, "Cliengo's note afterwards", &note(&house, Side::Cliengo).into(), after);
    }
    wrong
}

async fn of_ghl(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let (house, person) = two(&given).await;
    let body = match &given["ghl note"] {
        Json::String(body) => body.clone(),
        deep => {
            let (open, times) = (deep["open"].as_str().unwrap(), deep["times"].as_u64().unwrap());
            let close: String =
                open.split('<').rev().filter(|tag| !tag.is_empty()).map(|tag| format!("</{tag}")).collect();
            let (times, text) = (usize::try_from(times).unwrap(), deep["text"].as_str().unwrap());
            format!("{}{text}{}", open.repeat(times), close.repeat(times))
        }
    };
    house.note(Side::Ghl, &person, &body);
    house.night().await;
    let message = note(&house, Side::Cliengo);
    if let Some(right) = right["cliengo note"].as_str() {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        is(&mut wrong, "Cliengo's note", &words(&message).into(), &words(right).into());
    }
    for part in right["cliengo note contains"].as_array().into_iter().flatten() {
        needs(&mut wrong, message.contains(part.as_str().unwrap()), || format!("{part} is not in {message:?}"));
    }
    if let Some(edit) = given["edited in cliengo"].as_array() {
        let edited = message.replace(edit[0].as_str().unwrap(), edit[1].as_str().unwrap());
        let id = house.only(Side::Cliengo, "notes");
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &id, &json!({ "body": edited }));
        let finished = house.night().await;
        let after = note(&house, Side::Ghl);
        let address = right["address"].as_str().or(given["ghl note"].as_str()).unwrap_or_default();
        needs(&mut wrong, after == body || after.contains(address), || format!("GHL has {after}"));
        needs(&mut wrong, is_held(&finished, HeldReason::MarkupLoss), || told(&finished));
        needs(&mut wrong, finished.needs_a_person(), || "nobody is asked".to_owned());
    }
    quiet(&house, 2, &mut wrong).await;
    if let Some(after) = right.get("ghl note afterwards") {
        is(&mut wrong, "GHL's note afterwards", &note(&house, Side::Ghl).into(), after);
    }
    wrong
}
