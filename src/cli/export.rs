//! `export`: the schedules, for the scheduler that a user already runs.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::arguments::{ExportOptions, Scheduler};
use super::usage::Usage;
use super::{Session, code, output};
use crate::export::{self, Cluster, File, Setup};

pub(super) fn run(session: &Session, options: &ExportOptions) -> anyhow::Result<u8> {
    if !session.global.pairs.is_empty() {
        let message = "export takes every schedule with the pairs that it names".to_owned();
        return Err(Usage { message, hint: "leave --pair out; give [[schedule]] its `pairs`".to_owned() }.into());
    }
    if options.shards.is_some() && options.scheduler != Scheduler::Kubernetes {
        let message = "--shards is about the pods of a cluster".to_owned();
        let hint = "elsewhere give a command its part of the pairs: concord sync --shard 0/2".to_owned();
        return Err(Usage { message, hint }.into());
    }
    let mut config = session.config()?;
    let file = absolute(&config.path)?;
    let state_dir = absolute(&config.state_dir)?;
    if let Some(reports) = &mut config.report.dir {
        *reports = absolute(reports)?;
    }
    let program = std::env::current_exe().context("cannot find where this program is")?;
    let setup = Setup {
        config: &config,
        file: &file,
        program: &program,
        state_dir: &state_dir,
        state_dir_given: session.global.state_dir.is_some(),
        now: session.clock.now(),
    };
    let files = match options.scheduler {
        Scheduler::Systemd => export::systemd(&setup)?,
        Scheduler::Cron => export::crontab(&setup)?,
        Scheduler::Kubernetes => {
            let paths = std::iter::once(&config.path).chain(&config.included);
            let texts = paths.map(|path| {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                Ok((absolute(path)?, text))
            });
            let texts = texts.collect::<anyhow::Result<Vec<_>>>()?;
            export::kubernetes(&setup, &Cluster { image: &options.image, texts, shards: options.shards })?
        }
    };
    match &options.out {
        None => output::print(&joined(&files))?,
        Some(folder) => write(session, &files, folder, options.force)?,
    }
    Ok(code::DONE)
}

fn absolute(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}

/// One text; a line with each file's name where there are several.
fn joined(files: &[File]) -> String {
    match files {
        [file] => file.text.clone(),
        files => {
            let named = files.iter().map(|file| format!("# ---- {} ----\n{}", file.name, file.text));
            named.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Writes the files. None is written where one of them would replace something else, unless `force` says so.
fn write(session: &Session, files: &[File], folder: &Path, force: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut new = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        match std::fs::read_to_string(&path) {
            Ok(there) if there == file.text => {}
            Ok(_) if !force => {
                let message = format!("{} is there already, and differs; nothing was written", path.display());
                let hint = "add --force to write over it, or take another folder with --out".to_owned();
                return Err(Usage { message, hint }.into());
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
            _ => new.push((path, &file.text)),
        }
    }
    for (path, text) in &new {
        output::write_whole(path, text)?;
        readable(path)?;
    }
    if session.global.quiet {
        return Ok(());
    }
    let said: String = new.iter().map(|(path, _)| format!("{}\n", path.display())).collect();
    output::print(if said.is_empty() { "Every file is there already, as it would be written.\n" } else { &said })
}

/// There is no secret in it, and others read it: systemd complains of a unit that is for its owner alone.
fn readable(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(path, mode).with_context(|| format!("cannot make {} readable", path.display()))?;
    }
    let _ = path;
    Ok(())
}
