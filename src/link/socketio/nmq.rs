//! Events of the course's client `@nmq/q` that differ from this link's own.
//!
//! That client subscribes to an event in its queue's namespace, publishes to any queue from the
//! main namespace, and receives all its messages under one event name.

use serde::Deserialize;

use super::event::{Json, MAIN, json, parse};
use crate::message::{Name, Payload};

/// The event that asks to join the room of an event.
pub const SUBSCRIBE: &str = "subscribe";
/// The event that publishes to a queue, sent in the main namespace.
pub const PUBLISH: &str = "publish";
/// The event that carries a message to a subscriber.
pub const TRIGGER: &str = "trigger";

/// The argument of a [`PUBLISH`] event.
#[derive(Clone, Debug, Deserialize)]
pub struct Publication {
    /// The queue to publish to.
    pub queue: Name,
    /// The message's event.
    pub event: Name,
    /// The message's payload.
    #[serde(default = "Payload::null")]
    pub payload: Payload,
}

/// Returns the message that an event publishes, if it is a [`PUBLISH`] event.
pub fn publication(namespace: &str, name: &str, arguments: &[Json]) -> Option<Publication> {
    if namespace != MAIN || name != PUBLISH {
        return None;
    }
    parse(arguments.first()?)
}

/// Returns the answer to a subscription: no error, and a text that confirms it.
pub fn subscribed(queue: &Name) -> Vec<Json> {
    vec![json(&()), json(&format!("Subscribed in {queue}"))]
}
