//! A new mapping is no news: shadows are derived again from the raw payloads they were agreed with. (`semantics` 19, I35)

use std::sync::Mutex;

use super::pull::Pulled;
use super::{Job, MAPPING_VERSION, RunError, held};
use crate::config::Pair;
use crate::crm::{Reader, Shape};
use crate::record::{Forms, Kind, Record, Side};
use crate::state::{State, StateError};

/// The digest of all that decides what a payload means and who takes part.
#[must_use]
pub(super) fn mapping_key(pair: &Pair, forms: &Forms) -> String {
    let directions = Kind::ALL.map(|kind| format!("{:?}", pair.policy(kind).direction));
    let parts = [
        MAPPING_VERSION.to_owned(),
        format!("{:?}", forms.region),
        forms.zone.iana_name().unwrap_or_default().to_owned(),
        forms.placeholders.join("\n"),
        directions.join(" "),
        format!("{:?}", pair.cliengo.tasks),
        format!("{:?}", pair.scope),
        format!("{:?} {:?}", forms.mapped, pair.fields.policies),
    ];
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex().as_str().chars().take(32).collect()
}

/// Whether the state's shadows were derived under another mapping.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn is_another(state: &State, key: &str) -> Result<bool, StateError> {
    Ok(state.meta("mapping_key")?.is_some_and(|known| known != key))
}

/// A base as the same payload reads now. A field that the mapping did not have before gets no base, and what the payload
/// does not say stays as it was agreed.
#[must_use]
pub(super) fn rederived(base: &Record, payload: Record) -> Record {
    let mut fields = base.fields.clone();
    fields.extend(payload.fields.into_iter().filter(|(field, _)| base.fields.contains_key(field)));
    Record { fields, ..payload }
}

/// Derives every shadow again and lets everything through the next sieve, in one transaction.
///
/// # Errors
/// When the state cannot be written.
pub(super) fn rederive<C: Reader, G: Reader>(
    job: &Job<'_, C, G>,
    state: &Mutex<State>,
    pulled: &Pulled,
) -> Result<(), RunError> {
    let key = mapping_key(job.pair, &pulled.forms);
    let mut state = held(state);
    let another = is_another(&state, &key)?;
    state.atomically(|state| {
        if another {
            for shadow in state.agreed_shadows()? {
                if let Some(record) = read(job, shadow.side, shadow.kind, &shadow.payload, &pulled.forms) {
                    state.rewrite(shadow.link, shadow.side, &rederived(&shadow.record, record))?;
                }
            }
            state.forget_fingerprints()?;
        }
        state.set_meta("mapping_key", &key)
    })?;
    Ok(())
}

/// A payload as it reads now; `None` where it cannot be understood any more: its base stays as it is.
pub(super) fn read<C: Reader, G: Reader>(
    job: &Job<'_, C, G>,
    side: Side,
    kind: Kind,
    payload: &str,
    forms: &Forms,
) -> Option<Record> {
    match side {
        Side::Cliengo => job.cliengo.parse(kind, payload, Shape::Listed, forms).ok(),
        Side::Ghl => job.ghl.parse(kind, payload, Shape::Listed, forms).ok(),
    }
}
