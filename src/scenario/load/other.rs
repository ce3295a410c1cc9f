//! Replaces the expectations of a file by those of another one (`--expect`), before the tree is
//! checked: they are checked exactly as if the file contained them.

use crate::scenario::limits;

use super::problem::{Place, Problem, Problems};
use super::tree::{self, Node, Tree};

/// A file whose `[[expect]]` tables replace those of a scenario. The rest of it is not looked at,
/// and may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationsFile {
    /// The name of the file, for diagnostics.
    pub name: String,
    /// The text of the file.
    pub text: String,
}

/// The key of the expectations.
const KEY: &str = "expect";

/// Replaces the expectations. `source` is the number of the other file in places.
pub fn apply(root: &mut Node, other: &ExpectationsFile, source: usize, problems: &mut Problems) {
    let start = Place { source, start: 0, end: 0 };
    let (bytes, most) = (other.text.len(), limits::FILE_BYTES);
    if bytes > most {
        let what = format!("the file has {bytes} bytes");
        return problems.push(Problem::new(start, what, format!("at most {most} bytes")));
    }
    let found = match tree::parse(&other.text, source, 0) {
        Ok(Node { value: Tree::Table(entries), .. }) => {
            entries.into_iter().find(|(key, _)| key.name == KEY)
        }
        Ok(_) => None,
        Err(problem) => return problems.push(*problem),
    };
    let Some(found) = found else {
        let problem = Problem::new(start, "the file expects nothing", "no `[[expect]]` in here");
        return problems.push(problem.help("for example: [[expect]] and below it missed = 0"));
    };
    if let Tree::Table(entries) = &mut root.value {
        entries.retain(|(key, _)| key.name != KEY);
        entries.push(found);
    }
}
