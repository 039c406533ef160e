//! What happened with linked contacts on one side, and is told on the other: appointments, talk, where they came from.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::StreamExt;

use super::error::RunError;
use super::look_up;
use super::parents::Parents;
use super::session::Job;
use super::staging::each_news;
use crate::config::Direction;
use crate::crm::{CrmError, Reader};
use crate::reconcile::{MissedLookUp, Waits};
use crate::record::{Facet, Forms, Kind, Moment, RemoteId, Role, Side};
use crate::state::{LinkStatus, Stage, State};

/// How many contacts are asked about at a time.
const AT_A_TIME: usize = 4;

/// The moments of contacts by their link, and whose could not be read, with the reason.
#[derive(Debug, Default)]
pub(super) struct Moments {
    pub told: BTreeMap<i64, Vec<Moment>>,
    pub unread: BTreeMap<i64, String>,
    /// What could not be asked of anybody.
    pub missed: Vec<MissedLookUp>,
}

/// Asks about the contacts whose notes this run listed: nobody else could be told anything.
///
/// # Errors
/// When a CRM refuses the credentials, the run is stopped, or state and stage cannot be read.
pub(super) async fn look(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    visited: &Parents,
    forms: &Forms,
) -> Result<Moments, RunError> {
    let mut moments = Moments::default();
    let (Some(state), wanted) = (state, job.pair.timeline) else { return Ok(moments) };
    if job.pair.notes.policy.direction == Direction::Off {
        return Ok(moments);
    }
    if wanted.appointments {
        ask(job.ghl, Facet::Appointment, linked(state, &visited.ghl)?, forms, &mut moments).await?;
    }
    if wanted.conversations {
        ask(job.cliengo, Facet::Talk, linked(state, &visited.cliengo)?, forms, &mut moments).await?;
    }
    if wanted.attribution {
        leads(job, stage, state, &mut moments)?;
    }
    Ok(moments)
}

/// Those of them that are linked, with their link.
fn linked<I: RemoteId>(state: &State, visited: &[I]) -> Result<Vec<(i64, I)>, RunError> {
    let mut linked = Vec::new();
    for id in visited {
        let link = state.link_of(Kind::Contact, &id.clone().tagged())?;
        let link = link.filter(|link| link.status == LinkStatus::Live && link.role == Role::Primary);
        linked.extend(link.map(|link| (link.id, id.clone())));
    }
    Ok(linked)
}

async fn ask<I: RemoteId>(
    crm: &dyn Reader<Id = I>,
    facet: Facet,
    linked: Vec<(i64, I)>,
    forms: &Forms,
    moments: &mut Moments,
) -> Result<(), RunError> {
    let asked = futures::stream::iter(linked).map(|(link, id)| async move { (link, crm.moments(&id, forms).await) });
    let mut asked = asked.buffer_unordered(AT_A_TIME);
    let (mut failed, mut heard) = (None, false);
    let mut unread = BTreeMap::new();
    while let Some((link, answer)) = asked.next().await {
        match answer {
            Ok(found) => {
                heard = true;
                moments.told.entry(link).or_default().extend(found);
            }
            // What came is told; the next run asks about the others.
            Err(CrmError::Quota { .. }) => break,
            Err(why) if why.is_everybodys() => return Err(why.into()),
            Err(why) => {
                unread.insert(link, why.clone().of_one_record().to_string());
                failed = Some(why);
            }
        }
    }
    // `semantics` 57: who is refused while others are not is a matter of its own.
    match failed.filter(|_| !heard) {
        Some(why) => moments.missed.push(look_up::missed(why, vec![Waits::Moments(facet)])?),
        None => moments.unread.extend(unread),
    }
    Ok(())
}

/// Where leads came from, of whom GHL was not told. It stands in the listing: nobody is asked.
fn leads(job: &Job<'_>, stage: &Mutex<Stage>, state: &State, moments: &mut Moments) -> Result<(), RunError> {
    let told = state.told()?;
    each_news(stage, (Side::Cliengo, Kind::Contact), true, |row| {
        let Some(link) = row.link else { return Ok(()) };
        let is_told = told.get(&link).is_some_and(|told| told.keys().any(|(facet, _)| *facet == Facet::Lead));
        if !is_told && let Some(words) = job.cliengo.lead(&row.payload) {
            moments.told.entry(link).or_default().push(Moment { facet: Facet::Lead, id: row.id, words });
        }
        Ok(())
    })
}
