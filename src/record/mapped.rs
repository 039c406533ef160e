//! Fields that the configuration maps: what they hold, and how a value of one CRM becomes one of the other.
//! Long, since what a field holds and how it is read and written have to agree, and their tests are beside them.
//!
//! A Cliengo value is read in GHL's terms (its transform and its words applied), so that both sides compare as they are.

mod amount;
mod day;

use amount::{Amount, amount, exactly, has_too_many_digits, number_in};
use day::{day, day_at, day_in};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::text::folded_case;
use super::user::{User, nobody};
use super::{Both, Field, Kind, PlainField, Side, Value, canonical_line};

/// A field that both sides have by configuration, resolved against the GHL location.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Whose field it is.
    pub kind: Kind,
    /// The field.
    pub field: Field,
    /// Where Cliengo has it: a key, or `leadFields.KEY`.
    pub cliengo: String,
    /// Where GHL has it.
    pub ghl: GhlPlace,
    /// What GHL keeps in it.
    pub holds: Holds,
    /// What is done with Cliengo's value.
    pub transform: Vec<Step>,
    /// Cliengo's words and GHL's.
    pub values: Vec<(String, String)>,
}

/// Where GHL has a field (`GHL API notes, 3.1 and 3.5`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GhlPlace {
    /// A field of the record itself.
    Plain(PlainField),
    /// A custom field, by id.
    Custom(String),
}

/// What a GHL field keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// One line of text.
    Text,
    /// Text of several lines.
    Lines,
    /// Files, a signature or a list of boxes: read only, and read as their addresses or texts. (`semantics` 50)
    Opaque,
    /// A number.
    Number,
    /// A day, as `2026-12-24`.
    Date,
    /// One of these.
    Option(Vec<String>),
    /// Any of these.
    Options(Vec<String>),
    /// Yes or no.
    Flag,
    /// One of these users. Cliengo's ids become those of GHL's by the field's words.
    User(Box<Both<Vec<User>>>),
}

/// A list or an object where one value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list or an object where one value belongs")]
pub struct OfAnotherShape;

/// What Cliengo calls how far a contact is (`Cliengo API notes, 2.5`).
const STATUSES: [&str; 4] = ["NEW", "ACTIVE", "LONG_TERM", "CLIENT"];

/// How Cliengo says that a contact is assigned to nobody (`Cliengo API notes, 2.5`).
const UNASSIGNED: &str = "UNASSIGNED";

/// A step of a transform, from Cliengo to GHL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Without outer blanks.
    Trim,
    /// In lower case.
    Lower,
    /// In capitals.
    Upper,
    /// As a number: `$ 1.500,50` is 1500.5.
    Number,
    /// As `true` or `false`.
    Boolean,
    /// A day in this format (as strftime names it).
    Date(String),
    /// Where it is blank: the first of these that is not.
    First(Vec<String>),
    /// A list as one text, with this between its parts.
    Join(String),
    /// The n-th part, from 1, between these.
    Split(String, usize),
}

impl Step {
    /// Whether Cliengo's value can be told from GHL's.
    #[must_use]
    pub const fn is_invertible(&self) -> bool {
        matches!(self, Self::Trim | Self::Number)
    }

    fn apply(&self, value: Json, contact: &Map<String, Json>) -> Json {
        let takes_lists = matches!(self, Self::Trim | Self::Lower | Self::Upper | Self::First(_));
        let takes_parts = matches!(self, Self::Join(_)) && has_parts(&value);
        if value.is_object() || value.is_array() && !takes_lists && !takes_parts {
            return value;
        }
        let text = |change: fn(&str) -> String| match &value {
            Json::String(text) => Json::String(change(text)),
            Json::Array(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.clone(), |text| change(text).into()))
                .collect(),
            other => other.clone(),
        };
        match self {
            Self::Trim => text(|text| text.trim().to_owned()),
            Self::Lower => text(str::to_lowercase),
            Self::Upper => text(str::to_uppercase),
            Self::Number if value.is_number() => value,
            Self::Number => number_in(&shown(&value)).map_or(value, |number| Value::Number(number).json()),
            Self::Boolean => truth(&shown(&value)).map_or(value, |truth| truth.to_string().into()),
            Self::Date(format) => day_in(format, shown(&value).trim()).map_or(value, |day| day.to_string().into()),
            Self::First(others) if is_blank(&value) => {
                let first = others.iter().filter_map(|path| at(contact, path)).find(|found| !is_blank(found));
                first.cloned().unwrap_or(value)
            }
            Self::First(_) => value,
            Self::Join(separator) => match &value {
                Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(separator).into(),
                _ => value,
            },
            Self::Split(separator, nth) => {
                let text = shown(&value);
                text.split(separator.as_str()).nth(nth.saturating_sub(1)).unwrap_or_default().to_owned().into()
            }
        }
    }
}

