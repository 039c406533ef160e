//! Degrading what is wanted to what the target can hold, before anything is compared or planned.

use std::time::Duration;

use jiff::SignedDuration;

use crate::reconcile::model::{HeldReason, Input};
use crate::record::{
    Body, Capabilities, Due, Field, GhlPlace, Kind, Mapped, NameForm, PersonName, Phone, PlainField, Record, Side,
    Value, cut, html_from_text,
};

/// How a value fits its target.
#[derive(Clone, Debug, PartialEq)]
pub enum Fit {
    /// This is what the target is to hold.
    Write(Value),
    /// This much, and the rest cannot be expressed.
    Partly(Value, String),
    /// The target holds it already, as far as it can.
    Same,
    /// It cannot be expressed there; why.
    Cannot(String),
}

/// What a value has to fit into.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Which side.
    pub side: Side,
    /// What it can do.
    pub capabilities: &'a Capabilities,
    /// The kind of record.
    pub kind: Kind,
    /// What it holds now; `None`: it is to be created.
    pub current: Option<&'a Record>,
    /// When a task without a date is due, counted from its creation.
    pub default_due: Duration,
    /// What a mapped field holds.
    pub mapped: Option<&'a Mapped>,
    /// How many letters of a note's or task's text it takes; 0: all.
    pub longest_text: u32,
}

impl<'a> Target<'a> {
    /// What a field of a pair's record has to fit into.
    #[must_use]
    pub fn of(input: &'a Input<'_>, side: Side, kind: Kind, current: Option<&'a Record>, field: &Field) -> Self {
        Self {
            side,
            capabilities: input.capabilities.of(side),
            kind,
            current,
            default_due: input.pair.tasks.default_due,
            mapped: input.mapped(kind, field),
            longest_text: input.pair.longest_text(side),
        }
    }

    /// Fits `source`'s `field` to this target.
    #[must_use]
    pub fn fit(&self, field: &Field, source: &Record) -> Fit {
        let Some(value) = source.get(field) else { return Fit::Same };
        let current = self.current.and_then(|record| record.get(field));
        let fitted = match value {
            Value::Empty => self.clear(field, source, current),
            Value::Name(name) => self.name(name, current),
            Value::Email(_) | Value::Phone(_) if source.unusable(field).is_some() => {
                Fit::Cannot(source.unusable(field).unwrap_or_default())
            }
            Value::Phone(phone) => self.phone(phone, current),
            Value::Body(body) if *field == Field::Body => self.body(body, current),
            _ => Fit::Write(value.clone()),
        };
        match (fitted, current) {
            (Fit::Write(wanted), Some(current)) if wanted.same(current) => Fit::Same,
            (Fit::Write(_), Some(_)) if self.takes_it_once() => {
                Fit::Cannot(format!("{} takes a {field} only when the {} is created", self.side.title(), self.kind))
            }
            (fitted, _) => fitted,
        }
    }

    /// `semantics` 37: a line is not written over its extension, and an extension does not go without saying so.
    fn phone(&self, phone: &Phone, current: Option<&Value>) -> Fit {
        match (&phone.e164, current) {
            (Some(_), Some(Value::Phone(current))) if current.extension.is_some() && phone.is_line_of(current) => {
                Fit::Same
            }
            (Some(e164), _) => Fit::Write(Value::Phone(Phone::of(e164))),
            (None, _) => Fit::Cannot(format!(
                "its phone {:?} has an extension, which {} does not take: it is not sent",
                phone.raw,
                self.side.title()
            )),
        }
    }

    /// A text that is too long goes as its beginning, with a word where the rest stands.
    fn body(&self, body: &Body, current: Option<&Value>) -> Fit {
        let Some(short) = shortened(self.side, self.longest_text, body.text(), "") else {
            return Fit::Write(Value::Body(body.clone()));
        };
        let (short, side) = (Value::body(&short), self.side);
        if current.is_some_and(|current| short.same(current)) {
            return Fit::Same;
        }
        let (takes, there) = (self.longest_text, side.other().title());
        Fit::Partly(
            short,
            format!("{} takes {takes} letters of a text: the rest stands in {there} alone", side.title()),
        )
    }

    fn plain(&self) -> Option<PlainField> {
        match &self.mapped?.ghl {
            GhlPlace::Plain(field) if self.side == Side::Ghl => Some(*field),
            _ => None,
        }
    }

    /// `semantics` 18: GHL's PUT does not take it.
    fn takes_it_once(&self) -> bool {
        self.plain().is_some_and(|field| field.create_only)
    }

