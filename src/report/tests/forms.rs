//! Every form of a report says the same.

use super::super::words;
use super::super::{CSV_HEAD, csv, html_foot, html_head, html_report, markdown};
use super::*;
use crate::config::Config;

/// A run with everything that a report can have to say.
pub(super) fn everything() -> Finished {
    let mut finished = mixed_run();
    let other = much_to_look_at().plan;
    let plan = &mut finished.plan;
    plan.conflicts = other.conflicts;
    plan.held = other.held;
    plan.unsupported = other.unsupported;
    plan.listings = other.listings;
    plan.guards = guarded().plan.guards;
    plan.outside = 3;
    finished
}

/// Somebody in Buenos Aires with real accounts.
pub(super) fn reader(language: &str) -> Audience {
    let text = format!(
        "[report]\nlanguage = \"{language}\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         [pair.demo.cliengo]\napi_key = {{ env = \"A\" }}\nwebsite_id = \"5f3c0000000000000000000a\"\n\
         [pair.demo.ghl]\ntoken = {{ env = \"B\" }}\nlocation_id = \"C2QujeCh8ZnC7al2InWR\"\n"
    );
    let config = Config::parse(&text, std::path::Path::new("schedules.toml")).unwrap();
    Audience::of(&config, &config.pairs[0])
}

