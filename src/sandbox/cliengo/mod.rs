//! Cliengo as its notes describe it: credentials and routes (Cliengo API notes, 1 and 2).

mod children;
mod contacts;
mod manner;

pub(super) use contacts::shown as shown_contact;
pub(super) use contacts::stored_tag;
pub(super) use manner::unauthenticated;

use serde_json::{Value, json};

use super::Profile;
use super::account::cliengo::{ChildrenMoveDate, Deleted, Key, Switches};
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
    let answer = route(data, call, moment, manner).unwrap_or_else(|refusal| refusal);
    manner::finished(answer, &data.account.cliengo)
}

fn route(data: &mut Data, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let segments = call.segments();
    // The reference's own example asks for `/account/`, with a slash.
    let parts = match segments.as_slice() {
        [rest @ .., ""] => rest,
        all => all,
    };
    if parts == ["jwt"] {
        return exchange(data, call, moment);
    }
    authenticate(data, call, moment)?;
    if let (["contacts", _, "tasks", ..], Some(answer)) = (parts, manner::no_tasks(&data.account.cliengo)) {
        return Ok(answer);
    }
    if let ("GET", ["contacts", id, _]) = (call.method.as_str(), parts)
        && manner::is_unreadable(data, id)
    {
        return Ok(listing(&[]));
    }
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
        // Nobody talks in the seed.
        ("GET", ["contacts", id, "messages"]) => contacts::read(data, id, manner).map(|_| listing(&[])),
        ("GET", ["contacts", id, "notes"]) => children::notes(data, id),
        ("POST", ["contacts", id, "notes"]) => children::create_note(data, id, call, moment),
        ("PUT", ["contacts", id, "notes", note]) if extended => children::update_note(data, id, note, call, moment),
        ("DELETE", ["contacts", id, "notes", note]) if extended => children::delete_note(data, id, note, moment),
        ("GET", ["contacts", id, "tasks"]) if extended => children::tasks(data, id),
        ("POST", ["contacts", id, "tasks"]) if extended => children::create_task(data, id, call, moment),
        ("PUT", ["contacts", id, "tasks", task]) if extended => children::update_task(data, id, task, call, moment),
        ("DELETE", ["contacts", id, "tasks", task]) if extended => children::delete_task(data, id, task, moment),
        _ => Err(refusal(404, "Not Found")),
    }
}

/// "Gone", in the account's words.
pub(super) fn gone(account: &Switches, id: &str) -> Answer {
    match account.deleted {
        Deleted::NotFound => refusal(404, "Contact not found"),
        Deleted::Gone => refusal(410, "Contact has been deleted"),
        Deleted::StatusDeleted | Deleted::Listed => Answer::ok(json!({ "id": id, "status": "DELETED" })),
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({ "message": message }))
}

/// How long a JWT is good for, where it does not live for ever: milliseconds.
const JWT_LIFE: i64 = 300_000;

/// A token that stands for the key; the raw `Authorization` of Cliengo's own front-end.
fn jwt(data: &Data, moment: Moment) -> String {
    let token = format!("{JWT}.{}.{}", data.identity.account_id, data.identity.api_key.replace('-', ""));
    if data.account.cliengo.key == Key::Jwt { format!("{token}.{}", moment.now) } else { token }
}

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9";

/// Whether a token was given out, and not too long ago.
fn is_good(token: &str, data: &Data, moment: Moment) -> bool {
    let issued = token.rsplit_once('.').and_then(|(_, issued)| issued.parse::<i64>().ok());
    let at = issued.filter(|_| data.account.cliengo.key == Key::Jwt).unwrap_or(moment.now);
    moment.now - at < JWT_LIFE && token == jwt(data, Moment { now: at, ..moment })
}

fn exchange(data: &Data, call: &Call, moment: Moment) -> Answered {
    let can_be_had = matches!(data.account.cliengo.key, Key::Any | Key::Jwt);
    if can_be_had && call.method == "GET" && call.parameter("api_key") == Some(&data.identity.api_key) {
        return Ok(Answer::ok(json!({ "jwt": jwt(data, moment) })));
    }
    Err(unauthenticated(&data.account.cliengo))
}

fn authenticate(data: &Data, call: &Call, moment: Moment) -> Result<(), Answer> {
    let way = data.account.cliengo.key;
    let header = call.authorization.as_deref();
    let is_known = match (call.parameter("api_key"), header.and_then(|header| header.strip_prefix("Bearer ")), header) {
        (Some(key), _, _) if matches!(way, Key::Any | Key::Query) => key == data.identity.api_key,
        (_, Some(key), _) if matches!(way, Key::Any | Key::Bearer) => key == data.identity.api_key,
        (_, None, Some(token)) if matches!(way, Key::Any | Key::Jwt) => is_good(token, data, moment),
        _ => false,
    };
    if is_known { Ok(()) } else { Err(unauthenticated(&data.account.cliengo)) }
}

/// A note or a task of a contact was written: in some accounts that moves the contact's date.
pub(super) fn child_written(data: &mut Data, contact: &str, moment: Moment) {
    if data.account.cliengo.children_move_date == ChildrenMoveDate::Yes {
        data.cliengo.touch(contact, moment.now);
    }
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
