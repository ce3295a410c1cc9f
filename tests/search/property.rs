//! Guarantees as properties of built-in contenders, of user-supplied state machines, and of
//! user-supplied programs; and scenarios as a strategy of proptest.

pub mod line_queue;

use delivery_lab::core::{
    Broker, BrokerInput, BrokerMachine, BrokerOptions, BrokerOutput, Machine,
};
use delivery_lab::message::{Contender, Frame, Link, Mode};
use delivery_lab::scenario::{Effect, Scenario, Who};
use delivery_lab::search::{self, Failed, Property, Scenarios};
use delivery_lab::sim::CoreSystem;
use delivery_lab::terms::{Exercise, FaultKind, Guarantee};
use delivery_lab::time::Instant;
use line_queue::{LineQueue, Mistakes};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::CatchUp };

/// Returns storms that a broker without durable state can survive.
fn on_clients() -> Scenarios {
    Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf).sparing_the_broker()
}

#[test]
fn ours_keep_what_they_claim() {
    for guarantee in Guarantee::ALL {
        for link in [Link::Udp, Link::Tcp, Link::SocketIo] {
            let contender = Contender { link, mode: Mode::CatchUp };
            let held = Property::new(guarantee).cases(150).holds(&contender);
            let held = held.unwrap_or_else(|failed| panic!("{contender} {guarantee}: {failed}"));
            assert!(held.cases == 150 && held.wanted > 1500, "{contender}: {held:?}");
        }
    }
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    for guarantee in [Guarantee::AtMostOnce, Guarantee::InOrder] {
        Property::new(guarantee).cases(40).holds(&contender).unwrap();
    }
}

#[test]
fn what_is_not_claimed_can_be_asked_for_and_its_story_is_short() {
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    let failed = Property::new(Guarantee::AtLeastOnce).holds(&contender).unwrap_err();
    let Failed::Broken(broken) = &failed else { panic!("{failed}") };
    assert!(broken.scenario.faults.len() <= 1, "{failed}");
    assert!(broken.story.lines().count() <= 6, "{failed}");
    // The scenario alone shows it again.
    let again = Property::new(Guarantee::AtLeastOnce).holds_in(&contender, &broken.scenario);
    let Err(Failed::Broken(again)) = again else { panic!("{again:?}") };
    assert_eq!((&again.violated, &again.story), (&broken.violated, &broken.story));
}

#[test]
fn a_property_that_no_storm_put_to_the_test_fails() {
    let calm = FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Slow);
    let calm = calm.fold(Scenarios::plain(), |scenarios, kind| scenarios.without(kind));
    let failed = Property::new(Guarantee::AtLeastOnce).over(calm.clone()).holds(&TCP);
    assert!(matches!(failed, Err(Failed::NeverMet(Exercise::Reconnect))), "{failed:?}");
    // The only client left publishes and does not subscribe, so that no message is wanted.
    let mute = Scenario {
        clients: search::any(1).clients.into_iter().take(1).collect(),
        ..search::any(1)
    };
    let over = Scenarios::storms_on(mute);
    let failed = Property::new(Guarantee::AtLeastOnce).over(over).holds(&LineQueue::default);
    assert!(matches!(failed, Err(Failed::NothingWanted)), "{failed:?}");
}

#[test]
fn a_queue_without_mistakes_keeps_what_it_can() {
    for guarantee in Guarantee::ALL {
        let held = Property::new(guarantee).cases(50).over(on_clients()).holds(&LineQueue::default);
        let held = held.unwrap_or_else(|failed| panic!("{failed}"));
        assert!(held.wanted > 1_000 && held.coverage.count(Exercise::Reconnect) > 3, "{held:?}");
    }
    // Its broker's memory does not survive a crash.
    let over = Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf);
    let failed = Property::new(Guarantee::AtLeastOnce).over(over).holds(&LineQueue::default);
    let Err(Failed::Broken(broken)) = failed else { panic!("{failed:?}") };
    let is_crash = matches!(broken.scenario.faults[0].effect, Effect::Crash { .. });
    assert!(broken.scenario.faults.len() == 1 && is_crash, "{broken}");
    assert_eq!(broken.scenario.faults[0].who, Who::Broker, "{broken}");
}

