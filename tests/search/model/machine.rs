//! Random steps against a reference model, by proptest's state machine tests.
//!
//! The reference model knows which messages were published, which clients are here, away or down,
//! and whether a process may die. If none may, it predicts everything: each message is answered
//! once and in sequence, and every subscriber handles it once and in order, unless it lies in a gap
//! that the subscriber was told of.

use std::cell::RefCell;

use delivery_lab::message::{BrokerLimits, Epoch, LinkSemantics, Position, Retention, WhenFull};
use delivery_lab::search::Coverage;
use delivery_lab::search::model::{FrameDirection, Model, ModelOptions, Noticed, Step};
use delivery_lab::terms::Exercise;
use delivery_lab::time::Duration;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

/// One driver and two shops.
const CLIENTS: usize = 3;
const CASES: u32 = 400;

#[derive(Clone, Debug)]
struct Reference {
    options: ModelOptions,
    /// Whether clients and the broker may die.
    deaths: Deaths,
    published: u64,
    published_while_away: u64,
    clients: [Client; CLIENTS],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deaths {
    None,
    Some,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    Here,
    Away,
    Down,
}

thread_local! {
    /// The configuration of the property that runs, and what its cases met.
    static MAIL: RefCell<ModelOptions> = RefCell::new(ModelOptions::default());
    static MET: RefCell<Met> = RefCell::new(Met::default());
}

#[derive(Default)]
struct Met {
    coverage: Coverage,
    cases_away: u64,
    refused: usize,
}

impl ReferenceStateMachine for Reference {
    type State = Reference;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Reference> {
        let options = MAIL.with_borrow(ModelOptions::clone);
        let deaths = prop_oneof![Just(Deaths::None), Just(Deaths::Some)];
        let model = move |deaths| Reference {
            options: options.clone(),
            deaths,
            published: 0,
            published_while_away: 0,
            clients: [Client::Here; CLIENTS],
        };
        deaths.prop_map(model).boxed()
    }

    fn transitions(model: &Reference) -> BoxedStrategy<Step> {
        let n = || 0..CLIENTS;
        let way = || prop_oneof![Just(FrameDirection::ToBroker), Just(FrameDirection::ToClient)];
        let noticed =
            prop_oneof![Just(Noticed::ByBoth), Just(Noticed::ByClient), Just(Noticed::ByBroker)];
        let death = match model.deaths {
            Deaths::None => Just(Step::Publish).boxed(),
            Deaths::Some => prop_oneof![
                2 => n().prop_map(Step::Crash),
                1 => Just(Step::CrashBroker),
            ]
            .boxed(),
        };
        prop_oneof![
            6 => Just(Step::Publish),
            16 => (way(), n()).prop_map(|(direction, n)| Step::Deliver(direction, n)),
            4 => n().prop_map(Step::HandlerReturns),
            2 => (way(), n()).prop_map(|(direction, n)| Step::Lose(direction, n)),
            2 => (way(), n()).prop_map(|(direction, n)| Step::Double(direction, n)),
            2 => (way(), n()).prop_map(|(direction, n)| Step::Overtake(direction, n)),
            1 => n().prop_map(Step::DeliverLate),
            2 => (noticed, n()).prop_map(|(noticed, n)| Step::Break(noticed, n)),
            1 => n().prop_map(Step::GoAway),
            1 => n().prop_map(Step::ComeBack),
            1 => n().prop_map(Step::Restart),
            1 => death,
            2 => (1..3_000_u64).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        ]
        .boxed()
    }

    fn preconditions(model: &Reference, step: &Step) -> bool {
        match *step {
            Step::Publish => model.clients[0] != Client::Down,
            Step::GoAway(n) => model.clients[n] == Client::Here,
            Step::ComeBack(n) => model.clients[n] == Client::Away,
            Step::CrashBroker => model.deaths == Deaths::Some,
            Step::Crash(n) => model.deaths == Deaths::Some && model.clients[n] != Client::Down,
            Step::Restart(n) => model.clients[n] == Client::Down,
            _ => true,
        }
    }

    fn apply(mut model: Reference, step: &Step) -> Reference {
        match *step {
            Step::Publish => {
                model.published += 1;
                let is_away = model.clients.contains(&Client::Away);
                model.published_while_away += u64::from(is_away);
            }
            Step::GoAway(n) => model.clients[n] = Client::Away,
            Step::ComeBack(n) | Step::Restart(n) => model.clients[n] = Client::Here,
            Step::Crash(n) => model.clients[n] = Client::Down,
            _ => {}
        }
        model
    }
}

struct ModelTest;

impl StateMachineTest for ModelTest {
    type SystemUnderTest = Model;
    type Reference = Reference;

    fn init_test(model: &Reference) -> Model {
        Model::new(model.options.clone())
    }

    fn apply(mut system: Model, _: &Reference, step: Step) -> Model {
        let happened = system.step(step);
        let is_certain = matches!(
            step,
            Step::Publish
                | Step::GoAway(_)
                | Step::ComeBack(_)
                | Step::Crash(_)
                | Step::Restart(_)
                | Step::CrashBroker
        );
        assert!(happened || !is_certain, "{step:?} did nothing");
        system
    }

