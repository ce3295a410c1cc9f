//! Builds the clients: their messages, and the times.

use std::collections::BTreeSet;

use crate::message::{
    ClientLimits, Contender, Dedup, Draft, Durability, Echo, Encoding, Head, Name, Payload,
    Resubscribe, StartAt, Target, bytes_of,
};
use crate::scenario::{ClientEntry, Publish, RoomChange, Subscribe, When, limits};
use crate::time::{Duration, Instant};

use super::datagram;
use super::problem::{Problem, Problems, quote};
use super::record::Record;

/// The time of the first message if the file does not give one. All clients are connected by then.
const START: Duration = Duration::from_secs(1);

/// Values from the rest of the file that the clients depend on.
pub struct Context<'a> {
    /// The length of the trial.
    pub run_for: Duration,
    /// The contenders of the scenario.
    pub contenders: &'a [Contender],
    /// The broker's acknowledgement timeout, which clients use too.
    pub ack_timeout: Duration,
}

/// Builds all clients. A client that cannot be built is left out: its problem is reported already.
pub fn all(records: &[Record], context: &Context, problems: &mut Problems) -> Vec<ClientEntry> {
    let published: usize = records.iter().map(|client| client.tables("publish").len()).sum();
    if published > limits::PUBLISHES {
        let most = limits::PUBLISHES;
        let what = format!("all clients together have {published} publish entries");
        problems.push(Problem::new(records[0].place, what, format!("at most {most}")));
        return Vec::new();
    }
    let clients = records.iter().map(|record| client(record, records, context, problems));
    let clients: Vec<Option<ClientEntry>> = clients.collect();
    datagram::check(records, &clients, context.contenders, problems);
    clients.into_iter().flatten().collect()
}

fn client(
    record: &Record,
    all: &[Record],
    context: &Context,
    problems: &mut Problems,
) -> Option<ClientEntry> {
    let subscribe = record.tables("subscribe").iter().filter_map(subscribe).collect();
    let join = room_changes(record, "join", context.run_for, problems);
    let leave = room_changes(record, "leave", context.run_for, problems);
    let published = record.tables("publish").iter().map(|entry| {
        check_reachable(entry, record, all, problems);
        publish(entry, context.run_for, problems)
    });
    let publish = published.collect::<Vec<_>>().into_iter().flatten().collect();
    Some(ClientEntry {
        id: Name::from(record.text("id")?),
        name: record.text("name").map(Name::from),
        count: u32::try_from(record.whole("count")?).expect("the table of keys limits it"),
        publish,
        subscribe,
        join,
        leave,
        will: record.names("will").then(|| draft(record.table("will")?, problems)).flatten(),
        limits: limits_of(record, context)?,
    })
}

fn limits_of(record: &Record, context: &Context) -> Option<ClientLimits> {
    Some(ClientLimits {
        inbox: record.whole("inbox")? as usize,
        outbox: record.whole("outbox")? as usize,
        ack_timeout: context.ack_timeout,
        ack: record.member("ack")?,
        dedup: if record.flag("dedup")? { Dedup::On } else { Dedup::Off },
        resubscribe: match record.flag("resubscribe")? {
            true => Resubscribe::Always,
            false => Resubscribe::Once,
        },
        on_replaced: record.member("on_replaced")?,
        keep_alive: super::keep_alive(record)?,
        ..ClientLimits::default()
    })
}

fn subscribe(record: &Record) -> Option<Subscribe> {
    Some(Subscribe {
        queue: Name::from(record.text("queue")?),
        event: Name::from(record.text("event")?),
        from: if record.text("from")? == "start" { StartAt::Start } else { StartAt::Now },
    })
}

fn room_changes(
    record: &Record,
    key: &'static str,
    run_for: Duration,
    problems: &mut Problems,
) -> Vec<RoomChange> {
    let mut change = |record: &Record| {
        let at = record.time("at")?;
        before_end(record, "at", at, run_for, problems);
        Some(RoomChange {
            queue: Name::from(record.text("queue")?),
            room: Name::from(record.text("room")?),
            at: Instant::ZERO + at,
        })
    };
    record.tables(key).iter().filter_map(&mut change).collect()
}

/// Checks that a time is before the end of the trial.
pub fn before_end(
    record: &Record,
    key: &str,
    at: Duration,
    run_for: Duration,
    problems: &mut Problems,
) {
    if at >= run_for {
        let what = format!("`{key}` is {at}, and the trial ends at {run_for}");
        problems.push(Problem::new(record.place_of(key), what, format!("before {run_for}")));
    }
}

/// Returns the names of a list.
pub fn names(record: &Record, key: &'static str) -> Option<Vec<Name>> {
    let words = record.words(key)?;
    Some(words.iter().map(|word| Name::from(word.text.as_str())).collect())
}

/// Builds a publish entry of a client or of the broker.
pub fn publish(record: &Record, run_for: Duration, problems: &mut Problems) -> Option<Publish> {
    let when = when(record, run_for, problems);
    let draft = draft(record, problems);
    Some(Publish { draft: draft?, when: when?, ack_within: record.time("ack_within") })
}

