//! Pulling: both CRMs' listings into the stage, page by page.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::budget::Budget;
use super::error::RunError;
use super::intake::Intake;
use super::marks::Marks;
use super::pulled::Pulled;
use super::session::{Job, lock};
use super::settle::PARTS_NAMES;
use super::{accounts, children, doubt, look_up, only, seek, timeline};
use crate::config::{Pair, TasksMode};
use crate::crm::{Account, CrmError, Learned, Listed};
use crate::record::{Both, CliengoId, Effect, Forms, Kind, Side};
use crate::state::{KeptLists, Stage, State, StateError};

/// Pulls everything that takes part.
///
/// # Errors
/// When a CRM refuses the credentials or the state belongs to another account. A listing that could not be finished
/// is no error: it is incomplete, and nothing in it counts as absent.
pub(super) async fn pull(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    accounts: &Both<Account>,
    budget: &Budget,
    kept: Option<&KeptLists>,
) -> Result<Pulled, RunError> {
    let (forms, look_ups) = look_up::forms_or_wait(job, &accounts.ghl).await?;
    let named: Vec<Effect> = job.pair.triggers.effects().cloned().collect();
    let effects = if named.is_empty() { BTreeMap::new() } else { job.ghl.effects(&named).await? };
    let marks = Marks::of(job, state)?;
    let into = Intake {
        stage,
        forgotten: &marks.forgotten,
        listed: Mutex::default(),
        kept: kept.map(|kept| (kept, job.clock)),
    };
    if !job.only.is_empty() {
        let mut pulled = pull_only(job, &into, state, accounts, (forms, marks.clone())).await?;
        pulled.look_ups.extend(look_ups);
        return Ok(Pulled { effects, ..pulled });
    }
    let mut pulled = pull_contacts(job, &into, state, accounts, (forms, marks.clone())).await?;
    pulled.effects = effects;
    pulled.look_ups.splice(..0, look_ups);
    doubt::shrunken(job, stage, state, &mut pulled, &[Kind::Contact])?;
    seek::seek(job, stage, &mut pulled).await?;
    children::pull(job, &into, state, &mut pulled, budget).await?;
    for side in Side::BOTH {
        for kind in Kind::CHILDREN {
            doubt::emptied(job, stage, &mut pulled, side, kind).await?;
        }
    }
    doubt::shrunken(job, stage, state, &mut pulled, &Kind::CHILDREN)?;
    pulled.moments = timeline::look(job, stage, state, &pulled.visited, &pulled.forms).await?;
    pulled.look_ups.append(&mut pulled.moments.missed);
    Ok(pulled)
}

/// Pulls everybody's contacts alone, for who can only be told by the whole list.
///
/// # Errors
/// As [`pull`].
pub(super) async fn contacts(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    accounts: &Both<Account>,
    forms: &Forms,
) -> Result<Pulled, RunError> {
    let marks = Marks::of(job, state)?;
    let into = Intake { stage, forgotten: &marks.forgotten, listed: Mutex::default(), kept: None };
    let mut pulled = pull_contacts(job, &into, state, accounts, (forms.clone(), marks.clone())).await?;
    doubt::shrunken(job, stage, state, &mut pulled, &[Kind::Contact])?;
    Ok(pulled)
}

/// Pulls everybody's contacts, and what they tell of the accounts.
async fn pull_contacts(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    accounts: &Both<Account>,
    (forms, marks): (Forms, Marks),
) -> Result<Pulled, RunError> {
    let stage = into.stage;
    let (cliengo, ghl) = {
        let into_cliengo = job.whole(into, state, Side::Cliengo, Kind::Contact)?;
        let into_ghl = job.whole(into, state, Side::Ghl, Kind::Contact)?;
        let cliengo = async { anybody(job.cliengo.list_contacts(&into_cliengo).await?) };
        let ghl = async { anybody(job.ghl.list_contacts(&into_ghl).await?) };
        tokio::try_join!(cliengo, ghl)?
    };
    let identities =
        accounts::identities(accounts, &Both { cliengo: cliengo.account.clone(), ghl: ghl.account.clone() });
    accounts::check(job, state, &identities)?;
    let (learned, probe) = learn(job, stage, state, &cliengo).await?;
    let mut pulled = Pulled::nothing(forms, learned, identities, marks);
    pulled.tags_were_read = earlier(job, state)?.tags_read;
    pulled.forgotten = std::mem::take(&mut lock(&into.listed));
    pulled.take(stage, Side::Cliengo, Kind::Contact, &cliengo, 0)?;
    pulled.take(stage, Side::Ghl, Kind::Contact, &ghl, 0)?;
    match probe {
        Probe::NotAsked => {}
        Probe::Is(tasks) => pulled.probed_tasks = Some(tasks),
        Probe::Unclear => {
            let why = "whether Cliengo has tasks could not be told in this run";
            pulled.disbelieve(Side::Cliengo, Kind::Task, why.to_owned());
        }
    }
    if !ghl.places_told {
        pulled.follow(look_up::members(job, state).await?);
    }
    pulled.ghl_shows_tags = ghl.tags_seen || pulled.listings.ghl.contact.count == 0;
    for side in Side::BOTH {
        doubt::emptied(job, stage, &mut pulled, side, Kind::Contact).await?;
    }
    Ok(pulled)
}

