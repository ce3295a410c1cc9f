//! Limits on the size of a scenario. Each limit has a diagnostic of its own.
//!
//! Limits of single keys (such as the longest heartbeat) are in the table of keys, not here.

use crate::time::Duration;

/// The most bytes of a scenario file. A typical lesson has about 1 KiB.
pub const FILE_BYTES: usize = 1 << 20;

/// The most `=` signs in a file: the parser's work grows with the square of the dotted keys.
pub const ASSIGNMENTS: usize = 20_000;

/// The deepest nesting of tables and lists, payloads included.
pub const NESTING: usize = 32;

/// The most parts of a table's header, as in `[client.publish]`.
pub const HEADER_PARTS: usize = 8;

/// The most bytes in the name of a client, queue, event or room.
pub const NAME_BYTES: usize = 100;

/// The most bytes of a title or an about.
pub const TEXT_BYTES: usize = 10_000;

/// The most processes of all clients together.
pub const PROCESSES: u64 = 10_000;

/// The most faults.
pub const FAULTS: usize = 1_000;

/// The most members of any other list.
pub const LIST: usize = 1_000;

/// The most publish entries of all clients together.
pub const PUBLISHES: usize = 1_000;

/// The longest trial.
pub const RUN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The most deliveries (messages times subscribers) without `--force`: about a minute of work.
pub const DELIVERIES: u64 = 1_000_000;

/// The most problems that one load reports. The rest is only counted.
pub const PROBLEMS: usize = 50;

/// The most bytes of a frame over UDP: an Ethernet frame's 1,500 minus the IP and UDP headers.
pub const UDP_FRAME_BYTES: usize = 1_472;

/// The most processes that all faults together name: `who = "everyone"` names each of them.
pub const FAULT_PROCESSES: usize = 1_000_000;
