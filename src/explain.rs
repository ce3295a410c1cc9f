//! What each word of a report means: a sentence, a paragraph in a student's words, its neighbours,
//! and a command that shows it. The pages of `docs/reference` are made from the same texts.
//!
//! Texts only. The words themselves are declared where they are used; a test compares the lists.

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

/// Every family, in reading order.
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

/// Words of one kind.
#[derive(Debug)]
pub struct Family {
    /// What one of them is, as in `cause`: a word too.
    pub name: &'static str,
    /// All of them, as a heading.
    pub heading: &'static str,
    /// What they have in common.
    pub about: &'static str,
    /// Themselves, in the order of their list.
    pub words: &'static [Word],
}

/// One word.
#[derive(Debug)]
pub struct Word {
    /// As files and reports write it.
    pub name: &'static str,
    /// Other ways in which it is met.
    pub also: &'static [&'static str],
    /// What it is, in a sentence.
    pub brief: &'static str,
    /// What follows from that.
    pub text: &'static str,
    /// Its neighbours.
    pub see: &'static [&'static str],
    /// A command that shows it, or none where no built-in scenario can.
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
    /// One of its words.
    pub fn word(&self, name: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.name == name)
    }
}

/// Every word that `given` names, in capitals too and as the JSON writes it, with its family: one
/// name can be a fault and an anomaly, and a contender is a link and a mode.
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

/// The family of this name.
pub fn find_family(given: &str) -> Option<&'static Family> {
    FAMILIES.into_iter().find(|family| family.name == given.to_lowercase())
}

/// Everything that can be asked for, in order; a name that two families share comes twice.
pub fn names() -> impl Iterator<Item = &'static str> {
    let words = FAMILIES.into_iter().flat_map(|family| family.words);
    let words = words.flat_map(|word| std::iter::once(&word.name).chain(word.also));
    FAMILIES.into_iter().map(|family| family.name).chain(words.copied())
}
