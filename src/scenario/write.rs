//! Writes a scenario as the file that it could have been loaded from.
//!
//! Keys with their default values are left out. Comments are not kept.

use std::fmt::{self, Display, Write as _};

use crate::message::{
    BrokerLimits, ClientLimits, Contender, Dedup, Draft, Durability, Echo, Encoding, Head,
    Heartbeat, HttpConnections, KeepAlive, Name, Resubscribe, Retention, StartAt, Target, Upgrade,
    WhenFull,
};
use crate::terms::CounterOf;
use crate::time::{Duration, Instant};

use super::{
    BrokerAct, BrokerApp, ClientEntry, CrashNotice, Effect, Expectation, Expected, Fault,
    MemberChange, Publish, Range, Scenario, When, Who,
};

/// Formats the scenario as TOML. Loading that gives the same scenario again, as far as a file can
/// express it.
impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = Table::default();
        file.set("title", quoted(&self.title));
        file.unless(self.about.is_empty(), "about", quoted(&self.about));
        file.set("seed", self.seed);
        file.set("run_for", time(self.run_for));
        file.set("latency", quoted(&self.latency.to_string()));
        let all: Vec<Contender> = Contender::all().collect();
        file.unless(self.contenders == all, "contenders", texts(&self.contenders));
        writeln!(f, "{}", file.lines())?;
        if let Some(mutant) = self.mutant {
            writeln!(f, "[mutant]\nname = {}\n", quoted(mutant.name))?;
        }
        let mut broker = broker(&self.broker);
        broker_app(&mut broker, &self.broker_app, self.run_for);
        if !broker.0.is_empty() {
            writeln!(f, "[broker]\n{}", broker.lines())?;
        }
        if self.polling_interval != Duration::from_secs(1) {
            writeln!(f, "[polling]\ninterval = {}\n", time(self.polling_interval))?;
        }
        let mut http = Table::default();
        let (timeout, connections) = (self.http_timeout, self.http_connections);
        http.unless(timeout == Duration::from_secs(20), "timeout", time(timeout));
        let is_default = connections == HttpConnections::default();
        http.unless(is_default, "connections", quoted(connections.name()));
        if !http.0.is_empty() {
            writeln!(f, "[http]\n{}", http.lines())?;
        }
        for one in &self.clients {
            writeln!(f, "[[client]]\n{}", client(one, self.run_for).lines())?;
        }
        for one in &self.faults {
            writeln!(f, "[[fault]]\n{}", fault(one).lines())?;
        }
        let expectations = self.expectations.iter().map(|one| expectation(one).lines());
        let expectations: Vec<String> =
            expectations.map(|lines| format!("[[expect]]\n{lines}")).collect();
        f.write_str(&expectations.join("\n"))
    }
}

