//! Pulling: both CRMs' listings into the stage, page by page.

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::tz::TimeZone;
use tracing::{info, warn};

use super::{Job, RunError, held};
use crate::config::{Direction, TasksMode};
use crate::crm::{Account, Coverage, CrmError, Learned, Listed, RawRecord, Reader, Sink, SinkError};
use crate::reconcile::ListingCount;
use crate::record::{Both, ByKind, CliengoId, Forms, GhlId, Kind, Region, RemoteId, Side};
use crate::state::{Stage, State};

/// What was pulled, besides the records in the stage.
#[derive(Debug)]
pub struct Pulled {
    /// How the pair's values become canonical.
    pub forms: Forms,
    /// What was learned of the accounts.
    pub learned: Learned,
    /// The accounts behind the credentials, where they were asked.
    pub accounts: Both<Option<String>>,
    /// What was listed.
    pub listings: Both<ByKind<ListingCount>>,
    /// Kinds whose listing can say that something is absent, over all records.
    pub complete: Both<ByKind<bool>>,
    /// Kinds that shrank so sharply that nothing of them counts as absent.
    pub doubted: Both<ByKind<bool>>,
}

struct StageSink<'a> {
    stage: &'a Mutex<Stage>,
    side: Side,
}

impl<I: RemoteId> Sink<I> for StageSink<'_> {
    fn put(&self, kind: Kind, records: Vec<RawRecord<I>>) -> Result<(), SinkError> {
        let stage = held(self.stage);
        for record in records {
            let parent = record.parent.as_ref().map(RemoteId::as_str);
            stage
                .put(self.side, kind, record.id.as_str(), parent, &record.payload, &record.fingerprint)
                .map_err(|error| SinkError(error.to_string()))?;
        }
        Ok(())
    }
}

/// Pulls everything that takes part.
///
/// # Errors
/// When a CRM refuses the credentials or the state belongs to another account. A listing that could not be finished
/// is no error: it is incomplete, and nothing in it counts as absent.
pub async fn pull<C, G>(job: &Job<'_, C, G>, stage: &Mutex<Stage>, state: Option<&State>) -> Result<Pulled, RunError>
where
    C: Reader<Id = CliengoId>,
    G: Reader<Id = GhlId>,
{
    let location = job.ghl.account().await?;
    let forms = forms(job, &location);
    let sinks = Both::from_fn(|side| StageSink { stage, side });
    let (cliengo, ghl) =
        tokio::try_join!(job.cliengo.list_contacts(&sinks.cliengo), job.ghl.list_contacts(&sinks.ghl))?;
    let mut pulled = Pulled {
        forms,
        learned: learn(job, stage, state, &cliengo).await?,
        // Cliengo's records name their account themselves: no request of its own every night.
        accounts: Both { cliengo: cliengo.account.clone(), ghl: Some(location.id) },
        listings: Both::default(),
        complete: Both::default(),
        doubted: Both::default(),
    };
    pulled.take(stage, Side::Cliengo, Kind::Contact, &cliengo, 0)?;
    pulled.take(stage, Side::Ghl, Kind::Contact, &ghl, 0)?;
    pull_children(job, stage, &mut pulled).await?;
    doubt_shrunken(job, state, &mut pulled)?;
    Ok(pulled)
}

fn forms<C, G>(job: &Job<'_, C, G>, location: &Account) -> Forms {
    let country = job.pair.region.as_deref().or(location.country.as_deref());
    let region = country.and_then(|country| country.to_ascii_uppercase().parse::<Region>().ok());
    let zone = location.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    Forms { region, zone }
}

/// `semantics` 14 and 27: what was learned once is pinned; a failing probe never changes a mode.
async fn learn<C, G>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    contacts: &Listed<CliengoId>,
) -> Result<Learned, RunError>
where
    C: Reader<Id = CliengoId>,
{
    let pinned = |key: &str| state.map(|state| state.meta(key)).transpose().map(Option::flatten);
    let tags_read = contacts.tags_seen || pinned("learned.tags_read")?.is_some_and(|value| value == "true");
    let tasks = match (job.pair.cliengo.tasks, pinned("learned.tasks")?.as_deref()) {
        (TasksMode::Resource, _) | (TasksMode::Auto, Some("true")) => true,
        (TasksMode::Auto, None) => {
            let sample = held(stage).contacts(Side::Cliengo)?.into_iter().next();
            match sample {
                Some(id) => job.cliengo.probe_tasks(&CliengoId::new(id)).await?,
                None => false,
            }
        }
        _ => false,
    };
    Ok(Learned { tasks, tags_read })
}

