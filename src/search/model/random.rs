//! Draws steps from a seed.
//!
//! Swarm style, like the storms on the simulator: each seed leaves some kinds of trouble out and
//! sets the strength of the others anew. Every draw is keyed by the seed and the number of the
//! step, so that a step takes some nanoseconds and depends on no other.

use crate::message::{ClientLimits, Heartbeat, LinkSemantics, Mode, Retention, WhenFull};
use crate::sim::Draw;
use crate::time::Duration;

use super::{Coverage, FrameDirection, Model, ModelFinding, ModelOptions, Noticed, Step};

/// The result of playing the steps of one seed.
#[derive(Clone, Debug)]
pub struct ModelRun {
    /// Number of steps in which something happened, without the deliveries of [`Model::quiesce`].
    pub steps: u64,
    /// The first thing that is wrong, if anything is.
    pub finding: Option<ModelFinding>,
    /// Counts of what was exercised.
    pub coverage: Coverage,
}

/// Draws the number of steps to play for a seed, from 50 to 1,600. Long runs fill windows and
/// backlogs; short ones find errors that many messages would hide.
pub fn length(seed: u64) -> u64 {
    50 << Draw::new(seed).named("length").below(6)
}

/// Plays steps of a seed until something has happened in `count` of them, lets the model quiesce,
/// and checks it.
pub fn run_steps(options: ModelOptions, seed: u64, count: u64) -> ModelRun {
    let steps = Steps::new(&options, seed);
    let mut model = Model::new(options);
    let mut happened = 0;
    for step in steps {
        if happened == count {
            break;
        }
        happened += u64::from(model.step(step));
    }
    model.quiesce();
    ModelRun { steps: happened, finding: model.check(), coverage: model.coverage().clone() }
}

/// Draws the model of a seed: correct machines in catch-up mode, with drawn link, limits and number
/// of subscribers.
pub fn drawn(seed: u64) -> ModelOptions {
    let dice = Draw::new(seed).named("mail");
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let number = |name: &str, min, max| dice.named(name).between(min, max) as usize;
    let mut options = ModelOptions {
        link: if is("lossy", 2) { LinkSemantics::LOSSY } else { LinkSemantics::RELIABLE },
        mode: Mode::CatchUp,
        subscribers: number("subscribers", 1, 3),
        ..ModelOptions::default()
    };
    if is("small backlog", 3) {
        let when_full = if is("refuse", 2) { WhenFull::Refuse } else { WhenFull::DropOldest };
        let messages = number("backlog", 1, 12);
        options.broker.backlog = Retention { messages, when_full, ..Retention::default() };
    }
    if is("small subscription", 4) {
        options.broker.backlog.per_subscription = Some(number("subscription", 1, 8));
    }
    if is("short heartbeat", 2) {
        let second = Duration::from_secs(1);
        options.broker.heartbeat = Heartbeat { every: second, timeout: second };
    }
    if is("session expiry", 4) {
        let expiry = Duration::from_millis(dice.named("session expiry").with(1).below(4_000));
        options.broker.session_expiry = Some(expiry);
    }
    if is("small window", 3) {
        options.broker.window = number("window", 1, 5);
    }
    if is("small send queue", 6) {
        options.broker.send_queue = number("send queue", 1, 60);
    }
    if is("small inbox", 6) {
        options.client = ClientLimits { inbox: number("inbox", 1, 5), ..options.client };
    }
    if is("few early", 8) {
        options.broker.early = number("early", 1, 4);
        options.client.early = number("early", 1, 4);
    }
    options
}

/// An endless iterator over the steps of a seed.
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

/// The weight of a delivery each direction, and of the return of a handler, for each client. A message
/// makes one frame each way and one handler call for each client, so that about the same weight
/// suits a publish.
const WORK: u64 = 24;

/// Kinds of trouble, each with its highest weight.
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
    /// Draws the steps of a seed for the clients of a model.
    pub fn new(options: &ModelOptions, seed: u64) -> Steps {
        let dice = Draw::new(seed).named("steps");
        let mut kinds = Vec::new();
        let mut add = |kind, weight: u64| kinds.extend((0..weight).map(|_| kind));
        let clients = options.subscribers as u64 + 1;
        // At most a little more than can be delivered.
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
        // Two draws of 32 bits each, from one of 64.
        let below = |half: u64, end: u64| ((half & 0xffff_ffff) * end) >> 32;
        let kind = self.kinds[below(throw, self.kinds.len() as u64) as usize];
        let n = below(throw >> 32, self.clients) as usize;
        let direction =
            if throw & 1 == 0 { FrameDirection::ToBroker } else { FrameDirection::ToClient };
        Some(match kind {
            Kind::Publish => Step::Publish,
            Kind::ToBroker => Step::Deliver(FrameDirection::ToBroker, n),
            Kind::ToClient => Step::Deliver(FrameDirection::ToClient, n),
            Kind::Late => Step::DeliverLate(n),
            Kind::Handler => Step::HandlerReturns(n),
            Kind::Lose => Step::Lose(direction, n),
            Kind::Double => Step::Double(direction, n),
            Kind::Overtake => Step::Overtake(direction, n),
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
