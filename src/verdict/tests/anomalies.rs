//! Each anomaly, and the nearest history that does not have it; recoveries and detections.

use crate::history::PowerState;
use crate::message::{
    EndReason, Epoch, Note, Position, PushKind, ResumeOutcome, SessionId, StartAt, Target,
};
use crate::scenario::{CrashNotice, Effect, Who};
use crate::terms::Anomaly;
use crate::time::{Duration, Instant};
use crate::verdict::Recoveries;

use super::story::{BROKER, DRIVER, SHOP, Story, id, story};

use EndReason::{Fin, Heartbeat, Left, Replaced, Reset};
use PushKind::{Again, Live};

/// Checks how often an anomaly was seen.
#[track_caller]
fn check(anomaly: Anomaly, story: Story, count: u64) {
    let seen = story.shop().anomalies.get(&anomaly).copied().unwrap_or_default();
    assert_eq!(seen, count, "{anomaly}");
}

fn catch_up() -> Story {
    story("tcp/catch-up").joined().at(1_000)
}

fn resumed(position: Position) -> ResumeOutcome {
    ResumeOutcome::Resumed { epoch: Epoch(1), position }
}

#[test]
fn duplicates_disorder_and_the_not_wanted_are_counted() {
    check(Anomaly::Duplicate, catch_up().delivered(1).handled(1, Again), 1);
    check(Anomaly::Duplicate, catch_up().delivered(1), 0);
    check(Anomaly::OrderBroken, catch_up().delivered(2).delivered(1), 1);
    check(Anomaly::OrderBroken, catch_up().delivered(1).delivered(2), 0);
    check(Anomaly::NotWanted, story("tcp/catch-up").connected().delivered(1), 1);
}

#[test]
fn a_loss_is_silent_if_a_session_since_told_nothing() {
    let lost = || catch_up().disconnected(Fin).published(1).accepted(1).became_gap(1, Position(1));
    check(Anomaly::SilentLoss, lost(), 0);
    check(Anomaly::SilentLoss, lost().at(2_000).connected(), 1);
    let told = Note::GapReceived { queue: "q".into(), from: Position(1), to: Position(1) };
    check(Anomaly::SilentLoss, lost().at(2_000).connected().note(SHOP, told), 0);
}

#[test]
fn an_acknowledged_message_that_died_is_lost_after_ack() {
    let read = || catch_up().under_way(1).at(1_020).read(1, Live);
    let die = |story: Story| story.at(2_000).power(SHOP, PowerState::Killed);
    check(Anomaly::LostAfterAck, die(read().acknowledged(1, Position(1))), 1);
    check(Anomaly::LostAfterAck, die(read()), 0);
}

#[test]
fn a_position_moves_back_only_within_an_epoch_and_a_record() {
    let before = || catch_up().delivered(1).delivered(2).disconnected(Fin).at(2_000).connected();
    let then = |story: Story| story.answered(resumed(Position(2))).at(3_000);
    check(Anomaly::PositionMovedBack, then(before()).answered(resumed(Position(1))), 1);
    check(Anomaly::PositionMovedBack, then(before()).answered(resumed(Position(2))), 0);
    let anew =
        then(before()).unsubscribed().subscribed(StartAt::Start).answered(resumed(Position::START));
    check(Anomaly::PositionMovedBack, anew, 0);
    let new = then(before())
        .broker_crashed()
        .answered(ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START });
    check(Anomaly::PositionMovedBack, new, 0);
}

#[test]
fn an_old_position_in_a_new_epoch_is_foreign() {
    let crashed = || catch_up().delivered(1).broker_crashed().at(2_000).connected();
    let foreign = ResumeOutcome::Resumed { epoch: Epoch(2), position: Position(1) };
    check(Anomaly::ForeignEpoch, crashed().answered(foreign), 1);
    let new = ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START };
    check(Anomaly::ForeignEpoch, crashed().answered(new).answered(foreign), 0);
}

