//! What is done where a CRM refuses a write for one value: the value is left out, or a place is made for it.
//! (`semantics` 42, 44)

use std::collections::BTreeSet;

use super::{Applying, Step, Turn, changed_meanwhile, ended, held};
use crate::crm::{Lookup, Refusal, Shape, Writer};
use crate::reconcile::{Operation, Plan, Settle};
use crate::record::{Action, Field, Fields, Forms, GhlId, GhlPlace, Kind, RemoteId, Side, Value, Write};
use crate::run::as_it_was::as_it_was;
use crate::run::finished::{Ended, OperationOutcome};
use crate::state::StateError;

/// An update that was refused because another contact has its value.
struct Blocked {
    operation: Operation,
    /// The contact that has it.
    holder: String,
}

impl Blocked {
    fn target(&self) -> Option<&str> {
        self.operation.ids.of(self.operation.side)
    }
}

impl Applying<'_> {
    /// Sends the write once more without the fields that were refused by name; `None` where none was, or nothing is left.
    pub(super) async fn without_refused<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        refusal: &Refusal,
    ) -> Result<Option<Ended>, StateError> {
        let named = named(write, refusal, self.forms);
        let mut rest = write.clone();
        rest.set.retain(|field, _| !named.contains(field));
        if named.is_empty() || !operation.settle.undoes.is_empty() || !is_enough(&rest) {
            return Ok(None);
        }
        let mut reduced = operation.clone();
        if write.action == Action::Create {
            // What the new record does not have is no news the next night.
            let missing = named.iter().map(|field| (field.clone(), Value::Empty));
            reduced.settle.shadows.of_mut(operation.side).extend(missing);
        }
        let side = operation.side.title();
        let names = named.iter().map(Field::as_str).collect::<Vec<_>>().join(", ");
        let without = format!("without its {names}, which {side} refused: {}", refusal.message);
        let done = self.requests_of(crm, &mut reduced, rest).await?;
        Ok(Some(match done.outcome {
            OperationOutcome::Applied => {
                let more = done.reason.map(|reason| format!("; {reason}")).unwrap_or_default();
                Ended { outcome: OperationOutcome::Applied, reason: Some(format!("{without}{more}")) }
            }
            _ => done,
        }))
    }

    /// Sends what `write` becomes, as a further part of the operation.
    async fn requests_of<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &mut Operation,
        write: Write,
    ) -> Result<Ended, StateError> {
        let was = as_it_was(Some(&held(self.state)), Some(&held(self.stage)), operation, &write)?;
        operation.requests = crm.requests(&write, was.as_deref(), self.forms);
        operation.write = Some(Box::new(write.clone()));
        let last = operation.requests.len();
        for (at, request) in operation.requests.iter().enumerate() {
            let turn = Turn { first: false, last: at + 1 == last, again: true };
            if let Step::Done(ended) = Box::pin(self.send(crm, operation, &write, request, turn)).await? {
                return Ok(ended);
            }
        }
        Ok(ended(OperationOutcome::Failed, "there is no request that expresses it"))
    }

    /// Values that contacts of one plan pass on to each other: who waits for a value comes after who has it, and where they
    /// exchange them one is emptied first.
    pub(super) async fn exchange(&self, plan: &Plan) -> Result<(), StateError> {
        let taken = std::mem::take(&mut *held(&self.taken));
        let of_plan = |(id, holder): (u32, String)| {
            let operation = plan.operations.iter().find(|operation| operation.id == id)?.clone();
            (operation.side == Side::Ghl && !self.job.stop.is_cancelled()).then_some(Blocked { operation, holder })
        };
        let mut blocked: Vec<Blocked> = taken.into_iter().filter_map(of_plan).collect();
        while !blocked.is_empty() {
            let waits = |one: &Blocked| blocked.iter().any(|other| other.target() == Some(one.holder.as_str()));
            if let Some(at) = blocked.iter().position(|one| !waits(one)) {
                let one = blocked.remove(at);
                self.once_more(one.operation).await?;
                continue;
            }
            let first = blocked.remove(0);
            let Some(other) = blocked.iter_mut().find(|other| other.target() == Some(first.holder.as_str())) else {
                continue;
            };
            if self.empty(&first, other).await? {
                self.once_more(first.operation).await?;
            }
        }
        Ok(())
    }

    /// Empties the value that `first` waits for.
    async fn empty(&self, first: &Blocked, other: &mut Blocked) -> Result<bool, StateError> {
        let (Some(wanted), Some(theirs)) = (&first.operation.write, other.operation.write.as_mut()) else {
            return Ok(false);
        };
        let passed_on = |field: &Field| match (wanted.set.get(field), theirs.before.get(field)) {
            (Some(wanted), Some(held)) => {
                !wanted.is_empty() && wanted.same_for_linking(held) && theirs.set.contains_key(field)
            }
            _ => false,
        };
        let Some(field) = [Field::Email, Field::Phone].into_iter().find(passed_on) else { return Ok(false) };
        let set = Fields::from([(field.clone(), Value::Empty)]);
        let write = Write { set, ..Write::clone(theirs) };
        let mut emptied = other.operation.clone();
        emptied.settle = Settle { link: emptied.settle.link, ..Settle::default() };
        if !self.is_as_planned(&write).await {
            return Ok(false);
        }
        let done = self.requests_of(self.writers.ghl, &mut emptied, write).await?;
        if let Some(theirs) = other.operation.write.as_mut() {
            theirs.before.insert(field, Value::Empty);
        }
        Ok(done.outcome == OperationOutcome::Applied)
    }

    async fn once_more(&self, mut operation: Operation) -> Result<(), StateError> {
        let Some(write) = operation.write.clone() else { return Ok(()) };
        if !self.is_as_planned(&write).await {
            return Ok(());
        }
        let done = self.requests_of(self.writers.ghl, &mut operation, *write).await?;
        let name = serde_json::to_value(done.outcome)?;
        let (name, reason) = (name.as_str().unwrap_or_default(), done.reason.as_deref());
        held(self.state).end_operation(self.run, operation.id, name, reason)?;
        held(&self.ended).insert(operation.id, done);
        Ok(())
    }

    /// Whether what is to be overwritten is still what it was.
    async fn is_as_planned(&self, write: &Write) -> bool {
        let id = write.target.as_ref().and_then(|target| self.id_of(target));
        let Some(id) = id.map(|id| GhlId::new(id.as_str())) else { return false };
        let Ok(Lookup::Present(payload)) = self.job.ghl.look_up(write.kind, &id, None).await else { return false };
        let now = self.job.ghl.parse(write.kind, &payload, Shape::Single, self.forms);
        now.is_ok_and(|now| !changed_meanwhile(write, &now))
    }
}

