//! A list as a table for a person: ids first, and never cut.

use super::escape::on_one_line;
use super::screen::{Pasted, Style, columns, padded};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub head: &'static str,
    /// A longer cell is cut; `None`: never, since it is to be pasted.
    pub most: Option<usize>,
}

impl Column {
    /// A column whose cells are never cut.
    #[must_use]
    pub const fn whole(head: &'static str) -> Self {
        Self { head, most: None }
    }

    /// A column whose cells are cut to `most`.
    #[must_use]
    pub const fn cut(head: &'static str, most: usize) -> Self {
        Self { head, most: Some(most) }
    }
}

/// How far a row's further lines are indented.
const INDENT: usize = 4;

/// The least that a last column is given before it goes to a line of its own.
const LEAST: usize = 20;

/// The table: every column as wide as its widest cell. What a terminal has no room for goes to a further line of its row,
/// and the last column flows over as many as it needs.
#[must_use]
pub fn table<const N: usize>(heads: [Column; N], rows: &[[String; N]], style: Style) -> String {
    let cells = |row: &[String; N]| -> Vec<String> {
        row.iter().zip(heads).map(|(cell, column)| cut(&on_one_line(cell), column.most)).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let heads: Vec<String> = heads.iter().map(|column| column.head.to_owned()).collect();
    let all = || std::iter::once(&heads).chain(&rows);
    let widths: Vec<usize> =
        (0..N).map(|at| all().filter_map(|row| row.get(at)).map(|cell| columns(cell)).max().unwrap_or(0)).collect();
    let words = rows.iter().filter_map(|row| row.last()).flat_map(|cell| cell.split(' '));
    let begins = begins(&widths, words.map(columns).max().unwrap_or(0), style.width);
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if begins.get(at).copied().unwrap_or(false) {
                push(&mut text, &line);
                line = " ".repeat(INDENT);
            }
            if at + 1 < N {
                line.push_str(&padded(cell, width + 2));
                continue;
            }
            let from = columns(&line);
            let mut pieces = flowed(cell, style.width.saturating_sub(from).max(LEAST)).into_iter();
            line.push_str(&pieces.next().unwrap_or_default());
            for piece in pieces {
                push(&mut text, &line);
                line = " ".repeat(from) + &piece;
            }
        }
        push(&mut text, &line);
    }
    text
}

/// Which columns begin a further line of their row; the last one has a word as wide as `longest`.
fn begins(widths: &[usize], longest: usize, room: usize) -> Vec<bool> {
    let mut used = 0;
    let mut begins = Vec::new();
    for (at, width) in widths.iter().enumerate() {
        let needs = if at + 1 == widths.len() { (*width).min(LEAST).max(longest) } else { *width };
        let is_full = used > INDENT && used + needs > room;
        begins.push(is_full);
        used = if is_full { INDENT } else { used } + width + 2;
    }
    begins
}

fn push(text: &mut String, line: &str) {
    if !line.trim().is_empty() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// Words in lines of at most `width` columns; a longer word, and a command, has a line of its own, whole.
fn flowed(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut pieces: Vec<String> = Vec::new();
    let mut pasted = Pasted::default();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let goes_on = pasted.goes_on(word);
        match pieces.last_mut().filter(|_| goes_on) {
            Some(piece) => piece.extend([" ", word]),
            None => pieces.push(word.to_owned()),
        }
    }
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(&piece) <= width => line.extend([" ", &piece]),
            _ => lines.push(piece),
        }
    }
    lines
}

fn cut(text: &str, most: Option<usize>) -> String {
    let Some(most) = most.filter(|most| columns(text) > *most) else { return text.to_owned() };
    let mut shown = String::new();
    for character in text.chars() {
        shown.push(character);
        if columns(&shown) >= most {
            shown.pop();
            break;
        }
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_first_and_whole_and_the_line_fits() {
        let heads = [Column::whole("ID"), Column::cut("NAME", 8), Column::cut("WHY", 400)];
        let row = |id: &str, name: &str, why: &str| [id, name, why].map(str::to_owned);
        let rows = [row("0a1b2c3d4e", "Ana\nGómez Paz", &"palabra ".repeat(30)), row("5", "东京东京东京", "no")];
        let text = table(heads, &rows, Style { colour: false, width: 60 });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ID          NAME      WHY");
        assert!(lines[1].starts_with("0a1b2c3d4e  Ana⏎Góm…  palabra"), "{text}");
        assert!(lines[2].starts_with("                      palabra"), "{text}");
        assert!(text.contains("\n5           东京东…   no\n"), "{text}");
        assert_eq!(text.matches("palabra").count(), 30, "nothing of the last column is cut");
        assert!(lines.iter().all(|line| columns(line) <= 60), "{text}");
    }

    #[test]
    fn what_has_no_room_goes_to_a_further_line_of_its_row() {
        let heads = [Column::whole("ID"), Column::whole("CLIENGO"), Column::whole("GHL"), Column::cut("NAME", 60)];
        let row = ["12", "64b0c0ffee0000000000a010", "zS6nxeLZCrjupj11KrG7", "Joaquín Agüero"].map(str::to_owned);
        let text = table(heads, &[row], Style { colour: false, width: 60 });
        let expected = "ID  CLIENGO                   GHL\n    NAME\n12  64b0c0ffee0000000000a010  zS6nxeLZCrjupj11KrG7\n    Joaquín Agüero\n";
        assert_eq!(text, expected);
    }
}
