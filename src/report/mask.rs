//! A report that names nobody: `[report] mask`. The same name, e-mail or phone is masked the same everywhere.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::reconcile::{Change, Operation, Work};
use crate::record::{Field, Fields, Kind, Request};
use crate::run::Finished;

/// What stands for the rest of a word.
const REST: &str = "***";

/// So many digits in a row are a phone; most amounts and times that people write have fewer.
const PHONE_DIGITS: usize = 7;

/// Words of names that are words of every text.
const PARTICLES: [&str; 8] = ["del", "las", "los", "san", "van", "von", "der", "dos"];

/// What stands in a detail that quotes a name, an e-mail or a phone.
const TELLING: [&str; 4] = ["its e-mail \"", "its phone \"", "share no word", "seem two people's names"];

/// The same plan or run with names, e-mails and phones masked. It keeps the plan's id, so that it can be approved.
///
/// In a note or a title, e-mails, phones and the words of every name in the plan are masked; other words stay.
#[must_use]
pub fn masked(finished: &Finished) -> Finished {
    let names = Names::of(finished);
    let mut shown = finished.clone();
    shown.plan.shown_as = Some(finished.plan.id());
    for operation in &mut shown.plan.operations {
        names.mask_operation(operation);
    }
    for conflict in &mut shown.plan.conflicts {
        names.mask_label(conflict.kind, &mut conflict.label);
        let chosen = conflict.chosen.as_mut();
        for value in [&mut conflict.base, &mut conflict.cliengo, &mut conflict.ghl].into_iter().chain(chosen) {
            names.mask_value(conflict.field.as_str(), value);
        }
    }
    for held in &mut shown.plan.held {
        names.mask_label(held.kind, &mut held.label);
        held.detail = names.text(&held.detail);
    }
    for unsupported in &mut shown.plan.unsupported {
        names.mask_label(unsupported.kind, &mut unsupported.label);
        unsupported.detail = names.text(&unsupported.detail);
    }
    if let Some(run) = &mut shown.run {
        let reasons = run.outcomes.values_mut().filter_map(|ended| ended.reason.as_mut());
        for text in reasons.chain(run.failure.as_mut()) {
            *text = names.text(text);
        }
    }
    shown
}

/// An operation, a request or a payload as JSON, masked by its keys; its ids stay.
#[must_use]
pub fn masked_document(document: &Json) -> Json {
    let mut names = Names::default();
    names.learn_from(document);
    let mut shown = document.clone();
    names.mask_tree("", &mut shown);
    shown
}

