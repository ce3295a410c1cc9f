//! `dlab sweep`: runs one scenario, or several variants of it, under many seeds; and `dlab merge`,
//! which joins the parts of a sweep.

mod chart;
mod text;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::args::{MergeArgs, SweepArgs, SweepForm};
use super::console::{Console, reason};
use super::in_order::{InOrderStep, in_order};
use super::log::Log;
use super::progress::Progress;
use super::scenario_source::{self, ScenarioSource, Trouble};
use super::sources::{self, ANY};
use super::vary::Vary;
use super::{Exit, interrupt, pool};
use crate::report;
use crate::scenario::{Expected, Scenario, Setting, builtin};
use crate::search::sweep::{JudgedBy, MOST_FAILING, Point, Sweep};
use crate::search::{self, Aim, Coverage, Tried};
use crate::sim::Draw;
use crate::terms::CounterOf;
use crate::verdict::{self, RunResult};

/// The name and version of the JSON format.
const SCHEMA: &str = "delivery-lab/sweep/4";

/// Most bytes of a file with a part.
const MOST_BYTES: u64 = 256 << 20;

/// Most points of a grid.
const MOST_POINTS: usize = 10_000;

/// Runs a sweep, or a part of it.
pub fn run(args: &SweepArgs, console: &mut Console) -> Exit {
    let grid = match each_path_once(args).and_then(|()| grid(&args.vary)) {
        Ok(grid) => grid,
        Err(message) => {
            console.fail(&message);
            return Exit::Usage;
        }
    };
    let mut sources = Vec::new();
    for values in &grid {
        let set = args.vary.iter().zip(values);
        let set = set.map(|(vary, value)| Setting::new(format!("{}={value}", vary.path)));
        let set: Vec<Setting> = args.set.iter().cloned().chain(set).collect();
        let options = scenario_source::options(&set, &args.contender, args.force);
        match ScenarioSource::find(&args.scenario, options, console) {
            Ok(source) => sources.push(source),
            Err(exit) => return exit,
        }
    }
    if let Err(message) = each_path_has_an_effect(&args.vary, &sources) {
        console.fail(&message);
        return Exit::Usage;
    }
    let pool = match pool::new(args.jobs, planned(args, grid.len() as u64), Log::Off, console) {
        Ok(pool) => pool,
        Err(exit) => return exit,
    };
    interrupt::watch();
    let mut sweep = Sweep {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: args.scenario.clone(),
        digest: digest(&sources),
        seeds: (args.seeds.first, args.seeds.last),
        options: options(args),
        judged_by: judged_by(args, &sources),
        run_for: run_for(&sources),
        varied: args.vary.iter().map(|vary| (vary.path.clone(), vary.given.clone())).collect(),
        parts: (vec![args.shard.part], args.shard.of),
        planned: planned(args, grid.len() as u64),
        points: grid.into_iter().map(|values| Point { values, ..Point::default() }).collect(),
        coverage: Coverage::default(),
    };
    if let Err(trouble) = fill(&mut sweep, &sources, args, &pool, console) {
        // Shows the sums so far; as an incomplete part they join with no other.
        if sweep.runs() > 0 {
            show(&sweep, &args.form, console);
        }
        return trouble.show(console);
    }
    let exit = show(&sweep, &args.form, console);
    if interrupt::seen() { exit.and(Exit::Interrupted) } else { exit }
}

/// Returns a hash of the scenarios' texts: it distinguishes sweeps of files with the same name.
fn digest(sources: &[ScenarioSource]) -> String {
    let draw = sources.iter().fold(Draw::new(0), |draw, source| match source {
        ScenarioSource::One(loaded) => draw.named(&loaded.scenario.to_string()),
        ScenarioSource::Any(_) => draw.named(ANY),
    });
    format!("{:016x}", draw.bits())
}

/// Returns what the runs are judged by. What a built-in scenario expects, often to the message, was
/// derived for its own numbers and its own seed.
fn judged_by(args: &SweepArgs, sources: &[ScenarioSource]) -> JudgedBy {
    let is_own_seed = |source: &ScenarioSource| match source {
        ScenarioSource::One(loaded) => {
            let seed = loaded.scenario.seed;
            (args.seeds.first, args.seeds.last) == (seed, seed)
        }
        ScenarioSource::Any(_) => false,
    };
    let is_its_own = args.vary.is_empty() && args.set.is_empty() && sources.iter().all(is_own_seed);
    match builtin::find(&args.scenario).is_some() && !is_its_own {
        true => JudgedBy::Claims,
        false => JudgedBy::Expectations,
    }
}

