//! Seeded entropy for threads that simulate: the one module with `unsafe`.
//!
//! A seed alone is not determinism: hash maps and libraries ask the operating system for random
//! bytes. A program that invokes [`seed_entropy!`](crate::seed_entropy) defines the function that
//! they ask. For a thread that called [`seed`] the bytes follow from its seed. The library itself
//! never defines the function, so that only programs that ask for it get it.
//!
//! | | where they ask | hash maps | keys and masks of WebSocket |
//! | --- | --- | --- | --- |
//! | Linux | the symbol `getrandom`, also the standard library | of the seed | of the seed |
//! | WASI | the `custom` backend of the crate getrandom (`.cargo/config.toml`) | of the host | of the seed |
//! | elsewhere | the system; nothing is replaced | of the system | of the system |
//!
//! Nothing may depend on the keys of hash maps, and on keys and masks nothing but the bytes of the
//! packets that have them. So elsewhere those bytes differ from run to run. That nothing else does
//! was never tried there, and is not promised.
#![allow(unsafe_code)]

use std::cell::Cell;

use crate::hash::{GOLDEN, mix};

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Seeds the entropy of the current thread.
pub fn seed(seed: u64) {
    STATE.set(Some(seed));
    #[cfg(target_os = "wasi")]
    wasi::renew_thread(seed);
}

/// Fills `length` bytes at `buffer`, if the current thread was seeded; returns whether it was.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
#[cfg_attr(not(any(target_os = "linux", target_os = "wasi")), expect(dead_code))]
unsafe fn fill_seeded(buffer: *mut u8, length: usize) -> bool {
    let Ok(Some(mut state)) = STATE.try_with(Cell::get) else { return false };
    for offset in 0..length {
        state = state.wrapping_add(GOLDEN);
        // SAFETY: the offset is within the length that the caller promised.
        unsafe { buffer.add(offset).write((mix(state) >> 56) as u8) };
    }
    STATE.set(Some(state));
    true
}

/// Fills `length` bytes at `buffer`, as `getrandom(2)` would: from the system if the current thread
/// was not seeded.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
#[cfg(target_os = "linux")]
pub unsafe fn fill(buffer: *mut u8, length: usize, flags: u32) -> isize {
    // SAFETY: the caller promises what both demand.
    match unsafe { fill_seeded(buffer, length) } {
        true => length as isize,
        false => unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize },
    }
}

/// One thread for all trials, whose thread-locals outlive a trial.
#[cfg(target_os = "wasi")]
pub mod wasi {
    pub use rand::rngs::SysError;

    /// Bytes that a fresh thread draws first, for the keys of its hash maps. Here they come from
    /// the host, and once an instance.
    const HASH_KEYS: usize = 16;

    /// Lets the current thread draw what a fresh one draws: the same bytes, in the same order.
    pub fn renew_thread(seed: u64) {
        // It draws, too, when it is made.
        let mut generator = rand::rng();
        super::STATE.set(Some(seed));
        let mut keys = [0; HASH_KEYS];
        // SAFETY: it is an array of this length.
        unsafe { super::fill_seeded(keys.as_mut_ptr(), HASH_KEYS) };
        generator.reseed().expect("the thread was seeded");
    }

    /// Fills `length` bytes at `buffer`. No one asks before the first trial.
    ///
    /// # Errors
    /// The thread was not seeded.
    ///
    /// # Safety
    /// `buffer` must be valid for writes of `length` bytes.
    pub unsafe fn fill(buffer: *mut u8, length: usize) -> Result<(), SysError> {
        // SAFETY: the caller promises what it demands.
        match unsafe { super::fill_seeded(buffer, length) } {
            true => Ok(()),
            false => Err(SysError::UNSUPPORTED),
        }
    }
}

/// Lets this program have seeded entropy on threads that simulate, where that can be had.
///
/// Invoke it once, at the top of a binary or of a test file.
#[macro_export]
macro_rules! seed_entropy {
    () => {
        /// Fills a buffer: seeded for threads that simulate, from the system for all others.
        ///
        /// # Safety
        /// As for `getrandom(2)`: `buffer` must be valid for writes of `length` bytes.
        #[cfg(target_os = "linux")]
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
            // SAFETY: the caller promises what `fill` demands.
            unsafe { $crate::sim::entropy::fill(buffer, length, flags) }
        }

        /// Fills a buffer as trials do, for the crate getrandom.
        ///
        /// # Safety
        /// `buffer` must be valid for writes of `length` bytes.
        #[cfg(target_os = "wasi")]
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        unsafe extern "Rust" fn __getrandom_v03_custom(
            buffer: *mut u8,
            length: usize,
        ) -> Result<(), $crate::sim::entropy::wasi::SysError> {
            // SAFETY: the caller promises what `fill` demands.
            unsafe { $crate::sim::entropy::wasi::fill(buffer, length) }
        }
    };
}
