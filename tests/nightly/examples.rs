//! The samples in `docs/examples`: each is read as it stands, and each of one pair is run against both CRMs.

use crate::command::{Desk, sandbox};

const SAMPLES: [(&str, &str); 5] = [
    ("simple", include_str!("../../docs/examples/simple.toml")),
    ("agency", include_str!("../../docs/examples/agency.toml")),
    ("chatbot", include_str!("../../docs/examples/chatbot.toml")),
    ("timeline", include_str!("../../docs/examples/timeline.toml")),
    ("triggers", include_str!("../../docs/examples/triggers.toml")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sample_is_read_as_it_stands_and_does_what_it_says() {
    let sandbox = sandbox(3).await;
    for (name, text) in SAMPLES {
        let mut desk = Desk::with(text);
        let secrets = [
            ("CLIENGO_API_KEY", sandbox.api_key()),
            ("GHL_TOKEN", sandbox.token()),
            ("CLIENGO_NORTH", "key-of-the-north"),
            ("CLIENGO_SOUTH", "key-of-the-south"),
            ("GHL_CLIENT_SECRET", "secret-of-the-app"),
            ("CONCORD_KEY", "a key that seals"),
        ];
        desk.environment = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let checked = desk.ask(&["check", "--offline", "--format", "json"]).code(0).json();
        assert!(checked.as_array().unwrap().iter().all(|one| one["result"] == "ok"), "{name}: {checked:#}");
        if name == "agency" {
            // Its app has no sandbox: `let_in` plays it.
            continue;
        }
        let here = text
            .replace(
                "[pair.acme.cliengo]\n",
                &format!("[pair.acme.cliengo]\nbase_url = \"{}\"\n", sandbox.cliengo_url()),
            )
            .replace("[pair.acme.ghl]\n", &format!("[pair.acme.ghl]\nbase_url = \"{}\"\n", sandbox.ghl_url()))
            .replace("5f3c0000000000000000000a", sandbox.website_id())
            .replace("C2QujeCh8ZnC7al2InWR", sandbox.location_id())
            .replace("min_age = \"30m\"", "min_age = \"0s\"\nrequests_per_second = 1000");
        std::fs::write(
            desk.path("schedules.toml"),
            format!("patience = \"1s\"\n{here}\n[pair.acme.guard]\nfirst_sync = \"auto\"\n"),
        )
        .unwrap();
        let said = desk.ask(&["sync"]);
        assert!([0, 3].contains(&said.code), "{name}: {said:#?}");
    }
}
