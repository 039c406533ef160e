//! One `CronJob` for each pair of each schedule, and one volume for each pair: pairs share nothing, so the cluster may
//! place them where it likes. Or one `CronJob` for each schedule, whose pods share the pairs.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::cron_job::{
    SHARD, SHARED, STATE, STATE_OF_ALL, Work, claim, cron_job, hashed_name, labels, object_name, quoted,
};
use super::secrets::Secrets;
use super::{ExportError, File, Scheduler, Setup, command, folder, no_place, schedules};
use crate::config::Schedule;

const KUBERNETES: Scheduler = Scheduler::Kubernetes;

/// A `ConfigMap` holds a MiB; its own words take a little of it.
const LARGEST_CONFIGURATION: usize = 1_000_000;

/// What only a cluster is told.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// The container image.
    pub image: &'a str,
    /// The configuration's files and what is in them: the main one first, then those that it includes.
    pub texts: Vec<(PathBuf, String)>,
    /// Over how many pods the pairs of a schedule are spread; `None`: each pair has a `CronJob` of its own.
    pub shards: Option<u16>,
}

/// A `ConfigMap` with the configuration, and a file for each pair that is scheduled, or one for the pods that share them.
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
    if let Some(shards) = cluster.shards {
        files.push(sharded(setup, cluster, &keys, shards)?);
        return Ok(files);
    }
    let mut names = BTreeSet::new();
    for pair in &setup.config.pairs {
        let of_pair = |schedule: &&Schedule| schedule.pairs.as_ref().is_none_or(|pairs| pairs.contains(&pair.name));
        let claimed = object_name(&[&pair.name]);
        let mut text = format!("# Pair {}: its state, and a CronJob for each of its schedules.\n", pair.name);
        text.push_str(&claim(&claimed, "ReadWriteOnce"));
        for schedule in schedules.iter().filter(of_pair) {
            let mut name = object_name(&[&schedule.name, &pair.name]);
            if !names.insert(name.clone()) {
                name = hashed_name(&[&schedule.name, &pair.name]);
            }
            let mut arguments = words_of(schedule);
            arguments.extend(["--pair".to_owned(), pair.name.clone()]);
            let (claim, secrets) = (claimed.clone(), Secrets::of_pair(pair));
            let work = Work {
                name,
                image: cluster.image,
                arguments,
                claim,
                secrets,
                secret: claimed.clone(),
                schedule,
                shards: None,
            };
            text.push_str(&cron_job(setup, &keys, &work)?);
        }
        if schedules.iter().any(|schedule| of_pair(&schedule)) {
            files.push(File { name: format!("{}.yaml", object_name(&[&pair.name])), text });
        }
    }
    Ok(files)
}

/// One `CronJob` for each schedule, whose pods take the pairs among them: the cluster gives each pod its number. The state
/// is one folder for all, so that another number of pods finds every pair's.
fn sharded(
    setup: &Setup<'_>,
    cluster: &Cluster<'_>,
    keys: &[(String, String)],
    shards: u16,
) -> Result<File, ExportError> {
    let mut text = format!(
        "# {shards} pods share the pairs of each schedule, and one volume: it has to be one that several nodes can write\n\
         # (ReadWriteMany) and that keeps file locks, such as NFS 4.\n"
    );
    text.push_str(&claim(STATE_OF_ALL, "ReadWriteMany"));
    for schedule in schedules(setup)? {
        let mut arguments = words_of(schedule);
        for pair in schedule.pairs.iter().flatten() {
            arguments.extend(["--pair".to_owned(), pair.clone()]);
        }
        arguments.extend(["--shard".to_owned(), format!("$({SHARD})/{shards}")]);
        let work = Work {
            name: object_name(&[&schedule.name]),
            image: cluster.image,
            arguments,
            claim: STATE_OF_ALL.to_owned(),
            secrets: Secrets::of_process(setup.config, schedule.pairs.as_deref()),
            secret: SHARED.to_owned(),
            schedule,
            shards: Some(shards),
        };
        text.push_str(&cron_job(setup, keys, &work)?);
    }
    Ok(File { name: "concord-shards.yaml".to_owned(), text })
}

/// The command of a schedule, as words.
fn words_of(schedule: &Schedule) -> Vec<String> {
    command(schedule.run).iter().map(|word| (*word).to_owned()).collect()
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
