//! One `CronJob`: when it runs, what its pods do, with which secrets, and where its state is.

use std::collections::BTreeSet;

use super::secrets::Secrets;
use super::{ExportError, Scheduler, Setup, inexpressible, no_place, pattern, refuse_skipped_hour, zone};
use crate::config::Schedule;

const KUBERNETES: Scheduler = Scheduler::Kubernetes;

/// Where the container file puts things.
const CONFIGURATION: &str = "/etc/concord";
pub(super) const STATE: &str = "/var/lib/concord";
const CREDENTIALS: &str = "/run/concord-credentials";
/// `nonroot` of the distroless images.
const USER: u32 = 65532;

/// Kubernetes adds eleven characters to a `CronJob`'s name, within 63.
const LONGEST_NAME: usize = 52;
/// How long after a missed time a run still begins, in seconds: a week where it is to be caught up.
const CAUGHT_UP: u32 = 7 * 24 * 3600;
const NOT_CAUGHT_UP: u32 = 300;

/// What one `CronJob` does, and with what.
pub(super) struct Work<'a> {
    pub name: String,
    /// The container image.
    pub image: &'a str,
    pub arguments: Vec<String>,
    /// Where its state is.
    pub claim: String,
    /// What its own Secret holds, and the name of that.
    pub secrets: Secrets,
    pub secret: String,
    pub schedule: &'a Schedule,
    pub shards: Option<u16>,
}

pub(super) fn claim(name: &str, access: &str) -> String {
    let labels = labels(2);
    format!(
        "---\n\
         apiVersion: v1\n\
         kind: PersistentVolumeClaim\n\
         metadata:\n\
         \x20 name: {name}\n\
         {labels}\
         spec:\n\
         \x20 accessModes: [{access}]\n\
         \x20 resources:\n\
         \x20   requests:\n\
         \x20     storage: 1Gi\n",
    )
}

pub(super) fn cron_job(setup: &Setup<'_>, keys: &[(String, String)], work: &Work<'_>) -> Result<String, ExportError> {
    let Work { name, schedule, .. } = work;
    let due = due(setup, schedule)?;
    let deadline = if schedule.catch_up { CAUGHT_UP } else { NOT_CAUGHT_UP };
    let (secrets, shared) = (&work.secrets, &Secrets::shared(setup.config));
    refuse_files([secrets, shared])?;
    secrets.check_names(KUBERNETES)?;
    shared.check_names(KUBERNETES)?;
    let credentials = secrets.credentials.union(&shared.credentials).count() > 0;
    let zone = quoted(zone(schedule));
    let note = if schedule.jitter.is_zero() {
        String::new()
    } else {
        "# Kubernetes has no word for jitter: every start is on time.\n".to_owned()
    };
    Ok(format!(
        "---\n\
         {note}\
         apiVersion: batch/v1\n\
         kind: CronJob\n\
         metadata:\n\
         \x20 name: {name}\n\
         {}\
         spec:\n\
         \x20 schedule: {}\n\
         \x20 timeZone: {zone}\n\
         \x20 concurrencyPolicy: Forbid\n\
         \x20 startingDeadlineSeconds: {deadline}\n\
         \x20 successfulJobsHistoryLimit: 3\n\
         \x20 failedJobsHistoryLimit: 5\n\
         \x20 jobTemplate:\n\
         \x20   spec:\n\
         {}\
         \x20     template:\n\
         \x20       metadata:\n\
         {}\
         \x20       spec:\n\
         \x20         restartPolicy: Never\n\
         \x20         automountServiceAccountToken: false\n\
         \x20         enableServiceLinks: false\n\
         \x20         terminationGracePeriodSeconds: 60\n\
         \x20         securityContext:\n\
         \x20           runAsNonRoot: true\n\
         \x20           runAsUser: {USER}\n\
         \x20           runAsGroup: {USER}\n\
         \x20           fsGroup: {USER}\n\
         \x20           fsGroupChangePolicy: OnRootMismatch\n\
         \x20           seccompProfile:\n\
         \x20             type: RuntimeDefault\n\
         {}\
         {}",
        labels(2),
        quoted(&due),
        completion(work.shards),
        labels(10),
        container(work, shared, credentials),
        volumes(keys, work, shared, credentials),
    ))
}

