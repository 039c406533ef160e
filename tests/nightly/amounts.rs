//! Numbers, words and texts as people write them: what can mean two is held, and what a CRM makes of them is no edit.

use std::sync::Arc;

use concord::reconcile::{HeldReason, Mode};
use concord::record::Side;
use concord::sandbox::EditKind;
use serde_json::{Value as Json, json};

use crate::house::{House, Person, Plot, held};
use crate::proxy::before;

const BUDGET: &str = "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n\n[[pair.house.map]]\n\
                      cliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\n";

/// Somebody who told a chatbot this budget, on both sides.
fn told(house: &House, number: u32, budget: &Json) -> Person {
    let email = format!("p{number}@example.com");
    let set = json!({ "name": "Ana", "email": email, "leadFields": { "presupuesto": budget } });
    let cliengo = house.contact(Side::Cliengo, &set);
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": email }));
    Person { cliengo, ghl }
}

fn budget(house: &House, side: Side, person: &Person) -> String {
    let row = house.row(side, person);
    let value = match side {
        Side::Cliengo => row["leadFields"]["presupuesto"].clone(),
        Side::Ghl => row["customFields"][0]["value"].clone(),
    };
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test]
async fn a_number_that_ghl_rounds_is_no_edit_and_a_further_one_is() {
    for is_told in [true, false] {
        let mut house = House::build(&Plot::extended().with_settings(BUDGET)).await;
        // Told in the answer to the update, or seen by the next night.
        let rounds = move |line: &str, answer: Json| {
            let rounded = answer.to_string().replace("1234.567", "1234.57");
            let is_list = line.starts_with("GET") || line.contains("/search");
            Ok(if is_told || is_list { serde_json::from_str(&rounded).unwrap() } else { answer })
        };
        house.urls.ghl = before(&house.urls.ghl, Arc::new(rounds)).await;
        let person = told(&house, 1, &json!("1234,567"));
        house.night().await;
        for mode in [Mode::Incremental, Mode::Incremental, Mode::Full] {
            house.mode = mode;
            house.night().await;
            assert_eq!(house.sent(), [""; 0], "told: {is_told}, {mode:?}");
        }
        house.mode = Mode::Incremental;
        assert_eq!(budget(&house, Side::Cliengo, &person), "1234,567");
        house.change(Side::Ghl, &person, &json!({ "customFields": { "presupuesto": 1235 } }));
        house.night().await;
        assert_eq!(budget(&house, Side::Cliengo, &person), "1235", "told: {is_told}");
    }
}

#[tokio::test]
async fn two_numbers_in_one_answer_are_held_and_become_no_third_one() {
    let settings = BUDGET.to_owned() + "transform = [\"number\"]\n";
    let house = House::build(&Plot::extended().with_settings(&settings)).await;
    let answers = ["entre 10 y 20", "12 a 15", "3 ambientes, 2 baños", "2x4", "15 mil", "12 años", "$ 1.500,50"];
    let numbers = 1_u32..;
    let people: Vec<Person> =
        numbers.zip(answers).map(|(number, answer)| told(&house, number, &json!(answer))).collect();
    let night = house.night().await;
    assert_eq!(held(&night), [HeldReason::Picklist; 5]);
    let kept: Vec<String> = people.iter().map(|person| budget(&house, Side::Ghl, person)).collect();
    assert_eq!(kept, ["null", "null", "null", "null", "null", "12", "1500.5"]);
}

#[tokio::test]
async fn a_word_where_the_rest_stands_that_somebody_typed_is_a_text() {
    for side in Side::BOTH {
        let house = House::build(&Plot::extended()).await;
        let person = house.person(1);
        house.good_night().await;
        let note = house.note(side, &person, "Quiere una casa");
        house.good_night().await;
        let typed = format!("algo… [the rest stands in {}]", side.other().title());
        let key = if side == Side::Ghl { "body" } else { "message" };
        house.edit_child(side, EditKind::Note, &person, &note, &json!({ key: typed }));
        let night = house.good_night().await;
        assert_eq!(held(&night), []);
        let notes = house.children(side.other(), "notes", person.on(side.other()));
        assert!(notes.iter().any(|text| text.contains("the rest stands")), "{notes:?}");
        house.edit_child(side, EditKind::Note, &person, &note, &json!({ key: format!("{typed} y más") }));
        assert_eq!(held(&house.good_night().await), []);
        house.quiet_night().await;
    }
}
