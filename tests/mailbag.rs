//! The core machines alone over a mailbag of frames: the second depth of the search.
//!
//! Random steps against a small reference model, a fixed set of seeds, and the museum's mutants,
//! which must be found at this depth too. `STEPS=10000000 cargo test --release --test mailbag
//! fixed_set -- --nocapture` plays more seeds and says how fast.

#[path = "mailbag/machine.rs"]
mod machine;
#[path = "mailbag/mutants.rs"]
mod mutants;
#[path = "mailbag/seeds.rs"]
mod seeds;
#[path = "mailbag/terms.rs"]
mod terms;
