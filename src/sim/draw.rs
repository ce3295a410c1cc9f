//! Keyed random numbers: a pure hash of a seed and of the purpose of the draw.
//!
//! A draw does not take the next number of a stream. Its key names what it decides (which fault,
//! which direction, which millisecond, which packet in it), so one draw more or less changes no
//! other. There is no state and no order of draws.

use crate::hash::{Fnv1a, GOLDEN, mix};

/// A random number for one purpose; [`named`](Draw::named) and [`with`](Draw::with) narrow the
/// purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// Returns the draw of a trial, from which all others derive.
    pub fn new(seed: u64) -> Draw {
        Draw(mix(seed.wrapping_add(GOLDEN)))
    }

    /// Narrows the purpose by a name, as in `link:driver>broker`. A new name changes no other draw.
    ///
    /// The name counts by the FNV-1a hash of its bytes.
    pub fn named(self, label: &str) -> Draw {
        self.with(Fnv1a::new().with(label.as_bytes()).bits())
    }

    /// Narrows the purpose by a number.
    pub fn with(self, part: u64) -> Draw {
        Draw(mix(self.0.rotate_left(5) ^ mix(part.wrapping_add(GOLDEN))))
    }

    /// Returns all 64 bits of the draw.
    pub fn bits(self) -> u64 {
        mix(self.0.wrapping_add(GOLDEN))
    }

    /// Returns a number in [0, 1), with 53 random bits.
    pub fn unit(self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number below `end`, or 0 if `end` is 0.
    ///
    /// Takes the high half of a product (Lemire, "Fast Random Integer Generation in an Interval",
    /// 2019) without the rejection step: the bias is below `end` / 2⁶⁴.
    pub fn below(self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// Returns a number from `min` to `max`, both included.
    ///
    /// # Panics
    /// `max` is less than `min`.
    pub fn between(self, min: u64, max: u64) -> u64 {
        assert!(min <= max, "a range from {min} to {max} is empty");
        min + self.below((max - min).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let draw = Draw::new(42).named("link:driver>broker");
        let first = draw.with(17).bits();
        assert!((0..100).map(|n| draw.with(n).bits()).filter(|&bits| bits == first).count() == 1);
        assert_eq!(draw.with(17).bits(), first);
        assert_ne!(draw.with(18).bits(), first);
        assert_ne!(Draw::new(43).named("link:driver>broker").with(17).bits(), first);
    }

    #[test]
    fn parts_do_not_commute() {
        let draw = Draw::new(1);
        assert_ne!(draw.with(1).with(2).bits(), draw.with(2).with(1).bits());
    }

    #[test]
    fn unit_draws_fill_the_interval_evenly() {
        // 10,000 draws in 10 boxes: 1,000 each, standard deviation 30; five of those is 150.
        let mut boxes = [0_u32; 10];
        for n in 0..10_000 {
            boxes[(Draw::new(7).with(n).unit() * 10.0) as usize] += 1;
        }
        assert!(boxes.iter().all(|&count| (850..=1_150).contains(&count)), "{boxes:?}");
    }

    #[test]
    fn a_range_includes_both_ends() {
        let seen: Vec<u64> = (0..200).map(|n| Draw::new(3).with(n).between(10, 13)).collect();
        for wanted in 10..=13 {
            assert!(seen.contains(&wanted), "{wanted} was never drawn");
        }
        assert!(seen.iter().all(|n| (10..=13).contains(n)));
    }
}
