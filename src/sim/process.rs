//! One process and the machine under it: power, sleep, and what runs meanwhile.
//!
//! A process is a set of tasks in one future, plus a stack. A crash drops both and bumps the
//! incarnation; a pause leaves the future unpolled, so that timers which came due fire once when
//! the machine wakes. Broker and client are alike, also one of many on a host.

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

/// The tasks of a process.
pub type Tasks = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a machine is told to do at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Runs.
    On,
    /// Sleeps.
    Asleep,
    /// The process is dead, its kernel alive.
    Killed,
    /// No power.
    Off,
}

/// When the state of a machine changes, as its faults say.
pub fn timetable(faults: &[&Fault]) -> Vec<(Instant, Power)> {
    let of = |wanted: fn(&Effect) -> bool| {
        let faults = faults.iter().copied().filter(move |fault| wanted(&fault.effect));
        spans(faults).collect::<Vec<_>>()
    };
    let off = of(|kind| *kind == Effect::Crash { notice: CrashNotice::Silent });
    let killed = of(|kind| *kind == Effect::Crash { notice: CrashNotice::Given });
    let asleep = of(|kind| *kind == Effect::Pause);
    let all = off.iter().chain(&killed).chain(&asleep);
    let mut moments: Vec<Instant> = all.flat_map(|span| [span.start, span.end]).collect();
    moments.sort();
    moments.dedup();
    let at = |moment: Instant| {
        let within =
            |list: &[std::ops::Range<Instant>]| list.iter().any(|span| span.contains(&moment));
        match () {
            () if within(&off) => Power::Off,
            () if within(&killed) => Power::Killed,
            () if within(&asleep) => Power::Asleep,
            () => Power::On,
        }
    };
    moments.into_iter().map(|moment| (moment, at(moment))).collect()
}

/// Who watches over one process for a whole trial.
pub struct Supervisor {
    /// Its machine.
    pub machine: SimHost,
    /// Its pen.
    pub recorder: Recorder,
    /// What outlives it.
    pub desk: SharedState,
    /// When its machine changes.
    pub timetable: Vec<(Instant, Power)>,
}

impl Supervisor {
    /// Runs the process for ever; `start` makes its tasks anew after each crash, from the number
    /// of its life on, from 1.
    pub async fn run(self, start: impl Fn(u64, SimNet) -> Tasks) {
        let mut life = 1;
        let mut power = Power::On;
        let mut net = self.machine.power_on(life);
        let mut is_off = false;
        self.record(&net, PowerState::Started);
        let mut tasks = Some(start(life, net.clone()));
        for (at, next) in &self.timetable {
            self.run_until(&net, *at, power, &mut tasks).await;
            self.change(&net, power, *next, &mut tasks);
            is_off |= *next == Power::Off;
            if tasks.is_none() && *next == Power::On {
                life += 1;
                // Also if the last that was said of the dead process is that it was killed.
                net = if std::mem::take(&mut is_off) {
                    self.machine.power_on(life)
                } else {
                    self.machine.network(net.incarnation())
                };
                self.record(&net, PowerState::Started);
                tasks = Some(start(life, net.clone()));
            }
            power = *next;
        }
        self.run_until(&net, Instant::NEVER, power, &mut tasks).await;
    }

    /// Lets the process run until a moment, unless it is dead or asleep.
    async fn run_until(&self, net: &SimNet, at: Instant, power: Power, tasks: &mut Option<Tasks>) {
        let alarm = net.sleep_until(at);
        match tasks {
            Some(tasks) if power == Power::On => {
                tokio::select! {
                    biased;
                    () = alarm => {}
                    () = tasks => panic!("a process ended by itself"),
                }
            }
            _ => alarm.await,
        }
    }

    fn change(&self, net: &SimNet, from: Power, to: Power, tasks: &mut Option<Tasks>) {
        if to != Power::Asleep && self.machine.power() == stack::Power::Paused {
            self.machine.resume();
            self.record(net, PowerState::Resumed);
        }
        match to {
            Power::Off if from != Power::Off => {
                self.machine.power_off(net.now());
                self.die(net, PowerState::PowerLost, tasks);
            }
            Power::Killed if tasks.is_some() => {
                self.machine.kill();
                self.die(net, PowerState::Killed, tasks);
            }
            // What has no power does not sleep either.
            Power::Asleep if self.machine.power() == stack::Power::On => {
                self.machine.pause();
                self.record(net, PowerState::Paused);
            }
            Power::Off | Power::Killed | Power::Asleep | Power::On => {}
        }
    }

    fn die(&self, net: &SimNet, how: PowerState, tasks: &mut Option<Tasks>) {
        *tasks = None;
        self.record(net, how);
        let cut_short = self.desk.lock().expect("a trial has one thread").running.take();
        if let Some(id) = cut_short {
            self.recorder.record(net.now(), EventKind::Interrupted { id });
        }
    }

    fn record(&self, net: &SimNet, state: PowerState) {
        self.recorder.record(net.now(), EventKind::Power(state));
    }
}
