//! Tests of UDP: the datagrams that are lost, the reasons, and the reports of refusals.

use super::*;
use crate::history::{Flow, LossReason};
use crate::net::Datagrams as _;

/// Returns a server that reports the numbers that it receives.
fn sink(told: &Told<u64>) -> Program {
    let told = told.clone();
    program(move |net, _| async move {
        let socket = net.bind(PORT).await.expect("the port is free");
        loop {
            let mut number = [0; 8];
            socket.recv_from(&mut number).await.expect("the network is there");
            told.lock().expect("one thread").push(u64::from_be_bytes(number));
        }
    })
}

/// Returns a client that sends `count` numbers from 1 on, one every `every_ms`.
fn source(count: u64, every_ms: u64) -> Program {
    program(move |net, _| async move {
        let socket = net.bind(0).await.expect("a port is free");
        for n in 1..=count {
            net.sleep_until(ms(n * every_ms)).await;
            socket.send_to(&n.to_be_bytes(), server()).expect("it fits");
        }
        hold(socket).await;
    })
}

/// Returns the datagrams of a process that did not arrive: moment, number and reason.
fn drops(history: &History, process: u32) -> Vec<(Instant, u64, LossReason)> {
    let of = history.events.iter().filter(|event| event.process.0 == process);
    of.filter_map(|event| match event.kind {
        EventKind::Dropped { datagram, reason, .. } => Some((event.at, datagram, reason)),
        _ => None,
    })
    .collect()
}

#[test]
fn ten_percent_loss_loses_ten_percent_and_each_is_accounted_for() {
    let told = Told::default();
    let faults = vec![fault(Effect::Loss { rate: 0.1 }, 0, 30_000)];
    let (history, _) = run(plan(2, faults, 30_000), vec![sink(&told), source(2_000, 10)]);
    let told = told.lock().unwrap();
    // 2,000 at 10 %: 200, standard deviation 13.4; four of those is 54.
    assert!((1_746..=1_854).contains(&told.len()), "{}", told.len());
    let lost = drops(&history, 1);
    assert!(lost.iter().all(|&(at, n, reason)| at == ms(n * 10) && reason == LossReason::Lost));
    let missing: Vec<u64> = (1..=2_000).filter(|n| !told.contains(n)).collect();
    assert_eq!(lost.iter().map(|&(_, n, _)| n).collect::<Vec<_>>(), missing);
}

#[test]
fn a_flipped_bit_is_found_by_the_checksum_on_arrival() {
    let told = Told::default();
    let faults = vec![fault(Effect::Corrupt { rate: 0.5 }, 0, 30_000)];
    let (history, totals) = run(plan(2, faults, 30_000), vec![sink(&told), source(500, 10)]);
    let told = told.lock().unwrap();
    assert!(told.iter().all(|n| (1..=500).contains(n)) && told.is_sorted());
    let lost = drops(&history, 1);
    assert_eq!(told.len() + lost.len(), 500);
    assert_eq!(lost.len() as u64, totals.hits[0]);
    assert!(
        lost.iter()
            .all(|&(at, n, reason)| at == ms(n * 10 + 20) && reason == LossReason::Corrupted)
    );
}

#[test]
fn a_closed_port_is_no_socket_and_a_dark_host_is_nobody_home() {
    let server_program = program(|net, host| async move {
        let socket = net.bind(PORT).await.expect("the port is free");
        net.sleep_until(ms(35)).await;
        drop(socket);
        net.sleep_until(ms(55)).await;
        host.power_off(net.now());
        hold(net).await;
    });
    let (history, totals) = run(plan(2, vec![], 1_000), vec![server_program, source(5, 10)]);
    // Five datagrams, and an ICMP "port unreachable" for each that met a kernel without a socket.
    assert_eq!(totals.packets, 5 + 2);
    // They arrive at 30, 40, 50, 60 and 70.
    let expected = [
        (ms(40), 2, LossReason::NoSocket),
        (ms(50), 3, LossReason::NoSocket),
        (ms(60), 4, LossReason::NobodyHome),
        (ms(70), 5, LossReason::NobodyHome),
    ];
    assert_eq!(drops(&history, 1), expected);
}

#[test]
fn a_host_that_sleeps_is_nobody_home() {
    let told = Told::default();
    let reading = sink(&told);
    let sleeper = program(move |net, host| async move {
        let (other, switch) = (net.clone(), host.clone());
        let switching = async move {
            other.sleep_until(ms(35)).await;
            switch.pause();
            other.sleep_until(ms(55)).await;
            switch.resume();
        };
        futures_util::future::join(switching, reading(net, host)).await;
    });
    let (history, _) = run(plan(2, vec![], 1_000), vec![sleeper, source(5, 10)]);
    let expected = [(ms(40), 2, LossReason::NobodyHome), (ms(50), 3, LossReason::NobodyHome)];
    assert_eq!(drops(&history, 1), expected);
    assert_eq!(*told.lock().unwrap(), [1, 4, 5]);
}

