//! What a CRM refuses and makes all the same: it is found where it stands, and is not made again.

use concord::record::Side;
use concord::run::OperationOutcome;

use crate::house::{House, Plot, outcomes};

#[tokio::test]
async fn a_task_or_note_that_ghl_refused_and_made_all_the_same_is_found_and_not_made_again() {
    for kinds in ["tasks", "notes"] {
        // Its index lags, so that the next listing does not show what was made.
        let account = "[ghl]\nsearch_lag = \"whole-run\"\n".parse().unwrap();
        let house = House::build(&Plot { account, ..Plot::extended() }).await;
        let person = house.person(1);
        house.good_night().await;
        match kinds {
            "tasks" => house.task(Side::Cliengo, &person, "Llamar"),
            _ => house.note(Side::Cliengo, &person, "Llamó hoy."),
        };
        house.faults("created-but-422@ghl:WRITE");
        let finished = house.night().await;
        assert_eq!(outcomes(&finished), [OperationOutcome::Applied], "{kinds}");
        house.faults("");
        house.quiet_night().await;
        for side in Side::BOTH {
            assert_eq!(house.rows(side, kinds).len(), 1, "{kinds} of {side}");
        }
    }
}
