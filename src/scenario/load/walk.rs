//! Walks the tree along the table of keys: checks that each key is known, and each value of its
//! kind and within its limits. Rules across keys are not checked here.

use crate::scenario::keys::{self, Case, Key, Presence, Section};
use crate::scenario::limits;
use crate::scenario::printable::is_unprintable;

use super::problem::{Place, Problem, Problems, all_of, quote};
use super::record::{Field, Origin, Record};
use super::tree::{Node, Tree};
use super::{tree, value};

/// The name of a table that people try: a program of their own.
const PROGRAM: &str = "program";

/// Turns a table of the tree into a record. Invalid values are reported, and left out of it.
pub fn record(node: &Node, section: &'static Section, problems: &mut Problems) -> Record {
    let mut record = Record { place: node.place, fields: Default::default(), refused: Vec::new() };
    let Tree::Table(entries) = &node.value else {
        let expected = format!("expected a table with the keys of {}", section.noun);
        let what = format!("{} stands where {} should be", node.described(), section.noun);
        problems.push(Problem::new(node.place, what, expected));
        record.refused = section.all_keys().map(|key| key.name.to_owned()).collect();
        return record;
    };
    let case = tag(entries, section).and_then(|word| section.case(word));
    for (key, node) in entries {
        match find(section, case, &key.name) {
            Some(known) => match value::read(node, known, problems) {
                Some(value) => {
                    let (key, place, origin) = (key.place, node.place, Origin::Given);
                    record.fields.insert(known.name, Field { key, place, value, origin });
                }
                None => record.refused.push(key.name.clone()),
            },
            None => {
                record.refused.push(key.name.clone());
                unknown_key(key, section, case, problems);
            }
        }
    }
    for key in section.keys.iter().chain(case.into_iter().flat_map(|case| case.keys)) {
        if !record.names(key.name) {
            left_out(key, section, case, &mut record, problems);
        }
    }
    record
}

/// Returns the value of the key on which other keys depend, if it is there.
fn tag<'a>(entries: &'a [(tree::TreeKey, Node)], section: &Section) -> Option<&'a str> {
    let tag = section.cases.as_ref()?.tag;
    entries.iter().find_map(|(key, node)| match &node.value {
        Tree::Text(word) if key.name == tag => Some(word.as_str()),
        _ => None,
    })
}

/// Returns the key of this name. If the case is unknown, the keys of all cases are accepted: one
/// problem is enough.
fn find(
    section: &'static Section,
    case: Option<&'static Case>,
    name: &str,
) -> Option<&'static Key> {
    match case {
        Some(case) => section.keys.iter().chain(case.keys).find(|key| key.name == name),
        None => section.all_keys().find(|key| key.name == name),
    }
}

fn left_out(
    key: &'static Key,
    section: &Section,
    case: Option<&Case>,
    record: &mut Record,
    problems: &mut Problems,
) {
    match key.presence {
        Presence::Optional(_) => {}
        Presence::Required => {
            let noun = noun(section, case);
            let what = format!("{noun} needs `{}`", key.name);
            let problem = Problem::new(record.place, what, format!("`{}` is missing", key.name));
            problems.push(problem.help(format!("for example: {}", example(key))));
        }
        Presence::Default(text) => {
            let node = tree::parse(&format!("v = {text}"), 0, 0).expect("a default is TOML");
            let Tree::Table(mut entries) = node.value else { unreachable!("`v = …` is a table") };
            let mut node = entries.remove(0).1;
            node.place = record.place;
            let value = value::read(&node, key, problems).expect("a default is of its kind");
            let (key_place, place, origin) = (record.place, record.place, Origin::Default);
            record.fields.insert(key.name, Field { key: key_place, place, value, origin });
        }
    }
}

/// Returns a key with its example, as in a file.
fn example(key: &Key) -> String {
    use crate::scenario::keys::Kind;
    match key.kind {
        Kind::Tables(section, ..) => section.heading.to_owned(),
        _ => format!("{} = {}", key.name, key.example),
    }
}

