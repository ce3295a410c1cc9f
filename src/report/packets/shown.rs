//! Bytes as lines of text, or in hexadecimal if they are not text.

/// The most bytes that are shown in hexadecimal. The rest is only counted.
const MOST_NUMBERS: usize = 256;
/// Bytes per line of hexadecimal.
const A_LINE: usize = 32;

/// Returns the bytes as text if they are printable UTF-8, else in hexadecimal.
pub fn bytes(bytes: &[u8]) -> Vec<String> {
    let is_plain = |text: &&str| text.chars().all(|c| !c.is_control() || "\r\n\t".contains(c));
    match std::str::from_utf8(bytes).ok().filter(is_plain) {
        Some(text) => text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect(),
        None => numbers(bytes),
    }
}

/// Like [`bytes`], indented by two columns.
pub fn inside(inner: &[u8]) -> Vec<String> {
    let lines = bytes(inner).into_iter();
    lines.map(|line| if line.is_empty() { line } else { format!("  {line}") }).collect()
}

/// Returns a number of bytes in words.
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
