//! A day of talk as the words of one note: what was told of it once stays, and what is said later stands behind it.

/// The longest day that is told: what is longer ends with a word on where the rest is.
const LONGEST: usize = 20_000;

const REST: &str = "[the rest stands in Cliengo]";

/// The words of a day: its title, and what was said, each with its time (`14:05`, or `--:--`).
#[must_use]
pub fn day_of_talk<'a>(title: &str, said: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    told(title, said.into_iter().map(|(time, text)| format!("{time} {text}")), false)
}

/// The words of a day of which `before` was told, and whose messages are now shown as in `now`. A list that shows the newest
/// only, or another contact's, takes nothing back.
#[must_use]
pub fn talk_going_on(before: &str, now: &str) -> String {
    let (title, mut all, cut) = split_up(before);
    let (_, shown, cut_now) = split_up(now);
    let mut known = all.clone();
    for said in shown {
        match known.iter().position(|one| *one == said) {
            Some(at) => _ = known.swap_remove(at),
            None => all.push(said),
        }
    }
    told(title, all, cut || cut_now)
}

fn told(title: &str, said: impl IntoIterator<Item = String>, mut cut: bool) -> String {
    let mut words = title.to_owned();
    for said in said {
        if words.len() + 1 + said.len() > LONGEST {
            cut = true;
            break;
        }
        words.push('\n');
        words.push_str(&said);
    }
    if cut {
        words.push('\n');
        words.push_str(REST);
    }
    words
}

/// The title, what was said, and whether that is not all.
fn split_up(words: &str) -> (&str, Vec<String>, bool) {
    let mut lines = words.lines();
    let title = lines.next().unwrap_or_default();
    let (mut said, mut cut): (Vec<String>, bool) = (Vec::new(), false);
    for line in lines {
        match said.last_mut() {
            _ if line == REST => cut = true,
            Some(last) if !begins_with_time(line) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => said.push(line.to_owned()),
        }
    }
    (title, said, cut)
}

fn begins_with_time(line: &str) -> bool {
    let is_time = |time: &str| time == "--:--" || time.chars().all(|c| c.is_ascii_digit() || c == ':');
    line.split_once(' ').is_some_and(|(time, _)| time.len() == 5 && time.get(2..3) == Some(":") && is_time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_of_a_day_stays_whatever_a_list_shows_later() {
        let day = |said: &[(&'static str, &'static str)]| day_of_talk("Conversation", said.iter().copied());
        let before = day(&[("10:00", "hola"), ("10:01", "una\n12 dos"), ("10:01", "sí"), ("10:01", "sí")]);
        assert_eq!(talk_going_on(&before, &before), before);
        let newest = day(&[("10:01", "sí"), ("10:01", "sí"), ("10:02", "chau")]);
        assert_eq!(talk_going_on(&before, &newest), format!("{before}\n10:02 chau"));
        assert_eq!(talk_going_on(&before, "Conversation"), before);
        assert_eq!(talk_going_on("Conversation", &before), before);
    }

    #[test]
    fn a_day_that_is_too_long_says_where_the_rest_is_and_stays_so() {
        let long = "a".repeat(3_000);
        let day = day_of_talk("Conversation", (10..20).map(|_| ("10:00", long.as_str())));
        assert!(day.len() < LONGEST + 100 && day.ends_with(REST), "{}", day.len());
        assert_eq!(talk_going_on(&day, &day), day);
        let newest = day_of_talk("Conversation", [("23:00", long.as_str())]);
        assert_eq!(talk_going_on(&day, &newest), day);
    }
}
