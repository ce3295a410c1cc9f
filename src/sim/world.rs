//! The world of one trial: turmoil hosts with their drivers on one clock, and the hosts on them.
//!
//! turmoil provides the turmoil hosts, the clock and the order of execution. Its own latency is 0
//! and it loses nothing: [`fate`] plans what happens to packets.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::SystemTime;

use futures_util::FutureExt;

use crate::history::{Capture, Recorder};
use crate::message::Name;
use crate::scenario::{Fault, Latency};
use crate::time::{Duration, Instant};

use super::draw::Draw;
use super::fate::{self, NetworkFaults};
use super::host::SimHost;
use super::host_state::{DriverWaker, HostState};
use super::limits::{BUFFER, MANY, SMALL_BUFFER};
use super::net::{self, Internet, TrafficTotals};
use super::nic::{Nic, Routes};
use super::stack::Build;

/// Maximum number of datagrams that wait at a turmoil host. turmoil silently drops more; its
/// default is 64.
const UDP_CAPACITY: usize = 65_536;

/// The parameters of a world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of all draws.
    pub seed: u64,
    /// One-way latency between any two processes, unless a fault changes it.
    pub latency: Latency,
    /// The faults to inject, in the order of the scenario.
    pub faults: Vec<Fault>,
    /// The names of the processes, the broker's first.
    pub names: Vec<Name>,
    /// The end of the trial: nothing happens from this moment on.
    pub end: Instant,
    /// The length of a step: at most [`fate::tick`] of latency and faults, which is the default.
    pub tick: Duration,
    /// Whether packets are kept; by default they are not.
    pub capture: Capturing,
}

/// Whether a trial's packets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capturing {
    /// Packets are only counted.
    #[default]
    Nothing,
    /// The first packets are kept, up to the limit of a [`Capture`].
    Packets,
}

impl Plan {
    /// Returns a plan with the largest possible tick, which keeps no packets.
    pub fn new(
        seed: u64,
        latency: Latency,
        faults: Vec<Fault>,
        names: Vec<Name>,
        end: Instant,
    ) -> Plan {
        let tick = fate::tick(latency, &faults);
        Plan { seed, latency, faults, names, end, tick, capture: Capturing::Nothing }
    }
}

/// The world of one trial.
pub struct World {
    sim: turmoil::Sim<'static>,
    internet: Arc<Internet>,
    routes: Arc<Routes>,
    end: Instant,
    tick: Duration,
    panic: Arc<Mutex<Option<Panic>>>,
}

/// The payload of a panic.
type Panic = Box<dyn std::any::Any + Send>;

impl World {
    /// Creates a world with one host per process, all of them off, and no turmoil host yet.
    ///
    /// # Panics
    /// The tick is not a whole number of milliseconds, or less than 1 ms.
    pub fn new(plan: Plan) -> World {
        let Plan { seed, latency, faults, names, end, tick, capture } = plan;
        assert!(tick.as_millis() >= 1 && tick.as_micros() % 1_000 == 0, "no tick: {tick}");
        let seed = Draw::new(seed);
        let buffer = if names.len() > MANY { SMALL_BUFFER } else { BUFFER };
        let recorders = Recorder::one_each_watched(&names, super::log::event);
        let hosts = recorders.iter().map(|recorder| {
            let process = recorder.process().0;
            let (address, recorder) = (net::address(process), recorder.clone());
            let seed = seed.named("stack").with(process.into());
            Arc::new(HostState::new(process, Build { address, buffer, seed, recorder }))
        });
        let hosts = hosts.collect();
        let routes = Arc::new(Mutex::new(vec![None; names.len()]));
        let network_faults = NetworkFaults::new(seed, latency, &faults, names);
        let capture = (capture == Capturing::Packets).then(Capture::default);
        let internet = Arc::new(Internet::new(hosts, recorders, network_faults, capture));
        World { sim: clock(tick), internet, routes, end, tick, panic: Arc::default() }
    }

    /// Returns the host of a process.
    pub fn sim_host(&self, process: u32) -> SimHost {
        SimHost::new(self.internet.hosts()[process as usize].clone())
    }

    /// Returns the recorders, by process.
    pub fn recorders(&self) -> &[Recorder] {
        self.internet.recorders()
    }

