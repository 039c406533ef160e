//! Where a person opens a contact in a browser: a web address with `{id}` in it, and `{location}` on GHL's side.

use super::value::Found;
use crate::record::Side;

/// A web address with places for a contact's id and its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// The CRM's own app; nothing for the embedded ones, which have none.
    pub(super) fn usual(side: Side, sandbox: bool) -> Option<Self> {
        let address = match side {
            Side::Cliengo => "https://app.cliengo.com/contacts/{id}",
            Side::Ghl => "https://app.gohighlevel.com/v2/location/{location}/contacts/detail/{id}",
        };
        (!sandbox).then(|| Self(address.to_owned()))
    }

    /// Reads an address from the configuration.
    pub(super) fn read(found: &Found<'_>) -> Option<Self> {
        let text = found.text()?;
        let filled = text.replace("{location}", "L").replace("{id}", "I");
        let is_web = reqwest::Url::parse(&filled)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.username().is_empty());
        if is_web && text.contains("{id}") && !filled.contains(['{', '}', '<', '>', '"', ' ']) {
            return Some(Self(text.to_owned()));
        }
        found.expect("a web address with {id} in the place of the contact's id, such as \"https://app.example.com/contacts/{id}\"")
    }

    /// The address of one contact.
    #[must_use]
    pub fn of(&self, location: &str, id: &str) -> String {
        self.0.replace("{location}", &segment(location)).replace("{id}", &segment(id))
    }
}

/// An id as a part of an address: whatever is no plain letter is percent-encoded.
fn segment(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_the_address() {
        let url = WebUrl("https://app.example.com/{location}/{id}".to_owned());
        assert_eq!(url.of("Loc_1", "a/../b?c#d\"é"), "https://app.example.com/Loc_1/a%2F..%2Fb%3Fc%23d%22%C3%A9");
    }
}
