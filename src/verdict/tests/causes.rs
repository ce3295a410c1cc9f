//! One hand-made history for every way in which a message is missed.

use std::collections::BTreeMap;

use crate::history::{EventKind, Flow, LossReason, PowerState};
use crate::message::{
    DropReason, Durability, EndReason, Epoch, GapReason, Note, Position, PushKind, ResumeOutcome,
    RoomJoin, StartAt, Target,
};
use crate::scenario::Effect;
use crate::terms::Cause;
use crate::time::{Duration, Instant};
use crate::verdict::follow;

use super::story::{BROKER, DRIVER, SHOP, Story, id, story};

use EndReason::{Fin, Heartbeat, Reset};
use PushKind::{Again, Live, Replay};

/// Checks that the shop misses exactly one message, by this cause.
#[track_caller]
fn check(cause: Cause, story: Story) {
    let shop = story.shop();
    assert_eq!(shop.causes, BTreeMap::from([(cause, 1)]), "{:?}", shop.messages);
}

/// Checks that the shop misses the first message since this millisecond.
#[track_caller]
fn check_since(ms: u64, story: Story) {
    let followed = follow(&story.scenario, story.contender, &story.history(), &id(1));
    let since: Vec<_> = followed.iter().map(|one| one.at).collect();
    assert_eq!(since, [Instant::from_millis(ms)], "{followed:?}");
}

fn udp() -> Story {
    story("udp/fire-and-forget").joined().at(1_000)
}

fn tcp() -> Story {
    story("tcp/fire-and-forget").joined().at(1_000)
}

fn catch_up() -> Story {
    story("tcp/catch-up").joined().at(1_000)
}

fn no_handler(story: Story) -> Story {
    story.note(SHOP, Note::NoHandler { id: id(1) })
}

fn handler_gone(story: Story) -> Story {
    story.event(SHOP, EventKind::HandlerGone { queue: "q".into(), event: "e".into() })
}

fn handler_back(story: Story) -> Story {
    story.event(SHOP, EventKind::HandlerBack { queue: "q".into(), event: "e".into() })
}

#[test]
fn what_the_broker_never_accepted_is_lost_before_it_or_refused() {
    let unsent = |reason| Note::Unsent { id: id(1), reason };
    let cause = Cause::LostBeforeBroker;
    check(cause, tcp().published(1).note(DRIVER, unsent(DropReason::NoConnection)));
    check(cause, catch_up().published(1).note(DRIVER, unsent(DropReason::OutboxFull)));
    check(cause, catch_up().published(1).at(2_000).power(DRIVER, PowerState::PowerLost));
    check(cause, tcp().published(1).sent(1).at(2_000).publish_end(Some(Reset), 0));
    check(cause, tcp().published(1).sent(1).at(99_000).publish_end(None, 100));
    check(cause, udp().published(1).sent(1));
    let volatile = Target { keep: Durability::Volatile, ..Target::default() };
    check(cause, catch_up().published_to(1, volatile));
    check(Cause::Refused, catch_up().published(1).note(BROKER, Note::Refused { id: id(1) }));
}

#[test]
fn a_miss_is_dated_by_the_end_of_its_last_copy() {
    let sent = udp().published(1).sent(1);
    check_since(1_010, sent.at(1_010).publish_dropped(LossReason::Lost));
    // The broker received an acknowledgement that no client gave, in each of its lives.
    let heard = |story: Story| {
        let (queue, client) = ("q".into(), "shop".into());
        story.note(BROKER, Note::Acknowledged { queue, position: Position(1), client })
    };
    let once = heard(catch_up().published(1).accepted(1).at(2_000)).at(3_000).broker_crashed();
    let again = once.connected().subscribed(StartAt::Now).accepted(1);
    check_since(4_000, heard(again.at(4_000)));
}

