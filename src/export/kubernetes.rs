//! One `CronJob` for each pair of each schedule, and one volume for each pair: pairs share nothing, so the cluster may
//! place them where it likes.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::secrets::Secrets;
use super::{ExportError, File, Scheduler, Setup, command, folder, inexpressible, no_place, pattern};
use super::{refuse_skipped_hour, schedules, zone};
use crate::config::{Pair, Schedule};

const KUBERNETES: Scheduler = Scheduler::Kubernetes;

/// Where the container file puts things.
const CONFIGURATION: &str = "/etc/concord";
const STATE: &str = "/var/lib/concord";
const CREDENTIALS: &str = "/run/concord-credentials";
/// `nonroot` of the distroless images.
const USER: u32 = 65532;

/// A `ConfigMap` holds a MiB; its own words take a little of it.
const LARGEST_CONFIGURATION: usize = 1_000_000;
/// Kubernetes adds eleven characters to a `CronJob`'s name, within 63.
const LONGEST_NAME: usize = 52;
/// How long after a missed time a run still begins, in seconds: a week where it is to be caught up.
const CAUGHT_UP: u32 = 7 * 24 * 3600;
const NOT_CAUGHT_UP: u32 = 300;

/// What only a cluster is told.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// The container image.
    pub image: &'a str,
    /// The configuration's files and what is in them: the main one first, then those that it includes.
    pub texts: Vec<(PathBuf, String)>,
}

/// A `ConfigMap` with the configuration, and a file for each pair that is scheduled.
///
/// # Errors
/// Nothing is scheduled, or something cannot be said to Kubernetes.
pub fn kubernetes(setup: &Setup<'_>, cluster: &Cluster<'_>) -> Result<Vec<File>, ExportError> {
    let schedules = schedules(setup)?;
    if let Some(reports) = setup.config.report.dir.as_deref().filter(|reports| !reports.starts_with(STATE)) {
        return Err(no_place(
            KUBERNETES,
            format!("reports in {}: only {STATE} can be written there", reports.display()),
            format!("set [report] dir = \"{STATE}/reports\""),
        ));
    }
    let keys = keys(setup, cluster)?;
    let mut files = vec![File { name: "concord-config.yaml".to_owned(), text: config_map(setup, cluster, &keys)? }];
    let mut names = BTreeSet::new();
    for pair in &setup.config.pairs {
        let of_pair = |schedule: &&Schedule| schedule.pairs.as_ref().is_none_or(|pairs| pairs.contains(&pair.name));
        let mut text = claim(pair);
        for schedule in schedules.iter().filter(of_pair) {
            let mut name = object_name(&[&schedule.name, &pair.name]);
            if !names.insert(name.clone()) {
                name = hashed_name(&[&schedule.name, &pair.name]);
            }
            text.push_str(&cron_job(setup, cluster, &keys, &name, pair, schedule)?);
        }
        if schedules.iter().any(|schedule| of_pair(&schedule)) {
            files.push(File { name: format!("{}.yaml", object_name(&[&pair.name])), text });
        }
    }
    Ok(files)
}

/// The key of each file in the `ConfigMap`, and its path below the mounted folder.
fn keys(setup: &Setup<'_>, cluster: &Cluster<'_>) -> Result<Vec<(String, String)>, ExportError> {
    let folder = folder(setup);
    let mut keys = Vec::new();
    for ((path, _), number) in cluster.texts.iter().zip(0..) {
        if number == 0 {
            keys.push(("schedules.toml".to_owned(), "schedules.toml".to_owned()));
            continue;
        }
        let below = path.strip_prefix(folder).ok().filter(|below| is_below(below)).and_then(Path::to_str);
        let Some(below) = below else {
            return Err(no_place(
                KUBERNETES,
                format!("{}, which is included from another folder", path.display()),
                format!("move it below {}", folder.display()),
            ));
        };
        keys.push((format!("included-{number}.toml"), below.to_owned()));
    }
    Ok(keys)
}

fn is_below(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn config_map(setup: &Setup<'_>, cluster: &Cluster<'_>, keys: &[(String, String)]) -> Result<String, ExportError> {
    let size: usize = cluster.texts.iter().map(|(_, text)| text.len()).sum();
    if size > LARGEST_CONFIGURATION {
        return Err(no_place(
            KUBERNETES,
            format!("a configuration of {size} bytes: a ConfigMap holds {LARGEST_CONFIGURATION}"),
            "spread the pairs over several configurations, and export each into a namespace of its own",
        ));
    }
    let mut text = format!(
        "# Written by `concord export kubernetes` from {}: change that, then export it again.\n\
         ---\n\
         apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata:\n\
         \x20 name: concord-config\n\
         {}\
         data:\n",
        setup.file.display(),
        labels(2),
    );
    for ((key, _), (_, content)) in keys.iter().zip(&cluster.texts) {
        text.push_str(&format!("  {key}: {}", block(content, 4)));
    }
    Ok(text)
}

fn claim(pair: &Pair) -> String {
    let (name, labels) = (object_name(&[&pair.name]), labels(2));
    format!(
        "# Pair {}: its state, and a CronJob for each of its schedules.\n\
         ---\n\
         apiVersion: v1\n\
         kind: PersistentVolumeClaim\n\
         metadata:\n\
         \x20 name: {name}\n\
         {labels}\
         spec:\n\
         \x20 accessModes: [ReadWriteOnce]\n\
         \x20 resources:\n\
         \x20   requests:\n\
         \x20     storage: 1Gi\n",
        pair.name,
    )
}

fn cron_job(
    setup: &Setup<'_>,
    cluster: &Cluster<'_>,
    keys: &[(String, String)],
    name: &str,
    pair: &Pair,
    schedule: &Schedule,
) -> Result<String, ExportError> {
    let due = due(setup, schedule)?;
    let deadline = if schedule.catch_up { CAUGHT_UP } else { NOT_CAUGHT_UP };
    let (secrets, shared) = (Secrets::of_pair(pair), Secrets::shared(setup.config));
    refuse_files([&secrets, &shared])?;
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
         \x20     # A night that failed is gone on with by the next one; 3, a person is needed, fails a Job too.\n\
         \x20     backoffLimit: 0\n\
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
        labels(10),
        container(cluster, pair, schedule, (&secrets, &shared), credentials),
        volumes(keys, pair, (&secrets, &shared), credentials),
    ))
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

