//! Queries on a history: each walks over its events, from the first.
//!
//! Nothing is remembered from one query to the next. A moment of the history is the index of an
//! event.

use std::net::{Ipv4Addr, SocketAddr};

use crate::history::{ConnectionStats, EventKind, Flow, History, LossReason, PowerState};
use crate::message::{Contender, EndReason, Message, MessageId, Name, Note, Position, SessionId};
use crate::scenario::{Direction, Effect, Fault, Scenario, Who};
use crate::time::{Duration, Instant};

/// The index of an event in the history.
pub type When = usize;

pub const BROKER: u32 = 0;

/// A history, with the scenario and the contender that were run.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    pub scenario: &'a Scenario,
    pub contender: Contender,
    pub history: &'a History,
}

/// One session, by all that both sides noted of it.
pub struct Session {
    pub opened: Option<When>,
    pub closed: Option<(When, EndReason)>,
    /// The moment at which the broker closed it, or died after opening it, whichever came first.
    pub forgotten: Option<When>,
    pub welcomed: Option<When>,
    pub lost: Option<(When, EndReason)>,
}

impl<'a> Trial<'a> {
    pub fn events(self) -> impl Iterator<Item = (When, u32, &'a EventKind)> {
        let all = self.history.events.iter().enumerate();
        all.map(|(when, event)| (when, event.process.0, &event.kind))
    }

    pub fn notes(self) -> impl Iterator<Item = (When, u32, &'a Note)> {
        self.events().filter_map(|(when, process, what)| match what {
            EventKind::Note(note) => Some((when, process, note)),
            _ => None,
        })
    }

    /// Returns the moment of the first note for which `is` holds.
    pub fn first(self, is: impl Fn(&Note) -> bool) -> Option<When> {
        self.notes().find(|(_, _, note)| is(note)).map(|(when, ..)| when)
    }

    pub fn at(self, when: When) -> Instant {
        self.history.events[when].at
    }

    // ── processes ───────────────────────────────────────────────────────────────────────────

    pub fn process(self, name: &Name) -> Option<u32> {
        let all = self.history.processes.iter();
        (0..).zip(all).find(|(_, process)| process.name == *name).map(|(index, _)| index)
    }

