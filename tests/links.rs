//! Links: frames on the wire, and the effect that well-behaved and malformed peers can have.

mod close_codes;
mod contract;
mod engine_io;
mod layers;
mod layers_picture;
mod malformed_peers;
mod packet_list;
mod packets;
mod pcap;
mod room_events;
mod socketio;
mod socketioxide;
mod wire;
