//! The questions that a property asks of a trial: the five guarantees of subscribers, and one
//! about publishers.

use std::fmt;

use crate::terms::Guarantee;

/// A question that a property asks of each trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Whether a guarantee holds for each subscriber.
    Kept(Guarantee),
    /// Whether the broker accepts in the end whatever was published in catch-up mode. A guarantee
    /// says nothing of a message that the broker never accepted, so that a client may keep all five
    /// and forget what it was to publish.
    ///
    /// It is not asked for volatile and for refused messages, nor for a publisher that crashed
    /// after it published the message. It is not decided if the run ends too early: sooner after
    /// the last fault, or after the message, than a storm's [quiet period](super::quiet_period).
    AcceptedInTheEnd,
}

impl Question {
    /// All questions, in the order in which they are looked at. Exactly-once is after its two
    /// parts, which say more.
    pub const ALL: [Question; 6] = [
        Question::AcceptedInTheEnd,
        Question::Kept(Guarantee::AtLeastOnce),
        Question::Kept(Guarantee::AtMostOnce),
        Question::Kept(Guarantee::InOrder),
        Question::Kept(Guarantee::NoSilentGap),
        Question::Kept(Guarantee::ExactlyOnce),
    ];

    /// Returns the name: that of the guarantee, or `accepted-in-the-end`.
    pub const fn name(self) -> &'static str {
        match self {
            Question::Kept(guarantee) => guarantee.name(),
            Question::AcceptedInTheEnd => "accepted-in-the-end",
        }
    }
}

/// A new guarantee does not compile without its question.
const _: () = assert!(Question::ALL.len() == Guarantee::ALL.len() + 1);

impl From<Guarantee> for Question {
    fn from(guarantee: Guarantee) -> Question {
        Question::Kept(guarantee)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
