//! The placement of a trial's processes on turmoil hosts.

use crate::time::Duration;

/// The placement of a trial's processes on turmoil hosts. It changes what a trial costs, and nothing
/// that happens in it, but for random numbers that no message shows: keys and masks of WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// All processes are on one turmoil host, and the trial is one step of turmoil: between two
    /// events nothing is stepped, and turmoil's network carries nothing.
    #[default]
    Together,
    /// The broker and each client entry have a turmoil host of their own, and turmoil's network
    /// carries their packets. It is slower, and the check on [`Placement::Together`].
    Apart(Apart),
}

/// The options of processes that are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The length of a step; by default the largest that the smallest latency allows. Checks
    /// whether the trial can end early come at its multiples.
    pub tick: Option<Duration>,
    /// The order in which turmoil hosts run within a step.
    pub order: TurmoilOrder,
}

/// The order in which turmoil hosts run within a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurmoilOrder {
    /// The broker first, then the clients in the order of the scenario.
    #[default]
    Forward,
    /// The reverse order.
    Reverse,
}
