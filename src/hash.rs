//! The hashes of the crate: FNV-1a over bytes, and the mixing of 64 bits. They are fixed for ever:
//! seeds, traces and recorded sweeps depend on them.

/// FNV-1a with 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Fnv1a {
    /// Creates the hash of no bytes.
    pub const fn new() -> Fnv1a {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }

    /// Continues the hash over more bytes.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Fnv1a {
        Fnv1a(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// Returns the hash.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// The odd number nearest to 2⁶⁴ divided by the golden ratio.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes 64 bits with the finalizer of SplitMix64: Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators" (OOPSLA 2014), with the constants of Stafford's variant 13.
pub const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_1a_has_the_values_of_its_authors() {
        let hash = |text: &str| Fnv1a::new().with(text.as_bytes()).bits();
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(Fnv1a::new().with(b"foo").with(b"bar").bits(), hash("foobar"));
    }

    #[test]
    fn mixing_gives_the_numbers_of_splitmix64() {
        // The first outputs of the reference implementation with the seed 1234567.
        let numbers = [1, 2, 3].map(|n| mix(1_234_567_u64.wrapping_add(GOLDEN.wrapping_mul(n))));
        assert_eq!(numbers, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }
}
