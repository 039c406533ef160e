//! One request is journalled and sent, and its answer taken in.

use futures::future::BoxFuture;

use super::refused::Taken;
use super::{Applying, Heard, Step, Turn, ended};
use crate::crm::{Answered, Lookup, Outcome, Refusal, Shape, Writer};
use crate::reconcile::{Operation, Settle, TagDelta};
use crate::record::{Action, Field, Kind, Record, RemoteId, Request, Value, Write};
use crate::run::applied::Origin;
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::session::lock;
use crate::state::{IntentState, StateError};

impl Applying<'_> {
    /// Journals and sends one request of an operation.
    pub(super) async fn send<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        request: &Request,
        turn: Turn,
    ) -> Result<Step, StateError> {
        let request = self.resolved(request);
        let intent = self.journal(operation, write, &request, turn.first)?;
        lock(&self.journaled).insert(operation.id);
        let again = || -> BoxFuture<'_, bool> { Box::pin(self.is_untouched(crm, operation, write)) };
        match crm.send(&request, &again).await {
            Outcome::Applied(body) => match crm.answered(write, &body, self.forms) {
                Ok(answer) if turn.last => {
                    let answer = self.read_back(crm, operation, write, answer).await;
                    self.finish(crm, operation, write, intent, answer).map(Step::Done)
                }
                Ok(_) => {
                    lock(self.state).close_intent(intent, IntentState::Applied, None, None)?;
                    Ok(Step::Next)
                }
                Err(why) => self.unknown(crm, operation, write, intent, &why.to_string()).await.map(Step::Done),
            },
            Outcome::NotSent(why) => {
                lock(self.state).close_intent(intent, IntentState::NotSent, Some(&why), None)?;
                self.owe_again(operation)?;
                self.withdraw(operation)?;
                Ok(Step::Done(ended(OperationOutcome::Failed, why)))
            }
            Outcome::Refused(refusal) if refusal.gone && write.action == Action::Delete => {
                self.gone_already(operation, write, Some(intent)).map(Step::Done)
            }
            Outcome::Refused(refusal) if write.action == Action::Enrol => {
                self.not_enrolled(operation, intent, &refusal).map(Step::Done)
            }
            Outcome::Refused(refusal) => {
                self.was_refused(crm, operation, write, (intent, turn), refusal).await.map(Step::Done)
            }
            Outcome::Unknown(why) => self.unknown(crm, operation, write, intent, &why).await.map(Step::Done),
            Outcome::Doubtful(why) => {
                self.breaker.heard(operation.side);
                lock(&self.own).insert(operation.id);
                self.unknown(crm, operation, write, intent, &why).await.map(Step::Done)
            }
        }
    }

    /// What becomes of an operation that its CRM refused.
    async fn was_refused<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        (intent, turn): (i64, Turn),
        refusal: Refusal,
    ) -> Result<Ended, StateError> {
        let refusal = self.with_its_holder(crm, write, refusal).await;
        if let Some(ended) = self.made_although_refused(crm, operation, write, intent, &refusal).await? {
            return Ok(ended);
        }
        if let Some(ended) = self.refused_for(crm, operation, write, intent, &refusal).await? {
            return Ok(ended);
        }
        lock(self.state).close_intent(intent, IntentState::Refused, Some(&refusal.message), None)?;
        self.withdraw(operation)?;
        if let Some(holder) = refusal.existing.as_ref().filter(|_| !turn.again && write.action == Action::Update) {
            // What the others of the plan leave free is seen when they are done.
            let taken = Taken { holder: holder.clone(), refusal: refusal.clone() };
            lock(&self.taken).insert(operation.id, taken);
        } else if (turn.first || turn.again)
            && let Some(ended) = self.without_refused(crm, operation, write, &refusal, false).await?
        {
            return Ok(ended);
        }
        let existing = refusal.existing.map(|id| format!(" (it stands there as {id})")).unwrap_or_default();
        let reason = format!("{} {}: {}{existing}", W::Id::SIDE.title(), refusal.status, refusal.message);
        if refusal.is_page {
            self.breaker.suspect(operation.side);
        } else if matches!(refusal.status, 401 | 403) && is_about_credentials(&refusal.message) {
            self.breaker.refused(operation.side, &reason);
        }
        // Who may not ask at all was not refused this record.
        let outcome = if matches!(refusal.status, 401 | 403) && !refusal.is_page {
            OperationOutcome::Failed
        } else {
            OperationOutcome::Refused
        };
        Ok(ended(outcome, reason))
    }

    /// An answer that shows nothing of what was sent (`{"ok":true}`, an id alone, nothing at all): the record is read once.
    /// Where it cannot be, it counts as it was sent.
    async fn read_back<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        answer: Answered<W::Id>,
    ) -> Answered<W::Id> {
        if write.action == Action::Enrol {
            return answer;
        }
        let readable = |field: &&Field| !(write.kind == Kind::Contact && **field == Field::Due);
        let tags = (write.action == Action::Tag && self.shows_tags(operation)).then_some(&Field::Tags);
        let mut sent = write.set.keys().filter(readable).chain(tags).peekable();
        if sent.peek().is_none() || sent.any(|field| answer.record.get(field).is_some()) {
            return answer;
        }
        let parent = write.parent.as_ref().and_then(|parent| self.id_of(parent));
        let parent = parent.map(|parent| W::Id::new(parent.as_str()));
        let Some(id) = answer.id.clone().or_else(|| W::Id::of(&operation.ids).cloned()) else { return answer };
        let Ok(Lookup::Present(payload)) = crm.look_up(write.kind, &id, parent.as_ref()).await else { return answer };
        match crm.parse(write.kind, &payload, Shape::Single, self.forms) {
            Ok(record) => {
                let created = crm.answered(write, &payload, self.forms).ok().and_then(|read| read.created);
                Answered { record, payload: Some(payload), created, ..answer }
            }
            Err(_) => answer,
        }
    }

    /// Whether the tags of the contact that an operation is about were ever shown on its side.
    fn shows_tags(&self, operation: &Operation) -> bool {
        let link = operation.settle().and_then(Settle::link).and_then(|link| self.resolve(link));
        let base = link.and_then(|link| lock(self.state).base(link, operation.side).ok().flatten());
        base.is_some_and(|base| base.record.get(&Field::Tags).is_some())
    }

    /// The request with the ids of what earlier operations created.
    fn resolved(&self, request: &Request) -> Request {
        let made = lock(&self.made);
        let id_of = |operation: u32| Some(made.get(&operation)?.id.as_ref()?.as_str());
        Request { path: with_ids(&request.path, id_of), ..request.clone() }
    }

    fn finish<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        intent: i64,
        answer: Answered<W::Id>,
    ) -> Result<Ended, StateError> {
        let created = answer.id.map(RemoteId::tagged);
        let known = match (write.action, &created) {
            (Action::Create, Some(id)) => lock(self.state).link_of(write.kind, id)?.map(|known| (id, known)),
            _ => None,
        };
        if let Some((id, known)) = known {
            // Cliengo may answer a create with a contact that it has already: no corruption, and no second link.
            let reason =
                format!("{} answered with {id}, which is linked already (link {})", W::Id::SIDE.title(), known.id);
            lock(self.state).close_intent(intent, IntentState::Refused, Some(&reason), Some(id.as_str()))?;
            return Ok(ended(OperationOutcome::Refused, reason));
        }
        if let Some(id) = created.as_ref().filter(|_| write.kind == Kind::Contact)
            && self.was_there(crm, id, answer.created)?
        {
            return self.match_made(operation, write, intent, id, &answer.record);
        }
        let heard = Heard { record: &answer.record, payload: answer.payload.as_deref(), origin: Origin::Created };
        self.settle(operation, &write.set, created, heard, Some(intent))?;
        Ok(Ended { outcome: OperationOutcome::Applied, reason: not_as_sent(write, &answer.record) })
    }
}

