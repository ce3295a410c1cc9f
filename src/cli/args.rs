//! Declares the arguments of the command line, and their help. There is no logic here.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueHint};

use super::console::DisplayArgs;
use super::values::{self, Budget, Moments, Seeds, Shard};
use super::vary::{Vary, vary};
use crate::explain::EXITS;
use crate::message::{Contender, MessageId};
use crate::report::packets::PacketFilter;
use crate::scenario::Setting;
use crate::terms::Guarantee;
use crate::time::Instant;

/// The last line of the help, which a small screen still shows.
const BEGIN: &str = "Begin with: dlab run caps";

const ENVIRONMENT: &str =
    "NO_COLOR turns colours off; DLAB_LOG filters the log by target and level.";

/// What a client still gets after it was away, over which link, and who promised it.
#[derive(Debug, Parser)]
#[command(name = "dlab", version, after_help = after_help(), max_term_width = 80)]
pub struct Args {
    #[command(flatten)]
    pub display: DisplayArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and report
    Run(Box<RunArgs>),
    /// Run a scenario under many seeds, or a family of scenarios
    Sweep(SweepArgs),
    /// Join the parts of a sweep
    Merge(MergeArgs),
    /// Look for a storm that breaks a claim, and shrink it
    Search(SearchArgs),
    /// Validate scenario files, and run nothing
    Check(CheckArgs),
    /// List the scenarios that are built in by what they teach, or the mutants
    List(ListArgs),
    /// Let every mutant loose in its storm, and see it caught
    Museum(MuseumArgs),
    /// Print a built-in scenario's file
    Show(ShowArgs),
    /// Explain a term, with a command that shows it
    Explain(ExplainArgs),
    /// Write a new scenario file, a starter with its keys explained
    New(NewArgs),
    /// Print the JSON Schema of scenario files, or of a run's JSON
    Schema(SchemaArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// A built-in scenario, a file, or a folder of files
    #[arg(required = true, value_name = "NAME|FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub scenarios: Vec<String>,
    /// Run this contender instead of the scenario's own (repeatable)
    #[arg(long, value_name = "LINK/MODE", value_parser = values::contender)]
    pub contender: Vec<Contender>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = values::one_seed)]
    #[arg(allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Every seed from A to B, both included
    #[arg(long, value_name = "A..B", value_parser = values::seeds)]
    #[arg(allow_hyphen_values = true)]
    pub seeds: Option<Seeds>,
    /// Trials at a time, four per core at the most (the reports are the same at any number)
    #[arg(short, long, value_name = "N", value_parser = values::jobs)]
    #[arg(allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
    /// Change a key of the scenario, as in run_for=30s or broker.window=1 (repeatable)
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::setting)]
    pub set: Vec<Setting>,
    /// Expect what this scenario file expects, instead (its [[expect]] tables)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub expect: Option<String>,
    /// Run each trial twice, and compare the two histories
    #[arg(long)]
    pub twice: bool,
    /// Print JSON, one report a line, and nothing else (so not with --quiet)
    #[arg(long, conflicts_with_all = ["quiet", "at"])]
    pub json: bool,
    /// Write everything that happened to a file, one JSON object a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
    /// Write the expectations to a file as JUnit XML: a suite a report, a case an expectation
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Write the packets to a file for Wireshark (pcapng); of several trials each to one of its own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["why", "packets", "layers"])]
    pub pcap: Option<PathBuf>,
    /// Print what the broker knew at these moments of each trial, as in 3s or 2s..8s/1s (repeatable)
    #[arg(long, value_name = "TIME|A..B/STEP", value_parser = values::moments)]
    #[arg(allow_hyphen_values = true)]
    pub at: Vec<Moments>,
    /// Tell the life of one message instead of the report, as in driver-3
    #[arg(long, value_name = "ID", conflicts_with_all = ["json", "quiet", "at", "prices", "junit"])]
    pub why: Option<MessageId>,
    /// List the packets instead: all, or those of a client, with a message or in a time (several: a
    /// comma between), as in shop,driver-3,2s..4s
    #[arg(long, value_name = "FILTER", value_parser = values::packet_filter)]
    #[arg(num_args = 0.., require_equals = true, value_delimiter = ',')]
    #[arg(conflicts_with_all = ["why", "quiet", "at", "prices", "junit"])]
    pub packets: Option<Vec<PacketFilter>>,
    /// Show one message layer by layer instead, as it stood on the wire, as in driver-3
    #[arg(long, value_name = "ID")]
    #[arg(conflicts_with_all = ["why", "packets", "quiet", "at", "prices", "junit"])]
    pub layers: Option<MessageId>,
    /// List the events of rooms instead: created, joined, left, deleted
    #[arg(long)]
    #[arg(conflicts_with_all = ["why", "packets", "layers", "quiet", "at", "prices", "junit"])]
    pub rooms: bool,
    /// Of --layers: the hop to this client (else the first that wanted the message)
    #[arg(long, value_name = "CLIENT", requires = "layers")]
    pub to: Option<String>,
    /// Of --layers: draw them to a file, too (SVG); of several trials each to one of its own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "layers")]
    pub svg: Option<PathBuf>,
    /// Say what each contender cost, beside the cheapest
    #[arg(long, conflicts_with = "quiet")]
    pub prices: bool,
    /// Show all of the report, and what the scenario is about; a terminal gets a screen of it
    #[arg(long, conflicts_with_all = ["json", "quiet", "why", "packets", "layers", "rooms"])]
    pub full: bool,
    /// Run scenarios that are larger than the limits
    #[arg(long)]
    pub force: bool,
    /// Print one line a run and the expectations that failed, as text (so not with --json)
    #[arg(short, long)]
    pub quiet: bool,
    /// Print the trial's log to stderr (-vv: more)
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

