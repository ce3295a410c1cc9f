//! One client in a mailbag: its machine, its connection, its handler.

use std::collections::VecDeque;

use crate::core::{
    Client, ClientOptions, ConnectionId, Intercepted, LinkSemantics, Numbering, Reliability,
};
use crate::message::{Frame, Name};
use crate::mutant;

use super::{Mail, Way};

/// Most frames that wait on a connection of a lossy path, each way; what comes then is lost.
const MOST_FRAMES_LOSSY: usize = 1_000;

/// One client.
pub struct ModelNode {
    /// The machine of the living process, or of the one that starts next.
    pub client: Intercepted<Client>,
    /// The connection, as the client sees it.
    pub pipe: Option<Pipe>,
    /// The connection before it: what it still carries may reach the broker (lossy paths only).
    pub former: Option<Pipe>,
    /// Whether a connection was ordered.
    pub is_connecting: bool,
    /// Whether it runs.
    pub state: State,
    /// The sequences of the messages whose handlers run: one, unless a mutant calls more.
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

/// A connection, and what is on its way on it.
pub struct Pipe {
    /// What the broker's side calls it.
    pub peer: ConnectionId,
    /// Whether the broker's side is still there.
    pub is_open_at_broker: bool,
    /// From the client.
    pub to_broker: VecDeque<Frame>,
    /// To the client.
    pub to_client: VecDeque<Frame>,
    /// Bytes of messages in `to_client`.
    pub bytes: usize,
    /// The same, as the broker knows it: what it was told last, and what it has sent since.
    pub bytes_told: usize,
    /// Most frames each way.
    most: usize,
}

impl ModelNode {
    /// A client that has not started.
    pub fn new(mail: &Mail, name: Name) -> ModelNode {
        ModelNode {
            client: machine(mail, name, Numbering::default()),
            pipe: None,
            former: None,
            is_connecting: false,
            state: State::Down,
            calls: VecDeque::new(),
        }
    }

    /// The process dies; the machine is that of the next one.
    pub fn crash(&mut self, mail: &Mail, name: Name) {
        let numbering = self.client.numbering();
        self.client = machine(mail, name, numbering);
        self.state = State::Down;
        self.is_connecting = false;
        self.calls.clear();
    }

    /// The connection is gone for the client. What it carries may be late, if frames can be.
    pub fn let_go(&mut self, path: LinkSemantics) -> Option<ConnectionId> {
        let pipe = self.pipe.take()?;
        let peer = pipe.peer;
        if path.frames == Reliability::Lossy {
            self.former = Some(pipe);
        }
        Some(peer)
    }
}

impl Pipe {
    /// A new connection.
    pub fn new(peer: ConnectionId, path: LinkSemantics) -> Pipe {
        let most = match path.frames {
            Reliability::Reliable => usize::MAX,
            Reliability::Lossy => MOST_FRAMES_LOSSY,
        };
        Pipe {
            peer,
            is_open_at_broker: true,
            to_broker: VecDeque::new(),
            to_client: VecDeque::new(),
            bytes: 0,
            bytes_told: 0,
            most,
        }
    }

    /// The client sends a frame.
    pub fn push_to_broker(&mut self, frame: Frame) {
        if self.to_broker.len() < self.most {
            self.to_broker.push_back(frame);
        }
    }

    /// The broker sends a frame.
    pub fn push_to_client(&mut self, frame: Frame) {
        let size = size(&frame);
        self.bytes_told += size;
        if self.to_client.len() < self.most {
            self.bytes += size;
            self.to_client.push_back(frame);
        }
    }

    /// The first frame for the client is taken out.
    pub fn pop_to_client(&mut self) -> Option<Frame> {
        let frame = self.to_client.pop_front()?;
        self.bytes -= size(&frame);
        Some(frame)
    }

    /// The first frame is lost. Says whether there was one.
    pub fn lose(&mut self, way: Way) -> bool {
        match way {
            Way::ToBroker => self.to_broker.pop_front().is_some(),
            Way::ToClient => self.pop_to_client().is_some(),
        }
    }

    /// The first frame gets a copy, behind all others.
    pub fn double(&mut self, way: Way) -> bool {
        let most = self.most;
        let mail = self.mail(way);
        if mail.len() >= most {
            return false;
        }
        let Some(copy) = mail.front().cloned() else { return false };
        if way == Way::ToClient {
            self.bytes += size(&copy);
        }
        self.mail(way).push_back(copy);
        true
    }

    /// The first frame goes behind all others.
    pub fn overtake(&mut self, way: Way) -> bool {
        let mail = self.mail(way);
        let happened = mail.len() > 1;
        mail.rotate_left(usize::from(happened));
        happened
    }

    fn mail(&mut self, way: Way) -> &mut VecDeque<Frame> {
        match way {
            Way::ToBroker => &mut self.to_broker,
            Way::ToClient => &mut self.to_client,
        }
    }
}

/// Bytes of the message that a frame carries.
fn size(frame: &Frame) -> usize {
    frame.message().map_or(0, |message| message.size())
}

fn machine(mail: &Mail, name: Name, numbering: Numbering) -> Intercepted<Client> {
    let options = ClientOptions {
        process: name.clone(),
        client: name,
        mode: mail.mode,
        path: mail.path,
        limits: mail.client.clone(),
        jitter_seed: 1,
        numbering,
    };
    mutant::client(mail.mutant, options)
}
