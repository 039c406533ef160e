//! What Cliengo, where it keeps no tasks, is told of GHL's. (`semantics` 27)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What Cliengo is told of a contact's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// That there is this task.
    Task,
    /// That it is done.
    Done,
    /// When the earliest of the open ones is due.
    Due,
    /// An appointment of GHL's.
    Appointment,
    /// A day of talk in Cliengo.
    Talk,
    /// Where a lead came from.
    Lead,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Task, Self::Done, Self::Due, Self::Appointment, Self::Talk, Self::Lead];

    /// The name used in the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Done => "done",
            Self::Due => "due",
            Self::Appointment => "appointment",
            Self::Talk => "talk",
            Self::Lead => "lead",
        }
    }
}

/// Something that happened with a contact on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What it is.
    pub facet: Facet,
    /// Its id, or its day.
    pub id: String,
    /// What there is to tell of it.
    pub words: String,
}

/// Something that Cliengo was told of a contact's tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// What it is.
    pub facet: Facet,
    /// The task; none for `Due`, which is about all of them.
    pub task: String,
    /// The words, or the date.
    pub said: String,
}

/// What Cliengo was told, by what and of which task.
pub type Told = BTreeMap<(Facet, String), String>;

/// What stands between an id and the number of what was told of it earlier, in a note that stands still.
const EARLIER: char = '\u{1f}';

impl Projection {
    /// What was told of the same thing until now, kept beside what is told of it from now on.
    #[must_use]
    pub fn earlier(told: &Told, facet: Facet, id: &str, said: &str) -> Self {
        let count = all_told(told, facet, id).count();
        Self { facet, task: format!("{id}{EARLIER}{count}"), said: said.to_owned() }
    }
}

/// All that was told of a thing, now and earlier.
pub fn all_told<'a>(told: &'a Told, facet: Facet, id: &'a str) -> impl Iterator<Item = &'a str> {
    let is_it = move |of: &str| of.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with(EARLIER));
    told.iter().filter(move |((of, key), _)| *of == facet && is_it(key)).map(|(_, said)| said.as_str())
}

/// The id of the thing that a key of [`Told`] is about.
#[must_use]
pub fn id_told_of(key: &str) -> &str {
    key.split(EARLIER).next().unwrap_or_default()
}
