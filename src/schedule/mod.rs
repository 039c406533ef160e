//! When pairs run, with nobody there: what is due, the daemon's loop, its heartbeat, and what it shows of itself.

mod board;
mod daemon;
mod due;
mod heartbeat;
mod hints;
mod round;
mod standing;
mod systemd;
mod worker;

pub use board::{Board, SILENCE, Shown};
pub use daemon::{Daemon, Reload, Settings};
pub use due::{Due, Moment, Past, Slot, due, next, pick};
pub use heartbeat::Heartbeat;
pub use hints::Hint;
pub use standing::{Decisions, GRACE, RunProgress, Standing, next_sync};
pub(crate) use worker::own_program;
pub use worker::{COMMAND, LIMITS, Limits, Processes, Turn, Worker};
