//! From digits to the line that they ring: by the length of numbers, not by which of them are given out.
//! (`semantics` 8, 36)

use std::borrow::Cow;

use rlibphonenumber::enums::{NumberLengthType, PhoneNumberType};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, Region};

use super::NoPhone;
use super::written::Written;

const ARGENTINA: i32 = 54;
const BRAZIL: i32 = 55;
const MEXICO: i32 = 52;
const COLOMBIA: i32 = 57;
const CHILE: i32 = 56;
const NORTH_AMERICA: i32 = 1;

/// How Argentina's area codes begin.
const AREAS_OF_ARGENTINA: [&str; 13] = ["11", "22", "23", "24", "26", "28", "29", "33", "34", "35", "36", "37", "38"];

/// A number with its country, as far as its length goes.
#[derive(Clone, Debug)]
struct Line {
    country: i32,
    /// The number within its country, without a prefix.
    national: String,
    e164: String,
    /// Whether the numbering plan knows its range.
    valid: bool,
}

/// The number in E.164.
pub(super) fn e164(written: &Written, region: Option<Region>) -> Result<String, NoPhone> {
    let first = line(&written.digits, written, region);
    let line = match (first, &written.instead) {
        (Err(why), Some(digits)) => line(digits, written, region).map_err(|_| why)?,
        (first, _) => first?,
    };
    // `1 234 5678` may be a line of Lima's.
    let is_filler = |national: &str| is_filler(national) && !(national.len() < 9 && national.starts_with("12"));
    let written = line.e164.trim_start_matches('+');
    if [written, &line.national, line.subscriber()].into_iter().any(is_filler) {
        return Err(NoPhone::Filler);
    }
    Ok(line.e164)
}

/// The same for every spelling of one line: without Argentina's mobile 9, and without the ninth digit of Brazil's mobiles.
/// Mexico's mobile 1 is in no E.164 of ours.
pub(super) fn key(e164: &str) -> String {
    if let Some(national) = e164.strip_prefix("+549").filter(|national| national.len() == 10) {
        return format!("+54{national}");
    }
    if let Some(national) = e164.strip_prefix("+521").filter(|national| national.len() == 10) {
        return format!("+52{national}");
    }
    // Mobiles began with 6 to 9 before a 9 was put before them; what begins otherwise behind that 9 is no older number.
    if let Some((area, number)) = e164.strip_prefix("+55").and_then(|national| national.split_at_checked(2)) {
        let older =
            number.strip_prefix('9').filter(|older| older.len() == 8 && older.starts_with(['6', '7', '8', '9']));
        return format!("+55{area}{}", older.unwrap_or(number));
    }
    e164.to_owned()
}

/// One digit all over, or the row of digits.
pub(super) fn is_filler(digits: &str) -> bool {
    let mut all = digits.chars();
    let first = all.next();
    let is_row = digits.len() >= 6 && "12345678901234567890".starts_with(digits);
    digits.len() >= 6 && all.all(|digit| Some(digit) == first)
        || is_row
        || ["0123456789", "9876543210"].contains(&digits)
        || digits.ends_with("00000000")
}

fn line(digits: &str, written: &Written, region: Option<Region>) -> Result<Line, NoPhone> {
    let Written { plus, chat, .. } = *written;
    let dialled = digits.strip_prefix("00").unwrap_or(digits);
    if is_filler(dialled) {
        return Err(NoPhone::Filler);
    }
    let abroad = || match dialled {
        // A single 0 is the prefix of a number at home.
        home if home.starts_with('0') && !plus => Err(NoPhone::NoCountry),
        international => parsed(&format!("+{}", international.trim_start_matches('0')), None),
    };
    if plus {
        return abroad();
    }
    if chat && let Some(abroad) = abroad().ok().filter(|abroad| abroad.valid && abroad.is_written_so(digits)) {
        return Ok(abroad);
    }
    let national = match region {
        Some(Region::MX) => parsed(without_prefix_of_mexico(digits), region),
        Some(region) => parsed(digits, Some(region)),
        None => Err(NoPhone::NoCountry),
    };
    if national.as_ref().is_ok_and(|line| line.valid) {
        return national;
    }
    if region == Some(Region::AR) && is_cuit(digits) || region == Some(Region::BR) && is_cpf(digits) {
        return Err(NoPhone::Identity);
    }
    match (national, abroad()) {
        (_, Ok(abroad)) if abroad.valid => Ok(abroad),
        (Ok(national), _) => Ok(national),
        // `semantics` 36: digits as long as a country's international form.
        (Err(_), Ok(abroad)) if (chat || digits.len() > 10) && abroad.is_written_so(digits) => Ok(abroad),
        (Err(why), _) => Err(why),
    }
}

