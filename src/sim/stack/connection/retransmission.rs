//! The timers of a connection: when it sends again, probes and gives up, as Linux 6 does.
//!
//! smoltcp knows what to send when a timer expires, but not when (see [`super::super::clock`]).
//! These timers watch the segments that leave and the acknowledgements that arrive. Among what
//! Linux has, they have its tail-loss probe (RFC 8985 §7), the time after which one later segment
//! that arrived means that an earlier one is lost (RACK, §6), its ladder of SYNs, its time-outs,
//! and keep-alive if that is asked for.

use std::collections::VecDeque;

use smoltcp::socket::tcp::State;
use smoltcp::wire::TcpSeqNumber;

use crate::message::KeepAlive;
use crate::time::{Duration, Instant};

use super::super::super::limits::{
    FIN_TIMEOUT, LINEAR_SYNS, ORPHAN_RETRIES, RETRIES, SYN_ACK_RETRIES, SYN_RETRIES, TIME_WAIT,
};
use super::super::clock;
use super::congestion::Congestion;
use super::rtt::{LARGEST, LEAST_VARIANCE, RttEstimator};

/// Time that a probe waits beyond two round trips if more than one segment is in flight: Linux's
/// `TCP_TIMEOUT_MIN_US`, two ticks of 4 ms.
const PROBE_LATENESS: Duration = Duration::from_millis(8);

/// The timers of one connection.
#[derive(Debug, Default)]
pub(super) struct Retransmission {
    rtt: RttEstimator,
    congestion: Congestion,
    /// The segments that are not acknowledged yet, in order.
    flight: VecDeque<InFlight>,
    /// Number of those that have arrived, behind one that has not.
    arrived: usize,
    /// The moment at which what a timeout sends again was sent first.
    lost_at: Option<Instant>,
    pending: Option<Pending>,
    /// Number of doublings of the timeout since new data was acknowledged.
    doublings: u32,
    /// Number of timeouts since new data was acknowledged.
    timeouts: u32,
    /// Whether a probe was sent since new data was acknowledged.
    probed: bool,
    /// The moment of the first of those timeouts.
    first_timeout: Option<Instant>,
    /// The moment at which something was received last.
    heard: Instant,
    /// The keep-alives that were not answered: the number, and when the last one was sent.
    unanswered: (u32, Instant),
}

/// A segment in flight.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    /// The sequence number after it.
    end: TcpSeqNumber,
    /// The moment at which it was sent first.
    first_sent: Instant,
    /// The moment at which it was sent last.
    sent: Instant,
    /// Whether it was sent more than once.
    again: bool,
    /// Whether it has arrived, behind one that has not.
    arrived: bool,
}

impl InFlight {
    /// Returns the round trip that its acknowledgement measures. Linux's timestamps say which of
    /// its copies arrived (RFC 7323 §4); here it is the last one, if that is possible at all.
    fn round_trip(&self, now: Instant, smoothed: Option<Duration>) -> Duration {
        let of_last = now.since(self.sent);
        let is_possible = smoothed.is_some_and(|smoothed| of_last * 4 >= smoothed * 3);
        if is_possible { of_last } else { now.since(self.first_sent) }
    }
}

/// An acknowledgement that arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgement {
    /// The sequence number before which the peer has all.
    pub end: TcpSeqNumber,
    /// The later bytes that it has, too.
    pub selects: Option<(TcpSeqNumber, TcpSeqNumber)>,
    /// The first sequence number that was not sent yet.
    pub next: TcpSeqNumber,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Instant,
    purpose: Purpose,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To ask for an acknowledgement before the timeout.
    Probe,
    /// To send again what is in flight.
    Timeout,
    /// To send again the first segment in flight, since a later one has arrived.
    Overtaken,
    /// To ask whether a window is open again.
    WindowProbe,
    /// To ask an idle peer whether it is there.
    KeepAlive,
    /// To forget a connection that is closed.
    TimeWait,
    /// To forget a connection that no program holds and whose peer does not close it.
    Orphan,
}

/// What follows when a timer expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// The socket's own timer is to expire.
    Socket,
    /// The first segment in flight is lost.
    Loss,
    /// The connection gives up without a word.
    GiveUp,
    /// The connection gives up, and resets the peer.
    Reset,
}

/// The state of a connection that its timers depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    pub state: State,
    /// Whether a program or a listener holds it.
    pub held: bool,
    /// Whether all that was written is acknowledged.
    pub drained: bool,
    /// Whether the socket waits for a long timer.
    pub socket_waits: bool,
    pub keep_alive: Option<KeepAlive>,
}

impl Retransmission {
    /// Returns the moment of the timer that is set.
    pub fn at(&self) -> Option<Instant> {
        self.pending.map(|pending| pending.at)
    }

    /// Returns the number of segments with new data that the congestion window lets out.
    pub fn room(&self) -> usize {
        self.congestion.window().saturating_sub(self.flight.len() - self.arrived)
    }

