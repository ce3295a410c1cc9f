//! A broker and clients that are somebody's own: code on tokio over the streams of [`net`].
//!
//! Nobody sees what happens inside. The application on top is the scenario's, and what it gets to
//! hear is all that is judged.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::app::{Script, SharedDesk};
use super::process::Tasks;
use super::system::{BrokerSeat, ClientSeat, PORT, System, broker_address};
use crate::core::{ClientInput, Draft};
use crate::history::{Recorder, Said, What};
use crate::link::App as _;
use crate::message::{Contender, From, Message, MessageId, Name, Note, PushKind};
use crate::net::Net;
use crate::time::Duration;

/// How long after its end a program is started again, as a service manager does.
pub const RESTART: Duration = Duration::from_secs(1);

/// A broker and clients of your own: two programs, generic over the network.
///
/// They do what they like with streams, listeners, datagrams and the clock of [`Net`], as they
/// would with tokio's. Each process runs one of them. A program that returns is started again
/// after [`RESTART`]; a `crash` drops it where it stands, and starts it anew; a `pause` does not
/// poll it. So nothing survives but what `self` holds: a disk, say, in an `Arc<Mutex<_>>`.
///
/// Trials are the same every time if nothing in a program asks the machine's clock, and each
/// `select!` is `biased`. Tasks belong into a `JoinSet`, which dies with its program; it is not
/// paused with it, as the program's own future is.
///
/// ```
/// use delivery_lab::{App, Failed, Guarantee, Listener, Net, Programs, Property, Wish};
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
///                 Wish::Join { queue, room, .. } => app.joined(&queue, &room),
///                 Wish::Publish(message) => app.accepted(&message.id),
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
    /// The broker: listens on a port of its machine.
    fn broker<N: Net>(&self, net: N, port: u16) -> impl Future<Output = io::Result<()>> + Send;

    /// A client: does what its application wishes, and tells it what comes of it.
    fn client<N: Net>(
        &self,
        net: N,
        broker: SocketAddr,
        app: &mut App,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// What an application wishes of its client.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// To publish a message.
    Publish(Arc<Message>),
    /// To subscribe to a room of a queue: for an event, to the room of its name.
    Join { queue: Name, room: Name, from: From },
    /// To be subscribed no longer.
    Leave { queue: Name, room: Name },
    /// To close the connection, and open none.
    GoAway,
    /// To come back.
    ComeBack,
}

/// The application above a client, as the scenario writes it.
pub struct App {
    name: Name,
    said: Box<dyn Fn(Said) + Send>,
    wishes: UnboundedReceiver<Wish>,
    /// Where it is subscribed, by its own wish.
    rooms: BTreeMap<(Name, Name), From>,
    /// Whether it is to be away, by its own wish.
    is_away: bool,
    /// What a program that has just been started is told first.
    first: VecDeque<Wish>,
    handlers: UnboundedSender<MessageId>,
    returned: UnboundedReceiver<()>,
}

impl App {
    /// The client's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The next wish: first the subscriptions that are to stand, then what comes when it is time.
    /// It may be dropped while it waits; no wish is lost by that.
    pub async fn next(&mut self) -> Wish {
        if let Some(wish) = self.first.pop_front() {
            return wish;
        }
        let Some(wish) = self.wishes.recv().await else { return std::future::pending().await };
        match &wish {
            Wish::Join { queue, room, from } => {
                self.rooms.insert((queue.clone(), room.clone()), *from);
            }
            Wish::Leave { queue, room } => drop(self.rooms.remove(&(queue.clone(), room.clone()))),
            Wish::GoAway => self.is_away = true,
            Wish::ComeBack => self.is_away = false,
            Wish::Publish(_) => {}
        }
        wish
    }

    /// Says that a subscription stands, again on each connection: what is published from now on is
    /// owed, until the application wishes to leave.
    pub fn joined(&self, queue: &Name, room: &Name) {
        (self.said)(Said::Joined { queue: queue.clone(), room: room.clone() });
    }

    /// Says that a message that it published is safe: the broker answers for it from now on.
    pub fn accepted(&self, id: &MessageId) {
        (self.said)(Said::Accepted { id: id.clone() });
    }

    /// Says that messages are lost for it, and that it knows.
    pub fn told_of_a_gap(&self) {
        (self.said)(Said::Gap);
    }

    /// Calls the application's handler, and waits until it has returned. It has not handled what
    /// it is dropped in.
    pub async fn handle(&mut self, id: &MessageId) {
        // The return of a handler that a program did not wait for.
        while self.returned.try_recv().is_ok() {}
        if self.handlers.send(id.clone()).is_ok() {
            self.returned.recv().await;
        }
        (self.said)(Said::Handled { id: id.clone() });
    }

