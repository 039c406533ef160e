//! A person's choice between two values, held against what both sides can hold.

use super::fit::{self, Fit};
use crate::config::Pair;
use crate::record::{Both, Capabilities, Field, Kind, Mapped, Record, Side, Take, Value};

/// What a choice is held against.
#[derive(Debug)]
pub struct Choosing<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// The kind of record.
    pub kind: Kind,
    /// The field.
    pub field: &'a Field,
    /// Both values.
    pub now: &'a Both<Value>,
    /// What each side can do.
    pub capabilities: &'a Both<Capabilities>,
    /// What a mapped field holds.
    pub mapped: Option<&'a Mapped>,
}

impl Choosing<'_> {
    /// Why a side cannot hold what a person chooses; `None`: both can.
    #[must_use]
    pub fn objection(&self, take: &Take) -> Option<String> {
        let value = match take {
            Take::Side(side) => self.now.of(*side),
            Take::Value(value) => value,
        };
        Side::BOTH.into_iter().filter(|side| !self.now.of(*side).same(value)).find_map(|side| {
            let capabilities = self.capabilities.of(side);
            if !capabilities.kinds.of(self.kind).update {
                return Some(format!("{} has no {} update", side.title(), self.kind));
            }
            if let Some(objection) = self.mapped.and_then(|mapped| mapped.objection(side, value)) {
                return Some(objection);
            }
            let record = |value: &Value| Record::default().with(self.field.clone(), value.clone());
            let current = record(self.now.of(side));
            let target = fit::Target {
                side,
                capabilities,
                kind: self.kind,
                current: Some(&current),
                default_due: self.pair.tasks.default_due,
                mapped: self.mapped,
                // That a text is cut there is no reason to refuse it.
                longest_text: 0,
            };
            match target.fit(self.field, &record(value)) {
                Fit::Write(_) | Fit::Same => None,
                Fit::Partly(_, why) | Fit::Cannot(why) => Some(why),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::reconcile::model::PendingConflict;
    use crate::record::{GhlPlace, Holds, Ids};

    #[test]
    fn a_choice_that_is_none_of_ghls_options_is_refused_before_it_is_made() {
        let pair = Config::parse("[pair.p]\nsandbox = true\n", "s.toml".as_ref()).unwrap().pairs.remove(0);
        let field = Field::Mapped("origen".into());
        let mapped = Mapped {
            kind: Kind::Contact,
            field: field.clone(),
            cliengo: "leadFields.origen".to_owned(),
            ghl: GhlPlace::Custom("f".to_owned()),
            holds: Holds::Option(vec!["Web".to_owned(), "Feria".to_owned()]),
            transform: Vec::new(),
            values: Vec::new(),
        };
        let mut able = Both::from_fn(|_| Capabilities::default());
        for side in Side::BOTH {
            able.of_mut(side).kinds.contact.update = true;
        }
        let objection = |take: &Take, able: &Both<Capabilities>| {
            let now = Both { cliengo: Value::line("Radio"), ghl: Value::line("Web") };
            let mapped = Some(&mapped);
            Choosing { pair: &pair, kind: Kind::Contact, field: &field, now: &now, capabilities: able, mapped }
                .objection(take)
        };
        let own = |text: &str| Take::Value(Value::line(text));
        let refused = "\"Radio\" is none of the options of origen in GHL: Web, Feria";
        assert_eq!(objection(&Take::Side(Side::Cliengo), &able).as_deref(), Some(refused));
        assert_eq!(objection(&Take::Side(Side::Ghl), &able), None);
        assert_eq!((objection(&own("Feria"), &able), objection(&own("TV"), &able).is_some()), (None, true));
        let mut unable = able;
        unable.cliengo.kinds.contact.update = false;
        assert_eq!(objection(&Take::Side(Side::Ghl), &unable).as_deref(), Some("Cliengo has no contact update"));
    }

    #[test]
    fn a_choice_stands_as_long_as_both_sides_show_what_was_shown_or_have_it() {
        let line = |text: &str| Value::line(text);
        let pending_conflict = |take| PendingConflict {
            id: String::new(),
            kind: Kind::Contact,
            ids: Ids::default(),
            label: String::new(),
            field: Field::Name,
            seen: Both { cliengo: line("a"), ghl: line("b") },
            take,
            known: true,
        };
        let stands = |take: Option<Take>, cliengo: &str, ghl: &str| {
            let (cliengo, ghl) = (line(cliengo), line(ghl));
            pending_conflict(take).chosen(Both { cliengo: &cliengo, ghl: &ghl }).map(Value::shown)
        };
        let own = Some(Take::Value(line("c")));
        assert_eq!(stands(Some(Take::Side(Side::Ghl)), "a", "b").as_deref(), Some("b"));
        assert_eq!(stands(own.clone(), "c", "b").as_deref(), Some("c"));
        assert_eq!(stands(own, "d", "b"), None);
        assert_eq!(stands(Some(Take::Side(Side::Ghl)), "a", "d"), None);
        assert_eq!(stands(None, "a", "b"), None);
    }
}
