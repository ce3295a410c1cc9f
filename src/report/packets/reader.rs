//! Splits the bytes of one direction of a TCP connection into units: heads and bodies of HTTP,
//! chunks, WebSocket frames, and length-prefixed frames.

use std::ops::Range;

use super::{content, shown, websocket};

/// The most header fields of a request or response.
const MOST_FIELDS: usize = 64;
/// The longest length-prefixed frame: 1 MiB.
const MOST_FRAME: usize = 1 << 20;

/// The longest unit of which a begin tells the end: a frame with its length.
const MOST_BEGUN: u64 = MOST_FRAME as u64 + 4;
/// Length of the line end after a chunk.
const CHUNK_TAIL: usize = 2;

/// The protocol, and the unit expected next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// No bytes have been read yet.
    #[default]
    Unknown,
    /// HTTP/1.1 (RFC 9112): a head comes next.
    Http,
    /// A body with this many bytes.
    Body(usize),
    /// A chunked body.
    Chunks,
    /// WebSocket.
    WebSocket,
    /// Length-prefixed frames: four bytes of length, then the frame.
    Frames,
    /// Not understood.
    Strange,
}

/// The begin of a unit in the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It comes after this many bytes.
    After(u64),
    /// No byte of the unit has been read.
    NotRead,
    /// No unit ends there, or the bytes are not understood.
    Unknown,
}

/// Reads one direction of a connection.
#[derive(Debug, Default)]
pub struct Reader {
    protocol: Protocol,
    /// The bytes of a unit that is not complete.
    begun: Vec<u8>,
    /// Number of bytes of the units before that.
    complete: u64,
    /// Those units. The head of an HTTP message that has a body belongs to the body's unit.
    units: Vec<StreamUnit>,
    /// The begin of the next unit.
    next: u64,
    /// The titles of the parts of the next unit that are complete, and the protocol at its begin.
    begun_as: Option<(Protocol, String)>,
}

/// A unit in the bytes of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamUnit {
    /// Its bytes, by their offsets in the stream.
    pub bytes: Range<u64>,
    /// The protocol at its begin.
    pub protocol: Protocol,
    /// Its name, as in `frame: push` or `HTTP GET /shop/1`.
    pub title: String,
}

/// Lines about units; `None` if nobody reads them, so that they need not be written.
pub type Lines<'a> = Option<&'a mut Vec<String>>;

/// A unit with its name, its length in bytes, and the protocol after it. Its last `tail` bytes only
/// separate it from the next one.
struct Unit<'a> {
    length: usize,
    tail: u64,
    title: String,
    content: UnitContent<'a>,
    then: Protocol,
}

/// The part of a unit that is shown in lines.
enum UnitContent<'a> {
    /// Bytes that stand for themselves.
    Plain(&'a [u8]),
    /// The head of an HTTP message without a body. Its empty line separates it from nothing.
    LoneHead(&'a [u8]),
    /// Bytes in a unit of this kind, which tells their number.
    Inside(&'static str, &'a [u8]),
    /// A frame of WebSocket.
    WebSocket(websocket::WebSocketFrame),
    /// The end of a body in chunks.
    LastChunk,
}

impl UnitContent<'_> {
    fn lines(&self) -> Vec<String> {
        match self {
            UnitContent::Plain(bytes) => shown::bytes(bytes),
            UnitContent::LoneHead(bytes) => {
                let mut lines = shown::bytes(bytes);
                lines.pop_if(|line| line.is_empty());
                lines
            }
            UnitContent::Inside(kind, bytes) => {
                let mut lines = vec![format!("{kind} of {}", shown::count(bytes.len()))];
                lines.extend(shown::inside(bytes));
                lines
            }
            UnitContent::WebSocket(frame) => frame.lines(),
            UnitContent::LastChunk => vec!["the last chunk".to_owned()],
        }
    }
}

impl Reader {
    /// Returns the current protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Switches to WebSocket, after the other side has agreed to it.
    pub fn upgrade(&mut self) {
        self.protocol = Protocol::WebSocket;
    }

    /// Gives up on understanding: bytes are missing.
    pub fn lose(&mut self) {
        self.begun.clear();
        self.units.clear();
        self.protocol = Protocol::Strange;
    }

    /// Returns the complete units, in order.
    pub fn units(&self) -> &[StreamUnit] {
        &self.units
    }

    /// Forgets the units that end before an offset, once they are more than those after it: so this
    /// costs little for each.
    pub fn forget(&mut self, before: u64) {
        let old = self.units.partition_point(|unit| unit.bytes.end < before);
        if old > self.units.len() / 2 {
            self.units.drain(..old);
        }
    }

