//! Judges whether what a subscriber was told at each recovery was true.
//!
//! A recovery is an answer `resumed`, `gap` or `new epoch`, or a gap that is told later, while the
//! client is connected. An answer `resumed` is compared with the losses of its queue since the
//! answer before, among the messages that a broker had accepted. A gap is compared with the
//! messages at the positions that it names.
//!
//! | answer | what happened | counter |
//! | --- | --- | --- |
//! | `started` | promises nothing | none |
//! | `resumed` | a loss counts against it | `false_comfort` |
//! | `resumed` | no such loss | `honest_success` |
//! | `gap` | something in it is missing | `honest_failure` |
//! | `gap` | nothing in it is missing | `false_alarm` |
//! | `new epoch` | the process was not last told of this epoch | `honest_failure` |
//! | `new epoch` | the process was last told of the same epoch | `false_alarm` |
//!
//! A loss counts once: what was lost after the broker answered belongs to the next recovery. A loss
//! does not count against `resumed` if
//!
//! - a gap announces it, whenever that gap is told; or
//! - a restarted broker routed the message to no subscriber, and the client has since told it that
//!   it leaves.
//!
//! A message in a gap is missing if it is lost. One that was handled is missing, too, if
//!
//! - another process of the client handled it;
//! - the process that handled it has died since, so that its successor does not know of it; or
//! - it had been read and still waited for its handler, of which no broker can know.
//!
//! A gap within what the client was just told is a new epoch is always true: the broker knows
//! nothing of what came before, and has forgotten which subscribers it was for. So is a gap that has
//! something in it that came after the subscriber's session had expired, and before a session
//! attached to the queue again: the broker had forgotten which messages were for the subscriber.

use crate::history::ProcessId;
use crate::message::{Epoch, GapReason, Position, ResumeOutcome};

use super::Recoveries;
use super::cause;
use super::facts::{
    BrokerLife, Map, MessageIndex, Moment, QueueId, ReceivedAnswer, ReceivedGap, Stored,
};
use super::guarantee::is_announced;
use super::outcome::SubscriberCase;
use super::switch::rule;

/// A message that was accepted and is lost for good.
struct Loss {
    /// The moment at which the subscriber left the rooms of a message that a restarted broker had
    /// routed to no subscriber.
    left: Option<Moment>,
    /// The moment at which it became a gap, if that ended it. Otherwise a moment before all events
    /// of the instant of the loss.
    moment: Moment,
    announced: Announced,
}

/// A position of a message that is lost, or was handled.
struct LostOrHandled {
    life: BrokerLife,
    position: Position,
    /// The handling; `None` if it is lost.
    handled: Option<Handled>,
}

/// One handling: the process, when it read the message, when the handler returned, and when the
/// process died after that.
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
    let answers = facts.positions.received_answers(case.subscriber);
    let gaps = facts.positions.received_gaps(case.subscriber);
    let stored = if answers.iter().any(ReceivedAnswer::is_gap) || !gaps.is_empty() {
        stored(case)
    } else {
        Map::default()
    };
    for received in answers {
        let ReceivedAnswer { queue, process, answer, answered, .. } = *received;
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
                let is_left = |loss: &Loss| loss.left.is_some_and(|left| left.is_before(answered));
                match lost.any(|loss| loss.announced == Announced::No && !is_left(loss)) {
                    true => &mut recoveries.false_comfort,
                    false => &mut recoveries.honest_success,
                }
            }
            ResumeOutcome::Gap { from, to, .. } => {
                let ReceivedAnswer { moment, life, is_of_new_epoch, .. } = *received;
                let gap = ReceivedGap { moment, process, queue, life, from, to, is_of_new_epoch };
                of_gap(&mut recoveries, case, &gap, &stored)
            }
            // A new epoch is true if the epoch did change, whatever that cost.
            ResumeOutcome::NewEpoch { .. } if epoch != Some(answer.epoch()) => {
                &mut recoveries.honest_failure
            }
            ResumeOutcome::NewEpoch { .. } => &mut recoveries.false_alarm,
        };
        *counter += 1;
    }
    for gap in gaps {
        *of_gap(&mut recoveries, case, gap, &stored) += 1;
    }
    recoveries
}

