//! Waits for the signal to stop: Ctrl-C, or SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

use crate::CommandError;

/// Completes when the process is told to stop. From this call on, neither signal ends the process by itself.
pub fn signal_received() -> Result<impl Future<Output = ()>, CommandError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CommandError::failed("Ctrl-C"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(CommandError::failed("SIGTERM"))?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
