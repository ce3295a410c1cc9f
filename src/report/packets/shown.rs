//! Bytes as lines of text, or as numbers where they are none.

/// Most bytes that are shown as numbers; of the rest it is said how many there are.
const MOST_NUMBERS: usize = 256;
/// Bytes a line of numbers.
const A_LINE: usize = 32;

/// Bytes as text if they are one, else as numbers.
pub fn bytes(bytes: &[u8]) -> Vec<String> {
    let is_plain = |text: &&str| text.chars().all(|c| !c.is_control() || "\r\n\t".contains(c));
    match std::str::from_utf8(bytes).ok().filter(is_plain) {
        Some(text) => text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect(),
        None => numbers(bytes),
    }
}

/// The same, two columns to the right.
pub fn inside(inner: &[u8]) -> Vec<String> {
    let lines = bytes(inner).into_iter();
    lines.map(|line| if line.is_empty() { line } else { format!("  {line}") }).collect()
}

/// A number of bytes, in words.
pub fn count(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

fn numbers(bytes: &[u8]) -> Vec<String> {
    let shown = &bytes[..bytes.len().min(MOST_NUMBERS)];
    let line = |line: &[u8]| {
        let numbers: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        numbers.join(" ")
    };
    let mut lines: Vec<String> = shown.chunks(A_LINE).map(line).collect();
    if bytes.len() > shown.len() {
        lines.push(format!("and {} more", count(bytes.len() - shown.len())));
    }
    lines
}
