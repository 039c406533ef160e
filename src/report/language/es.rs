//! Spanish, as it is written in Latin America.

use std::sync::LazyLock;

use super::catalogue::Catalogue;
use super::{Label, Messages, Noun, PageLabel, Sentence, pages, sentences};
use crate::reconcile::{Cause, Guard, GuardName, HeldReason, MatchedBy};
use crate::record::{Action, Field, Kind, Side};
use crate::run::OperationOutcome;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("es.po")));

/// Spanish.
#[derive(Debug)]
pub(super) struct Spanish;

impl Messages for Spanish {
    fn tag(&self) -> &'static str {
        "es"
    }

    fn say(&self, english: &str) -> String {
        CATALOGUE.say(english)
    }

    fn word(&self, english: &'static str) -> &'static str {
        CATALOGUE.word(english)
    }

    fn sentence(&self, sentence: Sentence<'_>) -> String {
        sentences::spanish(sentence)
    }

    fn on_page(&self, label: PageLabel) -> &'static str {
        pages::spanish(label)
    }

    fn group_mark(&self) -> char {
        '.'
    }

    fn decimal_mark(&self) -> char {
        ','
    }

    fn moment_pattern(&self) -> &'static str {
        "%d/%m/%Y %H:%M:%S"
    }

    fn noun(&self, noun: Noun) -> (&'static str, &'static str) {
        match noun {
            Noun::Kind(Kind::Contact) => ("contacto", "contactos"),
            Noun::Kind(Kind::Task) => ("tarea", "tareas"),
            Noun::Kind(Kind::Note) => ("nota", "notas"),
            Noun::Record => ("registro", "registros"),
            Noun::Operation => ("operación", "operaciones"),
            Noun::Read => ("lectura", "lecturas"),
            Noun::Write => ("escritura", "escrituras"),
            Noun::Create => ("alta", "altas"),
            Noun::Letter => ("carácter", "caracteres"),
        }
    }

    fn field<'a>(&self, field: &'a Field) -> &'a str {
        match field {
            Field::Name => "nombre",
            Field::Email => "e-mail",
            Field::Phone => "teléfono",
            Field::Tags => "etiquetas",
            Field::Title => "título",
            Field::Body => "texto",
            Field::Due => "vencimiento",
            Field::Completed => "completada",
            Field::Mapped(name) => name,
        }
    }

    fn action(&self, action: Action, kind: Kind) -> String {
        let verb = match action {
            Action::Create => "crear",
            Action::Update => "actualizar",
            Action::Delete => "eliminar",
            Action::Complete => "completar",
            Action::Enrol => "inscribir",
            Action::Link => "vincular",
            Action::Tag => return "cambiar etiquetas".to_owned(),
        };
        format!("{verb} {}", self.noun(Noun::Kind(kind)).0)
    }

    fn outcome(&self, outcome: OperationOutcome) -> &'static str {
        match outcome {
            OperationOutcome::Applied => "aplicada",
            OperationOutcome::Refused => "rechazada",
            OperationOutcome::Failed => "fallida",
            OperationOutcome::Unknown => "sin confirmar",
            OperationOutcome::SkippedStale => "omitida",
            OperationOutcome::NotStarted => "no iniciada",
        }
    }

    fn outcomes(&self, outcome: OperationOutcome) -> &'static str {
        match outcome {
            OperationOutcome::Applied => "aplicadas",
            OperationOutcome::Refused => "rechazadas",
            OperationOutcome::Failed => "fallidas",
            OperationOutcome::Unknown => "sin confirmar",
            OperationOutcome::SkippedStale => "omitidas",
            OperationOutcome::NotStarted => "no iniciadas",
        }
    }

    fn consequence(&self, outcome: OperationOutcome, undo: bool) -> &'static str {
        match (outcome, undo) {
            (OperationOutcome::Applied, _) => "Hecho.",
            (OperationOutcome::Refused, false) => {
                "El CRM la rechazó; no se cambió nada. Se reintenta en próximas ejecuciones y después queda en cuarentena."
            }
            (OperationOutcome::Refused, true) => "El CRM la rechazó; no se cambió nada. Revíselo y cámbielo a mano.",
            (OperationOutcome::Failed, false) => "No se cambió nada. La próxima ejecución lo reintenta.",
            (OperationOutcome::Failed | OperationOutcome::NotStarted, true) => {
                "No se cambió nada. Deshaga la ejecución otra vez para completar lo que falta."
            }
            (OperationOutcome::Unknown, false) => {
                "Puede haberse hecho o no. La próxima ejecución lo lee primero; lo que no se puede leer requiere su decisión."
            }
            (OperationOutcome::Unknown, true) => {
                "Puede haberse hecho o no. Deshaga la ejecución otra vez: primero lo lee."
            }
            (OperationOutcome::SkippedStale, false) => "Cambió durante la ejecución. La próxima lo planifica de nuevo.",
            (OperationOutcome::SkippedStale, true) => "Cambió mientras se deshacía, por lo que queda como está.",
            (OperationOutcome::NotStarted, false) => "No se envió nada. La próxima ejecución lo planifica de nuevo.",
        }
    }

    fn held(&self, reason: HeldReason) -> (&'static str, &'static str) {
        held(reason)
    }

    fn guard(&self, guard: &Guard) -> String {
        let words: &dyn Messages = self;
        let side = guard.side.title();
        let kinds = words.plural(guard.kind);
        let (value, limit) = (words.amount(guard.value), words.amount(guard.limit));
        let share = |done: &str| format!("{side}: se {done} el {value} % de {kinds}; límite {limit} %");
        let count = |done: &str| format!("{side}: se {done} {value} {kinds}; límite {limit}");
        match guard.guard {
            GuardName::FirstSync => "Es la primera sincronización del par".to_owned(),
            GuardName::Emptied => format!("{side}: la lista de {kinds} está vacía, aunque antes no lo estaba"),
            GuardName::DeletePercent => share("eliminaría"),
            GuardName::DeleteCount => count("eliminarían"),
            GuardName::TagPercent => {
                format!("{side}: se quitaría el {value} % de las etiquetas de los contactos; límite {limit} %")
            }
            GuardName::UpdatePercent => share("cambiaría"),
            GuardName::UpdateCount => count("cambiarían"),
            GuardName::CreatePercent => share("crearía"),
            GuardName::CreateCount => count("crearían"),
        }
    }

    fn cannot(&self, side: Side, kind: Kind, action: Action) -> String {
        format!("{}, al {}", side.title(), self.action(action, kind))
    }

    fn run_title(&self, run: i64, undoes: Option<i64>) -> String {
        match undoes {
            Some(undone) => format!("ejecución {run}, deshace la ejecución {undone}"),
            None => format!("sincronización {run}"),
        }
    }

    fn undo_title(&self, undoes: i64) -> String {
        format!("deshacer la ejecución {undoes}")
    }

    fn incomplete(&self, listing: &str, parents: Option<(&str, &str)>, why: Option<&str>) -> String {
        let parents = parents.map(|(read, all)| format!(", de {read} de {all} contactos")).unwrap_or_default();
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("{listing} en lo leído{parents}; la lista no llegó a su fin{why}")
    }

    fn requests(&self, reads: &str, writes: &str, left: Option<&str>) -> String {
        let left = left.map(|left| format!(", quedan {left} hoy")).unwrap_or_default();
        format!("{reads}, {writes}{left}")
    }

    fn outside(&self, contacts: &str, pair: &str) -> String {
        format!("{contacts} fuera de [pair.{pair}.scope]: no se crean del otro lado.")
    }

    fn recovered(&self, creates: &str) -> String {
        format!("{creates} de ejecuciones anteriores estaban sin confirmar; ahora se conoce su resultado.")
    }

    fn unseen(&self, records: &str) -> String {
        format!("{records} registros vinculados no se revisaron en esta ejecución.")
    }

    fn matched_by(&self, by: MatchedBy) -> &'static str {
        match by {
            MatchedBy::Email => "mismo e-mail",
            MatchedBy::Phone => "mismo teléfono",
            MatchedBy::Text => "mismo texto",
            MatchedBy::Title => "mismo título y vencimiento",
            MatchedBy::Merge => "fusionado con él en GHL:",
        }
    }

    fn cause(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::BothChanged => "cambiaron de los dos lados",
            Cause::NeverHad => "difieren desde antes de la primera ejecución, o desde que un lado no lo aceptó",
            Cause::Doubted => "difieren, y no se puede saber si una persona lo cambió",
        }
    }

    fn more_letters(&self, letters: &str) -> String {
        format!("… {letters} más; el JSON tiene el texto completo")
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Title => "Informe de Concord",
            Label::DryRun => "simulación: no se escribió nada",
            Label::FirstSync => "primera sincronización",
            Label::Full => "comparación completa",
            Label::Rebuild => "reconstrucción: se perdió el estado",
            Label::Refused => "detenida antes de escribir",
            Label::Failed => "falló",
            Label::Done => "terminada",
            Label::Account => "Cuenta",
            Label::Made => "Fecha",
            Label::Plan => "Plan",
            Label::Took => "Demoró",
            Label::Sandbox => "cuenta de prueba",
            Label::EverythingRead => "Se leyó todo.",
            Label::NotEverythingRead => "No se pudo leer todo.",
            Label::NothingDeleted => {
                "Lo que falta en estas listas no cuenta como eliminado: no se elimina nada por eso."
            }
            Label::OnlyThese => "Solo se leyó a quienes nombra --contact; de los demás no se dice nada.",
            Label::NeedsAPerson => "Requiere una decisión",
            Label::NothingNeedsAPerson => "Nada requiere una decisión.",
            Label::WhatFailed => "Qué falló y cuándo se reintenta:",
            Label::WhoWaits => "Ambos lados de cada uno, y cómo resolverlo:",
            Label::PassedGuards => "Por encima de los límites, y aprobado",
            Label::StoppedByGuards => "Detenida antes de escribir",
            Label::WouldStop => "Se detendría antes de escribir",
            Label::ApprovedGuards => "Aprobado: una persona aprobó exactamente este plan.",
            Label::ApproveWith => "No se escribe nada hasta que apruebe exactamente este plan:",
            Label::SettleWith => "Resuélvalo con:",
            Label::Listed => "Leídos",
            Label::Create => "Crear",
            Label::Update => "Actualizar",
            Label::Delete => "Eliminar",
            Label::Requests => "Solicitudes",
            Label::RequestsPlanned => "Solicitudes, con las escrituras planificadas",
            Label::InSync | Label::OneInSync => "sin cambios",
            Label::Changes => "Cambios por contacto",
            Label::NoChanges => "No hay nada que cambiar.",
            Label::Field => "Campo",
            Label::Before => "Antes",
            Label::After => "Después",
            Label::From => "Origen",
            Label::Rule => "Regla",
            Label::Kept => "se conserva",
            Label::NotKept => "no se conserva",
            Label::Chosen => "su elección",
            Label::NotDecided => "sin decidir",
            Label::Conflicts => "Conflictos",
            Label::ConflictsMean => "Los dos lados difieren; el valor que no se conservó queda aquí y en el historial.",
            Label::Held => "Retenidos",
            Label::Unsupported => "No admitidos",
            Label::UnsupportedMeans => {
                "El CRM no lo acepta; se informa una sola vez. Si ambos lados deben coincidir, cámbielo allí a mano."
            }
            Label::UnsupportedInAnUndo => "Ese CRM no puede deshacerlo. Si importa, cámbielo allí a mano.",
            Label::Linked => "Vinculados sin cambios",
            Label::Further => "Otros contactos de una misma persona",
            Label::FurtherMeans => {
                "Vinculados a una persona de GHL que ya tiene un contacto en Cliengo. No se escribe nada en ellos ni a causa de ellos."
            }
            Label::NotDone => "Sin hacer",
            Label::History => "Las últimas ejecuciones",
            Label::Empty => "(vacío)",
            Label::Yes => "sí",
            Label::No => "no",
            Label::NoName => "sin nombre",
            Label::Search => "Buscar",
            Label::AnySide => "Ambos lados",
            Label::AnyKind => "Todos los tipos",
            Label::AnyAction => "Todas las acciones",
            Label::AnyField => "Todos los campos",
            Label::AnyOutcome => "Todos los resultados",
            Label::Side => "Lado",
            Label::Kind => "Tipo",
            Label::Action => "Acción",
            Label::Outcome => "Resultado",
            Label::Planned => "planificada",
            Label::Shown => "operaciones a la vista",
            Label::Reset => "Mostrar todo",
            Label::Run => "Ejecución",
            Label::Duration => "Duración",
            Label::Failures => "No aplicadas",
            Label::NotSeen => "Listas no leídas hasta el final",
            Label::Pairs => "Pares",
            Label::Error => "Este par no tiene informe:",
            Label::SkipToChanges => "Ir a los cambios",
            Label::Numbers => "Números",
            Label::Reopen => "reabrir tarea",
            Label::Complete => "Completar",
            Label::Tags => "Etiquetas",
            Label::Operations => "Operaciones",
            Label::InFull => "Completo:",
            Label::AndMore => "y otros",
            Label::NotToTheEnd => "la lista no llegó a su fin",
            Label::LinkedWord => "vinculado",
            Label::NewRecord => "(nuevo)",
            Label::Why => "vinculados por",
        }
    }
}

