//! `[pair.NAME.scope]`: who takes part. It filters what is written, never what is listed or matched. (`semantics` 11)

use jiff::civil::Date;
use serde::Serialize;

use super::map::Fields;
use super::policy::Direction;
use super::reader::Table;
use super::value::Found;
use crate::record::Side;

/// Who takes part; everybody where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Cliengo contacts of these websites only.
    pub cliengo_websites: Vec<String>,
    /// Cliengo contacts of these statuses only, in any case.
    pub cliengo_statuses: Vec<String>,
    /// GHL contacts of this business only.
    pub ghl_business_id: Option<String>,
    /// GHL contacts with at least one of these tags only. What is created there gets the first of them.
    pub ghl_tags: Vec<String>,
    /// Contacts created on this day (UTC) or later only.
    pub since: Option<Date>,
}

impl Scope {
    /// Whether contacts of this status of Cliengo's take part.
    #[must_use]
    pub fn takes_status(&self, status: &str) -> bool {
        let status = status.trim();
        self.cliengo_statuses.iter().any(|one| one.trim().eq_ignore_ascii_case(status))
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the table, and refuses a scope that a create could not satisfy.
pub(super) fn read(mut table: Table<'_>, website: Option<&str>, direction: Direction, fields: &Fields) -> Scope {
    let scope = Scope {
        cliengo_websites: table
            .read("cliengo_websites", |found| websites(found, website, direction))
            .unwrap_or_default(),
        cliengo_statuses: table
            .read("cliengo_statuses", |found| statuses(found, direction, fields))
            .unwrap_or_default(),
        ghl_business_id: table.read("ghl_business_id", |found| business(found, direction)),
        ghl_tags: table.read("ghl_tags", listed).unwrap_or_default(),
        since: table.read("since", |found| match found.text()?.parse::<Date>() {
            Ok(date) => Some(date),
            Err(_) => found.expect("a date such as \"2024-01-01\""),
        }),
    };
    table.finish();
    scope
}

fn listed(found: &Found<'_>) -> Option<Vec<String>> {
    let texts = found.texts()?;
    if texts.is_empty() {
        return found.expect("a list of at least one; leave the key out to take everybody");
    }
    Some(texts.into_iter().map(str::to_owned).collect())
}

fn websites(found: &Found<'_>, website: Option<&str>, direction: Direction) -> Option<Vec<String>> {
    let websites = listed(found)?;
    if let Some(website) =
        website.filter(|website| direction.writes(Side::Cliengo) && !websites.iter().any(|one| one == website))
    {
        found.reject(
            &format!(
                "does not hold cliengo.website_id ({website:?}): what is created there would be outside the scope"
            ),
            "add it to the list, or create under one of these websites",
        );
        return None;
    }
    Some(websites)
}

/// What Cliengo gives to a contact that is created there (`Cliengo API notes, 2.5`).
const NEW: &str = "NEW";

fn statuses(found: &Found<'_>, direction: Direction, fields: &Fields) -> Option<Vec<String>> {
    let statuses = listed(found)?;
    if fields.writes_in_cliengo("status") {
        found.reject(
            "does not go with a [[map]] that writes Cliengo's status: whoever gets another one would leave the scope by it",
            "add direction = \"to_ghl\" to that map, or leave the key out",
        );
        return None;
    }
    if direction.writes(Side::Cliengo) && !statuses.iter().any(|status| status.trim().eq_ignore_ascii_case(NEW)) {
        found.reject(
            &format!("does not hold {NEW:?}: what is created there would be outside the scope"),
            "add it to the list, or let contacts go to GHL only (contacts.direction = \"to_ghl\")",
        );
        return None;
    }
    Some(statuses)
}

fn business(found: &Found<'_>, direction: Direction) -> Option<String> {
    let business = found.text()?;
    if direction.writes(Side::Ghl) {
        found.reject(
            "needs contacts.direction = \"to_cliengo\": GHL's create request takes no business, so what is created there \
             would be outside the scope",
            "use ghl_tags, or let contacts go to Cliengo only",
        );
        return None;
    }
    Some(business.to_owned())
}
