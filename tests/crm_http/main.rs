//! The two CRM clients against a scripted server on loopback: real sockets, waits of milliseconds.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bodies;
mod bombs;
mod bounds;
mod cliengo;
mod corpus;
#[path = "../../fuzz/entries.rs"]
mod entries;
mod ghl;
mod outcomes;
mod patience;
mod reading;
mod refusals;
mod server;
#[path = "../specs/mod.rs"]
mod specs;
mod wire;
mod writes;