#[test]
fn a_place_in_a_flow_is_that_of_the_sending_on_its_session() {
    let other = || crate::message::SessionId { process: "driver".into(), number: 2 };
    let unwritten = tcp().published(1).note(DRIVER, Note::Sent { id: id(1), session: other() });
    let lost = unwritten.at(1_500).note(DRIVER, Note::Lost { session: other(), reason: Fin });
    let read = lost.at(2_000).sent(1).at(99_000).publish_end(None, 100);
    check(Cause::LostBeforeBroker, read);
    // A flow that the broker sent the message into does not count for the publisher's sending.
    let session = || crate::message::SessionId { process: "driver".into(), number: 1 };
    let unwritten = tcp().published(1).note(DRIVER, Note::Sent { id: id(1), session: session() });
    let lost = unwritten.at(1_500).note(DRIVER, Note::Lost { session: session(), reason: Fin });
    let flow = Flow { from: ([10, 0, 0, 1], 7_000).into(), to: ([10, 0, 0, 2], 50_000).into() };
    let carried = EventKind::Carried { id: id(1), session: session(), flow: flow.into(), end: 100 };
    check(Cause::LostBeforeBroker, lost.event(BROKER, carried));
}

#[test]
fn what_its_publisher_still_keeps_or_sends_is_unsettled() {
    let cause = Cause::Unsettled;
    check(cause, catch_up().published(1));
    check(cause, tcp().published(1).sent(1).at(100_000).publish_end(None, 0));
    check(cause, udp().at(99_980).published(1).sent(1));
}

#[test]
fn without_a_copy_the_session_at_acceptance_decides() {
    let away = tcp().disconnected(Fin).at(2_000);
    check(Cause::NotConnected, away.published(1).accepted(1));
    let not_joined = tcp().disconnected(Fin).at(2_000).connected();
    check(Cause::NotJoined, not_joined.published(1).accepted(1));
    let half_open = tcp().lost(Fin).at(2_000).published(1).accepted(1);
    check(Cause::NotJoined, half_open);
    let restarted = catch_up().broker_crashed().at(2_000).published(1).accepted(1);
    check(Cause::NotConnected, restarted);
    let killed = catch_up().power(BROKER, PowerState::Killed).at(2_000);
    check(Cause::NotConnected, killed.published(1).accepted(1));
}

#[test]
fn a_datagram_is_missed_by_what_dropped_it() {
    for (reason, cause) in [
        (LossReason::Lost, Cause::DroppedInNetwork),
        (LossReason::Corrupted, Cause::DroppedInNetwork),
        (LossReason::CrowdedOut, Cause::DroppedInNetwork),
        (LossReason::Cut, Cause::SentIntoDeadLink),
        (LossReason::Forgotten, Cause::SentIntoDeadLink),
        (LossReason::NobodyHome, Cause::DiedInSocket),
        (LossReason::NoSocket, Cause::DiedInSocket),
        (LossReason::BufferFull, Cause::Overflowed),
    ] {
        check(cause, udp().under_way(1).at(1_020).dropped(reason));
    }
    // Of a datagram that the network sent twice, the first drop counts.
    let twice = udp().under_way(1).at(1_010).dropped(LossReason::Lost);
    check(Cause::DroppedInNetwork, twice.at(1_020).dropped(LossReason::NoSocket));
    check(Cause::DiedInSocket, udp().under_way(1).at(2_000).lost(Heartbeat));
    check(Cause::Unsettled, udp().at(99_990).under_way(1));
}

