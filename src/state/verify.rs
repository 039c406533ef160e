//! Whether the state is what it must be: SQLite's own check, and what always holds of links. (I15)

use std::collections::BTreeSet;

use super::body::Body;
use super::column::side_of;
use super::{State, StateError};
use crate::record::{MatchKey, Role, Side};

/// How many of one sort are said; the rest is counted.
const SAID: usize = 3;

/// What must find nothing: what it would mean, and the ids that it concerns.
const NEVER: [(&str, &str); 9] = [
    (
        "a Cliengo id stands in more than one link",
        "SELECT kind || ' ' || cliengo_id FROM link WHERE cliengo_id IS NOT NULL AND status <> 'retired'
         GROUP BY kind, cliengo_id HAVING count(*) > 1",
    ),
    (
        "a GHL id stands in more than one primary link",
        "SELECT kind || ' ' || ghl_id FROM link WHERE ghl_id IS NOT NULL AND role = 'primary' AND status <> 'retired'
         GROUP BY kind, ghl_id HAVING count(*) > 1",
    ),
    (
        "a live link lacks one of its ids",
        "SELECT 'link ' || id FROM link WHERE status = 'live' AND (cliengo_id IS NULL OR ghl_id IS NULL)",
    ),
    (
        "a task or note is linked under no contact",
        "SELECT 'link ' || link.id FROM link LEFT JOIN link parent ON parent.id = link.parent
         WHERE link.kind <> 'contact' AND link.status <> 'retired'
           AND (parent.id IS NULL OR parent.kind <> 'contact' OR parent.status = 'retired')",
    ),
    (
        "a contact is linked under another record",
        "SELECT 'link ' || id FROM link WHERE kind = 'contact' AND parent IS NOT NULL",
    ),
    (
        "a live link lacks a base",
        "SELECT 'link ' || link.id || ' in ' || side.name FROM link
         JOIN (SELECT 'cliengo' AS name UNION ALL SELECT 'ghl') side
         LEFT JOIN shadow ON shadow.link = link.id AND shadow.side = side.name
         WHERE link.status = 'live' AND (link.role = 'primary' OR side.name = 'cliengo') AND shadow.id IS NULL",
    ),
    (
        "a base is of another record than its link",
        "SELECT 'link ' || link.id || ' in ' || shadow.side FROM shadow JOIN link ON link.id = shadow.link
         WHERE shadow.kind <> link.kind
           OR shadow.remote_id IS NOT CASE shadow.side WHEN 'cliengo' THEN link.cliengo_id ELSE link.ghl_id END",
    ),
    (
        "a base has no body",
        "SELECT 'link ' || shadow.link FROM shadow LEFT JOIN shadow_body ON shadow_body.shadow = shadow.id
         WHERE shadow_body.shadow IS NULL",
    ),
    (
        "a link that is kept for history only still has bases or keys",
        "SELECT 'link ' || id FROM link WHERE status = 'retired'
           AND (id IN (SELECT link FROM shadow) OR id IN (SELECT link FROM match_key))",
    ),
];

