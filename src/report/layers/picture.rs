//! The layers as a picture: a hop is a nest of boxes, the payload innermost, and below it a bar a
//! packet, at the place of its bytes in the message.

use svg::node::element::Group;

use super::model::{Layer, NETWORK, PAYLOAD, TRANSPORT};
use super::packet::LayerPacket;
use super::words::WITHOUT_BYTES;
use super::{Hop, MessageLayers};
use crate::report::measure::{fit, wrap_to};
use crate::report::svg::{
    COLUMN, LINE, MARGIN, Picture, WIDTH, cross, described, line_of_text, rectangle,
};
use crate::report::words::{count, counted};

/// The most packets of a hop that are drawn; later ones are counted.
const MOST_BARS: usize = 24;
/// The most lines of a payload.
const PAYLOAD_LINES: usize = 4;
/// The space between a box and what is in it.
const PADDING: u64 = 5;
/// The place of the layer's names in the models, the same in every box.
const MODELS_AT: u64 = 199;
/// The heights of a bar: the packet, the segment or datagram in it, and the part of the message.
const BAR: [u64; 3] = [23, 17, 11];
/// The space for the two headers before a part.
const HEADERS: u64 = 6;

/// How to read the bars.
const LEGEND: &str = "A bar is a packet at the place of its bytes in the message: IP, in it the \
    segment or datagram, in it the bytes. A dashed bar with a cross did not arrive; a bar with a \
    second line below it was sent again.";
/// How to read the names of the layers.
const NAMES: &str = "Beside the bytes of a layer stands its name in the OSI model, in the TCP/IP \
    model of four layers (of 4), and in the one of five that textbooks tell (of 5).";

impl MessageLayers {
    /// Returns the layers as SVG.
    pub fn svg(&self, heading: &str) -> String {
        let mut picture = Picture::new();
        picture.paragraph(heading, "strong");
        for hop in &self.hops {
            picture.space(LINE);
            hop.draw(&mut picture, &self.payload);
        }
        if self.hops.iter().any(|hop| !hop.packets.is_empty()) {
            for note in [NAMES, LEGEND, WITHOUT_BYTES] {
                picture.space(LINE / 2);
                picture.paragraph(note, "plain");
            }
        }
        let hops: Vec<String> = self.hops.iter().map(|hop| hop.heading("to")).collect();
        let about = format!("The layers of one message, hop by hop: {}.", hops.join("; "));
        picture.finish(heading, &about)
    }
}

impl Hop {
    fn draw(&self, picture: &mut Picture, payload: &str) {
        picture.paragraph(&self.heading("→"), "strong");
        if self.packets.is_empty() {
            return;
        }
        picture.space(PADDING);
        let Nest { boxes, height } = nest(&self.layers, payload, (MARGIN, picture.y));
        picture.add(boxes, height);
        let parts = self.parts();
        for packet in self.packets.iter().take(MOST_BARS) {
            picture.space(PADDING);
            let (part, leaves) = (self.part(packet, &parts), packet.departure());
            let sentence = format!("{part} {leaves}. It {}.", packet.fate());
            picture.paragraph(&sentence, "plain");
            picture.add(bar(packet, self.unit(), picture.y, &sentence), BAR[0] + PADDING);
        }
        if let Some(more) = self.packets.len().checked_sub(MOST_BARS).filter(|more| *more > 0) {
            let more = counted(more as u64, "later packet");
            picture
                .paragraph(&format!("Left out: {more}. A hop has at most {MOST_BARS}."), "plain");
        }
        picture.paragraph(&self.summary(&parts), "plain");
    }
}

/// Boxes in each other.
struct Nest {
    boxes: Group,
    height: u64,
}

