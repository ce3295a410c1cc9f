//! A client's process: one client machine, its connection, and the application on top.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::hub::sleep_until;
use super::{Carrier, Dial, Happening, Inlet, Lane, Reading, Taken, end_of};
use crate::core::{ClientInput, ClientMachine, ClientOutput, Numbering};
use crate::history::What;
use crate::message::{Known, Message, Name, Note, PushKind};
use crate::net::Net;

/// What runs on top of a client: it publishes, handles, joins, comes and goes.
pub trait App: Send {
    /// Waits for the next thing that the application does. It may be dropped while it waits.
    fn next(&mut self) -> impl Future<Output = ClientInput> + Send;

    /// Starts the handler of a message; when it has returned, [`App::next`] says so.
    fn handle(&mut self, message: &Arc<Message>, kind: PushKind);

    /// Keeps the numbers that survive a crash.
    fn keep(&mut self, numbering: Numbering);
}

/// Runs a client for ever.
pub async fn run<C: Carrier, N: Net>(
    carrier: C,
    dial: Dial<N>,
    client: Box<dyn ClientMachine>,
    app: impl App,
) {
    let mut process = Process { carrier, dial, client, app, connection: Connection::None };
    process.tell(ClientInput::Started);
    loop {
        let input = process.next().await;
        process.tell(input);
    }
}

struct Process<C: Carrier, N: Net, A> {
    carrier: C,
    dial: Dial<N>,
    client: Box<dyn ClientMachine>,
    app: A,
    connection: Connection<C, N>,
}

type Connecting<C, N> =
    Pin<Box<dyn Future<Output = io::Result<(Box<dyn Lane>, <C as Carrier>::Inlet<N>)>> + Send>>;

enum Connection<C: Carrier, N: Net> {
    None,
    Attempt(Connecting<C, N>),
    Open(Box<dyn Lane>, C::Inlet<N>),
}

impl<C: Carrier, N: Net, A: App> Process<C, N, A> {
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
                    self.record(What::Note(note));
                }
                ClientOutput::Handle { message, kind } => self.app.handle(&message, kind),
                ClientOutput::Send { frame } => {
                    let Connection::Open(lane, _) = &mut self.connection else { continue };
                    let of = frame.message().and_then(|_| session.take());
                    let taken = lane.push(&frame, of.as_ref());
                    if let (Ok(Taken::At { flow, end }), Some(message), Some(session)) =
                        (taken, frame.message(), of)
                    {
                        let id = message.id.clone();
                        self.record(What::Carried { id, session, flow, end });
                    }
                }
            }
        }
        self.app.keep(self.client.numbering());
        self.dial.recorder.holds(self.client.holds() as u64, 0);
    }

    fn connect(&mut self, known: Vec<(Name, Known)>) {
        let (carrier, dial) = (self.carrier.clone(), Dial { known, ..self.dial.clone() });
        self.connection = Connection::Attempt(Box::pin(async move { carrier.connect(dial).await }));
    }

    fn record(&self, what: What) {
        self.dial.recorder.record(self.dial.net.now(), what);
    }
}

/// Waits for something to happen on a connection; `None` is nothing that the machine must know.
async fn on_connection<C: Carrier, N: Net>(
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
            Happening::Frame(frame) => Some(ClientInput::Received { frame }),
            Happening::Garbled(reason) => Some(ClientInput::Garbled { reason }),
            Happening::Flushed(_) => None,
            Happening::Retry(after) => Some(ClientInput::Retry { after }),
            Happening::Undelivered(frames, reason) => {
                Some(ClientInput::Undelivered { frames, reason })
            }
            Happening::Ended(reason) => {
                *connection = Connection::None;
                Some(ClientInput::Disconnected { reason })
            }
        },
    }
}
