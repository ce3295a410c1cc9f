//! Tests of `dlab run --why`. Every sentence describes one event, one packet or the end of the
//! trial, and concerns the message. Every event that names the message has its sentence.

mod connections;

use delivery_lab::terms::Cause;
use std::collections::{BTreeMap, BTreeSet};

use delivery_lab::history::{EventKind, History, Packet, PowerState, ProcessId};
use delivery_lab::message::{
    Contender, Epoch, Link, Message, MessageId, Mode, Name, Note, Position,
};
use delivery_lab::report::why::{Sentence, SentenceOrigin, WhyEvidence, life};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Capturing, TrialOptions, run_trial};
use delivery_lab::verdict::{self, Followed};

/// The most messages of each outcome and cause that are followed per row.
const FOLLOWED: usize = 2;

struct Trial {
    scenario: Scenario,
    contender: Contender,
    history: History,
    packets: Vec<Packet>,
}

impl Trial {
    fn life(&self, id: &MessageId) -> (Vec<Sentence>, Vec<Followed>) {
        let Trial { scenario, contender, history, packets } = self;
        let followed = verdict::follow(scenario, *contender, history, id);
        let evidence =
            WhyEvidence { scenario, contender: *contender, history, packets, followed: &followed };
        (life(&evidence, id).expect("it was published"), followed)
    }

    /// Returns the line of the trace for an event: everything that the event says.
    fn line(&self, index: usize) -> String {
        serde_json::to_string(&self.history.events[index].kind).unwrap()
    }
}

/// Runs one trial with a capture.
fn trial(scenario: &Scenario, contender: Contender) -> Trial {
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    let trial = run_trial(scenario, contender, scenario.seed, &options).unwrap();
    let packets = trial.capture.expect("it was asked for").into_packets();
    Trial { scenario: scenario.clone(), contender, history: trial.history, packets }
}

/// Runs every built-in scenario with fewer than 20 processes, the museum's included, with each of
/// its contenders.
fn trials() -> impl Iterator<Item = Trial> {
    let small =
        |scenario: &Scenario| scenario.clients.iter().map(|one| one.count).sum::<u32>() < 20;
    let texts = builtin::all().chain(builtin::museum());
    let scenarios = texts.map(|(name, text)| Scenario::load(name, text).unwrap());
    scenarios.filter(small).flat_map(|scenario| {
        scenario.contenders.clone().into_iter().map(move |contender| trial(&scenario, contender))
    })
}

/// Returns a few messages of each outcome and cause.
fn chosen(trial: &Trial) -> BTreeSet<MessageId> {
    let row = verdict::judge(&trial.scenario, trial.contender, &trial.history);
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut chosen = BTreeSet::new();
    let wanted = row.subscribers.iter().flat_map(|one| &one.messages);
    let wanted = wanted.map(|one| (&one.id, Some((one.outcome, one.cause))));
    let before = row.subscribers.iter().flat_map(|one| &one.before_subscription);
    for (id, outcome) in wanted.chain(before.map(|one| (&one.id, None))) {
        let count = seen.entry(outcome).or_default();
        if *count < FOLLOWED {
            *count += 1;
            chosen.insert(id.clone());
        }
    }
    chosen
}

#[test]
fn every_sentence_is_an_event_and_every_event_of_the_message_is_a_sentence() {
    let (mut stories, mut causes) = (0, BTreeSet::new());
    for trial in trials() {
        for id in chosen(&trial) {
            let (life, followed) = trial.life(&id);
            check_sources(&trial, &id, &life);
            Scope::of(&trial, &id, &followed).check(&life);
            check_ends(&trial, &id, &life, &followed);
            causes.extend(followed.iter().filter_map(|one| one.cause));
            stories += 1;
        }
    }
    assert!(stories > 200, "{stories} stories");
    assert!(causes.len() >= 15, "stories of {causes:?}");
}

