//! What a driver needs of a machine, whoever wrote it.

use super::{
    BrokerInput, BrokerOptions, BrokerOutput, BrokerView, ClientInput, ClientOutput, Numbering,
};
use crate::time::Instant;

/// A machine as its driver sees it: facts in, orders out, and a time to be woken at.
pub trait Machine {
    /// A fact.
    type Input;
    /// An order.
    type Output;

    /// Tells the machine a fact.
    fn handle(&mut self, now: Instant, input: Self::Input);

    /// The next order, if there is one.
    fn poll(&mut self) -> Option<Self::Output>;

    /// When it wants to hear that time has passed.
    fn deadline(&self) -> Option<Instant>;
}

/// A broker as its driver needs it: ours, or one in its place.
///
/// What it has done with messages it says in orders to note: from these the judge knows it.
pub trait BrokerMachine: Machine<Input = BrokerInput, Output = BrokerOutput> + Send {
    /// How it was set up.
    fn options(&self) -> &BrokerOptions;

    /// How many messages it holds, and their bytes: what a run is said to cost.
    fn holds(&self) -> (usize, usize) {
        (0, 0)
    }

    /// The picture at this moment, if it can draw one.
    fn view(&self) -> Option<BrokerView> {
        None
    }
}

/// A client as its driver needs it: ours, or one in its place.
pub trait ClientMachine: Machine<Input = ClientInput, Output = ClientOutput> + Send {
    /// Whether there is room for another message; if not, the driver stops reading.
    fn wants_to_read(&self) -> bool {
        true
    }

    /// The numbers that a new process of this client goes on from after a crash.
    fn numbering(&self) -> Numbering;

    /// How many messages it holds: what a run is said to cost.
    fn holds(&self) -> usize {
        0
    }
}
