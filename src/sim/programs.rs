//! User-supplied brokers and clients: programs on tokio over the streams of [`crate::net`].
//!
//! The simulator does not see inside them. The application on top is the scenario's, and only
//! what the programs report to it is judged.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::app::{Script, SharedState};
use super::process::Tasks;
use super::system::{BrokerContext, ClientContext, PORT, System, broker_address};
use crate::core::ClientInput;
use crate::history::{AppReport, EventKind, Recorder};
use crate::link::ClientApp as _;
use crate::message::{Contender, Draft, Message, MessageId, Name, Note, PushKind, StartAt};
use crate::net::Net;
use crate::time::Duration;

/// Delay after which a program that has ended is started again, as a service manager does.
pub const RESTART: Duration = Duration::from_secs(1);

/// A user-supplied broker and client: two programs, generic over the network.
///
/// They may use the streams, listeners, datagrams and clock of [`Net`] as they would use tokio's.
/// Each process runs one of them:
///
/// - a program that returns is started again after [`RESTART`];
/// - a `crash` fault drops the program's future, and starts the program again when it is over;
/// - a `pause` fault stops polling the program's future while it lasts.
///
/// Only the state in `self` survives the end of a program: for example a disk in an
/// `Arc<Mutex<_>>`.
///
/// Trials are reproducible if no program reads the real clock, and each `select!` is `biased`.
/// Spawn tasks into a `JoinSet`, so that they are dropped with their program. A `pause` does not
/// stop them: it stops only the program's own future.
///
/// ```
/// use delivery_lab::{App, Failed, Guarantee, Listener, Net, Programs, Property, AppRequest};
/// use std::{io, net::SocketAddr};
///
/// /// Takes every message, and delivers none.
/// struct BlackHole;
///
/// impl Programs for BlackHole {
///     async fn broker<N: Net>(&self, net: N, port: u16) -> io::Result<()> {
///         let mut listener = net.listen(port, 16).await?;
///         let mut open = Vec::new();
///         loop {
///             open.push(listener.accept().await?);
///         }
///     }
///
///     async fn client<N: Net>(&self, net: N, broker: SocketAddr, app: &mut App) -> io::Result<()> {
///         let _open = net.connect(broker).await?;
///         loop {
///             match app.next().await {
///                 AppRequest::Join { queue, room, .. } => app.joined(&queue, &room),
///                 AppRequest::Publish(message) => app.accepted(&message.id),
///                 _ => {}
///             }
///         }
///     }
/// }
///
/// let property = Property::new(Guarantee::AtLeastOnce);
/// let Err(Failed::Broken(broken)) = property.holds(&|| BlackHole) else { panic!() };
/// // The story ends with the message that was accepted, and never handled.
/// println!("{broken}");
/// ```
pub trait Programs: Send + Sync + 'static {
    /// Runs the broker, which listens on `port` of its host.
    fn broker<N: Net>(&self, net: N, port: u16) -> impl Future<Output = io::Result<()>> + Send;

    /// Runs a client: carries out the requests of its application, and reports the results to it.
    fn client<N: Net>(
        &self,
        net: N,
        broker: SocketAddr,
        app: &mut App,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// A request of an application to its client.
#[derive(Clone, Debug, PartialEq)]
pub enum AppRequest {
    /// Publish a message.
    Publish(Arc<Message>),
    /// Subscribe to a room of a queue. The room of an event has the event's name.
    Join { queue: Name, room: Name, from: StartAt },
    /// Unsubscribe from a room of a queue.
    Leave { queue: Name, room: Name },
    /// Close the connection, and open none until [`AppRequest::ComeBack`].
    GoAway,
    /// Connect again.
    ComeBack,
}

/// The application on top of a client, as the scenario defines it.
pub struct App {
    name: Name,
    report: Box<dyn Fn(AppReport) + Send>,
    requests: UnboundedReceiver<AppRequest>,
    /// The subscriptions that the application has asked for, by queue and room.
    rooms: BTreeMap<(Name, Name), StartAt>,
    /// Whether the application has asked to be away.
    is_away: bool,
    /// The requests that a program gets first after its start.
    first: VecDeque<AppRequest>,
    handlers: UnboundedSender<MessageId>,
    returned: UnboundedReceiver<()>,
}

impl App {
    /// Returns the client's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Waits for the next request, and returns it.
    ///
    /// A program that has just started first gets [`AppRequest::GoAway`], if the application is
    /// away, and the current subscriptions. Then it gets each request when it is due. The future
    /// may be dropped while it waits: no request is lost.
    pub async fn next(&mut self) -> AppRequest {
        if let Some(request) = self.first.pop_front() {
            return request;
        }
        let Some(request) = self.requests.recv().await else { return std::future::pending().await };
        match &request {
            AppRequest::Join { queue, room, from } => {
                self.rooms.insert((queue.clone(), room.clone()), *from);
            }
            AppRequest::Leave { queue, room } => {
                self.rooms.remove(&(queue.clone(), room.clone()));
            }
            AppRequest::GoAway => self.is_away = true,
            AppRequest::ComeBack => self.is_away = false,
            AppRequest::Publish(_) => {}
        }
        request
    }

    /// Reports that a subscription is active; to be called again on each connection.
    ///
    /// From now on the messages published to the room are expected to arrive, until the
    /// application asks to leave it.
    pub fn joined(&self, queue: &Name, room: &Name) {
        (self.report)(AppReport::Joined { queue: queue.clone(), room: room.clone() });
    }

    /// Reports that the broker has accepted a message, and is responsible for it from now on.
    pub fn accepted(&self, id: &MessageId) {
        (self.report)(AppReport::Accepted { id: id.clone() });
    }

    /// Reports that the broker has refused a message, which is not sent to it again.
    pub fn refused(&self, id: &MessageId) {
        (self.report)(AppReport::Refused { id: id.clone() });
    }

    /// Reports that the client knows of lost messages.
    pub fn told_of_a_gap(&self) {
        (self.report)(AppReport::Gap);
    }

    /// Calls the application's handler, and waits until it has returned. If the future is dropped
    /// before that, the message does not count as handled.
    pub async fn handle(&mut self, id: &MessageId) {
        // Discards the return of a handler whose program did not wait for it.
        while self.returned.try_recv().is_ok() {}
        if self.handlers.send(id.clone()).is_ok() {
            self.returned.recv().await;
        }
        (self.report)(AppReport::Handled { id: id.clone() });
    }

    /// Queues the requests that a program gets first after its start.
    fn start(&mut self) {
        let rooms = self.rooms.iter().map(|((queue, room), from)| AppRequest::Join {
            queue: queue.clone(),
            room: room.clone(),
            from: *from,
        });
        let away = self.is_away.then_some(AppRequest::GoAway);
        self.first = away.into_iter().chain(rooms).collect();
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A system of user-supplied programs.
pub struct BlackBox<P> {
    programs: Arc<P>,
    /// All messages that were published.
    messages: Arc<Mutex<BTreeMap<MessageId, Arc<Message>>>>,
}

impl<P: Programs> BlackBox<P> {
    /// Returns the system that runs `programs` in one trial.
    pub fn new(programs: P) -> BlackBox<P> {
        BlackBox { programs: Arc::new(programs), messages: Arc::default() }
    }
}

impl<P: Programs> System for BlackBox<P> {
    fn contender(&self) -> Option<Contender> {
        None
    }

    fn broker(&self, BrokerContext { net, .. }: BrokerContext) -> Tasks {
        let programs = self.programs.clone();
        Box::pin(async move {
            loop {
                // The program is started again, with or without an error.
                drop(programs.broker(net.clone(), PORT).await);
                net.sleep_until(net.now() + RESTART).await;
            }
        })
    }

    fn client(&self, context: ClientContext) -> Tasks {
        let ClientContext { scenario, entry, process, client, net, recorder, durable, .. } =
            context;
        let (request_sender, requests) = unbounded_channel();
        let (handlers, begun) = unbounded_channel();
        let (ends, returned) = unbounded_channel();
        let rooms = entry.subscribe.iter().map(|one| {
            let room = (one.queue.clone(), one.event.clone());
            (room, one.from)
        });
        let (app_recorder, clock) = (recorder.clone(), net.clone());
        let mut app = App {
            name: client.clone(),
            report: Box::new(move |report| {
                app_recorder.record(clock.now(), EventKind::AppReport(report));
            }),
            requests,
            rooms: rooms.collect(),
            is_away: false,
            first: VecDeque::new(),
            handlers,
            returned,
        };
        let script =
            Script::new(net.clone(), &scenario, &entry, process, recorder.clone(), durable.clone());
        let messages = self.messages.clone();
        let driver = AppDriver {
            client,
            net: net.clone(),
            recorder,
            durable,
            messages,
            requests: request_sender,
            begun,
            ends,
        };
        let programs = self.programs.clone();
        Box::pin(async move {
            let program = async {
                loop {
                    app.start();
                    drop(programs.client(net.clone(), broker_address(), &mut app).await);
                    net.sleep_until(net.now() + RESTART).await;
                }
            };
            tokio::select! {
                biased;
                () = driver.run(script) => {}
                () = program => {}
            }
        })
    }
}

/// Returns the name of user-supplied programs: that of their type, without its path.
pub fn black_box_name<P>() -> String {
    let name = std::any::type_name::<P>();
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

/// Runs the scenario's script on top of a client's program.
struct AppDriver<N> {
    client: Name,
    net: N,
    recorder: Recorder,
    durable: SharedState,
    messages: Arc<Mutex<BTreeMap<MessageId, Arc<Message>>>>,
    requests: UnboundedSender<AppRequest>,
    begun: UnboundedReceiver<MessageId>,
    ends: UnboundedSender<()>,
}

impl<N: Net> AppDriver<N> {
    /// Runs the script for ever, and forwards its inputs to the program.
    async fn run(mut self, mut script: Script<N>) {
        loop {
            tokio::select! {
                biased;
                input = script.next() => self.forward(input),
                Some(id) = self.begun.recv() => {
                    let messages = self.messages.lock().expect("a trial has one thread");
                    match messages.get(&id) {
                        Some(message) => script.handle(message, PushKind::Live),
                        // A message that was never published has no handler.
                        None => self.returned(),
                    }
                }
            }
        }
    }

    /// Forwards an input to the program as a request, and records a leave.
    fn forward(&self, input: ClientInput) {
        let request = match input {
            ClientInput::Publish { draft, .. } => AppRequest::Publish(self.publish(draft)),
            ClientInput::Join { queue, room, from } => AppRequest::Join { queue, room, from },
            ClientInput::Leave { queue, room } => {
                let left = AppReport::Left { queue: queue.clone(), room: room.clone() };
                self.recorder.record(self.net.now(), EventKind::AppReport(left));
                AppRequest::Leave { queue, room }
            }
            ClientInput::GoAway => AppRequest::GoAway,
            ClientInput::ComeBack => AppRequest::ComeBack,
            ClientInput::HandlerReturned => return self.returned(),
            _ => return,
        };
        let _ = self.requests.send(request);
    }

    /// Tells the program that the handler has returned, if the program still waits for it.
    fn returned(&self) {
        let _ = self.ends.send(());
    }

    /// Numbers a message that the application publishes, and records it.
    fn publish(&self, draft: Draft) -> Arc<Message> {
        let mut durable = self.durable.lock().expect("a trial has one thread");
        durable.numbering.message += 1;
        let id = MessageId { publisher: self.client.clone(), sequence: durable.numbering.message };
        let message = Arc::new(Message::new(id.clone(), draft));
        let note = Note::Published { message: message.clone() };
        self.recorder.record(self.net.now(), EventKind::Note(note));
        let mut messages = self.messages.lock().expect("a trial has one thread");
        messages.insert(id, message.clone());
        message
    }
}
