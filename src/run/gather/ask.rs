//! Asking a CRM about single records: what a listing lacks, or tells differently than we wrote it.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;

use super::{Gathering, Risen};
use crate::crm::{CrmError, Lookup, Reader, Shape};
use crate::reconcile::Now;
use crate::record::{CliengoId, GhlId, Kind, RemoteId, Side, SideId};
use crate::run::{RunError, held};
use crate::state::LinkRow;

/// How many records are asked for by id at a time.
const LOOKUPS: usize = 4;

/// A record to ask for by id.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub link: i64,
    pub kind: Kind,
    pub id: SideId,
    pub parent: Option<SideId>,
    /// Whether it was missing from a complete listing: only then does "gone" count.
    pub missing: bool,
}

impl<C, G> Gathering<'_, '_, C, G>
where
    C: Reader<Id = CliengoId>,
    G: Reader<Id = GhlId>,
{
    pub(super) async fn ask(&self, questions: Vec<Question>) -> BTreeMap<(i64, Side), Now> {
        let asked = futures::stream::iter(questions).map(|question| async move {
            let key = (question.link, question.id.side());
            let now = match &question.id {
                SideId::Cliengo(id) => {
                    let parent = question.parent.as_ref().map(|parent| CliengoId::new(parent.as_str()));
                    self.look_up(self.job.cliengo, &question, id, parent.as_ref()).await
                }
                SideId::Ghl(id) => {
                    let parent = question.parent.as_ref().map(|parent| GhlId::new(parent.as_str()));
                    self.look_up(self.job.ghl, &question, id, parent.as_ref()).await
                }
            };
            (key, now)
        });
        asked.buffer_unordered(LOOKUPS).collect().await
    }

    async fn look_up<R: Reader>(&self, crm: &R, question: &Question, id: &R::Id, parent: Option<&R::Id>) -> Now {
        match crm.look_up(question.kind, id, parent).await {
            Ok(Lookup::Present(payload)) => {
                match crm.parse(question.kind, &payload, Shape::Single, &self.pulled.forms) {
                    Ok(record) => Now::Changed(record),
                    Err(why) => Now::Unknown(why.to_string()),
                }
            }
            Ok(Lookup::Gone(gone)) if question.missing => Now::Gone(gone),
            Ok(Lookup::Gone(_)) => Now::Unknown("listed, but gone when asked for by id".to_owned()),
            Err(why) => Now::Unknown(why.to_string()),
        }
    }

    /// Kept contacts that a CRM lists again; it is asked, since a listing may lag behind a delete.
    pub(super) async fn risen(&self) -> Result<Vec<Risen>, RunError> {
        let mut risen = Vec::new();
        for side in Side::BOTH {
            let listed = held(self.stage).risen(side)?;
            for (link, id) in listed {
                let id = SideId::new(side, id);
                if matches!(self.look(Kind::Contact, &id, None).await, Ok(Lookup::Present(_)))
                    && let Some(lost) = self.lost_with(link, &id).await?
                {
                    risen.push(Risen { link, id, lost });
                }
            }
        }
        Ok(risen)
    }

    /// What did not come back with a contact: a CRM may restore it without its tasks and notes. `None` where not all of
    /// them could be asked for: then the contact waits for another run.
    async fn lost_with(&self, contact: i64, id: &SideId) -> Result<Option<Vec<LinkRow>>, RunError> {
        let mut lost = Vec::new();
        for child in self.state.map(|state| state.kept_with(contact)).transpose()?.unwrap_or_default() {
            let Some(own) = child.ids.tagged(id.side()) else { continue };
            match self.look(child.kind, &own, Some(id)).await {
                Ok(Lookup::Present(_)) => {}
                Ok(Lookup::Gone(_)) => lost.push(child),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(lost))
    }

    /// Kept contacts whose survivor is gone as well, as its CRM says: nobody is recognised by them any more.
    pub(super) async fn ended(&self) -> Result<BTreeSet<i64>, RunError> {
        let mut ended = BTreeSet::new();
        for side in Side::BOTH.into_iter().filter(|side| self.pulled.complete.of(*side).contact) {
            let missing = held(self.stage).lost_survivors(side)?;
            for (link, id) in missing {
                if matches!(self.look(Kind::Contact, &SideId::new(side, id), None).await, Ok(Lookup::Gone(_))) {
                    ended.insert(link);
                }
            }
        }
        Ok(ended)
    }

    async fn look(&self, kind: Kind, id: &SideId, parent: Option<&SideId>) -> Result<Lookup, CrmError> {
        match id {
            SideId::Cliengo(id) => {
                let parent = parent.map(|parent| CliengoId::new(parent.as_str()));
                self.job.cliengo.look_up(kind, id, parent.as_ref()).await
            }
            SideId::Ghl(id) => {
                let parent = parent.map(|parent| GhlId::new(parent.as_str()));
                self.job.ghl.look_up(kind, id, parent.as_ref()).await
            }
        }
    }
}