fn check_sources(trial: &Trial, id: &MessageId, life: &[Sentence]) {
    let place = format!("{} {} {id}", trial.scenario.name, trial.contender);
    let is_conclusion = |one: &Sentence| one.of == SentenceOrigin::Verdict;
    assert!(life.is_sorted_by_key(is_conclusion), "{place}: {life:#?}");
    let events = life.iter().filter(|one| !is_conclusion(one));
    assert!(events.is_sorted_by_key(|sentence| sentence.at), "{place}: {life:#?}");
    let mut told = BTreeSet::new();
    for Sentence { at, of, text } in life {
        assert!(text.ends_with('.') && text.len() > 10, "{place}: {text:?}");
        match *of {
            SentenceOrigin::End => assert_eq!(*at, trial.history.ended_at, "{place}: {text}"),
            SentenceOrigin::Packet(index) => {
                let packet = &trial.packets[index];
                assert_eq!(packet.at, *at, "{place}: {text}");
                let bytes = packet.bytes.len().to_string();
                let plain = text.replace(',', "");
                let says = plain.contains(&format!("A packet of {bytes} bytes"));
                assert!(says || text.contains("more packets"), "{place}: {text}");
                check_load(trial, id, packet, &place);
            }
            SentenceOrigin::Verdict => assert!(text.starts_with("So "), "{place}: {text}"),
            SentenceOrigin::Event(index) => {
                assert_eq!(trial.history.events[index].at, *at, "{place}: {text}");
                told.insert(index);
            }
        }
    }
    let named = format!("\"{id}\"");
    for index in 0..trial.history.events.len() {
        let is_named = trial.line(index).contains(&named);
        assert!(!is_named || told.contains(&index), "{place} lacks {}", trial.line(index));
    }
}

/// Checks that a packet contains the message's id, over UDP: only there is a message sent as it is,
/// and alone.
fn check_load(trial: &Trial, id: &MessageId, packet: &Packet, place: &str) {
    if trial.contender.link == Link::Udp {
        let text = String::from_utf8_lossy(&packet.bytes);
        assert!(text.contains(&format!("\"{id}\"")), "{place}: {text}");
    }
}

/// Checks that the story ends with one conclusion for each subscriber that wanted the message, in
/// the order of the rows, and that one that is still open says what it waits for.
fn check_ends(trial: &Trial, id: &MessageId, life: &[Sentence], followed: &[Followed]) {
    let place = format!("{} {}", trial.scenario.name, trial.contender);
    let (story, ends) = life.split_at(life.len() - followed.len());
    assert!(story.iter().all(|one| !one.text.starts_with("So ")), "{place}: {life:#?}");
    for (end, Followed { client, cause, at, outcome }) in ends.iter().zip(followed) {
        let verb = if outcome.is_some() { "has" } else { "does not want" };
        assert!(end.text.starts_with(&format!("So {client} {verb} ")), "{place}: {life:#?}");
        assert_eq!(end.at, *at, "{place}: {}", end.text);
        if let Some(cause) = cause {
            assert!(end.text.contains(&format!("[{cause}]")), "{place}: {}", end.text);
        }
    }
    // What nobody wanted waits, too, as long as its publisher keeps it: no answer, no drop.
    let is_kept = trial.contender.mode == Mode::CatchUp
        && !trial.history.events.iter().any(|event| match &event.kind {
            EventKind::Note(
                Note::Accepted { id: of, .. }
                | Note::Refused { id: of }
                | Note::Unsent { id: of, .. },
            ) => of == id,
            _ => false,
        });
    let is_open = followed.iter().any(|one| match one.outcome {
        None => is_kept,
        Some(_) => one.cause == Some(Cause::Unsettled),
    });
    let waits = story.last().is_some_and(|one| one.of == SentenceOrigin::End);
    assert_eq!(is_open, waits, "{place}: {life:#?}");
}

/// The things that a story may speak of, computed without the story's own code.
struct Scope<'a> {
    trial: &'a Trial,
    message: &'a Message,
    /// The publisher, and the clients that wanted the message or got it.
    clients: BTreeSet<&'a Name>,
    /// The position of the message in each epoch. Epochs are the broker's lives, counted from 1.
    positions: BTreeMap<Epoch, Position>,
}

