//! `dlab search`: tries storm after storm until one shows a finding, and shrinks it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant as Clock;

use super::args::SearchArgs;
use super::console::{Console, reason};
use super::in_order::{InOrderStep, in_order};
use super::log::Log;
use super::progress::Progress;
use super::scenario_source::{self, ScenarioSource, Trouble};
use super::{Exit, interrupt, pool};
use crate::message::Contender;
use crate::report;
use crate::scenario::{Publish, Scenario};
use crate::search::{self, Aim, Coverage, Finding, Tried};
use crate::sim::TrialLimits;

/// Searches, shrinks the finding, and prints its story.
pub fn run(args: &SearchArgs, console: &mut Console) -> Exit {
    let options = scenario_source::options(&args.set, &args.contender, args.force);
    let source = match ScenarioSource::find(&args.scenario, options, console) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let pool =
        match pool::new(args.jobs, args.budget.trials().unwrap_or(u64::MAX), Log::Off, console) {
            Ok(pool) => pool,
            Err(exit) => return exit,
        };
    interrupt::watch();
    let aim = args.guarantee.map_or(Aim::Wrong, Aim::Violation);
    let searched = match hunt(&source, aim, args, &pool, console) {
        Ok(searched) => searched,
        Err(trouble) => return trouble.show(console),
    };
    match &searched.found {
        Some(found) => tell(args, found, &searched, console),
        None => {
            console.print(&quiet(&source, aim, &searched));
            if interrupt::seen() { Exit::Interrupted } else { Exit::Met }
        }
    }
}

/// The first finding, with the scenario and contender that show it.
struct Found {
    scenario: Scenario,
    contender: Contender,
    finding: Finding,
}

/// The result of a search.
#[derive(Default)]
struct Searched {
    found: Option<Found>,
    /// Number of storms that were tried, the last one perhaps not over every contender.
    storms: u64,
    /// Number of trials.
    trials: u64,
    coverage: Coverage,
}

