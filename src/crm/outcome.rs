//! What came of a write: not sent, refused, unknown, or applied. (I37)

use std::time::Duration;

use super::answer::{NOT_JSON, No, existing, is_json, message, shown};
use super::http::Dialect;
use super::transport::Attempt;
use super::{Outcome, Refusal};
use crate::record::{Method, Request};

/// The verdict on one attempt.
pub(super) enum Judged {
    /// This is what came of it.
    Final(Outcome),
    /// It may be sent again; this stands where it is not.
    Again {
        /// What stands if it is not sent again.
        outcome: Outcome,
        /// How long the CRM asked to wait.
        wait: Option<Duration>,
        /// Whether it was too fast.
        throttled: bool,
    },
}

/// Judges one attempt at `request`. A `repeatable` request does the same twice as once.
pub(super) fn judge_write(dialect: &Dialect, request: &Request, repeatable: bool, attempt: Attempt) -> Judged {
    let again = |outcome, wait| Judged::Again { outcome, wait, throttled: false };
    let repeated = |outcome, wait| if repeatable { again(outcome, wait) } else { Judged::Final(outcome) };
    let unknown = |why: String, wait| repeated(Outcome::Unknown(why), wait);
    match attempt {
        Attempt::NotSent(why) => again(Outcome::NotSent(why), None),
        Attempt::Lost(why) => unknown(why, None),
        Attempt::NoToken(said) => {
            Judged::Final(Outcome::Refused(Refusal { status: 401, message: said, existing: None, gone: false }))
        }
        Attempt::Answered { status, body, retry_after } => {
            let said = message(body.as_deref().unwrap_or_default());
            let words = |status| format!("it answered {status}: {}", shown(body.as_deref().unwrap_or_default()));
            let is_post = request.method == Method::Post;
            match status {
                200..300 => judge_body(body, repeatable).map_or_else(|why| unknown(why, None), Judged::Final),
                429 => Judged::Again {
                    outcome: Outcome::NotSent("too many requests".to_owned()),
                    wait: retry_after,
                    throttled: true,
                },
                408 | 425 | 300..400 | 500.. => unknown(format!("it answered {status}"), retry_after),
                409 if is_post => repeated(Outcome::Doubtful(format!("it answered {status}")), retry_after),
                _ if (dialect.unclear)(request, status) => repeated(Outcome::Doubtful(words(status)), None),
                _ if (dialect.passes)(status, &said) => unknown(words(status), None),
                _ => Judged::Final(Outcome::Refused(refusal(dialect, request, status, body.unwrap_or_default()))),
            }
        }
    }
}

/// A 2xx counts when its body is JSON to its end; an empty one only where no id is needed from it.
fn judge_body(body: Result<String, &'static str>, repeatable: bool) -> Result<Outcome, String> {
    match body {
        Ok(body) if is_json(&body) || (repeatable && body.trim().is_empty()) => Ok(Outcome::Applied(body)),
        Ok(_) => Err(NOT_JSON.to_owned()),
        Err(why) => Err(why.to_owned()),
    }
}

fn refusal(dialect: &Dialect, request: &Request, status: u16, body: String) -> Refusal {
    let no = No { status, body };
    Refusal { status, message: shown(&no.body), existing: existing(&no.body), gone: (dialect.gone)(request, &no) }
}
