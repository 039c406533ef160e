//! What the daemon's pages say, in each language.

/// A text of the daemon's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageLabel {
    NotEnded,
    UpSince,
    Heartbeat,
    HeartStopped,
    AtWork,
    Pair,
    Stands,
    Well,
    LastRun,
    LastSuccess,
    NextRun,
    Never,
    NoSchedule,
    Overdue,
    NotAllSeen,
    QuotaLeft,
    ReloadRefused,
    StartUnwritten,
    FullReport,
    ButtonsNeedToken,
    TakeCliengo,
    TakeGhl,
    OneLink,
    MadeThis,
    NotDone,
    TwoPeople,
    MatchAgain,
    LeaveIt,
    TryAgain,
    GiveUp,
    RunNow,
    PreviewUndo,
    UndoNow,
    UndoAsks,
    CommandRan,
    ExitCode,
    Back,
    AllPairs,
    NotOffered,
    NoForm,
    NoSuchPage,
    KnownAlready,
    NewWaiting,
    NeverRan,
    Unreadable,
    Record,
    Linked,
}

/// In English.
pub(super) const fn english(label: PageLabel) -> &'static str {
    match label {
        PageLabel::NotEnded => "not ended",
        PageLabel::UpSince => "Up since",
        PageLabel::Heartbeat => "Last check of the schedules",
        PageLabel::HeartStopped => "The daemon no longer checks its schedules: restart it.",
        PageLabel::AtWork => "At work now",
        PageLabel::Pair => "Pair",
        PageLabel::Stands => "State",
        PageLabel::Well => "well",
        PageLabel::LastRun => "Last run",
        PageLabel::LastSuccess => "Last success",
        PageLabel::NextRun => "Next run",
        PageLabel::Never => "never",
        PageLabel::NoSchedule => "in no schedule",
        PageLabel::Overdue => "overdue",
        PageLabel::NotAllSeen => "not all seen",
        PageLabel::QuotaLeft => "GHL requests left today",
        PageLabel::ReloadRefused => "The last reload was refused, and what was read before stays",
        PageLabel::StartUnwritten => "A run could not be written down, so it did not start",
        PageLabel::FullReport => "The report of this run",
        PageLabel::ButtonsNeedToken => {
            "To settle this from the page, set `daemon.token` in schedules.toml and restart the daemon."
        }
        PageLabel::TakeCliengo => "Take Cliengo's value",
        PageLabel::TakeGhl => "Take GHL's value",
        PageLabel::OneLink => "They are one person: link them",
        PageLabel::TwoPeople => "They are two people: keep them separate",
        PageLabel::MatchAgain => "Forget the link: the next run matches them again",
        PageLabel::LeaveIt => "Leave it as it is",
        PageLabel::MadeThis => "This is what was created: link them",
        PageLabel::NotDone => "It was not created: create it",
        PageLabel::TryAgain => "Try again in the next run",
        PageLabel::GiveUp => "Give it up",
        PageLabel::RunNow => "Run a sync now",
        PageLabel::PreviewUndo => "Show what an undo would do",
        PageLabel::UndoNow => "Undo this run now",
        PageLabel::UndoAsks => "Undo writes to the CRMs. Look at the preview first.",
        PageLabel::CommandRan => "This command was run",
        PageLabel::ExitCode => "It ended with exit code",
        PageLabel::Back => "Back to the pair",
        PageLabel::AllPairs => "All pairs",
        PageLabel::NotOffered => {
            "This is not offered any more: it was settled meanwhile, or another run has been since. Nothing was done."
        }
        PageLabel::NoForm => {
            "The form is not from this page. Nothing was done. Open the page again and try from there."
        }
        PageLabel::NoSuchPage => "There is no such page.",
        PageLabel::KnownAlready => "acknowledged",
        PageLabel::NewWaiting => "new",
        PageLabel::NeverRan => "It has not run yet.",
        PageLabel::Unreadable => "Its state cannot be read",
        PageLabel::Record => "Record",
        PageLabel::Linked => "Linked",
    }
}

/// In Spanish.
pub(super) const fn spanish(label: PageLabel) -> &'static str {
    match label {
        PageLabel::NotEnded => "sin terminar",
        PageLabel::UpSince => "En marcha desde",
        PageLabel::Heartbeat => "Última revisión de los horarios",
        PageLabel::HeartStopped => "El servicio ya no revisa sus horarios: reinícielo.",
        PageLabel::AtWork => "En curso ahora",
        PageLabel::Pair => "Par",
        PageLabel::Stands => "Estado",
        PageLabel::Well => "bien",
        PageLabel::LastRun => "Última ejecución",
        PageLabel::LastSuccess => "Último éxito",
        PageLabel::NextRun => "Próxima ejecución",
        PageLabel::Never => "nunca",
        PageLabel::NoSchedule => "en ningún horario",
        PageLabel::Overdue => "atrasada",
        PageLabel::NotAllSeen => "no se leyó todo",
        PageLabel::QuotaLeft => "Solicitudes a GHL que quedan hoy",
        PageLabel::ReloadRefused => "La última recarga se rechazó y sigue en uso lo leído antes",
        PageLabel::StartUnwritten => "Una ejecución no pudo registrarse, por eso no comenzó",
        PageLabel::FullReport => "El informe de esta ejecución",
        PageLabel::ButtonsNeedToken => {
            "Para resolverlo desde la página, configure `daemon.token` en schedules.toml y reinicie el servicio."
        }
        PageLabel::TakeCliengo => "Tomar el valor de Cliengo",
        PageLabel::TakeGhl => "Tomar el valor de GHL",
        PageLabel::OneLink => "Son la misma persona: vincular",
        PageLabel::TwoPeople => "Son dos personas: mantener separadas",
        PageLabel::MatchAgain => "Olvidar el vínculo: la próxima ejecución los compara de nuevo",
        PageLabel::LeaveIt => "Dejarlo como está",
        PageLabel::MadeThis => "Esto es lo que se creó: vincular",
        PageLabel::NotDone => "No se creó: crearlo",
        PageLabel::TryAgain => "Intentar de nuevo en la próxima ejecución",
        PageLabel::GiveUp => "Abandonarlo",
        PageLabel::RunNow => "Ejecutar una sincronización ahora",
        PageLabel::PreviewUndo => "Mostrar qué haría al deshacer",
        PageLabel::UndoNow => "Deshacer esta ejecución ahora",
        PageLabel::UndoAsks => "Deshacer escribe en los CRM. Mire primero la vista previa.",
        PageLabel::CommandRan => "Se ejecutó este comando",
        PageLabel::ExitCode => "Terminó con código de salida",
        PageLabel::Back => "Volver al par",
        PageLabel::AllPairs => "Todos los pares",
        PageLabel::NotOffered => "Esto ya no se ofrece: se resolvió entretanto o hubo otra ejecución. No se hizo nada.",
        PageLabel::NoForm => {
            "El formulario no es de esta página. No se hizo nada. Abra la página de nuevo e intente desde ahí."
        }
        PageLabel::NoSuchPage => "Esa página no existe.",
        PageLabel::KnownAlready => "ya visto",
        PageLabel::NewWaiting => "nuevo",
        PageLabel::NeverRan => "Todavía no se ejecutó.",
        PageLabel::Unreadable => "Su estado no se puede leer",
        PageLabel::Record => "Registro",
        PageLabel::Linked => "Vinculados",
    }
}
