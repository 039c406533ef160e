//! GHL's official `OpenAPI` as a judge of every request that a test makes and of every answer that the sandbox gives.
//! Unknown properties are refused; what the specification has wrong is listed in `corrections.json`, with its source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const DOCUMENTS: [(&str, &str); 8] = [
    ("contacts", include_str!("ghl/apps/contacts.json")),
    ("locations", include_str!("ghl/apps/locations.json")),
    ("workflows", include_str!("ghl/apps/workflows.json")),
    ("campaigns", include_str!("ghl/apps/campaigns.json")),
    ("users", include_str!("ghl/apps/users.json")),
    ("businesses", include_str!("ghl/apps/businesses.json")),
    ("calendars", include_str!("ghl/apps/calendars.json")),
    ("oauth", include_str!("ghl/apps/oauth.json")),
];
const COMMON: &str = include_str!("ghl/common/common-schemas.json");
const CORRECTIONS: &str = include_str!("corrections.json");
const COMMON_REFERENCE: &str = "../common/common-schemas.json#";

/// What differs from the specification, and who says so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corrections {
    schemas: Vec<SchemaCorrection>,
    operations: Vec<OperationCorrection>,
}

/// A JSON merge patch for a schema of a document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaCorrection {
    document: String,
    schema: String,
    merge: Value,
    source: String,
}

/// Another body, or answers by status, of one operation or of all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationCorrection {
    /// `POST /contacts/search`, or `*`.
    operation: String,
    request: Option<Value>,
    #[serde(default)]
    answers: BTreeMap<String, Value>,
    source: String,
}

struct Operation {
    method: String,
    /// None where the path has a parameter.
    segments: Vec<Option<String>>,
    known_queries: BTreeSet<String>,
    needed_queries: BTreeSet<String>,
    request: Option<Validator>,
    answers: BTreeMap<u16, Validator>,
}

/// The corrected specification.
pub struct Specs(Vec<Operation>);

/// A request and, where it is known, its answer.
pub struct Exchange<'a> {
    pub method: &'a str,
    /// With its query.
    pub path: &'a str,
    pub body: Option<&'a Value>,
    pub answer: Option<(u16, &'a Value)>,
}

/// Read and compiled once.
pub fn specs() -> &'static Specs {
    static SPECS: LazyLock<Specs> = LazyLock::new(Specs::read);
    &SPECS
}

impl Specs {
    fn read() -> Self {
        let corrections: Corrections = serde_json::from_str(CORRECTIONS).unwrap();
        let sources = corrections.schemas.iter().map(|one| &one.source);
        assert!(sources.chain(corrections.operations.iter().map(|one| &one.source)).all(|source| !source.is_empty()));
        let common: Value = serde_json::from_str(COMMON).unwrap();
        let mut operations = Vec::new();
        for (name, text) in DOCUMENTS {
            let mut document: Value = serde_json::from_str(text).unwrap();
            let schemas = document["components"]["schemas"].as_object_mut().unwrap();
            schemas.extend(common["components"]["schemas"].as_object().unwrap().clone());
            for correction in corrections.schemas.iter().filter(|correction| correction.document == name) {
                merge(schemas.entry(&correction.schema).or_insert(json!({})), &correction.merge);
            }
            as_json_schema(&mut document);
            for (path, methods) in document["paths"].as_object().unwrap() {
                for (method, operation) in methods.as_object().unwrap() {
                    let line = format!("{} {path}", method.to_uppercase());
                    let corrected =
                        corrections.operations.iter().filter(|one| one.operation == line || one.operation == "*");
                    operations.push(read_operation(&line, operation, &document["components"], corrected));
                }
            }
        }
        Self(operations)
    }

