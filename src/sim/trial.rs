//! One trial: scenario × contender × seed, run once, on a thread of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::core::BrokerView;
use crate::history::{Capture, Cost, EventKind, History, Process, Recorder};
use crate::message::{Contender, KeepAlive, Name};
use crate::net::Net;
use crate::platform;
use crate::scenario::{ClientEntry, Fault, Scenario, Who};
use crate::time::{Duration, Instant};

use super::activity::{Activity, say};
use super::app::{SharedState, is_about};
use super::core_system::CoreSystem;
use super::packet_stream::Capturing;
use super::placement::Placement;
use super::process::{Supervisor, resets, timetable};
use super::system::{BrokerContext, ClientContext, System, Views};
use super::trial_error::TrialError;
use super::trial_limits::TrialLimits;
use super::world::{Checks, Plan, World};
use super::{entropy, fate, hits, net};

/// The broker's name among the processes.
const BROKER: &str = "broker";

/// Options of a trial. None of them changes the events of a trial, as far as it runs.
#[derive(Clone, Debug, Default)]
pub struct TrialOptions {
    /// The placement of the processes.
    pub placement: Placement,
    /// The moments at which to take the broker's view.
    pub views_at: BTreeSet<Instant>,
    /// Whether the trial's packets are kept.
    pub capture: Capturing,
    /// The condition under which the trial ends early; by default there is none.
    pub stop: Option<EarlyStop>,
    /// Limits of its cost, beyond which it is ended without a result.
    pub limits: TrialLimits,
}

/// The condition for ending a trial early. The trial is checked from time to time, and ends at the
/// first check for which `when` returns true.
///
/// An early end can change the trial's cost, and what is noticed in it. `when` is responsible for
/// everything else staying the same.
#[derive(Clone, Copy, Debug)]
pub struct EarlyStop {
    /// Returns the moment of the first check.
    pub from: fn(&Scenario) -> Instant,
    /// Whether the trial can end, given its history so far.
    pub when: fn(&Scenario, Contender, &History) -> bool,
}

/// Minimum time between two checks whether a trial can end early. Later the time is an eighth of
/// that since the first check.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The result of a trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// All events of the trial.
    pub history: History,
    /// The broker's view at each moment that was asked for, if it ran then.
    pub views: BTreeMap<Instant, BrokerView>,
    /// The trial's packets, if they were asked for.
    pub capture: Option<Capture>,
}

/// Returns the length of a step in a scenario's trials when processes are apart: the smallest
/// one-way latency, at most 20 ms. In any placement, checks whether a trial can end early come at its
/// multiples.
pub fn tick(scenario: &Scenario) -> Duration {
    fate::tick(scenario.latency, &scenario.faults)
}

/// Runs a trial on a fresh thread, with entropy that follows from the seed.
///
/// # Errors
/// Something in the trial panicked, it was cancelled, or it exceeded a limit.
pub fn run_trial(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
) -> Result<Trial, TrialError> {
    run_trial_then(scenario, contender, seed, options, |trial| trial)
}

/// Runs a trial, and then `then` on the same thread. So memory that the trial has freed is used
/// again, and a long history need not outlive the thread.
///
/// # Errors
/// Something in the trial or in `then` panicked, the trial was cancelled, or it exceeded a limit.
pub fn run_trial_then<T: Send>(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
    then: impl FnOnce(Trial) -> T + Send,
) -> Result<T, TrialError> {
    run_system_then(scenario, || CoreSystem::ours(contender), seed, options, then)
}

/// Runs a trial of any system like [`run_trial_then`]. The system is made on the trial's thread, so
/// that its entropy follows from the seed from the beginning.
///
/// # Errors
/// Something in the trial or in `then` panicked, the trial was cancelled, or it exceeded a limit.
pub fn run_system_then<S: System, T: Send>(
    scenario: &Scenario,
    system: impl FnOnce() -> S + Send,
    seed: u64,
    options: &TrialOptions,
    then: impl FnOnce(Trial) -> T + Send,
) -> Result<T, TrialError> {
    let activity = Arc::new(Activity::default());
    let here = activity.clone();
    let work = move || {
        entropy::seed(seed);
        catch_unwind(AssertUnwindSafe(|| {
            run(scenario, Arc::new(system()), seed, options, here).map(then)
        }))
    };
    let name = |process: u32| processes(scenario).swap_remove(process as usize).name;
    let result = platform::on_fresh_thread(&scenario.name, work, |ended| {
        activity.watch(ended, options.limits.real_time, name, say);
    });
    result.flatten().unwrap_or_else(|panic| Err(TrialError::panic(&*panic)))
}

