//! What a person allows a run to do.

use super::saved::SavedPlan;

/// What a person allows this run to do.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// The plan that may pass the guards that stop it.
    pub approve: Option<String>,
    /// Sides and kinds that may be empty, as `ghl:contact`.
    pub allow_empty: Vec<String>,
    /// The saved plan that is to be applied, and nothing else.
    pub saved: Option<SavedPlan>,
}
