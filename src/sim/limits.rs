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
/// Number of retries after which a connection gives up: Linux's `tcp_retries2`, tcp(7). They take
/// at least 924.6 s.
pub const RETRIES: u32 = 15;
/// The same for a connection that no program holds: `tcp_orphan_retries`, which take 102.2 s.
pub const ORPHAN_RETRIES: u32 = 8;
/// Number of SYNs that are sent again, after which opening a connection fails: `tcp_syn_retries`
/// and `tcp_syn_linear_timeouts`, which Linux has since 6.5. The last one leaves after 67 s, and
/// the opening fails after 131 s.
pub const SYN_RETRIES: u32 = 6 + LINEAR_SYNS;
/// Number of timeouts of 1 s that are not doubled: `tcp_syn_linear_timeouts`.
pub const LINEAR_SYNS: u32 = 4;
/// Number of times that the answer to a SYN is sent again: `tcp_synack_retries`. The half-open
/// connection is kept for 63 s.
pub const SYN_ACK_RETRIES: u32 = 5;
/// Time for which a half-closed connection that no program holds is kept: `tcp_fin_timeout`.
pub const FIN_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for which a connection that was closed first on this side is kept. In Linux it is 60 s; no
/// report tells the two apart, and the connection's buffers are kept for so long.
pub const TIME_WAIT: Duration = Duration::from_secs(2);
/// Time for which a receiver may keep back an acknowledgement. In Linux it is 40 ms and more once a
/// connection goes to and fro, and nothing at first.
pub const ACK_DELAY: Duration = Duration::from_millis(2);
