//! The two CRM clients against a scripted server on loopback: real sockets, waits of milliseconds.

mod cliengo;
mod ghl;
mod outcomes;
mod reading;
mod server;
mod wire;
mod writes;
