//! The reasons why a trial has no result.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::message::Name;
use crate::time::Instant;

/// The reason why a trial has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// Something panicked: a bug of delivery-lab, or of a user-supplied program. This is the
    /// panic's message, or for a task that a program has spawned, that of its runtime.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The trial was cancelled.
    #[error("was cancelled at {at} of the trial")]
    Cancelled {
        /// The moment at which it ended.
        at: Instant,
    },
    /// The trial exceeded a limit.
    #[error("was ended at {at} of the trial: {limit}")]
    Exceeded {
        /// The limit.
        limit: ExceededLimit,
        /// The moment at which the trial ended.
        at: Instant,
    },
}

/// A limit that a trial exceeded, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceededLimit {
    /// [`super::TrialLimits::events`].
    Events(u64),
    /// [`super::TrialLimits::packets`].
    Packets(u64),
    /// [`super::TrialLimits::memory`].
    Memory(u64),
    /// [`super::TrialLimits::real_time`].
    RealTime(Duration),
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExceededLimit::Events(most) => write!(f, "more than {most} events, its limit"),
            ExceededLimit::Packets(most) => write!(f, "more than {most} packets, its limit"),
            ExceededLimit::Memory(most) => {
                write!(f, "more than {most} bytes of memory, its limit")
            }
            ExceededLimit::RealTime(most) => {
                write!(f, "more than {most:?} of real time, its limit")
            }
        }
    }
}

impl TrialError {
    /// Returns the error for the payload of a panic.
    pub(crate) fn panic(payload: &(dyn Any + Send)) -> TrialError {
        TrialError::Panicked(message(payload))
    }

    /// Returns the error for a panic in a process's program, or in the network if there is none.
    pub(super) fn panic_of(process: Option<&Name>, payload: &(dyn Any + Send)) -> TrialError {
        let message = message(payload);
        TrialError::Panicked(match process {
            Some(process) => format!("in the program of {process}: {message}"),
            None => format!("in the simulated network: {message}"),
        })
    }
}

/// Returns the message of a panic.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
