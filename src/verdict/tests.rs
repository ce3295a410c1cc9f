//! Tests of the judge on hand-made and random histories. None of them runs a machine or a network.

mod anomalies;
mod causes;
mod expectations;
mod guarantees;
mod histories;
mod outcomes;
mod reference_judge;
mod rows;
mod rules;
mod soup;
mod story;
pub(super) mod switches;
mod versus_reference;