    fn check_invariants(system: &Model, model: &Reference) {
        assert_eq!(system.check(), None);
        let is_here = model.clients.map(|client| client == Client::Here);
        assert_eq!(std::array::from_fn(|n| system.is_here(n)), is_here);
    }

    fn teardown(mut system: Model, model: Reference) {
        system.quiesce();
        assert_eq!(system.check(), None, "quiescent");
        if model.deaths == Deaths::None {
            is_whole(&system, &model);
        }
        MET.with_borrow_mut(|met| {
            met.coverage += system.coverage();
            met.cases_away += u64::from(model.published_while_away > 0);
            met.refused += system.refused().len();
        });
    }
}

/// Checks what the reference model predicts when no process died.
fn is_whole(system: &Model, model: &Reference) {
    let mut answered: Vec<u64> =
        system.accepted().iter().chain(system.refused()).copied().collect();
    answered.sort_unstable();
    assert_eq!(answered, Vec::from_iter(1..=model.published), "each is answered once");
    assert!(system.accepted().is_sorted_by(|a, b| a < b), "accepted in sequence");
    let BrokerLimits { backlog, session_expiry, .. } = &model.options.broker;
    let is_small = *backlog != Retention::default() || session_expiry.is_some();
    for n in 1..CLIENTS {
        let handled = system.handled(n);
        assert!(handled.is_sorted_by(|a, b| a < b), "shop{n}, once and in order: {handled:?}");
        for (position, id) in (1..).map(Position).zip(system.accepted()) {
            let is_in =
                |(_, from, to): &(Epoch, Position, Position)| (*from..=*to).contains(&position);
            let is_lost = is_small && system.gaps(n).iter().any(is_in);
            let is_handled = handled.binary_search(id).is_ok();
            assert!(is_handled || is_lost, "shop{n}: driver-{id} is neither handled nor in a gap");
        }
        let not_wanted = handled.iter().find(|id| system.accepted().binary_search(id).is_err());
        assert_eq!(not_wanted, None, "shop{n}: handled and never accepted");
    }
}

/// Runs the same cases every time, and returns what they met.
fn run(options: ModelOptions) -> Met {
    MAIL.set(options);
    MET.take();
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..Default::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let strategy = Reference::sequential_strategy(20..200);
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    let result = runner.run(&strategy, |(model, steps, seen)| {
        ModelTest::test_sequential(config.clone(), model, steps, seen);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    MET.take()
}

fn catch_up_survives(link: LinkSemantics) {
    let met = run(ModelOptions { link, ..ModelOptions::default() });
    assert!(met.cases_away > 100, "published while away in {} of {CASES}", met.cases_away);
    let never = [
        Exercise::Gap,
        Exercise::Eviction,
        Exercise::Overflow,
        Exercise::Expiry,
        Exercise::HalfOpen,
    ];
    for (exercise, count) in met.coverage.iter().filter(|(one, _)| !never.contains(one)) {
        assert!(count > 0, "{link:?}: no {}", exercise.plural());
    }
}

#[test]
fn catch_up_survives_whatever_happens_to_the_mail_on_a_reliable_path() {
    catch_up_survives(LinkSemantics::RELIABLE);
}

#[test]
fn catch_up_survives_whatever_happens_to_the_mail_on_a_lossy_path() {
    catch_up_survives(LinkSemantics::LOSSY);
}

#[test]
fn what_a_small_backlog_evicts_is_announced_as_a_gap_and_what_it_refuses_is_told() {
    for link in [LinkSemantics::RELIABLE, LinkSemantics::LOSSY] {
        for when_full in [WhenFull::DropOldest, WhenFull::Refuse] {
            let backlog = Retention { messages: 3, when_full, ..Retention::default() };
            let broker = BrokerLimits { backlog, window: 2, ..BrokerLimits::default() };
            let met = run(ModelOptions { link, broker, ..ModelOptions::default() });
            let gaps = met.coverage.count(Exercise::Gap) as usize;
            let troubles = if when_full == WhenFull::Refuse { met.refused } else { gaps };
            assert!(troubles > 100, "{link:?} {when_full:?}: {troubles} troubles");
        }
    }
}

#[test]
fn what_a_session_that_expired_has_lost_is_announced_as_a_gap() {
    for link in [LinkSemantics::RELIABLE, LinkSemantics::LOSSY] {
        for ms in [0, 700] {
            let session_expiry = Some(Duration::from_millis(ms));
            let broker = BrokerLimits { session_expiry, ..BrokerLimits::default() };
            let met = run(ModelOptions { link, broker, ..ModelOptions::default() });
            for exercise in [Exercise::Expiry, Exercise::Gap] {
                assert!(met.coverage.count(exercise) > 100, "{link:?}: {}", exercise.plural());
            }
        }
    }
}

#[test]
fn what_is_too_much_for_a_subscription_is_announced_as_a_gap() {
    for link in [LinkSemantics::RELIABLE, LinkSemantics::LOSSY] {
        let backlog = Retention { per_subscription: Some(2), ..Retention::default() };
        let broker = BrokerLimits { backlog, ..BrokerLimits::default() };
        let met = run(ModelOptions { link, broker, ..ModelOptions::default() });
        for exercise in [Exercise::Overflow, Exercise::Gap] {
            assert!(met.coverage.count(exercise) > 100, "{link:?}: {}", exercise.plural());
        }
    }
}
