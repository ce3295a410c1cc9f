//! Every limit of the machines that no scenario changes; those that one can are in
//! `message/limits.rs`. `docs/reference/limits.md` lists them.

use crate::time::Duration;

/// How long a connection may take to say hello. Socket.IO's server calls it `connectTimeout`,
/// 45 s; here it is the client's own patience.
pub const HELLO_WITHIN: Duration = Duration::from_secs(20);
/// Most queues, rooms a queue, and client names: beyond them a session is closed.
pub const MOST_NAMES: usize = 100_000;
/// Most processes remembered a client name, so that a late hello is told from a new one.
pub const MOST_PROCESSES: usize = 64;
/// Refusals remembered a publisher, so that a late copy is refused again.
pub const MOST_REFUSED: usize = 10_000;
/// Over a lossy link at most this many publishes are out at a time: a whole outbox in one burst
/// would only be lost in the socket.
pub const MOST_OUT_LOSSY: usize = 100;