    /// Returns what has been read of the next unit, as a unit; `None` if nothing has.
    pub fn unfinished(&self) -> Option<StreamUnit> {
        let bytes = self.next..self.complete + self.begun.len() as u64;
        let (protocol, title) = match &self.begun_as {
            Some((protocol, title)) => (*protocol, title.clone()),
            None => (self.protocol, self.protocol.name().to_owned()),
        };
        (!bytes.is_empty()).then_some(StreamUnit { bytes, protocol, title })
    }

    /// Returns the number of bytes that belong to an incomplete unit.
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// Finds the begin of the unit that ends with the `end`-th byte.
    pub fn begin_of(&self, end: u64) -> Begin {
        let place = self.units.partition_point(|unit| unit.bytes.end < end);
        match self.units.get(place) {
            Some(unit) if unit.bytes.end == end => Begin::After(unit.bytes.start),
            Some(_) => Begin::Unknown,
            None => self.begin_of_next(end),
        }
    }

    /// Finds the begin of a unit that is not complete.
    fn begin_of_next(&self, end: u64) -> Begin {
        if self.protocol == Protocol::Strange || end <= self.complete {
            return Begin::Unknown;
        }
        if self.next == self.complete + self.begun.len() as u64 {
            return Begin::NotRead;
        }
        // A unit has begun. Its head says where it ends: there any bytes complete it.
        let length = end - self.complete;
        if length <= self.begun.len() as u64 {
            return Begin::Unknown;
        }
        let mut whole = self.begun.clone();
        whole.resize(length.min(MOST_BEGUN) as usize + CHUNK_TAIL, 0);
        match next(self.protocol, &whole) {
            Some(unit) if unit.then == Protocol::Strange => Begin::Unknown,
            Some(unit) if unit.length as u64 - unit.tail == length => Begin::After(self.next),
            Some(_) => Begin::NotRead,
            None => Begin::Unknown,
        }
    }

    /// Reads more bytes. Adds the lines of all units that are complete with them.
    pub fn read(&mut self, bytes: &[u8], mut lines: Lines<'_>) {
        self.begun.extend_from_slice(bytes);
        if self.protocol == Protocol::Unknown {
            self.protocol = guess(&self.begun);
        }
        let mut at = 0;
        while at < self.begun.len() {
            let rest = &self.begun[at..];
            let Some(unit) = next(self.protocol, rest) else { break };
            if let Some(lines) = &mut lines {
                lines.extend(unit.content.lines());
            }
            at += unit.length;
            let (protocol, title) = match self.begun_as.take() {
                Some((protocol, head)) => (protocol, content::joined(head, &unit.title)),
                None => (self.protocol, unit.title),
            };
            self.protocol = unit.then;
            self.complete += unit.length as u64;
            if matches!(unit.then, Protocol::Body(_) | Protocol::Strange) {
                self.begun_as = Some((protocol, title));
            } else {
                let bytes = self.next..self.complete - unit.tail;
                self.units.push(StreamUnit { bytes, protocol, title });
                self.next = self.complete;
            }
        }
        self.begun.drain(..at);
    }
}

impl Protocol {
    /// The name of its units.
    fn name(self) -> &'static str {
        match self {
            Protocol::Http | Protocol::Body(_) | Protocol::Chunks => "HTTP",
            Protocol::WebSocket => "WebSocket",
            Protocol::Frames => "frame",
            Protocol::Unknown | Protocol::Strange => "bytes",
        }
    }
}

/// Guesses the protocol by the first byte: an HTTP method or version, or the length of a frame.
fn guess(bytes: &[u8]) -> Protocol {
    match bytes.first() {
        Some(b'A'..=b'Z') => Protocol::Http,
        Some(0) => Protocol::Frames,
        _ => Protocol::Strange,
    }
}

/// Returns the next unit, or `None` while it is incomplete.
fn next(protocol: Protocol, bytes: &[u8]) -> Option<Unit<'_>> {
    match protocol {
        Protocol::Http => head(bytes).unwrap_or_else(|_| Some(strange(bytes))),
        Protocol::Body(length) => {
            let body = bytes.get(..length)?;
            let (title, content) = (content::names(body), UnitContent::Plain(body));
            Some(Unit { length, tail: 0, title, content, then: Protocol::Http })
        }
        Protocol::Chunks => chunk(bytes).unwrap_or_else(|_| Some(strange(bytes))),
        Protocol::WebSocket => {
            let frame = websocket::frame(bytes)?;
            let (length, title) = (frame.length, frame.title());
            let content = UnitContent::WebSocket(frame);
            Some(Unit { length, tail: 0, title, content, then: Protocol::WebSocket })
        }
        Protocol::Frames => {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let length = u32::from_be_bytes(*length) as usize;
            if length > MOST_FRAME {
                return Some(strange(bytes));
            }
            let frame = rest.get(..length)?;
            let title = content::joined("frame".to_owned(), &content::names(frame));
            let content = UnitContent::Inside("a frame", frame);
            Some(Unit { length: length + 4, tail: 0, title, content, then: Protocol::Frames })
        }
        Protocol::Unknown | Protocol::Strange => Some(strange(bytes)),
    }
}

