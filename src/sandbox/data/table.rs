//! Records of one kind: by id, in order of creation, and by the contact they belong to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record that a table keeps.
pub(crate) trait Row: Serialize + DeserializeOwned {
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
pub(crate) struct Table<T> {
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
    pub(crate) fn recorded() -> Self {
        Self { touched: Some(Vec::new()), ..Self::derived() }
    }

    /// An empty table that is never written to disk.
    pub(crate) fn derived() -> Self {
        Self { rows: BTreeMap::new(), order: Vec::new(), children: HashMap::new(), touched: None }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.rows.get(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Every record, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.values()
    }

    /// Creation and id of every record, oldest first.
    pub(crate) fn order(&self) -> &[(i64, String)] {
        &self.order
    }

    /// A contact's records, newest first.
    pub(crate) fn newest_of(&self, parent: &str) -> Vec<&Arc<T>> {
        let ids = self.children.get(parent).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> = ids.iter().filter_map(|id| self.rows.get(id)).collect();
        found.sort_by_key(|row| row.created());
        found.reverse();
        found
    }

    /// Adds or replaces a record.
    pub(crate) fn save(&mut self, row: impl Into<Arc<T>>) {
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

    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<T>> {
        let row = self.rows.remove(id)?;
        self.touch(id);
        self.unorder(&(row.created(), id.to_owned()));
        if let Some(siblings) = row.parent().and_then(|parent| self.children.get_mut(parent)) {
            siblings.retain(|other| other != id);
        }
        Some(row)
    }

    /// The ids to write to disk, each once or more; forgets them.
    pub(crate) fn take_touched(&mut self) -> Vec<String> {
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
