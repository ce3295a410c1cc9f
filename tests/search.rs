//! Tests of the search: sweeps, properties, the corpus of findings, the in-memory model.

mod catch_up;
mod corpus;
mod model;
pub mod property;
mod sweep;
