//! Limits of a trial's cost, and the check of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

use crate::time::Instant;

use super::net::Internet;
use super::trial_error::{ExceededLimit, TrialError};

/// Limits of one trial: what it may cost before it is ended without a result.
///
/// The defaults are far above what the limits of a scenario allow. A trial that reaches none of
/// them is not changed by them. They are checked whenever the network or a program has run; tasks
/// that a program spawns, and that never let time pass, are not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLimits {
    /// Most events in its history.
    pub events: u64,
    /// Most IP packets that leave a host.
    pub packets: u64,
    /// Most bytes in its history, its packets under way, the buffers of its sockets, and what its
    /// middleboxes remember, as far as they are known: programs may hold more.
    pub memory: u64,
    /// Longest real time; by default there is no limit, since whether it is reached depends on the
    /// computer. A program that does not yield cannot be ended; a message on stderr then names it.
    pub real_time: Option<Duration>,
    /// Ends the trial as soon as this is cancelled.
    pub cancel: Cancel,
}

impl Default for TrialLimits {
    fn default() -> TrialLimits {
        TrialLimits {
            events: 100_000_000,
            packets: 100_000_000,
            memory: 16 << 30,
            real_time: None,
            cancel: Cancel::default(),
        }
    }
}

/// Cancels trials from any thread. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends all trials that have it among their limits, with [`TrialError::Cancelled`].
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Cancel {
    fn eq(&self, other: &Cancel) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cancel {}

/// Number of polls from one look at what the trial has used to the next.
const POLLS: usize = 256;

/// Checks the limits of a trial from time to time.
pub(super) struct LimitCheck {
    limits: TrialLimits,
    internet: Arc<Internet>,
    began: Clock,
    /// Number of polls at the next look at what the trial has used.
    next: usize,
}

impl LimitCheck {
    pub fn new(limits: TrialLimits, internet: Arc<Internet>) -> LimitCheck {
        LimitCheck { limits, internet, began: Clock::now(), next: POLLS }
    }

    /// Checks the limits; `polls` is the number of polls of driver and programs so far.
    ///
    /// # Errors
    /// The trial was cancelled, or exceeds a limit.
    pub fn check(&mut self, at: Instant, polls: usize) -> Result<(), TrialError> {
        let TrialLimits { events, packets, memory, real_time, cancel } = &self.limits;
        if cancel.is_cancelled() {
            return Err(TrialError::Cancelled { at });
        }
        if let Some(most) = real_time.filter(|most| self.began.elapsed() > *most) {
            return Err(TrialError::Exceeded { limit: ExceededLimit::RealTime(most), at });
        }
        if polls < self.next {
            return Ok(());
        }
        self.next = polls + POLLS;
        let usage = self.internet.usage();
        let exceeded = match () {
            () if usage.events > *events => ExceededLimit::Events(*events),
            () if usage.packets > *packets => ExceededLimit::Packets(*packets),
            () if usage.memory > *memory => ExceededLimit::Memory(*memory),
            () => return Ok(()),
        };
        Err(TrialError::Exceeded { limit: exceeded, at })
    }
}
