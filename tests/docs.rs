//! Texts and pages, and the rules over the source tree.

mod architecture;
mod circles;
mod explain;
mod printed;
mod reference;
mod why;
