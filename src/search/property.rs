//! Checks a guarantee as a property: it holds in many storms, or the smallest storm that breaks it
//! is reported.

use crate::terms::{Exercise, Guarantee};
use std::fmt;
use std::sync::Mutex;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::shrink::{QuietPeriod, Shrinker};
use super::system_under_test::{Attempt, SystemUnderTest};
use super::{Coverage, Scenarios};
use crate::report::{self, Style};
use crate::scenario::Scenario;
use crate::sim::{TrialError, TrialLimits};
use crate::verdict::Violated;

/// The number of storms that [`check`] tries.
pub const CASES: u64 = 100;

/// Checks that a system keeps a guarantee in [`CASES`] storms, those of the seeds from 1 on. Panics
/// with the story of the smallest storm that breaks it.
///
/// ```
/// use delivery_lab::core::Broker;
/// use delivery_lab::{Guarantee, CoreSystem, check};
///
/// // Your own `BrokerMachine` in the place of ours, over simulated UDP.
/// let contender = "udp/catch-up".parse().unwrap();
/// check(&CoreSystem::ours(contender).with_broker(Broker::new), Guarantee::AtLeastOnce);
/// ```
///
/// # Panics
/// The guarantee was violated, no storm tested it, or something in a trial panicked.
pub fn check(system: &impl SystemUnderTest, guarantee: Guarantee) {
    if let Err(failed) = Property::new(guarantee).holds(system) {
        panic!("{failed}");
    }
}

/// A guarantee, and the storms in which it must hold.
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
    limits: TrialLimits,
}

/// A property that held.
#[derive(Clone, Debug)]
pub struct Upheld {
    /// Number of storms that were tried.
    pub cases: u64,
    /// Number of messages that were wanted in them, counted once per subscriber.
    pub wanted: u64,
    /// Counts of what the storms exercised.
    pub coverage: Coverage,
}

/// The reason why a property did not hold.
#[derive(Clone, Debug)]
pub enum Failed {
    /// The guarantee was violated.
    Broken(Box<Broken>),
    /// No storm had an exercise of this kind: the guarantee was not tested.
    NeverMet(Exercise),
    /// No message was wanted in any storm.
    NothingWanted,
    /// The trial of this scenario has no result: something panicked, or it exceeded a limit.
    NoResult(Box<Scenario>, TrialError),
}

/// A violated guarantee, in the smallest scenario that violates it.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Name of the system that violates it.
    pub subject: String,
    /// The guarantee.
    pub guarantee: Guarantee,
    /// The seed with which the violation was found.
    pub seed: u64,
    /// Number of trials that shrinking took.
    pub trials: u64,
    /// The smallest scenario.
    pub scenario: Scenario,
    /// The events of the smallest scenario, in a few lines, each ended by a newline.
    pub story: String,
    /// The client for which the guarantee was violated, and the evidence.
    pub violated: Violated,
}

impl Property {
    /// Creates the property of a guarantee, to hold in [`CASES`] of the system's default scenarios.
    pub fn new(guarantee: Guarantee) -> Property {
        let limits = TrialLimits::default();
        Property { guarantee, scenarios: None, cases: CASES, limits }
    }

    /// Replaces the system's default scenarios.
    #[must_use]
    pub fn over(mut self, scenarios: Scenarios) -> Property {
        self.scenarios = Some(scenarios);
        self
    }

    /// Sets the number of scenarios to try.
    #[must_use]
    pub fn cases(mut self, cases: u64) -> Property {
        self.cases = cases;
        self
    }

    /// Sets what each trial may cost, in place of the default limits.
    #[must_use]
    pub fn limits(mut self, limits: TrialLimits) -> Property {
        self.limits = limits;
        self
    }