#[test]
fn what_was_sent_into_a_dead_link_stays_so_whatever_discards_it() {
    let cause = Cause::SentIntoDeadLink;
    let cut = |story: Story| story.fault(Effect::Cut, 500, 5_000);
    check(cause, cut(udp()).under_way(1).at(1_020).dropped(LossReason::Lost));
    check(cause, cut(tcp()).under_way(1).at(46_000).broker_end(Some(Heartbeat)));
    check(
        cause,
        tcp()
            .power(SHOP, PowerState::PowerLost)
            .at(2_000)
            .under_way(1)
            .at(9_000)
            .broker_end(Some(Reset)),
    );
    check(
        cause,
        udp()
            .power(SHOP, PowerState::Paused)
            .at(2_000)
            .under_way(1)
            .at(2_020)
            .dropped(LossReason::NobodyHome),
    );
    check(
        cause,
        udp()
            .power(SHOP, PowerState::WentAway)
            .at(2_000)
            .under_way(1)
            .at(2_020)
            .dropped(LossReason::NoSocket),
    );
    check(
        cause,
        tcp().shop_end(Some(Fin), (0, 0)).at(1_010).under_way(1).at(1_020).broker_end(Some(Fin)),
    );
    let restarted = tcp().power(SHOP, PowerState::PowerLost).at(2_000);
    let restarted = restarted.power(SHOP, PowerState::Started).at(3_000).under_way(1);
    check(cause, restarted.at(9_000).broker_end(Some(Reset)));
}

/// Returns a story with an `idle-timeout` on the shop until 20 s.
fn idle(story: Story) -> Story {
    story.fault(Effect::IdleTimeout { after: Duration::from_secs(30) }, 0, 20_000)
}

#[test]
fn a_connection_is_a_dead_link_from_when_it_was_forgotten_until_it_is_known_again() {
    // The message is pushed at 1 s, and the connection was forgotten at some time before or after.
    let pushed = |since: u64| idle(tcp()).under_way(1).at(1_500).forgotten(0, since);
    let given_up = |story: Story| story.at(46_000).broker_end(Some(Heartbeat));
    check(Cause::SentIntoDeadLink, given_up(pushed(400)));
    check(Cause::SentIntoDeadLink, given_up(pushed(1_000)));
    check(Cause::DiedInSocket, given_up(pushed(1_001)));
    // A SYN of the same addresses begins it anew; one that comes later changes nothing.
    let known = idle(tcp()).at(900).forgotten(0, 500).at(950).renewed(0).at(1_000).under_way(1);
    check(Cause::DiedInSocket, given_up(known));
    check(Cause::SentIntoDeadLink, given_up(pushed(400).at(1_600).renewed(0)));
    // Another middlebox that remembers does not help.
    let other = pushed(400).fault(Effect::IdleTimeout { after: Duration::from_secs(1) }, 0, 9_000);
    check(Cause::SentIntoDeadLink, given_up(other.at(1_600).renewed(1)));
    // The fault is over.
    let over = idle(tcp()).at(900).forgotten(0, 500).at(20_000).under_way(1);
    check(Cause::DiedInSocket, given_up(over));
    let on = idle(tcp()).at(900).forgotten(0, 500).at(19_999).under_way(1);
    check(Cause::SentIntoDeadLink, given_up(on));
}

#[test]
fn a_copy_that_waits_is_on_the_flow_that_its_session_used_last() {
    let cause = Cause::SentIntoDeadLink;
    let waits = |story: Story| story.at(2_000).published(1).accepted(1);
    let dies = |story: Story| {
        story.pushed_but_not_carried(1, Live).at(3_000).forgotten(0, 1_500).at(9_000)
    };
    let carried = || idle(tcp()).delivered(9);
    check(cause, dies(waits(carried())).closed(Heartbeat));
    // Without a flow of its session nothing is known to be dead.
    check(Cause::DiedInSocket, dies(waits(idle(tcp()))).closed(Heartbeat));
    // The copy that comes after it does not count.
    let later = waits(idle(tcp())).pushed_but_not_carried(1, Live);
    let later = later.delivered(9).at(3_000).forgotten(0, 1_500);
    check(Cause::DiedInSocket, later.at(9_000).closed(Heartbeat));
    // The client has let go of that flow, and asks on another one; or it does so later.
    let let_go = |ms| dies(waits(carried())).shop_let_go(ms).closed(Heartbeat);
    check(Cause::DiedInSocket, let_go(2_000));
    check(cause, let_go(2_001));
    let gone = |ms| waits(carried().at(ms).shop_end(Some(Fin), (0, 0)));
    check(Cause::DiedInSocket, dies(gone(1_900)).closed(Heartbeat));
}

