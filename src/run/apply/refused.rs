//! What is done where a CRM refuses a write for one value: the value is left out, or a place is made for it.
//! (`semantics` 42, 44)

use std::collections::BTreeSet;

use super::{Applying, Step, Turn, changed_meanwhile, ended, lock};
use crate::crm::{Lookup, Refusal, Shape, Writer};
use crate::reconcile::{LinkRef, Operation, Plan, Settle, Unsupported, Updating, Work};
use crate::record::{
    Action, Field, Fields, Forms, GhlId, GhlPlace, Kind, Record, RemoteId, Side, Target, Value, Write,
};
use crate::run::as_it_was::as_it_was;
use crate::run::finished::{Ended, OperationOutcome};
use crate::state::{Attempt, StateError};

/// Why an update was refused: another contact has its value.
pub(super) struct Taken {
    /// The contact that has it.
    pub holder: String,
    /// What was said.
    pub refusal: Refusal,
}

/// An update that was refused because another contact has its value.
struct Blocked {
    operation: Operation,
    taken: Taken,
    /// What was emptied in its contact, for the one that exchanges values with it.
    emptied: Vec<Field>,
}

impl Blocked {
    fn target(&self) -> Option<&str> {
        self.operation.ids.of(self.operation.side)
    }

    fn waits_for(&self, other: &Self) -> bool {
        other.target() == Some(self.taken.holder.as_str())
    }
}

/// What has become of the value that an update waits for.
enum Hold {
    /// Its holder was changed: it may be free.
    Left,
    /// Its holder was to be changed, and was not: the next run sees.
    Owed,
    /// Nobody takes it from its holder.
    Kept,
}

/// What tells who a contact is.
const KEYS: [Field; 2] = [Field::Email, Field::Phone];

