//! What the snapshot takes when an operation was applied. The written fields of the written side come from the CRM's answer;
//! everything else that moves stands here, in the shape of what is done.

mod stored;

use serde::{Deserialize, Serialize};

use crate::record::{Both, Enrolment, Field, Fields, Projection, Record, Side, Tags, Value};
use stored::Stored;

/// A link that exists, or that an operation of the same plan makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkRef {
    /// This link.
    Existing(i64),
    /// The one that operation `n` makes.
    MadeBy(u32),
}

/// A link that is made: of two records that exist, or of one and of what is created for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Making {
    /// The link of its contact, where it is a task's or a note's.
    pub parent: Option<LinkRef>,
    /// Fields that become each side's base.
    pub bases: Both<Fields>,
    /// The link that a recreated record leaves behind.
    pub retires: Option<i64>,
}

/// What an undo makes again: the other half is gone, and its link is kept so.
#[derive(Clone, Debug, PartialEq)]
pub struct Remade {
    /// The side on which nobody is any more.
    pub gone: Side,
    /// The undo records that it takes back.
    pub undoes: Vec<i64>,
    /// Tags that follow in an operation of their own: only that one takes the undo records back.
    pub tags_follow: Vec<String>,
}

/// Fields that are written under a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Updating {
    /// Its link. An undo may write to what has none any more.
    pub link: Option<LinkRef>,
    /// Fields that become each side's base.
    pub bases: Both<Fields>,
    /// The conflicts whose chosen value it writes.
    pub chosen: Vec<String>,
    /// The due date that Cliengo is told with it.
    pub projects: Option<Box<Projection>>,
    /// The undo records of an earlier run that it takes back: the other side has no part in it.
    pub undoes: Vec<i64>,
}

/// Tags that are added and removed under a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tagging {
    /// Its link. An undo may write to what has none any more.
    pub link: Option<LinkRef>,
    /// Tags that both bases gain and lose: deltas, so that a tag that someone adds meanwhile stays news.
    pub tags: TagDelta,
    /// The tags that become the other side's base.
    pub bases: Both<Fields>,
    /// As of an update.
    pub undoes: Vec<i64>,
}

/// What the snapshot takes of a write, by what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum Settle {
    /// A record is created, and a link is made of both.
    Create {
        /// The link.
        made: Making,
        /// The conflicts whose chosen value it writes.
        chosen: Vec<String>,
        /// An undo makes it again.
        remade: Option<Box<Remade>>,
    },
    /// A note tells of something: it gets no link of its own.
    Tell {
        /// The link of its contact.
        contact: LinkRef,
        /// What it tells.
        projects: Box<Projection>,
    },
    /// Fields are written.
    Update(Box<Updating>),
    /// Tags are added and removed.
    Tag(Box<Tagging>),
    /// The survivor of a link is marked, and stays.
    Mark {
        /// The link.
        link: LinkRef,
        /// The side whose half is gone.
        gone: Side,
    },
    /// A record is removed, and its link ends.
    Delete {
        /// The link.
        link: LinkRef,
    },
    /// An undo removes what its run made. The source is there still: the link is kept without this half.
    Unmake {
        /// The link, where there is one still.
        link: Option<LinkRef>,
        /// The side that it is removed from.
        gone: Side,
        /// The undo records that it takes back.
        undoes: Vec<i64>,
    },
    /// A contact is put into something: written down for ever.
    Enrol {
        /// Its link.
        link: LinkRef,
        /// What it is put into.
        enrolment: Box<Enrolment>,
    },
}

impl Settle {
    /// Of what is created, with what both bases take.
    #[must_use]
    pub const fn create(made: Making) -> Self {
        Self::Create { made, chosen: Vec::new(), remade: None }
    }

    /// Of fields that are written under a link.
    #[must_use]
    pub fn update(link: LinkRef) -> Self {
        Self::Update(Box::new(Updating { link: Some(link), ..Updating::default() }))
    }

    /// The link that it is under, of what makes none.
    #[must_use]
    pub fn link(&self) -> Option<LinkRef> {
        match self {
            Self::Create { .. } | Self::Tell { .. } => None,
            Self::Update(update) => update.link,
            Self::Tag(tagging) => tagging.link,
            Self::Mark { link, .. } | Self::Delete { link } | Self::Enrol { link, .. } => Some(*link),
            Self::Unmake { link, .. } => *link,
        }
    }

    /// The link of its contact.
    #[must_use]
    pub fn parent(&self) -> Option<LinkRef> {
        match self {
            Self::Create { made, .. } => made.parent,
            Self::Tell { contact, .. } => Some(*contact),
            _ => None,
        }
    }

    /// All links that it names.
    pub fn links_mut(&mut self) -> impl Iterator<Item = &mut LinkRef> {
        let named = match self {
            Self::Create { made, .. } => made.parent.as_mut(),
            Self::Tell { contact, .. } => Some(contact),
            Self::Update(update) => update.link.as_mut(),
            Self::Tag(tagging) => tagging.link.as_mut(),
            Self::Mark { link, .. } | Self::Delete { link } | Self::Enrol { link, .. } => Some(link),
            Self::Unmake { link, .. } => link.as_mut(),
        };
        named.into_iter()
    }