#[test]
fn of_a_datagram_the_reason_of_its_drop_says_whether_its_flow_was_forgotten() {
    let dropped =
        |reason| idle(udp()).under_way(1).at(1_020).dropped(reason).at(1_100).forgotten(0, 500);
    check(Cause::DroppedInNetwork, dropped(LossReason::Lost));
    check(Cause::SentIntoDeadLink, dropped(LossReason::Forgotten));
    check_since(1_000, dropped(LossReason::Forgotten));
}

#[test]
fn who_is_awake_or_back_again_can_be_reached() {
    let pushed =
        |story: Story| story.at(2_000).under_way(1).at(2_020).dropped(LossReason::NoSocket);
    for (from, until) in [
        (PowerState::Paused, PowerState::Resumed),
        (PowerState::WentAway, PowerState::CameBack),
        (PowerState::Paused, PowerState::Started),
    ] {
        let away = || udp().power(SHOP, from);
        check(Cause::SentIntoDeadLink, pushed(away()));
        check(Cause::DiedInSocket, pushed(away().at(1_500).power(SHOP, until)));
    }
}

#[test]
fn a_cut_the_other_way_does_not_make_the_link_dead() {
    let mut story = tcp().fault(Effect::Cut, 500, 5_000);
    story.scenario.faults[0].direction = crate::scenario::Direction::Out;
    check(Cause::DiedInSocket, story.under_way(1).at(46_000).broker_end(Some(Heartbeat)));
}

#[test]
fn bytes_of_a_stream_die_with_the_sockets_that_hold_them() {
    let cause = Cause::DiedInSocket;
    check(cause, tcp().under_way(1).at(2_000).shop_end(Some(Reset), (100, 0)));
    check(cause, tcp().under_way(1).at(2_000).shop_end(Some(Reset), (0, 0)));
    check(cause, tcp().pushed_but_not_carried(9, Live).under_way(1).at(2_000).closed(Heartbeat));
    // Arrived bytes outlive the broker; bytes on their way do not.
    let crashed = |arrived| {
        let story = tcp().under_way(1).at(1_500).broker_crashed().at(3_000);
        story.shop_end(Some(Reset), (arrived, 0))
    };
    check(cause, crashed(100));
    check(Cause::BrokerCrashed, crashed(99));
}

#[test]
fn bytes_between_two_open_ends_are_unsettled() {
    let open = tcp().under_way(1).at(100_000).broker_end(None).shop_end(None, (0, 0));
    check(Cause::Unsettled, open);
    // The sender is gone, but what arrived can still be read.
    let arrived = tcp().under_way(1).at(2_000).broker_end(Some(Fin));
    check(Cause::Unsettled, arrived.at(100_000).shop_end(None, (100, 0)));
}

#[test]
fn a_full_queue_or_inbox_overflows() {
    let (session, client) =
        (|| crate::message::SessionId { process: "shop".into(), number: 1 }, "shop".into());
    let full = Note::SendQueueFull { id: id(1), session: session(), client };
    check(Cause::Overflowed, tcp().published(1).accepted(1).note(BROKER, full.clone()));
    let both = tcp().published(1).accepted(1).pushed_but_not_carried(1, Live);
    check(Cause::Overflowed, both.note(BROKER, full.clone()));
    // Two pushes of one instant found the queue full, one after the other.
    let two = tcp().published(1).accepted(1).pushed_but_not_carried(1, Live);
    let two = two.pushed_but_not_carried(1, Again).note(BROKER, full.clone());
    check(Cause::Overflowed, two.note(BROKER, full));
    let inbox = Note::InboxFull { id: id(1), session: session() };
    check(Cause::Overflowed, udp().under_way(1).at(1_020).note(SHOP, inbox));
}

