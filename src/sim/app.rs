//! The application of one client process, as the scenario defines it.
//!
//! It publishes on a schedule or in answer to an event, joins and leaves rooms, disconnects and
//! comes back. Its handler takes no time unless a `slow` fault is on. A crash ends it together
//! with its process. The application of the next process continues the schedule from the moment
//! of its start.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use super::slot::Slot;
use crate::core::{ClientInput, Numbering};
use crate::history::{EventKind, PowerState, Recorder};
use crate::link::ClientApp;
use crate::message::{Message, MessageId, Name, PushKind, StartAt};
use crate::net::Net;
use crate::scenario::{ClientEntry, Effect, Fault, Publish, Scenario, When, Who};
use crate::time::{Duration, Instant};

/// State that survives a crash: the numbering, and the handler that the crash interrupted.
#[derive(Debug, Default)]
pub struct DurableState {
    /// The numbers from which the next process continues.
    pub numbering: Numbering,
    /// The message whose handler runs.
    pub running: Option<MessageId>,
}

/// The durable state of one process, shared by the process and its supervisor.
pub type SharedState = Arc<Mutex<DurableState>>;

/// The application of one process, scripted by the scenario.
pub struct Script<N> {
    net: N,
    recorder: Recorder,
    durable: SharedState,
    process: Name,
    publishes: Vec<Publish>,
    faults: Vec<Fault>,
    /// The next slot of each publish that has a schedule.
    slots: Vec<Slot>,
    /// The scheduled changes: moment, and index in `changes`.
    moments: BTreeSet<(Instant, usize)>,
    changes: Vec<Change>,
    /// Publishes in answer to an event: moment, order of creation, index in `publishes`.
    answers: BTreeSet<(Instant, u64, usize)>,
    answers_made: u64,
    /// The message whose handler runs, and when it returns.
    handler: Option<(Arc<Message>, Instant)>,
}

/// A scheduled change of the application's state.
#[derive(Clone, Debug)]
enum Change {
    Join(Name, Name),
    Leave(Name, Name),
    GoAway,
    ComeBack,
    RemoveHandler(Name, Name),
    InstallHandler(Name, Name),
}

/// The next step of the script. At the same moment, variants are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Handler,
    Change(usize),
    Slot(usize),
    Answer(u64, usize),
}

impl<N: Net> Script<N> {
    /// Returns the application of `process`, from the current time of `net` on.
    pub fn new(
        net: N,
        scenario: &Scenario,
        client: &ClientEntry,
        process: Name,
        recorder: Recorder,
        durable: SharedState,
    ) -> Self {
        let now = net.now();
        let mut script = Script {
            net,
            recorder,
            durable,
            publishes: client.publish.clone(),
            faults: scenario
                .faults
                .iter()
                .filter(|fault| is_about(fault, &process))
                .cloned()
                .collect(),
            process,
            slots: Vec::new(),
            moments: BTreeSet::new(),
            changes: Vec::new(),
            answers: BTreeSet::new(),
            answers_made: 0,
            handler: None,
        };
        script.schedule_publishes(now);
        script.schedule_rooms(client, now);
        script.schedule_faults(now);
        script
    }

    fn schedule_publishes(&mut self, now: Instant) {
        self.slots = Slot::all(&self.publishes, now);
    }

    /// Schedules joins and leaves. A process that starts late at once makes the last change of
    /// each room that was due before.
    fn schedule_rooms(&mut self, client: &ClientEntry, now: Instant) {
        let joins = client.join.iter().map(|join| (join, Change::Join as fn(_, _) -> _));
        let leaves = client.leave.iter().map(|leave| (leave, Change::Leave as fn(_, _) -> _));
        let mut changes: Vec<_> = joins.chain(leaves).collect();
        changes.sort_by_key(|(change, _)| change.at);
        let mut past = BTreeMap::new();
        for (change, make) in changes {
            let (queue, room) = (change.queue.clone(), change.room.clone());
            if change.at >= now {
                self.at(change.at, make(queue, room));
            } else {
                past.insert((queue.clone(), room.clone()), make(queue, room));
            }
        }
        for change in past.into_values() {
            self.at(now, change);
        }
    }

    /// Schedules the faults of the application. One that is on when the process starts begins at
    /// once.
    fn schedule_faults(&mut self, now: Instant) {
        let faults = self.faults.clone();
        let disconnects = faults.iter().filter(|fault| fault.effect == Effect::Disconnect);
        for span in spans(disconnects).filter(|span| span.end > now) {
            self.at(span.start.max(now), Change::GoAway);
            self.at(span.end, Change::ComeBack);
        }
        let deaf = faults.iter().filter_map(|fault| match &fault.effect {
            Effect::Deaf { queue, event } => Some((queue.clone(), event.clone())),
            _ => None,
        });
        for (queue, event) in deaf.collect::<BTreeSet<_>>() {
            let kind = Effect::Deaf { queue: queue.clone(), event: event.clone() };
            let same = faults.iter().filter(|fault| fault.effect == kind);
            for span in spans(same).filter(|span| span.end > now) {
                let (begin, name) = (span.start.max(now), (queue.clone(), event.clone()));
                self.at(begin, Change::RemoveHandler(name.0, name.1));
                self.at(span.end, Change::InstallHandler(queue.clone(), event.clone()));
            }
        }
    }

