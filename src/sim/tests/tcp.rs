//! Tests of TCP: retransmission, backoff, refusal, resets, closing, the accept queue.

use super::*;
use crate::message::{EndReason, KeepAlive};

/// Returns the delays in milliseconds of numbers written every `every_ms` from 1 s on.
fn delays(told: &Told<(u64, Instant)>, every_ms: u64) -> Vec<u64> {
    let told = told.lock().expect("one thread");
    assert!(told.iter().zip(0..).all(|(&(number, _), n)| number == n), "out of order: {told:?}");
    told.iter().map(|&(n, at)| at.as_millis() - (1_000 + n * every_ms)).collect()
}

#[test]
fn nothing_is_lost_through_twenty_percent_packet_loss() {
    let told = Told::default();
    let faults = vec![fault(Effect::Loss { rate: 0.2 }, 0, 60_000)];
    let (_, totals) = run(plan(2, faults, 60_000), vec![reader(&told), writer(500, 20)]);
    assert_eq!(delays(&told, 20).len(), 500);
    assert!(totals.retransmits > 10 && totals.hits[0] > 30, "{totals:?}");
}

#[test]
fn nothing_is_lost_through_a_cut_of_three_seconds() {
    let told = Told::default();
    let faults = vec![fault(Effect::Cut, 2_000, 5_000)];
    let (_, totals) = run(plan(2, faults, 20_000), vec![reader(&told), writer(500, 20)]);
    assert_eq!(delays(&told, 20).len(), 500);
    assert!(totals.retransmits > 0 && totals.hits[0] > 0);
}

#[test]
fn the_worst_delay_of_a_cut_follows_from_the_doubling_of_the_timeout() {
    let told = Told::default();
    // The handshake took 40 ms, the first number's acknowledgement 42: the timeout is 252.25 ms,
    // rounded up 253. The second number leaves at 2,000, in the cut. The probe leaves with the
    // timeout, 253 ms later, since that is less than two round trips and 200 ms (280.5). The
    // retransmissions leave 253, then 506, 1,012, 2,024 ms after one another: at 2,506, 3,012,
    // 4,024 and 6,048. The cut ends at 6,000, so the last of these arrives at 6,068. Linux 6.18:
    // 4.09 to 4.11 s.
    let faults = vec![fault(Effect::Cut, 2_000, 6_000)];
    run(plan(2, faults, 20_000), vec![reader(&told), writer(2, 1_000)]);
    assert_eq!(delays(&told, 1_000), [20, 4_068]);
}

#[test]
fn nothing_new_leaves_a_busy_connection_before_the_outage_is_over() {
    let told = Told::default();
    // A number every 100 ms; that of 2,000 is the first in the cut. With that of 2,100 two are in
    // flight, and the probe is due two round trips and 8 ms later, before that of 2,200: at 2,192
    // or a little later. The timeout of 254 ms counts from the first, and is doubled: at 2,254,
    // 2,762, 3,778, 5,810 and 9,874. Nothing new leaves in between, so that the outage ends with
    // the last of these. Linux 6.18: 7.83 to 8.02 s.
    let faults = vec![fault(Effect::Cut, 2_000, 6_000)];
    run(plan(2, faults, 20_000), vec![reader(&told), writer(100, 100)]);
    let delays = delays(&told, 100);
    assert_eq!(delays.len(), 100);
    let worst = *delays.iter().max().unwrap();
    assert!((7_870..=7_920).contains(&worst), "{worst}");
}

#[test]
fn a_lost_segment_is_sent_again_once_a_later_one_has_arrived() {
    let told = Told::default();
    // A number every 30 ms; that of 2,020 is lost. That of 2,050 arrives at 2,070, its
    // acknowledgement at 2,090: more than a quarter of a round trip after that of the lost one was
    // due, at 2,060. So it is sent again at once, and arrives at 2,110.
    let faults = vec![fault(Effect::Cut, 2_010, 2_030)];
    run(plan(2, faults, 20_000), vec![reader(&told), writer(100, 30)]);
    let delays = delays(&told, 30);
    assert_eq!(delays.iter().max(), Some(&90));
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let client = program(move |net, _| async move {
        let error = net.connect(server()).await.err().expect("nobody listens");
        tell.lock().expect("one thread").push((error.kind(), net.now()));
    });
    let idle = program(|net, _| hold(net));
    let (history, _) = run(plan(2, vec![], 1_000), vec![idle, client]);
    // SYN there, RST back: two latencies.
    assert_eq!(*told.lock().unwrap(), [(std::io::ErrorKind::ConnectionRefused, ms(40))]);
    assert_eq!(stats_of(&history, 1)[0].1.reason, Some(EndReason::Refused));
}

