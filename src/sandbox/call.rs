//! One request as the CRMs see it, and what they answer.

use std::borrow::Cow;

use serde_json::Value;

use crate::record::Side;

/// A request, cut up.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) side: Side,
    pub(super) method: String,
    /// Path below the CRM's base, with a leading slash.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) authorization: Option<String>,
    pub(super) version: Option<String>,
}

impl Call {
    /// The path's parts; a trailing slash gives an empty last one.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.strip_prefix('/').unwrap_or(&self.path).split('/').collect()
    }

    /// A query parameter's first value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text in the body.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.body.as_ref()?.get(key)?.as_str()
    }
}

/// What a CRM answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Content,
    pub(super) headers: Vec<(Cow<'static, str>, String)>,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Json(Value),
    /// Anything else, with its content type.
    Raw(Cow<'static, str>, Vec<u8>),
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Content::Json(body), headers: Vec::new() }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Content::Empty, headers: Vec::new() }
    }

    pub(super) fn json_mut(&mut self) -> Option<&mut Value> {
        match &mut self.body {
            Content::Json(value) => Some(value),
            Content::Empty | Content::Raw(..) => None,
        }
    }
}

/// An answer, or the refusal that came first.
pub(super) type Answered = Result<Answer, Answer>;
