//! The keys of `[mutant]`.

use crate::mutant::WORDS;

use super::{Key, Kind, Section};

/// The table `[mutant]`, which names a component that is broken on purpose.
pub static MUTANT: Section = Section {
    heading: "[mutant]",
    noun: "the mutant",
    about: "A machine that is broken on purpose. `dlab list --mutants` says what each does wrong.",
    keys: &[Key::default(
        "name",
        Kind::Word(&WORDS),
        "Which one; `none` is the correct machine.",
        r#""none""#,
    )
    .example(r#""off-by-one""#)],
    cases: None,
};
