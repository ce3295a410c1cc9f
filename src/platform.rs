//! The operating systems on which the lab runs, as far as they differ: threads, the terminal and
//! Ctrl-C. Each module below has the same items; no result of a trial depends on which it is.
//!
//! Two differences stand elsewhere: [`net::real`](crate::net) is only where there are sockets, and
//! entropy is beside its promise, in `sim/entropy.rs`.

#[cfg(not(target_os = "wasi"))]
mod native;
#[cfg(target_os = "wasi")]
mod wasi;

#[cfg(not(target_os = "wasi"))]
pub use native::*;
#[cfg(target_os = "wasi")]
pub use wasi::*;
