//! The traits through which drivers use a broker or client, ours or another implementation.

use super::{
    BrokerInput, BrokerOptions, BrokerOutput, BrokerView, ClientInput, ClientOutput, Numbering,
};
use crate::time::Instant;

/// A state machine as its driver sees it: inputs, outputs, and a time to be woken at.
pub trait Machine {
    /// Something that happened.
    type Input;
    /// Something that the driver must do.
    type Output;

    /// Processes an input. The outputs that follow from it are returned by `poll`.
    fn handle(&mut self, now: Instant, input: Self::Input);

    /// Returns the next output, if there is one.
    fn poll(&mut self) -> Option<Self::Output>;

    /// Returns the time at which the machine needs its `Elapsed` input.
    fn deadline(&self) -> Option<Instant>;
}

/// A broker as its driver needs it: [`Broker`](super::Broker), or another implementation.
///
/// It reports what it did with messages in [`BrokerOutput::Note`]s; verdicts are computed from
/// these.
pub trait BrokerMachine: Machine<Input = BrokerInput, Output = BrokerOutput> + Send {
    /// Returns the options that the broker was created with.
    fn options(&self) -> &BrokerOptions;

    /// Returns the number of messages held, and their bytes; reports show it as a cost of the run.
    fn holds(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Returns a snapshot of the broker's state, if the implementation offers one.
    fn view(&self) -> Option<BrokerView> {
        None
    }
}

/// A client as its driver needs it: [`Client`](super::Client), or another implementation.
pub trait ClientMachine: Machine<Input = ClientInput, Output = ClientOutput> + Send {
    /// Whether there is room for another message; if not, the driver stops reading.
    fn wants_to_read(&self) -> bool {
        true
    }

    /// Returns the numbers from which a new process of this client continues after a crash.
    fn numbering(&self) -> Numbering;

    /// Returns the number of messages held; reports show it as a cost of the run.
    fn holds(&self) -> usize {
        0
    }
}
