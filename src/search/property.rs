//! Checks guarantees as properties: they hold in many storms, or the smallest storm that breaks one
//! is reported.

mod failed;

use std::sync::Mutex;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use failed::{Broken, Failed};

use super::progress::{self, Stage, Voice};
use super::shrink::{QuietPeriod, Shrinker};
use super::system_under_test::{Attempt, SystemUnderTest};
use super::{Coverage, Question, Scenarios};
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
#[track_caller]
pub fn check(system: &impl SystemUnderTest, question: impl Into<Question>) {
    Property::new(question).check(system);
}

/// Questions, and the storms in which the answer to each must be yes.
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
///
/// // All guarantees, and whether all is accepted in the end, from the same trials.
/// Property::all().cases(150).check(&catch_up);
/// ```
#[derive(Clone, Debug)]
pub struct Property {
    questions: Vec<Question>,
    scenarios: Option<Scenarios>,
    cases: u64,
    limits: TrialLimits,
    is_quiet: bool,
}

/// A property that held.
#[derive(Clone, Debug)]
pub struct Upheld {
    /// Number of storms that were tried.
    pub cases: u64,
    /// Number of messages that were wanted in them, counted once per subscriber.
    pub wanted: u64,
    /// Number of messages that were not accepted yet when their publisher lost its session.
    pub interrupted: u64,
    /// Counts of what the storms exercised.
    pub coverage: Coverage,
}

/// The sums of a property's trials so far.
#[derive(Default)]
struct Tested {
    wanted: u64,
    interrupted: u64,
    coverage: Coverage,
}

impl Tested {
    fn add(&mut self, attempt: &Attempt) {
        self.wanted += attempt.wanted;
        self.interrupted += attempt.interrupted;
        self.coverage += &attempt.coverage;
    }

    fn upheld(self, cases: u64) -> Upheld {
        let Tested { wanted, interrupted, coverage } = self;
        Upheld { cases, wanted, interrupted, coverage }
    }
}

/// A question whose answer was no, and the evidence.
type Refuted = (Question, Violated);

impl Property {
    /// Creates the property of one question or guarantee, to hold in [`CASES`] of the system's
    /// default scenarios.
    pub fn new(question: impl Into<Question>) -> Property {
        Property {
            questions: vec![question.into()],
            scenarios: None,
            cases: CASES,
            limits: TrialLimits::default(),
            is_quiet: false,
        }
    }

    /// Creates the property of all questions. Each trial answers all of them.
    pub fn all() -> Property {
        let one = Property::new(Question::AcceptedInTheEnd);
        Property { questions: Question::ALL.to_vec(), ..one }
    }

