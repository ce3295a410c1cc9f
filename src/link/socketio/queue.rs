//! Packets on their way out, and the tasks that wait to write them.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::link::WaitingBytes;
use crate::link::tap::CopyOf;

use super::packet::EnginePacket;

/// A packet on its way out.
#[derive(Debug)]
pub struct Outgoing {
    /// As text.
    pub packet: String,
    /// The copy that it carries.
    pub copy: Option<CopyOf>,
}

impl From<EnginePacket> for Outgoing {
    fn from(packet: EnginePacket) -> Outgoing {
        Outgoing { packet: packet.encode(), copy: None }
    }
}

/// Packets that are not written yet, in order.
#[derive(Debug, Default)]
pub struct PacketQueue {
    packets: VecDeque<Outgoing>,
    waiting: WaitingBytes,
    writers: Vec<Waker>,
}

impl PacketQueue {
    /// Adds a packet, and wakes who waits for one.
    pub fn push(&mut self, next: Outgoing) {
        let (messages, bytes) = sizes([&next]);
        self.waiting.messages += messages;
        self.waiting.bytes += bytes;
        self.packets.push_back(next);
        self.wake();
    }

    /// Takes the next packets, as many as fit into `most` bytes and one at least. They wait until
    /// they are [written](PacketQueue::written).
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

    /// Some of what was taken is written: so many messages, so many bytes.
    pub fn written(&mut self, (messages, bytes): (usize, usize)) {
        self.waiting.messages -= messages;
        self.waiting.bytes -= bytes;
    }

    /// Throws away the messages that wait.
    pub fn drop_messages(&mut self) {
        let (dropped, kept): (VecDeque<Outgoing>, _) =
            self.packets.drain(..).partition(|next| next.copy.is_some());
        self.packets = kept;
        self.written(sizes(&dropped));
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// What was not written yet.
    pub fn waiting(&self) -> WaitingBytes {
        self.waiting
    }

    /// Wakes a task when something has changed.
    pub fn watch(&mut self, cx: &Context<'_>) {
        if !self.writers.iter().any(|writer| writer.will_wake(cx.waker())) {
            self.writers.push(cx.waker().clone());
        }
    }

    /// Something has changed.
    pub fn wake(&mut self) {
        self.writers.drain(..).for_each(Waker::wake);
    }
}

/// How many messages and bytes packets are.
pub fn sizes<'a>(packets: impl IntoIterator<Item = &'a Outgoing>) -> (usize, usize) {
    let size = |next: &Outgoing| (usize::from(next.copy.is_some()), next.packet.len());
    let sizes = packets.into_iter().map(size);
    sizes.fold((0, 0), |(messages, bytes), (more, longer)| (messages + more, bytes + longer))
}
