//! `/metrics`: Prometheus' text. Counters are sums over the runs of the pair's own history, so a restart loses none.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;

use super::{View, respond};
use crate::run::OperationCount;
use crate::schedule::Standing;
use crate::state::{RunRow, State, StateError};

/// The sums of what was read so far: a history is read once, and from then on what is new in it.
#[derive(Debug, Default)]
pub(super) struct Totals(BTreeMap<String, Total>);

#[derive(Debug, Default)]
struct Total {
    /// The last run that is counted.
    through: i64,
    /// Runs, and the seconds that they took, by status.
    runs: BTreeMap<String, (u64, f64)>,
    /// By side, kind, action and outcome.
    operations: BTreeMap<[String; 4], u64>,
    /// By side and sort: reads, writes, throttled.
    requests: BTreeMap<[String; 2], u64>,
}

impl Total {
    fn read(&mut self, state: &State) -> Result<(), StateError> {
        // Another file in its place begins again.
        if state.runs(1)?.first().is_none_or(|last| last.id < self.through) {
            *self = Self::default();
        }
        for run in state.runs_after(self.through)? {
            self.count(&run);
        }
        Ok(())
    }

    fn count(&mut self, run: &RunRow) {
        self.through = run.id;
        let seconds = run.finished.map_or(0.0, |finished| finished.duration_since(run.started).as_secs_f64());
        let (runs, took) = self.runs.entry(run.status.clone()).or_default();
        *runs += 1;
        *took += seconds.max(0.0);
        let Some(summary) = &run.summary else { return };
        let by = summary.get("by").cloned().unwrap_or_default();
        for row in serde_json::from_value::<Vec<OperationCount>>(by).unwrap_or_default() {
            let outcome = serde_json::to_value(row.outcome).ok().and_then(|outcome| Some(outcome.as_str()?.to_owned()));
            let labels = [row.side.to_string(), row.kind.to_string(), row.action, outcome.unwrap_or_default()];
            *self.operations.entry(labels).or_default() += row.count;
        }
        for side in ["cliengo", "ghl"] {
            for sort in ["reads", "writes", "throttled"] {
                let made = summary.get("requests").and_then(|sides| sides.get(side)?.get(sort)?.as_u64());
                *self.requests.entry([side.to_owned(), sort.to_owned()]).or_default() += made.unwrap_or(0);
            }
        }
    }
}

pub(super) fn metrics(view: &View, totals: &mut Totals) -> Response {
    let mut page = Page::default();
    page.daemon(view);
    for (pair, standing) in &view.pairs {
        page.gauge(
            "concord_pair_readable",
            "Whether the pair's state can be read.",
            &[("pair", pair)],
            standing.is_ok(),
        );
        let Ok(standing) = standing else { continue };
        page.standing(view, standing);
        let total = totals.0.entry(pair.clone()).or_default();
        let state = State::glance(&State::path_of(&view.shown.config.state_dir, pair));
        // What cannot be read now is read the next time; what was summed up stands.
        if let Ok(Some(state)) = state {
            let _ = total.read(&state);
        }
        page.total(pair, total);
    }
    respond(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page.text())
}

/// The samples, gathered by metric: each has one header, however many pairs there are.
#[derive(Default)]
struct Page {
    metrics: BTreeMap<&'static str, Metric>,
}

struct Metric {
    help: &'static str,
    sort: &'static str,
    samples: String,
}

/// What a sample can be.
trait Number {
    fn text(self) -> String;
}

impl Number for bool {
    fn text(self) -> String {
        u8::from(self).to_string()
    }
}

impl Number for u64 {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Number for f64 {
    fn text(self) -> String {
        self.to_string()
    }
}

type Labels<'a> = &'a [(&'static str, &'a str)];

impl Page {
    fn gauge(&mut self, name: &'static str, help: &'static str, labels: Labels<'_>, value: impl Number) {
        self.sample(name, "gauge", help, labels, value);
    }

    fn counter(&mut self, name: &'static str, help: &'static str, labels: Labels<'_>, value: impl Number) {
        self.sample(name, "counter", help, labels, value);
    }

    fn sample(
        &mut self,
        name: &'static str,
        sort: &'static str,
        help: &'static str,
        labels: Labels<'_>,
        value: impl Number,
    ) {
        let metric = self.metrics.entry(name).or_insert(Metric { help, sort, samples: String::new() });
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        metric.samples.push_str(&format!("{name}{labels} {}\n", value.text()));
    }

