//! Names the frames and packets in a text: frames of the lab (`push`), and packets of Engine.IO and
//! Socket.IO (`Socket.IO EVENT`). Text of another kind has no name.

/// Separates the packets of a payload of Engine.IO's polling (protocol 4).
const RECORD_SEPARATOR: char = '\x1e';

/// The kinds of packets of Engine.IO, by the first character (protocol 4).
const ENGINE: [&str; 7] = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];

/// The kinds of packets of Socket.IO, by the character after Engine.IO's `message` (protocol 5).
const SOCKET: [&str; 7] =
    ["CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"];

/// Names what a text has, in order; equal neighbours are counted. Empty if nothing has a name.
pub fn names(text: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(text) else { return String::new() };
    let mut names: Vec<(String, u64)> = Vec::new();
    for part in text.split(['\n', RECORD_SEPARATOR]) {
        match (name(part.strip_prefix("data: ").unwrap_or(part)), names.last_mut()) {
            (Some(name), Some((last, count))) if *last == name => *count += 1,
            (Some(name), _) => names.push((name, 1)),
            (None, _) => {}
        }
    }
    let words = names.into_iter().map(|(name, count)| match count {
        1 => name,
        count => format!("{count} × {name}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Joins the name of a unit and that of its content, if it has one.
pub fn joined(outer: String, inner: &str) -> String {
    if inner.is_empty() { outer } else { format!("{outer}: {inner}") }
}

fn name(part: &str) -> Option<String> {
    let is_word = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match part.as_bytes().first()? {
        b'"' => part.strip_prefix('"')?.split('"').next().filter(is_word).map(str::to_owned),
        b'{' => part.strip_prefix("{\"")?.split('"').next().filter(is_word).map(str::to_owned),
        digit @ b'0'..=b'6' => {
            let kind = ENGINE[usize::from(digit - b'0')];
            let socket = part.as_bytes().get(1).and_then(|byte| byte.checked_sub(b'0'));
            match (kind, socket.and_then(|kind| SOCKET.get(usize::from(kind)))) {
                ("message", Some(socket)) => Some(format!("Socket.IO {socket}")),
                _ => Some(format!("Engine.IO {kind}")),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_packets_have_names_and_other_text_has_none() {
        for (text, expected) in [
            ("{\"push\":{\"message\":{}}}", "push"),
            ("\"ping\"", "ping"),
            ("{\"push\":{}}\n{\"push\":{}}\n\"ping\"\n", "2 × push, ping"),
            ("id: caps@1.1\nevent: delivered\ndata: {\"push\":{}}\n\n", "push"),
            ("2probe", "Engine.IO ping"),
            ("42/caps,1[\"delivered\"]\x1e3", "Socket.IO EVENT, Engine.IO pong"),
            ("retry: 1000\n\n", ""),
            ("", ""),
        ] {
            assert_eq!(names(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(names(&[0xff, b'"']), "");
    }
}
