//! The JSON of `dlab check`: the problems of scenario files, each at its places, for editors.

use miette::{Diagnostic, LabeledSpan};
use serde::Serialize;
use serde_json::{Value, json};

use super::schema::{about, count, list, object, or_null, text, titled};
use crate::scenario::Scenario;

/// The name of the JSON contract.
const SCHEMA: &str = "delivery-lab/check/1";

/// One file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedFile {
    /// The argument that names it, or its path in a folder.
    pub file: String,
    /// The problems; none if the file is valid.
    pub problems: Vec<FileProblem>,
    /// Doubts about a valid file: probably not meant.
    pub warnings: Vec<FileWarning>,
}

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// The problem, as a sentence.
    pub what: String,
    /// A hint, if there is one.
    pub help: Option<String>,
    /// Its places, the most important first; none if the file cannot be read.
    pub places: Vec<FilePlace>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilePlace {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The number of characters.
    pub length: usize,
    /// The text beside the place: what is expected there, or what it has to do with the problem.
    pub label: String,
}

/// Something that is valid and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileWarning {
    /// The doubt, as a sentence.
    pub what: String,
    /// A hint.
    pub help: String,
}

impl CheckedFile {
    /// Returns the result for a valid scenario.
    pub fn valid(file: &str, scenario: &Scenario) -> CheckedFile {
        let warnings = scenario.warnings().into_iter();
        let warnings = warnings.map(|one| FileWarning { what: one.what, help: one.help });
        CheckedFile { file: file.to_owned(), problems: Vec::new(), warnings: warnings.collect() }
    }

    /// Returns the result for a file with this text that cannot be run, for these reasons.
    pub fn refused(file: &str, text: &[u8], reason: &dyn Diagnostic) -> CheckedFile {
        let text = String::from_utf8_lossy(text);
        let problem = |one: &dyn Diagnostic| FileProblem {
            what: one.to_string(),
            help: one.help().map(|help| help.to_string()),
            places: one.labels().into_iter().flatten().map(|label| place(&text, &label)).collect(),
        };
        let problems = match reason.related() {
            Some(related) => related.map(problem).collect(),
            None => vec![problem(reason)],
        };
        CheckedFile { file: file.to_owned(), problems, warnings: Vec::new() }
    }
}

fn place(text: &str, label: &LabeledSpan) -> FilePlace {
    let start = text.floor_char_boundary(label.offset());
    let end = text.ceil_char_boundary(start + label.len());
    let before = &text[..start];
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    FilePlace {
        line: before.matches('\n').count() + 1,
        column: before[line..].chars().count() + 1,
        length: text[start..end].chars().count(),
        label: label.label().unwrap_or_default().to_owned(),
    }
}

/// Returns the checked files as JSON, one document on one line, without a newline.
pub fn json(files: &[CheckedFile]) -> String {
    json!({ "schema": SCHEMA, "files": files }).to_string()
}

/// Returns the schema of that document, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let place = object(&[
        ("line", about("From 1.", count())),
        ("column", about("From 1, in characters.", count())),
        ("length", about("In characters.", count())),
        ("label", about("What is expected there.", text())),
    ]);
    let problem = object(&[
        ("what", text()),
        ("help", or_null(text())),
        ("places", about("The most important one first.", list(place))),
    ]);
    let warning = object(&[("what", text()), ("help", text())]);
    let file = object(&[
        ("file", text()),
        ("problems", about("None if it is valid.", list(problem))),
        ("warnings", list(warning)),
    ]);
    let document = object(&[("schema", json!({ "const": SCHEMA })), ("files", list(file))]);
    titled("The scenario files that delivery-lab checked", document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_from_one_and_stays_in_the_file() {
        let text = "title = \"é\"\nx = 1\n";
        let at = |start: usize, length: usize| {
            let label = LabeledSpan::new(Some("here".to_owned()), start, length);
            let FilePlace { line, column, length, .. } = place(text, &label);
            (line, column, length)
        };
        assert_eq!(at(0, 5), (1, 1, 5));
        assert_eq!(at(9, 2), (1, 10, 1), "é has two bytes");
        assert_eq!(at(13, 1), (2, 1, 1));
        assert_eq!(at(1_000, 5), (3, 1, 0));
    }
}
