//! Every limit of a simulated machine's network, which no scenario changes: Linux's, where it has
//! one. `docs/reference/limits.md` lists them.

use crate::time::Duration;

/// Bytes of a connection's send buffer, and of its receive buffer: the most that TCP's window
/// says without scaling (RFC 9293 §3.1), which is 5 Mbit/s at a round trip of 100 ms.
///
/// Not one byte more: with scaling smoltcp rounds the window down, so that it shrinks below what
/// it had promised, cuts the last byte off a segment and still takes its FIN. That byte is lost.
pub const BUFFER: usize = 65_535;
/// The same, for trials of more than [`MANY`] processes: smoltcp allocates buffers at once, and
/// 1,000 connections have 4,000 of them.
pub const SMALL_BUFFER: usize = 16 * 1_024;
/// From how many processes on buffers are small.
pub const MANY: usize = 200;
/// Bytes of packets that wait on either side of a datagram socket: Linux's default,
/// `rmem_default` and `wmem_default` of socket(7).
pub const QUEUE: usize = 212_992;
/// How long an idle connection waits before it asks whether the peer is there. Linux asks after
/// two hours (tcp(7), `tcp_keepalive_time`), then every 75 s (`tcp_keepalive_intvl`).
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection hears nothing before it gives up: 15 retries of Linux, tcp(7),
/// `tcp_retries2`.
pub const TIMEOUT: Duration = Duration::from_secs(924);
/// How long an opening waits: 6 retries of Linux, tcp(7), `tcp_syn_retries`.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);
/// How long a half-open or half-closed connection that no program holds is kept: tcp(7),
/// `tcp_fin_timeout`.
pub const ORPHAN_TIMEOUT: Duration = Duration::from_secs(60);
