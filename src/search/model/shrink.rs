//! The fewest steps that still show the same.

use super::super::Wrong;
use super::{Mail, Model, ModelFinding, Step};

/// Shrinks steps after which a mailbag shows something wrong: takes steps away, first many at once,
/// then one at a time, as long as the same is wrong after peace. None if the steps show nothing.
pub fn shrink(mail: &Mail, steps: &[Step]) -> Option<(Vec<Step>, ModelFinding)> {
    let mut found = after(mail, steps)?;
    let wrong = found.wrong;
    let mut steps = steps.to_vec();
    let mut size = steps.len();
    while size > 0 {
        let before = steps.len();
        let mut end = steps.len();
        while end > 0 {
            let begin = end.saturating_sub(size);
            let mut fewer = steps.clone();
            fewer.drain(begin..end);
            if let Some(still) = after(mail, &fewer).filter(|still| is_same(still, wrong)) {
                (steps, found) = (fewer, still);
            }
            end = begin;
        }
        // One at a time as long as that helps.
        let helped = size == 1 && steps.len() < before;
        size = if helped { 1 } else { size / 2 };
    }
    Some((steps, found))
}

fn is_same(finding: &ModelFinding, wrong: Wrong) -> bool {
    finding.wrong == wrong
}

fn after(mail: &Mail, steps: &[Step]) -> Option<ModelFinding> {
    let mut bag = Model::new(mail.clone());
    for step in steps {
        bag.step(*step);
    }
    bag.settle();
    bag.check()
}
