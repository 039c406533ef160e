//! Plays a scenario against both embedded CRMs, and writes down what a person would see.

use std::path::Path;
use std::time::Duration;

use concord::config::{Config, Pair};
use concord::crm::{CrmError, Reader};
use concord::reconcile::Mode;
use concord::record::{Both, Side};
use concord::report::{self, Audience, Report, Style};
use concord::run::{Consent, Finished, RunError, SavedPlan};
use concord::sandbox::Profile;
use concord::state::State;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Plot, Written};
use crate::let_in::let_in;
use crate::mortal::Fate;
use crate::names::{Names, id_of};
use crate::script::{Scenario, Step, named, resolved};

/// Leaves time between the contacts' listings and the first write.
const SLOW_NOTES: &str = "hang=0.4@cliengo:GET:/notes,hang=0.4@ghl:GET:/notes";

/// How long a run waits for a CRM.
const REALLY: Duration = Duration::from_mins(15);

/// The golden files of a scenario.
#[derive(Default)]
pub struct Told {
    pub report: String,
    pub plans: Vec<Value>,
    pub requests: String,
    pub end: String,
}

struct Play<'a> {
    scenario: &'a Scenario,
    house: House,
    names: Names,
    always: String,
    runs: usize,
    last_plan: Option<String>,
    saved: Option<SavedPlan>,
    /// What each run showed, before ids have names.
    seen: Vec<Seen>,
}

struct Seen {
    heading: String,
    report: String,
    plan: Value,
    requests: Vec<String>,
    /// Of a run that was made: one that ends before may have left the other CRM at any point.
    reads: Option<Both<usize>>,
}

/// Plays all steps and three quiet nights.
pub async fn play(scenario: &Scenario) -> Result<Told, String> {
    let steps = &scenario.steps;
    let profile = match steps.profile.as_str() {
        "extended" => Profile::Extended,
        "legacy" => Profile::Legacy,
        other => return Err(format!("profile = {other:?}: \"extended\" or \"legacy\"")),
    };
    let lag = steps.lag.as_deref().map(duration).transpose()?.unwrap_or_default();
    let (people, hide_tags, daily, account) = (steps.people, steps.hide_tags, steps.daily, steps.account);
    let plot = Plot { profile, people, lag, hide_tags, daily, account, ..Plot::extended() };
    let mut house = House::furnish(&plot, pair(scenario, "schedules.toml")?).await;
    house.abreast = 1;
    if steps.patient {
        [house.persistent, house.alone, house.asked] = [REALLY; 3];
    }
    if let Some(through) = &steps.let_in {
        house.entered = Some(let_in(&house, through).await?);
        // The specification has no page for people, and not all that a token comes with.
        house.strict = false;
        house.sandbox.clear_requests();
    }
    let mut names = Names::default();
    // Where one of them is shown, the golden file tells.
    names.give("key@cliengo", house.sandbox.api_key());
    names.give("token@ghl", house.sandbox.token());
    name_users(&mut names, &house).await?;
    let always = steps.always.clone();
    let mut play = Play { scenario, house, names, always, runs: 0, last_plan: None, saved: None, seen: Vec::new() };
    for named in &scenario.start {
        play.edit(&named.edit, named.name.as_deref())?;
    }
    play.faults("")?;
    for (at, step) in steps.all.iter().enumerate() {
        play.step(step).await.map_err(|why| format!("step {}: {why}", at + 1))?;
    }
    play.quiet_nights().await?;
    Ok(play.told())
}

/// Who works in both CRMs: `user:lucia@ghl`.
async fn name_users(names: &mut Names, house: &House) -> Result<(), String> {
    let (cliengo, ghl) = house.clients(&CancellationToken::new());
    let users = Both { cliengo: cliengo.users().await, ghl: ghl.users().await };
    for side in Side::BOTH {
        for user in users.of(side).as_ref().map_err(ToString::to_string)? {
            let local = user.email.split('@').next().unwrap_or_default();
            names.give(&format!("user:{local}@{side}"), &user.id);
        }
    }
    Ok(())
}

