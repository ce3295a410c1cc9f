//! The messages that are wanted, their outcomes, and the numbers of a row.

use crate::history::PowerState;
use crate::message::{
    Dedup, Echo, EndReason, Epoch, Note, Position, PushKind, ResumeOutcome, SessionId, StartAt,
    Target,
};
use crate::scenario::RoomChange;
use crate::terms::{Cause, Outcome};
use crate::time::Instant;
use crate::verdict::{Followed, SubscriberReport, follow};

use super::story::{BROKER, DRIVER, SHOP, Story, id, message, story};

use PushKind::{Again, Live, Replay};

/// Checks the numbers of the shop: wanted, live, caught up, missed, not wanted.
#[track_caller]
fn check(story: Story, expected: [u64; 5]) -> SubscriberReport {
    let shop = story.shop();
    assert_eq!([shop.wanted, shop.live, shop.caught_up, shop.missed, shop.not_wanted], expected);
    shop
}

fn catch_up() -> Story {
    story("tcp/catch-up").joined().at(1_000)
}

#[test]
fn a_first_sending_is_live_and_any_other_is_caught_up() {
    check(catch_up().delivered(1), [1, 1, 0, 0, 0]);
    for kind in [Replay, Again] {
        let late = catch_up().under_way(1).pushed(1, kind).read(1, kind).handled(1, kind);
        check(late, [1, 0, 1, 0, 0]);
    }
}

#[test]
fn the_first_sending_of_a_new_broker_is_not_the_first() {
    let new = ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START };
    let crashed = |story: Story| story.at(2_000).broker_crashed().at(3_000).connected();
    let sent = |story: Story| story.accepted(1).pushed(1, Live).read(1, Live).handled(1, Live);
    let back = |story: Story| sent(crashed(story).answered(new).subscribed(StartAt::Before));
    check(back(catch_up().under_way(1)), [1, 0, 1, 0, 0]);
    check(back(catch_up().published(1).accepted(1)), [1, 1, 0, 0, 0]);
    // In fire-and-forget mode nothing is ever sent again: each push is a first sending.
    let fire = story("udp/fire-and-forget").joined().at(1_000).under_way(1);
    check(sent(crashed(fire).subscribed(StartAt::Now)), [1, 1, 0, 0, 0]);
}

#[test]
fn who_never_was_on_record_is_named_with_what_kept_it_away() {
    let never_subscribed = |story: Story| story.shop().never_subscribed;
    let refused = story("websocket/catch-up").lost(EndReason::UpgradeRefused);
    assert_eq!(never_subscribed(refused), Some("upgrade refused"));
    assert_eq!(never_subscribed(story("tcp/catch-up").connected()), Some("no answer"));
    // What the client sees as a FIN, the broker did for a reason of its own; and the other way round.
    let both = |first: fn(Story) -> Story, second: fn(Story) -> Story| {
        never_subscribed(second(first(story("tcp/catch-up").connected()).at(500)))
    };
    let beat = |story: Story| story.closed(EndReason::Heartbeat);
    assert_eq!(both(beat, |story| story.lost(EndReason::Fin)), Some("heartbeat"));
    let gave_up = |story: Story| story.lost(EndReason::Heartbeat);
    assert_eq!(both(gave_up, |story| story.closed(EndReason::Reset)), Some("heartbeat"));
    assert_eq!(never_subscribed(catch_up()), None);
    assert_eq!(never_subscribed(catch_up().unsubscribed()), None);
    // A client that only joins at set times had nothing to be kept away from.
    let mut joins = story("tcp/catch-up");
    let subscribe = std::mem::take(&mut joins.scenario.clients[1].subscribe);
    let at = Instant::from_millis(5_000);
    let join =
        subscribe.into_iter().map(|one| RoomChange { queue: one.queue, room: one.event, at });
    joins.scenario.clients[1].join = join.collect();
    assert_eq!(never_subscribed(joins), None);
}

