//! The secrets that this program knows, looked for in every text that comes from outside. (`semantics` 64)
//!
//! A text is searched as it is and as it would read decoded: percent codes, JSON and HTML escapes, one in the other. What is
//! looked for are the secret's pieces of eight characters, whatever their case, so that one that was cut or wrapped is found
//! too; and its base64 and hex forms.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "[secret]";

/// What stands in the place of one in a record: such a record is held, so it must be nothing that a person writes.
pub(super) const WITHHELD: &str = "[a secret of this configuration, withheld]";

/// The length of the pieces that are looked for.
const PIECE: usize = 8;

/// What is shorter stands in ordinary words.
const SHORTEST: usize = 6;

/// How often a text may be encoded.
const LAYERS: usize = 4;

/// So many escapes in a row are more than a letter with an accent here and there.
const ADJACENT: usize = 4;

/// A record's text is searched in parts, each with so much of the one before that no secret falls between them.
const PART: usize = 64 * 1024;
const OVERLAP: usize = 8 * 1024;

/// Secrets, for looking them up in texts.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Arc<Known>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Some secrets, in lower case.
struct Known {
    whole: Vec<Vec<u8>>,
    pieces: HashSet<[u8; PIECE]>,
    /// One bit for each hash of the first bytes of a piece: most of a text is no secret, and is passed over by it.
    filter: Vec<u64>,
}

impl Secrets {
    /// These secrets. Very short ones are not looked for: they stand in ordinary words.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        Self::default().with(secrets)
    }

    /// These secrets, too.
    #[must_use]
    pub fn with<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut all = self.clone();
        let fresh = secrets.into_iter().map(ExposeSecret::expose_secret).filter(|secret| !self.has(secret));
        let known = Known::of(fresh);
        if !known.whole.is_empty() {
            all.0.push(Arc::new(known));
        }
        all
    }

    /// Whether it is one of them.
    pub(super) fn has(&self, secret: &str) -> bool {
        let secret = secret.to_ascii_lowercase().into_bytes();
        self.0.iter().any(|known| known.whole.contains(&secret))
    }

    /// A text for people without any piece of a secret.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found = Vec::new();
        for view in views(text.as_bytes()).flat_map(|view| [view.plain(), view]) {
            let runs = self.0.iter().flat_map(|known| known.pieces_in(&view.bytes));
            found.extend(runs.map(|run| view.place(&run)));
        }
        replaced(text, found, HIDDEN)
    }

    /// The text of records without any whole secret: a piece may be an ordinary word of theirs.
    #[must_use]
    pub fn withhold<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (bytes, mut found) = (text.as_bytes(), Vec::new());
        for start in (0..bytes.len()).step_by(PART) {
            let from = start.saturating_sub(OVERLAP);
            let part = bytes.get(from..bytes.len().min(start + PART)).unwrap_or_default();
            if !self.may_stand_in(part) {
                continue;
            }
            for view in views(part) {
                let runs = self.0.iter().flat_map(|known| known.whole_in(&view.bytes)).map(|run| view.place(&run));
                found.extend(runs.map(|run| run.start + from..run.end + from));
            }
        }
        replaced(text, found, WITHHELD)
    }

    /// Whether a part of a long text is worth a closer look: it shows a piece, or is encoded from letter to letter.
    fn may_stand_in(&self, part: &[u8]) -> bool {
        let lower = part.to_ascii_lowercase();
        is_encoded(&lower) || self.0.iter().any(|known| !known.pieces_in(&lower).is_empty())
    }
}

impl Known {
    fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut whole: Vec<Vec<u8>> = Vec::new();
        for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
            whole.extend(forms(secret).into_iter().filter(|form| form.len() >= SHORTEST));
        }
        for form in &mut whole {
            form.make_ascii_lowercase();
        }
        let pieces: HashSet<[u8; PIECE]> =
            whole.iter().flat_map(|form| form.windows(PIECE)).filter_map(|piece| piece.try_into().ok()).collect();
        let mut filter = vec![0_u64; 1 << 14];
        for piece in pieces.iter().map(<[u8; PIECE]>::as_slice).chain(whole.iter().map(Vec::as_slice)) {
            let (word, bit) = filter_place(piece);
            if let Some(word) = filter.get_mut(word) {
                *word |= 1 << bit;
            }
        }
        Self { whole, pieces, filter }
    }

    fn passes(&self, window: &[u8]) -> bool {
        let (word, bit) = filter_place(window);
        self.filter.get(word).is_some_and(|word| word & (1 << bit) != 0)
    }

    /// Where pieces stand in a text in lower case.
    fn pieces_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        let candidates = text.windows(SHORTEST).enumerate().filter(|(_, window)| self.passes(window));
        let found = candidates.filter_map(|(at, _)| Some(at..at + self.begins(text.get(at..)?)?));
        merged(found.collect())
    }

    /// How much of a secret a text in lower case begins with: a piece, or one that is shorter than a piece.
    fn begins(&self, text: &[u8]) -> Option<usize> {
        let piece = text.get(..PIECE).and_then(|piece| <[u8; PIECE]>::try_from(piece).ok());
        if piece.is_some_and(|piece| self.pieces.contains(&piece)) {
            return Some(PIECE);
        }
        self.whole.iter().filter(|form| form.len() < PIECE && text.starts_with(form)).map(Vec::len).max()
    }

    /// Where whole secrets stand in a text in lower case.
    fn whole_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for run in self.pieces_in(text) {
            let stretch = text.get(run.clone()).unwrap_or_default();
            for form in &self.whole {
                let places = stretch.windows(form.len()).enumerate().filter(|(_, window)| window == form);
                found.extend(places.map(|(at, _)| run.start + at..run.start + at + form.len()));
            }
        }
        found
    }
}

