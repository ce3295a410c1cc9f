//! One trial: scenario × contender × seed, run once, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;

use crate::core::BrokerView;
use crate::history::{Capture, Cost, EventKind, History, Process, Recorder};
use crate::message::{Contender, Name};
use crate::net::Net;
use crate::scenario::{ClientEntry, Fault, Scenario, Who};
use crate::time::{Duration, Instant};

use super::app::{SharedState, is_about};
use super::core_system::CoreSystem;
use super::process::{Supervisor, Tasks, timetable};
use super::system::{BrokerContext, ClientContext, System, View};
use super::world::{Capturing, Plan, World};
use super::{entropy, fate, hits, net};

/// The broker's name among the processes.
const BROKER: &str = "broker";

/// Options of a trial. None of them changes the events of a trial, as far as it runs.
#[derive(Clone, Debug, Default)]
pub struct TrialOptions {
    /// The length of a step; by default the largest that the smallest latency allows.
    pub tick: Option<Duration>,
    /// The order in which turmoil hosts run.
    pub turmoil_order: TurmoilOrder,
    /// The moment at which to take the broker's view.
    pub view_at: Option<Instant>,
    /// Whether the trial's packets are kept.
    pub capture: Capturing,
    /// The condition under which the trial ends early; by default there is none.
    pub stop: Option<EarlyStop>,
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

/// The order in which turmoil hosts run within a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurmoilOrder {
    /// The broker first, then the clients in the order of the scenario.
    #[default]
    Forward,
    /// The reverse order.
    Reverse,
}

/// The result of a trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// All events of the trial.
    pub history: History,
    /// The broker's view at the moment that was asked for; `None` if it did not run then.
    pub view: Option<BrokerView>,
    /// The trial's packets, if they were asked for.
    pub capture: Option<Capture>,
}

/// A panic in a trial: a bug of delivery-lab.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct TrialPanic(pub String);

/// Returns the length of a step in a scenario's trials: the smallest one-way latency, at most
/// 20 ms.
pub fn tick(scenario: &Scenario) -> Duration {
    fate::tick(scenario.latency, &scenario.faults)
}

/// Runs a trial on a fresh thread, with entropy that follows from the seed.
///
/// # Errors
/// Something in the trial panicked.
pub fn run_trial(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
) -> Result<Trial, TrialPanic> {
    run_trial_then(scenario, contender, seed, options, |trial| trial)
}

/// Runs a trial, and then `then` on the same thread. So memory that the trial has freed is used
/// again, and a long history need not outlive the thread.
///
/// # Errors
/// Something in the trial or in `then` panicked.
pub fn run_trial_then<T: Send>(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
    then: impl FnOnce(Trial) -> T + Send,
) -> Result<T, TrialPanic> {
    run_system_then(scenario, || CoreSystem::ours(contender), seed, options, then)
}

/// Runs a trial of any system like [`run_trial_then`]. The system is made on the trial's thread, so
/// that its entropy follows from the seed from the beginning.
///
/// # Errors
/// Something in the trial or in `then` panicked.
pub fn run_system_then<S: System, T: Send>(
    scenario: &Scenario,
    system: impl FnOnce() -> S + Send,
    seed: u64,
    options: &TrialOptions,
    then: impl FnOnce(Trial) -> T + Send,
) -> Result<T, TrialPanic> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(scenario.name.clone());
        let handle = thread.spawn_scoped(scope, || {
            entropy::seed(seed);
            catch_unwind(AssertUnwindSafe(|| {
                then(run(scenario, Arc::new(system()), seed, options))
            }))
        });
        let result = handle.expect("a thread can be made").join().and_then(|inner| inner);
        result.map_err(|panic| TrialPanic(panic_message(&*panic)))
    })
}

/// Returns the message of a panic.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

fn run(scenario: &Scenario, system: Arc<dyn System>, seed: u64, options: &TrialOptions) -> Trial {
    let processes = processes(scenario);
    let names = processes.iter().map(|process| process.name.clone()).collect();
    let end = Instant::ZERO + scenario.run_for;
    let mut plan = Plan::new(seed, scenario.latency, scenario.faults.clone(), names, end);
    if let Some(tick) = options.tick {
        plan.tick = tick;
    }
    plan.capture = options.capture;
    let mut world = World::new(plan);
    let (shared, view) = (Arc::new(scenario.clone()), Arc::new(Mutex::new(None)));
    let mut turmoil_hosts = turmoil_hosts(scenario);
    if options.turmoil_order == TurmoilOrder::Reverse {
        turmoil_hosts.reverse();
    }
    for TurmoilHost { entry, first } in turmoil_hosts {
        let (scenario, system, view) = (shared.clone(), system.clone(), view.clone());
        let builder = TrialBuilder { scenario, system, seed, world: &world, view };
        let (programs, count) = match entry {
            None => (vec![builder.record_faults(), builder.broker(options.view_at)], 1),
            Some(entry) => (builder.clients(entry, first), entry.count),
        };
        let indices: Vec<u32> = (first..first + count).collect();
        world.add_turmoil_host(&indices, async move { drop(join_all(programs).await) });
    }
    if let (Some(stop), Some(contender)) = (options.stop, system.contender()) {
        run_with_checks(&mut world, (scenario, contender, &processes), stop, end);
    } else {
        world.run_until(end);
    }
    let end = world.elapsed().min(end);
    let totals = world.finish();
    let capture = world.take_capture();
    let recorders = world.recorders().to_vec();
    // Drops the world before the history is assembled: they need not fit into memory together.
    drop(world);
    let mut history = History::assemble(processes, &recorders);
    history.hits = totals.hits.clone();
    history.ended_at = end;
    history.cost = cost(&totals, &recorders);
    hits::count(scenario, &mut history);
    let view = view.lock().expect("a trial has one thread").take();
    Trial { history, view, capture }
}

