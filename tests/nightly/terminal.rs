//! A terminal for the real binary: a person who reads until a question stands there, and answers it.

use std::time::Duration;

use pty_process::{Command, Pty, Size};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;

use crate::command::Desk;

/// Long enough for a loaded machine; it only ends a test that would never end.
const PATIENCE: Duration = Duration::from_mins(2);

pub struct Terminal {
    pty: Pty,
    child: Child,
    /// Everything that was shown so far.
    pub shown: String,
    read: usize,
}

impl Terminal {
    pub fn run(desk: &Desk, arguments: &[&str]) -> Self {
        let (pty, pts) = pty_process::open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_concord"))
            .current_dir(desk.folder.path())
            .env_remove("CONCORD_CONFIG")
            .env_remove("COLUMNS")
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .envs(desk.environment.iter().cloned())
            .args(arguments);
        Self { pty, child: command.spawn(pts).unwrap(), shown: String::new(), read: 0 }
    }

    /// Reads on until `part` was shown.
    pub async fn until(&mut self, part: &str) {
        while !self.shown[self.read..].contains(part) {
            assert!(self.more().await, "it ended without {part:?}: {}", self.shown);
        }
        self.read += self.shown[self.read..].find(part).unwrap() + part.len();
    }

    /// Waits for a question and answers it.
    pub async fn answer(&mut self, question: &str, answer: &str) {
        self.until(question).await;
        self.until(": ").await;
        self.types(&format!("{answer}\n")).await;
    }

    pub async fn types(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Reads to the end; the exit code.
    pub async fn ends(&mut self) -> i32 {
        while self.more().await {}
        self.child.wait().await.unwrap().code().unwrap()
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.pty.read(&mut bytes)).await;
        // A terminal whose last program ended answers with an error.
        let length = read.unwrap_or_else(|_| panic!("nothing more came after: {}", self.shown)).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        length > 0
    }
}