impl RunArgs {
    /// Returns all moments of `--at`.
    pub fn moments(&self) -> BTreeSet<Instant> {
        self.at.iter().flat_map(Moments::iter).collect()
    }
}

#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    /// A built-in scenario or a file; or `any`, which is drawn anew from each seed
    #[arg(value_name = "NAME|FILE|any", value_hint = ValueHint::AnyPath)]
    pub scenario: String,
    /// Every seed from A to B, both included
    #[arg(long, value_name = "A..B", value_parser = values::seeds)]
    #[arg(allow_hyphen_values = true)]
    pub seeds: Seeds,
    /// The values that a key takes, as in fault.0.for=1s..60s/1s (twice: a grid)
    #[arg(long, value_name = "PATH=A..B/STEP", value_parser = vary)]
    pub vary: Vec<Vary>,
    /// Run this contender instead of the scenario's own (repeatable)
    #[arg(long, value_name = "LINK/MODE", value_parser = values::contender)]
    pub contender: Vec<Contender>,
    /// Only the K-th of N parts of the work; `dlab merge` joins their --json
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = values::shard)]
    #[arg(allow_hyphen_values = true)]
    pub shard: Shard,
    /// Runs at a time, four per core at the most (the result is the same at any number)
    #[arg(short, long, value_name = "N", value_parser = values::jobs)]
    #[arg(allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
    /// Change a key of the scenario, as in run_for=30s or broker.window=1 (repeatable)
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::setting)]
    pub set: Vec<Setting>,
    /// Run scenarios that are larger than the limits
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub form: SweepForm,
}

/// How a sweep is printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SweepForm {
    /// Print JSON, which `dlab merge` reads
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV, a line a value and contender
    #[arg(long)]
    pub csv: bool,
}

#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// What `dlab sweep --shard K/N --json` printed: all N parts, in any order
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub form: SweepForm,
}

#[derive(Debug, clap::Args)]
pub struct SearchArgs {
    /// A built-in scenario or a file, whose faults give way to storms; or `any`, to draw the
    /// workload, too
    #[arg(value_name = "NAME|FILE|any", value_hint = ValueHint::AnyPath)]
    pub scenario: String,
    /// Try this contender instead of the scenario's own (repeatable)
    #[arg(long, value_name = "LINK/MODE", value_parser = values::contender)]
    pub contender: Vec<Contender>,
    /// Look for a violation of this guarantee, claimed or not
    #[arg(long, value_name = "GUARANTEE", value_parser = values::guarantee)]
    pub guarantee: Option<Guarantee>,
    /// How long to look: so many trials, or a time
    #[arg(long, value_name = "60s|10000", default_value = "60s", value_parser = values::budget)]
    #[arg(allow_hyphen_values = true)]
    pub budget: Budget,
    /// The seed of the first storm
    #[arg(long, value_name = "N", default_value = "1", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub from: u64,
    /// Trials at a time, four per core at the most (what is found is the same at any number)
    #[arg(short, long, value_name = "N", value_parser = values::jobs)]
    #[arg(allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
    /// Change a key of the scenario, as in broker.window=1 (repeatable)
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::setting)]
    pub set: Vec<Setting>,
    /// Write the shrunken scenario to this new file, and do not print it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Run a scenario that is larger than the limits
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<String>,
    /// Print JSON: the problems and warnings of each file, with lines and columns, for editors
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// The machines that are broken on purpose, instead
    #[arg(long)]
    pub mutants: bool,
    /// Print JSON: the scenarios with their titles, by what they teach
    #[arg(long, conflicts_with = "mutants")]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct MuseumArgs {
    /// The seeds of each storm, both included: a mutant is tried until it is caught, with 50 at
    /// the most, and the correct machine with all of them
    #[arg(long, value_name = "A..B", default_value = "1..20", value_parser = values::seeds)]
    #[arg(allow_hyphen_values = true)]
    pub seeds: Seeds,
    /// Mutants at a time, four per core at the most (the table is the same at any number)
    #[arg(short, long, value_name = "N", value_parser = values::jobs)]
    #[arg(allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// A name from `dlab list`
    pub name: String,
}

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A cause, a link, a column, an exit code, ... (left out: list all words)
    #[arg(value_name = "WORD", value_parser = values::Words, hide_possible_values = true)]
    pub words: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// The file to write; it must not exist yet
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub struct SchemaArgs {
    /// The schema of what `dlab run --json` prints, instead
    #[arg(long)]
    pub report: bool,
    /// The schema of what `dlab run --layers ID --json` prints, instead
    #[arg(long)]
    pub layers: bool,
    /// The schema of what `dlab run --packets --json` prints, instead
    #[arg(long)]
    pub packets: bool,
    /// The schema of what `dlab run --rooms --json` prints, instead
    #[arg(long)]
    pub rooms: bool,
    /// The schema of what `dlab check --json` prints, instead
    #[arg(long)]
    pub check: bool,
    /// The schema of what `dlab list --json` prints, instead
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
}

/// Returns the end of the help: the exit codes in two columns, the environment variables, and where
/// to begin.
fn after_help() -> String {
    let exits = EXITS.words.iter().map(|word| {
        let meaning = word.brief.trim_end_matches('.').to_owned();
        format!("{:<3}  {meaning}", word.name)
    });
    let exits: Vec<String> = exits.collect();
    let (left, right) = exits.split_at(exits.len().div_ceil(2));
    let columns = left.iter().map(String::len).max().unwrap_or(0);
    let lines =
        left.iter().zip(right).map(|(left, right)| format!("  {left:columns$}   {right}\n"));
    format!("Exit codes:\n{}\n{ENVIRONMENT}\n\n{BEGIN}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
