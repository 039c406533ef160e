//! SIGINT and SIGTERM: the first finishes what is in flight and starts nothing further; the second ends at once.

use tokio_util::sync::CancellationToken;

use super::code;

/// Watches for signals for as long as the runtime lives.
pub(super) fn watch(stop: CancellationToken) {
    tokio::spawn(async move {
        signal().await;
        tracing::warn!("stopping: finishing what is in flight; once more ends at once");
        stop.cancel();
        signal().await;
        std::process::exit(i32::from(code::INTERRUPTED));
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the system's own way of ending stays.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
