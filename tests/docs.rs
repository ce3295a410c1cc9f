//! Texts and pages, and the rules over the source tree.

mod architecture;
mod circles;
mod explain;
mod reference;
mod why;
