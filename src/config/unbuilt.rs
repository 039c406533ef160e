//! What the file may say already and this version does not do yet: it is checked as the rest, and refused where it is
//! switched on. To build one: take its row out of [`NOT_YET`] and keep what is read here.

use toml::de::DeValue;

use super::reader::Table;

/// What switches a feature on.
enum Switch {
    /// The key is `true`.
    True,
}

/// The keys below a pair whose feature is not built.
const NOT_YET: &[(&[&str], Switch)] = &[(&["notes", "append_edit"], Switch::True)];

/// Notes every feature that the pair switches on and that is not built.
pub(super) fn refuse(pair: &Table<'_>) {
    for (path, switch) in NOT_YET {
        let Some(found) = pair.look(path) else { continue };
        let said = match (switch, found.value) {
            (Switch::True, DeValue::Boolean(true)) => "= true ".to_owned(),
            _ => continue,
        };
        found.reject_unquoted(
            &format!("{said}is not in this version yet"),
            "leave it out for now; a later version takes it as it is written",
        );
    }
}
