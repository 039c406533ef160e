//! What a button does: the command that a person would type, run as that.

use std::fmt::Debug;
use std::io;

use async_trait::async_trait;

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it said, on either stream.
    pub said: String,
}

/// Runs commands of this program.
#[async_trait]
pub trait Commands: Debug + Send + Sync {
    /// Runs `concord` with these arguments to its end.
    async fn run(&self, arguments: Vec<String>) -> io::Result<Ended>;
}
