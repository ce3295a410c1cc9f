//! Reads one value: checks that it is of the kind in the table of keys, and within its limits.

use std::collections::BTreeMap;

use crate::message::{Contender, Link, Mode, Name};
use crate::scenario::keys::{Key as KnownKey, Kind};
use crate::scenario::text::{InvalidText, parse_duration};
use crate::scenario::{Latency, Range, limits};
use crate::time::Duration;

use super::problem::{Place, Problem, Problems, all_of, one_of, quote};
use super::record::{PlacedText, Value};
use super::tree::{Node, Tree, TreeKey};
use super::walk;

/// Reads a value. If it is not of its kind, adds a problem and returns `None`.
pub fn read(node: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Value> {
    let name = key.name;
    match (key.kind, &node.value) {
        (Kind::Table(section), _) => Some(Value::Table(walk::record(node, section, problems))),
        (Kind::Tables(section, least, most), _) => {
            walk::records(node, key, section, (least, most), problems).map(Value::Tables)
        }
        (Kind::Payload, _) => payload(node, problems).map(Value::Payload),
        (Kind::Headers, Tree::Table(entries)) => {
            headers(entries, node, key, problems).map(Value::Headers)
        }
        (Kind::Flag, Tree::Flag(flag)) => Some(Value::Flag(*flag)),
        (Kind::Whole { min, max }, Tree::Integer(number)) => {
            whole(*number, (min, max), node, key, problems).map(Value::Whole)
        }
        (Kind::Rate, Tree::Integer(_) | Tree::Number(_)) => rate(node, key, problems),
        (Kind::Bounds, Tree::Integer(_) | Tree::Number(_) | Tree::Text(_)) => {
            bounds(node, key, problems).map(Value::Bounds)
        }
        (Kind::Text, Tree::Text(text)) => {
            walk::short(text, limits::TEXT_BYTES, name, node.place, problems)
                .then(|| Value::Text(text.clone()))
        }
        (Kind::Name, Tree::Text(text)) => {
            walk::name(text, name, node.place, problems).then(|| Value::Text(text.clone()))
        }
        (Kind::Id, Tree::Text(text)) => id(text, node, key, problems),
        (Kind::Time { min, max }, Tree::Text(text)) => {
            time(text, (min, max), node, key, problems).map(Value::Time)
        }
        (Kind::Latency, Tree::Text(text)) => latency(text, node, key, problems).map(Value::Latency),
        (Kind::Word(words), Tree::Text(text)) => {
            word(text, words, node, key, problems).map(Value::Text)
        }
        (Kind::Contender, Tree::Text(text)) => {
            contender(text, node.place, problems).then(|| Value::Text(text.clone()))
        }
        (Kind::Contenders, Tree::List(nodes)) => contenders(nodes, node, key, problems),
        (Kind::Names, Tree::List(nodes)) => names(nodes, node, key, problems).map(Value::Words),
        (Kind::Who, Tree::Text(_)) => {
            names(std::slice::from_ref(node), node, key, problems).map(Value::Words)
        }
        (Kind::Who, Tree::List(nodes)) => names(nodes, node, key, problems).map(Value::Words),
        (Kind::Groups, Tree::List(nodes)) => groups(nodes, node, key, problems),
        _ => {
            problems.push(mismatch(node, key));
            None
        }
    }
}

/// Describes the kind of a valid value for a sentence.
fn kind(key: &KnownKey) -> String {
    let kind = match key.kind {
        Kind::Text => "a text",
        Kind::Id | Kind::Name => "a name",
        Kind::Names => "a list of names",
        Kind::Who => "a client id or a list of them",
        Kind::Groups => "a list of lists of client ids",
        Kind::Whole { .. } => "a whole number",
        Kind::Rate => "a number from 0 to 1",
        Kind::Flag => "true or false",
        Kind::Time { .. } => "a duration",
        Kind::Latency => "a duration or a range of durations",
        Kind::Bounds => "a number or a range",
        Kind::Word(words) if words.len() <= 3 => return one_of(words.iter().copied()),
        Kind::Word(_) => "a word",
        Kind::Contender => "a contender",
        Kind::Contenders => "a list of contenders",
        Kind::Payload => "any value",
        Kind::Headers => "a table of texts",
        Kind::Table(_) => "a table",
        Kind::Tables(..) => "a list of tables",
    };
    kind.to_owned()
}

/// Makes the problem of a value of another kind: what is expected, and what was given.
fn mismatch(node: &Node, key: &KnownKey) -> Problem {
    let given = node.described();
    let what = format!("`{}` must be {}, not {given}", key.name, kind(key));
    let problem = Problem::new(node.place, what, example(key));
    match (key.kind, &node.value) {
        (Kind::Time { .. } | Kind::Latency, Tree::Integer(number)) => problem
            .help(format!("a duration has a unit and quotes: \"{number}s\" or \"{number}ms\"")),
        (Kind::Names | Kind::Contenders, Tree::Text(text)) => {
            problem.help(format!("put brackets around it: [{text:?}]"))
        }
        // From the command line, what is no number of TOML is a text.
        (Kind::Whole { min, max }, Tree::Text(text)) if is_digits(text) => {
            let what = format!("`{}` is {}", key.name, quote(text));
            match text.parse::<i64>() {
                Ok(_) => problem.help("write it without quotes"),
                Err(_) => Problem::new(node.place, what, format!("expected {min} to {max}")),
            }
        }
        (Kind::Whole { .. } | Kind::Flag | Kind::Rate, Tree::Text(text))
            if text.parse::<f64>().is_ok() || text.parse::<bool>().is_ok() =>
        {
            problem.help("write it without quotes")
        }
        (Kind::Text | Kind::Id | Kind::Name | Kind::Who, Tree::Integer(number)) => {
            problem.help(format!("a text has quotes: \"{number}\""))
        }
        _ => problem,
    }
}

/// Returns an example of the key and a valid value, for a label.
fn example(key: &KnownKey) -> String {
    format!("as in {} = {}", key.name, key.example)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole(
    number: i64,
    (min, max): (u64, u64),
    node: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<u64> {
    let found = u64::try_from(number).ok().filter(|number| (min..=max).contains(number));
    if found.is_none() {
        let what = format!("`{}` is {number}", key.name);
        problems.push(Problem::new(node.place, what, format!("expected {min} to {max}")));
    }
    found
}

fn number(node: &Node) -> f64 {
    match node.value {
        Tree::Integer(number) => number as f64,
        Tree::Number(number) => number,
        _ => f64::NAN,
    }
}

fn rate(node: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Value> {
    let rate = number(node);
    if (0.0..=1.0).contains(&rate) {
        return Some(Value::Rate(rate));
    }
    let what = format!("`{}` is {rate}", key.name);
    let problem = Problem::new(node.place, what, "expected a probability from 0 to 1");
    // Only a number above 1 and up to 100 can have been meant as a percentage.
    let percent = (rate > 1.0 && rate <= 100.0).then(|| format!("{rate} % is {}", rate / 100.0));
    problems.push(problem.maybe_help(percent));
    None
}

fn bounds(node: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Range> {
    let read = match &node.value {
        Tree::Text(text) => text.parse(),
        _ => match number(node) {
            number if number.is_finite() && number >= 0.0 => {
                Ok(Range { min: Some(number), max: Some(number) })
            }
            _ => Err(InvalidText::Range),
        },
    };
    read.map_err(|error| {
        let what = format!("`{}` is no range of numbers from 0", key.name);
        let problem = Problem::new(node.place, what, error.to_string());
        let swapped = match &node.value {
            Tree::Text(text) if error == InvalidText::Backwards => swapped(text),
            _ => None,
        };
        problems.push(problem.maybe_help(swapped));
    })
    .ok()
}

fn swapped(text: &str) -> Option<String> {
    let (low, high) = text.split_once("..")?;
    Some(format!("did you mean \"{high}..{low}\"?"))
}

fn id(text: &str, node: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Value> {
    if !walk::name(text, key.name, node.place, problems) {
        return None;
    }
    if text.contains('#') {
        let what = format!("`{}` contains `#`", key.name);
        let problem = Problem::new(node.place, what, "expected a name without `#`");
        problems.push(problem.help("`id#3` is the third process of an entry with `count`"));
        return None;
    }
    if ["broker", "everyone"].contains(&text) {
        let what = format!("`{text}` is no name for a client");
        problems.push(Problem::new(node.place, what, "faults use this word for something else"));
        return None;
    }
    Some(Value::Text(text.to_owned()))
}

fn time(
    text: &str,
    (min, max): (Duration, Duration),
    node: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<Duration> {
    let what = format!("`{}` is {}", key.name, quote(text));
    match parse_duration(text) {
        Ok(time) if (min..=max).contains(&time) => return Some(time),
        Ok(_) => {
            let expected = format!("expected {min} to {}", hours(max));
            problems.push(Problem::new(node.place, what, expected));
        }
        Err(error) => problems.push(Problem::new(node.place, what, error.to_string())),
    }
    None
}

/// Formats a limit in hours if it is a whole number of them.
fn hours(span: Duration) -> String {
    match span.as_millis() {
        ms if ms > 0 && ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        _ => span.to_string(),
    }
}

fn latency(text: &str, node: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Latency> {
    let what = format!("`{}` is {}", key.name, quote(text));
    let problem = match text.parse::<Latency>() {
        Ok(latency) if latency.min == Duration::ZERO => {
            Problem::new(node.place, what, "expected at least 1ms")
                .help("a packet needs time: with no latency nothing is in flight")
        }
        Ok(latency) if latency.max > limits::RUN_FOR => {
            let expected = format!("expected at most {}", hours(limits::RUN_FOR));
            Problem::new(node.place, what, expected)
        }
        Ok(latency) => return Some(latency),
        Err(error) => {
            let swapped = (error == InvalidText::Backwards).then(|| swapped(text)).flatten();
            Problem::new(node.place, what, error.to_string()).maybe_help(swapped)
        }
    };
    problems.push(problem);
    None
}

fn word(
    text: &str,
    words: &'static [&'static str],
    node: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<String> {
    if words.contains(&text) {
        return Some(text.to_owned());
    }
    let what = format!("{} is no `{}`", quote(text), key.name);
    let near = problems.nearest(text, words.iter().copied());
    let list = || words.iter().copied();
    // A label is one line however long it is; help is wrapped.
    problems.push(match words.len() {
        0..=5 => {
            let expected = format!("expected {}", one_of(list()));
            Problem::new(node.place, what, expected).maybe_help(near)
        }
        _ => {
            let near = near.map(|near| near + " ").unwrap_or_default();
            let help = format!("{near}expected {}", one_of(list()));
            Problem::new(node.place, what, "unknown word").help(help)
        }
    });
    None
}

fn contender(text: &str, place: Place, problems: &mut Problems) -> bool {
    if text.parse::<Contender>().is_ok() {
        return true;
    }
    let link = text.split('/').next().unwrap_or_default();
    let links = Link::ALL.map(Link::name);
    let modes = Mode::ALL.map(Mode::name);
    let expected = if !links.contains(&link) {
        format!("the links are {}", all_of(links))
    } else {
        format!("the modes are {}", all_of(modes))
    };
    let what = format!("{} is no contender", quote(text));
    let all: Vec<String> = Contender::all().map(|contender| contender.to_string()).collect();
    let near = problems.nearest(text, all.iter().map(String::as_str));
    problems.push(Problem::new(place, what, expected).help(contender_tip(text, near)));
    false
}

/// Returns the help for a text that is no contender: those that it names half of, or the nearest
/// one, which is given as a question.
pub fn contender_tip(text: &str, near: Option<String>) -> String {
    let half = Contender::with_half(text).iter().map(ToString::to_string).collect::<Vec<_>>();
    let either = || format!("did you mean {}?", one_of(half.iter().map(String::as_str)));
    match near {
        _ if !half.is_empty() && !text.contains('/') => either(),
        Some(near) => near,
        None if !half.is_empty() => either(),
        None => "a contender is a link and a mode, as in \"tcp/catch-up\"".to_owned(),
    }
}

fn contenders(
    nodes: &[Node],
    node: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<Value> {
    let words = names(nodes, node, key, problems)?;
    if words.is_empty() {
        let what = "`contenders` is empty";
        let problem = Problem::new(node.place, what, "expected at least one");
        problems.push(problem.help("leave the key out to run them all"));
        return None;
    }
    let mut known = words.len() == nodes.len();
    for (index, word) in words.iter().enumerate() {
        known &= contender(&word.text, word.place, problems);
        if let Some(first) = words[..index].iter().find(|first| first.text == word.text) {
            let what = format!("{} is listed twice", quote(&word.text));
            problems.push(Problem::new(word.place, what, "again").also(first.place, "first here"));
            known = false;
        }
    }
    known.then_some(Value::Words(words))
}

/// Reads a list of names. Members that are none are reported, and left out of it.
fn names(
    nodes: &[Node],
    list: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<Vec<PlacedText>> {
    let whose = format!("`{}`", key.name);
    if !walk::within(nodes.len(), limits::LIST, &whose, list.place, problems) {
        return None;
    }
    let mut words = Vec::new();
    for node in nodes {
        let Tree::Text(text) = &node.value else {
            let what =
                format!("a member of `{}` must be a text, not {}", key.name, node.described());
            problems.push(Problem::new(node.place, what, "expected a text in quotes"));
            continue;
        };
        if walk::name(text, key.name, node.place, problems) {
            words.push(PlacedText { text: text.clone(), place: node.place });
        }
    }
    // The good ones are checked further. If there are none, that is no list without members.
    (!words.is_empty() || nodes.is_empty()).then_some(words)
}

fn groups(nodes: &[Node], list: &Node, key: &KnownKey, problems: &mut Problems) -> Option<Value> {
    if !walk::within(nodes.len(), limits::LIST, "`groups`", list.place, problems) {
        return None;
    }
    let mut groups = Vec::new();
    for node in nodes {
        let Tree::List(members) = &node.value else {
            let what = format!("a group must be a list of client ids, not {}", node.described());
            problems.push(Problem::new(node.place, what, example(key)));
            continue;
        };
        groups.extend(names(members, node, key, problems));
    }
    (!groups.is_empty() || nodes.is_empty()).then_some(Value::Groups(groups))
}

fn headers(
    entries: &[(TreeKey, Node)],
    table: &Node,
    key: &KnownKey,
    problems: &mut Problems,
) -> Option<BTreeMap<Name, String>> {
    if !walk::within(entries.len(), limits::LIST, "`headers`", table.place, problems) {
        return None;
    }
    let mut headers = BTreeMap::new();
    for (name, node) in entries {
        let Tree::Text(text) = &node.value else {
            let what = format!("a header must be a text, not {}", node.described());
            problems.push(Problem::new(node.place, what, example(key)));
            continue;
        };
        if walk::name(&name.name, key.name, name.place, problems)
            && walk::short(text, limits::TEXT_BYTES, key.name, node.place, problems)
        {
            headers.insert(Name::from(name.name.as_str()), text.clone());
        }
    }
    Some(headers)
}

fn payload(node: &Node, problems: &mut Problems) -> Option<serde_json::Value> {
    json(node)
        .map_err(|place| {
            let what = "the payload has a number that is not finite";
            problems.push(Problem::new(place, what, "JSON has no such number"));
        })
        .ok()
}

/// Converts a value to JSON. The error is the place of a number that is not finite, which JSON
/// cannot express.
pub fn json(node: &Node) -> Result<serde_json::Value, Place> {
    use serde_json::Value as Json;
    Ok(match &node.value {
        Tree::Text(text) => Json::from(text.as_str()),
        Tree::Integer(number) => Json::from(*number),
        Tree::Flag(flag) => Json::from(*flag),
        Tree::Number(number) if number.is_finite() => Json::from(*number),
        Tree::Number(_) => return Err(node.place),
        Tree::List(nodes) => Json::Array(nodes.iter().map(json).collect::<Result<_, _>>()?),
        Tree::Table(entries) => {
            let entry = |(key, node): &(TreeKey, Node)| Ok((key.name.clone(), json(node)?));
            Json::Object(entries.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
}
