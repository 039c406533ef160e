//! SIGINT and SIGTERM: the first finishes what is in flight and starts nothing further; the second ends at once.

use tokio_util::sync::CancellationToken;

use super::code;

/// Watches for signals for as long as the runtime lives; from the return on, none of them ends the process unasked.
pub(super) fn watch(stop: CancellationToken) {
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        tracing::warn!("stopping: finishing what is in flight; once more ends at once");
        stop.cancel();
        signals.next().await;
        std::process::exit(i32::from(code::INTERRUPTED));
    });
}

#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Without a handler the system's own way of ending stays.
        Self(
            [SignalKind::interrupt(), SignalKind::terminate()]
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        )
    }

    async fn next(&mut self) {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
