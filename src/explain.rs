//! Explanations of the words that `dlab` prints, and of those of the lesson: a sentence, a
//! paragraph for students, related words, and a command that shows it. Pages of `docs/reference`
//! are generated from these texts.
//!
//! Only texts. The terms are declared where they are used; a test compares the lists.

mod anomalies;
mod causes;
mod claims;
mod columns;
mod exercises;
mod exits;
mod expectations;
mod faults;
mod guarantees;
mod lesson;
mod links;
mod modes;
mod museum;
mod nouns;
mod outcomes;
mod page;
mod parts;
mod prices;
mod reasons;
mod recoveries;
mod rooms;
mod searches;
mod signs;
mod sweeps;
mod verdicts;

pub use anomalies::ANOMALIES;
pub use causes::CAUSES;
pub use claims::CLAIMS;
pub use columns::COLUMNS;
pub use exercises::EXERCISES;
pub use exits::EXITS;
pub use expectations::EXPECTATIONS;
pub use faults::FAULTS;
pub use guarantees::GUARANTEES;
pub use lesson::LESSON;
pub use links::LINKS;
pub use modes::MODES;
pub use museum::MUSEUM;
pub use nouns::NOUNS;
pub use outcomes::OUTCOMES;
pub use page::{page, table};
pub use parts::PARTS;
pub use prices::PRICES;
pub use reasons::REASONS;
pub use recoveries::RECOVERIES;
pub use rooms::ROOM_EVENTS;
pub use searches::SEARCHES;
pub use signs::SIGNS;
pub use sweeps::SWEEPS;
pub use verdicts::VERDICTS;

/// All families, in reading order.
pub static FAMILIES: [&Family; 24] = [
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
    &COLUMNS,
    &PRICES,
    &RECOVERIES,
    &EXPECTATIONS,
    &PARTS,
    &SWEEPS,
    &SEARCHES,
    &MUSEUM,
    &NOUNS,
    &ROOM_EVENTS,
    &LESSON,
];

/// A group of words of one kind.
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
    /// The name: lower case, hyphens between its parts.
    pub name: &'static str,
    /// Other names or forms of it.
    pub also: &'static [&'static str],
    /// A definition, in one sentence.
    pub brief: &'static str,
    /// A paragraph that explains it further.
    pub text: &'static str,
    /// Related terms.
    pub see: &'static [&'static str],
    /// The rule for two of them that are on at once, for the same process or packet: every kind of
    /// fault has one, and nothing else.
    pub at_once: Option<&'static str>,
    /// A command that shows it, or `None` if no built-in scenario can.
    pub shown_by: Option<&'static str>,
}

impl Word {
    const fn new(name: &'static str, brief: &'static str, text: &'static str) -> Word {
        Word { name, also: &[], brief, text, see: &[], at_once: None, shown_by: None }
    }

    const fn also(self, also: &'static [&'static str]) -> Word {
        Word { also, ..self }
    }

    const fn at_once(self, text: &'static str) -> Word {
        Word { at_once: Some(text), ..self }
    }

    /// Returns all that is said of it: definition, paragraph, and what holds for two at once.
    pub fn paragraph(&self) -> String {
        let at_once = self.at_once.map(|text| format!(" {text}")).unwrap_or_default();
        format!("{} {}{at_once}", self.brief, self.text)
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

/// Returns all words with the given name, each with its family. Upper case, spaces and underscores
/// are accepted, and a plural where only the singular is a word. One name can be both a fault and
/// an anomaly, and a contender is a link and a mode.
pub fn find(given: &str) -> Vec<(&'static Family, &'static Word)> {
    let given = normal(given);
    let whole = named(&given);
    if !whole.is_empty() {
        return whole;
    }
    let parts: Vec<Vec<_>> = given.split('/').map(named).collect();
    if parts.iter().any(Vec::is_empty) { Vec::new() } else { parts.concat() }
}

fn named(name: &str) -> Vec<(&'static Family, &'static Word)> {
    match (spelled(name), name.strip_suffix('s')) {
        (words, Some(singular)) if words.is_empty() => spelled(singular),
        (words, _) => words,
    }
}

fn spelled(name: &str) -> Vec<(&'static Family, &'static Word)> {
    let families = FAMILIES.into_iter();
    let words = families.flat_map(|family| family.words.iter().map(move |word| (family, word)));
    let is_meant =
        |word: &Word| word.name == name || word.also.iter().any(|also| normal(also) == name);
    words.filter(|(_, word)| is_meant(word)).collect()
}

/// Returns the family of this name or heading, each in the singular or in the plural.
pub fn find_family(given: &str) -> Option<&'static Family> {
    let given = normal(given);
    let is_same = |name: &str| {
        name == given
            || name.strip_suffix('s') == Some(&given)
            || given.strip_suffix('s') == Some(name)
    };
    let is_meant = |family: &&Family| is_same(family.name) || is_same(&normal(family.heading));
    FAMILIES.into_iter().find(is_meant)
}

/// Returns everything that can be explained, in order, each spelling once a word. A name that two
/// families share is returned twice.
pub fn names() -> impl Iterator<Item = &'static str> {
    let words = FAMILIES.into_iter().flat_map(|family| family.words);
    let words = words.flat_map(|word| {
        let others = word.also.iter().copied().filter(|also| normal(also) != word.name);
        std::iter::once(word.name).chain(others)
    });
    FAMILIES.into_iter().map(|family| family.name).chain(words)
}

/// Returns the one spelling in which words are compared: lower case, hyphens between the parts.
pub fn normal(given: &str) -> String {
    let given = given.to_lowercase().replace('_', " ");
    given.split_whitespace().collect::<Vec<_>>().join("-")
}
