//! A list as a table for a person: ids first, and never cut.

use super::escape::on_one_line;
use super::screen::{Style, columns, padded};

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

/// The table: every column as wide as its widest cell, the last one cut to what the terminal has left.
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
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if at + 1 == N {
                let left = style.width.saturating_sub(columns(&line)).max(12);
                line.push_str(&cut(cell, Some(left)));
            } else {
                line.push_str(&padded(cell, width + 2));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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
        assert!(lines[2].starts_with("5           东京东…   no"), "{text}");
        assert!(lines.iter().all(|line| columns(line) <= 60), "{text}");
    }
}
