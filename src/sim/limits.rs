//! Limits of a simulated host's network that no scenario changes. They are Linux's, where it has
//! such a limit. `docs/reference/limits.md` lists them.

use crate::time::Duration;

/// Length of a connection's send buffer, and of its receive buffer, in bytes: the largest window
/// that TCP announces without scaling (RFC 9293 §3.1), which is 5 Mbit/s at a round trip of 100 ms.
///
/// It must not be larger. With scaling, smoltcp rounds the window down, so that the window shrinks
/// below what was announced. smoltcp then cuts the last byte off a segment and still takes the
/// segment's FIN: that byte is lost.
pub const BUFFER: usize = 65_535;
/// Length of the same buffers in trials of more than [`MANY`] processes: smoltcp allocates buffers
/// at once, and 1,000 connections have 4,000 of them.
pub const SMALL_BUFFER: usize = 16 * 1_024;
/// Maximum number of processes of a trial with buffers of full length.
pub const MANY: usize = 200;
/// Maximum size of each queue of a datagram socket, in bytes of packets: Linux's default,
/// `rmem_default` and `wmem_default` of socket(7).
pub const QUEUE: usize = 212_992;
/// Time after which an idle connection sends a keep-alive. Linux sends the first one after two
/// hours (tcp(7), `tcp_keepalive_time`), and then one every 75 s (`tcp_keepalive_intvl`).
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time without an answer after which a connection gives up: 15 retries of Linux, tcp(7),
/// `tcp_retries2`.
pub const TIMEOUT: Duration = Duration::from_secs(924);
/// Time after which opening a connection fails: 6 retries of Linux, tcp(7), `tcp_syn_retries`.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);
/// Time for which a half-open or half-closed connection that no program holds is kept: tcp(7),
/// `tcp_fin_timeout`.
pub const ORPHAN_TIMEOUT: Duration = Duration::from_secs(60);
