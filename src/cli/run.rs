//! `dlab run`: runs every scenario with every seed over every contender, and reports each.
//!
//! The order of trials is fixed here before the first one starts. Reports are printed by the
//! `report_collector`.

mod report_collector;
mod seed_effect;

use std::ops::ControlFlow;
use std::path::Path;

use rayon::ThreadPool;

use super::args::RunArgs;
use super::console::{Console, reason};
use super::in_order::{InOrderStep, in_order};
use super::junit::Junit;
use super::load::{self, Answer, Loaded};
use super::log::Log;
use super::packet_page::{PacketRequest, PageForm};
use super::progress::Progress;
use super::trace::{Naming, Trace};
use super::trial::{self, HistoryUse, Job, Runs, TrialRequest};
use super::trial_files::TrialFiles;
use super::values::Seeds;
use super::{Exit, interrupt, log, pool, scenario_source};
use crate::sim::{Capturing, TrialOptions};
use crate::time::Instant;
use report_collector::{ReportCollector, RunFiles};

/// Loads all scenarios, then runs those that are valid.
pub fn run(args: &RunArgs, console: &mut Console) -> Exit {
    let mut options = scenario_source::options(&args.set, &args.contender, args.force);
    if let Some(given) = &args.expect {
        options.expectations = match load::expectations(given, console) {
            Ok(expectations) => Some(expectations),
            Err(exit) => return exit,
        };
    }
    let Answer { loaded, broken, broken_exit, missing_exit } =
        load::valid(&args.scenarios, &options, |refused| console.complain(refused.reason));
    if missing_exit != Exit::Met && args.packets.as_ref().is_some_and(Vec::is_empty) {
        console.fail("a filter of packets is joined by `=`, as in --packets=driver-3");
    }
    if missing_exit != Exit::Met || loaded.is_empty() {
        return broken_exit.and(missing_exit);
    }
    if !args.quiet {
        load::warn(&loaded, console);
    }
    let exit = run_all(&loaded, args, console);
    // After the reports of the others: what was shown first may have scrolled away.
    for given in broken {
        console.fail(&format!("{given} did not run: it has problems, shown above"));
    }
    exit.and(broken_exit)
}

fn run_all(loaded: &[Loaded], args: &RunArgs, console: &mut Console) -> Exit {
    let usage =
        log::begin(args.verbose, console).and_then(|()| moment_is_in_every_run(args, loaded));
    if let Err(message) = usage {
        console.fail(&message);
        return Exit::Usage;
    }
    let plan = Plan::new(loaded, args);
    let pool = match pool::new(args.jobs, plan.trials, plan.log, console) {
        Ok(pool) => pool,
        Err(exit) => return exit,
    };
    let files = match files(args, &plan) {
        Ok(files) => files,
        Err(message) => {
            console.fail(&message);
            return Exit::File;
        }
    };
    let needs_packets = args.why.is_some() || args.packets.is_some() || args.layers.is_some();
    let capture = if needs_packets { Capturing::Packets } else { Capturing::Nothing };
    let request = TrialRequest {
        options: TrialOptions {
            views_at: args.moments(),
            capture,
            limits: interrupt::limits(),
            ..TrialOptions::default()
        },
        runs: if args.twice { Runs::Twice } else { Runs::Once },
        trace: if files.trace.is_some() { HistoryUse::Trace } else { HistoryUse::Nothing },
        why: args.why.clone(),
        packets: args.packets.clone().map(|filters| PacketRequest {
            filters,
            form: if args.json { PageForm::Json } else { PageForm::Text(console.style()) },
        }),
        rooms: args.rooms,
        pcap: args.pcap.as_ref().map(|path| plan.files(path, "pcapng")),
        layers: args.layers.clone().map(|id| (id, args.to.clone())),
    };
    interrupt::watch();
    execute(&plan, &pool, request, ReportCollector::new(args, loaded, plan.reports, files), console)
}

