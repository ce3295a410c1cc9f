//! Delivers frames, opens and closes connections, and passes inputs and outputs of the state
//! machines.

use crate::core::{
    BrokerInput, BrokerOutput, ClientInput, ClientMachine, ClientOutput, ConnectionId, Machine,
};
use crate::message::{EndReason, Frame, GapReason, Name, Note, Reliability};

use super::node::Pipe;
use super::{BROKER, FrameDirection, Model, Noticed, PUBLISHER, process};

impl Model {
    pub(super) fn deliver(&mut self, direction: FrameDirection, n: usize) -> bool {
        match direction {
            FrameDirection::ToBroker => self.deliver_to_broker(n),
            FrameDirection::ToClient => self.deliver_to_client(n),
        }
    }

    /// Delivers the first frame of a client to the broker. Returns whether there was one.
    ///
    /// If the broker has no such connection, a reliable link resets it; over a lossy link the frame
    /// opens a new connection.
    fn deliver_to_broker(&mut self, n: usize) -> bool {
        let Some(pipe) = &mut self.nodes[n].pipe else { return false };
        let Some(frame) = pipe.to_broker.pop_front() else { return false };
        if !pipe.is_open_at_broker && self.options.link.reliability == Reliability::Reliable {
            return self.break_connection(Noticed::ByBoth, n);
        }
        let mut connection = pipe.connection;
        if !pipe.is_open_at_broker {
            self.last_connection += 1;
            connection = ConnectionId(self.last_connection);
            (pipe.connection, pipe.is_open_at_broker) = (connection, true);
            pipe.bytes_told = 0;
            self.feed_broker(BrokerInput::Opened { connection });
        }
        self.feed_broker(BrokerInput::Received { connection, frame });
        true
    }

    /// Delivers a late frame of the client's previous connection. The broker's answers are lost.
    pub(super) fn deliver_late(&mut self, n: usize) -> bool {
        let Some(pipe) = &mut self.nodes[n].former else { return false };
        let Some(frame) = pipe.to_broker.pop_front() else { return false };
        let mut connection = pipe.connection;
        if !pipe.is_open_at_broker {
            self.last_connection += 1;
            connection = ConnectionId(self.last_connection);
            (pipe.connection, pipe.is_open_at_broker) = (connection, true);
            self.feed_broker(BrokerInput::Opened { connection });
        }
        self.feed_broker(BrokerInput::Received { connection, frame });
        true
    }

    /// Delivers the first frame to a client. Over a reliable link the frame waits while the client
    /// does not want to read.
    fn deliver_to_client(&mut self, n: usize) -> bool {
        let is_reliable = self.options.link.reliability == Reliability::Reliable;
        let node = &mut self.nodes[n];
        if is_reliable && !node.client.wants_to_read() {
            return false;
        }
        let Some(pipe) = &mut node.pipe else { return false };
        let Some(frame) = pipe.pop_to_client() else { return false };
        self.feed_client(n, ClientInput::Received { frame });
        self.report_queue_room(n);
        true
    }

    /// Tells the broker that its send queue has room again, if it last knew the queue to be full.
    fn report_queue_room(&mut self, n: usize) {
        let send_queue = self.options.broker.send_queue;
        let Some(pipe) = &mut self.nodes[n].pipe else { return };
        if pipe.bytes_told >= send_queue && pipe.bytes < send_queue {
            let (connection, bytes) = (pipe.connection, pipe.bytes);
            pipe.bytes_told = bytes;
            self.feed_broker(BrokerInput::Queued { connection, bytes });
        }
    }

    pub(super) fn return_handler(&mut self, n: usize) -> bool {
        let Some(sequence) = self.nodes[n].calls.pop_front() else { return false };
        self.checker.handle(n, sequence, self.now);
        self.feed_client(n, ClientInput::HandlerReturned);
        true
    }

    /// Applies `disturb` to a client's frames in flight, if the link is lossy.
    pub(super) fn disturb(&mut self, n: usize, disturb: impl FnOnce(&mut Pipe) -> bool) -> bool {
        let is_lossy = self.options.link.reliability == Reliability::Lossy;
        let pipe = self.nodes[n].pipe.as_mut().filter(|_| is_lossy);
        pipe.is_some_and(disturb)
    }

    pub(super) fn break_connection(&mut self, noticed: Noticed, n: usize) -> bool {
        let reason = EndReason::Reset;
        let Some(pipe) = &mut self.nodes[n].pipe else { return false };
        let (connection, was_open) = (pipe.connection, pipe.is_open_at_broker);
        if noticed != Noticed::ByClient && was_open {
            pipe.is_open_at_broker = false;
            self.feed_broker(BrokerInput::Closed { connection, reason });
        }
        if noticed != Noticed::ByBroker {
            self.nodes[n].drop_connection(self.options.link);
            self.feed_client(n, ClientInput::Disconnected { reason });
        }
        noticed != Noticed::ByBroker || was_open
    }

