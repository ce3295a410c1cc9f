//! A client's process: one client machine, its connection, and the application on top.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use super::hub::sleep_until;
use super::{Carrier, Happening, Inlet, Lane, Reading, end_of};
use crate::core::{Client, ClientInput, ClientOutput, Numbering};
use crate::history::{Recorder, What};
use crate::message::{Message, PushKind};
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
    net: N,
    broker: SocketAddr,
    client: Client,
    recorder: Recorder,
    app: impl App,
) {
    let mut process =
        Process::<C, N, _> { net, broker, client, recorder, app, connection: Connection::None };
    process.tell(ClientInput::Started);
    loop {
        let input = process.next().await;
        process.tell(input);
    }
}

struct Process<C: Carrier, N: Net, A> {
    net: N,
    broker: SocketAddr,
    client: Client,
    recorder: Recorder,
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
                () = sleep_until(&self.net, deadline) => return ClientInput::Elapsed,
            }
        }
    }

    /// Tells the machine a fact, and carries out its orders.
    fn tell(&mut self, input: ClientInput) {
        self.client.handle(self.net.now(), input);
        while let Some(output) = self.client.poll() {
            match output {
                ClientOutput::Connect => self.connect(),
                ClientOutput::Close => self.connection = Connection::None,
                ClientOutput::Note(note) => self.record(What::Note(note)),
                ClientOutput::Handle { message, kind } => self.app.handle(&message, kind),
                ClientOutput::Send { frame } => {
                    let Connection::Open(lane, _) = &mut self.connection else { continue };
                    if let (Ok(end), Some(message)) = (lane.push(&frame), frame.message()) {
                        let (id, flow) = (message.id.clone(), lane.flow());
                        self.record(What::Carried { id, flow, end });
                    }
                }
            }
        }
        self.app.keep(self.client.numbering());
        self.recorder.holds(self.client.holds() as u64, 0);
    }

    fn connect(&mut self) {
        let (net, broker) = (self.net.clone(), self.broker);
        self.connection =
            Connection::Attempt(Box::pin(async move { C::connect(&net, broker).await }));
    }

    fn record(&self, what: What) {
        self.recorder.record(self.net.now(), what);
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
            Happening::Flushed => None,
            Happening::Ended(reason) => {
                *connection = Connection::None;
                Some(ClientInput::Disconnected { reason })
            }
        },
    }
}
