//! What only a part of a run depends on is looked up: where that fails, the part waits, and the rest goes on.
//! (`semantics` 52)

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::error::RunError;
use super::session::Job;
use crate::config::Mapping;
use crate::crm::{Account, CrmError, Lookup};
use crate::reconcile::{MissedLookUp, Reading, Waits};
use crate::record::{Both, Field, Forms, Holds, Kind, Members, Region, Side, paired};
use crate::state::{State, StateError};

/// A look-up that failed, for what waits for it.
///
/// # Errors
/// Where nothing can go on.
pub(super) fn missed(why: CrmError, waits: Vec<Waits>) -> Result<MissedLookUp, CrmError> {
    if why.is_everybodys() {
        return Err(why);
    }
    let refused = matches!(why, CrmError::Credentials { .. });
    Ok(MissedLookUp { waits, why: why.to_string(), reading: Reading::Failed, refused })
}

/// How the pair's values become canonical, as GHL's location and its fields say.
///
/// # Errors
/// When it cannot be asked, or a mapped field is not there.
pub async fn forms(job: &Job<'_>) -> Result<Forms, RunError> {
    let location = job.ghl.account().await?;
    forms_of(job, &location).await
}

/// How the pair's values become canonical in this location.
///
/// # Errors
/// When it cannot be asked for its fields, or a mapped one is not there.
pub(super) async fn forms_of(job: &Job<'_>, location: &Account) -> Result<Forms, RunError> {
    let (forms, unknown) = read_forms(job, location).await?;
    match unknown.into_iter().next() {
        Some((why, _)) => Err(why.into()),
        None => Ok(forms),
    }
}

/// The same; fields of which it cannot be asked wait.
///
/// # Errors
/// When a mapped field is not there, or nothing can go on.
pub(super) async fn forms_or_wait(job: &Job<'_>, location: &Account) -> Result<(Forms, Vec<MissedLookUp>), RunError> {
    let (mut forms, unknown) = read_forms(job, location).await?;
    let mut look_ups = Vec::new();
    for (why, fields) in unknown {
        let waits = fields.iter().map(|(kind, field)| Waits::Field(*kind, field.clone())).collect();
        look_ups.push(missed(why, waits)?);
        forms.waiting.extend(fields);
    }
    Ok((forms, look_ups))
}

/// Fields that could not be looked up, with what was answered.
type Unknown = (CrmError, Vec<(Kind, Field)>);

async fn read_forms(job: &Job<'_>, location: &Account) -> Result<(Forms, Vec<Unknown>), CrmError> {
    let mappings = job.pair.mappings();
    let mut unknown = Vec::new();
    let mut mapped = match job.ghl.resolve(&mappings).await {
        Ok(mapped) => mapped,
        Err(why) => {
            let (custom, others): (Vec<Mapping>, Vec<Mapping>) = mappings.into_iter().partition(Mapping::is_custom);
            unknown.push((why, custom.into_iter().map(|mapping| (mapping.kind, mapping.field)).collect()));
            job.ghl.resolve(&others).await?
        }
    };
    if job.pair.maps_users() {
        let users = async {
            let (cliengo, ghl) = (job.cliengo.users().await?, job.ghl.users().await?);
            Ok::<_, CrmError>(Both { cliengo, ghl })
        };
        match users.await {
            Ok(users) => {
                let pairs = paired(&users, job.pair.assignees.as_deref().unwrap_or_default());
                for mapped in &mut mapped {
                    match &mut mapped.holds {
                        Holds::User(known) => {
                            known.as_mut().clone_from(&users);
                            mapped.values.clone_from(&pairs);
                        }
                        Holds::Followers(known) => known.clone_from(&users.ghl),
                        _ => {}
                    }
                }
            }
            Err(why) => {
                let of_users = mapped.extract_if(.., |mapped| mapped.holds.needs_users());
                unknown.push((why, of_users.map(|mapped| (mapped.kind, mapped.field)).collect()));
            }
        }
    }
    // `semantics` 50: what holds no text is never written as text.
    let written = |field: &Field| job.pair.field_policy(Kind::Contact, field).direction.writes(Side::Ghl);
    if let Some(opaque) = mapped.iter().find(|mapped| mapped.holds == Holds::Opaque && written(&mapped.field)) {
        let name = opaque.field.to_string();
        return Err(CrmError::ReadOnlyField { side: Side::Ghl, name });
    }
    Ok((Forms { mapped, ..unmapped(job, location) }, unknown))
}

