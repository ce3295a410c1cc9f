//! Links: frames on the wire, and what peers of any kind can do to them.

mod close_codes;
mod contract;
mod engine_io;
mod malformed_peers;
mod packets;
mod socketio;
mod socketioxide;
mod wire;
