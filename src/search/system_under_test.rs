//! Who is held to a guarantee: a contender, machines in its place, or programs of one's own.

use super::{Coverage, STOP, Scenarios};
use crate::history::History;
use crate::message::{Contender, Mode};
use crate::scenario::Scenario;
use crate::sim::{
    BlackBox, CoreSystem, Programs, System, Trial, TrialOptions, TrialPanic, black_box_name,
    run_system_then,
};
use crate::terms::{Anomaly, Claim, Exercise, FaultKind, Guarantee, Verdict};
use crate::verdict::{self, Evidence, Row, Violated, judge_outside};

/// Something that delivers messages, and may be held to a guarantee.
///
/// - A [`Contender`] is ours. So are [`CoreSystem`] over the link of a contender, of which one or
///   both are somebody's own: broken is what they claim on the contender's terms, or violate
///   without a claim.
/// - A function that makes [`Programs`]: a broker and clients of one's own. They are judged by
///   what their applications hear ([`judge_outside`]), and have no terms.
pub trait SystemUnderTest: Sync {
    /// What it is called.
    fn name(&self) -> String;

    /// The scenarios that it is tried in, if nobody says otherwise.
    fn scenarios(&self) -> Scenarios;

    /// What has to have happened in some storm, or the guarantee was not tried at all.
    fn must_meet(&self, guarantee: Guarantee) -> &'static [Exercise];

    /// Runs a scenario with its own seed, and makes something of what happened.
    ///
    /// # Errors
    /// Something in the trial panicked.
    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        guarantee: Guarantee,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialPanic>;
}

/// What came of one trial of a subject.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Whether the guarantee was violated, and how.
    pub violated: Option<Violated>,
    /// How many messages were wanted, each once a subscriber.
    pub wanted: u64,
    /// What the storm exercised.
    pub coverage: Coverage,
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
        guarantee: Guarantee,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialPanic> {
        CoreSystem::ours(*self).attempt(scenario, guarantee, then)
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
        guarantee: Guarantee,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialPanic> {
        let contender = self.of();
        let options = TrialOptions { stop: Some(STOP), ..TrialOptions::default() };
        run(
            scenario,
            || self.clone(),
            &options,
            |history| {
                let row = verdict::judge(scenario, contender, history);
                let wanted = row.subscribers.iter().map(|one| one.wanted).sum();
                let coverage = Coverage::of(history);
                (Attempt { violated: violated(&row, guarantee), wanted, coverage }, then(history))
            },
        )
    }
}

impl<F: Fn() -> P + Sync, P: Programs> SystemUnderTest for F {
    fn name(&self) -> String {
        black_box_name::<P>()
    }

    /// Plain ones, and nothing that an application does: it neither closes connections by itself
    /// nor takes its handler away.
    fn scenarios(&self) -> Scenarios {
        Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf)
    }

    fn must_meet(&self, _: Guarantee) -> &'static [Exercise] {
        &[Exercise::Reconnect]
    }

    fn attempt<T: Send>(
        &self,
        scenario: &Scenario,
        guarantee: Guarantee,
        then: impl FnOnce(&History) -> T + Send,
    ) -> Result<(Attempt, T), TrialPanic> {
        run(
            scenario,
            || BlackBox::new(self()),
            &TrialOptions::default(),
            |history| {
                let mut outside = judge_outside(history);
                let violated = outside.violated.remove(&guarantee);
                let coverage = Coverage::of(history);
                (Attempt { violated, wanted: outside.owed, coverage }, then(history))
            },
        )
    }
}

fn run<S: System, T: Send>(
    scenario: &Scenario,
    system: impl FnOnce() -> S + Send,
    options: &TrialOptions,
    then: impl FnOnce(&History) -> T + Send,
) -> Result<T, TrialPanic> {
    let of = |trial: Trial| then(&trial.history);
    run_system_then(scenario, system, scenario.seed, options, of)
}

/// A claim that was broken, what was violated without a claim, or what will never come.
fn violated(row: &Row, guarantee: Guarantee) -> Option<Violated> {
    row.subscribers.iter().find_map(|subscriber| {
        let finding = subscriber.guarantees.get(&guarantee)?;
        let is_violated = match finding.claim {
            Claim::Broken => true,
            Claim::NotClaimed => finding.verdict == Verdict::Violated,
            // Still under way, though everything has long been free for it.
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

/// What each guarantee is about.
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