#[test]
fn each_mistake_of_a_queue_breaks_its_guarantee() {
    let right = Mistakes::default();
    for (wrong, guarantee) in [
        (Mistakes { forgets_what_it_sent: true, ..right }, Guarantee::AtLeastOnce),
        (Mistakes { forgets_what_it_sent: true, ..right }, Guarantee::NoSilentGap),
        (Mistakes { acknowledges_first: true, ..right }, Guarantee::AtLeastOnce),
        (Mistakes { writes_down_first: true, ..right }, Guarantee::AtLeastOnce),
        (Mistakes { handles_copies: true, ..right }, Guarantee::AtMostOnce),
        (Mistakes { handles_copies: true, ..right }, Guarantee::ExactlyOnce),
        (Mistakes { sends_newest_first: true, ..right }, Guarantee::InOrder),
        (Mistakes { makes_up: true, ..right }, Guarantee::AtMostOnce),
    ] {
        let lines = move || LineQueue::with(wrong);
        let find = || Property::new(guarantee).over(on_clients()).holds(&lines);
        let Err(Failed::Broken(broken)) = find() else { panic!("{wrong:?}: nothing found") };
        let Err(Failed::Broken(again)) = find() else { panic!("{wrong:?}: nothing found again") };
        assert_eq!(broken.to_string(), again.to_string(), "the same every time");
        assert!(broken.scenario.faults.len() <= 3, "{broken}");
        assert!(broken.to_string().contains("LineQueue violates"), "{broken}");
        assert!(!broken.story.is_empty(), "{broken}");
        // The scenario survives a file: loaded again, it shows the same.
        let text = broken.scenario.to_string();
        let loaded = Scenario::load("story", &text).unwrap();
        let again = Property::new(guarantee).holds_in(&lines, &loaded);
        let Err(Failed::Broken(again)) = again else { panic!("{text}") };
        assert_eq!(again.violated, broken.violated, "{text}");
    }
}

/// A broker that does not send every seventh message.
struct Absentminded(Broker, u64);

impl Machine for Absentminded {
    type Input = BrokerInput;
    type Output = BrokerOutput;

    fn handle(&mut self, now: Instant, input: BrokerInput) {
        self.0.handle(now, input);
    }

    fn poll(&mut self) -> Option<BrokerOutput> {
        let output = self.0.poll()?;
        if let BrokerOutput::Send { frame: Frame::Push { .. }, .. } = &output {
            self.1 += 1;
            if self.1.is_multiple_of(7) {
                return self.poll();
            }
        }
        Some(output)
    }

    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }
}

impl BrokerMachine for Absentminded {
    fn options(&self) -> &BrokerOptions {
        self.0.options()
    }
}

#[test]
fn a_machine_in_the_place_of_ours_is_judged_like_ours() {
    let machines =
        CoreSystem::ours(TCP).with_broker(|options| Absentminded(Broker::new(options), 0));
    let failed = Property::new(Guarantee::AtLeastOnce).holds(&machines).unwrap_err();
    let Failed::Broken(broken) = &failed else { panic!("{failed}") };
    assert!(broken.scenario.faults.is_empty(), "it needs no storm: {failed}");
    assert_eq!(broken.subject, "tcp/catch-up");
    let same = CoreSystem::ours(TCP).with_broker(Broker::new);
    Property::new(Guarantee::AtLeastOnce).cases(20).holds(&same).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..Default::default() })]

    /// Every scenario that proptest draws survives a round trip through the file format.
    #[test]
    fn scenarios_are_a_strategy(scenario in Scenarios::any(), plain in Scenarios::plain()) {
        for one in [scenario, plain] {
            let loaded = Scenario::load(&one.name, &one.to_string());
            prop_assert_eq!(loaded.as_ref().ok(), Some(&one));
        }
    }
}

#[test]
fn proptest_shrinks_a_scenario_as_the_search_does() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let has_cut =
        |scenario: &Scenario| scenario.faults.iter().any(|fault| fault.effect == Effect::Cut);
    let result = TestRunner::new_with_rng(config, rng).run(&Scenarios::any(), |scenario| {
        if has_cut(&scenario) { Err(TestCaseError::fail("a cut")) } else { Ok(()) }
    });
    let Err(TestError::Fail(_, smallest)) = result else { panic!("{result:?}") };
    assert!(has_cut(&smallest) && smallest.faults.len() == 1, "{smallest}");
    assert_eq!(smallest.clients.len(), 1, "the one that the cut needs: {smallest}");
}
