//! The location's custom fields: what a mapped field holds (`GHL API notes, 3.5`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Ghl;
use crate::config::Mapping;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{FOLLOWERS, GhlPlace, Holds, Mapped, Method, Places, Request, Side, holds_a_user};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomField {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    field_key: String,
    #[serde(default)]
    data_type: String,
    #[serde(default)]
    picklist_options: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomFields {
    custom_fields: Vec<CustomField>,
}

/// The location's fields.
pub(super) fn fields_of(body: &str) -> Option<Vec<CustomField>> {
    serde_json::from_str::<CustomFields>(body).ok().map(|answer| answer.custom_fields)
}

impl CustomField {
    /// Its key without the model in front.
    fn key(&self) -> &str {
        self.field_key.strip_prefix("contact.").unwrap_or(&self.field_key)
    }

    /// How exactly a name means this field; `None`: it means another one. An id is one field's, a key mostly is.
    fn is(&self, name: &str) -> Option<u8> {
        let ways = [self.id == name, self.key() == name || self.field_key == name, self.name == name];
        (0..).zip(ways).find(|(_, is)| *is).map(|(way, _)| way)
    }

    fn holds(&self) -> Holds {
        match self.data_type.as_str() {
            "NUMERICAL" | "MONETORY" | "MONETARY" | "FLOAT" => Holds::Number,
            "LARGE_TEXT" | "TEXTAREA" => Holds::Lines,
            "FILE_UPLOAD" | "SIGNATURE" | "TEXTBOX_LIST" => Holds::Opaque,
            "DATE" => Holds::Date,
            "SINGLE_OPTIONS" | "RADIO" => Holds::Option(self.picklist_options.clone()),
            "MULTIPLE_OPTIONS" | "CHECKBOX" => Holds::Options(self.picklist_options.clone()),
            _ => Holds::Text,
        }
    }
}

/// The field that a name means. Where several mean as much, none is taken: the values of one would stand in another.
fn named<'a>(known: &'a [CustomField], name: &str) -> Result<&'a CustomField, CrmError> {
    let ways = known.iter().filter_map(|field| Some((field.is(name)?, field)));
    let least = ways.clone().map(|(way, _)| way).min();
    let found: Vec<&CustomField> = ways.filter(|(way, _)| Some(*way) == least).map(|(_, field)| field).collect();
    let (side, name) = (Side::Ghl, name.to_owned());
    match found.as_slice() {
        [field] => Ok(field),
        [] => {
            let known = known.iter().map(CustomField::key).collect::<Vec<_>>().join(", ");
            Err(CrmError::NoSuchField { side, name, known })
        }
        several => {
            let fields = several.iter().map(|field| format!("{} ({})", field.id, field.field_key));
            Err(CrmError::SeveralFields { side, name, fields: fields.collect::<Vec<_>>().join(", ") })
        }
    }
}

/// What a field of the record itself holds. Who the users are is told later: both sides have some.
fn held_by(key: &str) -> Holds {
    match key {
        "dateOfBirth" => Holds::Date,
        "dnd" => Holds::Flag,
        key if holds_a_user(key) => Holds::User(Box::default()),
        FOLLOWERS => Holds::Followers(Vec::new()),
        _ => Holds::Text,
    }
}

impl Ghl {
    /// Every mapping with its place in this location.
    pub(super) async fn resolved(&self, mappings: &[Mapping]) -> Result<Vec<Mapped>, CrmError> {
        let custom = |mapping: &Mapping| mapping.ghl.strip_prefix("customFields.").map(str::to_owned);
        let known = if mappings.iter().any(Mapping::is_custom) { self.custom_fields().await? } else { Vec::new() };
        let (mut resolved, mut taken) = (Vec::new(), BTreeMap::new());
        for mapping in mappings {
            let (ghl, holds) = match custom(mapping) {
                Some(name) => {
                    let field = named(&known, &name)?;
                    if let Some(one) = taken.insert(&field.id, name.clone()) {
                        return Err(CrmError::SameField { side: Side::Ghl, one, other: name });
                    }
                    (GhlPlace::Custom(field.id.clone()), field.holds())
                }
                None => match Places::of(mapping.kind).ghl(&mapping.ghl) {
                    Some(field) => (GhlPlace::Plain(field), held_by(field.key)),
                    None => continue,
                },
            };
            resolved.push(Mapped {
                kind: mapping.kind,
                field: mapping.field.clone(),
                cliengo: mapping.cliengo.clone(),
                ghl,
                holds,
                transform: mapping.transform.clone(),
                values: mapping.values.clone(),
            });
        }
        Ok(resolved)
    }

    async fn custom_fields(&self) -> Result<Vec<CustomField>, CrmError> {
        let location = encode(&self.location_id);
        let request = Request::new(Method::Get, format!("/locations/{location}/customFields?model=contact"));
        match self.http.read(&request).await? {
            Answer::Body(body) => {
                fields_of(&body).ok_or_else(|| self.http.protocol("the custom fields came without their list"))
            }
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }
}