/// Whether enough is left to be sent: a contact is created with something that tells who it is.
fn is_enough(rest: &Write) -> bool {
    match rest.action {
        Action::Create => [Field::Email, Field::Phone].iter().any(|field| rest.set.contains_key(field)),
        _ => !rest.set.is_empty(),
    }
}

/// The fields of a contact that a refusal names.
fn named(write: &Write, refusal: &Refusal, forms: &Forms) -> BTreeSet<Field> {
    let about_a_value = matches!(refusal.status, 400 | 422) && refusal.existing.is_none() && !refusal.is_page;
    if !about_a_value || write.kind != Kind::Contact || !matches!(write.action, Action::Create | Action::Update) {
        return BTreeSet::new();
    }
    let message = refusal.message.to_lowercase();
    let words: BTreeSet<&str> = message.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let says = |names: &[&str]| names.iter().any(|name| words.contains(name));
    let is_named = |field: &Field| match field {
        Field::Email => says(&["email", "mail", "correo"]),
        Field::Phone => says(&["phone", "telephone", "telefono", "teléfono"]),
        Field::Name => says(&["firstname", "lastname", "name", "nombre"]),
        Field::Mapped(name) => {
            let place = forms.mapped(Kind::Contact, field).map(|mapped| match &mapped.ghl {
                GhlPlace::Plain(plain) => plain.key.to_lowercase(),
                GhlPlace::Custom(id) => id.to_lowercase(),
            });
            let cliengo = forms
                .mapped(Kind::Contact, field)
                .map(|mapped| mapped.cliengo.rsplit('.').next().unwrap_or_default().to_lowercase());
            let names = [Some(name.to_lowercase()), place, cliengo];
            names.iter().flatten().any(|name| words.contains(name.as_str()))
        }
        _ => false,
    };
    write.set.keys().filter(|field| is_named(field)).cloned().collect()
}
