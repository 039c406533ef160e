//! Lines on a terminal: escaped, coloured where asked, wrapped between words, never with a trailing blank.

use unicode_normalization::char::is_combining_mark;

pub(super) use super::escape::{on_one_line, visible};

/// How a text report is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used. Nothing is said by colour alone.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// Narrower than this nothing is wrapped to: ids would not fit.
const NARROWEST: usize = 50;

/// Wider than this prose is hard to read.
const WIDEST: usize = 120;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Paint {
    #[default]
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    /// Text that goes away: red and struck through.
    Gone,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Gone => "31;9",
        }
    }
}

/// A piece of a line in one colour.
#[derive(Clone)]
struct Span {
    text: String,
    paint: Paint,
}

/// What stands on one line, or flows over several.
#[derive(Clone, Default)]
pub(crate) struct Line(Vec<Span>);

impl Line {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    pub(crate) fn painted(text: impl Into<String>, paint: Paint) -> Self {
        Self::default().paint(text, paint)
    }

    pub(crate) fn then(self, text: impl Into<String>) -> Self {
        self.paint(text, Paint::Plain)
    }

    pub(crate) fn paint(mut self, text: impl Into<String>, paint: Paint) -> Self {
        match self.0.last_mut() {
            Some(last) if last.paint == paint => last.text.push_str(&text.into()),
            _ => self.0.push(Span { text: text.into(), paint }),
        }
        self
    }

    pub(crate) fn join(self, other: Line) -> Self {
        other.0.into_iter().fold(self, |line, span| line.paint(span.text, span.paint))
    }

    pub(crate) fn columns(&self) -> usize {
        self.0.iter().map(|span| columns(&span.text)).sum()
    }
}

/// A word and what stands before it.
#[derive(Default)]
struct Word {
    line: Line,
    blanks: usize,
    blank_paint: Paint,
    breaks: bool,
}

/// The report as it is written.
pub(crate) struct Page {
    pub(crate) style: Style,
    text: String,
    /// Whether something was left out.
    folded: bool,
}