impl<'a> Scope<'a> {
    fn of(trial: &'a Trial, id: &MessageId, followed: &'a [Followed]) -> Scope<'a> {
        let events = &trial.history.events;
        let message = events.iter().find_map(|event| match &event.kind {
            EventKind::Note(Note::Published { message }) if message.id == *id => Some(&**message),
            _ => None,
        });
        let message = message.expect("it was published");
        let clients = followed.iter().map(|one| &one.client).chain([&message.id.publisher]);
        let (clients, positions) = (clients.collect(), BTreeMap::new());
        let mut scope = Scope { trial, message, clients, positions };
        for (index, event) in events.iter().enumerate() {
            match &event.kind {
                EventKind::Note(Note::Pushed { id: of, client, .. }) if of == id => {
                    scope.clients.insert(client);
                }
                EventKind::Note(Note::Accepted { id: of, position: Some(position), .. })
                    if of == id =>
                {
                    scope.positions.insert(scope.epoch(index), *position);
                }
                _ => {}
            }
        }
        scope
    }

    /// Returns the broker's epoch at an event.
    fn epoch(&self, index: usize) -> Epoch {
        let before = self.trial.history.events[..index]
            .iter()
            .filter(|event| event.process == ProcessId::BROKER);
        let died = |what: &EventKind| {
            matches!(what, EventKind::Power(PowerState::Killed | PowerState::PowerLost))
        };
        Epoch(1 + before.filter(|event| died(&event.kind)).count() as u64)
    }

    /// Checks that every sentence made from an event is about the message.
    fn check(&self, life: &[Sentence]) {
        for Sentence { of, text, .. } in life {
            let SentenceOrigin::Event(index) = *of else { continue };
            let Trial { scenario, contender, .. } = self.trial;
            let id = &self.message.id;
            let place = format!("{} {contender} {id}: {text}", scenario.name);
            self.check_event(index, text, &place);
        }
    }

    fn check_event(&self, index: usize, text: &str, place: &str) {
        let event = &self.trial.history.events[index];
        let id = &self.message.id;
        let line: serde_json::Value = serde_json::from_str(&self.trial.line(index)).unwrap();
        let says = |key: &str| line.as_object().and_then(|one| one.values().next()?.get(key));
        if let Some(named) = says("id").and_then(|id| id.as_str()) {
            assert_eq!(named, id.to_string(), "{place}");
        }
        if let Some(named) = says("client").and_then(|client| client.as_str()) {
            assert!(self.clients.contains(&Name::from(named)), "{place}");
        }
        if let Some(queue) = says("queue").and_then(|queue| queue.as_str()) {
            assert_eq!(queue, self.message.queue.as_str(), "{place}");
        }
        match &event.kind {
            EventKind::Dropped { flow, datagram, .. } => {
                let mut carried = self.trial.history.events.iter().filter_map(|event| {
                    let EventKind::Carried { id, flow, end, .. } = &event.kind else { return None };
                    Some((id, **flow, *end))
                });
                assert!(carried.any(|one| one == (id, **flow, *datagram)), "{place}");
                let std::net::IpAddr::V4(to) = flow.to.ip() else { panic!("{place}") };
                let process = &self.trial.history.processes[to.octets()[3] as usize - 1];
                assert!(text.contains(process.name.as_str()), "{place} is for {}", process.name);
            }
            EventKind::Note(Note::Acknowledged { position, client, .. }) => {
                let epoch = self.epoch(index);
                let at = self.positions.get(&epoch);
                let of_gap = self.became_gap(client, index)
                    || self.was_told_of_gap(client, *position, index);
                assert_eq!(text.contains("gap"), of_gap, "{place}");
                assert!(at.is_some_and(|at| at == position || of_gap && at < position), "{place}");
            }
            EventKind::Note(Note::GapReceived { from, to, .. }) => {
                let told = self.trial.history.events[..index].iter().rev();
                let epoch = told.filter(|one| one.process == event.process).find_map(|one| {
                    let EventKind::Note(Note::ResumeReceived { queue, answer }) = &one.kind else {
                        return None;
                    };
                    (*queue == self.message.queue).then(|| answer.epoch())
                });
                let at = epoch.and_then(|epoch| self.positions.get(&epoch));
                assert!(at.is_some_and(|at| (from..=to).contains(&at)), "{place}");
            }
            EventKind::Power(_) | EventKind::Note(Note::Welcomed { .. } | Note::Lost { .. }) => {
                let client = &self.trial.history.process(event.process).client;
                assert!(
                    event.process == ProcessId::BROKER || self.clients.contains(client),
                    "{place}"
                );
            }
            _ => {}
        }
    }

    /// Whether a client was told before an event of a gap that has the message in it and ends at this
    /// position.
    fn was_told_of_gap(&self, client: &Name, end: Position, index: usize) -> bool {
        let here = self.positions.get(&self.epoch(index));
        let history = &self.trial.history;
        history.events[..index].iter().any(|event| match &event.kind {
            EventKind::Note(Note::GapReceived { queue, from, to }) => {
                *to == end
                    && *queue == self.message.queue
                    && history.process(event.process).client == *client
                    && here.is_some_and(|here| (from..=to).contains(&here))
            }
            _ => false,
        })
    }

    /// Whether the message became a gap for a client before an event, in the same life of the
    /// broker.
    fn became_gap(&self, client: &Name, index: usize) -> bool {
        let epoch = self.epoch(index);
        let mut events = self.trial.history.events[..index].iter().enumerate();
        events.any(|(at, event)| match &event.kind {
            EventKind::Note(Note::BecameGap { id, client: of, .. }) => {
                *id == self.message.id && of == client && self.epoch(at) == epoch
            }
            _ => false,
        })
    }
}

