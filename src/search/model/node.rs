//! One client of a model: its state machine, its connection, its handler.

use std::collections::VecDeque;

use crate::core::{Client, ClientMachine, ClientOptions, ConnectionId, Intercepted, Numbering};
use crate::message::{Frame, LinkSemantics, Name, Reliability};
use crate::mutant;

use super::{FrameDirection, ModelOptions};

/// Most frames in flight on a connection of a lossy link, each way; more are lost.
const MOST_FRAMES_LOSSY: usize = 1_000;

/// One client of a model.
pub struct ModelNode {
    /// The state machine of the living process, or of the one that starts next.
    pub client: Intercepted<Client>,
    /// The connection, as the client sees it.
    pub pipe: Option<Pipe>,
    /// The previous connection, whose frames may still reach the broker (lossy links only).
    pub former: Option<Pipe>,
    /// Whether the client has asked for a connection.
    pub is_connecting: bool,
    /// Whether the client runs.
    pub state: State,
    /// Sequences of the messages whose handlers run: at most one, unless a mutant calls more.
    pub calls: VecDeque<u64>,
}

/// Whether a client runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its process runs.
    Here,
    /// It runs, and stays away on purpose.
    Away,
    /// It died.
    Down,
}

/// A connection, and the frames in flight on it.
pub struct Pipe {
    /// The broker's id of the connection.
    pub connection: ConnectionId,
    /// Whether the connection is open at the broker.
    pub is_open_at_broker: bool,
    /// Frames from the client.
    pub to_broker: VecDeque<Frame>,
    /// Frames to the client.
    pub to_client: VecDeque<Frame>,
    /// Bytes of messages in `to_client`.
    pub bytes: usize,
    /// The broker's view of `bytes`: the last value that it was told, and all that it sent since.
    pub bytes_told: usize,
    /// Most frames each way.
    most: usize,
}

impl ModelNode {
    /// Creates a client that has not started.
    pub fn new(options: &ModelOptions, name: Name) -> ModelNode {
        ModelNode {
            client: machine(options, name, Numbering::default()),
            pipe: None,
            former: None,
            is_connecting: false,
            state: State::Down,
            calls: VecDeque::new(),
        }
    }

    /// Kills the process, and makes the state machine of the next one, with the same numbering.
    pub fn crash(&mut self, options: &ModelOptions, name: Name) {
        let numbering = self.client.numbering();
        self.client = machine(options, name, numbering);
        self.state = State::Down;
        self.is_connecting = false;
        self.calls.clear();
    }

    /// Drops the connection at the client, and returns its id. Over a lossy link its frames may
    /// still arrive late.
    pub fn drop_connection(&mut self, link: LinkSemantics) -> Option<ConnectionId> {
        let pipe = self.pipe.take()?;
        let connection = pipe.connection;
        if link.reliability == Reliability::Lossy {
            self.former = Some(pipe);
        }
        Some(connection)
    }
}

impl Pipe {
    /// Opens a connection.
    pub fn new(connection: ConnectionId, link: LinkSemantics) -> Pipe {
        let most = match link.reliability {
            Reliability::Reliable => usize::MAX,
            Reliability::Lossy => MOST_FRAMES_LOSSY,
        };
        Pipe {
            connection,
            is_open_at_broker: true,
            to_broker: VecDeque::new(),
            to_client: VecDeque::new(),
            bytes: 0,
            bytes_told: 0,
            most,
        }
    }

    /// Sends a frame from the client.
    pub fn push_to_broker(&mut self, frame: Frame) {
        if self.to_broker.len() < self.most {
            self.to_broker.push_back(frame);
        }
    }

    /// Sends a frame from the broker.
    pub fn push_to_client(&mut self, frame: Frame) {
        let size = size(&frame);
        self.bytes_told += size;
        if self.to_client.len() < self.most {
            self.bytes += size;
            self.to_client.push_back(frame);
        }
    }

    /// Takes out the first frame for the client.
    pub fn pop_to_client(&mut self) -> Option<Frame> {
        let frame = self.to_client.pop_front()?;
        self.bytes -= size(&frame);
        Some(frame)
    }

    /// Loses the first frame. Returns whether there was one.
    pub fn lose(&mut self, direction: FrameDirection) -> bool {
        match direction {
            FrameDirection::ToBroker => self.to_broker.pop_front().is_some(),
            FrameDirection::ToClient => self.pop_to_client().is_some(),
        }
    }

    /// Appends a copy of the first frame behind all others. Returns whether it did.
    pub fn double(&mut self, direction: FrameDirection) -> bool {
        let most = self.most;
        let frames = self.frames(direction);
        if frames.len() >= most {
            return false;
        }
        let Some(copy) = frames.front().cloned() else { return false };
        if direction == FrameDirection::ToClient {
            self.bytes += size(&copy);
        }
        self.frames(direction).push_back(copy);
        true
    }

    /// Moves the first frame behind all others. Returns whether there were others.
    pub fn overtake(&mut self, direction: FrameDirection) -> bool {
        let frames = self.frames(direction);
        let happened = frames.len() > 1;
        frames.rotate_left(usize::from(happened));
        happened
    }

    fn frames(&mut self, direction: FrameDirection) -> &mut VecDeque<Frame> {
        match direction {
            FrameDirection::ToBroker => &mut self.to_broker,
            FrameDirection::ToClient => &mut self.to_client,
        }
    }
}

/// Returns the bytes of the message that a frame carries; 0 if it carries none.
fn size(frame: &Frame) -> usize {
    frame.message().map_or(0, |message| message.size())
}

fn machine(options: &ModelOptions, name: Name, numbering: Numbering) -> Intercepted<Client> {
    let client = ClientOptions {
        process: name.clone(),
        client: name,
        mode: options.mode,
        link: options.link,
        limits: options.client.clone(),
        jitter_seed: 1,
        numbering,
        will: None,
    };
    mutant::client(options.mutant, client)
}
