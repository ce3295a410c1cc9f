//! The broker's frames for one session that the client has not fetched yet.
//!
//! Answers go with any response; deliveries only with responses to requests for them. With the
//! policy `Newest`, a message is dropped as soon as each of its rooms has a newer one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::link::{PushError, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{Frame, Message, MessageId, Name, SessionId};
use crate::wire;

/// The policy by which deliveries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuePolicy {
    /// All of them; the broker's `send_queue` is the limit.
    All,
    /// The newest delivery of each room.
    Newest,
}

/// A queue of the frames that wait for one session.
#[derive(Clone, Debug)]
pub struct SessionQueue {
    policy: QueuePolicy,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    answers: Vec<Frame>,
    deliveries: VecDeque<Delivery>,
    waiting: WaitingBytes,
    /// The rooms that the session has joined, by queue.
    joined: BTreeMap<Name, BTreeSet<Name>>,
    /// The number of the last response to a poll, and its frames.
    last: (u64, Vec<Frame>),
    is_closed: bool,
    /// Number of polls so far.
    asked: u64,
}

#[derive(Debug)]
struct Delivery {
    frame: Frame,
    bytes: usize,
    /// The joined rooms of which this is the newest delivery.
    newest_of: BTreeSet<Name>,
}

impl SessionQueue {
    /// Creates an empty queue.
    pub fn new(policy: QueuePolicy) -> SessionQueue {
        SessionQueue { policy, state: Arc::default(), changed: Arc::default() }
    }

    /// Notes the rooms that the session joins or leaves.
    pub fn see(&self, frame: &Frame) {
        let mut state = self.state();
        match frame {
            Frame::Join { queue, rooms, .. } => {
                let joined = state.joined.entry(queue.clone()).or_default();
                joined.extend(rooms.iter().map(|join| join.room.clone()));
            }
            Frame::Leave { queue, rooms, .. } => {
                let joined = state.joined.entry(queue.clone()).or_default();
                joined.retain(|room| !rooms.contains(room));
            }
            _ => {}
        }
    }

    /// Takes all answers.
    pub fn take_answers(&self) -> Vec<Frame> {
        std::mem::take(&mut self.state().answers)
    }

    /// Takes all frames: answers first, then deliveries.
    pub fn take_all(&self) -> Vec<Frame> {
        let mut state = self.state();
        state.waiting = WaitingBytes::default();
        let deliveries = std::mem::take(&mut state.deliveries);
        let answers = std::mem::take(&mut state.answers);
        answers.into_iter().chain(deliveries.into_iter().map(|one| one.frame)).collect()
    }

    /// Takes one frame: an answer if there is one, else the oldest delivery.
    pub fn take_next(&self) -> Option<Frame> {
        let mut state = self.state();
        if !state.answers.is_empty() {
            return Some(state.answers.remove(0));
        }
        let delivery = state.deliveries.pop_front()?;
        state.waiting.bytes -= delivery.bytes;
        state.waiting.messages -= usize::from(delivery.frame.message().is_some());
        Some(delivery.frame)
    }

    /// Whether a frame waits, or the session is closed.
    pub fn is_ready(&self) -> bool {
        let state = self.state();
        !state.answers.is_empty() || !state.deliveries.is_empty() || state.is_closed
    }

    /// Whether the broker has closed the session.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Registers a poll; `got` is the number of the last response that the client got. Returns the
    /// poll's own number, and the frames of a later response, which the client did not get.
    pub fn ask(&self, got: u64) -> (u64, Vec<Frame>) {
        let mut state = self.state();
        state.asked += 1;
        let asked = state.asked;
        let (number, frames) = &mut state.last;
        let lost = if got < *number { std::mem::take(frames) } else { Vec::new() };
        drop(state);
        // Releases an earlier poll that is still held: its client no longer waits for it.
        self.changed.notify_waiters();
        (asked, lost)
    }

    /// Whether a poll is the newest one.
    pub fn is_newest(&self, asked: u64) -> bool {
        self.state().asked == asked
    }

    /// Notes the frames of a response to a poll, and returns the response's number.
    pub fn respond(&self, frames: &[Frame]) -> u64 {
        let mut state = self.state();
        let (number, last) = &mut state.last;
        *number += 1;
        *last = frames.to_vec();
        *number
    }

    /// Returns a future that waits until something may have changed. Create it before looking at
    /// the queue, so that no change is missed.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the lock is not poisoned")
    }
}

impl State {
    /// Removes the deliveries that a message replaces: those that are no longer the newest of any
    /// room. Returns the joined rooms of the message, and the ids of the removed messages.
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
    fn push(
        &mut self,
        frame: &Frame,
        _session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let mut state = self.state();
        let mut replaced = Vec::new();
        match frame {
            Frame::Push { .. } | Frame::Gap { .. } => {
                let bytes = wire::encode(frame).len();
                if bytes > wire::MOST_FRAME {
                    return Err(PushError::TooLong);
                }
                let mut newest_of = BTreeSet::new();
                if let (QueuePolicy::Newest, Some(message)) = (self.policy, frame.message()) {
                    (newest_of, replaced) = state.replace(message);
                }
                state.waiting.bytes += bytes;
                state.waiting.messages += usize::from(frame.message().is_some());
                state.deliveries.push_back(Delivery { frame: frame.clone(), bytes, newest_of });
            }
            _ => state.answers.push(frame.clone()),
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(if replaced.is_empty() { PushOutcome::Later } else { PushOutcome::Instead(replaced) })
    }

    fn waiting(&self) -> WaitingBytes {
        self.state().waiting
    }

    /// Drops the deliveries. A goodbye can still be fetched.
    fn close(&mut self) {
        let mut state = self.state();
        state.is_closed = true;
        state.deliveries.clear();
        state.waiting = WaitingBytes::default();
        drop(state);
        self.changed.notify_waiters();
    }
}