fn run(
    scenario: &Scenario,
    system: Arc<dyn System>,
    seed: u64,
    options: &TrialOptions,
    activity: Arc<Activity>,
) -> Result<Trial, TrialError> {
    let processes = processes(scenario);
    let names = processes.iter().map(|process| process.name.clone()).collect();
    let end = Instant::ZERO + scenario.run_for;
    let mut plan = Plan::new(seed, scenario.latency, scenario.faults.clone(), names, end);
    (plan.placement, plan.groups) = (options.placement, groups(scenario));
    plan.keep_alive = keep_alive(scenario);
    (plan.capture, plan.limits) = (options.capture.clone(), options.limits.clone());
    let mut world = World::new(plan);
    world.show_activity(activity);
    let shared = Arc::new(scenario.clone());
    let contender = system.contender();
    let views = Views::default();
    let mut builder = TrialBuilder { scenario: shared.clone(), system, seed, world: &mut world };
    builder.add_broker(&options.views_at, &views);
    builder.add_clients();
    let checks = options.stop.zip(contender).map(|(stop, contender)| {
        let recorders = world.recorders().to_vec();
        checks(stop, shared, contender, processes.clone(), recorders)
    });
    let ended_at = world.run(checks)?;
    let totals = world.finish();
    let capture = world.take_capture();
    let recorders = world.recorders().to_vec();
    let cost = cost(&totals, &recorders, ended_at);
    // Drops the world before the history is assembled: they need not fit into memory together.
    drop(world);
    let mut history = History::assemble(processes, &recorders);
    history.hits = totals.hits.clone();
    history.ended_at = ended_at;
    history.cost = cost;
    history.responses = Recorder::responses(&recorders);
    hits::count(scenario, &mut history);
    let views = std::mem::take(&mut *views.lock().expect("a trial has one thread"));
    Ok(Trial { history, views, capture })
}

/// Returns the checks whether a trial can end early.
fn checks(
    EarlyStop { from, when }: EarlyStop,
    scenario: Arc<Scenario>,
    contender: Contender,
    processes: Vec<Process>,
    recorders: Vec<Recorder>,
) -> Checks {
    let first = from(&scenario);
    let check = move |now: Instant| {
        let mut history = History::assemble(processes.clone(), &recorders);
        history.ended_at = now;
        let is_over = when(&scenario, contender, &history);
        history.give_back(&recorders);
        (!is_over).then(|| now + CHECK_EVERY.max(now.since(first) / 8))
    };
    Checks { first, check: Box::new(check) }
}

/// Returns all processes of a scenario, the broker first.
pub fn processes(scenario: &Scenario) -> Vec<Process> {
    let broker = Process { name: BROKER.into(), client: BROKER.into() };
    let clients = scenario.clients.iter().flat_map(ClientEntry::processes);
    let clients = clients.map(|(name, client)| Process { name, client });
    std::iter::once(broker).chain(clients).collect()
}

/// Returns the keep-alive of each process that asks for one.
fn keep_alive(scenario: &Scenario) -> BTreeMap<u32, KeepAlive> {
    let clients = scenario.clients.iter();
    let clients = clients.flat_map(|entry| (0..entry.count).map(|_| entry.limits.keep_alive));
    let all = (0..).zip(std::iter::once(scenario.broker.keep_alive).chain(clients));
    all.filter_map(|(process, keep_alive)| Some((process, keep_alive?))).collect()
}

/// Returns the processes of each turmoil host when they are apart: the broker's, and those of each
/// client entry.
fn groups(scenario: &Scenario) -> Vec<Vec<u32>> {
    let mut groups = vec![vec![0]];
    let mut first = 1;
    for entry in &scenario.clients {
        groups.push((first..first + entry.count).collect());
        first += entry.count;
    }
    groups
}

