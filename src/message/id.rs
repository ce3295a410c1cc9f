//! Names and ids of clients, queues, messages and sessions. They are cheap to clone and ordered,
//! and ids are never reused.

use std::cell::RefCell;
use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;

use arcstr::ArcStr;
use rustc_hash::FxBuildHasher;
use serde::de::Visitor;
use serde::{Deserialize, Serialize};

/// The name of a client, process, queue, event or room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(ArcStr);

impl Name {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name with this text: one that was decoded lately, if it is among them.
    fn recent(text: &str) -> Name {
        let place = FxBuildHasher.hash_one(text) as usize % RECENT;
        NAMES.with_borrow_mut(|names| match &names[place] {
            Some(name) if name.as_str() == text => name.clone(),
            _ => names[place].insert(Name::from(text)).clone(),
        })
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name(ArcStr::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Name(ArcStr::from(text))
    }
}

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| Ok::<_, fmt::Error>(Name::recent(text))))
    }
}

/// Reads a text in place, without a copy.
struct Text<F>(F);

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<Wrong: serde::de::Error>(self, text: &str) -> Result<T, Wrong> {
        (self.0)(text).map_err(Wrong::custom)
    }
}

/// Number of names that a thread remembers.
const RECENT: usize = 64;

thread_local! {
    /// Names that this thread has decoded lately, each at the place of its hash. The same few come
    /// in every frame, and each is kept by the history.
    static NAMES: RefCell<[Option<Name>; RECENT]> = const { RefCell::new([const { None }; RECENT]) };
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Identifies one message: its publisher, and a number from 1, as in `driver-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The client's name.
    pub publisher: Name,
    /// The publisher's number for the message, from 1, counted over all queues.
    pub sequence: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.width().or(f.precision()) {
            None => write!(f, "{}-{}", self.publisher.as_str(), self.sequence),
            Some(_) => f.pad(&format!("{}-{}", self.publisher, self.sequence)),
        }
    }
}

/// A text that is not `publisher-number`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message id is a publisher's name and a number from 1, as in `driver-3`")]
pub struct InvalidMessageId;

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    /// # Errors
    /// The text has no `-`, no name before it, or no number from 1 after it.
    fn from_str(text: &str) -> Result<Self, InvalidMessageId> {
        let (publisher, sequence) = text.rsplit_once('-').ok_or(InvalidMessageId)?;
        let sequence = sequence.parse().map_err(|_| InvalidMessageId)?;
        if publisher.is_empty() || sequence == 0 {
            return Err(InvalidMessageId);
        }
        Ok(MessageId { publisher: Name::recent(publisher), sequence })
    }
}

impl Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| text.parse::<MessageId>()))
    }
}

/// Identifies one session of a client with the broker: the process, and a number from 1.
///
/// The client counts its sessions across crashes, so that the broker can tell a late copy of an
/// old hello from a newer session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId {
    /// The process, which is an entry of the scenario file.
    pub process: Name,
    /// Number of the session within this process's name, from 1.
    pub number: u64,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.process, self.number)
    }
}

/// A place in a queue's backlog, from 1. Position 0 is before the first message.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// The place before the first message.
    pub const START: Position = Position(0);
    /// The position of the first message.
    pub const FIRST: Position = Position(1);
    /// The highest position that there can be.
    pub const MAX: Position = Position(u64::MAX);

    /// Returns the position after this one; [`Position::MAX`] stays the same.
    pub const fn next(self) -> Self {
        Position(self.0.saturating_add(1))
    }

    /// Returns the position before this one; [`Position::START`] stays the same.
    pub const fn previous(self) -> Self {
        self.back(1)
    }

    /// Returns the position `count` before this one, or [`Position::START`] if there are fewer.
    pub const fn back(self, count: u64) -> Self {
        Position(self.0.saturating_sub(count))
    }

    /// Returns the number of positions from `earlier` to this one; zero if this one is not later.
    pub const fn since(self, earlier: Position) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Number of one life of a broker's memory, from 1. Positions of different epochs cannot be
/// compared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Stands for no epoch, since a broker's first one is 1.
    pub const NONE: Epoch = Epoch(0);
    /// The epoch of a broker that has never crashed.
    pub const FIRST: Epoch = Epoch(1);

    /// Returns the epoch that a crash of the broker begins.
    pub const fn next(self) -> Self {
        Epoch(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_reads_back_as_it_prints() {
        for text in ["driver-3", "1-800-flowers-17", "a-b-1"] {
            assert_eq!(text.parse::<MessageId>().unwrap().to_string(), text);
        }
        for text in ["", "driver", "-1", "driver-0", "driver-x", "driver-"] {
            assert_eq!(text.parse::<MessageId>(), Err(InvalidMessageId), "{text}");
        }
    }

    #[test]
    fn a_position_and_an_epoch_are_written_as_plain_numbers() {
        let (position, epoch) = (Position(42), Epoch(7));
        assert_eq!(format!("{position:>5}|{epoch:<3}|{position:04}"), "   42|7  |0042");
        assert_eq!(serde_json::to_string(&(position, epoch)).unwrap(), "[42,7]");
        assert_eq!(serde_json::from_str::<(Position, Epoch)>("[42,7]").unwrap(), (position, epoch));
        let of_maps = std::collections::BTreeMap::from([(position, epoch)]);
        assert_eq!(serde_json::to_string(&of_maps).unwrap(), r#"{"42":7}"#);
    }

    #[test]
    fn positions_stop_at_both_ends() {
        assert_eq!(Position::START.next(), Position::FIRST);
        assert_eq!(Position::FIRST.previous(), Position::START);
        assert_eq!(Position::START.previous(), Position::START);
        assert_eq!(Position::MAX.next(), Position::MAX);
        assert_eq!((Position(7).back(3), Position(7).back(9)), (Position(4), Position::START));
        assert_eq!((Position(7).since(Position(3)), Position(3).since(Position(7))), (4, 0));
    }
}
