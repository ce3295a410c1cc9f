//! A guarantee as a property: it holds in many storms, or here is the smallest that breaks it.

use crate::terms::{Exercise, Guarantee};
use std::fmt;
use std::sync::Mutex;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::shrink::{Descent, Peace};
use super::subject::{Attempt, Subject};
use super::{Coverage, Scenarios};
use crate::report::{self, Style};
use crate::scenario::Scenario;
use crate::sim::TrialPanic;
use crate::verdict::Violated;

/// How many storms [`check`] tries.
pub const CASES: u64 = 100;

/// Holds a subject to a guarantee in [`CASES`] storms, those of the seeds from 1 on, and panics
/// with the story of the smallest storm that breaks it.
///
/// ```
/// use delivery_lab::core::Broker;
/// use delivery_lab::{Guarantee, Machines, check};
///
/// // Your own `BrokerMachine` in the place of ours, over simulated UDP.
/// let contender = "udp/catch-up".parse().unwrap();
/// check(&Machines::ours(contender).with_broker(Broker::new), Guarantee::AtLeastOnce);
/// ```
///
/// # Panics
/// The guarantee was violated, nothing put it to the test, or something in a trial panicked.
pub fn check(subject: &impl Subject, guarantee: Guarantee) {
    if let Err(failed) = Property::new(guarantee).holds(subject) {
        panic!("{failed}");
    }
}

/// A guarantee, and the storms in which it is to hold.
///
/// ```
/// use delivery_lab::{Contender, Exercise, Failed, FaultKind, Guarantee, Property, Scenarios};
///
/// let storms = Scenarios::plain().without(FaultKind::Crash).sparing_the_broker();
/// let property = Property::new(Guarantee::AtLeastOnce).over(storms);
///
/// let catch_up: Contender = "tcp/catch-up".parse().unwrap();
/// let held = property.holds(&catch_up).unwrap();
/// assert!(held.coverage.count(Exercise::Reconnect) > 0 && held.wanted > 0);
///
/// // Fire-and-forget does not claim it, and here is the smallest storm that shows why.
/// let fire_and_forget: Contender = "tcp/fire-and-forget".parse().unwrap();
/// let Err(Failed::Broken(broken)) = property.holds(&fire_and_forget) else { panic!() };
/// println!("{}", broken.story);
/// ```
#[derive(Clone, Debug)]
pub struct Property {
    guarantee: Guarantee,
    scenarios: Option<Scenarios>,
    cases: u64,
}

/// A property that held.
#[derive(Clone, Debug)]
pub struct Held {
    /// In how many storms.
    pub cases: u64,
    /// How many messages were wanted in them, each once a subscriber.
    pub wanted: u64,
    /// What they exercised.
    pub coverage: Coverage,
}

/// Why a property did not hold.
#[derive(Clone, Debug)]
pub enum Failed {
    /// The guarantee was violated.
    Broken(Box<Broken>),
    /// Nothing of this kind happened in any storm: the guarantee was not put to the test.
    NeverMet(Exercise),
    /// In no storm anything was to be delivered.
    NothingWanted,
    /// Something in a trial panicked: with this scenario, in these words.
    Panicked(Box<Scenario>, TrialPanic),
}

/// A guarantee that was violated, in the smallest scenario that does it.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Who is at fault.
    pub subject: String,
    /// What.
    pub guarantee: Guarantee,
    /// The seed with which it was found.
    pub seed: u64,
    /// How many trials the shrinking took.
    pub trials: u64,
    /// The smallest scenario.
    pub scenario: Scenario,
    /// What happens in it, in a few lines, each ended by a newline.
    pub story: String,
    /// For whom, and by which message.
    pub violated: Violated,
}

impl Property {
    /// This guarantee, in [`CASES`] of the subject's own scenarios.
    pub fn new(guarantee: Guarantee) -> Property {
        Property { guarantee, scenarios: None, cases: CASES }
    }

    /// In these scenarios.
    #[must_use]
    pub fn over(mut self, scenarios: Scenarios) -> Property {
        self.scenarios = Some(scenarios);
        self
    }

    /// In so many of them.
    #[must_use]
    pub fn cases(mut self, cases: u64) -> Property {
        self.cases = cases;
        self
    }

