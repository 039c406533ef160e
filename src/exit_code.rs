//! Exit codes, stable: scripts and schedulers act on them alone.

/// Done, or shown.
pub const DONE: u8 = 0;
/// Failed: nothing or not all could be attempted.
pub const FAILED: u8 = 1;
/// Operations are pending (`plan --detailed-exitcode`).
pub const PENDING: u8 = 2;
/// Finished, but a person is needed, or something did not get through.
pub const PERSON: u8 = 3;
/// Refused by a guard; nothing was written.
pub const REFUSED: u8 = 4;
/// The saved plan is stale; nothing was written.
pub const STALE: u8 = 5;
/// The configuration or the command line is wrong; no request was made.
pub const CONFIGURATION: u8 = 10;
/// Another run holds the lock.
pub const LOCKED: u8 = 11;
/// A CRM refused the credentials.
pub const CREDENTIALS: u8 = 12;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;

/// All of them, the most serious first (contract, exit codes).
pub const MOST_SERIOUS_FIRST: [u8; 10] =
    [INTERRUPTED, FAILED, CREDENTIALS, CONFIGURATION, LOCKED, STALE, REFUSED, PERSON, PENDING, DONE];

/// Of several pairs' exit codes, the one that counts.
#[must_use]
pub fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    codes.min_by_key(|code| rank(*code)).unwrap_or(DONE)
}

/// Its place among all of them, the most serious first.
#[must_use]
pub fn rank(code: u8) -> usize {
    MOST_SERIOUS_FIRST.iter().position(|known| *known == code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Watches: I50.
    #[test]
    fn of_several_exit_codes_the_most_serious_counts() {
        assert_eq!(worst([0, 3, 2].into_iter()), 3);
        assert_eq!(worst([0, 12, 1].into_iter()), 1);
        assert_eq!(worst([4, 130].into_iter()), 130);
        assert_eq!(worst([].into_iter()), 0);
    }
}
