//! What both accounts tell: who they are, what their credentials may, what is used up, and what they can express.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::idle;
use crate::cli::clients::Clients;
use crate::cli::shared::SharedAccount;
use crate::cli::{Session, access};
use crate::config::{Accounts, Config, GhlAccess, Pair, Readable, TasksMode};
use crate::crm::cliengo::{Cliengo, Sample};
use crate::crm::ghl::{Ghl, scopes_for};
use crate::crm::{Account, Announced, CrmError, Learned, Reader};
use crate::record::{Capabilities, Effect, Field, Holds, Kind, Mapped, NoEffect, Side};
use crate::report::number;
use crate::run::RunError;
use crate::state::State;

/// A clock that is off by more than this confuses `min_age`, `settle` and `conflict = "newest"`.
const SKEW: i64 = 60;

/// What was found out about Cliengo on the way.
pub(super) struct OfCliengo {
    pub contacts: Option<u64>,
    pub can: Capabilities,
}

/// What was found out about GHL on the way.
pub(super) struct OfGhl {
    pub contacts: Option<u64>,
    pub can: Capabilities,
}

fn failed(id: String, error: CrmError) -> Finding {
    Finding::fail(id, RunError::Crm(error))
}

/// Cliengo's account. Nothing further is asked where the key is refused.
pub(super) async fn cliengo(
    pair: &Pair,
    cliengo: &Cliengo,
    state: Option<&State>,
) -> (Option<OfCliengo>, Vec<Finding>) {
    let id = |part: &str| format!("{}.cliengo{part}", pair.name);
    let mut findings = Vec::new();
    match cliengo.profile().await {
        Err(error) => return (None, vec![failed(id(""), error)]),
        Ok((account, leads)) => {
            findings.push(belongs(id(""), Side::Cliengo, &account, state));
            if let Some(leads) = leads {
                let detail = format!("{} of {} leads of the plan used", number(leads.used), number(leads.limit));
                findings.push(if leads.used < leads.limit {
                    Finding::ok(id(".leads"), detail)
                } else {
                    Finding::warn(
                        id(".leads"),
                        detail,
                        "new contacts may be refused or hidden: ask Cliengo for a larger plan",
                    )
                });
            }
        }
    }
    findings.push(website(id(".website"), pair, cliengo).await);
    findings.push(user(id(".user"), cliengo).await);
    let sample = match cliengo.sample().await {
        Ok(sample) => sample,
        Err(error) => {
            findings.push(failed(id(".contacts"), error));
            return (None, findings);
        }
    };
    let can = match learned(pair, cliengo, state, &sample).await {
        Ok(learned) => cliengo.capabilities(&learned),
        Err(error) => {
            findings.push(failed(id(".can"), error));
            return (None, findings);
        }
    };
    findings.push(can_do(id(".can"), &can));
    let rate = pair.cliengo.requests_per_second;
    let detail = if rate.is_finite() {
        format!("it announces none; {rate} requests a second are sent at most (requests_per_second)")
    } else {
        "it announces none, and none is set".to_owned()
    };
    findings.push(Finding::ok(id(".limits"), detail));
    (Some(OfCliengo { contacts: sample.total, can }), findings)
}

/// An account that another pair has as well.
pub(super) fn shared((pair, shared): (String, SharedAccount)) -> Finding {
    Finding::fail(format!("{pair}.accounts"), shared)
}

/// Whether the account is the one that the state is bound to.
fn belongs(id: String, side: Side, account: &Account, state: Option<&State>) -> Finding {
    let bound = state.map(|state| state.check_asked(side, &account.id)).transpose();
    match bound {
        Err(error) => Finding::fail(id, error),
        Ok(_) => Finding::ok(id, format!("answers: {} ({})", account.name, account.id)),
    }
}

/// Whether the website stands under which contacts are created.
async fn website(id: String, pair: &Pair, cliengo: &Cliengo) -> Finding {
    let Accounts::Real(accounts) = &pair.accounts else {
        return Finding::ok(id, "the sandbox's own");
    };
    let wanted = &accounts.cliengo.website_id;
    let websites = match cliengo.websites().await {
        Ok(websites) => websites,
        Err(error @ CrmError::Credentials { .. }) => {
            return Finding::warn(
                id,
                error.to_string(),
                "the key's user may not list websites; make sure that website_id is right",
            );
        }
        Err(error) => return failed(id, error),
    };
    let known = websites.iter().filter(|website| !website.is_deleted);
    let known = known.map(|website| format!("{} ({})", website.id, website.title)).collect::<Vec<_>>().join(", ");
    match websites.iter().find(|website| website.id == *wanted) {
        Some(website) if !website.is_deleted => Finding::ok(id, format!("{} ({wanted})", website.title)),
        Some(website) => Finding::fail(id, anyhow::anyhow!("{} ({wanted}) was deleted in Cliengo", website.title))
            .mended_by(format!("set website_id to one of: {known}")),
        None => Finding::fail(id, anyhow::anyhow!("the account has no website {wanted}"))
            .mended_by(format!("set website_id to one of: {known}")),
    }
}

