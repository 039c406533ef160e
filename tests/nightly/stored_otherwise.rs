//! What a CRM stores in another form than it was sent, where the answer is lost: what was made is found, and what was written
//! is ours. And names of which a listing says only a part. (`semantics` 31, 39, 40, 41, 58)

use std::sync::Arc;

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, held, id_of, said};
use crate::proxy::before;

/// Locations that store a note otherwise.
const LOCATIONS: [&str; 3] = ["breaks", "paragraph", "escaped"];

async fn house(account: &str) -> (House, Person) {
    let plot = Plot { account: account.parse().unwrap(), ..Plot::extended() };
    let house = House::build(&plot).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

fn location(stored: &str) -> String {
    format!("[ghl]\nnote_stored = \"{stored}\"\n")
}

#[tokio::test]
async fn a_note_that_is_stored_in_another_form_is_found_again_when_the_answer_to_its_create_is_lost() {
    for stored in LOCATIONS {
        let (house, person) = house(&location(stored)).await;
        house.note(Side::Cliengo, &person, "uno & dos\n\n  tres");
        house.faults("reset-after-write@ghl:POST:/notes");
        house.night().await;
        house.faults("");
        house.night().await;
        for side in Side::BOTH {
            assert_eq!(house.rows(side, "notes").len(), 1, "{stored}, {side}: {:?}", house.rows(side, "notes"));
        }
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres", "{stored}");
    }
}

#[tokio::test]
async fn of_two_notes_the_one_that_says_what_was_sent_is_found_and_the_other_stays() {
    let (house, person) = house(&location("breaks")).await;
    house.note(Side::Cliengo, &person, "Llamar al cliente mañana");
    house.faults("reset-after-write@ghl:POST:/notes");
    house.night().await;
    house.faults("");
    // A shorter one, that could be what a location left of it.
    house.note(Side::Ghl, &person, "Llamar al cliente");
    house.night().await;
    house.quiet_night().await;
    for side in Side::BOTH {
        assert_eq!(house.rows(side, "notes").len(), 2, "{side}: {:?}", house.rows(side, "notes"));
    }
}

#[tokio::test]
async fn an_update_that_is_stored_in_another_form_is_ours_when_its_answer_is_lost() {
    for stored in LOCATIONS {
        let (house, person) = house(&location(stored)).await;
        let note = house.note(Side::Cliengo, &person, "Antes");
        house.good_night().await;
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &note, &json!({ "message": "uno & dos\n\n  tres" }));
        house.faults("reset-after-write@ghl:PUT:/notes");
        house.night().await;
        house.faults("");
        house.night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres", "{stored}");
        let there = house.rows(Side::Ghl, "notes")[0]["body"].to_string();
        assert!(there.contains("dos") && there.contains("tres"), "{stored}: {there}");
    }
}