/// How long-distance calls and mobiles were dialled in Mexico until 2019.
fn without_prefix_of_mexico(digits: &str) -> &str {
    let bare = ["01", "044", "045"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    bare.filter(|bare| bare.len() == 10).unwrap_or(digits)
}

/// What is dialled at home only, behind the country: `+54 9 0351 …`, `+52 044 55 …`.
fn without_prefix_abroad(text: &str) -> Cow<'_, str> {
    for (country, prefixes) in [("+549", ["0"].as_slice()), ("549", &["0"]), ("+52", &["044", "045", "01"])] {
        let bare =
            text.strip_prefix(country).and_then(|rest| prefixes.iter().find_map(|prefix| rest.strip_prefix(prefix)));
        if let Some(bare) = bare.filter(|bare| bare.len() >= 10) {
            return format!("{country}{bare}").into();
        }
    }
    text.into()
}

fn parsed(text: &str, region: Option<Region>) -> Result<Line, NoPhone> {
    use rlibphonenumber::ParseError;
    let text = without_prefix_abroad(text);
    let number = PHONE_NUMBER_UTIL.parse(&text, region).map_err(|why| match why {
        ParseError::TooLongNsn => NoPhone::TooLong,
        ParseError::InvalidCountryCode => NoPhone::NoCountry,
        _ => NoPhone::TooShort,
    })?;
    let country = number.country_code;
    let written = national_of(&number);
    let national = respelled(country, written.clone());
    let national = match national.strip_prefix(&country.to_string()) {
        Some(once) if is_too_long(country, &national) && is_valid(country, once) => once.to_owned(),
        _ => national,
    };
    let number = match number_of(country, &national) {
        Some(respelled) if national != written => respelled,
        _ => number,
    };
    has_length(country, &national, &number)?;
    let e164 = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned();
    let valid = PHONE_NUMBER_UTIL.is_valid_number(&number);
    // What is sent must read the same again: a prefix may stand there twice, or become another's.
    if (!valid || national != written) && e164 != text {
        return parsed(&e164, None);
    }
    Ok(Line { country, national, e164, valid })
}

fn national_of(number: &PhoneNumber) -> String {
    let e164 = PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164);
    e164.strip_prefix(&format!("+{}", number.country_code)).unwrap_or_default().to_owned()
}

fn number_of(country: i32, national: &str) -> Option<PhoneNumber> {
    let digits = national.trim_start_matches('0').parse().ok()?;
    Some(PhoneNumber { country_code: country, national_number: digits, ..PhoneNumber::default() })
}

fn is_valid(country: i32, national: &str) -> bool {
    number_of(country, national).is_some_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number))
}

/// Whether its country has no number so long: it may have been written twice before it, `+54 54 11 …`.
fn is_too_long(country: i32, national: &str) -> bool {
    number_of(country, national).is_some_and(|number| has_length(country, national, &number) == Err(NoPhone::TooLong))
}

/// Argentina's 15 behind or before the area code is the 9 before it; what fits no area stays as it is.
fn respelled_in_argentina(national: &str) -> Option<String> {
    let bare = national.strip_prefix('9').filter(|bare| bare.len() >= 12).unwrap_or(national);
    let has_area = |bare: &str| AREAS_OF_ARGENTINA.iter().any(|area| bare.starts_with(area));
    let areas = if bare.starts_with("11") { 2..=2 } else { 3..=4 };
    let behind = areas.into_iter().find_map(|area| {
        let (area, rest) = bare.split_at_checked(area).filter(|_| bare.len() == 12 && has_area(bare))?;
        Some(format!("9{area}{}", rest.strip_prefix("15")?))
    });
    behind.or_else(|| {
        let rest = bare.strip_prefix("15")?.trim_start_matches('0');
        (rest.len() == 10 && has_area(rest)).then(|| format!("9{rest}"))
    })
}

