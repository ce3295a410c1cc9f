//! The problems of a scenario, all at once, each with its place and help.
//!
//! Only data, and its rendering by miette. The checks themselves are elsewhere.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::scenario::{keys, limits};

use super::source::Source;

/// A span of bytes in the file or in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The source: 0 is the file, and `n` is the `n`th setting of the command line; after them
    /// comes the file whose expectations are taken.
    pub source: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One problem: what is wrong, the place, what was expected there, and possibly a hint.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    what: String,
    place: Place,
    expected: String,
    also: Option<(Place, String)>,
    help: Option<String>,
    source_text: Option<Source>,
}

impl Problem {
    /// Creates a problem: what is wrong, its place, and what was expected there.
    pub fn new(place: Place, what: impl Into<String>, expected: impl Into<String>) -> Problem {
        Problem {
            what: what.into(),
            place,
            expected: expected.into(),
            also: None,
            help: None,
            source_text: None,
        }
    }

    /// Adds a hint.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Adds a hint, unless there is one already.
    pub fn maybe_help(mut self, help: Option<String>) -> Problem {
        self.help = self.help.or(help);
        self
    }

    /// Adds a related place with a label. It is shown only if it is in the same source.
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Problem {
        self.also = Some((place, label.into()));
        self
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_text.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label =
            |place: Place, text: &String| LabeledSpan::at(place.start..place.end, text.clone());
        let also = self.also.iter().filter(|(place, _)| place.source == self.place.source);
        let others = also.map(move |(place, text)| label(*place, text));
        Some(Box::new(std::iter::once(label(self.place, &self.expected)).chain(others)))
    }
}

/// All problems of a scenario, in the order of the file. Those of settings and of another file
/// come last.
#[derive(Debug, thiserror::Error)]
#[error("{headline}")]
pub struct Diagnostics {
    headline: String,
    source_text: Box<Source>,
    problems: Vec<Problem>,
}

impl Diagnostics {
    /// Sorts the problems, and attaches to each the text of its source: the file, or one of the
    /// others, in the order of their numbers.
    pub(super) fn new(file: Source, others: &[Source], problems: Problems) -> Self {
        let name = file.name();
        let count = problems.len();
        let mut problems = problems.list;
        problems.sort_by_key(|problem| problem.place);
        let headline = match count {
            1 => format!("{name} cannot be run: 1 problem"),
            n if n > limits::PROBLEMS => {
                format!(
                    "{name} cannot be run: {n} problems, of which the first {}",
                    limits::PROBLEMS
                )
            }
            n => format!("{name} cannot be run: {n} problems"),
        };
        problems.truncate(limits::PROBLEMS);
        for problem in &mut problems {
            let other = problem.place.source.checked_sub(1);
            let other = other.map(|index| others[index].clone());
            let source = other.as_ref().unwrap_or(&file);
            let also = problem.also.iter_mut().map(|(place, _)| place);
            for place in also.chain([&mut problem.place]) {
                place.end = source.shown_end(place.start, place.end);
            }
            problem.source_text = other;
        }
        Diagnostics { headline, source_text: Box::new(file), problems }
    }

    /// Returns the problems, at most [`limits::PROBLEMS`].
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl Diagnostic for Diagnostics {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source_text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// Collects problems. Its work and memory are bounded for any file.
#[derive(Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    more: usize,
    suggested: usize,
}

impl Problems {
    /// Adds a problem. Beyond a bound it is only counted.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < limits::PROBLEMS * 20 {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the number of problems.
    pub fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Returns the most similar valid word as a question, if one is similar enough.
    pub fn nearest<'a>(
        &mut self,
        word: &str,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        self.suggested += 1;
        if self.suggested > limits::PROBLEMS * 2 {
            return None;
        }
        let words: Vec<&str> = words.into_iter().collect();
        if let Some(now) = keys::renamed(word, words.iter().copied()) {
            return Some(format!("`{word}` was renamed to `{now}`."));
        }
        nearest_word(word, words).map(|right| format!("did you mean `{right}`?"))
    }
}

/// Returns the most similar of the valid words, if it has enough letters in common (60 %).
pub fn nearest_word<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time in proportion to both lengths. No valid word is this long.
    if word.len() > limits::NAME_BYTES {
        return None;
    }
    let lower = word.to_lowercase();
    let likeness = |right: &str| {
        let letters = lower.chars().count().max(right.chars().count()).max(1);
        1.0 - strsim::osa_distance(&lower, right) as f64 / letters as f64
    };
    words
        .into_iter()
        .map(|right| (likeness(&right.to_lowercase()), right))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, right)| right)
}

/// Formats words as a list for a reader: `` `a`, `b` or `c` ``.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    listed(words, "or")
}

/// Formats words as a list for a reader: `` `a`, `b` and `c` ``.
pub fn all_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    listed(words, "and")
}

fn listed<'a>(words: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        [word] => word.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// Quotes a text of the file, cut to at most 60 characters.
pub fn quote(text: &str) -> String {
    format!("`{}`", cut(text, 60))
}

/// Quotes a text in the middle of a sentence, cut to at most 20 characters.
pub fn quote_short(text: &str) -> String {
    format!("\"{}\"", cut(text, 20))
}

/// Returns the beginning of a text, in which what cannot be printed is escaped.
fn cut(text: &str, most: usize) -> String {
    let shown: String = text.chars().take(most).flat_map(char::escape_debug).collect();
    let cut = if text.chars().nth(most).is_some() { "…" } else { "" };
    format!("{shown}{cut}")
}
