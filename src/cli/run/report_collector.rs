//! Collects the results of a run: prints each report once all of its contenders are there, and
//! keeps the exit code. It never waits for later results.

mod instead;

use super::super::Exit;
use super::super::args::RunArgs;
use super::super::broker_view;
use super::super::console::{Console, reason};
use super::super::junit::Junit;
use super::super::load::Loaded;
use super::super::packet_page::PacketPage;
use super::super::scenario_source::Trouble;
use super::super::trace::Trace;
use super::super::trial::{Job, JobOutcome};
use super::super::trial_files::TrialFiles;
use super::seed_effect::SeedEffect;
use crate::hash::Fnv1a;
use crate::message::Contender;
use crate::report::layers::MessageLayers;
use crate::report::room_events::RoomEvents;
use crate::report::why::Sentence;
use crate::report::{self, COLUMNS, Extent, Report, RunResult, Style, quoted};
use crate::sim::TrialError;
use crate::verdict::{Checked, Row};

/// Collects the results of a run, in order.
pub struct ReportCollector<'a> {
    args: &'a RunArgs,
    loaded: &'a [Loaded],
    /// Number of planned reports.
    planned: u64,
    files: RunFiles,
    page: Page,
    /// Number of reports by result: met, failed, inconclusive, and those in which nothing was
    /// expected of what ran.
    results: [u64; 4],
    seeds: SeedEffect,
    exit: Exit,
    broken: bool,
}

/// The files that a run writes by the way.
#[derive(Default)]
pub struct RunFiles {
    /// The trace.
    pub trace: Option<Trace>,
    /// The expectations as JUnit XML.
    pub junit: Option<Junit>,
    /// The pictures of layers, one a trial.
    pub pictures: Option<TrialFiles>,
}

/// The results of one scenario and seed so far.
#[derive(Default)]
struct Page {
    entered: usize,
    /// Whether a trial has no result, so that there is no report.
    is_incomplete: bool,
    rows: Vec<Row>,
    hashes: Vec<String>,
    /// The broker views for `--at`, in order.
    views: String,
    /// The stories for `--why`, one per contender.
    lives: Vec<(Contender, Vec<Sentence>)>,
    /// The packets for `--packets`, one page per contender.
    packets: Vec<PacketPage>,
    /// The events of rooms for `--rooms`, one list per contender.
    rooms: Vec<(Contender, RoomEvents)>,
    /// The layers for `--layers`, one per contender.
    layers: Vec<(Contender, Option<MessageLayers>)>,
}

