//! What the course's client `@nmq/q` says and hears in other words than this link's.
//!
//! It subscribes to an event in its queue's namespace, publishes to any queue from the main one, and
//! hears of all its events under one name.

use serde::Deserialize;

use super::event::{Json, MAIN, json, parse};
use crate::message::{Name, Payload};

/// Asks to join the room of an event.
pub const SUBSCRIBE: &str = "subscribe";
/// Publishes to a queue, from the main namespace.
pub const PUBLISH: &str = "publish";
/// The event under which a subscriber gets its messages.
pub const TRIGGER: &str = "trigger";

/// A message as it is published.
#[derive(Clone, Debug, Deserialize)]
pub struct Publication {
    /// To which queue.
    pub queue: Name,
    /// What happened.
    pub event: Name,
    /// The data.
    #[serde(default = "Payload::null")]
    pub payload: Payload,
}

/// The message that an event publishes, if it is one of these.
pub fn publication(namespace: &str, name: &str, arguments: &[Json]) -> Option<Publication> {
    if namespace != MAIN || name != PUBLISH {
        return None;
    }
    parse(arguments.first()?)
}

/// The answer to a subscription: an error or none, and then what happened.
pub fn subscribed(queue: &Name) -> Vec<Json> {
    vec![json(&()), json(&format!("Subscribed in {queue}"))]
}
