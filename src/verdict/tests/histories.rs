//! Random histories: most events could have happened, and some of them make no sense.
//!
//! The generator keeps as much state as it needs to continue a history sensibly: the sessions, the
//! copies under way, and the messages that were read. At every step it may ignore that state and
//! add an arbitrary event.

mod connections;
mod dice;
mod messages;
mod nonsense;
mod power;
mod scenario;

use crate::history::{Endpoint, Event, EventKind, Flow, History, Process, ProcessId};
use crate::message::{
    Contender, EndReason, Epoch, GapReason, MessageId, Mode, Name, Note, Position, PushKind,
    ResumeOutcome, RoomJoin, SessionId, StartAt,
};
use crate::scenario::Scenario;
use crate::time::{Duration, Instant};

use dice::Dice;
use scenario::ROOMS;

/// A history, with the scenario and the contender that are said to have been run.
#[derive(Clone)]
pub struct RandomHistory {
    pub scenario: Scenario,
    pub contender: Contender,
    pub history: History,
}

/// Draws the history of this seed.
pub fn random(seed: u64) -> RandomHistory {
    let mut dice = Dice::of(seed);
    let contender = scenario::contender(&mut dice);
    let scenario = scenario::scenario(&mut dice);
    let processes = scenario::processes(&scenario);
    let idle = scenario::idle_timeouts(&scenario);
    let steps = 10 + dice.below(50);
    let wildness = dice.pick(&[0, 5, 20, 60]);
    let mut generator = Generator::of(dice, contender, processes, idle);
    for _ in 0..steps {
        generator.pass_time();
        match generator.dice.percent(wildness) {
            true => generator.do_anything(),
            false => generator.go_on(),
        }
    }
    let (ended_at, hits) = (generator.end(), Vec::new());
    let Generator { processes, mut events, .. } = generator;
    events.sort_by_key(|event| (event.at, event.process, event.sequence));
    // From dice of their own, so that they change no event.
    let mut dice = Dice::of(!seed);
    let responses = (0..dice.below(5)).map(|_| Duration::from_millis(dice.below(1_000)));
    let responses = responses.collect();
    let history = History { processes, events, hits, responses, ended_at, ..History::default() };
    RandomHistory { scenario, contender, history }
}

const BROKER: u32 = 0;
const DRIVER: u32 = 1;

const KINDS: [PushKind; 3] = [PushKind::Live, PushKind::Replay, PushKind::Again];
/// The first one twice, since nothing else ends copies in its way.
const GAP_REASONS: [GapReason; 4] =
    [GapReason::Evicted, GapReason::Evicted, GapReason::Overflowed, GapReason::Expired];
const REASONS: [EndReason; 5] =
    [EndReason::Fin, EndReason::Reset, EndReason::Heartbeat, EndReason::Replaced, EndReason::Left];

struct Generator {
    dice: Dice,
    contender: Contender,
    processes: Vec<Process>,
    events: Vec<Event>,
    now: Instant,
    /// The number of each process's latest session.
    sessions: Vec<u64>,
    /// The processes that have a session, as far as both sides know.
    connected: Vec<u32>,
    epoch: Epoch,
    /// The epoch of each process's last attachment, and the position it goes on from.
    known: Vec<Option<(Epoch, Position)>>,
    position: Position,
    /// The number of messages that each publisher has published.
    published: Vec<u64>,
    accepted: Vec<Kept>,
    flying: Vec<Flight>,
    inbox: Vec<Flight>,
    /// The number of copies in each flow so far.
    carried: Vec<(Flow, u64)>,
    /// The indices of the faults that forget flows.
    idle: Vec<usize>,
    /// The flows that were forgotten, and the faults that did so.
    forgotten: Vec<(usize, Flow)>,
}

/// A copy on its way, or in the inbox of a client.
#[derive(Clone)]
struct Flight {
    id: MessageId,
    session: SessionId,
    process: u32,
    kind: PushKind,
    place: Option<(Flow, u64)>,
    kept: Kept,
}

/// A message that the broker has accepted.
#[derive(Clone)]
struct Kept {
    id: MessageId,
    queue: Name,
    position: Option<Position>,
}

impl Generator {
    fn of(
        dice: Dice,
        contender: Contender,
        processes: Vec<Process>,
        idle: Vec<usize>,
    ) -> Generator {
        let count = processes.len();
        Generator {
            dice,
            contender,
            processes,
            events: Vec::new(),
            now: Instant::ZERO,
            sessions: vec![0; count],
            connected: Vec::new(),
            epoch: Epoch::FIRST,
            known: vec![None; count],
            position: Position::START,
            published: vec![0; count],
            accepted: Vec::new(),
            flying: Vec::new(),
            inbox: Vec::new(),
            carried: Vec::new(),
            idle,
            forgotten: Vec::new(),
        }
    }

