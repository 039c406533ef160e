//! Since when each credential of a pair is in use: a file beside the state, which holds no secret.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StateError;

/// A credential, and since when it is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialUse {
    /// What tells it from another one; nothing leads back from it.
    fingerprint: String,
    /// The first run that used it.
    pub since: Timestamp,
    /// When somebody was last told that something should be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
}

impl CredentialUse {
    /// Whether it is this secret.
    #[must_use]
    pub fn is(&self, secret: &str) -> bool {
        self.fingerprint == fingerprint(secret)
    }
}

/// The credentials of a pair, by name.
pub type CredentialUses = BTreeMap<String, CredentialUse>;

fn fingerprint(secret: &str) -> String {
    let key = blake3::derive_key("concord 2026 which credential is in use", secret.as_bytes());
    key.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn name_of(pair: &str) -> String {
    format!("{pair}.credentials")
}

/// What is known of a pair's credentials; nothing where there is no such file, or none that can be read.
#[must_use]
pub fn credential_uses(folder: &Path, pair: &str) -> CredentialUses {
    let text = std::fs::read(folder.join(name_of(pair)));
    text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Notes which credentials a run uses: one that is new is in use from now on.
///
/// # Errors
/// The file cannot be written.
pub fn note_credentials(
    folder: &Path,
    pair: &str,
    now: Timestamp,
    secrets: &[(&str, &str)],
    told: &[String],
) -> Result<(), StateError> {
    let known = credential_uses(folder, pair);
    let mut uses = CredentialUses::new();
    for (name, secret) in secrets {
        let used = known.get(*name).filter(|used| used.is(secret)).cloned();
        let mut used =
            used.unwrap_or_else(|| CredentialUse { fingerprint: fingerprint(secret), since: now, told: None });
        if told.iter().any(|told| told == name) {
            used.told = Some(now);
        }
        uses.insert((*name).to_owned(), used);
    }
    if uses == known {
        return Ok(());
    }
    let path = folder.join(name_of(pair));
    let failed = |why: String| StateError::File { path: path.clone(), why };
    super::private_folder_of(&path)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(|why| failed(why.to_string()))?;
    let text = serde_json::to_vec_pretty(&uses)?;
    beside.write_all(&text).map_err(|why| failed(why.to_string()))?;
    beside.persist(&path).map_err(|why| failed(why.to_string()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_in_use_from_its_first_run_on_and_a_new_one_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let at = |day: i8| format!("2026-01-{day:02}T03:00:00Z").parse::<Timestamp>().unwrap();
        let note = |day, secret| note_credentials(folder.path(), "acme", at(day), &[("ghl", secret)], &[]).unwrap();
        note(1, "first");
        note(5, "first");
        assert_eq!(credential_uses(folder.path(), "acme")["ghl"].since, at(1));
        note(9, "second");
        let uses = credential_uses(folder.path(), "acme");
        assert!(uses["ghl"].since == at(9) && uses["ghl"].is("second") && !uses["ghl"].is("first"));
        assert!(!std::fs::read_to_string(folder.path().join("acme.credentials")).unwrap().contains("second"));
    }
}
