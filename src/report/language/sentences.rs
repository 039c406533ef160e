//! How things stand, in a sentence, in each language.

use crate::exit_code;

/// A sentence, or a part of one, with what varies in it; counts come with their nouns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sentence<'a> {
    /// What a dry run found.
    Planned { count: u64, operations: &'a str, command: &'a str },
    /// What a run did; `but` is what did not go well.
    Applied { applied: &'a str, operations: &'a str, but: &'a [String] },
    /// A part: so many operations did not get through.
    Missed(&'a str),
    /// A part: so many records wait for somebody.
    Waiting { count: u64, records: &'a str },
    /// A part: not everything was seen.
    NotAllRead,
    /// A run that failed; `undo`: of the run that it takes back.
    Failed { why: &'a str, applied: &'a str, operations: &'a str, undo: Option<i64> },
    /// An undo of a run that has nothing left.
    NothingToTakeBack { run: i64, but: &'a [String] },
    /// A part: so many records cannot be brought back.
    CannotTakeBack(&'a str),
    /// There is nothing to do; `but` is what asks for attention.
    NothingToDo { but: &'a [String] },
    /// There is nothing to do in what could be listed.
    NothingAsFarAsListed,
    /// There is nothing to do, and some records differ for good.
    NothingToCarryOver { records: &'a str },
    /// There is nothing to do for whom `--contact` names.
    NothingForThese,
    /// Both sides agree.
    BothAgree,
    /// An approval of another plan; of one that has operations now, or none.
    Unfit { approved: &'a str, now: Option<(u64, &'a str, &'a str)> },
    /// What a guard found, and how many more did; `would`: a dry run is stopped by nothing.
    Stopped { would: bool, operations: &'a str, guard: &'a str, more: usize, command: &'a str },
    /// A first sync wants a person's consent.
    ApproveFirstSync { operations: &'a str, command: &'a str },
    /// A rebuild wants a person's consent.
    ApproveRebuild { operations: &'a str, command: &'a str },
    /// How far a first sync is that goes on for several runs.
    ToGo { linked: &'a str, contacts: &'a str, runs: u64 },
    /// A cause: so many operations ended so.
    NotDone(&'a str),
    /// A cause: so many records are held for a reason.
    Held { reason: &'a str, count: &'a str },
    /// There are more causes.
    More(usize),
    /// The command that shows everything.
    InFull(&'a str),
    /// How so many pairs stand together.
    Round { all: usize, held: usize, failed: usize },
    /// What an exit code means.
    ExitCode(u8),
    /// Pairs that are not told in full.
    MorePairs(usize),
}

/// In English.
pub(super) fn english(sentence: Sentence<'_>) -> String {
    let with = |but: &[String]| if but.is_empty() { String::new() } else { format!("; {}", but.join(", ")) };
    match sentence {
        Sentence::Planned { count, operations, command } => {
            format!("{operations} planned. Apply {} with: {command}", if count == 1 { "it" } else { "them" })
        }
        Sentence::Applied { applied, operations, but } => format!("Applied {applied} of {operations}{}.", with(but)),
        Sentence::Missed(count) => format!("{count} did not get through"),
        Sentence::Waiting { count: 1, records } => format!("{records} needs a person"),
        Sentence::Waiting { records, .. } => format!("{records} need a person"),
        Sentence::NotAllRead => "not everything could be read".to_owned(),
        Sentence::Failed { why, applied, operations, undo } => {
            let rest = undo.map_or_else(
                || "the next run goes on from there".to_owned(),
                |run| format!("undo run {run} again for the rest"),
            );
            format!("The run failed: {why}. Applied {applied} of {operations}; {rest}.")
        }
        Sentence::NothingToTakeBack { run, but } => format!("Nothing to take back of run {run}{}.", with(but)),
        Sentence::CannotTakeBack(records) => format!("{records} cannot be brought back"),
        Sentence::NothingToDo { but } => format!("Nothing to do{}.", with(but)),
        Sentence::NothingAsFarAsListed => "Nothing to do, as far as could be listed.".to_owned(),
        Sentence::NothingToCarryOver { records } => {
            format!("Nothing to do; {records} cannot or need not be carried over.")
        }
        Sentence::NothingForThese => "Nothing to do for whom --contact names.".to_owned(),
        Sentence::BothAgree => "Nothing to do: both sides agree.".to_owned(),
        Sentence::Unfit { approved, now } => {
            let then = now.map_or_else(
                || "There is nothing to write now".to_owned(),
                |(count, operations, command)| {
                    format!(
                        "{operations} planned now. Apply {} with: {command}",
                        if count == 1 { "it" } else { "them" }
                    )
                },
            );
            format!("The approval {approved} fits no plan any more, so nothing was written. {then}")
        }
        Sentence::Stopped { would, operations, guard, more, command } => {
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let stopped = if would { "Would stop" } else { "Stopped" };
            format!("{stopped} before writing: {guard}{more}. {operations} planned. Approve with: {command}")
        }
        Sentence::ApproveFirstSync { operations, command } => {
            format!("{operations} planned. Approve this first sync with: {command}")
        }
        Sentence::ApproveRebuild { operations, command } => {
            format!("{operations} planned. Approve this rebuild with: {command}")
        }
        Sentence::ToGo { linked, contacts, runs } => {
            let more = if runs == 1 { "run" } else { "runs" };
            format!(
                "{linked} of {contacts} contacts are linked; at GHL's daily quota the first sync takes about {runs} more {more}."
            )
        }
        Sentence::NotDone(ended) => format!("Not done: {ended}"),
        Sentence::Held { reason, count } => format!("Held: {} ({count})", reason.to_lowercase()),
        Sentence::More(more) => format!("And {more} more"),
        Sentence::InFull(command) => format!("In full: {command}"),
        Sentence::Round { all, held, failed } => {
            let pairs = if all == 1 { "pair" } else { "pairs" };
            match (held, failed) {
                (0, 0) => format!("{all} {pairs} done"),
                (held, 0) => format!("{held} of {all} {pairs} for a person to look at"),
                (0, failed) => format!("{failed} of {all} {pairs} failed"),
                (held, failed) => format!("{failed} of {all} {pairs} failed, {held} for a person to look at"),
            }
        }
        Sentence::ExitCode(code) => format!("exit code {code}: {}", english_code(code)),
        Sentence::MorePairs(more) => format!("and {more} more pairs: concord status"),
    }
}

/// In Spanish.
pub(super) fn spanish(sentence: Sentence<'_>) -> String {
    let with = |but: &[String]| if but.is_empty() { String::new() } else { format!("; {}", but.join(", ")) };
    match sentence {
        Sentence::Planned { count: 1, operations, command } => {
            format!("Prevista: {operations}. Para aplicarla: {command}")
        }
        Sentence::Planned { operations, command, .. } => {
            format!("Previstas: {operations}. Para aplicarlas: {command}")
        }
        Sentence::Applied { applied, operations, but } => {
            format!("Se aplicaron {applied} de {operations}{}.", with(but))
        }
        Sentence::Missed(count) => format!("{count} sin completar"),
        Sentence::Waiting { count: 1, records } => format!("{records} requiere a una persona"),
        Sentence::Waiting { records, .. } => format!("{records} requieren a una persona"),
        Sentence::NotAllRead => "no se pudo leer todo".to_owned(),
        Sentence::Failed { why, applied, operations, undo } => {
            let rest = undo.map_or_else(
                || "la próxima ejecución sigue desde ahí".to_owned(),
                |run| format!("deshaga de nuevo la ejecución {run} para el resto"),
            );
            format!("La ejecución falló: {why}. Se aplicaron {applied} de {operations}; {rest}.")
        }
        Sentence::NothingToTakeBack { run, but } => format!("Nada que deshacer de la ejecución {run}{}.", with(but)),
        Sentence::CannotTakeBack(records) => format!("{records} no se pueden deshacer"),
        Sentence::NothingToDo { but } => format!("Nada que hacer{}.", with(but)),
        Sentence::NothingAsFarAsListed => "Nada que hacer, hasta donde se pudo leer.".to_owned(),
        Sentence::NothingToCarryOver { records } => {
            format!("Nada que hacer; {records} no pueden o no necesitan pasar al otro lado.")
        }
        Sentence::NothingForThese => "Nada que hacer para quienes nombra --contact.".to_owned(),
        Sentence::BothAgree => "Nada que hacer: ambos lados coinciden.".to_owned(),
        Sentence::Unfit { approved, now } => {
            let then = now.map_or_else(
                || "Ahora no hay nada que escribir".to_owned(),
                |(count, operations, command)| {
                    let (planned, them) = if count == 1 { ("Prevista", "la") } else { ("Previstas", "las") };
                    format!("{planned} ahora: {operations}. Para aplicar{them}: {command}")
                },
            );
            format!("La aprobación {approved} ya no corresponde a ningún plan, por lo que no se escribió nada. {then}")
        }
        Sentence::Stopped { would, operations, guard, more, command } => {
            let more = if more > 0 { format!(" (y {more} más)") } else { String::new() };
            let stopped = if would { "Se detendría" } else { "Detenido" };
            format!("{stopped} antes de escribir: {guard}{more}. Previstas: {operations}. Para aprobarlas: {command}")
        }
        Sentence::ApproveFirstSync { operations, command } => {
            format!("Previstas: {operations}. Para aprobar esta primera sincronización: {command}")
        }
        Sentence::ApproveRebuild { operations, command } => {
            format!("Previstas: {operations}. Para aprobar esta reconstrucción: {command}")
        }
        Sentence::ToGo { linked, contacts, runs } => {
            let more = if runs == 1 { "ejecución" } else { "ejecuciones" };
            format!(
                "{linked} de {contacts} contactos están vinculados; con la cuota diaria de GHL la primera sincronización lleva unas {runs} {more} más."
            )
        }
        Sentence::NotDone(ended) => format!("Sin aplicar: {ended}"),
        Sentence::Held { reason, count } => format!("Retenidos: {} ({count})", reason.to_lowercase()),
        Sentence::More(more) => format!("Y {more} más"),
        Sentence::InFull(command) => format!("Completo: {command}"),
        Sentence::Round { all, held, failed } => {
            let pairs = if all == 1 { "par" } else { "pares" };
            match (held, failed) {
                (0, 0) => format!("{all} {pairs}, todo bien"),
                (held, 0) => format!("{held} de {all} {pairs} para que una persona los mire"),
                (0, failed) => format!("fallaron {failed} de {all} {pairs}"),
                (held, failed) => format!("fallaron {failed} de {all} {pairs}, {held} para que una persona los mire"),
            }
        }
        Sentence::ExitCode(code) => format!("código de salida {code}: {}", spanish_code(code)),
        Sentence::MorePairs(more) => format!("y {more} pares más: concord status"),
    }
}

const fn english_code(code: u8) -> &'static str {
    match code {
        exit_code::DONE => "done",
        exit_code::PERSON => "a person is needed, or something did not get through",
        exit_code::REFUSED => "stopped before writing",
        exit_code::STALE => "the saved plan is stale",
        exit_code::CONFIGURATION => "the configuration is wrong",
        exit_code::LOCKED => "another run was at work",
        exit_code::CREDENTIALS => "a CRM refused the credentials",
        exit_code::INTERRUPTED => "interrupted",
        _ => "failed",
    }
}

const fn spanish_code(code: u8) -> &'static str {
    match code {
        exit_code::DONE => "terminado",
        exit_code::PERSON => "se necesita a una persona, o algo no se completó",
        exit_code::REFUSED => "detenido antes de escribir",
        exit_code::STALE => "el plan guardado está vencido",
        exit_code::CONFIGURATION => "la configuración es incorrecta",
        exit_code::LOCKED => "había otra ejecución en curso",
        exit_code::CREDENTIALS => "un CRM rechazó las credenciales",
        exit_code::INTERRUPTED => "interrumpido",
        _ => "falló",
    }
}
