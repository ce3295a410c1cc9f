//! A queue of outgoing packets, with the tasks that wait to write them.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::link::WaitingBytes;
use crate::link::tap::CopyOf;

use super::packet::EnginePacket;

/// An outgoing packet.
#[derive(Debug)]
pub struct Outgoing {
    /// The packet as text.
    pub packet: String,
    /// The copy of a message that it carries, if any.
    pub copy: Option<CopyOf>,
}

impl From<EnginePacket> for Outgoing {
    fn from(packet: EnginePacket) -> Outgoing {
        Outgoing { packet: packet.encode(), copy: None }
    }
}

/// The packets that are not written yet, in order.
#[derive(Debug, Default)]
pub struct PacketQueue {
    packets: VecDeque<Outgoing>,
    waiting: WaitingBytes,
    writers: Vec<Waker>,
}

impl PacketQueue {
    /// Adds a packet, and wakes the tasks that wait for one.
    pub fn push(&mut self, next: Outgoing) {
        let (messages, bytes) = sizes([&next]);
        self.waiting.messages += messages;
        self.waiting.bytes += bytes;
        self.packets.push_back(next);
        self.wake();
    }

    /// Takes the next packets, as many as fit into `most` bytes but at least one, if there are any.
    /// They count as waiting until they are [written](PacketQueue::written).
    pub fn take(&mut self, most: usize) -> Vec<Outgoing> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.packets.front() {
            bytes += next.packet.len() + 1;
            if bytes > most && !taken.is_empty() {
                break;
            }
            taken.extend(self.packets.pop_front());
        }
        taken
    }

    /// Notes that packets that were taken are written: this many messages, and this many bytes.
    pub fn written(&mut self, (messages, bytes): (usize, usize)) {
        self.waiting.messages -= messages;
        self.waiting.bytes -= bytes;
    }

    /// Drops the packets with a message.
    pub fn drop_messages(&mut self) {
        let (dropped, kept): (VecDeque<Outgoing>, _) =
            self.packets.drain(..).partition(|next| next.copy.is_some());
        self.packets = kept;
        self.written(sizes(&dropped));
    }

    /// Whether no packet can be taken.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Returns the size of what is not written yet.
    pub fn waiting(&self) -> WaitingBytes {
        self.waiting
    }

    /// Wakes the current task at the next change.
    pub fn watch(&mut self, cx: &Context<'_>) {
        if !self.writers.iter().any(|writer| writer.will_wake(cx.waker())) {
            self.writers.push(cx.waker().clone());
        }
    }

    /// Wakes all tasks that wait for a change.
    pub fn wake(&mut self) {
        self.writers.drain(..).for_each(Waker::wake);
    }
}

/// Counts the messages and the bytes of packets.
pub fn sizes<'a>(packets: impl IntoIterator<Item = &'a Outgoing>) -> (usize, usize) {
    let size = |next: &Outgoing| (usize::from(next.copy.is_some()), next.packet.len());
    let sizes = packets.into_iter().map(size);
    sizes.fold((0, 0), |(messages, bytes), (more, longer)| (messages + more, bytes + longer))
}