impl Applying<'_> {
    /// Sends the write once more without the fields that were refused by name; `None` where none was, or what is left makes
    /// no contact.
    pub(super) async fn without_refused<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        refusal: &Refusal,
        begins: bool,
    ) -> Result<Option<Ended>, StateError> {
        let named = named(write, refusal, self.forms);
        let mut rest = write.clone();
        rest.set.retain(|field, _| !named.contains(field));
        if named.is_empty() || !operation.undoes().is_empty() {
            return Ok(None);
        }
        if write.action == Action::Update && rest.set.is_empty() {
            return self.leave_aside(operation, &named, refusal).map(Some);
        }
        if !is_enough(&rest) {
            return Ok(None);
        }
        let mut reduced = operation.clone();
        if let Work::Write(_, Settle::Create { made, .. }) = &mut reduced.work {
            // What the new record does not have is no news the next night.
            let missing = named.iter().map(|field| (field.clone(), Value::Empty));
            made.bases.of_mut(operation.side).extend(missing);
        }
        let side = operation.side.title();
        let without = format!("without its {}, which {side} refused: {}", names(&named), refusal.message);
        let done = self.requests_of(crm, &mut reduced, rest, begins).await?;
        Ok(Some(match done.outcome {
            OperationOutcome::Applied => {
                self.remember_refused(operation, &named)?;
                self.say_left_out(operation, not_again(side, &named, refusal));
                let more = done.reason.map(|reason| format!("; {reason}")).unwrap_or_default();
                Ended { outcome: OperationOutcome::Applied, reason: Some(format!("{without}{more}")) }
            }
            _ => done,
        }))
    }

    /// A refusal of what another contact has, with that contact and the value: where one is not named it is asked for.
    /// (`GHL API notes, 4`)
    pub(super) async fn with_its_holder<W: Writer + ?Sized>(
        &self,
        crm: &W,
        write: &Write,
        refusal: Refusal,
    ) -> Refusal {
        let is_update = write.action == Action::Update && write.kind == Kind::Contact;
        let said = [&refusal.existing, &refusal.taken];
        let is_told = match said.map(Option::is_some) {
            [true, told] => told || sent_keys(write).count() < 2,
            [false, _] => !refusal.message.to_lowercase().contains("duplicat"),
        };
        if !is_update || is_told {
            return refusal;
        }
        for (key, value) in sent_keys(write) {
            let sought = Record { fields: Fields::from([(key.clone(), value.clone())]), ..Record::default() };
            let Ok(Some(holder)) = crm.find_existing(&sought).await else { continue };
            let is_itself = matches!(&write.target, Some(Target::Existing(id)) if id.as_str() == holder.as_str());
            if !is_itself {
                let (existing, taken) = (Some(holder.as_str().to_owned()), Some(key.as_str().to_owned()));
                return Refusal { existing, taken, ..refusal };
            }
        }
        refusal
    }

    /// An update of nothing but values that were refused by name: they stay where they are, and are not sent again until they
    /// change.
    fn leave_aside(
        &self,
        operation: &Operation,
        named: &BTreeSet<Field>,
        refusal: &Refusal,
    ) -> Result<Ended, StateError> {
        let source = operation.side.other();
        let link = operation.settle().and_then(Settle::link).and_then(|link| self.resolve(link));
        if let (Some(link), Some(bases)) = (link, operation.settle().and_then(Settle::bases)) {
            let state = lock(self.state);
            if let Some(row) = state.link(link)? {
                state.settle_base(&row, source, bases.of(source), false)?;
            }
        }
        self.remember_refused(operation, named)?;
        lock(&self.set_aside).insert(operation.id);
        Ok(ended(OperationOutcome::Refused, not_again(operation.side.title(), named, refusal)))
    }

    /// What of an operation that got through is not there is told beside it.
    fn say_left_out(&self, operation: &Operation, detail: String) {
        lock(&self.left_out).push(Unsupported {
            kind: operation.kind,
            side: operation.side,
            action: operation.action(),
            ids: operation.ids.clone(),
            label: operation.label.clone(),
            detail,
        });
    }

    /// What a CRM refused is no difference that a full sync may mend from the other side: it sends it once more.
    fn remember_refused(&self, operation: &Operation, named: &BTreeSet<Field>) -> Result<(), StateError> {
        let link = operation.settle().and_then(Settle::link).unwrap_or(LinkRef::MadeBy(operation.id));
        let Some(link) = self.resolve(link) else { return Ok(()) };
        let state = lock(self.state);
        let base = state.base(link, operation.side)?.map(|base| base.record).unwrap_or_default();
        for field in named {
            let before = base.get(field).cloned().unwrap_or(Value::Empty);
            state.attempted(link, operation.side, field, &Attempt { before, updated: None }, true)?;
        }
        Ok(())
    }

    /// Creates a contact without the fields that GHL named in an earlier run, in a 422 that was no certain no: what it may
    /// have made was looked for since, and is not there. (`semantics` 31)
    pub(super) async fn without_refused_before<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        if write.action != Action::Create || write.kind != Kind::Contact {
            return Ok(None);
        }
        let id = operation.failed_operation_id(&self.job.pair.name);
        let failed = lock(self.state).failed_operations()?.into_iter().find(|row| row.id == id);
        let Some(failed) = failed.filter(|row| row.fingerprint == operation.fingerprint()) else { return Ok(None) };
        let Some(refusal) = Refusal::in_doubt(&failed.words) else { return Ok(None) };
        let done = self.without_refused(crm, operation, write, &refusal, true).await?;
        Ok(done.map(|done| match done.reason {
            // What it names as well is left out the next time.
            Some(reason) if done.outcome == OperationOutcome::Unknown => {
                ended(done.outcome, format!("{}; {reason}", failed.words))
            }
            reason => Ended { reason, ..done },
        }))
    }

    /// Sends what `write` becomes, as a further part of the operation, or as all of it where it `begins` with it.
    async fn requests_of<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &mut Operation,
        write: Write,
        begins: bool,
    ) -> Result<Ended, StateError> {
        let was = as_it_was(Some(&lock(self.state)), Some(&lock(self.stage)), operation, &write)?;
        operation.requests = crm.requests(&write, was.as_deref(), self.forms);
        if let Some(own) = operation.write_mut() {
            own.clone_from(&write);
        }
        let last = operation.requests.len();
        for (at, request) in operation.requests.iter().enumerate() {
            let turn = Turn { first: begins && at == 0, last: at + 1 == last, again: true };
            if let Step::Done(ended) = Box::pin(self.send(crm, operation, &write, request, turn)).await? {
                return Ok(ended);
            }
        }
        Ok(ended(OperationOutcome::Failed, "there is no request that expresses it"))
    }

    /// Values that contacts of one plan pass on to each other: who waits for a value comes after who has it, and where they
    /// exchange them they are emptied first. Who waits for a value that its holder keeps goes on without it.
    pub(super) async fn exchange(&self, plan: &Plan) -> Result<(), StateError> {
        let taken = std::mem::take(&mut *lock(&self.taken));
        let of_plan = |(id, taken): (u32, Taken)| {
            let operation = plan.operations.iter().find(|operation| operation.id == id)?.clone();
            let goes_on = operation.side == Side::Ghl && !self.job.stop.is_cancelled();
            goes_on.then_some(Blocked { operation, taken, emptied: Vec::new() })
        };
        let mut blocked: Vec<Blocked> = taken.into_iter().filter_map(of_plan).collect();
        while !blocked.is_empty() {
            let waits = |one: &Blocked| blocked.iter().any(|other| one.waits_for(other));
            if let Some(at) = blocked.iter().position(|one| !waits(one)) {
                let one = blocked.remove(at);
                match self.hold(plan, &one) {
                    Hold::Left => self.once_more(one).await?,
                    Hold::Kept => self.go_without(one).await?,
                    Hold::Owed => {}
                }
                continue;
            }
            let first = blocked.remove(0);
            let Some(other) = blocked.iter_mut().find(|other| first.waits_for(other)) else { continue };
            if self.empty(&first, other).await? {
                self.once_more(first).await?;
            }
        }
        Ok(())
    }

    fn hold(&self, plan: &Plan, one: &Blocked) -> Hold {
        let wanted = one.operation.write();
        let wants = |field: &Field| wanted.is_some_and(|wanted| wanted.set.contains_key(field));
        let mut theirs = plan.operations.iter().filter(|operation| {
            let sets = |field: &Field| operation.write().is_some_and(|write| write.set.contains_key(field));
            let is_holder = operation.ids.of(operation.side) == Some(one.taken.holder.as_str());
            let is_contact = operation.kind == Kind::Contact && operation.side == one.operation.side;
            is_holder
                && is_contact
                && (KEYS.iter().any(|key| wants(key) && sets(key)) || operation.action() == Action::Delete)
        });
        let ended = lock(&self.ended);
        let outcome = |operation: &Operation| ended.get(&operation.id).map(|ended| ended.outcome);
        let takes_it = |theirs: &Operation| {
            let [Some(wanted), Some(theirs)] = [wanted, theirs.write()] else { return false };
            KEYS.iter().any(|key| match (wanted.set.get(key), theirs.set.get(key)) {
                (Some(wanted), Some(theirs)) => !wanted.is_empty() && wanted.same_for_linking(theirs),
                _ => false,
            })
        };
        match theirs.next() {
            None => Hold::Kept,
            Some(operation) if takes_it(operation) => Hold::Kept,
            Some(operation) if outcome(operation) == Some(OperationOutcome::Applied) => Hold::Left,
            Some(_) => Hold::Owed,
        }
    }

    /// Empties the values that `first` waits for.
    async fn empty(&self, first: &Blocked, other: &mut Blocked) -> Result<bool, StateError> {
        let (Some(wanted), Work::Write(theirs, settle)) = (first.operation.write(), &other.operation.work) else {
            return Ok(false);
        };
        let passed_on = |field: &Field| match (wanted.set.get(field), theirs.before.get(field)) {
            (Some(wanted), Some(held)) => {
                !wanted.is_empty() && wanted.same_for_linking(held) && theirs.set.contains_key(field)
            }
            _ => false,
        };
        let fields: Vec<Field> = KEYS.into_iter().filter(passed_on).collect();
        if fields.is_empty() {
            return Ok(false);
        }
        let set: Fields = fields.iter().map(|field| (field.clone(), Value::Empty)).collect();
        let write = Write { set: set.clone(), ..Write::clone(theirs) };
        let mut emptied = other.operation.clone();
        let update = Updating { link: settle.link(), ..Updating::default() };
        emptied.work = Work::Write(theirs.clone(), Settle::Update(Box::new(update)));
        if !self.is_as_planned(&write).await {
            return Ok(false);
        }
        let done = self.requests_of(self.writers.ghl, &mut emptied, write, false).await?;
        if let Some(theirs) = other.operation.write_mut() {
            theirs.before.extend(set);
        }
        other.emptied = fields;
        Ok(done.outcome == OperationOutcome::Applied)
    }

    async fn once_more(&self, one: Blocked) -> Result<(), StateError> {
        let mut operation = one.operation;
        let Some(write) = operation.write().cloned() else { return Ok(()) };
        if !self.is_as_planned(&write).await {
            return Ok(());
        }
        let mut done = self.requests_of(self.writers.ghl, &mut operation, write, false).await?;
        if done.outcome == OperationOutcome::Applied && !one.emptied.is_empty() {
            let names = one.emptied.iter().map(Field::as_str).collect::<Vec<_>>().join(", ");
            let emptied = format!("emptied first, as two contacts exchange values: {names}");
            done.reason = Some(done.reason.map_or(emptied.clone(), |reason| format!("{emptied}; {reason}")));
        }
        self.end_again(&operation, done)
    }

    /// Sends an update without the value that another contact keeps.
    async fn go_without(&self, one: Blocked) -> Result<(), StateError> {
        let Some(write) = one.operation.write().cloned() else { return Ok(()) };
        if !self.is_as_planned(&write).await {
            return Ok(());
        }
        let done = self.without_refused(self.writers.ghl, &one.operation, &write, &one.taken.refusal, false).await?;
        done.map_or(Ok(()), |done| self.end_again(&one.operation, done))
    }

    fn end_again(&self, operation: &Operation, done: Ended) -> Result<(), StateError> {
        let name = serde_json::to_value(done.outcome)?;
        let (name, reason) = (name.as_str().unwrap_or_default(), done.reason.as_deref());
        lock(self.state).end_operation(self.run, operation.id, name, reason)?;
        lock(&self.ended).insert(operation.id, done);
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

fn not_again(side: &str, fields: &BTreeSet<Field>, refusal: &Refusal) -> String {
    let (names, words) = (names(fields), &refusal.message);
    format!("{side} refused its {names}, and it is not sent again until it changes, or with --full: {words}")
}

fn names(fields: &BTreeSet<Field>) -> String {
    fields.iter().map(Field::as_str).collect::<Vec<_>>().join(", ")
}

/// Whether enough is left to be sent: a contact is created with something that tells who it is, a task with its title and
/// date.
fn is_enough(rest: &Write) -> bool {
    match rest.action {
        Action::Create if rest.kind == Kind::Task => {
            [Field::Title, Field::Due].iter().all(|field| rest.set.contains_key(field))
        }
        Action::Create => [Field::Email, Field::Phone].iter().any(|field| rest.set.contains_key(field)),
        _ => !rest.set.is_empty(),
    }
}

/// The fields of a record that a refusal names.
fn named(write: &Write, refusal: &Refusal, forms: &Forms) -> BTreeSet<Field> {
    let about_a_value = matches!(refusal.status, 200..300 | 400 | 409 | 422) && !refusal.is_page;
    if !about_a_value || !matches!(write.action, Action::Create | Action::Update) {
        return BTreeSet::new();
    }
    if refusal.existing.is_some() {
        return if write.action == Action::Update { taken(write, refusal) } else { BTreeSet::new() };
    }
    if refusal.status == 409 {
        return BTreeSet::new();
    }
    let message = refusal.message.to_lowercase();
    let words: BTreeSet<&str> = message.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let says = |names: &[&str]| names.iter().any(|name| words.contains(name));
    // `phoneNumber`, `INVALID_EMAIL`
    let has = |parts: &[&str]| words.iter().any(|word| parts.iter().any(|part| word.contains(part)));
    let is_named = |field: &Field| match field {
        Field::Email => has(&["email", "correo"]) || says(&["mail"]),
        Field::Phone => has(&["phone", "telefono", "teléfono", "celular", "mobile"]),
        Field::Name => says(&["firstname", "lastname", "fullname", "name", "nombre", "apellido"]),
        Field::Title => says(&["title", "titulo", "título"]),
        Field::Body if write.kind == Kind::Task => says(&["body", "description", "descripcion", "descripción"]),
        Field::Due => has(&["duedate", "due_date"]) || says(&["due"]),
        Field::Completed => says(&["completed"]),
        Field::Mapped(name) => {
            let place = forms.mapped(Kind::Contact, field).map(|mapped| match &mapped.ghl {
                GhlPlace::Plain(plain) => plain.key.to_lowercase(),
                GhlPlace::Custom(id) => id.to_lowercase(),
            });
            let cliengo = forms
                .mapped(Kind::Contact, field)
                .map(|mapped| mapped.cliengo.rsplit('.').next().unwrap_or_default().to_lowercase());
            let names = [Some(name.to_lowercase()), place, cliengo];
            let custom = ["customfields", "customfield", "extraparams", "leadfields"];
            // `customFields.0.field_value must be a number`: which one it is, is not said.
            names.iter().flatten().any(|name| words.contains(name.as_str()))
                || is_further(forms, field) && says(&custom)
        }
        _ => false,
    };
    let named: BTreeSet<Field> = write.set.keys().filter(|field| is_named(field)).cloned().collect();
    // GHL on a phone: `The number passed is not valid`.
    let is_number = words.contains("number") && words.iter().any(|word| word.contains("valid"));
    if named.is_empty() && is_number && write.set.contains_key(&Field::Phone) {
        return BTreeSet::from([Field::Phone]);
    }
    named
}

/// Whether a mapped field goes with others in one list.
fn is_further(forms: &Forms, field: &Field) -> bool {
    forms.mapped(Kind::Contact, field).is_some_and(|mapped| {
        let is_listed = ["extraParams.", "leadFields."].iter().any(|list| mapped.cliengo.starts_with(list));
        is_listed || matches!(mapped.ghl, GhlPlace::Custom(_))
    })
}

/// What tells who a contact is, of what is sent.
fn sent_keys(write: &Write) -> impl Iterator<Item = (Field, &Value)> {
    let sent = |key: Field| write.set.get(&key).filter(|value| !value.is_empty()).map(|value| (key, value));
    KEYS.into_iter().filter_map(sent)
}

/// The fields that another contact has, of one that may have them alone.
fn taken(write: &Write, refusal: &Refusal) -> BTreeSet<Field> {
    let sent: BTreeSet<Field> = sent_keys(write).map(|(key, _)| key).collect();
    let said = refusal.taken.as_deref().unwrap_or_default().to_lowercase();
    let named: BTreeSet<Field> = sent.iter().filter(|key| said.contains(key.as_str())).cloned().collect();
    if named.is_empty() { sent } else { named }
}
