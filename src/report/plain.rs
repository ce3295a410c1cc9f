//! The report without glyphs and lanes: one fact per sentence, in reading order.
//! Instead of a lane, it names the messages that were caught up on or missed.

use crate::terms::{Cause, Claim, Outcome};
use std::collections::BTreeSet;

use crate::scenario::Scenario;
use crate::verdict::{Row, Totals};

use super::lanes::SUBSCRIBERS;
use super::measure::wrap;
use super::style::{Extent, Style};
use super::{Report, RunResult, facts, headline, ids, prices, replay, words};

/// Returns the sentences, wrapped.
pub fn sentences(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut facts = vec![
        format!("Title: {}", report.title),
        format!("Scenario {}, seed {}, {}.", report.scenario, report.seed, scenario.run_for),
        headline::sentence(report),
    ];
    if style.extent == Extent::Full && !scenario.about.is_empty() {
        facts.push(scenario.about.clone());
    }
    facts.extend(facts::broken_on_purpose(scenario));
    facts.extend(faults(scenario));
    facts.extend(facts::answers(report));
    facts.extend(facts::idle_faults(report, scenario).into_iter().map(|s| format!("Fault {s}")));
    facts.extend(report.contenders.iter().flat_map(|row| contenders(row, style)));
    let prices = report.prices.iter();
    facts.extend(prices.flat_map(|prices| prices::sentences(prices, &report.contenders)));
    facts.extend(why(report, scenario, style));
    let unsettled = facts::unsettled(report, scenario);
    facts.extend(unsettled.iter().flat_map(|one| one.sentences.clone()));
    facts.extend(claims(report));
    facts.extend(facts::recoveries(report).into_iter().map(|said| format!("Recoveries: {said}")));
    facts.extend(facts::anomalies(report).into_iter().map(|said| format!("Anomalies: {said}")));
    facts.extend(expectations(report, scenario));
    facts.extend(facts::left_out(report).into_iter().map(str::to_owned));

    let longer = unsettled.and_then(|one| one.longer);
    let mut lines: Vec<String> = facts.iter().flat_map(|fact| wrap(fact, "", "")).collect();
    lines.extend(longer.iter().flat_map(|command| replay::lines(command, "Longer: ")));
    lines.extend(replay::lines(&report.replay, "Replay: "));
    lines
}

fn faults(scenario: &Scenario) -> Vec<String> {
    let faults = scenario.faults.iter().map(|fault| {
        let who = words::who(fault, scenario);
        format!("Fault: {}, for {who}, {}.", words::fault(fault), words::span(fault))
    });
    faults.collect()
}

fn contenders(row: &Row, style: &Style) -> Vec<String> {
    let (name, totals) = (row.contender(), Totals::of(&row.subscribers));
    let count = words::count;
    let missed = |missed: u64, under_way: u64| match under_way {
        0 => count(missed),
        some => format!("{}, {} of them still under way", count(missed), count(some)),
    };
    let mut facts = vec![format!(
        "{name}: wanted {}, live {}, caught up {}, missed {}.",
        count(totals.wanted),
        count(totals.live),
        count(totals.caught_up),
        missed(totals.missed, row.subscribers.iter().map(facts::under_way).sum()),
    )];
    if (2..=SUBSCRIBERS).contains(&row.subscribers.len()) {
        facts.extend(row.subscribers.iter().map(|subscriber| {
            format!(
                "{name}, {}: wanted {}, live {}, caught up {}, missed {}.",
                subscriber.client,
                count(subscriber.wanted),
                count(subscriber.live),
                count(subscriber.caught_up),
                missed(subscriber.missed, facts::under_way(subscriber)),
            )
        }));
    }
    let messages = row.subscribers.iter().flat_map(|subscriber| &subscriber.messages);
    let late = messages.filter(|message| message.outcome == Outcome::CaughtUp);
    let late: BTreeSet<_> = late.map(|message| &message.id).collect();
    if !late.is_empty() {
        facts.push(format!("{name}: caught up on {}.", ids::compact(&late, style)));
    }
    for (number, what) in [
        (totals.handled_again, "handled twice"),
        (totals.out_of_order, "handled out of order"),
        (totals.not_wanted, "handled though not wanted"),
        (totals.interrupted, "interrupted by a crash"),
    ] {
        if number > 0 {
            facts.push(format!("{name}: {what}, {}.", count(number)));
        }
    }
    if let Some(ms) = totals.worst_delay_ms {
        facts.push(format!("{name}: the worst delay was {}.", words::millis(ms)));
    }
    match row.noticed_after_ms() {
        Some(ms) => {
            facts
                .push(format!("{name}: a fault was noticed after {} at worst.", words::millis(ms)));
        }
        None if !row.faults.is_empty() => {
            facts.push(format!("{name}: nobody noticed that a connection was gone."));
        }
        None => {}
    }
    let (packets, bytes) = (row.cost.packets, row.cost.bytes);
    let (packets, bytes) = (words::counted(packets, "packet"), words::counted(bytes, "byte"));
    facts.push(format!("{name}: {packets} were sent, {bytes}."));
    facts
}

