//! A crash leaves no copy of the memory behind: keys and customers' data are in it.

/// Forbids core dumps, as files and through whatever program the system would hand them to.
#[cfg(target_os = "linux")]
pub(super) fn keep_from_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A system that refuses even this leaves nothing else to be done.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Elsewhere that is the system's to forbid.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep_from_dumps() {}