/// The value under a path such as `leadFields.budget`; `None` where the key is not there.
#[must_use]
pub fn at<'a>(contact: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    let mut parts = path.split('.');
    let first = contact.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty() || !text.is_ascii() && canonical_line(text).is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether it is a list of single values.
fn has_parts(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.iter().any(|item| item.is_array() || item.is_object()))
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => Value::Number(number.as_f64().unwrap_or_default()).shown(),
        other => other.to_string(),
    }
}

/// The addresses of files, or the texts of boxes.
fn texts_in(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts_in).collect(),
        Json::Object(fields) => match fields.get("url").and_then(Json::as_str) {
            Some(url) => vec![url.to_owned()],
            None => fields.values().flat_map(texts_in).collect(),
        },
        Json::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match canonical_line(text).to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "si" | "sí" | "s" | "x" => Some(true),
        "false" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

impl Mapped {
    /// Cliengo's value, in GHL's terms; `None` is unknown.
    ///
    /// # Errors
    /// [`OfAnotherShape`].
    pub fn of_cliengo(&self, contact: &Map<String, Json>) -> Result<Option<Value>, OfAnotherShape> {
        let found = at(contact, &self.cliengo);
        // Where the object that holds them is there, a key that is not there is empty, unless it was known.
        let is_there = |object: &str| contact.get(object).is_some_and(|object| object.is_object() || object.is_null());
        let inside = self.cliengo.split_once('.').is_some_and(|(object, _)| is_there(object));
        let instead = self.transform.iter().any(|step| matches!(step, Step::First(_)));
        let raw = match found {
            Some(found) => found.clone(),
            None if inside || instead => Json::Null,
            None => return Ok(None),
        };
        let value = self.transform.iter().fold(raw, |value, step| step.apply(value, contact));
        self.value(&self.translated(value)).map(Some)
    }

    /// Whether the contact says what the value is made of: what is composed of parts is unknown when a part that counts is.
    /// (`semantics` 40)
    #[must_use]
    pub fn is_said(&self, contact: &Map<String, Json>) -> bool {
        let others = self.transform.iter().flat_map(|step| match step {
            Step::First(others) => others.as_slice(),
            _ => &[],
        });
        let mut parts = std::iter::once(&self.cliengo).chain(others).map(|path| at(contact, path));
        parts.find(|part| part.is_none_or(|part| !is_blank(part))) != Some(None) && !self.joins_an_unknown(contact)
    }

    /// The place of the part that the value is made of.
    #[must_use]
    pub fn told_by(&self, contact: &Map<String, Json>) -> &str {
        let others = self.transform.iter().flat_map(|step| match step {
            Step::First(others) => others.as_slice(),
            _ => &[],
        });
        let counts = |path: &&String| at(contact, path).is_some_and(|part| !is_blank(part));
        std::iter::once(&self.cliengo).chain(others).find(counts).unwrap_or(&self.cliengo)
    }

    /// Whether an item of a list that is joined is null.
    fn joins_an_unknown(&self, contact: &Map<String, Json>) -> bool {
        let items = at(contact, &self.cliengo).and_then(Json::as_array);
        let joins = self.transform.iter().any(|step| matches!(step, Step::Join(_)));
        joins && items.is_some_and(|items| items.iter().any(Json::is_null))
    }

    fn translated(&self, value: Json) -> Json {
        self.worded(value, |(cliengo, _)| cliengo)
    }