#[test]
fn an_opening_that_nobody_answers_times_out() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let client = program(move |net, _| async move {
        let error = net.connect(server()).await.err().expect("the host is off");
        tell.lock().expect("one thread").push((error.kind(), net.now()));
    });
    let off = program(|net, host| async move {
        host.power_off(net.now());
        hold(net).await;
    });
    // SYNs at 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s; 64 s later it is over.
    let (_, totals) = run(plan(2, vec![], 200_000), vec![off, client]);
    assert_eq!(totals.retransmits, 10);
    assert_eq!(*told.lock().unwrap(), [(std::io::ErrorKind::TimedOut, ms(131_000))]);
}

#[test]
fn dropping_a_stream_still_sends_what_was_written_and_then_ends_in_order() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let server_program = program(move |net, _| async move {
        let mut stream = accept(&net).await;
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all).await.map_err(|error| error.kind());
        tell.lock().expect("one thread").push((all.len(), end));
    });
    let client = program(|net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        stream.write_all(&[7; 50_000]).await.expect("it fits");
    });
    let (history, _) = run(plan(2, vec![], 10_000), vec![server_program, client]);
    assert_eq!(*told.lock().unwrap(), [(50_000, Ok(50_000))]);
    let (client, server) = (stats_of(&history, 1)[0].1, stats_of(&history, 0)[0].1);
    assert_eq!((client.reason, server.reason), (Some(EndReason::Left), Some(EndReason::Fin)));
    assert_eq!((client.written, client.acknowledged), (50_000, 50_000));
    assert_eq!((server.arrived, server.read), (50_000, 50_000));
}

#[test]
fn dropping_a_stream_with_unread_data_resets_the_peer() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let server_program = program(|net, _| async move {
        let mut stream = accept(&net).await;
        stream.write_all(b"last words").await.expect("it fits");
        net.sleep_until(ms(500)).await;
    });
    let client = program(move |net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        stream.write_all(b"never read").await.expect("it fits");
        net.sleep_until(ms(1_000)).await;
        let mut words = [0; 10];
        stream.read_exact(&mut words).await.expect("what had come stays readable");
        assert_eq!(&words, b"last words");
        let error = stream.read_u8().await.expect_err("then the reset is seen");
        tell.lock().expect("one thread").push(error.kind());
        let error = stream.write_u8(0).await.expect_err("and by writers too");
        tell.lock().expect("one thread").push(error.kind());
    });
    let (history, _) = run(plan(2, vec![], 5_000), vec![server_program, client]);
    assert_eq!(*told.lock().unwrap(), [std::io::ErrorKind::ConnectionReset; 2]);
    let (at, server) = stats_of(&history, 0)[0];
    assert_eq!((server.reason, server.arrived, server.read), (Some(EndReason::Left), 10, 0));
    let (_, client) = stats_of(&history, 1)[0];
    assert_eq!((at, client.reason), (ms(500), Some(EndReason::Reset)));
    assert_eq!((client.written, client.acknowledged, client.read), (10, 10, 10));
}

#[test]
fn data_for_a_program_that_has_left_is_answered_with_a_reset() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let server_program = program(|net, _| async move {
        drop(accept(&net).await);
        hold(net).await;
    });
    let client = program(move |net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        assert_eq!(stream.read(&mut [0; 8]).await.expect("FIN is no error"), 0);
        stream.write_u64(1).await.expect("the other direction is open still");
        net.sleep_until(ms(1_000)).await;
        let error = stream.write_u64(2).await.expect_err("the reset has come");
        tell.lock().expect("one thread").push(error.kind());
    });
    run(plan(2, vec![], 5_000), vec![server_program, client]);
    assert_eq!(*told.lock().unwrap(), [std::io::ErrorKind::ConnectionReset]);
}