#[test]
fn two_sessions_are_pushed_to_while_both_are_open() {
    let push_first = |story: Story| {
        let (session, client) = (SessionId { process: "shop".into(), number: 1 }, "shop".into());
        story.note(BROKER, Note::Pushed { id: id(2), session, client, kind: Live })
    };
    let second = || catch_up().under_way(1).at(2_000).connected().under_way(2);
    check(Anomaly::TwoSessions, push_first(second()), 1);
    check(Anomaly::TwoSessions, second(), 0);
    let closed = catch_up().under_way(1).disconnected(Fin).at(2_000).connected().under_way(2);
    check(Anomaly::TwoSessions, push_first(closed), 0);
}

#[test]
fn what_is_read_after_the_session_is_delivered_after_its_end() {
    let read = || catch_up().under_way(1).read(1, Live);
    let late = catch_up().under_way(1).at(1_500).lost(Fin).at(2_000).read(1, Live);
    check(Anomaly::DeliveredAfterEnd, late.handled(1, Live), 1);
    // It was read before the session ended, and only waited in the inbox.
    check(Anomaly::DeliveredAfterEnd, read().at(1_500).lost(Fin).at(2_000).handled(1, Live), 0);
    check(Anomaly::DeliveredAfterEnd, read().handled(1, Live).at(1_500).lost(Fin), 0);
    let session = SessionId { process: "shop".into(), number: 1 };
    let running = read().note(SHOP, Note::Handling { id: id(1), kind: Live }).at(1_500).lost(Fin);
    let returned = Note::Handled { id: id(1), kind: Live, session };
    check(Anomaly::DeliveredAfterEnd, running.at(2_000).note(SHOP, returned), 0);
}

#[test]
fn a_message_stalls_when_nothing_was_in_its_way_for_long_enough() {
    // A ping every 25 s, 20 s for its answer, 1 s for an acknowledgement; the trial ends at 100 s.
    let waiting = |at: u64| catch_up().at(at).under_way(1);
    check(Anomaly::Stalled, waiting(53_999), 1);
    check(Anomaly::Stalled, waiting(54_000), 0);
    check(Anomaly::Stalled, waiting(1_000).fault(Effect::Cut, 2_000, 53_000), 1);
    check(Anomaly::Stalled, waiting(1_000).fault(Effect::Cut, 2_000, 60_000), 0);
    // The queue of this fault lasts 20 s longer than the fault: 2,000 bytes at 100 a second.
    let slow = Effect::Bandwidth { bytes_per_second: 100, queue_bytes: 2_000 };
    check(Anomaly::Stalled, waiting(1_000).fault(slow.clone(), 2_000, 53_000), 0);
    check(Anomaly::Stalled, waiting(1_000).fault(slow, 2_000, 33_000), 1);
    check(Anomaly::Stalled, waiting(1_000).at(60_000).delivered(2), 0);
    // Nothing can move without a session: the subscriber's, or the publisher's if the message is
    // still there. A session that joins nothing counts as well: it has had time to join.
    let away = || waiting(1_000).at(2_000).disconnected(Fin);
    check(Anomaly::Stalled, away(), 0);
    check(Anomaly::Stalled, away().at(3_000).connected(), 1);
    check(Anomaly::Stalled, away().at(3_000).connected().answered(resumed(Position::START)), 1);
    check(Anomaly::Stalled, away().at(60_000).connected().answered(resumed(Position::START)), 0);
    let kept = || catch_up().published(1);
    check(Anomaly::Stalled, kept(), 0);
    let session = SessionId { process: "driver".into(), number: 1 };
    check(Anomaly::Stalled, kept().note(DRIVER, Note::Welcomed { session }), 1);
}

#[test]
fn what_is_lost_before_a_fault_is_noticed_is_detected_late() {
    let cut = || story("tcp/fire-and-forget").joined().fault(Effect::Cut, 500, 9_000);
    let ends = |story: Story| story.at(3_000).broker_end(Some(Heartbeat)).closed(Heartbeat);
    check(Anomaly::LateDetection, ends(cut().at(1_000).under_way(1)), 1);
    check(Anomaly::LateDetection, ends(cut()).at(4_000).published(1).accepted(1), 0);
    check(Anomaly::LateDetection, ends(cut().at(100).under_way(1)), 0);
    // The cut heals unnoticed, and another fault ends the session.
    let crash = Effect::Crash { notice: CrashNotice::Silent };
    let healed = || cut().fault(crash.clone(), 20_000, 30_000);
    let dies = |story: Story| story.at(21_000).broker_end(Some(Heartbeat)).closed(Heartbeat);
    check(Anomaly::LateDetection, dies(healed().at(8_999).under_way(1)), 1);
    check(Anomaly::LateDetection, dies(healed().at(9_000).under_way(1)), 0);
    check(Anomaly::LateDetection, dies(healed().at(20_000).under_way(1)), 1);
    // A broker without the session has nothing left to notice.
    let lost = |at: u64| cut().at(1_000).broker_crashed().at(at).published(1).accepted(1);
    check(Anomaly::LateDetection, lost(999).disconnected(Fin), 0);
    check(Anomaly::LateDetection, lost(1_001), 0);
}

