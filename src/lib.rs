//! Concord keeps contacts, tags, tasks and notes of two CRMs in step.
//!
//! One run goes one way: **pull** both CRMs' full listings, **stage** them beside the snapshot of the last run,
//! **reconcile** the three (pure), **guard** the plan, **apply** it through a journal, **settle** what the CRMs
//! answered as the new snapshot, **report**. Every room imports only rooms below it; `docs/ARCHITECTURE.md` has the map.

pub mod cli;
pub mod clock;
pub mod config;
pub mod crm;
pub mod exit_code;
pub mod export;
pub mod notify;
pub mod reconcile;
pub mod record;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod serve;
pub mod state;
