//! Where secrets are looked up that the configuration names by a variable.

/// The value of a variable, where it is set.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