#[tokio::test]
async fn an_edit_between_an_update_without_an_answer_and_its_repetition_wins_and_what_it_replaces_is_named() {
    let (house, person) = house("").await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
    house.faults("status=502@cliengo:PATCH*");
    house.night().await;
    house.faults("");
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155550002" }));
    let finished = house.night().await;
    assert_eq!(house.row(Side::Ghl, &person)["phone"], "+5491155550002");
    let named = format!("{:?}", finished.plan.conflicts);
    assert!(named.contains("+5491155550001"), "the value that loses is named: {named}");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_filler_that_stands_before_a_last_name_is_not_carried_over_a_name() {
    for account in ["", "[cliengo]\nname_stored = \"parted\"\nempty_field = \"left-out\"\n"] {
        let (house, person) = house(account).await;
        let parted = json!({ "name": "Delia", "lastName": "Roldán" });
        house.change(Side::Cliengo, &person, &parted);
        house.good_night().await;
        for filler in ["Visitante 8472", "5491155551234@c.us"] {
            house.change(Side::Cliengo, &person, &json!({ "name": filler }));
            house.night().await;
            let (ours, theirs) = (house.row(Side::Cliengo, &person), house.row(Side::Ghl, &person));
            assert_eq!((&theirs["firstName"], &theirs["lastName"]), (&json!("Delia"), &json!("Roldán")), "{account}");
            assert_eq!((&ours["name"], &ours["lastName"]), (&json!("Delia"), &json!("Roldán")), "{account}");
            house.quiet_night().await;
        }
        // A name that a person gave goes over.
        house.change(Side::Cliengo, &person, &json!({ "name": "Adela" }));
        house.good_night().await;
        assert_eq!(house.row(Side::Ghl, &person)["firstName"], "Adela", "{account}");
    }
}

#[tokio::test]
async fn a_name_whose_last_part_is_not_said_any_more_is_written_once_and_not_for_ever() {
    let (house, person) = house("[cliengo]\nempty_field = \"left-out\"\n").await;
    house.change(Side::Cliengo, &person, &json!({ "name": "Delia", "lastName": "Roldán" }));
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "lastName": "" }));
    house.change(Side::Ghl, &person, &json!({ "firstName": "Adela" }));
    let finished = house.night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["name"], "Adela", "{:?}", finished.run);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_that_would_come_by_name_alone_waits_until_it_can_be_told_from_a_duplicate() {
    let (house, _) = house("").await;
    let alma = json!({ "name": "Alma Ferreyra", "phone": "011 4321-0600 int. 101" });
    let alma = house.contact(Side::Cliengo, &alma);
    let finished = house.night().await;
    assert_eq!(held(&finished), [concord::reconcile::HeldReason::NoMatchKey]);
    let detail = &finished.plan.held[0].detail;
    assert!(detail.contains("extension") && detail.contains("duplicate"), "{detail}");
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1);
    let email = json!({ "email": "alma@example.com" });
    house.edit(Side::Cliengo, EditOp::Update, EditKind::Contact, Some(&alma), None, &email);
    house.night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_note_that_is_stored_in_another_form_is_paired_again_where_the_state_was_lost() {
    for stored in LOCATIONS {
        let (mut house, person) = house(&location(stored)).await;
        house.note(Side::Cliengo, &person, "uno & dos\n\n  tres <4");
        house.good_night().await;
        std::fs::remove_file(house.state_path()).unwrap();
        house.good_night().await;
        house.strict = false;
        house.quiet_night().await;
        for side in Side::BOTH {
            assert_eq!(house.rows(side, "notes").len(), 1, "{stored}, {side}: {:?}", house.rows(side, "notes"));
        }
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres <4", "{stored}");
    }
}

#[tokio::test]
async fn a_name_that_a_crm_shows_without_its_accents_or_quotes_is_never_carried_back() {
    let forms =
        [("Sofía Luna", "Sofia Luna"), ("José \"Pepe\" Núñez", "José Pepe Núñez"), ("José Núñez", "JosÃ© NÃºÃ±ez")];
    for side in Side::BOTH {
        let (house, _) = house("").await;
        for (number, (sent, stored)) in forms.into_iter().enumerate() {
            let email = format!("n{number}@example.com");
            let named = |side: Side, name: &str| match (side, name.split_once(' ')) {
                (Side::Ghl, Some((first, last))) => json!({ "firstName": first, "lastName": last, "email": email }),
                _ => json!({ "name": name, "email": email }),
            };
            let source = house.contact(side.other(), &named(side.other(), sent));
            house.good_night().await;
            let made = house.rows(side, "contacts").into_iter().find(|row| row["email"] == email.as_str()).unwrap();
            let made = id_of(&made);
            house.edit(side, EditOp::Update, EditKind::Contact, Some(&made), None, &named(side, stored));
            house.good_night().await;
            assert_eq!(house.sent(), [""; 0], "{side}: {stored}");
            house.quiet_night().await;
            // A name that a person gave goes over.
            house.edit(side, EditOp::Update, EditKind::Contact, Some(&made), None, &named(side, "Adela Paz"));
            house.good_night().await;
            let row = house.rows(side.other(), "contacts").into_iter().find(|row| id_of(row) == source);
            let row = row.unwrap();
            let name = [&row["name"], &row["firstName"], &row["lastName"]].map(|part| part.as_str().unwrap_or(""));
            assert_eq!(name.join(" ").trim().replace("  ", " "), "Adela Paz", "{row}");
        }
    }
}

