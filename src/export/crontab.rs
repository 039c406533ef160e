//! A line of a crontab for each schedule.

use std::collections::BTreeSet;

use super::secrets::Secrets;
use super::{ExportError, File, Scheduler, Setup, check_paths, folder, inexpressible, no_place, pattern, plain};
use super::{schedules, words, zone};
use crate::config::Schedule;

const CRON: Scheduler = Scheduler::Cron;

/// Vixie's cron and those that came from it cut longer commands off.
const LONGEST_COMMAND: usize = 998;

/// The crontab of every schedule, for the user that owns the state.
///
/// # Errors
/// Nothing is scheduled, or something cannot be said to cron.
pub fn crontab(setup: &Setup<'_>) -> Result<Vec<File>, ExportError> {
    check_paths(CRON, setup)?;
    let schedules = schedules(setup)?;
    let mut text = format!(
        "# Written by `concord export cron` from {}: change that, then export it again.\n\
         # Put these lines into `crontab -e` of the user that owns {}.\n\
         #\n\
         # --quiet prints nothing while all is well and ten lines without contact data otherwise: cron mails what is\n\
         # printed, to that user or to MAILTO=you@example.com.\n\
         # Two runs of one pair never overlap: the second ends at once with exit code 11.\n",
        setup.file.display(),
        setup.state_dir.display(),
    );
    let secrets: BTreeSet<String> = schedules
        .iter()
        .flat_map(|schedule| Secrets::of_process(setup.config, schedule.pairs.as_deref()).variables)
        .collect();
    if !secrets.is_empty() {
        let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
        text.push_str(&format!(
            "# {}/secrets.env, of that user alone (mode 0600), has a line NAME=value for each of:\n# {}\n",
            plain(CRON, folder(setup))?.trim_end_matches('/'),
            names.join(", ")
        ));
    }
    let defaults: Vec<&str> = [
        ("a missed time is not caught up", schedules.iter().any(|schedule| schedule.catch_up)),
        ("a start is not delayed by chance", schedules.iter().any(|schedule| !schedule.jitter.is_zero())),
    ]
    .into_iter()
    .filter_map(|(says, is_so)| is_so.then_some(says))
    .collect();
    if !defaults.is_empty() {
        text.push_str(&format!("# Cron has no words for two defaults of [[schedule]]: {}.\n", defaults.join(", ")));
    }
    text.push_str(
        "# CRON_TZ is read by cronie (Fedora, RHEL, SUSE, Arch) and others. Debian's cron ignores it and goes by the machine's\n\
         # own zone: there this must be the zone that `timedatectl` shows, or take `concord export systemd`.\n\
         \n\
         SHELL=/bin/sh\n\
         PATH=/usr/local/bin:/usr/bin:/bin\n",
    );
    for schedule in schedules {
        let (at, command) = (due(schedule)?, command(setup, schedule)?);
        text.push_str(&format!("\n# {}\nCRON_TZ={}\n{at}  {command}\n", schedule.name, zone(schedule)));
    }
    Ok(vec![File { name: "concord.crontab".to_owned(), text }])
}

fn due(schedule: &Schedule) -> Result<String, ExportError> {
    if schedule.stated.catch_up && schedule.catch_up {
        return Err(inexpressible(
            CRON,
            schedule,
            "catch_up = true: it forgets what was due while the machine was down",
            "set catch_up = false, or take `concord export systemd` or `concord daemon`",
        ));
    }
    if schedule.stated.jitter && !schedule.jitter.is_zero() {
        return Err(inexpressible(
            CRON,
            schedule,
            "jitter",
            "set jitter = \"0s\", or take `concord export systemd` or `concord daemon`",
        ));
    }
    pattern(CRON, schedule)?.five_fields().map_err(|what| {
        inexpressible(CRON, schedule, what, "write five fields, or take `concord export systemd` or `concord daemon`")
    })
}

fn command(setup: &Setup<'_>, schedule: &Schedule) -> Result<String, ExportError> {
    let secrets = Secrets::of_process(setup.config, schedule.pairs.as_deref());
    if let Some(name) = secrets.credentials.first() {
        return Err(no_place(
            CRON,
            format!("the credential \"{name}\""),
            "give the secret as { env = \"NAME\" } or { file = \"PATH\" }: credentials are systemd's",
        ));
    }
    let mut command = String::new();
    if !secrets.variables.is_empty() {
        let folder = plain(CRON, folder(setup))?.trim_end_matches('/');
        command.push_str(&format!("set -a && . {folder}/secrets.env && set +a && "));
    }
    command.push_str(&words(setup, schedule).join(" "));
    if command.len() > LONGEST_COMMAND {
        let what = format!("so long a command ({} characters, {LONGEST_COMMAND} at most)", command.len());
        return Err(inexpressible(CRON, schedule, what, "leave `pairs` out, or spread them over several schedules"));
    }
    Ok(command)
}
