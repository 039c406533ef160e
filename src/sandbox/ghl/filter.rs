//! Filters of the contact search: nested groups of `{field, operator, value}` (GHL API notes, 3.2).

use serde_json::Value;

use super::super::call::Answer;
use super::super::data::{GhlContact, folded, parse_date, wire_date};
use super::refusal::{bad_request, texts};

/// Fields that can be filtered; the other documented ones are refused, so that no test leans on a guess.
const FIELDS: [&str; 10] =
    ["id", "email", "phone", "tags", "assignedTo", "source", "companyName", "businessName", "dateAdded", "dateUpdated"];

/// What a contact must satisfy.
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Is {
        field: String,
        operator: String,
        value: Value,
    },
    /// A word in the name, the e-mail or the phone.
    Word(String),
}

impl Filter {
    /// Whether every contact satisfies it.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::All(inner) if inner.is_empty())
    }
}

/// Reads `filters` and `query`.
pub(super) fn parse(filters: Option<&Value>, query: Option<&Value>) -> Result<Filter, Answer> {
    let mut all = Vec::new();
    for item in filters.and_then(Value::as_array).into_iter().flatten() {
        all.push(one(item)?);
    }
    if let Some(word) = query.and_then(Value::as_str).filter(|word| !word.is_empty()) {
        all.push(Filter::Word(folded(word)));
    }
    Ok(Filter::All(all))
}

fn one(item: &Value) -> Result<Filter, Answer> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    if let Some(group) = text("group") {
        let inner = item.get("filters").and_then(Value::as_array).into_iter().flatten();
        let inner: Vec<Filter> = inner.map(one).collect::<Result<_, _>>()?;
        return Ok(if group == "OR" { Filter::Any(inner) } else { Filter::All(inner) });
    }
    let field = text("field").unwrap_or_default();
    if !FIELDS.contains(&field) {
        return Err(bad_request(&format!("Invalid field {field}")));
    }
    let operator = text("operator").unwrap_or_default();
    if !["eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range"].contains(&operator) {
        return Err(bad_request(&format!("Invalid operator {operator}")));
    }
    let value = item.get("value").cloned().unwrap_or_default();
    Ok(Filter::Is { field: field.to_owned(), operator: operator.to_owned(), value })
}

/// Whether `contact` satisfies `filter`.
pub(super) fn holds(filter: &Filter, contact: &GhlContact) -> bool {
    match filter {
        Filter::All(inner) => inner.iter().all(|filter| holds(filter, contact)),
        Filter::Any(inner) => inner.iter().any(|filter| holds(filter, contact)),
        Filter::Word(word) => {
            let places = [contact.full_name(), contact.text("email").to_owned(), contact.text("phone").to_owned()];
            places.iter().any(|place| folded(place).contains(word))
        }
        Filter::Is { field, operator, value } => compare(&values(contact, field), operator, value),
    }
}

fn values(contact: &GhlContact, field: &str) -> Vec<String> {
    let found = match field {
        "id" => vec![contact.id.clone()],
        "tags" => contact.tags.clone(),
        "dateAdded" => vec![wire_date(contact.created)],
        "dateUpdated" => vec![wire_date(contact.updated)],
        "businessName" => vec![contact.text("companyName").to_owned()],
        plain => vec![contact.text(plain).to_owned()],
    };
    found.into_iter().filter(|text| !text.is_empty()).collect()
}

fn compare(values: &[String], operator: &str, wanted: &Value) -> bool {
    let mut any_of = texts(Some(wanted));
    any_of.extend(wanted.as_str().map(str::to_owned));
    let equal = || values.iter().any(|value| any_of.iter().any(|wanted| folded(wanted) == folded(value)));
    let contains = || values.iter().any(|value| any_of.iter().any(|wanted| folded(value).contains(&folded(wanted))));
    match operator {
        "eq" => equal(),
        "not_eq" => !equal(),
        "contains" => contains(),
        "not_contains" => !contains(),
        "exists" => !values.is_empty(),
        "not_exists" => values.is_empty(),
        _ => {
            let at = values.first().and_then(|value| parse_date(value)).unwrap_or_default();
            let bound = |name: &str| {
                let bound = wanted.get(name)?;
                bound.as_i64().or_else(|| bound.as_str().and_then(parse_date))
            };
            bound("gte").is_none_or(|bound| at >= bound)
                && bound("gt").is_none_or(|bound| at > bound)
                && bound("lte").is_none_or(|bound| at <= bound)
                && bound("lt").is_none_or(|bound| at < bound)
        }
    }
}
