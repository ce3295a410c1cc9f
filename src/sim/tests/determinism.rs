//! The same bytes at any tick, with hosts in any order, and wherever processes stand.

use super::*;
use crate::net::Datagrams as _;

/// A busy trial: an echoing server, TCP and UDP clients, a storm of everything.
fn busy(tick_ms: u64, hosts: Vec<Vec<u32>>) -> (String, Totals) {
    let faults = vec![
        fault(FaultKind::Loss { rate: 0.1 }, 0, 60_000),
        fault(FaultKind::Cut, 2_000, 3_000),
        fault(FaultKind::Duplicate { rate: 0.1 }, 0, 60_000),
        fault(FaultKind::Reorder { rate: 0.1, delay: Duration::from_millis(35) }, 0, 60_000),
        fault(FaultKind::Corrupt { rate: 0.05 }, 0, 60_000),
        fault(FaultKind::Bandwidth { bytes_per_second: 20_000, queue_bytes: 4_000 }, 4_000, 5_000),
    ];
    let mut plan = plan(4, faults, 6_505);
    plan.latency.max = Duration::from_millis(45);
    plan.tick = Duration::from_millis(tick_ms);
    let crash = program(|net, machine| async move {
        let stream = net.connect(server()).await.expect("the server listens");
        net.sleep_until(ms(1_234)).await;
        machine.power_off(net.now());
        drop(stream);
        net.sleep_until(ms(2_345)).await;
        chat(machine.power_on(1)).await;
    });
    let talk = || program(|net, _| chat(net));
    let (history, totals) = run_on(hosts, plan, vec![echo(), talk(), talk(), crash]);
    (history.trace_lines().collect::<String>(), totals)
}

/// Answers everything, from tasks of its own.
fn echo() -> Program {
    program(|net, _| async move {
        let mut listener = net.listen(PORT, 16).await.expect("the port is free");
        let socket = net.bind(PORT).await.expect("the port is free");
        let datagrams = async {
            let mut buffer = [0; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.expect("it is there");
                let _ = socket.send_to(&buffer[..length], from);
            }
        };
        let streams = async {
            loop {
                let mut stream = listener.accept().await.expect("the network is there");
                tokio::spawn(async move {
                    let mut buffer = [0; 300];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        if stream.write_all(&buffer[..length]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        };
        futures_util::future::join(datagrams, streams).await;
    })
}

/// Talks over both, notes each answer, connects again when it is reset.
async fn chat(net: SimNet) {
    let socket = net.bind(0).await.expect("a port is free");
    let mut at = net.now();
    loop {
        let Ok(mut stream) = net.connect(server()).await else { continue };
        let mut buffer = [0; 1_000];
        loop {
            at += Duration::from_millis(20);
            net.sleep_until(at).await;
            let _ = socket.send_to(&buffer[..100], server());
            if stream.write_all(&buffer[..at.as_millis() as usize % 700]).await.is_err() {
                break;
            }
            let mut answer = [0; 100];
            tokio::select! {
                biased;
                read = stream.read(&mut buffer) => if !matches!(read, Ok(1..)) { break },
                _ = socket.recv_from(&mut answer) => {}
                () = net.sleep_until(at + Duration::from_millis(200)) => {}
            }
        }
    }
}

fn apart() -> Vec<Vec<u32>> {
    (0..4).map(|process| vec![process]).collect()
}

#[test]
fn a_trial_is_the_same_at_any_tick() {
    let (trace, totals) = busy(20, apart());
    assert!(totals.bites.iter().all(|&bites| bites > 0), "a fault never bit: {totals:?}");
    assert!(trace.len() > 2_000 && totals.retransmits > 0, "{}", trace.len());
    for tick in [1, 2, 5, 10] {
        assert_eq!(busy(tick, apart()), (trace.clone(), totals.clone()), "tick {tick}");
    }
}

#[test]
fn a_trial_is_the_same_with_its_hosts_reversed_or_shared() {
    let expected = busy(20, apart());
    assert_eq!(busy(20, apart().into_iter().rev().collect()), expected);
    assert_eq!(busy(20, vec![vec![0, 1, 2, 3]]), expected);
    assert_eq!(busy(10, vec![vec![3, 1], vec![2, 0]]), expected);
}

#[test]
#[should_panic]
fn a_tick_above_the_latency_is_noticed() {
    busy(40, apart());
}
