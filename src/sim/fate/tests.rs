//! Tests of packet plans: the effect of each kind of fault on a stream of packets.

use super::*;
use crate::scenario::{Direction, Who};

const TWENTY: Latency = Latency { min: Duration::from_millis(20), max: Duration::from_millis(20) };
const JITTER: Latency = Latency { min: Duration::from_millis(10), max: Duration::from_millis(40) };

fn names() -> Vec<Name> {
    ["broker", "a", "b"].into_iter().map(Name::from).collect()
}

fn on_a(kind: Effect) -> Fault {
    let who = Who::Clients(vec!["a".into()]);
    Fault {
        effect: kind,
        who,
        at: Instant::ZERO,
        until: Instant::NEVER,
        direction: Direction::Both,
    }
}

fn planner(latency: Latency, faults: &[Fault]) -> NetworkFaults {
    NetworkFaults::new(Draw::new(42), latency, faults, names())
}

/// Returns the plans of 1,000 packets of 100 bytes from `from` to `to`, one every millisecond.
fn plans(planner: &mut NetworkFaults, from: u32, to: u32) -> Vec<PacketPlan> {
    (0..1_000).map(|ms| planner.decide(Instant::from_millis(ms), from, to, &[0; 100])).collect()
}

fn dropped(plans: &[PacketPlan]) -> Vec<usize> {
    let gone = |plan: &PacketPlan| matches!(plan.outcome, PlannedOutcome::Dropped(_));
    (0..plans.len()).filter(|&n| gone(&plans[n])).collect()
}

fn due(plan: &PacketPlan) -> u64 {
    match plan.outcome {
        PlannedOutcome::Arrives(first, _) => first.due.as_millis(),
        PlannedOutcome::Dropped(fate) => panic!("it was dropped: {fate:?}"),
    }
}

#[test]
fn without_faults_every_packet_arrives_after_the_latency() {
    let plans = plans(&mut planner(TWENTY, &[]), 1, 0);
    assert!(plans.iter().zip(0..).all(|(plan, ms)| due(plan) == ms + 20 && plan.hit_by.is_empty()));
}

#[test]
fn jitter_keeps_the_order_and_the_range() {
    let plans = plans(&mut planner(JITTER, &[]), 1, 0);
    let dues: Vec<u64> = plans.iter().map(due).collect();
    assert!(dues.is_sorted());
    assert!(dues.iter().zip(0..).all(|(due, ms)| (ms + 10..=ms + 40).contains(due)));
    assert!(dues.iter().zip(0..).any(|(due, ms)| *due < ms + 40));
}

#[test]
fn loss_takes_its_share_of_one_link_only() {
    let mut planner = planner(TWENTY, &[on_a(Effect::Loss { rate: 0.1 })]);
    // 1,000 packets at 10 %: 100, standard deviation 9.5; four of those is 38.
    assert!((62..=138).contains(&dropped(&plans(&mut planner, 1, 0)).len()));
    assert!(dropped(&plans(&mut planner, 2, 0)).is_empty());
    assert_eq!(
        planner.hits()[0] as usize,
        dropped(&plans(&mut self::planner(TWENTY, &[on_a(Effect::Loss { rate: 0.1 }),]), 1, 0))
            .len()
    );
}

#[test]
fn a_lower_rate_hits_a_subset() {
    let hit = |rate| dropped(&plans(&mut planner(TWENTY, &[on_a(Effect::Loss { rate })]), 1, 0));
    let (few, many) = (hit(0.05), hit(0.2));
    assert!(few.iter().all(|n| many.contains(n)) && few.len() < many.len());
}

#[test]
fn taking_a_fault_away_changes_no_other_draw() {
    let loss = on_a(Effect::Loss { rate: 0.1 });
    let other = on_a(Effect::Duplicate { rate: 0.5 });
    let both = dropped(&plans(&mut planner(TWENTY, &[other, loss.clone()]), 1, 0));
    assert_eq!(dropped(&plans(&mut planner(TWENTY, &[loss]), 1, 0)), both);
}

#[test]
fn a_packet_more_changes_only_the_draws_of_its_millisecond() {
    let fault = [on_a(Effect::Loss { rate: 0.3 })];
    let alone = plans(&mut planner(TWENTY, &fault), 1, 0);
    let mut crowded = planner(TWENTY, &fault);
    let outcomes = |plans: &[PacketPlan]| plans.iter().map(|plan| plan.outcome).collect::<Vec<_>>();
    let with_more: Vec<PacketPlan> = (0..1_000)
        .map(|ms| {
            let plan = crowded.decide(Instant::from_millis(ms), 1, 0, &[0; 100]);
            crowded.decide(Instant::from_millis(ms), 1, 0, &[0; 100]);
            plan
        })
        .collect();
    assert_eq!(outcomes(&alone), outcomes(&with_more));
}

