//! The scenarios of `scenarios/`, built into the binary and run by name.
//!
//! Only their texts: the caller loads them like any other file.

use include_dir::{Dir, include_dir};

use super::nearest_word;

/// A subject that some built-in scenarios teach, in an order to read them in.
pub struct Topic {
    /// The heading.
    pub heading: &'static str,
    /// The names of the scenarios.
    pub names: &'static [&'static str],
}

/// All topics, from the first lesson on; each scenario is in one of them.
pub const TOPICS: [Topic; 9] = [
    Topic {
        heading: "A client is away: what it misses, and what it catches up on",
        names: &[
            "caps",
            "anatomy",
            "both-ways",
            "caps-full",
            "retention",
            "drop-newest",
            "backlog-full",
            "session-expiry",
        ],
    },
    Topic {
        heading: "A connection dies, and nobody is told",
        names: &[
            "half-open",
            "forty-five-seconds",
            "idle-timeout",
            "laptop-sleeps",
            "frozen",
            "partition",
            "reconnect-before-the-server-notices",
            "two-windows",
        ],
    },
    Topic {
        heading: "Handlers, acknowledgements and crashes",
        names: &[
            "no-handler",
            "deaf-after-reconnect",
            "ack-too-early",
            "ack-lost",
            "lost-response",
            "broker-crash",
        ],
    },
    Topic {
        heading: "What a network does to packets",
        names: &["lossy-wifi", "head-of-line", "duplicated", "reordered", "corrupted"],
    },
    Topic {
        heading: "Rooms, queues and namespaces",
        names: &["chat", "rooms-and-namespaces", "server-emits", "roll-call"],
    },
    Topic { heading: "Who is there: presence and last wills", names: &["presence", "last-will"] },
    Topic {
        heading: "What a link does by itself: polling, SSE, WebSocket, Socket.IO",
        names: &[
            "polling-between-polls",
            "sse-resume",
            "websocket-blocked",
            "upgrade-cut",
            "volatile",
            "game-positions",
        ],
    },
    Topic {
        heading: "Too much at once",
        names: &["slow-consumer", "slow-consumer-websocket", "reconnect-storm", "accept-queue"],
    },
    Topic {
        heading: "All links side by side",
        names: &["six-links", "storm", "idle-cost", "handshake-per-request", "binary"],
    },
];

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Returns every built-in scenario as `(name, text)`, by name. Those of the museum are left out:
/// see [`museum`](museum()).
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(&SCENARIOS)
}

/// Returns the museum's scenarios, the storms in which mutants are caught. Each is named `museum/`
/// and the mutant's name.
pub fn museum() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(SCENARIOS.get_dir("museum").expect("it stands in this repository"))
}

/// Returns the files of a folder with their paths without `.toml`, sorted.
///
/// # Panics
/// A scenario in this repository is not UTF-8.
fn of(folder: &'static Dir<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut all: Vec<_> = folder
        .files()
        .filter_map(|file| {
            let name = file.path().to_str()?.strip_suffix(".toml")?;
            Some((name, file.contents_utf8().expect("a built-in scenario is UTF-8")))
        })
        .collect();
    all.sort_unstable();
    all.into_iter()
}

/// Returns the text of the scenario with this name.
pub fn find(name: &str) -> Option<&'static str> {
    all().chain(museum()).find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// Returns the most similar name, if one is similar enough.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_word(name, all().chain(museum()).map(|(known, _)| known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_one_topic() {
        let mut named: Vec<&str> = TOPICS.iter().flat_map(|topic| topic.names).copied().collect();
        named.sort_unstable();
        assert_eq!(named, all().map(|(name, _)| name).collect::<Vec<_>>());
    }
}
