//! How big a scenario may be. Each limit has a name, a reason, and a diagnostic that says it.
//!
//! Limits of single keys (how long a heartbeat may be) stand in the table of keys, not here.

use crate::time::Duration;

/// Most bytes of a scenario file. A lesson has about 1 KiB.
pub const FILE_BYTES: usize = 1 << 20;

/// Most `=` signs in a file: the parser's work grows with the square of the dotted keys.
pub const ASSIGNMENTS: usize = 20_000;

/// Deepest nesting of tables and lists, payloads included.
pub const NESTING: usize = 32;

/// Most parts of a table's header, as in `[client.publish]`.
pub const HEADER_PARTS: usize = 8;

/// Most bytes of an id, a queue, an event or a room.
pub const NAME_BYTES: usize = 100;

/// Most bytes of a title or an about.
pub const TEXT_BYTES: usize = 10_000;

/// Most processes of all clients together.
pub const PROCESSES: u64 = 10_000;

/// Most faults.
pub const FAULTS: usize = 1_000;

/// Most members of any other list.
pub const LIST: usize = 1_000;

/// Most publish entries of all clients together.
pub const PUBLISHES: usize = 1_000;

/// The longest trial.
pub const RUN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Most deliveries (messages times subscribers) without `--force`: about a minute of work.
pub const DELIVERIES: u64 = 1_000_000;

/// Most problems that one load reports; the rest is counted.
pub const PROBLEMS: usize = 50;

/// Most bytes of a frame over UDP: an Ethernet frame's 1,500 less the IP and UDP headers.
pub const UDP_FRAME_BYTES: usize = 1_472;

/// What a frame adds to its payload and names, at the most: a conservative guess.
pub const FRAME_OVERHEAD_BYTES: usize = 300;

/// Most processes that all faults together name: `who = "everyone"` names each of them.
pub const FAULT_PROCESSES: usize = 1_000_000;
