//! What the broker has for one session and the client has not yet fetched.
//!
//! Answers go with any response, deliveries only with those that ask for them. Where the newest is
//! enough, a message gives way as soon as each of its rooms has a newer one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::link::{Full, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{Frame, Message, MessageId, Name, SessionId};
use crate::wire;

/// Which deliveries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuePolicy {
    /// All; the broker's `send_queue` is the limit.
    All,
    /// The newest of each room.
    Newest,
}

/// What waits for one session.
#[derive(Clone, Debug)]
pub struct SessionQueue {
    keep: QueuePolicy,
    inside: Arc<Mutex<Inside>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Inside {
    answers: Vec<Frame>,
    deliveries: VecDeque<Delivery>,
    waiting: WaitingBytes,
    /// The rooms that the session has joined, by queue.
    joined: BTreeMap<Name, BTreeSet<Name>>,
    /// The last response with deliveries: its number, and what was in it.
    last: (u64, Vec<Frame>),
    is_closed: bool,
    /// How many times the client has asked.
    asked: u64,
}

#[derive(Debug)]
struct Delivery {
    frame: Frame,
    bytes: usize,
    /// The session's rooms of which it is the newest.
    newest_of: BTreeSet<Name>,
}

impl SessionQueue {
    /// An empty one.
    pub fn new(keep: QueuePolicy) -> SessionQueue {
        SessionQueue { keep, inside: Arc::default(), changed: Arc::default() }
    }

    /// The session joins or leaves rooms.
    pub fn see(&self, frame: &Frame) {
        let mut inside = self.inside();
        match frame {
            Frame::Join { queue, rooms, .. } => {
                let joined = inside.joined.entry(queue.clone()).or_default();
                joined.extend(rooms.iter().map(|join| join.room.clone()));
            }
            Frame::Leave { queue, rooms, .. } => {
                let joined = inside.joined.entry(queue.clone()).or_default();
                joined.retain(|room| !rooms.contains(room));
            }
            _ => {}
        }
    }

    /// Takes the answers out.
    pub fn take_answers(&self) -> Vec<Frame> {
        std::mem::take(&mut self.inside().answers)
    }

    /// Takes everything out.
    pub fn take_all(&self) -> Vec<Frame> {
        let mut inside = self.inside();
        inside.waiting = WaitingBytes::default();
        let deliveries = std::mem::take(&mut inside.deliveries);
        let answers = std::mem::take(&mut inside.answers);
        answers.into_iter().chain(deliveries.into_iter().map(|one| one.frame)).collect()
    }

    /// Takes one frame out.
    pub fn take_next(&self) -> Option<Frame> {
        let mut inside = self.inside();
        if !inside.answers.is_empty() {
            return Some(inside.answers.remove(0));
        }
        let delivery = inside.deliveries.pop_front()?;
        inside.waiting.bytes -= delivery.bytes;
        inside.waiting.messages -= usize::from(delivery.frame.message().is_some());
        Some(delivery.frame)
    }

    /// Whether anything waits, or nothing will.
    pub fn is_ready(&self) -> bool {
        let inside = self.inside();
        !inside.answers.is_empty() || !inside.deliveries.is_empty() || inside.is_closed
    }

    /// Whether the broker has closed the session.
    pub fn is_closed(&self) -> bool {
        self.inside().is_closed
    }

    /// The client asks, and says which response it got last: what was in a later one did not
    /// arrive. The how manyth time it asks.
    pub fn ask(&self, got: u64) -> (u64, Vec<Frame>) {
        let mut inside = self.inside();
        inside.asked += 1;
        let asked = inside.asked;
        let (number, frames) = &mut inside.last;
        let lost = if got < *number { std::mem::take(frames) } else { Vec::new() };
        drop(inside);
        // Who asked before does not wait for an answer any more.
        self.changed.notify_waiters();
        (asked, lost)
    }

    /// Whether the client has not asked again since.
    pub fn is_newest(&self, asked: u64) -> bool {
        self.inside().asked == asked
    }

    /// These frames go with a response: its number.
    pub fn respond(&self, frames: &[Frame]) -> u64 {
        let mut inside = self.inside();
        let (number, last) = &mut inside.last;
        *number += 1;
        *last = frames.to_vec();
        *number
    }

    /// Waits until something may have changed; to be made before it is looked at.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("nobody panics with it")
    }
}

impl Inside {
    /// What a message takes the place of: those whose rooms it is newer in, all of them.
    fn replace(&mut self, message: &Message) -> (BTreeSet<Name>, Vec<MessageId>) {
        let joined = self.joined.get(&message.queue);
        let of = |room: &&Name| joined.is_some_and(|joined| joined.contains(*room));
        let newest_of: BTreeSet<Name> = message.rooms().iter().filter(of).cloned().collect();
        let mut replaced = Vec::new();
        let waiting = &mut self.waiting;
        self.deliveries.retain_mut(|older| {
            let Some(old) = older.frame.message().filter(|old| old.queue == message.queue) else {
                return true;
            };
            older.newest_of.retain(|room| !newest_of.contains(room));
            let stays = !older.newest_of.is_empty();
            if !stays {
                replaced.push(old.id.clone());
                waiting.messages -= 1;
                waiting.bytes -= older.bytes;
            }
            stays
        });
        (newest_of, replaced)
    }
}

impl SendHalf for SessionQueue {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<PushOutcome, Full> {
        let mut inside = self.inside();
        let mut replaced = Vec::new();
        match frame {
            Frame::Push { .. } | Frame::Gap { .. } => {
                let mut newest_of = BTreeSet::new();
                if let (QueuePolicy::Newest, Some(message)) = (self.keep, frame.message()) {
                    (newest_of, replaced) = inside.replace(message);
                }
                let bytes = wire::encode(frame).len();
                inside.waiting.bytes += bytes;
                inside.waiting.messages += usize::from(frame.message().is_some());
                inside.deliveries.push_back(Delivery { frame: frame.clone(), bytes, newest_of });
            }
            _ => inside.answers.push(frame.clone()),
        }
        drop(inside);
        self.changed.notify_waiters();
        Ok(if replaced.is_empty() { PushOutcome::Later } else { PushOutcome::Instead(replaced) })
    }

    fn waiting(&self) -> WaitingBytes {
        self.inside().waiting
    }

    /// Deliveries end with the session; the goodbye can still be fetched.
    fn close(&mut self) {
        let mut inside = self.inside();
        inside.is_closed = true;
        inside.deliveries.clear();
        inside.waiting = WaitingBytes::default();
        drop(inside);
        self.changed.notify_waiters();
    }
}