#[test]
fn an_orphan_that_waits_for_the_peers_end_dies_after_a_minute() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let deaf = program(move |net, _| async move {
        let stream = accept(&net).await;
        net.sleep_until(ms(70_000)).await;
        // By then the other end has forgotten the connection: it answers with a reset.
        let mut stream = stream;
        stream.write_u8(1).await.expect("nothing is known yet");
        net.sleep_until(ms(70_040)).await;
        stream.write_u8(1).await.expect_err("the reset has come");
        tell.lock().expect("one thread").push(());
    });
    let client = program(|net, _| async move {
        drop(net.connect(server()).await.expect("the server listens"));
    });
    let (history, _) = run(plan(2, vec![], 80_000), vec![deaf, client]);
    assert_eq!(told.lock().unwrap().len(), 1);
    // FIN at 40, its ACK at 60 comes back at 80: recorded then, removed 60 s later.
    assert_eq!(stats_of(&history, 1)[0].1.reason, Some(EndReason::Left));
    assert_eq!(stats_of(&history, 1)[0].0, ms(80));
}

#[test]
fn shutting_down_ends_one_direction_only() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let server_program = program(|net, _| async move {
        let mut stream = accept(&net).await;
        let mut question = Vec::new();
        stream.read_to_end(&mut question).await.expect("the end is in order");
        stream.write_all(&question).await.expect("the other direction is open");
    });
    let client = program(move |net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        stream.write_all(b"echo").await.expect("it fits");
        stream.shutdown().await.expect("it is open");
        net.sleep_until(ms(4_000)).await;
        let mut answer = Vec::new();
        // By now TIME-WAIT, 2 s, is over; the bytes that arrived are still there.
        stream.read_to_end(&mut answer).await.expect("the end is in order");
        tell.lock().expect("one thread").push(answer);
    });
    let (_, totals) = run(plan(2, vec![], 10_000), vec![server_program, client]);
    assert_eq!(*told.lock().unwrap(), [b"echo".to_vec()]);
    assert_eq!(totals.retransmits, 0, "a FIN went without its ACK");
}

#[test]
fn a_full_accept_queue_drops_syns_in_silence() {
    let told: Told<_> = Told::default();
    let sleeper = program(|net, _| async move {
        let mut listener = net.listen(PORT, 16).await.expect("the port is free");
        net.sleep_until(ms(3_000)).await;
        let mut streams = Vec::new();
        loop {
            streams.push(listener.accept().await.expect("the network is there"));
        }
    });
    let tell = told.clone();
    let client = program(move |net, _| async move {
        let connect = || async {
            let stream = net.connect(server()).await.expect("in the end it is accepted");
            tell.lock().expect("one thread").push(net.now().as_millis());
            hold(stream).await;
        };
        futures_util::future::join_all((0..20).map(|_| connect())).await;
    });
    run(plan(2, vec![], 10_000), vec![sleeper, client]);
    let told = told.lock().unwrap();
    // Sixteen wait in the queue at once. The SYNs of the other four go again every second; that of
    // 3,000 arrives at 3,020, after room was made.
    assert_eq!(told[..16], [40; 16]);
    assert_eq!(told[16..], [3_040; 4]);
}

/// Returns a client whose host loses power at 1 s.
fn loses_power() -> Program {
    program(|net, host| async move {
        let stream = net.connect(server()).await.expect("the server listens");
        net.sleep_until(ms(1_000)).await;
        host.power_off(net.now());
        hold(stream).await;
    })
}

/// Returns a server that accepts one connection, writes `written` at 2 s, and reports what reading
/// ends with, and when.
fn listener_of(written: &'static [u8], told: &Told<(Instant, std::io::ErrorKind)>) -> Program {
    let tell = told.clone();
    program(move |net, _| async move {
        let mut stream = accept(&net).await;
        net.sleep_until(ms(2_000)).await;
        stream.write_all(written).await.expect("it fits");
        let error = stream.read_u8().await.expect_err("nothing is ever written");
        tell.lock().expect("one thread").push((net.now(), error.kind()));
    })
}

