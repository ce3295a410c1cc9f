//! Explanations of the terms that reports use: a sentence, a paragraph for students, related terms,
//! and a command that shows it. Pages of `docs/reference` are generated from these texts.
//!
//! Only texts. The terms are declared where they are used; a test compares the lists.

mod anomalies;
mod causes;
mod claims;
mod exercises;
mod exits;
mod faults;
mod guarantees;
mod links;
mod modes;
mod outcomes;
mod page;
mod reasons;
mod signs;
mod verdicts;

pub use anomalies::ANOMALIES;
pub use causes::CAUSES;
pub use claims::CLAIMS;
pub use exercises::EXERCISES;
pub use exits::EXITS;
pub use faults::FAULTS;
pub use guarantees::GUARANTEES;
pub use links::LINKS;
pub use modes::MODES;
pub use outcomes::OUTCOMES;
pub use page::{page, table};
pub use reasons::REASONS;
pub use signs::SIGNS;
pub use verdicts::VERDICTS;

/// All families, in reading order.
pub static FAMILIES: [&Family; 13] = [
    &LINKS,
    &MODES,
    &OUTCOMES,
    &CAUSES,
    &GUARANTEES,
    &VERDICTS,
    &CLAIMS,
    &ANOMALIES,
    &FAULTS,
    &EXERCISES,
    &SIGNS,
    &REASONS,
    &EXITS,
];

/// A group of terms of one kind.
#[derive(Debug)]
pub struct Family {
    /// The kind, as in `cause`. It is a term itself.
    pub name: &'static str,
    /// The plural, as a heading.
    pub heading: &'static str,
    /// A description of the whole group.
    pub about: &'static str,
    /// The terms, in the order of their list.
    pub words: &'static [Word],
}

/// One term.
#[derive(Debug)]
pub struct Word {
    /// The name, as files and reports write it.
    pub name: &'static str,
    /// Other names or forms of it.
    pub also: &'static [&'static str],
    /// A definition, in one sentence.
    pub brief: &'static str,
    /// A paragraph that explains it further.
    pub text: &'static str,
    /// Related terms.
    pub see: &'static [&'static str],
    /// A command that shows it, or `None` if no built-in scenario can.
    pub shown_by: Option<&'static str>,
}

impl Word {
    const fn new(name: &'static str, brief: &'static str, text: &'static str) -> Word {
        Word { name, also: &[], brief, text, see: &[], shown_by: None }
    }

    const fn also(self, also: &'static [&'static str]) -> Word {
        Word { also, ..self }
    }

    const fn see(self, see: &'static [&'static str]) -> Word {
        Word { see, ..self }
    }

    const fn shown_by(self, command: &'static str) -> Word {
        Word { shown_by: Some(command), ..self }
    }
}

impl Family {
    /// Returns one of its terms.
    pub fn word(&self, name: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.name == name)
    }
}

/// Returns all terms with the given name, each with its family. Upper case and the JSON's
/// underscores are accepted. One name can be both a fault and an anomaly, and a contender is a link
/// and a mode.
pub fn find(given: &str) -> Vec<(&'static Family, &'static Word)> {
    let given = given.to_lowercase().replace('_', "-");
    let named: Vec<Vec<_>> = given.split('/').map(named).collect();
    if named.iter().any(Vec::is_empty) { Vec::new() } else { named.concat() }
}

fn named(name: &str) -> Vec<(&'static Family, &'static Word)> {
    let families = FAMILIES.into_iter();
    let words = families.flat_map(|family| family.words.iter().map(move |word| (family, word)));
    words.filter(|(_, word)| word.name == name || word.also.contains(&name)).collect()
}

/// Returns the family of this name.
pub fn find_family(given: &str) -> Option<&'static Family> {
    FAMILIES.into_iter().find(|family| family.name == given.to_lowercase())
}

/// Returns everything that can be explained, in order. A name that two families share is returned
/// twice.
pub fn names() -> impl Iterator<Item = &'static str> {
    let words = FAMILIES.into_iter().flat_map(|family| family.words);
    let words = words.flat_map(|word| std::iter::once(&word.name).chain(word.also));
    FAMILIES.into_iter().map(|family| family.name).chain(words.copied())
}
