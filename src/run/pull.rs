//! Pulling: both CRMs' listings into the stage, page by page.

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::tz::TimeZone;
use tracing::{info, warn};

use super::parents::{self, Parents};
use super::{Job, RunError, held};
use crate::config::{Direction, OnDelete, TasksMode};
use crate::crm::{Account, Coverage, CrmError, Learned, Listed, RawRecord, Reader, Sink, SinkError};
use crate::reconcile::ListingCount;
use crate::record::{Both, ByKind, CliengoId, Forms, GhlId, Kind, Region, RemoteId, Side};
use crate::state::{Stage, State};

/// What was pulled, besides the records in the stage.
#[derive(Debug)]
pub(super) struct Pulled {
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
    /// What the probe for tasks said, where it was made: it is pinned.
    pub probed_tasks: Option<bool>,
    /// The contacts whose notes and tasks were asked for.
    pub visited: Parents,
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
pub(super) async fn pull<C, G>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
) -> Result<Pulled, RunError>
where
    C: Reader<Id = CliengoId>,
    G: Reader<Id = GhlId>,
{
    let (location, forms) = locate(job).await?;
    let sinks = Both::from_fn(|side| StageSink { stage, side });
    let (cliengo, ghl) =
        tokio::try_join!(job.cliengo.list_contacts(&sinks.cliengo), job.ghl.list_contacts(&sinks.ghl))?;
    let (learned, probed_tasks) = learn(job, stage, state, &cliengo).await?;
    let mut pulled = Pulled {
        forms,
        learned,
        probed_tasks,
        // Cliengo's records name their account themselves: no request of its own every night.
        accounts: Both { cliengo: cliengo.account.clone(), ghl: Some(location.id) },
        listings: Both::default(),
        complete: Both::default(),
        doubted: Both::default(),
        visited: Parents::default(),
    };
    pulled.take(stage, Side::Cliengo, Kind::Contact, &cliengo, 0)?;
    pulled.take(stage, Side::Ghl, Kind::Contact, &ghl, 0)?;
    pull_children(job, stage, state, &mut pulled).await?;
    doubt_shrunken(job, state, &mut pulled)?;
    Ok(pulled)
}

/// Asks GHL for the location, and how the pair's values become canonical there.
///
/// # Errors
/// When it cannot be asked, or a mapped field is not there.
pub(super) async fn locate<C, G: Reader>(job: &Job<'_, C, G>) -> Result<(Account, Forms), RunError> {
    let location = job.ghl.account().await?;
    let mapped = job.ghl.resolve(&job.pair.fields.mappings).await?;
    let forms = Forms { mapped, ..forms(job, &location) };
    Ok((location, forms))
}

fn forms<C, G>(job: &Job<'_, C, G>, location: &Account) -> Forms {
    let country = job.pair.region.as_deref().or(location.country.as_deref());
    let region = country.and_then(|country| country.to_ascii_uppercase().parse::<Region>().ok());
    let zone = location.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    Forms { region, zone, placeholders: job.pair.placeholder_emails.clone(), mapped: Vec::new() }
}

/// `semantics` 14 and 27: what was learned once is pinned; a failing probe never changes a mode.
async fn learn<C, G>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    contacts: &Listed<CliengoId>,
) -> Result<(Learned, Option<bool>), RunError>
where
    C: Reader<Id = CliengoId>,
{
    let pinned = |key: &str| state.map(|state| state.meta(key)).transpose().map(Option::flatten);
    let tags_read = contacts.tags_seen || pinned("learned.tags_read")?.is_some_and(|value| value == "true");
    let mut probed = None;
    let tasks = match (job.pair.cliengo.tasks, pinned("learned.tasks")?.as_deref()) {
        (TasksMode::Resource, _) | (TasksMode::Auto, Some("true")) => true,
        (TasksMode::Auto, None) => {
            let sample = held(stage).contacts(Side::Cliengo)?.into_iter().next();
            if let Some(id) = sample {
                probed = Some(job.cliengo.probe_tasks(&CliengoId::new(id)).await?);
            }
            probed.unwrap_or(false)
        }
        _ => false,
    };
    Ok((Learned { tasks, tags_read }, probed))
}

