//! E-mail addresses: without what programs wrap around them, and told from what cannot be one. (`semantics` 36, 42)

use std::borrow::Cow;

use super::text::canonical_line;

/// The most characters before the `@`, and in all.
const LONGEST: (usize, usize) = (64, 254);

/// An e-mail as it is compared: unwrapped, lower case, NFC (in this order: a small letter may take an accent that its
/// capital does not).
#[must_use]
pub fn canonical_email(raw: &str) -> String {
    if is_plain(raw) {
        return raw.to_owned();
    }
    let address = address_in(&raw.to_lowercase());
    match address.rsplit_once('@') {
        Some((local, domain)) if domain.contains("xn--") && is_address(&address) => {
            let in_letters = format!("{local}@{}", in_letters(domain).to_lowercase());
            if is_address(&in_letters) { in_letters } else { address }
        }
        _ => address,
    }
}

/// Whether nothing in it has to be unwrapped or spelt otherwise: most addresses.
fn is_plain(raw: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-+@".contains(&byte);
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    raw.bytes().all(is_sign)
        && is_end(raw.bytes().next())
        && is_end(raw.bytes().next_back())
        && raw.bytes().filter(|byte| *byte == b'@').count() == 1
        && !raw.contains("xn--")
}

/// A domain as people write it: `xn--espaa-rta.es` is `españa.es`. What stands for no letters stays.
fn in_letters(domain: &str) -> String {
    match idna::domain_to_unicode(domain) {
        (letters, Ok(())) if canonical_line(&letters) == letters && !letters.contains('@') => letters,
        _ => domain.to_owned(),
    }
}

/// The address in a text, as spelt.
#[must_use]
pub(super) fn address_in(raw: &str) -> String {
    unwrapped(&canonical_line(&in_plain_characters(&canonical_line(raw)))).to_owned()
}

/// The signs of an address in the one form that they are sent in: neither of full width nor as a link encodes them.
fn in_plain_characters(raw: &str) -> Cow<'_, str> {
    let narrow: Cow<'_, str> =
        if raw.is_ascii() { raw.into() } else { raw.chars().map(narrow).collect::<String>().into() };
    if narrow.contains('@') || narrow.matches("%40").count() != 1 {
        return narrow;
    }
    let signs = [
        ("%40", "@"),
        ("%2B", "+"),
        ("%2b", "+"),
        ("%2E", "."),
        ("%2e", "."),
        ("%2D", "-"),
        ("%2d", "-"),
        ("%5F", "_"),
        ("%5f", "_"),
    ];
    signs.iter().fold(narrow.into_owned(), |text, (code, sign)| text.replace(code, sign)).into()
}

fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{fe6b}' => '@',
        '\u{3002}' | '\u{ff61}' => '.',
        other => other,
    }
}

/// The address in a canonical line: without `mailto:`, words before or behind it, brackets and marks around it.
fn unwrapped(line: &str) -> &str {
    let mut address = line;
    loop {
        let inner = without_wrapping(address).trim();
        let found = match inner == address {
            false => inner,
            true if is_address(address) => return address,
            true => the_one_among_words(address).unwrap_or(address),
        };
        if found == address {
            return address;
        }
        address = found;
    }
}

/// Marks that stand around an address.
const MARKS: [char; 20] =
    ['<', '>', '(', ')', '[', ']', '"', '\'', '“', '”', '‘', '’', '«', '»', '¡', '¿', ',', ';', ':', ' '];

fn without_wrapping(line: &str) -> &str {
    if !line.contains('@') {
        return line;
    }
    let scheme = line.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    if scheme.is_some() {
        let address = line.get(7..).unwrap_or_default();
        let address = address.strip_prefix("//").unwrap_or(address);
        return address.split('?').next().unwrap_or_default();
    }
    // `Name <ana@example.com>`, and `ana@example.com (Name)`.
    for (open, close) in [('<', '>'), ('(', ')')] {
        let Some((before, rest)) = line.split_once(open) else { continue };
        let Some((inside, after)) = rest.split_once(close) else { continue };
        match (before.contains('@') || after.contains('@'), inside.contains('@')) {
            (false, true) => return inside,
            (true, false) if open == '(' && after.trim().is_empty() => return before.trim_end(),
            _ => {}
        }
    }
    let bare = line.trim_matches(MARKS);
    for mark in ['*', '_', '`', '|', '/'] {
        if let Some(inside) = bare.strip_prefix(mark).and_then(|bare| bare.strip_suffix(mark)) {
            return inside;
        }
    }
    bare.trim_end_matches(['.', '!', '?', '*', '`', '|', '/', '\\', '…', '-'])
}