#[tokio::test]
async fn a_note_that_ghl_shows_cut_or_escaped_never_shortens_the_one_it_comes_from() {
    let cut = [("a & b\n", 255), ("a & b\n", 1003), ("x <3> y ", 1000), ("x <3> y ", 1001), ("x <3> y ", 1006)];
    let cut = cut.into_iter().chain((1000..1012).map(|at| ("Pérez & Hijos <ventas>\n\n", at)));
    let mut texts: Vec<(String, Option<usize>)> =
        cut.enumerate().map(|(number, (unit, at))| (format!("{number}: {}", unit.repeat(200)), Some(at))).collect();
    texts.push(("escaped: Señora \"Núñez\" pide\nportón & reja".to_owned(), None));
    let (house, person) = house("").await;
    for (text, _) in &texts {
        house.note(Side::Cliengo, &person, text);
    }
    house.good_night().await;
    for (text, cut) in &texts {
        let begins = text.split_inclusive(':').next().unwrap();
        let rows = house.rows(Side::Ghl, "notes");
        let body = |row: &serde_json::Value| row["body"].as_str().unwrap().to_owned();
        let note = rows.iter().find(|row| body(row).trim_start_matches("<p>").starts_with(begins)).unwrap();
        let escaped = || body(note).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let stored = cut.map_or_else(escaped, |at| body(note).chars().take(at).collect());
        house.edit_child(Side::Ghl, EditKind::Note, &person, &id_of(note), &json!({ "body": stored }));
    }
    for _ in 0..2 {
        house.night().await;
        assert_eq!(house.sent(), [""; 0]);
    }
    let mut there: Vec<String> =
        house.rows(Side::Cliengo, "notes").iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect();
    let mut texts: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    there.sort();
    texts.sort();
    assert_eq!(there, texts);
}

#[tokio::test]
async fn a_short_name_that_cliengo_cuts_when_it_is_created_is_never_carried_back() {
    for is_told in [true, false] {
        let (mut house, _) = house("").await;
        // Told in the answer to the create, or seen by the next night.
        let cuts = move |line: &str, answer: serde_json::Value| {
            let cut = answer.to_string().replace("Juan Pérez Gómez", "Juan Pérez");
            Ok(if is_told || line.starts_with("GET") { serde_json::from_str(&cut).unwrap() } else { answer })
        };
        house.urls.cliengo = before(&house.urls.cliengo, Arc::new(cuts)).await;
        house.contact(
            Side::Ghl,
            &json!({ "firstName": "Juan", "lastName": "Pérez Gómez", "email": "juan@example.com" }),
        );
        house.good_night().await;
        for _ in 0..2 {
            house.night().await;
            assert_eq!(house.sent(), [""; 0], "told: {is_told}");
        }
        let juan =
            house.rows(Side::Ghl, "contacts").into_iter().find(|row| row["email"] == "juan@example.com").unwrap();
        assert_eq!((&juan["firstName"], &juan["lastName"]), (&json!("Juan"), &json!("Pérez Gómez")));
    }
}

// Watches: I34.
#[tokio::test]
async fn what_is_made_again_says_what_it_said_before_and_not_what_the_other_side_stored_of_it() {
    for stored in LOCATIONS {
        let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
        let plot = Plot { account: location(stored).parse().unwrap(), ..Plot::extended() };
        let house = House::build(&plot.with_settings(settings)).await;
        let person = house.person(1);
        house.good_night().await;
        let text = "dice &lt;b&gt; & 3 < 5\n\n  tres";
        let note = house.note(Side::Cliengo, &person, text);
        house.good_night().await;
        house.quiet_night().await;
        house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
        house.remove(Side::Cliengo, &person);
        house.good_night().await;
        let rows = house.rows(Side::Cliengo, "notes");
        assert_eq!(rows.len(), 1, "{stored}");
        assert_ne!(id_of(&rows[0]), note, "{stored}");
        assert_eq!(rows[0]["message"], text, "{stored}");
        house.quiet_night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], text, "{stored}");
    }
}

