//! Prints reports to stdout and everything else to stderr, in the style that each allows.
//!
//! If a reader closes the pipe (`| head`), it has read enough: there is no message, further output
//! is dropped, the command stops at its next chance, and the exit code is that of what it did.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::error::ErrorKind as Answer;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, NarratableReportHandler, ThemeCharacters,
    ThemeStyles,
};

use super::Exit;
use crate::platform::program;
use crate::report::{COLUMNS, Colour, Extent, Shape, Style, wrap_line, wrap_to};

/// The smallest width of text, in columns.
const NARROWEST: usize = 30;

/// The widths of the picture on a terminal: narrower it would show nothing, wider it is not read.
const PICTURE: std::ops::RangeInclusive<usize> = 60..=200;

/// The fewest lines that a report is cut to on a terminal: what a terminal had before it could be
/// resized.
const LINES: usize = 24;

/// The fewest lines that warnings leave to a report: its headline and a small table.
const LEAST_LINES: usize = 12;

/// Options for the style of everything that is printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct DisplayArgs {
    /// Plain text, one fact per line
    #[arg(long, global = true)]
    pub plain: bool,
    /// Draw in ASCII (the default where the locale is not UTF-8)
    #[arg(long, global = true, conflicts_with = "plain")]
    pub ascii: bool,
    /// Colours: on a terminal, or always (for a pager), or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// The value of `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// Prints the output of a command.
pub struct Console {
    style: Style,
    errors: Style,
    state: State,
}

/// The state of stdout.
enum State {
    Open,
    Closed,
    Broken(io::Error),
}

impl Console {
    /// Creates the console of the process, styled by options, environment and terminal.
    pub fn new(display: &DisplayArgs) -> Console {
        let shape = match display {
            DisplayArgs { plain: true, .. } => Shape::Plain,
            DisplayArgs { ascii: true, .. } => Shape::Ascii,
            _ if locale_is_ascii() => Shape::Ascii,
            _ => Shape::Unicode,
        };
        let colour = |terminal: bool| {
            let wanted = match display.color {
                ColorWhen::Auto => terminal && !no_colour(),
                ColorWhen::Always => true,
                ColorWhen::Never => false,
            };
            if wanted && shape != Shape::Plain { Colour::On } else { Colour::Off }
        };
        let style = Style::new(shape, colour(io::stdout().is_terminal()));
        let style = program::size_of_stdout().map_or(style, |(columns, lines)| Style {
            columns: columns.clamp(*PICTURE.start(), *PICTURE.end()),
            // The last line is for the prompt.
            extent: Extent::Lines(lines.max(LINES) - 1),
            ..style
        });
        Console {
            style,
            errors: Style::new(shape, colour(io::stderr().is_terminal())),
            state: State::Open,
        }
    }

    /// Returns the style of reports.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Returns the style of stderr.
    pub fn error_style(&self) -> Style {
        self.errors
    }

    /// Whether stderr may show animations.
    pub fn may_animate(&self) -> bool {
        self.errors.shape != Shape::Plain
            && io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Returns the width of text: that of the terminal, at most that of a report. Without a
    /// terminal it is `COLUMNS` from the environment, as for the help.
    pub fn columns(&self) -> usize {
        let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
        program::columns().or_else(variable).unwrap_or(COLUMNS).clamp(NARROWEST, COLUMNS)
    }

    /// Whether stdout can still be written.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Prints to stdout, and flushes.
    pub fn print(&mut self, text: &str) {
        if !self.is_open() {
            return;
        }
        let mut out = io::stdout().lock();
        self.state = match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => State::Open,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => State::Closed,
            Err(error) => State::Broken(error),
        };
    }

    /// Prints text to stderr, and ends its last line.
    pub fn say(&self, text: &str) {
        // There is no other place to report that stderr cannot be written.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says on stderr why the command cannot do what it was asked to, wrapped as warnings are.
    pub fn fail(&self, problem: &str) {
        self.say(&wrap_to(self.columns(), &format!("dlab: {problem}"), "", "  ").join("\n"));
    }

    /// Prints a warning to stderr. Where both are on one screen, reports leave room for it.
    pub fn warn(&mut self, text: &str) {
        self.say(text);
        if let Extent::Lines(lines) = &mut self.style.extent
            && io::stderr().is_terminal()
        {
            let taken = text.lines().map(|line| line.len().div_ceil(self.style.columns).max(1));
            *lines = lines.saturating_sub(taken.sum()).max(LEAST_LINES);
        }
    }

    /// Shows a diagnostic on stderr.
    pub fn complain(&self, problem: &dyn Diagnostic) {
        let mut text = String::new();
        let drawn = if self.errors.shape == Shape::Plain {
            NarratableReportHandler::new().render_report(&mut text, problem)
        } else {
            let theme = GraphicalTheme {
                characters: match self.errors.shape {
                    Shape::Unicode => ThemeCharacters::unicode(),
                    Shape::Ascii | Shape::Plain => ThemeCharacters::ascii(),
                },
                styles: match self.errors.colour {
                    Colour::On => ThemeStyles::ansi(),
                    Colour::Off => ThemeStyles::none(),
                },
            };
            GraphicalReportHandler::new_themed(theme)
                .with_width(COLUMNS)
                .with_links(false)
                .render_report(&mut text, problem)
        };
        drawn.expect("writing into a string does not fail");
        self.say(text.trim_end());
    }

    /// Returns the exit code for the state of stdout, and reports an error of writing it.
    pub fn finish(self) -> Exit {
        match &self.state {
            State::Open | State::Closed => Exit::Met,
            State::Broken(error) => {
                self.fail(&format!("stdout could not be written: {}", reason(error)));
                Exit::File
            }
        }
    }
}

/// Returns the reason that an error of a file gives, without the number that only its system knows.
pub fn reason(error: &io::Error) -> String {
    let mut words = error.to_string();
    if let Some(code) = error.raw_os_error()
        && let Some(end) = words.rfind(&format!(" (os error {code})"))
    {
        words.truncate(end);
    }
    words
}

/// Prints the answer to arguments that ask for help, or that are wrong. Errors are wrapped, and on a
/// terminal no arguments at all are answered with where to begin; the whole help is longer than its
/// screen.
pub fn answer(answer: &clap::Error) {
    let text = answer.render().to_string();
    let is_wide = |line: &str| line.chars().count() > COLUMNS;
    let text = match answer.kind() {
        Answer::DisplayHelpOnMissingArgumentOrSubcommand if io::stderr().is_terminal() => {
            BEGINNING.to_owned()
        }
        _ if answer.use_stderr() && text.lines().any(is_wide) => {
            text.lines().flat_map(wrap_line).map(|line| line + "\n").collect()
        }
        // Printing may fail if the reader has closed the pipe.
        _ => return drop(answer.print()),
    };
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The first commands to try, on less than a screen.
const BEGINNING: &str = "\
What a client still gets after it was away, over which link, and who promised it

Begin with:
  dlab run caps                   a shop is away for four seconds

And then:
  dlab run caps --full            its whole report: reasons and claims too
  dlab run caps --why driver-3    the life of one message
  dlab explain missed             what a word of a report means
  dlab list                       all scenarios that are built in
  dlab new FILE                   a scenario of your own

dlab --help lists all commands, dlab help COMMAND the options of one.
";

/// Whether colours are turned off: `NO_COLOR` is set and not empty (<https://no-color.org>), or the
/// terminal is dumb.
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the locale has no UTF-8, by the first of its variables that is set. If none is set, as
/// in many containers, terminals are taken to read UTF-8.
fn locale_is_ascii() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}
