//! TOML as a tree in which each key and value has its place. Only syntax and size are checked.

use toml_span::value::ValueInner;

use crate::scenario::limits;
use crate::scenario::printable::escaped;

use super::problem::{Place, Problem, quote_short};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The place of the value; for a table with a header, that of the header alone.
    pub place: Place,
    /// The value.
    pub value: Tree,
}

/// The values of TOML. Dates are left out: `toml-span` does not read them.
#[derive(Clone, Debug)]
pub enum Tree {
    /// `"text"`
    Text(String),
    /// `7`
    Integer(i64),
    /// `0.5`
    Number(f64),
    /// `true`
    Flag(bool),
    /// `[1, 2]`, or the tables of `[[name]]`
    List(Vec<Node>),
    /// `{ a = 1 }` or `[name]`, in the order of the file
    Table(Vec<(TreeKey, Node)>),
}

/// A key with its place.
#[derive(Clone, Debug)]
pub struct TreeKey {
    /// The key.
    pub name: String,
    /// The place.
    pub place: Place,
}

impl Node {
    /// Describes the value for a sentence: its type, and the value itself if it is short.
    pub fn described(&self) -> String {
        match &self.value {
            Tree::Text(text) => format!("the text {}", quote_short(text)),
            Tree::Integer(number) => format!("the number {number}"),
            Tree::Number(number) => format!("the number {number}"),
            Tree::Flag(flag) => format!("`{flag}`"),
            Tree::List(_) => "a list".to_owned(),
            Tree::Table(_) => "a table".to_owned(),
        }
    }
}

/// Parses a source. `offset` is added to all places: the offset of `text` within the source shown.
///
/// # Errors
/// The text is not TOML, or beyond a limit. Only the first problem is returned, since nothing after
/// it can be trusted.
pub fn parse(text: &str, source: usize, offset: usize) -> Result<Node, Box<Problem>> {
    let reader = Reader { text, source, offset };
    reader.check_size()?;
    let mut root = toml_span::parse(text).map_err(|error| reader.syntax(&error))?;
    let mut node = reader.node(&mut root, 0)?;
    // The whole file is no useful place to point at.
    node.place = reader.place(0, 0);
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    source: usize,
    offset: usize,
}

impl Reader<'_> {
    fn place(&self, start: usize, end: usize) -> Place {
        let end = end.min(self.text.len());
        let start = start.min(end);
        Place { source: self.source, start: start + self.offset, end: end + self.offset }
    }

    /// Rejects a text that would take the parser too much time or memory.
    fn check_size(&self) -> Result<(), Box<Problem>> {
        let most = limits::ASSIGNMENTS;
        if let Some((at, _)) = self.text.match_indices('=').nth(most) {
            let what = format!("the file has more than {most} `=` signs");
            return Err(Box::new(Problem::new(self.place(at, at + 1), what, "one too many")));
        }
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            if line.trim_start().starts_with('[') && header_parts(line) > limits::HEADER_PARTS {
                let most = limits::HEADER_PARTS;
                let place = self.place(start, start + line.trim_end().len());
                let what = format!("a table's header has more than {most} parts");
                return Err(Box::new(Problem::new(place, what, "nested too deeply")));
            }
            start += line.len();
        }
        Ok(())
    }

    fn syntax(&self, error: &toml_span::Error) -> Box<Problem> {
        use toml_span::ErrorKind;
        let mut span = error.span;
        // A span that ends inside a character or before its start would not be shown.
        span.start = span.start.min(self.text.len());
        while !self.text.is_char_boundary(span.start) {
            span.start -= 1;
        }
        span.end = span.end.clamp(span.start, self.text.len());
        while !self.text.is_char_boundary(span.end) {
            span.end += 1;
        }
        let place = self.first_line(span.start, span.end);
        let problem = Problem::new(place, "this is not TOML", escaped(&error.to_string()));
        Box::new(match &error.kind {
            ErrorKind::UnquotedString => problem.help("put quotes around a text: \"…\""),
            ErrorKind::InvalidNumber if self.is_whole(span.start, span.end) => {
                problem.help(format!("the largest number is {}", i64::MAX))
            }
            ErrorKind::InvalidNumber => problem.help(
                "a duration, a range or a date is a text: put quotes around it, as in \"3s\"",
            ),
            ErrorKind::DuplicateKey { first, .. } => {
                problem.also(self.place(first.start, first.end), "first here")
            }
            ErrorKind::DuplicateTable { name, first } => problem
                .also(self.first_line(first.start, first.end), "first here")
                .help(format!("for another entry of a list, write [[{name}]]")),
            ErrorKind::DottedKeyInvalidType { first } => {
                problem.also(self.place(first.start, first.end), "this is no table")
            }
            _ => problem,
        })
    }

    /// Whether this part of the text is a whole number.
    fn is_whole(&self, start: usize, end: usize) -> bool {
        let digits = self.text.get(start..end).unwrap_or_default().trim_start_matches(['-', '+']);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
    }

    fn node(&self, value: &mut toml_span::Value, depth: usize) -> Result<Node, Box<Problem>> {
        let place = self.first_line(value.span.start, value.span.end);
        if depth > limits::NESTING {
            let what = format!("tables and lists are nested more than {} deep", limits::NESTING);
            return Err(Box::new(Problem::new(place, what, "nested too deeply")));
        }
        let value = match value.take() {
            ValueInner::String(text) => Tree::Text(text.into_owned()),
            ValueInner::Integer(number) => Tree::Integer(number),
            ValueInner::Float(number) => Tree::Number(number),
            ValueInner::Boolean(flag) => Tree::Flag(flag),
            ValueInner::Array(list) => {
                let nodes = list.into_iter().map(|mut value| self.node(&mut value, depth + 1));
                Tree::List(nodes.collect::<Result<_, _>>()?)
            }
            ValueInner::Table(table) => {
                let entries = table.into_iter().map(|(key, mut value)| {
                    let place = self.place(key.span.start, key.span.end);
                    let key = TreeKey { name: key.name.into_owned(), place };
                    Ok((key, self.node(&mut value, depth + 1)?))
                });
                let mut entries = entries.collect::<Result<Vec<_>, Box<Problem>>>()?;
                entries.sort_by_key(|(key, _)| key.place);
                Tree::Table(entries)
            }
        };
        Ok(Node { place, value })
    }

    /// Cuts a place to its first line: a label over many lines would be hard to read.
    fn first_line(&self, start: usize, end: usize) -> Place {
        let end = end.min(self.text.len());
        let start = start.min(end);
        let line = self.text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
        // The span of a header with a comment after it: point at the header alone.
        let line = match line.find(']') {
            Some(close) if line.starts_with('[') && start + line.len() < end => {
                let close = if line[close + 1..].starts_with(']') { close + 2 } else { close + 1 };
                &line[..close]
            }
            _ => line.trim_end(),
        };
        self.place(start, start + line.len())
    }
}

/// Returns the number of parts of the header on this line. A line with a comma is a list, and
/// counting stops there.
fn header_parts(line: &str) -> usize {
    let mut quote = None;
    let mut parts = 1;
    for letter in line.chars() {
        match (quote, letter) {
            (None, ',' | '#') => break,
            (None, '.') => parts += 1,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    parts
}
