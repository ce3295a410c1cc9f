//! The world of one trial: the hosts of all processes on one clock, and the programs on them.
//!
//! turmoil provides the turmoil hosts and the clock; within a turmoil host the order is that of its
//! schedule. turmoil's own latency is 0 and it loses nothing: [`fate`] plans what happens to packets.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::SystemTime;

use super::packet_stream::Capturing;
use crate::history::{Capture, Recorder};
use crate::message::{KeepAlive, Name};
use crate::scenario::{Fault, Latency};
use crate::time::{Duration, Instant};

use super::activity::{Activity, Doing};
use super::draw::Draw;
use super::fate::{self, NetworkFaults};
use super::host::SimHost;
use super::host_state::{DriverWaker, HostState};
use super::limits::{BUFFER, MANY, SMALL_BUFFER};
use super::net::{self, Internet, TrafficTotals};
use super::nic::{Nic, Routes, TurmoilSocket};
use super::placement::{Placement, TurmoilOrder};
use super::schedule::{LocalTask, PanicOf, Schedule};
use super::stack::Build;
use super::trial_error::TrialError;
use super::trial_limits::{LimitCheck, TrialLimits};

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
    /// The placement of the processes on turmoil hosts.
    pub placement: Placement,
    /// The processes that share a turmoil host when they are apart: a list for each turmoil host.
    /// By default each process has one of its own.
    pub groups: Vec<Vec<u32>>,
    /// Keep-alive of the processes that ask for it; by default none does.
    pub keep_alive: BTreeMap<u32, KeepAlive>,
    /// Whether packets are kept; by default they are not.
    pub capture: Capturing,
    /// Limits of the trial's cost.
    pub limits: TrialLimits,
}

impl Plan {
    /// Returns a plan for processes that are together, which keeps no packets.
    pub fn new(
        seed: u64,
        latency: Latency,
        faults: Vec<Fault>,
        names: Vec<Name>,
        end: Instant,
    ) -> Plan {
        let (placement, capture) = (Placement::default(), Capturing::default());
        let groups = (0..names.len() as u32).map(|process| vec![process]).collect();
        let limits = TrialLimits::default();
        let keep_alive = BTreeMap::new();
        Plan { seed, latency, faults, names, end, placement, groups, keep_alive, capture, limits }
    }

    /// Returns the length of a step of turmoil when the processes are apart.
    fn tick(&self) -> Duration {
        let given = match self.placement {
            Placement::Together => None,
            Placement::Apart(apart) => apart.tick,
        };
        given.unwrap_or_else(|| fate::tick(self.latency, &self.faults))
    }
}

/// Checks from time to time whether a trial is to end.
pub struct Checks {
    /// The moment of the first check.
    pub first: Instant,
    /// Checks the trial as it is right before a moment. Returns the moment of the next check;
    /// `None` ends the trial.
    pub check: Box<dyn FnMut(Instant) -> Option<Instant>>,
}

/// The world of one trial.
pub struct World {
    internet: Arc<Internet>,
    placement: Placement,
    groups: Vec<Vec<u32>>,
    tick: Duration,
    end: Instant,
    limits: TrialLimits,
    activity: Arc<Activity>,
    /// The programs of each process, by index.
    programs: Vec<Vec<LocalTask>>,
    /// The simulation; kept until the last records are written.
    sim: Option<turmoil::Sim<'static>>,
    /// The moment at which the trial ended.
    ended_at: Instant,
}

impl World {
    /// Creates a world with one host per process, all of them off, and no programs.
    ///
    /// # Panics
    /// The tick is not a whole number of milliseconds, or less than 1 ms.
    pub fn new(plan: Plan) -> World {
        let tick = plan.tick();
        let Plan { latency, faults, names, end, placement, groups, capture, limits, .. } = plan;
        assert!(tick.as_millis() >= 1 && tick.as_micros().is_multiple_of(1_000), "no tick: {tick}");
        let seed = Draw::new(plan.seed);
        let buffer = if names.len() > MANY { SMALL_BUFFER } else { BUFFER };
        let recorders = Recorder::one_each_watched(&names, super::log::event);
        let hosts = recorders.iter().map(|recorder| {
            let process = recorder.process().0;
            let (address, recorder) = (net::address(process), recorder.clone());
            let seed = seed.named("stack").with(process.into());
            let keep_alive = plan.keep_alive.get(&process).copied();
            let build = Build { address, buffer, seed, keep_alive, recorder };
            Arc::new(HostState::new(process, build))
        });
        let hosts = hosts.collect();
        let programs = names.iter().map(|_| Vec::new()).collect();
        let network_faults = NetworkFaults::new(seed, latency, &faults, names);
        let internet = Arc::new(Internet::new(hosts, recorders, network_faults, capture));
        let (sim, ended_at) = (None, Instant::ZERO);
        let activity = Arc::default();
        World { internet, placement, groups, tick, end, limits, activity, programs, sim, ended_at }
    }