/// Tries storm after storm, each with every contender, in the order of their seeds.
fn hunt(
    source: &ScenarioSource,
    aim: Aim,
    args: &SearchArgs,
    pool: &rayon::ThreadPool,
    console: &Console,
) -> Result<Searched, Trouble> {
    let contenders = source.contenders();
    let (trials, begun) = (args.budget.trials(), Clock::now());
    let jobs = (args.from..=u64::MAX)
        .flat_map(|seed| contenders.iter().map(move |contender| (seed, *contender)));
    let jobs = jobs.take(usize::try_from(trials.unwrap_or(u64::MAX)).unwrap_or(usize::MAX));
    let progress = Progress::new(trials, Log::Off, console);
    let mut searched = Searched::default();
    let mut trouble = None;
    in_order(
        pool,
        jobs,
        |(seed, contender)| attempt(source, seed, contender),
        |step| {
            match step {
                InOrderStep::Done => progress.tick(),
                InOrderStep::Result(Ok((scenario, Tried { row, coverage }))) => {
                    searched.trials += 1;
                    searched.coverage += &coverage;
                    searched.storms = searched.trials.div_ceil(contenders.len() as u64);
                    let contender = row.contender();
                    let finding = search::find(&row, aim);
                    searched.found = finding.map(|finding| Found { scenario, contender, finding });
                }
                InOrderStep::Result(Err(met)) if met.is_interrupted() => {}
                InOrderStep::Result(Err(met)) => trouble = Some(met),
            }
            let is_over = args.budget.is_over(begun.elapsed());
            if searched.found.is_some() || trouble.is_some() || is_over || interrupt::seen() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    );
    progress.finish();
    trouble.map_or(Ok(searched), Err)
}

fn attempt(
    source: &ScenarioSource,
    seed: u64,
    contender: Contender,
) -> Result<(Scenario, Tried), Trouble> {
    let scenario = source.stormy(seed)?;
    let tried = search::attempt_then(&scenario, contender, &interrupt::limits(), |_| ());
    let what = format_args!("{contender}, seed {seed},");
    let (tried, ()) = tried.map_err(|error| Trouble::with_trial(what, &error))?;
    Ok((scenario, tried))
}

/// Shrinks what was found, prints its story, and prints or writes the scenario.
fn tell(args: &SearchArgs, found: &Found, searched: &Searched, console: &mut Console) -> Exit {
    let Found { scenario, contender, finding } = found;
    console.print(&wrapped(&format!(
        "{}: {}, found with seed {} after {}.",
        contender,
        finding.wrong,
        scenario.seed,
        report::counted(searched.trials, "trial"),
    )));
    let shrunk = search::shrink_finding(scenario, *contender, finding, &interrupt::limits());
    let told = shrunk.and_then(|shrunk| {
        let style = console.style();
        let story = |history: &_| report::story(&shrunk.scenario, history, &style);
        // Also after Ctrl-C: the smallest storm so far has its story.
        let limits = TrialLimits::default();
        let told = search::attempt_then(&shrunk.scenario, *contender, &limits, story);
        told.map(|(_, story)| (shrunk, story))
    });
    let (shrunk, story) = match told {
        Ok(told) => told,
        Err(error) => {
            let what = format_args!("{contender}, while the storm was shrunk,");
            return Trouble::with_trial(what, &error).show(console);
        }
    };
    console.print(&wrapped(&format!(
        "Shrunk in {} from {} to {}.{}",
        report::counted(shrunk.trials, "trial"),
        size(scenario),
        size(&shrunk.scenario),
        if shrunk.trials < search::MOST_TRIALS { "" } else { " More were not tried." },
    )));
    console.print(&format!("\n{story}{}", wrapped(&shrunk.finding.sentence())));
    let file = shrunk.scenario.to_string();
    let Some(path) = &args.out else {
        console.print(&format!("\n{file}\nKeep it: --out FILE, then dlab run FILE\n"));
        return if interrupt::seen() { Exit::Interrupted } else { Exit::Failed };
    };
    if let Err(error) = create(path, &file) {
        console.print(&format!("\n{file}"));
        console.fail(&format!("{} cannot be written: {}", path.display(), reason(&error)));
        return Exit::File;
    }
    let path = report::quoted(&path.display().to_string());
    let force = if args.force { " --force" } else { "" };
    console.print(&format!("\nWritten: {path}\nReplay: dlab run {path}{force}\n"));
    if interrupt::seen() { Exit::Interrupted } else { Exit::Failed }
}

/// Writes a new file. An existing one is not replaced.
fn create(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Wraps a paragraph, and ends its last line.
fn wrapped(text: &str) -> String {
    let lines = report::wrap_to(report::COLUMNS, text, "", "").into_iter();
    lines.map(|line| line + "\n").collect()
}

/// Describes the size of a scenario: faults, clients, messages.
fn size(scenario: &Scenario) -> String {
    let published = scenario.clients.iter().flat_map(|client| {
        client.publish.iter().map(move |one| one.count() * u64::from(client.count))
    });
    let by_broker = scenario.broker_app.publish.iter().map(Publish::count);
    let messages: u64 = published.chain(by_broker).sum();
    let clients: u64 = scenario.clients.iter().map(|client| u64::from(client.count)).sum();
    format!(
        "{}, {} and {}",
        report::counted(scenario.faults.len() as u64, "fault"),
        report::counted(clients, "client"),
        report::counted(messages, "message"),
    )
}

/// Returns the summary of a search that found nothing.
fn quiet(source: &ScenarioSource, aim: Aim, searched: &Searched) -> String {
    let Searched { storms, trials, coverage, .. } = searched;
    let what = match aim {
        Aim::Wrong => "broke a claim, or did what no correct machine does".to_owned(),
        Aim::Violation(guarantee) => format!("violated {guarantee}"),
    };
    let whose = report::counted(source.contenders().len() as u64, "contender");
    let storms = report::counted(*storms, "storm");
    let trials = report::counted(*trials, "trial");
    wrapped(&format!("Nothing {what}: {storms}, {whose}, {trials}.")) + &coverage.text()
}