    /// Adds a question or guarantee, which the same trials answer. If a trial violates several, the
    /// one that was added first is reported.
    #[must_use]
    pub fn and(mut self, question: impl Into<Question>) -> Property {
        self.questions.push(question.into());
        self
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

    /// Writes no progress to stderr. Otherwise a test that takes longer than a second says after
    /// one second, two, four and so on how many storms were tried, and what each took.
    #[must_use]
    pub fn quiet(mut self) -> Property {
        self.is_quiet = true;
        self
    }

    /// Tests a system, and panics with the story of the smallest storm that breaks the property.
    ///
    /// # Panics
    /// The property does not [hold](Property::holds).
    #[track_caller]
    pub fn check(&self, system: &impl SystemUnderTest) {
        if let Err(failed) = self.holds(system) {
            panic!("{failed}");
        }
    }

    /// Tests a system. The result is the same every time, on any number of cores, unless the limits
    /// have a real time.
    ///
    /// # Errors
    /// A question was answered no, no storm tested it, or a trial has no result.
    pub fn holds(&self, system: &impl SystemUnderTest) -> Result<Upheld, Failed> {
        let scenarios = self.scenarios.clone().unwrap_or_else(|| system.scenarios());
        let tested = Mutex::new(Tested::default());
        let first = self.tell(system, Stage::Storms(self.cases), |trials| {
            (1..=self.cases).into_par_iter().find_map_first(|seed| {
                let scenario = scenarios.draw(seed);
                match trials.count(|| system.attempt(&scenario, &self.limits, |_| ())) {
                    Ok((attempt, ())) => {
                        tested.lock().expect("it only adds").add(&attempt);
                        self.refuted(attempt).map(|refuted| Ok((scenario, refuted)))
                    }
                    Err(error) => Some(Err(Failed::NoResult(Box::new(scenario), error))),
                }
            })
        });
        if let Some(first) = first {
            let (scenario, refuted) = first?;
            return Err(self.shrink(system, scenario, refuted));
        }
        let tested = tested.into_inner().expect("it only adds");
        for question in &self.questions {
            put_to_the_test(system, *question, &tested)?;
        }
        Ok(tested.upheld(self.cases))
    }

    /// Tests a system in one scenario, with the scenario's own faults and seed: a violation that
    /// was found before.
    ///
    /// # Errors
    /// A question was answered no, nothing was wanted, or the trial has no result.
    pub fn holds_in(
        &self,
        system: &impl SystemUnderTest,
        scenario: &Scenario,
    ) -> Result<Upheld, Failed> {
        let attempt = system.attempt(scenario, &self.limits, |_| ());
        let attempt = attempt.map_err(|error| Failed::NoResult(Box::new(scenario.clone()), error));
        let (attempt, ()) = attempt?;
        let mut tested = Tested::default();
        tested.add(&attempt);
        match self.refuted(attempt) {
            Some(refuted) => Err(self.failure(system, scenario.clone(), refuted, 0)),
            None if tested.wanted == 0 && self.asks_of_subscribers() => Err(Failed::NothingWanted),
            None => Ok(tested.upheld(1)),
        }
    }

    /// Returns the first question whose answer is no.
    fn refuted(&self, mut attempt: Attempt) -> Option<Refuted> {
        let mut questions = self.questions.iter();
        questions.find_map(|question| Some((*question, attempt.violated.remove(question)?)))
    }

    fn asks_of_subscribers(&self) -> bool {
        self.questions.iter().any(|question| *question != Question::AcceptedInTheEnd)
    }

    fn tell<T>(
        &self,
        system: &impl SystemUnderTest,
        stage: Stage,
        work: impl FnOnce(&progress::Trials) -> T,
    ) -> T {
        let voice = (!self.is_quiet).then_some(Voice::STDERR);
        progress::tell(&system.name(), stage, voice, work)
    }

    fn shrink(
        &self,
        system: &impl SystemUnderTest,
        scenario: Scenario,
        refuted: Refuted,
    ) -> Failed {
        let mut shrinker = Shrinker::new(scenario, QuietPeriod::Whole);
        let (question, mut violated) = refuted;
        let mut trials = 0;
        let panicked = self.tell(system, Stage::Shrinking, |told| {
            while let Some(smaller) = shrinker.propose() {
                trials += 1;
                match told.count(|| system.attempt(&smaller, &self.limits, |_| ())) {
                    Ok((mut attempt, ())) => {
                        if let Some(same) = attempt.violated.remove(&question) {
                            violated = same;
                            shrinker.keep();
                        }
                    }
                    Err(TrialError::Exceeded { .. }) => {}
                    Err(TrialError::Cancelled { .. }) => break,
                    Err(error) => return Some(Failed::NoResult(Box::new(smaller), error)),
                }
            }
            None
        });
        panicked.unwrap_or_else(|| {
            let smallest = shrinker.smallest().clone();
            self.failure(system, smallest, (question, violated), trials)
        })
    }

    fn failure(
        &self,
        system: &impl SystemUnderTest,
        scenario: Scenario,
        refuted: Refuted,
        trials: u64,
    ) -> Failed {
        let story = |history: &_| report::story(&scenario, history, &Style::default());
        let (question, violated) = refuted;
        // Also if it was cancelled meanwhile: what was found has its story.
        match system.attempt(&scenario, &TrialLimits::default(), story) {
            Ok((_, story)) => Failed::Broken(Box::new(Broken {
                subject: system.name(),
                question,
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

/// Checks that the trials have tested a question.
fn put_to_the_test(
    system: &impl SystemUnderTest,
    question: Question,
    tested: &Tested,
) -> Result<(), Failed> {
    let guarantee = match question {
        Question::Kept(guarantee) => guarantee,
        Question::AcceptedInTheEnd if tested.interrupted == 0 => {
            return Err(Failed::NeverInterrupted);
        }
        Question::AcceptedInTheEnd => return Ok(()),
    };
    let mut must_meet = system.must_meet(guarantee).iter().copied();
    match must_meet.find(|exercise| tested.coverage.count(*exercise) == 0) {
        _ if tested.wanted == 0 => Err(Failed::NothingWanted),
        Some(never) => Err(Failed::NeverMet(never)),
        None => Ok(()),
    }
}