    /// Lets another thread see the activity of the trial.
    pub(super) fn show_activity(&mut self, activity: Arc<Activity>) {
        self.activity = activity;
    }

    /// Returns the host of a process.
    pub fn sim_host(&self, process: u32) -> SimHost {
        SimHost::new(self.internet.hosts()[process as usize].clone())
    }

    /// Returns the recorders, by process.
    pub fn recorders(&self) -> &[Recorder] {
        self.internet.recorders()
    }

    /// Adds a program of a process. It runs until the trial ends, and is then dropped.
    ///
    /// At each moment packets move before programs run, and programs before the tasks that they
    /// spawn with `tokio::spawn`. Do not use `spawn_local`: its tasks may run first.
    pub fn add(&mut self, process: u32, program: impl Future<Output = ()> + 'static) {
        self.programs[process as usize].push(Box::pin(program));
    }

    /// Runs all programs until the end of the trial, or until a check ends it. Returns the moment
    /// of the end. Works only once.
    ///
    /// # Errors
    /// A program panicked, the trial was cancelled, or it exceeded a limit.
    ///
    /// # Panics
    /// A task that a program spawned panicked: panics with tokio's message.
    pub fn run(&mut self, checks: Option<Checks>) -> Result<Instant, TrialError> {
        let ended_at = match self.placement {
            Placement::Together => self.run_together(checks),
            Placement::Apart(apart) => self.run_apart(apart.order, checks),
        }?;
        self.activity.turn_to(Doing::Ours);
        self.ended_at = ended_at;
        Ok(ended_at)
    }

    /// Runs the trial in one step of turmoil, which is a little longer than the trial, so that its
    /// last timer fires.
    fn run_together(&mut self, checks: Option<Checks>) -> Result<Instant, TrialError> {
        let all: Vec<u32> = (0..self.programs.len() as u32).collect();
        let routes = self.routes(std::slice::from_ref(&all));
        let clock = CheckClock::new(checks, self.tick, self.end);
        let host = self.turmoil_host(&all, &routes, None, clock);
        let mut sim = turmoil_sim(self.end.since(Instant::ZERO) + self.tick);
        let ended_at = Arc::new(Mutex::new(self.end));
        let at = ended_at.clone();
        sim.client(IpAddr::V4(turmoil_address(0)), async move {
            *at.lock().expect("a trial has one thread") = host.await?;
            Ok(())
        });
        step(self.sim.insert(sim))?;
        let ended_at = *ended_at.lock().expect("a trial has one thread");
        Ok(ended_at)
    }

    /// Runs the trial tick by tick, each group of processes on a turmoil host of its own.
    ///
    /// The first step of turmoil comes before the trial: in it every turmoil host binds its socket.
    fn run_apart(
        &mut self,
        order: TurmoilOrder,
        checks: Option<Checks>,
    ) -> Result<Instant, TrialError> {
        let groups = std::mem::take(&mut self.groups);
        let routes = self.routes(&groups);
        let mut groups: Vec<&Vec<u32>> = groups.iter().collect();
        if order == TurmoilOrder::Reverse {
            groups.reverse();
        }
        let tick = self.tick;
        let mut sim = turmoil_sim(tick);
        for processes in groups {
            let no_checks = CheckClock::new(None, tick, self.end);
            let host = self.turmoil_host(processes, &routes, Some(tick), no_checks);
            sim.client(IpAddr::V4(turmoil_address(processes[0])), async move {
                host.await?;
                // turmoil stops the clock of a turmoil host whose software has returned.
                std::future::pending().await
            });
        }
        let sim = self.sim.insert(sim);
        step(sim)?;
        let mut clock = CheckClock::new(checks, tick, self.end);
        loop {
            self.activity.turn_to(Doing::Ours);
            let now = Instant::from_micros(sim.elapsed().as_micros() as u64 - tick.as_micros());
            if now >= self.end {
                return Ok(self.end);
            }
            if clock.ends(now) {
                return Ok(now);
            }
            step(sim)?;
        }
    }

    /// Returns the turmoil host of each process, and connects their hosts with its driver.
    fn routes(&self, groups: &[Vec<u32>]) -> Arc<Routes> {
        let mut routes = vec![None; self.programs.len()];
        for processes in groups {
            for &process in processes {
                let route = &mut routes[process as usize];
                assert!(route.is_none(), "process {process} is on two turmoil hosts");
                *route = Some(turmoil_address(processes[0]));
            }
        }
        let route = |route: Option<Ipv4Addr>| route.expect("every process is on a turmoil host");
        Arc::new(routes.into_iter().map(route).collect())
    }