/// How a Job ends: by its one pod, or by as many as there are shards, of which none waits for another.
fn completion(shards: Option<u16>) -> String {
    let comment =
        "      # A run that failed is gone on with by the next one; 3, a person is needed, fails a Job too.\n";
    let how = match shards {
        None => "      backoffLimit: 0\n".to_owned(),
        Some(shards) => format!(
            "      completionMode: Indexed\n\
             \x20     completions: {shards}\n\
             \x20     parallelism: {shards}\n\
             \x20     # A pod that fails stops none of the others.\n\
             \x20     backoffLimitPerIndex: 0\n"
        ),
    };
    format!("{comment}{how}")
}

fn due(setup: &Setup<'_>, schedule: &Schedule) -> Result<String, ExportError> {
    if schedule.stated.jitter && !schedule.jitter.is_zero() {
        let hint = "set jitter = \"0s\" and give the schedules different minutes, or let `concord daemon` run them";
        return Err(inexpressible(KUBERNETES, schedule, "jitter", hint));
    }
    let pattern = pattern(KUBERNETES, schedule)?;
    refuse_skipped_hour(KUBERNETES, schedule, &pattern, setup.now)?;
    let hint = "write five fields, or let `concord daemon` run it";
    pattern.five_fields().map_err(|what| inexpressible(KUBERNETES, schedule, what, hint))
}

fn refuse_files(secrets: [&Secrets; 2]) -> Result<(), ExportError> {
    match secrets.into_iter().find_map(|secrets| secrets.files.first()) {
        None => Ok(()),
        Some(file) => Err(no_place(
            KUBERNETES,
            format!("the file {}, in which a secret is kept", file.display()),
            "give the secret as { env = \"NAME\" } or { credential = \"NAME\" }: it comes from a Secret then",
        )),
    }
}

fn container(work: &Work<'_>, shared: &Secrets, credentials: bool) -> String {
    let arguments: Vec<String> = work.arguments.iter().map(|word| quoted(word)).collect();
    let mut text = format!(
        "          containers:\n\
         \x20           - name: concord\n\
         \x20             image: {}\n\
         \x20             args: [{}]\n",
        quoted(work.image),
        arguments.join(", "),
    );
    text.push_str(&environment(work, shared, credentials));
    text.push_str(RESOURCES);
    text.push_str(&mounts(credentials));
    text
}

/// Which container it is in its job, its secrets, and where those in files are.
fn environment(work: &Work<'_>, shared: &Secrets, credentials: bool) -> String {
    let secrets = &work.secrets;
    let mut text = String::new();
    let of_pair = secrets.variables.iter().map(|name| (name, work.secret.clone()));
    let of_all = shared.variables.difference(&secrets.variables).map(|name| (name, SHARED.to_owned()));
    let variables: Vec<_> = of_pair.chain(of_all).collect();
    if credentials || !variables.is_empty() || work.shards.is_some() {
        text.push_str("              env:\n");
    }
    if work.shards.is_some() {
        text.push_str(&format!(
            "                - name: {SHARD}\n\
             \x20                 valueFrom:\n\
             \x20                   fieldRef:\n\
             \x20                     fieldPath: metadata.annotations['batch.kubernetes.io/job-completion-index']\n"
        ));
    }
    for (name, secret) in variables {
        text.push_str(&format!(
            "                - name: {name}\n\
             \x20                 valueFrom:\n\
             \x20                   secretKeyRef:\n\
             \x20                     name: {secret}\n\
             \x20                     key: {name}\n"
        ));
    }
    if credentials {
        text.push_str(&format!(
            "                - name: CREDENTIALS_DIRECTORY\n\x20                 value: {CREDENTIALS}\n"
        ));
    }
    text
}

