//! The fields of a record: a map that takes no more room than what stands in it, and none for a copy that nobody changes.
//! Millions of them are held at once.

use std::fmt;
use std::sync::Arc;
use std::vec::IntoIter;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Field, Value};

/// Fields with their values, in the order of the fields. Copies are one until one of them is changed.
#[derive(Clone, Debug, Default)]
pub struct Fields(Option<Arc<Vec<(Field, Value)>>>);

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Fields {
    /// No field.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    fn all(&self) -> &[(Field, Value)] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    fn all_mut(&mut self) -> &mut Vec<(Field, Value)> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    fn place(&self, field: &Field) -> Result<usize, usize> {
        self.all().binary_search_by(|(own, _)| own.cmp(field))
    }

    /// The same as `other` where they are equal: then both stand in one place.
    #[must_use]
    pub fn shared_with(self, other: &Self) -> Self {
        if self == *other { other.clone() } else { self }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: &Field) -> Option<&Value> {
        self.place(field).ok().and_then(|at| self.all().get(at)).map(|(_, value)| value)
    }

    /// The value of a field, to be changed.
    pub fn get_mut(&mut self, field: &Field) -> Option<&mut Value> {
        let at = self.place(field).ok()?;
        self.all_mut().get_mut(at).map(|(_, value)| value)
    }

    /// Whether a field is there.
    #[must_use]
    pub fn contains_key(&self, field: &Field) -> bool {
        self.place(field).is_ok()
    }

    /// Sets a field; says what stood there.
    pub fn insert(&mut self, field: Field, value: Value) -> Option<Value> {
        let place = self.place(&field);
        let all = self.all_mut();
        match place {
            Ok(at) => all.get_mut(at).map(|(_, held)| std::mem::replace(held, value)),
            Err(at) => {
                all.reserve_exact(1);
                all.insert(at, (field, value));
                None
            }
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: &Field) -> Option<Value> {
        self.place(field).ok().map(|at| self.all_mut().remove(at).1)
    }

    /// Keeps only some.
    pub fn retain(&mut self, mut keeps: impl FnMut(&Field, &mut Value) -> bool) {
        if !self.is_empty() {
            self.all_mut().retain_mut(|(field, value)| keeps(field, value));
        }
    }

    /// Each field with its value.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.all().iter())
    }

    /// The fields.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Field> + Clone {
        self.all().iter().map(|(field, _)| field)
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + Clone {
        self.all().iter().map(|(_, value)| value)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

/// Goes through fields in their order.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (Field, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Field, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(field, value)| (field, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a Field, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Fields {
    type Item = (Field, Value);
    type IntoIter = IntoIter<(Field, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

impl Extend<(Field, Value)> for Fields {
    fn extend<I: IntoIterator<Item = (Field, Value)>>(&mut self, fields: I) {
        for (field, value) in fields {
            self.insert(field, value);
        }
    }
}

impl FromIterator<(Field, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Field, Value)>>(fields: I) -> Self {
        let mut all = Self::new();
        all.extend(fields);
        all
    }
}

impl<const N: usize> From<[(Field, Value); N]> for Fields {
    fn from(fields: [(Field, Value); N]) -> Self {
        fields.into_iter().collect()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fields with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::new();
                while let Some((field, value)) = map.next_entry()? {
                    fields.insert(field, value);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stands_in_the_same_place_until_it_is_changed() {
        let place = |fields: &Fields| fields.all().as_ptr();
        let fields = Fields::from([(Field::Phone, Value::Flag(true)), (Field::Name, Value::Empty)]);
        let mut copy = fields.clone();
        assert_eq!(place(&copy), place(&fields));
        copy.insert(Field::Phone, Value::Flag(false));
        assert_eq!((fields.get(&Field::Phone), copy.len()), (Some(&Value::Flag(true)), 2));
        copy.insert(Field::Phone, Value::Flag(true));
        assert_ne!(place(&copy), place(&fields));
        assert_eq!(place(&copy.shared_with(&fields)), place(&fields));
        assert_eq!(Fields::from([]), Fields::new());
    }

    #[test]
    fn fields_stand_in_their_order_once_each_and_are_written_as_a_map() {
        let mut fields = Fields::from([(Field::Phone, Value::Flag(true)), (Field::Name, Value::Empty)]);
        assert_eq!(fields.insert(Field::Phone, Value::line("x")), Some(Value::Flag(true)));
        fields.insert(Field::Email, Value::email("a@b.co"));
        assert_eq!(fields.keys().collect::<Vec<_>>(), [&Field::Name, &Field::Email, &Field::Phone]);
        let text = serde_json::to_string(&fields).unwrap();
        assert_eq!(
            text,
            r#"{"name":{"type":"empty"},"email":{"type":"email","value":"a@b.co"},"phone":{"type":"line","value":"x"}}"#
        );
        assert_eq!(serde_json::from_str::<Fields>(&text).unwrap(), fields);
        assert_eq!(fields.remove(&Field::Email), Some(Value::email("a@b.co")));
        fields.retain(|field, _| *field == Field::Name);
        assert_eq!((fields.len(), fields.get(&Field::Phone), fields.is_empty()), (1, None, false));
    }
}
