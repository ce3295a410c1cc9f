//! Tests of the judge on hand-made histories. None of them runs a machine or a network.

mod anomalies;
mod causes;
mod expectations;
mod guarantees;
mod outcomes;
mod soup;
mod story;
