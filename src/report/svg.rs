//! A picture as SVG that stands alone or inside a page: a column of text and shapes, 360 units wide,
//! as a phone is. It has no reference to anything outside, no id and no script.
//!
//! What tells shapes apart is their place, their outline and their text; colours, of the palette of
//! Okabe and Ito, only repeat it. Text is on paper of the picture's own, so that it can be read in
//! whatever page it stands.

use std::fmt::Write;

use svg::node::Text as Characters;
use svg::node::element::{Description, Element, Group, Rectangle, Style, Title};
use svg::{Document, Node};

use super::measure::{clean, width, wrap_to};

/// The width of a picture.
pub const WIDTH: u64 = 360;
/// The free space at each side.
pub const MARGIN: u64 = 8;
/// The width of a column of text. Each line is set to it, so that no font makes one longer.
pub const COLUMN: u64 = 7;
/// The height of a line of text.
pub const LINE: u64 = 15;
/// The part of it that is above the line on which the letters stand.
const ASCENT: u64 = 11;

/// The rules are for pictures alone: a page that has one in it has rules of its own.
const RULES: &str = "
.dlab { width: 100%; max-width: 720px; height: auto; direction: ltr;
  font: 11.5px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace }
.dlab text { fill: #000; white-space: pre; unicode-bidi: isolate }
.dlab .strong { font-weight: bold }
.dlab rect, .dlab path { fill: none; stroke: #000; stroke-width: 1.5 }
.dlab .paper { fill: #fff; stroke: none }
.dlab .blue { stroke: #0072b2 }
.dlab .vermillion { stroke: #d55e00 }
.dlab .green { stroke: #009e73 }
.dlab .purple { stroke: #cc79a7 }
.dlab .filled { fill: #009e73; fill-opacity: .3 }
.dlab .dashed { stroke-dasharray: 4 3 }
.dlab .faint { stroke-opacity: .4; stroke-width: 1 }
@media screen and (prefers-color-scheme: dark) {
  .dlab text { fill: #fff }
  .dlab rect, .dlab path { stroke: #fff }
  .dlab .paper { fill: #161616 }
  .dlab .blue { stroke: #56b4e9 }
}
";

/// A picture that grows downwards.
pub struct Picture {
    body: Group,
    /// The place of what comes next.
    pub y: u64,
}

impl Picture {
    /// Begins an empty picture.
    pub fn new() -> Picture {
        Picture { body: Group::new(), y: MARGIN }
    }

    /// Adds shapes that take so much height.
    pub fn add(&mut self, shapes: impl Node, height: u64) {
        self.body.append(shapes);
        self.y += height;
    }

    /// Adds free space.
    pub fn space(&mut self, height: u64) {
        self.y += height;
    }

    /// Adds a paragraph, wrapped to the width of the picture.
    pub fn paragraph(&mut self, text: &str, class: &str) {
        let columns = (WIDTH - 2 * MARGIN) / COLUMN;
        for line in wrap_to(columns as usize, text, "", "") {
            self.add(line_of_text((MARGIN, self.y), &line, class), LINE);
        }
    }

    /// Returns the picture as a document, ended by a newline.
    pub fn finish(self, title: &str, description: &str) -> String {
        let height = self.y + MARGIN;
        let paper = rectangle((0, 0), (WIDTH, height), "paper");
        let document = Document::new()
            .set("class", "dlab")
            .set("lang", "en")
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .add(Title::new(permitted(title)))
            .add(Description::new().add(Characters::new(permitted(description))))
            .add(Style::new(RULES))
            .add(paper)
            .add(self.body);
        format!("{document}\n")
    }
}

/// Returns a group with a name and a description, which a browser shows to a pointer and says to a
/// screen reader.
pub fn described(title: &str, description: &str) -> Group {
    let description = Description::new().add(Characters::new(permitted(description)));
    Group::new().add(Title::new(permitted(title))).add(description)
}

/// Returns a line of text whose upper left corner is at a place. It is as wide as its columns in
/// every font.
pub fn line_of_text((x, y): (u64, u64), text: &str, class: &str) -> Element {
    let text = permitted(text);
    let columns = (width(&text) as u64).max(1);
    // Not the library's own element for texts, which writes line breaks around them.
    let mut line = Element::new("text");
    line.assign("x", x);
    line.assign("y", y + ASCENT);
    line.assign("class", class);
    line.assign("textLength", columns * COLUMN);
    line.assign("lengthAdjust", "spacingAndGlyphs");
    line.append(Characters::new(text));
    line
}

/// Returns a rectangle, given its upper left corner and its size.
pub fn rectangle((x, y): (u64, u64), (width, height): (u64, u64), class: &str) -> Rectangle {
    let place = Rectangle::new().set("x", x).set("y", y);
    place.set("width", width).set("height", height).set("class", class)
}

/// Returns a cross from corner to corner of a rectangle.
pub fn cross((x, y): (u64, u64), (width, height): (u64, u64)) -> Element {
    let mut path = String::new();
    let (right, bottom) = (x + width, y + height);
    write!(path, "M{x} {y}L{right} {bottom}M{x} {bottom}L{right} {y}").expect("it is a text");
    let mut cross = Element::new("path");
    cross.assign("d", path);
    cross
}

/// Replaces what a terminal must not be sent by spaces, and the two characters that XML forbids
/// besides (XML 1.0 §2.2).
fn permitted(text: &str) -> String {
    clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_and_what_xml_forbids_is_not_in_it() {
        let text = "</text><script>\"a\" & 'b'\u{1b}\u{0}\u{7f}\u{202e}\u{ffff}";
        let line = line_of_text((0, 0), text, "plain").to_string();
        let inner = "&lt;/text&gt;&lt;script&gt;\"a\" &amp; 'b'    \u{fffd}</text>";
        assert!(line.ends_with(inner), "{line}");
        let group = described(text, text).to_string();
        assert!(!group.contains("<script"), "{group}");
        assert!(!group.contains(|c: char| c.is_control() && c != '\n'), "{group}");
    }

    #[test]
    fn a_picture_ends_below_what_was_added_last() {
        let mut picture = Picture::new();
        picture.paragraph(&"word ".repeat(20), "strong");
        // 344 units are 49 columns, which ten words fill.
        assert_eq!(picture.y, MARGIN + 2 * LINE);
        let text = picture.finish("A title", "A description");
        assert!(text.contains("viewBox=\"0 0 360 46\""), "{text}");
    }
}
