//! Every state of every guarantee and claim, with its evidence.

use crate::history::PowerState;
use crate::message::{
    AckPolicy, Dedup, DropReason, Durability, EndReason, Epoch, GapReason, Note, Position,
    PushKind, ResumeOutcome, StartAt, Target,
};
use crate::scenario::Effect;
use crate::verdict::{Evidence, claim};

use super::story::{BROKER, DRIVER, SHOP, Story, id, story};
use crate::terms::{Claim, Guarantee, Verdict};

use Claim::{Broken, Kept, NotClaimed, Open, OutsideTerms};
use EndReason::{Fin, Reset};
use Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce, InOrder, NoSilentGap};
use PushKind::{Again, Live};
use Verdict::{Holds, Unknown, Violated};

/// Checks the finding about a guarantee to the shop.
#[track_caller]
fn check(
    story: &Story,
    guarantee: Guarantee,
    (verdict, claim): (Verdict, Claim),
    evidence: Option<&str>,
) {
    let finding = story.shop().guarantees[&guarantee].clone();
    assert_eq!((finding.verdict, finding.claim), (verdict, claim), "{guarantee}");
    assert_eq!(finding.evidence, Evidence::Said(evidence.map(str::to_owned)), "{guarantee}");
}

fn catch_up() -> Story {
    story("tcp/catch-up").joined().at(1_000)
}

/// Builds a story in which the first message is discarded with its connection, and is not caught up
/// on.
fn lossy(contender: &str) -> Story {
    let story = story(contender).joined().at(1_000).under_way(1);
    story.at(2_000).shop_end(Some(Reset), (0, 0)).disconnected(Reset).at(3_000).connected()
}

fn twice(story: Story) -> Story {
    story.delivered(1).at(2_000).read(1, Again).handled(1, Again)
}

#[test]
fn a_run_without_trouble_keeps_what_is_claimed() {
    for (contender, claims) in [
        ("udp/fire-and-forget", [NotClaimed; 5]),
        ("tcp/fire-and-forget", [Kept, NotClaimed, NotClaimed, Kept, NotClaimed]),
        ("udp/catch-up", [Kept; 5]),
        ("tcp/catch-up", [Kept; 5]),
    ] {
        let story = story(contender).joined().at(1_000).delivered(1);
        for (guarantee, claim) in Guarantee::ALL.iter().zip(claims) {
            check(&story, *guarantee, (Holds, claim), None);
        }
    }
}

#[test]
fn without_dedup_nothing_is_claimed_about_twice() {
    let story = twice(catch_up().limits(|limits| limits.dedup = Dedup::Off));
    let said = Some("driver-1 was handled at 1s and again at 2s");
    check(&story, AtMostOnce, (Violated, NotClaimed), said);
    check(&story, ExactlyOnce, (Violated, NotClaimed), said);
    check(&story, AtLeastOnce, (Holds, Kept), None);
}

#[test]
fn fire_and_forget_is_judged_but_claims_no_completeness() {
    let story = lossy("tcp/fire-and-forget");
    let said = Some("driver-1, published at 1s, was never handled");
    for guarantee in [AtLeastOnce, ExactlyOnce, NoSilentGap] {
        check(&story, guarantee, (Violated, NotClaimed), said);
    }
    check(&story, AtMostOnce, (Holds, Kept), None);
    let twice = twice(story_of("tcp/fire-and-forget"));
    check(
        &twice,
        AtMostOnce,
        (Violated, Broken),
        Some("driver-1 was handled at 1s and again at 2s"),
    );
}

#[test]
fn order_among_processes_of_one_name_is_not_promised_where_nothing_is_sent_again() {
    let disorder = |contender| story_of(contender).delivered(2).at(1_500).delivered(1);
    let twins = |contender| {
        let mut story = disorder(contender);
        let mut twin = story.scenario.clients[1].clone();
        (twin.id, twin.name) = ("shop-2".into(), Some("shop".into()));
        story.scenario.clients.push(twin);
        story
    };
    let said = "driver-1 was handled at 1.5s, after driver-2";
    let term = format!("{said}: the client was not the only process of its name");
    check(&disorder("tcp/fire-and-forget"), InOrder, (Violated, Broken), Some(said));
    check(&twins("tcp/fire-and-forget"), InOrder, (Violated, OutsideTerms), Some(&term));
    check(&twins("tcp/catch-up"), InOrder, (Violated, Broken), Some(said));
}

