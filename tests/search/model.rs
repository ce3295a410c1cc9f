//! The core machines alone over a mailbag of frames: the second depth of the search.
//!
//! Random steps against a small reference model, a fixed set of seeds, and the museum's mutants,
//! which must be found at this depth too. `STEPS=10000000 cargo test --release --test suite mailbag
//! fixed_set -- --nocapture` plays more seeds and says how fast.

mod machine;
mod mutants;
mod seeds;
mod terms;