/// Whose key it is. A user who sees less than all makes lists silently shorter (`Cliengo API notes, 1.2`).
async fn user(id: String, cliengo: &Cliengo) -> Finding {
    let rights = match cliengo.rights().await {
        Ok(rights) => rights,
        Err(error) => {
            return Finding::warn(
                id,
                format!("the key's user cannot be asked for: {error}"),
                "make sure that the key belongs to a user who sees every contact",
            );
        }
    };
    if let Some(blind_spot) = rights.blind_spot() {
        return Finding::warn(
            id,
            format!("the key's lists may be short: {blind_spot}"),
            "make a key for a user who sees every contact, before the first sync",
        );
    }
    let users = match cliengo.users().await.map(|users| users.len()) {
        Ok(1) => "; the account has 1 user".to_owned(),
        Ok(users) => format!("; the account has {users} users"),
        // Nothing depends on it.
        Err(_) => String::new(),
    };
    Finding::ok(id, format!("the key's user sees every contact{users}"))
}

/// What the state pinned, else what one contact shows.
async fn learned(pair: &Pair, cliengo: &Cliengo, state: Option<&State>, sample: &Sample) -> Result<Learned, CrmError> {
    // What cannot be read of the state is said on its own line.
    let pinned = |key: &str| state.and_then(|state| state.meta(key).ok().flatten()).map(|value| value == "true");
    let tasks = match (pair.cliengo.tasks, pinned("learned.tasks"), &sample.contact) {
        (TasksMode::Resource, _, _) => true,
        (TasksMode::Auto, Some(pinned), _) => pinned,
        (TasksMode::Auto, None, Some(contact)) => cliengo.probe_tasks(contact).await?.unwrap_or(false),
        _ => false,
    };
    let tags_read = match pair.cliengo.capabilities.tags_read {
        Readable::On => true,
        Readable::Off => false,
        Readable::Auto => sample.shows_tags || pinned("learned.tags_read").unwrap_or(false),
    };
    Ok(Learned { tasks, tags_read, parts_names: pinned("learned.parts_names").unwrap_or(false) })
}

/// What the account can and cannot do. What it cannot is no mistake: the report calls it unsupported, once.
fn can_do(id: String, can: &Capabilities) -> Finding {
    let task = can.kinds.task.list;
    let abilities = [
        ("list tasks", task),
        ("read tags", can.tags.read),
        ("remove tags", can.tags.remove),
        ("edit notes", can.kinds.note.update),
        ("delete notes", can.kinds.note.delete),
        ("delete contacts", can.kinds.contact.delete),
        ("empty a field", !can.kinds.contact.clearable.is_empty()),
    ];
    let those = |able: bool| {
        let those = abilities.iter().filter(|(_, can)| *can == able).map(|(name, _)| *name);
        those.collect::<Vec<_>>().join(", ")
    };
    let (can, cannot) = (those(true), those(false));
    let can = if can.is_empty() { "only add and change contacts".to_owned() } else { can };
    let cannot = if cannot.is_empty() { String::new() } else { format!("; cannot {cannot}") };
    Finding::ok(id, format!("can {can}{cannot}"))
}

/// GHL's location. Nothing further is asked where the token is refused.
pub(super) async fn ghl(pair: &Pair, ghl: &Ghl, state: Option<&State>) -> (Option<OfGhl>, Vec<Finding>) {
    let id = |part: &str| format!("{}.ghl{part}", pair.name);
    let location = match ghl.account().await {
        Ok(location) => location,
        Err(error) => return (None, vec![failed(id(""), error)]),
    };
    let mut findings = vec![belongs(id(""), Side::Ghl, &location, state), region(id(".region"), pair, &location)];
    let contacts = match ghl.count_contacts().await {
        Ok(contacts) => contacts,
        Err(error) => {
            findings.push(without_scope(id(".scopes"), error, "contacts.readonly"));
            return (None, findings);
        }
    };
    if let Err(error) = ghl.can_list_tasks().await {
        findings.push(without_scope(id(".scopes"), error, "locations/tasks.readonly"));
        return (None, findings);
    }
    let read = "contacts.readonly, locations/tasks.readonly and locations.readonly are there";
    findings.push(Finding::ok(id(".scopes"), format!("{read}; contacts.write shows with the first write only")));
    findings.push(match ghl.users().await {
        Ok(users) => Finding::ok(id(".users"), format!("{} in this location", users.len())),
        Err(error) if pair.maps_users() => without_scope(id(".users"), error, "users.readonly"),
        Err(_) => Finding::ok(id(".users"), "not readable (scope users.readonly); nothing needs them"),
    });
    let (fields, resolved) = mapping(id(".fields"), pair, ghl).await;
    findings.push(fields);
    findings.extend(idle::words(pair, &resolved));
    findings.extend(idle::business(pair, ghl).await);
    findings.extend(triggers(id(".triggers"), pair, ghl).await);
    findings.push(can_do(id(".can"), &ghl.capabilities(&Learned::default())));
    findings.push(limits(id(".limits"), ghl.announced()));
    (Some(OfGhl { contacts, can: ghl.capabilities(&Learned::default()) }), findings)
}

