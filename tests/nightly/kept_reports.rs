//! `[report] dir`: what every run leaves behind, and for how long.

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::command::Desk;

const FILES: [&str; 3] = ["changes.csv", "report.html", "report.json"];

fn desk(more: &str) -> Desk {
    Desk::with(&format!("[report]\ndir = \"reports\"\n{more}[pair.demo]\nsandbox = true\n"))
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_run_leaves_its_reports_for_its_owner_alone_and_a_dry_run_none() {
    let desk = desk("mask = true\n");
    desk.run(&["plan"]).code(0);
    assert_eq!(names(&desk.path("reports/demo")), [""; 0]);
    desk.run(&["sync"]).code(3);
    let folder = desk.path("reports/demo/1");
    assert_eq!(names(&folder), FILES);
    for name in FILES {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains("applied") && !text.contains("@example.com"), "{name} names somebody");
    }
    let document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!(document["run"]["id"], 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "files are as old as the machine says")]
fn reports_go_with_the_history_they_are_of_and_nothing_else_goes() {
    let desk = desk("[retention]\nhistory_days = 2\n");
    desk.run(&["sync"]).code(3);
    desk.run(&["sync"]).code(3);
    let age = |run: &str, days: u64| {
        let file = std::fs::File::options().write(true).open(desk.path("reports/demo").join(run).join("report.json"));
        file.unwrap().set_modified(SystemTime::now() - Duration::from_hours(24 * days)).unwrap();
    };
    age("1", 3);
    age("2", 3);
    std::fs::write(desk.path("reports/demo/2/notes.txt"), "mine").unwrap();
    desk.run(&["sync"]).code(3);
    assert_eq!(names(&desk.path("reports/demo")), ["2", "3"]);
    assert_eq!(names(&desk.path("reports/demo/2")), ["notes.txt"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning_and_the_exit_code_stays() {
    let desk = desk("");
    std::fs::write(desk.path("reports"), "in the way").unwrap();
    let said = desk.run(&["sync"]).code(3);
    assert!(said.err.contains("could not be written") && said.out.contains("Applied"), "{said:#?}");
}
