//! The same texts in Markdown: the page `docs/reference/words.md`, and a table for other pages.
//! A test keeps the pages equal to this.

use super::{FAMILIES, Family, Word};

const HEAD: &str = "\
# Words

<!-- Made from the texts in src/explain; a test keeps it so. Do not edit. -->

The words that a report, a sweep, a search, the museum, their JSON or the log uses, and those of the
lesson, each with a command that shows it. `dlab explain WORD` prints the same.
";

/// Returns the page of all terms, ended by a newline.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for family in FAMILIES {
        page.push_str(&format!("\n## {}\n\n{}\n", family.heading, family.about));
        family.words.iter().for_each(|word| entry(&mut page, word));
    }
    page
}

/// Returns a table of a family's terms with their definitions, ended by a newline.
pub fn table(family: &Family) -> String {
    let mut table = format!("| {} | meaning |\n| --- | --- |\n", family.name);
    for Word { name, brief, .. } in family.words {
        table.push_str(&format!("| `{name}` | {brief} |\n"));
    }
    table
}

fn entry(page: &mut String, word: &Word) {
    let also =
        if word.also.is_empty() { String::new() } else { format!(" (also {})", quoted(word.also)) };
    page.push_str(&format!("\n### `{}`{also}\n\n{}\n", word.name, word.paragraph()));
    if !word.see.is_empty() {
        page.push_str(&format!("\nSee also: {}.\n", quoted(word.see)));
    }
    if let Some(command) = word.shown_by {
        page.push_str(&format!("\nTo see it: `{command}`\n"));
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
