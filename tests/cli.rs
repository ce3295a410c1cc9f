//! End-to-end tests of the program: its commands, the broker's view, and the README.

mod broker_view;
mod commands;
mod for_programs;
mod readme;
mod webassembly;
