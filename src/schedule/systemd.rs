//! What systemd is told, where it asked to be: readiness, reloads, the watchdog and a line of status.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

/// Ready, or ready again after a reload.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Reading the configuration again.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Stopping.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: finishing what is in flight")]);
}

/// Alive.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// What it does now.
pub(super) fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// How often it wants to hear that the daemon is alive: half of the time after which it would restart it.
pub(super) fn pulse() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|within| within / 2)
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(state) {
        debug!("systemd could not be told: {why}");
    }
}
