//! The search: sweeps, properties, the corpus of what was found, machines over a mailbag.

mod catch_up;
mod corpus;
mod model;
mod property;
mod sweep;
