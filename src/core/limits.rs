//! Limits of broker and client that no scenario changes; those that a scenario can change are in
//! `message/limits.rs`. `docs/reference/limits.md` lists them.

use crate::time::Duration;

/// Time within which a new connection must send its hello. Socket.IO's server calls it
/// `connectTimeout` (45 s); here it equals the client's default `connect_timeout`.
pub const HELLO_WITHIN: Duration = Duration::from_secs(20);
/// Most queues, most rooms per queue, and most client names. A session that would exceed one of
/// them is closed.
pub const MOST_NAMES: usize = 100_000;
/// Most processes remembered per client name, to tell a late hello from a new one.
pub const MOST_PROCESSES: usize = 64;
/// Most refusals remembered per publisher, so that a late copy is refused again.
pub const MOST_REFUSED: usize = 10_000;
/// Most publishes that are unanswered at a time over a lossy link: a whole outbox in one burst
/// would overflow the socket.
pub const MOST_OUT_LOSSY: usize = 100;
/// Shortest wait before an attempt that a broker's `retry` can ask for: the shortest that a client
/// chooses by itself. Without it, a `retry` of 0 would be a storm of attempts.
pub const LEAST_RETRY: Duration = Duration::from_millis(500);
