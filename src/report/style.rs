//! The style of a text report: glyphs and colours. Colour only repeats what the glyphs already
//! show.
//!
//! Nothing here asks the terminal or the environment: `cli` decides, and passes a [`Style`].

use super::measure::COLUMNS;
use anstyle::{AnsiColor, Effects};

/// The style of a text report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The character set.
    pub shape: Shape,
    /// Whether the text is coloured.
    pub colour: Colour,
    /// The width of the lane diagram. All other text keeps to 80 columns, which are read easily.
    pub columns: usize,
    /// The extent of what is shown of a report.
    pub extent: Extent,
}

/// The extent of what is shown of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// All of it, and what the scenario says about itself.
    Full,
    /// As much as fits so many lines, and how to see the rest.
    Lines(usize),
}

/// The character set of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Lanes and glyphs in Unicode.
    #[default]
    Unicode,
    /// The same lanes in ASCII.
    Ascii,
    /// No glyphs and no lanes: one fact per sentence, for screen readers.
    Plain,
}

/// The use of colour in a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// No escape codes.
    #[default]
    Off,
    /// ANSI escape codes.
    On,
}

/// A glyph that the drawn report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glyph {
    /// A message was published.
    Published,
    /// Published while the subscription did not stand.
    BeforeSubscription,
    /// Handled from a first sending, promptly.
    Live,
    /// Handled from a first sending, after a delay that matters.
    Late,
    /// Handled from a replay or a redelivery.
    CaughtUp,
    /// Still under way when the run ended.
    Unsettled,
    /// Some of the messages that share a column were missed, and some were not.
    SomeMissed,
    /// Missed, or all that share a column.
    Missed,
    /// A fault is on.
    Fault,
}

impl Glyph {
    /// All glyphs, in the order of the legend.
    pub const ALL: [Glyph; 9] = [
        Glyph::Published,
        Glyph::BeforeSubscription,
        Glyph::Live,
        Glyph::Late,
        Glyph::CaughtUp,
        Glyph::Unsettled,
        Glyph::SomeMissed,
        Glyph::Missed,
        Glyph::Fault,
    ];

    /// Returns the text of the legend.
    pub const fn meaning(self) -> &'static str {
        match self {
            Glyph::Published => "published",
            Glyph::BeforeSubscription => "not subscribed",
            Glyph::Live => "live",
            Glyph::Late => "live, but late",
            Glyph::CaughtUp => "caught up later",
            Glyph::Unsettled => "still under way",
            Glyph::SomeMissed => "some missed",
            Glyph::Missed => "missed",
            Glyph::Fault => "fault is on",
        }
    }

    const fn ink(self) -> Ink {
        match self {
            Glyph::Published => Ink::Plain,
            Glyph::Live => Ink::Good,
            Glyph::Late | Glyph::CaughtUp | Glyph::Unsettled => Ink::Late,
            Glyph::SomeMissed | Glyph::Missed => Ink::Bad,
            Glyph::BeforeSubscription | Glyph::Fault => Ink::Quiet,
        }
    }
}

/// The role of a text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// No colour.
    Plain,
    /// The name of a section.
    Heading,
    /// Guides and asides.
    Quiet,
    /// A good result.
    Good,
    /// Late, but delivered.
    Late,
    /// Missing, broken, failed.
    Bad,
}

impl Default for Style {
    fn default() -> Style {
        Style::new(Shape::default(), Colour::default())
    }
}

impl Style {
    /// Creates the style of a whole report of 80 columns.
    pub const fn new(shape: Shape, colour: Colour) -> Style {
        Style { shape, colour, columns: COLUMNS, extent: Extent::Whole }
    }

    /// Returns the glyph's character, always one column wide.
    pub const fn glyph(&self, glyph: Glyph) -> char {
        match (self.shape, glyph) {
            (Shape::Unicode, Glyph::Published) => '▾',
            (Shape::Unicode, Glyph::BeforeSubscription) => '–',
            (Shape::Unicode, Glyph::Live) => '●',
            (Shape::Unicode, Glyph::Late) => '◎',
            (Shape::Unicode, Glyph::CaughtUp) => '◐',
            (Shape::Unicode, Glyph::Unsettled) => '○',
            (Shape::Unicode, Glyph::SomeMissed) => '⊗',
            (Shape::Unicode, Glyph::Missed) => '✗',
            (Shape::Unicode, Glyph::Fault) => '═',
            (_, Glyph::Published) => 'v',
            (_, Glyph::BeforeSubscription) => '-',
            (_, Glyph::Live) => 'o',
            (_, Glyph::Late) => '~',
            (_, Glyph::CaughtUp) => '+',
            (_, Glyph::Unsettled) => '?',
            (_, Glyph::SomeMissed) => '%',
            (_, Glyph::Missed) => 'x',
            (_, Glyph::Fault) => '=',
        }
    }

    /// Returns the glyph's character in its colour.
    pub fn painted(&self, glyph: Glyph) -> String {
        self.paint(glyph.ink(), self.glyph(glyph).encode_utf8(&mut [0; 4]))
    }

    /// Returns `unicode` where Unicode may be used, else `ascii`.
    pub const fn either<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        match self.shape {
            Shape::Unicode => unicode,
            Shape::Ascii | Shape::Plain => ascii,
        }
    }

    /// Returns the mark for a part that was left out.
    pub const fn ellipsis(&self) -> &'static str {
        self.either("…", "..")
    }

    /// Returns the text in its colour. Measure the width before painting: escape codes have none.
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