impl State {
    /// Checks every page, every reference and everything that always holds of links. What is wrong, in a person's words;
    /// nothing where all is well.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>, StateError> {
        let mut wrong = self.integrity()?;
        if !wrong.is_empty() {
            // What SQLite cannot read, nothing else can be said of.
            return Ok(wrong);
        }
        let mut rows = self.connection.prepare("PRAGMA foreign_key_check")?;
        let orphans: Vec<String> = rows
            .query_map([], |row| {
                Ok(format!("{} row {}", row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or(0)))
            })?
            .collect::<Result<_, _>>()?;
        wrong.extend(said("a row refers to one that is not there", &orphans));
        for (what, sql) in NEVER {
            let mut statement = self.connection.prepare(sql)?;
            let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            wrong.extend(said(what, &found));
        }
        wrong.extend(said("a contact is recognised by other keys than its base has", &self.wrong_keys()?));
        Ok(wrong)
    }

    fn integrity(&self) -> Result<Vec<String>, StateError> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(3)")?;
        let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// The live contacts whose keys in the index are not those of their bases.
    fn wrong_keys(&self) -> Result<Vec<String>, StateError> {
        let mut wrong = Vec::new();
        let mut contacts = self.connection.prepare(
            "SELECT link.id, role, shadow.side, body FROM link JOIN shadow ON shadow.link = link.id
             JOIN shadow_body ON shadow_body.shadow = shadow.id
             WHERE link.kind = 'contact' AND link.status = 'live' ORDER BY link.id",
        )?;
        let mut rows = contacts.query([])?;
        while let Some(row) = rows.next()? {
            let (link, role): (i64, String) = (row.get(0)?, row.get(1)?);
            let (side, body): (String, Body) = (row.get(2)?, row.get(3)?);
            let side = side_of(&side, || format!("base of link {link}"))?;
            if role == Role::Secondary.as_str() && side == Side::Ghl {
                continue;
            }
            let record = body.record()?;
            let of_base: BTreeSet<String> =
                record.match_keys().iter().chain(&record.also).map(MatchKey::indexed).collect();
            if of_base != self.keys_of(link, side)? {
                wrong.push(format!("link {link} in {side}"));
            }
        }
        Ok(wrong)
    }
}

fn said(what: &str, found: &[String]) -> Option<String> {
    let first: Vec<&str> = found.iter().take(SAID).map(String::as_str).collect();
    let more = if found.len() > SAID { format!(" and {} more", found.len() - SAID) } else { String::new() };
    (!found.is_empty()).then(|| format!("{what}: {}{more}", first.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Field, Fields, Ids, Kind, SideId, Value};
    use crate::state::NewLink;

    fn state_with_a_link() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        let mut ids = Ids::one(SideId::new(Side::Cliengo, "c1"));
        ids.insert(SideId::new(Side::Ghl, "g1"));
        let link = NewLink { kind: Kind::Contact, parent: None, ids, run: 1, role: Role::Primary };
        let id = state.add_link(&link).unwrap();
        let row = state.link(id).unwrap().unwrap();
        for side in Side::BOTH {
            let fields = Fields::from([(Field::Email, Value::email("ana@example.com"))]);
            state.settle_base(&row, side, &fields, false).unwrap();
        }
        (folder, state)
    }

    #[test]
    fn every_kind_can_be_linked() {
        let (_folder, state) = state_with_a_link();
        for kind in Kind::CHILDREN {
            let ids = Ids::one(SideId::new(Side::Cliengo, "n1"));
            let link = NewLink { kind, parent: Some(1), ids, run: 1, role: Role::Primary };
            let added = state.add_link(&link);
            assert!(added.is_ok(), "a migration has to let link.kind be {kind}: {added:?}");
        }
    }

    // Watches: I15.
    #[test]
    fn whatever_is_wrong_with_a_link_is_said() {
        for (harm, part) in [
            ("UPDATE link SET ghl_id = NULL", "lacks one of its ids"),
            ("DELETE FROM shadow WHERE side = 'ghl'", "lacks a base"),
            ("UPDATE shadow SET remote_id = 'other' WHERE side = 'cliengo'", "of another record"),
            ("DELETE FROM shadow_body", "has no body"),
            ("UPDATE link SET status = 'retired'", "history only"),
            ("UPDATE match_key SET sides = 1", "other keys"),
            ("INSERT INTO link (kind, cliengo_id, ghl_id) VALUES ('note', 'n1', 'n2')", "under no contact"),
            ("INSERT INTO match_key VALUES ('email:x', 99, 2)", "one that is not there"),
            (
                "DROP INDEX link_cliengo; INSERT INTO link (kind, cliengo_id) VALUES ('contact', 'c1')",
                "more than one link",
            ),
        ] {
            let (_folder, state) = state_with_a_link();
            assert_eq!(state.verify().unwrap(), [""; 0]);
            state.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            state.connection.execute_batch(harm).unwrap();
            let wrong = state.verify().unwrap();
            assert!(wrong.iter().any(|line| line.contains(part)), "{harm}: {wrong:?}");
        }
    }
}
