//! What an operation settles, as it stands in the journal: one flat form, which every version has read and written.

use serde::{Deserialize, Serialize};

use super::{LinkRef, Making, Remade, Settle, TagDelta, Tagging, Updating};
use crate::record::{Both, Enrolment, Fields, Projection, Role, Side};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Stored {
    link: Option<LinkRef>,
    parent: Option<LinkRef>,
    #[serde(rename = "shadows")]
    bases: Both<Fields>,
    tags: TagDelta,
    retires: Option<i64>,
    keeps: Option<Side>,
    #[serde(default)]
    outside: bool,
    #[serde(default)]
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    projects: Option<Box<Projection>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enrols: Option<Box<Enrolment>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chosen: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    undoes: Vec<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags_follow: Vec<String>,
}

impl From<Settle> for Stored {
    fn from(settle: Settle) -> Self {
        match settle {
            Settle::Create { made: Making { parent, bases, retires }, chosen, remade } => {
                let (keeps, undoes, tags_follow) = remade.map_or_else(Default::default, |remade| {
                    let Remade { gone, undoes, tags_follow } = *remade;
                    (Some(gone), undoes, tags_follow)
                });
                Self { parent, bases, retires, keeps, chosen, undoes, tags_follow, ..Self::default() }
            }
            Settle::Tell { contact, projects } => {
                Self { parent: Some(contact), projects: Some(projects), ..Self::default() }
            }
            Settle::Update(update) => {
                let Updating { link, bases, chosen, projects, undoes } = *update;
                Self { link, bases, projects, chosen, undoes, ..Self::default() }
            }
            Settle::Tag(tagging) => {
                let Tagging { link, tags, bases, undoes } = *tagging;
                Self { link, bases, tags, undoes, ..Self::default() }
            }
            Settle::Mark { link, gone } => Self { link: Some(link), keeps: Some(gone), ..Self::default() },
            Settle::Delete { link } => Self { link: Some(link), ..Self::default() },
            Settle::Unmake { link, gone, undoes } => Self { link, keeps: Some(gone), undoes, ..Self::default() },
            Settle::Enrol { link, enrolment } => Self { link: Some(link), enrols: Some(enrolment), ..Self::default() },
        }
    }
}

/// Deletes are not read back from the journal, nor is an undo's change: what has a link was written under it.
impl From<Stored> for Settle {
    fn from(stored: Stored) -> Self {
        let Stored { link, parent, bases, tags, retires, keeps, projects, enrols, chosen, undoes, tags_follow, .. } =
            stored;
        match (link, enrols, parent, projects, keeps) {
            (Some(link), Some(enrolment), ..) => Self::Enrol { link, enrolment },
            (Some(link), None, _, _, Some(gone)) => Self::Mark { link, gone },
            (link @ Some(_), None, ..) if !tags.is_empty() => {
                Self::Tag(Box::new(Tagging { link, tags, bases, undoes }))
            }
            (link @ Some(_), None, _, projects, None) => {
                Self::Update(Box::new(Updating { link, bases, chosen, projects, undoes }))
            }
            (None, _, Some(contact), Some(projects), _) => Self::Tell { contact, projects },
            (None, _, parent, _, keeps) => {
                let remade = keeps.map(|gone| Box::new(Remade { gone, undoes, tags_follow }));
                Self::Create { made: Making { parent, bases, retires }, chosen, remade }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Effect, Facet, Field, Value};

    fn stored(settle: &Settle) -> serde_json::Value {
        serde_json::to_value(settle).unwrap()
    }

    #[test]
    fn what_the_journal_holds_is_read_as_it_was_written() {
        let link = LinkRef::Existing(7);
        let projects = || Box::new(Projection { facet: Facet::Task, task: "t1".to_owned(), said: "Llamar".to_owned() });
        let bases = Both { cliengo: Fields::from([(Field::Name, Value::line("Ana"))]), ghl: Fields::new() };
        let made = Making { parent: Some(link), bases: bases.clone(), retires: Some(3) };
        let remade = Remade { gone: Side::Ghl, undoes: vec![4], tags_follow: vec!["vip".to_owned()] };
        let tags = TagDelta { added: vec!["vip".to_owned()], removed: Vec::new() };
        let contact = crate::record::SideId::new(crate::record::Side::Cliengo, "c1");
        let enrolment = Box::new(Enrolment::of(&contact, Effect::Tag("hot".to_owned())));
        for settle in [
            Settle::create(made.clone()),
            Settle::Create { made: made.clone(), chosen: vec!["a1".to_owned()], remade: None },
            Settle::Create { made, chosen: Vec::new(), remade: Some(Box::new(remade)) },
            Settle::Tell { contact: link, projects: projects() },
            Settle::Update(Box::new(Updating {
                link: Some(link),
                bases: bases.clone(),
                chosen: vec!["a1".to_owned()],
                projects: Some(projects()),
                undoes: Vec::new(),
            })),
            Settle::Tag(Box::new(Tagging { link: Some(link), tags, bases: Both::default(), undoes: Vec::new() })),
            Settle::Mark { link, gone: Side::Cliengo },
            Settle::Enrol { link, enrolment },
        ] {
            assert_eq!(serde_json::from_value::<Settle>(stored(&settle)).unwrap(), settle, "{}", stored(&settle));
        }
    }

    #[test]
    fn a_delete_stands_in_the_journal_with_its_link_and_what_it_takes_back() {
        let link = LinkRef::Existing(7);
        let deleted = stored(&Settle::Delete { link });
        assert_eq!(
            (&deleted["link"], &deleted["keeps"]),
            (&serde_json::json!({ "existing": 7 }), &serde_json::Value::Null)
        );
        let unmade = stored(&Settle::Unmake { link: Some(link), gone: Side::Ghl, undoes: vec![4] });
        let [link, keeps, undoes] = ["link", "keeps", "undoes"].map(|key| unmade[key].to_string());
        assert_eq!([link.as_str(), &keeps, &undoes], [r#"{"existing":7}"#, r#""ghl""#, "[4]"]);
    }

    #[test]
    fn the_form_in_the_journal_is_the_one_that_earlier_versions_wrote() {
        let settle = Settle::Mark { link: LinkRef::Existing(7), gone: Side::Ghl };
        let both = r#"{"cliengo":{},"ghl":{}}"#;
        let form = format!(
            r#"{{"link":{{"existing":7}},"parent":null,"shadows":{both},"tags":{{"added":[],"removed":[]}},"retires":null,"keeps":"ghl","outside":false,"role":"primary"}}"#
        );
        assert_eq!(serde_json::to_string(&settle).unwrap(), form);
        let older = format!(
            r#"{{"link":null,"parent":{{"existing":2}},"shadows":{both},"tags":{{"added":[],"removed":[]}},"retires":null,"keeps":null}}"#
        );
        let made = Making { parent: Some(LinkRef::Existing(2)), ..Making::default() };
        assert_eq!(serde_json::from_str::<Settle>(&older).unwrap(), Settle::create(made));
    }
}
