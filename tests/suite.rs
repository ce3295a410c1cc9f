//! All integration tests in one binary, a folder a subject: it links once.

mod cli;
mod core;
mod docs;
mod json_schema;
mod judge;
mod links;
mod scenario;
mod search;
mod world;

delivery_lab::seed_entropy!();
