//! Whole nights against both embedded CRMs over real HTTP: what one is asked, what one is sent, what both tell after it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::needless_for_each,
    clippy::option_option,
    clippy::struct_field_names,
    clippy::type_complexity,
    reason = "a test's own functions fail as its assertions do, its nights may be large, and its tables say what they hold"
)]

mod bad_records;
mod browser;
mod command;
mod hostile_names;
mod house;
mod morning;
mod mortal;
mod proxy;
mod secrets_kept;
#[path = "../specs/mod.rs"]
mod specs;
mod stays;
mod stored_otherwise;
mod story;
#[path = "../switched_off/mod.rs"]
mod switched_off;
#[cfg(unix)]
mod terminal;
mod timeline;
mod told;
mod waiting_commands;

mod accounts;
mod acknowledged;
mod amounts;
mod appended;
mod approvals;
mod arrivals;
mod assigned;
mod backup;
mod breaker;
mod brief_answers;
mod buried;
mod cases;
mod checked;
mod choices;
mod conflicts;
#[cfg(target_os = "linux")]
mod container;
mod credentials;
mod cut_off;
mod daemon;
mod daemon_days;
mod decided;
mod deletes;
mod documented;
mod down_for_a_while;
mod edited_before_found;
mod enrolled_once;
mod examples;
mod export;
mod extra_params;
mod failing;
mod faults;
mod fields;
mod first_sync;
mod full_keeps;
mod gone;
mod hooked;
mod init;
#[cfg(target_os = "linux")]
mod instructions;
mod kept;
mod kept_reports;
mod late_edits;
mod left_out;
mod let_in;
mod let_in_again;
mod linked_before;
mod links;
mod long_texts;
mod looked_up;
mod lost_answers;
mod machine;
mod manners;
mod many_pairs;
mod mapping;
mod masked_lists;
mod matching;
mod merged;
mod merged_with;
mod minimal;
mod mistyped;
mod monitoring;
mod named;
mod named_unclear;
mod notified;
mod oddities;
mod offered;
mod old_states;
mod one_account;
mod outage;
mod overlooked;
mod pasted;
mod people;
mod people_checked;
mod presence;
mod privacy;
mod promises;
mod quarantine;
mod quiet;
mod quota;
mod random_edits;
mod random_mix;
mod refused_lists;
mod refused_values;
mod refused_with_200;
mod refused_yet_made;
mod reports;
mod resumed;
mod reviewed;
mod reviewed_again;
mod reviewed_modes;
mod rotation;
mod saved_plans;
mod scope;
mod shared_fillers;
mod spanish;
mod standing;
mod state_files;
mod sweep;
mod tags;
mod tags_stored;
mod tries;
mod triggers;
mod two_looks;
mod undo;
mod undone_in_part;
mod unknown;
mod unlisted;
mod unseen;
mod unused_keys;
mod waits;
mod whose_account;
mod widths;