    /// Adds a turmoil host for these processes, which runs `programs` until the trial ends and then
    /// drops them.
    ///
    /// The driver of the turmoil host runs before `programs` and before the tasks that they spawn
    /// with `tokio::spawn`. Do not use `spawn_local`: its tasks may run before the driver.
    ///
    /// # Panics
    /// `processes` is empty, or one of them is already on a turmoil host.
    pub fn add_turmoil_host(
        &mut self,
        processes: &[u32],
        programs: impl Future<Output = ()> + 'static,
    ) {
        let first = *processes.first().expect("a turmoil host has a process");
        let turmoil_host = Ipv4Addr::from_bits(Ipv4Addr::new(192, 168, 0, 1).to_bits() + first);
        let waker = Arc::new(DriverWaker::default());
        for &process in processes {
            self.internet.hosts()[process as usize].attach(waker.clone());
            self.routes.lock().expect("a trial has one thread")[process as usize] =
                Some(turmoil_host);
        }
        let (internet, routes) = (self.internet.clone(), self.routes.clone());
        let nic = Nic::new(internet, waker.clone(), routes, turmoil_host, self.end);
        let (tick, panic) = (self.tick.into(), self.panic.clone());
        self.sim.client(IpAddr::V4(turmoil_host), async move {
            let socket = Nic::plug_in().await;
            tokio::time::sleep(tick).await;
            waker.began.set(tokio::time::Instant::now()).expect("a turmoil host begins once");
            // Without tokio's budget for each poll of a task: the point at which it runs out may
            // depend on the tick.
            let running = tokio::task::unconstrained(run_turmoil_host(nic.drive(socket), programs));
            let caught = AssertUnwindSafe(running).catch_unwind().await;
            *panic.lock().expect("a trial has one thread") = caught.err();
            Err("a program or the driver panicked".into())
        });
    }

    /// Runs the world until a moment, rounded up to a whole tick.
    ///
    /// The first step of turmoil comes before the trial: in it every turmoil host binds its socket.
    ///
    /// # Panics
    /// A program panicked: resumes its panic. A task that it spawned panicked: panics with tokio's
    /// message.
    pub fn run_until(&mut self, at: Instant) {
        let at = at + self.tick;
        while self.stepped() < at {
            if let Err(error) = self.sim.step() {
                let panic = self.panic.lock().expect("a trial has one thread").take();
                std::panic::resume_unwind(panic.unwrap_or_else(|| Box::new(error.to_string())));
            }
        }
    }

    /// Returns the simulated time that has passed.
    pub fn elapsed(&self) -> Instant {
        Instant::ZERO + (self.stepped().since(Instant::ZERO) - self.tick)
    }

    fn stepped(&self) -> Instant {
        Instant::from_micros(self.sim.elapsed().as_micros() as u64)
    }

    /// Ends the trial now, or at its planned end if that has passed: switches every host off,
    /// writes the last records, and returns the totals.
    pub fn finish(&mut self) -> TrafficTotals {
        self.internet.finish(self.elapsed().min(self.end))
    }

    /// Takes out the packets that were kept so far, if any were to be kept. Works only once.
    pub fn take_capture(&mut self) -> Option<Capture> {
        self.internet.take_capture()
    }

    /// Returns a weak reference to the network, for tests of leaks.
    #[cfg(test)]
    pub(crate) fn watch(&self) -> std::sync::Weak<Internet> {
        Arc::downgrade(&self.internet)
    }
}

/// Polls the driver first and then the programs, at every moment, until the driver is done.
///
/// Never returns: turmoil stops the clock of a turmoil host whose software has returned.
async fn run_turmoil_host(driver: impl Future<Output = ()>, programs: impl Future<Output = ()>) {
    {
        let (mut driver, mut programs) = (pin!(driver), pin!(programs));
        let mut running = true;
        std::future::poll_fn(|cx| {
            if driver.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if running {
                running = programs.as_mut().poll(cx).is_pending();
            }
            Poll::Pending
        })
        .await;
    }
    std::future::pending().await
}

/// Builds a turmoil simulation without latency, losses or time limit.
fn clock(tick: Duration) -> turmoil::Sim<'static> {
    let zero = std::time::Duration::ZERO;
    turmoil::Builder::new()
        .tick_duration(tick.into())
        .simulation_duration(std::time::Duration::MAX)
        .min_message_latency(zero)
        .max_message_latency(zero)
        .fail_rate(0.0)
        .udp_capacity(UDP_CAPACITY)
        .rng_seed(0)
        .epoch(SystemTime::UNIX_EPOCH)
        .build()
}