fn strange(bytes: &[u8]) -> Unit<'_> {
    let (title, content) = (Protocol::Strange.name().to_owned(), UnitContent::Plain(bytes));
    Unit { length: bytes.len(), tail: 0, title, content, then: Protocol::Strange }
}

/// The bytes are not HTTP.
struct NoHttp;

/// Reads the head of a request or response.
fn head(bytes: &[u8]) -> Result<Option<Unit<'_>>, NoHttp> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let (parsed, fields, status, title) = if bytes.starts_with(b"HTTP/") {
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(bytes).map_err(|_| NoHttp)?;
        let title = format!("{} {}", response.code.unwrap_or(0), response.reason.unwrap_or(""));
        (parsed, response.headers, response.code, title)
    } else {
        let mut request = httparse::Request::new(&mut fields);
        let parsed = request.parse(bytes).map_err(|_| NoHttp)?;
        let title = format!("{} {}", request.method.unwrap_or(""), request.path.unwrap_or(""));
        (parsed, request.headers, None, title)
    };
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let value = |name: &str| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(field.value).ok()
    };
    let is_chunked = value("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
    let body = value("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let then = match (status, is_chunked, body) {
        (Some(101), _, _) => Protocol::WebSocket,
        (_, true, _) => Protocol::Chunks,
        (_, false, 0) => Protocol::Http,
        (_, false, body) => Protocol::Body(body),
    };
    let head = &bytes[..length];
    let content = if body == 0 { UnitContent::LoneHead(head) } else { UnitContent::Plain(head) };
    let title = format!("HTTP {}", title.trim_end());
    Ok(Some(Unit { length, tail: 0, title, content, then }))
}

/// Reads a chunk of a body (RFC 9112 §7.1). The chunk without bytes ends the body.
fn chunk(bytes: &[u8]) -> Result<Option<Unit<'_>>, NoHttp> {
    let httparse::Status::Complete((begin, length)) =
        httparse::parse_chunk_size(bytes).map_err(|_| NoHttp)?
    else {
        return Ok(None);
    };
    let end = usize::try_from(length).ok().and_then(|length| begin.checked_add(length));
    let Some(end) = end.filter(|end| *end <= bytes.len().saturating_sub(CHUNK_TAIL)) else {
        return Ok(None);
    };
    if length == 0 {
        let (length, title) = (end + CHUNK_TAIL, "HTTP last chunk".to_owned());
        let content = UnitContent::LastChunk;
        return Ok(Some(Unit { length, tail: 0, title, content, then: Protocol::Http }));
    }
    let (data, length, tail) = (&bytes[begin..end], end + CHUNK_TAIL, CHUNK_TAIL as u64);
    let title = content::joined("HTTP chunk".to_owned(), &content::names(data));
    let content = UnitContent::Inside("a chunk", data);
    Ok(Some(Unit { length, tail, title, content, then: Protocol::Chunks }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads bytes, and finds the begins of the units that end at these places.
    fn check(bytes: &[u8], expected: &[(u64, Begin)]) {
        let mut reader = Reader::default();
        reader.read(bytes, None);
        for (end, begin) in expected {
            assert_eq!(reader.begin_of(*end), *begin, "of what ends with byte {end}");
        }
    }

    #[test]
    fn a_frame_begins_after_the_one_before_it_though_it_is_not_complete() {
        let after = Begin::After;
        let two = b"\0\0\0\x02{}\0\0\0\x03{ }";
        check(two, &[(6, after(0)), (13, after(6)), (12, Begin::Unknown), (20, Begin::NotRead)]);
        let begun = b"\0\0\0\x02{}\0\0\0\x03{";
        check(begun, &[(13, after(6)), (11, Begin::Unknown), (14, Begin::NotRead)]);
    }

    #[test]
    fn a_body_begins_with_its_head_and_a_chunk_ends_before_its_line_end() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
        let length = head.len() as u64;
        check(head, &[(length + 3, Begin::After(0)), (length + 4, Begin::NotRead)]);
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let length = head.len() as u64;
        let chunks = [&head[..], b"2\r\nab\r\n5\r\nab"].concat();
        // The first chunk is `2`, a line end, `ab`, a line end.
        let begins = [(length + 5, Begin::After(length)), (length + 15, Begin::After(length + 7))];
        check(&chunks, &begins);
    }
}
