//! Fates: what each kind of fault does to a stream of packets, by itself.

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

fn fates(latency: Latency, faults: &[Fault]) -> NetworkFaults {
    NetworkFaults::new(Draw::new(42), latency, faults, names())
}

/// The lots of 1,000 packets of 100 bytes from `from` to `to`, one a millisecond.
fn lots(fates: &mut NetworkFaults, from: u32, to: u32) -> Vec<PacketPlan> {
    (0..1_000).map(|ms| fates.decide(Instant::from_millis(ms), from, to, 100)).collect()
}

fn dropped(lots: &[PacketPlan]) -> Vec<usize> {
    let gone = |lot: &PacketPlan| matches!(lot.outcome, Outcome::Dropped(_));
    (0..lots.len()).filter(|&n| gone(&lots[n])).collect()
}

fn due(lot: &PacketPlan) -> u64 {
    match lot.outcome {
        Outcome::Arrives(first, _) => first.due.as_millis(),
        Outcome::Dropped(fate) => panic!("it was dropped: {fate:?}"),
    }
}

#[test]
fn without_faults_every_packet_arrives_after_the_latency() {
    let lots = lots(&mut fates(TWENTY, &[]), 1, 0);
    assert!(lots.iter().zip(0..).all(|(lot, ms)| due(lot) == ms + 20 && lot.bit.is_empty()));
}

#[test]
fn jitter_keeps_the_order_and_the_range() {
    let lots = lots(&mut fates(JITTER, &[]), 1, 0);
    let dues: Vec<u64> = lots.iter().map(due).collect();
    assert!(dues.is_sorted());
    assert!(dues.iter().zip(0..).all(|(due, ms)| (ms + 10..=ms + 40).contains(due)));
    assert!(dues.iter().zip(0..).any(|(due, ms)| *due < ms + 40));
}

#[test]
fn loss_takes_its_share_of_one_link_only() {
    let mut fates = fates(TWENTY, &[on_a(Effect::Loss { rate: 0.1 })]);
    // 1,000 packets at 10 %: 100, standard deviation 9.5; four of those is 38.
    assert!((62..=138).contains(&dropped(&lots(&mut fates, 1, 0)).len()));
    assert!(dropped(&lots(&mut fates, 2, 0)).is_empty());
    assert_eq!(
        fates.bites()[0] as usize,
        dropped(&lots(&mut self::fates(TWENTY, &[on_a(Effect::Loss { rate: 0.1 }),]), 1, 0)).len()
    );
}

#[test]
fn a_lower_rate_bites_a_subset() {
    let bitten = |rate| dropped(&lots(&mut fates(TWENTY, &[on_a(Effect::Loss { rate })]), 1, 0));
    let (few, many) = (bitten(0.05), bitten(0.2));
    assert!(few.iter().all(|n| many.contains(n)) && few.len() < many.len());
}

#[test]
fn taking_a_fault_away_moves_no_other_dice() {
    let loss = on_a(Effect::Loss { rate: 0.1 });
    let other = on_a(Effect::Duplicate { rate: 0.5 });
    let both = dropped(&lots(&mut fates(TWENTY, &[other, loss.clone()]), 1, 0));
    assert_eq!(dropped(&lots(&mut fates(TWENTY, &[loss]), 1, 0)), both);
}

#[test]
fn a_packet_more_moves_only_the_dice_of_its_millisecond() {
    let fault = [on_a(Effect::Loss { rate: 0.3 })];
    let alone = lots(&mut fates(TWENTY, &fault), 1, 0);
    let mut crowded = fates(TWENTY, &fault);
    let outcomes = |lots: &[PacketPlan]| lots.iter().map(|lot| lot.outcome).collect::<Vec<_>>();
    let with_more: Vec<PacketPlan> = (0..1_000)
        .map(|ms| {
            let lot = crowded.decide(Instant::from_millis(ms), 1, 0, 100);
            crowded.decide(Instant::from_millis(ms), 1, 0, 100);
            lot
        })
        .collect();
    assert_eq!(outcomes(&alone), outcomes(&with_more));
}