/// A path with the ids of what other operations made in the place of `{op:3}`. Only these are looked up: what it takes does
/// not grow with the plan.
fn with_ids<'m>(path: &str, id_of: impl Fn(u32) -> Option<&'m str>) -> String {
    let (mut whole, mut rest) = (String::with_capacity(path.len()), path);
    while let Some((before, from)) = rest.split_once("{op:") {
        whole.push_str(before);
        let made = from.split_once('}').and_then(|(number, after)| Some((id_of(number.parse().ok()?)?, after)));
        rest = if let Some((id, after)) = made {
            whole.push_str(id);
            after
        } else {
            whole.push_str("{op:");
            from
        };
    }
    whole.push_str(rest);
    whole
}

/// I33: what the CRM stored instead of what was sent.
fn not_as_sent(write: &Write, answer: &Record) -> Option<String> {
    let differs = |(field, sent): &(&Field, &Value)| answer.get(field).is_some_and(|stored| !stored.same(sent));
    let mut differing: Vec<&str> = write.set.iter().filter(differs).map(|(field, _)| field.as_str()).collect();
    let tags = TagDelta { added: write.add_tags.clone(), removed: write.remove_tags.clone() };
    if !tags.were_kept(answer) {
        differing.push(Field::Tags.as_str());
    }
    (!differing.is_empty()).then(|| format!("stored differently than sent: {}", differing.join(", ")))
}

/// Whether a 401 or 403 is about who asks: GHL says it of a parameter that is missing, too (`GHL API notes, 8`).
fn is_about_credentials(message: &str) -> bool {
    let said = message.to_lowercase();
    ["token", "scope", "authoriz", "authentic", "permission", "api key"].iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn only_the_operations_that_a_path_names_are_looked_up() {
        let asked = Cell::new(0);
        let id_of = |operation: u32| {
            asked.set(asked.get() + 1);
            match operation {
                3 => Some("abc"),
                12 => Some("x/y"),
                _ => None,
            }
        };
        assert_eq!(with_ids("/contacts/{op:3}/notes/{op:12}", id_of), "/contacts/abc/notes/x/y");
        assert_eq!(asked.get(), 2, "however many operations the plan has");
        assert_eq!(with_ids("/contacts/{op:4}/{op:x}/{op:3", id_of), "/contacts/{op:4}/{op:x}/{op:3");
        assert_eq!(with_ids("/contacts/7", id_of), "/contacts/7");
    }
}