    fn clears_it(&self) -> bool {
        let emptied = |mapped: &Mapped| self.side == Side::Cliengo && mapped.emptied_in_cliengo().is_some();
        self.plain().is_some_and(|field| field.clearable) || self.mapped.is_some_and(emptied)
    }

    fn clear(&self, field: &Field, source: &Record, current: Option<&Value>) -> Fit {
        if *field == Field::Due && self.capabilities.due_required {
            return match (self.current, source.created) {
                (None, Some(_)) => match synthetic_due(source, self.default_due) {
                    Some(due) => Fit::Write(Value::Due(due)),
                    None => Fit::Cannot("its creation date is beyond what a calendar holds".to_owned()),
                },
                (None, None) => {
                    Fit::Cannot("a task needs a due date there, and it has neither one nor a creation date".to_owned())
                }
                (Some(_), _) => Fit::Cannot(format!("{} has no task without a due date", self.side.title())),
            };
        }
        match current {
            None | Some(Value::Empty) => Fit::Same,
            Some(_) if self.capabilities.kinds.of(self.kind).clearable.contains(field) || self.clears_it() => {
                Fit::Write(Value::Empty)
            }
            Some(_) => Fit::Cannot(self.cannot_empty(field)),
        }
    }

    fn cannot_empty(&self, field: &Field) -> String {
        let (side, name) = (self.side.title(), field.to_string());
        let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{side} cannot empty {article} {name}")
    }

    fn name(&self, wanted: &PersonName, current: Option<&Value>) -> Fit {
        let current = match current {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        };
        match (self.capabilities.name, current) {
            (NameForm::FirstAndLast, None) => Fit::Write(Value::Name(wanted.split())),
            (NameForm::FirstAndLast, Some(current)) => Fit::Write(Value::Name(wanted.fitted_to(current))),
            (NameForm::NameAndReadOnlyLast, Some(current)) if !current.last.is_empty() => {
                self.first_name_only(wanted, current)
            }
            (NameForm::Parted, Some(current)) if !current.last.is_empty() && !wanted.full().contains(' ') => {
                self.without_a_last_name(wanted, current)
            }
            (NameForm::Parted, _) => Fit::Write(whole(&wanted.full())),
            (NameForm::NameAndReadOnlyLast, _) => Fit::Write(Value::Name(PersonName::new(&wanted.full(), ""))),
        }
    }

    /// `semantics` 2: an account that parts the names that it is sent keeps its last name where none is in them.
    fn without_a_last_name(&self, wanted: &PersonName, current: &PersonName) -> Fit {
        let cannot = format!("{} cannot empty a last name", self.side.title());
        if wanted.full() == current.first {
            return Fit::Cannot(cannot);
        }
        Fit::Partly(whole(&format!("{} {}", wanted.full(), current.last)), cannot)
    }

    /// `semantics` 12: where a last name stands apart, only the first can be written.
    fn first_name_only(&self, wanted: &PersonName, current: &PersonName) -> Fit {
        let fitted = wanted.fitted_to(current);
        let cannot = format!("{} cannot change a last name", self.side.title());
        let written = Value::Name(PersonName { whole: current.whole, ..PersonName::new(&fitted.first, &current.last) });
        match (fitted.first == current.first, fitted.last == current.last) {
            _ if fitted.first.is_empty() => Fit::Cannot(format!("{} cannot empty a first name", self.side.title())),
            (_, true) => Fit::Write(written),
            (true, false) => Fit::Cannot(cannot),
            (false, false) => Fit::Partly(written, cannot),
        }
    }
}

/// A name as one that its CRM parts itself.
fn whole(full: &str) -> Value {
    Value::Name(PersonName { whole: true, ..PersonName::new(full, "") })
}

/// What `side` is told of a text that is too long for it together with what follows; `None`: all of it.
pub fn shortened(side: Side, longest: u32, text: &str, tail: &str) -> Option<String> {
    let room = usize::try_from(longest).ok().filter(|room| *room > 0)?;
    let has_room = |text: &str| {
        let whole = format!("{text}{tail}");
        // GHL counts what it is sent, where signs stand as entities.
        let sent = if side == Side::Ghl { html_from_text(&whole) } else { whole };
        sent.chars().count() <= room
    };
    cut(text, side.other(), has_room)
}

/// Why a mapped value waits that its field does not take.
pub fn unfit(mapped: Option<&Mapped>, value: &Value) -> HeldReason {
    if mapped.is_some_and(|mapped| mapped.is_ambiguous(value)) {
        HeldReason::AmbiguousValue
    } else {
        HeldReason::Picklist
    }
}

