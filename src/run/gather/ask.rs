//! Asking a CRM about single records: what a listing lacks, or tells differently than we wrote it.

use std::collections::BTreeMap;

use futures::StreamExt;

use super::Gathering;
use crate::crm::{CrmError, Lookup, Shape};
use crate::reconcile::{Inconclusive, Now, Unreadable};
use crate::record::{Ids, Kind, Side, SideId};
use crate::run::error::RunError;
use crate::run::session::{LOOKUPS, lock};

/// So many others are asked for before what a CRM says is believed.
const WITNESSES: usize = 3;

/// A record to ask for by id.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub link: i64,
    pub kind: Kind,
    pub id: SideId,
    pub parent: Option<SideId>,
    /// The ids on both sides, and the name for a person.
    pub ids: Ids,
    pub label: String,
    /// Whether it was missing from a complete listing: only then does "gone" count.
    pub missing: bool,
}

impl Gathering<'_, '_> {
    pub(super) async fn ask(&mut self, questions: Vec<Question>) -> Result<BTreeMap<(i64, Side), Now>, RunError> {
        let this = &*self;
        let asked = futures::stream::iter(questions).map(|question| async move {
            let found = this.look(question.kind, &question.id, question.parent.as_ref()).await;
            (question, found)
        });
        let mut asked: Vec<_> = asked.buffer_unordered(LOOKUPS).collect().await;
        asked.sort_by_key(|(question, _)| (question.link, question.id.side()));
        let mut answers = BTreeMap::new();
        for (question, found) in asked {
            answers.insert((question.link, question.id.side()), self.judge(&question, found).await?);
        }
        Ok(answers)
    }

    async fn judge(&mut self, question: &Question, found: Result<Lookup, CrmError>) -> Result<Now, RunError> {
        let why = match found {
            Ok(Lookup::Present(payload)) => match self.parse(question, &payload) {
                Ok(mut record) => {
                    self.complete(question.link, question.id.side(), &mut record)?;
                    return Ok(Now::Changed(record));
                }
                Err(why) => {
                    let (kind, ids, parent) = (question.kind, question.ids.clone(), question.parent.clone());
                    self.unparsable.push(Unreadable { kind, ids, parent, why: why.clone() });
                    return Ok(Now::Unknown(why));
                }
            },
            Ok(Lookup::Gone(_)) if !question.missing => {
                return Ok(Now::Unknown("listed, but gone when asked for by id".to_owned()));
            }
            Ok(Lookup::Gone(gone)) => {
                match self.doubt(question.id.side(), question.kind, question.parent.as_ref()).await? {
                    None => return Ok(Now::Gone(gone)),
                    Some(doubt) => doubt,
                }
            }
            Err(CrmError::Stopped { .. }) => return Ok(Now::Unknown("the run was asked to stop".to_owned())),
            Err(why) => {
                if let Some(id) = why.instead().filter(|_| question.missing && question.kind == Kind::Contact)
                    && self.doubt(question.id.side(), question.kind, None).await?.is_none()
                {
                    self.led.insert(question.link, SideId::new(question.id.side(), id));
                }
                why.of_one_record().to_string()
            }
        };
        self.inconclusive(question.kind, &question.id, question.ids.clone(), question.label.clone(), &why);
        Ok(Now::Unknown(why))
    }

    fn parse(&self, question: &Question, payload: &str) -> Result<crate::record::Record, String> {
        let forms = &self.pulled.forms;
        let parsed = match question.id.side() {
            Side::Cliengo => self.job.cliengo.parse(question.kind, payload, Shape::Single, forms),
            Side::Ghl => self.job.ghl.parse(question.kind, payload, Shape::Single, forms),
        };
        parsed.map_err(|why| why.to_string())
    }

    /// `semantics` 55: why a CRM is not believed tonight that something of this kind is gone; `None`: it is. A record of the
    /// same kind that it listed in this run is asked for in the same way, once. Where it listed none, the contact `near` what
    /// is gone is.
    pub(super) async fn doubt(
        &mut self,
        side: Side,
        kind: Kind,
        near: Option<&SideId>,
    ) -> Result<Option<String>, RunError> {
        if let Some(known) = self.doubts.get(&(side, kind)) {
            return Ok(known.clone());
        }
        let mut witnesses = Vec::new();
        for (id, parent) in lock(self.stage).well_known(side, kind)? {
            witnesses.push((kind, SideId::new(side, id), parent.map(|parent| SideId::new(side, parent))));
        }
        if witnesses.is_empty() && kind == Kind::Contact {
            witnesses.extend(self.others_linked(side)?.into_iter().map(|id| (kind, id, None)));
        }
        if witnesses.is_empty() {
            witnesses.extend(near.map(|contact| (Kind::Contact, contact.clone(), None)));
        }
        let mut doubt = None;
        for (kind, id, parent) in &witnesses {
            let said = match self.look(*kind, id, parent.as_ref()).await {
                Ok(Lookup::Present(_)) => {
                    doubt = None;
                    break;
                }
                Ok(Lookup::Gone(_)) => "gone".to_owned(),
                Err(why) => why.to_string(),
            };
            doubt = Some(format!("it says gone, but of {id}, which should be there, it says: {said}"));
        }
        self.doubts.insert((side, kind), doubt.clone());
        Ok(doubt)
    }

    /// Of a run about some people alone, a few others that the state knows there.
    fn others_linked(&self, side: Side) -> Result<Vec<SideId>, RunError> {
        let Some(only) = &self.pulled.only else { return Ok(Vec::new()) };
        let others = lock(self.stage).missing(side, Kind::Contact, true)?.into_iter();
        let others = others.map(|other| SideId::new(side, other.id)).filter(|id| !only.gone.contains(id));
        Ok(others.take(WITNESSES).collect())
    }

    pub(super) fn inconclusive(&mut self, kind: Kind, id: &SideId, ids: Ids, label: String, why: &str) {
        self.inconclusive.push(Inconclusive::of(kind, id, ids, label, why));
    }

    /// Asks whether a contact is there, which the state knows under `link`; `None` where there is no clear answer.
    pub(super) async fn is_there(&mut self, link: i64, id: &SideId) -> Result<Option<bool>, RunError> {
        let why = match self.look(Kind::Contact, id, None).await {
            Ok(Lookup::Present(_)) => return Ok(Some(true)),
            Ok(Lookup::Gone(_)) => match self.doubt(id.side(), Kind::Contact, None).await? {
                None => return Ok(Some(false)),
                Some(doubt) => doubt,
            },
            Err(CrmError::Stopped { .. }) => return Ok(None),
            Err(why) => why.to_string(),
        };
        let row = self.state.map(|state| state.link(link)).transpose()?.flatten();
        let ids = row.map_or_else(|| Ids::one(id.clone()), |row| row.ids);
        self.inconclusive(Kind::Contact, id, ids, String::new(), &why);
        Ok(None)
    }

    pub(super) async fn look(&self, kind: Kind, id: &SideId, parent: Option<&SideId>) -> Result<Lookup, CrmError> {
        if let Some(answer) = self.pulled.sought.answer(id).filter(|_| kind == Kind::Contact) {
            return answer;
        }
        self.job.look_up(kind, id, parent.map(SideId::as_str)).await
    }
}