    // ── steps ───────────────────────────────────────────────────────────────────────────────

    fn pass_time(&mut self) {
        let ms = match self.dice.below(20) {
            0 => 100 + self.dice.below(200),
            1..8 => 0,
            _ => self.dice.below(40),
        };
        self.now += Duration::from_millis(ms);
    }

    fn go_on(&mut self) {
        if !self.idle.is_empty() && self.dice.percent(20) {
            return self.forget_or_renew();
        }
        if self.connected.iter().all(|process| *process == DRIVER) && self.dice.percent(60) {
            let process = self.listener();
            return self.come(process);
        }
        match self.dice.below(100) {
            0..28 => self.publish(),
            28..48 => self.arrive(),
            48..62 => self.work(),
            62..72 => {
                let process = self.anybody();
                self.come(process);
            }
            72..80 => self.go(),
            80..83 => self.crash_client(),
            83..86 => self.crash_broker(),
            86..89 => self.evict(),
            89 => self.expire(),
            90..92 => self.push_again(),
            92..94 => self.end_a_line(),
            94..96 => self.take_a_handler(),
            96..97 => self.join_or_leave(),
            97..98 => self.tell_a_gap(),
            98 => self.fail_a_request(),
            _ => self.change_power(),
        }
    }

    /// Begins a session. In catch-up mode the session is mostly attached, and told its position.
    fn come(&mut self, process: u32) {
        if self.connected.contains(&process) && self.dice.percent(70) {
            self.leave(process, EndReason::Replaced);
        }
        self.sessions[process as usize] += 1;
        let session = self.session(process);
        let client = self.client(process);
        if self.dice.percent(97) {
            self.note(BROKER, Note::SessionOpened { session: session.clone(), client });
        }
        if self.dice.percent(95) {
            self.note(process, Note::Welcomed { session });
        }
        self.connected.push(process);
        let joins = process != DRIVER && self.dice.percent(90);
        if joins && self.contender.mode == Mode::CatchUp {
            let answer = self.answer(process);
            self.attach(process, answer);
        }
        if joins && self.dice.percent(90) {
            self.record(process);
        }
    }

    /// Draws the answer to a join, mostly one that fits the attachment before.
    fn answer(&mut self, process: u32) -> ResumeOutcome {
        let (epoch, end) = (self.epoch, self.position);
        let before = self.known[process as usize];
        if self.dice.percent(12) {
            let before = Epoch(epoch.0.max(2) - 1);
            let epoch = self.dice.pick(&[epoch, epoch, before, Epoch::FIRST]);
            let position = Position(self.dice.below(end.0 + 3));
            return self.any_answer(epoch, position);
        }
        match before {
            None => {
                let position = self.dice.pick(&[Position::START, end, end]);
                ResumeOutcome::Started { epoch, position }
            }
            Some((of, position)) if of == epoch => match self.dice.below(10) {
                0..3 => {
                    let lost = position.next();
                    ResumeOutcome::Gap { epoch, position, from: lost, to: lost }
                }
                3 => ResumeOutcome::Started { epoch, position },
                _ => ResumeOutcome::Resumed { epoch, position },
            },
            Some((_, position)) => match self.dice.below(10) {
                0..3 => ResumeOutcome::Resumed { epoch, position },
                _ => ResumeOutcome::NewEpoch { epoch, position: Position::START },
            },
        }
    }

    fn any_answer(&mut self, epoch: Epoch, position: Position) -> ResumeOutcome {
        let to = Position(position.0 + self.dice.below(3));
        self.dice.pick(&[
            ResumeOutcome::Started { epoch, position },
            ResumeOutcome::Resumed { epoch, position },
            ResumeOutcome::Gap { epoch, position, from: position, to },
            ResumeOutcome::NewEpoch { epoch, position },
        ])
    }

    fn attach(&mut self, process: u32, answer: ResumeOutcome) {
        let (client, session) = (self.client(process), self.session(process));
        let (queue, told) = (self.queue(), Box::new(answer));
        self.note(BROKER, Note::Attached { queue: queue.clone(), client, session, answer: told });
        if self.dice.percent(92) {
            self.note(process, Note::ResumeReceived { queue, answer });
        }
        self.known[process as usize] = Some((answer.epoch(), answer.position()));
    }

