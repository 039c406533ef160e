//! What the fuzzers do with their bytes: read them as the program does, and hold the result to what is promised of it.
//!
//! `cargo test --test crm_http corpus` feeds every kept input to the same functions, on stable.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use concord::clock::ManualClock;
use concord::config::Config;
use concord::crm::cliengo::{Cliengo, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::crm::{Reader, Shape, Writer, fuzzing};
use concord::record::{
    Action, Body, Due, Field, Fields, Forms, GhlPlace, Holds, Kind, Mapped, PersonName, Phone, Places, Record, Region,
    Step, Tags, Write, canonical_email, canonical_line, canonical_text, fits_pattern, fold_tag, html_from_text,
    is_address, is_placeholder_email,
};
use concord::run::SavedPlan;
use concord::sandbox::{Edit, Faults, Options, World};
use rlibphonenumber::PHONE_NUMBER_UTIL;

/// The targets: each is a folder of `fuzz/corpus`.
#[allow(dead_code, reason = "only the replay walks through all of them")]
pub const TARGETS: [&str; 10] =
    ["body", "canonical", "cliengo", "email", "ghl", "name", "phone", "saved_plan", "schedules", "script"];

const SHAPES: [Shape; 3] = [Shape::Listed, Shape::Single, Shape::Answer];

/// Feeds `data` to the target of that name. What is no text is no input: everything is decoded before it gets here.
pub fn feed(target: &str, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match target {
        "body" => body(text),
        "canonical" => canonical(text),
        "cliengo" => cliengo(text),
        "email" => email(text),
        "ghl" => ghl(text),
        "name" => name(text),
        "phone" => phone(text),
        "saved_plan" => saved_plan(text),
        "schedules" => schedules(text),
        "script" => script(text),
        other => panic!("no target {other}"),
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().unwrap()))
}

/// A pair's forms, with a mapped field of every sort.
fn forms() -> &'static Forms {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    FORMS.get_or_init(|| {
        let options = || vec!["Uno".to_owned(), "Dos".to_owned()];
        let sorts = [
            (Holds::Text, vec![Step::Trim, Step::Lower]),
            (Holds::Number, vec![Step::Number]),
            (Holds::Date, vec![Step::Date("%d/%m/%Y".to_owned())]),
            (Holds::Option(options()), vec![Step::First(vec!["leadFields.otro".to_owned()]), Step::Upper]),
            (Holds::Options(options()), vec![Step::Split(",".to_owned(), 2)]),
            (Holds::Text, vec![Step::Join("; ".to_owned()), Step::Boolean]),
        ];
        let custom = sorts.into_iter().enumerate().map(|(at, (holds, transform))| Mapped {
            kind: Kind::Contact,
            field: Field::Mapped(format!("sort{at}").into()),
            cliengo: format!("leadFields.f{at}"),
            ghl: GhlPlace::Custom(format!("f{at}")),
            holds,
            transform,
            values: vec![("NEW".to_owned(), "Nuevo".to_owned())],
        });
        let plain = Places::of(Kind::Contact).ghl.iter().map(|field| Mapped {
            kind: Kind::Contact,
            field: Field::Mapped(field.key.into()),
            cliengo: "status".to_owned(),
            ghl: GhlPlace::Plain(*field),
            holds: Holds::Text,
            transform: Vec::new(),
            values: Vec::new(),
        });
        Forms {
            region: Some(Region::AR),
            zone: jiff::tz::TimeZone::get("America/Argentina/Buenos_Aires").unwrap(),
            placeholders: vec!["*@whatsapp.example".to_owned(), "sin-*@*".to_owned()],
            placeholder_names: vec!["chat *".to_owned()],
            mapped: custom.chain(plain).collect(),
            waiting: std::collections::BTreeSet::new(),
            members: None,
        }
    })
}

fn cliengo(text: &str) {
    static CLIENGO: OnceLock<Cliengo> = OnceLock::new();
    let client = CLIENGO.get_or_init(|| {
        Cliengo::new(CliengoSettings::new("http://127.0.0.1:9", "key".into(), "web", clock())).unwrap()
    });
    fuzzing::cliengo(text);
    shown_refusal(text);
    records(client, text);
}

