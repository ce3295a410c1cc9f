//! Whether what a subscriber was told when it came back was true.

use delivery_lab::message::{Answer, Name, Note, Position};
use delivery_lab::verdict::Recoveries;

use super::outcomes::Case;
use super::promises::life_of;
use super::trial::When;

impl Case<'_, '_> {
    /// Each answer but `started` is compared with what was lost of its queue.
    pub fn recoveries(&self) -> Recoveries {
        let mut recoveries = Recoveries::default();
        let answers = self.trial.notes().filter_map(|(when, process, note)| match note {
            Note::ToldAnswer { queue, answer } if self.subscriber.is(process) => {
                Some((when, queue, *answer))
            }
            _ => None,
        });
        let answers: Vec<(When, &Name, Answer)> = answers.collect();
        for (when, queue, answer) in &answers {
            let before = answers.iter().rfind(|(earlier, of, _)| earlier < when && of == queue);
            let counter = match answer {
                Answer::Started { .. } => continue,
                Answer::Resumed { .. } => match self.is_something_missing(queue, before, *when) {
                    true => &mut recoveries.false_comfort,
                    false => &mut recoveries.honest_success,
                },
                Answer::Gap { from, to, .. } => {
                    let life = life_of(self.trial, answer.epoch(), *when);
                    match self.is_lost_or_forgotten(queue, life, (*from, *to), *when) {
                        true => &mut recoveries.honest_failure,
                        false => &mut recoveries.false_alarm,
                    }
                }
                Answer::NewEpoch { epoch, .. } => match before {
                    Some((_, _, before)) if before.epoch() == *epoch => &mut recoveries.false_alarm,
                    _ => &mut recoveries.honest_failure,
                },
            };
            *counter += 1;
        }
        recoveries
    }

    /// Something that a broker had accepted was lost since the answer before, and nobody ever
    /// tells of it.
    fn is_something_missing(
        &self,
        queue: &Name,
        before: Option<&(When, &Name, Answer)>,
        when: When,
    ) -> bool {
        let since = before.map(|(before, ..)| self.trial.at(*before));
        let mut lost = self.wanted.iter().filter_map(|one| Some((one, one.lost()?)));
        lost.any(|(one, (at, _))| {
            one.message.queue == *queue
                && at <= self.trial.at(when)
                && since.is_none_or(|since| at > since)
                && self.place(one).is_some()
                && !self.is_told(one)
        })
    }

    /// Something in the gap is lost, or had been handled by a process which has died since and
    /// does not know that.
    fn is_lost_or_forgotten(
        &self,
        queue: &Name,
        life: usize,
        (from, to): (Position, Position),
        when: When,
    ) -> bool {
        self.wanted.iter().any(|one| {
            let is_in = self
                .place(one)
                .is_some_and(|(of, position)| of == life && from <= position && position <= to);
            let mut handlings = self.handlings.iter().filter(|call| *call.id == one.message.id);
            let is_forgotten = handlings.any(|call| {
                self.trial.death_after(call.process, call.when).is_some_and(|died| died < when)
            });
            one.message.queue == *queue && is_in && (one.lost().is_some() || is_forgotten)
        })
    }

    /// Where a message was last: in which life of the broker, and at which position.
    fn place(&self, one: &super::outcomes::Wanted<'_, '_>) -> Option<(usize, Position)> {
        let (life, _, position) = self.trial.accepted_by_life(&one.message.id).last().copied()?;
        Some((life, position?))
    }
}
