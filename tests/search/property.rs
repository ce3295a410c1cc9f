//! Guarantees as properties of built-in contenders, of user-supplied state machines, and of
//! user-supplied programs; and scenarios as a strategy of proptest.

pub mod line_queue;

use std::io;
use std::net::SocketAddr;

use delivery_lab::core::{
    Broker, BrokerInput, BrokerMachine, BrokerOptions, BrokerOutput, Machine,
};
use delivery_lab::message::{Contender, Frame, Link, Mode};
use delivery_lab::mutant;
use delivery_lab::net::Net;
use delivery_lab::scenario::{Effect, Scenario, Who};
use delivery_lab::search::{self, Failed, Property, Question, Scenarios};
use delivery_lab::sim::{App, AppRequest, CoreSystem, Programs};
use delivery_lab::terms::{Exercise, FaultKind, Guarantee};
use delivery_lab::time::Instant;
use line_queue::{LineQueue, Mistakes};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::CatchUp };

/// Creates a property that tells no progress, of which a suite in parallel would have too much.
fn quietly(question: impl Into<Question>) -> Property {
    Property::new(question).quiet()
}

/// Returns storms that a broker without durable state can survive.
fn on_clients() -> Scenarios {
    Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf).sparing_the_broker()
}

#[test]
fn ours_keep_what_they_claim() {
    for guarantee in Guarantee::ALL {
        for link in [Link::Udp, Link::Tcp, Link::SocketIo] {
            let contender = Contender { link, mode: Mode::CatchUp };
            let held = quietly(guarantee).cases(150).holds(&contender);
            let held = held.unwrap_or_else(|failed| panic!("{contender} {guarantee}: {failed}"));
            assert!(held.cases == 150 && held.wanted > 1500, "{contender}: {held:?}");
        }
    }
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    for guarantee in [Guarantee::AtMostOnce, Guarantee::InOrder] {
        quietly(guarantee).cases(40).holds(&contender).unwrap();
    }
}

#[test]
fn one_pass_answers_all_questions_as_six_do() {
    let system = || LineQueue::default();
    let all = Property::all().quiet().over(on_clients()).holds(&system);
    let all = all.unwrap_or_else(|failed| panic!("{failed}"));
    for question in Question::ALL {
        let one = quietly(question).over(on_clients()).holds(&system).unwrap();
        let sums = |held: &search::Upheld| (held.wanted, held.interrupted, held.coverage.clone());
        assert_eq!(sums(&one), sums(&all), "{question}");
    }
    assert!(all.interrupted > 5 && all.wanted > 2_000, "{all:?}");
    // Ours, too, over every link; what is broken first is reported.
    for contender in Contender::all().filter(|one| one.mode == Mode::CatchUp) {
        let held = Property::all().quiet().cases(150).holds(&contender);
        held.unwrap_or_else(|failed| panic!("{contender}: {failed}"));
    }
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    let asked = quietly(Guarantee::AtMostOnce).and(Guarantee::AtLeastOnce);
    let Err(Failed::Broken(broken)) = asked.holds(&contender) else { panic!() };
    assert_eq!(broken.question, Guarantee::AtLeastOnce.into(), "the other one holds");
}

#[test]
fn a_client_that_forgets_its_outbox_keeps_all_guarantees_and_is_found_all_the_same() {
    let forgets = || LineQueue::with(Mistakes { forgets_its_outbox: true, ..Mistakes::default() });
    let all = Guarantee::ALL.into_iter();
    let five = all.fold(quietly(Guarantee::AtLeastOnce), Property::and).over(on_clients());
    five.check(&forgets);
    let Err(Failed::Broken(broken)) = Property::all().quiet().over(on_clients()).holds(&forgets)
    else {
        panic!("nothing found")
    };
    assert_eq!(broken.question, Question::AcceptedInTheEnd, "{broken}");
    assert!(broken.scenario.faults.len() == 1 && broken.scenario.clients.len() <= 2, "{broken}");
    assert!(broken.violated.evidence.ends_with(", was never accepted"), "{broken}");
    assert!(broken.story.contains("driver"), "{broken}");
    // Cut short, the same storm decides nothing: the message may still be sent again.
    let end = broken.scenario.faults[0].until.since(Instant::ZERO);
    let short = Scenario { run_for: end, ..broken.scenario.clone() };
    quietly(Question::AcceptedInTheEnd).holds_in(&forgets, &short).unwrap();
}

/// Answers no publish, and may say that each is refused.
struct Refusal {
    is_said: bool,
}

impl Programs for Refusal {
    async fn broker<N: Net>(&self, _: N, _: u16) -> io::Result<()> {
        std::future::pending().await
    }

    async fn client<N: Net>(&self, _: N, _: SocketAddr, app: &mut App) -> io::Result<()> {
        loop {
            if let AppRequest::Publish(message) = app.next().await
                && self.is_said
            {
                app.refused(&message.id);
            }
        }
    }
}