    /// The words of a value that stand on one side of the table, as GHL's; in any case where no other is meant.
    fn worded(&self, value: Json, of: impl Fn(&(String, String)) -> &String) -> Json {
        let word = |text: &str| {
            let known = self.known_word(&of, &canonical_line(text));
            known.map(|(_, ghl)| ghl.clone())
        };
        match &value {
            Json::Array(items) => {
                items.iter().map(|item| word(&shown(item)).map_or_else(|| item.clone(), Json::String)).collect()
            }
            other => word(&shown(other)).map_or(value, Json::String),
        }
    }

    /// The words of the table that a text is one of: as it is spelt, or in another case. Ids have none.
    fn known_word(&self, of: &impl Fn(&(String, String)) -> &String, text: &str) -> Option<&(String, String)> {
        let spelt = self.values.iter().find(|words| of(words) == text);
        let has_case = !matches!(self.holds, Holds::User(_));
        let is_in_another_case = |words: &&(String, String)| has_case && folded_case(of(words)) == folded_case(text);
        spelt.or_else(|| self.values.iter().find(is_in_another_case))
    }

    /// GHL's value.
    ///
    /// # Errors
    /// [`OfAnotherShape`].
    pub fn of_ghl(&self, value: &Json) -> Result<Value, OfAnotherShape> {
        if self.is_of_another_shape(value) {
            return Err(OfAnotherShape);
        }
        if self.values.is_empty() {
            return self.value(value);
        }
        self.value(&self.worded(value.clone(), |(_, ghl)| ghl))
    }

    /// Whether a list or an object stands where one value belongs: what it means is unknown. (`semantics` 49)
    fn is_of_another_shape(&self, value: &Json) -> bool {
        match (&self.holds, value) {
            (Holds::Opaque, _) => false,
            (Holds::Options(_), Json::Array(_)) => !has_parts(value),
            (Holds::User(_), Json::Object(user)) => !user.get("id").is_some_and(Json::is_string),
            (_, Json::Array(_) | Json::Object(_)) => true,
            _ => false,
        }
    }

    fn value(&self, value: &Json) -> Result<Value, OfAnotherShape> {
        if self.is_of_another_shape(value) {
            return Err(OfAnotherShape);
        }
        if is_blank(value) {
            return Ok(Value::Empty);
        }
        Ok(match &self.holds {
            Holds::Number => match (exactly(value), amount(&shown(value))) {
                (Some(number), _) => Value::Number(number),
                (None, Amount::Is(number)) if !value.is_number() => Value::Number(number),
                _ => Value::line(&shown(value)),
            },
            Holds::Lines => Value::body(&shown(value)),
            Holds::Opaque => Value::body(&texts_in(value).join("\n")),
            Holds::Options(_) => {
                let items = match value {
                    Json::Array(items) => items.iter().map(shown).collect(),
                    other => vec![shown(other)],
                };
                Value::choices(items.iter().map(String::as_str))
            }
            Holds::Date => {
                let text = canonical_line(&shown(value));
                let told = day(&text).or_else(|| day_at(value.as_i64()));
                told.map_or_else(|| Value::line(&text), |day| Value::Line(day.to_string()))
            }
            Holds::Flag => {
                value.as_bool().or_else(|| truth(&shown(value))).map_or_else(|| Value::line(&shown(value)), Value::Flag)
            }
            Holds::User(_) => match value.get("id").map_or_else(|| shown(value), shown) {
                nobody if nobody == UNASSIGNED => Value::Empty,
                id => Value::line(&id),
            },
            Holds::Text | Holds::Option(_) => Value::line(&shown(value)),
        })
    }

