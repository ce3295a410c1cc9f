//! Steps from a seed.
//!
//! Swarm style, as the storms of the other depth: each seed leaves some kinds of trouble out and
//! sets the strength of the others anew. Every throw is keyed by the seed and the number of the
//! step, so a step is drawn in some nanoseconds and depends on no other.

use crate::core::LinkSemantics;
use crate::message::{ClientLimits, Heartbeat, Mode, Retention, WhenFull};
use crate::sim::Draw;
use crate::time::Duration;

use super::{Coverage, Mail, Model, ModelFinding, Noticed, Step, Way};

/// What came of one play.
#[derive(Clone, Debug)]
pub struct Played {
    /// Steps in which something happened; what is delivered in the peace after them is not counted.
    pub steps: u64,
    /// The first thing that is wrong.
    pub finding: Option<ModelFinding>,
    /// What was exercised.
    pub coverage: Coverage,
}

/// How many steps of a seed are worth playing, from 50 to 1,600: long plays fill windows and
/// backlogs, short ones find what many messages would hide.
pub fn length(seed: u64) -> u64 {
    50 << Draw::new(seed).named("length").below(6)
}

/// Plays steps of a seed until something has happened in so many of them, then peace, then the
/// check.
pub fn play(mail: Mail, seed: u64, count: u64) -> Played {
    let steps = Steps::new(&mail, seed);
    let mut bag = Model::new(mail);
    let mut happened = 0;
    for step in steps {
        if happened == count {
            break;
        }
        happened += u64::from(bag.step(step));
    }
    bag.settle();
    Played { steps: happened, finding: bag.check(), coverage: bag.coverage().clone() }
}

/// The mailbag of a seed: correct machines in catch-up mode; path, limits and the number of
/// subscribers are drawn.
pub fn drawn(seed: u64) -> Mail {
    let dice = Draw::new(seed).named("mail");
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let number = |name: &str, min, max| dice.named(name).between(min, max) as usize;
    let mut mail = Mail {
        path: if is("lossy", 2) { LinkSemantics::LOSSY } else { LinkSemantics::RELIABLE },
        mode: Mode::CatchUp,
        subscribers: number("subscribers", 1, 3),
        ..Mail::default()
    };
    if is("small backlog", 3) {
        let when_full = if is("refuse", 2) { WhenFull::Refuse } else { WhenFull::DropOldest };
        let messages = number("backlog", 1, 12);
        mail.broker.backlog = Retention { messages, when_full, ..Retention::default() };
    }
    if is("short heartbeat", 2) {
        let second = Duration::from_secs(1);
        mail.broker.heartbeat = Heartbeat { every: second, timeout: second };
    }
    if is("small window", 3) {
        mail.broker.window = number("window", 1, 5);
    }
    if is("small send queue", 6) {
        mail.broker.send_queue = number("send queue", 1, 60);
    }
    if is("small inbox", 6) {
        mail.client = ClientLimits { inbox: number("inbox", 1, 5), ..mail.client };
    }
    if is("few early", 8) {
        mail.broker.early = number("early", 1, 4);
        mail.client.early = number("early", 1, 4);
    }
    mail
}

/// The steps of a seed, without end.
#[derive(Clone, Debug)]
pub struct Steps {
    dice: Draw,
    at: u64,
    clients: u64,
    longest_ms: u64,
    kinds: Vec<Kind>,
}

/// A kind of step, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Publish,
    ToBroker,
    ToClient,
    Late,
    Handler,
    Lose,
    Double,
    Overtake,
    BreakBoth,
    BreakClient,
    BreakBroker,
    GoAway,
    ComeBack,
    Crash,
    Restart,
    CrashBroker,
    Wait,
}

/// How often each client's mail arrives each way, and its handler returns. A message makes one
/// frame each way for each client and one handler call, so as often something may be published.
const WORK: u64 = 24;

/// Trouble, and how often there is of it at most.
const TROUBLE: [(Kind, u64); 10] = [
    (Kind::Late, 8),
    (Kind::Lose, 12),
    (Kind::Double, 8),
    (Kind::Overtake, 12),
    (Kind::BreakBoth, 4),
    (Kind::BreakClient, 4),
    (Kind::BreakBroker, 4),
    (Kind::GoAway, 3),
    (Kind::Crash, 4),
    (Kind::CrashBroker, 4),
];

impl Steps {
    /// The steps of a seed for a mailbag: as many clients, and the trouble that its path has.
    pub fn new(mail: &Mail, seed: u64) -> Steps {
        let dice = Draw::new(seed).named("steps");
        let mut kinds = Vec::new();
        let mut add = |kind, weight: u64| kinds.extend((0..weight).map(|_| kind));
        let clients = mail.subscribers as u64 + 1;
        // Up to a little more than can be delivered.
        add(Kind::Publish, dice.named("pressure").between(WORK / 2, WORK + 2));
        add(Kind::ToBroker, WORK * clients);
        add(Kind::ToClient, WORK * clients);
        // Some handlers are slow.
        add(Kind::Handler, (WORK * clients) >> dice.named("slow").below(4));
        add(Kind::ComeBack, 2);
        add(Kind::Restart, 2);
        add(Kind::Wait, dice.named("waits").between(2, 8));
        for (index, (kind, most)) in (0..).zip(TROUBLE) {
            let dice = dice.named("trouble").with(index);
            if dice.named("on").below(2) == 1 {
                add(kind, dice.named("strength").between(1, most));
            }
        }
        let longest_ms = dice.named("longest").between(50, 3_000);
        Steps { dice: dice.named("step"), at: 0, clients, longest_ms, kinds }
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let dice = self.dice.with(self.at);
        self.at += 1;
        let throw = dice.bits();
        // Two throws of 32 bits each, from one of 64.
        let below = |half: u64, end: u64| ((half & 0xffff_ffff) * end) >> 32;
        let kind = self.kinds[below(throw, self.kinds.len() as u64) as usize];
        let n = below(throw >> 32, self.clients) as usize;
        let way = if throw & 1 == 0 { Way::ToBroker } else { Way::ToClient };
        Some(match kind {
            Kind::Publish => Step::Publish,
            Kind::ToBroker => Step::Deliver(Way::ToBroker, n),
            Kind::ToClient => Step::Deliver(Way::ToClient, n),
            Kind::Late => Step::DeliverLate(n),
            Kind::Handler => Step::HandlerReturns(n),
            Kind::Lose => Step::Lose(way, n),
            Kind::Double => Step::Double(way, n),
            Kind::Overtake => Step::Overtake(way, n),
            Kind::BreakBoth => Step::Break(Noticed::ByBoth, n),
            Kind::BreakClient => Step::Break(Noticed::ByClient, n),
            Kind::BreakBroker => Step::Break(Noticed::ByBroker, n),
            Kind::GoAway => Step::GoAway(n),
            Kind::ComeBack => Step::ComeBack(n),
            Kind::Crash => Step::Crash(n),
            Kind::Restart => Step::Restart(n),
            Kind::CrashBroker => Step::CrashBroker,
            Kind::Wait => {
                Step::Wait(Duration::from_millis(1 + below(throw >> 32, self.longest_ms)))
            }
        })
    }
}