/// What the app was given against what the pair's runs need. A private integration's token does not tell: its reads are tried.
pub(super) fn granted_scopes(session: &Session, config: &Config, pair: &Pair) -> Option<Finding> {
    let Accounts::Real(accounts) = &pair.accounts else { return None };
    if matches!(accounts.ghl.access, GhlAccess::Token(_)) {
        return None;
    }
    let (oauth, _) = access::grant(session, config, pair, &accounts.ghl).ok()?;
    let grant = oauth.kept().ok()??;
    let id = format!("{}.ghl.granted", pair.name);
    if grant.scopes().is_empty() {
        return Some(Finding::ok(id, "GHL does not say what the app was given"));
    }
    let needed = scopes_for(pair);
    let missing: Vec<&str> =
        needed.iter().copied().filter(|scope| !grant.scopes().iter().any(|given| given == scope)).collect();
    Some(if missing.is_empty() {
        Finding::ok(id, format!("the app was given all that the configuration needs: {}", listed(&needed)))
    } else {
        let said = format!("the app was not given {}", missing.join(", "));
        let refused = CrmError::Credentials { side: Side::Ghl, message: said.clone(), said };
        failed(id, refused)
            .mended_by(format!("add the scopes to the app in GHL's marketplace, then: {}", oauth.command()))
    })
}

fn listed(scopes: &BTreeSet<&'static str>) -> String {
    scopes.iter().copied().collect::<Vec<_>>().join(", ")
}

fn without_scope(id: String, error: CrmError, scope: &str) -> Finding {
    let is_scope = matches!(error, CrmError::Credentials { .. });
    let finding = failed(id, error);
    if is_scope {
        finding.mended_by(format!("add the scope {scope} to the private integration; its token stays the same"))
    } else {
        finding
    }
}

/// Phones without a country are read as this country's.
fn region(id: String, pair: &Pair, location: &Account) -> Finding {
    match (&pair.region, &location.country) {
        (Some(region), Some(country)) if region != country => Finding::warn(
            id,
            format!("region is {region}, and the location's country is {country}"),
            "phones without a country are read as the region's: make sure that it is meant",
        ),
        (Some(region), _) => Finding::ok(id, format!("{region} for phones without a country")),
        (None, Some(country)) => {
            Finding::ok(id, format!("{country} for phones without a country, as the location says"))
        }
        (None, None) => Finding::warn(
            id,
            "the location tells no country: phones without one cannot be compared",
            format!("set region under [pair.{}]", pair.name),
        ),
    }
}

/// Every mapped field that stands in the location, and every one that does not; and what those hold that do.
async fn mapping(id: String, pair: &Pair, ghl: &Ghl) -> (Finding, Vec<Mapped>) {
    match resolved(&id, pair, ghl).await {
        Ok((resolved, missing, known)) => (stands(id, pair, &resolved, (&missing, &known)), resolved),
        Err(finding) => (*finding, Vec::new()),
    }
}

/// The mapped fields that are there; the names of the others, and what there is.
async fn resolved(id: &str, pair: &Pair, ghl: &Ghl) -> Result<(Vec<Mapped>, Vec<String>, String), Box<Finding>> {
    let mut mappings = pair.mappings();
    let (mut missing, mut known) = (Vec::new(), String::new());
    // One answer names one missing field; without that mapping the next one shows.
    loop {
        let error = match ghl.resolve(&mappings).await {
            Ok(resolved) => return Ok((resolved, missing, known)),
            Err(error) => error,
        };
        let failed =
            |error: CrmError, mend: String| Err(Box::new(Finding::fail(id, anyhow::Error::new(error)).mended_by(mend)));
        if matches!(error, CrmError::SeveralFields { .. }) {
            let mend =
                format!("name the id of the right one under [[pair.{}.map]], as ghl = \"customFields.ID\"", pair.name);
            return failed(error, mend);
        }
        if matches!(error, CrmError::SameField { .. }) {
            return failed(error, format!("take one of the two out of [[pair.{}.map]]", pair.name));
        }
        let CrmError::NoSuchField { name, known: there, .. } = error else {
            return Err(Box::new(without_scope(id.to_owned(), error, "locations/customFields.readonly")));
        };
        mappings.retain(|mapping| mapping.ghl != format!("customFields.{name}"));
        missing.push(name);
        known = there;
    }
}