#[test]
fn a_process_whose_attempts_all_failed_is_named() {
    let unconnected = |story: Story| -> Vec<(String, &str)> {
        let named = story.row().never_connected.into_iter().map(|one| (one.process, one.by));
        named.collect()
    };
    let other = || SessionId { process: "driver".into(), number: 1 };
    let refused = |story: Story| {
        let reason = EndReason::UpgradeRefused;
        story.note(DRIVER, Note::Lost { session: other(), reason }).lost(reason)
    };
    let both = ["driver", "shop"].map(|name| (name.to_owned(), "upgrade refused"));
    assert_eq!(unconnected(refused(story("websocket/catch-up"))), both);
    // A session that it had is enough, and so is an attempt that nothing has ended.
    let was_there = story("tcp/catch-up").joined().at(500);
    assert_eq!(unconnected(was_there.lost(EndReason::Reset)), []);
    assert_eq!(unconnected(story("tcp/catch-up")), []);
}

#[test]
fn what_came_before_the_subscription_is_listed_and_not_wanted() {
    let before = |story: Story| -> Vec<u64> {
        let shop = story.shop();
        let wanted = shop.messages.iter().map(|message| &message.id);
        let unwanted: Vec<_> = shop.before_subscription.iter().map(|one| &one.id).collect();
        assert!(wanted.clone().all(|id| !unwanted.contains(&id)));
        shop.before_subscription.iter().map(|one| one.id.sequence).collect()
    };
    let early = || story("tcp/catch-up").at(5).published(2).published(1).at(10).accepted(2);
    // The last thing that was decided on a message that nobody accepted is its publishing.
    assert_eq!(before(early().joined().at(50).accepted(1)), [2]);
    assert_eq!(before(early().joined()), [2, 1]);
    assert_eq!(before(early()), [2, 1]);
    // A copy that is accepted after the join is wanted.
    let udp = story("udp/fire-and-forget").published(1).accepted(1).joined().at(10);
    assert_eq!(before(udp.accepted(1)), [0; 0]);
    // From the start, what is retained is wanted.
    let start = |story: Story| {
        let started = ResumeOutcome::Started { epoch: Epoch(1), position: Position::START };
        story.at(20).connected().answered(started).subscribed(StartAt::Start)
    };
    assert_eq!(before(start(early().accepted(1))), [0; 0]);
    // What comes after a leave is not wanted either, but the subscription had stood.
    let left = |story: Story| story.joined().at(20).unsubscribed().at(30);
    assert_eq!(before(left(story("tcp/catch-up")).published(1).accepted(1)), [0; 0]);
    // What would have gone to somebody else.
    let target = |to: &[&str], except: &[&str], echo| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        Target { to: names(to), except: names(except), echo, ..Target::default() }
    };
    let to = |target| before(story("tcp/catch-up").published_to(1, target).accepted(1));
    assert_eq!(to(target(&["e"], &[], Echo::NotSender)), [1]);
    assert_eq!(to(target(&["other"], &[], Echo::default())), [0; 0]);
    assert_eq!(to(target(&["e"], &["e"], Echo::default())), [0; 0]);
}

#[test]
fn the_brokers_record_decides_what_is_wanted() {
    let accepted = |story: Story| story.published(1).accepted(1);
    check(accepted(story("tcp/catch-up")), [0, 0, 0, 0, 0]);
    check(accepted(story("tcp/catch-up").connected()), [0, 0, 0, 0, 0]);
    check(accepted(catch_up()), [1, 0, 0, 1, 0]);
    check(accepted(catch_up().unsubscribed()), [0, 0, 0, 0, 0]);
    check(accepted(catch_up()).unsubscribed(), [1, 0, 0, 1, 0]);
    check(accepted(catch_up().disconnected(EndReason::Fin)), [1, 0, 0, 1, 0]);
    check(accepted(catch_up().broker_crashed()), [1, 0, 0, 1, 0]);
    check(accepted(catch_up().power(SHOP, PowerState::PowerLost)), [1, 0, 0, 1, 0]);
    // Published before the join and accepted after it; published before the leave and accepted
    // after it.
    check(story("tcp/catch-up").published(1).joined().accepted(1), [1, 0, 0, 1, 0]);
    check(catch_up().published(1).unsubscribed().accepted(1), [0, 0, 0, 0, 0]);
    // Accepted before the join, and a copy of it after the join.
    let copied = || story("udp/fire-and-forget").published(1).accepted(1).joined();
    check(copied().accepted(1).pushed(1, Live).read(1, Live).handled(1, Live), [1, 1, 0, 0, 0]);
    check(copied(), [0, 0, 0, 0, 0]);
    // Never accepted: the publish decides.
    check(story("tcp/catch-up").published(1).at(5).joined(), [0, 0, 0, 0, 0]);
    check(catch_up().published(1), [1, 0, 0, 1, 0]);
}

