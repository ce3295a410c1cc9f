//! Tests of a host's power: loss, restart and sleep.

use super::*;
use crate::message::EndReason;
use crate::net::Stream as _;
use crate::sim::stack::Power;
use crate::sim::trial_error::TrialError;

#[test]
fn a_power_loss_sends_nothing_and_a_restarted_host_resets_old_connections() {
    let told: Told<_> = Told::default();
    let client = program(|net, host| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        net.sleep_until(ms(1_000)).await;
        stream.write_all(b"never sent").await.expect("it fits");
        host.power_off(net.now());
        assert!(stream.read_u8().await.is_err() && stream.write_u8(0).await.is_err());
        assert!(net.connect(server()).await.is_err());
        net.sleep_until(ms(2_000)).await;
        let again = host.power_on(1);
        assert!(stream.write_u8(0).await.is_err(), "the old incarnation stays dead");
        hold((again, stream)).await;
    });
    let tell = told.clone();
    let writer = program(move |net, _| async move {
        let mut stream = accept(&net).await;
        net.sleep_until(ms(3_000)).await;
        stream.write_all(b"are you there").await.expect("it fits");
        let error = stream.read_u8().await.expect_err("the other end is new");
        tell.lock().expect("one thread").push((net.now(), error.kind()));
    });
    let (history, _) = run(plan(2, vec![], 10_000), vec![writer, client]);
    let reset = std::io::ErrorKind::ConnectionReset;
    assert_eq!(*told.lock().unwrap(), [(ms(3_040), reset)]);
    let (at, last) = stats_of(&history, 1)[0];
    assert_eq!((at, last.reason), (ms(1_000), Some(EndReason::PowerLost)));
    assert_eq!((last.written, last.acknowledged), (10, 0));
    let (at, ended) = stats_of(&history, 0)[0];
    assert_eq!((at, ended.reason), (ms(3_040), Some(EndReason::Reset)));
    assert_eq!((ended.arrived, ended.written, ended.acknowledged), (0, 13, 0));
}

#[test]
fn a_restarted_client_that_meets_its_old_port_replaces_the_connection() {
    let told: Told<_> = Told::default();
    let tell = told.clone();
    let acceptor = program(move |net, _| async move {
        let mut listener = net.listen(PORT, 16).await.expect("the port is free");
        let mut old = listener.accept().await.expect("the network is there");
        let new = listener.accept().await.expect("the network is there");
        let reset = old.read_u8().await.is_err();
        tell.lock().expect("one thread").push((net.now(), reset));
        assert_eq!(old.local_addr(), new.local_addr());
        hold((old, new)).await;
    });
    let client = program(move |net, host| async move {
        let first = net.connect(server()).await.expect("the server listens");
        let port = first.local_addr();
        net.sleep_until(ms(1_000)).await;
        host.power_off(net.now());
        let again = host.power_on(1);
        host.use_port_next(port.port());
        let second = again.connect(server()).await.expect("the old one gives way");
        assert_eq!(second.local_addr(), port);
        hold((first, second)).await;
    });
    run(plan(2, vec![], 10_000), vec![acceptor, client]);
    // SYN at 1,000, SYN-ACK at 1,020, ACK at 1,040: accepted at 1,060.
    assert_eq!(*told.lock().unwrap(), [(ms(1_060), true)]);
}

#[test]
fn a_host_that_sleeps_takes_and_sends_nothing_and_catches_up() {
    let told = Told::default();
    let reading = reader(&told);
    let sleeper = program(|net, host| {
        let (other, asleep) = (net.clone(), host.clone());
        let switch = async move {
            other.sleep_until(ms(1_500)).await;
            host.pause();
            assert_eq!(host.power(), Power::Paused);
            other.sleep_until(ms(2_500)).await;
            host.resume();
            hold(host).await;
        };
        let reading = reading(net, asleep);
        async move {
            futures_util::future::join(switch, reading).await;
        }
    });
    let (history, totals) = run(plan(2, vec![], 20_000), vec![sleeper, writer(20, 100)]);
    let told = told.lock().unwrap();
    assert_eq!(told.iter().map(|&(n, _)| n).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    assert!(told.iter().all(|&(_, at)| at < ms(1_500) || at >= ms(2_500)));
    assert!(totals.retransmits > 0);
    assert_eq!(stats_of(&history, 0)[0].1.arrived, 160);
}

#[test]
fn all_memory_of_a_world_is_freed() {
    for placement in [Placement::Together, Placement::Apart(Apart::default())] {
        let mut world = World::new(Plan { placement, ..plan(2, vec![], 5_000) });
        let told = Told::default();
        for (process, program) in [(0, reader(&told)), (1, writer(10, 100))] {
            let host = world.sim_host(process);
            world.add(process, program(host.power_on(0), host));
        }
        let watch = world.watch();
        world.run(None).expect("nothing panics");
        drop(world);
        assert_eq!(told.lock().unwrap().len(), 10);
        assert!(watch.upgrade().is_none(), "net, nic and stacks hold each other");
    }
}

/// Runs a world of two processes until `program` of the second one panics.
fn run_until_panic(
    placement: Placement,
    program: impl Future<Output = ()> + 'static,
) -> TrialError {
    let mut world = World::new(Plan { placement, ..plan(2, vec![], 1_000) });
    world.add(0, hold(()));
    world.add(1, program);
    world.run(None).expect_err("it panics")
}

#[test]
fn a_panic_names_its_process() {
    for placement in [Placement::Together, Placement::Apart(Apart::default())] {
        let error = run_until_panic(placement, async { panic!("a bug in a program") });
        assert_eq!(error.to_string(), "panicked: in the program of a: a bug in a program");
    }
}

#[test]
#[should_panic = "a spawned task panicked"]
fn a_panic_of_a_spawned_task_comes_out() {
    run_until_panic(Placement::Together, async {
        tokio::spawn(async { panic!("a bug in a task") });
        hold(()).await;
    });
}
