//! What the broker does not keep for a client, frame by frame: by the limit of a
//! subscription, and because its session expired.

use std::sync::Arc;

use delivery_lab::core::{Broker, BrokerInput, BrokerOptions, BrokerOutput, ConnectionId, Machine};
use delivery_lab::message::{
    BrokerLimits, Confirm, Cursor, Draft, EndReason, Epoch, Frame, GapReason, LinkSemantics,
    Message, MessageId, Mode, Note, Offset, Payload, Position, ResumeOutcome, Retention, RoomJoin,
    SessionId, StartAt, Target, WhenFull,
};
use delivery_lab::time::{Duration, Instant};

use GapReason::{Evicted, Expired, Overflowed};

/// A broker in catch-up mode, the connections of its clients, and what it said since it was last
/// asked.
struct Lab {
    broker: Broker,
    now: Instant,
    connections: u64,
    published: u64,
    said: Vec<BrokerOutput>,
}

impl Lab {
    fn new(limits: BrokerLimits) -> Lab {
        let (link, epoch) = (LinkSemantics::RELIABLE, Epoch::FIRST);
        let options = BrokerOptions { mode: Mode::CatchUp, link, limits, epoch };
        let (broker, now) = (Broker::new(options), Instant::ZERO);
        Lab { broker, now, connections: 0, published: 0, said: Vec::new() }
    }

    fn tell(&mut self, input: BrokerInput) {
        self.broker.handle(self.now, input);
        self.said.extend(std::iter::from_fn(|| self.broker.poll()));
    }

    /// Lets time pass, and the timers that are due run.
    fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(at) = self.broker.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.tell(BrokerInput::Elapsed);
        }
        self.now = until;
    }

    /// Opens a session of a client, and returns its connection.
    fn hello(&mut self, client: &str) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.tell(BrokerInput::Opened { connection });
        let session = SessionId { process: client.into(), number: self.connections };
        self.say(connection, Frame::Hello { client: client.into(), session, will: None });
        connection
    }

    /// Opens a session that joins the room `e`, and returns its connection.
    fn come(&mut self, client: &str, known: Option<u64>) -> ConnectionId {
        let connection = self.hello(client);
        let from = if known.is_some() { StartAt::Before } else { StartAt::Now };
        let rooms = vec![RoomJoin { room: "e".into(), from }];
        let known = known.map(|at| Cursor { epoch: Epoch::FIRST, position: Position(at) });
        self.say(connection, Frame::Join { request: 1, queue: "q".into(), rooms, known });
        connection
    }

    fn say(&mut self, connection: ConnectionId, frame: Frame) {
        self.tell(BrokerInput::Received { connection, frame });
    }

    fn close(&mut self, connection: ConnectionId) {
        self.tell(BrokerInput::Closed { connection, reason: EndReason::Fin });
    }

    fn publish(&mut self, by: ConnectionId) {
        self.published += 1;
        let id = MessageId { publisher: "driver".into(), sequence: self.published };
        let (target, payload) = (Target::default(), Payload::null());
        let draft = Draft { target, ..Draft::new("q".into(), "e".into(), payload) };
        let message = Message::new(id, draft);
        let (message, confirm) = (Arc::new(message), Confirm::Wanted);
        self.say(by, Frame::Publish { message, after: None, confirm });
    }

    fn ack(&mut self, connection: ConnectionId, position: u64) {
        self.say(connection, Frame::Ack { queue: "q".into(), position: Position(position) });
    }

    /// Returns the positions that became gaps for a client since the last call, with the reason.
    fn became_gaps(&mut self, of: &str) -> Vec<(u64, GapReason)> {
        let gaps = self.said.iter().filter_map(|one| match one {
            BrokerOutput::Note(Note::BecameGap { position, client, reason, .. })
                if client.as_str() == of =>
            {
                Some((position.0, *reason))
            }
            _ => None,
        });
        let gaps = gaps.collect();
        self.said.clear();
        gaps
    }

    /// Returns the number of messages that were refused since the last call.
    fn refused(&mut self) -> usize {
        let is_refusal =
            |one: &BrokerOutput| matches!(one, BrokerOutput::Note(Note::Refused { .. }));
        std::mem::take(&mut self.said).iter().filter(|one| is_refusal(one)).count()
    }

    /// Returns what was sent on a connection since the last call: the answer to a join, pushes and
    /// gaps.
    fn sent(&mut self, on: ConnectionId) -> Vec<Sent> {
        let sent = self.said.iter().filter_map(|one| match one {
            BrokerOutput::Send { connection, frame } if *connection == on => match frame {
                Frame::Joined { answer, .. } => Some(Sent::Answer((*answer)?)),
                Frame::Push { offset: Some(Offset { position, .. }), .. } => {
                    Some(Sent::Message(position.0))
                }
                Frame::Gap { from, to, after, .. } => Some(Sent::Gap(from.0, to.0, after.0)),
                _ => None,
            },
            _ => None,
        });
        let sent = sent.collect();
        self.said.clear();
        sent
    }
}

