//! A user-supplied queue: lines of text over TCP, with or without the mistakes of a first attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use delivery_lab::message::{MessageId, Name};
use delivery_lab::net::{Listener, Net, Stream};
use delivery_lab::sim::{App, AppRequest, Programs};
use delivery_lab::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, split};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The queue.
#[derive(Default)]
pub struct LineQueue {
    mistakes: Mistakes,
    /// The messages that each client has handled; it survives a crash.
    disk: Disk,
}

/// Selects the mistakes that the queue makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// A inbox drops a message when it is sent, instead of when it is acknowledged.
    pub forgets_what_it_sent: bool,
    /// A client acknowledges a message before it handles it, and again after.
    pub acknowledges_first: bool,
    /// A client records a message as handled before it handles it.
    pub writes_down_first: bool,
    /// A client handles a message again that it has handled before.
    pub handles_copies: bool,
    /// A inbox sends the newest message first.
    pub sends_newest_first: bool,
    /// A client handles a message that nobody published.
    pub makes_up: bool,
    /// A client that connects anew does not send again what was not accepted.
    pub forgets_its_outbox: bool,
}

/// Time within which a message must be accepted; otherwise the client connects anew.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time from the end of a connection to the next attempt.
const PAUSE: Duration = Duration::from_millis(300);

impl LineQueue {
    /// Creates a queue that makes some mistakes.
    pub fn with(mistakes: Mistakes) -> LineQueue {
        LineQueue { mistakes, disk: Disk::default() }
    }
}

type Disk = Arc<Mutex<BTreeMap<String, BTreeSet<MessageId>>>>;

#[derive(Default)]
struct Inbox {
    waiting: Vec<String>,
    /// Wakes the newest connection of the subscriber; an older one is not woken any more.
    news: Arc<Notify>,
}

#[derive(Default)]
struct Desk {
    inboxes: BTreeMap<String, Inbox>,
    /// The newest connection of each client, by its notice.
    newest: BTreeMap<String, Arc<Notify>>,
}

type Inboxes = Arc<Mutex<Desk>>;

impl Programs for LineQueue {
    async fn broker<N: Net>(&self, net: N, port: u16) -> io::Result<()> {
        let (mut listener, inboxes) = (net.listen(port, 16).await?, Inboxes::default());
        let mut connections = JoinSet::new();
        loop {
            connections.spawn(serve(self.mistakes, listener.accept().await?, inboxes.clone()));
        }
    }

    async fn client<N: Net>(&self, net: N, broker: SocketAddr, app: &mut App) -> io::Result<()> {
        let mut memory = Memory::default();
        loop {
            if let Ok(stream) = net.connect(broker).await {
                if self.mistakes.forgets_its_outbox {
                    memory.outbox.clear();
                }
                drop(self.talk(&net, stream, &mut memory, app).await);
            }
            net.sleep_until(net.now() + PAUSE).await;
        }
    }
}

/// What a client remembers from one connection to the next; it dies with its program.
#[derive(Default)]
struct Memory {
    rooms: Vec<(Name, Name)>,
    /// The messages that were not accepted, in order.
    outbox: Vec<MessageId>,
}

impl Memory {
    /// Returns what is said first on a connection.
    fn lines(&self) -> String {
        let joins = self.rooms.iter().map(|(queue, room)| format!("join {queue} {room}\n"));
        joins.chain(self.outbox.iter().map(|id| format!("publish {id}\n"))).collect()
    }
}

