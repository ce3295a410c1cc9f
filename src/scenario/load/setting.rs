//! Applies a `--set PATH=VALUE` of the command line to the tree, before the tree is checked.
//!
//! A setting is therefore checked exactly as if the file contained it. A problem with it quotes the
//! setting.

use crate::scenario::limits;

use super::problem::{Place, Problem, Problems, quote};
use super::tree::{self, Node, Tree, TreeKey};

/// One `PATH=VALUE`: `seed=7`, `fault.0.for=3s`, `client.driver.count=5`.
///
/// The parts of the path are keys. An entry of a list is given by its index from 0 or by its `id`,
/// in quotes if the id has a dot. The value is TOML, or else a text without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting(String);

impl Setting {
    /// Wraps the text of the command line. It is checked when a scenario is loaded with it.
    pub fn new(text: impl Into<String>) -> Setting {
        Setting(text.into())
    }

    /// Returns the text of the command line.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the parts of its path, without quotes and blanks; `None` if it is no setting.
    pub fn path(&self) -> Option<Vec<String>> {
        let (path, _) = split(&self.0, 0).ok()?;
        Some(path.into_iter().map(|key| key.name).collect())
    }
}

/// Applies a setting. `source` is its number from 1.
pub fn apply(root: &mut Node, setting: &Setting, source: usize, problems: &mut Problems) {
    let text = setting.as_str();
    if text.len() > limits::FILE_BYTES {
        let place = Place { source, start: 0, end: 0 };
        let expected = format!("at most {} bytes", limits::FILE_BYTES);
        let what = format!("a setting has {} bytes", text.len());
        return problems.push(Problem::new(place, what, expected));
    }
    let all = Place { source, start: 0, end: text.len() };
    let (path, value) =
        match split(text, source).and_then(|(path, at)| Ok((path, value(text, at, source)?))) {
            Ok(split) => split,
            Err(problem) => return problems.push(*problem),
        };
    let mut node = root;
    for (index, part) in path.iter().enumerate() {
        // A new key on the path starts as a table. The value replaces the table of the last part.
        node = match step(node, part, problems) {
            Ok(next) => next,
            Err(problem) => return problems.push(*problem),
        };
        if index + 1 == path.len() {
            *node = Node { place: value.place, value: value.value.clone() };
        } else if node.place == MISSING {
            node.place = all;
        }
    }
}

/// The place of a node that was just added.
const MISSING: Place = Place { source: usize::MAX, start: 0, end: 0 };

/// Returns the child of a node for one part of the path. Adds a key that is missing.
fn step<'a>(
    node: &'a mut Node,
    part: &TreeKey,
    problems: &mut Problems,
) -> Result<&'a mut Node, Box<Problem>> {
    let found = node.described();
    match &mut node.value {
        Tree::Table(entries) => {
            let index = match entries.iter().position(|(key, _)| key.name == part.name) {
                Some(index) => index,
                None => {
                    entries
                        .push((part.clone(), Node { place: MISSING, value: Tree::Table(vec![]) }));
                    entries.len() - 1
                }
            };
            Ok(&mut entries[index].1)
        }
        Tree::List(nodes) => {
            let index = match entry(nodes, part) {
                Some(index) => index,
                None => return Err(Box::new(no_entry(nodes, part, problems))),
            };
            Ok(&mut nodes[index])
        }
        _ => {
            let what = format!("the setting looks for {} inside a value", quote(&part.name));
            Err(Box::new(Problem::new(part.place, what, format!("what is there is {found}"))))
        }
    }
}

fn entry(nodes: &[Node], part: &TreeKey) -> Option<usize> {
    let by_index = part.name.parse::<usize>().ok().filter(|index| *index < nodes.len());
    by_index.or_else(|| nodes.iter().position(|node| id(node) == Some(&part.name)))
}

fn id(node: &Node) -> Option<&str> {
    let Tree::Table(entries) = &node.value else { return None };
    entries.iter().find_map(|(key, node)| match &node.value {
        Tree::Text(id) if key.name == "id" => Some(id.as_str()),
        _ => None,
    })
}

fn no_entry(nodes: &[Node], part: &TreeKey, problems: &mut Problems) -> Problem {
    let expected = match nodes.len() {
        0 => "the list is empty".to_owned(),
        1 => "the list has one entry: 0".to_owned(),
        n => format!("the list has entries 0 to {}", n - 1),
    };
    Problem::new(part.place, format!("there is no entry {}", quote(&part.name)), expected)
        .maybe_help(problems.nearest(&part.name, nodes.iter().filter_map(id)))
}

/// Splits `a.b."c.d"=…` into its path and the offset of the byte after the `=`.
fn split(text: &str, source: usize) -> Result<(Vec<TreeKey>, usize), Box<Problem>> {
    let mut path = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '.' | '=' if !quoted => {
                let part = &text[start..at];
                let name = part.trim().trim_matches('"').to_owned();
                let place = Place { source, start, end: at };
                if name.is_empty() {
                    let what = "a part of the setting's path is empty";
                    return Err(Box::new(Problem::new(place, what, "a key, an index or an id")));
                }
                if path.len() == limits::HEADER_PARTS {
                    let what = format!("a path has more than {} parts", limits::HEADER_PARTS);
                    return Err(Box::new(Problem::new(place, what, "one too many")));
                }
                path.push(TreeKey { name, place });
                start = at + 1;
                if letter == '=' {
                    return Ok((path, start));
                }
            }
            _ => {}
        }
    }
    let place = Place { source, start: 0, end: text.len() };
    let problem = Problem::new(place, "a setting is PATH=VALUE", "there is no `=`");
    Err(Box::new(problem.help("as in --set seed=7 or --set fault.0.for=3s")))
}

/// Reads the value as TOML, or else as a text.
fn value(text: &str, at: usize, source: usize) -> Result<Node, Box<Problem>> {
    const KEY: &str = "v=";
    let value = &text[at..];
    let place = Place { source, start: at, end: text.len() };
    // Places are computed as if the value followed `v=`. A path is never shorter than `v`.
    let offset = at - KEY.len().min(at);
    match tree::parse(&format!("{KEY}{value}"), source, offset) {
        Ok(Node { value: Tree::Table(mut entries), .. }) if entries.len() == 1 => {
            let node = entries.remove(0).1;
            Ok(Node { place, value: node.value })
        }
        Err(problem) if value.starts_with(['{', '[', '"', '\'']) => Err(problem),
        _ => Ok(Node { place, value: Tree::Text(value.trim().to_owned()) }),
    }
}
