//! Decides which characters of a file can be shown as they are, and which names are not what they
//! look like.

/// Whether a character does not show what it is: a control character, one that is invisible or
/// turns the direction of the text around it (U+202E), or a blank that is not the usual one.
pub fn is_unprintable(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_control();
    }
    // std escapes what cannot be seen, and at the beginning of a text accents, too.
    ['a', letter].iter().collect::<String>().escape_debug().nth(1) == Some('\\')
}

/// Returns the text with escapes for what cannot be shown.
pub fn escaped(text: &str) -> String {
    let escape = |letter: char| match is_unprintable(letter) {
        true => letter.escape_unicode().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Replaces what cannot be shown by visible signs of as many bytes: places stay where they are.
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_layout = matches!(letter, '\n' | '\r' | '\t');
        visible.push_str(match letter.len_utf8() {
            _ if is_layout || !is_unprintable(letter) => {
                visible.push(letter);
                continue;
            }
            1 => "?",
            2 => "¿",
            3 => "\u{fffd}",
            _ => "¿¿",
        });
    }
    visible
}

/// Returns what is doubtful about a name that the loader accepts, as the end of a sentence: blanks
/// at its begin or end, or several in a row, which hardly anybody sees in a report.
pub fn doubtful_name(name: &str) -> Option<&'static str> {
    if name.starts_with(' ') {
        return Some("begins with a blank");
    }
    if name.ends_with(' ') {
        return Some("ends with a blank");
    }
    name.contains("  ").then_some("has several blanks in a row")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_are_printed_and_what_hides_is_not() {
        for letter in "aß日é🦀ק \u{301}\"'\\".chars() {
            assert!(!is_unprintable(letter), "{letter:?}");
        }
        for letter in "\u{202e}\u{2066}\u{200f}\u{200b}\u{feff}\u{ad}\u{a0}\u{2028}\u{1b}".chars() {
            assert!(is_unprintable(letter), "{letter:?}");
        }
    }

    #[test]
    fn what_hides_becomes_visible_in_place() {
        for text in ["a\u{202e}b", "\u{ad}", "\u{1b}[31m", "\u{e0041}x", "a\tb\n"] {
            let shown = visible(text);
            assert_eq!(shown.len(), text.len(), "{text:?}");
            assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !is_unprintable(c)));
        }
        assert_eq!(visible("a\tb\u{202e}c"), "a\tb\u{fffd}c");
        assert_eq!(escaped("é\u{202e}\u{1b}\""), "é\\u{202e}\\u{1b}\"");
    }

    #[test]
    fn blanks_that_nobody_sees_are_doubtful() {
        assert_eq!(doubtful_name("a "), Some("ends with a blank"));
        assert_eq!(doubtful_name("  a"), Some("begins with a blank"));
        assert_eq!(doubtful_name("a   b"), Some("has several blanks in a row"));
        assert_eq!(doubtful_name("a b"), None);
        assert_eq!(doubtful_name(" "), Some("begins with a blank"));
    }
}
