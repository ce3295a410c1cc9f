//! Tests of the judge on hand-made and on random histories. None of them runs a machine or a network.

mod anomalies;
mod causes;
mod expectations;
mod guarantees;
mod histories;
mod outcomes;
mod reference_judge;
mod soup;
mod story;
mod versus_reference;