fn pair(scenario: &Scenario, file: &str) -> Result<Pair, String> {
    let text = std::fs::read_to_string(scenario.folder.join(file)).map_err(|why| format!("{file}: {why}"))?;
    let config = Config::parse(&text, Path::new(file)).map_err(|why| why.to_string())?;
    config.pairs.into_iter().next().ok_or_else(|| format!("{file} has no pair"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|why| format!("{text}: {why}"))?;
    Ok(span.unsigned_abs())
}

impl Play<'_> {
    fn edit(&mut self, edit: &Value, name: Option<&str>) -> Result<(), String> {
        // A counterpart that a run made is called by its own name.
        self.names.name_all(&self.house.dump());
        let mut edit = resolved(edit, &self.names.ids).map_err(|why| format!("{edit}: {why}"))?;
        self.house.clock.advance(Duration::from_mins(1));
        if edit.op == concord::sandbox::EditOp::Create && edit.kind == concord::sandbox::EditKind::Contact {
            let an_hour_ago = jiff::SignedDuration::from_hours(-1);
            let created = concord::clock::Clock::now(&*self.house.clock) + an_hour_ago;
            edit.set.entry("createdAt").or_insert_with(|| created.to_string().into());
        }
        let done = self.house.sandbox.world().edit(&edit).map_err(|why| format!("{edit:?}: {why}"))?;
        if let (Some(name), Some(id)) = (name, done.id.or(done.contact)) {
            self.names.give(name, &id);
        }
        Ok(())
    }

    /// What goes wrong from here on, beside what always does.
    fn faults(&self, spec: &str) -> Result<(), String> {
        let answers = format!("answer=tests/scenarios/{}/", self.scenario.name);
        let spec = format!("{spec},{}", self.always).replace("answer=", &answers);
        let faults = named(&spec, &self.names.ids).parse().map_err(|why| format!("{why}"))?;
        self.house.sandbox.set_faults(faults);
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step { edit: Some(edit), name, .. } => self.edit(edit, name.as_deref()),
            Step { run: Some(how), .. } => self.run(how, step).await,
            Step { fault: Some(fault), .. } => self.faults(fault),
            Step { always: Some(always), .. } => {
                self.always.clone_from(always);
                self.faults("")
            }
            Step { quarantine: Some(word), .. } => self.settle(word),
            Step { wait: Some(time), .. } => {
                self.house.clock.advance(duration(time)?);
                Ok(())
            }
            Step { config: Some(file), .. } => {
                match pair(self.scenario, file) {
                    Ok(pair) => self.house.pair = pair,
                    Err(why) => self.refused(file, &why),
                }
                Ok(())
            }
            Step { lose: Some(what), .. } if what == "state" => {
                for ending in ["", "-wal", "-shm"] {
                    let file = format!("{}{ending}", self.house.state_path().display());
                    let _ = std::fs::remove_file(file);
                }
                Ok(())
            }
            _ => {
                Err("a step is one of edit, run, fault, always, wait, config, quarantine, lose = \"state\"".to_owned())
            }
        }
    }

    /// What `quarantine retry` and `quarantine drop` do.
    fn settle(&self, word: &str) -> Result<(), String> {
        let state = State::open(&self.house.state_path()).map_err(|why| why.to_string())?;
        for failed in state.failed_operations().map_err(|why| why.to_string())? {
            let done = match word {
                "retry" => state.lift_failed_operation(&failed.id),
                "drop" => state.drop_failed_operation(&failed.id),
                other => return Err(format!("quarantine = {other:?}; known: retry, drop")),
            };
            done.map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    async fn run(&mut self, how: &str, step: &Step) -> Result<(), String> {
        self.runs += 1;
        self.house.mode = match how {
            "sync" | "plan" | "plan, saved" | "apply" => Mode::Incremental,
            "full" => Mode::Full,
            "rebuild" => Mode::Rebuild,
            "undo" | "undo, dry" => Mode::Undo,
            other => {
                let known = "sync; plan; plan, saved; apply; full; rebuild; undo; undo, dry";
                return Err(format!("run = {other:?}; known: {known}"));
            }
        };
        let approve = self.last_plan.clone().filter(|_| step.approve);
        let saved = self.saved.take_if(|_| how == "apply");
        let consent = Consent { approve, allow_empty: step.allow_empty.clone(), saved };
        let with = if step.approve { ", approved" } else { "" };
        if let Some(dies) = &step.dies {
            return self.dies(&format!("== run {}: {how}{with}, dies {dies}", self.runs), dies).await;
        }
        let result = match how {
            "plan" => self.house.try_dry_run().await,
            "plan, saved" => {
                self.saved = Some(self.house.saved_plan().await);
                self.house.try_dry_run().await
            }
            "apply" if consent.saved.is_none() => return Err("apply: no plan was saved".to_owned()),
            "undo, dry" => self.house.try_plan_undo(step.of.unwrap_or_default()).await,
            "undo" => self.house.try_undo(step.of.unwrap_or_default(), &consent, CancellationToken::new()).await,
            _ if step.meanwhile.is_some() => {
                let edit = resolved(step.meanwhile.as_ref().unwrap_or(&Value::Null), &self.names.ids)?;
                self.faults(SLOW_NOTES)?;
                let night = self.house.try_night(&consent, CancellationToken::new());
                let (result, edited) = tokio::join!(night, self.house.edit_meanwhile(&edit));
                edited.map_err(|why| why.to_string())?;
                self.faults("")?;
                result
            }
            _ if step.passes.is_some() => {
                let time = step.passes.as_deref().map(duration).transpose()?.unwrap_or_default();
                self.faults(SLOW_NOTES)?;
                let night = self.house.try_night(&consent, CancellationToken::new());
                let passes = async {
                    self.house.lists_notes().await;
                    self.house.clock.advance(time);
                };
                let (result, ()) = tokio::join!(night, passes);
                result
            }
            _ => self.house.try_night(&consent, CancellationToken::new()).await,
        };
        let heading = format!("== run {}: {how}{with}", self.runs);
        self.see(&heading, &result);
        Ok(())
    }

    /// A run that nobody hears of: what it sent is all there is.
    async fn dies(&mut self, heading: &str, dies: &str) -> Result<(), String> {
        let (when, like) = dies
            .split_once(' ')
            .filter(|(when, _)| ["before", "after"].contains(when))
            .ok_or_else(|| format!("dies = {dies:?}: before or after, a method and a part of a path"))?;
        // What dies there is no error of the scenario's.
        let _ = self.house.mortal_night(&Fate::at_request(like, when == "after")).await;
        self.names.name_all(&self.house.dump());
        let requests = self.sent();
        self.only_said(heading, "the process died", requests);
        Ok(())
    }

    /// A configuration that is refused: nothing was asked.
    fn refused(&mut self, file: &str, why: &str) {
        self.only_said(&format!("== {file}: exit code 10"), why, Vec::new());
    }

    fn only_said(&mut self, heading: &str, why: &str, requests: Vec<String>) {
        let (report, plan) = (format!("error: {why}\n"), json!({ "error": why }));
        self.seen.push(Seen { heading: heading.to_owned(), report, plan, requests, reads: None });
    }

    fn sent(&self) -> Vec<String> {
        let told = |write: Written| {
            // What a token is renewed with is nobody's business.
            let body = if is_renewal(&write) { &write.body["grant_type"] } else { &write.body };
            format!("{} {} {} {body} -> {}", write.side, write.method, write.path, write.status)
        };
        self.house.writes().into_iter().map(told).collect()
    }

    fn see(&mut self, heading: &str, result: &Result<Finished, RunError>) {
        self.names.name_all(&self.house.dump());
        let all = self.house.sandbox.requests();
        let is_read = |method: &str, path: &str| method == "GET" || path.ends_with("/search");
        let reads = result.is_ok().then(|| {
            Both::from_fn(|side| {
                all.iter().filter(|request| request.side == side && is_read(&request.method, &request.path)).count()
            })
        });
        let requests = self.sent();
        let (report, plan, code) = match result {
            Ok(finished) => {
                self.last_plan = Some(finished.plan.id());
                let style = Style { colour: false, width: 100 };
                let document = serde_json::to_value(report::json(finished)).unwrap_or_default();
                (report::text(&Report::of(finished, &Audience::plain()), style), document, exit_code(finished))
            }
            Err(error) => {
                let folder = self.house.state_path().parent().map(|folder| folder.display().to_string());
                let why = error.to_string().replace(&folder.unwrap_or_default(), "state");
                (format!("error: {why}\n"), json!({ "error": why }), code_of(error))
            }
        };
        let report = match &self.last_plan {
            Some(id) => report.replace(id, "<plan>"),
            None => report,
        };
        let heading = format!("{heading}: exit code {code}");
        self.seen.push(Seen { heading, report, plan, requests, reads });
    }

    async fn quiet_nights(&mut self) -> Result<(), String> {
        self.faults("")?;
        self.house.mode = Mode::Incremental;
        for night in 1..=3 {
            let quiet = self.house.try_night(&Consent::default(), CancellationToken::new()).await;
            let quiet = quiet.map_err(|why| format!("quiet night {night}: {why}"))?;
            let writes: Vec<Written> = self.house.writes().into_iter().filter(|write| !is_renewal(write)).collect();
            if !writes.is_empty() || !quiet.plan.operations.is_empty() {
                self.see(&format!("== quiet night {night}"), &Ok(quiet));
                let told = self.seen.last().map(|seen| self.names.told(&seen.report)).unwrap_or_default();
                return Err(format!("quiet night {night} is not quiet: {writes:#?}\n{told}"));
            }
        }
        Ok(())
    }

    fn told(mut self) -> Told {
        let end = self.house.dump();
        self.names.name_all(&end);
        let mut told = Told::default();
        for seen in &self.seen {
            told.report.push_str(&format!("{}\n\n{}\n", seen.heading, self.names.told(seen.report.trim_end())));
            told.report.push('\n');
            told.requests.push_str(&format!("{}\n", seen.heading));
            for request in &seen.requests {
                told.requests.push_str(&format!("{}\n", self.names.told(request)));
            }
            if let Some(Both { cliengo, ghl }) = seen.reads {
                told.requests.push_str(&format!("reads: cliengo {cliengo}, ghl {ghl}\n"));
            }
            told.requests.push('\n');
            let mut plan = seen.plan.clone();
            if let Some(id) = plan.get_mut("plan_id") {
                *id = "<plan>".into();
            }
            let plan = self.names.told(&plan.to_string());
            told.plans.push(serde_json::from_str(&plan).unwrap_or_default());
        }
        let people = Side::BOTH.into_iter().map(|side| (side.as_str().to_owned(), side_told(&end, side)));
        let end = Value::Object(people.collect());
        told.end = self.names.told(&format!("{end:#}\n"));
        told
    }
}

/// Whether a token is renewed, and nothing of anybody's written.
fn is_renewal(write: &Written) -> bool {
    write.path.starts_with("/oauth/")
}

fn exit_code(finished: &Finished) -> &'static str {
    let guarded = finished.plan.tripped().any(|guard| guard.guard != concord::reconcile::GuardName::FirstSync);
    match &finished.run {
        _ if finished.failure().is_some() => "1",
        None if guarded => "4",
        Some(_) if finished.is_refused() => "4",
        Some(_) if finished.needs_a_person() => "3",
        _ => "0",
    }
}