    pub fn client(self, process: u32) -> &'a Name {
        &self.history.processes[process as usize].client
    }

    /// Returns all processes of this client.
    pub fn processes_of(self, client: &Name) -> Vec<u32> {
        let count = self.history.processes.len() as u32;
        (1..count).filter(|process| self.client(*process) == client).collect()
    }

    pub fn deaths(self, process: u32) -> impl Iterator<Item = When> {
        self.events().filter_map(move |(when, whose, what)| {
            let died = matches!(what, EventKind::Power(PowerState::Killed | PowerState::PowerLost));
            (whose == process && died).then_some(when)
        })
    }

    pub fn death_after(self, process: u32, when: When) -> Option<When> {
        self.deaths(process).find(|death| *death > when)
    }

    /// Returns the number of the broker's life at this event, from 0.
    pub fn life(self, when: When) -> usize {
        self.deaths(BROKER).filter(|death| *death < when).count()
    }

    pub fn last_life(self) -> usize {
        self.deaths(BROKER).count()
    }

    /// Whether a process runs, is awake and is not away, after all that happens at this instant.
    pub fn is_reachable(self, process: u32, at: Instant) -> bool {
        let (mut is_down, mut is_asleep, mut is_away) = (false, false, false);
        for (when, whose, what) in self.events() {
            let EventKind::Power(state) = what else { continue };
            if whose != process || self.at(when) > at {
                continue;
            }
            match state {
                PowerState::Started => (is_down, is_asleep, is_away) = (false, false, false),
                PowerState::Killed | PowerState::PowerLost => is_down = true,
                PowerState::Paused => is_asleep = true,
                PowerState::Resumed => is_asleep = false,
                PowerState::WentAway => is_away = true,
                PowerState::CameBack => is_away = false,
                PowerState::Frozen | PowerState::Thawed | PowerState::ConnectionsReset => {}
            }
        }
        !is_down && !is_asleep && !is_away
    }

    // ── paths ───────────────────────────────────────────────────────────────────────────────

    /// Whether the scenario cuts the path from the broker to a process.
    pub fn is_cut(self, process: u32, at: Instant) -> bool {
        let name = &self.history.processes[process as usize].name;
        self.scenario.faults.iter().filter(|fault| fault.at <= at && at < fault.until).any(
            |fault| match (&fault.effect, &fault.who) {
                (Effect::Cut, Who::Clients(names)) => {
                    names.contains(name) && fault.direction != Direction::Out
                }
                (Effect::Cut, Who::Broker) => fault.direction != Direction::In,
                (Effect::Partition { groups }, _) => {
                    let of = |name: &Name| groups.iter().position(|group| group.contains(name));
                    let (broker, client) = (of(&"broker".into()), of(name));
                    broker.is_some() && client.is_some() && broker != client
                }
                _ => false,
            },
        )
    }

    /// Whether a middlebox had forgotten the flow at an instant: it had for some time when it dropped
    /// the first packet, and goes on until the fault is over or it lets the flow begin anew.
    pub fn is_forgotten(self, of: Flow, at: Instant) -> bool {
        let is_same = |flow: &Flow| *flow == of || flow.reversed() == of;
        self.events().any(|(found, _, what)| {
            let EventKind::FlowForgotten { fault, flow, since } = what else { return false };
            let renewed = self.events().any(|(when, _, what)| match what {
                EventKind::FlowRenewed { fault: by, flow } => {
                    by == fault && is_same(flow) && when > found && self.at(when) <= at
                }
                _ => false,
            });
            let is_over = self.scenario.faults.get(*fault).is_some_and(|one| one.until <= at);
            is_same(flow) && *since <= at && !is_over && !renewed
        })
    }

    /// Returns the instant since which the middlebox of a fault had forgotten a flow of a process,
    /// when that happened for the first time.
    pub fn first_forgotten(self, index: usize, process: u32) -> Option<Instant> {
        let host = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + process);
        self.events().find_map(|(_, _, what)| match what {
            EventKind::FlowForgotten { fault, flow, since }
                if *fault == index && [flow.from.ip(), flow.to.ip()].contains(&host.into()) =>
            {
                Some(*since)
            }
            _ => None,
        })
    }

    /// Returns the flow of the last copy that the broker sent on a session before a moment.
    pub fn last_flow(self, of: &SessionId, before: When) -> Option<Flow> {
        let carried = self.events().filter_map(|(when, process, what)| match what {
            EventKind::Carried { session, flow, .. }
                if process == BROKER && session == of && when < before =>
            {
                Some(**flow)
            }
            _ => None,
        });
        carried.last()
    }

    /// Returns the longest time that a packet can be under way.
    pub fn longest_flight(self) -> Duration {
        let mut latency = self.scenario.latency.max;
        let mut held = Duration::ZERO;
        for Fault { effect, .. } in &self.scenario.faults {
            match effect {
                Effect::Latency { latency: other } => latency = latency.max(other.max),
                Effect::Reorder { delay, .. } => held = held + *delay,
                effect => held = held + longest_queue(effect),
            }
        }
        latency + held
    }

    /// Returns the statistics that one end of a flow reported: the first from `since` on, or else
    /// the last before it.
    ///
    /// If there are none with this peer, those of the datagram socket without a peer count: it
    /// speaks for all peers.
    pub fn stats(self, local: SocketAddr, peer: SocketAddr, since: When) -> Option<FlowEnd<'a>> {
        let said_by = |peer: SocketAddr| {
            let mut said = None;
            for (when, _, what) in self.events() {
                let EventKind::Ended(stats) = what else { continue };
                if (stats.end.local, stats.end.peer) != (local, peer) {
                    continue;
                }
                said = Some(FlowEnd { when, stats });
                if when >= since {
                    break;
                }
            }
            said
        };
        said_by(peer).or_else(|| said_by(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))))
    }

    /// Returns the moment and the reason of a datagram's first drop, if it did not reach its
    /// program.
    pub fn drop_of(self, of: Flow, number: u64) -> Option<(When, LossReason)> {
        self.events().find_map(|(when, _, what)| match what {
            EventKind::Dropped { flow, datagram, reason }
                if **flow == of && *datagram == number =>
            {
                Some((when, *reason))
            }
            _ => None,
        })
    }

    // ── sessions ────────────────────────────────────────────────────────────────────────────

    pub fn session(self, id: &SessionId) -> Session {
        let opened =
            self.first(|note| matches!(note, Note::SessionOpened { session, .. } if session == id));
        let closed = self.notes().find_map(|(when, _, note)| match note {
            Note::SessionClosed { session, reason, .. } if session == id => Some((when, *reason)),
            _ => None,
        });
        let welcomed =
            self.first(|note| matches!(note, Note::Welcomed { session } if session == id));
        let lost = self.notes().find_map(|(when, _, note)| match note {
            Note::Lost { session, reason } if session == id => Some((when, *reason)),
            _ => None,
        });
        let crashed = opened.and_then(|opened| self.death_after(BROKER, opened));
        let forgotten = [closed.map(|(when, _)| when), crashed].into_iter().flatten().min();
        Session { opened, closed, forgotten, welcomed, lost }
    }

    /// Returns the sessions of a process, in the order in which events first name them.
    pub fn sessions_of(self, process: u32) -> Vec<&'a SessionId> {
        let name = &self.history.processes[process as usize].name;
        let mut sessions = Vec::new();
        for (_, _, what) in self.events() {
            if let Some(session) = session_of(what)
                && session.process == *name
                && !sessions.contains(&session)
            {
                sessions.push(session);
            }
        }
        sessions
    }

    // ── messages ────────────────────────────────────────────────────────────────────────────

    /// Returns the first publish of a message.
    pub fn published(self, id: &MessageId) -> Option<(When, u32, &'a Message)> {
        self.notes().find_map(|(when, process, note)| match note {
            Note::Published { message } if message.id == *id => Some((when, process, &**message)),
            _ => None,
        })
    }

    /// Returns every acceptance of a message, with its position.
    pub fn accepted(self, id: &MessageId) -> Vec<(When, Option<Position>)> {
        let all = self.notes().filter_map(|(when, _, note)| match note {
            Note::Accepted { id: of, position, .. } if of == id => Some((when, *position)),
            _ => None,
        });
        all.collect()
    }

    /// Returns the first acceptance in each life of the broker that has one.
    pub fn accepted_by_life(self, id: &MessageId) -> Vec<(usize, When, Option<Position>)> {
        let mut lives: Vec<(usize, When, Option<Position>)> = Vec::new();
        for (when, position) in self.accepted(id) {
            let life = self.life(when);
            if lives.iter().all(|(other, ..)| *other != life) {
                lives.push((life, when, position));
            }
        }
        lives
    }

    /// Returns the message that has a position at this moment: the last one that was accepted there
    /// before it, in the same life of the broker.
    pub fn message_at(self, queue: &Name, place: Position, when: When) -> Option<&'a MessageId> {
        let life = self.life(when);
        let before = self.notes().filter(|(earlier, ..)| *earlier < when);
        let accepted = before.filter_map(|(earlier, _, note)| match note {
            Note::Accepted { id, queue: of, position: Some(position) }
                if of == queue && *position == place && self.life(earlier) == life =>
            {
                Some(id)
            }
            _ => None,
        });
        accepted.last()
    }

    /// Returns every message that the history names, in the order in which events first name them.
    pub fn messages(self) -> Vec<&'a MessageId> {
        let mut ids = Vec::new();
        for (_, _, what) in self.events() {
            if let Some(id) = message_of(what)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        ids
    }
}

