//! A new mapping is no news: bases are derived again from the raw payloads they were agreed with. (`semantics` 19, I35)
//!
//! A payload speaks for every field of its base but those that were settled since it was listed (what we wrote, or
//! what was agreed by itself), those that it does not carry (tags that are not read), and those that the mapping did not
//! have, or had elsewhere: the first two stay as they were agreed, the last have no base and follow the first-sync rules.
//! Nothing else in a base differs from its payload: a payload is kept only when it says what the base says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::session::{Job, MAPPING_VERSION, lock};
use crate::config::Pair;
use crate::crm::Shape;
use crate::record::{Field, Forms, Kind, Mapped, Record, Side};
use crate::state::{Agreed, State, StateError};

/// How many bases are held in memory at a time.
const BATCH: u32 = 1000;

/// The digest of all that decides what a payload means and who takes part.
fn key(pair: &Pair, forms: &Forms) -> String {
    let directions = Kind::ALL.map(|kind| format!("{:?}", pair.policy(kind).direction));
    let parts = [
        MAPPING_VERSION.to_owned(),
        format!("{:?}", forms.region),
        forms.zone.iana_name().unwrap_or_default().to_owned(),
        forms.placeholders.join("\n"),
        forms.placeholder_names.join("\n"),
        directions.join(" "),
        format!("{:?}", pair.cliengo.tasks),
        format!("{:?}", pair.scope),
        format!("{:?} {:?}", forms.mapped, pair.fields.policies),
        Kind::CHILDREN.map(|kind| format!("{:?}", pair.fields_of(kind).policies)).concat(),
        format!("{:?}", forms.waiting),
        forms.members.as_ref().map(|members| format!("{members:?}")).unwrap_or_default(),
    ];
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex().as_str().chars().take(32).collect()
}

/// Where each mapped field stands on both sides: what stands elsewhere is another field.
fn places(forms: &Forms) -> BTreeMap<String, String> {
    let place = |mapped: &Mapped| format!("{} {:?}", mapped.cliengo, mapped.ghl);
    forms.mapped.iter().map(|mapped| (named(mapped.kind, &mapped.field), place(mapped))).collect()
}

/// The same with the places of fields that wait as they stood before: where those are now is not known.
fn places_known(stood: BTreeMap<String, String>, forms: &Forms) -> BTreeMap<String, String> {
    let waiting: BTreeSet<String> = forms.waiting.iter().map(|(kind, field)| named(*kind, field)).collect();
    let kept = stood.into_iter().filter(|(field, _)| waiting.contains(field));
    kept.chain(places(forms)).collect()
}

/// A mapped field among those of all kinds.
fn named(kind: Kind, field: &Field) -> String {
    if kind == Kind::Contact { field.to_string() } else { format!("{kind}:{field}") }
}

/// Where each mapped field stood when the bases were derived.
fn places_before(state: &State) -> Result<BTreeMap<String, String>, StateError> {
    let stood = state.meta("mapped_fields")?.map(|text| serde_json::from_str(&text)).transpose()?;
    Ok(stood.unwrap_or_default())
}

/// What tonight's mapping makes of bases that were derived under another one.
#[derive(Debug)]
pub(super) struct Remapping<'a> {
    forms: &'a Forms,
    /// The mapped fields that stand where they stood when the bases were derived.
    same: BTreeSet<String>,
}

impl<'a> Remapping<'a> {
    /// `None` where the bases were derived under this very mapping.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(super) fn of(state: &State, pair: &Pair, forms: &'a Forms) -> Result<Option<Self>, StateError> {
        if state.meta("mapping_key")?.is_some_and(|known| known == key(pair, forms)) {
            return Ok(None);
        }
        let stood = places_before(state)?;
        let places = places(forms).into_iter();
        let same = places.filter(|(field, place)| stood.get(field) == Some(place)).map(|(field, _)| field).collect();
        Ok(Some(Self { forms, same }))
    }

    /// Whether a mapped field keeps its base: it stands where it stood, or where it stands could not be looked up.
    fn stays(&self, kind: Kind, field: &Field) -> bool {
        self.same.contains(&named(kind, field)) || self.forms.is_waiting(kind, field)
    }

    /// The base as tonight's records read: without the fields that wait.
    pub(super) fn read(&self, job: &Job<'_>, agreed: &Agreed) -> Record {
        let mut base = self.rederived(job, agreed);
        base.fields.retain(|field, _| !self.forms.is_waiting(agreed.kind, field));
        base
    }

    /// The base as its payload reads now. Where that cannot be understood any more, it stays as it is.
    pub(super) fn rederived(&self, job: &Job<'_>, agreed: &Agreed) -> Record {
        let mut base = agreed.record.clone();
        base.fields.retain(|field, _| !matches!(field, Field::Mapped(_)) || self.stays(agreed.kind, field));
        let parsed = agreed.payload.as_deref().and_then(|payload| match agreed.side {
            Side::Cliengo => job.cliengo.parse(agreed.kind, payload, Shape::Listed, self.forms).ok(),
            Side::Ghl => job.ghl.parse(agreed.kind, payload, Shape::Listed, self.forms).ok(),
        });
        let Some(payload) = parsed else { return base };
        let mut fields = base.fields;
        for (field, value) in payload.fields {
            if fields.contains_key(&field) && !agreed.moved.contains(&field) {
                fields.insert(field, value);
            }
        }
        Record { fields, ..payload }
    }
}

/// Derives every base again and lets everything through the next change detection, in one transaction.
///
/// # Errors
/// When the state cannot be written.
pub(super) fn rederive(job: &Job<'_>, state: &Mutex<State>, forms: &Forms) -> Result<(), StateError> {
    let mut state = lock(state);
    let Some(remapping) = Remapping::of(&state, job.pair, forms)? else { return Ok(()) };
    state.atomically(|state| {
        let mut last = 0;
        loop {
            let batch = state.agreed_after(last, BATCH)?;
            for agreed in &batch {
                state.rewrite(agreed.link, agreed.side, &remapping.rederived(job, agreed))?;
            }
            match batch.last() {
                Some(agreed) => last = agreed.number,
                None => break,
            }
        }
        state.forget_fingerprints()?;
        let places = places_known(places_before(state)?, forms);
        state.set_meta("mapped_fields", &serde_json::to_string(&places)?)?;
        state.set_meta("mapping_key", &key(job.pair, forms))
    })
}
