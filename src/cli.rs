//! The command line `dlab`: the only module that uses files, the environment, threads and stdout.
//!
//! A command returns its [`Exit`]; only a second Ctrl-C ends the process from within. Reports go to
//! stdout, everything else to stderr.

mod args;
mod broker_view;
mod console;
mod explain;
mod in_order;
mod interrupt;
mod junit;
mod library;
mod load;
mod log;
mod museum;
mod packet_page;
mod pcap;
mod pool;
mod progress;
mod run;
mod scenario_source;
mod search;
mod sources;
mod sweep;
mod trace;
mod trial;
mod trial_files;
mod values;
mod vary;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use console::Console;

use crate::platform::program;

/// The exit code of the process; the numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All expectations were met.
    Met = 0,
    /// An expectation failed: a finding.
    Failed = 1,
    /// Bad usage or a bad scenario; nothing ran.
    Usage = 2,
    /// There were faults, and none of them had an effect.
    Inconclusive = 3,
    /// A file or port could not be used.
    File = 4,
    /// `--twice` found a difference.
    Differs = 5,
    /// A bug in dlab.
    Bug = 70,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The precedence of exit codes, highest first.
    const PRIORITY: [Exit; 8] = [
        Exit::Bug,
        Exit::Interrupted,
        Exit::File,
        Exit::Usage,
        Exit::Differs,
        Exit::Failed,
        Exit::Inconclusive,
        Exit::Met,
    ];

    /// Returns the one of two codes that takes precedence.
    fn and(self, other: Exit) -> Exit {
        Exit::PRIORITY.into_iter().find(|&exit| exit == self || exit == other).unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Parses the arguments of the process and runs the command.
pub fn main() -> ExitCode {
    program::enter_folder();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(mut answer) => {
            sources::add_tip(&mut answer);
            // Help and version also arrive here, with code 0.
            console::answer(&answer);
            return if answer.use_stderr() { Exit::Usage } else { Exit::Met }.into();
        }
    };
    let mut console = Console::new(&args.display);
    let exit = match args.command {
        Command::Run(args) => run::run(&args, &mut console),
        Command::Search(args) => search::run(&args, &mut console),
        Command::Sweep(args) => sweep::run(&args, &mut console),
        Command::Merge(args) => sweep::merge(&args, &mut console),
        Command::Check(args) => library::check(&args, &mut console),
        Command::List(args) => library::list(&args, &mut console),
        Command::Museum(args) => museum::run(&args, &mut console),
        Command::Show(args) => library::show(&args, &mut console),
        Command::Explain(args) => explain::explain(&args, &mut console),
        Command::New(args) => library::new(&args, &mut console),
        Command::Schema(args) => library::schema(&args, &mut console),
        Command::Completions(args) => library::completions(&args, &mut console),
    };
    exit.and(console.finish()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_codes_the_gravest_counts() {
        assert_eq!(Exit::Failed.and(Exit::Inconclusive), Exit::Failed);
        assert_eq!(Exit::Met.and(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Differs.and(Exit::Failed), Exit::Differs);
        assert_eq!(Exit::Interrupted.and(Exit::Differs), Exit::Interrupted);
        assert_eq!(Exit::Interrupted.and(Exit::Bug), Exit::Bug);
    }

    #[test]
    fn every_exit_code_is_explained_and_its_precedence_is_told() {
        let explained =
            crate::explain::EXITS.words.iter().map(|word| word.name.parse::<u8>().unwrap());
        let mut codes: Vec<u8> = Exit::PRIORITY.map(|exit| exit as u8).to_vec();
        let order: Vec<String> = codes.iter().map(u8::to_string).collect();
        assert!(crate::explain::EXITS.about.contains(&format!("{}.", order.join(", "))));
        codes.sort_unstable();
        assert!(explained.eq(codes));
    }
}