fn ghl(text: &str) {
    static GHL: OnceLock<Ghl> = OnceLock::new();
    let client = GHL
        .get_or_init(|| Ghl::new(GhlSettings::new("http://127.0.0.1:9", "token".into(), "location", clock())).unwrap());
    fuzzing::ghl(text);
    shown_refusal(text);
    records(client, text);
}

fn shown_refusal(text: &str) {
    let shown = fuzzing::refusal(text);
    assert!(shown.chars().count() <= 200 && !shown.contains(['@', '\n']), "{shown:?}");
}

/// Reads `text` as every kind of record in every shape, and as the answer to every write.
fn records(client: &impl Writer, text: &str) {
    for kind in Kind::ALL {
        for shape in SHAPES {
            if let Ok(record) = client.parse(kind, text, shape, forms()) {
                is_sound(&record);
                written(client, kind, &record);
            }
        }
        for action in [Action::Create, Action::Update, Action::Delete, Action::Complete, Action::Tag] {
            let _ = client.answered(&write(kind, action, Fields::new()), text, forms());
        }
    }
}

/// A record agrees with itself, and is the same when it comes back from the state.
fn is_sound(record: &Record) {
    assert!(record.agrees_with(record), "{record:?}");
    assert!(record.label().chars().count() <= 60);
    let _ = (record.match_keys(), record.tags());
    let kept = serde_json::to_string(record).unwrap();
    let back: Record = serde_json::from_str(&kept).unwrap();
    assert!(back.agrees_with(record) && back.fields.len() == record.fields.len(), "{record:?} became {back:?}");
}

/// What was read can be written.
fn written(client: &impl Reader, kind: Kind, record: &Record) {
    for action in [Action::Create, Action::Update] {
        for request in client.requests(&write(kind, action, record.fields.clone()), None, forms()) {
            assert!(request.path.starts_with('/'), "{}", request.path);
        }
    }
}

fn write(kind: Kind, action: Action, set: Fields) -> Write {
    let target = concord::record::Target::CreatedBy(1);
    Write {
        kind,
        action,
        target: (action != Action::Create).then(|| target.clone()),
        parent: (kind != Kind::Contact).then_some(target),
        set,
        before: Fields::new(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    }
}

/// A form that is made again of itself is the same.
fn is_stable(form: impl Fn(&str) -> String, text: &str) {
    assert_eq!(form(&form(text)), form(text), "{text:?}");
}

/// The same for eyes: with a character that nobody sees behind each of its own. (semantics 46)
fn with_unseen(text: &str) -> String {
    text.chars().flat_map(|letter| [letter, '\u{200b}']).collect()
}

/// Canonical forms are stable, and equality is one. (I31)
fn canonical(text: &str) {
    is_stable(canonical_text, text);
    is_stable(canonical_line, text);
    is_stable(fold_tag, text);
    email(text);
    phone(text);
    name(text);
    if let Some(due) = Due::parse(text, &forms().zone) {
        assert!(Due::parse(&due.shown(), &forms().zone).is_some_and(|again| again.same(&due)), "{due:?}");
    }
    let tags: Tags = text.lines().collect();
    assert!(
        tags.same(&tags.iter().collect()) && text.lines().all(|tag| fold_tag(tag).is_empty() || tags.contains(tag))
    );
}

/// One line is one key, and one with an extension is another. (semantics 36, 37)
fn phone(text: &str) {
    for region in [None, Some(Region::AR), Some(Region::BR), Some(Region::MX), Some(Region::US)] {
        let phone = Phone::new(text, region);
        assert_eq!(phone.e164.is_none() && phone.extension.is_none(), phone.unusable.is_some(), "{phone:?}");
        // What the other side is sent is the same phone to it.
        let sent = phone.e164.as_deref().unwrap_or(&phone.raw);
        let again = Phone::new(sent, region);
        assert_eq!((again.key(), again.match_key()), (phone.key(), phone.match_key()), "{text:?} {region:?}");
        let unseen = Phone::new(&with_unseen(text), region);
        assert_eq!((unseen.match_key(), unseen.unusable), (phone.match_key(), phone.unusable), "{text:?} {region:?}");
        let Some(line) = &phone.e164 else { continue };
        // Digits that no plan knows abroad may be a line at home.
        if PHONE_NUMBER_UTIL.parse(line, None).is_ok_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number)) {
            let chat = Phone::new(&format!("{}@c.us", line.trim_start_matches('+')), region);
            assert_eq!(chat.match_key(), phone.match_key(), "{text:?} {region:?}");
        }
        let extended = Phone::new(&format!("{line} int. 12"), region);
        assert!(extended.extension.is_some() && extended.is_line_of(&phone), "{text:?} {region:?}");
        assert_ne!(extended.match_key(), phone.match_key(), "{text:?} {region:?}");
    }
}

