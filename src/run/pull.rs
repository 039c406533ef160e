//! Pulling: both CRMs' listings into the stage, page by page.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::budget::Budget;
use super::error::RunError;
use super::intake::{Intake, StageSink};
use super::marks::Marks;
use super::parents::{self, Parents};
use super::progress::Part;
use super::pulled::Pulled;
use super::session::{Job, lock};
use super::settle::PARTS_NAMES;
use super::sought::Sought;
use super::timeline::{self, Moments};
use super::{accounts, doubt, look_up, only, seek};
use crate::config::{Direction, OnDelete, Pair, TasksMode};
use crate::crm::{Account, CrmError, Learned, Listed, Reader};
use crate::record::{Both, CliengoId, Effect, Forms, Kind, RemoteId, Side};
use crate::state::{KeptLists, Stage, State, StateError};

impl Job<'_> {
    /// A sink for everything of a kind; what it held last time is about what it will hold.
    fn whole<'a>(
        &'a self,
        into: &'a Intake<'a>,
        state: Option<&State>,
        side: Side,
        kind: Kind,
    ) -> Result<StageSink<'a>, RunError> {
        let about = state.map(|state| state.last_count(side, kind)).transpose()?.flatten();
        let meter = self.meter(Part::Listing(side, kind), about);
        Ok(StageSink { into, side, meter, by_contact: false })
    }

    /// A sink for the tasks or notes of so many contacts.
    fn by_contact<'a>(&'a self, into: &'a Intake<'a>, side: Side, kind: Kind, contacts: usize) -> StageSink<'a> {
        let meter = self.meter(Part::Listing(side, kind), Some(contacts as u64));
        StageSink { into, side, meter, by_contact: true }
    }
}

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
        let mut pulled = pull_only(job, &into, state, accounts, forms, &marks).await?;
        pulled.look_ups.extend(look_ups);
        return Ok(Pulled { effects, ..pulled });
    }
    let (cliengo, ghl) = {
        let into_cliengo = job.whole(&into, state, Side::Cliengo, Kind::Contact)?;
        let into_ghl = job.whole(&into, state, Side::Ghl, Kind::Contact)?;
        let cliengo = async { anybody(job.cliengo.list_contacts(&into_cliengo).await?) };
        let ghl = async { anybody(job.ghl.list_contacts(&into_ghl).await?) };
        tokio::try_join!(cliengo, ghl)?
    };
    let identities =
        accounts::identities(accounts, &Both { cliengo: cliengo.account.clone(), ghl: ghl.account.clone() });
    accounts::check(job, state, &identities)?;
    let known = state.map(|state| learned(state, job.pair)).transpose()?;
    let tags_were_read = known.is_some_and(|known| known.tags_read);
    let (learned, probe) = learn(job, stage, state, &cliengo).await?;
    let mut pulled = Pulled {
        forms,
        learned,
        tags_were_read,
        ghl_shows_tags: true,
        probed_tasks: if let Probe::Is(tasks) = probe { Some(tasks) } else { None },
        identities,
        listings: Both::default(),
        complete: Both::default(),
        doubted: Both::default(),
        unidentified: Vec::new(),
        visited: Parents::default(),
        forgotten: std::mem::take(&mut lock(&into.listed)),
        marks: marks.clone(),
        unread: Vec::new(),
        only: None,
        look_ups,
        nobody_is_member: None,
        effects,
        moments: Moments::default(),
        sought: Sought::default(),
    };
    pulled.take(stage, Side::Cliengo, Kind::Contact, &cliengo, 0)?;
    pulled.take(stage, Side::Ghl, Kind::Contact, &ghl, 0)?;
    if matches!(probe, Probe::Unclear) {
        let why = "whether Cliengo has tasks could not be told in this run";
        pulled.disbelieve(Side::Cliengo, Kind::Task, why.to_owned());
    }
    if !ghl.places_told {
        pulled.follow(look_up::members(job, state).await?);
    }
    pulled.ghl_shows_tags = ghl.tags_seen || pulled.listings.ghl.contact.count == 0;
    for side in Side::BOTH {
        doubt::emptied(job, stage, &mut pulled, side, Kind::Contact).await?;
    }
    doubt::shrunken(job, stage, state, &mut pulled, &[Kind::Contact])?;
    seek::seek(job, stage, &mut pulled).await?;
    pull_children(job, &into, state, &mut pulled, budget).await?;
    for side in Side::BOTH {
        doubt::emptied(job, stage, &mut pulled, side, Kind::Task).await?;
        doubt::emptied(job, stage, &mut pulled, side, Kind::Note).await?;
    }
    doubt::shrunken(job, stage, state, &mut pulled, &[Kind::Task, Kind::Note])?;
    pulled.moments = timeline::look(job, stage, state, &pulled.visited, &pulled.forms).await?;
    pulled.look_ups.append(&mut pulled.moments.missed);
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
    forms: Forms,
    marks: &Marks,
) -> Result<Pulled, RunError> {
    let identities = accounts::identities(accounts, &Both::default());
    accounts::check(job, state, &identities)?;
    // Whom it names is read by id, which leaves out what is empty.
    let members = look_up::members(job, state).await?;
    let forms = Forms { members: members.as_ref().map(|found| found.members.clone()), ..forms };
    let found = only::find(job, into, state, &forms).await?;
    let learned = state.map(|state| learned(state, job.pair)).transpose()?.unwrap_or_default();
    let mut pulled = Pulled {
        forms,
        learned,
        tags_were_read: learned.tags_read,
        ghl_shows_tags: true,
        probed_tasks: None,
        identities,
        listings: Both::default(),
        complete: Both::default(),
        doubted: Both::default(),
        unidentified: Vec::new(),
        visited: Parents::default(),
        forgotten: Vec::new(),
        marks: marks.clone(),
        unread: Vec::new(),
        only: Some(found),
        look_ups: members.and_then(|found| found.missed).into_iter().collect(),
        nobody_is_member: None,
        effects: BTreeMap::new(),
        moments: Moments::default(),
        sought: Sought::default(),
    };
    pull_theirs(job, into, state, &mut pulled).await?;
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

/// The tasks and notes of those whom a run is about.
async fn pull_theirs(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    pulled: &mut Pulled,
) -> Result<(), RunError> {
    let contacts = only::contacts(into)?;
    let counts = Both::from_fn(|side| contacts.of(side).len() as u64);
    let (parents, nobody) = (Parents::of(contacts), Parents::default());
    let gone = pulled.only.iter().flat_map(|only| only.gone.iter().cloned()).collect::<Vec<_>>();
    let lost = only::survivors(job, into, state, &gone)?;
    let wanted = |kind: Kind| job.pair.policy(kind).direction != Direction::Off;
    let [of_tasks, of_notes] = [Kind::Task, Kind::Note].map(|kind| if wanted(kind) { &parents } else { &lost });
    let has_tasks = job.cliengo.capabilities(&pulled.learned).kinds.task.list;
    let cliengos_tasks = if has_tasks { of_tasks } else { &nobody };
    let ghls_tasks = if job.pair.projects_tasks() { &parents } else { of_tasks };
    for (kind, of) in [(Kind::Task, cliengos_tasks), (Kind::Note, of_notes)] {
        take_children(job, job.cliengo, (into, pulled), kind, &of.cliengo, counts.cliengo).await?;
    }
    for (kind, of) in [(Kind::Task, ghls_tasks), (Kind::Note, of_notes)] {
        take_children(job, job.ghl, (into, pulled), kind, &of.ghl, counts.ghl).await?;
    }
    for side in Side::BOTH {
        pulled.listings.of_mut(side).contact.count = *counts.of(side);
    }
    pulled.visited = parents;
    Ok(())
}

/// The tasks or notes of some contacts; a CRM's list of all tasks is everybody's.
async fn take_children<R: Reader + ?Sized>(
    job: &Job<'_>,
    crm: &R,
    (into, pulled): (&Intake<'_>, &mut Pulled),
    kind: Kind,
    contacts: &[R::Id],
    count: u64,
) -> Result<(), RunError> {
    if contacts.is_empty() {
        return Ok(());
    }
    let side = R::Id::SIDE;
    let sink = job.by_contact(into, side, kind, contacts.len());
    let listed = match kind {
        Kind::Contact => return Ok(()),
        Kind::Task => crm.list_tasks(contacts, &sink).await?,
        Kind::Note => crm.list_notes(contacts, &sink).await?,
    };
    pulled.take(into.stage, side, kind, &listed, count)
}

/// `semantics` 52: where nobody was listed because the CRM cannot be read, there is nothing that a run could rest on.
fn anybody<I>(listed: Listed<I>) -> Result<Listed<I>, CrmError> {
    match &listed.failed {
        Some(error) if listed.count == 0 => Err(error.clone()),
        _ => Ok(listed),
    }
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
            let sample = lock(stage).contacts(Side::Cliengo)?.into_iter().next();
            if let Some(id) = sample {
                probe = job.cliengo.probe_tasks(&CliengoId::new(id)).await?.map_or(Probe::Unclear, Probe::Is);
            }
            matches!(probe, Probe::Is(true))
        }
        _ => false,
    };
    let parts_names = pinned(PARTS_NAMES)?.is_some_and(|value| value == "true");
    Ok((Learned { tasks, tags_read, parts_names }, probe))
}

