//! The program as it is run: commands, the README.

mod commands;
mod readme;
