//! Whether what a subscriber was told at each recovery was true.
//!
//! A recovery is an answer `resumed`, `gap` or `new epoch`; `started` promises nothing. It is
//! compared with what was lost of the same queue, among what a broker had accepted, since the
//! recovery before: a loss counts once. A loss that a gap announces is not held against `resumed`,
//! whenever the gap is told.

use crate::message::{Answer, Epoch, Position};
use crate::time::Instant;

use super::Recoveries;
use super::facts::{Map, Told};
use super::guarantee::is_announced;
use super::outcome::Case;

/// A message that was accepted and is lost for good.
struct Loss {
    at: Instant,
    life: u32,
    position: Position,
    announced: Announced,
}

/// Whether a loss was announced, at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    Yes,
    No,
}

/// Judges every recovery of a subscriber.
pub fn judge(case: &Case<'_, '_>) -> Recoveries {
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
    let mut recoveries = Recoveries::default();
    let mut before: Map<u32, (Instant, Epoch)> = Map::default();
    for told in case.facts.places.told(case.subscriber) {
        let losses = losses.get(&told.queue).map_or(&[][..], Vec::as_slice);
        let since = before.insert(told.queue, (told.moment.at, told.answer.epoch()));
        let first = since.map_or(0, |(since, _)| losses.partition_point(|loss| loss.at <= since));
        let last = losses.partition_point(|loss| loss.at <= told.moment.at).max(first);
        let epoch = since.map(|(_, epoch)| epoch);
        count(&mut recoveries, told, epoch, (losses, &losses[first..last]));
    }
    recoveries
}

/// Compares one answer with the epoch of the answer before, with all losses of its queue, and with
/// those since the answer before. A `new epoch` is true if there is one, whatever it cost.
fn count(
    recoveries: &mut Recoveries,
    told: &Told,
    before: Option<Epoch>,
    (all, since): (&[Loss], &[Loss]),
) {
    let counter = match told.answer {
        Answer::Started { .. } => return,
        Answer::Resumed { .. } if since.iter().any(|loss| loss.announced == Announced::No) => {
            &mut recoveries.false_comfort
        }
        Answer::Resumed { .. } => &mut recoveries.honest_success,
        Answer::Gap { from, to, .. }
            if all.iter().any(|loss| {
                loss.life == told.life && from <= loss.position && loss.position <= to
            }) =>
        {
            &mut recoveries.honest_failure
        }
        Answer::NewEpoch { epoch, .. } if before != Some(epoch) => &mut recoveries.honest_failure,
        Answer::Gap { .. } | Answer::NewEpoch { .. } => &mut recoveries.false_alarm,
    };
    *counter += 1;
}