#[test]
fn what_was_in_a_request_that_failed_may_come_too_late_for_its_order() {
    let fails = |story: Story| {
        story.note(DRIVER, Note::Unsent { id: id(1), reason: DropReason::RequestFailed })
    };
    let later = || story_of("long-polling/fire-and-forget").delivered(2);
    let said = "driver-1 was handled at 1.5s, after driver-2";
    let term = format!("{said}: the request that carried it had failed");
    let before = fails(later().at(1_200)).at(1_500).delivered(1);
    check(&before, InOrder, (Violated, OutsideTerms), Some(&term));
    // The message had arrived before its request failed: only the response was lost.
    let after = fails(later().at(1_500).delivered(1).at(1_800));
    check(&after, InOrder, (Violated, Broken), Some(said));
}

fn story_of(contender: &str) -> Story {
    story(contender).joined().at(1_000)
}

#[test]
fn order_is_broken_by_the_message_that_came_late() {
    let story = catch_up().delivered(2).at(1_500).delivered(1);
    check(
        &story,
        InOrder,
        (Violated, Broken),
        Some("driver-1 was handled at 1.5s, after driver-2"),
    );
}

#[test]
fn the_order_of_what_lies_before_and_after_a_crash_is_outside_the_terms() {
    let crashed = catch_up().delivered(2).at(1_500).broker_crashed().connected();
    let back =
        crashed.answered(ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START });
    let story = back.subscribed(StartAt::Before).at(2_000).delivered(1);
    let term = "the broker crashed after accepting the one before it";
    let said = format!("driver-1 was handled at 2s, after driver-2: {term}");
    check(&story, InOrder, (Violated, OutsideTerms), Some(&said));
}

#[test]
fn what_is_under_way_at_the_end_leaves_three_guarantees_open() {
    let story = catch_up().delivered(1).under_way(2);
    let said = Some("driver-2, published at 1s, was still under way when the run ended");
    for guarantee in [AtLeastOnce, ExactlyOnce, NoSilentGap] {
        check(&story, guarantee, (Unknown, Open), said);
    }
    check(&story, AtMostOnce, (Holds, Kept), None);
    // A violation takes precedence over an unknown.
    let lost = catch_up().disconnected(Fin).published(1).accepted(1).at(2_000).connected();
    let lost = lost
        .answered(ResumeOutcome::Resumed { epoch: Epoch(1), position: Position(1) })
        .under_way(2);
    let said = Some("driver-1, published at 1s, was never handled");
    check(&lost, AtLeastOnce, (Violated, Broken), said);
    check(&lost, NoSilentGap, (Violated, Broken), said);
}

#[test]
fn a_loss_outside_the_terms_breaks_no_claim() {
    let away = || catch_up().disconnected(Fin).at(1_500).published(1);
    let volatile = Target { keep: Durability::Volatile, ..Target::default() };
    let dying = |story: Story| {
        let read = story.under_way(1).at(1_020).read(1, Live).acknowledged(1, Position(1));
        read.at(1_100).power(SHOP, PowerState::PowerLost)
    };
    for (story, term) in [
        (away().accepted(1).became_gap(1, Position(1)), "retention did not keep it"),
        (
            away().accepted(1).became_gap_for(1, Position(1), GapReason::Overflowed),
            "retention did not keep it",
        ),
        (
            away().accepted(1).became_gap_for(1, Position(1), GapReason::Expired),
            "the client's session had expired",
        ),
        (away().expired().accepted(1), "the client's session had expired"),
        (away().accepted(1).at(2_000).broker_crashed(), "the broker crashed after accepting it"),
        (away().note(BROKER, Note::Refused { id: id(1) }), "the broker refused it"),
        (
            away().at(2_000).power(super::story::DRIVER, PowerState::PowerLost),
            "the broker never accepted it",
        ),
        (catch_up().at(1_500).published_to(1, volatile), "it was volatile"),
        (
            catch_up()
                .at(1_500)
                .under_way(1)
                .read(1, Live)
                .note(SHOP, Note::NoHandler { id: id(1) }),
            "the client had no handler",
        ),
        (
            catch_up().broker_crashed().at(1_500).published(1).accepted(1),
            "the broker had forgotten the subscription in a crash",
        ),
    ] {
        let said = format!("driver-1, published at 1.5s, was never handled: {term}");
        check(&story, AtLeastOnce, (Violated, OutsideTerms), Some(&said));
    }
    let early = catch_up().limits(|limits| limits.ack = AckPolicy::BeforeHandler);
    let term = "the client acknowledges before its handler";
    let said = format!("driver-1, published at 1s, was never handled: {term}");
    check(&dying(early), AtLeastOnce, (Violated, OutsideTerms), Some(&said));
    check(
        &dying(catch_up()),
        AtLeastOnce,
        (Violated, Broken),
        Some("driver-1, published at 1s, was never handled"),
    );
}

