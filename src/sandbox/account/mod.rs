//! In what no two accounts agree and neither CRM documents: one switch for each such matter, stated or drawn by a seed.
//!
//! The first value of every switch is how a plain sandbox behaves.

pub mod cliengo;
mod draw;
pub mod ghl;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SandboxError;

/// How a pair's two accounts behave. As TOML: a table for each CRM, a line for each switch; what is left out has its first
/// value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Cliengo's.
    pub cliengo: cliengo::Switches,
    /// GHL's.
    pub ghl: ghl::Switches,
}

impl Profile {
    /// The accounts of a seed: always the same ones.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self { cliengo: cliengo::Switches::drawn(&mut rng), ghl: ghl::Switches::drawn(&mut rng) }
    }

    /// The accounts of a seed, but without what keeps a side from showing or storing something that the other one can: both
    /// can be asked to agree on everything.
    #[must_use]
    pub fn drawn_whole(seed: u64) -> Self {
        let Self { cliengo, ghl } = Self::drawn(seed);
        let unusual = match cliengo.unusual {
            cliengo::Unusual::RepeatedRow => cliengo.unusual,
            _ => cliengo::Unusual::Nothing,
        };
        let tags = match cliengo.tags {
            cliengo::Tags::NullWhenNone | cliengo::Tags::LeftOut => cliengo::Tags::Texts,
            tags => tags,
        };
        Self {
            cliengo: cliengo::Switches {
                tasks: cliengo::Tasks::Resource,
                system_notes: cliengo::SystemNotes::None,
                note_cap: cliengo::NoteCap::None,
                tags,
                unusual,
                name_stored: cliengo::NameStored::AsSent,
                phone_stored: cliengo::PhoneStored::AsSent,
                ..cliengo
            },
            ghl: ghl::Switches {
                completed_tasks: ghl::CompletedTasks::Listed,
                missing_scope: ghl::MissingScope::None,
                firewall: ghl::Firewall::Off,
                put_null: ghl::PutNull::Clears,
                name_stored: ghl::NameStored::AsSent,
                phone_stored: ghl::PhoneStored::E164,
                email_stored: ghl::EmailStored::AsSent,
                note_stored: ghl::NoteStored::AsSent,
                ..ghl
            },
        }
    }

    /// Every switch, as TOML that can be stated again.
    #[must_use]
    pub fn toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The switches that are not as in a plain sandbox: `ghl.gone = "not-found-for-id"`.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let lines = |profile: &Self| {
            let mut table = "";
            let text = profile.toml();
            let named = text.lines().filter_map(|line| match line.trim_matches(['[', ']']) {
                head if head != line => {
                    table = if head == "ghl" { "ghl" } else { "cliengo" };
                    None
                }
                "" => None,
                line => Some(format!("{table}.{line}")),
            });
            named.collect::<Vec<_>>()
        };
        let plain = lines(&Self::default());
        lines(self).into_iter().filter(|line| !plain.contains(line)).collect()
    }
}

impl FromStr for Profile {
    type Err = SandboxError;

    /// Reads TOML.
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        toml::from_str(text).map_err(|why| SandboxError::Account(why.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_account_can_be_stated_and_is_the_same() {
        for seed in 0..200 {
            let drawn = Profile::drawn(seed);
            assert_eq!(drawn, Profile::drawn(seed));
            assert_eq!(drawn.toml().parse::<Profile>().unwrap(), drawn, "{}", drawn.toml());
        }
        assert_ne!(Profile::drawn(1), Profile::drawn(2));
    }

    #[test]
    fn what_is_not_stated_is_as_in_a_plain_sandbox_and_what_is_unknown_is_refused() {
        let stated: Profile = "[ghl]\ngone = \"not-found-for-id\"".parse().unwrap();
        assert_eq!(stated.differences(), ["ghl.gone = \"not-found-for-id\""]);
        assert_eq!(Profile::default().differences(), [""; 0]);
        for wrong in ["[ghl]\ngone = \"perhaps\"", "[ghl]\nmood = \"good\"", "[hubspot]"] {
            assert!(wrong.parse::<Profile>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_draw_every_value_that_is_drawn_at_all() {
        let mut seen: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        for seed in 0..2000 {
            seen.extend(Profile::drawn(seed).differences());
        }
        for one in ["cliengo.deleted = \"status-deleted\"", "ghl.gone = \"with-id-not-found-404\""] {
            assert!(seen.contains(one), "{one}: {seen:#?}");
        }
        for one in ["name_stored", "phone_stored", "email_stored", "note_stored"] {
            assert!(seen.iter().any(|seen| seen.contains(one)), "{one}: {seen:#?}");
            let whole = |seed| Profile::drawn_whole(seed).differences().join("\n");
            assert!((0..200).all(|seed| !whole(seed).contains(one)), "what is stored is told by both sides");
        }
    }
}
