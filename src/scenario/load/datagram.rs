//! Checks that every frame of a client fits into the frames of the links, and into one UDP datagram
//! if a contender uses UDP.
//!
//! Datagrams are measured, not guessed: each is made as large as it can become in this scenario, and
//! encoded. Only the numbers of messages that answer others are not known before the trial.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::message::{
    Confirm, Contender, Cursor, Draft, Encoding, Epoch, Frame, Link, Message, MessageId, Mode,
    Name, Offset, Position, PushKind, RoomJoin, SessionId, StartAt,
};
use crate::scenario::{BrokerApp, ClientEntry, Publish, When, limits};

use super::problem::{Problem, Problems, quote};
use super::record::Record;

/// The most messages that answers are taken to be: more need `--force`.
const ANSWERS: u64 = limits::DELIVERIES;

/// A bound for the number of a client's request, and for the number of a broker's epoch: each
/// takes a reconnect or a crash.
const MOST_REQUESTS: u64 = 99_999;

/// Checks the frames of all clients. A client that could not be built is `None`.
pub fn check(
    records: &[Record],
    clients: &[Option<ClientEntry>],
    contenders: &[Contender],
    problems: &mut Problems,
) {
    check_streams(records, clients, contenders, problems);
    let over_udp = contenders.iter().filter(|one| one.link.is_datagrams());
    let modes: Vec<Mode> = over_udp.map(|one| one.mode).collect();
    if modes.is_empty() {
        return;
    }
    let queues = messages_of_queues(clients);
    for (record, client) in records.iter().zip(clients) {
        let Some(client) = client else { continue };
        let entries = record.tables("publish");
        // If an entry could not be built, they are not the same ones.
        if entries.len() == client.publish.len() {
            for (entry, publish) in entries.iter().zip(&client.publish) {
                let count = queues[&publish.draft.queue];
                let frames = modes.iter().flat_map(|mode| frames(client, publish, count, *mode));
                let bytes = frames.map(|frame| bytes_of(&frame)).max().unwrap_or(0);
                refuse(bytes, entry, "payload", "with this message", problems);
            }
        }
        for (queue, frame) in joins(client, &modes) {
            let whose = format!("that joins these rooms of {}", quote(queue.as_str()));
            let key = if client.subscribe.is_empty() { "join" } else { "subscribe" };
            refuse(bytes_of(&frame), record, key, &whose, problems);
        }
    }
}

/// Checks that no message is longer than a frame of a stream.
fn check_streams(
    records: &[Record],
    clients: &[Option<ClientEntry>],
    contenders: &[Contender],
    problems: &mut Problems,
) {
    let over_streams = contenders.iter().filter(|one| !one.link.is_datagrams());
    let Some(link) =
        over_streams.map(|one| one.link).min_by_key(|link| link.semantics().most_frame)
    else {
        return;
    };
    for (record, client) in records.iter().zip(clients) {
        let Some(client) = client else { continue };
        for (entry, publish) in record.tables("publish").iter().zip(&client.publish) {
            let [Frame::Publish { message, .. }, _] = frames(client, publish, 1, Mode::CatchUp)
            else {
                unreachable!("the first is the one to the broker")
            };
            if !link.semantics().carries(&message) {
                refuse_in_stream(&message, entry, link, problems);
            }
        }
    }
}

/// Checks what the broker publishes: the messages of its application, and wills, which come with the
/// hello of their client.
pub fn check_broker(
    file: &Record,
    clients: &[ClientEntry],
    app: &BrokerApp,
    contenders: &[Contender],
    problems: &mut Problems,
) {
    let records = file.table("broker").map(|broker| broker.tables("publish")).unwrap_or_default();
    if records.len() != app.publish.len() {
        return;
    }
    let drafts = app.publish.iter().map(|one| &one.draft);
    let mut pushed: Vec<(&Record, Message)> =
        records.iter().zip(drafts.map(by_the_broker)).collect();
    let wills = file.tables("client").iter().filter(|record| record.names("will"));
    let clients = clients.iter().filter_map(|client| Some((client, client.will.as_ref()?)));
    for (record, (client, will)) in wills.zip(clients) {
        let Some(record) = record.table("will") else { continue };
        pushed.push((record, by_the_broker(will)));
        let (_, name) = client.processes().next().expect("an entry has processes");
        let session = SessionId { process: name.clone(), number: MOST_REQUESTS };
        let will = Some(Arc::new(will.clone()));
        let hello = Frame::Hello { client: name, session, will };
        if contenders.iter().any(|one| one.link.is_datagrams()) {
            refuse(bytes_of(&hello), record, "payload", "with this will", problems);
        }
    }
    for (record, message) in pushed {
        for contender in contenders {
            if contender.link.is_datagrams() {
                let bytes = Frame::longest_push(&message);
                refuse(bytes, record, "payload", "with this message", problems);
            } else if !contender.link.semantics().carries(&message) {
                refuse_in_stream(&message, record, contender.link, problems);
            } else {
                continue;
            }
            break;
        }
    }
}