#[test]
fn a_cut_is_seen_from_who_and_while_it_lasts() {
    let mut cut = on_a(Effect::Cut);
    (cut.at, cut.until) = (Instant::from_millis(100), Instant::from_millis(200));
    cut.direction = Direction::Out;
    let mut fates = fates(TWENTY, &[cut]);
    assert_eq!(dropped(&lots(&mut fates, 1, 0)), (100..200).collect::<Vec<_>>());
    assert!(dropped(&lots(&mut fates, 0, 1)).is_empty());
}

#[test]
fn a_fault_of_the_broker_is_on_all_its_links() {
    let mut cut = on_a(Effect::Cut);
    (cut.who, cut.direction) = (Who::Broker, Direction::In);
    let mut fates = fates(TWENTY, &[cut]);
    assert_eq!(dropped(&lots(&mut fates, 1, 0)).len(), 1_000);
    assert_eq!(dropped(&lots(&mut fates, 2, 0)).len(), 1_000);
    assert!(dropped(&lots(&mut fates, 0, 1)).is_empty());
}

#[test]
fn a_partition_parts_groups_and_nobody_else() {
    let groups = vec![vec!["broker".into()], vec!["b".into()]];
    let fault = Fault { who: Who::Nobody, ..on_a(Effect::Partition { groups }) };
    let mut fates = fates(TWENTY, &[fault]);
    assert_eq!(dropped(&lots(&mut fates, 0, 2)).len(), 1_000);
    assert!(dropped(&lots(&mut fates, 0, 1)).is_empty());
    assert!(dropped(&lots(&mut fates, 1, 2)).is_empty());
}

#[test]
fn held_packets_are_overtaken() {
    let delay = Duration::from_millis(50);
    let lots = lots(&mut fates(TWENTY, &[on_a(Effect::Reorder { rate: 0.2, delay })]), 1, 0);
    for (lot, ms) in lots.iter().zip(0..) {
        assert_eq!(due(lot), if lot.bit.is_empty() { ms + 20 } else { ms + 70 });
    }
    assert!(lots.iter().any(|lot| !lot.bit.is_empty()));
}

#[test]
fn the_last_latency_that_is_on_wins() {
    let of = |ms| {
        let ms = Duration::from_millis(ms);
        on_a(Effect::Latency { latency: Latency { min: ms, max: ms } })
    };
    let mut later = of(200);
    later.at = Instant::from_millis(500);
    let lots = lots(&mut fates(TWENTY, &[of(100), later]), 1, 0);
    assert_eq!((due(&lots[499]), due(&lots[500])), (599, 700));
    assert_eq!((&lots[499].bit, &lots[500].bit), (&vec![0], &vec![1]));
}

#[test]
fn a_narrow_line_delays_then_crowds_out() {
    let kind = Effect::Bandwidth { bytes_per_second: 10_000, queue_bytes: 300 };
    let mut fates = fates(TWENTY, &[on_a(kind)]);
    let burst: Vec<PacketPlan> = (0..5).map(|_| fates.decide(Instant::ZERO, 1, 0, 100)).collect();
    // 100 bytes take 10 ms. One is sent while two wait: 300 bytes, full.
    assert_eq!(burst[..3].iter().map(due).collect::<Vec<_>>(), [30, 40, 50]);
    assert_eq!(burst[3].outcome, Outcome::Dropped(LossReason::CrowdedOut));
    assert_eq!(due(&fates.decide(Instant::from_millis(10), 1, 0, 100)), 60);
}

#[test]
fn a_copy_arrives_too_and_a_flipped_bit_lies_in_the_packet() {
    let faults = [on_a(Effect::Duplicate { rate: 0.5 }), on_a(Effect::Corrupt { rate: 0.5 })];
    let lots = lots(&mut fates(JITTER, &faults), 1, 0);
    let arrivals = |lot: &PacketPlan| match lot.outcome {
        Outcome::Arrives(first, second) => [Some(first), second].into_iter().flatten().collect(),
        Outcome::Dropped(_) => Vec::new(),
    };
    let all: Vec<Arrival> = lots.iter().flat_map(arrivals).collect();
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