/// Builds the message of a publish entry or of a last will.
fn draft(record: &Record, problems: &mut Problems) -> Option<Draft> {
    let has = |key| record.fields.contains_key(key);
    // What the broker publishes has no sender among the clients, so that it has no such key.
    let is_broadcast = has("broadcast") && record.flag("broadcast")?;
    let payload = record.payload("payload").map_or_else(Payload::null, Payload::from);
    let head = Head { headers: record.headers("headers")?, encoding: record.member("encoding")? };
    if head.encoding == Encoding::Base64 && bytes_of(&payload).is_none() {
        let encoding = record.key_of("encoding");
        let problem = match record.names("payload") {
            true => {
                let what = "the payload is not bytes in base64";
                let problem =
                    Problem::new(record.place_of("payload"), what, "not a text in base64");
                problem.also(encoding, "says that it is")
            }
            false => Problem::new(encoding, "there is no payload", "of what? `payload` is missing"),
        };
        problems.push(problem.help("for example, the 3 bytes 1, 2, 3: payload = \"AQID\""));
        return None;
    }
    Some(Draft {
        queue: Name::from(record.text("queue")?),
        event: Name::from(record.text("event")?),
        target: Target {
            to: names(record, "to")?,
            except: names(record, "except")?,
            echo: if is_broadcast { Echo::NotSender } else { Echo::Everyone },
            keep: if record.flag("volatile")? { Durability::Volatile } else { Durability::Kept },
        },
        head,
        payload,
    })
}

/// Reads the times of publication: by the clock, or in answer to an event, never both.
fn when(record: &Record, run_for: Duration, problems: &mut Problems) -> Option<When> {
    if record.names("on") {
        for key in ["every", "count", "start"].into_iter().filter(|key| record.names(key)) {
            let what = format!("a publish entry has both `on` and `{key}`");
            let problem = Problem::new(record.key_of(key), what, "goes with the clock");
            problems.push(
                problem
                    .also(record.key_of("on"), "goes with an event")
                    .help("make two entries of it"),
            );
        }
        let event = Name::from(record.text("on")?);
        return Some(When::On { event, after: record.time("after").unwrap_or(Duration::ZERO) });
    }
    if record.names("after") {
        let problem = Problem::new(record.key_of("after"), "`after` without `on`", "after what?");
        problems.push(problem.help("for the first message's time, write `start`"));
    }
    let start = record.time("start").unwrap_or(START);
    if record.names("start") {
        before_end(record, "start", start, run_for, problems);
    } else if start >= run_for {
        let what =
            format!("the first message would be published at {start}, the trial's end or later");
        let problem = Problem::new(record.place, what, "`start` is missing");
        problems.push(problem.help("for example: start = \"0s\""));
    }
    let count = record.whole("count");
    if count.is_some_and(|count| count > 1) && !record.names("every") {
        let what = "a publish entry has `count` without `every`";
        let problem = Problem::new(record.key_of("count"), what, "how often?");
        problems.push(problem.help("for example: every = \"1s\""));
    }
    Some(match record.time("every") {
        Some(every) => {
            let left = run_for - start;
            let fit = left.as_micros().div_ceil(every.as_micros());
            When::Every { start: Instant::ZERO + start, every, count: count.unwrap_or(fit) }
        }
        None => When::Every { start: Instant::ZERO + start, every: run_for, count: 1 },
    })
}

/// Checks that an entry in answer to an event can receive that event: by a subscription, or in a
/// room that some message with the event goes to.
fn check_reachable(entry: &Record, client: &Record, all: &[Record], problems: &mut Problems) {
    let (Some(field), Some(event)) = (entry.fields.get("on"), entry.text("on")) else { return };
    if client.refused.iter().any(|key| key == "subscribe" || key == "join") {
        return;
    }
    let subscribed = client.tables("subscribe");
    if subscribed.iter().any(|record| !record.names("event") || record.text("event") == Some(event))
    {
        return;
    }
    // The check below reads the whole file, so it stops once there are too many problems.
    if problems.len() > limits::PROBLEMS {
        return;
    }
    let own: BTreeSet<_> = subscribed
        .iter()
        .map(|record| (record.text("queue"), record.text("event")))
        .chain(client.tables("join").iter().map(|join| (join.text("queue"), join.text("room"))))
        .collect();
    let reaches = |publish: &Record| {
        let rooms = publish.words("to").unwrap_or_default().iter().map(|word| word.text.as_str());
        let event = publish.words("to").is_some_and(|to| to.is_empty()).then_some(event);
        rooms.chain(event).any(|room| own.contains(&(publish.text("queue"), Some(room))))
    };
    let mut published = all.iter().flat_map(|client| client.tables("publish"));
    if published.any(|publish| publish.text("event") == Some(event) && reaches(publish)) {
        return;
    }
    let who = client.text("id").map_or("the client".to_owned(), quote);
    let what = format!("{who} answers {}, which it does not subscribe to", quote(event));
    let events = subscribed.iter().filter_map(|record| record.text("event"));
    let help = problems.nearest(event, events);
    let problem = Problem::new(field.place, what, "this event never reaches it");
    problems.push(
        problem
            .maybe_help(help)
            .maybe_help(Some(format!("add {{ queue = …, event = {event:?} }} to its `subscribe`"))),
    );
}
