//! Links that a person makes: both records are looked up, nobody is linked twice, and what the next plan does with them is
//! shown.

use std::sync::Mutex;

use jiff::Timestamp;
use thiserror::Error;

use super::build_plan::build_plan;
use super::error::RunError;
use super::finished::Finished;
use super::look_up::forms_of;
use super::pull::learned;
use super::session::{Job, lock};
use super::{accounts, recover};
use crate::crm::{Lookup, Reader, Shape};
use crate::reconcile::{Half, Input, Linked, Mode, Now, Parent, Rejected};
use crate::record::{
    Both, ByKind, Capabilities, CliengoId, Field, Fields, Forms, GhlId, Ids, Kind, Likeness, Record, RemoteId, Role,
    Side, Value,
};
use crate::state::{LinkRow, LinkStatus, NewLink, PairLock, State, StateError};

/// Two records that a person says are one.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// What they are.
    pub kind: Kind,
    /// Cliengo's.
    pub cliengo: CliengoId,
    /// GHL's.
    pub ghl: GhlId,
    /// The link of their contact: its number, or one of its ids. For tasks and notes.
    pub contact: Option<String>,
}

impl ByHand {
    fn ids(&self) -> Ids {
        Ids { cliengo: Some(self.cliengo.clone()), ghl: Some(self.ghl.clone()) }
    }
}

/// Why two records are not linked.
#[derive(Debug, Error)]
pub enum LinkError {
    /// They cannot be one, as things are.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// It could not be found out, or not be written.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl From<StateError> for LinkError {
    fn from(error: StateError) -> Self {
        Self::Run(error.into())
    }
}

fn refused<T>(message: String, hint: &str) -> Result<T, LinkError> {
    Err(LinkError::Refused { message, hint: hint.to_owned() })
}

/// What came of it.
#[derive(Debug)]
pub struct LinkedByHand {
    /// The new link.
    pub link: i64,
    /// Whether it settled a create of an earlier run whose outcome was not known.
    pub settled_create: bool,
    /// What the next plan does with the two, as they are now; their tasks and notes aside.
    pub next: Finished,
}

/// Links two records by hand.
///
/// # Errors
/// When one of them is linked already or is not there, another run is at work, or a CRM cannot be asked.
pub async fn link_by_hand(job: &Job<'_>, by_hand: &ByHand) -> Result<LinkedByHand, LinkError> {
    let path = State::path_of(job.state_dir, &job.pair.name);
    if !State::is_there(&path)? {
        return nothing_there(job);
    }
    let _lock = PairLock::take(job.state_dir, &job.pair.name, job.clock.now()).map_err(RunError::from)?;
    link_in(job, State::open(&path)?, by_hand).await
}

/// What [`link_by_hand`] would come to: in a copy of the state, which is forgotten.
///
/// # Errors
/// As [`link_by_hand`], but for the run that is at work.
pub async fn foresee_link(job: &Job<'_>, by_hand: &ByHand) -> Result<LinkedByHand, LinkError> {
    match State::open_read_only(&State::path_of(job.state_dir, &job.pair.name))? {
        Some(state) => link_in(job, state.copied()?, by_hand).await,
        None => nothing_there(job),
    }
}

fn nothing_there<T>(job: &Job<'_>) -> Result<T, LinkError> {
    let message = format!("pair {} was not synchronised yet, so there is nothing to add a link to", job.pair.name);
    refused(message, "make the first sync: it links whom it can")
}