/// Returns the counter for a gap. It is true if something in it is lost, or was handled without the
/// knowledge of the process that is told, or if the broker cannot know whether anything is lost.
fn of_gap<'r>(
    recoveries: &'r mut Recoveries,
    case: &SubscriberCase<'_, '_>,
    gap: &ReceivedGap,
    stored: &Map<QueueId, Vec<LostOrHandled>>,
) -> &'r mut u64 {
    let mut stored = stored.get(&gap.queue).into_iter().flatten();
    let ReceivedGap { queue, life, from, to, .. } = *gap;
    let is_true = gap.is_of_new_epoch
        || case.facts.positions.is_unrouted(case.subscriber, (queue, life), (from, to))
        || stored.any(|place| {
            let is_missing = match place.handled {
                None => true,
                Some(Handled { process, read, returned, died }) => {
                    process != gap.process
                        || died.is_some_and(|died| died.is_before(gap.moment))
                        || (read.is_before(gap.moment) && gap.moment.is_before(returned))
                }
            };
            place.life == gap.life
                && gap.from <= place.position
                && place.position <= gap.to
                && is_missing
        });
    if is_true { &mut recoveries.honest_failure } else { &mut recoveries.false_alarm }
}

/// Returns the losses of each queue, in order.
fn losses(case: &SubscriberCase<'_, '_>) -> Map<QueueId, Vec<Loss>> {
    let mut losses: Map<QueueId, Vec<Loss>> = Map::default();
    for one in &case.judged {
        if let (Some(end), Some(Stored { queue, .. })) = (one.lost(), one.stored().next()) {
            let announced = if is_announced(one) { Announced::Yes } else { Announced::No };
            let mut gaps = one.path.delivery.became_gap.iter();
            let is_its = |(moment, reason): &&(Moment, GapReason)| {
                let is_cause = cause::of_gap(*reason) == end.cause;
                moment.at == end.at && (is_cause || !rule("lost-by-its-own-gap"))
            };
            let moment = gaps.find(is_its).map(|(moment, _)| *moment);
            let moment = moment.unwrap_or(Moment { at: end.at, order: 0 });
            let left = one.path.delivery.left;
            losses.entry(queue).or_default().push(Loss { left, moment, announced });
        }
    }
    for losses in losses.values_mut() {
        losses.sort_by_key(|loss| rule("losses-in-their-order").then_some(loss.moment));
    }
    losses
}

/// Returns the positions of everything that is lost or was handled, by queue.
fn stored(case: &SubscriberCase<'_, '_>) -> Map<QueueId, Vec<LostOrHandled>> {
    let facts = case.facts;
    let mut stored: Map<QueueId, Vec<LostOrHandled>> = Map::default();
    let mut of_message: Map<MessageIndex, usize> = Map::default();
    for (index, one) in case.judged.iter().enumerate() {
        of_message.insert(one.index, index);
        if one.lost().is_some() {
            for Stored { queue, life, position } in one.stored() {
                stored.entry(queue).or_default().push(LostOrHandled {
                    life,
                    position,
                    handled: None,
                });
            }
        }
    }
    for handling in facts.deliveries.handlings(case.subscriber) {
        let Some(process) = facts.sessions.get(handling.session).process else { continue };
        let Some(one) = of_message.get(&handling.message) else { continue };
        let died = facts.lifetimes.death_after(process, handling.returned);
        let (read, returned) = (handling.read, handling.returned);
        let handled = Some(Handled { process, read, returned, died });
        for Stored { queue, life, position } in case.judged[*one].stored() {
            stored.entry(queue).or_default().push(LostOrHandled { life, position, handled });
        }
    }
    stored
}