#[test]
fn a_busy_transport_drops_what_is_volatile() {
    let (session, client) =
        (crate::message::SessionId { process: "shop".into(), number: 1 }, "shop".into());
    let busy = Note::TransportBusy { id: id(1), session, client };
    let pushed = tcp().published(1).accepted(1).pushed_but_not_carried(1, Live);
    check(Cause::TransportBusy, pushed.note(BROKER, busy));
    // On the way to the broker the publisher says it, at the moment of the publish.
    let reason = DropReason::TransportBusy;
    check(
        Cause::TransportBusy,
        tcp().published(1).note(DRIVER, Note::Unsent { id: id(1), reason }),
    );
}

#[test]
fn what_no_frame_can_carry_is_too_long_though_the_backlog_keeps_it() {
    let (session, client) =
        (crate::message::SessionId { process: "shop".into(), number: 1 }, "shop".into());
    let long = Note::TooLong { id: id(1), session, client };
    let pushed = catch_up().published(1).accepted(1).pushed_but_not_carried(1, Live);
    check(Cause::TooLong, pushed.note(BROKER, long));
    let reason = DropReason::TooLong;
    let unsent = Note::Unsent { id: id(1), reason };
    check(Cause::TooLong, catch_up().published(1).note(DRIVER, unsent.clone()));
    check(Cause::TooLong, tcp().published(1).note(DRIVER, unsent));
}

#[test]
fn without_a_handler_a_message_is_dropped_or_waits_to_the_end() {
    let cause = Cause::NoHandler;
    check(cause, no_handler(tcp().under_way(1).read(1, Live)));
    check(cause, no_handler(catch_up().under_way(1).read(1, Live)));
    check(cause, handler_gone(catch_up()).at(2_000).under_way(1).read(1, Live));
    let waiting = || no_handler(handler_gone(catch_up()).under_way(1).read(1, Live));
    check(Cause::Unsettled, handler_back(waiting().at(3_000)));
    check(cause, no_handler(handler_back(waiting().at(3_000)).at(4_000)));
    check(Cause::Unsettled, handler_gone(catch_up()).published(1).accepted(1));
}

#[test]
fn what_finds_no_handler_is_the_copy_that_was_read_and_the_other_one_is_on_its_way() {
    let read = tcp().under_way(1).pushed(1, Again).at(1_020).read(1, Again);
    check(Cause::Unsettled, no_handler(read));
    let both = tcp().under_way(1).pushed(1, Again).at(1_020).read(1, Live).read(1, Again);
    check(Cause::DiedInClient, no_handler(both).at(2_000).power(SHOP, PowerState::Killed));
}

#[test]
fn a_client_that_dies_takes_what_it_has_read_with_it() {
    let read = |story: Story| story.under_way(1).at(1_020).read(1, Live);
    let die = |story: Story| story.at(1_100).power(SHOP, PowerState::PowerLost);
    check(Cause::DiedInClient, die(read(tcp())));
    check(Cause::LostAfterAck, die(read(catch_up()).acknowledged(1, Position(1))));
    let ack = Note::Ack { queue: "q".into(), position: Position(1), id: Some(id(1)) };
    let again = die(read(catch_up()).acknowledged(1, Position(1))).at(2_000).note(SHOP, ack);
    check(Cause::LostAfterAck, again);
    // The backlog still has it.
    check(Cause::Unsettled, die(read(catch_up())));
    check(Cause::Unsettled, read(tcp()));
}

#[test]
fn a_read_is_of_the_copy_that_was_pushed_as_its_kind() {
    // The second copy was pushed into a dead link, and yet was read. The first one died in the
    // socket.
    let twice = tcp().fault(Effect::Cut, 2_000, 3_000).under_way(1).at(2_500).pushed(1, Replay);
    let read = twice.at(4_000).read(1, Replay);
    check(Cause::DiedInSocket, read.at(5_000).power(SHOP, PowerState::PowerLost));
}

#[test]
fn the_backlogs_copy_ends_by_its_limits_or_with_the_broker() {
    check(
        Cause::Evicted,
        catch_up().disconnected(Fin).published(1).accepted(1).became_gap(1, Position(1)),
    );
    let away = catch_up().disconnected(Fin).published(1).accepted(1);
    check(Cause::BrokerCrashed, away.at(2_000).broker_crashed());
    check(Cause::Unsettled, catch_up().disconnected(Fin).published(1).accepted(1));
}

