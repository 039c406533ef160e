//! What the commands take that settle what waits for a person: `conflicts`, `quarantine`, `links`.

use clap::{Args, Subcommand};

use super::Format;
use crate::record::{Kind, Side};

/// `held`
#[derive(Debug, Args)]
pub(in crate::cli) struct HeldOptions {
    #[command(subcommand)]
    pub command: Option<HeldCommand>,
    /// The form of the result
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
}

/// What is done with what waits.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HeldCommand {
    /// Everything that needs a person, as of the last run
    List,
    /// One person, with both sides next to each other
    Show {
        /// The id of one of the person's records
        #[arg(value_name = "ID")]
        id: String,
    },
    /// You know of it: it no longer makes exit code 3, until its content changes
    Ack {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Only until this day, such as 2027-01-31
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        /// What is to be remembered with it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// A create that got no answer was not done: the next sync does it
    Retry {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// It is new again
    Unack {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
}

/// `conflicts`
#[derive(Debug, Args)]
pub(in crate::cli) struct ConflictsOptions {
    #[command(subcommand)]
    pub command: Option<ConflictsCommand>,
    /// The form of the result
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
}

/// What is done with conflicts.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConflictsCommand {
    /// Those that wait
    List,
    /// One of them, in full
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Choose a value, on a terminal by a question; shows what the next sync writes
    Resolve {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// The side whose value is taken: cliengo or ghl
        #[arg(long, value_name = "SIDE", value_parser = side)]
        take: Option<Side>,
        /// A value of your own, for both sides
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "take")]
        value: Option<String>,
        /// Show what would be written; nothing is chosen
        #[arg(long)]
        dry_run: bool,
    },
}

/// `quarantine`
#[derive(Debug, Args)]
pub(in crate::cli) struct QuarantineOptions {
    #[command(subcommand)]
    pub command: Option<QuarantineCommand>,
    /// The form of the result
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
}

/// What is done with operations that keep failing.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum QuarantineCommand {
    /// All of them, with what the CRM said
    List,
    /// Let the next sync try again
    Retry {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Give up: nothing is said of it until the record changes
    Drop {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
}

/// `links`
#[derive(Debug, Args)]
pub(in crate::cli) struct LinksOptions {
    #[command(subcommand)]
    pub command: Option<LinksCommand>,
    /// The form of the result
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
}

/// What is done with links. An ID is a link's number, or a record's id in either CRM.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LinksCommand {
    /// All of them
    List {
        /// Only these: contact, task or note
        #[arg(long, value_parser = kind)]
        kind: Option<Kind>,
    },
    /// One link: what was last agreed on both sides, and what hangs under it
    Show {
        /// The link's number, or a record's id in either CRM, or a contact's e-mail
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Link two records that are one, and see what the next sync will do
    Add {
        /// Cliengo's id
        #[arg(value_name = "CLIENGO_ID")]
        cliengo: String,
        /// GHL's id
        #[arg(value_name = "GHL_ID")]
        ghl: String,
        /// What they are: contact, task or note
        #[arg(long, value_parser = kind, default_value = "contact")]
        kind: Kind,
        /// For tasks and notes: their contact's link, or its id in either CRM
        #[arg(long, value_name = "ID")]
        contact: Option<String>,
        /// Show what the next sync would do with them; nothing is linked
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove a link; nothing is deleted, and the two are kept separate
    Remove {
        /// The link's number, or a record's id in either CRM, or a contact's e-mail
        #[arg(value_name = "ID")]
        id: String,
        /// With Cliengo's id before it: GHL's id of a contact that it is not, although they share a phone
        #[arg(value_name = "GHL_ID")]
        ghl: Option<String>,
    },
    /// Start a person afresh: link and base go, both records stay
    Forget {
        /// The number of the contact's link, or the contact's id in either CRM
        #[arg(value_name = "ID")]
        id: String,
        /// Keep nothing of this person here, and take them in never again: history and journal are emptied too
        #[arg(long)]
        for_good: bool,
        /// Show what would go; nothing is changed
        #[arg(long, conflicts_with = "for_good")]
        dry_run: bool,
    },
}

fn side(given: &str) -> Result<Side, String> {
    let found = Side::BOTH.into_iter().find(|side| side.as_str() == given);
    found.ok_or_else(|| "one of cliengo, ghl; a value of your own is given with --value".to_owned())
}

fn kind(given: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == given);
    found.ok_or_else(|| "one of contact, task, note".to_owned())
}