    /// Returns the moment from which on the first segment in flight counts as lost, now that a later
    /// one has arrived: a quarter of a round trip after its acknowledgement was due. `None` if the
    /// other one was not sent later.
    fn overtaken_at(&self, now: Instant) -> Option<Instant> {
        let round_trip = self.rtt.smoothed()?;
        let first = self.flight.front()?;
        let sent_later = !first.again || now >= first.sent + round_trip;
        sent_later.then(|| first.sent + round_trip + round_trip / 4)
    }

    /// Notes a segment that leaves and occupies sequence numbers up to `end`.
    pub fn sent(&mut self, now: Instant, end: TcpSeqNumber, again: bool, state: State) {
        let was_idle = self.flight.is_empty() && self.pending.is_none();
        if let Some(last) = self.flight.back().filter(|last| again && end <= last.end) {
            // The first ones again.
            self.congestion.lost(last.end);
            for segment in &mut self.flight {
                (segment.sent, segment.again) = (now, true);
                if segment.end >= end {
                    break;
                }
            }
        } else {
            let first_sent = self.lost_at.filter(|_| again).unwrap_or(now);
            self.flight.push_back(InFlight { end, first_sent, sent: now, again, arrived: false });
        }
        let probing = self.pending.is_none_or(|pending| pending.purpose == Purpose::Probe);
        if was_idle || probing {
            self.rearm(now, state);
        }
    }

    /// Notes an acknowledgement.
    pub fn acknowledged(&mut self, now: Instant, acknowledgement: Acknowledgement, state: State) {
        let Acknowledgement { end, selects, next } = acknowledgement;
        let (before, was_full) = (self.flight.len(), self.room() == 0);
        let (smoothed, mut measured) = (self.rtt.smoothed(), None);
        while let Some(segment) = self.flight.front().copied().filter(|first| first.end <= end) {
            self.flight.pop_front();
            self.arrived -= usize::from(segment.arrived);
            measured.get_or_insert(segment.round_trip(now, smoothed));
        }
        if let Some(round_trip) = measured {
            self.rtt.sample(round_trip, end, next);
            (self.doublings, self.timeouts, self.probed) = (0, 0, false);
            (self.first_timeout, self.lost_at) = (None, None);
            self.congestion.acknowledged(before - self.flight.len(), end, was_full);
            self.rearm(now, state);
        }
        let Some((from, to)) = selects else { return };
        for segment in self.flight.iter_mut().filter(|segment| from < segment.end) {
            if segment.end > to {
                break;
            }
            self.arrived += usize::from(!segment.arrived);
            segment.arrived = true;
        }
        if let Some(at) = self.overtaken_at(now).filter(|_| self.timeouts == 0) {
            let at = at.max(now);
            if self.pending.is_none_or(|pending| pending.at > at) {
                self.pending = Some(Pending { at, purpose: Purpose::Overtaken });
            }
        }
    }