/// The words of the names that are known here, in lower case.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn of(finished: &Finished) -> Self {
        let mut names = Self::default();
        for operation in &finished.plan.operations {
            names.learn(&operation.contact);
            let called = operation
                .link()
                .and_then(|link| link.matched_on.as_ref())
                .into_iter()
                .flat_map(|on| [&on.names.cliengo, &on.names.ghl]);
            called.for_each(|name| names.learn(name));
            for change in &operation.changes {
                if let Change::Value { field: Field::Name, before, after, .. } = change {
                    [before, after].into_iter().filter_map(Json::as_str).for_each(|name| names.learn(name));
                }
            }
        }
        let held = finished.plan.held.iter().map(|held| (held.kind, &held.label));
        let conflicts = finished.plan.conflicts.iter().map(|conflict| (conflict.kind, &conflict.label));
        let unsupported = finished.plan.unsupported.iter().map(|unsupported| (unsupported.kind, &unsupported.label));
        let details = finished.plan.held.iter().map(|held| &held.detail);
        for detail in details.chain(finished.plan.unsupported.iter().map(|unsupported| &unsupported.detail)) {
            if TELLING.iter().any(|telling| detail.contains(telling)) {
                detail.split('"').skip(1).step_by(2).for_each(|quoted| names.learn(quoted));
            }
        }
        for (_, label) in held.chain(conflicts).chain(unsupported).filter(|(kind, _)| *kind == Kind::Contact) {
            names.learn(label);
        }
        names
    }

    fn learn(&mut self, name: &str) {
        let words = name.split(|letter: char| !letter.is_alphabetic()).map(str::to_lowercase);
        self.0.extend(words.filter(|word| word.chars().count() > 2 && !PARTICLES.contains(&word.as_str())));
    }

    fn learn_from(&mut self, tree: &Json) {
        match tree {
            Json::Object(fields) => {
                for (key, value) in fields {
                    match value.as_str() {
                        Some(name) if holds_a_name(key) => self.learn(name),
                        _ => self.learn_from(value),
                    }
                }
                if fields.get("field").and_then(Json::as_str) == Some("name") {
                    let values = ["before", "after"].iter().filter_map(|key| fields.get(*key)?.as_str());
                    values.for_each(|name| self.learn(name));
                }
                if fields.get("kind").and_then(Json::as_str) == Some("contact")
                    && let Some(label) = fields.get("label").and_then(Json::as_str)
                {
                    self.learn(label);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.learn_from(item)),
            _ => {}
        }
    }

    fn mask_operation(&self, operation: &mut Operation) {
        self.mask_label(operation.kind, &mut operation.label);
        self.mask_label(Kind::Contact, &mut operation.contact);
        if let Work::Link(link) = &mut operation.work
            && let Some(on) = &mut link.matched_on
        {
            on.key = self.text(&on.key);
            self.mask_label(Kind::Contact, &mut on.names.cliengo);
            self.mask_label(Kind::Contact, &mut on.names.ghl);
        }
        for change in &mut operation.changes {
            match change {
                Change::Tags { added, removed, .. } => {
                    added.iter_mut().chain(removed).for_each(|tag| *tag = self.text(tag));
                }
                Change::Value { field, before, after, .. } => {
                    self.mask_value(field.as_str(), before);
                    self.mask_value(field.as_str(), after);
                }
            }
        }
        for request in &mut operation.requests {
            self.mask_request(request);
        }
        // What is not shown is not needed in what is shown.
        if let Some(write) = operation.write_mut() {
            (write.set, write.before) = (Fields::new(), Fields::new());
            (write.add_tags, write.remove_tags) = (Vec::new(), Vec::new());
        }
    }

    fn mask_request(&self, request: &mut Request) {
        if let Some((path, _)) = request.path.split_once('?') {
            request.path = format!("{path}?…");
        }
        if let Some(body) = &mut request.body {
            self.mask_tree("", body);
        }
    }

    /// A contact's label is its name, or what it has instead of one.
    fn mask_label(&self, kind: Kind, label: &mut String) {
        *label = if kind.is_child() { self.text(label) } else { name(label) };
    }

    /// The value of a field, or what stands under a key of a payload.
    fn mask_value(&self, key: &str, value: &mut Json) {
        match value {
            Json::String(text) => *text = self.by_key(key, text),
            tree => self.mask_tree(key, tree),
        }
    }

    fn mask_tree(&self, key: &str, tree: &mut Json) {
        match tree {
            Json::String(text) => *text = self.by_key(key, text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.mask_tree(key, item)),
            Json::Object(fields) => {
                let field = fields.get("field").and_then(Json::as_str).map(str::to_owned);
                let is_contact = fields.get("kind").and_then(Json::as_str) == Some("contact");
                for (key, value) in fields.iter_mut() {
                    match (key.as_str(), &field) {
                        ("id" | "ids" | "path" | "_id" | "ID", _) => {}
                        ("before" | "after", Some(field)) => self.mask_value(field, value),
                        ("label", _) if is_contact => self.mask_value("name", value),
                        (key, _) => self.mask_tree(key, value),
                    }
                }
            }
            _ => {}
        }
    }

    fn by_key(&self, key: &str, text: &str) -> String {
        let lower = key.to_lowercase();
        if holds_a_name(key) {
            name(text)
        } else if lower.contains("phone") {
            phone(text)
        } else if lower.contains("email") {
            name(text)
        } else if lower == "id" || lower.ends_with("_id") || key.ends_with("Id") {
            text.to_owned()
        } else {
            self.text(text)
        }
    }

    /// Free text.
    fn text(&self, text: &str) -> String {
        let without_emails: String = pieces(text, |letter| !is_of_email(letter))
            .map(|(piece, is_word)| if is_word && is_email(piece) { email(piece) } else { piece.to_owned() })
            .collect();
        let without_phones = without_phones(&without_emails);
        pieces(&without_phones, |letter| !letter.is_alphabetic())
            .map(
                |(piece, is_word)| {
                    if is_word && self.0.contains(&piece.to_lowercase()) { word(piece) } else { piece.to_owned() }
                },
            )
            .collect()
    }
}

/// Whether a key of a payload holds a person's name.
fn holds_a_name(key: &str) -> bool {
    let key = key.to_lowercase();
    ["name", "firstname", "lastname", "firstnameraw", "lastnameraw", "contactname", "fullnamelowercase"]
        .contains(&key.as_str())
}

/// `A*** G***`; of an e-mail or a phone in a name's place, its own mask.
fn name(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits >= PHONE_DIGITS && !text.contains(char::is_alphabetic) {
        return phone(text);
    }
    let words = text.split_whitespace().map(|part| if is_email(part) { email(part) } else { word(part) });
    words.collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    word.chars().take(1).chain(REST.chars()).collect()
}

