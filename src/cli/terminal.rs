//! Questions on a terminal. They go to stderr, so that stdout holds results alone; a secret is not shown while it is
//! typed; and Ctrl-C ends them at once.

use std::io::{self, BufRead, IsTerminal, Write};

use super::explain::Stopped;
use super::usage::Usage;
use super::{Session, output};
use secrecy::SecretString;

/// A person at a terminal.
pub(super) struct Terminal<'a> {
    session: &'a Session,
    /// The command that says how it is done without a terminal.
    help: &'static str,
}

impl<'a> Terminal<'a> {
    /// The terminal, where one is attached and questions are allowed.
    pub fn attached(session: &'a Session, help: &'static str) -> Option<Self> {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        (there && !session.global.no_input).then_some(Self { session, help })
    }

    /// One line; `default` where nothing was typed.
    pub async fn line(&self, question: &str, default: &str) -> anyhow::Result<String> {
        let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        say(&asked(&format!("{}{shown}: ", self.session.say(question))));
        let answer = self.answer().await?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
    }

    /// One line that is not shown.
    pub async fn secret(&self, question: &str) -> anyhow::Result<SecretString> {
        // Before the question: who pastes does not wait.
        let unseen = Unseen::begin();
        say(&asked(&format!("{}: ", self.session.say(question))));
        let answer = self.answer().await;
        drop(unseen);
        say("\n");
        Ok(SecretString::from(answer?.trim().to_owned()))
    }

    /// One of several, by its number from 1; the place of it. Asks until it is one of them.
    pub async fn choice(&self, question: &str, items: &[String]) -> anyhow::Result<usize> {
        self.choice_of(question, items, 1).await
    }

    /// The same, where the last of them changes nothing: what a blank line takes, and `q`.
    pub async fn choice_or_leave(&self, question: &str, items: &[String]) -> anyhow::Result<usize> {
        self.choice_of(question, items, items.len()).await
    }

    async fn choice_of(&self, question: &str, items: &[String], usual: usize) -> anyhow::Result<usize> {
        say(&format!("{}\n", self.session.say(question)));
        for (number, item) in (1..).zip(items) {
            say(&format!("  {number}  {}\n", self.session.say(item)));
        }
        loop {
            let answer = self.line("Number", &usual.to_string()).await?;
            if usual == items.len() && answer.eq_ignore_ascii_case("q") {
                return Ok(usual.saturating_sub(1));
            }
            let place = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match place.filter(|place| *place < items.len()) {
                Some(place) => return Ok(place),
                None => say(&self.session.say(&format!("  a number from 1 to {}\n", items.len()))),
            }
        }
    }

    async fn answer(&self) -> anyhow::Result<String> {
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|length| (length > 0).then_some(line))
        });
        let line = tokio::select! {
            () = self.session.stop.cancelled() => {
                say("\n");
                return Err(Stopped.into());
            }
            line = read => line??,
        };
        line.ok_or_else(|| {
            let hint = format!("answer the questions on a terminal, or give flags: {}", self.help);
            Usage { message: "the input ended before the last answer; nothing was written".to_owned(), hint }.into()
        })
    }
}

/// A question in lines that the terminal has room for; the answer stands behind it.
fn asked(question: &str) -> String {
    let fitted = output::fitted(question);
    format!("{} ", fitted.trim_end())
}

/// Says something to the person.
pub(super) fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nothing can be done where stderr is closed.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// While it lives, the terminal does not show what is typed.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok()?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &unseen).ok()?;
        Some(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

#[cfg(not(unix))]
struct Unseen;

#[cfg(not(unix))]
impl Unseen {
    const fn begin() -> Option<Self> {
        None
    }
}
