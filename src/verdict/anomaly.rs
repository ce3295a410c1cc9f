//! Counts anomalies: patterns that are worth a name, whatever is claimed. One small function for
//! each, all of one shape.

mod session;
mod waiting;

use crate::history::ProcessId;
use std::collections::BTreeMap;

use crate::terms::{Anomaly, Cause};
use crate::time::Instant;

use super::facts::{Applied, Begins, Map};
use super::outcome::{Judged, SubscriberCase};
use super::switch::rule;
use super::{SubscriberReport, guarantee};

/// The input of every pattern: one subscriber's case, and what was found so far.
pub struct Scene<'s, 'f, 'a> {
    /// The subscriber's case.
    pub case: &'s SubscriberCase<'f, 'a>,
    /// The subscriber's counters, recoveries included.
    pub counted: &'s SubscriberReport,
    /// For each process, the intervals in which faults on its link went unnoticed.
    pub blind_spots: &'s Map<ProcessId, Vec<(Instant, Instant)>>,
}

/// Counts each pattern; those that were not seen are left out.
pub fn seen(scene: &Scene<'_, '_, '_>) -> BTreeMap<Anomaly, u64> {
    let counts = Anomaly::ALL.iter().map(|anomaly| (*anomaly, count(scene, *anomaly)));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn count(scene: &Scene<'_, '_, '_>, anomaly: Anomaly) -> u64 {
    match anomaly {
        Anomaly::Duplicate => scene.counted.handled_again,
        Anomaly::OrderBroken => scene.counted.out_of_order,
        Anomaly::SilentLoss => guarantee::silent_losses(scene.case).count() as u64,
        Anomaly::LostAfterAck => {
            scene.counted.causes.get(&Cause::LostAfterAck).copied().unwrap_or_default()
        }
        Anomaly::NotWanted => scene.counted.not_wanted,
        Anomaly::PositionMovedBack => position_moved_back(scene),
        Anomaly::TwoSessions => session::two_sessions(scene),
        Anomaly::DeliveredAfterEnd => session::delivered_after_end(scene),
        Anomaly::ForeignEpoch => foreign_epoch(scene),
        Anomaly::Stalled => waiting::stalled(scene),
        Anomaly::Poison => poison(scene),
        Anomaly::LateDetection => waiting::late_detection(scene),
        Anomaly::FalseComfort => scene.counted.recoveries.false_comfort,
        Anomaly::FalseAlarm => scene.counted.recoveries.false_alarm,
    }
}

/// Counts messages that were accepted, and that no frame can carry.
fn poison(scene: &Scene<'_, '_, '_>) -> u64 {
    let is_poison = |one: &&Judged<'_, '_>| {
        one.path.message.first_accepted().is_some()
            && one.loss.is_some_and(|end| end.cause == Cause::TooLong)
    };
    scene.case.judged.iter().filter(is_poison).count() as u64
}

/// Counts sessions that attached below the position at which the session before had attached in the
/// same epoch, though the subscription lost no room in between.
fn position_moved_back(scene: &Scene<'_, '_, '_>) -> u64 {
    let mut before = Map::default();
    let mut count = 0;
    for attachment in scene.case.facts.positions.attachments(scene.case.subscriber) {
        let position = attachment.answer.position();
        let epoch = attachment.answer.epoch();
        let epoch = rule("positions-are-compared-in-an-epoch").then_some(epoch);
        let earlier = before.insert((attachment.queue, epoch), position);
        let moved_back = earlier.is_some_and(|earlier| position < earlier);
        count += u64::from(moved_back && attachment.begins == Begins::WhereItWas);
    }
    count
}

/// Counts sessions that went on from a position, though the epoch is another than at the attachment
/// before.
fn foreign_epoch(scene: &Scene<'_, '_, '_>) -> u64 {
    let attachments = scene.case.facts.positions.attachments(scene.case.subscriber);
    attachments.iter().filter(|one| one.applied == Applied::Foreign).count() as u64
}
