//! Secrets: the file says where one is found, never what it is.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::de::DeValue;

use super::error::{ConfigError, Place};
use super::reader::Table;
use super::value::Found;

/// Where systemd puts the credentials of a service.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// Unix permission bits of everybody but the owner.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// A secret that is still where its owner keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The key that asks for it.
    pub place: Place,
    /// Where it is kept.
    pub source: SecretSource,
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In an environment variable of this name.
    Env(String),
    /// In a file that only its owner can read.
    File(PathBuf),
    /// In `$CREDENTIALS_DIRECTORY`, under this name (systemd).
    Credential(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Credential(name) => write!(f, "the credential {name}"),
        }
    }
}

impl Secret {
    /// Fetches the secret, without the line break at its end. `env` looks up an environment variable.
    ///
    /// # Errors
    ///
    /// It is missing, empty or not text, or its file can be read by others. The message names where it was looked for.
    pub fn resolve(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, ConfigError> {
        let value = self.fetch(env)?;
        let value = value.strip_suffix('\n').map_or(value.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if value.trim().is_empty() {
            return Err(self.empty());
        }
        Ok(SecretString::from(value.to_owned()))
    }

    /// Fetches a key, a token or an address, without what was pasted around it: blanks, line ends, quotes.
    ///
    /// # Errors
    ///
    /// As [`Secret::resolve`], and where what is there cannot be one.
    pub fn resolve_key(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, ConfigError> {
        let value = self.fetch(env)?;
        let key = bare(&value);
        if key.is_empty() {
            return Err(self.empty());
        }
        match why_no_key(key) {
            None => Ok(SecretString::from(key.to_owned())),
            Some(why) => Err(self.error(
                &format!("what is in {} cannot be it: {why}", self.source),
                "copy it again, alone and whole, from where it was made".to_owned(),
            )),
        }
    }

    fn fetch(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<String, ConfigError> {
        match &self.source {
            SecretSource::Env(name) => env(name).ok_or_else(|| self.unset(name)),
            SecretSource::File(path) => self.read_private(path),
            SecretSource::Credential(name) => {
                let directory = env(CREDENTIALS_DIRECTORY).ok_or_else(|| self.no_credentials(name))?;
                self.read(&Path::new(&directory).join(name))
            }
        }
    }

    fn read_private(&self, path: &Path) -> Result<String, ConfigError> {
        if path.is_dir() {
            let what = format!("{} is a folder, not a file", path.display());
            return Err(self.error(&what, "name the file in it that holds the secret, and nothing else".to_owned()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
            if mode.is_ok_and(|mode| mode & OTHERS != 0) {
                return Err(self.error(
                    &format!("the file {} can be read by other users", path.display()),
                    format!("run: chmod 600 {}", path.display()),
                ));
            }
        }
        self.read(path)
    }

    fn read(&self, path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path).map_err(|error| {
            self.error(
                &format!("the file {} cannot be read: {error}", path.display()),
                "put the secret, and nothing else, into that file".to_owned(),
            )
        })
    }

    fn unset(&self, name: &str) -> ConfigError {
        self.error(
            &format!("the environment variable {name} is not set"),
            format!(
                "set {name} where concord is started; what `concord export cron` and `concord export systemd` write reads it from secrets.env, beside the configuration"
            ),
        )
    }

    fn no_credentials(&self, name: &str) -> ConfigError {
        self.error(
            &format!("${CREDENTIALS_DIRECTORY} is not set, so there is no credential \"{name}\""),
            format!("add LoadCredential={name}:PATH to the systemd service; outside systemd use env or file"),
        )
    }

    fn empty(&self) -> ConfigError {
        match &self.source {
            SecretSource::Env(name) => self.error(
                &format!("the environment variable {name} is empty"),
                format!("give {name} its value where it is set"),
            ),
            SecretSource::File(path) => {
                let path = path.display();
                self.error(&format!("the file {path} is empty"), "put the secret into that file".to_owned())
            }
            SecretSource::Credential(name) => self.error(
                &format!("the credential \"{name}\" is empty"),
                "put the secret into its source file".to_owned(),
            ),
        }
    }

    fn error(&self, what: &str, hint: String) -> ConfigError {
        ConfigError::one(self.place.clone(), format!("`{}`: {what}", self.place.key), hint)
    }
}

/// A key without what is pasted around it.
fn bare(value: &str) -> &str {
    let around = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{a0}');
    let quote = |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '«' | '»');
    value.trim_matches(|c| around(c) || quote(c))
}

/// Why a text can be no key, token or address. It is not quoted: half of it may be one.
fn why_no_key(key: &str) -> Option<&'static str> {
    if key.contains(char::is_whitespace) {
        Some("there is a blank in it")
    } else if key.contains(char::is_control) {
        Some("there is a control character in it")
    } else if !key.is_ascii() {
        Some("there is a letter in it that no key has")
    } else if key.contains(['<', '>', '"']) {
        Some("it is a placeholder, or has quotes in it")
    } else {
        None
    }
}

/// Reads `{ env = "NAME" }`, `{ file = "PATH" }` or `{ credential = "NAME" }`. Nothing written here is ever quoted.
pub(super) fn secret(found: &Found<'_>) -> Option<Secret> {
    let DeValue::Table(table) = found.value else {
        found.reject_unquoted("must say where the secret is kept, not hold it", &how_to_give(&found.key));
        return None;
    };
    let mut table = Table::from_found(found, table);
    let sources = [
        table.take("env").map(|found| environment(&found).map(SecretSource::Env)),
        table.take("file").map(|found| found.path().map(SecretSource::File)),
        table.take("credential").map(|found| credential(&found).map(SecretSource::Credential)),
    ];
    table.finish();
    let mut given = sources.into_iter().flatten();
    if let (Some(source), None) = (given.next(), given.next()) {
        return Some(Secret { place: found.place(), source: source? });
    }
    found.reject_unquoted("must give exactly one of env, file and credential", &how_to_give(&found.key));
    None
}

fn how_to_give(key: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let variable = name.to_uppercase();
    format!(
        "write {name} = {{ env = \"{variable}\" }} for an environment variable, {{ file = \"PATH\" }} for a file, \
         or {{ credential = \"NAME\" }} for a systemd credential"
    )
}

fn environment(found: &Found<'_>) -> Option<String> {
    let name = found.quiet_text()?;
    let fits = |(index, letter): (usize, char)| {
        letter == '_' || letter.is_ascii_alphabetic() || (index > 0 && letter.is_ascii_digit())
    };
    if name.chars().enumerate().all(fits) {
        return Some(name.to_owned());
    }
    found.reject_unquoted(
        "must be the name of an environment variable (letters, digits and _), not the secret itself",
        "write the variable's name, such as \"GHL_TOKEN\"",
    );
    None
}

fn credential(found: &Found<'_>) -> Option<String> {
    let name = found.quiet_text()?;
    if !name.contains(['/', '\\']) && !name.starts_with('.') {
        return Some(name.to_owned());
    }
    found.reject_unquoted("must be the name of a credential, not a path", "write the name given to LoadCredential=");
    None
}
