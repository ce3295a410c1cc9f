//! The driver of one turmoil host: carries packets between its stacks and other turmoil hosts.
//!
//! It works in rounds, each at one moment:
//!
//! 1. it takes in the packets that other turmoil hosts sent, and holds each until it is due;
//! 2. it puts the packets that are due into their stacks, and fires the timers that are due;
//! 3. it lets every stack with work to do send;
//! 4. it packs the packets for each turmoil host into as few datagrams as their limit allows.
//!
//! It runs before the programs of its turmoil host, so that they find everything that has arrived
//! by then. Only the driver polls a stack.

mod batch;
mod turmoil_socket;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Sleep;

pub(super) use turmoil_socket::TurmoilSocket;

use crate::history::LossReason;
use crate::time::Instant;

use super::fate::{Arrival, PlannedOutcome};
use super::host_state::DriverWaker;
use super::net::{Departure, Internet, Numbered, flow_of};
use super::stack::{Reception, Wakeup, is_intact};
use batch::{HeldPacket, LARGEST};

/// The driver of one turmoil host.
pub(super) struct Nic {
    internet: Arc<Internet>,
    waker: Arc<DriverWaker>,
    /// The turmoil host of each process, by index.
    routes: Arc<Routes>,
    turmoil_host: Ipv4Addr,
    /// The end of the trial: from then on nothing moves.
    end: Instant,
    /// The way to other turmoil hosts, if there are any.
    socket: Option<TurmoilSocket>,
    /// The packets to hold, by the moment at which they are due.
    held: BTreeMap<Instant, Vec<HeldPacket>>,
    /// The next timer of each socket: moment, process, socket.
    timers: BTreeSet<(Instant, u32, u64)>,
    /// Wakes the driver at the moment of the next packet or timer.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Batches to send in this round, by turmoil host; only the last of each has room.
    batches: BTreeMap<Ipv4Addr, Vec<Vec<u8>>>,
    wakeups: Vec<Wakeup>,
    callers: Vec<u32>,
}

/// The turmoil host of every process, by index.
pub(super) type Routes = Vec<Ipv4Addr>;

impl Nic {
    pub fn new(
        internet: Arc<Internet>,
        waker: Arc<DriverWaker>,
        routes: Arc<Routes>,
        turmoil_host: Ipv4Addr,
        end: Instant,
    ) -> Nic {
        Nic {
            internet,
            waker,
            routes,
            turmoil_host,
            end,
            socket: None,
            held: BTreeMap::new(),
            timers: BTreeSet::new(),
            alarm: None,
            batches: BTreeMap::new(),
            wakeups: Vec::new(),
            callers: Vec::new(),
        }
    }

    /// Connects the driver with the other turmoil hosts.
    pub fn plug_in(&mut self, socket: TurmoilSocket) {
        self.socket = Some(socket);
    }

