//! One step of shrinking, and the round values that steps take.

use crate::scenario::Scenario;
use crate::time::{Duration, Instant};

/// A change that makes a scenario smaller or rounder, or does nothing.
pub type ShrinkStep = Box<dyn Fn(&mut Scenario)>;

pub fn step(change: impl Fn(&mut Scenario) + 'static) -> ShrinkStep {
    Box::new(change)
}

/// Returns round numbers below `count`, the smallest first.
pub fn up_to(count: u64) -> Vec<u64> {
    let round = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1_000];
    round.into_iter().filter(|fewer| *fewer < count).collect()
}

/// Returns round durations below `span`, the shortest first.
pub fn shorter(span: Duration) -> Vec<Duration> {
    let round = [50, 100, 200, 300, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 8_000];
    let round = round.map(Duration::from_millis).into_iter();
    round.filter(|shorter| *shorter < span).collect()
}

/// Returns the nearest times that are rounder, the roundest first: whole seconds, halves, tenths
/// and hundredths.
pub fn rounder(at: Instant) -> Vec<Instant> {
    let ms = at.as_millis();
    let steps = [1_000, 500, 100, 10].into_iter().take_while(|step| !ms.is_multiple_of(*step));
    let near = steps.flat_map(|step| [ms / step * step, ms.div_ceil(step) * step]);
    near.filter(|ms| *ms > 0).map(Instant::from_millis).collect()
}
