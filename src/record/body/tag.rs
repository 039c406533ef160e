//! Whether a text is markup: it has a known tag, written as tags are.

use std::collections::BTreeSet;

/// The elements of HTML, the ones that nobody should use any more among them.
const KNOWN: [&str; 126] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "menu",
    "meta",
    "meter",
    "nav",
    "nobr",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Elements whose name is also a word that people write in such brackets: alone, without an attribute or an end, they are text.
const WORDS: [&str; 33] = [
    "address", "area", "article", "base", "button", "caption", "code", "data", "details", "dialog", "footer", "form",
    "frame", "header", "input", "label", "legend", "link", "main", "map", "menu", "meter", "object", "option",
    "output", "param", "search", "select", "source", "summary", "template", "time", "title",
];

/// Attributes that stand without a value.
const ALONE: [&str; 24] = [
    "allowfullscreen",
    "async",
    "autofocus",
    "autoplay",
    "checked",
    "compact",
    "controls",
    "default",
    "defer",
    "disabled",
    "download",
    "formnovalidate",
    "hidden",
    "ismap",
    "loop",
    "multiple",
    "muted",
    "noshade",
    "nowrap",
    "open",
    "readonly",
    "required",
    "reversed",
    "selected",
];

/// Whether the text has a known tag in well-formed position. `precio <100>`, `a<b y b>c` and `<a convenir>` have none.
pub(super) fn has_one(text: &str) -> bool {
    let closed: BTreeSet<String> = text
        .match_indices("</")
        .filter_map(|(at, _)| name(text.get(at + 2..)?))
        .map(|(name, _)| name.to_ascii_lowercase())
        .filter(|name| WORDS.contains(&name.as_str()))
        .collect();
    text.match_indices('<').any(|(at, _)| text.get(at + 1..).is_some_and(|rest| is_tag(rest, &closed)))
}

/// Whether what follows a `<` is a tag to its end.
fn is_tag(rest: &str, closed: &BTreeSet<String>) -> bool {
    if let Some(end) = rest.strip_prefix('/') {
        let Some((name, after)) = name(end) else { return false };
        return is_known(name) && after.trim_start().starts_with('>');
    }
    let Some((name, mut after)) = name(rest) else { return false };
    if !is_known(name) {
        return false;
    }
    let word = name.to_ascii_lowercase();
    let mut is_text = WORDS.contains(&word.as_str()) && !closed.contains(&word);
    loop {
        let trimmed = after.trim_start();
        let ends = trimmed.strip_prefix('/').unwrap_or(trimmed);
        if ends.starts_with('>') {
            return !is_text;
        }
        // An attribute is parted from what stands before it.
        if trimmed.len() == after.len() {
            return false;
        }
        match attribute(trimmed) {
            Some(behind) => after = behind,
            None => return false,
        }
        is_text = false;
    }
}

fn is_known(name: &str) -> bool {
    name.len() <= 10 && KNOWN.contains(&name.to_ascii_lowercase().as_str())
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(name, _)| !name.is_empty())
}

/// What stands behind one attribute.
fn attribute(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(text.len());
    let (name, behind) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let Some(value) = behind.trim_start().strip_prefix('=').map(str::trim_start) else {
        let name = name.to_ascii_lowercase();
        return (name.starts_with("data-") || ALONE.contains(&name.as_str())).then_some(behind);
    };
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.find(quote).and_then(|end| quoted.get(end + 1..));
        }
    }
    let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
    let (bare, behind) = value.split_at_checked(end)?;
    (!bare.is_empty() && !bare.contains(['"', '\'', '<', '`'])).then_some(behind)
}
