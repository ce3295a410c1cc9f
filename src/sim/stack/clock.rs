//! The stack's clock runs five times as fast as simulated time.
//!
//! smoltcp's minimum retransmission timeout is 1 s, and cannot be set. At five times the speed it
//! is 200 ms of simulated time, as in Linux (`TCP_RTO_MIN`, include/net/tcp.h). The maximum is
//! then 12 s, TIME-WAIT 2 s, and the delay of acknowledgements 2 ms.

use crate::time::{Duration, Instant};

/// Ratio of the stack's clock to simulated time.
const SPEED: u64 = 5;

/// Resolution of all timers, which is tokio's.
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// Converts a simulated moment to the stack's clock.
pub(super) fn to_stack(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros((now.as_micros() * SPEED) as i64)
}

/// Converts a simulated duration to the stack's clock.
pub(super) fn span_to_stack(span: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(span.as_micros() * SPEED)
}

/// Returns the first simulated millisecond at which the stack's clock has reached a moment.
pub(super) fn from_stack(at: smoltcp::time::Instant) -> Instant {
    let micros = u64::try_from(at.total_micros()).unwrap_or(0);
    Instant::from_millis(micros.div_ceil(SPEED * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_rounded_up_to_the_millisecond() {
        for (stack, millis) in [(0, 0), (1, 1), (5_000, 1), (5_001, 2), (1_000_000, 200)] {
            let at = smoltcp::time::Instant::from_micros(stack);
            assert_eq!(from_stack(at), Instant::from_millis(millis));
        }
        let at = Instant::from_millis(1_234);
        assert_eq!(from_stack(to_stack(at)), at);
    }
}
