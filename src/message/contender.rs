//! Link, mode, and contender: a link and a mode together, which have one row in every report.

use std::fmt;
use std::str::FromStr;

use crate::closed_list::closed_list;

closed_list! {
    /// The way in which bytes travel.
    Link ["link"] {
        /// Datagrams with one frame each; a lost one is not repaired by the link.
        Udp = "udp",
        /// One byte stream per session.
        Tcp = "tcp",
        /// Messages over a stream that began as an HTTP request.
        WebSocket = "websocket",
        /// HTTP requests at regular intervals.
        Polling = "polling",
        /// An HTTP request that is answered when there is something to say.
        LongPolling = "long-polling",
        /// An HTTP response that does not end.
        Sse = "sse",
        /// Events over HTTP long-polling, and over WebSocket where that can be had.
        SocketIo = "socketio",
    }
}

closed_list! {
    /// The promise to subscribers.
    Mode ["mode"] {
        /// Sent once to the subscribers that are connected; nothing is kept.
        FireAndForget = "fire-and-forget",
        /// Kept until acknowledged; replayed after a reconnection.
        CatchUp = "catch-up",
    }
}

/// A link and a mode, as in `tcp/catch-up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contender {
    /// The way in which bytes travel.
    pub link: Link,
    /// The promise to subscribers.
    pub mode: Mode,
}

impl Contender {
    /// Iterates over all contenders, in the order of the lesson.
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
