//! Where `init` finds a secret, and where it leaves it: never in the configuration, and never in a flag.

use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::environment::environment;
use crate::cli::output;
use crate::cli::usage::Usage;
use crate::config::{self, ConfigError, Secret, SecretSource};
use crate::state::private_folder_of;

/// Reads a secret by the configuration's own rules: what they refuse here, no run would take.
fn resolve(asked_by: &str, source: SecretSource) -> Result<SecretString, ConfigError> {
    let place = config::Place { file: "init".into(), line: None, key: asked_by.to_owned() };
    Secret { place, source }.resolve_key(&environment)
}

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
    /// From an environment variable, as every run will read it.
    pub fn from_environment(asked_by: &str, name: &str) -> anyhow::Result<Self> {
        let secret = resolve(asked_by, SecretSource::Env(name.to_owned()))?;
        Ok(Self { secret, place: Place::Environment(name.to_owned()) })
    }

    /// From a file that is there, as every run will read it.
    pub fn from_file(asked_by: &str, path: &Path) -> anyhow::Result<Self> {
        let secret = resolve(asked_by, SecretSource::File(path.to_owned()))?;
        Ok(Self { secret, place: Place::Known(path.to_owned()) })
    }

    /// From the next line of stdin, to be kept in `path`.
    pub fn from_stdin(path: PathBuf) -> anyhow::Result<Self> {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read a secret from stdin")?;
        if line.trim().is_empty() {
            let hint = "give one secret a line on stdin, Cliengo's key first".to_owned();
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
            format!("{{ file = {} }}", super::quoted::quoted(&path.to_string_lossy()))
        };
        match &self.place {
            Place::Environment(name) => format!("{{ env = {} }}", super::quoted::quoted(name)),
            Place::Known(file) | Place::New(file) => path(file),
        }
    }

    /// Writes a new secret to its file, for its owner alone.
    pub fn keep(&self) -> anyhow::Result<()> {
        let Place::New(path) = &self.place else { return Ok(()) };
        private_folder_of(path)?;
        output::write_whole(path, &format!("{}\n", self.secret.expose_secret()))
    }
}