#[test]
fn an_idle_peer_never_notices_a_half_open_connection() {
    let told: Told<_> = Told::default();
    let (_, totals) = run(plan(2, vec![], 3_000_000), vec![listener_of(b"", &told), loses_power()]);
    assert_eq!(*told.lock().unwrap(), []);
    assert_eq!(totals.packets, 3, "the handshake");
}

#[test]
fn a_peer_that_writes_gives_up_a_half_open_connection_after_a_quarter_of_an_hour() {
    let told: Told<_> = Told::default();
    run(plan(2, vec![], 3_000_000), vec![listener_of(b"?", &told), loses_power()]);
    // The SYN-ACK's round trip was 40 ms: 252 ms. Probe at .252, then timeouts at .504, 1.008, 2.016
    // … and 129.024 s, and every 120 s from then on: 249.024, … 849.024, 969.024. At 849 the first
    // of them, at .504, is 848.5 s ago, less than 924.6; at 969 it is over. Linux 6.18: 977 s.
    let expected = (ms(971_024), std::io::ErrorKind::TimedOut);
    assert_eq!(*told.lock().unwrap(), [expected]);
}

#[test]
fn keep_alive_finds_a_half_open_connection() {
    let told: Told<_> = Told::default();
    let mut plan = plan(2, vec![], 60_000);
    let seconds = Duration::from_secs;
    let keep_alive = KeepAlive { after: seconds(10), every: seconds(3), probes: 4 };
    plan.keep_alive.insert(0, keep_alive);
    let (_, totals) = run(plan, vec![listener_of(b"", &told), loses_power()]);
    // The handshake's ACK arrived at 60 ms: probes at 10.06, 13.06, 16.06 and 19.06 s.
    let expected = (ms(22_060), std::io::ErrorKind::TimedOut);
    assert_eq!(*told.lock().unwrap(), [expected]);
    assert_eq!(totals.packets, 3 + 4 + 1, "the handshake, the probes, a reset");
}

#[test]
fn keep_alive_lets_an_idle_peer_be() {
    let told: Told<_> = Told::default();
    let mut plan = plan(2, vec![], 60_000);
    let seconds = Duration::from_secs;
    let keep_alive = KeepAlive { after: seconds(10), every: seconds(3), probes: 4 };
    plan.keep_alive.insert(0, keep_alive);
    let quiet = program(|net, _| async move {
        hold(net.connect(server()).await.expect("the server listens")).await;
    });
    let (_, totals) = run(plan, vec![listener_of(b"", &told), quiet]);
    // At 10.06, 20.1, 30.14, 40.18 and 50.22 s, each answered.
    assert_eq!(*told.lock().unwrap(), []);
    assert_eq!(totals.packets, 3 + 5 * 2);
}

#[test]
fn flipped_bits_are_dropped_and_everything_arrives_intact() {
    let told = Told::default();
    let faults = vec![fault(Effect::Corrupt { rate: 0.2 }, 0, 60_000)];
    let (_, totals) = run(plan(2, faults, 60_000), vec![reader(&told), writer(300, 20)]);
    assert_eq!(delays(&told, 20).len(), 300);
    assert!(totals.hits[0] > 40 && totals.retransmits > 20, "{totals:?}");
}

#[test]
fn a_megabyte_fills_and_drains_the_window() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let slow = program(move |net, _| async move {
        let mut stream = accept(&net).await;
        net.sleep_until(ms(2_000)).await;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.expect("the end is in order");
        assert!(all.iter().zip(0_u32..).all(|(&byte, n)| byte == (n / 7) as u8));
        tell.lock().expect("one thread").push(all.len());
    });
    let client = program(|net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        let all: Vec<u8> = (0..1_000_000_u32).map(|n| (n / 7) as u8).collect();
        stream.write_all(&all).await.expect("the connection lives");
    });
    run(plan(2, vec![], 60_000), vec![slow, client]);
    assert_eq!(*told.lock().unwrap(), [1_000_000]);
}
