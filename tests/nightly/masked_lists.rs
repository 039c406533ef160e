//! Where masking is on, no list and no block names anybody, as text or as JSON; what a choice writes is right all the same.

use serde_json::json;

use crate::command::Desk;

#[test]
fn what_commands_list_and_show_is_masked_as_reports_are() {
    let desk =
        Desk::with("[report]\nmask = true\n[pair.demo]\nsandbox = true\n[pair.demo.contacts]\nconflict = \"manual\"\n");
    desk.run(&["sync"]).code(3);
    let links = desk.run(&["links", "list", "--kind", "contact", "--format", "json"]).json();
    let edit = |side: &str| {
        let set = json!({ "email": format!("de.{side}@ejemplo.example") });
        let contact = &links[0]["ids"][side];
        format!("{}\n", json!({ "side": side, "op": "update", "kind": "contact", "contact": contact, "set": set }))
    };
    std::fs::write(desk.path("edits.jsonl"), edit("cliengo") + &edit("ghl")).unwrap();
    desk.run(&["sandbox", "edit", "--script", "edits.jsonl"]).code(0);
    desk.run(&["sync"]).code(3);
    let conflict = desk.run(&["conflicts", "--format", "json"]).code(0).json()[0].clone();
    let (id, link) = (conflict["id"].as_str().unwrap(), links[0]["id"].to_string());
    let commands: [&[&str]; 10] = [
        &["conflicts"],
        &["conflicts", "show", id],
        &["conflicts", "resolve", id, "--take", "ghl", "--dry-run"],
        &["held"],
        &["held", "show", id],
        &["links"],
        &["links", "show", &link],
        &["links", "forget", &link, "--dry-run"],
        &["quarantine"],
        &["explain", "de.ghl@ejemplo.example"],
    ];
    for command in commands {
        for format in ["text", "json"] {
            let said = desk.run(&[command, &["--format", format]].concat()).code(0);
            for telling in ["@ejemplo.example", "@example.com", "Agüero", "Etchegaray", "Ledesma", "+5491150102947"] {
                assert!(!said.out.contains(telling), "{command:?} as {format} tells {telling}: {}", said.out);
            }
        }
    }
    desk.run(&["conflicts", "resolve", id, "--take", "ghl"]).code(0);
    desk.run(&["sync"]).code(3);
    let both = desk.run(&["sandbox", "dump"]).code(0).out;
    assert!(both.matches("de.ghl@ejemplo.example").count() >= 2 && !both.contains("de.cliengo@ejemplo.example"));
}
