//! Where `init` finds a secret, and where it leaves it: never in the configuration, and never in a flag.

use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::explain::Usage;
use crate::cli::output;
use crate::state::private_folder_of;

/// A secret, and where every run will find it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub secret: SecretString,
    pub place: Place,
}

/// Where a secret is kept.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the environment, under this name.
    Environment(String),
    /// In a file that is there already.
    Known(PathBuf),
    /// In a file that `init` makes.
    New(PathBuf),
}

impl Kept {
    /// From an environment variable that is set.
    pub fn from_environment(name: &str) -> anyhow::Result<Self> {
        let secret = std::env::var(name).ok().filter(|secret| !secret.trim().is_empty()).ok_or_else(|| Usage {
            message: format!("the environment variable {name} is not set, or empty"),
            hint: format!("set it first, so that it can be tried: export {name}=…"),
        })?;
        Ok(Self { secret: SecretString::from(secret), place: Place::Environment(name.to_owned()) })
    }

    /// From a file that is there.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let read = |why: std::io::Error| Usage {
            message: format!("{} cannot be read: {why}", path.display()),
            hint: "put the secret, and nothing else, into that file".to_owned(),
        };
        let text = std::fs::read_to_string(path).map_err(read)?;
        Ok(Self { secret: SecretString::from(text.trim().to_owned()), place: Place::Known(path.to_owned()) })
    }

    /// From the next line of stdin, to be kept in `path`.
    pub fn from_stdin(path: PathBuf) -> anyhow::Result<Self> {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read a secret from stdin")?;
        if line.trim().is_empty() {
            let hint = "give one secret a line, Cliengo's key first: concord init … < secrets".to_owned();
            return Err(Usage { message: "stdin ended before the secret".to_owned(), hint }.into());
        }
        Ok(Self { secret: SecretString::from(line.trim().to_owned()), place: Place::New(path) })
    }

    /// As it stands in the configuration, whose folder is `beside`.
    pub fn as_toml(&self, beside: &Path) -> String {
        let path = |path: &Path| {
            let path = match path.strip_prefix(beside) {
                Ok(below) if beside != Path::new("") || path.is_relative() => below.to_owned(),
                // Relative paths in the file are seen from the file.
                _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            };
            format!("{{ file = {} }}", super::file::quoted(&path.to_string_lossy()))
        };
        match &self.place {
            Place::Environment(name) => format!("{{ env = {} }}", super::file::quoted(name)),
            Place::Known(file) | Place::New(file) => path(file),
        }
    }

    /// Writes a new secret to its file, for its owner alone.
    pub fn keep(&self, force: bool) -> anyhow::Result<()> {
        let Place::New(path) = &self.place else { return Ok(()) };
        if path.exists() && !force {
            let message = format!("{} is there already, and was left as it is", path.display());
            let hint = format!("use it with a --…-file {0} flag, or write over it with --force", path.display());
            return Err(Usage { message, hint }.into());
        }
        private_folder_of(path)?;
        output::write_whole(path, &format!("{}\n", self.secret.expose_secret()))
    }
}
