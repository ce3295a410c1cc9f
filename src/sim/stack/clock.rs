//! The clock that one TCP socket sees: so slow that none of smoltcp's long timers ever expires by
//! itself, with a jump whenever one is to.
//!
//! smoltcp's retransmission timeout is at least 1 s, and its estimate cannot be read or set. So
//! smoltcp decides what is sent when a timer expires, and [`super::connection`]'s timers decide
//! when: as in Linux. A simulated millisecond is a microsecond here. That is exact for the delay
//! of acknowledgements, the only short timer; all others take a second or more of this clock,
//! which is a quarter of an hour or more of simulated time.

use crate::time::{Duration, Instant};

/// Resolution of all timers, which is tokio's.
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// Time by which the clock jumps: longer than smoltcp's longest timer, that of keep-alive.
const JUMP: i64 = 2 * LONGEST.total_micros() as i64;

/// The longest timer that may be set in smoltcp.
pub(super) const LONGEST: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(3_600);

/// A timer that has more left than this is a long one: a second of simulated time.
const LONG: i64 = 1_000;

/// The clock of one socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SocketClock {
    /// Number of jumps so far.
    jumps: i64,
}

impl SocketClock {
    /// Returns the socket's time at a simulated moment.
    pub fn show(&self, now: Instant) -> smoltcp::time::Instant {
        smoltcp::time::Instant::from_micros(now.as_millis() as i64 + self.jumps * JUMP)
    }

    /// Returns the simulated moment of a short timer; `None` for a long one.
    pub fn moment(&self, now: Instant, at: smoltcp::time::Instant) -> Option<Instant> {
        let left = at.total_micros() - self.show(now).total_micros();
        (left < LONG).then(|| now + MILLISECOND * left.max(0) as u64)
    }

    /// Lets every timer of the socket expire.
    pub fn jump(&mut self) {
        self.jumps += 1;
    }
}

/// Returns the socket's span for a simulated one.
pub(super) const fn span(span: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(span.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_timer_is_exact_and_a_long_one_is_none_until_the_clock_jumps() {
        let mut clock = SocketClock::default();
        let now = Instant::from_millis(1_234);
        let short = clock.show(now) + span(Duration::from_millis(2));
        assert_eq!(clock.moment(now, short), Some(Instant::from_millis(1_236)));
        let long = clock.show(now) + smoltcp::time::Duration::from_secs(1);
        assert_eq!(clock.moment(now, long), None);
        let later = Instant::from_millis(901_234);
        assert_eq!(clock.moment(later, long), None, "a quarter of an hour later it is still long");
        clock.jump();
        assert_eq!(clock.moment(now, long), Some(now), "after a jump it is due");
    }
}
