//! Steps that lie within the terms of the claims, and must not be findings.

use delivery_lab::message::{ClientLimits, Dedup, Epoch, LinkSemantics, Position, Retention};
use delivery_lab::search::model::{FrameDirection, Model, ModelOptions, Noticed, Step};
use delivery_lab::terms::Guarantee;
use delivery_lab::time::Duration;

use FrameDirection::{ToBroker, ToClient};
use Step::{
    Break, ComeBack, Crash, CrashBroker, Deliver, Double, GoAway, HandlerReturns, Lose, Publish,
    Restart, Wait,
};

/// Plays some steps, lets the model quiesce, and asserts that no claim is broken.
fn check(options: ModelOptions, steps: &[Step]) -> Model {
    let mut model = Model::new(options);
    for step in steps {
        assert!(model.step(*step), "{step:?} does something");
    }
    model.quiesce();
    assert_eq!(model.check(), None);
    for guarantee in Guarantee::ALL {
        assert_eq!(model.finding(guarantee), None);
    }
    model
}

#[test]
fn a_crash_between_handler_and_acknowledgement_handles_twice_and_breaks_nothing() {
    let steps = [Publish, Deliver(ToBroker, 0), Deliver(ToClient, 1), HandlerReturns(1), Crash(1)];
    let model = check(ModelOptions::default(), &steps);
    assert_eq!((model.handled(1), model.handled(2)), (&[1, 1][..], &[1][..]));
}

#[test]
fn a_call_that_a_crash_cuts_short_is_no_handling() {
    let steps = [Publish, Deliver(ToBroker, 0), Deliver(ToClient, 1), Crash(1), Restart(1)];
    assert_eq!(check(ModelOptions::default(), &steps).handled(1), [1]);
}

#[test]
fn what_a_broker_accepted_before_it_died_may_be_lost_and_its_epoch_is_told_to_be_over() {
    let cut = Break(Noticed::ByClient, 1);
    let steps = [Publish, Deliver(ToBroker, 0), Deliver(ToClient, 0), cut, CrashBroker];
    let model = check(ModelOptions::default(), &steps);
    assert_eq!((model.accepted(), model.handled(1)), (&[1][..], &[][..]));
}

#[test]
fn what_has_no_answer_when_the_broker_dies_is_accepted_again() {
    let cut = Break(Noticed::ByClient, 0);
    let model = check(ModelOptions::default(), &[Publish, Deliver(ToBroker, 0), cut, CrashBroker]);
    assert_eq!((model.accepted(), model.handled(1)), (&[1, 1][..], &[1][..]));
}

#[test]
fn what_was_published_by_a_process_that_died_before_it_was_accepted_is_lost() {
    let model = check(ModelOptions::default(), &[Publish, Crash(0)]);
    assert_eq!((model.accepted(), model.handled(1)), (&[][..], &[][..]));
}

#[test]
fn what_retention_did_not_keep_lies_in_a_gap() {
    let mut options = ModelOptions::default();
    options.broker.backlog = Retention { messages: 1, ..Retention::default() };
    let steps = [GoAway(1), Publish, Deliver(ToBroker, 0), Publish, Deliver(ToBroker, 0)];
    let model = check(options, &steps);
    assert_eq!(
        (model.handled(1), model.gaps(1).first()),
        (&[2][..], Some(&(Epoch(1), Position(1), Position(1))))
    );
}

#[test]
fn what_is_too_much_for_one_subscriber_lies_in_a_gap_behind_what_is_kept() {
    let mut options = ModelOptions::default();
    options.broker.backlog = Retention { per_subscription: Some(1), ..Retention::default() };
    let steps = [GoAway(1), Publish, Deliver(ToBroker, 0), Deliver(ToClient, 2), HandlerReturns(2)];
    let rest = [Deliver(ToBroker, 2), Publish, Deliver(ToBroker, 0)];
    let model = check(options, &[&steps[..], &rest].concat());
    assert_eq!(
        (model.handled(1), model.gaps(1).first()),
        (&[1][..], Some(&(Epoch(1), Position(2), Position(2))))
    );
    assert_eq!((model.handled(2), model.gaps(2)), (&[1, 2][..], &[][..]));
}

