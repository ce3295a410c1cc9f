//! Takes a message out of the bytes of its unit: the layers of the application, from the payload
//! outwards.

use super::model::{APPLICATION, Layer, PAYLOAD};
use crate::message::{Encoding, Message};
use crate::report::packets::{Protocol, websocket_frame};

/// Bytes of the length before a frame in a stream.
const PREFIX: usize = 4;
/// Bytes of the line end after a chunk.
const CHUNK_TAIL: u64 = 2;
/// Separates the packets of a payload of Engine.IO's polling (protocol 4).
const RECORD_SEPARATOR: char = '\x1e';

/// Returns the layers of a unit that carries a message, the payload first, and the number of bytes
/// of the outermost one. The unit may be a part if its end was not captured.
pub fn layers(unit: &[u8], protocol: Option<Protocol>, message: &Message) -> Vec<Layer> {
    let mut outer = Vec::new();
    let text = match protocol {
        None => unit.to_vec(),
        Some(Protocol::Frames) => {
            let rest = unit.get(PREFIX..).unwrap_or_default();
            let says = format!("{} bytes follow", rest.len());
            outer.push(layer("length prefix", unit.len(), PREFIX, says));
            rest.to_vec()
        }
        Some(Protocol::WebSocket) => match websocket_frame(unit) {
            Some(frame) => {
                let mask = match frame.mask {
                    Some(mask) => format!("masked with {mask:08x}"),
                    None => "not masked".to_owned(),
                };
                let says = format!("{}, {mask}", frame.kind());
                outer.push(layer("WebSocket frame", frame.length, frame.head, says));
                frame.payload
            }
            None => unit.to_vec(),
        },
        Some(Protocol::Http) => {
            let end = find(unit, b"\r\n\r\n").map_or(unit.len(), |at| at + 4);
            let first = unit.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let says = String::from_utf8_lossy(first).into_owned();
            outer.push(layer("HTTP message", unit.len(), end, says));
            unit[end..].to_vec()
        }
        Some(Protocol::Chunks) => {
            let end = find(unit, b"\r\n").map_or(unit.len(), |at| at + 2);
            let data = unit[end..].to_vec();
            let says = format!("{} bytes of a response that goes on", data.len());
            let mut chunk = layer("HTTP chunk", unit.len(), end, says);
            chunk.bytes += CHUNK_TAIL;
            chunk.own += CHUNK_TAIL;
            outer.push(chunk);
            data
        }
        Some(_) => unit.to_vec(),
    };
    let inner = match message.bytes() {
        // An attachment of Socket.IO is a unit of its own.
        Some(bytes) if bytes == text => vec![layer(
            PAYLOAD,
            bytes.len(),
            bytes.len(),
            "bytes; their event is the frame before, among the others of the segment".to_owned(),
        )],
        _ => match String::from_utf8(text) {
            Ok(text) => of_text(&text, message),
            Err(_) => return outer,
        },
    };
    // What shares a body with the frame: other frames, and the line ends between them.
    if let (Some(outermost), Some(inside)) = (outer.first_mut(), inner.last()) {
        outermost.others = outermost.bytes - outermost.own - inside.bytes;
    }
    inner.into_iter().chain(outer).collect()
}

/// Returns the layers inside a text: the payload, its frame or packets, and an event around it.
fn of_text(text: &str, message: &Message) -> Vec<Layer> {
    let named = format!("\"id\":\"{}\"", message.id);
    if let Some(event) =
        text.contains("data: ").then_some(text).filter(|text| text.contains(&named))
    {
        let frame = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
        let says = event.lines().take_while(|line| !line.starts_with("data: "));
        let says = says.collect::<Vec<_>>().join(", ");
        let mut layers = of_frame(frame, message);
        layers.push(layer("event of SSE", event.len(), event.len() - frame.len(), says));
        return layers;
    }
    let mut parts = text.split(['\n', RECORD_SEPARATOR]);
    match parts.find(|part| part.contains(&named)) {
        Some(part) if part.starts_with("45") => of_attachment(parts.next().unwrap_or_default()),
        Some(part) if part.starts_with('4') => of_packet(part, message),
        Some(part) => of_frame(part, message),
        None => Vec::new(),
    }
}

/// Returns the layers of one of the lab's own frames.
fn of_frame(frame: &str, message: &Message) -> Vec<Layer> {
    let kind = frame.split('"').nth(1).unwrap_or("frame");
    let payload = message.payload.as_str();
    let payload = frame.contains(&format!("\"payload\":{payload}")).then_some(message);
    inner(format!("frame: {kind}"), frame, payload, "JSON, as the lab's links write it")
}

/// Returns the layers of a packet of Socket.IO, which is in a `message` of Engine.IO.
fn of_packet(packet: &str, message: &Message) -> Vec<Layer> {
    let socket = &packet[1..];
    let payload = socket.contains(&format!(",{}", message.payload.as_str())).then_some(message);
    let says = socket.split('[').next().unwrap_or_default();
    let mut layers = inner("Socket.IO packet".to_owned(), socket, payload, says);
    layers.push(layer("Engine.IO packet", packet.len(), 1, "4, message".to_owned()));
    layers
}

/// Returns the layers of an attachment in a body: a packet of Engine.IO.
fn of_attachment(packet: &str) -> Vec<Layer> {
    let base64 = packet.len().saturating_sub(1);
    let says = "b, bytes; their event is in the packet before".to_owned();
    vec![
        layer(PAYLOAD, base64, base64, "base64".to_owned()),
        layer("Engine.IO packet", packet.len(), packet.len() - base64, says),
    ]
}

/// Returns the layers of a packet or frame: the payload, if it is in it, and the rest.
fn inner(name: String, whole: &str, message: Option<&Message>, says: &str) -> Vec<Layer> {
    let payload = message.map_or(0, |message| message.payload.as_str().len());
    let around = layer(&name, whole.len(), whole.len() - payload, says.to_owned());
    let says = match message.map(|message| message.head.encoding) {
        None => "not written",
        Some(Encoding::Json) => "JSON",
        Some(Encoding::Base64) => "base64, as a JSON text",
    };
    vec![layer(PAYLOAD, payload, payload, says.to_owned()), around]
}

fn layer(name: &str, bytes: usize, own: usize, says: String) -> Layer {
    let (bytes, own) = (bytes as u64, own as u64);
    Layer { name: name.to_owned(), bytes, own, others: 0, says, models: APPLICATION }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