/// Returns the story of one message, one line per sentence.
fn story(scenario: &str, contender: &str, id: &str) -> String {
    let scenario = Scenario::load(scenario, builtin::find(scenario).unwrap()).unwrap();
    let trial = trial(&scenario, contender.parse().unwrap());
    let (life, _) = trial.life(&id.parse().unwrap());
    life.iter().map(|one| format!("{} {}\n", one.at, one.text)).collect()
}

/// Checks that a story has these parts, in this order.
fn check((scenario, contender, id): (&str, &str, &str), parts: &[&str]) {
    let story = story(scenario, contender, id);
    let mut rest = story.as_str();
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} in its place in\n{story}"));
        rest = &rest[at + part.len()..];
    }
}

/// Checks that a story ends with this text.
fn check_last(of: (&str, &str, &str), end: &str) {
    let story = story(of.0, of.1, of.2);
    assert!(story.trim_end().ends_with(end), "{end:?} is not the end of\n{story}");
}

#[test]
fn a_position_of_another_epoch_is_none_of_the_messages() {
    let crashed = "in the broker's memory when it crashed [broker-crashed].";
    check_last(("broker-crash", "udp/catch-up", "driver-3"), crashed);
    check_last(("broker-crash", "tcp/catch-up", "driver-2"), crashed);
    check_last(("museum/empty-epoch", "tcp/catch-up", "driver-4"), crashed);
    check_last(("museum/empty-epoch", "tcp/catch-up", "driver-5"), crashed);
}

#[test]
fn a_crash_that_is_still_felt_is_told_before_the_publish() {
    let crash = ["3.5s The broker loses its power.", "4.5s The broker starts."];
    let missed = "shop has missed driver-6: the client was not connected";
    check(
        ("broker-crash", "tcp/fire-and-forget", "driver-6"),
        &[crash[0], crash[1], "shop loses session 1", "publishes driver-6", missed],
    );
    check(
        ("broker-crash", "udp/fire-and-forget", "driver-11"),
        &["9.5s The broker's process dies.", "10.5s The broker starts.", "publishes driver-11"],
    );
    check(
        ("museum/new-epoch-old-position", "tcp/catch-up", "driver-7"),
        &["driver loses session 1: RST.", "publishes", "driver sends it"],
    );
}

#[test]
fn a_client_that_has_left_is_told_though_the_broker_believes_in_it() {
    check(
        ("deaf-after-reconnect", "long-polling/fire-and-forget", "driver-4"),
        &["2.5s shop closes session 1.", "publishes", "sent into a dead link"],
    );
}

#[test]
fn what_ended_the_session_before_is_why_a_client_is_in_no_room() {
    check(
        ("deaf-after-reconnect", "tcp/fire-and-forget", "driver-8"),
        &["The broker ends session 1 of shop: FIN.", "opens session 2", "publishes"],
    );
}

#[test]
fn a_position_of_a_foreign_epoch_is_named_as_one() {
    check(
        ("museum/new-epoch-old-position", "tcp/catch-up", "driver-11"),
        &[
            "3.2s The broker loses its power.",
            "at position 6 of epoch 2.",
            "all after position 7 of epoch 2 follows, though shop was in epoch 1.",
            "[wrong-epoch]",
        ],
    );
}