fn unmapped(job: &Job<'_>, location: &Account) -> Forms {
    let country = job.pair.region.as_deref().or(location.country.as_deref());
    let region = country.and_then(|country| country.to_ascii_uppercase().parse::<Region>().ok());
    let zone = location.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    Forms {
        region,
        zone,
        placeholders: job.pair.placeholder_emails.clone(),
        placeholder_names: job.pair.cliengo.placeholder_names.clone(),
        mapped: Vec::new(),
        waiting: BTreeSet::new(),
        members: None,
    }
}

/// Who is of the business that the scope names, as far as that is known.
#[derive(Debug)]
pub(super) struct FoundMembers {
    pub members: Members,
    /// Why who they are is not known.
    pub missed: Option<MissedLookUp>,
    /// Whether the answer was that it has nobody.
    pub is_nobody: bool,
}

/// Asks who is of the business that the scope names; `None`: it names none.
///
/// # Errors
/// When nothing can go on, or the state cannot be read.
pub(super) async fn members(job: &Job<'_>, state: Option<&State>) -> Result<Option<FoundMembers>, RunError> {
    let Some(business) = job.pair.scope.ghl_business_id.clone() else { return Ok(None) };
    let waits = || vec![Waits::Members(business.clone())];
    let (contacts, missed) = match job.ghl.members(&business).await {
        Ok(contacts) if contacts.is_empty() => {
            let doubt = doubt(job, state, &business).await?;
            let (reading, refused) = (Reading::Partial, false);
            (Some(contacts), doubt.map(|why| MissedLookUp { waits: waits(), why, reading, refused }))
        }
        Ok(contacts) => (Some(contacts), None),
        Err(why) => (None, Some(missed(why, waits())?)),
    };
    let is_nobody = contacts.as_ref().is_some_and(BTreeSet::is_empty);
    let contacts = contacts.filter(|_| missed.is_none());
    Ok(Some(FoundMembers { members: Members { business, contacts }, missed, is_nobody }))
}

/// Where the state says that the business had nobody in the last run.
const NOBODY: &str = "members.nobody";

/// Keeps whether the business had nobody.
///
/// # Errors
/// When it cannot be written.
pub(super) fn keep_members(state: &State, nobody: bool) -> Result<(), StateError> {
    state.set_meta(NOBODY, if nobody { "true" } else { "false" })
}

/// So many contacts are asked for by id before a business without anybody is believed.
const WITNESSES: usize = 3;

/// `semantics` 52: a business that has nobody any more is doubted first: linked contacts are asked for by id. One that is
/// still of it shows that the list lags; where none says of what it is, the next run has to agree.
async fn doubt(job: &Job<'_>, state: Option<&State>, business: &str) -> Result<Option<String>, RunError> {
    let Some(state) = state else { return Ok(None) };
    let mut untold = None;
    for link in state.live_links(Kind::Contact)?.into_iter().take(WITNESSES) {
        let Some(id) = state.link(link)?.and_then(|link| link.ids.ghl) else { continue };
        let place = match job.ghl.look_up(Kind::Contact, &id, None).await {
            Ok(Lookup::Gone(_)) => continue,
            Ok(Lookup::Present(payload)) => serde_json::from_str::<Json>(&payload).ok().and_then(|contact| {
                contact.get("businessId").map(|place| place.as_str().unwrap_or_default().to_owned())
            }),
            Err(why) if why.is_everybodys() => return Err(why.into()),
            Err(_) => None,
        };
        match place {
            Some(place) if place == business => {
                return Ok(Some(format!("its list has nobody, yet {id} is in it when asked for by id")));
            }
            Some(_) => {}
            None => untold = Some(id),
        }
    }
    let was_nobody = state.meta(NOBODY)?.is_some_and(|nobody| nobody == "true");
    Ok(untold.filter(|_| !was_nobody).map(|_| "its list has nobody: doubted until the next run agrees".to_owned()))
}
