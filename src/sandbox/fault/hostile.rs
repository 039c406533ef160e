//! Answers that mean harm, or that nobody can read: what a client must outlive.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::sandbox::call::{Answer, Call, Content};

const JSON: &str = "application/json; charset=utf-8";
const MEBIBYTE: usize = 1024 * 1024;

/// So many mebibytes of blanks before a list, compressed to a thousandth.
pub(super) fn bomb(mebibytes: usize) -> Answer {
    let blanks = vec![b' '; MEBIBYTE];
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let written = (0..mebibytes).try_for_each(|_| packed.write_all(&blanks)).and_then(|()| packed.write_all(b"{}"));
    let bytes = written.and_then(|()| packed.finish()).unwrap_or_default();
    Answer {
        status: 200,
        body: Content::Raw(JSON.into(), bytes),
        headers: vec![("content-encoding".into(), "gzip".to_owned())],
    }
}

/// To a page of another host; without one, here again and again.
pub(super) fn redirect(call: &Call, host: Option<&str>) -> Answer {
    let here =
        || format!("/{}{}", if call.side == crate::record::Side::Ghl { "ghl" } else { "cliengo/1.0" }, call.path);
    let location = host.map_or_else(here, |host| format!("https://{host}/login"));
    Answer { headers: vec![("location".into(), location)], ..Answer::empty(302) }
}

/// A refusal that repeats the caller's secret: as it is, percent-encoded in either case and twice, escaped for JSON, and in an
/// address.
pub(super) fn echo(call: &Call) -> Answer {
    let header = call.authorization.as_deref().unwrap_or_default();
    let secret = call.parameter("api_key").unwrap_or(header.strip_prefix("Bearer ").unwrap_or(header));
    let encode = |escape: fn(u8) -> String| secret.bytes().map(escape).collect::<String>();
    let (upper, lower) = (encode(|byte| format!("%{byte:02X}")), encode(|byte| format!("%{byte:02x}")));
    let (twice, escaped) = (upper.replace('%', "%25"), encode(|byte| format!("\\u{byte:04x}")));
    let message =
        format!("refused: {secret} {upper} {lower} {twice} {escaped} https://api.example/?api_key={secret}&limit=1");
    Answer::json(400, json!({ "statusCode": 400, "message": message }))
}

/// The answer with its first record's texts changed; by key, so that ids, dates and numbers stay.
pub(super) fn with_text(answer: &mut Answer, change: impl Fn(&str) -> String) {
    const TEXTS: [&str; 6] = ["name", "firstName", "title", "message", "body", "bodyText"];
    fn first(value: &mut Value, change: &impl Fn(&str) -> String) -> bool {
        match value {
            Value::Object(record) => {
                let mut found = false;
                for (_, text) in record.iter_mut().filter(|(key, _)| TEXTS.contains(&key.as_str())) {
                    if let Value::String(text) = text {
                        *text = change(text);
                        found = true;
                    }
                }
                found || record.values_mut().any(|inner| first(inner, change))
            }
            Value::Array(items) => items.iter_mut().any(|item| first(item, change)),
            _ => false,
        }
    }
    if let Some(body) = answer.json_mut() {
        first(body, &change);
    }
}

/// The answer's bytes, changed.
pub(super) fn with_bytes(answer: &mut Answer, content_type: &'static str, change: impl Fn(String) -> Vec<u8>) {
    if let Content::Json(body) = &answer.body {
        answer.body = Content::Raw(content_type.into(), change(body.to_string()));
    }
}

/// Latin-1 under the name of UTF-8.
pub(super) fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}
