//! The modes, and contenders: a link and a mode, which have one row in every report.

use std::fmt;
use std::str::FromStr;

use super::{Dedup, Link, Reliability};
use crate::closed_list::closed_list;
use crate::terms::Guarantee;

closed_list! {
    /// The promise to subscribers.
    Mode ["mode"] {
        /// Sent once to the subscribers that are connected; nothing is kept.
        FireAndForget = "fire-and-forget",
        /// Kept until acknowledged; replayed after a reconnection.
        CatchUp = "catch-up",
    }
}

impl Mode {
    /// Whether a contender of this mode promises a guarantee to a subscriber, over a link with this
    /// reliability, and with or without dedup at the subscriber.
    pub fn claims(self, guarantee: Guarantee, link: Reliability, dedup: Dedup) -> bool {
        match (self, link) {
            (Mode::FireAndForget, Reliability::Lossy) => false,
            (Mode::FireAndForget, Reliability::Reliable) => {
                matches!(guarantee, Guarantee::AtMostOnce | Guarantee::InOrder)
            }
            (Mode::CatchUp, _) => match guarantee {
                Guarantee::AtMostOnce | Guarantee::ExactlyOnce => dedup == Dedup::On,
                Guarantee::AtLeastOnce | Guarantee::InOrder | Guarantee::NoSilentGap => true,
            },
        }
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

    /// Returns the contenders that a text may mean which names half of one: those of its link
    /// (`tcp`, `tcp/exactly-once`), or else those of its mode.
    pub fn with_half(text: &str) -> Vec<Contender> {
        let halves: Vec<&str> = text.split('/').collect();
        let named = |name: &str| halves.contains(&name);
        let of_link = Contender::all().filter(|one| named(one.link.name())).collect::<Vec<_>>();
        if of_link.is_empty() {
            return Contender::all().filter(|one| named(one.mode.name())).collect();
        }
        of_link
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

    #[test]
    fn half_a_contender_may_mean_several() {
        let names = |text| Contender::with_half(text).iter().map(ToString::to_string).collect();
        let names: [Vec<String>; 3] = ["websocket", "tcp/exactly-once", "no"].map(names);
        assert_eq!(names[0], ["websocket/fire-and-forget", "websocket/catch-up"]);
        assert_eq!(names[1], ["tcp/fire-and-forget", "tcp/catch-up"]);
        assert!(names[2].is_empty());
        assert_eq!(Contender::with_half("catch-up").len(), Link::ALL.len());
    }
}
