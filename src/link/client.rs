//! Runs a client's process: a client machine, its connection, and the application on top. It makes
//! no decisions about the protocol; the machine does.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::{
    ConnectContext, LinkDriver, LinkEvent, PushError, PushOutcome, Reading, ReceiveHalf, SendHalf,
    reason_of_error,
};
use crate::core::{ClientInput, ClientMachine, ClientOutput, Numbering};
use crate::history::EventKind;
use crate::message::{Cursor, DropReason, EndReason, Message, MessageId, Name, Note, PushKind};
use crate::net::{self, Net};

/// An application that uses a client: it publishes and handles messages, joins rooms, connects and
/// disconnects.
pub trait ClientApp: Send {
    /// Waits for the application's next input to the client. The future may be dropped while it
    /// waits.
    fn next(&mut self) -> impl Future<Output = ClientInput> + Send;

    /// Starts the handler of a message. When the handler has returned, [`ClientApp::next`] returns
    /// that as an input.
    fn handle(&mut self, message: &Arc<Message>, kind: PushKind);

    /// Stores the numbers that survive a crash.
    fn keep(&mut self, numbering: Numbering);
}

/// Runs a client for ever.
pub async fn run<C: LinkDriver, N: Net>(
    driver: C,
    context: ConnectContext<N>,
    client: Box<dyn ClientMachine>,
    app: impl ClientApp,
) {
    let mut process = Process { driver, context, client, app, connection: ClientConnection::None };
    process.tell(ClientInput::Started);
    loop {
        let input = process.next().await;
        process.end_overdue();
        process.tell(input);
    }
}

struct Process<C: LinkDriver, N: Net, A> {
    driver: C,
    context: ConnectContext<N>,
    client: Box<dyn ClientMachine>,
    app: A,
    connection: ClientConnection<C, N>,
}

type Connecting<C, N> = Pin<
    Box<
        dyn Future<Output = io::Result<(Box<dyn SendHalf>, <C as LinkDriver>::ReceiveHalf<N>)>>
            + Send,
    >,
>;

enum ClientConnection<C: LinkDriver, N: Net> {
    None,
    Attempt(Connecting<C, N>),
    Open(Box<dyn SendHalf>, C::ReceiveHalf<N>),
}

impl<C: LinkDriver, N: Net, A: ClientApp> Process<C, N, A> {
    /// Waits for the next input to the client machine.
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
                () = net::sleep_until(&self.context.net, deadline) => return ClientInput::Elapsed,
            }
        }
    }

    /// Ends a connection whose sign of life is overdue, for links whose library looks at the clock
    /// before it does anything.
    fn end_overdue(&mut self) {
        if let ClientConnection::Open(_, receive_half) = &self.connection
            && receive_half.is_overdue()
        {
            self.connection = ClientConnection::None;
            self.tell(ClientInput::Disconnected { reason: EndReason::Heartbeat });
        }
    }

    /// Passes an input to the machine and executes its outputs.
    fn tell(&mut self, input: ClientInput) {
        self.client.handle(self.context.net.now(), input);
        let mut session = None;
        let mut too_long = Vec::new();
        while let Some(output) = self.client.poll() {
            match output {
                ClientOutput::Connect { known } => self.connect(known),
                ClientOutput::Close { reason } => {
                    let connection =
                        std::mem::replace(&mut self.connection, ClientConnection::None);
                    if let ClientConnection::Open(_, mut receive_half) = connection {
                        receive_half.leave(reason);
                    }
                }
                ClientOutput::Note(note) => {
                    if let Note::Sent { session: of, .. } = &note {
                        session = Some(of.clone());
                    }
                    self.record(EventKind::Note(note));
                }
                ClientOutput::Withdraw { id } => {
                    if let ClientConnection::Open(send_half, _) = &mut self.connection
                        && send_half.withdraw(&id)
                    {
                        self.drop_unsent(id, DropReason::ConfirmTimedOut);
                    }
                }
                ClientOutput::CallHandler { message, kind } => self.app.handle(&message, kind),
                ClientOutput::Send { frame } => {
                    let ClientConnection::Open(send_half, _) = &mut self.connection else {
                        continue;
                    };
                    let of = frame.message().and_then(|_| session.take());
                    let outcome = send_half.push(&frame, of.as_ref());
                    let (Some(message), Some(session)) = (frame.message(), of) else { continue };
                    let id = message.id.clone();
                    match outcome {
                        Ok(PushOutcome::At { flow, end }) => {
                            self.record(EventKind::Carried { id, session, flow, end });
                        }
                        Ok(PushOutcome::Later | PushOutcome::Instead(_)) => {}
                        // The message has no place in the flow: it is lost, or sent again later.
                        Err(PushError::Full) => {}
                        Err(PushError::Busy) => self.drop_unsent(id, DropReason::TransportBusy),
                        Err(PushError::TooLong) => too_long.push(id),
                    }
                }
            }
        }
        for id in too_long {
            self.tell(ClientInput::TooLong { id });
        }
        self.app.keep(self.client.numbering());
        self.context.recorder.holds(self.client.holds() as u64, 0);
    }

    fn connect(&mut self, known: Vec<(Name, Cursor)>) {
        let (driver, context) =
            (self.driver.clone(), ConnectContext { known, ..self.context.clone() });
        self.connection =
            ClientConnection::Attempt(Box::pin(async move { driver.connect(context).await }));
    }

    fn drop_unsent(&self, id: MessageId, reason: DropReason) {
        self.record(EventKind::Note(Note::Unsent { id, reason }));
    }

    fn record(&self, kind: EventKind) {
        self.context.recorder.record(self.context.net.now(), kind);
    }
}

/// Waits for the next event on a connection. Returns `None` for an event that the machine does not
/// need to know.
async fn on_connection<C: LinkDriver, N: Net>(
    connection: &mut ClientConnection<C, N>,
    reading: Reading,
) -> Option<ClientInput> {
    match connection {
        ClientConnection::None => std::future::pending().await,
        ClientConnection::Attempt(attempt) => match attempt.await {
            Ok((send_half, receive_half)) => {
                *connection = ClientConnection::Open(send_half, receive_half);
                Some(ClientInput::Connected)
            }
            Err(error) => {
                *connection = ClientConnection::None;
                Some(ClientInput::Disconnected { reason: reason_of_error(&error) })
            }
        },
        ClientConnection::Open(_, receive_half) => match receive_half.next(reading).await {
            LinkEvent::Frame(frame) => Some(ClientInput::Received { frame }),
            LinkEvent::Malformed(reason) => Some(ClientInput::Malformed { reason }),
            LinkEvent::Flushed(_) => None,
            LinkEvent::Retry(after) => Some(ClientInput::Retry { after }),
            LinkEvent::Undelivered(frames, reason) => {
                Some(ClientInput::Undelivered { frames, reason })
            }
            LinkEvent::Ended(reason) => {
                *connection = ClientConnection::None;
                Some(ClientInput::Disconnected { reason })
            }
        },
    }
}