#[test]
fn the_last_copy_decides_and_the_upper_row_of_two() {
    // The pushed copy was lost first; the backlog's copy lasted longer.
    let resent = story("udp/catch-up").joined().at(1_000).under_way(1).dropped(LossReason::Lost);
    check(Cause::Evicted, resent.at(5_000).became_gap(1, Position(1)));
    // It was evicted while a pushed copy was still under way: that copy decides.
    let on_its_way = catch_up().under_way(1).at(2_000).became_gap(1, Position(1));
    check(Cause::DiedInSocket, on_its_way.at(3_000).shop_end(Some(Reset), (0, 0)));
    // The crash ends the pushed copy and the backlog's at one instant.
    let cut = catch_up().fault(Effect::Cut, 500, 5_000).under_way(1);
    check(Cause::SentIntoDeadLink, cut.at(2_000).broker_crashed());
    // A second push is another copy.
    let again = udp().under_way(1).dropped(LossReason::Lost).at(3_000).pushed(1, Again);
    check(Cause::DiedInSocket, again.at(3_020).dropped(LossReason::NoSocket));
}

#[test]
fn an_outbox_outlives_the_brokers_crash() {
    let untold = |story: Story| {
        let accepted = Note::Accepted { id: id(1), queue: "q".into(), position: Some(Position(1)) };
        story.published(1).note(BROKER, accepted).at(2_000).broker_crashed()
    };
    check(Cause::Unsettled, untold(catch_up()));
    check(Cause::BrokerCrashed, untold(catch_up()).at(3_000).power(DRIVER, PowerState::PowerLost));
    let refused = untold(catch_up()).at(3_000).power(BROKER, PowerState::Started);
    check(Cause::Refused, refused.note(BROKER, Note::Refused { id: id(1) }));
    // Accepted a second time: the new life's backlog keeps it for the clients that joined in that
    // life.
    let again = untold(catch_up()).at(3_000).connected().subscribed(StartAt::Now).accepted(1);
    check(Cause::Evicted, again.at(4_000).became_gap(1, Position(1)));
}

#[test]
fn a_position_beyond_or_of_another_epoch_passes_over() {
    let resumed = |epoch, position| ResumeOutcome::Resumed { epoch, position };
    let skipped = catch_up().disconnected(Fin).published(1).accepted(1).at(2_000).connected();
    check(Cause::Skipped, skipped.answered(resumed(Epoch(1), Position(1))));
    let crashed = catch_up().broker_crashed().at(2_000).connected().subscribed(StartAt::Now);
    let foreign =
        crashed.answered(resumed(Epoch(2), Position(7))).at(3_000).published(1).accepted(1);
    check(Cause::WrongEpoch, foreign);
    // A message that waited for a client is kept for it when it comes back, whatever position the
    // broker takes it to be at.
    let waits = catch_up().broker_crashed().at(2_000).published(1).accepted(1);
    let back = waits.at(3_000).connected().answered(resumed(Epoch(2), Position(7)));
    check(Cause::WrongEpoch, back.subscribed(StartAt::Before));
}

#[test]
fn a_new_epoch_replays_what_was_accepted_before_the_return() {
    let crashed = catch_up().broker_crashed().at(2_000).published(1).accepted(1);
    let back = crashed
        .at(3_000)
        .connected()
        .answered(ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START });
    check(Cause::Unsettled, back.subscribed(StartAt::Before));
}

