//! `dlab explain`: prints the meaning of a word that `dlab` prints or that the lesson uses, or
//! lists all words. The texts themselves are in the module `explain`.

use miette::MietteDiagnostic;

use super::Exit;
use super::args::ExplainArgs;
use super::console::Console;
use super::sources;
use crate::explain::{self, FAMILIES, Family, Word};
use crate::report::{Ink, Shape, Style, wrap_to};

/// Explains a word, a family of words, or lists all of them.
pub fn explain(args: &ExplainArgs, console: &mut Console) -> Exit {
    let page = Page { style: console.style(), columns: console.columns() };
    if args.words.is_empty() {
        console.print(&page.index());
        return Exit::Met;
    }
    let given = args.words.join(" ");
    let words = explain::find(&given);
    let family = explain::find_family(&given);
    if words.is_empty() && family.is_none() {
        console.complain(&unknown(&given));
        return Exit::Usage;
    }
    let families = family.into_iter().map(|family| page.family(family));
    let words = words.into_iter().map(|(family, word)| page.word(family, word));
    let texts: Vec<String> = families.chain(words).collect();
    console.print(&texts.join("\n"));
    Exit::Met
}

fn unknown(given: &str) -> MietteDiagnostic {
    let help = match sources::nearest(&explain::normal(given), explain::names()) {
        names if names.is_empty() => "`dlab explain` lists all words".to_owned(),
        names => format!("did you mean {}?", names.join(" or ")),
    };
    let given: String = given.chars().take(60).flat_map(char::escape_debug).collect();
    MietteDiagnostic::new(format!("`{given}` is not a word that is explained")).with_help(help)
}

/// Lays out words in the style and width of the console.
struct Page {
    style: Style,
    columns: usize,
}

impl Page {
    /// Lists every word, by family.
    fn index(&self) -> String {
        let mut lines = self.set("`dlab explain WORD` says what a word means.", "");
        for family in FAMILIES {
            lines.push(String::new());
            lines.push(
                self.style.paint(Ink::Heading, &format!("{} ({})", family.heading, family.name)),
            );
            let words = family.words.iter().map(|word| self.name(word, |also| !also.contains(' ')));
            lines.extend(self.set(&words.collect::<Vec<_>>().join(", "), "  "));
        }
        lines.push(String::new());
        lines.extend(self.set("Begin with dlab run caps, and then dlab explain missed.", ""));
        ended(lines)
    }

    /// Describes a family, with the first sentence of each word.
    fn family(&self, family: &Family) -> String {
        let mut lines = vec![self.style.paint(Ink::Heading, family.heading)];
        lines.extend(self.set(family.about, "  "));
        for word in family.words {
            lines.push(String::new());
            lines.push(format!("  {}", self.full_name(word)));
            lines.extend(self.set(word.brief, "    "));
        }
        ended(lines)
    }

    /// Describes a word, with related words and a command that shows it.
    fn word(&self, family: &Family, word: &Word) -> String {
        let name = self.style.paint(Ink::Heading, &self.full_name(word));
        let mut lines = vec![format!("{name} ({})", family.name)];
        lines.extend(self.set(&word.paragraph(), "  "));
        lines.push(String::new());
        lines.extend(self.set(&format!("See also: {}", word.see.join(", ")), "  "));
        if let Some(command) = word.shown_by {
            // Not wrapped, so that it can be pasted; a narrow terminal wraps it by itself.
            lines.push(format!("  To see it: {command}"));
        }
        ended(lines)
    }

    /// Returns the word and its other spellings, unless they only have a space for a hyphen.
    fn full_name(&self, word: &Word) -> String {
        self.name(word, |also| explain::normal(also) != word.name)
    }

    fn name(&self, word: &Word, is_shown: impl Fn(&str) -> bool) -> String {
        let others = word.also.iter().copied().filter(|also| is_shown(also));
        let names = std::iter::once(word.name).chain(others);
        let is_drawn = |name: &&str| self.style.shape == Shape::Unicode || name.is_ascii();
        names.filter(is_drawn).collect::<Vec<_>>().join(" or ")
    }

    fn set(&self, text: &str, indent: &str) -> Vec<String> {
        wrap_to(self.columns, text, indent, indent)
    }
}

fn ended(lines: Vec<String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}