async fn link_in(job: &Job<'_>, state: State, by_hand: &ByHand) -> Result<LinkedByHand, LinkError> {
    let state = Mutex::new(state);
    let contact = may_be_linked(&job.pair.name, &lock(&state), by_hand)?;
    let found = accounts::ask(job, None).await?;
    accounts::bind(&lock(&state), &accounts::identities(&found, &Both::default())).map_err(RunError::from)?;
    let forms = forms_of(job, &found.ghl).await?;
    let learned = learned(&lock(&state), job.pair)?;
    let capabilities = Both { cliengo: job.cliengo.capabilities(&learned), ghl: job.ghl.capabilities(&learned) };
    for side in Side::BOTH {
        if !capabilities.of(side).kinds.of(by_hand.kind).list {
            let message = format!("{} has no {}s", side.title(), by_hand.kind);
            return refused(message, "nothing can be linked there");
        }
    }
    let parents = contact.as_ref().map(|contact| contact.ids.clone()).unwrap_or_default();
    let now = Both {
        cliengo: read(job.cliengo, by_hand.kind, &by_hand.cliengo, CliengoId::of(&parents), &forms).await?,
        ghl: read(job.ghl, by_hand.kind, &by_hand.ghl, GhlId::of(&parents), &forms).await?,
    };
    let settled_create = settle_open_create(&state, by_hand, &now)?;
    let link = match settled_create {
        Some(link) => link,
        None => make(&mut lock(&state), by_hand, contact.as_ref(), &capabilities)?,
    };
    let next = foresee(job, &lock(&state), link, now, capabilities, &forms)?;
    Ok(LinkedByHand { link, settled_create: settled_create.is_some(), next })
}

/// Refuses what would stand in two links. Says the contact's link, for tasks and notes.
fn may_be_linked(pair: &str, state: &State, by_hand: &ByHand) -> Result<Option<LinkRow>, LinkError> {
    let (kind, ids) = (by_hand.kind, by_hand.ids());
    for side in Side::BOTH {
        let Some(id) = ids.tagged(side) else { continue };
        let Some(link) = state.link_of(kind, &id)? else { continue };
        let (other, number) = (side.other(), link.id);
        let with = link.ids.of(other).unwrap_or("nobody");
        let message = if link.ids == ids {
            format!("they are linked already: link {number}")
        } else {
            format!("{} {kind} {id} is linked already, to {} {with}: link {number}", side.title(), other.title())
        };
        let hint = "one record has one primary link; where that one is wrong";
        return refused(message, &format!("{hint}: concord links remove {number} --pair {pair}"));
    }
    match (kind, &by_hand.contact) {
        (Kind::Contact, None) => Ok(None),
        (Kind::Contact, Some(_)) => refused("--contact is for tasks and notes".to_owned(), "leave it out"),
        (_, None) => refused(
            format!("a {kind} is linked under its contact"),
            "add --contact ID: the number of the contact's link, or the contact's id in either CRM",
        ),
        (_, Some(contact)) => {
            let mut links = state.links_named(contact)?.into_iter();
            let takes_part = |link: &LinkRow| {
                link.kind == Kind::Contact && link.status == LinkStatus::Live && link.role == Role::Primary
            };
            match links.find(takes_part) {
                Some(link) => Ok(Some(link)),
                None => refused(format!("{contact} is no contact that is linked"), "see them: concord links list"),
            }
        }
    }
}

/// Looks a record up: it has to be there, and to be understood.
async fn read<R: Reader + ?Sized>(
    crm: &R,
    kind: Kind,
    id: &R::Id,
    parent: Option<&R::Id>,
    forms: &Forms,
) -> Result<Record, LinkError> {
    let title = R::Id::SIDE.title();
    match crm.look_up(kind, id, parent).await.map_err(RunError::from)? {
        Lookup::Present(payload) => match crm.parse(kind, &payload, Shape::Single, forms) {
            Ok(record) => Ok(record),
            Err(why) => refused(format!("{title} {kind} {id} cannot be understood: {why}"), "save it again in its CRM"),
        },
        Lookup::Gone(_) => {
            let under = parent.map(|parent| format!(" under contact {parent}")).unwrap_or_default();
            refused(format!("{title} has no {kind} {id}{under}"), "give Cliengo's id first, then GHL's")
        }
    }
}