#[test]
fn a_new_epoch_begins_with_the_rooms_of_its_join_and_with_no_others() {
    let new = ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START };
    let crashed = || catch_up().broker_crashed().at(2_000);
    let back = |story: Story| story.at(3_000).connected().answered(new);
    let accepted = || crashed().published(1).accepted(1);
    check(Cause::NotConnected, back(accepted()));
    check(Cause::NotConnected, back(accepted()).subscribed(StartAt::Now));
    // Only the join that follows the answer counts, and only until the next answer.
    let again = back(accepted())
        .at(4_000)
        .answered(ResumeOutcome::Resumed { epoch: Epoch(2), position: Position::START });
    check(Cause::NotConnected, again.subscribed(StartAt::Before));
    let except = |room: &str| Target { except: vec![room.into()], ..Target::default() };
    let excluded = |target: Target| crashed().published_to(1, target).accepted(1);
    check(Cause::Unsettled, back(excluded(except("x"))).subscribed(StartAt::Before));
    let both = ["e", "x"].map(|room| RoomJoin { room: room.into(), from: StartAt::Before });
    let (client, queue) = ("shop".into(), "q".into());
    let both = Note::Subscribed { client, queue, rooms: both.to_vec() };
    check(Cause::NotConnected, back(excluded(except("x"))).note(BROKER, both));
}

#[test]
fn what_is_volatile_waits_for_no_handler() {
    let volatile = Target { keep: Durability::Volatile, ..Target::default() };
    let read = |target: Target| {
        let unplaced = Note::Accepted { id: id(1), queue: "q".into(), position: None };
        let story = catch_up().published_to(1, target).note(BROKER, unplaced).pushed(1, Live);
        no_handler(story.at(1_020).read(1, Live))
    };
    check(Cause::NoHandler, read(volatile.clone()));
    check(Cause::NoHandler, read(volatile).at(2_000).power(SHOP, PowerState::Killed));
    check(Cause::DiedInClient, read(Target::default()).at(2_000).power(SHOP, PowerState::Killed));
}

#[test]
fn a_copy_that_dedup_dropped_is_no_end_of_the_original() {
    let session = || crate::message::SessionId { process: "shop".into(), number: 1 };
    let dropped =
        |story: Story| story.note(SHOP, Note::DroppedCopy { id: id(1), session: session() });
    let udp = || story("udp/catch-up").joined().at(1_000).under_way(1).at(1_020).read(1, Live);
    let resent =
        || dropped(udp().at(2_000).pushed(1, Again).at(2_020)).acknowledged(1, Position(1));
    check(Cause::LostAfterAck, resent().at(3_000).power(SHOP, PowerState::PowerLost));
    check(Cause::Unsettled, resent());
    // The same holds if it came at the same instant as the original.
    let both = || story("udp/catch-up").joined().at(1_000).under_way(1).pushed(1, Again);
    let at_once = dropped(both().at(1_020).read(1, Live)).acknowledged(1, Position(1));
    check(Cause::LostAfterAck, at_once.at(3_000).power(SHOP, PowerState::PowerLost));
    // It was dropped as a duplicate though there was no other copy: the client has it, and does
    // nothing with it.
    let only = dropped(tcp().under_way(1).read(1, Live));
    check(Cause::Unsettled, only);
}

#[test]
fn what_came_early_dies_with_the_client_or_with_its_session() {
    let session = crate::message::SessionId { process: "shop".into(), number: 1 };
    let early = Note::HeldEarly { id: id(1), session };
    let held = || tcp().under_way(1).at(1_020).note(SHOP, early.clone());
    check(Cause::Unsettled, held());
    check(Cause::DiedInClient, held().at(2_000).power(SHOP, PowerState::Killed));
    let twice = held().at(2_000).power(SHOP, PowerState::Killed).at(3_000);
    check(Cause::DiedInClient, twice.note(SHOP, early.clone()));
    check(Cause::DiedInSocket, held().at(2_000).shop_end(Some(Fin), (100, 100)));
}