impl LineQueue {
    async fn talk<N: Net>(
        &self,
        net: &N,
        stream: impl Stream,
        memory: &mut Memory,
        app: &mut App,
    ) -> io::Result<()> {
        let (reads, mut writes) = split(stream);
        let mut lines = BufReader::new(reads).lines();
        let first = format!("hello {}\n{}", app.name(), memory.lines());
        writes.write_all(first.as_bytes()).await?;
        let mut overdue = net.now() + PATIENCE;
        loop {
            let is_waiting = !memory.outbox.is_empty();
            let said = tokio::select! {
                biased;
                request = app.next() => match request {
                    AppRequest::Join { queue, room, .. } => {
                        memory.rooms.push((queue.clone(), room.clone()));
                        format!("join {queue} {room}\n")
                    }
                    AppRequest::Publish(message) => {
                        if memory.outbox.is_empty() {
                            overdue = net.now() + PATIENCE;
                        }
                        memory.outbox.push(message.id.clone());
                        format!("publish {}\n", message.id)
                    }
                    _ => continue,
                },
                line = lines.next_line() => {
                    let line = line?.ok_or(io::ErrorKind::UnexpectedEof)?;
                    match line.split(' ').collect::<Vec<_>>()[..] {
                        ["joined", queue, room] => app.joined(&queue.into(), &room.into()),
                        ["ok", id] => {
                            overdue = net.now() + PATIENCE;
                            let id = id.parse().unwrap();
                            memory.outbox.retain(|one| *one != id);
                            app.accepted(&id);
                        }
                        ["event", id] => {
                            let got = format!("got {id}\n");
                            if self.mistakes.acknowledges_first {
                                writes.write_all(got.as_bytes()).await?;
                            }
                            self.handle(id.parse().unwrap(), app).await;
                            writes.write_all(got.as_bytes()).await?;
                        }
                        _ => {}
                    }
                    continue;
                }
                () = net.sleep_until(overdue), if is_waiting => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            };
            writes.write_all(said.as_bytes()).await?;
        }
    }

    async fn handle(&self, id: MessageId, app: &mut App) {
        let name = app.name().to_string();
        let write_down =
            || self.disk.lock().unwrap().entry(name.clone()).or_default().insert(id.clone());
        let is_known = |disk: &Disk| {
            disk.lock().unwrap().get(&name).is_some_and(|handled| handled.contains(&id))
        };
        if is_known(&self.disk) && !self.mistakes.handles_copies {
            return;
        }
        if self.mistakes.writes_down_first {
            write_down();
        }
        app.handle(&id).await;
        write_down();
        if self.mistakes.makes_up {
            app.handle(&MessageId { sequence: id.sequence + 1_000, ..id.clone() }).await;
        }
    }
}

async fn serve(mistakes: Mistakes, stream: impl Stream, inboxes: Inboxes) -> io::Result<()> {
    let (reads, mut writes) = split(stream);
    let mut lines = BufReader::new(reads).lines();
    let mut connection =
        Connection { mistakes, inboxes, name: String::new(), news: Arc::default() };
    let news = connection.news.clone();
    loop {
        let said = tokio::select! {
            biased;
            line = lines.next_line() => {
                connection.answer(&line?.ok_or(io::ErrorKind::UnexpectedEof)?)
            }
            () = news.notified() => connection.next(),
        };
        writes.write_all(said.as_bytes()).await?;
    }
}

/// One connection at the broker.
struct Connection {
    mistakes: Mistakes,
    inboxes: Inboxes,
    name: String,
    news: Arc<Notify>,
}

impl Connection {
    fn answer(&mut self, line: &str) -> String {
        let mut desk = self.inboxes.lock().unwrap();
        let Desk { inboxes: all, newest } = &mut *desk;
        if newest.get(&self.name).is_some_and(|newest| !Arc::ptr_eq(newest, &self.news)) {
            // The client has connected anew, and said again whatever was not accepted.
            return String::new();
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["hello", who] => {
                who.clone_into(&mut self.name);
                newest.insert(self.name.clone(), self.news.clone());
            }
            ["join", queue, room] => {
                all.entry(self.name.clone()).or_default().news = self.news.clone();
                self.news.notify_one();
                return format!("joined {queue} {room}\n");
            }
            ["publish", id] => {
                for inbox in all.values_mut() {
                    inbox.waiting.push(id.to_owned());
                    inbox.news.notify_one();
                }
                return format!("ok {id}\n");
            }
            ["got", id] => {
                all.get_mut(&self.name).unwrap().waiting.retain(|one| one != id);
                // One at a time: the next may go.
                self.news.notify_one();
            }
            _ => {}
        }
        String::new()
    }

    fn next(&self) -> String {
        let mut desk = self.inboxes.lock().unwrap();
        let waiting = &mut desk.inboxes.get_mut(&self.name).unwrap().waiting;
        let newest = self.mistakes.sends_newest_first;
        let next = if newest { waiting.last().cloned() } else { waiting.first().cloned() };
        if self.mistakes.forgets_what_it_sent {
            waiting.retain(|one| Some(one) != next.as_ref());
        }
        next.map(|id| format!("event {id}\n")).unwrap_or_default()
    }
}