fn cost(totals: &net::TrafficTotals, recorders: &[Recorder], ended_at: Instant) -> Cost {
    let (broker_peak_messages, broker_peak_bytes) = recorders[0].peak();
    let clients = recorders[1..].iter().map(|recorder| recorder.peak().0);
    Cost {
        packets: totals.packets,
        bytes: totals.bytes,
        retransmits: totals.retransmits,
        handshakes: totals.accepted.handshakes,
        connection_time: totals.accepted.open,
        held_request_time: recorders[0].requests_held_for(ended_at),
        broker_peak_messages,
        broker_peak_bytes,
        client_peak_messages: clients.max().unwrap_or(0),
        ..Cost::default()
    }
}

/// Adds the programs of a system to a world, as the processes of a scenario.
struct TrialBuilder<'a> {
    scenario: Arc<Scenario>,
    system: Arc<dyn System>,
    seed: u64,
    world: &'a mut World,
}

impl TrialBuilder<'_> {
    /// Adds the broker, and before it what records the faults: both write to one recorder.
    fn add_broker(&mut self, views_at: &BTreeSet<Instant>, views: &Views) {
        self.world.add(0, self.record_faults());
        let faults = self.scenario.faults.iter().filter(|fault| fault.who == Who::Broker);
        let supervisor = self.supervisor(0, faults, SharedState::default());
        let (recorder, scenario) = (supervisor.recorder.clone(), self.scenario.clone());
        let system = self.system.clone();
        let (views_at, views) = (views_at.clone(), views.clone());
        let broker = supervisor.run(move |life, net| {
            let (scenario, recorder, views) = (scenario.clone(), recorder.clone(), views.clone());
            let views_at = views_at.range(net.now()..).copied().collect();
            system.broker(BrokerContext { scenario, net, life, recorder, views_at, views })
        });
        self.world.add(0, broker);
    }

    /// Records the moments at which each fault begins and ends; it does not cause the faults.
    fn record_faults(&self) -> impl Future<Output = ()> + use<> {
        let (clock, recorder) = (self.world.sim_host(0).clock(), self.world.recorders()[0].clone());
        let faults = self.scenario.faults.iter().enumerate();
        let moments = faults.flat_map(|(fault, entry)| {
            [
                (entry.at, EventKind::FaultBegan { fault }),
                (entry.until, EventKind::FaultEnded { fault }),
            ]
        });
        let mut moments: Vec<(Instant, EventKind)> = moments.collect();
        moments.sort_by_key(|(at, _)| *at);
        async move {
            for (at, what) in moments {
                clock.sleep_until(at).await;
                recorder.record(at, what);
            }
        }
    }

    fn add_clients(&mut self) {
        let scenario = self.scenario.clone();
        let entries = scenario.clients.iter();
        let processes =
            entries.flat_map(|entry| entry.processes().map(move |names| (entry, names)));
        for ((entry, names), index) in processes.zip(1..) {
            self.add_client(entry, names, index);
        }
    }

    fn add_client(&mut self, entry: &ClientEntry, (process, client): (Name, Name), index: u32) {
        let faults = self.scenario.faults.iter().filter(|fault| is_about(fault, &process));
        let durable = SharedState::default();
        let supervisor = self.supervisor(index, faults, durable.clone());
        let (recorder, system) = (supervisor.recorder.clone(), self.system.clone());
        let (entry, scenario, seed) = (entry.clone(), self.scenario.clone(), self.seed);
        let client = supervisor.run(move |_, net| {
            system.client(ClientContext {
                scenario: scenario.clone(),
                entry: entry.clone(),
                process: process.clone(),
                client: client.clone(),
                seed,
                net,
                recorder: recorder.clone(),
                durable: durable.clone(),
            })
        });
        self.world.add(index, client);
    }

    fn supervisor<'a>(
        &self,
        index: u32,
        faults: impl Iterator<Item = &'a Fault>,
        durable: SharedState,
    ) -> Supervisor {
        let faults: Vec<&Fault> = faults.collect();
        Supervisor {
            host: self.world.sim_host(index),
            recorder: self.world.recorders()[index as usize].clone(),
            durable,
            timetable: timetable(&faults),
            resets: resets(&faults),
        }
    }
}