/// Returns the largest message that the broker makes of a draft.
fn by_the_broker(draft: &Draft) -> Message {
    let publisher = format!("broker/{MOST_REQUESTS}").into();
    Message::new(MessageId { publisher, sequence: ANSWERS }, draft.clone())
}

fn refuse_in_stream(message: &Message, entry: &Record, link: Link, problems: &mut Problems) {
    let bytes = Frame::longest_push(message);
    let what = format!("a frame with this message has up to {bytes} bytes");
    let most = format!("{link} carries {}", link.semantics().most_frame);
    let problem = Problem::new(entry.place_of("payload"), what, most);
    problems.push(problem.help("make the payload smaller"));
}

/// Reports a frame that is too large.
fn refuse(bytes: usize, record: &Record, key: &str, whose: &str, problems: &mut Problems) {
    let most = limits::UDP_FRAME_BYTES;
    if bytes <= most {
        return;
    }
    let what = format!("a frame {whose} has up to {bytes} bytes");
    let problem = Problem::new(record.place_of(key), what, format!("udp carries {most}"));
    let less = match key {
        // Three bytes of base64 are four characters.
        "payload" if record.text("encoding") == Some(Encoding::Base64.name()) => {
            format!("make the payload {} bytes smaller", ((bytes - most) * 3).div_ceil(4))
        }
        "payload" => format!("make the payload {} bytes smaller", bytes - most),
        _ => "join fewer rooms of one queue".to_owned(),
    };
    problems.push(problem.help(format!("{less}, or leave udp out of `contenders`")));
}

fn bytes_of(frame: &Frame) -> usize {
    serde_json::to_vec(frame).expect("a frame is plain data").len()
}

/// Returns the most messages of each queue.
fn messages_of_queues(clients: &[Option<ClientEntry>]) -> BTreeMap<Name, u64> {
    let mut queues: BTreeMap<Name, u64> = BTreeMap::new();
    for client in clients.iter().flatten() {
        for publish in &client.publish {
            let count = messages(publish).saturating_mul(u64::from(client.count));
            let sum = queues.entry(publish.draft.queue.clone()).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    queues
}

/// Returns the most messages of an entry from one process.
fn messages(publish: &Publish) -> u64 {
    match publish.when {
        When::Every { count, .. } => count,
        When::On { .. } => ANSWERS,
    }
}

/// Returns the largest frames with a message of an entry: the one to the broker, and the one from
/// it. `in_queue` is the most messages of its queue.
fn frames(client: &ClientEntry, publish: &Publish, in_queue: u64, mode: Mode) -> [Frame; 2] {
    let names = client.processes().map(|(_, name)| name);
    let sum = client.publish.iter().map(messages).fold(0, u64::saturating_add);
    let id = MessageId {
        publisher: names.max_by_key(|name| name.as_str().len()).expect("an entry has processes"),
        sequence: sum.max(1),
    };
    let message = Arc::new(Message::new(id, publish.draft.clone()));
    let is_kept = mode == Mode::CatchUp && !message.is_volatile();
    let place = Position(in_queue.max(1));
    let sent = Frame::Publish {
        message: message.clone(),
        after: (is_kept && sum > 1).then(|| sum - 1),
        confirm: if is_kept { Confirm::Wanted } else { publish.reply() },
    };
    let pushed = Frame::Push {
        message,
        offset: is_kept.then(|| Offset { position: place, previous: place.previous() }),
        kind: if is_kept { PushKind::Replay } else { PushKind::Live },
        confirm: Confirm::Unwanted,
    };
    [sent, pushed]
}

/// Returns the largest join of each queue: all rooms that the client can be in, as on a new
/// session. In catch-up mode the client has a position then.
fn joins(client: &ClientEntry, modes: &[Mode]) -> Vec<(Name, Frame)> {
    let mut queues: BTreeMap<&Name, BTreeMap<&Name, StartAt>> = BTreeMap::new();
    for one in &client.subscribe {
        queues.entry(&one.queue).or_default().insert(&one.event, StartAt::Before);
    }
    for one in &client.join {
        queues.entry(&one.queue).or_default().insert(&one.room, StartAt::Before);
    }
    let known = Cursor { epoch: Epoch(MOST_REQUESTS), position: Position(ANSWERS) };
    let join = |(queue, rooms): (&Name, BTreeMap<&Name, StartAt>)| {
        let room = |(room, from): (&Name, StartAt)| RoomJoin { room: room.clone(), from };
        let frame = Frame::Join {
            request: MOST_REQUESTS,
            queue: queue.clone(),
            rooms: rooms.into_iter().map(room).collect(),
            known: modes.contains(&Mode::CatchUp).then_some(known),
        };
        (queue.clone(), frame)
    };
    queues.into_iter().map(join).collect()
}