/// Returns the length of the runs, if it is the same for all.
fn run_for(sources: &[ScenarioSource]) -> String {
    let each = sources.iter().map(|source| match source {
        ScenarioSource::One(loaded) => loaded.scenario.run_for.to_string(),
        ScenarioSource::Any(_) => String::new(),
    });
    let mut each: Vec<String> = each.collect();
    each.dedup();
    if each.len() == 1 { each.remove(0) } else { String::new() }
}

/// Joins parts, and prints the same as one sweep would have printed.
pub fn merge(args: &MergeArgs, console: &mut Console) -> Exit {
    let mut parts = Vec::new();
    for file in &args.files {
        match read(file) {
            Ok(part) => parts.push(part),
            Err((exit, message)) => {
                console.fail(&format!("{}: {message}", file.display()));
                return exit;
            }
        }
    }
    match Sweep::join(parts) {
        Ok(whole) => show(&whole, &args.form, console),
        Err(problem) => {
            console.fail(&problem.to_string());
            Exit::Usage
        }
    }
}

fn read(file: &Path) -> Result<Sweep, (Exit, String)> {
    let unusable =
        |error: std::io::Error| (Exit::File, format!("cannot be read: {}", reason(&error)));
    let mut text = Vec::new();
    let opened = File::open(file).map_err(unusable)?;
    opened.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(unusable)?;
    if text.len() as u64 > MOST_BYTES {
        let (size, most) = (sources::size(file, MOST_BYTES), report::count(MOST_BYTES));
        return Err((Exit::Usage, format!("it has {size} bytes, and a part at most {most}")));
    }
    let part: Sweep = serde_json::from_slice(&text)
        .map_err(|error| (Exit::Usage, format!("no part of a sweep: {error}")))?;
    match part.schema == SCHEMA {
        true => Ok(part),
        false => Err((Exit::Usage, format!("`{}` is not {SCHEMA}", part.schema))),
    }
}

/// Checks that no value of a varied path is replaced by another option: all of its runs would then
/// be the same.
fn each_path_once(args: &SweepArgs) -> Result<(), String> {
    let path_of = |vary: &Vary| Setting::new(format!("{}=", vary.path)).path();
    for (index, vary) in args.vary.iter().enumerate() {
        // What is no path, the loader refuses.
        let (path @ Some(_), name) = (path_of(vary), &vary.path) else { continue };
        if args.vary[..index].iter().any(|other| path_of(other) == path) {
            return Err(format!("--vary gives {name} twice, and a run has one value of it"));
        }
        if args.set.iter().any(|set| set.path() == path) {
            return Err(format!("--set and --vary both give {name}; leave one of them out"));
        }
        if path.is_some_and(|path| path == ["seed"]) {
            return Err("--vary seed has no effect: the seeds are those of --seeds".to_owned());
        }
    }
    Ok(())
}

/// Checks that the first two values of each path make different scenarios. Two paths may name one
/// key: `client.shop.inbox` and `client.1.inbox`.
fn each_path_has_an_effect(varied: &[Vary], sources: &[ScenarioSource]) -> Result<(), String> {
    for (index, vary) in varied.iter().enumerate() {
        let next: usize = varied[index + 1..].iter().map(|inner| inner.values.len()).product();
        if vary.values.len() > 1
            && let (ScenarioSource::One(one), ScenarioSource::One(other)) =
                (&sources[0], &sources[next])
            && one.scenario == other.scenario
        {
            return Err(format!("--vary {} has no effect: another option replaces it", vary.path));
        }
    }
    Ok(())
}

/// Returns every combination of the values, outermost first; an empty one if nothing varies.
fn grid(varied: &[Vary]) -> Result<Vec<Vec<String>>, String> {
    if varied.len() > 2 {
        return Err("at most two paths are varied at a time: a grid".to_owned());
    }
    let mut grid = vec![Vec::new()];
    for vary in varied {
        if grid.len().saturating_mul(vary.values.len()) > MOST_POINTS {
            return Err(format!("a grid has at most {} points", report::count(MOST_POINTS as u64)));
        }
        let with = |row: &Vec<String>| {
            let row = row.clone();
            vary.values.iter().map(move |value| {
                let mut row = row.clone();
                row.push(value.clone());
                row
            })
        };
        grid = grid.iter().flat_map(with).collect();
    }
    Ok(grid)
}

/// The result of one seed at one point.
struct Seen {
    result: RunResult,
    tried: Vec<Tried>,
}