/// By the first bytes that even the shortest secret has.
fn filter_place(window: &[u8]) -> (usize, u32) {
    let first = window.iter().take(4).fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
    let hash = first.wrapping_mul(0x9E37_79B1) >> 12;
    ((hash >> 6) as usize, hash & 63)
}

/// A secret and what an encoder may have made of it, whatever stood before it.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    forms.push(hex.into_bytes());
    for before in 0..3_usize {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            // The first and the last letter hold bits of what stood before and after.
            let (from, until) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            forms.extend(encoded.get(from..until).map(|own| own.as_bytes().to_vec()));
        }
    }
    forms
}

/// A text as it reads decoded, in lower case, with the place of each byte in the original.
struct View {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl View {
    fn of(text: &[u8]) -> Self {
        Self { bytes: text.to_ascii_lowercase(), places: (0..text.len()).map(|at| at..at + 1).collect() }
    }

    /// Where a stretch of it stands in the original.
    fn place(&self, run: &Range<usize>) -> Range<usize> {
        let start = self.places.get(run.start).map_or(0, |place| place.start);
        let end = self.places.get(run.end.saturating_sub(1)).map_or(start, |place| place.end);
        start..end
    }

    fn push(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte.to_ascii_lowercase());
        self.places.push(place);
    }

    /// What a person reads in it: without blanks, breaks and invisible characters, other forms of letters, digits and hyphens
    /// as the plain ones.
    fn plain(&self) -> Self {
        let mut plain = Self { bytes: Vec::with_capacity(self.bytes.len()), places: Vec::new() };
        let mut at = 0;
        for chunk in self.bytes.utf8_chunks() {
            for (offset, c) in chunk.valid().char_indices() {
                let from = at + offset;
                let place = self.place(&(from..from + c.len_utf8()));
                for read in std::iter::once(c).nfkd().filter(|read| !read.is_whitespace()) {
                    match read {
                        _ if read.is_ascii() => plain.push(u8::try_from(read).unwrap_or(b'?'), place.clone()),
                        '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push(b'-', place.clone()),
                        _ if read.is_alphanumeric() => plain.push(b'?', place.clone()),
                        _ => {}
                    }
                }
            }
            at += chunk.valid().len() + chunk.invalid().len();
        }
        plain
    }

    /// One layer of encoding less; `None` where there was none.
    fn decoded(&self) -> Option<Self> {
        let mut next = Self { bytes: Vec::with_capacity(self.bytes.len()), places: Vec::new() };
        let mut at = 0;
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (byte, length) = escape(rest).unwrap_or((rest.first().copied().unwrap_or_default(), 1));
            next.push(byte, self.place(&(at..at + length)));
            at += length;
        }
        (next.bytes.len() < self.bytes.len()).then_some(next)
    }
}

/// Whether several escapes follow one another somewhere in a text in lower case.
fn is_encoded(text: &[u8]) -> bool {
    let (mut at, mut in_a_row) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.first().filter(|byte| matches!(byte, b'%' | b'\\' | b'&')).and_then(|_| escape(rest));
        in_a_row = if length.is_some() { in_a_row + 1 } else { 0 };
        if in_a_row == ADJACENT {
            return true;
        }
        at += length.map_or(1, |(_, length)| length);
    }
    false
}

/// The text, and what is below each layer of encoding.
fn views(text: &[u8]) -> impl Iterator<Item = View> {
    std::iter::successors(Some(View::of(text)), View::decoded).take(LAYERS + 1)
}

/// The byte that an escape at the beginning of a text in lower case stands for, and the escape's length.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let ascii = |code: u32| u8::try_from(code).ok().filter(u8::is_ascii);
    match text {
        [b'%', digits @ ..] => Some((u8::try_from(hex(digits.get(..2)?)?).ok()?, 3)),
        [b'\\', b'u', digits @ ..] => Some((ascii(hex(digits.get(..4)?)?)?, 6)),
        [b'\\', b'x', digits @ ..] => Some((ascii(hex(digits.get(..2)?)?)?, 4)),
        [b'\\', quoted @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((*quoted, 2)),
        [b'&', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b';')?;
            let byte = match rest.get(..end)? {
                b"amp" => b'&',
                b"quot" => b'"',
                b"apos" => b'\'',
                b"lt" => b'<',
                b"gt" => b'>',
                [b'#', b'x', digits @ ..] => ascii(hex(digits)?)?,
                [b'#', digits @ ..] => ascii(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
                _ => return None,
            };
            Some((byte, end + 2))
        }
        _ => None,
    }
}

