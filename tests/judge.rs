//! The judge: causes, mutants, and storms in which it must find nothing wrong.

mod causes;
mod false_positives;
mod museum;