#[test]
fn a_refusal_is_forgotten_with_the_broker_and_what_is_kept_can_still_be_accepted() {
    let refused = || catch_up().published(1).note(BROKER, Note::Refused { id: id(1) });
    let crashed = |story: Story| story.at(2_000).broker_crashed();
    check(Cause::Unsettled, crashed(refused()));
    check(Cause::Refused, crashed(refused().note(DRIVER, Note::RefusedReceived { id: id(1) })));
    let dead = crashed(refused()).at(3_000).power(DRIVER, PowerState::PowerLost);
    check(Cause::LostBeforeBroker, dead);
    // A copy that was under way to the broker that refused the message was refused as well.
    let sent = catch_up().published(1).sent(1).note(BROKER, Note::Refused { id: id(1) });
    let told = sent.note(DRIVER, Note::RefusedReceived { id: id(1) }).at(2_000).broker_crashed();
    check(Cause::Refused, told.publish_end(Some(Reset), 0));
}

#[test]
fn each_life_of_the_broker_evicts_for_itself() {
    let first =
        catch_up().disconnected(Fin).published(1).accepted(1).at(1_500).became_gap(1, Position(1));
    let again = first.at(2_000).broker_crashed().at(3_000).connected().subscribed(StartAt::Now);
    check(Cause::Unsettled, again.accepted(1));
    let first =
        catch_up().disconnected(Fin).published(1).accepted(1).at(1_500).became_gap(1, Position(1));
    let again = first.at(2_000).broker_crashed().at(3_000).connected().subscribed(StartAt::Now);
    check(Cause::Evicted, again.accepted(1).at(4_000).became_gap(1, Position(1)));
}

#[test]
fn what_was_said_of_a_position_before_a_message_had_it_ends_no_copy() {
    let acknowledged = |story: Story| {
        let (queue, client) = ("q".into(), "shop".into());
        story.note(BROKER, Note::Acknowledged { queue, position: Position(1), client })
    };
    let started = ResumeOutcome::Started { epoch: Epoch(1), position: Position::START };
    let story = acknowledged(story("tcp/catch-up").published(1).accepted(1));
    check(Cause::Unsettled, story.connected().answered(started).subscribed(StartAt::Start));
}

#[test]
fn a_foreign_position_passes_over_nothing_once_another_attachment_follows() {
    let resumed = |position| ResumeOutcome::Resumed { epoch: Epoch(2), position };
    let crashed = catch_up().broker_crashed().at(2_000).connected().subscribed(StartAt::Now);
    let foreign = crashed
        .answered(resumed(Position(7)))
        .at(3_000)
        .answered(resumed(Position::START))
        .at(4_000);
    check(Cause::Unsettled, foreign.published(1).accepted(1));
}

#[test]
fn a_subscription_that_was_made_before_a_crash_begins_nothing_after_it() {
    let new = ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START };
    let made = catch_up().broker_crashed().at(2_000).connected().answered(new);
    let crashed = made.at(3_000).broker_crashed().at(4_000).published(1).accepted(1);
    check(Cause::NotConnected, crashed.subscribed(StartAt::Before));
}

#[test]
fn what_is_not_kept_for_a_subscription_overflows_it() {
    let overflowed = |story: Story| story.became_gap_for(1, Position(1), GapReason::Overflowed);
    let away = || catch_up().disconnected(Fin).at(2_000).published(1).accepted(1);
    check(Cause::Overflowed, overflowed(away()));
}

#[test]
fn what_waits_for_a_session_that_expires_ends_and_what_comes_after_it_has_no_copy() {
    let away = || catch_up().disconnected(Fin).at(2_000);
    let expired = |story: Story| story.expired().became_gap_for(1, Position(1), GapReason::Expired);
    check(Cause::Expired, expired(away().published(1).accepted(1).at(3_000)));
    let after = || away().expired().at(3_000);
    check(Cause::NotConnected, after().published(1).accepted(1));
    check(Cause::NotJoined, after().connected().published(1).accepted(1));
    check(
        Cause::Unsettled,
        after().connected().subscribed(StartAt::Before).published(1).accepted(1),
    );
    // It is another client's that expires.
    let driver = Note::SessionExpired { client: "driver".into() };
    check(Cause::Unsettled, away().note(BROKER, driver).published(1).accepted(1));
}