fn noun(section: &Section, case: Option<&Case>) -> String {
    case.map_or_else(|| section.noun.to_owned(), |case| format!("{} `{}`", section.noun, case.word))
}

fn unknown_key(
    key: &tree::TreeKey,
    section: &Section,
    case: Option<&Case>,
    problems: &mut Problems,
) {
    let what = format!("{} has no key {}", noun(section, case), quote(&key.name));
    let problem = Problem::new(key.place, what, "unknown key");
    if let Some(case) = case {
        let others = section.cases.iter().flat_map(|cases| cases.list);
        let owners: Vec<_> = others
            .filter(|other| other.keys.iter().any(|known| known.name == key.name))
            .map(|other| other.word)
            .collect();
        if !owners.is_empty() {
            let own = case.keys.iter().map(|known| known.name);
            let help = format!(
                "`{}` belongs to {}; a `{}` has {}",
                key.name,
                all_of(owners),
                case.word,
                all_of(own),
            );
            return problems.push(problem.help(help));
        }
    }
    if std::ptr::eq(section, &keys::FILE) && key.name == PROGRAM {
        let help = "the broker and the clients are the lab's own: it starts no other programs";
        return problems.push(problem.help(help));
    }
    let known = || section.keys.iter().chain(case.into_iter().flat_map(|case| case.keys));
    let near = match case {
        Some(_) => problems.nearest(&key.name, known().map(|key| key.name)),
        // Of an unknown case, any key may be meant.
        None => problems.nearest(&key.name, section.all_keys().map(|key| key.name)),
    };
    let help =
        near.unwrap_or_else(|| format!("its keys are {}", all_of(known().map(|key| key.name))));
    problems.push(problem.help(help));
}

/// Reads a list of tables.
pub fn records(
    node: &Node,
    key: &Key,
    section: &'static Section,
    (least, most): (usize, usize),
    problems: &mut Problems,
) -> Option<Vec<Record>> {
    let Tree::List(nodes) = &node.value else {
        let what = format!("`{}` must be a list of tables, not {}", key.name, node.described());
        let help = match section.heading.starts_with("[[") {
            true => format!("each entry begins with {}", section.heading),
            false => format!("for example: {} = {}", key.name, key.example),
        };
        problems.push(Problem::new(node.place, what, "expected a list of tables").help(help));
        return None;
    };
    if nodes.len() < least {
        let what = format!("`{}` is empty", key.name);
        problems.push(Problem::new(node.place, what, format!("expected at least {least}")));
    }
    if !within(nodes.len(), most, &format!("`{}`", key.name), node.place, problems) {
        return None;
    }
    Some(nodes.iter().map(|node| record(node, section, problems)).collect())
}

/// Whether a list is not too long. If it is, adds a problem.
pub fn within(len: usize, most: usize, whose: &str, place: Place, problems: &mut Problems) -> bool {
    if len > most {
        let what = format!("{whose} has {len} entries");
        problems.push(Problem::new(place, what, format!("at most {most}")));
    }
    len <= most
}

/// Whether a text is not too long. If it is, adds a problem.
pub fn short(text: &str, most: usize, name: &str, place: Place, problems: &mut Problems) -> bool {
    if text.len() > most {
        let what = format!("`{name}` has {} bytes", text.len());
        problems.push(Problem::new(place, what, format!("at most {most} bytes")));
    }
    text.len() <= most
}

/// Checks a name: it must not be empty or too long, or have characters that do not show.
pub fn name(text: &str, name: &str, place: Place, problems: &mut Problems) -> bool {
    if text.is_empty() {
        problems.push(Problem::new(place, format!("`{name}` is empty"), "expected a name"));
        return false;
    }
    if let Some(letter) = text.chars().find(|letter| is_unprintable(*letter)) {
        let what = match letter.is_control() {
            true => format!("`{name}` has the control character {letter:?}"),
            false => format!("`{name}` has {letter:?}, which does not show"),
        };
        problems.push(Problem::new(place, what, "expected a name that can be printed"));
        return false;
    }
    short(text, limits::NAME_BYTES, name, place, problems)
}
