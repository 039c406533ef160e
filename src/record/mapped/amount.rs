//! Numbers and amounts as people write them: `$ 1.500,50`, `1,500.5`, `S/ 1500`. (`semantics` 50)

/// A number as people write it. The last of `.` and `,` is the decimal one, unless three digits follow it.
pub(super) fn number_in(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| c.is_ascii_digit() || "-.,".contains(*c)).collect();
    let decimal = plain
        .rfind(['.', ','])
        .filter(|at| plain.len() - at - 1 != 3 || plain.matches(['.', ',']).count() == 1 && plain.starts_with('0'));
    let digits: String = plain
        .char_indices()
        .filter_map(|(at, c)| match c {
            '.' | ',' if Some(at) == decimal => Some('.'),
            '.' | ',' => None,
            other => Some(other),
        })
        .collect();
    digits.parse().ok().filter(|number: &f64| number.is_finite())
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
    // Blanks part groups of three.
    let mut groups = bare.split_whitespace().skip(1);
    if !groups.all(|group| group.split(['.', ',']).next().is_some_and(|whole| whole.len() == 3))
        && !bare.starts_with(['-', '+'])
    {
        return Amount::None;
    }
    let plain: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    let marks: Vec<char> = plain.chars().filter(|c| ".,".contains(*c)).collect();
    let parts: Vec<&str> = plain.split(['.', ',']).collect();
    let last = parts.last().map_or(0, |part| part.len());
    let is_one =
        |number: String| number.parse().ok().filter(|it: &f64| it.is_finite()).map_or(Amount::None, Amount::Is);
    let grouped = |parts: &[&str]| parts.iter().skip(1).all(|part| part.len() == 3);
    match marks.as_slice() {
        [] => is_one(plain),
        [_] if last != 3 || plain.trim_start_matches(['-', '+']).starts_with(['0', '.', ',']) => {
            is_one(parts.join("."))
        }
        [_] => Amount::Ambiguous,
        [first, .., mark] if first != mark && marks.iter().filter(|other| *other == mark).count() == 1 => {
            let (whole, decimals) = parts.split_at(parts.len().saturating_sub(1));
            if grouped(whole) { is_one(format!("{}.{}", whole.concat(), decimals.concat())) } else { Amount::None }
        }
        _ if marks.iter().all(|mark| Some(mark) == marks.first()) && grouped(&parts) => is_one(parts.concat()),
        _ => Amount::None,
    }
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
        ] {
            assert_eq!(number_in(text), Some(number), "{text}");
        }
        assert_eq!(number_in("mucho"), None);
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
        ] {
            assert_eq!(amount(text), right, "{text}");
        }
    }
}
