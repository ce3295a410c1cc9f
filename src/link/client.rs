//! A client's process: one client machine, its connection, and the application on top.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::broker_driver::sleep_until;
use super::{
    ConnectContext, LinkDriver, LinkEvent, PushOutcome, Reading, ReceiveHalf, SendHalf, end_of,
};
use crate::core::{ClientInput, ClientMachine, ClientOutput, Numbering};
use crate::history::EventKind;
use crate::message::{Cursor, Message, Name, Note, PushKind};
use crate::net::Net;

/// What runs on top of a client: it publishes, handles, joins, comes and goes.
pub trait ClientApp: Send {
    /// Waits for the next thing that the application does. It may be dropped while it waits.
    fn next(&mut self) -> impl Future<Output = ClientInput> + Send;

    /// Starts the handler of a message; when it has returned, [`ClientApp::next`] says so.
    fn handle(&mut self, message: &Arc<Message>, kind: PushKind);

    /// Keeps the numbers that survive a crash.
    fn keep(&mut self, numbering: Numbering);
}

/// Runs a client for ever.
pub async fn run<C: LinkDriver, N: Net>(
    carrier: C,
    dial: ConnectContext<N>,
    client: Box<dyn ClientMachine>,
    app: impl ClientApp,
) {
    let mut process = Process { carrier, dial, client, app, connection: Connection::None };
    process.tell(ClientInput::Started);
    loop {
        let input = process.next().await;
        process.tell(input);
    }
}

struct Process<C: LinkDriver, N: Net, A> {
    carrier: C,
    dial: ConnectContext<N>,
    client: Box<dyn ClientMachine>,
    app: A,
    connection: Connection<C, N>,
}

type Connecting<C, N> = Pin<
    Box<
        dyn Future<Output = io::Result<(Box<dyn SendHalf>, <C as LinkDriver>::ReceiveHalf<N>)>>
            + Send,
    >,
>;

enum Connection<C: LinkDriver, N: Net> {
    None,
    Attempt(Connecting<C, N>),
    Open(Box<dyn SendHalf>, C::ReceiveHalf<N>),
}

impl<C: LinkDriver, N: Net, A: ClientApp> Process<C, N, A> {
    /// Waits for the next fact.
    async fn next(&mut self) -> ClientInput {
        let reading = if self.client.wants_to_read() { Reading::Wanted } else { Reading::Paused };
        let deadline = self.client.deadline();
        let connection = &mut self.connection;
        loop {
            tokio::select! {
                biased;
                input = self.app.next() => return input,
                input = on_connection(connection, reading) => {
                    if let Some(input) = input {
                        return input;
                    }
                }
                () = sleep_until(&self.dial.net, deadline) => return ClientInput::Elapsed,
            }
        }
    }

    /// Tells the machine a fact, and carries out its orders.
    fn tell(&mut self, input: ClientInput) {
        self.client.handle(self.dial.net.now(), input);
        let mut session = None;
        while let Some(output) = self.client.poll() {
            match output {
                ClientOutput::Connect { known } => self.connect(known),
                ClientOutput::Close { reason } => {
                    let connection = std::mem::replace(&mut self.connection, Connection::None);
                    if let Connection::Open(_, mut inlet) = connection {
                        inlet.leave(reason);
                    }
                }
                ClientOutput::Note(note) => {
                    if let Note::Sent { session: of, .. } = &note {
                        session = Some(of.clone());
                    }
                    self.record(EventKind::Note(note));
                }
                ClientOutput::Handle { message, kind } => self.app.handle(&message, kind),
                ClientOutput::Send { frame } => {
                    let Connection::Open(lane, _) = &mut self.connection else { continue };
                    let of = frame.message().and_then(|_| session.take());
                    let taken = lane.push(&frame, of.as_ref());
                    if let (Ok(PushOutcome::At { flow, end }), Some(message), Some(session)) =
                        (taken, frame.message(), of)
                    {
                        let id = message.id.clone();
                        self.record(EventKind::Carried { id, session, flow, end });
                    }
                }
            }
        }
        self.app.keep(self.client.numbering());
        self.dial.recorder.holds(self.client.holds() as u64, 0);
    }

    fn connect(&mut self, known: Vec<(Name, Cursor)>) {
        let (carrier, dial) = (self.carrier.clone(), ConnectContext { known, ..self.dial.clone() });
        self.connection = Connection::Attempt(Box::pin(async move { carrier.connect(dial).await }));
    }

    fn record(&self, what: EventKind) {
        self.dial.recorder.record(self.dial.net.now(), what);
    }
}

/// Waits for something to happen on a connection; `None` is nothing that the machine must know.
async fn on_connection<C: LinkDriver, N: Net>(
    connection: &mut Connection<C, N>,
    reading: Reading,
) -> Option<ClientInput> {
    match connection {
        Connection::None => std::future::pending().await,
        Connection::Attempt(attempt) => match attempt.await {
            Ok((lane, inlet)) => {
                *connection = Connection::Open(lane, inlet);
                Some(ClientInput::Connected)
            }
            Err(error) => {
                *connection = Connection::None;
                Some(ClientInput::Disconnected { reason: end_of(&error) })
            }
        },
        Connection::Open(_, inlet) => match inlet.next(reading).await {
            LinkEvent::Frame(frame) => Some(ClientInput::Received { frame }),
            LinkEvent::Malformed(reason) => Some(ClientInput::Garbled { reason }),
            LinkEvent::Flushed(_) => None,
            LinkEvent::Retry(after) => Some(ClientInput::Retry { after }),
            LinkEvent::Undelivered(frames, reason) => {
                Some(ClientInput::Undelivered { frames, reason })
            }
            LinkEvent::Ended(reason) => {
                *connection = Connection::None;
                Some(ClientInput::Disconnected { reason })
            }
        },
    }
}
