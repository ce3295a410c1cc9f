//! One event of an event stream: encodes an event as text, and parses events from any bytes.
//!
//! The format is that of the WHATWG HTML standard, §9.2, "Server-sent events". Each line is `field:
//! value`. An empty line ends an event, and an event without data is ignored.

use crate::link::limits::MOST_EVENT;

/// An event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's id. A client that reconnects sends the last one that it got.
    pub id: Option<String>,
    /// The event's type; an empty one stands for `message`.
    pub kind: String,
    /// The event's data.
    pub data: String,
}

impl SseEvent {
    /// Encodes the event as text. Neither `id` nor `kind` may contain a line break.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if let Some(id) = &self.id {
            text.push_str(&format!("id: {id}\n"));
        }
        if !self.kind.is_empty() {
            text.push_str(&format!("event: {}\n", self.kind));
        }
        for line in self.data.split('\n') {
            text.push_str(&format!("data: {line}\n"));
        }
        text.push('\n');
        text
    }
}

/// An item of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// An event.
    Event(SseEvent),
    /// The time in milliseconds that a client must wait before it reconnects.
    Retry(u64),
}

/// An error: an event is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {MOST_EVENT} bytes")]
pub struct TooLong;

/// Parses a stream, whose bytes may be split anywhere.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return; a line feed after it does not end another line.
    after_return: bool,
    has_begun: bool,
    event: SseEvent,
    data: Vec<String>,
    size: usize,
    /// The last id that was set. It applies to all events until another one is set.
    last_id: Option<String>,
}

impl Parser {
    /// Parses the next bytes. Returns the items that they complete, in order.
    ///
    /// # Errors
    /// An event, or a line, is longer than the limit. The parser must not be used after that.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Vec<Said>, TooLong> {
        let mut said = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&line, &mut said);
                }
                byte => {
                    self.after_return = false;
                    self.line.push(byte);
                    self.size += 1;
                    if self.size > MOST_EVENT {
                        return Err(TooLong);
                    }
                }
            }
        }
        Ok(said)
    }

    fn end_line(&mut self, line: &[u8], said: &mut Vec<Said>) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if is_first => rest,
            _ => line,
        };
        if line.is_empty() {
            return self.dispatch(said);
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event.kind = value.to_owned(),
            "data" => self.data.push(value.to_owned()),
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                said.extend(value.parse().ok().map(Said::Retry));
            }
            // A comment, or an unknown field.
            _ => {}
        }
    }

    fn dispatch(&mut self, said: &mut Vec<Said>) {
        let mut event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        self.size = 0;
        if !data.is_empty() {
            event.data = data.join("\n");
            event.id.clone_from(&self.last_id);
            said.push(Said::Event(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(id: Option<&str>, kind: &str, data: &str) -> Said {
        Said::Event(SseEvent { id: id.map(Into::into), kind: kind.into(), data: data.into() })
    }

    #[track_caller]
    fn check(text: &str, expected: &[Said]) {
        assert_eq!(Parser::default().read(text.as_bytes()).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        check("data: YHOO\ndata: +2\ndata: 10\n\n", &[event(None, "", "YHOO\n+2\n10")]);
        check(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            &[
                event(Some("1"), "", "first event"),
                event(Some(""), "", "second event"),
                event(Some(""), "", " third event"),
            ],
        );
        check("data\n\ndata\ndata\n\ndata:", &[event(None, "", ""), event(None, "", "\n")]);
        check("data:test\n\ndata: test\n\n", &[event(None, "", "test"), event(None, "", "test")]);
        check("event: add\rdata: 73857293\r\r", &[event(None, "add", "73857293")]);
        check(
            "\u{feff}data: a\r\n\r\nretry: 1500\nretry: x\n",
            &[event(None, "", "a"), Said::Retry(1_500)],
        );
        check("id: a\0b\ndata: x\n\n", &[event(None, "", "x")]);
    }

    #[test]
    fn what_never_ends_is_refused() {
        assert_eq!(Parser::default().read(&vec![b'x'; MOST_EVENT + 1]), Err(TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn an_event_reads_back_as_it_was_written(
            id in proptest::option::of("[^\r\n\0]{1,9}"), kind in "[^\r\n\u{feff}]{0,9}", data in "[^\r]{0,40}",
        ) {
            let event = SseEvent { id, kind, data };
            let kind = event.kind.strip_prefix(' ').unwrap_or(&event.kind).len();
            prop_assume!(kind == event.kind.len());
            prop_assume!(!event.id.as_deref().is_some_and(|id| id.starts_with(' ')));
            let said = Parser::default().read(event.encode().as_bytes());
            prop_assert_eq!(said, Ok(vec![Said::Event(event)]));
        }

        #[test]
        fn any_bytes_say_the_same_however_they_are_cut(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "((data|id|event|retry)?:? ?[0-9a-c]?(\r|\n|\r\n)){0,30}".prop_map(String::into_bytes),
            ],
            cut in 1_usize..9,
        ) {
            let whole = Parser::default().read(&bytes).unwrap();
            let mut parser = Parser::default();
            let pieces = bytes.chunks(cut).flat_map(|piece| parser.read(piece).unwrap());
            prop_assert_eq!(whole, pieces.collect::<Vec<_>>());
        }
    }
}
