//! What a person reads in markup. One pass over its tokens, without a tree: depth costs no more than length.

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// What was read.
pub(super) struct Read {
    pub text: String,
    pub rich: bool,
}

/// Reads markup.
pub(super) fn read(html: &str) -> Read {
    let tokenizer = Tokenizer::new(Reader(RefCell::new(Page::default())), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    while let TokenizerResult::Script(()) | TokenizerResult::EncodingIndicator(_) = tokenizer.feed(&queue) {}
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    page.end_link();
    Read { text: page.text, rich: page.rich }
}

struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return page.start(&tag),
            Token::TagToken(tag) => page.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    /// So that the content of a section of characters is read.
    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        true
    }
}

/// The text so far, and what stands before the next of it.
#[derive(Default)]
struct Page {
    text: String,
    rich: bool,
    /// Line ends before the next text.
    breaks: usize,
    /// A blank before the next text of the same line.
    blank: bool,
    /// A number, or what parts two cells, before the next text.
    prefix: String,
    /// The lists that are open: the next number of those that have one.
    lists: Vec<Option<i64>>,
    /// How many elements keep their blanks.
    kept: Vec<&'static str>,
    /// Elements whose content is not shown.
    hidden: usize,
    /// Where the text of a link begins, and where it leads to.
    link: Option<(usize, String)>,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        for c in text.chars() {
            match c {
                '\n' if !self.kept.is_empty() => self.breaks += 1,
                ' ' | '\t' | '\n' | '\r' | '\u{c}' if self.kept.is_empty() => self.blank = true,
                other => self.push(other),
            }
        }
    }

    fn push(&mut self, c: char) {
        self.flush();
        self.text.push(c);
    }

    fn flush(&mut self) {
        let begins = self.text.is_empty();
        if self.breaks > 0 && !begins {
            self.text.extend(std::iter::repeat_n('\n', self.breaks));
        } else if self.blank && !begins && self.breaks == 0 && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        (self.breaks, self.blank) = (0, false);
        let prefix = std::mem::take(&mut self.prefix);
        self.text.push_str(&prefix);
    }

    fn block(&mut self, lines: usize) {
        if lines > 0 {
            // The items of a list stand close to each other.
            self.breaks = self.breaks.max(if self.lists.is_empty() { lines } else { 1 });
            self.blank = false;
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let value = |name: &str| {
            tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.trim())
        };
        match &*tag.name {
            "br" => {
                self.breaks += 1;
                self.blank = false;
            }
            "ol" => {
                self.block(1);
                self.lists.push(Some(value("start").and_then(|start| start.parse().ok()).unwrap_or(1)));
            }
            "ul" | "menu" | "dir" => {
                self.block(1);
                self.lists.push(None);
            }
            // Editors write every list as a numbered one, and say of each item what it is.
            "li" if value("data-list").is_some_and(|list| list != "ordered") => {
                self.block(1);
                self.prefix.clear();
            }
            "li" => self.item(value("value").and_then(|number| number.parse().ok())),
            "td" | "th" => {
                self.blank = false;
                if !self.text.is_empty() && self.breaks == 0 && !self.text.ends_with('\n') {
                    " | ".clone_into(&mut self.prefix);
                }
            }
            "a" => {
                self.end_link();
                self.begin_link(value("href"));
            }
            "img" => self.address(value("src"), value("alt")),
            "area" => self.address(value("href"), value("alt")),
            "iframe" | "video" | "audio" | "embed" | "source" | "object" => {
                self.address(value("src").or(value("data")), None);
            }
            "svg" => self.address(Some("data:image/svg+xml"), None),
            "pre" | "textarea" | "listing" | "xmp" => {
                self.block(2);
                self.kept.push("pre");
            }
            "span" => {
                let style = value("style").unwrap_or_default();
                self.kept.extend(style.replace(' ', "").contains("white-space:pre").then_some("span"));
            }
            "template" => self.hidden += usize::from(!tag.self_closing),
            name => {
                self.rich |= name == "table";
                self.block(lines_around(name));
            }
        }
        match &*tag.name {
            "script" | "style" => {
                self.hidden += 1;
                TokenSinkResult::RawData(if &*tag.name == "script" { RawKind::ScriptData } else { RawKind::Rawtext })
            }
            "xmp" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "iframe" => {
                self.hidden += 1;
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "ol" | "ul" | "menu" | "dir" => {
                self.lists.pop();
                self.block(if self.lists.is_empty() { 2 } else { 1 });
            }
            "li" => self.block(1),
            "a" => self.end_link(),
            "pre" | "textarea" | "listing" | "xmp" => {
                self.kept.pop();
                self.block(2);
            }
            // Of a span the tokens do not say which it closes: one that keeps blanks holds nothing but them.
            "span" => _ = self.kept.pop_if(|kept| *kept == "span"),
            "script" | "style" | "iframe" | "template" => {
                self.hidden = self.hidden.saturating_sub(1);
            }
            "br" => self.breaks += 1,
            name => self.block(lines_around(name)),
        }
    }

    fn item(&mut self, number: Option<i64>) {
        self.block(1);
        self.prefix.clear();
        if let Some(Some(next)) = self.lists.last_mut() {
            let at = number.unwrap_or(*next);
            *next = at.saturating_add(1);
            self.prefix = format!("{at}. ");
        }
    }

    /// Pictures and attachments are read as their address; what is embedded as what is said of it, or what sort of thing it is.
    fn address(&mut self, source: Option<&str>, instead: Option<&str>) {
        let source = source.filter(|source| !source.is_empty());
        let is_embedded = |source: &&str| source.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let sort = source.filter(is_embedded).and_then(|source| source.split([';', ',']).next());
        self.rich |= source.is_some();
        let instead = instead.filter(|shown| !shown.is_empty());
        let shown = source.filter(|source| !is_embedded(source)).or(instead).or(sort);
        if let Some(shown) = shown.filter(|_| self.hidden == 0) {
            self.word(shown);
        }
    }

    /// Writes what no other word runs into.
    fn word(&mut self, word: &str) {
        self.blank |= !self.text.ends_with([' ', '\n', '(']);
        self.flush();
        self.text.push_str(word);
        self.blank = true;
    }

    fn begin_link(&mut self, target: Option<&str>) {
        let target = target.filter(|target| !target.is_empty() && !target.starts_with('#'));
        let Some(target) = target.filter(|target| !target.to_ascii_lowercase().starts_with("javascript:")) else {
            return;
        };
        self.rich = true;
        self.link = Some((self.text.len(), target.to_owned()));
    }

    /// A link is read as its text, with where it leads to behind it.
    fn end_link(&mut self) {
        let Some((from, target)) = self.link.take() else { return };
        if self.hidden > 0 {
            return;
        }
        let shown = self.text.get(from..).unwrap_or_default().trim();
        let bare = target.strip_prefix("mailto:").or(target.strip_prefix("tel:")).unwrap_or(&target);
        let is_shown = |address: &str| holds_address(shown, address.trim_end_matches('/'));
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let is_dialled = target.starts_with("tel:") && digits(shown) == digits(bare);
        if is_shown(&target) || is_shown(bare) || is_dialled {
            return;
        }
        if shown.is_empty() {
            self.word(bare);
        } else {
            self.text.push_str(&format!(" ({bare})"));
        }
    }
}

/// Whether an address stands in a text whole: `https://example.com` is not shown by `https://example.com/plano.png`.
fn holds_address(text: &str, address: &str) -> bool {
    let ends = |(at, found): (usize, &str)| {
        let behind = text.get(at + found.len()..).unwrap_or_default();
        let rest = behind.split(char::is_whitespace).next().unwrap_or_default();
        !rest.contains(char::is_alphanumeric)
    };
    !address.is_empty() && text.match_indices(address).any(ends)
}

/// How many line ends part an element from what stands around it.
fn lines_around(name: &str) -> usize {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "hr" | "table" | "dl" => 2,
        "div" | "tr" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside" | "center"
        | "address" | "figure" | "figcaption" | "dt" | "dd" | "form" | "fieldset" | "legend" | "details"
        | "summary" | "caption" | "thead" | "tbody" | "tfoot" | "option" | "html" | "body" | "head" | "dialog"
        | "hgroup" | "search" | "title" | "noembed" | "noframes" => 1,
        _ => 0,
    }
}
