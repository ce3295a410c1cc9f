//! Tests the state machines of `core` alone, over the in-memory network of `search::model`.
//!
//! There are random steps against a small reference model, a fixed set of seeds, and the museum's
//! mutants, which must be found here, too. `STEPS=10000000 cargo test --release --test suite
//! fixed_set -- --nocapture` plays more seeds and prints the speed.

mod machine;
mod mutants;
mod seeds;
mod terms;
