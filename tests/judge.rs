//! The judge: causes, mutants, and storms in which it must not cry wolf.

mod causes;
mod false_positives;
mod museum;
