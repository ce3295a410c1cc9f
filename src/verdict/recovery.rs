//! Whether what a subscriber was told at each recovery was true.
//!
//! A recovery is an answer `resumed`, `gap` or `new epoch`, or a gap that is told later, while the
//! client is connected; `started` promises nothing. It is compared with what was lost of the same
//! queue, among what a broker had accepted, since the recovery before: a loss counts once, and what
//! was lost after the broker had answered is the next one's. A loss that a gap announces is not held
//! against `resumed`, whenever the gap is told. A gap over what was handled is no alarm if it was
//! handled by another process of the client, or by one that has died since (whoever is told of it
//! does not know that the client has it), or if it had been read and still waited for its handler:
//! a broker hears of nothing before that. Nor is a gap in what the client was just told is a new
//! epoch: its broker knows nothing of what came before, and has forgotten for whom it was. What a
//! restarted broker routes to nobody is not held against `resumed` either, if the client has told
//! it meanwhile that it leaves.

use crate::history::ProcessId;
use crate::message::{Epoch, Position, ResumeOutcome};

use super::Recoveries;
use super::facts::{BrokerLife, Map, MessageIndex, Moment, QueueId, Stored, Told, ToldGap};
use super::guarantee::is_announced;
use super::outcome::SubscriberCase;
use super::switch::rule;
use crate::terms::Cause;

/// A message that was accepted and is lost for good.
struct Loss {
    /// When the subscriber left the rooms of a message that a restarted broker had routed to nobody.
    left: Option<Moment>,
    /// Where an event of its own ended it, that; else before everything at that instant.
    moment: Moment,
    announced: Announced,
}

/// A place of a message that is lost, or was handled.
struct Place {
    life: BrokerLife,
    position: Position,
    /// How it was handled; `None` if it is lost.
    handled: Option<Handled>,
}

/// By which process a message was handled, when it had been read and when the handler returned, and
/// when the process died after that.
#[derive(Clone, Copy)]
struct Handled {
    process: ProcessId,
    read: Moment,
    returned: Moment,
    died: Option<Moment>,
}

/// Whether a loss was announced, at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    Yes,
    No,
}

/// Judges every recovery of a subscriber.
pub fn judge(case: &SubscriberCase<'_, '_>) -> Recoveries {
    let facts = case.facts;
    let losses = losses(case);
    let mut recoveries = Recoveries::default();
    let mut since: Map<QueueId, Moment> = Map::default();
    let mut epochs: Map<(Option<ProcessId>, QueueId), Epoch> = Map::default();
    let told = facts.places.told(case.subscriber);
    let gaps = facts.places.gaps_told(case.subscriber);
    let places = if told.iter().any(Told::is_gap) || !gaps.is_empty() {
        places(case)
    } else {
        Map::default()
    };
    for told in told {
        let Told { queue, process, answer, answered, .. } = *told;
        let losses = losses.get(&queue).map_or(&[][..], Vec::as_slice);
        let first = since.insert(queue, answered);
        let first = first.map_or(0, |first| losses.partition_point(|loss| loss.moment <= first));
        let last = losses.partition_point(|loss| loss.moment <= answered).max(first);
        let knows = rule("each-process-knows-its-own-epoch").then_some(process);
        let epoch = epochs.insert((knows, queue), answer.epoch());
        let counter = match answer {
            ResumeOutcome::Started { .. } => continue,
            ResumeOutcome::Resumed { .. } => {
                let mut lost = losses[first..last].iter();
                let is_left = |loss: &Loss| loss.left.is_some_and(|left| left < answered);
                match lost.any(|loss| loss.announced == Announced::No && !is_left(loss)) {
                    true => &mut recoveries.false_comfort,
                    false => &mut recoveries.honest_success,
                }
            }
            ResumeOutcome::Gap { from, to, .. } => {
                let Told { moment, life, is_of_new_epoch, .. } = *told;
                let gap = ToldGap { moment, process, queue, life, from, to, is_of_new_epoch };
                of_gap(&mut recoveries, &gap, &places)
            }
            // It is true if there is one, whatever it cost.
            ResumeOutcome::NewEpoch { .. } if epoch != Some(answer.epoch()) => {
                &mut recoveries.honest_failure
            }
            ResumeOutcome::NewEpoch { .. } => &mut recoveries.false_alarm,
        };
        *counter += 1;
    }
    for gap in gaps {
        *of_gap(&mut recoveries, gap, &places) += 1;
    }
    recoveries
}

/// A gap is true if something in it is lost, or handled by whom who is told does not know.
fn of_gap<'r>(
    recoveries: &'r mut Recoveries,
    gap: &ToldGap,
    places: &Map<QueueId, Vec<Place>>,
) -> &'r mut u64 {
    let mut places = places.get(&gap.queue).into_iter().flatten();
    let is_true = gap.is_of_new_epoch
        || places.any(|place| {
            let is_missing = match place.handled {
                None => true,
                Some(Handled { process, read, returned, died }) => {
                    process != gap.process
                        || died.is_some_and(|died| died < gap.moment)
                        || (read < gap.moment && gap.moment < returned)
                }
            };
            place.life == gap.life
                && gap.from <= place.position
                && place.position <= gap.to
                && is_missing
        });
    if is_true { &mut recoveries.honest_failure } else { &mut recoveries.false_alarm }
}

/// What was lost, by queue, in the order in which it was.
fn losses(case: &SubscriberCase<'_, '_>) -> Map<QueueId, Vec<Loss>> {
    let mut losses: Map<QueueId, Vec<Loss>> = Map::default();
    for one in &case.judged {
        if let (Some(end), Some(Stored { queue, .. })) = (one.lost(), one.places().next()) {
            let announced = if is_announced(one) { Announced::Yes } else { Announced::No };
            let evicted = one.way.delivery.evicted.iter().find(|moment| moment.at == end.at);
            let by_eviction = end.cause == Cause::Evicted || !rule("lost-by-its-own-eviction");
            let moment = evicted.filter(|_| by_eviction).copied();
            let moment = moment.unwrap_or(Moment { at: end.at, order: 0 });
            let left = one.way.delivery.left;
            losses.entry(queue).or_default().push(Loss { left, moment, announced });
        }
    }
    for losses in losses.values_mut() {
        losses.sort_by_key(|loss| rule("losses-in-their-order").then_some(loss.moment));
    }
    losses
}

/// Where everything was that is lost or was handled, by queue.
fn places(case: &SubscriberCase<'_, '_>) -> Map<QueueId, Vec<Place>> {
    let facts = case.facts;
    let mut places: Map<QueueId, Vec<Place>> = Map::default();
    let mut of_message: Map<MessageIndex, usize> = Map::default();
    for (index, one) in case.judged.iter().enumerate() {
        of_message.insert(one.index, index);
        if one.lost().is_some() {
            for Stored { queue, life, position } in one.places() {
                places.entry(queue).or_default().push(Place { life, position, handled: None });
            }
        }
    }
    for handling in facts.deliveries.handlings(case.subscriber) {
        let Some(process) = facts.sessions.get(handling.session).process else { continue };
        let Some(one) = of_message.get(&handling.message) else { continue };
        let died = facts.lives.death_after(process, handling.returned);
        let (read, returned) = (handling.read, handling.returned);
        let handled = Some(Handled { process, read, returned, died });
        for Stored { queue, life, position } in case.judged[*one].places() {
            places.entry(queue).or_default().push(Place { life, position, handled });
        }
    }
    places
}
