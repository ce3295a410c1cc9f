//! Processes that die, sleep and go away.

use crate::history::{EventKind, PowerState};
use crate::message::{Durability, EndReason, MessageId, Position};

use super::{BROKER, DRIVER, Generator, Kept};

impl Generator {
    pub(super) fn crash_client(&mut self) {
        let process = self.anybody();
        if self.dice.percent(30) {
            self.note_interrupted(
                process,
                MessageId { publisher: self.client(DRIVER), sequence: 1 },
            );
        }
        self.die(process);
    }

    pub(super) fn note_interrupted(&mut self, process: u32, id: MessageId) {
        self.push_event(process, EventKind::Interrupted { id });
    }

    pub(super) fn die(&mut self, process: u32) {
        let death = self.dice.pick(&[PowerState::Killed, PowerState::PowerLost]);
        self.push_event(process, EventKind::Power(death));
        self.connected.retain(|one| *one != process);
        self.inbox.retain(|flight| flight.process != process);
        if self.dice.percent(50) {
            self.known[process as usize] = None;
        }
        if self.dice.percent(60) {
            self.pass_time();
            self.push_event(process, EventKind::Power(PowerState::Started));
        }
    }

    /// Lets the broker die and start again. A message that it had accepted may be accepted again,
    /// or refused, in its next life.
    pub(super) fn crash_broker(&mut self) {
        if self.dice.percent(50) {
            for process in self.connected.clone() {
                self.end_connections(process, EndReason::PowerLost);
            }
        }
        self.push_event(BROKER, EventKind::Power(PowerState::PowerLost));
        self.connected.clear();
        self.epoch = self.epoch.next();
        self.position = Position::START;
        self.pass_time();
        self.push_event(BROKER, EventKind::Power(PowerState::Started));
        if !self.accepted.is_empty() && self.dice.percent(50) {
            let process = self.listener();
            if self.dice.percent(70) {
                self.come(process);
            }
            let Kept { id, queue, .. } = self.dice.pick(&self.accepted.clone());
            match self.dice.percent(80) {
                true => self.accept(DRIVER, (&id, &queue), Durability::Kept),
                false => self.refuse(DRIVER, &id),
            }
        }
    }

    pub(super) fn change_power(&mut self) {
        let process = self.anybody();
        let state = self.dice.pick(&[
            PowerState::Started,
            PowerState::Paused,
            PowerState::Paused,
            PowerState::Resumed,
            PowerState::WentAway,
            PowerState::CameBack,
        ]);
        self.push_event(process, EventKind::Power(state));
    }
}
