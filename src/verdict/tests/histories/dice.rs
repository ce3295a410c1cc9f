//! Random numbers that are the same everywhere: SplitMix64, from a seed and nothing else.

use crate::hash::{GOLDEN, mix};

/// A source of numbers that follow from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Draws a number below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// Draws `true` in `chance` of a hundred cases.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// The generator SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }
}
