//! The commands that run no scenario: check, list, show, new, schema, completions.
//! None of them replaces a file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::Value;

use super::Exit;
use super::args::{Args, CheckArgs, CompletionsArgs, ListArgs, NewArgs, SchemaArgs, ShowArgs};
use super::console::{Console, reason};
use super::load::Refused;
use super::values::words;
use super::{load, sources};
use crate::mutant;
use crate::report::checked::CheckedFile;
use crate::report::{self, Ink};
use crate::scenario::{self, LoadOptions, Scenario, builtin};

/// Validates files, and lists the valid ones.
pub fn check(args: &CheckArgs, console: &mut Console) -> Exit {
    if args.json {
        return check_as_json(args, console);
    }
    let complain = |refused: &Refused<'_>| console.complain(refused.reason);
    let answer = load::valid(&args.files, &LoadOptions::default(), complain);
    load::warn(&answer.loaded, console);
    for one in answer.loaded {
        console.print(&format!("{}: valid\n", one.given));
    }
    answer.broken_exit.and(answer.missing_exit)
}

/// Prints what is wrong with each file as JSON, those that cannot be run first.
fn check_as_json(args: &CheckArgs, console: &mut Console) -> Exit {
    let mut files = Vec::new();
    let answer = load::valid(&args.files, &LoadOptions::default(), |refused| {
        files.push(CheckedFile::refused(refused.given, refused.text, refused.reason));
    });
    files.extend(answer.loaded.iter().map(|one| CheckedFile::valid(&one.given, &one.scenario)));
    console.print(&format!("{}\n", report::checked::json(&files)));
    answer.broken_exit.and(answer.missing_exit)
}

/// Lists the built-in scenarios by what they teach, or the mutants.
pub fn list(args: &ListArgs, console: &mut Console) -> Exit {
    if args.json {
        console.print(&format!("{}\n", report::topics::json()));
        return Exit::Met;
    }
    if args.mutants {
        console.print(&report::mutants(&mutant::ALL));
        return Exit::Met;
    }
    let (columns, style) = (console.columns(), console.style());
    let mut text = String::new();
    for topic in &builtin::TOPICS {
        text.push_str(&format!("{}\n", style.paint(Ink::Heading, topic.heading)));
        for name in topic.names {
            let file = builtin::find(name).expect("a topic names scenarios that are built in");
            let scenario = Scenario::load(name, file).expect("built-in scenarios are valid");
            text.push_str(&format!("  {name}\n"));
            for line in report::wrap_to(columns, &scenario.about, "      ", "      ") {
                text.push_str(&format!("{line}\n"));
            }
        }
        text.push('\n');
    }
    text.push_str("Begin with dlab run caps.\n");
    text.push_str("dlab run NAME runs one, dlab show NAME prints its file.\n");
    console.print(&text);
    Exit::Met
}

/// Prints the file of a built-in scenario, or of one that is drawn from a seed.
pub fn show(args: &ShowArgs, console: &mut Console) -> Exit {
    match builtin::find(&args.name).map(str::to_owned).or_else(|| sources::drawn(&args.name)) {
        Some(text) => {
            console.print(&text);
            Exit::Met
        }
        None => {
            console.complain(sources::unknown_name(&args.name).problem.as_ref());
            Exit::Usage
        }
    }
}

/// Writes a new scenario file. An existing file is never touched.
pub fn new(args: &NewArgs, console: &mut Console) -> Exit {
    let path = args.file.display();
    let name = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let file = OpenOptions::new().write(true).create_new(true).open(&args.file);
    match file.and_then(|mut file| file.write_all(scenario::template(&name).as_bytes())) {
        Ok(()) => {
            console.say(&format!("{path} written; `dlab run {path}` runs it"));
            Exit::Met
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            console.fail(&format!("{path} is there already, and stays as it is: name another"));
            Exit::File
        }
        Err(error) => {
            console.fail(&format!("{path} cannot be written: {}", reason(&error)));
            Exit::File
        }
    }
}

/// Prints the JSON Schema of scenario files, or of the documents that were asked for.
pub fn schema(args: &SchemaArgs, console: &mut Console) -> Exit {
    let SchemaArgs { report, layers, packets, rooms, check, list } = *args;
    let schemas: [(bool, fn() -> Value); 6] = [
        (report, report::schema),
        (layers, report::layers::schema),
        (packets, report::packets::schema),
        (rooms, report::room_events::schema),
        (check, report::checked::schema),
        (list, report::topics::schema),
    ];
    let asked = schemas.iter().find(|(is_asked, _)| *is_asked);
    let schema = asked.map_or_else(scenario::schema, |(_, schema)| schema());
    console.print(&format!("{schema:#}\n"));
    Exit::Met
}

/// Prints the completions for a shell.
pub fn completions(args: &CompletionsArgs, console: &mut Console) -> Exit {
    // Into memory first: the generator panics when its writer fails.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "dlab", &mut text);
    console.print(&String::from_utf8_lossy(&text));
    if args.shell == Shell::Fish {
        // The generator completes values of options only, and this is a positional argument.
        let condition = "__fish_dlab_using_subcommand explain";
        let words = words().collect::<Vec<_>>().join(" ");
        console.print(&format!("complete -c dlab -n \"{condition}\" -f -a \"{words}\"\n"));
    }
    Exit::Met
}
