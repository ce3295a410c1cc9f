//! Steps that make a fault simpler, shorter and rounder.

use crate::scenario::{CrashNotice, Direction, Effect, Fault, Who};

use super::step::{Step, rounder, shorter, step};

fn fault_step(index: usize, change: impl Fn(&mut Fault) + 'static) -> Step {
    step(move |scenario| change(&mut scenario.faults[index]))
}

/// Adds steps that make a fault simpler, its strength round, its time shorter and rounder.
pub fn make_rounder(steps: &mut Vec<Step>, index: usize, fault: &Fault) {
    for effect in simpler(&fault.effect) {
        steps.push(fault_step(index, move |fault| {
            (fault.effect, fault.direction) = (effect.clone(), Direction::Both);
        }));
    }
    steps.push(fault_step(index, |fault| fault.direction = Direction::Both));
    steps.push(fault_step(index, cut_instead));
    if let Some(rate) = fault.effect.rate() {
        let round = [1.0, 0.5, 0.2, 0.1];
        // A rate that is round already stays.
        for rounder in round.into_iter().filter(|_| !round.contains(&rate)) {
            steps.push(fault_step(index, move |fault| {
                if let Effect::Loss { rate }
                | Effect::Duplicate { rate }
                | Effect::Corrupt { rate }
                | Effect::Reorder { rate, .. } = &mut fault.effect
                {
                    *rate = rounder;
                }
            }));
        }
    }
    let Fault { at, until, .. } = *fault;
    let span = until.since(at);
    for shorter in shorter(span) {
        steps.push(fault_step(index, move |fault| fault.until = fault.at + shorter));
    }
    for at in rounder(at) {
        steps.push(fault_step(index, move |fault| (fault.at, fault.until) = (at, at + span)));
    }
    // Never longer: a fault that was just shortened would grow again.
    for until in rounder(until).into_iter().filter(|round| *round < until && *round > at) {
        steps.push(fault_step(index, move |fault| fault.until = until));
    }
}

/// Returns the effects that are simpler than this one, the simplest first.
fn simpler(effect: &Effect) -> Vec<Effect> {
    let killed = Effect::Crash { notice: CrashNotice::Given };
    match effect {
        // Nothing is simpler than a disconnect. The others take different targets or values.
        Effect::Disconnect
        | Effect::Slow { .. }
        | Effect::Deaf { .. }
        | Effect::Partition { .. } => vec![],
        Effect::Cut => vec![Effect::Disconnect],
        Effect::Crash { notice: CrashNotice::Given } => vec![Effect::Disconnect, Effect::Cut],
        Effect::Crash { notice: CrashNotice::Silent }
        | Effect::Loss { .. }
        | Effect::Duplicate { .. }
        | Effect::Corrupt { .. }
        | Effect::Reorder { .. }
        | Effect::Latency { .. }
        | Effect::Bandwidth { .. }
        | Effect::Pause => vec![Effect::Disconnect, Effect::Cut, killed],
    }
}

/// Replaces a partition between the broker and a group of clients by a cut of these clients.
fn cut_instead(fault: &mut Fault) {
    let Effect::Partition { groups } = &fault.effect else { return };
    if let [broker, clients] = &groups[..]
        && *broker == ["broker".into()]
    {
        (fault.who, fault.effect) = (Who::Clients(clients.clone()), Effect::Cut);
    }
}
