//! Lets time pass, and lets the model quiesce after its steps.

use crate::core::{BrokerInput, ClientInput, Machine};
use crate::message::longest_resend_wait;
use crate::time::{Duration, Instant};

use super::{FrameDirection, Model};

/// Most deliveries at one instant. Machines that exchange frames for ever without time passing are
/// cut short, and the messages that they did not deliver are missing.
const MOST_AT_ONCE: usize = 100_000;

impl Model {
    /// Lets the model quiesce: starts and connects every client, delivers every frame, lets every
    /// handler return, and lets time pass.
    ///
    /// It ends when nothing is missing and all clients have stayed connected for as long as repeats
    /// may take, or when there was no progress for longer than any timeout.
    pub fn quiesce(&mut self) {
        for n in 0..self.nodes.len() {
            self.restart(n);
            self.come_back(n);
        }
        let (mut progress, mut progress_at, mut calm_from) = (0, self.now, None);
        loop {
            self.deliver_all();
            if self.checker.progress() > progress {
                (progress, progress_at) = (self.checker.progress(), self.now);
            }
            if self.checker.is_complete() && self.is_everyone_connected() {
                if self.now > *calm_from.get_or_insert(self.now) + self.repeats() {
                    break;
                }
            } else {
                calm_from = None;
            }
            let until = progress_at + self.patience();
            let Some(at) = self.next_moment().filter(|at| *at <= until) else { break };
            self.advance_to(at);
        }
        self.is_quiescent = true;
    }

    /// Lets time pass, from deadline to deadline.
    pub(super) fn wait(&mut self, span: Duration) -> bool {
        let until = self.now + span;
        while let Some(at) = self.next_moment().filter(|at| *at <= until) {
            self.advance_to(at);
        }
        self.now = until;
        true
    }

    /// Returns the longest time without progress: twice as long as it may take to find a dead
    /// session and reconnect, and then some repeats.
    fn patience(&self) -> Duration {
        let (broker, client) = (&self.options.broker, &self.options.client);
        let find = broker.heartbeat.every + broker.heartbeat.timeout + client.connect_timeout;
        (find + client.backoff_most) * 2 + self.repeats() * 5
    }

    /// Returns a time in which everything that is repeated comes twice more.
    fn repeats(&self) -> Duration {
        (longest_resend_wait(self.options.broker.ack_timeout)
            + longest_resend_wait(self.options.client.ack_timeout))
            * 2
    }

    fn deliver_all(&mut self) {
        let mut left = MOST_AT_ONCE;
        loop {
            self.connect_all();
            let before = left;
            for n in 0..self.nodes.len() {
                while left > 0
                    && (self.return_handler(n)
                        || self.deliver_late(n)
                        || self.deliver(FrameDirection::ToBroker, n)
                        || self.deliver(FrameDirection::ToClient, n))
                {
                    left -= 1;
                }
            }
            if left == before || left == 0 {
                return;
            }
        }
    }

    fn is_everyone_connected(&self) -> bool {
        self.nodes.iter().all(|node| node.pipe.as_ref().is_some_and(|pipe| pipe.is_open_at_broker))
    }

    /// Returns the earliest deadline of the broker and the clients.
    fn next_moment(&self) -> Option<Instant> {
        let clients = self.nodes.iter().filter_map(|node| node.client.deadline());
        clients.chain(self.broker.deadline()).min()
    }

    /// Moves the time on to a deadline, and runs the timers that have expired.
    fn advance_to(&mut self, at: Instant) {
        self.now = self.now.max(at);
        for n in 0..self.nodes.len() {
            if self.nodes[n].client.deadline().is_some_and(|at| at <= self.now) {
                self.feed_client(n, ClientInput::Elapsed);
            }
        }
        if self.broker.deadline().is_some_and(|at| at <= self.now) {
            self.feed_broker(BrokerInput::Elapsed);
        }
        self.connect_all();
    }
}
