//! What is promised of mapped fields.

use serde_json::json;

use super::*;

fn mapped(holds: Holds, transform: Vec<Step>, values: &[(&str, &str)]) -> Mapped {
    let values = values.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
    let ghl = GhlPlace::Custom("f".to_owned());
    Mapped {
        kind: Kind::Contact,
        field: Field::Mapped("budget".into()),
        cliengo: "leadFields.budget".to_owned(),
        ghl,
        holds,
        transform,
        values,
    }
}

fn read(mapped: &Mapped, budget: &Json) -> Option<Value> {
    let contact = json!({ "leadFields": { "budget": budget, "other": "Otro" }, "name": "Ana" });
    mapped.of_cliengo(contact.as_object().unwrap()).unwrap()
}

#[test]
fn each_step_of_a_transform_does_what_it_says() {
    let one = |step: Step, value: Json| read(&mapped(Holds::Text, vec![step], &[]), &value).unwrap().shown();
    assert_eq!(one(Step::Trim, json!("  a b ")), "a b");
    assert_eq!(one(Step::Lower, json!("ÁB")), "áb");
    assert_eq!(one(Step::Upper, json!("áb")), "ÁB");
    assert_eq!(one(Step::Boolean, json!("Sí")), "true");
    assert_eq!(one(Step::Date("%d/%m/%Y".to_owned()), json!("24/12/2026")), "2026-12-24");
    for (told, number) in [(json!("12 años"), "12"), (json!(5), "5"), (json!(5.0), "5"), (json!("2,5"), "2.5")] {
        assert_eq!(one(Step::Number, told), number);
    }
    assert_eq!(one(Step::First(vec!["leadFields.other".to_owned()]), json!("")), "Otro");
    assert_eq!(one(Step::Join(" y ".to_owned()), json!(["a", "b"])), "a y b");
    assert_eq!(one(Step::Split(",".to_owned(), 2), json!("a,b,c")), "b");
}

#[test]
fn a_number_comes_back_from_the_state_as_it_was() {
    for number in [8.888_888_888_888_89e54, 0.1 + 0.2, 1e-300, 123_456_789.123_456_78, f64::MAX] {
        let kept = serde_json::to_string(&Value::Number(number)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), Value::Number(number), "{kept}");
    }
}

#[test]
fn an_amount_that_can_mean_two_is_held_on_both_sides() {
    let money = mapped(Holds::Number, Vec::new(), &[]);
    let value = read(&money, &json!("1.500")).unwrap();
    assert!(money.is_ambiguous(&value) && money.objection(Side::Ghl, &value).is_some());
    for (told, number) in [(json!(1.5), 1.5), (json!("1.50"), 1.5), (json!("0.500"), 0.5), (json!("$1,500.00"), 1500.0)]
    {
        assert_eq!(money.of_ghl(&told), Ok(Value::Number(number)), "{told}");
    }
    for text in ["1.500", "100.000", "1,500"] {
        let value = money.of_ghl(&json!(text)).unwrap();
        assert!(money.is_ambiguous(&value) && money.objection(Side::Cliengo, &value).is_some(), "{text}");
    }
    let exact = money.of_ghl(&json!("3.125")).unwrap();
    assert!(exact.same(&Value::Number(3.125)), "what was sent comes back as a text");
}

#[test]
fn a_number_with_more_digits_than_one_keeps_is_never_another_number() {
    let number = mapped(Holds::Number, Vec::new(), &[]);
    let cast = mapped(Holds::Number, vec![Step::Number], &[]);
    for told in [json!(9_007_199_254_740_993_u64), json!("9007199254740993"), json!(-9_007_199_254_740_993_i64)] {
        for mapped in [&number, &cast] {
            let value = read(mapped, &told).unwrap();
            assert!(mapped.objection(Side::Ghl, &value).unwrap().contains("more digits"), "{told}");
            assert_eq!(mapped.in_cliengo(&value).as_str().unwrap(), shown(&told));
        }
    }
    assert_eq!(read(&mapped(Holds::Text, Vec::new(), &[]), &json!(u64::MAX)).unwrap().shown(), "18446744073709551615");
    let largest = number.of_ghl(&json!(9_007_199_254_740_992_u64)).unwrap();
    assert_eq!(largest.json(), json!(9_007_199_254_740_992_u64));
}

