//! The cursors of a session in its queues, as one line of text: `queue@epoch.position`, separated
//! by commas. In catch-up mode, the line is the id of the events of an event stream.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{escape, unescape};
use crate::message::{Cursor, Epoch, Frame, Name, Position};

/// The cursor of a session in each queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollCursors(BTreeMap<Name, Cursor>);

impl PollCursors {
    /// Creates cursors from those that a client knows.
    pub fn new(known: impl IntoIterator<Item = (Name, Cursor)>) -> PollCursors {
        PollCursors(known.into_iter().collect())
    }

    /// Returns the cursors by queue.
    pub fn into_inner(self) -> BTreeMap<Name, Cursor> {
        self.0
    }

    /// Advances the cursors past a frame that is sent.
    pub fn see(&mut self, frame: &Frame) {
        match frame {
            Frame::Joined { queue, answer: Some(answer), .. } => {
                let known = Cursor { epoch: answer.epoch(), position: answer.position() };
                self.0.insert(queue.clone(), known);
            }
            Frame::Push { message, offset: Some(offset), .. } => {
                if let Some(known) = self.0.get_mut(&message.queue) {
                    known.position = offset.position;
                }
            }
            Frame::Gap { queue, to, .. } => {
                if let Some(known) = self.0.get_mut(queue) {
                    known.position = *to;
                }
            }
            _ => {}
        }
    }
}

impl fmt::Display for PollCursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (queue, known)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let queue = escape(queue.as_str());
            write!(f, "{comma}{queue}@{}.{}", known.epoch, known.position)?;
        }
        Ok(())
    }
}

/// An error: the text is not a list of cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cursors: they are as in `queue@1.42`")]
pub struct InvalidCursors;

impl FromStr for PollCursors {
    type Err = InvalidCursors;

    /// # Errors
    /// The text is not as [`PollCursors`] prints.
    fn from_str(text: &str) -> Result<PollCursors, InvalidCursors> {
        let one = |text: &str| {
            let (queue, at) = text.split_once('@')?;
            let (epoch, position) = at.split_once('.')?;
            let epoch = Epoch(epoch.parse().ok()?);
            let position = Position(position.parse().ok()?);
            Some((Name::from(unescape(queue)?), Cursor { epoch, position }))
        };
        text.split(',').map(one).collect::<Option<_>>().map(PollCursors).ok_or(InvalidCursors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_as_they_print() {
        let known = |epoch, position| Cursor { epoch: Epoch(epoch), position: Position(position) };
        let cursors = PollCursors::new([("a b,@".into(), known(1, 2)), ("ü".into(), known(3, 4))]);
        assert_eq!(cursors.to_string(), "a%20b%2C%40@1.2,%C3%BC@3.4");
        assert_eq!(cursors.to_string().parse(), Ok(cursors));
        for text in ["", "a", "a@1", "a@1.x", "%ff@1.2", "a@1.2,"] {
            assert_eq!(text.parse::<PollCursors>(), Err(InvalidCursors), "{text}");
        }
    }
}
