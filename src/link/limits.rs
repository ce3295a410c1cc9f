//! Every limit of the links, which no scenario changes. What is beyond one ends a request or a
//! connection, with a reason in the history; `docs/reference/limits.md` lists them.

use crate::time::Duration;
use crate::wire::MOST_FRAME;

/// Most bytes of the head of an HTTP message, or a few more where they came at once: what
/// tungstenite takes of a handshake.
pub const MOST_HEAD: usize = 64 * 1_024;
/// Most bytes of a request's or a response's body.
pub const MOST_BODY: usize = 4 * MOST_FRAME;
/// Most bytes of one event of a stream: a longer one is an error.
pub const MOST_EVENT: usize = 2 * MOST_FRAME;
/// Most sessions over HTTP that have ended and were not told so yet.
pub const MOST_ENDED: usize = 1_000;
/// How long a connection may take to become a session's: a handshake, a request's head. A
/// request's body may take as long again.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(20);
/// How long a connection may stand idle before the broker closes it: nginx's `keepalive_timeout`.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client waits after a request over HTTP that failed, and is told to wait before it
/// asks for a stream of events again: Socket.IO's first wait too.
pub const RETRY: Duration = Duration::from_secs(1);
/// Longest payload over Socket.IO, and longest packet: what it calls `maxHttpBufferSize`, 1 MB.
pub const MOST_PAYLOAD: usize = 1_000_000;
/// Most packets in one payload over Socket.IO.
pub const MOST_PACKETS: usize = 10_000;
/// Most arguments of an event or an acknowledgement over Socket.IO.
pub const MOST_ARGUMENTS: usize = 1_000;
/// How long a client may take to connect to a namespace: Socket.IO's `connectTimeout`.
pub const NAMESPACE_WITHIN: Duration = Duration::from_secs(45);
/// How long the upgrade from polling to WebSocket may take: Socket.IO's `upgradeTimeout`.
pub const UPGRADE_WITHIN: Duration = Duration::from_secs(10);