#[test]
fn rooms_exclusions_and_echo_route() {
    let room = |name: &str| vec![name.into()];
    let to = |to: &str| Target { to: room(to), ..Target::default() };
    let accepted = |target: Target| catch_up().published_to(1, target).accepted(1);
    check(accepted(to("e")), [1, 0, 0, 1, 0]);
    check(accepted(to("other")), [0, 0, 0, 0, 0]);
    check(accepted(Target { except: room("e"), ..Target::default() }), [0, 0, 0, 0, 0]);
    check(accepted(Target { except: room("other"), ..Target::default() }), [1, 0, 0, 1, 0]);
    check(accepted(Target { echo: Echo::NotSender, ..Target::default() }), [1, 0, 0, 1, 0]);
    let (queue, client) = ("q".into(), "driver".into());
    let mut both = catch_up();
    both.scenario.clients[0].subscribe = both.scenario.clients[1].subscribe.clone();
    let both = both.note(
        BROKER,
        Note::Subscribed {
            queue,
            client,
            rooms: vec![crate::message::RoomJoin { room: "e".into(), from: StartAt::Now }],
        },
    );
    let target = Target { echo: Echo::NotSender, ..Target::default() };
    let row = both.published_to(1, target).accepted(1).row();
    let wanted: Vec<_> = row.subscribers.iter().map(|one| (&*one.client, one.wanted)).collect();
    assert_eq!(wanted, [("driver", 0), ("shop", 1)]);
}

#[test]
fn a_subscription_from_the_start_wants_what_is_retained() {
    let earlier = || {
        let story = story("tcp/catch-up").published(1).accepted(1);
        story.at(500).published(2).accepted(2).at(1_000)
    };
    let started = ResumeOutcome::Started { epoch: Epoch(1), position: Position::START };
    let attached = |story: Story| story.connected().answered(started);
    check(attached(earlier()).subscribed(StartAt::Start), [2, 0, 0, 2, 0]);
    check(attached(earlier()).subscribed(StartAt::Now), [0, 0, 0, 0, 0]);
    check(attached(earlier().trimmed(1, Position(1))).subscribed(StartAt::Start), [1, 0, 0, 1, 0]);
    check(attached(earlier().broker_crashed()).subscribed(StartAt::Start), [0, 0, 0, 0, 0]);
    // A subscription that exists already goes on from where it was.
    let left = attached(attached(earlier()).subscribed(StartAt::Now).unsubscribed());
    check(left.subscribed(StartAt::Start), [0, 0, 0, 0, 0]);
    // A message that the broker put into the backlog of another queue than its own is not wanted
    // there.
    let strange = Note::Accepted { id: id(3), queue: "q".into(), position: Some(Position(3)) };
    let mut elsewhere = (*message(3, Target::default())).clone();
    elsewhere.queue = "r".into();
    let elsewhere = Note::Published { message: elsewhere.into() };
    let strange = earlier().note(DRIVER, elsewhere).note(BROKER, strange);
    check(attached(strange).subscribed(StartAt::Start), [2, 0, 0, 2, 0]);
    // A record that is renewed makes no retained message wanted.
    let renewed = story("tcp/catch-up").connected().subscribed(StartAt::Start).unsubscribed();
    let renewed = renewed.subscribed(StartAt::Now).published(1).accepted(1).unsubscribed();
    check(
        renewed.published(2).accepted(2).subscribed(StartAt::Now).subscribed(StartAt::Start),
        [1, 0, 0, 1, 0],
    );
}

