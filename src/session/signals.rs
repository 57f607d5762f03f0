//! SIGINT, SIGTERM and SIGHUP: the first one asks the session to stop and to write what it has
//! found; a second one ends the process at once, whatever it waits for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Sets `stop` at the first signal; the second one exits with code 2. Under `nohup`, SIGHUP is none. To
/// be called while this process still has its rights.
#[cfg(unix)]
pub fn stop_on_signals(stop: &Arc<AtomicBool>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let hangup = (!outlives_terminal()).then_some(SIGHUP);
    for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
        // In this order: the shutdown looks at the flag before this same signal sets it.
        signal_hook::flag::register_conditional_shutdown(signal, 2, Arc::clone(stop))?;
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Returns when the process is told to end from outside. For a screen, which reads Ctrl-C as a key.
#[cfg(unix)]
pub async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// Whether this process was started to go on when its terminal is closed: `nohup` ignores SIGHUP for
/// the program that it starts.
#[cfg(unix)]
fn outlives_terminal() -> bool {
    const SIGHUP: u32 = 1;
    // Elsewhere than on Linux there is no such file, and no other way without `unsafe`.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}
