//! Whom a CRM has already where a contact is to be created: asked before, and understood from its answer. (`semantics` 6
//! and 60)

use jiff::{SignedDuration, Timestamp};

use super::{Applying, Heard, ended};
use crate::crm::{Lookup, Refusal, Shape, Writer};
use crate::reconcile::Operation;
use crate::record::{Action, Kind, Record, RemoteId, SideId, Write};
use crate::run::applied::Origin;
use crate::run::arrivals::{Arrival, arrivals};
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::recover::SKEW;
use crate::run::session::lock;
use crate::state::{IntentState, StateError};

/// A contact so much older than its create was there before, by the CRM's own clock.
const OLDER: SignedDuration = SignedDuration::from_hours(1);

/// The same by our clock, where the CRM does not tell its own: one of them may be wrong.
const MUCH_OLDER: SignedDuration = SignedDuration::from_hours(48);

impl Applying<'_> {
    /// Asks the primary store, or the newest contacts, for whoever is to be created. Says the outcome where nobody is.
    pub(super) async fn meet<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        let record = Record { fields: write.set.clone(), ..Record::default() };
        match crm.find_existing(&record).await {
            Ok(None) => {}
            Ok(Some(id)) => return self.has_already(&id.tagged()).map(Some),
            Err(why) => return Ok(Some(self.unread(operation, &why))),
        }
        let newest = match self.newest(crm).await? {
            Ok(newest) => newest,
            Err(why) => {
                let reason = format!("who came since the contacts were listed could not be read: {why}");
                return Ok(Some(ended(OperationOutcome::Failed, reason)));
            }
        };
        let keys = record.match_keys();
        for arrival in newest.iter().filter(|arrival| keys.iter().any(|key| arrival.keys.contains(key))) {
            if !self.was_listed(&arrival.id)? && !lock(self.state).is_buried(Kind::Contact, &arrival.id)? {
                return self.has_already(&arrival.id).map(Some);
            }
        }
        Ok(None)
    }

    /// Somebody has the e-mail or phone: who was listed is matched by hand, who came since by the next run.
    fn has_already(&self, id: &SideId) -> Result<Ended, StateError> {
        let side = id.side().title();
        Ok(if self.was_listed(id)? {
            let reason = format!("{side} already has this person: contact {id}. Correct or merge it there");
            ended(OperationOutcome::Refused, reason)
        } else {
            let reason = format!(
                "contact {id} came to {side} after its contacts were listed, and has this e-mail or phone: nothing is \
                 created; the next run links them"
            );
            ended(OperationOutcome::SkippedStale, reason)
        })
    }

    fn was_listed(&self, id: &SideId) -> Result<bool, StateError> {
        lock(self.stage).has(id.side(), Kind::Contact, id.as_str())
    }

    /// The newest contacts of a CRM, read once and before the first create. None where it is asked for each by key.
    async fn newest<W: Writer + ?Sized>(&self, crm: &W) -> Result<Result<&[Arrival], &str>, StateError> {
        let began = lock(self.state).run(self.run)?.map_or_else(|| self.job.clock.now(), |run| run.started);
        let since = began.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let read = async || match crm.list_created(since).await {
            Ok(rows) => Ok(arrivals(crm, self.forms, &rows.unwrap_or_default())),
            Err(why) => Err(why.to_string()),
        };
        let newest = self.newest.of(W::Id::SIDE).get_or_init(read).await;
        Ok(newest.as_deref().map_err(String::as_str))
    }

    /// Whether a contact that a create was answered with was there before: it was listed, was read since, or is older than
    /// the request.
    pub(super) fn was_there<W: Writer + ?Sized>(
        &self,
        crm: &W,
        id: &SideId,
        created: Option<Timestamp>,
    ) -> Result<bool, StateError> {
        let newest = self.newest.of(id.side()).get().and_then(|newest| newest.as_deref().ok()).unwrap_or_default();
        if self.was_listed(id)? || newest.iter().any(|arrival| arrival.id == *id) {
            return Ok(true);
        }
        let Some(created) = created else { return Ok(false) };
        let age = |ahead: SignedDuration| self.job.clock.now().duration_since(created).saturating_add(ahead);
        Ok(crm.clock_ahead().map_or_else(|| age(SignedDuration::ZERO) > MUCH_OLDER, |ahead| age(ahead) > OLDER))
    }

    /// A create that was answered with a contact that the CRM had is a match: it is linked, and compared by the next run as
    /// any two that first meet.
    pub(super) fn match_made(
        &self,
        operation: &Operation,
        write: &Write,
        intent: i64,
        id: &SideId,
        theirs: &Record,
    ) -> Result<Ended, StateError> {
        let side = id.side().title();
        let ours = Record { fields: write.set.clone(), ..Record::default() };
        if !operation.undoes().is_empty() || !are_one(&ours, theirs) {
            let reason = format!(
                "{side} answered with contact {id}, which it had already and which has another e-mail or phone: \
                 nothing is linked"
            );
            lock(self.state).close_intent(intent, IntentState::Refused, Some(&reason), Some(id.as_str()))?;
            return Ok(ended(OperationOutcome::Refused, reason));
        }
        let heard = Heard { record: theirs, payload: None, origin: Origin::Matched };
        self.settle(operation, &write.set, Some(id.clone()), heard, Some(intent))?;
        let reason = format!("{side} had this contact already, as {id}: it was linked, not created");
        Ok(Ended { outcome: OperationOutcome::Applied, reason: Some(reason) })
    }

    /// A create that was refused because of a contact that was not listed: a match that the CRM made, where it is the same
    /// person. Who was listed waits, as the matching decided.
    pub(super) async fn refused_for<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        intent: i64,
        refusal: &Refusal,
    ) -> Result<Option<Ended>, StateError> {
        let is_create = write.kind == Kind::Contact && write.action == Action::Create;
        let Some(existing) = refusal.existing.as_deref().filter(|_| is_create) else { return Ok(None) };
        let id = W::Id::new(existing);
        let tagged = id.clone().tagged();
        let known = lock(self.state).link_of(Kind::Contact, &tagged)?.is_some();
        if known || self.was_listed(&tagged)? || !operation.undoes().is_empty() {
            return Ok(None);
        }
        let Ok(Lookup::Present(payload)) = crm.look_up(Kind::Contact, &id, None).await else { return Ok(None) };
        let ours = Record { fields: write.set.clone(), ..Record::default() };
        match crm.parse(Kind::Contact, &payload, Shape::Single, self.forms) {
            Ok(theirs) if are_one(&ours, &theirs) => {
                self.match_made(operation, write, intent, &tagged, &theirs).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Whether a CRM that took both for one did so rightly: where either has no e-mail, phone and name tell.
fn are_one(ours: &Record, theirs: &Record) -> bool {
    ours.is_same_person(theirs) || theirs.is_same_person(ours)
}
