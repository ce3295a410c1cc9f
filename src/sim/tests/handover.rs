//! The taps: acknowledged ≤ arrived ≤ written, whatever happens, and every byte compared.

use super::*;
use crate::sim::draw::Draw;

/// The byte at a place of the stream.
fn byte(n: u64) -> u8 {
    (n ^ (n >> 8)) as u8
}

/// One random fate: a writer, a reader, a storm, and an end of one kind or another.
fn fate(seed: u64) -> (History, Totals) {
    let dice = Draw::new(seed).named("handover");
    let loss = fault(FaultKind::Loss { rate: dice.named("loss").unit() * 0.3 }, 0, 60_000);
    let cut_at = dice.named("cut").between(500, 4_000);
    let cut = fault(FaultKind::Cut, cut_at, cut_at + dice.named("for").between(0, 3_000));
    let twice = fault(FaultKind::Duplicate { rate: 0.05 }, 0, 60_000);
    let stop_at = ms(dice.named("stop").between(1_000, 8_000));
    let how = dice.named("how").below(6);
    let pieces = dice.named("piece").between(1, 400) as usize;
    let slow = dice.named("slow").between(0, 30);
    let reading = program(move |net, machine| async move {
        let mut stream = accept(&net).await;
        let (mut buffer, mut at) = ([0; 500], 0);
        let read = async {
            while let Ok(1..) = stream.read(&mut buffer).await.inspect(|&read| {
                assert!(buffer[..read].iter().all(|&found| {
                    at += 1;
                    found == byte(at - 1)
                }));
            }) {
                net.sleep_until(net.now() + Duration::from_millis(slow)).await;
            }
        };
        tokio::select! { biased; () = net.sleep_until(stop_at) => {}, () = read => {} }
        match how {
            0 => machine.power_off(net.now()),
            1 => drop(stream),
            2 => {
                machine.power_off(net.now());
                hold((machine.power_on(1), stream)).await;
            }
            _ => hold(stream).await,
        }
    });
    let writing = program(move |net, machine| async move {
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
            4 => machine.power_off(net.now()),
            _ => hold(stream).await,
        }
    });
    let mut plan = plan(2, vec![loss, cut, twice], 20_000);
    plan.seed = seed;
    run(plan, vec![reading, writing])
}

#[test]
fn what_is_acknowledged_has_arrived_and_what_has_arrived_was_written() {
    let (mut thrown_away, mut moved) = (0, 0);
    for seed in 0..60 {
        let (history, _) = fate(seed);
        let (readers, writers) = (ledgers(&history, 0), ledgers(&history, 1));
        assert_eq!(writers.len(), 1, "one end, one ledger: {writers:?}");
        let Some(&(_, reader)) = readers.first() else { continue };
        assert_eq!(readers.len(), 1, "one end, one ledger: {readers:?}");
        let writer = writers[0].1;
        assert_eq!((reader.end.local, reader.end.peer), (writer.end.peer, writer.end.local));
        assert!(
            writer.acknowledged <= reader.arrived && reader.arrived <= writer.written,
            "seed {seed}: {writer:?} {reader:?}"
        );
        assert!(reader.read <= reader.arrived);
        moved += reader.read;
        thrown_away += u64::from(writer.acknowledged > reader.read);
    }
    assert!(moved > 100_000 && thrown_away > 0, "{moved} bytes, {thrown_away} thrown away");
}