impl Page {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, text: String::new(), folded: false }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// One line, whatever its length: ids and commands in it are to be pasted.
    pub(crate) fn line(&mut self, indent: usize, line: &Line) {
        self.row(&" ".repeat(indent), &line.0);
    }

    /// A line that says what was left out.
    pub(crate) fn fold(&mut self, indent: usize, line: &Line) {
        self.folded();
        self.line(indent, line);
    }

    /// Something was left out, and the line above says so.
    pub(crate) fn folded(&mut self) {
        self.folded = true;
    }

    pub(crate) fn is_folded(&self) -> bool {
        self.folded
    }

    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// An empty line, unless there is one already.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The title of a section, after a gap.
    pub(crate) fn heading(&mut self, title: &str, paint: Paint) {
        self.gap();
        self.line(0, &Line::painted(title, if self.style.colour { paint } else { Paint::Plain }));
    }

    /// Words that flow over as many lines as they need; all but the first begin `indent` columns from the left.
    pub(crate) fn flow(&mut self, lead: Line, indent: usize, words: Line) {
        self.flow_at_most(lead, indent, words, usize::MAX);
    }

    /// As [`Page::flow`], but no more than `most` lines; how many were left out is said.
    pub(crate) fn flow_at_most(&mut self, lead: Line, indent: usize, words: Line, most: usize) {
        let room = self.style.width.clamp(NARROWEST, WIDEST).saturating_sub(indent);
        let mut rows = wrapped(words, lead.columns().saturating_sub(indent), room);
        let left_out = if rows.len() > most.saturating_add(1) { rows.len() - most } else { 0 };
        rows.truncate(rows.len() - left_out);
        let mut rows = rows.into_iter();
        self.line(0, &lead.join(rows.next().unwrap_or_default()));
        for row in rows {
            self.line(indent, &row);
        }
        if left_out > 0 {
            self.line(indent, &Line::painted(format!("… {left_out} more lines"), Paint::Dim));
        }
    }

    fn row(&mut self, lead: &str, spans: &[Span]) {
        self.text.push_str(lead);
        for span in spans {
            if self.style.colour && span.paint != Paint::Plain && !span.text.trim().is_empty() {
                let blanks = span.text.len() - span.text.trim_end().len();
                let (said, rest) = span.text.split_at(span.text.len() - blanks);
                for piece in ["\u{1b}[", span.paint.code(), "m", said, "\u{1b}[0m", rest] {
                    self.text.push_str(piece);
                }
            } else {
                self.text.push_str(&span.text);
            }
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

/// Rows of at most `width` columns; the first has `taken` of them already.
fn wrapped(text: Line, taken: usize, width: usize) -> Vec<Line> {
    let mut rows = Vec::new();
    let mut row = Line::default();
    let mut used = taken;
    for word in with_whole_commands(words(text)) {
        let long = word.line.columns();
        let starts = word.breaks || (!row.0.is_empty() && used + word.blanks + long > width);
        if starts {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        // A line break keeps the blanks after it (an indented list); a wrap swallows them.
        if !starts || word.breaks {
            row = row.paint(" ".repeat(word.blanks), word.blank_paint);
            used += word.blanks;
        }
        used += long;
        row = row.join(word.line);
    }
    rows.push(row);
    rows
}

/// Where a command of ours begins and ends in a sentence: it is pasted, so no line ends within it.
#[derive(Default)]
pub(super) struct Pasted {
    is_open: bool,
    before: String,
}

impl Pasted {
    /// Whether `word` belongs to the command that the word before it belongs to.
    pub(super) fn goes_on(&mut self, word: &str) -> bool {
        let goes_on = self.is_open;
        let begins = word == "`concord" || (word == "concord" && self.before.ends_with(':'));
        self.is_open = (goes_on || begins) && !word.ends_with(['.', ',', ';', ')']);
        self.is_open &= !word.trim_start_matches('`').contains('`');
        word.clone_into(&mut self.before);
        goes_on
    }
}

fn with_whole_commands(words: Vec<Word>) -> Vec<Word> {
    let mut pasted = Pasted::default();
    let mut whole: Vec<Word> = Vec::new();
    for word in words {
        let text: String = word.line.0.iter().map(|span| span.text.as_str()).collect();
        let goes_on = pasted.goes_on(&text) && !word.breaks;
        match whole.last_mut().filter(|_| goes_on) {
            Some(last) => {
                let line = std::mem::take(&mut last.line);
                last.line = line.paint(" ".repeat(word.blanks), word.blank_paint).join(word.line);
            }
            None => whole.push(word),
        }
    }
    whole
}

fn words(text: Line) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for span in text.0 {
        let mut piece = String::new();
        for character in span.text.chars() {
            if character != ' ' && character != '\n' {
                piece.push(character);
                continue;
            }
            if !piece.is_empty() {
                word.line = word.line.paint(std::mem::take(&mut piece), span.paint);
            }
            if !word.line.0.is_empty() || (character == '\n' && word.breaks) {
                words.push(std::mem::take(&mut word));
            }
            if character == '\n' {
                word = Word { breaks: true, ..Word::default() };
            } else {
                word.blanks += 1;
                word.blank_paint = span.paint;
            }
        }
        if !piece.is_empty() {
            word.line = word.line.paint(piece, span.paint);
        }
    }
    if !word.line.0.is_empty() || word.breaks {
        words.push(word);
    }
    words
}

/// Columns that `text` takes on a terminal: none for combining marks, two for East Asian letters and emoji.
pub(crate) fn columns(text: &str) -> usize {
    text.chars()
        .map(|character| match character {
            '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
            mark if is_combining_mark(mark) => 0,
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}' => 2,
            _ => 1,
        })
        .sum()
}

/// `text`, followed by the blanks that make it `width` columns wide.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_falls_between_words_and_keeps_line_breaks() {
        let mut page = Page::new(Style { colour: false, width: 50 });
        let text = "uno dos tres cuatro cinco seis siete ocho nueve diez once\n\n  - doce ";
        page.flow(Line::of("  body  "), 8, Line::of(text));
        let expected =
            "  body  uno dos tres cuatro cinco seis siete ocho\n        nueve diez once\n\n          - doce\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_command_is_never_broken_over_two_lines() {
        let mut page = Page::new(Style { colour: false, width: 40 });
        page.flow(Line::default(), 2, Line::of("They stay linked. To part them: concord links remove 1 --pair acme"));
        page.flow(Line::default(), 2, Line::of("It is there: `concord links show 1 --pair x` shows who it is."));
        let expected = "They stay linked. To part them:\n  concord links remove 1 --pair acme\nIt is there: `concord links show 1 --pair x`\n  shows who it is.\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn accents_letters_and_emoji_are_aligned() {
        assert_eq!(padded("Jose\u{301}", 6).chars().count(), 7);
        assert_eq!(columns("东京"), 4);
        assert_eq!(columns("🎉"), 2);
    }
}