    /// Does everything that is due now, and waits for the next packet, timer or call. Ready when the
    /// trial has ended.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.set_driver(cx.waker());
        let now = self.waker.now();
        if now >= self.end {
            self.switch_off();
            return Poll::Ready(());
        }
        self.round(now);
        if let Some(socket) = &mut self.socket {
            socket.poll_readable(cx);
        }
        let next = self.next();
        let alarm = match &mut self.alarm {
            Some((at, alarm)) if *at == next => alarm,
            alarm => {
                let deadline = self.waker.moment(next).expect("a trial ends");
                match alarm {
                    Some((at, alarm)) => {
                        *at = next;
                        alarm.as_mut().reset(deadline);
                    }
                    None => *alarm = Some((next, Box::pin(tokio::time::sleep_until(deadline)))),
                }
                &mut alarm.as_mut().expect("it is set").1
            }
        };
        if alarm.as_mut().poll(cx).is_ready() {
            // What is due now came up in this round.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Does everything that is due at one moment.
    fn round(&mut self, now: Instant) {
        self.take_in(now);
        while let Some(first) = self.held.first_entry().filter(|first| *first.key() <= now) {
            let mut due = first.remove();
            due.sort_unstable();
            due.into_iter().for_each(|held| self.deliver(now, held));
        }
        while let Some(&timer) = self.timers.first().filter(|(at, ..)| *at <= now) {
            self.timers.remove(&timer);
            let (at, process, socket) = timer;
            self.internet.hosts()[process as usize].stack().timer(at, socket);
            self.waker.ring(process);
        }
        let mut callers = std::mem::take(&mut self.callers);
        loop {
            self.waker.take_callers(&mut callers);
            if callers.is_empty() {
                break;
            }
            callers.iter().for_each(|&process| self.work(now, process));
        }
        self.callers = callers;
        for (turmoil_host, batches) in std::mem::take(&mut self.batches) {
            let socket = self.socket.as_ref().expect("there are other turmoil hosts");
            batches.iter().for_each(|batch| socket.send(turmoil_host, batch));
        }
    }

    /// Returns the moment of the next packet or timer, or the end of the trial.
    fn next(&self) -> Instant {
        let held = self.held.first_key_value().map(|(due, _)| *due);
        let timer = self.timers.first().map(|(at, ..)| *at);
        held.into_iter().chain(timer).fold(self.end, Instant::min)
    }

    /// Takes in the packets that other turmoil hosts sent, to hold them until they are due.
    fn take_in(&mut self, now: Instant) {
        let Some(socket) = &mut self.socket else { return };
        while let Some(mut batch) = socket.receive() {
            while !batch.is_empty() {
                let held = HeldPacket::decode(&mut batch);
                assert!(held.due >= now, "a packet came late: the tick exceeds a latency");
                self.held.entry(held.due).or_default().push(held);
            }
        }
    }

    /// Puts a packet that is due into its stack, and reports a packet that the stack drops.
    fn deliver(&mut self, now: Instant, held: HeldPacket) {
        self.internet.arrived(held.packet.len());
        let datagram = held.datagram.map(|number| numbered(&held, number));
        let passes = |packet: &Bytes| self.internet.passes(now, held.to, packet);
        let packet = flipped(held.packet, held.flip);
        let host = &self.internet.hosts()[held.to as usize];
        let reception = if held.flip.is_some() && !is_intact(&packet) {
            Reception::Dropped(LossReason::Corrupted)
        } else if !passes(&packet) {
            Reception::Dropped(LossReason::Forgotten)
        } else {
            self.waker.ring(held.to);
            host.stack().receive(now, packet)
        };
        if let Reception::Dropped(reason) = reception {
            self.internet.reject((held.from, held.to, held.serial), now, reason);
            if reason == LossReason::NobodyHome {
                self.internet.found_nobody(now, held.to);
            }
        }
        if let Some(datagram) = datagram {
            let loss = match reception {
                Reception::Taken => None,
                Reception::Dropped(reason) => Some(reason),
            };
            self.internet.received(now, held.from, datagram, loss);
        }
    }

    /// Lets a stack send, and sends its packets on.
    fn work(&mut self, now: Instant, process: u32) {
        let internet = self.internet.clone();
        let mut stack = internet.hosts()[process as usize].stack();
        stack.work(now, &mut self.wakeups);
        for Wakeup { at, socket, replaces } in self.wakeups.drain(..) {
            if let Some(later) = replaces {
                self.timers.remove(&(later, process, socket));
            }
            self.timers.insert((at, process, socket));
        }
        for packet in stack.packets() {
            if let Some(departure) = internet.depart(now, process, &packet) {
                self.send_on(process, packet, departure);
            }
        }
    }

    /// Sends each planned copy of a packet to its turmoil host, or holds it if that is this one.
    fn send_on(&mut self, from: u32, packet: Vec<u8>, departure: Departure) {
        let Departure { to, plan, datagram } = departure;
        let PlannedOutcome::Arrives(first, second) = plan.outcome else { return };
        let route = self.routes[to as usize];
        let packet = Bytes::from(packet);
        for Arrival { due, flip } in [Some(first), second].into_iter().flatten() {
            let (serial, datagram) = (plan.serial, datagram.map(|datagram| datagram.number));
            let held = HeldPacket { due, from, to, serial, flip, datagram, packet: packet.clone() };
            self.internet.left(packet.len());
            match route {
                there if there == self.turmoil_host => self.held.entry(due).or_default().push(held),
                there => self.put(there, &held),
            }
        }
    }

    /// Appends a packet to the batches for another turmoil host.
    fn put(&mut self, turmoil_host: Ipv4Addr, held: &HeldPacket) {
        let batches = self.batches.entry(turmoil_host).or_default();
        match batches.last_mut().filter(|batch| batch.len() + held.len() <= LARGEST) {
            Some(batch) => held.encode(batch),
            None => {
                let mut batch = Vec::new();
                held.encode(&mut batch);
                batches.push(batch);
            }
        }
    }

    /// Ends the trial for the stacks of this turmoil host: they write their last records.
    fn switch_off(&self) {
        for (host, route) in self.internet.hosts().iter().zip(self.routes.iter()) {
            if *route == self.turmoil_host {
                host.stack().finish(self.end);
            }
        }
    }
}

/// Returns the datagram that a packet carries. Reads the packet before a bit of it is flipped.
fn numbered(held: &HeldPacket, number: u64) -> Numbered {
    Numbered { flow: flow_of(&held.packet), number }
}

/// Flips a bit of the packet, counted from the least significant one of its first byte.
fn flipped(packet: Bytes, flip: Option<u32>) -> Bytes {
    let Some(bit) = flip else { return packet };
    let mut packet = packet.to_vec();
    packet[bit as usize / 8] ^= 1 << (bit % 8);
    Bytes::from(packet)
}
