//! Reports against golden files in `tests/report`. `CONCORD_BLESS=1 cargo test --lib report` rewrites them.

mod forms;
mod spanish;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::crm::Usage;
use crate::reconcile::*;
use crate::record::*;
use crate::run::*;

use super::{Audience, Entry, Report, Style, brief, json_document, verdict};

const PLAIN: Style = Style { colour: false, width: 100 };

/// The report at a terminal of somebody who reads English and UTC.
fn text(finished: &Finished, style: Style) -> String {
    super::text(&Report::of(finished, &Audience::plain()), style)
}

fn json_text(entries: &[Entry<'_>]) -> String {
    let mut text = Vec::new();
    json_document(entries, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[track_caller]
fn golden(name: &str, found: &str) {
    for line in found.lines() {
        assert_eq!(line, line.trim_end(), "trailing blanks in {name}");
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/report").join(name);
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(&file, found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(expected == found, "{name} differs; CONCORD_BLESS=1 rewrites it. Found:\n{found}");
}

fn ids(cliengo: &str, ghl: &str) -> Ids {
    let some = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    Ids { cliengo: some(cliengo).map(CliengoId::new), ghl: some(ghl).map(GhlId::new) }
}

fn ana() -> Ids {
    ids("64b0c0ffee0000000000a001", "C0oEanaGomez0000001")
}

fn bruno() -> Ids {
    ids("64b0c0ffee0000000000a002", "C0oEbruno00000000002")
}

fn listed(count: u64) -> ListingCount {
    ListingCount { count, complete: true, ..ListingCount::default() }
}

fn finished(operations: Vec<Operation>) -> Finished {
    let side = ByKind {
        contact: listed(812),
        task: listed(40),
        note: ListingCount { parents: Some((812, 812)), ..listed(951) },
    };
    Finished {
        plan: Plan {
            outside: 0,
            pair: "demo".to_owned(),
            mode: Mode::Incremental,
            undoes: None,
            first_sync: false,
            listings: Both { cliengo: side.clone(), ghl: side },
            in_sync: 1802,
            look_ups: Vec::new(),
            unseen: 0,
            operations: operations.into_iter().zip(1..).map(|(operation, id)| Operation { id, ..operation }).collect(),
            conflicts: Vec::new(),
            held: Vec::new(),
            unsupported: Vec::new(),
            guards: Vec::new(),
            base_updates: Vec::new(),
            only: Vec::new(),
            shown_as: None,
        },
        generated_at: "2026-11-23T03:00:11.25Z".parse().unwrap(),
        usage: Both {
            cliengo: Usage { reads: 832, writes: 0, throttled: 0, daily_remaining: None },
            ghl: Usage { reads: 826, writes: 0, throttled: 0, daily_remaining: Some(199_174) },
        },
        run: None,
    }
}

fn operation(
    side: Side,
    kind: Kind,
    action: Action,
    contact: (&str, Ids),
    label: &str,
    changes: Vec<Change>,
) -> Operation {
    let (contact, contact_ids) = contact;
    let path = match action {
        Action::Create => format!("/{kind}s"),
        _ => format!("/{kind}s/{}", contact_ids.of(side).unwrap_or("{op:1}")),
    };
    let method = if action == Action::Create { Method::Post } else { Method::Put };
    let is_contact = kind == Kind::Contact;
    Operation {
        family: 0,
        id: 0,
        side,
        kind,
        label: label.to_owned(),
        contact: contact.to_owned(),
        ids: if is_contact { contact_ids.clone() } else { Ids::default() },
        parent: if is_contact { Ids::default() } else { contact_ids },
        changes,
        requests: if action == Action::Link { Vec::new() } else { vec![Request::new(method, path)] },
        work: Work::shown(action, kind),
    }
}

fn change(field: Field, before: Json, after: Json, origin: Side) -> Change {
    Change::Value { field, before, after, origin }
}

fn tags(added: &[&str], removed: &[&str]) -> Change {
    let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    Change::Tags { field: Field::Tags, added: owned(added), removed: owned(removed) }
}

fn run(finished: &Finished, not_applied: &[(u32, OperationOutcome, &str)]) -> RunRecord {
    let mut outcomes: std::collections::BTreeMap<u32, Ended> = finished
        .plan
        .operations
        .iter()
        .map(|operation| (operation.id, Ended { outcome: OperationOutcome::Applied, reason: None }))
        .collect();
    for (id, outcome, reason) in not_applied {
        let reason = (!reason.is_empty()).then(|| (*reason).to_owned());
        outcomes.insert(*id, Ended { outcome: *outcome, reason });
    }
    RunRecord {
        failure: None,
        unauthorized: false,
        id: 12,
        started: "2026-11-23T03:00:00Z".parse().unwrap(),
        finished: "2026-11-23T03:03:12.4Z".parse().unwrap(),
        outcomes,
        left_out: Vec::new(),
        recovered: 0,
        refused: false,
        unfit_approval: None,
        to_go: None,
    }
}

fn first_sync() -> Finished {
    let (here, there) = (Side::Cliengo, Side::Ghl);
    let carla = || ("Carla Ñandú", ids("64b0c0ffee0000000000a003", ""));
    let long_note = "Pidió presupuesto para tres departamentos.\nLlamar después de las 18.\n\n- cocina\n- baño";
    let mut finished = finished(vec![
        operation(there, Kind::Contact, Action::Link, ("Ana Gómez", ana()), "Ana Gómez", vec![]),
        operation(there, Kind::Task, Action::Link, ("Ana Gómez", ana()), "Llamar", vec![]),
        operation(there, Kind::Note, Action::Link, ("Ana Gómez", ana()), "Primera visita", vec![]),
        operation(there, Kind::Note, Action::Link, ("Ana Gómez", ana()), "Segunda visita", vec![]),
        operation(there, Kind::Contact, Action::Link, ("Bruno Díaz", bruno()), "Bruno Díaz", vec![]),
        operation(
            here,
            Kind::Contact,
            Action::Update,
            ("Bruno Díaz", bruno()),
            "Bruno Díaz",
            vec![change(Field::Phone, Json::Null, json!("+541133261332"), there)],
        ),
        operation(
            there,
            Kind::Contact,
            Action::Create,
            carla(),
            "Carla Ñandú",
            vec![
                change(Field::Name, Json::Null, json!("Carla Ñandú"), here),
                change(Field::Email, Json::Null, json!("carla@example.com"), here),
                change(Field::Phone, Json::Null, json!("+5491155550000"), here),
                tags(&["from-chatbot"], &[]),
            ],
        ),
        operation(
            there,
            Kind::Task,
            Action::Create,
            carla(),
            "Enviar presupuesto",
            vec![
                change(Field::Title, Json::Null, json!("Enviar presupuesto"), here),
                change(Field::Due, Json::Null, json!("2026-11-25T12:00:00Z"), here),
                change(Field::Completed, Json::Null, json!(false), here),
            ],
        ),
        operation(
            there,
            Kind::Note,
            Action::Create,
            carla(),
            "Pidió presupuesto para tres departamentos.",
            vec![change(Field::Body, Json::Null, json!(long_note), here)],
        ),
        operation(
            there,
            Kind::Note,
            Action::Create,
            carla(),
            "Llamó de nuevo",
            vec![change(Field::Body, Json::Null, json!("Llamó de nuevo"), here)],
        ),
    ]);
    finished.plan.first_sync = true;
    finished.plan.in_sync = 0;
    finished.plan.guards = vec![Guard {
        guard: GuardName::FirstSync,
        side: there,
        kind: Kind::Contact,
        value: 4.0,
        limit: 0.0,
        tripped: true,
    }];
    finished
}

fn edits() -> Finished {
    let (here, there) = (Side::Cliengo, Side::Ghl);
    let before = "Quiere visitar el departamento el lunes por la tarde, con su hermana. Prefiere planta baja.";
    let after = "Quiere visitar el departamento el martes a la mañana, con su hermana. Prefiere planta baja o patio.";
    let of_ana = || ("Ana Gómez", ana());
    finished(vec![
        operation(
            here,
            Kind::Contact,
            Action::Update,
            of_ana(),
            "Ana Gómez",
            vec![
                change(Field::Name, json!("Ana"), json!("Ana Gómez"), there),
                change(Field::Phone, json!("+541133261332"), json!("+541155550000"), there),
            ],
        ),
        operation(
            there,
            Kind::Contact,
            Action::Tag,
            of_ana(),
            "Ana Gómez",
            vec![tags(&["vip", "seguimiento"], &["nuevo"])],
        ),
        operation(
            there,
            Kind::Note,
            Action::Update,
            of_ana(),
            "Quiere visitar el departamento",
            vec![change(Field::Body, json!(before), json!(after), here)],
        ),
        operation(
            there,
            Kind::Task,
            Action::Complete,
            ("Bruno Díaz", bruno()),
            "Llamar",
            vec![change(Field::Completed, json!(false), json!(true), here)],
        ),
        operation(
            here,
            Kind::Task,
            Action::Update,
            ("Bruno Díaz", bruno()),
            "Visita",
            vec![change(Field::Due, json!("2026-11-25T12:00:00Z"), json!("2026-11-27T12:00:00Z"), there)],
        ),
        operation(
            there,
            Kind::Note,
            Action::Delete,
            ("Bruno Díaz", bruno()),
            "Número viejo",
            vec![change(Field::Body, json!("Número viejo"), Json::Null, here)],
        ),
    ])
}

fn held(kind: Kind, ids: Ids, label: &str, reason: HeldReason, detail: &str) -> Held {
    let (id, label, detail) = ("bcdfghjklm".to_owned(), label.to_owned(), detail.to_owned());
    Held { id, kind, ids, label, reason, detail, known: false }
}

fn much_to_look_at() -> Finished {
    let mut finished = finished(vec![]);
    let plan = &mut finished.plan;
    plan.held = vec![
        held(Kind::Contact, ids("64b0c0ffee0000000000a010", ""), "", HeldReason::NoMatchKey, ""),
        held(
            Kind::Contact,
            ids("64b0c0ffee0000000000a011", ""),
            "Diego",
            HeldReason::AmbiguousMatch,
            "diego@example.com stands on C0oEdiego0000000001 and C0oEdiego0000000002",
        ),
        held(
            Kind::Contact,
            ids("", "C0oEelsa000000000001"),
            "Elsa",
            HeldReason::AmbiguousMatch,
            "two share +541133330000",
        ),
        held(Kind::Note, ana(), "Llamar", HeldReason::Unparsable, "the note has no text"),
        held(Kind::Contact, bruno(), "Bruno Díaz", HeldReason::ManualConflict, "email"),
    ];
    plan.conflicts = vec![
        Conflict {
            id: "0a1b2c3d4e".to_owned(),
            chosen: None,
            kind: Kind::Contact,
            ids: ana(),
            label: "Ana Gómez".to_owned(),
            field: Field::Phone,
            base: json!("+541133261332"),
            cliengo: json!("+541155550000"),
            ghl: json!("+541144440000"),
            winner: Winner::Ghl,
            cause: Cause::BothChanged,
            kept: true,
        },
        Conflict {
            id: "5f6a7b8c9d".to_owned(),
            chosen: None,
            kind: Kind::Contact,
            ids: bruno(),
            label: "Bruno Díaz".to_owned(),
            field: Field::Email,
            base: Json::Null,
            cliengo: json!("bruno@example.com"),
            ghl: Json::Null,
            winner: Winner::Manual,
            cause: Cause::NeverHad,
            kept: true,
        },
    ];
    let cannot = |label: &str| Unsupported {
        kind: Kind::Note,
        side: Side::Cliengo,
        action: Action::Update,
        ids: ana(),
        label: label.to_owned(),
        detail: "Cliengo has no note update".to_owned(),
    };
    plan.unsupported = vec![cannot("Primera visita"), cannot("Segunda visita")];
    plan.listings.ghl.note = ListingCount {
        count: 940,
        complete: false,
        parents: Some((800, 812)),
        why: Some("12 contacts could not be read: GHL cannot be read: no answer in time".to_owned()),
        reading: Reading::Partial,
    };
    finished
}

fn guarded() -> Finished {
    let deletes = (1..=97).map(|number| {
        let contact = ids(&format!("64b0c0ffee0000000000b{number:03}"), &format!("C0oEperson0000000{number:03}"));
        let name = format!("Persona {number}");
        operation(Side::Ghl, Kind::Contact, Action::Delete, (&name, contact), &name, vec![])
    });
    let mut finished = finished(deletes.collect());
    let guard = |guard, side, kind, value, limit, tripped| Guard { guard, side, kind, value, limit, tripped };
    finished.plan.guards = vec![
        guard(GuardName::Emptied, Side::Cliengo, Kind::Task, 0.0, 1.0, true),
        guard(GuardName::DeletePercent, Side::Ghl, Kind::Contact, 11.95, 10.0, true),
        guard(GuardName::DeleteCount, Side::Ghl, Kind::Contact, 97.0, 50.0, true),
        guard(GuardName::UpdatePercent, Side::Ghl, Kind::Contact, 0.0, 30.0, false),
    ];
    let run = run(&finished, &[]);
    let outcomes = std::collections::BTreeMap::new();
    finished.run = Some(RunRecord { refused: true, outcomes, ..run });
    finished
}

fn mixed_run() -> Finished {
    let mut finished = edits();
    finished.plan.conflicts = much_to_look_at().plan.conflicts;
    finished.usage.cliengo.writes = 2;
    finished.usage.ghl.writes = 3;
    let mut run = run(
        &finished,
        &[
            (2, OperationOutcome::Refused, "422: the tag \"vip\" is not allowed"),
            (3, OperationOutcome::Unknown, "no answer within 30 s"),
            (4, OperationOutcome::Failed, "the connection could not be made"),
            (5, OperationOutcome::SkippedStale, "it changed meanwhile"),
            (6, OperationOutcome::NotStarted, ""),
        ],
    );
    run.recovered = 1;
    finished.run = Some(run);
    finished
}

#[test]
fn a_first_sync_shows_links_creates_and_how_to_approve() {
    golden("first_sync.txt", &text(&first_sync(), PLAIN));
}

#[test]
fn a_note_edit_shows_the_words_that_change() {
    golden("edits.txt", &text(&edits(), PLAIN));
    golden("edits_narrow.txt", &text(&edits(), Style { width: 60, ..PLAIN }));
    golden("edits_colour.txt", &text(&edits(), Style { colour: true, ..PLAIN }));
}

#[test]
fn what_waits_for_a_person_says_what_it_means_and_what_to_do() {
    golden("much_to_look_at.txt", &text(&much_to_look_at(), PLAIN));
}

// Watches: incident 17, incident 32.
#[test]
fn tripped_guards_name_their_key_their_records_and_the_command() {
    golden("guarded.txt", &text(&guarded(), PLAIN));
}

#[test]
fn a_run_tells_what_came_of_each_operation() {
    golden("mixed_run.txt", &text(&mixed_run(), PLAIN));
}

#[test]
fn nothing_to_do_is_short() {
    golden("nothing_to_do.txt", &text(&finished(vec![]), PLAIN));
}

#[test]
fn the_json_documents_have_the_contracts_keys_in_its_order() {
    let mut plan = edits();
    let other = much_to_look_at().plan;
    plan.plan.conflicts = other.conflicts;
    plan.plan.held = other.held;
    plan.plan.unsupported = other.unsupported;
    plan.plan.listings = other.listings;
    plan.plan.guards = guarded().plan.guards;
    golden("plan.json", &json_text(&[Entry::Finished(&plan)]));
    golden("run.json", &json_text(&[Entry::Finished(&mixed_run())]));
    let broken = Entry::Error { pair: "acme", error: "Cliengo refused the credentials" };
    golden("several.json", &json_text(&[broken, Entry::Finished(&finished(vec![]))]));
    assert_eq!(json_text(&[broken]).lines().count(), 4);
}

// Watches: I8.
#[test]
fn the_same_plan_is_the_same_document_byte_for_byte() {
    let once = json_text(&[Entry::Finished(&first_sync())]);
    assert_eq!(once, json_text(&[Entry::Finished(&first_sync())]));
}

// Watches: I49.
#[test]
fn planned_is_the_sum_of_the_outcomes_even_when_a_run_says_nothing_of_them() {
    let document: Json = serde_json::from_str(&json_text(&[Entry::Finished(&guarded())])).unwrap();
    assert_eq!(document["run"]["outcomes"]["not_started"], 97);
    assert_eq!(document["operations"][0]["outcome"], "not_started");
}

#[test]
fn the_brief_report_is_at_most_ten_lines_and_names_nobody() {
    for finished in [first_sync(), edits(), much_to_look_at(), guarded(), mixed_run(), finished(vec![])] {
        let brief = brief(&finished, &Audience::plain());
        assert!(brief.lines().count() <= 10, "{brief}");
        assert!(brief.contains(&verdict(&finished, &Audience::plain())));
        for private in ["Ana", "Persona", "@", "+54"] {
            assert!(!brief.contains(private), "{brief}");
        }
    }
    golden("guarded_brief.txt", &brief(&guarded(), &Audience::plain()));
    golden("mixed_run_brief.txt", &brief(&mixed_run(), &Audience::plain()));
}

#[test]
fn a_record_cannot_paint_the_terminal() {
    let evil = "Ana\u{1b}[2J\u{202e}\u{9b}31m\r\nOK";
    let mut finished = finished(vec![
        operation(
            Side::Ghl,
            Kind::Contact,
            Action::Update,
            (evil, ids(evil, evil)),
            evil,
            vec![
                change(Field::Name, json!(evil), json!(format!("{evil} {}", "palabra ".repeat(9))), Side::Cliengo),
                tags(&[evil], &[evil]),
            ],
        ),
        operation(
            Side::Ghl,
            Kind::Note,
            Action::Create,
            (evil, ids(evil, evil)),
            evil,
            vec![change(Field::Body, Json::Null, json!(evil), Side::Cliengo)],
        ),
    ]);
    finished.plan.held = vec![held(Kind::Contact, ids(evil, ""), evil, HeldReason::Unparsable, evil)];
    finished.plan.pair = evil.to_owned();
    let not_applied = [(1, OperationOutcome::Refused, evil)];
    finished.run = Some(run(&finished, &not_applied));
    let shown = text(&finished, PLAIN) + &brief(&finished, &Audience::plain());
    assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)), "{shown}");
}

#[test]
fn long_plans_stay_readable() {
    let linked = (0..1000).map(|number| {
        let contact = ids(&format!("c{number}"), &format!("g{number}"));
        operation(Side::Ghl, Kind::Contact, Action::Link, ("Alguien", contact), "Alguien", vec![])
    });
    let created = (1000..1500).map(|number| {
        operation(
            Side::Ghl,
            Kind::Contact,
            Action::Create,
            ("Alguien", ids(&format!("c{number}"), "")),
            "Alguien",
            vec![],
        )
    });
    let shown = text(&finished(linked.chain(created).collect()), PLAIN);
    assert!(shown.contains("… and another 300 contacts, 300 operations\n"), "{shown}");
    assert!(shown.contains("Linked without a change (1,000)\n"), "{shown}");
    assert!(shown.lines().count() < 1000);
}

#[test]
fn a_large_run_gathers_what_went_wrong_below() {
    let created = (0..20).map(|number| {
        operation(
            Side::Ghl,
            Kind::Contact,
            Action::Create,
            ("Alguien", ids(&format!("c{number}"), "")),
            "Alguien",
            vec![],
        )
    });
    let mut finished = finished(created.collect());
    finished.run = Some(run(&finished, &[(7, OperationOutcome::Refused, "422: no")]));
    let shown = text(&finished, PLAIN);
    assert!(shown.contains("✗ 1 refused\n"), "{shown}");
    assert!(shown.contains("\n  c6  -  GHL create contact Alguien: 422: no\n"), "{shown}");
}
