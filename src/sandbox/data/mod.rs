//! The world's state: both accounts and everything in them.

mod cliengo;
mod ghl;
mod ghl_record;
mod ghl_resource;
mod index;
mod table;
mod tokens;

pub(super) use cliengo::{CliengoContact, CliengoData, CliengoNote, CliengoTask, DeletedContact};
pub(super) use ghl::GhlData;
pub(super) use ghl_record::{CustomValue, GhlContact, GhlNote, GhlTag, GhlTask};
pub(super) use ghl_resource::{GhlResource, What};
pub(super) use table::{Row, Table};
pub(super) use tokens::Holder;

use serde::{Deserialize, Serialize};

use super::account;

/// When something happens, and how long GHL's search index stays behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Milliseconds since the epoch.
    pub(super) now: i64,
    /// Milliseconds until searches show a write.
    pub(super) lag: i64,
    /// Requests until searches show a write.
    pub(super) lag_requests: u64,
}

impl Moment {
    /// The same instant, seen by the searches without delay.
    pub(super) fn at_once(self) -> Self {
        Self { lag: 0, lag_requests: 0, ..self }
    }
}

/// Who the two accounts are: all of it follows from the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) seed: u64,
    pub(super) api_key: String,
    pub(super) token: String,
    pub(super) account_id: String,
    pub(super) website_id: String,
    pub(super) location_id: String,
    pub(super) company_id: String,
    /// Cliengo's ids of the two users, in the order of [`USERS`].
    pub(super) cliengo_users: [String; 2],
    /// GHL's ids of the two users.
    pub(super) ghl_users: [String; 2],
    /// The custom field "Presupuesto".
    pub(super) budget_field: String,
    /// The ids of the further custom fields.
    #[serde(default)]
    pub(super) custom_fields: Vec<String>,
}

/// First name, last name and e-mail of the people who work in both CRMs.
pub(super) const USERS: [(&str, &str, &str); 2] =
    [("Lucía", "Ferreyra", "lucia@demo.example.com"), ("Martín", "Ibáñez", "martin@demo.example.com")];

impl Identity {
    pub(super) fn of(seed: u64) -> Self {
        let key = hex_id(seed, 1) + &hex_id(seed, 2);
        let part = |from: usize, to: usize| key.get(from..to).unwrap_or_default();
        Self {
            seed,
            api_key: [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"),
            token: format!("pit-{}-{}-{}-{}-{}", part(24, 32), part(32, 36), part(36, 40), part(40, 44), part(4, 16)),
            account_id: hex_id(seed, 3),
            website_id: hex_id(seed, 4),
            location_id: letters_id(seed, 5),
            company_id: letters_id(seed, 6),
            cliengo_users: [hex_id(seed, 7), hex_id(seed, 8)],
            ghl_users: [letters_id(seed, 9), letters_id(seed, 10)],
            budget_field: letters_id(seed, 11),
            custom_fields: (12..15).map(|number| letters_id(seed, number)).collect(),
        }
    }

    /// Cliengo websites without people.
    pub(super) fn further_websites(&self) -> [String; 2] {
        [hex_id(self.seed, 16), hex_id(self.seed, 17)]
    }
}

/// Both sides' records.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub(super) identity: Identity,
    /// How both accounts behave.
    pub(super) account: account::Profile,
    /// Numbers everything that was ever made; ids follow from it.
    pub(super) counter: u64,
    pub(super) cliengo: CliengoData,
    pub(super) ghl: GhlData,
}

impl Data {
    /// Two accounts with nobody in them.
    pub(super) fn empty(seed: u64) -> Self {
        Self {
            identity: Identity::of(seed),
            account: account::Profile::default(),
            counter: 100,
            cliengo: CliengoData::empty(),
            ghl: GhlData::empty(),
        }
    }

    /// A number never given before.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A new id as Cliengo makes them: 24 hexadecimal digits.
    pub(super) fn cliengo_id(&mut self) -> String {
        let number = self.next();
        hex_id(self.identity.seed, number)
    }

    /// A new id as GHL makes them: 20 letters and digits.
    pub(super) fn ghl_id(&mut self) -> String {
        let number = self.next();
        letters_id(self.identity.seed, number)
    }
}

/// Scrambles `number` so that neighbours look unrelated, yet always the same way.
pub(super) fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// 128 bits that are unique to `number` within one seed.
fn wide(seed: u64, number: u64) -> u128 {
    let high = scramble(seed ^ scramble(number));
    (u128::from(high) << 64) | u128::from(scramble(high ^ number))
}

fn hex_id(seed: u64, number: u64) -> String {
    // The first digits of a real one are a date; "6" keeps the look.
    format!("6{:023x}", wide(seed, number) >> 36)
}

fn letters_id(seed: u64, number: u64) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = wide(seed, number);
    let mut id = String::with_capacity(20);
    for _ in 0..20 {
        let place = usize::try_from(rest % 62).unwrap_or_default();
        id.push(LETTERS.get(place).copied().map_or('0', char::from));
        rest /= 62;
    }
    id
}

/// The form of every date on both wires: `2026-07-17T07:05:00.000Z`.
pub(super) fn wire_date(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// The form of dates in HTTP headers, from milliseconds.
pub(super) fn http_date(milliseconds: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Milliseconds of an RFC 3339 instant, or of a plain date at midnight UTC.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let date: jiff::civil::Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|midnight| midnight.timestamp().as_millisecond())
}

/// Text without its outer blanks, in lower case: how e-mails and GHL tags compare.
pub(super) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether a value says nothing: `null` or an empty text.
pub(super) fn is_blank(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// Whatever lies beyond the first 65,536 characters of Unicode as `?`: what a database of an older character set keeps.
pub(super) fn without_emoji(text: &str) -> String {
    text.chars().map(|letter| if u32::from(letter) > 0xFFFF { '?' } else { letter }).collect()
}