/// Tasks of GHL come all at once and say whose tasks have news; then the others, contact by contact.
async fn pull_children(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    pulled: &mut Pulled,
    budget: &Budget,
) -> Result<(), RunError> {
    let stage = into.stage;
    let wanted = |kind: Kind| {
        let capable = job.cliengo.capabilities(&pulled.learned).kinds.of(kind).list
            && job.ghl.capabilities(&pulled.learned).kinds.of(kind).list;
        capable && job.pair.policy(kind).direction != Direction::Off
    };
    let (tasks, notes) = (wanted(Kind::Task), wanted(Kind::Note));
    // A contact is deleted only when its tasks are known, also where they stay in GHL (`semantics` 22).
    let contacts = &job.pair.contacts;
    let may_delete = contacts.on_delete == OnDelete::Propagate && contacts.direction.writes(Side::Ghl);
    if tasks || may_delete || job.pair.projects_tasks() {
        let listed = job.ghl.list_tasks(&[], &job.whole(into, state, Side::Ghl, Kind::Task)?).await?;
        pulled.take(stage, Side::Ghl, Kind::Task, &listed, 0)?;
    }
    let has_tasks = job.cliengo.capabilities(&pulled.learned).kinds.task.list;
    let parents = if tasks || notes {
        parents::choose(job, stage, state, &pulled.forms, budget, &pulled.sought)?
    } else {
        Parents::default()
    };
    let all_take_part = notes && (tasks || !has_tasks);
    let lost = if all_take_part { Parents::default() } else { survivors(job, stage, state, pulled)? };
    let [of_tasks, of_notes] = [tasks, notes].map(|listed| if listed { &parents } else { &lost });
    let all = Both::from_fn(|side| {
        let forgotten = pulled.forgotten.iter().filter(|(id, _)| id.side() == side).count() as u64;
        let left_out = pulled.sought.left_out.iter().filter(|id| id.side() == side).count() as u64;
        let nobodys = forgotten + pulled.sought.buried.of(side);
        pulled.listings.of(side).contact.count.saturating_sub(nobodys) + left_out
    });
    let cliengo = async {
        let asks = tasks || has_tasks && !lost.cliengo.is_empty();
        let tasks = if asks {
            let sink = job.by_contact(into, Side::Cliengo, Kind::Task, of_tasks.cliengo.len());
            Some(job.cliengo.list_tasks(&of_tasks.cliengo, &sink).await?)
        } else {
            None
        };
        let asks = notes || !lost.cliengo.is_empty();
        let notes = if asks {
            let sink = job.by_contact(into, Side::Cliengo, Kind::Note, of_notes.cliengo.len());
            Some(job.cliengo.list_notes(&of_notes.cliengo, &sink).await?)
        } else {
            None
        };
        Ok::<_, CrmError>((tasks, notes))
    };
    let ghl = async {
        if !notes && lost.ghl.is_empty() {
            return Ok(None);
        }
        let sink = job.by_contact(into, Side::Ghl, Kind::Note, of_notes.ghl.len());
        job.ghl.list_notes(&of_notes.ghl, &sink).await.map(Some)
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
    if notes && parents.left > 0 {
        pulled.say_quota(&parents);
    }
    pulled.visited = parents;
    Ok(())
}

/// `semantics` 22: before a contact may be deleted its tasks and notes are listed, also of a kind that is switched off: the
/// listed counterparts of contacts that are missing.
fn survivors(job: &Job<'_>, stage: &Mutex<Stage>, state: Option<&State>, pulled: &Pulled) -> Result<Parents, RunError> {
    let mut lost = Both::<Vec<String>>::default();
    let Some(state) = state.filter(|_| job.pair.contacts.on_delete == OnDelete::Propagate) else {
        return Ok(Parents::default());
    };
    for side in Side::BOTH.into_iter().filter(|side| pulled.complete.of(*side).contact) {
        let other = side.other();
        let missing = lock(stage).missing(side, Kind::Contact, true)?;
        for missing in missing {
            let link = state.link(missing.link)?;
            if let Some(survivor) = link.and_then(|link| link.ids.of(other).map(str::to_owned))
                && lock(stage).has(other, Kind::Contact, &survivor)?
            {
                lost.of_mut(other).push(survivor);
            }
        }
    }
    Ok(Parents::of(lost))
}
