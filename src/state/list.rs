//! Links as a person looks for them.

use rusqlite::{Row, params};

use super::body::Body;
use super::link::{LinkRow, RawLink, link_row, raw_link};
use super::{State, StateError};
use crate::record::{Kind, MatchKey, Side, canonical_email};

/// A link with its record's name.
#[derive(Clone, Debug)]
pub struct NamedLink {
    /// The link.
    pub link: LinkRow,
    /// The record's name for a person, from either base.
    pub label: String,
}

const NAMED: &str = "SELECT link.id, link.kind, link.parent, link.cliengo_id, link.ghl_id, link.status, link.role,
      ghl_body.body, cliengo_body.body
    FROM link
    LEFT JOIN shadow ghl ON ghl.link = link.id AND ghl.side = 'ghl'
    LEFT JOIN shadow_body ghl_body ON ghl_body.shadow = ghl.id
    LEFT JOIN shadow cliengo ON cliengo.link = link.id AND cliengo.side = 'cliengo'
    LEFT JOIN shadow_body cliengo_body ON cliengo_body.shadow = cliengo.id";

type RawNamed = (RawLink, Option<Body>, Option<Body>);

fn raw_named(row: &Row<'_>) -> rusqlite::Result<RawNamed> {
    Ok((raw_link(row)?, row.get(7)?, row.get(8)?))
}

fn named((link, ghl, cliengo): RawNamed) -> Result<NamedLink, StateError> {
    let mut label = String::new();
    for body in [ghl, cliengo].into_iter().flatten() {
        if label.is_empty() {
            label = body.record()?.label();
        }
    }
    Ok(NamedLink { link: link_row(link)?, label })
}

impl State {
    /// Every link but those that are kept for history only, of one kind or of all, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links(&self, kind: Option<Kind>) -> Result<Vec<NamedLink>, StateError> {
        let sql = format!("{NAMED} WHERE link.status <> 'retired' AND (?1 IS NULL OR link.kind = ?1) ORDER BY link.id");
        let mut statement = self.connection.prepare(&sql)?;
        let rows: Vec<RawNamed> =
            statement.query_map([kind.map(Kind::as_str)], raw_named)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(named).collect()
    }

    /// The links under a contact's, of its tasks and notes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links_under(&self, parent: i64) -> Result<Vec<NamedLink>, StateError> {
        let sql = format!("{NAMED} WHERE link.status <> 'retired' AND link.parent = ?1 ORDER BY link.id");
        let mut statement = self.connection.prepare(&sql)?;
        let rows: Vec<RawNamed> = statement.query_map([parent], raw_named)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(named).collect()
    }

    /// The links that `id` means: a link's number, or the id of a record in either CRM. Those kept for history only count
    /// where no other is meant.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links_named(&self, id: &str) -> Result<Vec<LinkRow>, StateError> {
        let mut statement = self.connection.prepare(
            "SELECT id, kind, parent, cliengo_id, ghl_id, status, role FROM link
             WHERE id = ?1 OR cliengo_id = ?2 OR ghl_id = ?2 ORDER BY status = 'retired', role, id",
        )?;
        let number: Option<i64> = id.parse().ok();
        let rows: Vec<RawLink> = statement.query_map(params![number, id], raw_link)?.collect::<Result<_, _>>()?;
        let links: Vec<LinkRow> = rows.into_iter().map(link_row).collect::<Result<_, _>>()?;
        let is_live = |link: &LinkRow| link.status != super::LinkStatus::Retired;
        let live: Vec<LinkRow> = links.iter().filter(|link| is_live(link)).cloned().collect();
        Ok(if live.is_empty() { links } else { live })
    }

    /// Links by number, by a record's id, or by a contact's e-mail.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links_called(&self, name: &str) -> Result<Vec<LinkRow>, StateError> {
        if !name.contains('@') {
            return self.links_named(name);
        }
        let key = MatchKey::Email(canonical_email(name));
        let found = Side::BOTH.map(|side| self.holders(side, &key)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut links = found.concat();
        links.sort_by_key(|link| link.id);
        links.dedup_by_key(|link| link.id);
        Ok(links)
    }

    /// A link's name for a person.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn label_of(&self, link: i64) -> Result<String, StateError> {
        let mut label = String::new();
        for side in [Side::Ghl, Side::Cliengo] {
            if label.is_empty() {
                label = self.base(link, side)?.map(|base| base.record.label()).unwrap_or_default();
            }
        }
        Ok(label)
    }

    /// The same; of a link that is no more, as the last operation about it had it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_label_of(&self, link: &LinkRow) -> Result<String, StateError> {
        let label = self.label_of(link.id)?;
        if !label.is_empty() {
            return Ok(label);
        }
        let ids: Vec<String> = Side::BOTH.into_iter().filter_map(|side| link.ids.of(side)).map(str::to_owned).collect();
        let told = self.operations_about(&ids, 20)?.into_iter().rev().find_map(|(_, row)| {
            let text = |key: &str| row.document.get(key).and_then(serde_json::Value::as_str);
            let is_it = text("kind") == Some(link.kind.as_str());
            text("label").filter(|label| is_it && !label.is_empty()).map(str::to_owned)
        });
        Ok(told.unwrap_or_default())
    }
}
