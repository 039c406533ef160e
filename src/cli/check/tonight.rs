//! What the next night would cost, and whom a first sync would match.

use super::accounts::{OfCliengo, OfGhl};
use super::finding::Finding;
use crate::cli::Session;
use crate::cli::clients::Clients;
use crate::config::{Config, Direction, OnDelete, Pair, TasksMode};
use crate::reconcile::{HeldReason, Mode, Plan};
use crate::record::{Action, Capabilities, Kind, Side};
use crate::report::number;
use crate::run;
use crate::state::State;

/// Cliengo's fixed read of a run: the account.
const FIXED_OF_CLIENGO: u64 = 1;

/// GHL's fixed reads of a run: the location, its custom fields and a few look-ups.
const FIXED: u64 = 5;

/// How many reads the next sync takes on either side, against what a run may use.
pub(super) fn forecast(
    pair: &Pair,
    clients: &Clients,
    state: Option<&State>,
    cliengo: &OfCliengo,
    ghl: &OfGhl,
) -> Finding {
    let id = format!("{}.tonight", pair.name);
    // What cannot be read of the state is said on its own line.
    let last = |side, kind| state.and_then(|state| state.last_count(side, kind).ok().flatten()).unwrap_or(0);
    let takes_part = |kind: Kind| {
        pair.policy(kind).direction != Direction::Off && cliengo.can.kinds.of(kind).list && ghl.can.kinds.of(kind).list
    };
    let of_cliengo = cliengo.contacts.unwrap_or_else(|| last(Side::Cliengo, Kind::Contact));
    let of_ghl = ghl.contacts.unwrap_or_else(|| last(Side::Ghl, Kind::Contact));
    let (timeline, notes_listed) = (pair.timeline, takes_part(Kind::Note));
    let by_contact = |can: &Capabilities| {
        let kinds = Kind::CHILDREN.into_iter().filter(|kind| takes_part(*kind) && !can.kinds.of(*kind).at_once);
        kinds.count() as u64
    };
    let per_contact = by_contact(&cliengo.can) + u64::from(timeline.conversations && notes_listed);
    let pages = |count: u64, size: u32| count / u64::from(size.max(1)) + 1;
    let reads_cliengo = pages(of_cliengo, pair.cliengo.page_size) + of_cliengo * per_contact + FIXED_OF_CLIENGO;
    let notes = of_ghl * (by_contact(&ghl.can) + u64::from(timeline.appointments && notes_listed));
    let at_once = Kind::CHILDREN.into_iter().filter(|kind| ghl.can.kinds.of(*kind).at_once);
    let pages_at_once: u64 = at_once.map(|kind| pages(last(Side::Ghl, kind), 100)).sum();
    let fixed = pages(of_ghl, pair.ghl.page_size) + pages_at_once + FIXED;
    let announced = clients.ghl.announced();
    let took = takes(reads_cliengo, Some(pair.cliengo.requests_per_second).filter(|rate| rate.is_finite()));
    let cost = format!("about {} reads of Cliengo{took} and {} of GHL", number(reads_cliengo), number(fixed + notes));
    let Some(left) = announced.daily_remaining else { return Finding::ok(id, cost) };
    #[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a quota is within it")]
    let budget = (left as f64 * pair.ghl.daily_budget) as u64;
    let detail = format!("{cost}, where a run may use {} of the {} left today", number(budget), number(left));
    if fixed > budget {
        Finding::warn(id, detail, "not even the pages fit: raise daily_budget, or see what else uses up the quota")
    } else if notes > budget {
        Finding::warn(
            id,
            format!("{detail}: only the notes of contacts with news are listed, and everybody else's in turn"),
            "that is what notes.fetch = \"auto\" does; a larger daily_budget lists more of them a night",
        )
    } else {
        Finding::ok(id, detail)
    }
}

/// ` (7 min)`, where it takes a while.
fn takes(requests: u64, per_second: Option<f64>) -> String {
    let Some(rate) = per_second.filter(|rate| *rate > 0.0) else { return String::new() };
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    let minutes = requests as f64 / rate / 60.0;
    if minutes < 1.0 { String::new() } else { format!(" ({minutes:.0} min)") }
}

/// Whom a first sync would match, without writing. Where there are links already, that is behind us.
pub(super) async fn first_sync(
    session: &Session,
    config: &Config,
    pair: &Pair,
    clients: &Clients,
    state: Option<&State>,
) -> Finding {
    let id = format!("{}.first_sync", pair.name);
    match state.map(State::has_contacts).transpose() {
        Err(error) => return Finding::fail(id, error),
        Ok(Some(true)) => return Finding::ok(id, "it is behind you: contacts are linked"),
        Ok(_) => {}
    }
    let alone = contacts_alone(pair);
    let job = clients.job(session, config, &alone, Mode::Incremental);
    match run::plan(&job).await {
        Err(error) => Finding::fail(id, error),
        Ok(finished) => matches(id, &finished.plan),
    }
}

/// The pair without its tasks and notes: their requests would be the night's, and matching needs none of them.
fn contacts_alone(pair: &Pair) -> Pair {
    let mut alone = pair.clone();
    for kind in Kind::CHILDREN {
        alone.policy_mut(kind).direction = Direction::Off;
    }
    alone.contacts.on_delete = OnDelete::Ignore;
    alone.cliengo.tasks = TasksMode::Off;
    alone
}

fn matches(id: String, plan: &Plan) -> Finding {
    let does = |action: Action, side: Option<Side>| {
        let operations = plan.operations.iter().filter(|operation| operation.kind == Kind::Contact);
        operations.filter(|one| one.action() == action && side.is_none_or(|side| one.side == side)).count()
    };
    let held = |reasons: &[HeldReason]| {
        plan.held.iter().filter(|held| held.kind == Kind::Contact && reasons.contains(&held.reason)).count()
    };
    let ambiguous = held(&[HeldReason::AmbiguousMatch, HeldReason::EmailPhoneMismatch]);
    let counts = [
        (does(Action::Link, None), "matched"),
        (ambiguous, "ambiguous"),
        (does(Action::Create, Some(Side::Ghl)), "only in Cliengo"),
        (does(Action::Create, Some(Side::Cliengo)), "only in GHL"),
        (held(&[HeldReason::DuplicateOf]), "further contacts of somebody matched"),
        (held(&[HeldReason::NoMatchKey]), "without e-mail and phone"),
        (held(&[HeldReason::TooYoung]), "too new"),
        (held(&[HeldReason::Unparsable]), "not understood"),
        (usize::try_from(plan.outside).unwrap_or(usize::MAX), "outside the scope"),
    ];
    // The first four and the sixth are always said: they are what decides whether the keys are the right ones.
    let said = counts.iter().enumerate().filter(|(at, (count, _))| *count > 0 || matches!(at, 0..=3 | 5));
    let detail = said.map(|(_, (count, what))| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
    let incomplete = Side::BOTH.into_iter().find(|side| !plan.listings.of(*side).contact.complete);
    if let Some(side) = incomplete {
        let why = plan.listings.of(side).contact.why.clone().unwrap_or_default();
        return Finding::warn(
            id,
            format!("{}'s contacts could not all be listed: {why}", side.title()),
            "run it again; nobody is created on the other side until the list is whole",
        );
    }
    if ambiguous > 0 {
        let hint = "who is ambiguous waits: merge or correct them in the CRM; `concord plan` names each of them";
        Finding::warn(id, detail, hint)
    } else {
        Finding::ok(id, detail)
    }
}
