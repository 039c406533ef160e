//! A hardened service and a timer for each schedule, one service for the daemon, and one that tells of failures.

use std::path::Path;

use super::secrets::Secrets;
use super::{ExportError, File, Scheduler, Setup, base, check_paths, folder, pattern, plain};
use super::{refuse_skipped_hour, schedules, words, zone};
use crate::config::{Schedule, ScheduledRun};

const SYSTEMD: Scheduler = Scheduler::Systemd;

/// Where systemd makes the folders that `StateDirectory=` names.
const VAR_LIB: &str = "/var/lib";

/// What a service of ours never needs is taken from it.
const HARDENED: &str = "\
UMask=0077
LimitNOFILE=16384
NoNewPrivileges=yes
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
";

/// The units of every schedule.
///
/// # Errors
/// Nothing is scheduled, or something cannot be said to systemd.
pub fn systemd(setup: &Setup<'_>) -> Result<Vec<File>, ExportError> {
    check_paths(SYSTEMD, setup)?;
    let mut files = Vec::new();
    for schedule in schedules(setup)? {
        let name = format!("concord-{}", schedule.name);
        files.push(File { name: format!("{name}.service"), text: service(setup, schedule)? });
        files.push(File { name: format!("{name}.timer"), text: timer(setup, schedule)? });
    }
    files.push(File { name: "concord-daemon.service".to_owned(), text: daemon(setup)? });
    files.push(File { name: "concord-failed@.service".to_owned(), text: failed() });
    Ok(files)
}

fn heading(setup: &Setup<'_>) -> String {
    format!("# Written by `concord export systemd` from {}: change that, then export it again.\n", setup.file.display())
}

fn service(setup: &Setup<'_>, schedule: &Schedule) -> Result<String, ExportError> {
    let (heading, name) = (heading(setup), &schedule.name);
    let secrets = Secrets::of_process(setup.config, schedule.pairs.as_deref());
    let success = match schedule.run {
        ScheduledRun::Sync | ScheduledRun::Full => "3",
        ScheduledRun::Plan => "2 3",
    };
    Ok(format!(
        "{heading}\
         [Unit]\n\
         Description=Concord, schedule {name}\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         OnFailure=concord-failed@%n.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={}\n\
         # 3: done, but a record waits for a person. [notify] tells of it; the unit has not failed.\n\
         SuccessExitStatus={success}\n\
         {}\
         {}",
        exec(&words(setup, schedule)),
        STOPPING,
        confined(setup, &secrets)?,
    ))
}

/// SIGTERM lets a run finish what is in flight, 20 seconds at most, and write it down.
const STOPPING: &str = "KillSignal=SIGTERM\nTimeoutStopSec=120\n";

fn timer(setup: &Setup<'_>, schedule: &Schedule) -> Result<String, ExportError> {
    let (heading, name, zone) = (heading(setup), &schedule.name, zone(schedule));
    let pattern = pattern(SYSTEMD, schedule)?;
    refuse_skipped_hour(SYSTEMD, schedule, &pattern, setup.now)?;
    let calendars: String =
        pattern.calendars().iter().map(|calendar| format!("OnCalendar={calendar} {zone}\n")).collect();
    let persistent = if schedule.catch_up { "true" } else { "false" };
    let jitter = schedule.jitter.as_secs();
    Ok(format!(
        "{heading}\
         [Unit]\n\
         Description=Concord, schedule {name}: {}\n\
         \n\
         [Timer]\n\
         {calendars}\
         Persistent={persistent}\n\
         RandomizedDelaySec={jitter}\n\
         AccuracySec=1s\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        schedule.cron.replace('%', "%%"),
    ))
}

fn daemon(setup: &Setup<'_>) -> Result<String, ExportError> {
    let mut command = base(setup);
    command.push("daemon".to_owned());
    Ok(format!(
        "{}# All schedules in one process: instead of the timers.\n\
         [Unit]\n\
         Description=Concord, all schedules\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         OnFailure=concord-failed@%n.service\n\
         \n\
         [Service]\n\
         Type=notify\n\
         NotifyAccess=main\n\
         ExecStart={}\n\
         ExecReload=/bin/kill -HUP $MAINPID\n\
         WatchdogSec=300\n\
         Restart=on-failure\n\
         RestartSec=30\n\
         # 10 and 12, configuration and credentials, do not mend themselves.\n\
         RestartPreventExitStatus=10 12\n\
         {}\
         {}\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        heading(setup),
        exec(&command),
        STOPPING,
        confined(setup, &Secrets::of_daemon(setup.config))?,
    ))
}

