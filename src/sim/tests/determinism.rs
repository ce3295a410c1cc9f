//! Tests that a trial gives the same bytes with all processes together, and with processes apart:
//! at any tick, with turmoil hosts in any order, and with processes on any turmoil host.

use super::*;
use crate::net::Datagrams as _;

/// Runs a busy trial: an echo server, TCP and UDP clients, and a storm of many kinds of faults.
fn busy(placement: Placement, groups: Vec<Vec<u32>>) -> (String, TrafficTotals, Vec<Vec<Read>>) {
    let faults = vec![
        fault(Effect::Loss { rate: 0.1 }, 0, 60_000),
        fault(Effect::Cut, 2_000, 3_000),
        fault(Effect::Duplicate { rate: 0.1 }, 0, 60_000),
        fault(Effect::Reorder { rate: 0.1, delay: Duration::from_millis(35) }, 0, 60_000),
        fault(Effect::Corrupt { rate: 0.05 }, 0, 60_000),
        fault(Effect::Bandwidth { bytes_per_second: 20_000, queue_bytes: 4_000 }, 4_000, 5_000),
    ];
    let mut plan = plan(4, faults, 6_505);
    plan.latency.max = Duration::from_millis(45);
    (plan.placement, plan.groups) = (placement, groups);
    let told: Vec<Told<Read>> = (0..4).map(|_| Told::default()).collect();
    let tell = told[3].clone();
    let crash = program(|net, host| async move {
        let stream = net.connect(server()).await.expect("the server listens");
        net.sleep_until(ms(1_234)).await;
        host.power_off(net.now());
        drop(stream);
        net.sleep_until(ms(2_345)).await;
        chat(host.power_on(1), tell).await;
    });
    let talk = |process: usize| {
        let tell = told[process].clone();
        program(move |net, _| chat(net, tell))
    };
    let (history, totals) = run(plan, vec![echo(), talk(1), talk(2), crash]);
    let told = told.iter().map(|told| told.lock().expect("one thread").clone()).collect();
    (history.trace_lines().collect::<String>(), totals, told)
}

/// Returns a server that echoes streams and datagrams, each stream in a task of its own.
fn echo() -> Program {
    program(|net, _| async move {
        let mut listener = net.listen(PORT, 1_024).await.expect("the port is free");
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

/// The time and the result of a read: the number of bytes, or the error.
type Read = (Instant, Result<usize, std::io::ErrorKind>);

/// Talks over TCP and UDP, reports each answer, and connects again when the connection ends.
async fn chat(net: SimNet, told: Told<Read>) {
    let tell = |read: std::io::Result<usize>| {
        let read = read.map_err(|error| error.kind());
        told.lock().expect("one thread").push((net.now(), read));
    };
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
                read = stream.read(&mut buffer) => {
                    let goes_on = matches!(read, Ok(1..));
                    tell(read);
                    if !goes_on {
                        break;
                    }
                }
                read = socket.recv_from(&mut answer) => tell(read.map(|(length, _)| length)),
                () = net.sleep_until(at + Duration::from_millis(200)) => {}
            }
        }
    }
}

/// Returns a turmoil host for each process.
fn alone() -> Vec<Vec<u32>> {
    (0..4).map(|process| vec![process]).collect()
}

fn apart(tick_ms: u64) -> Placement {
    let tick = Some(Duration::from_millis(tick_ms));
    Placement::Apart(Apart { tick, order: TurmoilOrder::Forward })
}

#[test]
fn a_trial_is_the_same_together_and_apart_at_any_tick() {
    let expected = busy(Placement::Together, alone());
    let (trace, totals, told) = &expected;
    assert!(told[1..].iter().all(|told| told.len() > 100), "a client was hardly answered");
    assert!(totals.hits.iter().all(|&hits| hits > 0), "a fault never bit: {totals:?}");
    assert!(trace.len() > 2_000 && totals.retransmits > 0, "{}", trace.len());
    for tick in [1, 2, 5, 10, 20] {
        assert_eq!(busy(apart(tick), alone()), expected, "tick {tick}");
    }
}

#[test]
fn a_trial_is_the_same_with_its_turmoil_hosts_reversed_or_shared() {
    let expected = busy(Placement::Together, alone());
    let reversed = Placement::Apart(Apart { tick: None, order: TurmoilOrder::Reverse });
    assert_eq!(busy(reversed, alone()), expected);
    assert_eq!(busy(apart(20), vec![vec![0, 1, 2, 3]]), expected);
    assert_eq!(busy(apart(10), vec![vec![3, 1], vec![2, 0]]), expected);
}

/// Runs many clients that all act at the same moments, each in a task that its program spawns.
fn crowd(placement: Placement) -> (TrafficTotals, Vec<(u32, Read)>) {
    const COUNT: u32 = 150;
    let mut plan = plan(1, vec![], 3_000);
    plan.names.extend((1..=COUNT).map(|n| Name::from(format!("reader#{n}"))));
    (plan.placement, plan.groups) = (placement, vec![vec![0], (1..=COUNT).collect()]);
    let mut world = World::new(plan);
    let broker = world.sim_host(0);
    world.add(0, echo()(broker.power_on(0), broker));
    let told: Told<(u32, Read)> = Told::default();
    for process in 1..=COUNT {
        let (net, tell) = (world.sim_host(process).power_on(0), told.clone());
        let client = async move {
            let mut stream = net.connect(server()).await.expect("the server listens");
            let mut buffer = [0; 64];
            for n in 0..20 {
                net.sleep_until(ms(1_000 + n * 40)).await;
                stream.write_all(&buffer).await.expect("the connection lives");
                let read = stream.read(&mut buffer).await.map_err(|error| error.kind());
                tell.lock().expect("one thread").push((process, (net.now(), read)));
            }
        };
        world.add(process, async move {
            tokio::spawn(client);
            hold(()).await;
        });
    }
    world.run(None).expect("nothing panics");
    let told = told.lock().expect("one thread").clone();
    (world.finish(), told)
}

#[test]
fn a_crowd_does_the_same_in_the_same_order_together_and_apart_at_any_tick() {
    let expected = crowd(Placement::Together);
    assert_eq!(expected.1.len(), 150 * 20);
    for tick in [1, 4, 10, 20] {
        assert_eq!(crowd(apart(tick)), expected, "tick {tick}");
    }
}

#[test]
#[should_panic = "a packet came late"]
fn a_tick_above_the_latency_is_noticed() {
    busy(apart(40), alone());
}
