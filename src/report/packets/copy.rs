//! One copy of a message on its way.

use std::sync::Arc;

use crate::history::Flow;
use crate::message::SessionId;
use crate::time::Instant;

/// One copy that was written to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The direction of a connection, or of a pair of datagram sockets.
    pub flow: Arc<Flow>,
    /// The end of the copy in the flow: the offset after its last byte, or the number of its
    /// datagram.
    pub end: u64,
    /// The time when it was written.
    pub since: Instant,
    /// The session that it was sent on.
    pub session: SessionId,
    /// Whether its receiver never got the message: its broker did not accept it, or its subscriber
    /// missed it.
    pub is_pending: bool,
}
