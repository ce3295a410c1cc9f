//! Tests of the network below the links, on which every scenario relies.

mod counters;
mod determinism;
mod power;
mod tcp;
mod turmoil_behaviour;
mod udp;

use std::future::Future;
use std::net::{SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::host::SimHost;
use super::net::{TrafficTotals, address};
use super::placement::{Apart, Placement, TurmoilOrder};
use super::socket::{SimNet, SimStream};
use super::world::{Plan, World};
use crate::history::{ConnectionStats, EventKind, History, Process};
use crate::message::Name;
use crate::net::{Listener as _, Net as _};
use crate::scenario::{Direction, Effect, Fault, Latency, Who};
use crate::time::{Duration, Instant};

/// The port on which the first process listens.
const PORT: u16 = 7_000;

/// A process's program; it gets the network of its host's first boot, and the host.
type Program = Box<dyn Send + FnOnce(SimNet, SimHost) -> Pin<Box<dyn Future<Output = ()> + Send>>>;

/// Values that programs report to the test.
type Told<T> = Arc<Mutex<Vec<T>>>;

fn program<F: Future<Output = ()> + Send + 'static>(
    run: impl FnOnce(SimNet, SimHost) -> F + Send + 'static,
) -> Program {
    Box::new(move |net, host| Box::pin(run(net, host)))
}

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Returns a plan with a latency of 20 ms and the processes `broker`, `a`, `b`, …
fn plan(processes: usize, faults: Vec<Fault>, end_ms: u64) -> Plan {
    let names = (0..processes).map(|n| name(n as u32)).collect();
    let latency = Latency { min: Duration::from_millis(20), max: Duration::from_millis(20) };
    Plan::new(42, latency, faults, names, ms(end_ms))
}

fn name(process: u32) -> Name {
    match process {
        0 => "broker".into(),
        n => char::from(b'a' + (n - 1) as u8).to_string().into(),
    }
}

fn fault(effect: Effect, from_ms: u64, to_ms: u64) -> Fault {
    let who = Who::Clients(vec!["a".into()]);
    Fault { effect, who, at: ms(from_ms), until: ms(to_ms), direction: Direction::Both }
}

fn server() -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(address(0), PORT))
}

/// Runs the program of each process until the end of the trial.
fn run(plan: Plan, programs: Vec<Program>) -> (History, TrafficTotals) {
    let names = plan.names.clone();
    let mut world = World::new(plan);
    for (process, program) in (0..).zip(programs) {
        let host = world.sim_host(process);
        world.add(process, program(host.power_on(0), host));
    }
    world.run(None).expect("nothing panics");
    let totals = world.finish();
    let processes = names.into_iter().map(|name| Process { name: name.clone(), client: name });
    (History::assemble(processes.collect(), world.recorders()), totals)
}

/// Returns the statistics of a process's ended connections, in the order of their recording.
fn stats_of(history: &History, process: u32) -> Vec<(Instant, ConnectionStats)> {
    let of = history.events.iter().filter(|event| event.process.0 == process);
    of.filter_map(|event| match &event.kind {
        EventKind::Ended(stats) => Some((event.at, **stats)),
        _ => None,
    })
    .collect()
}

/// Accepts one connection.
async fn accept(net: &SimNet) -> SimStream {
    let mut listener = net.listen(PORT, 16).await.expect("the port is free");
    listener.accept().await.expect("the network is there")
}

/// Waits for ever, so that `held` is not dropped.
async fn hold<T>(held: T) {
    std::future::pending::<()>().await;
    drop(held);
}

/// Returns a client that writes `count` numbers of 8 bytes, one every `every_ms` from 1 s on.
fn writer(count: u64, every_ms: u64) -> Program {
    program(move |net, _| async move {
        let mut stream = net.connect(server()).await.expect("the server listens");
        for n in 0..count {
            net.sleep_until(ms(1_000 + n * every_ms)).await;
            stream.write_all(&n.to_be_bytes()).await.expect("the connection lives");
        }
        hold(stream).await;
    })
}

/// Returns a server that reads numbers from one connection, and reports each with its time.
fn reader(told: &Told<(u64, Instant)>) -> Program {
    let told = told.clone();
    program(move |net, _| async move {
        let mut stream = accept(&net).await;
        while let Ok(number) = stream.read_u64().await {
            told.lock().expect("one thread").push((number, net.now()));
        }
        hold(stream).await;
    })
}
