//! A part of the pairs: for machines that share them without knowing of each other.

use crate::config::Pair;

/// Part `index` of `of`, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    index: u16,
    of: u16,
}

impl Shard {
    /// `0/4` to `3/4`.
    pub(super) fn parse(given: &str) -> Result<Self, String> {
        let numbers = given.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            _ => Err("a part and how many there are, from 0/4 to 3/4".to_owned()),
        }
    }

    /// Those of `pairs` that are in it. Of all parts a pair is in the one that weighs most for its name: with one part
    /// more, only those move that the new one takes.
    pub(super) fn of(self, mut pairs: Vec<&Pair>) -> Vec<&Pair> {
        pairs.retain(|pair| self.takes(&pair.name));
        pairs
    }

    fn takes(self, name: &str) -> bool {
        let weight = |index: &u16| *blake3::hash(format!("{index}/{name}").as_bytes()).as_bytes();
        (0..self.of).max_by_key(weight) == Some(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_of(name: &str, of: u16) -> u16 {
        let parts: Vec<u16> = (0..of).filter(|index| Shard { index: *index, of }.takes(name)).collect();
        let [part] = parts.as_slice() else { panic!("{name} is in {parts:?}") };
        *part
    }

    #[test]
    fn every_pair_is_in_one_part_and_a_further_part_takes_its_share_and_moves_nobody_else() {
        let names: Vec<String> = (0..400).map(|number| format!("client-{number}")).collect();
        let mut moved = 0;
        for name in &names {
            let (before, after) = (part_of(name, 4), part_of(name, 5));
            assert!(before == after || after == 4, "{name} went from {before} to {after}");
            moved += u16::from(before != after);
        }
        assert!((50..110).contains(&moved), "{moved} of 400 moved");
        for part in 0..4 {
            let taken = names.iter().filter(|name| part_of(name, 4) == part).count();
            assert!((70..130).contains(&taken), "part {part} has {taken} of 400");
        }
    }

    #[test]
    fn a_part_is_a_number_below_how_many_there_are() {
        assert_eq!(Shard::parse("3/4"), Ok(Shard { index: 3, of: 4 }));
        for wrong in ["4/4", "1", "/", "-1/2", "a/b", "0/0", "1/2/3"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
