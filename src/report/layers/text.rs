//! The layers as text: a table a hop, and a paragraph a packet.

use super::model::{BELOW, Layer};
use super::packet::LayerPacket;
use super::{Hop, MessageLayers};
use crate::report::measure::{fit, left, right, wrap};
use crate::report::style::{Ink, Style};
use crate::report::words::{count, counted, loss_phrase};

/// The layers that have no bytes of their own here.
const WITHOUT_BYTES: &str = "OSI's session and presentation (5 and 6) have no bytes of their own: \
    sessions are frames, too, and JSON is how they are written. Data link and physical (2 and 1) are \
    not simulated: a packet has no frame of Ethernet and no signal here.";

/// Columns of a layer's name.
const NAME: usize = 17;

impl MessageLayers {
    /// Returns the layers as text, each line ended by a newline.
    pub fn text(&self, heading: &str, style: &Style) -> String {
        let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
        for (name, text) in &self.headers {
            lines.push(fit(&format!("header {name}: {text:?}"), 70, style.ellipsis()));
        }
        let payload = fit(&self.payload, 60, style.ellipsis());
        lines.push(format!("payload: {payload}"));
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
        let Hop { from, to, copies, copy, .. } = self;
        let arrow = style.either("→", "->");
        let of = match (*copies, *copy) {
            (0, _) => ": no copy was given to a connection".to_owned(),
            (_, 0) if self.not_kept => {
                let most = count(crate::history::MOST_PACKETS as u64);
                format!(": its packets were not kept, a capture keeps at most {most}")
            }
            (_, 0) => ": nothing of it left, or not all of it".to_owned(),
            (1, _) => String::new(),
            (copies, copy) => format!(", copy {copy} of {copies}"),
        };
        let mut lines = wrap(&format!("{from} {arrow} {to}{of}"), "", "");
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

    /// The pieces in which it left first.
    fn parts(&self) -> Vec<(u64, u64)> {
        let fresh = self.packets.iter().filter(|packet| !packet.sent_again);
        fresh.map(|packet| (packet.first, packet.last)).collect()
    }

    fn packet(&self, packet: &LayerPacket, parts: &[(u64, u64)], arrow: &str) -> String {
        let LayerPacket { at, first, last, ip, tcp, udp, .. } = packet;
        let part = parts.iter().position(|part| *part == (*first, *last));
        let part = match (part, parts.len()) {
            (_, 1) if packet.last - packet.first + 1 == self.unit() => "All of it".to_owned(),
            (Some(part), _) => {
                format!("Part {} (bytes {} to {})", part + 1, count(*first), count(*last))
            }
            (None, _) => format!("Bytes {} to {}", count(*first), count(*last)),
        };
        let again = if packet.sent_again { " again" } else { "" };
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
        let ends = packet.ends.iter().map(|end| match end.lost {
            Some(reason) => loss_phrase(reason).to_owned(),
            None => format!("is there at {}", end.at),
        });
        let ends = ends.collect::<Vec<_>>().join(", a copy of it ");
        let IpFields { source, destination, ttl, bytes, checksum, .. } = ip;
        format!(
            "{part} leaves{again} at {at}: {header}; IP {source} {arrow} {destination}, TTL {ttl}, \
             checksum {checksum:#06x}, {} bytes. It {ends}.",
            count(u64::from(*bytes))
        )
    }

    /// The reassembly at the receiving host.
    fn summary(&self, parts: &[(u64, u64)]) -> String {
        let again: Vec<&LayerPacket> = self.packets.iter().filter(|one| one.sent_again).collect();
        let Some(complete) = self.complete else {
            return "Not all of it came.".to_owned();
        };
        let resent = match (parts.len(), again.len()) {
            (_, 0) => "nothing was sent again".to_owned(),
            (1, times) => format!("it was sent again {}", counted(times as u64, "time")),
            (all, _) => {
                let of = |part: &&(u64, u64)| {
                    again.iter().any(|one| one.first <= part.1 && part.0 <= one.last)
                };
                format!("{} of {all} parts sent again", parts.iter().filter(of).count())
            }
        };
        let waits = match self.in_order.filter(|at| complete < *at) {
            Some(at) => format!("; it waits until {at} for bytes that were sent before it"),
            None => String::new(),
        };
        let order = match parts.len() {
            1 => "It is whole".to_owned(),
            all => format!("{all} parts are put together by their sequence numbers, whole"),
        };
        format!("{order} at {complete}{waits}; {resent}.")
    }
}

use super::packet::IpFields;

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
