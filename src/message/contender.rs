//! Link, mode, and the two together: a contender, one row of every report.

use std::fmt;
use std::str::FromStr;

use crate::closed_list::closed_list;

closed_list! {
    /// How bytes travel.
    Link ["link"] {
        /// Datagrams: one frame each, none is repaired.
        Udp = "udp",
        /// One byte stream a session.
        Tcp = "tcp",
        /// Messages over a stream that began as an HTTP request.
        WebSocket = "websocket",
        /// An HTTP request every so often.
        Polling = "polling",
        /// An HTTP request that is answered when there is something.
        LongPolling = "long-polling",
        /// An HTTP response that does not end.
        Sse = "sse",
        /// Events over HTTP long-polling, and over WebSocket where that can be had.
        SocketIo = "socketio",
    }
}

closed_list! {
    /// What is promised.
    Mode ["mode"] {
        /// Sent once to whoever is connected; nothing is kept.
        FireAndForget = "fire-and-forget",
        /// Kept until acknowledged; replayed after a reconnection.
        CatchUp = "catch-up",
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