/// Checks the counts of the shop's recoveries, and the anomalies that follow from them.
#[track_caller]
fn check_recoveries(story: Story, expected: Recoveries) {
    let shop = story.shop();
    assert_eq!(shop.recoveries, expected);
    let seen = |anomaly| shop.anomalies.get(&anomaly).copied().unwrap_or_default();
    assert_eq!(seen(Anomaly::FalseComfort), expected.false_comfort);
    assert_eq!(seen(Anomaly::FalseAlarm), expected.false_alarm);
}

#[test]
fn recoveries_are_compared_with_the_truth() {
    let none = Recoveries::default();
    let comfort = Recoveries { false_comfort: 1, ..none };
    let success = Recoveries { honest_success: 1, ..none };
    let failure = Recoveries { honest_failure: 1, ..none };
    let alarm = Recoveries { false_alarm: 1, ..none };
    let gap = |from, to| {
        let (from, to) = (Position(from), Position(to));
        ResumeOutcome::Gap { epoch: Epoch(1), position: Position::START, from, to }
    };
    let new = ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START };
    let away = || catch_up().disconnected(Fin).published(1).accepted(1).at(2_000);
    let back = |story: Story, answer| story.at(3_000).connected().answered(answer);
    check_recoveries(catch_up(), none);
    check_recoveries(
        back(away(), resumed(Position::START)).read(1, Again).handled(1, Again),
        success,
    );
    check_recoveries(back(away(), resumed(Position(1))), comfort);
    check_recoveries(back(away().became_gap(1, Position(1)), resumed(Position::START)), comfort);
    check_recoveries(back(away().became_gap(1, Position(1)), gap(1, 1)), failure);
    check_recoveries(back(away(), gap(1, 1)).read(1, Again).handled(1, Again), alarm);
    check_recoveries(back(away().broker_crashed(), new), failure);
    // A gap over a handled message is no false alarm to a client that has died since and forgotten
    // it.
    let handled = || catch_up().delivered(1).at(2_000);
    let dead = |story: Story| story.power(SHOP, PowerState::PowerLost).closed(Reset);
    check_recoveries(back(dead(handled()), gap(1, 1)), failure);
    check_recoveries(back(dead(handled()), gap(2, 2)), alarm);
    check_recoveries(back(handled().disconnected(Fin), gap(1, 1)), alarm);
    check_recoveries(dead(back(handled().disconnected(Fin), gap(1, 1))), alarm);
    // If there is a new epoch, telling of it is no false alarm, even if nothing was lost. If there
    // is none, it is one.
    check_recoveries(back(catch_up().disconnected(Fin).broker_crashed(), new), failure);
    let old = ResumeOutcome::NewEpoch { epoch: Epoch(1), position: Position::START };
    let resumed_first =
        back(catch_up().disconnected(Fin), resumed(Position::START)).disconnected(Fin);
    let twice = resumed_first.at(4_000).connected().answered(old);
    check_recoveries(twice, Recoveries { honest_success: 1, ..alarm });
    // A loss counts once. A gap that is announced apart from the answer is honest.
    let twice = back(away().became_gap(1, Position(1)), resumed(Position::START))
        .at(4_000)
        .answered(resumed(Position(1)));
    check_recoveries(twice, Recoveries { honest_success: 1, ..comfort });
    let told = |from, to| {
        let (from, to) = (Position(from), Position(to));
        Note::GapReceived { queue: "q".into(), from, to }
    };
    let both = Recoveries { honest_success: 1, ..failure };
    let later = |story: Story, note| story.at(4_000).note(SHOP, note);
    check_recoveries(
        later(back(away().became_gap(1, Position(1)), resumed(Position::START)), told(1, 1)),
        both,
    );
    // A repetition of the answer's own gap does not count. Another gap counts by itself, and must
    // be true.
    check_recoveries(
        later(back(away().became_gap(1, Position(1)), gap(1, 1)), told(1, 1)),
        failure,
    );
    let more = Recoveries { false_alarm: 1, ..failure };
    check_recoveries(later(back(away().became_gap(1, Position(1)), gap(1, 1)), told(2, 2)), more);
    // A message that was lost after the broker had answered does not count against that answer.
    let (queue, answer) = (|| "q".into(), resumed(Position::START));
    let attached = |story: Story| {
        let (client, session) = ("shop".into(), story.session_id());
        let answer = Box::new(answer);
        story.note(BROKER, Note::Attached { queue: queue(), client, session, answer })
    };
    let evicted = attached(away().at(3_000).connected()).at(3_010).became_gap(1, Position(1));
    let heard = evicted.at(3_020).note(SHOP, Note::ResumeReceived { queue: queue(), answer });
    check_recoveries(heard, success);
    // A message that waits for its handler is not acknowledged, so the broker cannot know that it
    // arrived.
    let read = catch_up().published(1).accepted(1).pushed(1, Live).read(1, Live);
    let (session, kind) = (read.session_id(), Live);
    let told = back(read, gap(1, 1)).at(5_000).note(SHOP, Note::Handling { id: id(1), kind });
    check_recoveries(told.note(SHOP, Note::Handled { id: id(1), kind, session }), failure);
    // A message that was accepted in two lives of the broker is announced if it was announced in
    // one of them.
    let twice =
        back(away().became_gap(1, Position(1)), gap(1, 1)).broker_crashed().at(4_000).accepted(1);
    check_recoveries(twice, failure);
}

