//! The six functions of threads that Rust's standard library names and Debian's C library for WASI,
//! of 2022, does not have: no thread can be made. rustup's target has a newer one and needs no such
//! file. There is no library below it, not even `core`, so that its compilation needs none either.
#![feature(no_core, lang_items)]
#![allow(internal_features)]
#![no_core]

#[lang = "pointee_sized"]
trait PointeeSized {}
#[lang = "meta_sized"]
trait MetaSized: PointeeSized {}
#[lang = "sized"]
trait Sized: MetaSized {}
#[lang = "copy"]
trait Copy {}
impl Copy for i32 {}

/// The error that says so (`__WASI_ERRNO_NOTSUP`).
const NOT_SUPPORTED: i32 = 58;

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_init(_attributes: i32) -> i32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_setstacksize(_attributes: i32, _size: i32) -> i32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_attr_destroy(_attributes: i32) -> i32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn pthread_create(_thread: i32, _attributes: i32, _start: i32, _with: i32) -> i32 {
    NOT_SUPPORTED
}

#[unsafe(no_mangle)]
extern "C" fn pthread_join(_thread: i32, _result: i32) -> i32 {
    NOT_SUPPORTED
}

#[unsafe(no_mangle)]
extern "C" fn pthread_detach(_thread: i32) -> i32 {
    NOT_SUPPORTED
}