    fn daemon(&mut self, view: &View) {
        let shown = &view.shown;
        self.gauge("concord_up_since_timestamp_seconds", "When the daemon began.", &[], seconds(shown.up_since));
        self.gauge(
            "concord_heartbeat_timestamp_seconds",
            "When the daemon last checked its schedules.",
            &[],
            seconds(shown.heartbeat),
        );
        self.gauge("concord_runs_at_work", "Runs under way.", &[], shown.running.len() as u64);
        let read = shown.refused.is_none();
        self.gauge("concord_config_last_reload_successful", "Whether the last reload was taken.", &[], read);
    }

    fn standing(&mut self, view: &View, standing: &Standing) {
        let pair = [("pair", standing.pair.as_str())];
        if let Some(success) = standing.last_success {
            let help = "When the last run that went to its end began.";
            self.gauge("concord_last_success_timestamp_seconds", help, &pair, seconds(success));
            let lag = view.now.duration_since(success).as_secs_f64();
            self.gauge("concord_lag_seconds", "How long ago that was.", &pair, lag.max(0.0));
        }
        if let Some(next) = &standing.next {
            let help = "When the pair runs next.";
            self.gauge("concord_next_run_timestamp_seconds", help, &pair, seconds(next.starts));
        }
        self.gauge("concord_overdue", "Whether a due time had no success.", &pair, standing.overdue.is_some());
        self.gauge("concord_failed", "Whether the last run failed.", &pair, standing.failed.is_some());
        let help = "Causes for which the last run did not see all that it asked for.";
        self.gauge("concord_unseen", help, &pair, standing.unseen().len() as u64);
        let help = "Operations of the last run that did not get through.";
        self.gauge("concord_pending_operations", help, &pair, standing.pending());
        self.gauge("concord_conflicts", "Conflicts of the last run.", &pair, standing.count("conflicts"));
        self.gauge("concord_quarantined", "Quarantined operations.", &pair, standing.quarantined());
        let help = "Creates whose outcome is not known.";
        self.gauge("concord_unknown_creates", help, &pair, standing.unknown_creates as u64);
        for (reason, count) in standing.held_by() {
            let labels = [("pair", standing.pair.as_str()), ("reason", reason)];
            self.gauge("concord_held", "Records that wait, by reason.", &labels, count);
        }
        for kind in crate::record::Kind::ALL {
            let labels = [("pair", standing.pair.as_str()), ("kind", kind.as_str())];
            self.gauge("concord_links", "Records that are linked.", &labels, *standing.links.of(kind));
        }
        if let Some(left) = standing.budget_left() {
            let labels = [("pair", standing.pair.as_str()), ("side", "ghl")];
            self.gauge("concord_quota_left", "What is left of the day's quota, at the last run.", &labels, left);
        }
        if let Some(run) = &standing.last_run {
            let took = run.finished.map_or(0.0, |finished| finished.duration_since(run.started).as_secs_f64());
            self.gauge("concord_last_run_duration_seconds", "How long the last run took.", &pair, took.max(0.0));
        }
    }

    fn total(&mut self, pair: &str, total: &Total) {
        for (status, (runs, took)) in &total.runs {
            let labels = [("pair", pair), ("status", status.as_str())];
            self.counter("concord_runs_total", "Runs, by how they ended.", &labels, *runs);
            self.counter("concord_run_seconds_total", "How long they took.", &labels, *took);
        }
        for ([side, kind, action, outcome], count) in &total.operations {
            let labels = [
                ("pair", pair),
                ("side", side.as_str()),
                ("kind", kind.as_str()),
                ("action", action.as_str()),
                ("outcome", outcome.as_str()),
            ];
            self.counter("concord_operations_total", "Operations, by what came of them.", &labels, *count);
        }
        for ([side, sort], count) in &total.requests {
            let labels = [("pair", pair), ("side", side.as_str())];
            if sort == "throttled" {
                self.counter("concord_throttled_total", "Answers of 429.", &labels, *count);
            } else {
                let access = sort.trim_end_matches('s');
                let labels = [("pair", pair), ("side", side.as_str()), ("access", access)];
                self.counter("concord_requests_total", "Requests made.", &labels, *count);
            }
        }
    }

    fn text(self) -> String {
        let one = |(name, metric): (&str, Metric)| {
            format!("# HELP {name} {}\n# TYPE {name} {}\n{}", metric.help, metric.sort, metric.samples)
        };
        self.metrics.into_iter().map(one).collect()
    }
}

fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