#[test]
fn an_answer_is_compared_with_what_was_lost_when_the_broker_gave_it() {
    let success = Recoveries { honest_success: 1, ..Recoveries::default() };
    let comfort = Recoveries { false_comfort: 1, ..Recoveries::default() };
    let away = || catch_up().disconnected(Fin).published(1).accepted(1).at(2_000).connected();
    let given = |story: Story, queue: &str| {
        let session = SessionId { process: "shop".into(), number: 2 };
        let (queue, client, answer) =
            (queue.into(), "shop".into(), Box::new(resumed(Position::START)));
        story.note(BROKER, Note::Attached { queue, client, session, answer })
    };
    let heard = |story: Story| {
        story.at(4_000).note(
            SHOP,
            Note::ResumeReceived { queue: "q".into(), answer: resumed(Position::START) },
        )
    };
    check_recoveries(heard(given(away(), "q").at(2_500).became_gap(1, Position(1))), success);
    check_recoveries(heard(given(away().became_gap(1, Position(1)), "q")), comfort);
    // The same answer in another queue is a different answer.
    let both = given(given(away(), "q").at(2_500).became_gap(1, Position(1)).at(3_000), "r");
    check_recoveries(heard(both), success);
    // At one instant, the order of the broker's events decides between an answer and an eviction. A
    // message that ended by anything else ended before them.
    check_recoveries(heard(given(away(), "q").became_gap(1, Position(1))), success);
    let died = catch_up().under_way(1).at(2_000).shop_end(Some(Reset), (0, 0)).disconnected(Reset);
    check_recoveries(heard(given(died.connected(), "q").became_gap(1, Position(1))), comfort);
}

#[test]
fn a_gap_that_is_of_what_came_after_an_expiry_is_no_alarm() {
    let success = Recoveries { honest_failure: 1, ..Recoveries::default() };
    let alarm = Recoveries { false_alarm: 1, ..Recoveries::default() };
    let gap = |from, to| {
        let (from, to) = (Position(from), Position(to));
        ResumeOutcome::Gap { epoch: Epoch(1), position: Position::START, from, to }
    };
    // The shop wants nothing of the other room, and the broker has forgotten that.
    let attached = || catch_up().answered(resumed(Position::START));
    let other = |story: Story| {
        let target = Target { to: vec!["other".into()], ..Target::default() };
        story.published_to(1, target).accepted(1)
    };
    let away = || attached().at(2_000).disconnected(Fin);
    let back = |story: Story| story.at(4_000).connected().answered(gap(1, 1));
    let seen = |expected: Recoveries| Recoveries { honest_success: 1, ..expected };
    check_recoveries(back(other(away().expired().at(3_000))), seen(success));
    check_recoveries(back(other(away().at(3_000)).expired()), seen(alarm));
    check_recoveries(back(other(away().at(3_000))), seen(alarm));
    // Only what came before the next session attached.
    let again = away().expired().at(3_000).connected().answered(resumed(Position::START));
    let again = other(again).at(3_500).disconnected(Fin);
    let twice = Recoveries { honest_success: 2, ..alarm };
    check_recoveries(back(again), twice);
}

