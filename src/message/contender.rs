//! Link, mode, and the two together: a contender, one row of every report.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// Datagrams: one frame each, none is repaired.
    Udp,
    /// One byte stream a session.
    Tcp,
    /// Messages over a stream that began as an HTTP request.
    WebSocket,
    /// An HTTP request every so often.
    Polling,
    /// An HTTP request that is answered when there is something.
    LongPolling,
    /// An HTTP response that does not end.
    Sse,
    /// Events over HTTP long-polling, and over WebSocket where that can be had.
    SocketIo,
}

impl Link {
    /// Every link, in the order of the lesson.
    pub const ALL: [Link; 7] = [
        Link::Udp,
        Link::Tcp,
        Link::WebSocket,
        Link::Polling,
        Link::LongPolling,
        Link::Sse,
        Link::SocketIo,
    ];

    /// The word for it in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Link::Udp => "udp",
            Link::Tcp => "tcp",
            Link::WebSocket => "websocket",
            Link::Polling => "polling",
            Link::LongPolling => "long-polling",
            Link::Sse => "sse",
            Link::SocketIo => "socketio",
        }
    }
}

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Sent once to whoever is connected; nothing is kept.
    FireAndForget,
    /// Kept until acknowledged; replayed after a reconnection.
    CatchUp,
}

impl Mode {
    /// Both modes, in the order of the lesson.
    pub const ALL: [Mode; 2] = [Mode::FireAndForget, Mode::CatchUp];

    /// The word for it in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::FireAndForget => "fire-and-forget",
            Mode::CatchUp => "catch-up",
        }
    }
}

/// A link and a mode, as in `tcp/catch-up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contender {
    /// How bytes travel.
    pub link: Link,
    /// What is promised.
    pub mode: Mode,
}

impl Contender {
    /// Every contender, in the order of the lesson.
    pub fn all() -> impl Iterator<Item = Contender> {
        Link::ALL.into_iter().flat_map(|link| Mode::ALL.map(|mode| Contender { link, mode }))
    }
}

/// A text that names no contender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a contender; one is a link and a mode, as in `tcp/catch-up`")]
pub struct UnknownContender(pub String);

impl FromStr for Contender {
    type Err = UnknownContender;

    /// # Errors
    /// The text is not `link/mode` with a known link and a known mode.
    fn from_str(text: &str) -> Result<Self, UnknownContender> {
        Contender::all()
            .find(|contender| contender.to_string() == text)
            .ok_or_else(|| UnknownContender(text.to_owned()))
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.link.name(), self.mode.name()))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_reads_back_as_it_prints() {
        for contender in Contender::all() {
            assert_eq!(contender.to_string().parse(), Ok(contender));
        }
        assert!("tcp".parse::<Contender>().is_err());
    }
}
