//! Listings that are not believed tonight: one that lists nothing any more (`semantics` 52), and one that shrank sharply
//! (`semantics` 30).

use std::sync::Mutex;

use super::error::RunError;
use super::pulled::Pulled;
use super::session::{Job, lock};
use crate::config::Guard;
use crate::crm::{CrmError, Lookup};
use crate::reconcile::Reading;
use crate::record::{Kind, Side, SideId};
use crate::state::{Missing, Stage, State};

/// So many records are asked for by id before a listing of none is believed.
const WITNESSES: usize = 3;

/// `semantics` 52: a listing of none, where there were some, is doubted first: records that should be there are read by id.
/// One that is there shows that the listing lags; then nothing of it counts as absent.
///
/// # Errors
/// When stage or state cannot be read, or the run ends.
pub(super) async fn emptied(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    pulled: &mut Pulled,
    side: Side,
    kind: Kind,
) -> Result<(), RunError> {
    let listing = pulled.listings.of(side).of(kind);
    if !listing.complete || listing.count > 0 {
        return Ok(());
    }
    for missing in witnesses(stage, pulled, side, kind)? {
        let id = &missing.id;
        let why = match job.look_up(kind, &SideId::new(side, id.as_str()), missing.parent.as_deref()).await {
            Ok(Lookup::Gone(_)) => continue,
            Ok(Lookup::Present(_)) => {
                format!("it lists no {kind}s, yet {id} is there when asked for by id: its list lags behind")
            }
            Err(error @ (CrmError::NoGrant { .. } | CrmError::Quota { .. } | CrmError::Stopped { .. })) => {
                return Err(error.into());
            }
            // The list itself was given: a refusal is this record's.
            Err(error) => {
                format!("it lists no {kind}s, and whether {id} is there cannot be told: {}", error.of_one_record())
            }
        };
        pulled.disbelieve(side, kind, why);
        break;
    }
    Ok(())
}

/// Records that should be there. What is missing with its contact is not asked for (`semantics` 22), unless the contact may
/// well be there: then a list of the whole kind should have it.
fn witnesses(stage: &Mutex<Stage>, pulled: &Pulled, side: Side, kind: Kind) -> Result<Vec<Missing>, RunError> {
    let is_whole = pulled.listings.of(side).of(kind).parents.is_none();
    let may_stand = is_whole && !pulled.complete.of(side).contact;
    let stage = lock(stage);
    let mut found = Vec::new();
    for missing in stage.missing(side, kind, true)? {
        let stands = match &missing.parent {
            Some(contact) if pulled.sought.is_there(&SideId::new(side, contact)) => true,
            Some(contact) => may_stand || stage.has(side, Kind::Contact, contact)?,
            None => true,
        };
        if stands {
            found.push(missing);
        }
        if found.len() == WITNESSES {
            break;
        }
    }
    Ok(found)
}

/// `semantics` 30: a listing that shrank sharply says nothing about absence until the next run agrees.
///
/// # Errors
/// When stage or state cannot be read.
pub(super) fn shrunken(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    pulled: &mut Pulled,
    kinds: &[Kind],
) -> Result<(), RunError> {
    let Some(state) = state else { return Ok(()) };
    for side in Side::BOTH {
        for kind in kinds.iter().copied() {
            let Some(before) = state.last_count(side, kind)? else { continue };
            let listing = pulled.listings.of(side).of(kind);
            // Of a listing of none the records were asked for by id already.
            if !listing.complete || listing.count == 0 && !lock(stage).missing(side, kind, true)?.is_empty() {
                continue;
            }
            if has_shrunk(&job.pair.guard, before, listing.count) {
                let now = listing.count;
                let why = format!("{now} records, but {before} in the last run: doubted until the next run agrees");
                pulled.disbelieve(side, kind, why);
                *pulled.doubted.of_mut(side).of_mut(kind) = true;
            }
        }
    }
    Ok(())
}

/// Whether so many records that are left of so many are sharply fewer.
pub(super) fn has_shrunk(limits: &Guard, before: u64, left: u64) -> bool {
    let lost = before.saturating_sub(left);
    #[expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^52")]
    let percent = lost as f64 * 100.0 / before.max(1) as f64;
    before >= limits.min_records && percent > limits.shrink_percent
}

impl Pulled {
    /// Nothing of this listing counts as absent.
    pub(super) fn disbelieve(&mut self, side: Side, kind: Kind, why: String) {
        let listing = self.listings.of_mut(side).of_mut(kind);
        listing.complete = false;
        listing.reading = Reading::Partial;
        listing.why = Some(why);
        *self.complete.of_mut(side).of_mut(kind) = false;
    }
}
