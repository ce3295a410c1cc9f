//! A queue of outgoing packets, with the tasks that wait to write them.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::link::WaitingBytes;
use crate::link::tap::CopyOf;

use super::event::{BinaryAttachment, PacketKind, SocketIoPacket};
use super::packet::{EnginePacket, SEPARATOR};

/// An outgoing packet.
#[derive(Debug)]
pub struct Outgoing {
    /// The packet as text.
    pub packet: String,
    /// The bytes that follow in a packet of their own, if any.
    pub attachment: Option<Vec<u8>>,
    /// The copy of a message that it carries, if any.
    pub copy: Option<CopyOf>,
}

impl Outgoing {
    /// Creates a packet of Socket.IO, with the copy of a message that it carries.
    pub fn of(event: SocketIoPacket, copy: Option<CopyOf>) -> Outgoing {
        let packet = EnginePacket::Message(event.encode()).encode();
        let attachment = match event.what {
            PacketKind::Event { attachment: BinaryAttachment::Bytes(bytes), .. } => Some(bytes),
            _ => None,
        };
        Outgoing { packet, attachment, copy }
    }

    /// Returns the number of bytes: of the text, and of the attachment as it is.
    fn len(&self) -> usize {
        self.packet.len() + self.attachment.as_ref().map_or(0, Vec::len)
    }

    /// Returns the number of bytes in a body.
    fn len_in_body(&self) -> usize {
        let base64 = |bytes: &Vec<u8>| 2 + bytes.len().div_ceil(3) * 4;
        self.packet.len() + self.attachment.as_ref().map_or(0, base64)
    }
}

impl From<EnginePacket> for Outgoing {
    fn from(packet: EnginePacket) -> Outgoing {
        Outgoing { packet: packet.encode(), attachment: None, copy: None }
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
            bytes += next.len_in_body() + 1;
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

/// Encodes packets as the body of a poll's answer or of a post. Returns the copies in it, too.
pub fn body(packets: Vec<Outgoing>) -> (String, Vec<CopyOf>) {
    let (mut body, mut copies) = (String::new(), Vec::new());
    for Outgoing { packet, attachment, copy } in packets {
        let attachment = attachment.map(|bytes| EnginePacket::Binary(bytes).encode());
        for text in [Some(packet), attachment].into_iter().flatten() {
            if !body.is_empty() {
                body.push(SEPARATOR);
            }
            body += &text;
        }
        copies.extend(copy);
    }
    (body, copies)
}

/// Counts the messages and the bytes of packets.
pub fn sizes<'a>(packets: impl IntoIterator<Item = &'a Outgoing>) -> (usize, usize) {
    let size = |next: &Outgoing| (usize::from(next.copy.is_some()), next.len());
    let sizes = packets.into_iter().map(size);
    sizes.fold((0, 0), |(messages, bytes), (more, longer)| (messages + more, bytes + longer))
}
