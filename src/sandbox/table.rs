//! Records of one kind: by id, in order of creation, and by the contact they belong to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record that a table keeps.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// The table's name on disk.
    const NAME: &'static str;
    fn id(&self) -> &str;
    /// Milliseconds since the epoch; orders the listings.
    fn created(&self) -> i64;
    /// The contact that owns it.
    fn parent(&self) -> Option<&str> {
        None
    }
}

/// The working copy of all records of one kind.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    rows: BTreeMap<String, Arc<T>>,
    /// Ascending by creation, then id.
    order: Vec<(i64, String)>,
    /// Ids per contact, in the order in which they came.
    children: HashMap<String, Vec<String>>,
    /// Ids saved or removed since the disk last asked; `None`: nobody asks.
    touched: Option<Vec<String>>,
}

impl<T: Row> Table<T> {
    /// An empty table that remembers what the disk has yet to hear.
    pub(super) fn recorded() -> Self {
        Self { touched: Some(Vec::new()), ..Self::derived() }
    }

    /// An empty table that is never written to disk.
    pub(super) fn derived() -> Self {
        Self { rows: BTreeMap::new(), order: Vec::new(), children: HashMap::new(), touched: None }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.rows.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Every record, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.values()
    }

    /// Creation and id of every record, oldest first.
    pub(super) fn order(&self) -> &[(i64, String)] {
        &self.order
    }

    /// A contact's records, newest first.
    pub(super) fn newest_of(&self, parent: &str) -> Vec<&Arc<T>> {
        let ids = self.children.get(parent).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> = ids.iter().filter_map(|id| self.rows.get(id)).collect();
        found.sort_by_key(|row| row.created());
        found.reverse();
        found
    }

    /// Adds or replaces a record.
    pub(super) fn save(&mut self, row: impl Into<Arc<T>>) {
        let row = row.into();
        let id = row.id().to_owned();
        self.touch(&id);
        let key = (row.created(), id.clone());
        let parent = row.parent().map(str::to_owned);
        match self.rows.insert(id.clone(), row) {
            Some(old) if old.created() == key.0 => return,
            Some(old) => self.unorder(&(old.created(), id)),
            None => {
                if let Some(parent) = parent {
                    self.children.entry(parent).or_default().push(id);
                }
            }
        }
        if let Err(place) = self.order.binary_search(&key) {
            self.order.insert(place, key);
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<T>> {
        let row = self.rows.remove(id)?;
        self.touch(id);
        self.unorder(&(row.created(), id.to_owned()));
        if let Some(siblings) = row.parent().and_then(|parent| self.children.get_mut(parent)) {
            siblings.retain(|other| other != id);
        }
        Some(row)
    }

    /// The ids to write to disk, each once or more; forgets them.
    pub(super) fn take_touched(&mut self) -> Vec<String> {
        self.touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn touch(&mut self, id: &str) {
        if let Some(touched) = &mut self.touched {
            touched.push(id.to_owned());
        }
    }

    fn unorder(&mut self, key: &(i64, String)) {
        if let Ok(place) = self.order.binary_search(key) {
            self.order.remove(place);
        }
    }
}
