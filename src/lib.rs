//! delivery-lab: what a client still gets after it was away, over which link, and who promised it.
pub mod core;
pub mod history;
pub mod link;
pub mod message;
pub mod net;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod time;
pub mod verdict;
pub mod wire;