/// Runs until the end, or until a check finds that the trial can end early.
fn run_with_checks(
    world: &mut World,
    (scenario, contender, processes): (&Scenario, Contender, &[Process]),
    EarlyStop { from, when }: EarlyStop,
    end: Instant,
) {
    let from = from(scenario);
    let mut next = from;
    while next < end {
        world.run_until(next);
        let now = world.elapsed();
        let mut history = History::assemble(processes.to_vec(), world.recorders());
        history.ended_at = now;
        let is_over = when(scenario, contender, &history);
        history.give_back(world.recorders());
        if is_over {
            return;
        }
        next = now + CHECK_EVERY.max(now.since(from) / 8);
    }
    world.run_until(end);
}

/// Returns all processes of a scenario, the broker first.
fn processes(scenario: &Scenario) -> Vec<Process> {
    let broker = Process { name: BROKER.into(), client: BROKER.into() };
    let clients = scenario.clients.iter().flat_map(ClientEntry::processes);
    let clients = clients.map(|(name, client)| Process { name, client });
    std::iter::once(broker).chain(clients).collect()
}

/// One turmoil host: for the broker, or for all processes of one client entry.
struct TurmoilHost<'a> {
    entry: Option<&'a ClientEntry>,
    /// The index of its first process.
    first: u32,
}

fn turmoil_hosts(scenario: &Scenario) -> Vec<TurmoilHost<'_>> {
    let mut turmoil_hosts = vec![TurmoilHost { entry: None, first: 0 }];
    let mut first = 1;
    for entry in &scenario.clients {
        turmoil_hosts.push(TurmoilHost { entry: Some(entry), first });
        first += entry.count;
    }
    turmoil_hosts
}

fn cost(totals: &net::TrafficTotals, recorders: &[Recorder]) -> Cost {
    let (broker_peak_messages, broker_peak_bytes) = recorders[0].peak();
    let clients = recorders[1..].iter().map(|recorder| recorder.peak().0);
    Cost {
        packets: totals.packets,
        bytes: totals.bytes,
        retransmits: totals.retransmits,
        broker_peak_messages,
        broker_peak_bytes,
        client_peak_messages: clients.max().unwrap_or(0),
    }
}

/// Builds the tasks of a scenario's processes from the programs of a system.
struct TrialBuilder<'a> {
    scenario: Arc<Scenario>,
    system: Arc<dyn System>,
    seed: u64,
    world: &'a World,
    view: View,
}

impl TrialBuilder<'_> {
    /// Records the moments at which each fault begins and ends; it does not cause the faults.
    fn record_faults(&self) -> Tasks {
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
        Box::pin(async move {
            for (at, what) in moments {
                clock.sleep_until(at).await;
                recorder.record(at, what);
            }
        })
    }

    fn broker(&self, view_at: Option<Instant>) -> Tasks {
        let faults = self.scenario.faults.iter().filter(|fault| fault.who == Who::Broker);
        let supervisor = self.supervisor(0, faults, SharedState::default());
        let (recorder, scenario) = (supervisor.recorder.clone(), self.scenario.clone());
        let (system, view) = (self.system.clone(), self.view.clone());
        Box::pin(supervisor.run(move |life, net| {
            let view = view_at.map(|at| (at, view.clone()));
            let (scenario, recorder) = (scenario.clone(), recorder.clone());
            system.broker(BrokerContext { scenario, net, life, recorder, view })
        }))
    }

    fn clients(&self, entry: &ClientEntry, first: u32) -> Vec<Tasks> {
        let processes = entry.processes().zip(first..);
        processes.map(|(names, index)| self.client(entry, names, index)).collect()
    }

    fn client(&self, entry: &ClientEntry, (process, client): (Name, Name), index: u32) -> Tasks {
        let faults = self.scenario.faults.iter().filter(|fault| is_about(fault, &process));
        let durable = SharedState::default();
        let supervisor = self.supervisor(index, faults, durable.clone());
        let (recorder, system) = (supervisor.recorder.clone(), self.system.clone());
        let (entry, scenario, seed) = (entry.clone(), self.scenario.clone(), self.seed);
        Box::pin(supervisor.run(move |_, net| {
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
        }))
    }

    fn supervisor<'a>(
        &self,
        index: u32,
        faults: impl Iterator<Item = &'a Fault>,
        durable: SharedState,
    ) -> Supervisor {
        Supervisor {
            host: self.world.sim_host(index),
            recorder: self.world.recorders()[index as usize].clone(),
            durable,
            timetable: timetable(&faults.collect::<Vec<_>>()),
        }
    }
}