#[derive(Debug, PartialEq)]
enum Sent {
    Answer(ResumeOutcome),
    Message(u64),
    /// The first position, the last, and the one before in the subscription.
    Gap(u64, u64, u64),
}

fn gap(position: u64, from: u64, to: u64) -> Sent {
    let (position, from, to) = (Position(position), Position(from), Position(to));
    Sent::Answer(ResumeOutcome::Gap { epoch: Epoch::FIRST, position, from, to })
}

fn limits(retention: Retention) -> BrokerLimits {
    BrokerLimits { backlog: retention, ..BrokerLimits::default() }
}

fn at_most(per_subscription: usize) -> Lab {
    let per_subscription = Some(per_subscription);
    Lab::new(limits(Retention { per_subscription, ..Retention::default() }))
}

/// Gaps of this reason.
fn gaps(reason: GapReason, positions: &[u64]) -> Vec<(u64, GapReason)> {
    positions.iter().map(|position| (*position, reason)).collect()
}

#[test]
fn a_message_too_many_is_a_gap_for_one_client_and_kept_for_the_others() {
    let mut lab = at_most(2);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    let office = lab.come("office", None);
    lab.close(shop);
    for position in 1..=4 {
        lab.publish(driver);
        lab.ack(office, position);
    }
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[3, 4]));
    let shop = lab.come("shop", Some(0));
    let kept = [gap(0, 3, 4), Sent::Message(1), Sent::Message(2), Sent::Gap(3, 4, 2)];
    assert_eq!(lab.sent(shop), kept);
}

#[test]
fn an_acknowledgement_makes_room_for_the_next() {
    let mut lab = at_most(2);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    for _ in 1..=3 {
        lab.publish(driver);
    }
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[3]));
    // Neither a gap nor what was acknowledged before counts.
    for position in [3, 2, 2] {
        lab.ack(shop, position);
    }
    lab.publish(driver);
    lab.publish(driver);
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[5]));
    // A position that the client knows acknowledges all up to it.
    lab.close(shop);
    lab.come("shop", Some(4));
    for _ in 6..=8 {
        lab.publish(driver);
    }
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[8]));
}

#[test]
fn what_was_evicted_makes_room_and_a_gap_is_not_evicted_again() {
    let (messages, per_subscription) = (3, Some(2));
    let retention = Retention { messages, per_subscription, ..Retention::default() };
    let mut lab = Lab::new(limits(retention));
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    let office = lab.come("office", None);
    lab.close(shop);
    for position in 1..=2 {
        lab.publish(driver);
        lab.ack(office, position);
    }
    lab.publish(driver);
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[3]));
    // The fourth drives out the first, and there is room again. The sixth drives out the third, which
    // is kept for the office, and a gap for the shop already.
    for _ in 4..=6 {
        lab.publish(driver);
    }
    let evicted = [gaps(Evicted, &[1]), gaps(Evicted, &[2]), gaps(Overflowed, &[6])];
    assert_eq!(lab.became_gaps("shop"), evicted.concat());
}

#[test]
fn what_was_evicted_on_its_way_counts_until_its_session_ends() {
    let (messages, per_subscription) = (1, Some(2));
    let retention = Retention { messages, per_subscription, ..Retention::default() };
    let mut lab = Lab::new(limits(retention));
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    for _ in 1..=3 {
        lab.publish(driver);
    }
    assert_eq!(lab.became_gaps("shop"), gaps(Overflowed, &[3]));
    lab.close(shop);
    assert_eq!(lab.became_gaps("shop"), gaps(Evicted, &[1, 2]));
    lab.publish(driver);
    assert_eq!(lab.became_gaps("shop"), []);
}