/// The same stretches without those that touch or overlap.
fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|run| run.start);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for run in found {
        match runs.last_mut() {
            Some(last) if last.end >= run.start => last.end = last.end.max(run.end),
            _ => runs.push(run),
        }
    }
    runs
}

/// The text with `mark` where something was found.
fn replaced<'a>(text: &'a str, found: Vec<Range<usize>>, mark: &str) -> Cow<'a, str> {
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for run in merged(found) {
        shown.push_str(text.get(at..run.start).unwrap_or_default());
        shown.push_str(mark);
        at = run.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "pit-1f0e9c77-44aa-4bd0-9d5e/Z+q=";

    fn secrets() -> Secrets {
        Secrets::of([&SecretString::from(KEY)])
    }

    /// Any eight characters of the secret, in either case.
    fn shows(text: &str) -> bool {
        let text = text.to_lowercase();
        KEY.to_lowercase().as_bytes().windows(PIECE).any(|piece| text.contains(std::str::from_utf8(piece).unwrap()))
    }

    fn percent(text: &str, upper: bool) -> String {
        text.bytes().map(|byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") }).collect()
    }

    #[test]
    fn a_secret_is_found_raw_and_encoded() {
        let some = |text: &str| text.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D");
        let json = KEY.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect::<String>();
        let html = KEY.chars().map(|letter| format!("&#{};", u32::from(letter))).collect::<String>();
        for encoded in [
            KEY.to_owned(),
            KEY.to_uppercase(),
            some(KEY),
            some(&some(KEY)),
            percent(KEY, true),
            percent(KEY, false),
            percent(&percent(KEY, true), false),
            json.clone(),
            json.replace('\\', "\\\\"),
            KEY.replace('/', "\\/"),
            html,
            STANDARD_NO_PAD.encode(KEY),
            STANDARD_NO_PAD.encode(format!("u:{KEY}:more")),
            URL_SAFE_NO_PAD.encode(format!("me:{KEY}")),
            KEY.bytes().map(|byte| format!("{byte:02X}")).collect(),
            KEY.replace("44aa", "44aa\n "),
            KEY.chars().map(|c| format!("{c}\u{ad}")).collect(),
            KEY.chars().map(|c| format!("\u{200b}{c}%C2%AD")).collect(),
            KEY.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
            KEY.replace('-', "\u{2011}"),
        ] {
            let text = format!("the key ?api_key={encoded}&x=1 is no key");
            let hidden = secrets().hide(&text).into_owned();
            assert!(hidden.contains("[secret]") && hidden.ends_with("is no key"), "{hidden}");
            assert!(hidden.len() < 64, "{hidden}");
        }
    }

    #[test]
    fn a_piece_of_a_secret_is_found_wherever_it_was_cut() {
        for cut in 0..KEY.len() {
            for part in [&KEY[..cut], &KEY[cut..]] {
                let hidden = secrets().hide(part).into_owned();
                assert!(!shows(&hidden), "{part}: {hidden}");
            }
        }
        assert_eq!(secrets().hide("pit-1f0"), "pit-1f0", "that could be anything");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "Contact with id X not found", "100 % seguro \\ & más", "ñandú 🎉 %zz \\u12 &amp &#x;"] {
            assert_eq!(secrets().hide(text), text);
            assert_eq!(secrets().withhold(text), text);
        }
    }

    #[test]
    fn a_record_loses_whole_secrets_only_and_stays_json() {
        let note = |text: &str| serde_json::json!({ "message": text }).to_string();
        let piece = note("pit-1f0e9c77-44aa-4bd0");
        assert_eq!(secrets().withhold(&piece), piece);
        for text in [format!("the key is {KEY}, keep it"), percent(KEY, false), STANDARD_NO_PAD.encode(KEY)] {
            let note = note(&text);
            let withheld = secrets().withhold(&note).into_owned();
            assert!(withheld.contains(WITHHELD) && !shows(&withheld), "{withheld}");
            assert!(serde_json::from_str::<serde_json::Value>(&withheld).is_ok(), "{withheld}");
        }
    }

    #[test]
    fn a_secret_is_withheld_wherever_a_part_of_a_long_text_ends() {
        for before in [PART - KEY.len(), PART - 10, PART - 1, PART, 3 * PART - 7] {
            let text = format!("{}{KEY}{}", "x".repeat(before), "y".repeat(PART));
            let withheld = secrets().withhold(&text).into_owned();
            assert_eq!(withheld.matches(WITHHELD).count(), 1, "{before}");
            assert!(!shows(&withheld));
        }
    }
}