#[test]
fn handlings_are_counted_by_what_they_are() {
    let again = catch_up().delivered(1).read(1, Again).handled(1, Again);
    assert_eq!(check(again, [1, 1, 0, 0, 0]).handled_again, 1);
    let unwanted = story("tcp/catch-up").connected().delivered(1);
    assert_eq!(check(unwanted, [0, 0, 0, 0, 1]).handled_again, 0);
    let interrupted = crate::history::EventKind::Interrupted { id: id(1) };
    assert_eq!(
        check(catch_up().delivered(1).event(SHOP, interrupted), [1, 1, 0, 0, 0]).interrupted,
        1
    );
    let late = catch_up().delivered(1).delivered(3).delivered(2).delivered(4);
    assert_eq!(check(late, [4, 4, 0, 0, 0]).out_of_order, 1);
    let unsure = catch_up().limits(|limits| limits.dedup = Dedup::Off).delivered(1);
    assert_eq!(check(unsure, [1, 1, 0, 0, 0]).interrupted, 0);
}

#[test]
fn delays_are_from_publish_to_the_first_handling() {
    let mut story = catch_up();
    for (number, at, delay) in [(1, 1_000, 30), (2, 2_000, 500), (3, 3_000, 40), (4, 4_000, 35)] {
        story = story.at(at).under_way(number).at(at + delay).read(number, Live);
        story = story.handled(number, Live);
    }
    let shop = story.at(9_000).handled(1, Again).shop();
    assert_eq!((shop.worst_delay_ms, shop.median_delay_ms), (Some(500.0), Some(35.0)));
    let first = &shop.messages[0];
    assert_eq!((first.published_ms, first.handled_ms), (1_000.0, Some(1_030.0)));
    assert_eq!((first.outcome, first.cause), (Outcome::Live, None));
    assert_eq!(catch_up().shop().worst_delay_ms, None);
}

#[test]
fn a_message_is_followed_to_its_handling_or_to_the_end_of_its_last_copy() {
    let followed =
        |story: Story| follow(&story.scenario, story.contender, &story.history(), &id(1));
    let is = |outcome, cause, ms| {
        let outcome = Some(outcome);
        vec![Followed { client: "shop".into(), outcome, cause, at: Instant::from_millis(ms) }]
    };
    let handled = catch_up().under_way(1).at(1_030).read(1, Live).handled(1, Live);
    assert_eq!(followed(handled.at(2_000).read(1, Again)), is(Outcome::Live, None, 1_030));
    let evicted = catch_up().disconnected(EndReason::Fin).published(1).accepted(1);
    let missed = is(Outcome::Missed, Some(Cause::Evicted), 2_000);
    assert_eq!(followed(evicted.at(2_000).became_gap(1, Position(1))), missed);
    // Still under way: to the end of the trial.
    let missed = is(Outcome::Missed, Some(Cause::Unsettled), 100_000);
    assert_eq!(followed(catch_up().under_way(1)), missed);
    // Before the subscription: to the decision, which is the acceptance.
    let early = story("tcp/catch-up").published(1).at(20).accepted(1).at(40).joined();
    let before = Followed { outcome: None, ..is(Outcome::Live, None, 20).remove(0) };
    assert_eq!(followed(early), [before]);
    assert_eq!(followed(catch_up().unsubscribed().under_way(1)), []);
}

#[test]
fn published_counts_what_the_application_published() {
    let offline = catch_up().published(1).published(2);
    assert_eq!(offline.power(DRIVER, PowerState::PowerLost).row().published, 2);
}

#[test]
fn processes_that_share_a_name_are_one_subscriber() {
    let mut story = catch_up();
    story.scenario.clients[1].name = Some("store".into());
    let mut second = story.scenario.clients[1].clone();
    second.id = "shop-2".into();
    story.scenario.clients.push(second);
    story.processes[2].client = "store".into();
    let row = story.row();
    assert_eq!(row.subscribers.len(), 1);
    assert_eq!(row.subscribers[0].client, "store");
}