#[test]
fn what_is_acknowledged_of_an_evicted_message_is_its_gap() {
    let gap = "counts the gap that it is in as acknowledged by shop.";
    check(("retention", "tcp/catch-up", "driver-5"), &["is told that", gap, "[evicted]"]);
    check(("museum/silent-trim", "tcp/catch-up", "driver-6"), &[gap, "[evicted]"]);
    // The gap is acknowledged by its last position, which belongs to another message.
    check(("retention", "tcp/catch-up", "driver-4"), &["acknowledges the gap.", gap, "[evicted]"]);
}

#[test]
fn a_miss_stands_after_its_whole_instant_and_a_datagram_says_for_whom_it_was() {
    check(
        ("chat", "udp/fire-and-forget", "ann-3"),
        &["leaves the broker for bob.", "leaves the broker for cid", "So bob has missed ann-3"],
    );
    check(("chat", "udp/fire-and-forget", "ann-3"), &["It reaches bob, where no socket is open."]);
    let to = ["On its way to shop it is lost.", "On its way to office it is lost."];
    check(("storm", "udp/fire-and-forget", "driver-55"), &[to[0], to[1], "So shop", "So office"]);
}

#[test]
fn what_is_only_put_into_a_buffer_is_not_told_as_sent() {
    let story = story("polling-between-polls", "polling/fire-and-forget", "driver-7");
    assert!(story.contains("The broker puts it by for session 1 of shop"), "{story}");
    assert!(!story.contains("The broker sends it on"), "{story}");
}

#[test]
fn what_a_message_waits_for_at_the_end_is_told() {
    check(
        ("museum/copy-unanswered", "udp/catch-up", "driver-2"),
        &["At the end driver-1 is out to shop", "the window is full", "[unsettled]"],
    );
    check(
        ("slow-consumer", "udp/catch-up", "driver-304"),
        &["At the end 100 messages", "the window is full", "[unsettled]"],
    );
    check(
        ("museum/subscribes-once", "tcp/catch-up", "driver-8"),
        &["At the end the broker has it, and shop has joined no room", "[unsettled]"],
    );
}

#[test]
fn a_datagram_that_a_middlebox_drops_is_told_once_with_the_time_since_when() {
    for mode in ["fire-and-forget", "catch-up"] {
        let text = story("idle-timeout", &format!("udp/{mode}"), "driver-2");
        let first = "On its way to phone it is dropped by a middlebox that had forgotten its flow \
                     at 40.04s.";
        assert!(text.contains(first), "{text}");
        assert!(!text.contains("A middlebox beside"), "{text}");
    }
    // A segment has no sentence of its own for that.
    let text = story("idle-timeout", "tcp/catch-up", "driver-2");
    assert_eq!(text.matches("A middlebox beside phone drops a packet").count(), 1, "{text}");
}

#[test]
fn a_replaced_process_is_told_where_no_other_has_a_session() {
    for mode in ["fire-and-forget", "catch-up"] {
        let of = |id| story("two-windows", &format!("tcp/{mode}"), id);
        let replaced = "laptop loses session 1: a newer session of alice replaces it, and it stays \
                        away (on_replaced).";
        let text = of("driver-8");
        assert!(text.contains(replaced), "{text}");
        assert!(text.find(replaced) < text.find("phone closes session"), "{text}");
        // The phone has a session when this one is published.
        let text = of("driver-6");
        assert!(!text.contains("laptop loses"), "{text}");
    }
}

#[test]
fn a_session_that_never_began_is_not_told_as_lost() {
    for mode in ["fire-and-forget", "catch-up"] {
        let text = story("websocket-blocked", &format!("websocket/{mode}"), "driver-1");
        for client in ["driver", "shop"] {
            let fails = format!("{client}'s attempt at session 1 fails: upgrade refused.");
            assert!(text.contains(&fails), "{text}");
        }
        let keeps = "At the end the broker does not have it from driver, which has no session.";
        assert!(!text.contains("loses session"), "{text}");
        assert_eq!(text.contains(keeps), mode == "catch-up", "{text}");
    }
}
