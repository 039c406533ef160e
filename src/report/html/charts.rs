//! The last runs as pictures, and the same as a table.

use maud::{Markup, html};

use super::super::language::{Label, Messages, duration};
use super::super::past::Past;
use super::super::value::Report;

/// How wide a picture is, in units of its own; a run takes its share of it.
const WIDTH: u64 = 300;
const HEIGHT: u64 = 60;

pub(super) fn section(report: &Report<'_>) -> Markup {
    if report.past.len() < 2 {
        return html! {};
    }
    html! {
        section {
            h2 { (report.label(Label::History)) }
            (charts(report.words, &report.past))
            details {
                summary { (report.label(Label::Numbers)) }
                div.scroll tabindex="0" role="region" aria-label=(report.label(Label::History)) { (runs(report.words, report.past.iter(), |run| html! { (run) })) }
            }
        }
    }
}

/// Runs as pictures: what they changed, asked, took and did not see.
pub(crate) fn charts(words: &dyn Messages, past: &[Past]) -> Markup {
    let number = |value: u64| words.number(value);
    let seconds = |value: u64| duration(jiff::SignedDuration::from_secs(i64::try_from(value).unwrap_or(i64::MAX)));
    html! {
        div.charts {
            (chart((words, past), Label::Operations, |run| run.applied, |run| run.missed, number))
            (chart((words, past), Label::Requests, |run| run.requests, |_| 0, number))
            (chart((words, past), Label::Duration, |run| run.seconds, |_| 0, seconds))
            (chart((words, past), Label::NotSeen, |_| 0, |run| run.not_seen, number))
        }
    }
}

/// A bar for each run, the oldest first: what is well, and above it what is not.
fn chart(
    (words, past): (&dyn Messages, &[Past]),
    title: Label,
    well: impl Fn(&Past) -> u64,
    bad: impl Fn(&Past) -> u64,
    said: impl Fn(u64) -> String,
) -> Markup {
    let most = past.iter().map(|run| well(run) + bad(run)).max().unwrap_or_default();
    let runs = (past.len() as u64).max(10);
    let high = |value: u64| (value * HEIGHT).div_ceil(most.max(1)).min(HEIGHT);
    let wide = WIDTH / runs;
    let last = past.last().map(|run| said(well(run) + bad(run))).unwrap_or_default();
    let caption = format!("{} · {last} · max. {}", words.label(title), said(most));
    html! {
        figure {
            figcaption { (caption) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(caption) {
                @for (at, run) in past.iter().enumerate() {
                    @let (good, not) = (high(well(run)), high(bad(run)));
                    @let x = at as u64 * wide;
                    @let tip = format!("{} {} · {} · {}", words.label(Label::Run), run.run, run.at, said(well(run) + bad(run)));
                    g {
                        title { (tip) }
                        rect x=(x) y=(HEIGHT - good) width=(wide.saturating_sub(2).max(1)) height=(good) {}
                        @if not > 0 {
                            rect.bad x=(x) y=((HEIGHT - good).saturating_sub(not)) width=(wide.saturating_sub(2).max(1)) height=(not) {}
                        }
                    }
                }
            }
        }
    }
}

/// Runs as a table; `named` is what stands for a run's number.
pub(crate) fn runs<'a>(
    words: &dyn Messages,
    past: impl Iterator<Item = &'a Past>,
    named: impl Fn(i64) -> Markup,
) -> Markup {
    let heads = [
        Label::Run,
        Label::Made,
        Label::Outcome,
        Label::Operations,
        Label::Failures,
        Label::Requests,
        Label::Duration,
        Label::NotSeen,
    ];
    let seconds = |value: u64| duration(jiff::SignedDuration::from_secs(i64::try_from(value).unwrap_or(i64::MAX)));
    html! {
        table.numbers {
            thead { tr { @for head in heads { th scope="col" { (words.label(head)) } } } }
            tbody {
                @for run in past {
                    tr {
                        th scope="row" { (named(run.run)) }
                        td { (run.at) }
                        td { (run.status) }
                        @for count in [run.applied + run.missed, run.missed, run.requests] { td { (words.number(count)) } }
                        td { (seconds(run.seconds)) }
                        td { (words.number(run.not_seen)) }
                    }
                }
            }
        }
    }
}