#[tokio::test]
async fn who_is_restored_in_ghl_alone_is_made_again_of_what_cliengo_held() {
    let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
    let account = "[ghl]\nname_stored = \"without-emoji\"\nperson_deletes = \"restorable\"\n";
    let plot = Plot { account: account.parse().unwrap(), ..Plot::extended() };
    let house = House::build(&plot.with_settings(settings)).await;
    let set = json!({ "name": "Ana 🌻 Gómez", "email": "ana@example.com", "phone": "+5491140000001" });
    house.contact(Side::Cliengo, &set);
    house.good_night().await;
    house.quiet_night().await;
    let ghl = house.rows(Side::Ghl, "contacts")[0].clone();
    assert!(!ghl.to_string().contains('🌻'), "{ghl}");
    let person = Person { cliengo: String::new(), ghl: id_of(&ghl) };
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    assert_eq!(house.rows(Side::Cliengo, "contacts"), [json!(null); 0]);
    for _ in 0..8 {
        house.quiet_night().await;
    }
    let restored = house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &json!({}));
    assert_eq!(restored, person.ghl);
    house.good_night().await;
    house.quiet_night().await;
    let rows = house.rows(Side::Cliengo, "contacts");
    assert_eq!((rows.len(), rows[0]["name"].as_str()), (1, Some("Ana 🌻 Gómez")));
    assert_eq!(house.rows(Side::Ghl, "contacts")[0]["firstName"], ghl["firstName"]);
}

#[tokio::test]
async fn an_account_that_parts_names_is_sent_whole_ones_and_keeps_the_last_name() {
    for stored in ["parted", "full-and-last"] {
        let account = format!("[cliengo]\nname_stored = \"{stored}\"\n").parse().unwrap();
        let mut house = House::build(&Plot { account, ..Plot::extended() }).await;
        house.strict = false;
        let ghl =
            house.contact(Side::Ghl, &json!({ "firstName": "Juan", "lastName": "Pérez", "email": "juan@example.com" }));
        let typed = json!({ "name": "Ana", "lastName": "Gómez", "email": "ana@example.com" });
        let typed = house.contact(Side::Cliengo, &typed);
        house.good_night().await;
        let rows = house.rows(Side::Cliengo, "contacts");
        let made =
            rows.iter().find(|row| row["email"] == "juan@example.com").unwrap()["id"].as_str().unwrap().to_owned();
        let rows = house.rows(Side::Ghl, "contacts");
        let of_typed =
            rows.iter().find(|row| row["email"] == "ana@example.com").unwrap()["id"].as_str().unwrap().to_owned();
        let people = [Person { cliengo: made, ghl }, Person { cliengo: typed, ghl: of_typed }];
        house.change(Side::Ghl, &people[0], &json!({ "firstName": "Juan Carlos" }));
        house.change(Side::Ghl, &people[1], &json!({ "firstName": "Ana María" }));
        house.good_night().await;
        for _ in 0..3 {
            house.quiet_night().await;
        }
        for (person, last) in people.iter().zip(["Pérez", "Gómez"]) {
            let row = house.row(Side::Cliengo, person);
            assert!(row["lastName"].as_str().unwrap().ends_with(last), "{stored}: {row}");
        }
        house.change(Side::Cliengo, &people[0], &json!({ "name": "Raúl Pérez", "lastName": "Pérez" }));
        house.night().await;
        assert_eq!(house.row(Side::Ghl, &people[0])["lastName"], "Pérez", "{stored}");
    }
}

