//! The layers as text: a table a hop, and a paragraph a packet.

use super::model::{BELOW, Layer};
use super::packet::{IpFields, LayerPacket};
use super::words::WITHOUT_BYTES;
use super::{Hop, MessageLayers};
use crate::message::Encoding;
use crate::report::measure::{fit, left, right, wrap};
use crate::report::style::{Ink, Style};
use crate::report::words::count;

/// Columns of a layer's name.
const NAME: usize = 17;

impl MessageLayers {
    /// Returns the layers as text, each line ended by a newline.
    pub fn text(&self, heading: &str, style: &Style) -> String {
        let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
        for (name, text) in &self.headers {
            lines.push(fit(&format!("header {name}: {text:?}"), 70, style.ellipsis()));
        }
        let payload = fit(&self.payload, 50, style.ellipsis());
        let written = match self.encoding {
            Encoding::Json => "payload",
            Encoding::Base64 => "payload in base64",
        };
        lines.push(format!("{written}: {payload}"));
        for hop in &self.hops {
            lines.push(String::new());
            lines.extend(hop.lines(style));
        }
        if self.hops.iter().any(|hop| !hop.packets.is_empty()) {
            lines.push(String::new());
            lines.extend(wrap(WITHOUT_BYTES, "", ""));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }
}

impl Hop {
    fn lines(&self, style: &Style) -> Vec<String> {
        let arrow = style.either("→", "->");
        let mut lines = wrap(&self.heading(arrow), "", "");
        if self.packets.is_empty() {
            return lines;
        }
        lines.push(row("layer", ["bytes", "own", "others"], ["OSI", "TCP/IP of 4", "of 5"]));
        for Layer { name, bytes, own, others, models, .. } in &self.layers {
            let numbers = [bytes, own, others].map(|number| count(*number));
            let numbers = [0, 1, 2].map(|at| numbers[at].as_str());
            lines.push(row(name, numbers, [models.osi, models.four, models.five]));
        }
        for models in BELOW {
            let dash = style.either("–", "-");
            let cells = [models.osi, models.four, models.five];
            lines.push(row("not simulated", [dash; 3], cells));
        }
        for layer in self.layers.iter().filter(|layer| !layer.says.is_empty()) {
            lines.extend(wrap(&format!("{}: {}.", layer.name, layer.says), "  ", "    "));
        }
        let parts: Vec<(u64, u64)> = self.parts();
        for packet in &self.packets {
            lines.extend(wrap(&self.packet(packet, &parts, arrow), "  ", "    "));
        }
        lines.extend(wrap(&self.summary(&parts), "  ", "    "));
        lines
    }

    fn packet(&self, packet: &LayerPacket, parts: &[(u64, u64)], arrow: &str) -> String {
        let LayerPacket { ip, tcp, udp, .. } = packet;
        let header = match (tcp, udp) {
            (Some(tcp), _) => {
                let ack = tcp.acknowledged.map_or(String::new(), |ack| format!(" ack {ack}"));
                format!(
                    "TCP {} seq {}{ack} len {}, window {}, checksum {:#06x}, {} bytes of header",
                    tcp.flags, tcp.sequence, tcp.length, tcp.window, tcp.checksum, tcp.header_bytes
                )
            }
            (None, Some(udp)) => format!(
                "UDP len {}, checksum {:#06x}, {} bytes of header",
                udp.length, udp.checksum, udp.header_bytes
            ),
            (None, None) => String::new(),
        };
        let (part, leaves) = (self.part(packet, parts), packet.departure());
        let IpFields { source, destination, ttl, bytes, checksum, .. } = ip;
        format!(
            "{part} {leaves}: {header}; IP {source} {arrow} {destination}, TTL {ttl}, checksum \
             {checksum:#06x}, {} bytes. It {}.",
            count(u64::from(*bytes)),
            packet.fate()
        )
    }
}

fn row(name: &str, numbers: [&str; 3], models: [&str; 3]) -> String {
    let [bytes, own, others] = numbers;
    let [osi, four, five] = models;
    let (bytes, own, others) = (right(bytes, 7), right(own, 6), right(others, 7));
    let row = format!(
        "  {}{bytes}{own}{others}  {}{}{five}",
        left(name, NAME),
        left(osi, 15),
        left(four, 13)
    );
    row.trim_end().to_owned()
}
