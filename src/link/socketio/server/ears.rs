//! What socketioxide hears, as facts for the broker's own task.
//!
//! socketioxide calls these from tasks that it starts itself, which neither sleep nor die with
//! the process; so nothing is decided here. A fact goes into a channel that only the process's
//! own future empties.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use socketioxide::TransportType;
use socketioxide::ack::AckStream;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, SocketRef};
use socketioxide::handler::{
    ConnectHandler, DisconnectHandler, FromMessageParts, MessageHandler, Value,
};
use socketioxide::socket::{DisconnectReason, Socket};
use tokio::sync::{mpsc, oneshot};

use super::lane::Anything;
use crate::history::Flow;
use crate::message::{EndReason, Name, Position};

/// Something that happened to a session; `sid` is Engine.IO's id of it.
pub enum Fact {
    /// A client wants to connect to a namespace. The answer is CONNECT or CONNECT_ERROR.
    Knocked { sid: String, auth: Option<String>, verdict: oneshot::Sender<Verdict> },
    /// It is connected.
    Connected { socket: SocketRef, auth: Option<String> },
    /// An event came: its JSON, and where its acknowledgement goes.
    Said { sid: String, namespace: String, text: String, answer: AckSender, wants: Wants },
    /// A namespace of the session is left, or all of them.
    Left { sid: String, namespace: String, transport: TransportType, reason: DisconnectReason },
    /// A push waits for its acknowledgement.
    Awaits { sid: String, queue: Name, position: Position, answer: AckStream<Anything> },
    /// Some of what waited was written.
    Flushed { sid: String },
    /// A WebSocket has ended; the flow is what came in. Why, if its stream showed it.
    Closed { sid: Option<String>, flow: Flow, code: u16, reason: Option<EndReason> },
    /// A session was opened.
    Opened { sid: String },
    /// A request was not granted; it may have been a session's.
    Refused { sid: Option<String>, reason: EndReason },
}

/// Whether a session may be: `Err` has the goodbye.
pub type Verdict = Result<(), EndReason>;

/// Whether an event is to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// It is.
    Answer,
    /// It is not.
    Nothing,
}

/// Where facts go. What waits here has no limit of its own: a broker is one thread, on which the
/// process's future has its turn before any task of socketioxide's has a second one.
pub type Facts = mpsc::UnboundedSender<Fact>;

/// Hears everything in every namespace.
#[derive(Clone, Debug)]
pub struct Ears {
    facts: Facts,
}

/// Marks the implementations below: socketioxide has its own for closures.
#[derive(Debug)]
pub struct Ours;

type Refusal = Box<dyn Display + Send>;

impl Ears {
    /// Ears whose facts go there.
    pub fn new(facts: Facts) -> Ears {
        Ears { facts }
    }

    fn tell(&self, fact: Fact) {
        // When nobody listens any more the process is dead, and a dead broker hears nothing.
        let _ = self.facts.send(fact);
    }
}

impl ConnectHandler<LocalAdapter, Ours> for Ears {
    fn call(&self, socket: Arc<Socket>, auth: Option<Value>) {
        socket.on_fallback(self.clone());
        socket.on_disconnect(self.clone());
        self.tell(Fact::Connected { socket: socket.into(), auth: text(auth.as_ref()) });
    }

    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + 'a>> {
        let (verdict, answer) = oneshot::channel();
        let sid = socket.id.to_string();
        self.tell(Fact::Knocked { sid, auth: text(auth.as_ref()), verdict });
        Box::pin(async move {
            let verdict = answer.await.unwrap_or(Err(EndReason::UnknownSession));
            verdict.map_err(|reason| -> Refusal { Box::new(word_of(reason)) })
        })
    }
}

impl MessageHandler<LocalAdapter, Ours> for Ears {
    fn call(&self, socket: Arc<Socket>, mut value: Value, ack: Option<i64>) {
        let Ok(answer) = AckSender::from_message_parts(&socket, &mut value, &ack);
        let (sid, namespace) = (socket.id.to_string(), socket.ns().to_owned());
        let text = text(Some(&value)).unwrap_or_default();
        let wants = if ack.is_some() { Wants::Answer } else { Wants::Nothing };
        self.tell(Fact::Said { sid, namespace, text, answer, wants });
    }
}

impl DisconnectHandler<LocalAdapter, Ours> for Ears {
    fn call_with_defer(
        &self,
        socket: Arc<Socket>,
        reason: DisconnectReason,
        defer: fn(Arc<Socket>),
    ) {
        let (sid, namespace) = (socket.id.to_string(), socket.ns().to_owned());
        let transport = socket.transport_type();
        self.tell(Fact::Left { sid, namespace, transport, reason });
        defer(socket);
    }
}

/// The word of a reason, as frames have it.
fn word_of(reason: EndReason) -> String {
    let word = serde_json::to_value(reason).expect("a reason is plain data");
    word.as_str().expect("a reason is a word").to_owned()
}

/// A value as the text that came; attachments of bytes are not understood.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Str(text, None) => Some(text.to_string()),
        Value::Str(_, Some(_)) | Value::Bytes(_) => None,
    }
}