    /// Tries a subject. The same every time, on however many cores.
    ///
    /// # Errors
    /// The guarantee was violated, nothing put it to the test, or something in a trial panicked.
    pub fn holds(&self, subject: &impl Subject) -> Result<Held, Failed> {
        let scenarios = self.scenarios.clone().unwrap_or_else(|| subject.scenarios());
        let (coverage, wanted) = (Mutex::new(Coverage::default()), Mutex::new(0));
        let first = (1..=self.cases).into_par_iter().find_map_first(|seed| {
            let scenario = scenarios.draw(seed);
            match subject.attempt(&scenario, self.guarantee, |_| ()) {
                Ok((Attempt { violated: None, wanted: more, coverage: met }, ())) => {
                    *coverage.lock().expect("it only adds") += &met;
                    *wanted.lock().expect("it only adds") += more;
                    None
                }
                Ok((Attempt { violated: Some(violated), .. }, ())) => {
                    Some(Ok((scenario, violated)))
                }
                Err(panic) => Some(Err(Failed::Panicked(Box::new(scenario), panic))),
            }
        });
        if let Some(first) = first {
            let (scenario, violated) = first?;
            return Err(self.shrink(subject, scenario, violated));
        }
        let coverage = coverage.into_inner().expect("it only adds");
        let wanted = wanted.into_inner().expect("it only adds");
        let mut must_meet = subject.must_meet(self.guarantee).iter().copied();
        match must_meet.find(|exercise| coverage.count(*exercise) == 0) {
            _ if wanted == 0 => Err(Failed::NothingWanted),
            Some(never) => Err(Failed::NeverMet(never)),
            None => Ok(Held { cases: self.cases, wanted, coverage }),
        }
    }

    /// Tries a subject in one scenario, with its own storm and seed: a story that was found once.
    ///
    /// # Errors
    /// The guarantee was violated, nothing was wanted, or something in the trial panicked.
    pub fn holds_in(&self, subject: &impl Subject, scenario: &Scenario) -> Result<Held, Failed> {
        let attempt = subject.attempt(scenario, self.guarantee, |_| ());
        let attempt = attempt.map_err(|panic| Failed::Panicked(Box::new(scenario.clone()), panic));
        let (Attempt { violated, wanted, coverage }, ()) = attempt?;
        match violated {
            Some(violated) => Err(self.tell(subject, scenario.clone(), violated, 0)),
            None if wanted == 0 => Err(Failed::NothingWanted),
            None => Ok(Held { cases: 1, wanted, coverage }),
        }
    }

    fn shrink(&self, subject: &impl Subject, scenario: Scenario, violated: Violated) -> Failed {
        let mut descent = Descent::new(scenario, Peace::Whole);
        let (mut violated, mut trials) = (violated, 0);
        while let Some(smaller) = descent.propose() {
            trials += 1;
            match subject.attempt(&smaller, self.guarantee, |_| ()) {
                Ok((Attempt { violated: Some(same), .. }, ())) => {
                    violated = same;
                    descent.keep();
                }
                Ok(_) => {}
                Err(panic) => return Failed::Panicked(Box::new(smaller), panic),
            }
        }
        self.tell(subject, descent.smallest().clone(), violated, trials)
    }

    fn tell(
        &self,
        subject: &impl Subject,
        scenario: Scenario,
        violated: Violated,
        trials: u64,
    ) -> Failed {
        let story = |history: &_| report::story(&scenario, history, &Style::default());
        match subject.attempt(&scenario, self.guarantee, story) {
            Ok((_, story)) => Failed::Broken(Box::new(Broken {
                subject: subject.name(),
                guarantee: self.guarantee,
                seed: scenario.seed,
                trials,
                story,
                violated,
                scenario,
            })),
            Err(panic) => Failed::Panicked(Box::new(scenario), panic),
        }
    }
}

impl std::error::Error for Failed {}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Broken(broken) => broken.fmt(f),
            Failed::NeverMet(exercise) => {
                write!(f, "nothing was put to the test: no storm had {}", exercise.plural())
            }
            Failed::NothingWanted => {
                f.write_str("nothing was put to the test: in no storm a message was wanted")
            }
            Failed::Panicked(scenario, panic) => {
                write!(f, "a trial panicked: {panic}\n\nThe scenario:\n\n{scenario}")
            }
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { subject, guarantee, seed, trials, scenario, story, violated } = self;
        let Violated { client, evidence } = violated;
        let trials = report::counted(*trials, "trial");
        writeln!(f, "{subject} violates {guarantee} (seed {seed}, shrunk in {trials}).\n")?;
        writeln!(f, "{story}So for {client}: {evidence}.\n")?;
        write!(f, "The scenario:\n\n{scenario}")
    }
}