/// Who runs it, what it is given, and what is kept from it.
fn confined(setup: &Setup<'_>, secrets: &Secrets) -> Result<String, ExportError> {
    let mut text = "User=concord\nGroup=concord\n".to_owned();
    text.push_str(&given(setup, secrets)?);
    text.push_str(&writable(setup));
    let files = secrets.files.iter().map(std::path::PathBuf::as_path);
    let paths: Vec<&Path> = [setup.program, setup.file, setup.state_dir].into_iter().chain(files).collect();
    let any_below = |folders: &[&str]| paths.iter().any(|path| folders.iter().any(|folder| path.starts_with(folder)));
    // A service sees no home and a /tmp of its own, unless what it needs is there.
    let home = if any_below(&["/home", "/root", "/run/user"]) { "read-only" } else { "yes" };
    let own_tmp = if any_below(&["/tmp", "/var/tmp"]) { "no" } else { "yes" };
    text.push_str(&format!("ProtectHome={home}\nPrivateTmp={own_tmp}\n{HARDENED}"));
    Ok(text)
}

/// The secrets: PID 1 reads them as root, so that their files need not be the service's own.
fn given(setup: &Setup<'_>, secrets: &Secrets) -> Result<String, ExportError> {
    let folder = plain(SYSTEMD, folder(setup))?.trim_end_matches('/');
    let mut text = String::new();
    // Also where the configuration names no variable yet: a packaged unit is there before the configuration is written.
    let names: Vec<&str> = secrets.variables.iter().map(String::as_str).collect();
    let names = if names.is_empty() {
        "each variable that the configuration names".to_owned()
    } else {
        format!("each of: {}", names.join(", "))
    };
    text.push_str(&format!("# A line NAME=… for {names}\n"));
    text.push_str(&format!("EnvironmentFile=-{folder}/secrets.env\n"));
    secrets.check_names(SYSTEMD)?;
    for name in &secrets.credentials {
        text.push_str(&format!("LoadCredential={name}:{folder}/credentials/{name}\n"));
    }
    for file in &secrets.files {
        text.push_str(&format!("# Once: chown concord {0} && chmod 600 {0}\n", file.display()));
    }
    Ok(text)
}

/// The state, and where else a run writes.
fn writable(setup: &Setup<'_>) -> String {
    let state = setup.state_dir;
    let mut text = match state.strip_prefix(VAR_LIB) {
        Ok(name) if !name.as_os_str().is_empty() => {
            format!("StateDirectory={}\nStateDirectoryMode=0700\n", name.display())
        }
        _ => format!("# Once: install -d -o concord -g concord -m 700 {0}\nReadWritePaths={0}\n", state.display()),
    };
    if let Some(reports) = setup.config.report.dir.as_deref().filter(|reports| !reports.starts_with(state)) {
        text.push_str(&format!(
            "# Once: install -d -o concord -g concord -m 700 {0}\nReadWritePaths={0}\n",
            reports.display()
        ));
    }
    text
}

/// A command line: no word of it needs quotes, and `%` would begin a specifier.
fn exec(words: &[String]) -> String {
    words.join(" ").replace('%', "%%")
}

/// Mail where the machine can send it, and always a line of the journal at the priority of errors.
fn failed() -> String {
    "# Started by OnFailure= of the other units, with the failed one's name. Change it to what wakes you.\n\
     [Unit]\n\
     Description=Concord: %i failed\n\
     \n\
     [Service]\n\
     Type=oneshot\n\
     SyslogLevel=err\n\
     ExecStart=/bin/sh -c 'echo \"%i failed: journalctl --unit=%i\"; \
     if command -v mail >/dev/null; then journalctl --unit=%i --lines=20 --output=cat | mail -s \"%i failed\" root; fi'\n"
        .to_owned()
}
