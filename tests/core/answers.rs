//! Answers to the broker's own messages: whom it asks, and which answers it counts.

use std::sync::Arc;

use delivery_lab::core::{
    Broker, BrokerInput, BrokerOptions, BrokerOutput, Client, ClientInput, ClientOptions,
    ClientOutput, ConnectionId, Machine, Numbering,
};
use delivery_lab::message::{
    AckPolicy, BrokerLimits, ClientLimits, Confirm, Draft, EndReason, Epoch, Frame, LinkSemantics,
    Message, MessageId, Mode, Note, Payload, Position, PushKind, RoomJoin, SessionId, StartAt,
};
use delivery_lab::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(1);

struct Lab {
    broker: Broker,
    now: Instant,
}

impl Lab {
    fn new(mode: Mode) -> Lab {
        let link = LinkSemantics::RELIABLE;
        let (limits, epoch) = (BrokerLimits::default(), Epoch::FIRST);
        Lab { broker: Broker::new(BrokerOptions { mode, link, limits, epoch }), now: Instant::ZERO }
    }

    fn tell(&mut self, input: BrokerInput) -> Vec<BrokerOutput> {
        self.broker.handle(self.now, input);
        std::iter::from_fn(|| self.broker.poll()).collect()
    }

    fn say(&mut self, connection: u64, frame: Frame) -> Vec<BrokerOutput> {
        self.tell(BrokerInput::Received { connection: ConnectionId(connection), frame })
    }

    /// Opens a session of a client, and joins the room `e`.
    fn come(&mut self, connection: u64, client: &str) {
        self.tell(BrokerInput::Opened { connection: ConnectionId(connection) });
        let session = SessionId { process: client.into(), number: connection };
        self.say(connection, Frame::Hello { client: client.into(), session, will: None });
        let rooms = vec![RoomJoin { room: "e".into(), from: StartAt::Now }];
        self.say(connection, Frame::Join { request: 1, queue: "q".into(), rooms, known: None });
    }

    /// Has the broker publish, and ask for answers.
    fn ask(&mut self) -> Vec<String> {
        let draft = Draft::new("q".into(), "e".into(), Payload::null());
        said(self.tell(BrokerInput::Publish { draft, confirm_within: Some(WITHIN) }))
    }

    fn answer(&mut self, connection: u64, sequence: u64) -> Vec<String> {
        said(self.say(connection, Frame::Answer { id: id(sequence) }))
    }

    fn acknowledge(&mut self, connection: u64, position: u64) -> Vec<String> {
        let position = Position(position);
        said(self.say(connection, Frame::Ack { queue: "q".into(), position }))
    }

    fn wait(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        said(self.tell(BrokerInput::Elapsed))
    }
}

fn id(sequence: u64) -> MessageId {
    MessageId { publisher: "broker".into(), sequence }
}

/// Returns what the outputs say about answers.
fn said(outputs: Vec<BrokerOutput>) -> Vec<String> {
    let lines = outputs.into_iter().filter_map(|output| match output {
        BrokerOutput::Note(Note::AnswersAsked { id, clients }) => {
            let clients: Vec<&str> = clients.iter().map(|client| client.as_str()).collect();
            Some(format!("{id} asks {}", clients.join(" ")))
        }
        BrokerOutput::Note(Note::AnswerReceived { id, client }) => {
            Some(format!("{id} from {client}"))
        }
        BrokerOutput::Note(Note::AnswersEnded { id, asked, in_time }) => {
            Some(format!("{id} ends {in_time}/{asked}"))
        }
        BrokerOutput::Send { connection, frame: Frame::Push { confirm: Confirm::Wanted, .. } } => {
            Some(format!("push to {} wants an answer", connection.0))
        }
        _ => None,
    });
    lines.collect()
}

#[test]
fn in_fire_and_forget_those_are_asked_that_have_a_session_and_each_answer_counts_once() {
    let mut lab = Lab::new(Mode::FireAndForget);
    lab.come(1, "ann");
    lab.come(2, "ben");
    lab.come(3, "cat");
    let connection = ConnectionId(3);
    lab.tell(BrokerInput::Closed { connection, reason: EndReason::Fin });
    let asked = ["broker-1 asks ann ben", "push to 1 wants an answer", "push to 2 wants an answer"];
    assert_eq!(lab.ask(), asked);
    assert_eq!(lab.answer(2, 1), ["broker-1 from ben"]);
    assert_eq!(lab.answer(2, 1), [""; 0], "again");
    assert_eq!(lab.answer(1, 7), [""; 0], "a message that was never published");
    assert_eq!(lab.answer(1, 1), ["broker-1 from ann", "broker-1 ends 2/2"]);
    assert_eq!(lab.wait(WITHIN), [""; 0], "the wait is over");
}

