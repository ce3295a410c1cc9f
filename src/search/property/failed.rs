//! The reasons why a property did not hold, in words.

use std::fmt;

use crate::report;
use crate::scenario::Scenario;
use crate::search::Question;
use crate::sim::TrialError;
use crate::terms::Exercise;
use crate::verdict::Violated;

/// The reason why a property did not hold.
#[derive(Clone, Debug)]
pub enum Failed {
    /// A question was answered no: a guarantee was violated, or a message never accepted.
    Broken(Box<Broken>),
    /// No storm had an exercise of this kind: a guarantee was not tested.
    NeverMet(Exercise),
    /// In no storm a publisher lost its session while a message of its was not accepted yet: it was
    /// not tested whether it is accepted in the end.
    NeverInterrupted,
    /// No message was wanted in any storm.
    NothingWanted,
    /// The trial of this scenario has no result: something panicked, or it exceeded a limit.
    NoResult(Box<Scenario>, TrialError),
}

/// A question whose answer was no, in the smallest scenario in which it is.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Name of the system that violates it.
    pub subject: String,
    /// The question.
    pub question: Question,
    /// The seed with which the violation was found.
    pub seed: u64,
    /// Number of trials that shrinking took.
    pub trials: u64,
    /// The smallest scenario.
    pub scenario: Scenario,
    /// The events of the smallest scenario, in a few lines, each ended by a newline.
    pub story: String,
    /// The client that is concerned, and the evidence: a subscriber for which a guarantee was
    /// violated, or the publisher of a message that was never accepted.
    pub violated: Violated,
}

impl std::error::Error for Failed {}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Broken(broken) => broken.fmt(f),
            Failed::NeverMet(exercise) => {
                write!(f, "nothing was put to the test: no storm had {}", exercise.plural())
            }
            Failed::NeverInterrupted => f.write_str(
                "nothing was put to the test: in no storm a publisher lost its session with a \
                 message that was not accepted yet",
            ),
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
        let Broken { subject, question, seed, trials, scenario, story, violated } = self;
        let Violated { client, evidence } = violated;
        let trials = report::counted(*trials, "trial");
        writeln!(f, "{subject} violates {question} (seed {seed}, shrunk in {trials}).\n")?;
        writeln!(f, "{story}So for {client}: {evidence}.\n")?;
        write!(f, "The scenario:\n\n{scenario}")
    }
}