/// The due date that a task without one gets where one is needed: counted from its creation, never from now
/// (`semantics` 15).
#[must_use]
pub fn synthetic_due(task: &Record, default_due: Duration) -> Option<Due> {
    let later = SignedDuration::try_from(default_due).ok()?;
    let at = task.created?.checked_add(later).ok()?;
    Some(Due::at(at, &jiff::tz::TimeZone::UTC))
}

/// Whether `due` is what a task without a date was given when its counterpart was made: no news, whoever reads it.
#[must_use]
pub fn is_synthetic(task: &Record, due: Option<&Value>, default_due: Duration) -> bool {
    match (task.get(&Field::Due), due, synthetic_due(task, default_due)) {
        (Some(Value::Empty), Some(Value::Due(due)), Some(synthetic)) => due.same(&synthetic),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Holds;

    fn cliengo() -> Capabilities {
        Capabilities { name: NameForm::NameAndReadOnlyLast, ..Capabilities::default() }
    }

    fn named(first: &str, last: &str) -> Record {
        Record::default().with(Field::Name, Value::name(first, last))
    }

    fn fit(capabilities: &Capabilities, current: &Record, wanted: &Record) -> Fit {
        let target = Target {
            side: Side::Cliengo,
            capabilities,
            kind: Kind::Contact,
            current: Some(current),
            default_due: Duration::from_secs(0),
            mapped: None,
            longest_text: 0,
        };
        target.fit(&Field::Name, wanted)
    }

    // Watches: I34.
    #[test]
    fn a_last_name_edited_in_ghl_cannot_reach_a_cliengo_last_name() {
        let (current, wanted) = (named("Ana", "Gómez"), named("Ana", "Paz"));
        assert!(matches!(fit(&cliengo(), &current, &wanted), Fit::Cannot(_)));
        assert_eq!(fit(&cliengo(), &current, &named("Eva", "Gómez")), Fit::Write(Value::name("Eva", "Gómez")));
    }

    #[test]
    fn a_full_name_goes_to_cliengos_name_where_it_has_no_last_name() {
        assert_eq!(fit(&cliengo(), &named("Ana", ""), &named("Ana", "Paz")), Fit::Write(Value::name("Ana Paz", "")));
        assert_eq!(fit(&cliengo(), &named("Ana Paz", ""), &named("Ana", "Paz")), Fit::Same);
    }

    #[test]
    fn a_first_name_that_ghl_emptied_is_kept_in_cliengo() {
        let wanted = Record::default().with(Field::Name, Value::name("", "Gómez"));
        assert!(matches!(fit(&cliengo(), &named("Ana", "Gómez"), &wanted), Fit::Cannot(why) if why.contains("empty")));
    }

    #[test]
    fn an_account_that_parts_names_keeps_a_last_name_only_where_none_is_sent() {
        let parted = Capabilities { name: NameForm::Parted, ..Capabilities::default() };
        let cases = [
            (named("Ana", "Gómez"), named("Ana", "Paz"), "Ana Paz"),
            (named("Ana", ""), named("Eva", ""), "Eva"),
            (named("Ana", "Gómez"), named("Eva", ""), "Eva Gómez, cannot empty a last name"),
        ];
        for (current, wanted, expected) in cases {
            let sent = match fit(&parted, &current, &wanted) {
                Fit::Write(name) => name.shown(),
                Fit::Partly(name, why) => format!("{},{}", name.shown(), why.trim_start_matches("Cliengo")),
                other => panic!("{other:?}"),
            };
            assert_eq!(sent, expected);
        }
    }

    #[test]
    fn what_ghl_takes_once_only_cliengo_takes_always() {
        let field = Field::Mapped("gender".into());
        let place = GhlPlace::Plain(PlainField {
            key: "gender",
            searched: "gender",
            clearable: false,
            create_only: true,
            read_only: false,
        });
        let mapped = Mapped {
            kind: Kind::Contact,
            field: field.clone(),
            cliengo: "leadFields.genero".to_owned(),
            ghl: place,
            holds: Holds::Text,
            transform: Vec::new(),
            values: Vec::new(),
        };
        let capabilities = Capabilities::default();
        let line = |text: &str| Record::default().with(field.clone(), Value::Line(text.to_owned()));
        let (current, wanted) = (line("mujer"), line("otro"));
        let fit = |side| {
            let (current, default_due, mapped) = (Some(&current), Duration::ZERO, Some(&mapped));
            let target = Target {
                side,
                capabilities: &capabilities,
                kind: Kind::Contact,
                current,
                default_due,
                mapped,
                longest_text: 0,
            };
            target.fit(&field, &wanted)
        };
        assert!(matches!(fit(Side::Ghl), Fit::Cannot(_)));
        assert_eq!(fit(Side::Cliengo), Fit::Write(Value::Line("otro".to_owned())));
    }
}
