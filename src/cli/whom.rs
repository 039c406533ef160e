//! Whom a command line names: by id, e-mail or phone. What can be none of these is refused before anybody is asked.

use super::usage::Usage;
use crate::crm::is_id;
use crate::record::canonical_email;

/// Refuses what can be nobody.
pub(super) fn check(names: &[String]) -> Result<(), Usage> {
    names.iter().find_map(|name| objection(name)).map_or(Ok(()), Err)
}

fn objection(name: &str) -> Option<Usage> {
    let (trimmed, refused) = (name.trim(), |message: String| {
        let hint = "who is linked, with their ids: concord links list".to_owned();
        Some(Usage { message, hint })
    });
    if trimmed.is_empty() {
        return refused("an id, an e-mail or a phone is missing: the text is empty".to_owned());
    }
    if is_email(trimmed) || is_phone(trimmed) || is_id(trimmed) {
        return None;
    }
    refused(format!("{name:?} is no id, e-mail or phone; names are not searched"))
}

fn is_email(name: &str) -> bool {
    let email = canonical_email(name);
    let parts = email.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()) && !email.contains(char::is_whitespace)
}

/// Digits as people write them; how many make a phone is for the country to say.
fn is_phone(name: &str) -> bool {
    name.chars().any(|letter| letter.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_digit() || " +-().".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_nobody_is_refused_before_a_request() {
        for name in ["", " ", "Agustín", "Agustín López", "../../etc", "a/b?c=d", "*", "@", "ana@", "..", "a b"] {
            assert!(objection(name).is_some(), "{name}");
        }
        for name in
            ["64b0c1", "C0oE-1", "ana@acme.example", "Ana <ana@acme.example>", "+54 9 11 3326-1332", "(11) 4444.5555"]
        {
            assert!(objection(name).is_none(), "{name}");
        }
    }
}
