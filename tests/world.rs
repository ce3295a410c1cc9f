//! The simulated world: scenarios, their derived numbers, the same bytes every time.

mod datagrams;
mod derived_numbers;
mod determinism;
mod edge_cases;
mod fidelity;
mod limits;
mod placement;
mod prices;
mod quiescent;
mod scenarios;
