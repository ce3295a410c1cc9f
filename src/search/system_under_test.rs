//! The systems that a property can test: a contender, user-supplied state machines, or
//! user-supplied programs.

use std::collections::BTreeMap;

use super::acceptance::{self, PublisherJudgement};
use super::{Coverage, Question, STOP, Scenarios};
use crate::history::History;
use crate::message::{Contender, Mode};
use crate::scenario::Scenario;
use crate::sim::{
    BlackBox, CoreSystem, Programs, System, Trial, TrialError, TrialLimits, TrialOptions,
    black_box_name, run_system_then,
};
use crate::terms::{Anomaly, Claim, Exercise, FaultKind, Guarantee, Verdict};
use crate::verdict::{self, Evidence, Row, Violated, judge_black_box};

/// Delivers messages, and can be tested for a guarantee.
///
/// - A [`Contender`] is one of the built-in systems.
/// - A [`CoreSystem`] runs over the link of a contender; its broker, its client or both may be
///   user-supplied. It fails a guarantee if it breaks the claim, within the contender's terms, or
///   violates the guarantee where there is no claim.
/// - A function that makes [`Programs`] is a user-supplied broker and clients. They are judged by
///   what their applications report ([`judge_black_box`]), and have no terms.
pub trait SystemUnderTest: Sync {
    /// Returns the name of the system.
    fn name(&self) -> String;

    /// Returns the scenarios that it is tested in by default.
    fn scenarios(&self) -> Scenarios;

    /// Returns the exercises that must each occur in some storm; otherwise the guarantee was not
    /// tested.
    fn must_meet(&self, guarantee: Guarantee) -> &'static [Exercise];

    /// Runs a scenario with the scenario's seed. Returns the result, for all questions, and what
    /// `then` makes of the history.
    ///
    /// # Errors
    /// Something in the trial panicked, it was cancelled, or it exceeded a limit.
    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        limits: &TrialLimits,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialError>;
}

/// The result of one trial of a system.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// The first violation of each question whose answer is no.
    pub violated: BTreeMap<Question, Violated>,
    /// Number of messages that were wanted, counted once per subscriber.
    pub wanted: u64,
    /// Number of messages that were not accepted yet when their publisher lost its session.
    pub interrupted: u64,
    /// Counts of what the storm exercised.
    pub coverage: Coverage,
}

impl Attempt {
    fn of(
        broken: impl IntoIterator<Item = (Guarantee, Violated)>,
        wanted: u64,
        acceptance: PublisherJudgement,
        history: &History,
    ) -> Attempt {
        let kept = broken.into_iter().map(|(one, violated)| (Question::Kept(one), violated));
        let accepted = acceptance.violated.map(|violated| (Question::AcceptedInTheEnd, violated));
        Attempt {
            violated: kept.chain(accepted).collect(),
            wanted,
            interrupted: acceptance.interrupted,
            coverage: Coverage::of(history),
        }
    }
}

impl SystemUnderTest for Contender {
    fn name(&self) -> String {
        self.to_string()
    }

    fn scenarios(&self) -> Scenarios {
        Scenarios::any()
    }

    fn must_meet(&self, guarantee: Guarantee) -> &'static [Exercise] {
        must_meet(self.mode, guarantee)
    }

    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        limits: &TrialLimits,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialError> {
        CoreSystem::ours(*self).attempt(scenario, limits, then)
    }
}

impl SystemUnderTest for CoreSystem {
    fn name(&self) -> String {
        self.of().to_string()
    }

    fn scenarios(&self) -> Scenarios {
        Scenarios::any()
    }

    fn must_meet(&self, guarantee: Guarantee) -> &'static [Exercise] {
        must_meet(self.of().mode, guarantee)
    }

    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        limits: &TrialLimits,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialError> {
        let contender = self.of();
        let limits = limits.clone();
        let options = TrialOptions { stop: Some(STOP), limits, ..TrialOptions::default() };
        run(
            scenario,
            || self.clone(),
            &options,
            |history| {
                let row = verdict::judge(scenario, contender, history);
                let acceptance = acceptance::of_machines(scenario, contender.mode, history);
                let guarantees = Guarantee::ALL.into_iter();
                let broken = guarantees.filter_map(|one| Some((one, violated(&row, one)?)));
                let wanted = row.subscribers.iter().map(|one| one.wanted).sum();
                (Attempt::of(broken, wanted, acceptance, history), then(history))
            },
        )
    }
}

impl<F: Fn() -> P + Sync, P: Programs> SystemUnderTest for F {
    fn name(&self) -> String {
        black_box_name::<P>()
    }

    /// Returns plain scenarios, without the faults that the application would cause: it neither
    /// closes connections on purpose nor removes its handler.
    fn scenarios(&self) -> Scenarios {
        Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf)
    }

    fn must_meet(&self, _: Guarantee) -> &'static [Exercise] {
        &[Exercise::Reconnect]
    }

    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        limits: &TrialLimits,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialError> {
        run(
            scenario,
            || BlackBox::new(self()),
            &TrialOptions { limits: limits.clone(), ..TrialOptions::default() },
            |history| {
                let report = judge_black_box(history);
                let acceptance = acceptance::of_programs(scenario, history);
                let attempt = Attempt::of(report.violated, report.wanted, acceptance, history);
                (attempt, then(history))
            },
        )
    }
}

fn run<S: System, T: Send>(
    scenario: &Scenario,
    system: impl FnOnce() -> S + Send,
    options: &TrialOptions,
    then: impl FnOnce(&History) -> T + Send,
) -> Result<T, TrialError> {
    let of = |trial: Trial| then(&trial.history);
    run_system_then(scenario, system, scenario.seed, options, of)
}

/// Returns the first subscriber for which the claim is broken, the guarantee is violated without a
/// claim, or a delivery is stalled.
fn violated(row: &Row, guarantee: Guarantee) -> Option<Violated> {
    row.subscribers.iter().find_map(|subscriber| {
        let finding = subscriber.guarantees.get(&guarantee)?;
        let is_violated = match finding.claim {
            Claim::Broken => true,
            Claim::NotClaimed => finding.verdict == Verdict::Violated,
            // Not delivered yet, although nothing has blocked the delivery for long.
            Claim::Open => subscriber.anomalies.contains_key(&Anomaly::Stalled),
            Claim::Kept | Claim::OutsideTerms => false,
        };
        let evidence = match &finding.evidence {
            Evidence::Said(said) => said.clone().unwrap_or_default(),
            Evidence::LeftOut => String::new(),
        };
        is_violated.then(|| Violated { client: subscriber.client.clone(), evidence })
    })
}

/// Returns the exercises that put a guarantee to the test.
fn must_meet(mode: Mode, guarantee: Guarantee) -> &'static [Exercise] {
    match (mode, guarantee) {
        (Mode::FireAndForget, _) => &[Exercise::Reconnect],
        (Mode::CatchUp, Guarantee::AtLeastOnce) => &[Exercise::Reconnect, Exercise::Replay],
        (Mode::CatchUp, Guarantee::AtMostOnce | Guarantee::ExactlyOnce) => {
            &[Exercise::Reconnect, Exercise::Redelivery]
        }
        (Mode::CatchUp, Guarantee::InOrder) => &[Exercise::Replay, Exercise::Redelivery],
        (Mode::CatchUp, Guarantee::NoSilentGap) => &[Exercise::Gap, Exercise::Epoch],
    }
}
