//! What is tried: who plays the broker and the clients of a scenario.

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

/// The broker's port on its machine.
pub const PORT: u16 = 7_777;

/// The programs of a broker and of its clients, for one trial: [`CoreSystem`](super::Machines), or
/// [`BlackBox`](super::Own), which has [`Programs`](super::Programs) of somebody's own.
pub trait System: Send + Sync + 'static {
    /// The contender as which it is judged; none if nobody sees what happens inside.
    fn contender(&self) -> Option<Contender>;

    /// The tasks of the broker's process, from the beginning of one of its lives. They never end.
    fn broker(&self, seat: BrokerContext) -> Tasks;

    /// The tasks of a client's process, from the beginning of one of its lives. They never end.
    fn client(&self, seat: ClientContext) -> Tasks;
}

/// What is to be seen of a broker at a moment.
pub type View = Arc<Mutex<Option<BrokerView>>>;

/// What a broker's process finds when it starts.
pub struct BrokerContext {
    /// The scenario that is played.
    pub scenario: Arc<Scenario>,
    /// Its network.
    pub net: SimNet,
    /// The how manyth life of the process this is, from 1.
    pub life: u64,
    /// Its pen.
    pub recorder: Recorder,
    /// When it is to be looked at.
    pub view: Option<(Instant, View)>,
}

/// What a client's process finds when it starts.
pub struct ClientContext {
    /// The scenario that is played.
    pub scenario: Arc<Scenario>,
    /// The entry that it plays, or one of the many that the entry has.
    pub entry: ClientEntry,
    /// The process's name.
    pub process: Name,
    /// The client's name.
    pub client: Name,
    /// The trial's seed.
    pub seed: u64,
    /// Its network.
    pub net: SimNet,
    /// Its pen.
    pub recorder: Recorder,
    /// What outlives it.
    pub desk: SharedState,
}

/// Where the broker is to be found.
pub fn broker_address() -> SocketAddr {
    SocketAddr::from((net::address(0), PORT))
}
