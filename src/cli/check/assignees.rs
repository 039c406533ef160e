//! Who is who among the users of both CRMs, where assignees go over.

use super::finding::Finding;
use crate::cli::clients::Clients;
use crate::config::Pair;
use crate::crm::Reader;
use crate::record::{Both, Side, User, paired};

/// Every user who has no counterpart, and every name of the table that is nobody's.
pub(super) async fn told(pair: &Pair, clients: &Clients) -> Option<Finding> {
    if !pair.maps_users() {
        return None;
    }
    let id = format!("{}.assignees", pair.name);
    let users = match (clients.cliengo.users().await, clients.ghl.users().await) {
        (Ok(cliengo), Ok(ghl)) => Both { cliengo, ghl },
        (Err(error), _) | (_, Err(error)) => return Some(Finding::fail(id, error)),
    };
    Some(say(id, pair, &users))
}

fn say(id: String, pair: &Pair, users: &Both<Vec<User>>) -> Finding {
    let table = pair.assignees.as_deref().unwrap_or_default();
    let named = table.iter().flat_map(|(cliengo, ghl)| [cliengo, ghl]);
    let is_nobody = |name: &&String| !users.cliengo.iter().chain(&users.ghl).any(|user| user.is(name));
    let nobody: Vec<&str> = named.filter(is_nobody).map(String::as_str).collect();
    if !nobody.is_empty() {
        let error = anyhow::anyhow!("no user of either CRM is called {}", nobody.join(", "));
        return Finding::fail(id, error).mended_by(format!("correct [pair.{}.assignees]", pair.name));
    }
    let pairs = paired(users, table);
    let has_one = |side: Side, user: &User| {
        pairs.iter().any(|(cliengo, ghl)| user.id == *if side == Side::Cliengo { cliengo } else { ghl })
    };
    let lonely = Side::BOTH.into_iter().flat_map(|side| {
        let users = users.of(side).iter().filter(move |user| !has_one(side, user));
        users.map(move |user| format!("{} of {}", user.shown(), side.title()))
    });
    let lonely: Vec<String> = lonely.collect();
    let detail = format!("{} users are the same on both sides", pairs.len());
    if lonely.is_empty() {
        return Finding::ok(id, detail);
    }
    let detail = format!("{detail}; what these have is held: {}", lonely.join(", "));
    Finding::warn(id, detail, format!("name both under [pair.{}.assignees]", pair.name))
}
