//! `check` names keys that do nothing beside the others, and what to do; a configuration that means what it says has none.

use serde_json::Value;

use crate::command::{Desk, sandbox};

/// What `check` warns of.
fn warnings(desk: &Desk) -> Vec<Value> {
    let said = desk.ask(&["check", "--offline", "--format", "json"]).code(0).json();
    said.as_array().unwrap().iter().filter(|one| one["result"] == "warn").cloned().collect()
}

const ONE_WAY: &str = "[pair.acme.contacts]\ndirection = \"to_ghl\"\n";
const HOT: &str = "[[pair.acme.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_warns_of_each_key_that_does_nothing_beside_the_others() {
    let sandbox = sandbox(1).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let marked =
        "[[pair.acme.trigger]]\nwhen = { field = \"tags\", becomes = \"Removed-From-GHL\" }\nworkflow = \"x\"\n";
    let kept = "[pair.acme.cliengo.capabilities]\ncontact_delete = false\n";
    let told = |mode: &str| text.replace("min_age", &format!("tasks = \"{mode}\"\nmin_age"));
    let with = |more: &str| format!("{text}{more}");
    for (file, id, part) in [
        (
            with(&format!("[[pair.acme.map]]\ncliengo = \"tags\"\ndirection = \"to_cliengo\"\n{ONE_WAY}")),
            "acme.map[1]",
            "the map of tags does nothing: it goes to_cliengo",
        ),
        (
            with(
                "[pair.acme.contacts]\ndirection = \"to_cliengo\"\n[[pair.acme.map]]\ncliengo = \"utmCampaign\"\nghl = \"source\"\ndirection = \"to_ghl\"\n",
            ),
            "acme.map[1]",
            "contacts.direction = \"to_cliengo\"",
        ),
        (
            told("due_date") + "[pair.acme.tasks]\ndirection = \"to_ghl\"\n",
            "acme.cliengo.tasks",
            "tasks = \"due_date\" does nothing",
        ),
        (
            with(&format!("{kept}[pair.acme.contacts]\non_delete = \"propagate\"\n")),
            "acme.contacts.on_delete",
            "contact_delete = false",
        ),
        (with("[pair.acme.scope]\nsince = \"2999-01-01\"\n"), "acme.scope.since", "is in the future"),
        (with("[pair.acme.triggers]\nat_first_sync = true\n"), "acme.triggers.at_first_sync", "without a trigger"),
        (with(&format!("{HOT}tag = \"Hot\"\n")), "acme.trigger", "gives that very tag"),
        (with(marked), "acme.trigger", "marks who was removed"),
        (with("[pair.acme.triggers]\ntag = \"removed-from-cliengo\"\n"), "acme.trigger", "marks who was removed"),
        (with(&format!("{HOT}workflow = \"x\"\n{HOT}workflow = \"x\"\n")), "acme.trigger", "say the same"),
        (
            with("[pair.acme.contacts]\nconflict_fallback = \"cliengo\"\n"),
            "acme.contacts.conflict_fallback",
            "without conflict = \"newest\"",
        ),
        (
            with(&format!("{ONE_WAY}conflict = \"manual\"\n")),
            "acme.contacts.conflict",
            "contacts.direction = \"to_ghl\"",
        ),
        (
            with("[pair.acme.notes]\ndirection = \"off\"\nrotation = \"3d\"\n"),
            "acme.notes.rotation",
            "notes.direction = \"off\"",
        ),
        (
            with("[pair.acme.tasks]\ndirection = \"off\"\ndefault_due = \"3d\"\n"),
            "acme.tasks.default_due",
            "tasks.direction = \"off\"",
        ),
        (with("[notify]\non = [\"always\"]\n"), "notify.on", "nobody receives it"),
    ] {
        std::fs::write(desk.path("schedules.toml"), &file).unwrap();
        let found = warnings(&desk);
        let [one] = found.as_slice() else { panic!("{id}: {found:#?}") };
        assert!(one["id"] == id && one["detail"].as_str().unwrap().contains(part), "{one}");
        assert!(one["hint"].is_string(), "{one}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_warns_of_no_key_that_does_something_and_of_none_that_all_pairs_share() {
    let sandbox = sandbox(1).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    for more in [
        "[pair.acme.contacts]\nconflict = \"newest\"\nconflict_fallback = \"cliengo\"\n",
        "[pair.acme.contacts]\nconflict_fallback = \"cliengo\"\n[[pair.acme.map]]\ncliengo = \"email\"\nconflict = \"newest\"\n",
        "[[pair.acme.map]]\ncliengo = \"tags\"\ndirection = \"to_ghl\"\n[[pair.acme.map]]\ncliengo = \"phone\"\ndirection = \"off\"\n",
        "[[pair.acme.map]]\ncliengo = \"phone\"\ndirection = \"off\"\n[pair.acme.contacts]\ndirection = \"to_ghl\"\n",
        "[pair.acme.contacts]\ndirection = \"to_ghl\"\non_delete = \"propagate\"\n[pair.acme.cliengo.capabilities]\ncontact_delete = false\n",
        "[pair.acme.scope]\nsince = \"2024-01-01\"\n[pair.acme.notes]\nrotation = \"3d\"\n[pair.acme.tasks]\ndefault_due = \"3d\"\n",
        "[[pair.acme.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\ntag = \"llamar\"\n[pair.acme.triggers]\nat_first_sync = true\n",
        "[defaults.contacts]\nconflict_fallback = \"cliengo\"\n[notify]\nwebhook = { env = \"TEST_KEY\" }\non = [\"always\"]\n",
    ] {
        std::fs::write(desk.path("schedules.toml"), format!("{text}{more}")).unwrap();
        assert_eq!(warnings(&desk), [] as [Value; 0], "{more}");
    }
}