#[test]
fn a_late_answer_is_not_counted() {
    let mut lab = Lab::new(Mode::FireAndForget);
    lab.come(1, "ann");
    lab.come(2, "ben");
    lab.ask();
    lab.answer(1, 1);
    assert_eq!(lab.wait(WITHIN), ["broker-1 ends 1/2"]);
    assert_eq!(lab.answer(2, 1), [""; 0]);
}

#[test]
fn in_catch_up_those_on_record_are_asked_and_acknowledgements_answer() {
    let mut lab = Lab::new(Mode::CatchUp);
    lab.come(1, "ann");
    lab.come(2, "ben");
    let connection = ConnectionId(2);
    lab.tell(BrokerInput::Closed { connection, reason: EndReason::Fin });
    assert_eq!(lab.ask(), ["broker-1 asks ann ben"], "no push wants more than it does anyway");
    assert_eq!(lab.acknowledge(1, 1), ["broker-1 from ann"]);
    lab.come(4, "ben");
    assert_eq!(lab.acknowledge(4, 1), ["broker-1 from ben", "broker-1 ends 2/2"]);
}

#[test]
fn nobody_to_ask_is_none_of_none_at_once() {
    let mut lab = Lab::new(Mode::FireAndForget);
    lab.come(1, "ann");
    let connection = ConnectionId(1);
    lab.tell(BrokerInput::Closed { connection, reason: EndReason::Fin });
    assert_eq!(lab.ask(), ["broker-1 asks ", "broker-1 ends 0/0"]);
}

/// Creates a client in a session, whose handler runs for a message that wants an answer.
fn handling(ack: AckPolicy) -> (Client, Vec<ClientOutput>) {
    let limits = ClientLimits { ack, ..ClientLimits::default() };
    let mut client = Client::new(ClientOptions {
        client: "ann".into(),
        process: "ann".into(),
        mode: Mode::FireAndForget,
        link: LinkSemantics::RELIABLE,
        limits,
        jitter_seed: 1,
        numbering: Numbering::default(),
        will: None,
    });
    let heartbeat = delivery_lab::message::Heartbeat::default();
    let session = SessionId { process: "ann".into(), number: 1 };
    let message = Message::new(id(1), Draft::new("q".into(), "e".into(), Payload::null()));
    let push = Frame::Push {
        message: Arc::new(message),
        offset: None,
        kind: PushKind::Live,
        confirm: Confirm::Wanted,
    };
    let mut outputs = Vec::new();
    for input in [
        ClientInput::Started,
        ClientInput::Connected,
        ClientInput::Received { frame: Frame::Welcome { session, heartbeat } },
        ClientInput::Received { frame: push },
    ] {
        outputs.extend(feed(&mut client, input));
    }
    (client, outputs)
}

fn feed(client: &mut Client, input: ClientInput) -> Vec<ClientOutput> {
    client.handle(Instant::ZERO, input);
    std::iter::from_fn(|| client.poll()).collect()
}

fn answers(outputs: &[ClientOutput]) -> usize {
    let is_answer =
        |one: &&ClientOutput| matches!(one, ClientOutput::Send { frame: Frame::Answer { .. } });
    outputs.iter().filter(is_answer).count()
}

#[test]
fn a_client_answers_as_it_acknowledges() {
    for (ack, before, after) in [
        (AckPolicy::AfterHandler, 0, 1),
        (AckPolicy::BeforeHandler, 1, 0),
        (AckPolicy::Never, 0, 0),
    ] {
        let (mut client, outputs) = handling(ack);
        assert_eq!(answers(&outputs), before, "{ack}, before the handler returns");
        let outputs = feed(&mut client, ClientInput::HandlerReturned);
        assert_eq!(answers(&outputs), after, "{ack}, when it has returned");
    }
}

#[test]
fn an_answer_that_comes_after_its_session_is_not_sent() {
    let (mut client, _) = handling(AckPolicy::AfterHandler);
    feed(&mut client, ClientInput::Disconnected { reason: EndReason::Reset });
    let outputs = feed(&mut client, ClientInput::HandlerReturned);
    assert_eq!(answers(&outputs), 0);
}
