//! One person who waits, on a screen: both sides next to each other, why, where to look, and what settles it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Entry, Other};
use crate::cli::{Session, masking, output};
use crate::config::Config;
use crate::record::{Kind, Side};
use crate::report::{
    Audience, Line, Page, Paint, Settling, Style, columns, masked_document, may_be_one, on_one_line, padded,
};
use crate::state::HeldRow;

/// One block for each person, those with news first.
pub(super) fn blocks(session: &Session, config: &Config, entries: &[Entry<'_>]) -> String {
    let style = output::style(&session.global, false);
    let mut people: Vec<(&str, Vec<&Entry<'_>>)> = Vec::new();
    for entry in entries {
        let person = entry.row.person.as_str();
        match people.iter_mut().find(|(known, _)| *known == person) {
            Some((_, records)) => records.push(entry),
            None => people.push((person, vec![entry])),
        }
    }
    people.sort_by_key(|(_, records)| records.iter().all(|entry| entry.known));
    let mut page = Page::new(style);
    for (_, records) in &people {
        page.gap();
        block(&mut page, style, session, config, records);
    }
    page.finish()
}

/// A record's name, masked where the configuration says so.
pub(super) fn name(session: &Session, config: &Config, row: &HeldRow) -> String {
    let label =
        if row.label.is_empty() { session.say(&format!("{} without a name", row.kind)) } else { row.label.clone() };
    let shown = on_one_line(&masking::label(config, row.kind, &label));
    if row.kind == Kind::Contact { shown } else { format!("{} \"{shown}\"", session.word(row.kind.as_str())) }
}

fn block(page: &mut Page, style: Style, session: &Session, config: &Config, records: &[&Entry<'_>]) {
    let Some(first) = records.first() else { return };
    page.line(
        0,
        &Line::painted(name(session, config, &first.row), Paint::Bold).then(format!(
            "  ({} {})",
            session.word("pair"),
            first.pair.name
        )),
    );
    side_by_side(page, style, session, config, records);
    let mut seen = BTreeSet::new();
    for entry in records {
        let audience = Audience::of(config, entry.pair);
        let other = |other: &Other| Some((other.id.side(), audience.link(other.id.side(), other.id.as_str())?));
        let others = entry.others.iter().filter_map(other);
        for (side, link) in entry.links.iter().map(|(side, link)| (*side, link.clone())).chain(others) {
            if seen.insert(link.clone()) {
                page.line(4, &Line::painted(format!("{}: {link}", side.title()), Paint::Dim));
            }
        }
    }
    for entry in records {
        let row = &entry.row;
        let lead = Line::of(format!("{}  ", row.id));
        let why = entry.reason.map_or(row.reason.as_str(), |reason| session.words().held(reason).0);
        let detail = masked(config, &row.detail);
        let why = format!("  {why}: {}", session.say(&on_one_line(&detail)));
        page.flow(lead, row.id.len() + 2, Line::painted(standing(session, entry), Paint::Yellow).then(why));
        if let Some(until) = entry.rests {
            page.flow(Line::of("    "), 4, Line::of(session.say(&resting(config, entry, until))));
        }
        for command in &entry.commands {
            let then = if entry.rests.is_some() { "then" } else { "settle it" };
            let command = short(config, command);
            page.line(4, &Line::of(format!("{}: ", session.word(then))).paint(command, Paint::Bold));
        }
    }
    let offered = offered(records);
    // After the first of several the others would fail.
    if offered.len() > 1 {
        page.line(4, &Line::of(format!("{}:", session.word("if they are one, one of these"))));
    }
    for command in &offered {
        let lead = if offered.len() > 1 { "  ".to_owned() } else { format!("{}: ", session.word("if they are one")) };
        page.line(4, &Line::of(lead).paint(short(config, command), Paint::Bold));
    }
    let new: Vec<&str> = records.iter().filter(|entry| !entry.known).map(|entry| entry.row.id.as_str()).collect();
    let lead = format!("{}: ", session.word("leave it as it is"));
    for command in acknowledging(&new, style.width.saturating_sub(4 + columns(&lead)), |ids| {
        short(config, &format!("concord held ack {ids} --pair {}", first.pair.name))
    }) {
        page.line(4, &Line::of(lead.clone()).paint(command, Paint::Bold));
    }
}

/// A command without its pair, where there is one only: it fits on a line then.
fn short(config: &Config, command: &str) -> String {
    let [pair] = config.pairs.as_slice() else { return command.to_owned() };
    command.strip_suffix(&format!(" --pair {}", pair.name)).unwrap_or(command).to_owned()
}

/// The commands that acknowledge all of these, each on one line: a terminal would break a longer one inside an id.
fn acknowledging(ids: &[&str], room: usize, command: impl Fn(&str) -> String) -> Vec<String> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for id in ids {
        let longer = commands.last().map(|(ids, _)| format!("{ids} {id}"));
        match longer.map(|ids| (command(&ids), ids)).filter(|(command, _)| columns(command) <= room) {
            Some((command, ids)) => {
                commands.pop();
                commands.push((ids, command));
            }
            None => commands.push(((*id).to_owned(), command(id))),
        }
    }
    commands.into_iter().map(|(_, command)| command).collect()
}

/// How long a create without an answer waits.
fn resting(config: &Config, entry: &Entry<'_>, until: Timestamp) -> String {
    let audience = Audience::of(config, entry.pair);
    let (time, zone, settle) = (audience.time(until), audience.zone(), entry.pair.settle.as_secs());
    format!("rests until {time} {zone} (settle = {settle}s)")
}

/// `new`, or what is known of it.
fn standing(session: &Session, entry: &Entry<'_>) -> String {
    let Some(acknowledged) = entry.row.acknowledged.as_ref().filter(|_| entry.known) else {
        return session.word("new").to_owned();
    };
    let until =
        acknowledged.until.as_ref().map(|(day, _)| format!(" {} {day}", session.word("until"))).unwrap_or_default();
    let note = acknowledged.note.as_ref().map(|note| format!(" ({})", on_one_line(note))).unwrap_or_default();
    format!("{}{until}{note}", session.word("known"))
}

/// What makes two records one, where that is what is asked.
fn offered(records: &[&Entry<'_>]) -> Vec<String> {
    let Some(pair) = records.first().map(|entry| entry.pair.name.as_str()) else { return Vec::new() };
    let rows: Vec<_> = records.iter().map(|entry| (&entry.row, entry.reason)).collect();
    let link = |(cliengo, ghl)| Settling::Link { cliengo, ghl }.command(pair);
    may_be_one(&rows).into_iter().map(link).collect()
}

/// Cliengo's records in the left half, GHL's in the right one.
fn side_by_side(page: &mut Page, style: Style, session: &Session, config: &Config, records: &[&Entry<'_>]) {
    let column = style.width.clamp(60, 120).saturating_sub(6) / 2;
    let [left, right] = Side::BOTH.map(|side| {
        let mut lines = vec![side.title().to_uppercase()];
        let mut seen = BTreeSet::new();
        for entry in records {
            let Some(id) = entry.row.ids.of(side).filter(|id| seen.insert((*id).to_owned())) else { continue };
            lines.push(on_one_line(id));
            lines.extend(fields(session, config, entry.row.shown.of(side), column));
        }
        for other in records.iter().flat_map(|entry| &entry.others).filter(|other| other.id.side() == side) {
            if seen.insert(other.id.as_str().to_owned()) {
                lines.push(format!("{} ({})", on_one_line(other.id.as_str()), session.word("linked")));
                lines.extend(fields(session, config, &other.shown, column));
            }
        }
        if lines.len() == 1 {
            lines.push(session.word("(none)").to_owned());
        }
        lines
    });
    for at in 0..left.len().max(right.len()) {
        let cell = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
        let line = format!("{}  {}", padded(&cell(&left), column), cell(&right));
        page.line(4, &Line::of(line.trim_end().to_owned()));
    }
}

/// A record's fields, each in as many lines as it needs.
fn fields(session: &Session, config: &Config, shown: &BTreeMap<String, Json>, column: usize) -> Vec<String> {
    let shown = serde_json::to_value(shown).unwrap_or_default();
    let shown = if config.report.mask { masked_document(&shown) } else { shown };
    let mut lines = Vec::new();
    for (field, value) in shown.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.extend(pieces(&on_one_line(&format!("{} {value}", session.say(field))), column));
    }
    lines
}

/// A value in pieces of at most `width` characters: two lines of it, and that there is more.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return vec![text.to_owned()];
    }
    // An address is broken before its @, other texts after a blank, where that leaves half a line at least.
    let room = letters.get(..width).unwrap_or_default();
    let at = letters.iter().take(width + 1).rposition(|letter| *letter == '@');
    let blank = room.iter().rposition(|letter| *letter == ' ').map(|blank| blank + 1);
    let first = at.or(blank).filter(|end| *end >= width / 2).unwrap_or(width.max(1));
    let (first, rest) = letters.split_at(first.min(letters.len()));
    let mut second: String = rest.iter().take(width).collect();
    if rest.len() > width {
        second.pop();
        second.push('…');
    }
    vec![first.iter().collect::<String>().trim_end().to_owned(), second]
}

fn masked(config: &Config, detail: &str) -> String {
    if !config.report.mask {
        return detail.to_owned();
    }
    let document = masked_document(&serde_json::json!({ "detail": detail }));
    document.get("detail").and_then(Json::as_str).unwrap_or_default().to_owned()
}