#[test]
fn what_a_session_has_lost_that_expired_and_what_came_after_that_is_one_gap() {
    let mut options = ModelOptions::default();
    options.broker.session_expiry = Some(Duration::from_secs(1));
    let publish = [Publish, Deliver(ToBroker, 0)];
    let expired = [Wait(Duration::from_secs(1))];
    let steps = [&[GoAway(1)], &publish[..], &expired, &publish].concat();
    let model = check(options, &steps);
    assert_eq!(
        (model.handled(1), model.gaps(1).first()),
        (&[][..], Some(&(Epoch(1), Position(1), Position(2))))
    );
    assert_eq!((model.handled(2), model.gaps(2)), (&[1, 2][..], &[][..]));
}

#[test]
fn without_dedup_nobody_claims_that_nothing_is_handled_twice() {
    let client = ClientLimits { dedup: Dedup::Off, ..ClientLimits::default() };
    let options = ModelOptions { client, link: LinkSemantics::LOSSY, ..ModelOptions::default() };
    let steps = [Publish, Deliver(ToBroker, 0), Double(ToClient, 1)];
    assert_eq!(check(options, &steps).handled(1), [1, 1]);
}

#[test]
fn nothing_is_missing_before_there_was_quiet() {
    let mut model = Model::new(ModelOptions::default());
    model.step(Publish);
    assert_eq!(model.check(), None);
    assert!(model.step(Wait(Duration::from_millis(1))), "time always passes");
}

#[test]
fn an_acknowledgement_of_an_epoch_that_is_over_is_not_taken_for_one_of_the_new_epoch() {
    // The handler of the first message returns when the new session is open, and before the client
    // is told of the new epoch, in which the second message has the position of the first.
    let steps = [
        Publish,
        Deliver(ToBroker, 0),
        Publish,
        Deliver(ToClient, 1),
        Deliver(ToClient, 0),
        CrashBroker,
        Break(Noticed::ByBoth, 0),
        Break(Noticed::ByBoth, 1),
        Wait(Duration::from_millis(1_035)),
        Deliver(ToBroker, 1),
        Deliver(ToClient, 1),
        HandlerReturns(1),
        GoAway(1),
    ];
    let model =
        check(ModelOptions { link: LinkSemantics::LOSSY, ..ModelOptions::default() }, &steps);
    assert_eq!((model.accepted(), model.handled(1)), (&[1, 2][..], &[1, 2][..]));
}

#[test]
fn a_hole_in_the_backlog_of_a_new_epoch_is_announced() {
    let mut options = ModelOptions { link: LinkSemantics::LOSSY, ..ModelOptions::default() };
    options.broker.backlog = Retention { messages: 2, ..Retention::default() };
    let open = |n| [ComeBack(n), Deliver(ToBroker, n), Deliver(ToClient, n)];
    let steps = [
        &[GoAway(0), GoAway(1), GoAway(2), CrashBroker][..],
        &open(0),
        &open(2),
        &[Deliver(ToBroker, 2), Deliver(ToClient, 2)],
        &[Publish, Deliver(ToBroker, 0), Deliver(ToClient, 2), HandlerReturns(2)],
        &[Publish, Deliver(ToBroker, 0), Deliver(ToClient, 2), HandlerReturns(2)],
        // Only the second acknowledgement arrives: the second message is no longer outstanding, and
        // the third takes its place. Then the other shop comes back.
        &[Lose(ToBroker, 2), Deliver(ToBroker, 2), Publish, Deliver(ToBroker, 0)],
    ];
    let model = check(options, &steps.concat());
    assert_eq!(
        (model.handled(1), model.gaps(1)),
        (&[1, 3][..], &[(Epoch(2), Position(2), Position(2))][..])
    );
    assert_eq!(model.handled(2), [1, 2, 3]);
}