/// The one address among words, `E-mail: ana@example.com`, `Ana ana@example.com`; `None` where there are several, or the words
/// could be a part of it.
fn the_one_among_words(line: &str) -> Option<&str> {
    let mut found: Option<&str> = None;
    for word in line.split(|c: char| c.is_whitespace() || "<>()[]\"“”«»|".contains(c)) {
        let (label, word) = match word.split_once(':') {
            Some((label, address)) if !label.contains('@') && label.chars().all(|c| c.is_alphabetic() || c == '-') => {
                (label, address)
            }
            _ => ("", word),
        };
        let word = word.trim_end_matches([',', ';', ':', '.']);
        let is_other = |found: &str| !found.eq_ignore_ascii_case(word);
        match (word.contains('@'), found) {
            (true, Some(found)) if is_other(found) => return None,
            (true, _) if is_address(word) && !is_scheme(label) => found = Some(word),
            (true, _) => return None,
            (false, _) if word.starts_with(['.', ',', ';']) || is_piece_of_domain(word) => return None,
            (false, _) => {}
        }
    }
    found
}

/// What stands before an address of another sort.
fn is_scheme(label: &str) -> bool {
    ["http", "https", "ftp", "sip", "skype", "xmpp", "jabber"].iter().any(|scheme| label.eq_ignore_ascii_case(scheme))
}

/// Whether a blank may have come into an address before or behind this: `com.ar`.
fn is_piece_of_domain(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ',', ';', ':']);
    bare.contains('.') && bare.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
        || ["com", "net", "org", "ar", "br", "mx"].iter().any(|end| bare.eq_ignore_ascii_case(end))
}

/// What stands behind the `@` of a chat's id.
const CHATS: [&str; 4] = ["c.us", "s.whatsapp.net", "g.us", "lid"];

/// Whether it can be an e-mail address at all; a chat's id is none.
#[must_use]
pub fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let whole = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    let is_in_local = |c: char| c.is_alphanumeric() || is_mark(c) || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || is_mark(c) || c == '-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    !CHATS.contains(&domain)
        && !is_masked(local, domain)
        && !local.is_empty()
        && local.chars().count() <= LONGEST.0
        && email.chars().count() <= LONGEST.1
        && whole(local)
        && local.chars().all(is_in_local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && last.chars().count() >= 2
        && !last.chars().any(|c| c.is_ascii_digit() && !last.starts_with("xn--"))
}

/// Whether a CRM hid the address, as plans do whose leads are over their limit (`Cliengo API notes, 1.5`: `hideLeads`).
fn is_masked(local: &str, domain: &str) -> bool {
    let crosses = |part: &str| part.chars().all(|c| matches!(c, 'x' | '.'));
    has_masking(local) || has_masking(domain) || local.len() > 2 && crosses(local) && crosses(domain)
}

/// Whether a row of signs stands in place of letters: `**`, `##`, `____`, `xxxx`.
fn has_masking(part: &str) -> bool {
    let (mut before, mut row) = (b' ', 0);
    part.bytes().any(|byte| {
        row = if byte == before { row + 1 } else { 1 };
        before = byte;
        matches!((byte, row), (b'*' | b'#', 2..) | (b'_' | b'x', 4..))
    })
}

/// Whether it is an accent or a vowel sign of a letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Whether `email` is no address but a filler that a channel made of the contact's own phone (`semantics` 8).
#[must_use]
pub fn is_placeholder_email(email: &str, phone_digits: &str) -> bool {
    let Some((local, _)) = email.trim().split_once('@') else { return false };
    let local: String = local.chars().filter(|c| *c != '+').collect();
    let is_number = local.chars().all(|c| c.is_ascii_digit());
    // The last eight digits are the line, however country, area and the mobile 9 are written.
    let line = |digits: &str| digits.len().checked_sub(8).and_then(|at| digits.get(at..)).map(str::to_owned);
    is_number && line(&local).is_some() && line(&local) == line(phone_digits)
}