#[test]
fn a_day_that_is_not_written_out_is_no_day() {
    let date = mapped(Holds::Date, Vec::new(), &[]);
    for text in ["2026-12-01", "2026-12-01T02:00:00.000Z", " 2026-12-01 10:00 "] {
        assert_eq!(read(&date, &json!(text)).unwrap(), Value::Line("2026-12-01".to_owned()), "{text}");
    }
    for told in [
        json!("20261201"),
        json!(20_261_201),
        json!("0026-12-31"),
        json!("2026-12-01 / 2026-12-15"),
        json!("2026-12-01 o después"),
        json!("2026-12"),
        json!("1796083200000"),
        json!(1_796_083_200_001_u64),
    ] {
        let value = read(&date, &told).unwrap();
        assert_eq!(value.shown(), shown(&told));
        assert!(date.objection(Side::Ghl, &value).is_some(), "{told}");
    }
    let told = read(&date, &json!(1_796_083_200_000_u64)).unwrap();
    assert_eq!(told, Value::Line("2026-12-01".to_owned()), "as a program tells the beginning of a day");
    let cast = mapped(Holds::Date, vec![Step::Date("%d/%m/%Y".to_owned())], &[]);
    for (text, day) in [("31/12/2026", "2026-12-31"), ("31/12/26", "31/12/26"), ("31/12/226", "31/12/226")] {
        assert_eq!(read(&cast, &json!(text)).unwrap().shown(), day);
    }
    let short = mapped(Holds::Date, vec![Step::Date("%d/%m/%y".to_owned())], &[]);
    assert_eq!(read(&short, &json!("31/12/26")).unwrap().shown(), "2026-12-31");
}

#[test]
fn a_list_or_an_object_where_one_value_belongs_is_not_read() {
    let options = || Holds::Options(vec!["a".to_owned()]);
    let is_read = |mapped: &Mapped, value: &Json| {
        let contact = json!({ "leadFields": { "budget": value } });
        assert_eq!(mapped.of_cliengo(contact.as_object().unwrap()).is_ok(), mapped.of_ghl(value).is_ok(), "{value}");
        mapped.of_ghl(value).is_ok()
    };
    let holds = [Holds::Text, Holds::Lines, Holds::Number, Holds::Date, Holds::Flag, Holds::Option(Vec::new())];
    for mapped in holds.into_iter().map(|holds| mapped(holds, Vec::new(), &[])) {
        for value in [json!({}), json!({ "a": 1 }), json!(["a", "b"]), json!([["a"]]), json!([])] {
            assert!(!is_read(&mapped, &value), "{:?} {value}", mapped.holds);
        }
    }
    let boxes = mapped(options(), Vec::new(), &[]);
    for (value, is) in [(json!(["a"]), true), (json!([]), true), (json!([["a"]]), false), (json!({ "a": 1 }), false)] {
        assert_eq!(is_read(&boxes, &value), is, "{value}");
    }
    for step in [Step::Number, Step::Boolean, Step::Split(",".to_owned(), 1), Step::Date("%Y".to_owned())] {
        let contact = json!({ "leadFields": { "budget": { "a": 1 } } });
        assert!(mapped(Holds::Text, vec![step], &[]).of_cliengo(contact.as_object().unwrap()).is_err());
    }
    let joined = mapped(Holds::Text, vec![Step::Join(", ".to_owned())], &[]);
    assert_eq!(read(&joined, &json!([])), Some(Value::Empty));
    let contact = json!({ "leadFields": { "budget": ["a", { "b": 1 }] } });
    assert!(joined.of_cliengo(contact.as_object().unwrap()).is_err());
}

#[test]
fn long_texts_keep_their_lines_and_files_are_read_as_their_addresses() {
    let lines = mapped(Holds::Lines, Vec::new(), &[]);
    assert_eq!(read(&lines, &json!("Calle 1\n\nTimbre 4")).unwrap().json(), json!("Calle 1\n\nTimbre 4"));
    let files = mapped(Holds::Opaque, Vec::new(), &[]);
    let file = json!({ "6f1c": { "meta": { "originalname": "plano.pdf" }, "url": "https://example.com/plano.pdf" } });
    assert_eq!(files.of_ghl(&file).unwrap().shown(), "https://example.com/plano.pdf");
    assert_eq!(files.of_ghl(&json!({ "a1": "uno", "b2": "dos" })).unwrap().shown(), "uno\ndos");
    assert!(files.objection(Side::Ghl, &Value::line("texto")).is_some());
}

