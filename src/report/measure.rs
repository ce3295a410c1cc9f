//! Width of text in terminal columns: cutting, padding and wrapping.

use unicode_width::UnicodeWidthStr;

/// The width of a text report, in columns.
pub const COLUMNS: usize = 80;

/// Returns the number of columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    // Most of what is printed, and much quicker than a look at each character's width.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain { text.len() } else { text.width() }
}

/// Replaces line breaks and other control characters, which titles may contain, by spaces; also
/// those that turn the direction of what follows, or end a line (Unicode TR 9 and 13).
pub fn clean(text: &str) -> String {
    let is_control = |c: char| {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
    };
    text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect()
}

/// Returns the text if it fits, else its beginning followed by `mark`.
pub fn fit(text: &str, columns: usize, mark: &str) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let room = columns.saturating_sub(width(mark));
    let mut kept = String::from(head(&text, room));
    kept.push_str(mark);
    kept
}

/// Pads the text with spaces on its right.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Pads the text with spaces on its left.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Wraps the text into lines of at most [`COLUMNS`].
pub fn wrap(text: &str, first: &str, rest: &str) -> Vec<String> {
    wrap_to(COLUMNS, text, first, rest)
}

/// Wraps a line that may be indented into lines of a report; those after the first are indented by
/// two columns more.
pub fn wrap_line(line: &str) -> Vec<String> {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    match text.is_empty() {
        true => vec![String::new()],
        false => wrap_to(COLUMNS, text, indent, &format!("{indent}  ")),
    }
}

/// Wraps the text into lines of at most `columns`. The first line begins with `first`, the others
/// with `rest`. A word that is longer than a line is broken.
pub fn wrap_to(columns: usize, text: &str, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in clean(text).split_whitespace() {
        let mut word = word;
        let gap = usize::from(!empty);
        if width(&line) + gap + width(word) > columns && !empty {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        while width(&line) + width(word) > columns {
            let begin = head(word, columns - width(&line));
            let (begin, end) = word.split_at(begin.len().max(first_char(word)));
            line.push_str(begin);
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            word = end;
        }
        if word.is_empty() {
            continue;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    if !empty {
        lines.push(line);
    }
    lines
}

/// Returns the longest beginning of the text that takes at most `columns`.
pub fn head(text: &str, columns: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    // A later character may widen or narrow an earlier one, so whole beginnings are measured. The
    // first one that is much too wide ends the search.
    let end = ends
        .take_while(|&end| width(&text[..end]) <= columns + 4)
        .filter(|&end| width(&text[..end]) <= columns)
        .last();
    &text[..end.unwrap_or(0)]
}

fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(fit("日本語", 6, "…"), "日本語");
        assert_eq!(fit("日本語", 5, "…"), "日本…");
        assert_eq!(left("日本", 5), "日本 ");
        assert_eq!(right("日本", 5), " 日本");
    }

    #[test]
    fn a_text_that_fits_stays_as_it_is_but_for_control_characters() {
        assert_eq!(fit("a\nb\u{1b}", 4, "…"), "a b ");
        assert_eq!(clean("a\u{202e}b\u{2028}c é"), "a b c é");
    }

    #[test]
    fn a_wrapped_text_keeps_every_word_and_breaks_only_what_is_too_long() {
        let long = "x".repeat(200);
        let text = format!("a few words, then {long} and an end");
        let lines = wrap(&text, "  ", "    ");
        assert!(lines.iter().all(|line| width(line) <= COLUMNS), "{lines:#?}");
        let squeezed: String = lines.concat().split_whitespace().collect();
        assert_eq!(squeezed, text.replace(' ', ""));
        assert!(lines[0].starts_with("  a few"));
        assert!(wrap("", "a", "b").is_empty());
    }
}