fn fill(
    sweep: &mut Sweep,
    sources: &[ScenarioSource],
    args: &SweepArgs,
    pool: &rayon::ThreadPool,
    console: &Console,
) -> Result<(), Trouble> {
    let (part, of) = (args.shard.part, args.shard.of);
    let seeds = args.seeds.first..=args.seeds.last;
    let all = (0..sources.len()).flat_map(|point| seeds.clone().map(move |seed| (point, seed)));
    let jobs = (0_u64..).zip(all).filter(|(index, _)| index % of == part - 1).map(|(_, job)| job);
    let progress = Progress::new(Some(sweep.planned), Log::Off, console);
    let (mut trouble, judged_by) = (None, sweep.judged_by);
    in_order(
        pool,
        jobs,
        |(point, seed)| (point, seed, attempt(&sources[point], seed, judged_by)),
        |step| {
            match step {
                InOrderStep::Done => progress.tick(),
                InOrderStep::Result((at, seed, Ok(seen))) => {
                    count(&mut sweep.points[at], &mut sweep.coverage, seed, &seen);
                }
                InOrderStep::Result((_, _, Err(met))) if met.is_interrupted() => {}
                InOrderStep::Result((_, _, Err(met))) => trouble = Some(met),
            }
            if trouble.is_some() || interrupt::seen() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    );
    progress.finish();
    trouble.map_or(Ok(()), Err)
}

fn count(point: &mut Point, coverage: &mut Coverage, seed: u64, seen: &Seen) {
    match seen.result {
        RunResult::Met | RunResult::Unchecked => point.met += 1,
        RunResult::Failed => {
            point.failed += 1;
            if point.failing_seeds.len() < MOST_FAILING {
                point.failing_seeds.push(seed);
            }
        }
        RunResult::Inconclusive => point.inconclusive += 1,
    }
    for tried in &seen.tried {
        *coverage += &tried.coverage;
        point.of(tried.row.contender()).count(&tried.row);
    }
}

/// Runs one seed over every contender. If no expectation is about what ran, the run fails if
/// anything wrong is found.
fn attempt(source: &ScenarioSource, seed: u64, judged_by: JudgedBy) -> Result<Seen, Trouble> {
    let mut scenario = source.with_seed(seed)?;
    if judged_by == JudgedBy::Claims {
        scenario.expectations.clear();
    }
    let (whole, limits) = (looks_at_costs(&scenario), interrupt::limits());
    let trial = |&contender| {
        let tried = match whole {
            true => search::attempt_whole(&scenario, contender, &limits),
            false => {
                search::attempt_then(&scenario, contender, &limits, |_| ()).map(|(tried, ())| tried)
            }
        };
        tried
            .map_err(|error| Trouble::with_trial(format_args!("{contender}, seed {seed},"), &error))
    };
    let tried: Vec<Tried> = scenario.contenders.iter().map(trial).collect::<Result<_, _>>()?;
    let rows: Vec<_> = tried.iter().map(|tried| tried.row.clone()).collect();
    let checked = verdict::check_expectations(&scenario, &rows);
    let is_wrong = rows.iter().any(|row| search::find(row, Aim::Wrong).is_some());
    let is_checked = checked.iter().any(|one| one.met.is_some());
    let result = match verdict::result(&scenario, &rows, &checked) {
        _ if !is_checked && is_wrong => RunResult::Failed,
        result => result,
    };
    Ok(Seen { result, tried })
}

/// Whether an expectation is about costs; if so, trials must not stop early.
fn looks_at_costs(scenario: &Scenario) -> bool {
    scenario.expectations.iter().any(|one| {
        matches!(one.what, Expected::Counter { counter, .. } if counter.of() == CounterOf::Cost)
    })
}

/// Returns the number of runs of this part: parts take jobs in turn.
fn planned(args: &SweepArgs, points: u64) -> u64 {
    let each = (args.seeds.last - args.seeds.first).saturating_add(1);
    let (all, part, of) = (each.saturating_mul(points), args.shard.part, args.shard.of);
    all / of + u64::from(part <= all % of)
}

/// Returns the options that change the result, except seeds and varied keys.
fn options(args: &SweepArgs) -> String {
    let contenders = scenario_source::once_each(&args.contender);
    let contenders = contenders.iter().map(|one| format!(" --contender {one}"));
    let set = args.set.iter().map(|one| format!(" --set {}", report::quoted(one.as_str())));
    let force = args.force.then(|| " --force".to_owned());
    contenders.chain(set).chain(force).collect()
}

fn show(sweep: &Sweep, form: &SweepForm, console: &mut Console) -> Exit {
    if form.json {
        let json = serde_json::to_string(sweep).expect("a sweep is plain data");
        console.print(&format!("{json}\n"));
    } else if form.csv {
        console.print(&text::csv(sweep));
    } else {
        console.print(&text::text(sweep, &console.style()));
    }
    let any = |count: fn(&Point) -> u64| sweep.points.iter().any(|point| count(point) > 0);
    match () {
        () if any(|point| point.failed) => Exit::Failed,
        // Some storms have no effect; the sweep is inconclusive only if none has.
        () if any(|point| point.met) => Exit::Met,
        () if any(|point| point.inconclusive) => Exit::Inconclusive,
        () => Exit::Met,
    }
}
