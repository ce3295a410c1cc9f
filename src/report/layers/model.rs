//! The layers of a message, and the names of each in three models of networks.

use serde::Serialize;

/// The name of the innermost layer.
pub const PAYLOAD: &str = "payload";

/// One layer around a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Its name, as in `WebSocket frame`.
    pub name: String,
    /// All of its bytes, those of the layers above included.
    pub bytes: u64,
    /// The bytes that this layer adds: its heads and tails.
    pub own: u64,
    /// Bytes of others that share it.
    pub others: u64,
    /// The content of its head, in words.
    pub says: String,
    /// The names of this layer in the models.
    #[serde(flatten)]
    pub models: Models,
}

/// The names of a layer in three models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Models {
    /// Number and name of the layer in the OSI model, which has seven.
    pub osi: &'static str,
    /// The layer of the TCP/IP model with four layers (RFC 1122 §1.1.3).
    pub four: &'static str,
    /// The layer of the TCP/IP model with five layers, as textbooks tell it.
    pub five: &'static str,
}

/// The speech of programs with each other.
pub const APPLICATION: Models =
    Models { osi: "7 application", four: "application", five: "application" };
/// From program to program.
pub const TRANSPORT: Models = Models { osi: "4 transport", four: "transport", five: "transport" };
/// From host to host.
pub const NETWORK: Models = Models { osi: "3 network", four: "internet", five: "network" };
/// The layers below, which the simulation does not have.
pub const BELOW: [Models; 2] = [
    Models { osi: "2 data link", four: "link", five: "data link" },
    Models { osi: "1 physical", four: "link", five: "physical" },
];
