//! The system under test of a trial: the programs that run as a scenario's broker and clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::app::SharedState;
use super::net;
use super::process::Tasks;
use super::socket::SimNet;
use crate::core::BrokerView;
use crate::history::Recorder;
use crate::message::{Contender, Name};
use crate::scenario::{ClientEntry, Scenario};
use crate::time::Instant;

/// The broker's port on its host.
pub const PORT: u16 = 7_777;

/// The programs of a broker and of its clients, for one trial.
///
/// It is a [`CoreSystem`](super::CoreSystem), or a [`BlackBox`](super::BlackBox) of user-supplied
/// [`Programs`](super::Programs).
pub trait System: Send + Sync + 'static {
    /// Returns the contender as which it is judged; `None` if its inside is not visible.
    fn contender(&self) -> Option<Contender>;

    /// Returns the tasks of the broker's process, at each of its starts. They never end.
    fn broker(&self, context: BrokerContext) -> Tasks;

    /// Returns the tasks of a client's process, at each of its starts. They never end.
    fn client(&self, context: ClientContext) -> Tasks;
}

/// The views of a broker that were taken, by moment.
pub type Views = Arc<Mutex<BTreeMap<Instant, BrokerView>>>;

/// The context of a broker's process at its start.
pub struct BrokerContext {
    /// The scenario of the trial.
    pub scenario: Arc<Scenario>,
    /// The network of the process.
    pub net: SimNet,
    /// The number of this start of the process, from 1.
    pub life: u64,
    /// The recorder of the process.
    pub recorder: Recorder,
    /// The moments still to come at which to take the broker's view, in order.
    pub views_at: Vec<Instant>,
    /// The place to put them.
    pub views: Views,
}

/// The context of a client's process at its start.
pub struct ClientContext {
    /// The scenario of the trial.
    pub scenario: Arc<Scenario>,
    /// The client's entry in the scenario; several processes share an entry whose count is above 1.
    pub entry: ClientEntry,
    /// The process's name.
    pub process: Name,
    /// The client's name.
    pub client: Name,
    /// The trial's seed.
    pub seed: u64,
    /// The network of the process.
    pub net: SimNet,
    /// The recorder of the process.
    pub recorder: Recorder,
    /// The state that survives the process.
    pub durable: SharedState,
}

/// Returns the broker's address and port.
pub fn broker_address() -> SocketAddr {
    SocketAddr::from((net::address(0), PORT))
}
