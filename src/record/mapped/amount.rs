//! Numbers and amounts as people write them: `$ 1.500,50`, `1,500.5`, `S/ 1500`. (`semantics` 50)

use serde_json::Value as Json;

/// A number as people write it, for a mapping that says it is one: where it can mean two, its mark parts groups of three.
/// What holds several numbers is none.
pub(super) fn number_in(text: &str) -> Option<f64> {
    match amount(text) {
        Amount::Is(number) => Some(number),
        Amount::Ambiguous => match amount(&text.replace(['.', ','], "")) {
            Amount::Is(number) => Some(number),
            _ => None,
        },
        Amount::None => None,
    }
}

/// A number; `None` where it has more digits than one keeps.
pub(super) fn exactly(value: &Json) -> Option<f64> {
    let whole = value.as_u64().or_else(|| value.as_i64().map(i64::unsigned_abs));
    value.as_f64().filter(|_| whole.is_none_or(|whole| whole <= LARGEST))
}

/// Up to here every whole number is kept.
const LARGEST: u64 = 1 << 53;

/// Whether it is a whole number that has more digits than one keeps.
pub(super) fn has_too_many_digits(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits.len() > EXACT && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// An amount as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Is(f64),
    /// `1.500` may be one thousand five hundred, or one and a half.
    Ambiguous,
    None,
}

/// A number has so many digits that are kept exactly.
const EXACT: usize = 15;

/// Words and letters behind a number that make it another one.
const MULTIPLIERS: [&str; 17] = [
    "k", "m", "mm", "mil", "miles", "mill", "millon", "millones", "milhao", "milhoes", "mi", "luca", "lucas", "palo",
    "palos", "bn", "b",
];

/// Reads an amount as a person writes it.
pub(super) fn amount(text: &str) -> Amount {
    let text = text.trim();
    // `S/ 1500` in Peru, and `1500.-`.
    let text = ["S/.", "s/.", "S/", "s/"].iter().find_map(|soles| text.strip_prefix(soles)).unwrap_or(text);
    let text = text.strip_suffix(".-").or(text.strip_suffix(",-")).unwrap_or(text);
    let is_sign = |c: char| c.is_whitespace() || c.is_alphabetic() || "$€£¥₡₲₱₿¢%".contains(c);
    let behind = text.rfind(|c: char| !is_sign(c)).and_then(|at| text.get(at..)).unwrap_or_default();
    let behind = behind.trim_start_matches(|c: char| !c.is_alphabetic()).to_lowercase().replace(['ó', 'ã', 'õ'], "o");
    if behind.split_whitespace().any(|word| MULTIPLIERS.contains(&word)) {
        return Amount::None;
    }
    let bare = text.trim_matches(is_sign);
    let has_digits = bare.chars().any(|c| c.is_ascii_digit());
    let is_in_number = |c: char| c.is_ascii_digit() || "-+.,".contains(c) || c.is_whitespace();
    if !has_digits || !bare.chars().all(is_in_number) || bare.chars().filter(char::is_ascii_digit).count() > EXACT {
        return Amount::None;
    }
    let unsigned = bare.trim_start_matches(['-', '+']).trim_start();
    // Blanks part groups of three, before the decimals.
    let (whole, decimals) = unsigned.split_once(['.', ',']).unwrap_or((unsigned, ""));
    let groups: Vec<&str> = whole.split_whitespace().collect();
    if groups.len() > 1 && !is_grouped(&groups) || decimals.contains(char::is_whitespace) {
        return Amount::None;
    }
    let plain: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    let marks: Vec<char> = plain.chars().filter(|c| ".,".contains(*c)).collect();
    let parts: Vec<&str> = plain.split(['.', ',']).collect();
    let groups: Vec<&str> = plain.trim_start_matches(['-', '+']).split(['.', ',']).collect();
    let last = parts.last().map_or(0, |part| part.len());
    let is_one =
        |number: String| number.parse().ok().filter(|it: &f64| it.is_finite()).map_or(Amount::None, Amount::Is);
    match marks.as_slice() {
        [] => is_one(plain),
        [_] if last != 3 || !is_grouped(&groups) || unsigned.starts_with('0') => is_one(parts.join(".")),
        [_] => Amount::Ambiguous,
        [first, .., mark] if first != mark && marks.iter().filter(|other| *other == mark).count() == 1 => {
            let (whole, decimals) = parts.split_at(parts.len().saturating_sub(1));
            let is_number = groups.split_last().is_some_and(|(_, whole)| is_grouped(whole));
            if is_number { is_one(format!("{}.{}", whole.concat(), decimals.concat())) } else { Amount::None }
        }
        _ if marks.iter().all(|mark| Some(mark) == marks.first()) && is_grouped(&groups) => is_one(parts.concat()),
        _ => Amount::None,
    }
}

/// Whether these are the groups of one number: one to three digits, then three each.
fn is_grouped(groups: &[&str]) -> bool {
    groups
        .split_first()
        .is_some_and(|(first, rest)| (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("1500", 1500.0),
            ("$ 1.500,50", 1500.5),
            ("1,500.5", 1500.5),
            ("1.500", 1500.0),
            ("2,5", 2.5),
            ("0.125", 0.125),
            ("12 años", 12.0),
            ("-1.500", -1500.0),
            ("- 1 500", -1500.0),
            ("0800", 800.0),
        ] {
            assert_eq!(number_in(text), Some(number), "{text}");
        }
        for text in [
            "mucho",
            "entre 10 y 20",
            "12 a 15",
            "12-15",
            "10/20",
            "2x4",
            "3 ambientes, 2 baños",
            "1e3",
            "00:30",
            "15 mil",
            "+54 9 11 5555 1234",
            "true",
        ] {
            assert_eq!(number_in(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_that_can_mean_two_is_none() {
        for (text, right) in [
            ("1500", Amount::Is(1500.0)),
            ("$ 12.000,50", Amount::Is(12000.5)),
            ("12,000.50", Amount::Is(12000.5)),
            ("1.500.000", Amount::Is(1_500_000.0)),
            ("1500,5", Amount::Is(1500.5)),
            ("-3.25", Amount::Is(-3.25)),
            ("0.125", Amount::Is(0.125)),
            ("USD 900", Amount::Is(900.0)),
            ("1.500", Amount::Ambiguous),
            ("1,500", Amount::Ambiguous),
            ("$ 12.000", Amount::Ambiguous),
            ("mucho", Amount::None),
            ("12 a 15", Amount::None),
            ("1\u{a0}500", Amount::Is(1500.0)),
            ("1 500,50", Amount::Is(1500.5)),
            ("1500.-", Amount::Is(1500.0)),
            ("S/ 1500", Amount::Is(1500.0)),
            ("S/. 1.500", Amount::Ambiguous),
            ("₡ 1500", Amount::Is(1500.0)),
            ("1500 pesos", Amount::Is(1500.0)),
            ("15 mil", Amount::None),
            ("1.5k", Amount::None),
            ("2 millones", Amount::None),
            ("2M", Amount::None),
            ("2 3", Amount::None),
            ("9007199254740993", Amount::None),
            ("1.50.000,1", Amount::None),
            ("1500.500", Amount::Is(1500.5)),
            ("1500.500.000", Amount::None),
            ("1500 500", Amount::None),
            ("1.500 000", Amount::None),
            ("1 500,250", Amount::Is(1500.25)),
        ] {
            assert_eq!(amount(text), right, "{text}");
        }
    }
}
