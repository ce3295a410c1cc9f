//! Seeded entropy for threads that simulate: the one module with `unsafe`.
//!
//! A seed alone is not determinism: hash maps and libraries ask the operating system for random
//! bytes. A program that invokes [`seed_entropy!`](crate::seed_entropy) defines the symbol
//! `getrandom` itself. For a thread that called [`seed`] the bytes follow from its seed; for all
//! others they are the system's. The library itself never defines the symbol, so that only
//! programs that ask for it get it. Linux only; elsewhere nothing is replaced.
#![allow(unsafe_code)]

use std::cell::Cell;

use crate::hash::{GOLDEN, mix};

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Seeds the entropy of the current thread.
pub fn seed(seed: u64) {
    STATE.set(Some(seed));
}

/// Fills `length` bytes at `buffer`, as `getrandom(2)` would.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
pub unsafe fn fill(buffer: *mut u8, length: usize, flags: u32) -> isize {
    let Ok(Some(mut state)) = STATE.try_with(Cell::get) else {
        // SAFETY: the caller promises what the system call demands.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) } as isize;
    };
    for offset in 0..length {
        state = state.wrapping_add(GOLDEN);
        // SAFETY: the offset is within the length that the caller promised.
        unsafe { buffer.add(offset).write((mix(state) >> 56) as u8) };
    }
    STATE.set(Some(state));
    length as isize
}

/// Defines `getrandom` for this program, so that threads that simulate have seeded entropy.
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
    };
}
