//! A contact that GHL has no more, and what tells whether somebody merged it into another one. (`semantics` 10)

use crate::record::{Fields, Kind, Record, Role, Side, SideId};

/// What is known of a linked contact that GHL does not have any more.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    /// The links of its tasks and notes, each with the contact that it stands under tonight, where it is listed under its id.
    pub children: Vec<(i64, Option<SideId>)>,
    /// The contact that GHL answered with when it was asked for the lost one.
    pub led_to: Option<SideId>,
    /// The listed contacts that may be what became of it: who has its e-mail or phone, or was answered instead.
    pub survivors: Vec<Survivor>,
}

/// A contact that another one may have been merged into.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// Its id.
    pub id: SideId,
    /// As it is.
    pub record: Record,
    /// Whether it has a live link of its own. One that sleeps, or whose other half is gone, is no survivor.
    pub is_linked: bool,
}

/// A task or note that is linked under a contact that may be gone, or is.
#[derive(Clone, Debug)]
pub struct Astray {
    /// What it is.
    pub kind: Kind,
    /// As its side last said it.
    pub base: Record,
}

/// A link that follows its contact into the one that it was merged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The link.
    pub link: i64,
    /// The contact that is gone.
    pub from: SideId,
    /// The links of tasks and notes that came along under another id, each with that id.
    pub renewed: Vec<(i64, SideId)>,
}

/// What an undo needs to put such a link back.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MovedFrom {
    /// GHL's contact that is gone.
    pub ghl: String,
    /// What the link counted as.
    pub role: Role,
    /// What GHL's half last agreed on.
    pub base: Fields,
    /// The further Cliengo contacts of that person, by their links, which went along.
    pub secondaries: Vec<i64>,
}

/// That a linked contact seemed to be merged into another one. The snapshot remembers it, whatever later nights can see.
/// (`semantics` 10)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeemedMerged {
    /// The link of the contact that is gone.
    pub link: i64,
    /// The other one.
    pub into: SideId,
}

impl SeemedMerged {
    /// As it is remembered.
    #[must_use]
    pub fn stored(&self) -> String {
        format!("merged:{}:{}:{}", self.link, self.into.side(), self.into.as_str())
    }

    /// One that is remembered; `None` where something else is.
    #[must_use]
    pub fn read(stored: &str) -> Option<Self> {
        let (link, into) = stored.strip_prefix("merged:")?.split_once(':')?;
        let (side, id) = into.split_once(':')?;
        let side = Side::BOTH.into_iter().find(|known| known.as_str() == side)?;
        Some(Self { link: link.parse().ok()?, into: SideId::new(side, id) })
    }
}