/// Where one of the two is the source of a create that got no answer, the other is what it made: the create is settled.
fn settle_open_create(state: &Mutex<State>, by_hand: &ByHand, now: &Both<Record>) -> Result<Option<i64>, LinkError> {
    let ids = by_hand.ids();
    let open = lock(state)
        .open_creates()?
        .into_iter()
        .find(|intent| intent.kind == by_hand.kind && intent.source_id.as_deref() == ids.of(intent.side.other()));
    let Some(intent) = open else { return Ok(None) };
    let run = last_run(&lock(state))?;
    let (sought, stands): (Record, _) =
        (serde_json::from_str(&intent.sought).map_err(StateError::from)?, now.of(intent.side));
    // What somebody made of it since is an edit of what was sent.
    let is_edited = matches!(
        sought.compared_with_made(intent.kind, stands, Timestamp::MIN),
        Some(Likeness::Edited | Likeness::Resembles | Likeness::Other) | None
    );
    let made = Ok(if is_edited { Record::default() } else { stands.clone() });
    match intent.side {
        Side::Cliengo => recover::adopt(state, &intent, run, &by_hand.cliengo, made)?,
        Side::Ghl => recover::adopt(state, &intent, run, &by_hand.ghl, made)?,
    };
    let state = lock(state);
    state.welcome(by_hand.kind, &ids)?;
    Ok(state.link_of(by_hand.kind, &by_hand.ghl.clone().tagged())?.map(|link| link.id))
}

fn last_run(state: &State) -> Result<i64, StateError> {
    Ok(state.runs(1)?.first().map_or(0, |run| run.id))
}

/// Makes the link, without a base: what the two tell follows the rules of a first sync, from the next run on.
fn make(
    state: &mut State,
    by_hand: &ByHand,
    contact: Option<&LinkRow>,
    capabilities: &Both<Capabilities>,
) -> Result<i64, StateError> {
    let (kind, ids, parent) = (by_hand.kind, by_hand.ids(), contact.map(|contact| contact.id));
    let (role, run) = (Role::Primary, last_run(state)?);
    state.atomically(|state| {
        state.welcome(kind, &ids)?;
        let id = state.add_link(&NewLink { kind, parent, ids: ids.clone(), run, role })?;
        let link = LinkRow { id, kind, parent, ids: ids.clone(), status: LinkStatus::Live, role };
        for side in Side::BOTH {
            let mut fields = Fields::new();
            if kind == Kind::Contact && capabilities.of(side).tags.read {
                // Tags have no conflict: each side takes the other's.
                fields.insert(Field::Tags, Value::Empty);
            }
            state.settle_base(&link, side, &fields, false)?;
        }
        Ok(id)
    })
}

/// The next plan, of these two alone.
fn foresee(
    job: &Job<'_>,
    state: &State,
    link: i64,
    now: Both<Record>,
    capabilities: Both<Capabilities>,
    forms: &Forms,
) -> Result<Finished, LinkError> {
    let Some(row) = state.link(link)? else { return refused(format!("link {link} is gone"), "try again") };
    let half = |side: Side, record: Record| {
        let base = state.base(link, side)?.map(|base| base.record);
        Ok::<_, StateError>(Half {
            base,
            now: Now::Changed(record),
            rejected: Rejected::default(),
            unmapped: std::collections::BTreeSet::new(),
        })
    };
    let sides = Both { cliengo: half(Side::Cliengo, now.cliengo)?, ghl: half(Side::Ghl, now.ghl)? };
    let taken_back = std::collections::BTreeSet::new();
    let (kind, ids, parent) = (row.kind, row.ids, row.parent);
    let linked = Linked { link, kind, ids, parent, outside: false, sides, taken_back };
    let links = ByKind::default();
    let mut input = Input::unlisted(job.pair, forms, Mode::Incremental, job.clock.now(), capabilities, links);
    // What a whole kind cannot do is no news here.
    let kinds = |side: Side| Kind::CHILDREN.map(|kind| format!("pair:{side}:{kind}"));
    input.remembered.extend(Side::BOTH.into_iter().flat_map(kinds));
    match row.parent.map(|parent| state.link(parent)).transpose()?.flatten() {
        Some(parent) => {
            let label = state.label_of(parent.id)?;
            input.parents.insert(parent.id, Parent { ids: parent.ids, label });
            input.children.push(linked);
        }
        None => input.contacts.push(linked),
    }
    let plan = build_plan(job, Some(state), None, &input, forms)?;
    Ok(Finished { plan, generated_at: job.clock.now(), usage: job.usage(), run: None })
}