    /// What Cliengo is sent where the value is emptied; `None`: it cannot be emptied there.
    #[must_use]
    pub fn emptied_in_cliengo(&self) -> Option<&'static str> {
        (self.kind == Kind::Contact && matches!(self.holds, Holds::User(_))).then_some(UNASSIGNED)
    }

    /// Whether the value is an amount that can mean two. (`semantics` 50)
    #[must_use]
    pub fn is_ambiguous(&self, value: &Value) -> bool {
        self.holds == Holds::Number && matches!(value, Value::Line(line) if amount(line) == Amount::Ambiguous)
    }

    /// A word that would be written as Cliengo's status and is none, where the others have their words.
    fn unknown_status(&self, value: &Value) -> Option<String> {
        let is_table = self.cliengo == "status" && !self.values.is_empty() && !value.is_empty();
        let word = is_table.then(|| self.in_cliengo(value))?.as_str().map(str::to_owned)?;
        let ours = self.values.iter().map(|(cliengo, _)| cliengo.as_str());
        let is_known = ours.chain(STATUSES).any(|status| folded_case(status) == folded_case(&word));
        (!is_known).then_some(word)
    }

    /// What is wrong with writing `value` to `side`; `None`: it fits. Cliengo takes whatever text it is sent.
    #[must_use]
    pub fn objection(&self, side: Side, value: &Value) -> Option<String> {
        if let (Holds::User(users), false) = (&self.holds, value.is_empty()) {
            return nobody(side, &value.shown(), users, &self.values);
        }
        if side == Side::Cliengo {
            if let Some(word) = self.unknown_status(value) {
                return Some(format!(
                    "{word:?} is no status that Cliengo has: give {} its word in values, or one of {}",
                    self.field,
                    STATUSES.join(", ")
                ));
            }
            return self.is_ambiguous(value).then(|| {
                format!(
                    "{:?} for {} can mean two amounts: write it with two decimals, as 1500.00 or 1.50",
                    value.shown(),
                    self.field
                )
            });
        }
        let unknown = |options: &[String], chosen: &str| {
            (!options.iter().any(|option| option == chosen))
                .then(|| format!("{chosen:?} is none of the options of {} in GHL: {}", self.field, options.join(", ")))
        };
        match (&self.holds, value) {
            (_, Value::Empty)
            | (Holds::Text | Holds::Lines | Holds::User(_), _)
            | (Holds::Number, Value::Number(_))
            | (Holds::Flag, Value::Flag(_)) => None,
            (Holds::Flag, other) => {
                Some(format!("{:?} is neither yes nor no, and {} in GHL takes nothing else", other.shown(), self.field))
            }
            (Holds::Opaque, _) => Some(format!("{} in GHL holds no text and is never written", self.field)),
            (Holds::Number, other) if self.is_ambiguous(other) => Some(format!(
                "{:?} for {} can mean two amounts: write it with two decimals, as 1500.00 or 1.50, or map it with transform = [\"number\"]",
                other.shown(),
                self.field
            )),
            (Holds::Number, other) if has_too_many_digits(&other.shown()) => Some(format!(
                "{:?} has more digits than a number keeps, and {} in GHL takes nothing else",
                other.shown(),
                self.field
            )),
            (Holds::Number, other) => {
                Some(format!("{:?} is no number, and {} in GHL takes nothing else", other.shown(), self.field))
            }
            (Holds::Date, value) => day(&value.shown()).is_none().then(|| {
                format!(
                    "{:?} is no date such as 2026-12-24, and {} in GHL takes nothing else",
                    value.shown(),
                    self.field
                )
            }),
            (Holds::Options(options), Value::Choices(chosen)) => chosen.iter().find_map(|one| unknown(options, one)),
            (Holds::Option(options) | Holds::Options(options), value) => unknown(options, &value.shown()),
        }
    }

    /// A value in Cliengo's words.
    #[must_use]
    pub fn in_cliengo(&self, value: &Value) -> Json {
        let word = |text: String| {
            let known = self.known_word(&|(_, ghl)| ghl, &text);
            known.map_or(text, |(cliengo, _)| cliengo.clone())
        };
        match value {
            Value::Choices(chosen) => chosen.iter().map(|one| word(one.clone())).collect::<Vec<_>>().into(),
            Value::Line(line) => word(line.clone()).into(),
            other => other.json(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(holds: Holds, transform: Vec<Step>, values: &[(&str, &str)]) -> Mapped {
        let values = values.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
        let ghl = GhlPlace::Custom("f".to_owned());
        Mapped {
            kind: Kind::Contact,
            field: Field::Mapped("budget".into()),
            cliengo: "leadFields.budget".to_owned(),
            ghl,
            holds,
            transform,
            values,
        }
    }

    fn read(mapped: &Mapped, budget: &Json) -> Option<Value> {
        let contact = json!({ "leadFields": { "budget": budget, "other": "Otro" }, "name": "Ana" });
        mapped.of_cliengo(contact.as_object().unwrap()).unwrap()
    }

    #[test]
    fn each_step_of_a_transform_does_what_it_says() {
        let one = |step: Step, value: Json| read(&mapped(Holds::Text, vec![step], &[]), &value).unwrap().shown();
        assert_eq!(one(Step::Trim, json!("  a b ")), "a b");
        assert_eq!(one(Step::Lower, json!("ÁB")), "áb");
        assert_eq!(one(Step::Upper, json!("áb")), "ÁB");
        assert_eq!(one(Step::Boolean, json!("Sí")), "true");
        assert_eq!(one(Step::Date("%d/%m/%Y".to_owned()), json!("24/12/2026")), "2026-12-24");
        for (told, number) in [(json!("12 años"), "12"), (json!(5), "5"), (json!(5.0), "5"), (json!("2,5"), "2.5")] {
            assert_eq!(one(Step::Number, told), number);
        }
        assert_eq!(one(Step::First(vec!["leadFields.other".to_owned()]), json!("")), "Otro");
        assert_eq!(one(Step::Join(" y ".to_owned()), json!(["a", "b"])), "a y b");
        assert_eq!(one(Step::Split(",".to_owned(), 2), json!("a,b,c")), "b");
    }

    #[test]
    fn a_number_comes_back_from_the_state_as_it_was() {
        for number in [8.888_888_888_888_89e54, 0.1 + 0.2, 1e-300, 123_456_789.123_456_78, f64::MAX] {
            let kept = serde_json::to_string(&Value::Number(number)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), Value::Number(number), "{kept}");
        }
    }

    #[test]
    fn an_amount_that_can_mean_two_is_held_on_both_sides() {
        let money = mapped(Holds::Number, Vec::new(), &[]);
        let value = read(&money, &json!("1.500")).unwrap();
        assert!(money.is_ambiguous(&value) && money.objection(Side::Ghl, &value).is_some());
        for (told, number) in
            [(json!(1.5), 1.5), (json!("1.50"), 1.5), (json!("0.500"), 0.5), (json!("$1,500.00"), 1500.0)]
        {
            assert_eq!(money.of_ghl(&told), Ok(Value::Number(number)), "{told}");
        }
        for text in ["1.500", "100.000", "1,500"] {
            let value = money.of_ghl(&json!(text)).unwrap();
            assert!(money.is_ambiguous(&value) && money.objection(Side::Cliengo, &value).is_some(), "{text}");
        }
        let exact = money.of_ghl(&json!("3.125")).unwrap();
        assert!(exact.same(&Value::Number(3.125)), "what was sent comes back as a text");
    }

    #[test]
    fn a_number_with_more_digits_than_one_keeps_is_never_another_number() {
        let number = mapped(Holds::Number, Vec::new(), &[]);
        let cast = mapped(Holds::Number, vec![Step::Number], &[]);
        for told in [json!(9_007_199_254_740_993_u64), json!("9007199254740993"), json!(-9_007_199_254_740_993_i64)] {
            for mapped in [&number, &cast] {
                let value = read(mapped, &told).unwrap();
                assert!(mapped.objection(Side::Ghl, &value).unwrap().contains("more digits"), "{told}");
                assert_eq!(mapped.in_cliengo(&value).as_str().unwrap(), shown(&told));
            }
        }
        assert_eq!(
            read(&mapped(Holds::Text, Vec::new(), &[]), &json!(u64::MAX)).unwrap().shown(),
            "18446744073709551615"
        );
        let largest = number.of_ghl(&json!(9_007_199_254_740_992_u64)).unwrap();
        assert_eq!(largest.json(), json!(9_007_199_254_740_992_u64));
    }

    #[test]
    fn a_day_that_is_not_written_out_is_no_day() {
        let date = mapped(Holds::Date, Vec::new(), &[]);
        for text in ["2026-12-01", "2026-12-01T02:00:00.000Z", " 2026-12-01 10:00 "] {
            assert_eq!(read(&date, &json!(text)).unwrap(), Value::Line("2026-12-01".to_owned()), "{text}");
        }
        for told in [
            json!("20261201"),
            json!(20_261_201),
            json!("0026-12-31"),
            json!("2026-12-01 / 2026-12-15"),
            json!("2026-12-01 o después"),
            json!("2026-12"),
            json!("1796083200000"),
            json!(1_796_083_200_001_u64),
        ] {
            let value = read(&date, &told).unwrap();
            assert_eq!(value.shown(), shown(&told));
            assert!(date.objection(Side::Ghl, &value).is_some(), "{told}");
        }
        let told = read(&date, &json!(1_796_083_200_000_u64)).unwrap();
        assert_eq!(told, Value::Line("2026-12-01".to_owned()), "as a program tells the beginning of a day");
        let cast = mapped(Holds::Date, vec![Step::Date("%d/%m/%Y".to_owned())], &[]);
        for (text, day) in [("31/12/2026", "2026-12-31"), ("31/12/26", "31/12/26"), ("31/12/226", "31/12/226")] {
            assert_eq!(read(&cast, &json!(text)).unwrap().shown(), day);
        }
        let short = mapped(Holds::Date, vec![Step::Date("%d/%m/%y".to_owned())], &[]);
        assert_eq!(read(&short, &json!("31/12/26")).unwrap().shown(), "2026-12-31");
    }

    #[test]
    fn a_list_or_an_object_where_one_value_belongs_is_not_read() {
        let options = || Holds::Options(vec!["a".to_owned()]);
        let is_read = |mapped: &Mapped, value: &Json| {
            let contact = json!({ "leadFields": { "budget": value } });
            assert_eq!(
                mapped.of_cliengo(contact.as_object().unwrap()).is_ok(),
                mapped.of_ghl(value).is_ok(),
                "{value}"
            );
            mapped.of_ghl(value).is_ok()
        };
        let holds = [Holds::Text, Holds::Lines, Holds::Number, Holds::Date, Holds::Flag, Holds::Option(Vec::new())];
        for mapped in holds.into_iter().map(|holds| mapped(holds, Vec::new(), &[])) {
            for value in [json!({}), json!({ "a": 1 }), json!(["a", "b"]), json!([["a"]]), json!([])] {
                assert!(!is_read(&mapped, &value), "{:?} {value}", mapped.holds);
            }
        }
        let boxes = mapped(options(), Vec::new(), &[]);
        for (value, is) in
            [(json!(["a"]), true), (json!([]), true), (json!([["a"]]), false), (json!({ "a": 1 }), false)]
        {
            assert_eq!(is_read(&boxes, &value), is, "{value}");
        }
        for step in [Step::Number, Step::Boolean, Step::Split(",".to_owned(), 1), Step::Date("%Y".to_owned())] {
            let contact = json!({ "leadFields": { "budget": { "a": 1 } } });
            assert!(mapped(Holds::Text, vec![step], &[]).of_cliengo(contact.as_object().unwrap()).is_err());
        }
        let joined = mapped(Holds::Text, vec![Step::Join(", ".to_owned())], &[]);
        assert_eq!(read(&joined, &json!([])), Some(Value::Empty));
        let contact = json!({ "leadFields": { "budget": ["a", { "b": 1 }] } });
        assert!(joined.of_cliengo(contact.as_object().unwrap()).is_err());
    }

    #[test]
    fn long_texts_keep_their_lines_and_files_are_read_as_their_addresses() {
        let lines = mapped(Holds::Lines, Vec::new(), &[]);
        assert_eq!(read(&lines, &json!("Calle 1\n\nTimbre 4")).unwrap().json(), json!("Calle 1\n\nTimbre 4"));
        let files = mapped(Holds::Opaque, Vec::new(), &[]);
        let file =
            json!({ "6f1c": { "meta": { "originalname": "plano.pdf" }, "url": "https://example.com/plano.pdf" } });
        assert_eq!(files.of_ghl(&file).unwrap().shown(), "https://example.com/plano.pdf");
        assert_eq!(files.of_ghl(&json!({ "a1": "uno", "b2": "dos" })).unwrap().shown(), "uno\ndos");
        assert!(files.objection(Side::Ghl, &Value::line("texto")).is_some());
    }

    #[test]
    fn words_are_translated_both_ways_and_others_pass() {
        let mapped = mapped(Holds::Option(vec!["Nuevo".to_owned()]), Vec::new(), &[("NEW", "Nuevo")]);
        assert_eq!(read(&mapped, &json!("NEW")), Some(Value::Line("Nuevo".to_owned())));
        assert_eq!(mapped.in_cliengo(&Value::Line("Nuevo".to_owned())), json!("NEW"));
        assert!(mapped.objection(Side::Ghl, &Value::Line("Otro".to_owned())).is_some());
    }

    #[test]
    fn a_word_is_known_in_any_case_and_no_other_becomes_a_status() {
        let words = [("NEW", "Nuevo"), ("CLIENT", "Cliente")];
        let status = Mapped { cliengo: "status".to_owned(), ..mapped(Holds::Text, Vec::new(), &words) };
        let told = |word: &str| status.of_cliengo(json!({ "status": word }).as_object().unwrap()).unwrap().unwrap();
        let nuevo = Value::Line("Nuevo".to_owned());
        for word in ["NEW", "new", "New "] {
            assert_eq!(told(word), nuevo);
        }
        assert_eq!(status.of_ghl(&json!("nuevo")).unwrap(), nuevo);
        assert_eq!(status.in_cliengo(&nuevo), json!("NEW"));
        let objection = |word: &str| status.objection(Side::Cliengo, &status.of_ghl(&json!(word)).unwrap());
        assert!(objection("Otro").is_some() && objection("Nuevo").is_none() && objection("ACTIVE").is_none());
        let case = mapped(Holds::Text, Vec::new(), &[("a", "uno"), ("A", "dos")]);
        assert_eq!(read(&case, &json!("A")).unwrap().shown(), "dos");
    }

    #[test]
    fn what_nobody_sees_is_no_first_part_and_the_part_that_counts_is_named() {
        let first = mapped(Holds::Text, vec![Step::First(vec!["leadFields.other".to_owned()])], &[]);
        assert_eq!(read(&first, &json!(" \u{200b}")).unwrap().shown(), "Otro");
        let told_by = |fields: Json| first.told_by(json!({ "leadFields": fields }).as_object().unwrap()).to_owned();
        assert_eq!(told_by(json!({ "budget": "", "other": ["x"] })), "leadFields.other");
        assert_eq!(told_by(json!({ "budget": ["x"], "other": "y" })), "leadFields.budget");
        assert_eq!(told_by(json!({})), "leadFields.budget");
    }

    #[test]
    fn what_an_object_that_is_there_does_not_have_is_empty_and_else_unknown() {
        let mapped = mapped(Holds::Text, Vec::new(), &[]);
        let contact = json!({ "leadFields": {} });
        assert_eq!(mapped.of_cliengo(contact.as_object().unwrap()), Ok(Some(Value::Empty)));
        assert_eq!(mapped.of_cliengo(&Map::new()), Ok(None));
    }

    #[test]
    fn a_value_is_said_where_every_part_that_counts_is() {
        let said = |mapped: &Mapped, fields: Json| mapped.is_said(json!({ "leadFields": fields }).as_object().unwrap());
        let plain = mapped(Holds::Text, Vec::new(), &[]);
        assert!(said(&plain, json!({ "budget": null })) && !said(&plain, json!({ "other": "x" })));
        let first = Step::First(vec!["leadFields.one".to_owned(), "leadFields.other".to_owned()]);
        let first = mapped(Holds::Text, vec![first], &[]);
        for (fields, is) in [
            (json!({ "budget": "", "one": "", "other": "x" }), true),
            (json!({ "budget": "", "one": "a" }), true),
            (json!({ "budget": "", "other": "x" }), false),
            (json!({ "one": "a", "other": "x" }), false),
            (json!({ "budget": "", "one": "", "other": null }), true),
        ] {
            assert_eq!(said(&first, fields.clone()), is, "{fields}");
        }
    }
}
