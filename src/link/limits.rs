//! The limits of the links, which no scenario can change. Exceeding one ends a request or a
//! connection, with a reason in the history; `docs/reference/limits.md` lists them.

pub use crate::message::MOST_PAYLOAD;
use crate::time::Duration;
use crate::wire::MOST_FRAME;

/// Most bytes in the head of an HTTP message, as in tungstenite's limit for a handshake. A head
/// that arrives in one piece may exceed it by a few bytes.
pub const MOST_HEAD: usize = 64 * 1_024;
/// Most bytes in the body of a request or a response.
pub const MOST_BODY: usize = 4 * MOST_FRAME;
/// Most bytes in one event of an event stream. A longer event is an error.
pub const MOST_EVENT: usize = 2 * MOST_FRAME;
/// Largest number of HTTP sessions that are kept after their end, until the client learns of it.
/// When a session is opened beyond this limit, all ended ones are dropped.
pub const MOST_ENDED: usize = 1_000;
/// Time within which a connection must complete its WebSocket handshake, or the head of its first
/// HTTP request. Receiving a request's body may take as long again.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(20);
/// Time after which the broker closes an idle connection: nginx's `keepalive_timeout`.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time that a client waits after a failed HTTP request, and the `retry` time that an event stream
/// announces. It equals Socket.IO's first reconnection delay.
pub const RETRY: Duration = Duration::from_secs(1);
/// Most packets in one payload over Socket.IO.
pub const MOST_PACKETS: usize = 10_000;
/// Most arguments of an event or an acknowledgement over Socket.IO.
pub const MOST_ARGUMENTS: usize = 1_000;
/// Time within which a client must connect to a namespace: Socket.IO's `connectTimeout`.
pub const NAMESPACE_WITHIN: Duration = Duration::from_secs(45);
/// Time within which the upgrade from polling to WebSocket must finish: Socket.IO's
/// `upgradeTimeout`.
pub const UPGRADE_WITHIN: Duration = Duration::from_secs(10);
