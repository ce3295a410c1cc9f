//! Prints what storms exercised.

use crate::report;
use crate::search::Coverage;
use crate::terms::Exercise;

/// Returns sentences that say what storms exercised, and what none of them did.
pub fn covered(coverage: &Coverage) -> String {
    let (met, never): (Vec<_>, Vec<_>) = coverage.iter().partition(|(_, count)| *count > 0);
    let met: Vec<String> = met
        .into_iter()
        .map(|(exercise, count)| {
            let noun = if count == 1 { exercise.singular() } else { exercise.plural() };
            format!("{} {noun}", report::count(count))
        })
        .collect();
    let never: Vec<String> = never
        .into_iter()
        .map(|(exercise, _): (Exercise, u64)| exercise.plural().to_owned())
        .collect();
    let mut lines = Vec::new();
    for (verb, list) in [("met", met), ("never met", never)] {
        if !list.is_empty() {
            let text = format!("They {verb} {}.", report::listed(&list));
            lines.extend(report::wrap_to(report::COLUMNS, &text, "", ""));
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}