#[test]
fn a_message_that_was_refused_need_not_be_accepted() {
    let storm = on_clients().draw(1);
    let property = quietly(Question::AcceptedInTheEnd);
    property.holds_in(&|| Refusal { is_said: true }, &storm).unwrap();
    let failed = property.holds_in(&|| Refusal { is_said: false }, &storm);
    assert!(matches!(failed, Err(Failed::Broken(_))), "{failed:?}");
}

#[test]
fn what_no_publisher_lost_its_session_with_does_not_test_whether_it_is_accepted() {
    let calm = FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Slow);
    let calm = calm.fold(Scenarios::plain(), |scenarios, kind| scenarios.without(kind));
    let failed = quietly(Question::AcceptedInTheEnd).over(calm).holds(&TCP);
    assert!(matches!(failed, Err(Failed::NeverInterrupted)), "{failed:?}");
    // Fire-and-forget has no outbox.
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    let failed = quietly(Question::AcceptedInTheEnd).cases(20).holds(&contender);
    assert!(matches!(failed, Err(Failed::NeverInterrupted)), "{failed:?}");
}

#[test]
fn a_mutant_that_forgets_its_outbox_is_found_in_a_small_storm() {
    let mutant = mutant::find("outbox-forgotten");
    for link in [Link::Udp, Link::Tcp, Link::Sse] {
        let ours = CoreSystem::ours(Contender { link, mode: Mode::CatchUp });
        let forgets = ours.with_client(move |options| mutant::client(mutant, options));
        let failed = quietly(Question::AcceptedInTheEnd).holds(&forgets);
        let Err(Failed::Broken(broken)) = failed else { panic!("{link}: {failed:?}") };
        assert!(broken.scenario.faults.len() == 1, "{broken}");
        assert!(broken.story.contains("has a session again"), "{broken}");
    }
}

#[test]
fn what_is_not_claimed_can_be_asked_for_and_its_story_is_short() {
    let contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
    let failed = quietly(Guarantee::AtLeastOnce).holds(&contender).unwrap_err();
    let Failed::Broken(broken) = &failed else { panic!("{failed}") };
    assert!(broken.scenario.faults.len() <= 1, "{failed}");
    assert!(broken.story.lines().count() <= 6, "{failed}");
    // The scenario alone shows it again.
    let again = quietly(Guarantee::AtLeastOnce).holds_in(&contender, &broken.scenario);
    let Err(Failed::Broken(again)) = again else { panic!("{again:?}") };
    assert_eq!((&again.violated, &again.story), (&broken.violated, &broken.story));
}

#[test]
fn a_property_that_no_storm_put_to_the_test_fails() {
    let calm = FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Slow);
    let calm = calm.fold(Scenarios::plain(), |scenarios, kind| scenarios.without(kind));
    let failed = quietly(Guarantee::AtLeastOnce).over(calm.clone()).holds(&TCP);
    assert!(matches!(failed, Err(Failed::NeverMet(Exercise::Reconnect))), "{failed:?}");
    // The only client left publishes and does not subscribe, so that no message is wanted.
    let mute = Scenario {
        clients: search::any(1).clients.into_iter().take(1).collect(),
        ..search::any(1)
    };
    let over = Scenarios::storms_on(mute);
    let failed = quietly(Guarantee::AtLeastOnce).over(over).holds(&LineQueue::default);
    assert!(matches!(failed, Err(Failed::NothingWanted)), "{failed:?}");
}

#[test]
fn a_queue_without_mistakes_keeps_what_it_can() {
    for guarantee in Guarantee::ALL {
        let held = quietly(guarantee).cases(50).over(on_clients()).holds(&LineQueue::default);
        let held = held.unwrap_or_else(|failed| panic!("{failed}"));
        assert!(held.wanted > 1_000 && held.coverage.count(Exercise::Reconnect) > 3, "{held:?}");
    }
    // Its broker's memory does not survive a crash.
    let over = Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf);
    let failed = quietly(Guarantee::AtLeastOnce).over(over).holds(&LineQueue::default);
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
        let find = || quietly(guarantee).cases(1_000).over(on_clients()).holds(&lines);
        let Err(Failed::Broken(broken)) = find() else { panic!("{wrong:?}: nothing found") };
        let Err(Failed::Broken(again)) = find() else { panic!("{wrong:?}: nothing found again") };
        assert_eq!(broken.to_string(), again.to_string(), "the same every time");
        assert!(broken.scenario.faults.len() <= 3, "{broken}");
        assert!(broken.to_string().contains("LineQueue violates"), "{broken}");
        assert!(!broken.story.is_empty(), "{broken}");
        // The scenario survives a file: loaded again, it shows the same.
        let text = broken.scenario.to_string();
        let loaded = Scenario::load("story", &text).unwrap();
        let again = quietly(guarantee).holds_in(&lines, &loaded);
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
    let failed = quietly(Guarantee::AtLeastOnce).holds(&machines).unwrap_err();
    let Failed::Broken(broken) = &failed else { panic!("{failed}") };
    assert!(broken.scenario.faults.is_empty(), "it needs no storm: {failed}");
    assert_eq!(broken.subject, "tcp/catch-up");
    let same = CoreSystem::ours(TCP).with_broker(Broker::new);
    quietly(Guarantee::AtLeastOnce).cases(20).holds(&same).unwrap();
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