    /// Tests a system. The result is the same every time, on any number of cores, unless the limits
    /// have a real time.
    ///
    /// # Errors
    /// The guarantee was violated, no storm tested it, or a trial has no result.
    pub fn holds(&self, system: &impl SystemUnderTest) -> Result<Upheld, Failed> {
        let scenarios = self.scenarios.clone().unwrap_or_else(|| system.scenarios());
        let (coverage, wanted) = (Mutex::new(Coverage::default()), Mutex::new(0));
        let first = (1..=self.cases).into_par_iter().find_map_first(|seed| {
            let scenario = scenarios.draw(seed);
            match system.attempt(&scenario, self.guarantee, &self.limits, |_| ()) {
                Ok((Attempt { violated: None, wanted: more, coverage: met }, ())) => {
                    *coverage.lock().expect("it only adds") += &met;
                    *wanted.lock().expect("it only adds") += more;
                    None
                }
                Ok((Attempt { violated: Some(violated), .. }, ())) => {
                    Some(Ok((scenario, violated)))
                }
                Err(error) => Some(Err(Failed::NoResult(Box::new(scenario), error))),
            }
        });
        if let Some(first) = first {
            let (scenario, violated) = first?;
            return Err(self.shrink(system, scenario, violated));
        }
        let coverage = coverage.into_inner().expect("it only adds");
        let wanted = wanted.into_inner().expect("it only adds");
        let mut must_meet = system.must_meet(self.guarantee).iter().copied();
        match must_meet.find(|exercise| coverage.count(*exercise) == 0) {
            _ if wanted == 0 => Err(Failed::NothingWanted),
            Some(never) => Err(Failed::NeverMet(never)),
            None => Ok(Upheld { cases: self.cases, wanted, coverage }),
        }
    }

    /// Tests a system in one scenario, with the scenario's own faults and seed: a violation that
    /// was found before.
    ///
    /// # Errors
    /// The guarantee was violated, nothing was wanted, or the trial has no result.
    pub fn holds_in(
        &self,
        system: &impl SystemUnderTest,
        scenario: &Scenario,
    ) -> Result<Upheld, Failed> {
        let attempt = system.attempt(scenario, self.guarantee, &self.limits, |_| ());
        let attempt = attempt.map_err(|error| Failed::NoResult(Box::new(scenario.clone()), error));
        let (Attempt { violated, wanted, coverage }, ()) = attempt?;
        match violated {
            Some(violated) => Err(self.failure(system, scenario.clone(), violated, 0)),
            None if wanted == 0 => Err(Failed::NothingWanted),
            None => Ok(Upheld { cases: 1, wanted, coverage }),
        }
    }

    fn shrink(
        &self,
        system: &impl SystemUnderTest,
        scenario: Scenario,
        violated: Violated,
    ) -> Failed {
        let mut shrinker = Shrinker::new(scenario, QuietPeriod::Whole);
        let (mut violated, mut trials) = (violated, 0);
        while let Some(smaller) = shrinker.propose() {
            trials += 1;
            match system.attempt(&smaller, self.guarantee, &self.limits, |_| ()) {
                Ok((Attempt { violated: Some(same), .. }, ())) => {
                    violated = same;
                    shrinker.keep();
                }
                Ok(_) | Err(TrialError::Exceeded { .. }) => {}
                Err(TrialError::Cancelled { .. }) => break,
                Err(error) => return Failed::NoResult(Box::new(smaller), error),
            }
        }
        self.failure(system, shrinker.smallest().clone(), violated, trials)
    }

    fn failure(
        &self,
        system: &impl SystemUnderTest,
        scenario: Scenario,
        violated: Violated,
        trials: u64,
    ) -> Failed {
        let story = |history: &_| report::story(&scenario, history, &Style::default());
        // Also if it was cancelled meanwhile: what was found has its story.
        match system.attempt(&scenario, self.guarantee, &TrialLimits::default(), story) {
            Ok((_, story)) => Failed::Broken(Box::new(Broken {
                subject: system.name(),
                guarantee: self.guarantee,
                seed: scenario.seed,
                trials,
                story,
                violated,
                scenario,
            })),
            Err(error) => Failed::NoResult(Box::new(scenario), error),
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
            Failed::NoResult(scenario, error) => {
                write!(f, "a trial {error}\n\nThe scenario:\n\n{scenario}")
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
