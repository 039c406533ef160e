//! Asks by id for contacts of which the listing says another thing than the state, before tasks and notes are listed: linked
//! ones that it leaves out, and deleted ones that it shows. (`semantics` 51, 52)

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::StreamExt;
use tracing::info;

use super::doubt::has_shrunk;
use super::error::RunError;
use super::pulled::Pulled;
use super::session::{Job, LOOKUPS, lock};
use super::staging::each_news;
use crate::crm::{CrmError, Lookup, Shape};
use crate::reconcile::{Inconclusive, Reading};
use crate::record::{Ids, Kind, Record, Side, SideId};
use crate::state::{Missing, Stage};

/// Asks for the contacts of which their complete listing says another thing than the state.
///
/// # Errors
/// When the stage cannot be read or written.
pub(super) async fn seek(job: &Job<'_>, stage: &Mutex<Stage>, pulled: &mut Pulled) -> Result<(), RunError> {
    for side in Side::BOTH {
        restored(job, stage, pulled, side).await?;
    }
    reunite(job, stage, pulled)?;
    for side in Side::BOTH {
        if pulled.complete.of(side).contact {
            left_out(job, stage, pulled, side).await?;
        }
    }
    Ok(())
}

/// Linked contacts that a listing leaves out. Where many of them are there, and an earlier run did not just write them, the
/// listing is not complete: it leaves out others too.
async fn left_out(job: &Job<'_>, stage: &Mutex<Stage>, pulled: &mut Pulled, side: Side) -> Result<(), RunError> {
    let missing = lock(stage).missing(side, Kind::Contact, true)?;
    let asked = futures::stream::iter(missing).map(|missing| async move {
        let id = SideId::new(side, missing.id.as_str());
        let found = job.look_up(Kind::Contact, &id, None).await;
        (id, missing, found)
    });
    let asked: Vec<(SideId, Missing, Result<Lookup, CrmError>)> = asked.buffered(LOOKUPS).collect().await;
    let mut others = 0;
    for (id, missing, found) in asked {
        if matches!(found, Ok(Lookup::Present(_))) {
            info!(%side, %id, "not listed, yet there when asked for by id");
            others += u64::from(!missing.written);
            pulled.sought.links.insert(missing.link);
            pulled.sought.left_out.insert(id.clone());
        }
        pulled.sought.answers.insert(id, found);
    }
    let listed = pulled.listings.of(side).contact.count;
    if has_shrunk(&job.pair.guard, listed + others, listed) {
        let why = format!("it listed {listed} contacts, yet {others} others are there when asked for by id");
        pulled.disbelieve(side, Kind::Contact, why);
    }
    Ok(())
}

/// Deleted contacts that are listed. A listing may lag behind a delete, the CRM itself does not: one that it has, and that an
/// earlier listing lacked, was restored by a person. One whose other half was kept is looked at from the next run on.
async fn restored(job: &Job<'_>, stage: &Mutex<Stage>, pulled: &mut Pulled, side: Side) -> Result<(), RunError> {
    let kept: BTreeSet<String> = lock(stage).restored(side)?.into_iter().map(|(_, id)| id).collect();
    let listed = lock(stage).listed_buried(side)?;
    let asked = kept.iter().map(|id| (id.clone(), true)).chain(listed);
    let asked = futures::stream::iter(asked).map(|(id, was_absent)| async move {
        let id = SideId::new(side, id);
        let found = job.look_up(Kind::Contact, &id, None).await;
        (id, was_absent, found)
    });
    let asked: Vec<(SideId, bool, Result<Lookup, CrmError>)> = asked.buffered(LOOKUPS).collect().await;
    let mut again = 0;
    for (id, was_absent, found) in asked {
        match &found {
            Ok(Lookup::Present(_)) if kept.contains(id.as_str()) => again += 1,
            Ok(Lookup::Present(_)) if was_absent => {
                lock(stage).lift(&id)?;
                pulled.sought.lifted.push(id.clone());
            }
            Ok(Lookup::Present(_)) => {
                let why = format!("an earlier run deleted {id}, and {} has it all the same", side.title());
                pulled.sought.unclear.push(unclear(&id, why));
            }
            Ok(Lookup::Gone(_)) => *pulled.sought.buried.of_mut(side) += 1,
            // Merged into that one, and listed still.
            Err(error) if error.instead().is_some() => *pulled.sought.buried.of_mut(side) += 1,
            Err(CrmError::Stopped { .. }) => {}
            Err(_) if kept.contains(id.as_str()) => {}
            Err(error) => {
                let why = error.clone().of_one_record();
                let why =
                    format!("an earlier run deleted {id}, which is listed; whether it is there cannot be told: {why}");
                pulled.sought.unclear.push(unclear(&id, why));
            }
        }
        pulled.sought.answers.insert(id, found);
    }
    if again > 0 {
        let listing = pulled.listings.of_mut(side).of_mut(Kind::Contact);
        listing.reading = listing.reading.max(Reading::Partial);
        listing.why.get_or_insert(format!(
            "kept contacts that are there again, and are looked at from the next run on: {again}"
        ));
    }
    Ok(())
}

/// One that an earlier run deleted, and that is there although no listing lacked it since, was restored where its person stands
/// on the other side again too: a delete that was not done brings back nobody there. (`semantics` 6)
fn reunite(job: &Job<'_>, stage: &Mutex<Stage>, pulled: &mut Pulled) -> Result<(), RunError> {
    let read = |id: &SideId, payload: &str, shape: Shape| match id.side() {
        Side::Cliengo => job.cliengo.parse(Kind::Contact, payload, shape, &pulled.forms).ok(),
        Side::Ghl => job.ghl.parse(Kind::Contact, payload, shape, &pulled.forms).ok(),
    };
    let mut back = BTreeSet::new();
    for side in Side::BOTH {
        let there = pulled.sought.unclear.iter().filter_map(|unclear| unclear.ids.tagged(side));
        let mut there: Vec<(SideId, Record)> = there
            .filter_map(|id| match pulled.sought.answers.get(&id) {
                Some(Ok(Lookup::Present(payload))) => read(&id, payload, Shape::Single).map(|record| (id, record)),
                _ => None,
            })
            .collect();
        if there.is_empty() {
            continue;
        }
        each_news(stage, (side.other(), Kind::Contact), false, |row| {
            let id = SideId::new(side.other(), row.id);
            if let (None, Some(other)) = (row.link, read(&id, &row.payload, Shape::Listed)) {
                let keys = other.match_keys();
                let is_one = |own: &Record| {
                    own.match_keys().iter().any(|key| keys.contains(key)) && !own.is_named_otherwise(&other)
                };
                back.extend(there.extract_if(.., |(_, own)| is_one(own)).map(|(id, _)| id));
            }
            Ok::<(), RunError>(())
        })?;
    }
    for id in back {
        pulled.sought.unclear.retain(|unclear| unclear.ids.tagged(id.side()).as_ref() != Some(&id));
        lock(stage).lift(&id)?;
        pulled.sought.lifted.push(id);
    }
    Ok(())
}

fn unclear(id: &SideId, why: String) -> Inconclusive {
    Inconclusive { kind: Kind::Contact, ids: Ids::one(id.clone()), label: String::new(), why }
}
