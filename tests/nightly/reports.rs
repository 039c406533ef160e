//! Reports of the real binary, in each of their forms.

use crate::command::Desk;

/// The lines of a sheet, split at commas outside quotes.
fn sheet(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    for letter in text.chars() {
        let row = rows.last_mut().unwrap();
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            '\r' if !quoted => {}
            other => row.last_mut().unwrap().push(other),
        }
    }
    rows.retain(|row| row.len() > 1);
    rows
}

#[test]
fn a_plan_and_a_sync_write_the_same_operations_in_every_form() {
    let desk = Desk::demo();
    let planned = desk.run(&["plan", "--format", "csv"]).code(0);
    let document = desk.run(&["plan", "--format", "json"]).code(0).json();
    let rows = sheet(&planned.out);
    assert_eq!(rows[0][..11].join(","), "run,pair,kind,ids,label,field,before,after,origin,rule,status");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{}", planned.out);
    let of_status = |status: &str| rows.iter().filter(|row| row[10] == status).count();
    assert_eq!(of_status("held"), document["held"].as_array().unwrap().len());
    let changes: usize = document["operations"].as_array().unwrap().iter().map(rows_of).sum();
    assert_eq!(of_status("planned") + of_status("further_contact"), changes);

    let ticket = desk.run(&["plan", "--format", "markdown", "--out", "plan.md"]).code(0);
    assert_eq!(ticket.out, "");
    let ticket = std::fs::read_to_string(desk.path("plan.md")).unwrap();
    assert!(ticket.starts_with("# Concord report: demo\n") && ticket.contains("dry run"), "{ticket}");
    for operation in document["operations"].as_array().unwrap() {
        for id in operation["ids"].as_object().unwrap().values().filter_map(|id| id.as_str()) {
            let is_contact = operation["kind"] == "contact";
            assert!(!is_contact || ticket.contains(id), "no {id} in the ticket");
        }
    }
    let ran = desk.run(&["sync", "--format", "csv"]).code(3);
    assert!(ran.out.contains(",applied,") && !ran.out.contains(",planned,"), "{}", ran.out);
}

/// How many rows an operation takes: one for each field, and for each tag.
fn rows_of(operation: &serde_json::Value) -> usize {
    let rows = |change: &serde_json::Value| match (change["added"].as_array(), change["removed"].as_array()) {
        (Some(added), Some(removed)) => added.len() + removed.len(),
        _ => 1,
    };
    let changes = operation["changes"].as_array().unwrap();
    if changes.is_empty() { 1 } else { changes.iter().map(rows).sum() }
}

#[test]
fn the_language_and_the_zone_of_the_configuration_are_those_of_the_report() {
    let desk = Desk::with("[report]\nlanguage = \"es\"\ntimezone = \"America/Bogota\"\n[pair.demo]\nsandbox = true\n");
    let ticket = desk.run(&["plan", "--format", "markdown"]).code(0).out;
    assert!(ticket.contains("# Informe de Concord: demo") && ticket.contains("America/Bogota"), "{ticket}");
    desk.run(&["plan"]).code(0).tells("operaciones. Para aplicarlas: concord sync --pair demo");
    desk.run(&["sync"]).code(3).tells("Se aplicaron 173 de 173 operaciones; 6 registros requieren a una persona.");
    desk.run(&["sync", "--quiet"])
        .code(3)
        .tells("Retenidos: varias coincidencias (6)")
        .tells("Completo: concord history 2");
}

#[test]
fn a_pair_without_a_plan_has_its_place_in_a_sheet_of_several() {
    let desk = Desk::with("[pair.demo]\nsandbox = true\n[pair.other]\nsandbox = true\n");
    std::fs::create_dir_all(desk.path("state/other.db")).unwrap();
    let said = desk.run(&["plan", "--format", "csv"]);
    let rows = sheet(&said.out);
    assert_eq!(rows.iter().filter(|row| row[0] == "run").count(), 1, "one head for all: {}", said.out);
    assert!(rows.iter().any(|row| row[1] == "demo" && row[10] == "planned"));
    assert_eq!(rows.iter().filter(|row| row[1] == "other" && row[10] == "failed").count(), 1, "{}", said.out);
}

#[test]
fn a_page_of_several_pairs_is_one_file_with_an_index_and_their_last_runs() {
    let desk = Desk::with("[pair.demo]\nsandbox = true\n[pair.other]\nsandbox = true\n");
    desk.run(&["sync", "--quiet"]).code(3);
    desk.run(&["sync", "--quiet"]).code(3);
    desk.run(&["sync", "--format", "html", "--out", "page.html"]).code(3);
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("href=\"#pair-demo\"") && page.contains("id=\"pair-other\""));
    assert!(page.contains("<svg") && page.contains("Run 1 · "), "the last runs");
}