fn why(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut sentences = Vec::new();
    for missed in facts::missed(report) {
        for reason in &missed.reasons {
            let ids = ids::compact(&reason.ids, style);
            let at = match reason.at(missed.of) {
                at if at.is_empty() => at,
                at => format!(" {at}"),
            };
            let verb = if reason.cause == Cause::Unsettled { "has not got" } else { "missed" };
            sentences.push(format!(
                "{} {verb} {}, {}: {} ({ids}{at}).",
                missed.contender,
                words::count(reason.count),
                reason.cause,
                words::cause(reason.cause),
            ));
        }
    }
    sentences.extend(facts::wanted_differs(report));
    sentences.extend(facts::away(report).iter().map(facts::Absence::sentence));
    sentences.extend(facts::replaced(report));
    sentences.extend(facts::seemed_alive(report, scenario));
    let early = facts::before_subscription(report);
    sentences.extend(early.iter().map(|one| one.sentence(&ids::compact(&one.ids, style))));
    sentences
}

fn claims(report: &Report) -> Vec<String> {
    let mut sentences = Vec::new();
    for state in [Claim::Broken, Claim::OutsideTerms, Claim::Open] {
        let claims = facts::claims(report, state);
        if claims.is_empty() && state == Claim::Broken {
            sentences.push("No claim was broken.".to_owned());
        }
        sentences.extend(claims.iter().map(|(claim, others)| claim.sentence(*others)));
    }
    for (state, verb) in [(Claim::Kept, "kept"), (Claim::NotClaimed, "did not claim")] {
        sentences.extend(report.contenders.iter().filter_map(|row| {
            let with = row.guarantees.iter().filter(|(_, one)| one.claim == state);
            let names: Vec<String> = with.map(|(guarantee, _)| guarantee.to_string()).collect();
            let (name, names) = (row.contender(), Some(names).filter(|names| !names.is_empty())?);
            let is_untested = state == Claim::Kept && facts::is_untested(row);
            let verb = if is_untested { "claims, untested," } else { verb };
            Some(format!("{name} {verb} {}.", words::listed(&names)))
        }));
    }
    sentences.extend(facts::untested(report));
    sentences
}

fn expectations(report: &Report, scenario: &Scenario) -> Vec<String> {
    let mut sentences = vec![format!("Expectations: {}", facts::expectations(report))];
    sentences.extend(facts::changed(report, scenario).map(|changed| changed.sentence()));
    for checked in &report.expectations {
        let expected = &checked.expected;
        let measured = checked.measured.as_deref().unwrap_or("nothing");
        sentences.push(match checked.met {
            Some(true) => format!("Met: {expected}; measured {measured}."),
            Some(false) => format!("Failed: {expected}; measured {measured}."),
            None => format!("Not run: {expected}."),
        });
    }
    if report.result == RunResult::Inconclusive {
        sentences.push("Inconclusive: no fault did anything in any contender.".to_owned());
    }
    sentences
}
