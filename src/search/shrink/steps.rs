//! All steps from a scenario to smaller ones, in their order.

use crate::message::{BrokerLimits, HttpConnections, Name};
use crate::scenario::{BrokerApp, Effect, Latency, Scenario, Who};
use crate::search::storm::quiet_period;
use crate::time::{Duration, Instant};

use super::step::{ShrinkStep, step};
use super::{QuietPeriod, clients, faults};

/// Returns all steps from a scenario, those that take most away first. Of several steps that change
/// the same value, the one with the simplest result comes first.
pub fn steps(scenario: &Scenario, quiet: QuietPeriod) -> Vec<ShrinkStep> {
    let mut steps = Vec::new();
    for index in (0..scenario.faults.len()).rev() {
        steps.push(step(move |scenario| drop(scenario.faults.remove(index))));
    }
    for index in (0..scenario.clients.len()).rev() {
        steps.push(step(move |scenario| remove_client(scenario, index)));
    }
    for (index, client) in scenario.clients.iter().enumerate() {
        clients::take_away(&mut steps, index, client);
    }
    for (index, fault) in scenario.faults.iter().enumerate() {
        faults::make_rounder(&mut steps, index, fault);
    }
    for (index, client) in scenario.clients.iter().enumerate() {
        clients::make_rounder(&mut steps, index, client);
    }
    make_rest_rounder(&mut steps);
    if quiet == QuietPeriod::MayShrink {
        end_early(&mut steps, scenario);
    }
    steps
}

/// Adds steps that set the broker and the network to their defaults.
fn make_rest_rounder(steps: &mut Vec<ShrinkStep>) {
    let changes: [fn(&mut Scenario); 13] = [
        |scenario| scenario.broker_app = BrokerApp::default(),
        |scenario| scenario.broker_app.acts.clear(),
        |scenario| scenario.broker.presence.clear(),
        |scenario| {
            let heartbeat = scenario.broker.heartbeat;
            scenario.broker = BrokerLimits { heartbeat, ..BrokerLimits::default() };
        },
        |scenario| scenario.broker.window = BrokerLimits::default().window,
        |scenario| scenario.broker.backlog = BrokerLimits::default().backlog,
        |scenario| scenario.broker.backlog.per_subscription = None,
        |scenario| scenario.broker.session_expiry = None,
        |scenario| scenario.polling_interval = Duration::from_secs(1),
        |scenario| scenario.http_timeout = Duration::from_secs(20),
        |scenario| scenario.http_connections = HttpConnections::default(),
        |scenario| {
            let round = Duration::from_millis(20);
            scenario.latency = Latency { min: round, max: round };
        },
        |scenario| scenario.latency.max = scenario.latency.min,
    ];
    steps.extend(changes.into_iter().map(step));
}

/// Adds steps that end the run soon after the last fault and the last message.
fn end_early(steps: &mut Vec<ShrinkStep>, scenario: &Scenario) {
    let begin = busy_until(scenario);
    let most = scenario.run_for.min(begin + quiet_period(scenario));
    for more in [1, 2, 5, 10, 20, 30] {
        let end = begin + Duration::from_secs(more);
        let end = Duration::from_secs(end.as_micros().div_ceil(1_000_000));
        if end < most {
            steps.push(step(move |scenario| scenario.run_for = end));
        }
    }
}

/// Returns the time from the start of the run until the workload is done and all faults are over.
pub fn busy_until(scenario: &Scenario) -> Duration {
    let faults = scenario.faults.iter().map(|fault| fault.until).filter(|at| *at < Instant::NEVER);
    faults.fold(scenario.scripted_until(), Instant::max).since(Instant::ZERO)
}

/// Removes a client, and takes it out of all faults.
fn remove_client(scenario: &mut Scenario, index: usize) {
    let gone: Vec<Name> =
        scenario.clients.remove(index).processes().map(|(process, _)| process).collect();
    scenario.faults.retain_mut(|fault| {
        if let Effect::Partition { groups } = &mut fault.effect {
            groups.iter_mut().for_each(|group| group.retain(|name| !gone.contains(name)));
            groups.retain(|group| !group.is_empty());
            if groups.len() < 2 {
                return false;
            }
        }
        match &mut fault.who {
            Who::Clients(names) => {
                names.retain(|name| !gone.contains(name));
                !names.is_empty()
            }
            Who::Broker | Who::Nobody => true,
        }
    });
}
