//! Any soup, a random mix of events, is judged without a panic, and the sums hold. A long history
//! is judged in time that grows with its length.

use proptest::prelude::*;

use crate::history::{EventKind, LossReason, PowerState};
use crate::message::{
    Contender, Durability, EndReason, Epoch, Note, Position, PushKind, ResumeOutcome, StartAt,
    Target,
};
use crate::scenario::Effect;

use super::story::{BROKER, DRIVER, SHOP, Story, id, story};
use crate::terms::Verdict;

const KINDS: [PushKind; 3] = [PushKind::Live, PushKind::Replay, PushKind::Again];

/// One step of a soup: its kind, the number of a message, a position, and the milliseconds since
/// the step before.
type Step = (u8, u64, u64, u64);

fn told(contender: Contender, steps: &[Step]) -> Story {
    let begin = story(&contender.to_string()).fault(Effect::Cut, 200, 900);
    let mut now = 0;
    steps.iter().fold(begin, |story, step| {
        now += step.3;
        tell(story.at(now), *step)
    })
}

fn tell(story: Story, (which, number, position, _): Step) -> Story {
    let kind = KINDS[(position % 3) as usize];
    let reason = [EndReason::Fin, EndReason::Reset, EndReason::Heartbeat][(position % 3) as usize];
    let session = crate::message::SessionId { process: "shop".into(), number: 1 + position % 3 };
    let (epoch, at, to) = (Epoch(number), Position(position), Position(number));
    let answers = [
        ResumeOutcome::Started { epoch, position: at },
        ResumeOutcome::Resumed { epoch, position: at },
        ResumeOutcome::Gap { epoch, position: at, from: at, to },
        ResumeOutcome::NewEpoch { epoch, position: at },
    ];
    let powers = [
        PowerState::Started,
        PowerState::Killed,
        PowerState::PowerLost,
        PowerState::Paused,
        PowerState::Resumed,
        PowerState::Frozen,
        PowerState::Thawed,
        PowerState::ConnectionsReset,
        PowerState::WentAway,
        PowerState::CameBack,
    ];
    let fates = [
        LossReason::Lost,
        LossReason::Cut,
        LossReason::Forgotten,
        LossReason::NobodyHome,
        LossReason::NoSocket,
        LossReason::BufferFull,
    ];
    let from = if position % 2 == 0 { StartAt::Now } else { StartAt::Start };
    let keep = if position % 5 == 0 { Durability::Volatile } else { Durability::Kept };
    match which {
        0 => story.connected(),
        1 => story.subscribed(from),
        2 => story.unsubscribed(),
        3 => story.disconnected(reason),
        4 => story.lost(reason),
        5 => story.closed(reason),
        6 => story.broker_crashed(),
        7 => story.published_to(number, Target { keep, ..Target::default() }),
        8 => story.sent(number),
        9 => story.accepted(number),
        10 => story.pushed(number, kind),
        11 => story.pushed_but_not_carried(number, kind),
        12 => story.read(number, kind),
        13 => story.handled(number, kind),
        14 => story.acknowledged(number, at),
        15 => story.became_gap(number, at),
        16 => story.shop_end(Some(reason), (100 * position, 100 * number)),
        17 => story.broker_end((position > 2).then_some(reason)),
        18 => story.publish_end((position > 2).then_some(reason), 100 * number),
        19 => story.dropped(fates[position as usize % fates.len()]),
        20 => story.answered(answers[(position % 4) as usize]),
        21 => story.power((number % 3) as usize, powers[(position % 7) as usize]),
        22 => story.note(SHOP, Note::DroppedCopy { id: id(number), session }),
        23 => story.note(SHOP, Note::InboxFull { id: id(number), session }),
        24 => story.note(SHOP, Note::HeldEarly { id: id(number), session }),
        25 => story.note(SHOP, Note::NoHandler { id: id(number) }),
        26 => story.note(BROKER, Note::Refused { id: id(number) }),
        27 => story.event(SHOP, EventKind::HandlerGone { queue: "q".into(), event: "e".into() }),
        28 => story.event(SHOP, EventKind::HandlerBack { queue: "q".into(), event: "e".into() }),
        29 => story.event(SHOP, EventKind::Interrupted { id: id(number) }),
        30 => story.note(SHOP, Note::GapReceived { queue: "q".into(), from: at, to }),
        31 => {
            let client = "shop".into();
            story.note(BROKER, Note::SendQueueFull { id: id(number), session, client })
        }
        32 => story.note(DRIVER, Note::RefusedReceived { id: id(number) }),
        33 => story.forgotten((number % 3) as usize, 10 * position),
        34 => story.renewed((number % 3) as usize),
        _ => story.under_way(number),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::Direct("tests/regressions/verdict.txt"),
        )),
        ..ProptestConfig::default()
    })]

    /// `judge` asserts its sums itself.
    #[test]
    fn any_soup_of_events_is_judged_and_adds_up(
        steps in prop::collection::vec((0..38_u8, 1..6_u64, 0..8_u64, 0..90_u64), 0..120),
    ) {
        for contender in Contender::all() {
            let story = told(contender, &steps);
            let (row, again) = (story.row(), story.row());
            prop_assert_eq!(row, again, "the same history is judged the same");
        }
    }

    /// A loss has one end, so a guarantee that does not hold always has its sentence of evidence.
    #[test]
    fn what_is_not_fine_is_said(
        steps in prop::collection::vec((0..38_u8, 1..6_u64, 0..8_u64, 0..90_u64), 0..60),
    ) {
        use crate::verdict::Evidence;
        for contender in Contender::all() {
            for (guarantee, finding) in told(contender, &steps).shop().guarantees {
                let is_said = matches!(finding.evidence, Evidence::Said(Some(_)));
                prop_assert_eq!(finding.verdict != Verdict::Holds, is_said, "{}", guarantee);
            }
        }
    }
}

#[test]
fn a_long_history_is_judged_message_by_message() {
    let story = story("tcp/catch-up").joined();
    let story = (1..=5_000).fold(story, |story, number| story.at(number).delivered(number));
    let shop = story.shop();
    assert_eq!((shop.wanted, shop.live, shop.missed), (5_000, 5_000, 0));
}