fn is_of_email(letter: char) -> bool {
    letter.is_alphanumeric() || "@.!#$%&'*+/=?^_`{|}~-".contains(letter)
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// `a***@e***.com`.
fn email(text: &str) -> String {
    let Some((local, domain)) = text.split_once('@') else { return word(text) };
    let (host, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let dot = if top.is_empty() { "" } else { "." };
    format!("{}@{}{dot}{top}", word(local), word(host))
}

/// `+54******3299`: the first two and the last four digits, however they were written.
fn phone(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let shown = |at: usize| digits.len() >= PHONE_DIGITS && (at < 2 || at + 4 >= digits.len());
    let masked = digits.iter().enumerate().map(|(at, digit)| if shown(at) { *digit } else { '*' });
    let plus = if text.trim_start().starts_with('+') { "+" } else { "" };
    plus.chars().chain(masked).collect()
}

/// Masks every run that could be dialled: digits with what people put between them, and no letter beside them.
fn without_phones(text: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_digit() || "+-(). ".contains(letter);
    let mut masked = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = pieces(text, |letter| !is_part(letter)).peekable();
    while let Some((piece, is_run)) = rest.next() {
        let after = rest.peek().and_then(|(next, _)| next.chars().next());
        let core = piece.trim_matches([' ', '.', '-', '(', ')']);
        let touches = |beside: Option<char>, edge: bool| edge && beside.is_some_and(char::is_alphanumeric);
        let starts = piece.starts_with(|letter: char| letter.is_ascii_digit());
        let ends = piece.ends_with(|letter: char| letter.is_ascii_digit());
        let digits = core.chars().filter(char::is_ascii_digit).count();
        let is_phone =
            is_run && digits >= PHONE_DIGITS && !is_date(core) && !touches(before, starts) && !touches(after, ends);
        if is_phone {
            let (lead, tail) = piece.split_once(core).unwrap_or_default();
            masked.extend([lead, &phone(core), tail]);
        } else {
            masked.push_str(piece);
        }
        before = piece.chars().next_back();
    }
    masked
}

/// `2026-12-24`.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(str::len);
    text.len() == 10 && parts.next() == Some(4) && parts.next() == Some(2) && parts.next() == Some(2)
}

/// `text` cut where characters change between separators and words; whether each piece is a word.
fn pieces<'a>(text: &'a str, separates: impl Fn(char) -> bool + 'a) -> impl Iterator<Item = (&'a str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let separator = separates(rest.chars().next()?);
        let end = rest.find(|letter| separates(letter) != separator).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, !separator))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ana() -> Names {
        let mut names = Names::default();
        names.learn("Ana María del Gómez");
        names
    }

    #[test]
    fn names_emails_and_phones_have_a_mask_each() {
        assert_eq!(name("Ana  Gómez"), "A*** G***");
        assert_eq!(name("ana.gomez@example.com"), "a***@e***.com");
        for raw in ["+54 9 11 5566-3299", "+5491155663299"] {
            assert_eq!(phone(raw), "+54*******3299");
            assert_eq!(name(raw), "+54*******3299");
        }
        assert_eq!(phone("int. 12-34"), "****");
    }

    #[test]
    fn in_a_text_the_known_names_emails_and_phones_are_masked_and_nothing_else() {
        for (text, expected) in [
            ("Llamar a ana GÓMEZ del banco", "Llamar a a*** G*** del banco"),
            ("mail <ana@example.com>, o +54 11 5566-3299.", "mail <a***@e***.com>, o +54******3299."),
            ("(011) 5566-3299", "(01*****3299"),
            (
                "desde 2026-05-31 y 2026-05-31T17:10:36Z, 1500 pesos",
                "desde 2026-05-31 y 2026-05-31T17:10:36Z, 1500 pesos",
            ),
            ("pedido 64b0c0ffee0000000000a001", "pedido 64b0c0ffee0000000000a001"),
            ("+5491155663299 +5491155663200", "+54********************3200"),
            ("Banana, anarquía", "Banana, anarquía"),
        ] {
            assert_eq!(ana().text(text), expected);
        }
    }

    #[test]
    fn a_document_is_masked_by_its_keys_and_keeps_its_ids() {
        let document = json!({
            "kind": "contact", "label": "Ana Gómez", "ids": { "ghl": "Ana" },
            "changes": [{ "field": "name", "before": "Ana", "after": "Ana Gómez" }, { "field": "phone", "before": null, "after": "+541155663299" }],
            "requests": [{ "method": "PUT", "path": "/contacts/A1", "body": { "firstName": "Ana", "email": "ana@example.com", "locationId": "L1" } }],
        });
        let masked = masked_document(&document).to_string();
        for private in ["Gómez", "\"Ana Gómez\"", "ana@", "+541155663299"] {
            assert!(!masked.contains(private), "{private} in {masked}");
        }
        assert!(masked.contains("\"ghl\":\"Ana\"") && masked.contains("/contacts/A1") && masked.contains("L1"));
    }
}
