//! Asking a CRM about single records: what a listing lacks, or tells differently than we wrote it.

use std::collections::BTreeMap;

use futures::StreamExt;

use super::Gathering;
use crate::crm::{Lookup, Reader, Shape};
use crate::reconcile::Now;
use crate::record::{CliengoId, GhlId, Kind, RemoteId, Side, SideId};
use crate::run::{RunError, held};

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
    pub(super) async fn risen(&self) -> Result<Vec<(i64, SideId)>, RunError> {
        let mut risen = Vec::new();
        for side in Side::BOTH {
            let listed = held(self.stage).risen(side)?;
            for (link, id) in listed {
                let present = match SideId::new(side, id.clone()) {
                    SideId::Cliengo(id) => self.job.cliengo.look_up(Kind::Contact, &id, None).await,
                    SideId::Ghl(id) => self.job.ghl.look_up(Kind::Contact, &id, None).await,
                };
                if matches!(present, Ok(Lookup::Present(_))) {
                    risen.push((link, SideId::new(side, id)));
                }
            }
        }
        Ok(risen)
    }
}
