//! What came of a write: not sent, refused, unknown, or applied. (I37)

use super::answer::{
    BLOCKED, NOT_JSON, No, Says, existing, is_json, is_page, message, message_alone, says, shown, stated_status, taken,
    unified,
};
use super::dialect::Dialect;
use super::transport::{Attempt, Unread};
use super::waiting::Failure;
use super::{Outcome, Refusal};
use crate::record::{Method, Request};

/// How what is said of a doubtful answer begins.
const DOUBT: &str = "it answered ";

impl Refusal {
    /// The refusal in what was said of a doubtful answer.
    #[must_use]
    pub fn in_doubt(words: &str) -> Option<Self> {
        let (status, message) = words.strip_prefix(DOUBT)?.split_once(": ")?;
        Some(no(status.parse().ok()?, message.to_owned()))
    }
}

/// The verdict on one attempt.
pub(super) enum Judged {
    /// This is what came of it.
    Final(Outcome),
    /// It may be sent again; this stands where it is not.
    Again {
        /// What stands if it is not sent again.
        outcome: Outcome,
        /// Why, and what is known of when.
        failure: Failure,
    },
}

/// Judges one attempt at `request`. A `repeatable` request does the same twice as once.
pub(super) fn judge_write(dialect: &Dialect, request: &Request, repeatable: bool, attempt: Attempt) -> Judged {
    let again = |outcome, failure| Judged::Again { outcome, failure };
    let repeated = |outcome, failure| if repeatable { again(outcome, failure) } else { Judged::Final(outcome) };
    let unknown = |why: String, asked| repeated(Outcome::Unknown(why.clone()), Failure::answered(why, asked));
    match attempt {
        Attempt::NotSent { why, brief } => {
            again(Outcome::NotSent(why.clone()), Failure { brief, ..Failure::unanswered(why) })
        }
        Attempt::Hopeless(why) | Attempt::NoGrant { why, .. } => Judged::Final(Outcome::NotSent(why)),
        Attempt::Lost(why) => repeated(Outcome::Unknown(why.clone()), Failure::unanswered(why)),
        Attempt::NoToken(said) => Judged::Final(Outcome::Refused(no(401, said))),
        Attempt::Answered { status, body, retry_after } => {
            let said = message(body.as_deref().unwrap_or_default());
            let status = stated_status(status, body.as_deref().unwrap_or_default());
            let words = |status| format!("{DOUBT}{status}: {}", shown(body.as_deref().unwrap_or_default()));
            let is_post = request.method == Method::Post;
            match status {
                200..300 => match judge_body(dialect, request, status, body, repeatable) {
                    Ok(outcome) => Judged::Final(outcome),
                    Err((why, true)) => unknown(why, None),
                    Err((why, false)) => Judged::Final(Outcome::Unknown(why)),
                },
                // Where it leads is nobody's who may have the key or a person's data; nor does asking again lead elsewhere.
                300..400 => Judged::Final(Outcome::Unknown(format!("it answered {status}, a redirect"))),
                429 => again(
                    Outcome::NotSent("too many requests".to_owned()),
                    Failure { throttled: true, ..Failure::answered("it answered 429", retry_after) },
                ),
                408 | 425 | 500.. => unknown(format!("it answered {status}"), retry_after),
                409 if is_post && unified(body.as_deref().unwrap_or_default()).is_some() => {
                    Judged::Final(Outcome::Refused(refusal(dialect, request, status, body.unwrap_or_default())))
                }
                409 if is_post => {
                    let why = format!("it answered {status}");
                    repeated(Outcome::Doubtful(why.clone()), Failure::answered(why, retry_after))
                }
                _ if (dialect.unclear)(request, status) => {
                    repeated(Outcome::Doubtful(words(status)), Failure::answered(words(status), None))
                }
                _ if (dialect.passes)(status, &said) => unknown(words(status), None),
                _ => Judged::Final(Outcome::Refused(refusal(dialect, request, status, body.unwrap_or_default()))),
            }
        }
    }
}

/// A 2xx counts when its body is JSON to its end, and no refusal; an empty one only where no id is needed from it. Otherwise
/// why not, and whether that may pass.
fn judge_body(
    dialect: &Dialect,
    request: &Request,
    status: u16,
    body: Result<String, Unread>,
    repeatable: bool,
) -> Result<Outcome, (String, bool)> {
    match body {
        Ok(body) if repeatable && body.trim().is_empty() => Ok(Outcome::Applied(body)),
        Ok(body) if is_json(&body) => match message_alone(&body) {
            Some(said) if (dialect.refuses_credentials)(status, &said) => Ok(Outcome::Refused(no(401, shown(&body)))),
            // Tags are taken off by a DELETE with a body.
            _ => match says(&body, request.method == Method::Delete && request.body.is_none()) {
                Says::Yes => Ok(Outcome::Applied(body)),
                Says::No(why) if repeatable => Ok(Outcome::Refused(no(status, why))),
                // What was made all the same is looked for.
                Says::No(why) | Says::Either(why) => Err((why, false)),
            },
        },
        Ok(_) => Err((NOT_JSON.to_owned(), true)),
        Err(why) => Err((why.to_string(), why.passes())),
    }
}

const fn no(status: u16, message: String) -> Refusal {
    Refusal { status, message, existing: None, taken: None, gone: false, is_page: false }
}

fn refusal(dialect: &Dialect, request: &Request, status: u16, body: String) -> Refusal {
    let no = No { status, body };
    Refusal {
        status,
        message: if status == 403 && is_page(&no.body) { BLOCKED.to_owned() } else { shown(&no.body) },
        existing: if status == 409 { unified(&no.body) } else { existing(&no.body) },
        taken: taken(&no.body),
        gone: (dialect.gone)(request, &no),
        is_page: is_page(&no.body),
    }
}
