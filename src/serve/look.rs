//! What all pages have in common: their frame, style and policy. No script, nothing from elsewhere, every text escaped.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::respond;
use crate::report::language::Messages;
use crate::report::{STYLE, policy_hash};

/// What pages have beyond what reports have.
const OWN_STYLE: &str = ".person>div{margin-top:.5rem}\
.pairs td,.pairs th{border-bottom:1px solid var(--line)}\
    .bad{color:var(--stop);font-weight:600}.good{color:var(--ok)}\
    form{display:inline-block;margin:.35rem .75rem .35rem 0}\
    button{font:inherit;padding:.35rem .8rem;color:var(--paper);background:var(--link);border:1px solid var(--link);border-radius:4px;cursor:pointer}\
    button.plain{color:var(--ink);background:var(--paper);border-color:var(--dim)}\
    .person code{display:block;margin:.15rem 0;overflow-wrap:anywhere}\
    pre{overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.75rem 1rem}\
    .warn:not(p){color:var(--warn);font-weight:600}\
    .person thead{position:static;width:auto;height:auto;clip-path:none}\
    .crumbs{margin:0}\
    @media (max-width:40rem){.cards thead{position:absolute;clip-path:inset(50%);width:1px;height:1px}\
    .cards tr,.cards th,.cards td{display:block;border:0;padding:.15rem 0}.cards tr{border-bottom:1px solid var(--line);padding:.5rem 0}\
    .cards td::before{content:attr(data-head) ': ';color:var(--dim)}}";

/// A page with this title.
pub(super) fn page(status: StatusCode, words: &dyn Messages, title: &str, body: &Markup) -> Response {
    let style = format!("{STYLE}{OWN_STYLE}");
    let document = html! {
        (DOCTYPE)
        html lang=(words.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(&style)) }
            }
            body { main { (body) } }
        }
    };
    let mut response = respond(status, "text/html; charset=utf-8", document.into_string());
    let policy = format!(
        "default-src 'none'; style-src '{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        policy_hash(&style)
    );
    // Letters of base64 alone: it is always a header's value.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