    fn at(&mut self, at: Instant, change: Change) {
        self.moments.insert((at, self.changes.len()));
        self.changes.push(change);
    }

    fn upcoming(&self) -> Option<(Instant, Next)> {
        let handler = self.handler.iter().map(|(_, at)| (*at, Next::Handler));
        let change = self.moments.first().map(|(at, index)| (*at, Next::Change(*index)));
        let slots = self.slots.iter().enumerate().filter(|(_, slot)| slot.left > 0);
        let slots = slots.map(|(index, slot)| (slot.at, Next::Slot(index)));
        let answer = self.answers.first().map(|(at, n, index)| (*at, Next::Answer(*n, *index)));
        handler.chain(change).chain(slots).chain(answer).min()
    }

    fn take(&mut self, at: Instant, next: Next) -> ClientInput {
        match next {
            Next::Handler => self.handler_returned(),
            Next::Change(index) => {
                self.moments.remove(&(at, index));
                self.change(self.changes[index].clone())
            }
            Next::Slot(index) => {
                let now = self.net.now();
                let slot = &mut self.slots[index];
                let publish = slot.publish;
                slot.advance();
                // After a sleep a timer fires once, however often it came due.
                slot.skip_until(now);
                self.publish(publish)
            }
            Next::Answer(n, index) => {
                self.answers.remove(&(at, n, index));
                self.publish(index)
            }
        }
    }

    fn publish(&self, index: usize) -> ClientInput {
        let Publish { draft, ack_within, .. } = &self.publishes[index];
        ClientInput::Publish { draft: draft.clone(), confirm_within: *ack_within }
    }

    fn handler_returned(&mut self) -> ClientInput {
        let (message, _) = self.handler.take().expect("a handler runs");
        self.durable().running = None;
        let now = self.net.now();
        for (index, entry) in self.publishes.iter().enumerate() {
            if let When::On { event, after } = &entry.when
                && *event == message.event
            {
                self.answers.insert((now + *after, self.answers_made, index));
                self.answers_made += 1;
            }
        }
        ClientInput::HandlerReturned
    }

    fn change(&mut self, change: Change) -> ClientInput {
        let record = |what| self.recorder.record(self.net.now(), what);
        match change {
            Change::Join(queue, room) => ClientInput::Join { queue, room, from: StartAt::Now },
            Change::Leave(queue, room) => ClientInput::Leave { queue, room },
            Change::GoAway => {
                record(EventKind::Power(PowerState::WentAway));
                ClientInput::GoAway
            }
            Change::ComeBack => {
                record(EventKind::Power(PowerState::CameBack));
                ClientInput::ComeBack
            }
            Change::RemoveHandler(queue, event) => {
                record(EventKind::HandlerGone { queue: queue.clone(), event: event.clone() });
                ClientInput::HandlerRemoved { queue, event }
            }
            Change::InstallHandler(queue, event) => {
                record(EventKind::HandlerBack { queue: queue.clone(), event: event.clone() });
                ClientInput::HandlerInstalled { queue, event }
            }
        }
    }

    fn durable(&self) -> MutexGuard<'_, DurableState> {
        self.durable.lock().expect("a trial has one thread")
    }
}

impl<N: Net> ClientApp for Script<N> {
    async fn next(&mut self) -> ClientInput {
        let Some((at, next)) = self.upcoming() else { return std::future::pending().await };
        if at > self.net.now() {
            self.net.sleep_until(at).await;
        }
        self.take(at, next)
    }

    fn handle(&mut self, message: &Arc<Message>, _kind: PushKind) {
        let now = self.net.now();
        let slow = self.faults.iter().filter(|fault| fault.is_on(now)).filter_map(|fault| {
            match fault.effect {
                Effect::Slow { handler } => Some(handler),
                _ => None,
            }
        });
        let takes = slow.max().unwrap_or(Duration::ZERO);
        self.durable().running = Some(message.id.clone());
        self.handler = Some((message.clone(), now + takes));
    }

    fn keep(&mut self, numbering: Numbering) {
        self.durable().numbering = numbering;
    }
}

impl<N> std::fmt::Debug for Script<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("process", &self.process).finish_non_exhaustive()
    }
}

/// Whether a fault names the process of a client.
pub fn is_about(fault: &Fault, process: &Name) -> bool {
    matches!(&fault.who, Who::Clients(names) if names.contains(process))
}

/// Returns the times during which any of the faults is on: in order, without overlap.
pub fn spans<'a>(faults: impl Iterator<Item = &'a Fault>) -> std::vec::IntoIter<Range<Instant>> {
    let mut times: Vec<Range<Instant>> = faults.map(|fault| fault.at..fault.until).collect();
    times.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<Instant>> = Vec::new();
    for span in times {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged.into_iter()
}
