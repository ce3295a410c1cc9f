//! The estimate of a connection's round-trip time, and the retransmission timeout that follows
//! from it: RFC 6298, with the variance of Linux (`tcp_rtt_estimator`, net/ipv4/tcp_input.c).
//!
//! Linux differs from the RFC where it counts for a student: its least timeout of 200 ms is the
//! least of the variance term, not of the sum, so that a timeout is never less than the round-trip
//! time and 200 ms. And the variance falls slowly, by a quarter of the difference a round trip.

use smoltcp::wire::TcpSeqNumber;

use crate::time::Duration;

/// Least variance term: Linux's `TCP_RTO_MIN`, include/net/tcp.h.
pub(super) const LEAST_VARIANCE: Duration = Duration::from_millis(200);

/// Largest timeout: Linux's `TCP_RTO_MAX`.
pub(super) const LARGEST: Duration = Duration::from_secs(120);

/// The timeout as long as nothing was measured: RFC 6298 §2.1, Linux's `TCP_TIMEOUT_INIT`.
const UNMEASURED: Duration = Duration::from_secs(1);

/// Lateness of the kernel's timers, whose wheel rounds up: from what was measured on Linux 6.18,
/// where a connection with a round trip of 40 ms repeats after 250 ms and the last time, in an
/// outage of 20 s, after 32.5 s.
const LATENESS: Duration = Duration::from_millis(12);

/// Estimates the round-trip time of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RttEstimator {
    estimate: Option<Estimate>,
}

/// All that is known after the first sample.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// The smoothed round-trip time in microseconds.
    smoothed: u64,
    /// Four times the smoothed mean deviation, in microseconds.
    deviation: u64,
    /// The largest deviation of this round trip.
    largest: u64,
    /// The variance term of the timeout.
    variance: u64,
    /// The first sequence number of the next round trip.
    next_round: TcpSeqNumber,
}

impl RttEstimator {
    /// Takes in a measured round trip. `acknowledged` is the sequence number up to which all is
    /// acknowledged, `next` the first that was not sent yet.
    pub fn sample(&mut self, measured: Duration, acknowledged: TcpSeqNumber, next: TcpSeqNumber) {
        let (measured, least) = (measured.as_micros(), LEAST_VARIANCE.as_micros());
        let Some(estimate) = &mut self.estimate else {
            let variance = (2 * measured).max(least);
            self.estimate = Some(Estimate {
                smoothed: measured,
                deviation: 2 * measured,
                largest: variance,
                variance,
                next_round: next,
            });
            return;
        };
        let error = measured.abs_diff(estimate.smoothed);
        let known = estimate.deviation / 4;
        // A round trip that became shorter raises the deviation by an eighth of the usual.
        let weight = if measured < estimate.smoothed && error > known { 8 } else { 1 };
        estimate.deviation = if error > known {
            estimate.deviation + (error - known) / weight
        } else {
            estimate.deviation - (known - error)
        };
        estimate.smoothed = (estimate.smoothed * 7 + measured) / 8;
        if estimate.deviation > estimate.largest {
            estimate.largest = estimate.deviation;
            estimate.variance = estimate.variance.max(estimate.largest);
        }
        if acknowledged > estimate.next_round {
            estimate.variance -= estimate.variance.saturating_sub(estimate.largest) / 4;
            (estimate.next_round, estimate.largest) = (next, least);
        }
    }

    /// Returns the smoothed round-trip time, if any was measured.
    pub fn smoothed(&self) -> Option<Duration> {
        self.estimate.map(|estimate| Duration::from_micros(estimate.smoothed))
    }

    /// Returns the retransmission timeout, in whole milliseconds, after `doublings` of it.
    pub fn timeout(&self, doublings: u32) -> Duration {
        let timeout = self.estimate.map_or(UNMEASURED, |estimate| {
            Duration::from_micros(estimate.smoothed + estimate.variance) + LATENESS
        });
        let timeout = Duration::from_millis(timeout.as_micros().div_ceil(1_000));
        (timeout * (1 << doublings.min(20))).min(LARGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the timeout in milliseconds after `samples` round trips of `millis` each.
    fn timeout_after(samples: i32, millis: u64) -> u64 {
        let mut rtt = RttEstimator::default();
        for n in 0..samples {
            let acknowledged = TcpSeqNumber(n * 10 + 1);
            rtt.sample(Duration::from_millis(millis), acknowledged, acknowledged + 10);
        }
        rtt.timeout(0).as_millis()
    }

    #[test]
    fn the_least_timeout_is_the_round_trip_and_200_ms() {
        // Linux 6.18 begins to repeat at .23, .25 and .33 s.
        for (millis, timeout) in [(10, 222), (40, 252), (100, 312)] {
            assert_eq!(timeout_after(1, millis), timeout);
            assert_eq!(timeout_after(50, millis), timeout);
        }
        assert_eq!(timeout_after(0, 40), 1_000, "as long as nothing was measured");
    }

    #[test]
    fn the_variance_of_a_slow_path_falls_by_a_quarter_of_the_difference_a_round_trip() {
        // The first sample of 300 ms: 300 + 600 + 12. Then the deviation is 600, 450, 338, 253 …
        assert_eq!(timeout_after(1, 300), 912);
        let falls: Vec<u64> = (2..20).map(|samples| timeout_after(samples, 300)).collect();
        assert!(falls.is_sorted_by(|a, b| a >= b), "{falls:?}");
        // The variance ends 3 µs above its least: a quarter of that is nothing.
        assert_eq!(timeout_after(60, 300), 513);
    }

    #[test]
    fn a_timeout_doubles_up_to_two_minutes() {
        let mut rtt = RttEstimator::default();
        rtt.sample(Duration::from_millis(40), TcpSeqNumber(1), TcpSeqNumber(1));
        let doubled: Vec<u64> = (0..12).map(|n| rtt.timeout(n).as_millis()).collect();
        let expected = [
            252, 504, 1_008, 2_016, 4_032, 8_064, 16_128, 32_256, 64_512, 120_000, 120_000, 120_000,
        ];
        assert_eq!(doubled, expected);
    }
}