#[test]
fn a_cut_is_seen_from_who_and_while_it_lasts() {
    let mut cut = on_a(Effect::Cut);
    (cut.at, cut.until) = (Instant::from_millis(100), Instant::from_millis(200));
    cut.direction = Direction::Out;
    let mut planner = planner(TWENTY, &[cut]);
    assert_eq!(dropped(&plans(&mut planner, 1, 0)), (100..200).collect::<Vec<_>>());
    assert!(dropped(&plans(&mut planner, 0, 1)).is_empty());
}

#[test]
fn a_fault_of_the_broker_is_on_all_its_links() {
    let mut cut = on_a(Effect::Cut);
    (cut.who, cut.direction) = (Who::Broker, Direction::In);
    let mut planner = planner(TWENTY, &[cut]);
    assert_eq!(dropped(&plans(&mut planner, 1, 0)).len(), 1_000);
    assert_eq!(dropped(&plans(&mut planner, 2, 0)).len(), 1_000);
    assert!(dropped(&plans(&mut planner, 0, 1)).is_empty());
}

#[test]
fn a_partition_parts_groups_and_nobody_else() {
    let groups = vec![vec!["broker".into()], vec!["b".into()]];
    let fault = Fault { who: Who::Nobody, ..on_a(Effect::Partition { groups }) };
    let mut planner = planner(TWENTY, &[fault]);
    assert_eq!(dropped(&plans(&mut planner, 0, 2)).len(), 1_000);
    assert!(dropped(&plans(&mut planner, 0, 1)).is_empty());
    assert!(dropped(&plans(&mut planner, 1, 2)).is_empty());
}

#[test]
fn held_packets_are_overtaken() {
    let delay = Duration::from_millis(50);
    let plans = plans(&mut planner(TWENTY, &[on_a(Effect::Reorder { rate: 0.2, delay })]), 1, 0);
    for (plan, ms) in plans.iter().zip(0..) {
        assert_eq!(due(plan), if plan.hit_by.is_empty() { ms + 20 } else { ms + 70 });
    }
    assert!(plans.iter().any(|plan| !plan.hit_by.is_empty()));
}

#[test]
fn the_last_latency_that_is_on_wins() {
    let of = |ms| {
        let ms = Duration::from_millis(ms);
        on_a(Effect::Latency { latency: Latency { min: ms, max: ms } })
    };
    let mut later = of(200);
    later.at = Instant::from_millis(500);
    let plans = plans(&mut planner(TWENTY, &[of(100), later]), 1, 0);
    assert_eq!((due(&plans[499]), due(&plans[500])), (599, 700));
    assert_eq!((&plans[499].hit_by, &plans[500].hit_by), (&vec![0], &vec![1]));
}

#[test]
fn a_narrow_line_delays_then_crowds_out() {
    let kind = Effect::Bandwidth { bytes_per_second: 10_000, queue_bytes: 300 };
    let mut planner = planner(TWENTY, &[on_a(kind)]);
    let burst: Vec<PacketPlan> =
        (0..5).map(|_| planner.decide(Instant::ZERO, 1, 0, &[0; 100])).collect();
    // 100 bytes take 10 ms. One is sent while two wait: 300 bytes, full.
    assert_eq!(burst[..3].iter().map(due).collect::<Vec<_>>(), [30, 40, 50]);
    assert_eq!(burst[3].outcome, PlannedOutcome::Dropped(LossReason::CrowdedOut));
    assert_eq!(due(&planner.decide(Instant::from_millis(10), 1, 0, &[0; 100])), 60);
}

#[test]
fn a_copy_arrives_too_and_a_flipped_bit_lies_in_the_packet() {
    let faults = [on_a(Effect::Duplicate { rate: 0.5 }), on_a(Effect::Corrupt { rate: 0.5 })];
    let plans = plans(&mut planner(JITTER, &faults), 1, 0);
    let arrivals = |plan: &PacketPlan| match plan.outcome {
        PlannedOutcome::Arrives(first, second) => {
            [Some(first), second].into_iter().flatten().collect()
        }
        PlannedOutcome::Dropped(_) => Vec::new(),
    };
    let all: Vec<Arrival> = plans.iter().flat_map(arrivals).collect();
    // 1,000 packets and half as many copies, half of all flipped; five deviations each way.
    assert!((1_420..=1_580).contains(&all.len()));
    let flipped: Vec<u32> = all.iter().filter_map(|arrival| arrival.flip).collect();
    assert!((650..=850).contains(&flipped.len()));
    assert!(flipped.iter().all(|&bit| bit < 800) && flipped.iter().any(|&bit| bit > 400));
}

#[test]
fn the_tick_is_the_least_latency_from_one_to_twenty_milliseconds() {
    let of = |ms| Latency { min: Duration::from_millis(ms), max: Duration::from_millis(ms + 50) };
    for (scenario, fault, expected) in [(10, 200, 10), (50, 5, 5), (100, 200, 20), (1, 1, 1)] {
        let faults = [on_a(Effect::Latency { latency: of(fault) })];
        assert_eq!(tick(of(scenario), &faults).as_millis(), expected);
    }
}
