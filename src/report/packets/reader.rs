//! Splits the bytes of one direction of a TCP connection into units: heads and bodies of HTTP,
//! chunks, WebSocket frames, and length-prefixed frames.

use super::{shown, websocket};

/// The most header fields of a request or response.
const MOST_FIELDS: usize = 64;
/// The longest length-prefixed frame: 1 MiB.
const MOST_FRAME: usize = 1 << 20;

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

/// Reads one direction of a connection.
#[derive(Debug, Default)]
pub struct Reader {
    protocol: Protocol,
    /// The bytes of a unit that is not complete.
    begun: Vec<u8>,
}

/// A unit in words, its length in bytes, and the protocol after it.
struct Unit {
    length: usize,
    lines: Vec<String>,
    then: Protocol,
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
        self.protocol = Protocol::Strange;
    }

    /// Returns the number of bytes that belong to an incomplete unit.
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// Reads more bytes. Returns the lines of all units that are complete with them.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<String> {
        self.begun.extend_from_slice(bytes);
        if self.protocol == Protocol::Unknown {
            self.protocol = guess(&self.begun);
        }
        let (mut lines, mut at) = (Vec::new(), 0);
        while at < self.begun.len() {
            let rest = &self.begun[at..];
            let Some(unit) = next(self.protocol, rest) else { break };
            lines.extend(unit.lines);
            at += unit.length;
            self.protocol = unit.then;
        }
        self.begun.drain(..at);
        lines
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
fn next(protocol: Protocol, bytes: &[u8]) -> Option<Unit> {
    match protocol {
        Protocol::Http => head(bytes).unwrap_or_else(|_| Some(strange(bytes))),
        Protocol::Body(length) => {
            let lines = shown::bytes(bytes.get(..length)?);
            Some(Unit { length, lines, then: Protocol::Http })
        }
        Protocol::Chunks => chunk(bytes).unwrap_or_else(|_| Some(strange(bytes))),
        Protocol::WebSocket => {
            let (length, lines) = websocket::frame(bytes)?;
            Some(Unit { length, lines, then: Protocol::WebSocket })
        }
        Protocol::Frames => {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let length = u32::from_be_bytes(*length) as usize;
            if length > MOST_FRAME {
                return Some(strange(bytes));
            }
            let mut lines = vec![format!("a frame of {}", shown::count(length))];
            lines.extend(shown::inside(rest.get(..length)?));
            Some(Unit { length: length + 4, lines, then: Protocol::Frames })
        }
        Protocol::Unknown | Protocol::Strange => Some(strange(bytes)),
    }
}

fn strange(bytes: &[u8]) -> Unit {
    Unit { length: bytes.len(), lines: shown::bytes(bytes), then: Protocol::Strange }
}

/// The bytes are not HTTP.
struct NoHttp;

/// Reads the head of a request or response.
fn head(bytes: &[u8]) -> Result<Option<Unit>, NoHttp> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let (parsed, fields, status) = if bytes.starts_with(b"HTTP/") {
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(bytes).map_err(|_| NoHttp)?;
        (parsed, response.headers, response.code)
    } else {
        let mut request = httparse::Request::new(&mut fields);
        let parsed = request.parse(bytes).map_err(|_| NoHttp)?;
        (parsed, request.headers, None)
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
    let mut lines = shown::bytes(&bytes[..length]);
    if body == 0 {
        lines.pop_if(|line| line.is_empty());
    }
    Ok(Some(Unit { length, lines, then }))
}

/// Reads a chunk of a body (RFC 9112 §7.1). The chunk without bytes ends the body.
fn chunk(bytes: &[u8]) -> Result<Option<Unit>, NoHttp> {
    let httparse::Status::Complete((begin, length)) =
        httparse::parse_chunk_size(bytes).map_err(|_| NoHttp)?
    else {
        return Ok(None);
    };
    let end = usize::try_from(length).ok().and_then(|length| begin.checked_add(length));
    let Some(end) = end.filter(|end| *end <= bytes.len().saturating_sub(2)) else {
        return Ok(None);
    };
    if length == 0 {
        let lines = vec!["the last chunk".to_owned()];
        return Ok(Some(Unit { length: end + 2, lines, then: Protocol::Http }));
    }
    let mut lines = vec![format!("a chunk of {}", shown::count(end - begin))];
    lines.extend(shown::inside(&bytes[begin..end]));
    Ok(Some(Unit { length: end + 2, lines, then: Protocol::Chunks }))
}