/// A name is one name however it is split, and two people agree on whether they are one. (semantics 12, 38, 39, 45)
fn name(text: &str) {
    let (first, last) = text.split_once('\n').unwrap_or((text, ""));
    let name = PersonName::new(first, last);
    assert_eq!(PersonName::new(&name.full(), "").full(), name.full());
    assert_eq!(name.split().full(), name.full());
    assert_eq!(name.fitted_to(&PersonName::new(last, first)).full(), name.full());
    let joined = PersonName::joined(first, last);
    assert_eq!(PersonName::joined(&joined.full(), last).full(), joined.full(), "{text:?}");
    assert_eq!(PersonName::new(&with_unseen(first), &with_unseen(last)).is_filler(), name.is_filler(), "{text:?}");
    let (one, other) = (PersonName::new(first, ""), PersonName::new(last, ""));
    assert_eq!(one.shares_a_word(&other), other.shares_a_word(&one), "{text:?}");
    assert_eq!(one.can_be_one(&other), other.can_be_one(&one), "{text:?}");
    assert!(one.is_empty() || one.is_filler() || one.can_be_one(&one), "{text:?}");
}

/// What is wrapped around an address is no part of it. (semantics 36, 42)
fn email(text: &str) {
    is_stable(canonical_email, text);
    let (address, pattern) = text.split_once('\n').unwrap_or((text, ""));
    let _ = (fits_pattern(address, pattern), is_placeholder_email(address, pattern));
    let address = canonical_email(address);
    if is_address(&address) {
        for wrapped in ["mailto:{}", "Ana Ruiz <{}>", "<mailto:{}?subject=hola>", "{}.", " {} ", "\u{feff}{}"] {
            // In a link, what follows a `?` is its subject, and slashes stand before it.
            if !wrapped.contains("mailto:") || !address.contains('?') && !address.starts_with("//") {
                assert_eq!(canonical_email(&wrapped.replace("{}", &address)), address, "{wrapped:?}");
            }
        }
        assert_eq!(canonical_email(&with_unseen(&address)), address);
        assert!(fits_pattern(&address, "*@*"));
    }
}

/// What a person reads in a body is the body; the other side is sent what reads the same. (I34)
fn body(text: &str) {
    for body in [Body::markup(text), Body::plain(text)] {
        let read = body.text().to_owned();
        assert_eq!(Body::plain(read.as_str()).text(), read, "{text:?}");
        assert_eq!(Body::markup(html_from_text(&read)).text(), read, "{text:?}");
    }
}

fn saved_plan(text: &str) {
    let told = match SavedPlan::parse(text, Path::new("plan.json")) {
        Ok(plans) => serde_json::to_string(&plans).unwrap(),
        Err(error) => error.to_string(),
    };
    assert!(!told.is_empty());
}

/// Other files that the text includes are not read: a fuzzer would find `/dev/zero`.
fn schedules(text: &str) {
    if text.contains("include") || text.contains('\\') {
        return;
    }
    match Config::parse(text, Path::new("schedules.toml")) {
        Ok(config) => assert!(config.pairs.iter().all(|pair| pair.fingerprint().len() == 64)),
        Err(error) => {
            assert!(!error.problems().is_empty() && !error.to_string().is_empty());
            let _ = error.hint();
        }
    }
}

/// A script's edits, and a fault specification.
fn script(text: &str) {
    let _ = text.parse::<Faults>();
    let edits: Vec<Edit> = text.lines().take(20).filter_map(|line| line.parse().ok()).collect();
    if edits.is_empty() {
        return;
    }
    let world = World::open(&Options { contacts: 2, clock: clock(), ..Options::default() }).unwrap();
    for edit in &edits {
        let again: Edit = serde_json::to_string(edit).unwrap().parse().unwrap();
        assert_eq!(again, *edit);
        let _ = world.edit(edit);
    }
    world.dump().unwrap();
}
