//! Supervises one process and its host: power, sleep, and the process's tasks.
//!
//! A process is one future with all its tasks, on a host with a stack:
//!
//! - a power loss drops the future and all that the stack holds; the restart boots a new
//!   incarnation of the host;
//! - a kill drops the future only;
//! - a pause leaves the future unpolled: timers that came due meanwhile fire once at its end; a
//!   freeze does the same, and the stack goes on.
//!
//! Broker and clients are supervised alike, also those that share a turmoil host.

use std::future::Future;
use std::pin::Pin;

use super::app::{SharedState, spans};
use super::host::SimHost;
use super::socket::SimNet;
use super::stack;
use crate::history::{EventKind, PowerState, Recorder};
use crate::net::Net;
use crate::scenario::{CrashNotice, Effect, Fault};
use crate::time::Instant;

/// All tasks of a process, in one future.
pub type Tasks = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The state that a host is to be in at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerSetting {
    /// The host runs.
    On,
    /// The host sleeps.
    Asleep,
    /// The process is stopped, and its kernel lives on.
    Frozen,
    /// The process is dead, but its kernel lives on.
    Killed,
    /// The host has no power.
    Off,
}

/// Returns the state changes of a host that its faults cause, by moment.
///
/// If several faults are on, a power loss takes precedence over a kill, a kill over a sleep, and a
/// sleep over a freeze.
pub fn timetable(faults: &[&Fault]) -> Vec<(Instant, PowerSetting)> {
    let of = |wanted: fn(&Effect) -> bool| {
        let faults = faults.iter().copied().filter(move |fault| wanted(&fault.effect));
        spans(faults).collect::<Vec<_>>()
    };
    let off = of(|kind| *kind == Effect::Crash { notice: CrashNotice::Silent });
    let killed = of(|kind| *kind == Effect::Crash { notice: CrashNotice::Given });
    let asleep = of(|kind| *kind == Effect::Pause);
    let frozen = of(|kind| *kind == Effect::Freeze);
    let all = off.iter().chain(&killed).chain(&asleep).chain(&frozen);
    let mut moments: Vec<Instant> = all.flat_map(|span| [span.start, span.end]).collect();
    moments.sort();
    moments.dedup();
    let at = |moment: Instant| {
        let within =
            |list: &[std::ops::Range<Instant>]| list.iter().any(|span| span.contains(&moment));
        match () {
            () if within(&off) => PowerSetting::Off,
            () if within(&killed) => PowerSetting::Killed,
            () if within(&asleep) => PowerSetting::Asleep,
            () if within(&frozen) => PowerSetting::Frozen,
            () => PowerSetting::On,
        }
    };
    moments.into_iter().map(|moment| (moment, at(moment))).collect()
}

/// Returns the moments at which the connections of a host are reset, in order.
pub fn resets(faults: &[&Fault]) -> Vec<Instant> {
    let resets = faults.iter().filter(|fault| fault.effect == Effect::Reset);
    let mut moments: Vec<Instant> = resets.map(|fault| fault.at).collect();
    moments.sort();
    moments
}

/// Supervises one process for a whole trial.
pub struct Supervisor {
    /// The host of the process.
    pub host: SimHost,
    /// The recorder of the process.
    pub recorder: Recorder,
    /// The state that survives the process.
    pub durable: SharedState,
    /// The state changes of the host, by moment.
    pub timetable: Vec<(Instant, PowerSetting)>,
    /// The moments at which its connections are reset.
    pub resets: Vec<Instant>,
}

impl Supervisor {
    /// Runs the process for ever.
    ///
    /// `start` makes the process's tasks, again after each crash. Its first argument counts the
    /// starts, from 1. A boot takes that number as the incarnation of the host.
    pub async fn run(self, start: impl Fn(u64, SimNet) -> Tasks) {
        let mut starts = 1;
        let mut power = PowerSetting::On;
        let mut net = self.host.power_on(starts);
        let mut is_off = false;
        self.record(&net, PowerState::Started);
        let mut tasks = Some(start(starts, net.clone()));
        for (at, next) in &self.timetable {
            self.run_until(&net, *at, power, &mut tasks).await;
            self.change(&net, power, *next, &mut tasks);
            is_off |= *next == PowerSetting::Off;
            if tasks.is_none() && *next == PowerSetting::On {
                starts += 1;
                // Boots a host that has lost power, also if the last change was to `Killed`.
                net = if std::mem::take(&mut is_off) {
                    self.host.power_on(starts)
                } else {
                    self.host.network(net.incarnation())
                };
                self.record(&net, PowerState::Started);
                tasks = Some(start(starts, net.clone()));
            }
            power = *next;
        }
        self.run_until(&net, Instant::NEVER, power, &mut tasks).await;
    }

    /// Waits until a moment; the process runs meanwhile, unless it is dead or asleep.
    async fn run_until(
        &self,
        net: &SimNet,
        at: Instant,
        power: PowerSetting,
        tasks: &mut Option<Tasks>,
    ) {
        for reset in self.resets.iter().filter(|reset| net.now() < **reset && **reset <= at) {
            self.poll_until(net, *reset, power, tasks).await;
            if self.host.reset_connections() {
                self.record(net, PowerState::ConnectionsReset);
            }
        }
        self.poll_until(net, at, power, tasks).await;
    }

    /// Polls the process until a moment, if it runs.
    async fn poll_until(
        &self,
        net: &SimNet,
        at: Instant,
        power: PowerSetting,
        tasks: &mut Option<Tasks>,
    ) {
        let alarm = net.sleep_until(at);
        match tasks {
            Some(tasks) if power == PowerSetting::On => {
                tokio::select! {
                    biased;
                    () = alarm => {}
                    () = tasks => panic!("a process ended by itself"),
                }
            }
            _ => alarm.await,
        }
    }

    /// Changes the state of the host, and records the change.
    fn change(
        &self,
        net: &SimNet,
        from: PowerSetting,
        to: PowerSetting,
        tasks: &mut Option<Tasks>,
    ) {
        if to != PowerSetting::Asleep && self.host.power() == stack::Power::Paused {
            self.host.resume();
            self.record(net, PowerState::Resumed);
        }
        if from == PowerSetting::Frozen && tasks.is_some() {
            self.record(net, PowerState::Thawed);
        }
        match to {
            PowerSetting::Off if from != PowerSetting::Off => {
                self.host.power_off(net.now());
                self.die(net, PowerState::PowerLost, tasks);
            }
            PowerSetting::Killed if tasks.is_some() => {
                self.host.kill();
                self.die(net, PowerState::Killed, tasks);
            }
            PowerSetting::Frozen if tasks.is_some() => self.record(net, PowerState::Frozen),
            // A host without power does not go to sleep.
            PowerSetting::Asleep if self.host.power() == stack::Power::On => {
                self.host.pause();
                self.record(net, PowerState::Paused);
            }
            PowerSetting::Off
            | PowerSetting::Killed
            | PowerSetting::Asleep
            | PowerSetting::Frozen
            | PowerSetting::On => {}
        }
    }

    /// Drops the process's tasks, and records its end and the handler that it interrupts.
    fn die(&self, net: &SimNet, how: PowerState, tasks: &mut Option<Tasks>) {
        *tasks = None;
        self.record(net, how);
        let cut_short = self.durable.lock().expect("a trial has one thread").running.take();
        if let Some(id) = cut_short {
            self.recorder.record(net.now(), EventKind::Interrupted { id });
        }
    }

    fn record(&self, net: &SimNet, state: PowerState) {
        self.recorder.record(net.now(), EventKind::Power(state));
    }
}
