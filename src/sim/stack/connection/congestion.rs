//! The congestion window of a connection, in segments, as Linux counts it: smoltcp counts bytes, in
//! which a window of one segment holds many small messages.
//!
//! It lets new data out; smoltcp's own window, in bytes, paces what is sent again. Slow start and
//! congestion avoidance are those of RFC 5681, without the cubic growth of Linux's default, which
//! differs on long paths at high rates.

use smoltcp::wire::TcpSeqNumber;

/// The window at first: RFC 6928, `TCP_INIT_CWND`.
const INITIAL: usize = 10;

/// The window of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Congestion {
    window: usize,
    /// The window from which on it grows by a segment a round trip, not by one an acknowledgement.
    threshold: usize,
    /// The segments acknowledged since it grew last, in congestion avoidance.
    acknowledged: usize,
    /// While a loss is repaired: the sequence number that ends it once it is acknowledged.
    recovers_to: Option<TcpSeqNumber>,
}

impl Default for Congestion {
    fn default() -> Self {
        let (window, threshold) = (INITIAL, usize::MAX);
        Congestion { window, threshold, acknowledged: 0, recovers_to: None }
    }
}

impl Congestion {
    /// Returns the number of segments that may be in flight.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Notes that `segments` were acknowledged, all before `end`. `was_full` says whether as many
    /// as possible were in flight: a window that nobody needs does not grow (RFC 7661).
    pub fn acknowledged(&mut self, segments: usize, end: TcpSeqNumber, was_full: bool) {
        if let Some(recovers_to) = self.recovers_to {
            if end < recovers_to {
                return;
            }
            self.recovers_to = None;
        }
        if !was_full {
            return;
        }
        if self.window < self.threshold {
            self.window += segments;
            return;
        }
        self.acknowledged += segments;
        if self.acknowledged >= self.window {
            (self.window, self.acknowledged) = (self.window + 1, 0);
        }
    }

    /// Notes that a segment was lost, as later ones that arrived say. `next` is the first sequence
    /// number that was not sent yet. The window shrinks once a round trip, by the factor of Linux's
    /// cubic.
    pub fn lost(&mut self, next: TcpSeqNumber) {
        if self.recovers_to.is_none() {
            self.threshold = (self.window * 7 / 10).max(2);
            (self.window, self.recovers_to) = (self.threshold, Some(next));
        }
    }

    /// Notes a timeout: the window is one segment (RFC 5681 §3.1). `first` says whether it is the
    /// first since new data was acknowledged.
    pub fn timed_out(&mut self, first: bool) {
        if first {
            self.threshold = (self.window * 7 / 10).max(2);
        }
        (self.window, self.recovers_to) = (1, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_a_round_trip_until_the_threshold_and_then_grows_by_one() {
        let mut congestion = Congestion::default();
        congestion.acknowledged(10, TcpSeqNumber(10), true);
        assert_eq!(congestion.window(), 20);
        congestion.lost(TcpSeqNumber(30));
        assert_eq!(congestion.window(), 14);
        congestion.lost(TcpSeqNumber(40));
        assert_eq!(congestion.window(), 14, "once a round trip");
        congestion.acknowledged(5, TcpSeqNumber(20), true);
        assert_eq!(congestion.window(), 14, "not while the loss is repaired");
        congestion.acknowledged(14, TcpSeqNumber(30), true);
        assert_eq!(congestion.window(), 15);
        congestion.acknowledged(14, TcpSeqNumber(44), false);
        assert_eq!(congestion.window(), 15, "nobody needs more");
        congestion.timed_out(true);
        assert_eq!(congestion.window(), 1);
        for acknowledged in 1..10 {
            congestion.acknowledged(1, TcpSeqNumber(44 + acknowledged), true);
        }
        assert_eq!(congestion.window(), 10, "the threshold");
        congestion.acknowledged(1, TcpSeqNumber(60), true);
        assert_eq!(congestion.window(), 10);
    }
}