    fn record(&mut self, process: u32) {
        let from = self.dice.pick(&[
            StartAt::Now,
            StartAt::Now,
            StartAt::Start,
            StartAt::Before,
            StartAt::Before,
        ]);
        let mut rooms = vec![RoomJoin { room: ROOMS[0].into(), from }];
        if self.dice.percent(25) {
            let from = self.dice.pick(&[StartAt::Now, from, StartAt::Start]);
            rooms.push(RoomJoin { room: ROOMS[1].into(), from });
        }
        let (client, queue) = (self.client(process), self.queue());
        self.note(BROKER, Note::Subscribed { client, queue, rooms });
    }

    fn join_or_leave(&mut self) {
        let process = self.listener();
        if self.dice.percent(30) {
            return self.record(process);
        }
        let (client, queue) = (self.client(process), self.queue());
        let room = self.dice.pick(&ROOMS).into();
        self.note(BROKER, Note::Unsubscribed { client, queue, room });
    }

    /// Ends a session for good: mostly of a client that has none, and sometimes with a message that
    /// was kept for it.
    fn expire(&mut self) {
        let mut process = self.listener();
        if self.connected.contains(&process) && self.dice.percent(80) {
            self.leave(process, EndReason::Heartbeat);
        }
        if self.dice.percent(10) {
            process = self.anybody();
        }
        let client = self.client(process);
        self.note(BROKER, Note::SessionExpired { client: client.clone() });
        if let Some(Kept { id, queue, position: Some(position) }) = self.accepted.last().cloned()
            && self.dice.percent(50)
        {
            let reason = GapReason::Expired;
            self.note(BROKER, Note::BecameGap { id, queue, position, client, reason });
        }
        if self.dice.percent(60) {
            self.publish();
        }
        if self.dice.percent(60) {
            self.come(process);
        }
    }

    fn fail_a_request(&mut self) {
        let process = self.anybody();
        let (session, reason) = (self.session(process), self.dice.pick(&REASONS));
        self.note(process, Note::RequestFailed { session, reason });
    }

    fn go(&mut self) {
        if self.connected.is_empty() {
            return;
        }
        let process = self.dice.pick(&self.connected.clone());
        let reason = self.dice.pick(&REASONS);
        self.leave(process, reason);
    }

    /// Ends a session: both sides notice, or one of them.
    fn leave(&mut self, process: u32, reason: EndReason) {
        let session = self.session(process);
        self.connected.retain(|one| *one != process);
        let client = self.client(process);
        if self.dice.percent(30) {
            self.end_connections(process, reason);
        }
        let sides = self.dice.below(10);
        if sides != 0 {
            self.note(process, Note::Lost { session: session.clone(), reason });
        }
        if sides != 1 {
            self.note(BROKER, Note::SessionClosed { session, client, reason });
        }
    }

    fn queue(&mut self) -> Name {
        self.dice.pick(&["q", "q", "q", "q", "q", "q", "q", "q", "q", "r"]).into()
    }

    fn event(&mut self) -> Name {
        if self.dice.percent(90) { ROOMS[0].into() } else { ROOMS[1].into() }
    }

    /// Draws a process that is not the broker.
    fn anybody(&mut self) -> u32 {
        1 + self.dice.below(self.processes.len() as u64 - 1) as u32
    }

    /// Draws a process that subscribes.
    fn listener(&mut self) -> u32 {
        2 + self.dice.below(self.processes.len() as u64 - 2) as u32
    }

    // ── the end of the trial ────────────────────────────────────────────────────────────────

    /// Draws the end of the trial. Some connections then report their statistics at both ends.
    fn end(&mut self) -> Instant {
        let wait = self.dice.pick(&[0, 0, 10, 100, 1_400]);
        self.now += Duration::from_millis(wait);
        for process in self.connected.clone() {
            if self.dice.percent(40) {
                let Flow { from, to } = self.outward(process);
                self.end_line(process, Endpoint { local: to, peer: from }, None);
                self.end_line(BROKER, Endpoint { local: from, peer: to }, None);
            }
        }
        self.now
    }

    fn note(&mut self, process: u32, note: Note) {
        self.push_event(process, EventKind::Note(note));
    }

    /// Adds an event. Events of one instant are ordered by process. An event that would be sorted
    /// before the last one is therefore mostly put a moment later.
    fn push_event(&mut self, process: u32, kind: EventKind) {
        let last = self.events.last().filter(|last| last.at == self.now);
        if last.is_some_and(|last| process < last.process.0) && self.dice.percent(90) {
            self.now += Duration::from_millis(1);
        }
        let sequence = self.events.len() as u32;
        self.events.push(Event { at: self.now, process: ProcessId(process), sequence, kind });
    }

    fn session(&self, process: u32) -> SessionId {
        let process = process as usize;
        SessionId {
            process: self.processes[process].name.clone(),
            number: self.sessions[process].max(1),
        }
    }

    fn client(&self, process: u32) -> Name {
        self.processes[process as usize].client.clone()
    }
}
