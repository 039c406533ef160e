//! Walks TOML tables, knowing the full key, the line and which keys were asked for.
//!
//! Reading never stops at a mistake: it is noted, and the reader goes on, so that one look shows them all.

#[cfg(test)]
use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::choice::nearest;
use super::error::Problem;
use super::problems::Problems;
use super::source::Source;
use super::value::Found;

#[cfg(test)]
thread_local! {
    /// Every key that was asked for, for the test that holds the table of keys against the reader.
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What `read` makes, and every key that it asked for.
#[cfg(test)]
pub(super) fn asked<T>(read: impl FnOnce() -> T) -> (T, Vec<String>) {
    ASKED.with_borrow_mut(Vec::clear);
    (read(), ASKED.with_borrow_mut(std::mem::take))
}

/// A table as one file writes it.
#[derive(Clone, Debug)]
struct Layer<'a> {
    path: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    source: &'a Source,
}

/// A table to read: its own layer over that of `[defaults]`, where there is one.
#[derive(Clone, Debug)]
pub(super) struct Table<'a> {
    /// Its full key, such as `pair.acme.guard`; empty for the file itself.
    pub path: String,
    /// Where a missing key is reported: the table's header, or that of the table it should stand in.
    anchor: (Range<usize>, &'a Source),
    own: Option<Layer<'a>>,
    defaults: Option<Layer<'a>>,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Table<'a> {
    /// The table that a whole file is.
    pub fn file(table: &'a DeTable<'a>, source: &'a Source, problems: &'a Problems) -> Self {
        let layer = Layer { path: String::new(), table, span: 0..0, source };
        Self {
            path: String::new(),
            anchor: (0..0, source),
            own: Some(layer),
            defaults: None,
            known: Vec::new(),
            problems,
        }
    }

    /// The same table, with `defaults` below it.
    pub fn over(mut self, defaults: &Table<'a>) -> Self {
        self.defaults.clone_from(&defaults.own);
        self
    }

    /// The value of `key`, from the first layer that has it.
    pub fn take(&mut self, key: &'static str) -> Option<Found<'a>> {
        self.know(key);
        self.look(&[key])
    }

    /// The value of `key` in the table's own layer alone.
    pub fn take_own(&mut self, key: &'static str) -> Option<Found<'a>> {
        self.know(key);
        self.own.as_ref()?.find(key, self.problems)
    }

    /// The value of `key` as `read` understands it.
    pub fn read<T>(&mut self, key: &'static str, read: impl FnOnce(&Found<'a>) -> Option<T>) -> Option<T> {
        read(&self.take(key)?)
    }

    /// As [`Table::read`]; its absence is a mistake, and `hint` says what to write.
    pub fn require<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        read: impl FnOnce(&Found<'a>) -> Option<T>,
    ) -> Option<T> {
        let found = self.take(key);
        if found.is_none() {
            self.note_missing(key, hint);
        }
        read(&found?)
    }

    /// The table `key`, both layers of it; empty where neither layer has it.
    pub fn table(&mut self, key: &'static str) -> Table<'a> {
        self.know(key);
        self.child(key)
    }

    /// The tables in this one, by name: for `[pair.NAME]`.
    pub fn tables_by_name(&self) -> Vec<(&'a str, Found<'a>, Table<'a>)> {
        let Some(layer) = &self.own else { return Vec::new() };
        let keys = layer.table.keys();
        keys.map(|key| (key.get_ref().as_ref(), layer.key(key, self.problems), self.child(key.get_ref()))).collect()
    }

    /// The tables of the array `[[key]]`, numbered from 1 in their paths.
    pub fn array_of_tables(&mut self, key: &'static str) -> Vec<Table<'a>> {
        let Some(found) = self.take(key) else { return Vec::new() };
        let expected = format!("a list of tables, each written as [[{}]]", found.key);
        let Some(items) = found.list(&expected) else { return Vec::new() };
        items.iter().filter_map(|item| Table::of(item, &expected)).collect()
    }

    /// The value at a path of keys below this table, whether or not it was asked for.
    pub fn look(&self, path: &[&str]) -> Option<Found<'a>> {
        match path {
            [] => None,
            [key] => {
                let problems = self.problems;
                [&self.own, &self.defaults].into_iter().flatten().find_map(|layer| layer.find(key, problems))
            }
            [key, rest @ ..] => self.child(key).look(rest),
        }
    }

    /// Notes every key that nobody asked for.
    pub fn finish(self) {
        #[cfg(test)]
        ASKED.with_borrow_mut(|asked| asked.extend(self.known.iter().map(|key| join(&self.path, key))));
        for layer in [&self.own, &self.defaults].into_iter().flatten() {
            for name in layer.table.keys().filter(|name| !self.known.contains(&name.get_ref().as_ref())) {
                self.note_unknown(&layer.key(name, self.problems), name.get_ref(), layer);
            }
        }
    }

    /// The table that a value is, under the same path; else what was `expected` is noted.
    pub fn of(found: &Found<'a>, expected: &str) -> Option<Self> {
        let DeValue::Table(table) = found.value else { return found.expect(expected) };
        Some(Self::from_found(found, table))
    }

    /// As [`Table::of`], where it was seen that the value is one.
    pub fn from_found(found: &Found<'a>, table: &'a DeTable<'a>) -> Self {
        let layer = Layer { path: found.key.clone(), table, span: found.span.clone(), source: found.source };
        Self {
            path: found.key.clone(),
            anchor: (found.span.clone(), found.source),
            own: Some(layer),
            defaults: None,
            known: Vec::new(),
            problems: found.problems,
        }
    }

    fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    fn child(&self, key: &str) -> Table<'a> {
        let open = |layer: &Option<Layer<'a>>| layer.as_ref().and_then(|layer| layer.open(key, self.problems));
        let (own, defaults) = (open(&self.own), open(&self.defaults));
        let anchor = own.as_ref().map_or_else(|| self.anchor.clone(), |layer| (layer.span.clone(), layer.source));
        Table { path: join(&self.path, key), anchor, own, defaults, known: Vec::new(), problems: self.problems }
    }

    fn note_missing(&self, key: &str, hint: &str) {
        let path = join(&self.path, key);
        let (span, source) = &self.anchor;
        self.problems.note(Problem {
            place: source.place(span, &path),
            message: format!("`{path}` is missing"),
            excerpt: source.excerpt(span),
            hint: Some(hint.to_owned()),
        });
    }

    fn note_unknown(&self, found: &Found<'a>, name: &str, layer: &Layer<'a>) {
        let place = if layer.path.is_empty() { "the file".to_owned() } else { format!("[{}]", layer.path) };
        let message = match nearest(name, self.known.iter().copied()) {
            Some((known, _)) => format!("is not a known key; the nearest known key is `{known}`"),
            None => "is not a known key".to_owned(),
        };
        found.reject(&message, &format!("the keys of {place} are: {}", self.known.join(", ")));
    }
}

impl<'a> Layer<'a> {
    fn find(&self, key: &str, problems: &'a Problems) -> Option<Found<'a>> {
        let value = self.table.get(key)?;
        Some(self.found(key, value, problems))
    }

    fn open(&self, key: &str, problems: &'a Problems) -> Option<Layer<'a>> {
        let found = self.find(key, problems)?;
        let table = Table::of(&found, &format!("a table, written as [{}]", join(&self.path, key)))?;
        table.own
    }

    fn found(&self, key: &str, value: &'a Spanned<DeValue<'a>>, problems: &'a Problems) -> Found<'a> {
        Found { key: join(&self.path, key), value: value.get_ref(), span: value.span(), source: self.source, problems }
    }

    /// The key itself, to be rejected: its span is the name, so that no value is quoted.
    fn key(&self, name: &'a Spanned<std::borrow::Cow<'a, str>>, problems: &'a Problems) -> Found<'a> {
        const NAME: &DeValue<'static> = &DeValue::Boolean(true);
        Found {
            key: join(&self.path, name.get_ref()),
            value: self.table.get(name.get_ref().as_ref()).map_or(NAME, Spanned::get_ref),
            span: name.span(),
            source: self.source,
            problems,
        }
    }
}

/// `pair` and `acme` to `pair.acme`; a name that TOML would quote is quoted.
fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
