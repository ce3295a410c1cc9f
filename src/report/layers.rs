//! One message as it stood on the wire, layer by layer: its payload, the frame around it, that of
//! the link, the segments or the datagram, and the IP packets; beside each the name of the layer in
//! three models.
//!
//! It shows one copy on each of two hops: from the publisher to the broker, and from the broker to
//! one subscriber. Every number is read from captured bytes; nothing is judged here.

mod hop;
mod model;
mod packet;
mod picture;
mod schema;
mod text;
mod unwrap;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::hop::Hop;
pub use self::schema::schema;

use crate::history::{EventKind, History, Packet};
use crate::message::{Contender, Encoding, Head, MessageId, Name, Note};
use crate::report::document;
use crate::report::packets::Carried;

/// The name of the JSON contract.
pub const SCHEMA: &str = "delivery-lab/layers/1";

/// The record of one trial.
#[derive(Clone, Copy)]
pub struct LayersEvidence<'a> {
    /// The events.
    pub history: &'a History,
    /// The captured packets, in order.
    pub packets: &'a [Packet],
    /// Number of packets that the capture left out.
    pub not_kept: u64,
}

/// The layers of one message in one trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageLayers {
    /// The message.
    pub message: String,
    /// Its headers.
    pub headers: BTreeMap<Name, String>,
    /// The encoding of the payload.
    pub encoding: Encoding,
    /// The payload, as JSON text.
    pub payload: String,
    /// The hop to the broker, unless it publishes the message itself; then that to the subscriber, if
    /// there is one.
    pub hops: Vec<Hop>,
}

impl MessageLayers {
    /// Finds a message and the hop to a subscriber. `None` if it was never published.
    pub fn of(
        evidence: &LayersEvidence<'_>,
        id: &MessageId,
        subscriber: Option<&Name>,
    ) -> Option<MessageLayers> {
        let LayersEvidence { history, .. } = *evidence;
        let (publisher, message) = history.events.iter().find_map(|event| match &event.kind {
            EventKind::Note(Note::Published { message }) if message.id == *id => {
                Some((history.process(event.process), message))
            }
            _ => None,
        })?;
        let copies = copies(history, id);
        let to_broker = |copy: &Carried| history.process_at(copy.flow.to).is_some_and(is_broker);
        let published: Vec<Carried> = copies.iter().filter(|one| to_broker(one)).cloned().collect();
        let broker = history.processes[0].name.as_str();
        let mut hops = Vec::new();
        // What the broker publishes has no way to it.
        if publisher.name.as_str() != broker {
            let way = (publisher.name.as_str(), broker);
            hops.push(Hop::of(evidence, way, &published, message));
        }
        if let Some(name) = subscriber {
            let is_to = |copy: &&Carried| {
                let to = history.process_at(copy.flow.to);
                to.is_some_and(|to| history.process(to).client == *name && !is_broker(to))
            };
            let pushed: Vec<Carried> = copies.iter().filter(is_to).cloned().collect();
            hops.push(Hop::of(evidence, (broker, name.as_str()), &pushed, message));
        }
        let Head { headers, encoding } = message.head.clone();
        let payload = message.payload.as_str().to_owned();
        Some(MessageLayers { message: id.to_string(), headers, encoding, payload, hops })
    }

    /// Whether the capture has no packet of any of its copies, although they may have left.
    pub fn is_not_kept(&self) -> bool {
        let mut hops = self.hops.iter();
        hops.any(|hop| hop.not_kept) && self.hops.iter().all(|hop| hop.packets.is_empty())
    }

    /// Returns the layers as JSON, one document on one line, without a newline: the contract
    /// [`SCHEMA`].
    pub fn json(&self, scenario: &str, contender: Contender, seed: u64) -> String {
        document::json(SCHEMA, (scenario, contender, seed), self)
    }
}

fn is_broker(process: crate::history::ProcessId) -> bool {
    process == crate::history::ProcessId::BROKER
}

/// Returns the copies of a message that were given a place in a flow, in order.
fn copies(history: &History, id: &MessageId) -> Vec<Carried> {
    let carried = history.events.iter().filter_map(|event| match &event.kind {
        EventKind::Carried { id: of, flow, end, session } if of == id => {
            let (flow, session) = (flow.clone(), session.clone());
            Some(Carried { flow, end: *end, since: event.at, session, is_pending: false })
        }
        _ => None,
    });
    carried.collect()
}