#[expect(clippy::too_many_lines, reason = "two texts for each reason")]
const fn held(reason: HeldReason) -> (&'static str, &'static str) {
    match reason {
        HeldReason::AmbiguousMatch => (
            "Varias coincidencias",
            "Más de un registro podría ser su contraparte. No se vincula ni se crea nada. Fusione los duplicados en su CRM o corrija uno.",
        ),
        HeldReason::DuplicateOf => (
            "Duplicados",
            "Su coincidencia ya está vinculada a otro registro. No hay nada que hacer, salvo que quiera fusionarlos en el CRM.",
        ),
        HeldReason::SuspectedMerge => (
            "Probablemente fusionado",
            "Ya no existe, pero su e-mail o teléfono está en otro contacto. No se elimina nada. Fusione los mismos dos del otro lado.",
        ),
        HeldReason::MergedOtherwise => (
            "Fusionado, y difiere",
            "El contacto con el que se fusionó en GHL dice algo distinto que Cliengo. No se sobrescribe nada. Se dice una sola vez: cámbielo donde esté mal.",
        ),
        HeldReason::EmailPhoneMismatch => (
            "Mismo teléfono, otro e-mail",
            "Comparten un teléfono, pero sus e-mails difieren: ¿una persona o dos? Corrija uno de ellos.",
        ),
        HeldReason::NameMismatch => (
            "Mismo teléfono, otro nombre",
            "Comparten un teléfono y ninguna palabra de sus nombres: ¿una persona o una línea compartida? Los comandos los vinculan o los mantienen separados.",
        ),
        HeldReason::LinkedBefore => (
            "Vinculados por reglas anteriores",
            "Siguen vinculados y se siguen sincronizando; otros como ellos hoy esperarían. Se dice una sola vez: si son dos personas, el comando los separa.",
        ),
        HeldReason::AmbiguousValue => (
            "Puede significar dos cosas",
            "El valor no se envía para no cambiarlo. Escríbalo de una forma que tenga un solo significado.",
        ),
        HeldReason::MarkupLoss => (
            "Se perdería el formato",
            "Ese texto tiene allí enlaces, imágenes, tablas o adjuntos que el texto simple reemplazaría. Haga el cambio allí a mano.",
        ),
        HeldReason::CutText => (
            "Allí está solo el comienzo",
            "El otro CRM acepta solo el comienzo de este texto. Haga el cambio donde está completo.",
        ),
        HeldReason::NoMatchKey => (
            "Sin e-mail ni teléfono",
            "No se puede distinguir de un duplicado, por lo que queda de su lado hasta que tenga uno de ellos. No hay nada que hacer.",
        ),
        HeldReason::TooYoung => (
            "Recién creado",
            "Un chatbot puede estar completándolo. La próxima ejecución lo toma. No hay nada que hacer.",
        ),
        HeldReason::Unparsable => (
            "No se entiende",
            "El CRM envió algo que no es un registro de este tipo. Ábralo en el CRM y guárdelo de nuevo.",
        ),
        HeldReason::ManualConflict => (
            "Espera su elección",
            "Los dos lados difieren y conflict = \"manual\". Elija por su identificador, o iguale ambos en cualquiera de los CRM.",
        ),
        HeldReason::UnknownOutcome => (
            "Resultado desconocido",
            "Una solicitud quedó sin respuesta y puede haberse hecho. Un alta se lee antes de enviar algo otra vez. Quién está en un workflow o una campaña no se puede leer: revíselo en GHL y ejecute el comando indicado.",
        ),
        HeldReason::NoSuchEffect => (
            "Lo que nombra un disparador no está",
            "El contacto quedó como debe; solo falta esto. Corrija el nombre en la configuración, o créelo en GHL: se hace en la próxima corrida.",
        ),
        HeldReason::Quarantined => (
            "En cuarentena",
            "Falló varias veces. Corrija lo que dice el detalle: se reintenta sola cuando cambia, o cuando usted lo indica.",
        ),
        HeldReason::Retrying => {
            ("Falló y se reintenta más tarde", "Nada más depende de ella. Si sigue fallando queda en cuarentena.")
        }
        HeldReason::Apart => (
            "Separados",
            "Una persona quitó su vínculo. No se vincula ni se crea del otro lado hasta que se vincule a mano. No hay nada que hacer.",
        ),
        HeldReason::DirtyChild => (
            "Eliminado allí, cambiado aquí",
            "Su contacto se eliminó, pero una tarea o nota suya cambió. Elimine usted el contacto o restáurelo.",
        ),
        HeldReason::Unlisted => {
            ("Sin leer", "No se pudo leer algo de lo que depende en esta ejecución. La próxima lo intenta de nuevo.")
        }
        HeldReason::Inconclusive => (
            "Ni existe ni consta como eliminado",
            "Se consultó a su CRM por su identificador y no dio una respuesta clara. No se escribe ni se elimina nada. La próxima ejecución pregunta de nuevo.",
        ),
        HeldReason::RemovedElsewhere => (
            "Quitado de un lado",
            "Queda del otro lado, como dice la configuración. Se informa una sola vez. No hay nada que hacer.",
        ),
        HeldReason::Picklist => (
            "No está entre las opciones",
            "El campo acepta solo sus opciones. Agregue esta en el CRM o tradúzcala en `values`.",
        ),
        HeldReason::OutOfScope => (
            "Fuera del alcance",
            "No se escribe nada y nunca se elimina. Cambie el alcance (scope) de este par, o el registro, para incluirlo otra vez.",
        ),
        HeldReason::EditedSince => (
            "Cambiado después",
            "Alguien lo cambió o lo quitó después de la ejecución que se deshace, por lo que queda como está. Revíselo y cámbielo a mano.",
        ),
        HeldReason::FirstSync => ("Primera sincronización", "Espera a que se apruebe la primera sincronización."),
    }
}