    /// Fields that become each side's base, where any do.
    #[must_use]
    pub fn bases(&self) -> Option<&Both<Fields>> {
        match self {
            Self::Create { made, .. } => Some(&made.bases),
            Self::Update(update) => Some(&update.bases),
            Self::Tag(tagging) => Some(&tagging.bases),
            Self::Tell { .. } | Self::Mark { .. } | Self::Delete { .. } | Self::Unmake { .. } | Self::Enrol { .. } => {
                None
            }
        }
    }

    /// The same, to be changed.
    pub fn bases_mut(&mut self) -> Option<&mut Both<Fields>> {
        match self {
            Self::Create { made, .. } => Some(&mut made.bases),
            Self::Update(update) => Some(&mut update.bases),
            Self::Tag(tagging) => Some(&mut tagging.bases),
            Self::Tell { .. } | Self::Mark { .. } | Self::Delete { .. } | Self::Unmake { .. } | Self::Enrol { .. } => {
                None
            }
        }
    }

    /// The undo records of an earlier run that it takes back.
    #[must_use]
    pub fn undoes(&self) -> &[i64] {
        match self {
            Self::Create { remade, .. } => remade.as_ref().map(|remade| remade.undoes.as_slice()).unwrap_or_default(),
            Self::Update(update) => &update.undoes,
            Self::Tag(tagging) => &tagging.undoes,
            Self::Unmake { undoes, .. } => undoes,
            Self::Tell { .. } | Self::Mark { .. } | Self::Delete { .. } | Self::Enrol { .. } => &[],
        }
    }

    /// The conflicts whose chosen value it writes.
    #[must_use]
    pub fn chosen(&self) -> &[String] {
        match self {
            Self::Create { chosen, .. } => chosen,
            Self::Update(update) => &update.chosen,
            _ => &[],
        }
    }

    /// What Cliengo or GHL is told with it.
    #[must_use]
    pub fn projects(&self) -> Option<&Projection> {
        match self {
            Self::Tell { projects, .. } => Some(projects),
            Self::Update(update) => update.projects.as_deref(),
            _ => None,
        }
    }

    /// What the contact is put into.
    #[must_use]
    pub fn enrols(&self) -> Option<&Enrolment> {
        if let Self::Enrol { enrolment, .. } = self { Some(enrolment) } else { None }
    }

    /// Tags that follow in an operation of their own.
    #[must_use]
    pub fn tags_follow(&self) -> &[String] {
        match self {
            Self::Create { remade: Some(remade), .. } => &remade.tags_follow,
            _ => &[],
        }
    }
}

/// Tags added and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagDelta {
    /// Added.
    pub added: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
}

impl TagDelta {
    /// Whether nothing is added and nothing removed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Whether an answer that tells the tags shows every one of these as it was sent.
    #[must_use]
    pub fn were_kept(&self, answer: &Record) -> bool {
        let tags = match answer.get(&Field::Tags) {
            Some(Value::Tags(tags)) => tags.clone(),
            Some(Value::Empty) => Tags::default(),
            _ => return true,
        };
        self.added.iter().all(|tag| tags.contains(tag)) && !self.removed.iter().any(|tag| tags.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_whether_every_tag_was_kept_as_it_was_sent() {
        let told = |added: &[&str], removed: &[&str], answer: Option<&[&str]>| {
            let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
            let shown = answer.map(|tags| Value::tags(tags.iter().collect::<Tags>()));
            let answer = shown.map_or_else(Record::default, |tags| Record::default().with(Field::Tags, tags));
            TagDelta { added: owned(added), removed: owned(removed) }.were_kept(&answer)
        };
        assert!(told(&["vip"], &["old"], Some(&["vip", "other"])));
        assert!(!told(&["vip", "new"], &[], Some(&["vip"])), "one was not taken");
        assert!(!told(&["vip"], &["old"], Some(&["vip", "old"])), "one was not given up");
        assert!(!told(&["vip"], &[], Some(&[])), "none is there");
        assert!(told(&[], &["old"], Some(&[])));
        assert!(told(&["vip"], &["old"], None), "an answer without tags says nothing");
    }

    #[test]
    fn what_is_written_names_its_link_its_contact_and_what_becomes_base() {
        let link = LinkRef::Existing(7);
        assert_eq!(Settle::update(link).link(), Some(link));
        let projects =
            Projection { facet: crate::record::Facet::Task, task: "t1".to_owned(), said: "Llamar".to_owned() };
        assert_eq!(Settle::Tell { contact: link, projects: Box::new(projects) }.parent(), Some(link));
        let name = || Fields::from([(Field::Name, Value::line("Ana"))]);
        let mut settles = [Settle::create(Making::default()), Settle::update(link), Settle::Tag(Box::default())];
        for settle in &mut settles {
            settle.bases_mut().unwrap().ghl = name();
            assert_eq!(settle.bases().unwrap().ghl, name());
        }
        assert_eq!(Settle::Delete { link }.bases_mut(), None);
    }
}