async fn pull_children<C, G>(job: &Job<'_, C, G>, stage: &Mutex<Stage>, pulled: &mut Pulled) -> Result<(), RunError>
where
    C: Reader<Id = CliengoId>,
    G: Reader<Id = GhlId>,
{
    let wanted = |kind: Kind| {
        let capable = job.cliengo.capabilities(&pulled.learned).kinds.of(kind).list
            && job.ghl.capabilities(&pulled.learned).kinds.of(kind).list;
        capable && job.pair.policy(kind).direction != Direction::Off
    };
    let (tasks, notes) = (wanted(Kind::Task), wanted(Kind::Note));
    let cliengo_parents: Vec<CliengoId> = parents(stage, Side::Cliengo)?;
    let ghl_parents: Vec<GhlId> = parents(stage, Side::Ghl)?;
    let (cliengo, ghl) = tokio::try_join!(
        children_of(job.cliengo, stage, &cliengo_parents, tasks, notes),
        children_of(job.ghl, stage, &ghl_parents, tasks, notes),
    )?;
    for (kind, listed) in cliengo {
        pulled.take(stage, Side::Cliengo, kind, &listed, cliengo_parents.len() as u64)?;
    }
    for (kind, listed) in ghl {
        pulled.take(stage, Side::Ghl, kind, &listed, ghl_parents.len() as u64)?;
    }
    Ok(())
}

fn parents<I: RemoteId>(stage: &Mutex<Stage>, side: Side) -> Result<Vec<I>, RunError> {
    Ok(held(stage).contacts(side)?.into_iter().map(I::new).collect())
}

async fn children_of<R: Reader>(
    crm: &R,
    stage: &Mutex<Stage>,
    parents: &[R::Id],
    tasks: bool,
    notes: bool,
) -> Result<Vec<(Kind, Listed<R::Id>)>, CrmError> {
    let sink = StageSink { stage, side: R::Id::SIDE };
    let mut listed = Vec::new();
    if tasks {
        listed.push((Kind::Task, crm.list_tasks(parents, &sink).await?));
    }
    if notes {
        listed.push((Kind::Note, crm.list_notes(parents, &sink).await?));
    }
    Ok(listed)
}

impl Pulled {
    fn take<I: RemoteId>(
        &mut self,
        stage: &Mutex<Stage>,
        side: Side,
        kind: Kind,
        listed: &Listed<I>,
        parents: u64,
    ) -> Result<(), RunError> {
        let stage = held(stage);
        let mut count = ListingCount { count: listed.count, ..ListingCount::default() };
        match &listed.coverage {
            Coverage::Complete(_) => {
                count.complete = true;
                *self.complete.of_mut(side).of_mut(kind) = true;
            }
            Coverage::Parents(covered) => {
                cover(&stage, side, kind, covered)?;
                let listed = covered.len() as u64;
                count.complete = listed == parents;
                count.parents = Some((listed, parents));
                if listed < parents {
                    count.why = Some(format!("the lists of {} contacts could not be read", parents - listed));
                }
            }
            Coverage::Incomplete(why) => {
                warn!(%side, %kind, why, "incomplete listing");
                count.why = Some(why.clone());
            }
        }
        info!(%side, %kind, count = count.count, complete = count.complete, "listed");
        *self.listings.of_mut(side).of_mut(kind) = count;
        Ok(())
    }
}

fn cover<I: RemoteId>(stage: &Stage, side: Side, kind: Kind, parents: &BTreeSet<I>) -> Result<(), RunError> {
    for parent in parents {
        stage.cover(side, kind, parent.as_str())?;
    }
    Ok(())
}

/// `semantics` 30: a listing that shrank sharply says nothing about absence until the next run agrees.
fn doubt_shrunken<C, G>(job: &Job<'_, C, G>, state: Option<&State>, pulled: &mut Pulled) -> Result<(), RunError> {
    let Some(state) = state else { return Ok(()) };
    for side in Side::BOTH {
        for kind in Kind::ALL {
            let Some(before) = state.last_count(side, kind)? else { continue };
            let listing = pulled.listings.of_mut(side).of_mut(kind);
            let lost = before.saturating_sub(listing.count);
            #[expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^52")]
            let percent = lost as f64 * 100.0 / before.max(1) as f64;
            let few = before < job.pair.guard.min_records;
            if listing.complete && !few && percent > job.pair.guard.shrink_percent {
                listing.complete = false;
                listing.why = Some(format!(
                    "{} records, but {before} in the last run: doubted until the next run agrees",
                    listing.count
                ));
                *pulled.complete.of_mut(side).of_mut(kind) = false;
                *pulled.doubted.of_mut(side).of_mut(kind) = true;
            }
        }
    }
    Ok(())
}