    /// # Errors
    /// What the specification forbids, in words.
    pub fn check(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        let (path, query) = exchange.path.split_once('?').unwrap_or((exchange.path, ""));
        let line = format!("{} {path}", exchange.method);
        // A fixed word in a path is meant before a parameter: `/contacts/search` is no contact.
        let fits = self.0.iter().filter(|one| one.method == exchange.method && one.is_at(path));
        let operation = fits.max_by_key(|one| one.segments.iter().flatten().count());
        let operation = operation.ok_or_else(|| format!("{line}: no such operation"))?;
        let queries: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
        let unknown: Vec<_> =
            queries.iter().filter(|key| !key.is_empty() && !operation.known_queries.contains(**key)).collect();
        let missing: Vec<_> = operation.needed_queries.iter().filter(|key| !queries.contains(key.as_str())).collect();
        if !unknown.is_empty() || !missing.is_empty() {
            return Err(format!("{line}: unknown in the query {unknown:?}, missing {missing:?}"));
        }
        match (&operation.request, exchange.body) {
            (Some(schema), body) => judge(schema, body.unwrap_or(&Value::Null), &format!("{line}: the request"))?,
            (None, Some(body)) => return Err(format!("{line}: takes no body, was sent {body}")),
            (None, None) => {}
        }
        let Some((status, answer)) = exchange.answer else { return Ok(()) };
        let schema = operation.answers.get(&status).ok_or_else(|| format!("{line}: never answers {status}"))?;
        judge(schema, answer, &format!("{line}: the answer {status}"))
    }
}

impl Operation {
    fn is_at(&self, path: &str) -> bool {
        let given: Vec<&str> = path.split('/').collect();
        let same = |(mine, given): (&Option<String>, &&str)| match mine {
            Some(word) => word == given,
            None => !given.is_empty(),
        };
        given.len() == self.segments.len() && self.segments.iter().zip(&given).all(same)
    }
}

fn judge(schema: &Validator, value: &Value, what: &str) -> Result<(), String> {
    let wrong: Vec<String> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("{what} is not what the specification says: {}", wrong.join("; ")))
    }
}

fn read_operation<'a>(
    line: &str,
    operation: &Value,
    components: &Value,
    corrections: impl Iterator<Item = &'a OperationCorrection>,
) -> Operation {
    let (method, path) = line.split_once(' ').unwrap();
    let compiled = |schema: &Value| {
        let mut root = schema.clone();
        as_json_schema(&mut root);
        root["components"] = components.clone();
        jsonschema::validator_for(&root).unwrap_or_else(|why| panic!("{line}: {why}"))
    };
    let json_of = |content: &Value| content.pointer("/content/application~1json/schema").cloned();
    let form_of = |content: &Value| content.pointer("/content/application~1x-www-form-urlencoded/schema").cloned();
    let body = &operation["requestBody"];
    let mut request = json_of(body).or_else(|| form_of(body));
    let mut answers: BTreeMap<String, Value> = BTreeMap::new();
    for (status, answer) in operation["responses"].as_object().unwrap() {
        answers.extend(json_of(answer).map(|schema| (status.clone(), schema)));
    }
    for correction in corrections {
        request = correction.request.clone().or(request);
        answers.extend(correction.answers.clone());
    }
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let queries = || parameters.iter().filter(|parameter| parameter["in"] == "query");
    let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
    let word = |segment: &str| (!segment.starts_with('{')).then(|| segment.to_owned());
    Operation {
        method: method.to_owned(),
        segments: path.split('/').map(word).collect(),
        known_queries: queries().map(name).collect(),
        needed_queries: queries().filter(|parameter| parameter["required"] == true).map(name).collect(),
        request: request.as_ref().map(compiled),
        answers: answers.iter().map(|(status, schema)| (status.parse().unwrap(), compiled(schema))).collect(),
    }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let fields = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// What `OpenAPI` 3.0 says differently: `nullable`, references to the file beside it. And strict: an object that names its
/// properties has no others.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        Value::Object(fields) => {
            fields.values_mut().for_each(as_json_schema);
            if let Some(Value::String(reference)) = fields.get_mut("$ref") {
                *reference = reference.replace(COMMON_REFERENCE, "#");
            }
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                let kind = fields.get("type").cloned().unwrap();
                fields.insert("type".to_owned(), json!([kind, "null"]));
            }
            let is_object = fields.get("type").is_some_and(|kind| *kind == "object");
            if is_object && fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        _ => {}
    }
}
