//! A CRM that is down when the night begins, and comes back while it lasts. (`semantics` 62)

use std::time::Duration;

use concord::record::Side;
use concord::sandbox::{Fault, FaultRule, Faults, When};
use serde_json::json;

use crate::house::{House, Plot};
use crate::story::outlines;

#[tokio::test]
async fn a_crm_that_is_down_for_its_first_minute_costs_a_night_nothing() {
    for side in Side::BOTH {
        for fault in [Fault::Status(503), Fault::ResetBefore] {
            let mut house = House::build(&Plot::extended()).await;
            house.strict = false;
            house.persistent = Duration::from_secs(20);
            let person = house.person(1);
            house.good_night().await;
            house.change(side.other(), &person, &json!({ "phone": "+5491150007701" }));
            house.note(side, &person, "Llamar el lunes");
            // Three times as many answers as anybody would call bad luck.
            let outage = When::First(15);
            let rule = FaultRule { side: Some(side), method: None, path_contains: None, when: outage, fault };
            house.sandbox.set_faults(Faults::rules(vec![rule]));
            house.good_night().await;
            let [cliengo, ghl] = outlines(&house);
            assert_eq!(cliengo, ghl, "{side}");
            assert!(cliengo.iter().any(|told| told.contains("50007701") && told.contains("lunes")), "{cliengo:?}");
            house.faults("");
            house.quiet_night().await;
        }
    }
}
