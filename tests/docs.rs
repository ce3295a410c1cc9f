//! Texts and pages, and the rules over the source tree.

mod architecture;
mod circles;
mod emit;
mod explain;
mod foreign;
mod lesson_notes;
mod printed;
mod reference;
mod why;