/// Whether an e-mail fits a pattern in which `*` stands for anything, whatever their case.
#[must_use]
pub fn fits_pattern(email: &str, pattern: &str) -> bool {
    let (email, pattern) = (canonical_email(email), canonical_line(&pattern.to_lowercase()));
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| email.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_programs_wrap_around_an_address_is_not_part_of_it() {
        for raw in [
            "luz.vera@example.com",
            "mailto:luz.vera@example.com",
            "MAILTO:Luz.Vera@Example.com?subject=hola",
            "<luz.vera@example.com>",
            "Luz Vera <luz.vera@example.com>",
            "\"Vera, Luz\" <luz.vera@example.com>",
            "Luz Vera <mailto:luz.vera@example.com>",
            "luz.vera@example.com (Luz Vera)",
            " luz.vera@example.com, ",
            "'luz.vera@example.com';",
            "luz.vera@example.com.",
            "luz.vera\u{200b}@example.com",
            "\u{202a}luz.vera@example.com\u{202c}",
            "mailto://luz.vera@example.com",
            "mailto: luz.vera@example.com ?subject=hola",
            "E-mail: luz.vera@example.com",
            "email:luz.vera@example.com",
            "Correo electrónico: luz.vera@example.com",
            "Luz Vera luz.vera@example.com",
            "luz.vera@example.com - Luz Vera",
            "(trabajo) luz.vera@example.com",
            "luz.vera@example.com <luz.vera@example.com>",
            "luz.vera@example.com <mailto:luz.vera@example.com>",
            "[luz.vera@example.com](mailto:luz.vera@example.com)",
            "\"luz.vera@example.com\" <LUZ.VERA@example.com>",
            "«luz.vera@example.com»",
            "¡luz.vera@example.com!",
            "*luz.vera@example.com*",
            "luz.vera@example.com/",
            "mailto:luz.vera%40example.com",
            "luz%2Evera%40example.com",
            "luz.vera＠example.com",
            "ｌｕｚ．ｖｅｒａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        ] {
            assert_eq!(canonical_email(raw), "luz.vera@example.com", "{raw}");
        }
    }

    #[test]
    fn a_domain_in_letters_and_in_code_is_one() {
        assert_eq!(canonical_email("ana@xn--espaa-rta.es"), canonical_email("Ana@ESPAÑA.es"));
        assert_eq!(canonical_email("ana@xn--99999999.es"), "ana@xn--99999999.es");
        assert_eq!(canonical_email("ana@example.com"), "ana@example.com");
    }

    #[test]
    fn what_cannot_be_an_address_is_told_from_what_can() {
        for address in [
            "ana@example.com",
            "ana+x@sub.example.com.ar",
            "a@b.co",
            "o'neil@example.com",
            "josé@example.com",
            "ana@españa.es",
            "ana@xn--espaa-rta.es",
            "5491155667788@whatsapp.example",
        ] {
            assert!(is_address(&canonical_email(address)), "{address}");
        }
        for text in [
            "luz@gmail,com",
            "no tiene",
            "a@b",
            "uno@example.com / dos@example.com",
            "uno@example.com; dos@example.com",
            "@example.com",
            "luz@",
            "luz@@example.com",
            "luz@example..com",
            "luz@.com",
            "p***@example.com",
            "pe____@example.com",
            "#####@example.com",
            "xxxxxxx@xxxxx.xxx",
            "luz @example.com",
            "luz@exam ple.com",
            "luz.@example.com",
            ".luz@example.com",
            "luz@example.c",
            "luz@10.0.0.1",
            "luz@-example.com",
            "luz@exam_ple.com",
            "www.example.com",
            "s/n",
            "luz@example.com o beto@example.com",
            "Luz <luz@example.com>, Beto <beto@example.com>",
            "luz@example.com .ar",
            "luz@gmail. com",
            "luz @example.com",
            "skype:luz@example.com",
            "http://example.com/luz@example.com",
            "luz(at)example.com",
            "luz@example.com,ar",
        ] {
            assert!(!is_address(&canonical_email(text)), "{text}");
        }
        assert!(!is_address(&format!("{}@example.com", "a".repeat(65))));
    }

    #[test]
    fn a_star_in_a_pattern_stands_for_anything() {
        assert!(fits_pattern("5491@WhatsApp.example", "*@whatsapp.example"));
        assert!(fits_pattern("sin-email@x.example", "sin-email@*"));
        assert!(fits_pattern("a-b-c@x", "a*b*@x"));
        assert!(!fits_pattern("ana@example.com", "*@whatsapp.example"));
        assert!(!fits_pattern("ab@x", "a*b*b@x"));
        assert!(!fits_pattern("ana@x", "ana"));
    }

    #[test]
    fn an_email_made_of_the_contacts_own_phone_is_a_placeholder() {
        assert!(is_placeholder_email("5491155667788@whatsapp.example", "5491155667788"));
        assert!(is_placeholder_email("1155667788@x.example", "5491155667788"));
        assert!(is_placeholder_email("5491155667788@x.example", "541155667788"));
        assert!(!is_placeholder_email("ana1155667788@x.example", "5491155667788"));
        assert!(!is_placeholder_email("1234567890@x.example", "5491155667788"));
    }

    proptest! {
        #[test]
        fn an_address_is_the_same_however_often_it_is_unwrapped(raw in "(\\PC|mailto:|%40|xn--|xn--espaa-rta|＠|[<>()@. a-c\u{301}\u{3aa}]){0,40}") {
            prop_assert_eq!(canonical_email(&canonical_email(&raw)), canonical_email(&raw));
        }
    }
}