    /// A program begins.
    fn start(&mut self) {
        let rooms = self.rooms.iter().map(|((queue, room), from)| Wish::Join {
            queue: queue.clone(),
            room: room.clone(),
            from: *from,
        });
        let away = self.is_away.then_some(Wish::GoAway);
        self.first = away.into_iter().chain(rooms).collect();
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Programs in a trial.
pub struct Own<P> {
    programs: Arc<P>,
    /// All that was handed over.
    messages: Arc<Mutex<BTreeMap<MessageId, Arc<Message>>>>,
}

impl<P: Programs> Own<P> {
    /// The programs of one trial.
    pub fn new(programs: P) -> Own<P> {
        Own { programs: Arc::new(programs), messages: Arc::default() }
    }
}

impl<P: Programs> System for Own<P> {
    fn contender(&self) -> Option<Contender> {
        None
    }

    fn broker(&self, BrokerSeat { net, .. }: BrokerSeat) -> Tasks {
        let programs = self.programs.clone();
        Box::pin(async move {
            loop {
                // Why it ended is its own affair.
                drop(programs.broker(net.clone(), PORT).await);
                net.sleep_until(net.now() + RESTART).await;
            }
        })
    }

    fn client(&self, seat: ClientSeat) -> Tasks {
        let ClientSeat { scenario, entry, process, client, net, recorder, desk, .. } = seat;
        let (wish, wishes) = unbounded_channel();
        let (handlers, begun) = unbounded_channel();
        let (ends, returned) = unbounded_channel();
        let rooms = entry.subscribe.iter().map(|one| {
            let place = (one.queue.clone(), one.event.clone());
            (place, one.from)
        });
        let (pen, clock) = (recorder.clone(), net.clone());
        let mut app = App {
            name: client.clone(),
            said: Box::new(move |said| pen.record(clock.now(), What::Said(said))),
            wishes,
            rooms: rooms.collect(),
            is_away: false,
            first: VecDeque::new(),
            handlers,
            returned,
        };
        let script =
            Script::new(net.clone(), &scenario, &entry, process, recorder.clone(), desk.clone());
        let messages = self.messages.clone();
        let above = Above { client, net: net.clone(), recorder, desk, messages, wish, begun, ends };
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
                () = above.run(script) => {}
                () = program => {}
            }
        })
    }
}

/// What programs are called: their type's name.
pub fn own_name<P>() -> String {
    let name = std::any::type_name::<P>();
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

/// The scenario's part, above a client.
struct Above<N> {
    client: Name,
    net: N,
    recorder: Recorder,
    desk: SharedDesk,
    messages: Arc<Mutex<BTreeMap<MessageId, Arc<Message>>>>,
    wish: UnboundedSender<Wish>,
    begun: UnboundedReceiver<MessageId>,
    ends: UnboundedSender<()>,
}

impl<N: Net> Above<N> {
    /// Plays the script for ever. Nobody who listens no longer is told anything.
    async fn run(mut self, mut script: Script<N>) {
        loop {
            tokio::select! {
                biased;
                input = script.next() => self.pass(input),
                Some(id) = self.begun.recv() => {
                    let messages = self.messages.lock().expect("a trial has one thread");
                    match messages.get(&id) {
                        Some(message) => script.handle(message, PushKind::Live),
                        // What nobody published nobody has a handler for.
                        None => self.returned(),
                    }
                }
            }
        }
    }

    fn pass(&self, input: ClientInput) {
        let wish = match input {
            ClientInput::Publish { draft } => Wish::Publish(self.hand_over(draft)),
            ClientInput::Join { queue, room, from } => Wish::Join { queue, room, from },
            ClientInput::Leave { queue, room } => {
                let left = Said::Left { queue: queue.clone(), room: room.clone() };
                self.recorder.record(self.net.now(), What::Said(left));
                Wish::Leave { queue, room }
            }
            ClientInput::GoAway => Wish::GoAway,
            ClientInput::ComeBack => Wish::ComeBack,
            ClientInput::HandlerReturned => return self.returned(),
            _ => return,
        };
        let _ = self.wish.send(wish);
    }

    /// The handler has returned; a program that was dropped meanwhile does not ask.
    fn returned(&self) {
        let _ = self.ends.send(());
    }

    fn hand_over(&self, draft: Draft) -> Arc<Message> {
        let mut desk = self.desk.lock().expect("a trial has one thread");
        desk.numbering.message += 1;
        let id = MessageId { publisher: self.client.clone(), sequence: desk.numbering.message };
        let Draft { queue, event, target, payload, .. } = draft;
        let message = Arc::new(Message { id: id.clone(), queue, event, target, payload });
        let note = Note::HandedOver { message: message.clone() };
        self.recorder.record(self.net.now(), What::Note(note));
        let mut messages = self.messages.lock().expect("a trial has one thread");
        messages.insert(id, message.clone());
        message
    }
}
