//! End-to-end tests of the program: its commands, and the README.

mod commands;
mod readme;