#[test]
fn a_socket_that_nobody_reads_fills_up() {
    let idle = program(|net, _| async move {
        hold(net.bind(PORT).await.expect("the port is free")).await;
    });
    let flood = program(|net, _| async move {
        let socket = net.bind(0).await.expect("a port is free");
        for n in 1..=200 {
            net.sleep_until(ms(n)).await;
            socket.send_to(&[0; 1_472], server()).expect("it fits");
        }
        assert!(socket.send_to(&[0; 1_473], server()).is_err());
        hold(socket).await;
    });
    let (history, _) = run(plan(2, vec![], 1_000), vec![idle, flood]);
    // 212,992 bytes are 141 packets of 1,500.
    let full = drops(&history, 1);
    assert_eq!(full.len(), 200 - 141);
    assert_eq!(full[0], (ms(142 + 20), 142, LossReason::BufferFull));
}

#[test]
fn a_copied_datagram_is_dropped_only_when_both_copies_are() {
    let told = Told::default();
    let faults = vec![
        fault(Effect::Duplicate { rate: 1.0 }, 0, 30_000),
        fault(Effect::Corrupt { rate: 0.5 }, 0, 30_000),
    ];
    let (history, _) = run(plan(2, faults, 30_000), vec![sink(&told), source(1_000, 10)]);
    let told = told.lock().unwrap();
    let arrived: std::collections::BTreeSet<u64> = told.iter().copied().collect();
    let lost = drops(&history, 1);
    assert_eq!(arrived.len() + lost.len(), 1_000);
    assert!(told.len() > arrived.len(), "some came twice");
    // A quarter: 250, standard deviation 13.7; five of those is 69.
    assert!((181..=319).contains(&lost.len()), "{}", lost.len());
}

#[test]
fn a_cut_names_the_sender_the_flow_and_the_moment() {
    let told = Told::default();
    let faults = vec![fault(Effect::Cut, 15, 25)];
    let (history, _) = run(plan(2, faults, 1_000), vec![sink(&told), source(3, 10)]);
    let dropped = history.events.iter().find_map(|event| match &event.kind {
        EventKind::Dropped { flow, datagram, reason } => {
            Some((event.at, **flow, *datagram, *reason))
        }
        _ => None,
    });
    let (at, Flow { from, to }, datagram, reason) = dropped.expect("the second was cut");
    assert_eq!((at, to, datagram, reason), (ms(20), server(), 2, LossReason::Cut));
    assert_eq!(from.ip(), address(1));
}

/// Sends two datagrams to a port without a listener. Returns the error that each causes within a
/// second, and the totals.
fn told_of(connected_to: Option<SocketAddr>) -> (Vec<Option<std::io::ErrorKind>>, TrafficTotals) {
    let told: Told<Option<std::io::ErrorKind>> = Told::default();
    let heard = told.clone();
    let client = program(move |net, _| async move {
        let socket = net.bind(0).await.expect("a port is free");
        let mut buffer = [0; 8];
        if let Some(peer) = connected_to {
            socket.connect(peer).await.expect("an address is all it needs");
        }
        for n in 1..=2 {
            socket.send_to(b"hello", server()).expect("it fits");
            let result = tokio::select! {
                biased;
                result = socket.recv_from(&mut buffer) => Some(result.expect_err("nobody answers")),
                () = net.sleep_until(ms(n * 1_000)) => None,
            };
            heard.lock().expect("one thread").push(result.map(|error| error.kind()));
            net.sleep_until(ms(n * 1_000)).await;
        }
        // Each datagram causes one error, not two.
        tokio::select! {
            biased;
            result = socket.recv_from(&mut buffer) => panic!("{result:?}"),
            () = net.sleep_until(ms(3_000)) => {}
        }
        hold(socket).await;
    });
    let nobody = program(|net, _| hold(net));
    let (_, totals) = run(plan(2, vec![], 5_000), vec![nobody, client]);
    let told = told.lock().unwrap().clone();
    (told, totals)
}

#[test]
fn a_connected_socket_is_told_once_for_each_datagram_that_nobody_listens() {
    let (told, totals) = told_of(Some(server()));
    assert_eq!(told, [Some(std::io::ErrorKind::ConnectionRefused); 2]);
    // Two datagrams, and an ICMP "port unreachable" for each.
    assert_eq!(totals.packets, 4);
}

#[test]
fn a_socket_that_is_not_connected_is_not_told_though_the_refusal_comes() {
    let (told, totals) = told_of(None);
    assert_eq!(told, [None; 2]);
    assert_eq!(totals.packets, 4);
}

#[test]
fn a_socket_that_is_connected_to_somebody_else_is_not_told() {
    for somebody_else in [SocketAddr::from((address(0), PORT + 1)), (address(5), PORT).into()] {
        let (told, totals) = told_of(Some(somebody_else));
        assert_eq!(told, [None; 2], "{somebody_else}");
        assert_eq!(totals.packets, 4);
    }
}