impl<'a> ReportCollector<'a> {
    /// Creates a collector for a number of reports, with the files to write.
    pub fn new(
        args: &'a RunArgs,
        loaded: &'a [Loaded],
        planned: u64,
        files: RunFiles,
    ) -> ReportCollector<'a> {
        let (page, results) = (Page::default(), [0; 4]);
        ReportCollector {
            args,
            loaded,
            planned,
            files,
            page,
            results,
            seeds: SeedEffect::default(),
            exit: Exit::Met,
            broken: false,
        }
    }

    /// Whether a file could not be written, so that the run should stop.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Adds the next trial in order. The last one of a report prints it.
    pub fn enter(
        &mut self,
        job: Job,
        trial: Result<JobOutcome, TrialError>,
        console: &mut Console,
    ) {
        match trial {
            Ok(trial) => self.keep(job, trial, console),
            // Its report is not whole, and is not printed.
            Err(TrialError::Cancelled { .. }) => return,
            Err(error) => {
                let Job { scenario, contender, seed, .. } = job;
                let what = format_args!("{contender} of {} with seed {seed}", scenario.name);
                let exit = Trouble::with_trial(what, &error).show(console);
                self.exit = self.exit.and(exit);
                let replay = self.replay(job, &[contender.to_string()]);
                console.say(&format!("  Replay: {replay}"));
                self.page.is_incomplete = true;
            }
        }
        self.page.entered += 1;
        if self.page.entered == job.scenario.contenders.len() {
            let page = std::mem::take(&mut self.page);
            if !page.is_incomplete {
                self.print(job, page, console);
            }
        }
    }

    /// Prints the summary of several runs, and returns the exit code of the whole run.
    pub fn close(&mut self, console: &mut Console) -> Exit {
        let printed: u64 = self.results.iter().sum();
        if self.planned > 1 && !self.args.json {
            let [met, failed, inconclusive, unchecked] = self.results;
            let rule = if self.args.quiet { "" } else { "\n" };
            let of = if printed < self.planned {
                format!(" of {}", self.planned)
            } else {
                String::new()
            };
            let unchecked = match unchecked {
                0 => String::new(),
                number => format!(", {number} unchecked"),
            };
            console.print(&format!(
                "{rule}{printed}{of} runs: {met} met, {failed} failed, {inconclusive} \
                 inconclusive{unchecked}\n"
            ));
            // Of an interrupted run nobody knows what the other seeds would have changed.
            if printed == self.planned
                && let Some(said) = self.seeds.sentence()
            {
                console.print(&(report::wrap_to(COLUMNS, &said, "", "").join("\n") + "\n"));
            }
        }
        if let Some(Err(error)) = self.files.junit.take().map(Junit::write) {
            console.fail(&format!("the JUnit file cannot be written: {}", reason(&error)));
            self.exit = self.exit.and(Exit::File);
        }
        self.exit
    }

    fn keep(&mut self, job: Job, trial: JobOutcome, console: &Console) {
        let Job { scenario, contender, seed, .. } = job;
        if let Some(difference) = trial.difference {
            self.exit = self.exit.and(Exit::Differs);
            let replay = self.replay(job, &[contender.to_string()]);
            console.fail(&format!(
                "{contender} of {} with seed {seed} ran twice and differed: {difference}",
                scenario.name,
            ));
            console.say(&format!("  Replay: {replay} --twice"));
        }
        if let Some(trace) = &mut self.files.trace
            && let Err(error) = trace.append(&scenario.name, contender, seed, &trial.trace)
        {
            self.broken = true;
            self.exit = self.exit.and(Exit::File);
            console.fail(&format!("the trace cannot be written: {}", reason(&error)));
        }
        if let Some(error) = trial.pcap {
            self.broken = true;
            self.exit = self.exit.and(Exit::File);
            console.fail(&error);
        }
        for at in self.args.moments() {
            let view = match trial.broker_views.get(&at) {
                Some(view) => broker_view::text(view, scenario, contender),
                None => "is down: it has no sessions, and no memory to show\n".to_owned(),
            };
            self.page.views.push_str(&format!("The broker of {contender} at {at}\n{view}\n"));
        }
        if self.args.why.is_some() {
            self.page.lives.push((contender, trial.life));
        }
        self.page.packets.extend(trial.packets);
        self.page.rooms.extend(trial.rooms.map(|rooms| (contender, rooms)));
        if self.args.layers.is_some() {
            self.page.layers.push((contender, trial.layers));
        }
        self.page.rows.push(trial.row);
        self.page.hashes.push(trial.trace_hash);
    }

    fn print(&mut self, job: Job, page: Page, console: &mut Console) {
        if page.rows.is_empty() {
            return;
        }
        if let Some(id) = &self.args.why {
            return self.print_lives(job, &page, id, console);
        }
        if self.args.packets.is_some() {
            return self.print_packets(job, &page, console);
        }
        if self.args.rooms {
            return self.print_rooms(job, &page, console);
        }
        if let Some(id) = &self.args.layers {
            return self.print_layers(job, &page, id, console);
        }
        self.seeds.compare(job, &page.rows, &page.views);
        let scenario = job.scenario;
        let checked = crate::verdict::check_expectations(scenario, &page.rows);
        let replay = self.replay(job, &self.contenders());
        let hash = hash_of(&page.hashes);
        let report = report::build(scenario, job.seed, replay, page.rows, hash, checked);
        let report = if self.args.prices { report.with_prices() } else { report };
        if let Some(junit) = &mut self.files.junit {
            junit.add(&report);
        }
        let (place, exit) = match report.result {
            RunResult::Met => (0, Exit::Met),
            RunResult::Failed => (1, Exit::Failed),
            RunResult::Inconclusive => (2, Exit::Inconclusive),
            RunResult::Unchecked => (3, Exit::Met),
        };
        let style = self.style(console);
        let text = if self.args.json {
            report::json(&report) + "\n"
        } else if self.args.quiet {
            page.views + &brief(&report)
        } else {
            let first = self.results == [0; 4];
            let line = style.either("─", "-").repeat(COLUMNS);
            let rule = if first { String::new() } else { format!("\n{line}\n\n") };
            format!("{rule}{}{}", page.views, report::text(&report, scenario, &style))
        };
        self.results[place] += 1;
        self.exit = self.exit.and(exit);
        console.print(&text);
    }

    /// Returns the style of reports: whole if that was asked for, or if prices were, which no
    /// screen has.
    fn style(&self, console: &Console) -> Style {
        let style = console.style();
        let extent = match (self.args.full, self.args.prices) {
            (true, _) => Extent::Full,
            (false, true) => Extent::Whole,
            (false, false) => style.extent,
        };
        Style { extent, ..style }
    }

    fn contenders(&self) -> Vec<String> {
        self.args.contender.iter().map(ToString::to_string).collect()
    }

    /// Returns the command that gives the same result again.
    fn replay(&self, job: Job, contenders: &[String]) -> String {
        let mut command = format!("dlab run {}", quoted(&self.loaded[job.index].given));
        command.push_str(&format!(" --seed {}", job.seed));
        for contender in contenders {
            command.push_str(&format!(" --contender {contender}"));
        }
        for setting in &self.args.set {
            command.push_str(&format!(" --set {}", quoted(setting.as_str())));
        }
        if let Some(expect) = &self.args.expect {
            command.push_str(&format!(" --expect {}", quoted(expect)));
        }
        if self.args.force {
            command.push_str(" --force");
        }
        command
    }
}

/// Returns the report of `--quiet`: one line, and the expectations that failed. A run of which
/// nothing was expected has met nothing.
fn brief(report: &Report) -> String {
    let Report { scenario, seed, .. } = report;
    let why = match report.result {
        RunResult::Unchecked => ": nothing was expected of what ran",
        RunResult::Met | RunResult::Failed | RunResult::Inconclusive => "",
    };
    let mut text = format!("{:<12}  {scenario}, seed {seed}{why}\n", report.result.name());
    for Checked { expected, measured, met } in &report.expectations {
        if *met == Some(false) {
            let measured = measured.as_deref().unwrap_or("nothing");
            text.push_str(&format!("    {expected}; measured {measured}\n"));
        }
    }
    if report.result == RunResult::Failed {
        text.push_str(&format!("    {}\n", report.replay));
    }
    text
}

/// Returns one hash of all contenders' hashes, in order: FNV-1a, 64 bits, like each of them.
fn hash_of(hashes: &[String]) -> String {
    let add = |hash: Fnv1a, one: &String| hash.with(one.as_bytes()).with(b"\n");
    format!("{:016x}", hashes.iter().fold(Fnv1a::new(), add).bits())
}
