//! The two CRMs, and ids that know whose they are.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One of the two CRMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Cliengo, the chatbot CRM.
    Cliengo,
    /// GoHighLevel.
    Ghl,
}

impl Side {
    /// Both sides, in the order every listing and report uses.
    pub const BOTH: [Side; 2] = [Side::Cliengo, Side::Ghl];

    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Cliengo => Side::Ghl,
            Side::Ghl => Side::Cliengo,
        }
    }

    /// The name used in files and JSON: `cliengo` or `ghl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Cliengo => "cliengo",
            Side::Ghl => "ghl",
        }
    }

    /// The name people use: `Cliengo` or `GHL`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Side::Cliengo => "Cliengo",
            Side::Ghl => "GHL",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One `T` for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Both<T> {
    /// Cliengo's.
    pub cliengo: T,
    /// GHL's.
    pub ghl: T,
}

impl<T> Both<T> {
    /// Builds both from one function.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self { cliengo: make(Side::Cliengo), ghl: make(Side::Ghl) }
    }

    /// The one of `side`.
    #[must_use]
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Cliengo => &self.cliengo,
            Side::Ghl => &self.ghl,
        }
    }

    /// The one of `side`, to change.
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Cliengo => &mut self.cliengo,
            Side::Ghl => &mut self.ghl,
        }
    }
}

/// An id that one CRM gave, typed by that CRM, so that it cannot reach the other one. Its copies are one text.
pub trait RemoteId: Clone + fmt::Debug + fmt::Display + Eq + Ord + std::hash::Hash + Send + Sync + 'static {
    /// Whose id it is.
    const SIDE: Side;
    /// Wraps the id as it stands on the wire.
    fn new(raw: impl Into<String>) -> Self;
    /// The id as it stands on the wire.
    fn as_str(&self) -> &str;
    /// This side's id among `ids`.
    fn of(ids: &Ids) -> Option<&Self>;
    /// The id, tagged with its side at run time.
    fn tagged(self) -> SideId;
}

macro_rules! remote_id {
    ($name:ident, $side:expr, $field:ident, $variant:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl RemoteId for $name {
            const SIDE: Side = $side;
            fn new(raw: impl Into<String>) -> Self {
                Self(raw.into().into())
            }
            fn as_str(&self) -> &str {
                &self.0
            }
            fn of(ids: &Ids) -> Option<&Self> {
                ids.$field.as_ref()
            }
            fn tagged(self) -> SideId {
                SideId::$variant(self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

remote_id!(CliengoId, Side::Cliengo, cliengo, Cliengo, "An id that Cliengo gave.");
remote_id!(GhlId, Side::Ghl, ghl, Ghl, "An id that GHL gave.");

/// An id of either CRM that still knows whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SideId {
    /// Cliengo's.
    Cliengo(CliengoId),
    /// GHL's.
    Ghl(GhlId),
}

impl SideId {
    /// Tags an id read back from our own store.
    #[must_use]
    pub fn new(side: Side, raw: impl Into<String>) -> Self {
        match side {
            Side::Cliengo => Self::Cliengo(CliengoId::new(raw)),
            Side::Ghl => Self::Ghl(GhlId::new(raw)),
        }
    }

    /// Whose id it is.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::Cliengo(_) => Side::Cliengo,
            Self::Ghl(_) => Side::Ghl,
        }
    }

    /// The id as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cliengo(id) => id.as_str(),
            Self::Ghl(id) => id.as_str(),
        }
    }
}

impl fmt::Display for SideId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a link counts as: several Cliengo contacts may be one person of GHL's. (`semantics` 5)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The one that is kept alike.
    #[default]
    Primary,
    /// A further Cliengo contact of the same person: nothing is written to it, nor because of it.
    Secondary,
}

impl Role {
    /// The name used in the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

/// The ids one linked record has on each side; a side where it does not exist (yet) has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ids {
    /// Cliengo's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cliengo: Option<CliengoId>,
    /// GHL's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ghl: Option<GhlId>,
}

impl Ids {
    /// The ids of a record that stands on one side only.
    #[must_use]
    pub fn one(id: SideId) -> Self {
        let mut ids = Self::default();
        ids.insert(id);
        ids
    }

    /// Sets the id of the side that gave it.
    pub fn insert(&mut self, id: SideId) {
        match id {
            SideId::Cliengo(id) => self.cliengo = Some(id),
            SideId::Ghl(id) => self.ghl = Some(id),
        }
    }

    /// Sets the ids of the sides that gave them.
    pub fn extend(&mut self, ids: impl IntoIterator<Item = SideId>) {
        ids.into_iter().for_each(|id| self.insert(id));
    }

    /// The id of `side`, as text.
    #[must_use]
    pub fn of(&self, side: Side) -> Option<&str> {
        match side {
            Side::Cliengo => self.cliengo.as_ref().map(RemoteId::as_str),
            Side::Ghl => self.ghl.as_ref().map(RemoteId::as_str),
        }
    }

    /// The id of `side`, tagged.
    #[must_use]
    pub fn tagged(&self, side: Side) -> Option<SideId> {
        match side {
            Side::Cliengo => self.cliengo.clone().map(SideId::Cliengo),
            Side::Ghl => self.ghl.clone().map(SideId::Ghl),
        }
    }
}
