//! Tests of the byte counters of connections: acknowledged ≤ arrived ≤ written under random
//! faults. The reader compares every byte.

use super::*;
use crate::sim::draw::Draw;

/// Returns the byte at a position of the stream.
fn byte(n: u64) -> u8 {
    (n ^ (n >> 8)) as u8
}

/// Runs one random trial: a writer, a reader, a storm, and one of several kinds of end. Returns
/// its history, and whether the reader saw an orderly end.
fn random_trial(seed: u64) -> (History, bool) {
    let told: Told<bool> = Told::default();
    let tell = told.clone();
    let draw = Draw::new(seed).named("counters");
    let loss = fault(Effect::Loss { rate: draw.named("loss").unit() * 0.3 }, 0, 60_000);
    let cut_at = draw.named("cut").between(500, 4_000);
    let cut = fault(Effect::Cut, cut_at, cut_at + draw.named("for").between(0, 3_000));
    let twice = fault(Effect::Duplicate { rate: 0.05 }, 0, 60_000);
    let flip = fault(Effect::Corrupt { rate: 0.03 }, 0, 60_000);
    let held = Duration::from_millis(draw.named("held").between(1, 100));
    let reorder = fault(Effect::Reorder { rate: 0.05, delay: held }, 0, 60_000);
    let narrow = Effect::Bandwidth { bytes_per_second: 50_000, queue_bytes: 9_000 };
    let narrow = fault(narrow, cut_at / 2, cut_at);
    let stop_at = ms(draw.named("stop").between(1_000, 8_000));
    let how = draw.named("how").below(6);
    let pieces = draw.named("piece").between(1, 400) as usize;
    let slow = draw.named("slow").between(0, 30);
    let reading = program(move |net, host| async move {
        let mut stream = accept(&net).await;
        let (mut buffer, mut at) = ([0; 500], 0);
        let read = async {
            while let Ok(read) = stream.read(&mut buffer).await {
                for &found in &buffer[..read] {
                    assert_eq!(found, byte(at));
                    at += 1;
                }
                if read == 0 {
                    tell.lock().expect("one thread").push(true);
                    break;
                }
                net.sleep_until(net.now() + Duration::from_millis(slow)).await;
            }
        };
        let stop_at = if how == 3 { ms(60_000) } else { stop_at };
        tokio::select! { biased; () = net.sleep_until(stop_at) => {}, () = read => {} }
        match how {
            0 => host.power_off(net.now()),
            1 => drop(stream),
            2 => {
                host.power_off(net.now());
                hold((host.power_on(1), stream)).await;
            }
            _ => hold(stream).await,
        }
    });
    let writing = program(move |net, host| async move {
        let Ok(mut stream) = net.connect(server()).await else { return };
        let mut at = 0;
        let write = async {
            loop {
                let piece: Vec<u8> = (at..at + pieces as u64).map(byte).collect();
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
                at += pieces as u64;
                net.sleep_until(net.now() + Duration::from_millis(10)).await;
            }
        };
        tokio::select! { biased; () = net.sleep_until(stop_at) => {}, () = write => {} }
        match how {
            3 => drop(stream),
            4 => host.power_off(net.now()),
            _ => hold(stream).await,
        }
    });
    let mut plan = plan(2, vec![loss, cut, twice, flip, reorder, narrow], 20_000);
    plan.seed = seed;
    let (history, _) = run(plan, vec![reading, writing]);
    let orderly = !told.lock().expect("one thread").is_empty();
    (history, orderly)
}

#[test]
fn what_is_acknowledged_has_arrived_and_what_has_arrived_was_written() {
    let (mut thrown_away, mut moved, mut ended) = (0, 0, 0);
    for seed in 0..60 {
        let (history, orderly) = random_trial(seed);
        let (readers, writers) = (stats_of(&history, 0), stats_of(&history, 1));
        assert_eq!(writers.len(), 1, "one end, one record: {writers:?}");
        let Some(&(_, reader)) = readers.first() else { continue };
        assert_eq!(readers.len(), 1, "one end, one record: {readers:?}");
        let writer = writers[0].1;
        assert_eq!((reader.end.local, reader.end.peer), (writer.end.peer, writer.end.local));
        assert!(
            writer.acknowledged <= reader.arrived && reader.arrived <= writer.written,
            "seed {seed}: {writer:?} {reader:?}"
        );
        assert!(reader.read <= reader.arrived);
        assert!(!orderly || reader.read == writer.written, "seed {seed}: {writer:?} {reader:?}");
        ended += u64::from(orderly);
        moved += reader.read;
        thrown_away += u64::from(writer.acknowledged > reader.read);
    }
    // The runs must move bytes, end in order at times, and at times lose acknowledged bytes
    // before they are read. Otherwise the test would prove nothing.
    assert!(moved > 100_000 && thrown_away > 0 && ended > 0, "{moved} {thrown_away} {ended}");
}
