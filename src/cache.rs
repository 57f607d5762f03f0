//! Asks for memory before it is needed, so that it has come to the processor's cache when its turn comes.
//! Nothing changes but the time that is spent waiting.

/// Octets that come together.
const LINE: usize = 64;

/// Lines that are asked for at once. Processors foresee that others behind them are needed, too.
const LINES: usize = 12;

/// Asks for the line in which this begins.
#[inline]
pub fn fetch<T>(wanted: &T) {
    #[cfg(target_arch = "x86_64")]
    safe_arch::prefetch_t0(wanted);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = wanted;
}

/// Asks for the first of these octets.
#[inline]
pub fn fetch_octets(wanted: &[u8]) {
    wanted.iter().step_by(LINE).take(LINES).for_each(fetch);
}