fn code_of(error: &RunError) -> &'static str {
    match error {
        RunError::Stale { .. } => "5",
        RunError::Crm(CrmError::Credentials { .. } | CrmError::NoGrant { .. }) => "12",
        RunError::Crm(CrmError::ReadOnlyField { .. }) => "10",
        _ => "1",
    }
}

/// One side's records, with what a person would look at.
fn side_told(dump: &Value, side: Side) -> Value {
    const SHOWN: [&str; 34] = [
        "name",
        "firstName",
        "lastName",
        "email",
        "phone",
        "tags",
        "additionalEmails",
        "additionalPhones",
        "customFields",
        "leadFields",
        "companyName",
        "gender",
        "city",
        "status",
        "websiteId",
        "businessId",
        "dueDate",
        "title",
        "message",
        "body",
        "description",
        "completed",
        "contact_id",
        "contactId",
        "due",
        "website",
        "assignedTo",
        "assigned_to",
        "address1",
        "dateOfBirth",
        "source",
        "timezone",
        "dnd",
        "rating",
    ];
    let mut told = Map::new();
    for kinds in ["contacts", "tasks", "notes"] {
        let rows = dump[side.as_str()][kinds].as_array().into_iter().flatten().map(|row| {
            let mut shown = Map::new();
            shown.insert("id".to_owned(), id_of(row).into());
            for key in SHOWN {
                let value = &row[key];
                let is_off = key == "dnd" && *value == json!(false);
                let is_blank =
                    is_off || value.is_null() || *value == json!("") || *value == json!([]) || *value == json!({});
                if !is_blank {
                    shown.insert(key.to_owned(), value.clone());
                }
            }
            Value::Object(shown)
        });
        told.insert(kinds.to_owned(), rows.collect());
    }
    Value::Object(told)
}