/// Checks the detections of the shop's only fault: the side, the delay in milliseconds, and the
/// reason.
#[track_caller]
fn check_detections(story: Story, expected: &[(&str, Option<f64>, Option<&str>)]) {
    let row = story.row();
    let found = row.detections.iter().filter(|one| one.client == "shop");
    let found: Vec<_> = found.map(|one| (one.side, one.after_ms, one.by)).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_side_notices_by_the_end_of_the_session_that_it_had() {
    let with = |kind| catch_up().fault(kind, 2_000, 60_000);
    let cut = || with(Effect::Cut).at(5_000).closed(Heartbeat);
    let broker = ("broker", Some(3_000.0), Some("heartbeat"));
    check_detections(cut(), &[broker, ("client", None, None)]);
    check_detections(
        cut().at(9_000).lost(Reset),
        &[broker, ("client", Some(7_000.0), Some("RST"))],
    );
    // A side that acts itself has nothing to notice.
    let away = with(Effect::Disconnect).at(2_000).lost(Left).at(2_020).closed(Fin);
    check_detections(away, &[("broker", Some(20.0), Some("FIN"))]);
    let crash = Effect::Crash { notice: CrashNotice::Silent };
    let down = with(crash.clone()).at(2_000).power(SHOP, PowerState::PowerLost);
    check_detections(down, &[("broker", None, None)]);
    let mut broker_down = with(crash).at(2_000).broker_crashed().at(8_000).lost(Heartbeat);
    broker_down.scenario.faults[0].who = Who::Broker;
    check_detections(broker_down, &[("client", Some(6_000.0), Some("heartbeat"))]);
    // A side without a session that could end has no entry.
    check_detections(story("tcp/catch-up").fault(Effect::Cut, 2_000, 3_000), &[]);
}

#[test]
fn what_may_end_a_session_is_noticed_where_it_did() {
    let kinds = || {
        let narrow = Effect::Bandwidth { bytes_per_second: 1_000, queue_bytes: 4_000 };
        [Effect::Loss { rate: 0.5 }, Effect::Corrupt { rate: 0.5 }, narrow]
    };
    let ended = ("broker", Some(3_000.0), Some("heartbeat"));
    let failed = ("client", Some(4_000.0), Some("HTTP timeout"));
    for kind in kinds() {
        let with = || catch_up().fault(kind.clone(), 2_000, 60_000);
        check_detections(with(), &[]);
        check_detections(with().at(5_000).closed(Heartbeat), &[ended]);
        let session = SessionId { process: "shop".into(), number: 1 };
        let note = Note::RequestFailed { session, reason: EndReason::HttpTimeout };
        check_detections(with().at(6_000).note(SHOP, note), &[failed]);
        // It explains nothing if a fault that surely ends sessions was on beside it.
        let cut = with().fault(Effect::Cut, 3_000, 4_000).at(5_000).closed(Heartbeat);
        let noticed = ("broker", Some(2_000.0), Some("heartbeat"));
        check_detections(cut, &[noticed, ("client", None, None)]);
    }
    // More than a heartbeat (25 s + 20 s) after the fault had healed, it cannot be the reason any
    // more.
    let healed = || catch_up().fault(Effect::Loss { rate: 1.0 }, 2_000, 5_000);
    let late = ("broker", Some(48_000.0), Some("heartbeat"));
    check_detections(healed().at(50_000).closed(Heartbeat), &[late]);
    check_detections(healed().at(50_001).closed(Heartbeat), &[]);
}

#[test]
fn an_idle_timeout_is_noticed_since_it_forgot() {
    let after = Duration::from_millis(500);
    let with = || catch_up().fault(Effect::IdleTimeout { after }, 0, 60_000);
    let quiet = || with().at(3_000).forgotten(0, 2_500);
    check_detections(with().at(5_000).closed(Heartbeat), &[]);
    check_detections(quiet(), &[]);
    let broker = ("broker", Some(2_500.0), Some("heartbeat"));
    check_detections(quiet().at(5_000).closed(Heartbeat), &[broker]);
    let client = ("client", Some(6_500.0), Some("RST"));
    check_detections(quiet().at(5_000).closed(Heartbeat).at(9_000).lost(Reset), &[broker, client]);
    // The first time counts, and the session of that time.
    let again = quiet().at(5_000).closed(Heartbeat).connected().at(8_000).forgotten(0, 7_000);
    check_detections(again.at(9_000).closed(Heartbeat), &[broker]);
    // What came before it was forgotten is not explained by it.
    let loss = Effect::Loss { rate: 0.5 };
    let early = with().fault(loss, 1_000, 2_000).at(2_000).closed(Heartbeat);
    check_detections(
        early.connected().at(3_000).forgotten(0, 2_500),
        &[("broker", Some(1_000.0), Some("heartbeat"))],
    );
}

#[test]
fn an_end_that_something_else_explains_notices_nothing() {
    let cut = |until| catch_up().fault(Effect::Cut, 2_000, until);
    let ends = |story: Story| story.at(5_000).closed(Heartbeat).lost(Left);
    let broker = ("broker", Some(3_000.0), Some("heartbeat"));
    let (unseen, left) = (("broker", None, None), ("client", None, None));
    let first = |story: Story, expected| check_detections(story, &[expected, left]);
    first(ends(cut(3_000)), broker);
    // Another fault explains the end if it began after the cut had healed and before the end, and
    // can end a session.
    let loss = || Effect::Loss { rate: 0.5 };
    first(ends(cut(3_000).fault(loss(), 3_000, 9_000)), unseen);
    first(ends(cut(3_000).fault(loss(), 2_999, 9_000)), broker);
    first(ends(cut(3_000).fault(loss(), 5_001, 9_000)), broker);
    let slow = Effect::Slow { handler: Duration::from_secs(1) };
    first(ends(cut(3_000).fault(slow, 4_000, 9_000)), broker);
    let mut elsewhere = cut(3_000).fault(loss(), 4_000, 9_000);
    elsewhere.scenario.faults[1].who = Who::Clients(vec!["driver".into()]);
    first(ends(elsewhere), broker);
    // A newer session took over. One of the same process counts as noticing, one of another process
    // of its name does not.
    let replaced = || cut(3_000).at(5_000).closed(Replaced);
    let noticed = ("broker", Some(3_000.0), Some("replaced"));
    check_detections(replaced().connected(), &[noticed, ("client", None, None)]);
    let mut twin = replaced();
    twin.processes[DRIVER].client = "shop".into();
    let (session, client) = (SessionId { process: "driver".into(), number: 1 }, "shop".into());
    let twin = twin.note(BROKER, Note::SessionOpened { session, client });
    check_detections(twin.at(5_020).lost(Replaced), &[unseen, left]);
}

#[test]
fn a_partition_is_noticed_by_those_whom_it_separates_from_the_broker() {
    let groups = |groups: &[&[&str]]| {
        let names = |group: &&[&str]| group.iter().map(|name| (*name).into()).collect();
        let mut story = catch_up().fault(Effect::Partition { groups: vec![] }, 2_000, 9_000);
        let fault = &mut story.scenario.faults[0];
        fault.effect = Effect::Partition { groups: groups.iter().map(names).collect() };
        (fault.who, fault.until) = (Who::Nobody, Instant::NEVER);
        story.at(5_000).lost(Heartbeat)
    };
    let both = [("broker", None, None), ("client", Some(3_000.0), Some("heartbeat"))];
    check_detections(groups(&[&["broker", "driver"], &["shop"]]), &both);
    check_detections(groups(&[&["broker", "shop"], &["driver"]]), &[]);
    check_detections(groups(&[&["driver"], &["shop"]]), &[]);
    assert_eq!(catch_up().power(DRIVER, PowerState::Paused).row().detections, []);
}