fn written(finished: &Finished, write: impl Fn(&Report<'_>, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let audience = reader("en");
    let mut text = Vec::new();
    write(&Report::of(finished, &audience), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn page(finished: &Finished) -> String {
    written(finished, |report, to| {
        html_head(&reader("en"), &[], to)?;
        html_report(report, to)?;
        html_foot(to)
    })
}

/// A report in every form, by name.
fn forms(finished: &Finished) -> Vec<(&'static str, String)> {
    vec![
        ("text", text(finished, Style { colour: false, width: 10_000 })),
        ("json", json_text(&[Entry::Finished(finished)])),
        ("markdown", written(finished, markdown)),
        ("html", page(finished)),
        ("csv", CSV_HEAD.to_owned() + &written(finished, csv)),
    ]
}

/// The words of a text, without what a form puts around or between them.
fn bare(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.chars().filter(|letter| letter.is_alphanumeric() || "+@".contains(*letter)).collect()
}

#[test]
fn each_form_carries_every_operation_held_record_conflict_unsupported_entry_guard_and_warning() {
    let finished = everything();
    let plan = &finished.plan;
    let mut parts: Vec<String> = Vec::new();
    for operation in &plan.operations {
        parts.push(operation.action().as_str().replace("tag", "tags"));
        parts.extend(operation.ids.of(Side::Cliengo).map(str::to_owned));
        let ended = &finished.run.as_ref().unwrap().outcomes[&operation.id];
        parts.extend(ended.reason.clone());
        for change in &operation.changes {
            match change {
                Change::Tags { added, removed, .. } => parts.extend(added.iter().chain(removed).cloned()),
                // A long text is shown by what changes in it.
                Change::Value { field: Field::Body, .. } => parts.extend(["martes".to_owned(), "lunes".to_owned()]),
                Change::Value { before: Json::String(before), .. } if operation.action() == Action::Delete => {
                    parts.push(before.clone());
                }
                Change::Value { field: Field::Due, .. } => parts.push("2026-11-27".to_owned()),
                Change::Value { after: Json::String(after), .. } => parts.push(after.clone()),
                Change::Value { .. } => {}
            }
        }
    }
    for held in &plan.held {
        parts.extend([held.detail.clone()]);
        parts.extend(held.ids.of(Side::Ghl).map(str::to_owned));
        parts.extend(held.ids.of(Side::Cliengo).map(str::to_owned));
    }
    for conflict in &plan.conflicts {
        let values = [&conflict.base, &conflict.cliengo, &conflict.ghl];
        parts.extend(values.iter().filter_map(|value| value.as_str()).map(str::to_owned));
    }
    parts.extend(plan.unsupported.iter().map(|entry| entry.detail.clone()));
    parts.extend(plan.guards.iter().filter(|guard| guard.tripped).map(|guard| words::amount(guard.value)));
    parts.extend(plan.listings.ghl.note.why.clone());
    for (form, shown) in forms(&finished) {
        let shown = bare(&shown);
        for part in &parts {
            assert!(shown.contains(&bare(part)), "{form} lacks {part:?}");
        }
    }
}

#[test]
fn a_ticket_has_links_into_both_crms_local_times_and_the_commands() {
    let shown = written(&everything(), markdown);
    golden("everything.md", &shown);
    assert!(shown.contains("[64b0c0ffee0000000000a001](https://app.cliengo.com/contacts/64b0c0ffee0000000000a001)"));
    assert!(shown.contains("2026-11-23 00:00:00 America/Argentina/Buenos_Aires"), "{shown}");
    assert!(shown.contains("`concord conflicts show 5f6a7b8c9d --pair demo`"));
    golden("nothing_to_do.md", &written(&finished(vec![]), markdown));
}

#[test]
fn a_spreadsheet_has_a_row_for_each_field_and_every_row_has_every_column() {
    let shown = CSV_HEAD.to_owned() + &written(&everything(), csv);
    golden("everything.csv", &shown.replace('\r', ""));
    let columns = CSV_HEAD.matches(',').count();
    for line in shown.split("\r\n").filter(|line| !line.is_empty()) {
        let outside_quotes = line.split('"').step_by(2).collect::<String>();
        assert_eq!(outside_quotes.matches(',').count(), columns, "{line}");
    }
}

#[test]
fn a_report_in_spanish_has_spanish_headings_dates_and_numbers() {
    let (finished, audience) = (everything(), reader("es"));
    let mut shown = Vec::new();
    markdown(&Report::of(&finished, &audience), &mut shown).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    for part in ["Informe de Concord", "23/11/2026 00:00:00", "1.802 registros", "límite 10 %", "11,95 %", "teléfono"]
    {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
}

/// What a hostile account holds.
pub(super) fn hostile() -> Finished {
    let evil = "<script>alert(1)</script> | `rm` **x** \u{202e}zemóG\u{1b}[31m\r\nFAKE ROW 🎉 مرحبا";
    let mut finished = finished(vec![operation(
        Side::Ghl,
        Kind::Contact,
        Action::Update,
        (evil, ids(evil, evil)),
        evil,
        vec![
            change(Field::Name, json!(evil), json!(format!("{evil} {}", "palabra ".repeat(20))), Side::Cliengo),
            tags(&[evil], &[evil]),
        ],
    )]);
    finished.plan.held = vec![held(Kind::Contact, ids(evil, evil), evil, HeldReason::AmbiguousMatch, evil)];
    finished.run = Some(run(&finished, &[(1, OperationOutcome::Refused, evil)]));
    finished
}

#[test]
fn hostile_names_mean_nothing_in_any_form() {
    let finished = hostile();
    for (form, shown) in forms(&finished) {
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{form}");
    }
    let shown = page(&finished);
    assert_eq!(shown.matches("<script>").count(), 1, "its own: {shown}");
    let shown = written(&finished, markdown);
    assert!(!shown.contains("<script>") && !shown.lines().any(|line| line.starts_with("FAKE")), "{shown}");
    assert!(!shown.contains("| `rm`") && !shown.contains("concord links add <"), "{shown}");
    let sheet = written(&finished, csv);
    assert_eq!(sheet.split("\r\n").filter(|line| !line.is_empty()).count(), 4, "{sheet}");
}

/// What stands in the first element of that name.
fn within<'a>(page: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    page.split_once(&open).unwrap().1.split_once(&close).unwrap().0
}

#[test]
fn a_page_needs_nothing_else_and_runs_only_its_own_style_and_script() {
    let page = page(&everything());
    let hash = |content: &str| {
        use base64::Engine as _;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    let policy = page.split_once("Content-Security-Policy\" content=\"").unwrap().1.split_once('"').unwrap().0;
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains(&format!("style-src {}", hash(within(&page, "style")))), "{policy}");
    assert!(policy.contains(&format!("script-src {}", hash(within(&page, "script")))), "{policy}");
    let body = page.split_once("<body>").unwrap().1;
    for foreign in [" src=", " style=", " onclick", "<link", "<img", "<iframe", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(body.contains("href=\"https://app.cliengo.com/contacts/64b0c0ffee0000000000a001\""));
}

#[test]
fn a_page_says_first_what_matters() {
    let page = page(&everything());
    let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("no {part:?}"));
    let order = [
        "<h1>",
        "class=\"verdict",
        "Account Cliengo",
        "Not everything was read",
        "Needs a decision",
        "Numbers",
        "Changes by contact",
        "Unsupported",
    ];
    let places: Vec<usize> = order.iter().map(|part| at(part)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("<del><bdi>nuevo") || page.contains("−nuevo"), "tags as minus");
    assert!(page.contains("<del><bdi>lunes por</bdi></del>") && page.contains("<ins><bdi>martes a</bdi></ins>"));
    assert!(page.contains("concord conflicts show 5f6a7b8c9d --pair demo"));
}

#[test]
fn every_text_of_a_page_is_in_its_language() {
    let finished = everything();
    let audience = reader("es");
    let mut shown = Vec::new();
    html_head(&audience, &[("demo", "x"), ("otro", "y")], &mut shown).unwrap();
    html_report(&Report::of(&finished, &audience), &mut shown).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("<html lang=\"es\">") && shown.contains("Cambios por contacto"));
    for english in ["Needs a decision", "Changes by", "applied</", "Search", "All kinds", "Before</th>"] {
        assert!(!shown.contains(english), "{english}");
    }
}

/// A page that is written away at once.
#[derive(Default)]
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "measures this process: run it alone, as CONTRIBUTING says"]
fn fifty_thousand_changes_are_written_in_under_300_mib() {
    let many = (0..50_000).map(|number| {
        let phone = change(Field::Phone, json!("+541133261332"), json!(format!("+5411{number:08}")), Side::Cliengo);
        let contact = ids(&format!("64b0c0ffee00000000{number:06}"), &format!("C0oEanaGomez{number:07}"));
        operation(Side::Ghl, Kind::Contact, Action::Update, ("Ana Gómez", contact), "Ana Gómez", vec![phone])
    });
    let (finished, reader) = (finished(many.collect()), reader("es"));
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().to_owned();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    };
    let plan = peak();
    let report = Report::of(&finished, &reader);
    let mut sizes = Vec::new();
    for (form, write) in
        [("html", html_report as fn(&Report<'_>, &mut dyn std::io::Write) -> _), ("markdown", markdown), ("csv", csv)]
    {
        let mut counted = Counted::default();
        write(&report, &mut counted).unwrap();
        sizes.push(format!("{form} {} bytes, {} MiB", counted.0, peak()));
    }
    let shown = super::super::text(&report, PLAIN).len();
    sizes.push(format!("text {shown} bytes, {} MiB", peak()));
    let mut counted = Counted::default();
    json_document(&[Entry::Finished(&finished)], &mut counted).unwrap();
    println!("the plan {plan} MiB; {}; json {} bytes, {} MiB", sizes.join("; "), counted.0, peak());
    assert!(peak() < 300, "{} MiB", peak());
}

/// Forty thousand changes of twenty thousand contacts.
#[test]
fn tens_of_thousands_of_changes_become_a_page_of_a_reasonable_size() {
    let many = (0..20_000).map(|number| {
        let changes = vec![
            change(Field::Phone, json!("+541133261332"), json!("+541155550000"), Side::Cliengo),
            change(Field::Name, json!("Ana"), json!(format!("Ana {number}")), Side::Cliengo),
        ];
        let contact = ids(&format!("64b0c0ffee00000000{number:06}"), &format!("C0oEanaGomez{number:07}"));
        operation(Side::Ghl, Kind::Contact, Action::Update, ("Ana Gómez", contact), "Ana Gómez", changes)
    });
    let page = page(&finished(many.collect()));
    assert_eq!(page.matches("class=\"step\"").count(), 20_000);
    assert!(page.len() < 30_000_000, "{}", page.len());
    if let Some(folder) = std::env::var_os("CONCORD_KEEP_PAGE") {
        std::fs::write(PathBuf::from(folder).join("large.html"), page).unwrap();
    }
}