/// Draws the outermost of these layers with all others in it.
fn nest(layers: &[Layer], payload: &str, (x, y): (u64, u64)) -> Nest {
    let Some((layer, inside)) = layers.split_last() else {
        return Nest { boxes: Group::new(), height: 0 };
    };
    let Layer { name, bytes, own, others, says, models } = layer;
    let size = WIDTH - 2 * x;
    let own = match others {
        0 => format!("{} own", count(*own)),
        others => format!("{} own, {} others", count(*own), count(*others)),
    };
    let facts = [name.clone(), counted(*bytes, "byte"), own];
    let names = [
        format!("OSI {}", models.osi),
        format!("of 4 {}", models.four),
        format!("of 5 {}", models.five),
    ];
    let about = [&facts[..], &names[..], std::slice::from_ref(says)].concat().join("; ");
    let mut boxes = described(&format!("{name}, {}", facts[1]), &about);
    let text_at = x + PADDING;
    let mut below = y + PADDING / 2;
    let mut lines = Vec::new();
    for (index, (fact, models)) in facts.iter().zip(&names).enumerate() {
        let fact = fit(fact, ((MODELS_AT - text_at) / COLUMN) as usize, "…");
        lines.push(line_of_text(
            (text_at, below),
            &fact,
            if index == 0 { "strong" } else { "plain" },
        ));
        lines.push(line_of_text((MODELS_AT, below), models, "plain"));
        below += LINE;
    }
    let is_payload = name == PAYLOAD;
    let columns = (size - 2 * PADDING) / COLUMN;
    let shown = if is_payload { payload_lines(payload, columns as usize) } else { Vec::new() };
    for line in shown {
        lines.push(line_of_text((text_at, below), &line, "plain"));
        below += LINE;
    }
    let inner = nest(inside, payload, (x + PADDING, below + PADDING / 2));
    let height = below + PADDING / 2 + inner.height + PADDING - y;
    let colour = match *models {
        _ if is_payload => "purple",
        TRANSPORT => "vermillion",
        NETWORK => "blue",
        _ => "green",
    };
    boxes = boxes.add(rectangle((x, y), (size, height), colour));
    boxes = lines.into_iter().fold(boxes, Group::add);
    Nest { boxes: boxes.add(inner.boxes), height }
}

/// Returns the beginning of a payload in lines.
fn payload_lines(payload: &str, columns: usize) -> Vec<String> {
    let beginning = fit(payload, columns * PAYLOAD_LINES, "…");
    let mut lines = wrap_to(columns, &beginning, "", "");
    // It takes more lines than it has columns for if a word begins a line.
    if lines.len() > PAYLOAD_LINES {
        let last = lines.split_off(PAYLOAD_LINES - 1).join(" ");
        lines.push(fit(&last, columns, "…"));
    }
    lines
}

/// Draws a packet with its headers and its part of a unit of so many bytes.
fn bar(packet: &LayerPacket, unit: u64, y: u64, sentence: &str) -> Group {
    let from = MARGIN + HEADERS;
    let room = WIDTH - MARGIN - HEADERS - from;
    let at = |bytes: u64| from + bytes * room / unit.max(1);
    let (begin, end) = (at(packet.first - 1), at(packet.last).max(at(packet.first - 1) + 2));
    let title = format!("IP packet, {}", counted(u64::from(packet.ip.bytes), "byte"));
    let mut bar = described(&title, sentence);
    let whole = rectangle((from, y + (BAR[0] - BAR[2]) / 2), (room, BAR[2]), "faint");
    bar = bar.add(whole);
    for ((height, colour), inset) in
        BAR.into_iter().zip(["blue", "vermillion", "green filled"]).zip(0..)
    {
        let out = HEADERS - 3 * inset;
        let corner = (begin - out, y + (BAR[0] - height) / 2);
        let size = (end + out / 2 - (begin - out), height);
        let class = if packet.is_lost() { format!("{colour} dashed") } else { colour.to_owned() };
        bar = bar.add(rectangle(corner, size, &class));
        if packet.is_lost() && inset == 0 {
            bar = bar.add(cross(corner, size));
        }
    }
    if packet.sent_again {
        let line = rectangle((begin - HEADERS, y + BAR[0] + 2), (end + HEADERS - begin, 1), "");
        bar = bar.add(line);
    }
    bar
}