    /// Closes the connection at the client. Over a lossy link the broker is not told.
    pub(super) fn close_pipe(&mut self, n: usize, reason: EndReason) {
        self.nodes[n].is_connecting = false;
        let connection = self.nodes[n].drop_connection(self.options.link);
        if let Some(connection) =
            connection.filter(|_| self.options.link.reliability == Reliability::Reliable)
        {
            self.feed_broker(BrokerInput::Closed { connection, reason });
        }
    }

    /// Opens all connections that clients have asked for.
    pub(super) fn connect_all(&mut self) {
        while std::mem::take(&mut self.is_connect_pending) {
            for n in 0..self.nodes.len() {
                if std::mem::take(&mut self.nodes[n].is_connecting) {
                    self.last_connection += 1;
                    let connection = ConnectionId(self.last_connection);
                    self.nodes[n].pipe = Some(Pipe::new(connection, self.options.link));
                    self.feed_broker(BrokerInput::Opened { connection });
                    self.feed_client(n, ClientInput::Connected);
                }
            }
        }
    }

    pub(super) fn feed_client(&mut self, n: usize, input: ClientInput) {
        self.nodes[n].client.handle(self.now, input);
        while let Some(output) = self.nodes[n].client.poll() {
            let node = &mut self.nodes[n];
            match output {
                ClientOutput::Connect { .. } => {
                    node.is_connecting = true;
                    self.is_connect_pending = true;
                }
                ClientOutput::Close { .. } => self.close_pipe(n, EndReason::Fin),
                ClientOutput::Send { frame } => {
                    // Only a mutant sends after its connection is gone.
                    if let Some(pipe) = &mut node.pipe {
                        pipe.push_to_broker(frame);
                    }
                }
                // What is sent is in the pipe at once.
                ClientOutput::Withdraw { .. } => {}
                ClientOutput::CallHandler { message, .. } => {
                    node.calls.push_back(message.id.sequence)
                }
                ClientOutput::Note(note) => {
                    self.tally.note(process(n), &note);
                    self.checker.note(n, &note);
                }
            }
        }
    }

    pub(super) fn feed_broker(&mut self, input: BrokerInput) {
        self.broker.handle(self.now, input);
        while let Some(output) = self.broker.poll() {
            match output {
                BrokerOutput::Send { connection, frame } => {
                    if let Some(pipe) = self.pipe(connection) {
                        pipe.push_to_client(frame);
                    }
                }
                BrokerOutput::Close { connection, reason } => {
                    if let Some(pipe) = self.pipe(connection) {
                        pipe.push_to_client(Frame::Bye { reason });
                        pipe.is_open_at_broker = false;
                    } else {
                        self.close_former(connection);
                    }
                }
                BrokerOutput::CallHandler { .. } => {}
                BrokerOutput::Note(note) => {
                    self.tally.note(BROKER, &note);
                    self.note_of_broker(&note);
                }
            }
        }
    }

    fn note_of_broker(&mut self, note: &Note) {
        match note {
            Note::Accepted { id, position, .. } => self.checker.accept(id.sequence, *position),
            Note::Refused { id } => self.checker.refuse(id.sequence),
            Note::Trimmed { id, position, .. } => self.checker.trim(id.sequence, *position),
            Note::SessionOpened { client, .. } => {
                if let Some(n) = self.subscriber(client) {
                    self.checker.session(n, None);
                }
            }
            Note::SessionClosed { client, .. } => {
                if let Some(n) = self.subscriber(client) {
                    self.checker.session(n, Some(self.now));
                }
            }
            Note::SessionExpired { client } => {
                if let Some(n) = self.subscriber(client) {
                    self.checker.expire(n, self.now);
                }
            }
            Note::Subscribed { client, .. } => {
                if let Some(n) = self.subscriber(client) {
                    self.checker.record(n);
                }
            }
            Note::BecameGap { client, position, reason: GapReason::Overflowed, .. } => {
                if let Some(n) = self.subscriber(client) {
                    self.checker.overflow(n, *position);
                }
            }
            _ => {}
        }
    }

    fn subscriber(&self, client: &Name) -> Option<usize> {
        self.names.iter().position(|name| name == client).filter(|n| *n != PUBLISHER)
    }

    fn close_former(&mut self, connection: ConnectionId) {
        let formers = self.nodes.iter_mut().filter_map(|node| node.former.as_mut());
        for former in formers.filter(|pipe| pipe.connection == connection) {
            former.is_open_at_broker = false;
        }
    }

    fn pipe(&mut self, connection: ConnectionId) -> Option<&mut Pipe> {
        let pipes = self.nodes.iter_mut().filter_map(|node| node.pipe.as_mut());
        pipes.filter(|pipe| pipe.is_open_at_broker).find(|pipe| pipe.connection == connection)
    }
}
