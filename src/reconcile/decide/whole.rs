//! Texts of which one side holds only the beginning: the whole is never written over by it.

use super::fit::Fit;
use super::merge::{Decision, FieldState};
use crate::config::KindPolicy;
use crate::record::{Both, Field, Side, Value, beginning, is_beginning};

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Body(body)) => Some(body.text()),
        _ => None,
    }
}

/// Where the whole of a text stands, of which the other side holds the beginning alone: as that one's text says, or as it was
/// when both were last agreed. `None`: both hold all of it.
fn stands(field: &Field, states: Both<FieldState<'_>>) -> Option<Side> {
    let now = |side: Side| text(states.of(side).now);
    let base = |side: Side| text(states.of(side).base);
    let is_whole = |side: &Side| {
        let short = side.other();
        // Somebody may have typed the word where the rest stands.
        let begins_with = |begun: &str| {
            let begins = |whole: &str| Value::body(begun).is_beginning_of(&Value::body(whole));
            begun.is_empty() || [now(*side), base(*side)].into_iter().flatten().any(begins)
        };
        let is_all_of_it = |text: &&str| [now(*side), base(*side)].contains(&Some(*text));
        let texts = [now(short), base(short)].into_iter().flatten().filter(|text| !is_all_of_it(text));
        let says_so = texts.filter_map(|text| beginning(text, *side)).any(begins_with);
        says_so || matches!((base(short), base(*side)), (Some(short), Some(whole)) if is_beginning(short, whole))
    };
    if *field == Field::Body { Side::BOTH.into_iter().find(is_whole) } else { None }
}

/// What becomes of a text that one side holds the beginning of: as long as it is that, both agree; where somebody changed
/// both, the whole goes over, and what it replaces is named. (I1)
pub fn keep(
    field: &Field,
    states: Both<FieldState<'_>>,
    policy: &KindPolicy,
    decision: Decision,
    fitted: impl Fn(Side) -> Fit,
) -> Decision {
    let Some(whole) = stands(field, states).filter(|_| decision != Decision::Rest) else { return decision };
    let short = whole.other();
    let was_cut_there = matches!((text(states.of(short).now), text(states.of(whole).now)), (Some(held), Some(all))
        if beginning(held, whole).is_none() && is_beginning(held, all));
    if was_cut_there || fitted(short) == Fit::Same {
        return Decision::Agree;
    }
    let goes_over = states.of(whole).is_edited() && policy.direction.writes(short);
    match decision {
        Decision::Take(side) if side == short && goes_over => Decision::Take(whole),
        Decision::Conflict(side) if side == short && goes_over => Decision::Conflict(whole),
        other => other,
    }
}

/// Whether `held` is what a side holds of the text that stands in `whole`: replaced, nothing is lost that was not known.
pub fn is_cut_of(held: &Value, all: &Value, whole: Side) -> bool {
    let (Some(held), Some(all)) = (text(Some(held)), text(Some(all))) else { return false };
    is_beginning(beginning(held, whole).unwrap_or(held), all)
}

/// Why `side`, which holds the whole of a text, is not given what stands on the other one.
pub fn loss(field: &Field, states: Both<FieldState<'_>>, side: Side) -> Option<String> {
    (stands(field, states) == Some(side)).then(|| {
        format!(
            "{0} holds only the beginning of this text, and {1} the whole: the edit in {0} would destroy the rest; make it in {1}",
            side.other().title(),
            side.title()
        )
    })
}