/// Argentina's 15 is the 9 of mobiles; Mexico's 1 before a mobile is history, as are Colombia's short area codes and Chile's
/// mobiles of eight digits.
fn respelled(country: i32, national: String) -> String {
    match country {
        ARGENTINA => respelled_in_argentina(&national).unwrap_or(national),
        MEXICO => national.strip_prefix('1').filter(|bare| bare.len() == 10).map_or(national.clone(), str::to_owned),
        // Until 2021 one digit of area.
        COLOMBIA if national.len() == 8 && !national.starts_with(['0', '3', '9']) => format!("60{national}"),
        // No area of eight digits begins so.
        CHILE if national.len() == 8 && national.starts_with(['8', '9']) => format!("9{national}"),
        // In Latin America no number begins with the prefix of calls at home.
        50..=59 | 500..=599 => national.trim_start_matches('0').to_owned(),
        _ => national,
    }
}

fn has_length(country: i32, national: &str, number: &PhoneNumber) -> Result<(), NoPhone> {
    use rlibphonenumber::ValidationError;
    // Where the plan allows more than there is: the mobile prefix without an area code, and a length of mobiles alone.
    match (country, national.len()) {
        (ARGENTINA, 10) if national.starts_with("15") => return Err(NoPhone::NoArea),
        // North America's area codes begin with 2 to 9.
        (NORTH_AMERICA, _) if national.starts_with(['0', '1']) => return Err(NoPhone::NoArea),
        (ARGENTINA, 10) if national.starts_with('9') => return Err(NoPhone::TooShort),
        (ARGENTINA, 11) if !national.starts_with('9') => return Err(NoPhone::TooLong),
        (BRAZIL, 11) if national.chars().nth(2) != Some('9') => return Err(NoPhone::TooLong),
        (BRAZIL | MEXICO, 8) | (BRAZIL, 9) => return Err(NoPhone::NoArea),
        _ => {}
    }
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(number) {
        Ok(NumberLengthType::IsPossible) if is_of_a_person(number) => Ok(()),
        Ok(NumberLengthType::IsPossible) | Err(ValidationError::TooLong) => Err(NoPhone::TooLong),
        Ok(NumberLengthType::IsPossibleLocalOnly) => Err(NoPhone::NoArea),
        Err(ValidationError::InvalidCountryCode) => Err(NoPhone::NoCountry),
        Err(_) => Err(NoPhone::TooShort),
    }
}

/// Whether it has the length of somebody's number, and not only of some service's; or is one that is known.
fn is_of_a_person(number: &PhoneNumber) -> bool {
    PHONE_NUMBER_UTIL.is_possible_number_for_type(number, PhoneNumberType::FixedLineOrMobile)
        || PHONE_NUMBER_UTIL.is_valid_number(number)
}

impl Line {
    /// Whether digits without a `+` are this number with its country.
    fn is_written_so(&self, digits: &str) -> bool {
        let international = digits.strip_prefix("00").unwrap_or(digits);
        international.strip_suffix(&self.national).is_some_and(|country| country == self.country.to_string())
    }

    /// The number without the prefix of mobiles.
    fn subscriber(&self) -> &str {
        match self.country {
            ARGENTINA => self.national.strip_prefix('9').unwrap_or(&self.national),
            _ => &self.national,
        }
    }
}

fn digits_of(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// Argentina's tax number: eleven digits of which the last follows from the others.
fn is_cuit(digits: &str) -> bool {
    const KINDS: [&str; 9] = ["20", "23", "24", "25", "26", "27", "30", "33", "34"];
    let all = digits_of(digits);
    let weighted: u32 = all.iter().zip([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
    let check = (11 - weighted % 11) % 11;
    all.len() == 11 && KINDS.iter().any(|kind| digits.starts_with(kind)) && all.last() == Some(&check)
}

/// Brazil's: eleven digits of which the last two follow from the others.
fn is_cpf(digits: &str) -> bool {
    let all = digits_of(digits);
    let check = |count: u32| {
        let weighted: u32 = all.iter().zip((2..=count + 1).rev()).map(|(digit, weight)| digit * weight).sum();
        weighted * 10 % 11 % 10
    };
    let (last, before) = (all.last().copied(), all.get(9).copied());
    all.len() == 11 && before == Some(check(9)) && last == Some(check(10))
}
