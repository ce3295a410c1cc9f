//! `dlab museum`: runs every mutant in its own storm, and the correct machines in the same storms.

use crate::terms::Claim;
use std::ops::ControlFlow;

use super::args::MuseumArgs;
use super::console::Console;
use super::in_order::{InOrderStep, in_order};
use super::log::Log;
use super::progress::Progress;
use super::scenario_source::Trouble;
use super::{Exit, interrupt, pool};
use crate::mutant::Mutant;
use crate::report::{Caught, Exhibit, museum};
use crate::scenario::{Scenario, builtin};
use crate::sim::{TrialOptions, run_trial_then};
use crate::verdict::{self, Row, SubscriberReport};

/// Most seeds with which a mutant is tried.
const MOST_TRIED: u64 = 50;

/// Runs the museum, and prints its table.
pub fn run(args: &MuseumArgs, console: &mut Console) -> Exit {
    let storms: Vec<Scenario> = builtin::museum()
        .map(|(name, text)| Scenario::load(name, text).expect("built-in scenarios are valid"))
        .collect();
    let pool = match pool::new(args.jobs, storms.len() as u64, Log::Off, console) {
        Ok(pool) => pool,
        Err(exit) => return exit,
    };
    interrupt::watch();
    let progress = Progress::new(Some(storms.len() as u64), Log::Off, console);
    let mut exhibits = Vec::new();
    let mut trouble = None;
    in_order(
        &pool,
        storms.iter(),
        |storm| exhibit(storm, args),
        |step| {
            match step {
                InOrderStep::Done => progress.tick(),
                // An exhibit that was interrupted is incomplete.
                InOrderStep::Result(Ok(_)) if interrupt::seen() => {}
                InOrderStep::Result(Ok(exhibit)) => exhibits.push(exhibit),
                InOrderStep::Result(Err(met)) if met.is_interrupted() => {}
                InOrderStep::Result(Err(met)) => trouble = Some(met),
            }
            if interrupt::seen() || trouble.is_some() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    );
    progress.finish();
    if let Some(trouble) = trouble {
        return trouble.show(console);
    }
    console.print(&museum(&exhibits, &console.style()));
    if interrupt::seen() {
        return Exit::Interrupted;
    }
    match exhibits.iter().all(Exhibit::is_as_it_should_be) {
        true => Exit::Met,
        false => Exit::Failed,
    }
}

/// Tries one mutant: in its storm until it is caught, and without faults; and the correct machine
/// in the storm with all seeds.
fn exhibit(storm: &Scenario, args: &MuseumArgs) -> Result<Exhibit, Trouble> {
    let mutant = storm.mutant.expect("the museum's storms have a mutant each");
    let seeds = args.seeds.first..=args.seeds.last;
    let tried = seeds.clone().take(MOST_TRIED as usize).take_while(|_| !interrupt::seen());
    let mut caught = None;
    let mut count = 0;
    for seed in tried {
        count += 1;
        let rows = judge(storm, seed)?;
        if let Some(row) = rows.iter().find(|row| shows(row, mutant)) {
            let contender = crate::message::Contender { link: row.link, mode: row.mode };
            caught = Some(Caught { contender, seeds: count });
            break;
        }
    }
    let without_storm = Scenario { faults: Vec::new(), ..storm.clone() };
    let (mut runs_without_storm, mut seen_without_storm) = (0, 0);
    for seed in seeds.clone().take(MOST_TRIED as usize).take_while(|_| !interrupt::seen()) {
        runs_without_storm += 1;
        seen_without_storm += u64::from(judge(&without_storm, seed)?.iter().any(is_anything));
    }
    let correct = Scenario { mutant: None, ..storm.clone() };
    let (mut runs, mut broken) = (0, 0);
    for seed in seeds.take_while(|_| !interrupt::seen()) {
        runs += 1;
        broken += u64::from(judge(&correct, seed)?.iter().any(|row| is_wrong(row, mutant)));
    }
    let Mutant { name, anomaly, .. } = *mutant;
    let anomaly = anomaly.name();
    let tried = count;
    Ok(Exhibit {
        mutant: name,
        anomaly,
        caught,
        tried,
        seen_without_storm,
        runs_without_storm,
        broken,
        runs,
    })
}

fn judge(scenario: &Scenario, seed: u64) -> Result<Vec<Row>, Trouble> {
    let options = TrialOptions { limits: interrupt::limits(), ..TrialOptions::default() };
    let trial = |&contender| {
        let judge = |trial: crate::sim::Trial| verdict::judge(scenario, contender, &trial.history);
        let row = run_trial_then(scenario, contender, seed, &options, judge);
        row.map_err(|error| {
            let what = format_args!("{contender} of museum/{} with seed {seed}", scenario.name);
            Trouble::with_trial(what, &error)
        })
    };
    scenario.contenders.iter().map(trial).collect()
}

fn shows(row: &Row, mutant: &Mutant) -> bool {
    let mut anomalies = row.subscribers.iter().flat_map(|one| one.anomalies.keys());
    anomalies.any(|anomaly| *anomaly == mutant.anomaly)
}

fn breaks_a_claim(row: &Row) -> bool {
    let mut claims = row.guarantees.values();
    claims.any(|one| one.claim == Claim::Broken)
}

/// Whether a row shows that something is wrong: an anomaly, a missed message or a broken claim.
fn is_anything(row: &Row) -> bool {
    let is_marked = |one: &SubscriberReport| !one.anomalies.is_empty() || one.missed > 0;
    breaks_a_claim(row) || row.subscribers.iter().any(is_marked)
}

/// Whether a row of the correct machine shows something wrong in the storm of a mutant.
fn is_wrong(row: &Row, mutant: &Mutant) -> bool {
    let is_false =
        |one: &SubscriberReport| one.recoveries.false_comfort + one.recoveries.false_alarm > 0;
    breaks_a_claim(row) || shows(row, mutant) || row.subscribers.iter().any(is_false)
}