// ── a session that expired ──────────────────────────────────────────────────────────────────

fn expiring(ms: u64) -> Lab {
    let session_expiry = Some(Duration::from_millis(ms));
    Lab::new(BrokerLimits { session_expiry, ..BrokerLimits::default() })
}

#[test]
fn who_comes_back_in_time_loses_nothing_and_who_is_late_is_told_of_one_gap() {
    let mut lab = expiring(1_000);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    lab.publish(driver);
    lab.ack(shop, 1);
    lab.close(shop);
    lab.publish(driver);
    lab.wait(999);
    assert_eq!(lab.became_gaps("shop"), []);
    let shop = lab.come("shop", Some(1));
    let position = Position(1);
    let resumed = ResumeOutcome::Resumed { epoch: Epoch::FIRST, position };
    assert_eq!(lab.sent(shop), [Sent::Answer(resumed), Sent::Message(2)]);
    lab.close(shop);
    lab.publish(driver);
    lab.wait(1_000);
    assert_eq!(lab.became_gaps("shop"), gaps(Expired, &[2, 3]));
    // What comes after it is routed to nobody.
    lab.publish(driver);
    assert_eq!(lab.became_gaps("shop"), []);
    let shop = lab.come("shop", Some(1));
    assert_eq!(lab.sent(shop), [gap(1, 2, 4), Sent::Gap(2, 4, 1)]);
    lab.publish(driver);
    assert_eq!(lab.sent(shop), [Sent::Message(5)]);
}

#[test]
fn a_client_that_has_forgotten_its_position_is_sent_the_gap() {
    let mut lab = expiring(0);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    lab.close(shop);
    lab.wait(0);
    lab.publish(driver);
    let shop = lab.come("shop", None);
    let position = Position::START;
    let started = ResumeOutcome::Started { epoch: Epoch::FIRST, position };
    assert_eq!(lab.sent(shop), [Sent::Answer(started), Sent::Gap(1, 1, 0)]);
}

#[test]
fn a_session_that_expires_with_nothing_to_lose_leaves_no_gap() {
    let mut lab = expiring(0);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    lab.publish(driver);
    lab.close(shop);
    lab.wait(0);
    assert_eq!(lab.became_gaps("shop"), gaps(Expired, &[1]));
    // Its acknowledgement was lost, and it knows better.
    let shop = lab.come("shop", Some(1));
    let position = Position(1);
    let resumed = ResumeOutcome::Resumed { epoch: Epoch::FIRST, position };
    assert_eq!(lab.sent(shop), [Sent::Answer(resumed)]);
}

#[test]
fn a_session_that_another_replaces_does_not_expire() {
    let mut lab = expiring(0);
    let (driver, _) = (lab.hello("driver"), lab.come("shop", None));
    lab.publish(driver);
    let shop = lab.come("shop", Some(0));
    lab.wait(1_000);
    assert_eq!(lab.became_gaps("shop"), []);
    lab.ack(shop, 1);
    // Only a client that has no session loses what is kept for it.
    lab.close(driver);
    lab.wait(1_000);
    assert_eq!(lab.became_gaps("shop"), []);
}

#[test]
fn an_expired_session_leaves_room_in_a_backlog_that_refuses() {
    let retention = Retention { messages: 1, when_full: WhenFull::Refuse, ..Retention::default() };
    let session_expiry = Some(Duration::from_millis(10));
    let mut lab = Lab::new(BrokerLimits { session_expiry, ..limits(retention) });
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    lab.close(shop);
    lab.publish(driver);
    lab.publish(driver);
    assert_eq!(lab.refused(), 1);
    lab.wait(10);
    lab.publish(driver);
    assert_eq!(lab.refused(), 0);
}

#[test]
fn a_session_that_expires_twice_without_a_join_has_one_gap_from_the_first_time_on() {
    let mut lab = expiring(0);
    let (driver, shop) = (lab.hello("driver"), lab.come("shop", None));
    lab.close(shop);
    lab.wait(0);
    for _ in 1..=2 {
        lab.publish(driver);
        let shop = lab.hello("shop");
        lab.close(shop);
        lab.wait(0);
    }
    let shop = lab.come("shop", Some(0));
    assert_eq!(lab.sent(shop), [gap(0, 1, 2), Sent::Gap(1, 2, 0)]);
}
