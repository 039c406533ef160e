//! The heartbeat: one beat a minute from tokio-cron-scheduler, in UTC.
//!
//! Nothing else is asked of it. Which zone, which day, what was missed and what may run beside what is decided by
//! [`due`](super::due()), since the scheduler fixes a zone's offset when a job is made, lets runs overlap, knows no missed
//! run, and loses a job that panics. This job cannot panic, block or overlap: it leaves a note and is gone.

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Every minute, at second 0. Seconds are required there.
const EVERY_MINUTE: &str = "0 * * * * *";

/// Beats for as long as it is kept.
pub struct Heartbeat {
    scheduler: JobScheduler,
}

impl std::fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heartbeat")
    }
}

impl Heartbeat {
    /// Begins to beat. A beat that nobody has taken yet is not doubled.
    ///
    /// # Errors
    /// When the scheduler cannot be started.
    pub async fn start() -> Result<(Self, mpsc::Receiver<()>), JobSchedulerError> {
        let (beat, beats) = mpsc::channel(1);
        let scheduler = JobScheduler::new().await?;
        let job = Job::new_async(EVERY_MINUTE, move |_, _| {
            // Full: the last beat is still to be taken.
            let _ = beat.try_send(());
            Box::pin(async {})
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok((Self { scheduler }, beats))
    }

    /// Beats no more.
    pub async fn stop(mut self) {
        // The process ends next; there is nothing to do about a scheduler that will not.
        let _ = self.scheduler.shutdown().await;
    }
}
