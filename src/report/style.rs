//! How a text report looks: its glyphs, its colours. Shape comes first; colour only repeats it.
//!
//! Nothing here asks the terminal or the environment: `cli` decides, and hands a [`Style`] in.

use crate::terms::Outcome;
use anstyle::{AnsiColor, Effects};

/// The look of a text report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Which characters it is drawn with.
    pub shape: Shape,
    /// Whether they are coloured.
    pub colour: Colour,
}

/// Which characters a report is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Lanes and glyphs from Unicode.
    #[default]
    Unicode,
    /// The same lanes in ASCII.
    Ascii,
    /// No glyphs and no lanes: one fact a sentence, for a screen reader.
    Plain,
}

/// Whether a report is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// No escape codes at all.
    #[default]
    Off,
    /// ANSI escape codes.
    On,
}

/// A sign that the drawn report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glyph {
    /// A message was handed over.
    Published,
    /// What became of it.
    Live,
    CaughtUp,
    Missed,
    /// A fault is on.
    Fault,
}

impl Glyph {
    /// Every sign, in the order of the legend.
    pub const ALL: [Glyph; 5] =
        [Glyph::Published, Glyph::Live, Glyph::CaughtUp, Glyph::Missed, Glyph::Fault];

    /// The sign for an outcome.
    pub const fn of(outcome: Outcome) -> Glyph {
        match outcome {
            Outcome::Live => Glyph::Live,
            Outcome::CaughtUp => Glyph::CaughtUp,
            Outcome::Missed => Glyph::Missed,
        }
    }

    /// What the legend says about it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Glyph::Published => "published",
            Glyph::Live => "live",
            Glyph::CaughtUp => "caught up later",
            Glyph::Missed => "missed",
            Glyph::Fault => "fault is on",
        }
    }

    const fn ink(self) -> Ink {
        match self {
            Glyph::Published => Ink::Plain,
            Glyph::Live => Ink::Good,
            Glyph::CaughtUp => Ink::Late,
            Glyph::Missed => Ink::Bad,
            Glyph::Fault => Ink::Quiet,
        }
    }
}

/// What a colour repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// None.
    Plain,
    /// A section's name.
    Heading,
    /// Guides and asides.
    Quiet,
    /// As it should be.
    Good,
    /// Late, but there.
    Late,
    /// Missing, broken, failed.
    Bad,
}

impl Style {
    /// The sign itself; always one column wide.
    pub const fn glyph(&self, glyph: Glyph) -> char {
        match (self.shape, glyph) {
            (Shape::Unicode, Glyph::Published) => '▾',
            (Shape::Unicode, Glyph::Live) => '●',
            (Shape::Unicode, Glyph::CaughtUp) => '◐',
            (Shape::Unicode, Glyph::Missed) => '✗',
            (Shape::Unicode, Glyph::Fault) => '═',
            (_, Glyph::Published) => 'v',
            (_, Glyph::Live) => 'o',
            (_, Glyph::CaughtUp) => '+',
            (_, Glyph::Missed) => 'x',
            (_, Glyph::Fault) => '=',
        }
    }

    /// The sign in its colour.
    pub fn painted(&self, glyph: Glyph) -> String {
        self.paint(glyph.ink(), self.glyph(glyph).encode_utf8(&mut [0; 4]))
    }

    /// One of two texts: the first where Unicode may be used.
    pub const fn either<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        match self.shape {
            Shape::Unicode => unicode,
            Shape::Ascii | Shape::Plain => ascii,
        }
    }

    /// What stands for a part that was left out.
    pub const fn ellipsis(&self) -> &'static str {
        self.either("…", "..")
    }

    /// The text in its colour; measure before painting, for codes have no width.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        if self.colour == Colour::Off || ink == Ink::Plain {
            return text.to_owned();
        }
        let style = match ink {
            Ink::Plain => anstyle::Style::new(),
            Ink::Heading => anstyle::Style::new() | Effects::BOLD,
            Ink::Quiet => anstyle::Style::new() | Effects::DIMMED,
            Ink::Good => AnsiColor::Green.on_default(),
            Ink::Late => AnsiColor::Yellow.on_default(),
            Ink::Bad => AnsiColor::Red.on_default() | Effects::BOLD,
        };
        format!("{style}{text}{style:#}")
    }
}