fn container(
    cluster: &Cluster<'_>,
    pair: &Pair,
    schedule: &Schedule,
    (secrets, shared): (&Secrets, &Secrets),
    credentials: bool,
) -> String {
    let mut arguments: Vec<String> = command(schedule.run).iter().map(|word| quoted(word)).collect();
    arguments.extend([quoted("--pair"), quoted(&pair.name)]);
    let mut text = format!(
        "          containers:\n\
         \x20           - name: concord\n\
         \x20             image: {}\n\
         \x20             args: [{}]\n",
        quoted(cluster.image),
        arguments.join(", "),
    );
    let of_pair = secrets.variables.iter().map(|name| (name, secret_name(pair)));
    let of_all = shared.variables.difference(&secrets.variables).map(|name| (name, SHARED.to_owned()));
    let variables: Vec<_> = of_pair.chain(of_all).collect();
    if credentials || !variables.is_empty() {
        text.push_str("              env:\n");
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
    text.push_str(&format!(
        "              resources:\n\
         \x20               requests:\n\
         \x20                 cpu: 50m\n\
         \x20                 memory: 64Mi\n\
         \x20               limits:\n\
         \x20                 memory: 512Mi\n\
         \x20             securityContext:\n\
         \x20               allowPrivilegeEscalation: false\n\
         \x20               readOnlyRootFilesystem: true\n\
         \x20               capabilities:\n\
         \x20                 drop: [ALL]\n\
         \x20             volumeMounts:\n\
         \x20               - name: config\n\
         \x20                 mountPath: {CONFIGURATION}\n\
         \x20                 readOnly: true\n\
         \x20               - name: state\n\
         \x20                 mountPath: {STATE}\n\
         \x20               - name: tmp\n\
         \x20                 mountPath: /tmp\n"
    ));
    if credentials {
        text.push_str(&format!(
            "                - name: credentials\n\
             \x20                 mountPath: {CREDENTIALS}\n\
             \x20                 readOnly: true\n"
        ));
    }
    text
}

fn volumes(
    keys: &[(String, String)],
    pair: &Pair,
    (secrets, shared): (&Secrets, &Secrets),
    credentials: bool,
) -> String {
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
        object_name(&[&pair.name]),
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
        for (secret, names) in [(secret_name(pair), &secrets.credentials), (SHARED.to_owned(), &of_all)] {
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
const SHARED: &str = "concord-shared";

/// The Secret with what one pair's runs ask for.
fn secret_name(pair: &Pair) -> String {
    object_name(&[&pair.name])
}

fn labels(indent: usize) -> String {
    format!("{0:indent$}labels:\n{0:indent$}  app.kubernetes.io/name: concord\n", "")
}

/// `concord-nightly-acme`, or with a part of a hash at its end where Kubernetes would not take that.
fn object_name(parts: &[&str]) -> String {
    let name = format!("concord-{}", parts.join("-"));
    let fits = name.len() <= LONGEST_NAME && !name.ends_with('-') && !name.contains('_');
    if fits { name } else { hashed_name(parts) }
}

fn hashed_name(parts: &[&str]) -> String {
    let hash = blake3::hash(parts.join("/").as_bytes()).to_hex();
    let name = format!("concord-{}", parts.join("-").replace('_', "-"));
    let kept: String = name.chars().take(LONGEST_NAME - 9).collect();
    format!("{}-{}", kept.trim_end_matches('-'), hash.chars().take(8).collect::<String>())
}

/// A text in quotes: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text of several lines as it stands, where YAML would give the same back; else in quotes.
fn block(text: &str, indent: usize) -> String {
    let plain = |letter: char| letter == '\n' || letter == '\t' || (!letter.is_control() && letter != '\u{feff}');
    if !text.ends_with('\n') || text.ends_with("\n\n") || !text.chars().all(plain) {
        return quoted(text) + "\n";
    }
    let lines =
        text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{:indent$}{line}\n", "") });
    format!("|2\n{}", lines.collect::<String>())
}
