//! Steps that make a fault simpler, shorter and rounder.

use crate::scenario::{Direction, Effect, Fault, Who};
use crate::search::fault::simpler;

use super::step::{ShrinkStep, rounder, shorter, step};

fn fault_step(index: usize, change: impl Fn(&mut Fault) + 'static) -> ShrinkStep {
    step(move |scenario| change(&mut scenario.faults[index]))
}

/// Adds steps that make a fault simpler, its strength round, its time shorter and rounder.
pub fn make_rounder(steps: &mut Vec<ShrinkStep>, index: usize, fault: &Fault) {
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

/// Replaces a partition between the broker and a group of clients by a cut of these clients.
fn cut_instead(fault: &mut Fault) {
    let Effect::Partition { groups } = &fault.effect else { return };
    if let [broker, clients] = &groups[..]
        && *broker == ["broker".into()]
    {
        (fault.who, fault.effect) = (Who::Clients(clients.clone()), Effect::Cut);
    }
}
