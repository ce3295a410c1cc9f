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

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use turmoil::net::UdpSocket;

use crate::history::LossReason;
use crate::time::Instant;

use super::fate::{Arrival, PlannedOutcome};
use super::host_state::DriverWaker;
use super::net::{Departure, Internet, Numbered, flow_of};
use super::stack::{Reception, Wakeup, is_intact};
use batch::{HeldPacket, LARGEST};

/// The UDP port of every driver.
const PORT: u16 = 9;

/// The driver of one turmoil host.
pub(super) struct Nic {
    internet: Arc<Internet>,
    waker: Arc<DriverWaker>,
    /// The turmoil host of each process, by index.
    routes: Arc<Routes>,
    turmoil_host: Ipv4Addr,
    /// The end of the trial: from then on nothing moves.
    end: Instant,
    held: BinaryHeap<Reverse<HeldPacket>>,
    timers: BinaryHeap<Reverse<(Instant, u32, u64)>>,
    /// Batches to send in this round, by turmoil host; only the last of each has room.
    batches: BTreeMap<Ipv4Addr, Vec<Vec<u8>>>,
    wakeups: Vec<Wakeup>,
    scratch: Vec<u8>,
}

/// The turmoil host of every process, by index.
pub(super) type Routes = Vec<Option<Ipv4Addr>>;

impl Nic {
    pub fn new(
        internet: Arc<Internet>,
        waker: Arc<DriverWaker>,
        routes: Arc<Routes>,
        turmoil_host: Ipv4Addr,
        end: Instant,
    ) -> Nic {
        let (held, timers, batches) = (BinaryHeap::new(), BinaryHeap::new(), BTreeMap::new());
        let (wakeups, scratch) = (Vec::new(), vec![0; LARGEST]);
        Nic { internet, waker, routes, turmoil_host, end, held, timers, batches, wakeups, scratch }
    }

    /// Binds the driver's socket. Packets are lost if it is not bound before the trial begins.
    pub async fn plug_in() -> UdpSocket {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await;
        socket.expect("nobody else is on this turmoil host")
    }

    /// Carries packets until the trial ends.
    pub async fn drive(mut self, socket: Option<UdpSocket>) {
        let socket = socket.as_ref();
        loop {
            let now = self.waker.now();
            if now >= self.end {
                return self.switch_off();
            }
            self.round(now, socket);
            let next = self.waker.moment(self.next()).expect("a trial ends");
            tokio::select! {
                biased;
                () = readable(socket) => {}
                () = self.waker.calls.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Does everything that is due at one moment.
    fn round(&mut self, now: Instant, socket: Option<&UdpSocket>) {
        if let Some(socket) = socket {
            self.take_in(now, socket);
        }
        while self.held.peek().is_some_and(|Reverse(held)| held.due <= now) {
            let Reverse(held) = self.held.pop().expect("it was there");
            self.deliver(now, held);
        }
        while self.timers.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Reverse((at, process, socket)) = self.timers.pop().expect("it was there");
            let host = &self.internet.hosts()[process as usize];
            host.stack().timer(Wakeup { at, socket });
            self.waker.ring(process);
        }
        loop {
            let callers = self.waker.callers();
            if callers.is_empty() {
                break;
            }
            callers.into_iter().for_each(|process| self.work(now, process));
        }
        for (turmoil_host, batches) in std::mem::take(&mut self.batches) {
            let socket = socket.expect("there are other turmoil hosts");
            batches.iter().for_each(|batch| send(socket, turmoil_host, batch));
        }
    }

    /// Returns the moment of the next packet or timer, or the end of the trial.
    fn next(&self) -> Instant {
        let held = self.held.peek().map(|Reverse(held)| held.due);
        let timer = self.timers.peek().map(|Reverse((at, ..))| *at);
        held.into_iter().chain(timer).fold(self.end, Instant::min)
    }

    /// Takes in the packets that other turmoil hosts sent, to hold them until they are due.
    fn take_in(&mut self, now: Instant, socket: &UdpSocket) {
        while let Ok((length, _)) = socket.try_recv_from(&mut self.scratch) {
            let mut batch = Bytes::copy_from_slice(&self.scratch[..length]);
            while !batch.is_empty() {
                let held = HeldPacket::decode(&mut batch);
                assert!(held.due >= now, "a packet came late: the tick exceeds a latency");
                self.held.push(Reverse(held));
            }
        }
    }

    /// Puts a packet that is due into its stack, and reports a packet that the stack drops.
    fn deliver(&mut self, now: Instant, held: HeldPacket) {
        self.internet.arrived(held.packet.len());
        let datagram = held.datagram.map(|number| numbered(&held, number));
        let packet = flipped(held.packet, held.flip);
        let host = &self.internet.hosts()[held.to as usize];
        let reception = if held.flip.is_some() && !is_intact(&packet) {
            Reception::Dropped(LossReason::Corrupted)
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
        for Wakeup { at, socket } in self.wakeups.drain(..) {
            self.timers.push(Reverse((at, process, socket)));
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
                Some(there) if there == self.turmoil_host => self.held.push(Reverse(held)),
                Some(there) => self.put(there, &held),
                None => {}
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
    fn switch_off(self) {
        for (host, route) in self.internet.hosts().iter().zip(self.routes.iter()) {
            if *route == Some(self.turmoil_host) {
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

/// Waits until packets have arrived; without a socket none ever do.
async fn readable(socket: Option<&UdpSocket>) {
    match socket {
        Some(socket) => socket.readable().await.expect("turmoil's sockets do not fail"),
        None => std::future::pending().await,
    }
}

fn send(socket: &UdpSocket, turmoil_host: Ipv4Addr, batch: &[u8]) {
    let to = SocketAddr::new(IpAddr::V4(turmoil_host), PORT);
    socket.try_send_to(batch, to).expect("every turmoil host is there");
}
