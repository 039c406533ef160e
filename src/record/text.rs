//! Canonical text.

use unicode_normalization::UnicodeNormalization;

/// Text as it is compared: NFC, `\n` line ends, no trailing blanks on a line, nothing invisible, trimmed.
#[must_use]
pub fn canonical_text(raw: &str) -> String {
    let composed: String;
    let text = if is_plain(raw) {
        raw
    } else {
        let unified = raw.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\u{a0}', " ");
        // Left out first: what stood between a letter and its accent would keep them apart.
        composed = without_invisible(&unified).nfc().collect();
        &composed
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// Whether nothing in it has to be composed or left out: most texts. The letters from `À` on are composed already.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\u{1}'..='\u{c}' | '\u{e}'..='\u{7f}' | 'À'..='\u{24f}'))
}

/// A text without the characters that nobody sees. (`semantics` 46)
fn without_invisible(text: &str) -> impl Iterator<Item = char> {
    let mut before = '\0';
    let mut rest = text.chars().filter(|c| !is_invisible(*c)).peekable();
    std::iter::from_fn(move || {
        loop {
            let c = rest.next()?;
            // A joiner holds an emoji together; anywhere else nobody sees it.
            if c == JOINER && !(is_emoji(before) && rest.peek().is_some_and(|next| is_emoji(*next))) {
                continue;
            }
            // So does what says how a picture is drawn; and what parts two letters of a script that joins them.
            if c == DRAWN
                && !(is_emoji(before) || before == JOINER || before.is_ascii_digit() || matches!(before, '#' | '*'))
                || c == PARTED && !is_joined(before)
            {
                continue;
            }
            before = c;
            return Some(c);
        }
    })
}

const JOINER: char = '\u{200d}';
const DRAWN: char = '\u{fe0f}';
const PARTED: char = '\u{200c}';

/// Whether it is a letter, or a sign, of a script that joins its letters.
const fn is_joined(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}')
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0' | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    )
}

/// Whether it can stand beside the joiner of an emoji: a picture, its colour, or how it is drawn.
const fn is_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{20e3}' | '\u{2122}' | '\u{2139}' | '\u{fe0f}'
            | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}'
            | '\u{25a0}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{1f000}'..='\u{1faff}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// One line of text as it is compared: canonical text with every run of white space folded to one blank.
#[must_use]
pub fn canonical_line(raw: &str) -> String {
    if is_plain(raw) { on_one_line(raw) } else { on_one_line(&canonical_text(raw)) }
}

fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// A text in which capitals and small letters are one: `STRASSE` and `straße`.
#[must_use]
pub fn folded_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Its capital is that of another letter.
            'ı' => folded.push(c),
            _ => folded.extend(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Watches: I31.
        #[test]
        fn making_text_canonical_twice_changes_nothing(raw in "\\PC*|[ \\r\\n\\ta-c\u{301}\u{a0}\u{ad}\u{200b}\u{200d}\u{fe0f}👨🌈]{0,40}") {
            prop_assert_eq!(canonical_text(&canonical_text(&raw)), canonical_text(&raw));
            prop_assert_eq!(canonical_line(&canonical_line(&raw)), canonical_line(&raw));
        }
    }

    // Watches: I31.
    #[test]
    fn line_ends_composition_and_outer_blanks_are_not_differences() {
        assert_eq!(canonical_text("  Jose\u{301}\r\nPe\u{301}rez \n"), "José\nPérez");
        assert_eq!(
            (canonical_line(" Ñandú \t Ç\nõ "), canonical_line("Ñ\u{327}")),
            ("Ñandú Ç õ".into(), "Ņ\u{303}".into())
        );
        for c in ('À'..='\u{24f}').map(String::from) {
            assert_eq!(c.nfc().collect::<String>(), c);
        }
    }

    #[test]
    fn what_is_left_out_or_made_small_leaves_no_letter_in_two_pieces() {
        assert_eq!(canonical_text("e\u{feff}\u{301}"), "é");
        assert_eq!(crate::record::canonical_email("\u{3aa}\u{301}@x"), "\u{390}@x");
        assert_eq!(crate::record::fold_tag("\u{3aa}\u{301}"), "\u{390}");
    }

    #[test]
    fn what_nobody_sees_is_left_out_and_emoji_stay_whole() {
        for invisible in ['\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{ad}', '\u{feff}']
        {
            assert_eq!(canonical_line(&format!("{invisible}Irma{invisible} Sal{invisible}inas")), "Irma Salinas");
        }
        assert_eq!(canonical_line("Ir\u{200d}ma \u{200d}"), "Irma");
        for emoji in ["Familia 👨\u{200d}👩\u{200d}👧 Ruiz", "Bandera 🏳\u{fe0f}\u{200d}🌈 Club", "👩🏽\u{200d}⚕\u{fe0f}"]
        {
            assert_eq!(canonical_line(emoji), emoji);
        }
        assert_eq!(canonical_line("👨\u{200d}\u{200b}\u{200d}👩"), "👨\u{200d}👩");
    }
}
