//! The command that reproduces a report, wrapped to 80 columns and still fit for pasting into a
//! shell.
//! Wrapping never changes what the shell reads.

use super::measure::{COLUMNS, width};

/// Returns the command after `first`, with a backslash before each line break. Between two words
/// the next line is indented. A word that is too long is broken, and continues without indentation.
pub fn lines(command: &str, first: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut begun = false;
    for word in words(command) {
        let text: String = word.iter().map(|piece| piece.text.as_str()).collect();
        // As many columns stay free as below, so that no word is broken that fits on a line.
        if begun && width(&line) + 1 + width(&text) + 4 > COLUMNS {
            lines.push(format!("{line} \\"));
            line = "    ".to_owned();
        } else if begun {
            line.push(' ');
        }
        begun = true;
        for piece in word {
            // Four columns stay free: a closing quote, a backslash, ` \`.
            if width(&line) + width(&piece.text) + 4 > COLUMNS {
                let (close, open) = if piece.quoted { ("'\\", "'") } else { ("\\", "") };
                lines.push(format!("{line}{close}"));
                line = open.to_owned();
            }
            line.push_str(&piece.text);
        }
    }
    lines.push(line);
    lines
}

/// A unit that must not be broken: a character, or a backslash with the character it escapes.
struct Piece {
    text: String,
    /// Whether it is between single quotes.
    quoted: bool,
}

fn words(command: &str) -> Vec<Vec<Piece>> {
    let mut words: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut quoted = false;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        let word = words.last_mut().expect("there is always one");
        match character {
            ' ' if !quoted => words.push(Vec::new()),
            '\'' => {
                // An opening quote may have a line break before it, a closing one may not: both are
                // outside.
                word.push(Piece { text: character.to_string(), quoted });
                quoted = !quoted;
            }
            '\\' if !quoted => {
                let text = [Some('\\'), characters.next()].into_iter().flatten().collect();
                word.push(Piece { text, quoted });
            }
            _ => word.push(Piece { text: character.to_string(), quoted }),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Quotes the text as one word for a POSIX shell.
pub fn quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./,:=+@%^".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that a shell splits the wrapped command into the same words.
    fn check(words: &[&str]) {
        let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let lines = lines(&command.join(" "), "Replay: ");
        assert!(lines.iter().all(|line| width(line) <= COLUMNS), "{lines:#?}");
        let script = lines.join("\n").replacen("Replay: ", "printf '%s\\n' ", 1);
        let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let output = String::from_utf8(shell.stdout).unwrap();
        assert_eq!(output.lines().collect::<Vec<_>>(), words, "{script}");
    }

    #[test]
    fn a_shell_reads_the_wrapped_command_as_it_was() {
        check(&["dlab", "run", "caps", "--seed", "42"]);
        check(&["dlab", "run", "it's here.toml", "--set", "title=\"a b\"", "--set", "x=$HOME"]);
        let long = "a long name ".repeat(20);
        check(&["dlab", "run", &long, "--contender", "tcp/catch-up", "--set", &"y".repeat(300)]);
        check(&["dlab", "run", &"'".repeat(100), &"日本 ".repeat(50), "--seed", "1"]);
    }

    #[test]
    fn a_word_that_fits_on_a_line_is_not_broken() {
        for length in 30..70 {
            let command = format!("dlab run {} --set run_for=14s", "x".repeat(length));
            let lines = lines(&command, "  Longer: ");
            let text = lines.join(" ");
            assert!(text.contains("--set") && text.contains("run_for=14s"), "{lines:#?}");
        }
    }
}