fn execute(
    plan: &Plan,
    pool: &ThreadPool,
    request: TrialRequest,
    mut collector: ReportCollector,
    console: &mut Console,
) -> Exit {
    let progress = Progress::new(Some(plan.trials), plan.log, console);
    in_order(
        pool,
        plan.jobs(),
        |job| (job, trial::run(job, &request)),
        |step| {
            match step {
                InOrderStep::Done => progress.tick(),
                InOrderStep::Result((job, trial)) => {
                    progress.aside(|| collector.enter(job, trial, console));
                }
            }
            if interrupt::seen() || collector.is_broken() || !console.is_open() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    );
    progress.finish();
    let exit = collector.close(console);
    if interrupt::seen() { exit.and(Exit::Interrupted) } else { exit }
}

/// The trials to run, in order: scenarios as given, seeds upwards, contenders as in the scenario.
struct Plan<'a> {
    loaded: &'a [Loaded],
    seeds: Option<Seeds>,
    /// Number of reports: one per scenario and seed.
    reports: u64,
    /// Number of trials, over all contenders.
    trials: u64,
    /// Whether the log of the trials is printed.
    log: Log,
}

impl<'a> Plan<'a> {
    fn new(loaded: &'a [Loaded], args: &RunArgs) -> Plan<'a> {
        let one = args.seed.map(|seed| Seeds { first: seed, last: seed });
        let seeds = args.seeds.or(one);
        let each = seeds.map_or(1, |seeds| (seeds.last - seeds.first).saturating_add(1));
        let contenders: usize = loaded.iter().map(|one| one.scenario.contenders.len()).sum();
        Plan {
            loaded,
            seeds,
            reports: each.saturating_mul(loaded.len() as u64),
            trials: each.saturating_mul(contenders as u64),
            log: Log::wanted(args.verbose),
        }
    }

    /// Returns the names of files of which each trial has one. They have what differs between the
    /// trials.
    fn files(&self, path: &Path, ending: &'static str) -> TrialFiles {
        TrialFiles {
            path: path.to_owned(),
            ending,
            has_scenarios: self.loaded.len() > 1,
            has_seeds: self.reports > self.loaded.len() as u64,
            has_contenders: self.trials > self.reports,
        }
    }

    fn jobs(&self) -> impl Iterator<Item = Job<'a>> + '_ {
        self.loaded.iter().enumerate().flat_map(move |(index, Loaded { scenario, .. })| {
            let own = Seeds { first: scenario.seed, last: scenario.seed };
            let seeds = self.seeds.unwrap_or(own);
            (seeds.first..=seeds.last).flat_map(move |seed| {
                let contenders = scenario.contenders.iter();
                contenders.map(move |&contender| Job { index, scenario, contender, seed })
            })
        })
    }
}

/// Checks that `--at` lies before the end of every run; otherwise it would print nothing.
fn moment_is_in_every_run(args: &RunArgs, loaded: &[Loaded]) -> Result<(), String> {
    let Some(at) = args.moments().last().copied() else { return Ok(()) };
    let short = loaded.iter().find(|one| at >= Instant::ZERO + one.scenario.run_for);
    short.map_or(Ok(()), |Loaded { scenario, given }| {
        let whole = scenario.run_for;
        Err(format!("--at {at} is not before the end of {given}, which runs for {whole}"))
    })
}

fn files(args: &RunArgs, plan: &Plan) -> Result<RunFiles, String> {
    let pictures = args.svg.as_ref().map(|path| plan.files(path, "svg"));
    Ok(RunFiles { trace: trace(args, plan)?, junit: junit(args)?, pictures })
}

fn trace(args: &RunArgs, plan: &Plan) -> Result<Option<Trace>, String> {
    let Some(path) = &args.trace else { return Ok(None) };
    let naming = if plan.trials > 1 { Naming::Named } else { Naming::Bare };
    let trace = Trace::create(path, naming);
    trace
        .map(Some)
        .map_err(|error| format!("{} cannot be written: {}", path.display(), reason(&error)))
}

fn junit(args: &RunArgs) -> Result<Option<Junit>, String> {
    let Some(path) = &args.junit else { return Ok(None) };
    let junit = Junit::create(path);
    junit
        .map(Some)
        .map_err(|error| format!("{} cannot be written: {}", path.display(), reason(&error)))
}
