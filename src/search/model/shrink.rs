//! Shrinks a list of steps to few that still show the same finding.

use super::super::Wrong;
use super::{Model, ModelFinding, ModelOptions, Step};

/// Shrinks steps after which a model shows something wrong. Returns `None` if they show nothing.
///
/// Steps are taken away, first many at once, then one at a time, as long as the quiescent model
/// still shows the same.
pub fn shrink(options: &ModelOptions, steps: &[Step]) -> Option<(Vec<Step>, ModelFinding)> {
    let mut found = after(options, steps)?;
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
            if let Some(still) = after(options, &fewer).filter(|still| is_same(still, wrong)) {
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

fn after(options: &ModelOptions, steps: &[Step]) -> Option<ModelFinding> {
    let mut model = Model::new(options.clone());
    for step in steps {
        model.step(*step);
    }
    model.quiesce();
    model.check()
}
