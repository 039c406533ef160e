//! What a person chooses where both sides changed a field.

use serde::{Deserialize, Serialize};

use super::{Due, Field, Forms, Kind, Phone, Side, Value, canonical_email, is_address};

/// A person's choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// This side's value.
    Side(Side),
    /// A value of the person's own, for both.
    Value(Value),
}

/// Reads the value of a field as a person types it; blank is empty.
///
/// # Errors
/// In a person's words, where it is none that the field takes.
pub fn typed(kind: Kind, field: &Field, text: &str, forms: &Forms) -> Result<Value, String> {
    let blank = text.trim().is_empty();
    match field {
        _ if blank => Ok(Value::Empty),
        Field::Name => Ok(Value::name(text, "")),
        Field::Email if is_address(&canonical_email(text)) => Ok(Value::email(text)),
        Field::Email => Err(format!("{text:?} is no e-mail address, such as ana@example.com")),
        Field::Phone => match Value::phone(text, forms.region) {
            phone @ Value::Phone(Phone { e164: Some(_), .. }) => Ok(phone),
            Value::Phone(Phone { unusable: Some(why), .. }) => {
                Err(format!("{text:?} is no phone number: {why}; write it with its country, as +5491155667788"))
            }
            _ => Err(format!("{text:?} has an extension, which neither CRM takes; write the line alone")),
        },
        Field::Title => Ok(Value::line(text)),
        Field::Body => Ok(Value::body(text)),
        Field::Due => Due::parse(text, &forms.zone)
            .map(Value::Due)
            .ok_or_else(|| format!("{text:?} is no date such as 2026-12-24, nor a time such as 2026-12-24T15:00:00Z")),
        Field::Completed => match text.trim() {
            "true" | "yes" => Ok(Value::Flag(true)),
            "false" | "no" => Ok(Value::Flag(false)),
            _ => Err(format!("{text:?} is neither true nor false")),
        },
        Field::Tags => Err("tags are merged one by one and are never in conflict".to_owned()),
        Field::Mapped(name) => {
            let mapped =
                forms.mapped(kind, field).ok_or_else(|| format!("the configuration maps no field {name} any more"))?;
            let value = mapped.of_ghl(&text.into()).unwrap_or_else(|_| Value::line(text));
            mapped.objection(Side::Ghl, &value).map_or(Ok(value), Err)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::record::Region;

    fn read(field: &Field, text: &str) -> Result<Value, String> {
        let forms = Forms {
            region: Some(Region::AR),
            zone: TimeZone::UTC,
            placeholders: Vec::new(),
            placeholder_names: Vec::new(),
            mapped: Vec::new(),
            waiting: BTreeSet::new(),
            members: None,
        };
        typed(Kind::Contact, field, text, &forms)
    }

    #[test]
    fn a_typed_value_is_what_its_field_takes_or_is_refused_in_words() {
        assert_eq!(read(&Field::Email, " Ana@Example.com "), Ok(Value::email("Ana@Example.com")));
        assert_eq!(read(&Field::Phone, "11 5566-7788").unwrap().shown(), "+541155667788");
        assert_eq!(read(&Field::Completed, "yes"), Ok(Value::Flag(true)));
        assert_eq!(read(&Field::Due, "2026-12-24").unwrap().shown(), "2026-12-24");
        assert_eq!(read(&Field::Name, "  "), Ok(Value::Empty));
        for (field, text) in [
            (Field::Email, "ana@"),
            (Field::Email, "ana example.com"),
            (Field::Email, "a@b@example.com"),
            (Field::Phone, "12"),
            (Field::Due, "tomorrow"),
            (Field::Completed, "perhaps"),
            (Field::Tags, "vip"),
        ] {
            let why = read(&field, text).unwrap_err();
            assert!(!why.is_empty() && (field == Field::Tags || why.contains(text)), "{why}");
        }
    }
}
