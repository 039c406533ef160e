//! `concord export`, judged by those who will read it: systemd's own tools, cron's, and Kubernetes' schemas.
//!
//! `CONCORD_BLESS=1` writes the shipped files of `deploy/` again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use concord::config::Config;
use concord::export::{self, Cluster, File, Setup};
use serde_json::{Value, json};

use crate::command::Desk;

const NIGHTLY: &str =
    "[[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n";
const ACME: &str = "\n[pair.acme]\nregion = \"AR\"\n\n[pair.acme.cliengo]\napi_key = { env = \"CLIENGO_API_KEY\" }\n\
    website_id = \"5f3c0000000000000000000a\"\n\n[pair.acme.ghl]\nlocation_id = \"C2QujeCh8ZnC7al2InWR\"\n\
    token = { env = \"GHL_TOKEN\" }\n";

/// A tool that this machine may lack; where tests must have it (`CI`), its absence is a failure.
#[expect(clippy::print_stderr, reason = "what was not checked must be seen")]
fn tool(name: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(name).args(arguments).output() {
        Ok(output) => Some(output),
        Err(why) if std::env::var_os("CI").is_some() => panic!("{name} is needed here: {why}"),
        Err(why) => {
            eprintln!("NOT CHECKED: {name} cannot be run ({why})");
            None
        }
    }
}

fn assert_pleased(output: Option<Output>, what: &str) {
    if let Some(output) = output {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{what}: {said}");
    }
}