#[test]
fn yes_no_and_numbers_go_back_in_the_words_that_they_came_in() {
    let told = [("si", json!("si")), ("no", json!("no"))];
    let flag = mapped(Holds::Flag, Vec::new(), &[("si", "yes"), ("no", "false")]);
    for (is, (word, back)) in [true, false].into_iter().zip(told) {
        assert_eq!(read(&flag, &json!(word)), Some(Value::Flag(is)));
        assert_eq!(flag.in_cliengo(&Value::Flag(is)), back);
    }
    let number = mapped(Holds::Number, Vec::new(), &[("uno", "1")]);
    assert_eq!(read(&number, &json!("uno")), Some(Value::Number(1.0)));
    assert_eq!(number.in_cliengo(&Value::Number(1.0)), json!("uno"));
    assert_eq!(number.in_cliengo(&Value::Number(2.5)), json!(2.5));
    let plain = mapped(Holds::Flag, Vec::new(), &[]);
    assert_eq!(plain.in_cliengo(&Value::Flag(true)), json!(true));
}

#[test]
fn words_are_translated_both_ways_and_others_pass() {
    let mapped = mapped(Holds::Option(vec!["Nuevo".to_owned()]), Vec::new(), &[("NEW", "Nuevo")]);
    assert_eq!(read(&mapped, &json!("NEW")), Some(Value::Line("Nuevo".to_owned())));
    assert_eq!(mapped.in_cliengo(&Value::Line("Nuevo".to_owned())), json!("NEW"));
    assert!(mapped.objection(Side::Ghl, &Value::Line("Otro".to_owned())).is_some());
}

#[test]
fn a_word_is_known_in_any_case_and_no_other_becomes_a_status() {
    let words = [("NEW", "Nuevo"), ("CLIENT", "Cliente")];
    let status = Mapped { cliengo: "status".to_owned(), ..mapped(Holds::Text, Vec::new(), &words) };
    let told = |word: &str| status.of_cliengo(json!({ "status": word }).as_object().unwrap()).unwrap().unwrap();
    let nuevo = Value::Line("Nuevo".to_owned());
    for word in ["NEW", "new", "New "] {
        assert_eq!(told(word), nuevo);
    }
    assert_eq!(status.of_ghl(&json!("nuevo")).unwrap(), nuevo);
    assert_eq!(status.in_cliengo(&nuevo), json!("NEW"));
    let objection = |word: &str| status.objection(Side::Cliengo, &status.of_ghl(&json!(word)).unwrap());
    assert!(objection("Otro").is_some() && objection("Nuevo").is_none() && objection("ACTIVE").is_none());
    let case = mapped(Holds::Text, Vec::new(), &[("a", "uno"), ("A", "dos")]);
    assert_eq!(read(&case, &json!("A")).unwrap().shown(), "dos");
}

#[test]
fn what_nobody_sees_is_no_first_part_and_the_part_that_counts_is_named() {
    let first = mapped(Holds::Text, vec![Step::First(vec!["leadFields.other".to_owned()])], &[]);
    assert_eq!(read(&first, &json!(" \u{200b}")).unwrap().shown(), "Otro");
    let told_by = |fields: Json| first.told_by(json!({ "leadFields": fields }).as_object().unwrap()).to_owned();
    assert_eq!(told_by(json!({ "budget": "", "other": ["x"] })), "leadFields.other");
    assert_eq!(told_by(json!({ "budget": ["x"], "other": "y" })), "leadFields.budget");
    assert_eq!(told_by(json!({})), "leadFields.budget");
}

#[test]
fn what_an_object_that_is_there_does_not_have_is_empty_and_else_unknown() {
    let mapped = mapped(Holds::Text, Vec::new(), &[]);
    let contact = json!({ "leadFields": {} });
    assert_eq!(mapped.of_cliengo(contact.as_object().unwrap()), Ok(Some(Value::Empty)));
    assert_eq!(mapped.of_cliengo(&Map::new()), Ok(None));
}

#[test]
fn a_value_is_said_where_every_part_that_counts_is() {
    let said = |mapped: &Mapped, fields: Json| mapped.is_said(json!({ "leadFields": fields }).as_object().unwrap());
    let plain = mapped(Holds::Text, Vec::new(), &[]);
    assert!(said(&plain, json!({ "budget": null })) && !said(&plain, json!({ "other": "x" })));
    let first = Step::First(vec!["leadFields.one".to_owned(), "leadFields.other".to_owned()]);
    let first = mapped(Holds::Text, vec![first], &[]);
    for (fields, is) in [
        (json!({ "budget": "", "one": "", "other": "x" }), true),
        (json!({ "budget": "", "one": "a" }), true),
        (json!({ "budget": "", "other": "x" }), false),
        (json!({ "one": "a", "other": "x" }), false),
        (json!({ "budget": "", "one": "", "other": null }), true),
    ] {
        assert_eq!(said(&first, fields.clone()), is, "{fields}");
    }
}
