//! The text behind a problem, for miette: a few lines, or a window of a long line.
//!
//! A file may be one line of 1 MiB. Up to fifty problems in it must not print it fifty times.

use crate::scenario::printable::visible;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A line longer than this, in bytes, is shown in part.
const LONG_LINE: usize = 200;

/// The bytes of a long line that are shown before and after the span, and the most of the span
/// itself.
const WINDOW: usize = 60;

/// A text with a name.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// Creates a source with this name. What cannot be shown is replaced in both.
    pub fn new(name: &str, text: &str) -> Source {
        Source { name: visible(name), text: visible(text) }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the end of the part of a span that is shown: a long span is cut to a window.
    pub fn shown_end(&self, start: usize, end: usize) -> usize {
        let end = end.min(self.text.len());
        if end.saturating_sub(start) <= LONG_LINE {
            end
        } else {
            self.text.floor_char_boundary(start + WINDOW)
        }
    }

    /// Returns the span with a part of its line on each side.
    fn window<'a>(&'a self, span: &SourceSpan) -> MietteSpanContents<'a> {
        let start = span.offset().min(self.text.len());
        let end = self.text.ceil_char_boundary(start + span.len());
        let line = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline);
        let from = line.max(self.text.ceil_char_boundary(start.saturating_sub(WINDOW)));
        let to = line_end.min(self.text.floor_char_boundary(end + WINDOW));
        let line_number = self.text[..start].bytes().filter(|byte| *byte == b'\n').count();
        MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[from..to],
            (from, to - from).into(),
            line_number,
            from - line,
            1,
        )
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = self.text.read_span(span, before, after)?;
        let mut lines = whole.data().split(|byte| *byte == b'\n');
        if lines.any(|line| line.len() > LONG_LINE) {
            return Ok(Box::new(self.window(span)));
        }
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            whole.data(),
            *whole.span(),
            whole.line(),
            whole.column(),
            whole.line_count(),
        )))
    }
}
