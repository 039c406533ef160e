//! Cliengo as its notes describe it: credentials and routes (Cliengo API notes, 1 and 2).

mod children;
mod contacts;
mod data;

pub(super) use contacts::shown as shown_contact;
pub(super) use data::{CliengoContact, CliengoData, CliengoNote, CliengoTask};

use serde_json::{Value, json};

use super::Profile;
use super::call::{Answer, Answered, Call};
use super::data::{Data, Identity, Moment, USERS, wire_date};

/// What the account's owner chose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) profile: Profile,
    /// Contacts carry no `tags`.
    pub(super) hide_tags: bool,
}

/// Answers one request.
pub(super) fn answer(data: &mut Data, call: &Call, moment: Moment, manner: Manner) -> Answer {
    route(data, call, moment, manner).unwrap_or_else(|refusal| refusal)
}

fn route(data: &mut Data, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let segments = call.segments();
    // The reference's own example asks for `/account/`, with a slash.
    let parts = match segments.as_slice() {
        [rest @ .., ""] => rest,
        all => all,
    };
    if parts == ["jwt"] {
        return exchange(&data.identity, call);
    }
    authenticate(&data.identity, call)?;
    let extended = manner.profile == Profile::Extended;
    match (call.method.as_str(), parts) {
        ("GET", ["account"]) => Ok(Answer::ok(account(data))),
        ("GET", ["users", "me"]) => Ok(Answer::ok(users(&data.identity).into_iter().next().unwrap_or_default())),
        ("GET", ["users"]) => Ok(listing(&users(&data.identity))),
        ("GET", ["sites" | "websites"]) => Ok(listing(&sites(&data.identity))),
        ("GET", ["conversations"]) => Ok(listing(&[])),
        ("GET", ["contacts"]) => contacts::list(data, call, manner),
        ("POST", ["contacts"]) => contacts::create(data, call, moment, manner),
        ("GET", ["contacts", id]) => contacts::read(data, id, manner),
        ("PATCH", ["contacts", id]) => contacts::update(data, id, call, moment, manner),
        ("DELETE", ["contacts", id]) => contacts::delete(data, id),
        ("PUT", ["contacts", id, "status"]) => contacts::status(data, id, call, moment, manner),
        ("POST", ["contacts", id, "tags"]) => contacts::add_tag(data, id, call, moment, manner),
        ("DELETE", ["contacts", id, "tags"]) if extended => contacts::remove_tag(data, id, call, moment, manner),
        ("GET", ["contacts", id, "notes"]) => children::notes(data, id),
        ("POST", ["contacts", id, "notes"]) => children::create_note(data, id, call, moment),
        ("PUT", ["contacts", id, "notes", note]) if extended => children::update_note(data, id, note, call, moment),
        ("DELETE", ["contacts", id, "notes", note]) if extended => children::delete_note(data, id, note),
        ("GET", ["contacts", id, "tasks"]) if extended => children::tasks(data, id),
        ("POST", ["contacts", id, "tasks"]) if extended => children::create_task(data, id, call, moment),
        ("PUT", ["contacts", id, "tasks", task]) if extended => children::update_task(data, id, task, call, moment),
        ("DELETE", ["contacts", id, "tasks", task]) if extended => children::delete_task(data, id, task),
        _ => Err(refusal(404, "Not Found")),
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({ "message": message }))
}

fn unauthenticated() -> Answer {
    refusal(401, "You couldn't be authenticated")
}

/// A token that stands for the key; the raw `Authorization` of Cliengo's own front-end.
fn jwt(identity: &Identity) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", identity.account_id, identity.api_key.replace('-', ""))
}

fn exchange(identity: &Identity, call: &Call) -> Answered {
    if call.method == "GET" && call.parameter("api_key") == Some(&identity.api_key) {
        return Ok(Answer::ok(json!({ "jwt": jwt(identity) })));
    }
    Err(unauthenticated())
}

fn authenticate(identity: &Identity, call: &Call) -> Result<(), Answer> {
    let by_query = call.parameter("api_key") == Some(&identity.api_key);
    let by_header = call.authorization.as_deref().is_some_and(|header| match header.strip_prefix("Bearer ") {
        Some(key) => key == identity.api_key,
        None => header == jwt(identity),
    });
    if by_query || by_header { Ok(()) } else { Err(unauthenticated()) }
}

/// Everything at once, in the envelope of every list.
fn listing(results: &[Value]) -> Answer {
    let total = results.len();
    Answer::ok(json!({ "results": results, "paging": { "total": total, "page": 0 } }))
}

fn account(data: &Data) -> Value {
    json!({
        "id": data.identity.account_id,
        "email": "demo@demo.example.com",
        "name": "Demo",
        "contactName": "Demo",
        "creationDate": "2025-11-06T00:00:00.000Z",
        "countryId": "AR",
        "language": "es",
        "timeZone": "-03:00",
        "leadCount": data.cliengo.contacts.len(),
        "leadLimit": 1_000_000,
        "planName": "PREMIUM",
        "hideLeads": false,
    })
}

fn users(identity: &Identity) -> Vec<Value> {
    let people = identity.cliengo_users.iter().zip(USERS);
    people
        .map(|(id, (first, last, email))| {
            json!({
                "id": id, "name": format!("{first} {last}"), "email": email, "companyId": identity.account_id,
                "creationDate": wire_date(1_762_387_200_000), "language": "es", "deleted": false,
                "permissions": ["admin", "clients_read", "clients_write", "websites_read", "users_read"],
                "allowedWebsiteIds": [],
            })
        })
        .collect()
}

/// The website of the seed's people, one more, and one that was deleted: a listing still has it (Cliengo API notes, 2.4).
fn sites(identity: &Identity) -> Vec<Value> {
    let [landing, old] = identity.further_websites();
    let sites = [
        (&identity.website_id, "demo.example.com", false),
        (&landing, "landing.example.com", false),
        (&old, "old.example.com", true),
    ];
    let shown = sites.into_iter().map(|(id, title, deleted)| {
        json!({
            "id": id, "title": title, "url": format!("https://{title}"),
            "companyId": identity.account_id, "creationDate": "2025-11-06T00:00:00.000Z", "tags": [],
            "enableChat": true, "deleted": deleted, "scriptInstalled": true,
        })
    });
    shown.collect()
}