/// Tasks of GHL come all at once and say whose tasks have news; then the others, contact by contact.
async fn pull_children<C, G>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    pulled: &mut Pulled,
) -> Result<(), RunError>
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
    let sinks = Both::from_fn(|side| StageSink { stage, side });
    // A contact is deleted only when its tasks are known, also where they stay in GHL (`semantics` 22).
    let contacts = &job.pair.contacts;
    let may_delete = contacts.on_delete == OnDelete::Propagate && contacts.direction.writes(Side::Ghl);
    if tasks || may_delete || job.pair.projects_tasks() {
        let listed = job.ghl.list_tasks(&[], &sinks.ghl).await?;
        pulled.take(stage, Side::Ghl, Kind::Task, &listed, 0)?;
    }
    let has_tasks = job.cliengo.capabilities(&pulled.learned).kinds.task.list;
    let parents = if tasks || notes { parents::choose(job, stage, state, &pulled.forms)? } else { Parents::default() };
    let all_take_part = notes && (tasks || !has_tasks);
    let lost = if all_take_part { Parents::default() } else { survivors(job, stage, state, pulled)? };
    let [of_tasks, of_notes] = [tasks, notes].map(|listed| if listed { &parents } else { &lost });
    let all = Both { cliengo: pulled.listings.cliengo.contact.count, ghl: pulled.listings.ghl.contact.count };
    let cliengo = async {
        let asks = tasks || has_tasks && !lost.cliengo.is_empty();
        let tasks = if asks { Some(job.cliengo.list_tasks(&of_tasks.cliengo, &sinks.cliengo).await?) } else { None };
        let asks = notes || !lost.cliengo.is_empty();
        let notes = if asks { Some(job.cliengo.list_notes(&of_notes.cliengo, &sinks.cliengo).await?) } else { None };
        Ok::<_, CrmError>((tasks, notes))
    };
    let ghl = async {
        let asks = notes || !lost.ghl.is_empty();
        if asks { job.ghl.list_notes(&of_notes.ghl, &sinks.ghl).await.map(Some) } else { Ok(None) }
    };
    let ((cliengo_tasks, cliengo_notes), ghl_notes) = tokio::try_join!(cliengo, ghl)?;
    for (kind, listed) in [(Kind::Task, cliengo_tasks), (Kind::Note, cliengo_notes)] {
        if let Some(listed) = listed {
            pulled.take(stage, Side::Cliengo, kind, &listed, all.cliengo)?;
        }
    }
    if let Some(listed) = ghl_notes {
        pulled.take(stage, Side::Ghl, Kind::Note, &listed, all.ghl)?;
    }
    pulled.visited = parents;
    Ok(())
}

/// `semantics` 22: before a contact may be deleted its tasks and notes are listed, also of a kind that is switched off: the
/// listed counterparts of contacts that are missing.
fn survivors<C, G>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    pulled: &Pulled,
) -> Result<Parents, RunError> {
    let mut lost = Both::<Vec<String>>::default();
    let Some(state) = state.filter(|_| job.pair.contacts.on_delete == OnDelete::Propagate) else {
        return Ok(Parents::default());
    };
    for side in Side::BOTH.into_iter().filter(|side| pulled.complete.of(*side).contact) {
        let other = side.other();
        let missing = held(stage).missing(side, Kind::Contact, true)?;
        for missing in missing {
            let link = state.link(missing.link)?;
            if let Some(survivor) = link.and_then(|link| link.ids.of(other).map(str::to_owned))
                && held(stage).has(other, Kind::Contact, &survivor)?
            {
                lost.of_mut(other).push(survivor);
            }
        }
    }
    Ok(Parents::of(lost))
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
                    count.why = Some(format!("read for {listed} of {parents} contacts"));
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
