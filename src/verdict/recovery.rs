//! Whether what a subscriber was told at each recovery was true.
//!
//! A recovery is an answer `resumed`, `gap` or `new epoch`; `started` promises nothing. It is
//! compared with what was lost of the same queue, among what a broker had accepted, since the
//! recovery before: a loss counts once. A loss that a gap announces is not held against `resumed`,
//! whenever the gap is told. A gap over what was handled is no alarm if the process that handled it
//! has died since: its next life does not know that it had it.

use crate::message::{Answer, Epoch, Position};
use crate::time::Instant;

use super::Recoveries;
use super::facts::{Map, Moment, Told};
use super::guarantee::is_announced;
use super::outcome::Case;

/// A message that was accepted and is lost for good.
struct Loss {
    at: Instant,
    life: u32,
    position: Position,
    announced: Announced,
}

/// A message that was handled by a process which died later.
struct Forgotten {
    died: Moment,
    life: u32,
    position: Position,
}

/// Whether a loss was announced, at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    Yes,
    No,
}

/// Judges every recovery of a subscriber.
pub fn judge(case: &Case<'_, '_>) -> Recoveries {
    let losses = losses(case);
    let forgotten = forgotten(case);
    let mut recoveries = Recoveries::default();
    let mut before: Map<u32, (Instant, Epoch)> = Map::default();
    for told in case.facts.places.told(case.subscriber) {
        let losses = losses.get(&told.queue).map_or(&[][..], Vec::as_slice);
        let since = before.insert(told.queue, (told.moment.at, told.answer.epoch()));
        let first = since.map_or(0, |(since, _)| losses.partition_point(|loss| loss.at <= since));
        let last = losses.partition_point(|loss| loss.at <= told.moment.at).max(first);
        let epoch = since.map(|(_, epoch)| epoch);
        let forgotten = forgotten.get(&told.queue).map_or(&[][..], Vec::as_slice);
        count(&mut recoveries, told, epoch, (losses, &losses[first..last]), forgotten);
    }
    recoveries
}

/// What was lost, by queue, in the order in which it was.
fn losses(case: &Case<'_, '_>) -> Map<u32, Vec<Loss>> {
    let mut losses: Map<u32, Vec<Loss>> = Map::default();
    for one in &case.judged {
        if let (Some(end), Some((queue, accepted, position))) = (one.lost(), one.place()) {
            let announced = if is_announced(one) { Announced::Yes } else { Announced::No };
            let loss = Loss { at: end.at, life: accepted.life, position, announced };
            losses.entry(queue).or_default().push(loss);
        }
    }
    for losses in losses.values_mut() {
        losses.sort_unstable_by_key(|loss| loss.at);
    }
    losses
}

/// What was handled by processes that died later, by queue.
fn forgotten(case: &Case<'_, '_>) -> Map<u32, Vec<Forgotten>> {
    let facts = case.facts;
    let mut forgotten: Map<u32, Vec<Forgotten>> = Map::default();
    let members = facts.roll.members();
    let processes = &members[case.subscriber].processes;
    if processes.iter().all(|process| facts.lives.deaths(*process).is_empty()) {
        return forgotten;
    }
    let places: Map<usize, _> =
        case.judged.iter().filter_map(|one| Some((one.index, one.place()?))).collect();
    for handling in facts.deliveries.handlings(case.subscriber) {
        let process = facts.sessions.get(handling.session).process;
        let died = process.and_then(|process| facts.lives.death_after(process, handling.returned));
        let place = places.get(&handling.message);
        if let (Some(died), Some((queue, accepted, position))) = (died, place) {
            let one = Forgotten { died, life: accepted.life, position: *position };
            forgotten.entry(*queue).or_default().push(one);
        }
    }
    forgotten
}

/// Compares one answer with the epoch of the answer before, with all losses of its queue, with
/// those since the answer before, and with what was forgotten. A `new epoch` is true if there is
/// one, whatever it cost.
fn count(
    recoveries: &mut Recoveries,
    told: &Told,
    before: Option<Epoch>,
    (all, since): (&[Loss], &[Loss]),
    forgotten: &[Forgotten],
) {
    let counter = match told.answer {
        Answer::Started { .. } => return,
        Answer::Resumed { .. } if since.iter().any(|loss| loss.announced == Announced::No) => {
            &mut recoveries.false_comfort
        }
        Answer::Resumed { .. } => &mut recoveries.honest_success,
        Answer::Gap { from, to, .. } => {
            let is_in = |life, at| life == told.life && from <= at && at <= to;
            let is_lost = all.iter().any(|one| is_in(one.life, one.position));
            let is_forgotten =
                |one: &Forgotten| one.died < told.moment && is_in(one.life, one.position);
            match is_lost || forgotten.iter().any(is_forgotten) {
                true => &mut recoveries.honest_failure,
                false => &mut recoveries.false_alarm,
            }
        }
        Answer::NewEpoch { epoch, .. } if before != Some(epoch) => &mut recoveries.honest_failure,
        Answer::NewEpoch { .. } => &mut recoveries.false_alarm,
    };
    *counter += 1;
}