    /// Notes that the peer was heard.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.unanswered = (0, now);
        if self.flight.is_empty() {
            self.first_timeout = None;
            if self.pending.is_some_and(|pending| pending.purpose == Purpose::KeepAlive) {
                self.pending = None;
            }
        }
    }

    /// Notes that the handshake is over: its doublings are not the connection's.
    pub fn established(&mut self) {
        (self.doublings, self.timeouts) = (0, 0);
    }

    /// Sets the timer for what is in flight: a probe if none was sent yet, else the timeout.
    fn rearm(&mut self, now: Instant, state: State) {
        let Some(first) = self.flight.front() else {
            self.pending = None;
            return;
        };
        let timeout = self.timeout(state);
        self.pending = Some(match self.rtt.smoothed() {
            Some(round_trip) if self.may_probe(first, state) => {
                let alone = self.flight.len() == 1;
                let beyond = if alone { LEAST_VARIANCE } else { PROBE_LATENESS };
                let probe = now + round_trip * 2 + beyond;
                let due = Some(first.sent + timeout).filter(|due| *due > now);
                let at = due.map_or(probe, |due| due.min(probe));
                Pending { at, purpose: Purpose::Probe }
            }
            _ => Pending { at: now + timeout, purpose: Purpose::Timeout },
        });
    }

    /// Whether a probe is to be sent before the timeout: once, and only if nothing seems lost.
    fn may_probe(&self, first: &InFlight, state: State) -> bool {
        let opening = matches!(state, State::SynSent | State::SynReceived);
        !(opening || self.probed || first.again || self.timeouts > 0)
    }

    /// Returns the present timeout.
    fn timeout(&self, state: State) -> Duration {
        match state {
            State::SynSent => {
                Duration::from_secs(1 << self.timeouts.saturating_sub(LINEAR_SYNS).min(20))
            }
            State::SynReceived => Duration::from_secs(1 << self.timeouts.min(20)),
            _ => self.rtt.timeout(self.doublings),
        }
    }

    /// Sets the timers that the state of the connection asks for, or none.
    pub fn watch(&mut self, now: Instant, situation: Situation) {
        if !self.flight.is_empty() {
            return;
        }
        let purpose = match situation.state {
            State::Closed | State::Listen => None,
            State::TimeWait => Some(Purpose::TimeWait).filter(|_| !situation.held),
            State::FinWait2 if !situation.held => Some(Purpose::Orphan),
            _ if !situation.drained && situation.socket_waits => Some(Purpose::WindowProbe),
            _ => situation.keep_alive.map(|_| Purpose::KeepAlive),
        };
        let Some(purpose) = purpose else {
            self.pending = None;
            return;
        };
        if self.pending.is_some_and(|pending| pending.purpose == purpose) {
            return;
        }
        let at = match purpose {
            Purpose::TimeWait => now + TIME_WAIT,
            Purpose::Orphan => now + FIN_TIMEOUT,
            Purpose::KeepAlive => {
                let KeepAlive { after, every, .. } = situation.keep_alive.expect("it is asked for");
                let (unanswered, last) = self.unanswered;
                if unanswered > 0 { last + every } else { self.heard + after }
            }
            Purpose::WindowProbe | Purpose::Probe | Purpose::Timeout | Purpose::Overtaken => {
                now + self.timeout(situation.state)
            }
        };
        self.pending = Some(Pending { at: at.max(now), purpose });
    }

    /// Lets the timer expire if it is due.
    pub fn expire(&mut self, now: Instant, situation: Situation) -> Option<Expired> {
        let pending = self.pending.filter(|pending| pending.at <= now)?;
        self.pending = None;
        match pending.purpose {
            Purpose::TimeWait => Some(Expired::Socket),
            Purpose::Orphan => Some(Expired::GiveUp),
            Purpose::KeepAlive => {
                let probes = situation.keep_alive.map_or(0, |keep_alive| keep_alive.probes);
                if self.unanswered.0 >= probes {
                    return Some(Expired::Reset);
                }
                self.unanswered = (self.unanswered.0 + 1, now);
                Some(Expired::Socket)
            }
            _ if !situation.socket_waits => {
                // The socket does not wait for what was noted as sent.
                self.forget_flight();
                None
            }
            Purpose::Overtaken => {
                self.rearm(now, situation.state);
                Some(Expired::Loss)
            }
            Purpose::Probe => {
                self.probed = true;
                // The timeout counts from the sending of the first segment. If that is the only
                // one, the probe is its sending.
                let timeout = self.timeout(situation.state);
                let several = self.flight.front().filter(|_| self.flight.len() > 1);
                let at = several.map_or(now, |first| first.sent) + timeout;
                self.send_again(at.max(now + clock::MILLISECOND));
                Some(Expired::Socket)
            }
            Purpose::Timeout | Purpose::WindowProbe => {
                if self.gives_up(now, situation) {
                    return Some(Expired::GiveUp);
                }
                self.first_timeout.get_or_insert(now);
                self.doublings += 1;
                if pending.purpose == Purpose::Timeout {
                    self.congestion.timed_out(self.timeouts == 0);
                    self.timeouts += 1;
                    self.send_again(now + self.timeout(situation.state));
                }
                Some(Expired::Socket)
            }
        }
    }

    /// Prepares that the socket sends again all that is in flight, from the first segment on. If
    /// there is no answer, the next timeout is at this moment.
    fn send_again(&mut self, at: Instant) {
        self.lost_at = self.lost_at.or(self.flight.front().map(|first| first.first_sent));
        self.forget_flight();
        self.pending = Some(Pending { at, purpose: Purpose::Timeout });
    }

    fn forget_flight(&mut self) {
        self.flight.clear();
        self.arrived = 0;
    }

    /// Whether a timeout is the last: `tcp_write_timeout`, net/ipv4/tcp_timer.c.
    fn gives_up(&self, now: Instant, situation: Situation) -> bool {
        match situation.state {
            State::SynSent => self.timeouts >= SYN_RETRIES,
            State::SynReceived => self.timeouts >= SYN_ACK_RETRIES,
            _ => {
                let retries = if situation.held { RETRIES } else { ORPHAN_RETRIES };
                let waited = self.first_timeout.map(|first| now.since(first));
                waited.is_some_and(|waited| waited >= time_of_retries(retries))
            }
        }
    }
}

/// Returns the time that so many retries take if the timeout begins at its least value: Linux
/// gives up after this time, not after this number (`tcp_model_timeout`, net/ipv4/tcp_timer.c).
fn time_of_retries(retries: u32) -> Duration {
    let doubled = (LARGEST.as_millis() / LEAST_VARIANCE.as_millis()).ilog2();
    let doubling = LEAST_VARIANCE * ((2 << retries.min(doubled)) - 1);
    doubling + LARGEST * u64::from(retries.saturating_sub(doubled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_retries_take_924_6_seconds() {
        // ip-sysctl: "The default value of 15 yields a hypothetical timeout of 924.6 seconds".
        assert_eq!(time_of_retries(RETRIES), Duration::from_millis(924_600));
        assert_eq!(time_of_retries(ORPHAN_RETRIES), Duration::from_millis(102_200));
    }
}