#[tokio::test]
async fn a_last_name_that_ghl_emptied_and_such_an_account_keeps_is_said_once_and_not_filled_again() {
    for stored in ["parted", "full-and-last"] {
        let account = format!("[cliengo]\nname_stored = \"{stored}\"\n").parse().unwrap();
        let house = House::build(&Plot { account, ..Plot::extended() }).await;
        let typed = json!({ "firstName": "Juan", "lastName": "Pérez", "email": "juan@example.com" });
        let ghl = house.contact(Side::Ghl, &typed);
        house.good_night().await;
        let cliengo = house.rows(Side::Cliengo, "contacts")[0]["id"].as_str().unwrap().to_owned();
        let person = Person { cliengo, ghl };
        for emptied in [json!({ "lastName": "" }), json!({ "firstName": "Raúl" })] {
            house.change(Side::Ghl, &person, &emptied);
            let finished = house.good_night().await;
            let said: Vec<_> = finished.plan.unsupported.iter().map(|one| one.detail.as_str()).collect();
            assert_eq!(said, ["Cliengo cannot empty a last name"], "{stored}");
            for _ in 0..2 {
                let finished = house.quiet_night().await;
                assert!(finished.plan.unsupported.is_empty(), "{stored}: {:?}", finished.plan.unsupported);
            }
        }
        let row = house.row(Side::Cliengo, &person);
        assert!(row["name"].as_str().unwrap().starts_with("Raúl") && row["lastName"] == "Pérez", "{stored}: {row}");
        let own = if stored == "parted" { "Rauli" } else { "Rauli Pérez" };
        house.change(Side::Cliengo, &person, &json!({ "name": own }));
        let finished = house.good_night().await;
        assert!(finished.plan.conflicts.is_empty(), "{stored}: {:?}", finished.plan.conflicts);
        let row = house.row(Side::Ghl, &person);
        assert_eq!(
            (&row["firstName"], row["lastName"].as_str().unwrap_or_default()),
            (&json!("Rauli"), ""),
            "{stored}"
        );
        for _ in 0..3 {
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn a_word_added_to_a_text_that_ghl_wraps_joins_none_of_its_lines() {
    let account = "[ghl]\nnote_stored = \"paragraph\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    let texts = ["uno\ndos", "a\tb", "uno\n\ndos\ntres"];
    let people: Vec<Person> = (1..=3).map(|number| house.person(number)).collect();
    for (person, text) in people.iter().zip(texts) {
        house.note(Side::Cliengo, person, text);
    }
    house.good_night().await;
    house.quiet_night().await;
    for person in &people {
        let notes = house.rows(Side::Ghl, "notes");
        let note = notes.iter().find(|note| note["contactId"] == json!(person.ghl)).unwrap();
        let body = note["body"].as_str().unwrap().replace("</p>", " sí</p>");
        house.edit_child(Side::Ghl, EditKind::Note, person, note["id"].as_str().unwrap(), &json!({ "body": body }));
    }
    house.good_night().await;
    let notes = house.rows(Side::Cliengo, "notes");
    for text in texts {
        let edited = json!(format!("{text} sí"));
        assert!(notes.iter().any(|note| note["message"] == edited), "{notes:?}");
    }
    for _ in 0..2 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_edit_of_a_text_that_is_stored_as_entities_brings_none_of_them_back() {
    let account = "[ghl]\nnote_stored = \"escaped\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    let texts = ["Pérez & Hijos", "precio <100>", "usar &amp; siempre", "uno\ndos & tres", "<b>x</b>"];
    let people: Vec<Person> = (1..=5).map(|number| house.person(number)).collect();
    for (person, text) in people.iter().zip(texts) {
        house.note(Side::Cliengo, person, text);
    }
    house.good_night().await;
    house.quiet_night().await;
    for (person, text) in people.iter().zip(texts) {
        let note =
            house.rows(Side::Ghl, "notes").into_iter().find(|note| note["contactId"] == json!(person.ghl)).unwrap();
        let body = format!("{} hoy", note["body"].as_str().unwrap());
        house.edit_child(Side::Ghl, EditKind::Note, person, note["id"].as_str().unwrap(), &json!({ "body": body }));
        house.good_night().await;
        let notes = house.rows(Side::Cliengo, "notes");
        let edited = json!(format!("{text}\n\nhoy"));
        assert!(notes.iter().any(|note| note["message"] == edited), "{notes:?}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_account_that_parts_names_is_told_another_last_name_once_and_a_single_name_as_it_is() {
    let account = "[cliengo]\nname_stored = \"parted\"\n".parse().unwrap();
    let mut house = House::build(&Plot { account, ..Plot::extended() }).await;
    house.strict = false;
    let person = house.person(1);
    let single = house.contact(Side::Ghl, &json!({ "firstName": "Delia", "email": "delia@example.com" }));
    house.good_night().await;
    let rows = house.rows(Side::Cliengo, "contacts");
    let cliengo = id_of(rows.iter().find(|row| row["email"] == "delia@example.com").unwrap());
    let single = Person { cliengo, ghl: single };
    for (last, first) in [("Gómez", "Adela"), ("Ruiz", "Aída")] {
        house.change(Side::Ghl, &person, &json!({ "lastName": last }));
        house.change(Side::Ghl, &single, &json!({ "firstName": first }));
        let finished = house.good_night().await;
        assert_eq!(said(&finished), [""; 0]);
        let (ours, theirs) = (house.row(Side::Cliengo, &person), house.row(Side::Cliengo, &single));
        assert_eq!((&ours["name"], &ours["lastName"]), (&json!("Persona"), &json!(last)));
        assert_eq!(theirs["name"], first);
        house.quiet_night().await;
    }
}