/// What it may use, and what it may not do.
const RESOURCES: &str = "              resources:
                requests:
                  cpu: 50m
                  memory: 64Mi
                limits:
                  memory: 512Mi
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
";

fn mounts(credentials: bool) -> String {
    let mut text = format!(
        "              volumeMounts:\n\
         \x20               - name: config\n\
         \x20                 mountPath: {CONFIGURATION}\n\
         \x20                 readOnly: true\n\
         \x20               - name: state\n\
         \x20                 mountPath: {STATE}\n\
         \x20               - name: tmp\n\
         \x20                 mountPath: /tmp\n"
    );
    if credentials {
        text.push_str(&format!(
            "                - name: credentials\n\
             \x20                 mountPath: {CREDENTIALS}\n\
             \x20                 readOnly: true\n"
        ));
    }
    text
}

fn volumes(keys: &[(String, String)], work: &Work<'_>, shared: &Secrets, credentials: bool) -> String {
    let secrets = &work.secrets;
    let mut text = "          volumes:\n\
         \x20           - name: config\n\
         \x20             configMap:\n\
         \x20               name: concord-config\n\
         \x20               items:\n"
        .to_owned();
    for (key, path) in keys {
        text.push_str(&format!("                  - key: {key}\n\x20                   path: {}\n", quoted(path)));
    }
    text.push_str(&format!(
        "            - name: state\n\
         \x20             persistentVolumeClaim:\n\
         \x20               claimName: {}\n\
         \x20           - name: tmp\n\
         \x20             emptyDir: {{}}\n",
        work.claim,
    ));
    if credentials {
        text.push_str(&format!(
            "            - name: credentials\n\
             \x20             projected:\n\
             \x20               defaultMode: {}\n\
             \x20               sources:\n",
            0o440,
        ));
        let of_all: BTreeSet<String> = shared.credentials.difference(&secrets.credentials).cloned().collect();
        for (secret, names) in [(&work.secret, &secrets.credentials), (&SHARED.to_owned(), &of_all)] {
            if names.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "                  - secret:\n\
                 \x20                     name: {secret}\n\
                 \x20                     items:\n"
            ));
            for name in names {
                let name = quoted(name);
                text.push_str(&format!(
                    "                        - key: {name}\n\x20                         path: {name}\n"
                ));
            }
        }
    }
    text
}

/// The Secret with what every pair's runs ask for.
pub(super) const SHARED: &str = "concord-shared";

/// The volume of pods that share the pairs.
pub(super) const STATE_OF_ALL: &str = "concord-state";
/// Which of these pods it is.
pub(super) const SHARD: &str = "SHARD";

pub(super) fn labels(indent: usize) -> String {
    format!("{0:indent$}labels:\n{0:indent$}  app.kubernetes.io/name: concord\n", "")
}

/// `concord-nightly-acme`, or with a part of a hash at its end where Kubernetes would not take that.
pub(super) fn object_name(parts: &[&str]) -> String {
    let name = format!("concord-{}", parts.join("-"));
    let fits = name.len() <= LONGEST_NAME && !name.ends_with('-') && !name.contains('_');
    if fits { name } else { hashed_name(parts) }
}

pub(super) fn hashed_name(parts: &[&str]) -> String {
    let hash = blake3::hash(parts.join("/").as_bytes()).to_hex();
    let name = format!("concord-{}", parts.join("-").replace('_', "-"));
    let kept: String = name.chars().take(LONGEST_NAME - 9).collect();
    format!("{}-{}", kept.trim_end_matches('-'), hash.chars().take(8).collect::<String>())
}

/// A text in quotes: JSON's strings are YAML's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