/// The statistics that one end of a flow reported, and the moment of the report.
#[derive(Clone, Copy)]
pub struct FlowEnd<'a> {
    pub when: When,
    pub stats: &'a ConnectionStats,
}

impl Session {
    /// Whether it was begun, and neither side had ended it by this instant.
    pub fn outlives(&self, trial: Trial<'_>, at: Instant) -> bool {
        let begun = self.opened.is_some() || self.welcomed.is_some();
        let ends = [self.forgotten, self.lost.map(|(when, _)| when)];
        begun && ends.into_iter().flatten().all(|end| trial.at(end) > at)
    }
}

/// Returns the time that the full queue of a fault takes to drain.
pub fn longest_queue(kind: &Effect) -> Duration {
    match kind {
        Effect::Bandwidth { bytes_per_second, queue_bytes } => {
            Duration::from_micros(queue_bytes * 1_000_000 / bytes_per_second)
        }
        _ => Duration::ZERO,
    }
}

/// Returns the session that an event names.
fn session_of(what: &EventKind) -> Option<&SessionId> {
    match what {
        EventKind::Carried { session, .. } => Some(session),
        EventKind::Note(
            Note::SessionOpened { session, .. }
            | Note::SessionClosed { session, .. }
            | Note::Pushed { session, .. }
            | Note::Overwritten { session, .. }
            | Note::SendQueueFull { session, .. }
            | Note::TransportBusy { session, .. }
            | Note::TooLong { session, .. }
            | Note::Attached { session, .. }
            | Note::Sent { session, .. }
            | Note::Welcomed { session }
            | Note::Lost { session, .. }
            | Note::RequestFailed { session, .. }
            | Note::Read { session, .. }
            | Note::HeldEarly { session, .. }
            | Note::DroppedCopy { session, .. }
            | Note::InboxFull { session, .. }
            | Note::Handled { session, .. },
        ) => Some(session),
        _ => None,
    }
}

/// Returns the message that an event names.
fn message_of(what: &EventKind) -> Option<&MessageId> {
    match what {
        EventKind::Carried { id, .. } | EventKind::Interrupted { id } => Some(id),
        EventKind::Note(Note::Published { message }) => Some(&message.id),
        EventKind::Note(Note::Ack { id, .. }) => id.as_ref(),
        EventKind::Note(
            Note::Accepted { id, .. }
            | Note::Refused { id }
            | Note::Pushed { id, .. }
            | Note::Overwritten { id, .. }
            | Note::SendQueueFull { id, .. }
            | Note::TransportBusy { id, .. }
            | Note::TooLong { id, .. }
            | Note::BecameGap { id, .. }
            | Note::Unsent { id, .. }
            | Note::Sent { id, .. }
            | Note::AcceptedReceived { id }
            | Note::RefusedReceived { id }
            | Note::Read { id, .. }
            | Note::HeldEarly { id, .. }
            | Note::DroppedCopy { id, .. }
            | Note::InboxFull { id, .. }
            | Note::NoHandler { id }
            | Note::Handling { id, .. }
            | Note::Handled { id, .. },
        ) => Some(id),
        _ => None,
    }
}