    /// Returns the software of one turmoil host: the driver and the programs of `processes`, until
    /// the end of the trial, or until a check ends it. Returns the moment of the end.
    ///
    /// With a `tick`, packets travel over turmoil's network to other turmoil hosts, and the trial
    /// begins after that time.
    fn turmoil_host(
        &mut self,
        processes: &[u32],
        routes: &Arc<Routes>,
        tick: Option<Duration>,
        mut clock: CheckClock,
    ) -> impl Future<Output = Result<Instant, TrialError>> + use<> {
        let here = turmoil_address(*processes.first().expect("a turmoil host has a process"));
        let waker = Arc::new(DriverWaker::default());
        let mut programs = Vec::new();
        for &process in processes {
            let host = &self.internet.hosts()[process as usize];
            host.attach(waker.clone());
            let all = self.programs[process as usize].drain(..);
            programs.extend(all.map(|program| (process, program)));
        }
        let (internet, end) = (self.internet.clone(), self.end);
        let (limits, activity) = (self.limits.clone(), self.activity.clone());
        let mut nic = Nic::new(internet.clone(), waker.clone(), routes.clone(), here, end);
        async move {
            if let Some(tick) = tick {
                nic.plug_in(TurmoilSocket::bind().await);
                tokio::time::sleep(tick.into()).await;
            }
            waker.begin();
            let mut limits = LimitCheck::new(limits, internet.clone());
            let mut schedule = Schedule::new(nic, programs, activity.clone());
            let turns = poll_fn(|cx| {
                activity.turn_to(Doing::Ours);
                let now = waker.now();
                activity.reach(now);
                limits.check(now, schedule.polls())?;
                while clock.poll(cx, &waker) {
                    let ends = catch_unwind(AssertUnwindSafe(|| clock.ends(now)));
                    if ends.map_err(|panic| TrialError::panic(&*panic))? {
                        // Before the programs are dropped: what they let go of then is no event.
                        internet.finish(now);
                        return Poll::Ready(Ok(now));
                    }
                }
                waker.hold(now);
                let polled = schedule.poll(cx);
                waker.let_go();
                activity.turn_to(Doing::Tasks);
                polled.map(|ended| match ended {
                    Ok(()) => Ok(end),
                    Err(PanicOf { process, panic }) => {
                        let name =
                            process.map(|process| internet.recorders()[process as usize].name());
                        Err(TrialError::panic_of(name, &*panic))
                    }
                })
            });
            // Without tokio's budget for each poll of a task: the point at which it runs out may
            // depend on the tick.
            tokio::task::unconstrained(turns).await
        }
    }

    /// Ends the trial: switches every host off, writes the last records, and returns the totals.
    pub fn finish(&mut self) -> TrafficTotals {
        self.internet.finish(self.ended_at)
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

/// Makes the checks of a trial, each at the first whole tick from its moment on.
struct CheckClock {
    /// `None` if there are no more checks.
    checks: Option<Checks>,
    /// The moment of the next check.
    next: Instant,
    tick: Duration,
    end: Instant,
    alarm: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl CheckClock {
    fn new(checks: Option<Checks>, tick: Duration, end: Instant) -> CheckClock {
        let first = checks.as_ref().map_or(end, |checks| checks.first);
        let mut clock = CheckClock { checks, next: end, tick, end, alarm: None };
        clock.plan(first);
        clock
    }

    /// Plans the next check; none at the end of the trial or after it.
    fn plan(&mut self, at: Instant) {
        let ticks = at.as_micros().div_ceil(self.tick.as_micros());
        self.next = Instant::from_micros(ticks.saturating_mul(self.tick.as_micros()));
        self.alarm = None;
        if self.next >= self.end {
            self.checks = None;
        }
    }

    /// Polls the alarm of the next check: whether it is due.
    fn poll(&mut self, cx: &mut Context<'_>, waker: &DriverWaker) -> bool {
        if self.checks.is_none() {
            return false;
        }
        let alarm = self.alarm.get_or_insert_with(|| {
            let at = waker.moment(self.next).expect("a trial ends");
            Box::pin(tokio::time::sleep_until(at))
        });
        alarm.as_mut().poll(cx).is_ready()
    }

    /// Makes the check that is due, if there is one. Whether the trial ends now.
    fn ends(&mut self, now: Instant) -> bool {
        let Some(checks) = self.checks.as_mut().filter(|_| self.next <= now) else { return false };
        match (checks.check)(now) {
            Some(next) => {
                self.plan(next.max(now + self.tick));
                false
            }
            None => true,
        }
    }
}

/// Returns the address of the turmoil host whose first process this is.
fn turmoil_address(first: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(192, 168, 0, 1).to_bits() + first)
}

/// Makes one step.
///
/// # Errors
/// The software of a turmoil host failed.
///
/// # Panics
/// A task that a program spawned panicked.
fn step(sim: &mut turmoil::Sim<'_>) -> Result<(), TrialError> {
    let stepped = sim.step().map(|_| ());
    stepped.map_err(|error| *error.downcast().expect("turmoil hosts fail with this error"))
}

/// Builds a turmoil simulation without latency, losses or time limit.
fn turmoil_sim(tick: Duration) -> turmoil::Sim<'static> {
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