/// Keys with their values in TOML.
#[derive(Default)]
struct Table(Vec<(&'static str, String)>);

impl Table {
    fn set(&mut self, key: &'static str, value: impl Display) {
        self.0.push((key, value.to_string()));
    }

    fn unless(&mut self, is_default: bool, key: &'static str, value: impl Display) {
        if !is_default {
            self.set(key, value);
        }
    }

    /// Returns one line per key.
    fn lines(&self) -> String {
        self.0.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
    }

    /// Returns an inline table.
    fn inline(&self) -> String {
        let keys: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("{{ {} }}", keys.join(", "))
    }
}

fn quoted(text: &str) -> String {
    // A JSON string is a TOML string too, except for one character.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn time(span: Duration) -> String {
    quoted(&span.to_string())
}

fn moment(at: Instant) -> String {
    quoted(&at.to_string())
}

fn texts<T: Display>(list: &[T]) -> String {
    list_of(list.iter().map(|one| quoted(&one.to_string())))
}

fn list_of(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// Converts JSON to TOML, which has no null: nulls are left out.
fn value(json: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    Some(match json {
        Value::Null => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => list_of(list.iter().filter_map(value)),
        Value::Object(map) => {
            let mut table = String::new();
            for (key, one) in map.iter().filter_map(|(key, one)| Some((key, value(one)?))) {
                let comma = if table.is_empty() { "" } else { ", " };
                let _ = write!(table, "{comma}{} = {one}", quoted(key));
            }
            format!("{{ {table} }}")
        }
    })
}

fn broker(limits: &BrokerLimits) -> Table {
    let BrokerLimits { backlog, heartbeat, ack_timeout, window, send_queue, .. } = limits;
    let default = BrokerLimits::default();
    let mut table = Table::default();
    table.unless(*backlog == default.backlog, "backlog", retention(backlog).inline());
    let Heartbeat { every, timeout } = *heartbeat;
    let beat = format!("{{ every = {}, timeout = {} }}", time(every), time(timeout));
    table.unless(*heartbeat == default.heartbeat, "heartbeat", beat);
    table.unless(*ack_timeout == default.ack_timeout, "ack_timeout", time(*ack_timeout));
    table.unless(*window == default.window, "window", window);
    table.unless(*send_queue == default.send_queue, "send_queue", send_queue);
    let accept_queue = limits.accept_queue;
    table.unless(accept_queue == default.accept_queue, "accept_queue", accept_queue);
    table.unless(limits.upgrade == Upgrade::Accept, "upgrade", quoted(limits.upgrade.name()));
    if let Some(expiry) = limits.session_expiry {
        table.set("session_expiry", time(expiry));
    }
    keep_alive(&mut table, limits.keep_alive);
    table.unless(limits.presence.is_empty(), "presence", texts(&limits.presence));
    table
}

fn broker_app(table: &mut Table, app: &BrokerApp, run_for: Duration) {
    let published = app.publish.iter().map(|one| publish(one, run_for).inline());
    table.unless(app.publish.is_empty(), "publish", list_of(published));
    for key in ["join", "leave", "disconnect"] {
        let of_key = app.acts.iter().filter(|act| act.change.key() == key);
        let list: Vec<String> = of_key.map(act).collect();
        table.unless(list.is_empty(), key, list_of(list.into_iter()));
    }
}

fn act(act: &BrokerAct) -> String {
    let mut table = Table::default();
    table.set("queue", quoted(act.members.queue.as_str()));
    table.unless(act.members.rooms.is_empty(), "to", texts(&act.members.rooms));
    if let MemberChange::Join(room) | MemberChange::Leave(room) = &act.change {
        table.set("room", quoted(room.as_str()));
    }
    table.set("at", moment(act.at));
    table.inline()
}

fn retention(backlog: &Retention) -> Table {
    let default = Retention::default();
    let mut table = Table::default();
    table.unless(backlog.messages == default.messages, "messages", backlog.messages);
    table.unless(backlog.bytes == default.bytes, "bytes", backlog.bytes);
    if let Some(age) = backlog.age {
        table.set("age", time(age));
    }
    table.unless(
        backlog.when_full == WhenFull::DropOldest,
        "when_full",
        quoted(backlog.when_full.name()),
    );
    if let Some(most) = backlog.per_subscription {
        table.set("per_subscription", most);
    }
    table
}

fn client(client: &ClientEntry, run_for: Duration) -> Table {
    let mut table = Table::default();
    table.set("id", quoted(client.id.as_str()));
    if let Some(name) = &client.name {
        table.set("name", quoted(name.as_str()));
    }
    table.unless(client.count == 1, "count", client.count);
    let publish = client.publish.iter().map(|one| publish(one, run_for).inline());
    table.unless(client.publish.is_empty(), "publish", list_of(publish));
    let subscribe = client.subscribe.iter().map(|one| {
        let mut table = place(&one.queue, "event", &one.event);
        table.unless(one.from == StartAt::Now, "from", quoted("start"));
        table.inline()
    });
    table.unless(client.subscribe.is_empty(), "subscribe", list_of(subscribe));
    for (key, changes) in [("join", &client.join), ("leave", &client.leave)] {
        let list = changes.iter().map(|change| {
            let mut table = place(&change.queue, "room", &change.room);
            table.set("at", moment(change.at));
            table.inline()
        });
        table.unless(changes.is_empty(), key, list_of(list));
    }
    if let Some(will) = &client.will {
        let mut table_of_will = place(&will.queue, "event", &will.event);
        draft(&mut table_of_will, will);
        table.set("will", table_of_will.inline());
    }
    limits(&mut table, &client.limits);
    table
}

fn limits(table: &mut Table, limits: &ClientLimits) {
    let default = ClientLimits::default();
    table.unless(limits.ack == default.ack, "ack", quoted(limits.ack.name()));
    table.unless(limits.dedup == Dedup::On, "dedup", false);
    table.unless(limits.inbox == default.inbox, "inbox", limits.inbox);
    table.unless(limits.outbox == default.outbox, "outbox", limits.outbox);
    table.unless(limits.resubscribe == Resubscribe::Always, "resubscribe", false);
    let on_replaced = limits.on_replaced;
    table.unless(on_replaced == default.on_replaced, "on_replaced", quoted(on_replaced.name()));
    keep_alive(table, limits.keep_alive);
}

fn keep_alive(table: &mut Table, keep_alive: Option<KeepAlive>) {
    let Some(KeepAlive { after, every, probes }) = keep_alive else { return };
    let mut keys = Table::default();
    keys.set("after", time(after));
    keys.set("every", time(every));
    keys.set("probes", probes);
    table.set("keep_alive", keys.inline());
}

fn place(queue: &Name, key: &'static str, room: &Name) -> Table {
    let mut table = Table::default();
    table.set("queue", quoted(queue.as_str()));
    table.set(key, quoted(room.as_str()));
    table
}

fn publish(publish: &Publish, run_for: Duration) -> Table {
    let mut table = place(&publish.draft.queue, "event", &publish.draft.event);
    match &publish.when {
        When::Every { start, every, count } => {
            let alone = *count == 1 && *every == run_for;
            table.set("start", moment(*start));
            table.unless(alone, "every", time(*every));
            table.unless(alone, "count", count);
        }
        When::On { event, after } => {
            table.set("on", quoted(event.as_str()));
            table.unless(*after == Duration::ZERO, "after", time(*after));
        }
    }
    if let Some(within) = publish.ack_within {
        table.set("ack_within", time(within));
    }
    draft(&mut table, &publish.draft);
    table
}

fn draft(table: &mut Table, draft: &Draft) {
    let Target { to, except, echo, keep } = &draft.target;
    table.unless(to.is_empty(), "to", texts(to));
    table.unless(except.is_empty(), "except", texts(except));
    table.unless(*echo == Echo::Everyone, "broadcast", true);
    table.unless(*keep == Durability::Kept, "volatile", true);
    let Head { headers, encoding } = &draft.head;
    let texts =
        headers.iter().map(|(name, text)| format!("{} = {}", quoted(name.as_str()), quoted(text)));
    let texts = format!("{{ {} }}", texts.collect::<Vec<_>>().join(", "));
    table.unless(headers.is_empty(), "headers", texts);
    table.unless(*encoding == Encoding::Json, "encoding", quoted(encoding.name()));
    let payload = serde_json::from_str(draft.payload.as_str()).expect("a payload is JSON");
    if let Some(payload) = value(&payload) {
        table.set("payload", payload);
    }
}

fn fault(fault: &Fault) -> Table {
    let Fault { effect, who, at, until, direction } = fault;
    let mut table = Table::default();
    table.set("kind", quoted(effect.kind().name()));
    match who {
        Who::Clients(names) if names.len() == 1 => table.set("who", quoted(names[0].as_str())),
        Who::Clients(names) => table.set("who", texts(names)),
        Who::Broker => table.set("who", quoted("broker")),
        Who::Nobody => {}
    }
    table.set("at", moment(*at));
    let lasts = *until != Instant::NEVER && !effect.kind().is_momentary();
    table.unless(!lasts, "for", time(until.since(*at)));
    if let Some(word) = direction.word() {
        table.set("direction", quoted(word));
    }
    match effect {
        Effect::Disconnect | Effect::Cut | Effect::Pause | Effect::Freeze | Effect::Reset => {}
        Effect::Partition { groups } => {
            table.set("groups", list_of(groups.iter().map(|group| texts(group))));
        }
        Effect::IdleTimeout { after } => table.set("after", time(*after)),
        Effect::Loss { rate } | Effect::Duplicate { rate } | Effect::Corrupt { rate } => {
            table.set("rate", format!("{rate:?}"));
        }
        Effect::Reorder { rate, delay } => {
            table.set("rate", format!("{rate:?}"));
            table.set("delay", time(*delay));
        }
        Effect::Latency { latency } => table.set("latency", quoted(&latency.to_string())),
        Effect::Bandwidth { bytes_per_second, queue_bytes } => {
            table.set("bytes_per_second", bytes_per_second);
            table.set("queue_bytes", queue_bytes);
        }
        Effect::Crash { notice } => table.unless(*notice == CrashNotice::Silent, "notice", true),
        Effect::Slow { handler } => table.set("handler", time(*handler)),
        Effect::Deaf { queue, event } => {
            table.set("queue", quoted(queue.as_str()));
            table.set("event", quoted(event.as_str()));
        }
    }
    table
}

fn expectation(expectation: &Expectation) -> Table {
    let mut table = Table::default();
    if let Some(contender) = expectation.contender {
        table.set("contender", quoted(&contender.to_string()));
    }
    if let Some(client) = &expectation.client {
        table.set("client", quoted(client.as_str()));
    }
    match &expectation.what {
        Expected::Counter { counter, range } => match counter.of() {
            CounterOf::Recoveries => {
                table.set("recoveries", format!("{{ {counter} = {} }}", bounds(range)));
            }
            CounterOf::Subscriber | CounterOf::Contender | CounterOf::Cost => {
                table.set(counter.name(), bounds(range));
            }
        },
        Expected::MissedBy { cause, range } => {
            table.set("missed", bounds(range));
            table.set("cause", quoted(cause.name()));
        }
        Expected::Verdict { guarantee, verdict } => {
            table.set("guarantee", quoted(guarantee.name()));
            table.set("verdict", quoted(verdict.name()));
        }
        Expected::Claim { guarantee, claim } => {
            table.set("guarantee", quoted(guarantee.name()));
            table.set("claim", quoted(claim.name()));
        }
        Expected::Anomaly(anomaly) => table.set("anomaly", quoted(anomaly.name())),
    }
    table
}

fn bounds(range: &Range) -> String {
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max => range.to_string(),
        _ => quoted(&range.to_string()),
    }
}