#[test]
fn at_most_once_needs_one_process_that_lives() {
    let crash = |story: Story| story.power(SHOP, PowerState::PowerLost).at(1_800);
    let crashed = crash(catch_up().delivered(1).at(1_500)).power(SHOP, PowerState::Started);
    let crashed = crashed.at(2_000).read(1, Again).handled(1, Again);
    let said = "driver-1 was handled at 1s and again at 2s: the client crashed";
    check(&crashed, AtMostOnce, (Violated, OutsideTerms), Some(said));
    check(&crashed, ExactlyOnce, (Violated, OutsideTerms), Some(said));
    let mut shared = twice(catch_up());
    let mut second = shared.scenario.clients[1].clone();
    (second.id, second.name) = ("shop-2".into(), Some("shop".into()));
    shared.scenario.clients.push(second);
    let term = "the client was not the only process of its name";
    let said = format!("driver-1 was handled at 1s and again at 2s: {term}");
    check(&shared, AtMostOnce, (Violated, OutsideTerms), Some(&said));
    check(
        &twice(catch_up()),
        AtMostOnce,
        (Violated, Broken),
        Some("driver-1 was handled at 1s and again at 2s"),
    );
}

#[test]
fn a_message_within_the_terms_is_the_evidence_of_a_broken_claim() {
    let story = catch_up().disconnected(Fin).published(1).accepted(1).became_gap(1, Position(1));
    let story = story.at(2_000).published(2).accepted(2).at(3_000).connected();
    let story = story.answered(ResumeOutcome::Resumed { epoch: Epoch(1), position: Position(2) });
    check(
        &story,
        AtLeastOnce,
        (Violated, Broken),
        Some("driver-2, published at 2s, was never handled"),
    );
}

#[test]
fn a_gap_is_silent_until_it_is_told() {
    let lost = || {
        catch_up().disconnected(Fin).published(1).accepted(1).at(2_000).became_gap(1, Position(1))
    };
    let untold = "driver-1, published at 1s, was lost, and there was no session since";
    check(&lost(), NoSilentGap, (Unknown, Open), Some(untold));
    let gap = |from, to| {
        let (from, to) = (Position(from), Position(to));
        ResumeOutcome::Gap { epoch: Epoch(1), position: Position::START, from, to }
    };
    let back = || lost().at(3_000).connected();
    check(&back().answered(gap(1, 1)), NoSilentGap, (Holds, Kept), None);
    let told = Note::GapReceived { queue: "q".into(), from: Position(1), to: Position(3) };
    check(&back().note(SHOP, told), NoSilentGap, (Holds, Kept), None);
    let silent = "driver-1, published at 1s, was never handled: retention did not keep it";
    check(&back(), NoSilentGap, (Violated, OutsideTerms), Some(silent));
    check(&back().answered(gap(2, 3)), NoSilentGap, (Violated, OutsideTerms), Some(silent));
    let over = catch_up().disconnected(Fin).published(1).accepted(1).at(2_000).broker_crashed();
    let over = over
        .at(3_000)
        .connected()
        .answered(ResumeOutcome::NewEpoch { epoch: Epoch(2), position: Position::START });
    check(&over, NoSilentGap, (Holds, Kept), None);
    let refused = catch_up().published(1).note(BROKER, Note::Refused { id: id(1) });
    check(&refused, NoSilentGap, (Holds, Kept), None);
}

#[test]
fn a_contender_is_as_good_as_its_worst_subscriber() {
    let kept = catch_up().delivered(1).shop();
    let broken = twice(catch_up()).shop();
    let open = catch_up().fault(Effect::Pause, 0, 1).under_way(1).shop();
    for (subscribers, guarantee, verdict, claim) in [
        (vec![&kept, &broken], AtMostOnce, Violated, Broken),
        (vec![&kept, &open], AtLeastOnce, Unknown, Open),
        (vec![&kept], AtLeastOnce, Holds, Kept),
        (vec![&open, &broken, &kept], ExactlyOnce, Violated, Broken),
        (vec![], InOrder, Holds, NotClaimed),
    ] {
        let finding = claim::summary(&subscribers)[&guarantee].clone();
        assert_eq!((finding.verdict, finding.claim), (verdict, claim), "{guarantee}");
        assert_eq!(finding.evidence, Evidence::LeftOut);
    }
}