/// Why a listing of some people says nothing of an account.
const ONLY_THESE: &str = "only whom --contact names was read";

/// Pulls some people alone, with their tasks and notes. Of nobody else anything is said.
async fn pull_only(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    accounts: &Both<Account>,
    (forms, marks): (Forms, Marks),
) -> Result<Pulled, RunError> {
    let identities = accounts::identities(accounts, &Both::default());
    accounts::check(job, state, &identities)?;
    // Whom it names is read by id, which leaves out what is empty.
    let members = look_up::members(job, state).await?;
    let forms = Forms { members: members.as_ref().map(|found| found.members.clone()), ..forms };
    let found = only::find(job, into, state, &forms).await?;
    let mut pulled = Pulled::nothing(forms, earlier(job, state)?, identities, marks);
    pulled.only = Some(found);
    pulled.look_ups.extend(members.and_then(|found| found.missed));
    children::pull_theirs(job, into, state, &mut pulled).await?;
    pulled.moments = timeline::look(job, into.stage, state, &pulled.visited, &pulled.forms).await?;
    pulled.look_ups.append(&mut pulled.moments.missed);
    for side in Side::BOTH {
        for kind in Kind::ALL {
            let listing = pulled.listings.of_mut(side).of_mut(kind);
            listing.complete = false;
            listing.why.get_or_insert_with(|| ONLY_THESE.to_owned());
        }
    }
    Ok(pulled)
}

/// `semantics` 52: where nobody was listed because the CRM cannot be read, there is nothing that a run could rest on.
fn anybody<I>(listed: Listed<I>) -> Result<Listed<I>, CrmError> {
    match &listed.failed {
        Some(error) if listed.count == 0 => Err(error.clone()),
        _ => Ok(listed),
    }
}

/// What earlier runs learned, where there were any.
fn earlier(job: &Job<'_>, state: Option<&State>) -> Result<Learned, StateError> {
    Ok(state.map(|state| learned(state, job.pair)).transpose()?.unwrap_or_default())
}

/// What earlier runs learned of the accounts, where nothing is probed.
///
/// # Errors
/// When the state cannot be read.
pub fn learned(state: &State, pair: &Pair) -> Result<Learned, StateError> {
    let is_known = |key: &str| Ok::<_, StateError>(state.meta(key)?.is_some_and(|value| value == "true"));
    let tasks = match pair.cliengo.tasks {
        TasksMode::Resource => true,
        TasksMode::Auto => is_known("learned.tasks")?,
        TasksMode::Notes | TasksMode::DueDate | TasksMode::Off => false,
    };
    Ok(Learned { tasks, tags_read: is_known("learned.tags_read")?, parts_names: is_known(PARTS_NAMES)? })
}

/// Whether an account has tasks, as it was asked in this run.
enum Probe {
    /// It is known, or nobody is there with whom to ask.
    NotAsked,
    Is(bool),
    /// It gave no clear answer.
    Unclear,
}

/// `semantics` 14 and 27: what was learned once is pinned; a failing probe never changes a mode.
async fn learn(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    contacts: &Listed<CliengoId>,
) -> Result<(Learned, Probe), RunError> {
    let pinned = |key: &str| state.map(|state| state.meta(key)).transpose().map(Option::flatten);
    let tags_read = contacts.tags_seen || pinned("learned.tags_read")?.is_some_and(|value| value == "true");
    let mut probe = Probe::NotAsked;
    let tasks = match (job.pair.cliengo.tasks, pinned("learned.tasks")?.as_deref()) {
        (TasksMode::Resource, _) | (TasksMode::Auto, Some("true")) => true,
        (TasksMode::Auto, None) => {
            let sample = lock(stage).contacts::<CliengoId>()?.into_iter().next();
            if let Some(id) = sample {
                probe = job.cliengo.probe_tasks(&id).await?.map_or(Probe::Unclear, Probe::Is);
            }
            matches!(probe, Probe::Is(true))
        }
        _ => false,
    };
    let parts_names = pinned(PARTS_NAMES)?.is_some_and(|value| value == "true");
    Ok((Learned { tasks, tags_read, parts_names }, probe))
}