/// What is exported from `text` as if it stood in `file`.
fn exported(
    text: &str,
    file: &str,
    export: impl FnOnce(&Setup<'_>) -> Result<Vec<File>, export::ExportError>,
) -> Vec<File> {
    let config = Config::parse(text, Path::new(file)).unwrap();
    let setup = Setup {
        config: &config,
        file: Path::new(file),
        program: Path::new("/usr/bin/concord"),
        state_dir: &config.state_dir,
        state_dir_given: false,
        now: "2026-11-24T12:00:00Z".parse().unwrap(),
    };
    export(&setup).unwrap()
}

fn at_home(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares files with those that are shipped in a folder of `deploy/`.
fn assert_shipped(files: &[File], folder: &str) {
    for file in files {
        let path = at_home(folder).join(&file.name);
        if std::env::var_os("CONCORD_BLESS").is_some() {
            std::fs::write(&path, &file.text).unwrap();
        }
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(shipped == file.text, "{} is not what is exported; CONCORD_BLESS=1 writes it", path.display());
    }
    let mut shipped: Vec<String> = std::fs::read_dir(at_home(folder)).unwrap().map(name_of).collect();
    shipped.sort();
    let mut named: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    named.sort();
    assert_eq!(shipped, named, "{folder}");
}

fn name_of(entry: std::io::Result<std::fs::DirEntry>) -> String {
    entry.unwrap().file_name().to_str().unwrap().to_owned()
}

#[test]
fn what_is_shipped_in_deploy_is_what_is_exported() {
    let packaged = std::fs::read_to_string(at_home("deploy/schedules.toml")).unwrap();
    let units = exported(&packaged, "/etc/concord/schedules.toml", export::systemd);
    assert_shipped(&units, "deploy/systemd");
    let text = format!("{NIGHTLY}{ACME}");
    let crontab = exported(&text, "/srv/concord/schedules.toml", export::crontab);
    assert_shipped(&crontab, "deploy/cron");
    let image = "concord:0.1.0";
    let texts = vec![(PathBuf::from("/srv/concord/schedules.toml"), text.clone())];
    let cluster = |setup: &Setup<'_>| export::kubernetes(setup, &Cluster { image, texts, shards: None });
    let manifests = exported(&text, "/srv/concord/schedules.toml", cluster);
    assert_shipped(&manifests, "deploy/kubernetes");
}

#[test]
fn systemd_verifies_every_unit_and_understands_every_time() {
    let desk = Desk::with(&format!(
        "{NIGHTLY}\
         [[schedule]]\nname = \"often\"\ncron = \"*/15 8-18 * * mon-fri\"\ntimezone = \"Europe/Madrid\"\nrun = \"plan\"\n\
         [[schedule]]\nname = \"monthly\"\ncron = \"30 15 4 1,L * SUN\"\ntimezone = \"UTC\"\nrun = \"full\"\npairs = [\"acme\"]\n\
         jitter = \"10m\"\ncatch_up = false\n[report]\ndir = \"reports\"\n{}",
        ACME.replace("{ env = \"GHL_TOKEN\" }", "{ credential = \"ghl-token\" }"),
    ));
    // `1,L` is more than a calendar can say, and that is told before anything is written.
    desk.run(&["export", "systemd", "--out", "units"]).code(10).tells("`L`").tells("monthly");
    assert!(!desk.path("units").exists());
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap().replace("1,L", "1,15");
    std::fs::write(desk.path("schedules.toml"), text).unwrap();
    let said = desk.run(&["export", "systemd", "--out", "units"]).code(0);
    let units: Vec<PathBuf> = said.out.lines().map(|line| desk.path(line)).collect();
    assert_eq!(units.len(), 8, "three services, three timers, the daemon's and the one that tells of failures");
    let mut arguments = vec!["verify"];
    arguments.extend(units.iter().map(|unit| unit.to_str().unwrap()));
    assert_pleased(tool("systemd-analyze", &arguments), "systemd-analyze verify");
    for unit in &units {
        let text = std::fs::read_to_string(unit).unwrap();
        for calendar in text.lines().filter_map(|line| line.strip_prefix("OnCalendar=")) {
            assert_pleased(tool("systemd-analyze", &["calendar", "--iterations=3", calendar]), calendar);
        }
        if text.contains("User=concord") {
            let path = unit.to_str().unwrap();
            let least = ["security", "--offline=true", "--threshold=20", path];
            assert_pleased(tool("systemd-analyze", &least), "systemd-analyze security");
        }
    }
    let monthly = std::fs::read_to_string(desk.path("units/concord-monthly.timer")).unwrap();
    for line in ["OnCalendar=*-*-01,15 04:15:30 UTC", "OnCalendar=Sun *-*-* 04:15:30 UTC", "Persistent=false"] {
        assert!(monthly.lines().any(|other| other == line), "no {line} in {monthly}");
    }
    assert!(monthly.contains("RandomizedDelaySec=600\n"), "{monthly}");
    let service = std::fs::read_to_string(desk.path("units/concord-monthly.service")).unwrap();
    let credential = format!("LoadCredential=ghl-token:{}\n", desk.path("credentials/ghl-token").display());
    for part in ["sync --full --quiet --pair acme\n", "SuccessExitStatus=3\n", "/secrets.env\n", &credential] {
        assert!(service.contains(part), "no {part} in {service}");
    }
    let daemon = std::fs::read_to_string(desk.path("units/concord-daemon.service")).unwrap();
    for part in ["Type=notify\n", "RestartPreventExitStatus=10 12\n", "ExecReload=/bin/kill -HUP $MAINPID\n"] {
        assert!(daemon.contains(part), "no {part} in {daemon}");
    }
}

#[test]
fn cron_reads_every_line_and_what_it_cannot_say_is_refused() {
    let crontab = std::fs::read_to_string(at_home("deploy/cron/concord.crontab")).unwrap();
    let desk = Desk::with(&format!("{NIGHTLY}{ACME}"));
    let said = desk.run(&["export", "cron"]).code(0);
    assert_eq!(said.out.lines().count(), crontab.lines().count());
    for line in ["CRON_TZ=America/Argentina/Buenos_Aires", "SHELL=/bin/sh"] {
        assert!(said.out.lines().any(|other| other == line), "no {line} in {}", said.out);
    }
    let due = said.out.lines().find(|line| line.starts_with("0 3 * * *  ")).unwrap();
    assert!(due.contains("secrets.env") && due.ends_with(" sync --quiet"), "{due}");
    assert!(said.out.contains("a missed time is not caught up, a start is not delayed by chance"), "{}", said.out);
    desk.run(&["export", "cron", "--out", "."]).code(0);
    let path = desk.path("concord.crontab");
    // Debian's checks with -n, cronie with -T.
    let checked = ["-n", "-T"].map(|flag| tool("crontab", &[flag, path.to_str().unwrap()]));
    if checked.iter().all(Option::is_some) {
        assert!(checked.iter().flatten().any(|output| output.status.success()), "{checked:?}");
    }
    let refused = [
        ("catch_up = true", "catch_up"),
        ("jitter = \"5m\"", "jitter"),
        ("cron = \"30 0 3 * * *\"", "seconds"),
        ("cron = \"0 3 L * *\"", "last day"),
    ];
    for (line, tells) in refused {
        let schedule = if line.starts_with("cron") {
            NIGHTLY.replace("cron = \"0 3 * * *\"", line)
        } else {
            format!("{NIGHTLY}{line}\n")
        };
        let desk = Desk::with(&format!("{schedule}{ACME}"));
        desk.run(&["export", "cron"]).code(10).tells("cron cannot express").tells(tells).tells("hint: ");
    }
    let credential = ACME.replace("{ env = \"GHL_TOKEN\" }", "{ credential = \"ghl-token\" }");
    Desk::with(&format!("{NIGHTLY}{credential}")).run(&["export", "cron"]).code(10).tells("ghl-token");
    let said = Desk::with(&format!("{NIGHTLY}catch_up = false\njitter = \"0s\"\n{ACME}")).run(&["export", "cron"]);
    assert!(!said.code(0).out.contains("no words"));
}

#[test]
fn a_time_that_clocks_skip_is_refused_by_who_would_leave_that_night_out() {
    let text = NIGHTLY.replace("0 3 * * *", "30 2 * * *").replace("America/Argentina/Buenos_Aires", "America/New_York");
    let desk = Desk::with(&format!("{text}{ACME}"));
    for scheduler in ["systemd", "kubernetes"] {
        desk.run(&["export", scheduler]).code(10).tells("02:30").tells("30 3 * * *");
    }
    // Cron runs what it missed when clocks go forward.
    desk.run(&["export", "cron"]).code(0);
}

/// Kubernetes' own schema of one kind.
fn schema(kind: &str) -> jsonschema::Validator {
    let definitions = include_str!("../specs/kubernetes/definitions.json");
    let mut schema: Value = serde_json::from_str(definitions).unwrap();
    let group = if kind == "CronJob" { "batch" } else { "core" };
    schema["$ref"] = json!(format!("#/$defs/io.k8s.api.{group}.v1.{kind}"));
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn kubernetes_own_schemas_take_every_manifest() {
    let desk = Desk::with(&format!(
        "include = [\"pairs/*.toml\"]\n{NIGHTLY}\
         [[schedule]]\nname = \"weekly\"\ncron = \"@weekly\"\ntimezone = \"Europe/Madrid\"\nrun = \"full\"\n\
         pairs = [\"acme\"]\ncatch_up = false\n\
         [notify]\nwebhook = {{ env = \"SLACK_WEBHOOK\" }}\n{ACME}[pair.other_-{}]\nsandbox = true\n",
        "x".repeat(50),
    ));
    std::fs::create_dir(desk.path("pairs")).unwrap();
    let further = ACME
        .replace("acme", "further")
        .replace("C2QujeCh8ZnC7al2InWR", "FurtherLocation00001")
        .replace("{ env = \"GHL_TOKEN\" }", "{ credential = \"ghl-token\" }");
    std::fs::write(desk.path("pairs/further.toml"), &further).unwrap();
    let said = desk.run(&["export", "kubernetes", "--image", "registry.example/concord:7"]).code(0);
    let manifests: Vec<Value> = serde_saphyr::from_multiple(&said.out).unwrap();
    let kinds: Vec<&str> = manifests.iter().map(|manifest| manifest["kind"].as_str().unwrap()).collect();
    let claim_and_jobs = ["PersistentVolumeClaim", "CronJob"];
    assert_eq!(kinds, [&["ConfigMap"][..], &claim_and_jobs, &["CronJob"], &claim_and_jobs, &claim_and_jobs].concat());
    for manifest in &manifests {
        let kind = manifest["kind"].as_str().unwrap();
        if let Err(why) = schema(kind).validate(manifest) {
            panic!("{kind}: {why} at {}: {manifest:#}", why.instance_path());
        }
        let name = manifest["metadata"]["name"].as_str().unwrap();
        let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(name.len() <= 52 && name.chars().all(fits) && !name.ends_with('-'), "{name}");
    }
    let config = &manifests[0]["data"];
    let main = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    assert_eq!(config["schedules.toml"], json!(main), "the configuration as it stands");
    assert_eq!(config["included-1.toml"], json!(further));
    let job = &manifests[2]["spec"];
    assert_eq!(job["schedule"], "0 3 * * *");
    assert_eq!(job["timeZone"], "America/Argentina/Buenos_Aires");
    assert_eq!(job["concurrencyPolicy"], "Forbid");
    assert_eq!(job["jobTemplate"]["spec"]["backoffLimit"], 0);
    assert!(job["startingDeadlineSeconds"].as_u64() > manifests[3]["spec"]["startingDeadlineSeconds"].as_u64());
    assert_eq!(manifests[3]["spec"]["schedule"], "0 0 * * 0");
    let pod = &job["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let container = &pod["containers"][0];
    assert_eq!(container["image"], "registry.example/concord:7");
    assert_eq!(container["args"], json!(["sync", "--quiet", "--pair", "acme"]));
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    let secrets: Vec<&Value> = container["env"].as_array().unwrap().iter().map(|variable| &variable["name"]).collect();
    assert_eq!(secrets, ["CLIENGO_API_KEY", "GHL_TOKEN", "SLACK_WEBHOOK"]);
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"]["name"], "concord-acme");
    assert_eq!(container["env"][2]["valueFrom"]["secretKeyRef"]["name"], "concord-shared");
    let paths: Vec<&Value> =
        pod["volumes"][0]["configMap"]["items"].as_array().unwrap().iter().map(|item| &item["path"]).collect();
    assert_eq!(paths, ["schedules.toml", "pairs/further.toml"]);
    // The judge judges: a word that Kubernetes does not know is refused.
    let mut wrong = manifests[2].clone();
    wrong["spec"]["timezone"] = json!("UTC");
    assert!(schema("CronJob").validate(&wrong).is_err());
}

#[test]
fn pods_that_share_the_pairs_are_one_indexed_job_for_each_schedule() {
    let desk = Desk::with(&format!(
        "{NIGHTLY}[[schedule]]\nname = \"weekly\"\ncron = \"@weekly\"\ntimezone = \"Europe/Madrid\"\nrun = \"full\"\n\
         pairs = [\"acme\"]\n[notify]\nwebhook = {{ env = \"SLACK_WEBHOOK\" }}\n{ACME}[pair.other]\nsandbox = true\n",
    ));
    let said = desk.run(&["export", "kubernetes", "--shards", "3"]).code(0);
    let manifests: Vec<Value> = serde_saphyr::from_multiple(&said.out).unwrap();
    let kinds: Vec<&str> = manifests.iter().map(|manifest| manifest["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "PersistentVolumeClaim", "CronJob", "CronJob"]);
    for (kind, manifest) in kinds.iter().zip(&manifests) {
        if let Err(why) = schema(kind).validate(manifest) {
            panic!("{kind}: {why} at {}: {manifest:#}", why.instance_path());
        }
    }
    assert_eq!(manifests[1]["spec"]["accessModes"], json!(["ReadWriteMany"]));
    let job = &manifests[2]["spec"]["jobTemplate"]["spec"];
    assert_eq!(
        (&job["completionMode"], &job["completions"], &job["parallelism"]),
        (&json!("Indexed"), &json!(3), &json!(3))
    );
    assert_eq!(job["backoffLimitPerIndex"], 0, "a pod that ends with 3 stops none of the others");
    assert!(job["backoffLimit"].is_null());
    let pod = &job["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["args"], json!(["sync", "--quiet", "--shard", "$(SHARD)/3"]));
    let index = &container["env"][0];
    assert_eq!(index["name"], "SHARD");
    let path = index["valueFrom"]["fieldRef"]["fieldPath"].as_str().unwrap();
    assert_eq!(path, "metadata.annotations['batch.kubernetes.io/job-completion-index']");
    assert_eq!(container["env"][1]["valueFrom"]["secretKeyRef"]["name"], "concord-shared");
    assert_eq!(pod["volumes"][1]["persistentVolumeClaim"]["claimName"], "concord-state");
    let weekly = &manifests[3]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(weekly["args"], json!(["sync", "--full", "--quiet", "--pair", "acme", "--shard", "$(SHARD)/3"]));
    desk.run(&["export", "systemd", "--shards", "3"]).code(10).tells("concord sync --shard 0/2");
    desk.run(&["export", "kubernetes", "--shards", "0"]).code(10);
}

#[test]
fn every_pair_is_synchronised_by_one_part_of_them() {
    let pairs: String = ["norte", "sur", "centro"].map(|name| format!("[pair.{name}]\nsandbox = true\n")).concat();
    let desk = Desk::with(&pairs);
    let mut planned = Vec::new();
    for part in ["0/2", "1/2"] {
        let told = desk.run(&["plan", "--shard", part, "--format", "json"]).code(0).json();
        let documents = told.as_array().cloned().unwrap_or_else(|| vec![told]);
        planned.extend(documents.iter().map(|one| one["pair"].as_str().unwrap().to_owned()));
    }
    planned.sort();
    assert_eq!(planned, ["centro", "norte", "sur"]);
    let said = desk.run(&["sync", "--shard", "0/400"]);
    assert!(said.code == 0 && said.err.contains("no pair is in this part"), "{said:?}");
    assert_eq!(desk.run(&["sync", "--quiet", "--shard", "0/400"]).code(0).out, "");
    for wrong in ["2/2", "1", "x/2"] {
        desk.run(&["sync", "--shard", wrong]).code(10).tells("from 0/4 to 3/4");
    }
}

#[test]
fn what_a_cluster_has_no_place_for_is_refused() {
    let file = ACME.replace("{ env = \"GHL_TOKEN\" }", "{ file = \"ghl.token\" }");
    let refused = [
        (format!("{NIGHTLY}{file}"), "ghl.token"),
        (format!("{NIGHTLY}jitter = \"5m\"\n{ACME}"), "jitter"),
        (format!("[report]\ndir = \"reports\"\n{NIGHTLY}{ACME}"), "reports"),
        (NIGHTLY.replace("cron = \"", "cron = \"10 ") + ACME, "seconds"),
    ];
    for (text, tells) in refused {
        Desk::with(&text).run(&["export", "kubernetes"]).code(10).tells(tells).tells("hint: ");
    }
}

#[test]
fn an_export_never_replaces_a_file_that_differs_without_being_told_to() {
    let desk = Desk::with(&format!("{NIGHTLY}{ACME}"));
    desk.run(&["export", "systemd", "--out", "units"]).code(0).tells("concord-nightly.timer");
    desk.run(&["export", "systemd", "--out", "units"]).code(0).tells("already");
    let timer = desk.path("units/concord-nightly.timer");
    std::fs::write(&timer, "mine").unwrap();
    std::fs::remove_file(desk.path("units/concord-daemon.service")).unwrap();
    desk.run(&["export", "systemd", "--out", "units"]).code(10).tells("concord-nightly.timer").tells("--force");
    assert_eq!(std::fs::read_to_string(&timer).unwrap(), "mine");
    assert!(!desk.path("units/concord-daemon.service").exists(), "all of them or none");
    desk.run(&["export", "systemd", "--out", "units", "--force"]).code(0);
    assert!(std::fs::read_to_string(&timer).unwrap().contains("OnCalendar="));
}

#[test]
fn without_a_schedule_there_is_nothing_to_export() {
    let desk = Desk::with(ACME);
    for scheduler in ["systemd", "cron", "kubernetes"] {
        desk.run(&["export", scheduler]).code(10).tells("no [[schedule]]").tells("hint: add [[schedule]]");
    }
    desk.run(&["export", "launchd"]).code(10);
}

#[test]
fn an_export_names_the_files_of_secrets_from_the_root_on() {
    let pair = ACME.replace("{ env = \"CLIENGO_API_KEY\" }", "{ file = \"secrets/acme.cliengo\" }");
    let desk = Desk::with(&format!("{NIGHTLY}{pair}"));
    let file = std::fs::canonicalize(desk.folder.path()).unwrap().join("secrets/acme.cliengo");
    desk.run(&["export", "systemd"]).code(0).tells(&format!("chown concord {0} && chmod 600 {0}", file.display()));
}