fn stands(id: String, pair: &Pair, resolved: &[Mapped], (missing, known): (&[String], &str)) -> Finding {
    let writes = |field: &Field| pair.field_policy(Kind::Contact, field).direction.writes(Side::Ghl);
    if let Some(opaque) = resolved.iter().find(|mapped| mapped.holds == Holds::Opaque && writes(&mapped.field)) {
        let name = opaque.field.to_string();
        return Finding::fail(id, anyhow::Error::new(CrmError::ReadOnlyField { side: Side::Ghl, name })).mended_by(
            format!("add direction = \"to_cliengo\" under its [[pair.{}.map]], or leave it out", pair.name),
        );
    }
    match (missing.is_empty(), resolved.len()) {
        (true, 0) => Finding::ok(id, "none is mapped"),
        (true, all) => Finding::ok(id, format!("all {all} that are mapped stand there")),
        (false, _) => Finding::fail(id, anyhow::anyhow!("GHL has no custom field {}", missing.join(", ")))
            .mended_by(format!("correct [[pair.{}.map]], or make the field in GHL; it has: {known}", pair.name)),
    }
}

/// Every workflow and campaign that a trigger names.
async fn triggers(id: String, pair: &Pair, ghl: &Ghl) -> Option<Finding> {
    let named: Vec<Effect> = pair.triggers.effects().cloned().collect();
    if named.is_empty() {
        return None;
    }
    let effects = match ghl.effects(&named).await {
        Ok(effects) => effects,
        Err(error) => return Some(failed(id, error)),
    };
    let missing: Vec<&NoEffect> = effects.values().filter_map(|found| found.as_ref().err()).collect();
    let known: Vec<String> = effects
        .iter()
        .filter_map(|(effect, found)| Some((effect, found.as_ref().ok()?)))
        .map(|(effect, id)| match effect {
            Effect::Tag(tag) => format!("tag {tag}"),
            Effect::Workflow(name) | Effect::Campaign(name) if name == id => format!("{} {id}", effect.kind()),
            Effect::Workflow(name) | Effect::Campaign(name) => format!("{} {name} ({id})", effect.kind()),
        })
        .collect();
    Some(if missing.is_empty() {
        Finding::ok(id, known.join(", "))
    } else {
        let whys: Vec<&str> = missing.iter().map(|missing| missing.why()).collect();
        let finding = Finding::fail(id, anyhow::anyhow!("{}", whys.join("; ")));
        if missing.iter().all(|missing| matches!(missing, NoEffect::Unread(_))) {
            finding.mended_by(
                "give the token the scopes workflows.readonly and campaigns.readonly; else run it again later",
            )
        } else {
            finding.mended_by(format!("correct [pair.{}.triggers] or its [[trigger]], or make it in GHL", pair.name))
        }
    })
}

/// What is left of the day's quota.
fn limits(id: String, announced: Announced) -> Finding {
    let window = announced.interval.map_or(0, |interval| interval.as_secs());
    let burst = announced.max.map_or_else(String::new, |burst| format!("{} requests in {window} s; ", number(burst)));
    let Some(left) = announced.daily_remaining else {
        return Finding::ok(id, format!("{burst}no daily quota announced"));
    };
    let of = announced.daily.map_or_else(String::new, |daily| format!(" of {}", number(daily)));
    let detail = format!("{burst}{}{of} left today", number(left));
    if announced.daily.is_some_and(|daily| left < daily / 10) {
        Finding::warn(id, detail, "something else uses up this location's quota; the night takes what is left, in turn")
    } else {
        Finding::ok(id, detail)
    }
}

/// This machine's clock against both CRMs'.
pub(super) fn clocks(pair: &Pair, clients: &Clients) -> Option<Finding> {
    let id = format!("{}.clock", pair.name);
    let told = [(Side::Cliengo, clients.cliengo.announced().ahead), (Side::Ghl, clients.ghl.announced().ahead)];
    let told: Vec<(Side, i64)> = told.into_iter().filter_map(|(side, ahead)| Some((side, ahead?.as_secs()))).collect();
    let worst = told.iter().map(|(_, ahead)| ahead.abs()).max()?;
    if worst <= SKEW {
        return Some(Finding::ok(id, "within a minute of both CRMs"));
    }
    let words = told.iter().map(|(side, ahead)| {
        let which = if *ahead >= 0 { "ahead of" } else { "behind" };
        format!("{}'s is {} s {which} ours", side.title(), ahead.abs())
    });
    Some(Finding::warn(
        id,
        words.collect::<Vec<_>>().join(", "),
        "let NTP set this machine's clock (timedatectl set-ntp true)",
    ))
}
