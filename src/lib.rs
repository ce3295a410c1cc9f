//! delivery-lab: what a client still gets after it was away, over which link, and who promised it.
pub mod cli;
pub mod history;
pub mod message;
pub mod net;
pub mod report;
pub mod scenario;
pub mod time;
pub mod verdict;
