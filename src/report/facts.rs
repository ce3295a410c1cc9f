//! Content that the drawn and the plain report share: missed messages with their causes, claims,
//! recoveries, expectations.
//!
//! The texts are complete sentences or phrases. The two renderings only differ in their layout.

mod expiry;
mod subscribing;
mod unsettled;

use crate::terms::{Anomaly, Cause, Claim, Guarantee};
use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Contender, EndReason, Link, MessageId};
use crate::scenario::Scenario;
use crate::verdict::{Detection, Evidence, Recoveries, Row, SubscriberReport, Totals};

use super::{Report, words};

pub use expiry::seemed_alive;
pub use subscribing::{Absence, away, before_subscription, replaced, wanted_differs};
pub use unsettled::{Unsettled, counted_as_missed, under_way, unsettled};

/// The messages that a contender's subscribers missed, by cause.
pub struct Missed<'a> {
    /// The contender.
    pub contender: Contender,
    /// The number of missed messages, counted once per subscriber.
    pub missed: u64,
    /// The number of wanted messages, counted once per subscriber.
    pub wanted: u64,
    /// The causes, the most frequent first.
    pub reasons: Vec<Reason<'a>>,
    /// The number of the contender's subscribers, whether they missed anything or not.
    pub of: usize,
}

impl Missed<'_> {
    /// Says how many messages the contender missed, or that they are all still under way.
    pub fn phrase(&self) -> String {
        let (count, wanted) = (words::count(self.missed), words::count(self.wanted));
        match self.is_open() {
            true => format!("{} has {count} of {wanted} still under way", self.contender),
            false => format!("{} missed {count} of {wanted}", self.contender),
        }
    }

    /// Whether nothing of it is lost: all was still under way at the end.
    fn is_open(&self) -> bool {
        self.reasons.iter().all(|reason| reason.cause == Cause::Unsettled)
    }

    /// Lists the causes, with their numbers if there are several.
    fn causes(&self) -> String {
        let phrase = |reason: &Reason<'_>| match self.reasons.len() {
            1 => words::cause(reason.cause).to_owned(),
            _ => format!("{} {}", words::count(reason.count), words::cause(reason.cause)),
        };
        self.reasons.iter().map(phrase).collect::<Vec<_>>().join("; ")
    }
}

/// One cause, and the messages that a contender missed because of it.
pub struct Reason<'a> {
    /// The cause.
    pub cause: Cause,
    /// The number of missed messages, counted once per subscriber.
    pub count: u64,
    /// The missed messages.
    pub ids: BTreeSet<&'a MessageId>,
    /// The subscribers that missed them.
    pub clients: BTreeSet<&'a str>,
}

impl Reason<'_> {
    /// Says who missed these messages, of a contender with `of` subscribers. Empty where there is only
    /// one.
    pub fn at(&self, of: usize) -> String {
        match (self.clients.len(), self.clients.first()) {
            _ if of < 2 => String::new(),
            (1, Some(client)) => format!("at {client}"),
            (clients, _) => format!("at {clients} subscribers"),
        }
    }
}

/// Returns the contenders that missed something, in order.
pub fn missed(report: &Report) -> Vec<Missed<'_>> {
    report.contenders.iter().filter_map(missed_by).collect()
}

fn missed_by(row: &Row) -> Option<Missed<'_>> {
    missed_at(row.contender(), &row.subscribers)
}

/// Returns what these subscribers of a contender missed, if anything.
fn missed_at(contender: Contender, subscribers: &[SubscriberReport]) -> Option<Missed<'_>> {
    let totals = Totals::of(subscribers);
    let mut seen: BTreeMap<Cause, (BTreeSet<_>, BTreeSet<_>)> = BTreeMap::new();
    for subscriber in subscribers {
        for message in &subscriber.messages {
            if let Some(cause) = message.cause {
                let (ids, clients) = seen.entry(cause).or_default();
                ids.insert(&message.id);
                clients.insert(subscriber.client.as_str());
            }
        }
    }
    let mut reasons: Vec<Reason> = totals
        .causes
        .iter()
        .map(|(&cause, &count)| {
            let (ids, clients) = seen.remove(&cause).unwrap_or_default();
            Reason { cause, count, ids, clients }
        })
        .collect();
    // The sort is stable: causes of equal frequency stay in the order of the reference.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    let (missed, wanted) = (totals.missed, totals.wanted);
    let of = subscribers.len();
    (missed > 0).then_some(Missed { contender, missed, wanted, reasons, of })
}

/// The most subscribers of a contender that are told apart by name.
const TOLD_APART: usize = 3;

/// Says in a sentence for each contender that missed something how much, and by which causes. Where
/// few subscribers missed different numbers, each of them is named.
pub fn missed_in_short(report: &Report) -> Vec<String> {
    report.contenders.iter().filter_map(short).collect()
}

fn short(row: &Row) -> Option<String> {
    let whole = missed_by(row)?;
    let counts: BTreeSet<u64> = row.subscribers.iter().map(|one| one.missed).collect();
    let losing = row.subscribers.iter().filter(|one| one.missed > 0).count();
    let (contender, missed) = (whole.contender, words::count(whole.missed));
    let amount = format!("{contender}, {missed} of {}", words::count(whole.wanted));
    Some(match row.subscribers.len() {
        _ if counts.len() == 1 => format!("{amount}: {}.", whole.causes()),
        many if many > TOLD_APART => {
            format!("{amount}, at {losing} of {many} subscribers: {}.", whole.causes())
        }
        _ => {
            let each = row.subscribers.iter().map(|one| each(row.contender(), one));
            format!("{contender}: {}.", each.collect::<Vec<_>>().join("; "))
        }
    })
}

/// The phrase for what one subscriber missed.
fn each(contender: Contender, subscriber: &SubscriberReport) -> String {
    let client = &subscriber.client;
    let Some(missed) = missed_at(contender, std::slice::from_ref(subscriber)) else {
        return format!("{client} missed none");
    };
    let (count, wanted) = (words::count(missed.missed), words::count(missed.wanted));
    match missed.is_open() {
        true => format!("{client} has {count} of {wanted} still under way"),
        false => format!("{client} missed {count} of {wanted} ({})", missed.causes()),
    }
}

/// One subscriber's claim to a guarantee, and how it turned out.
pub struct ClaimCase<'a> {
    /// The contender.
    pub contender: Contender,
    /// The subscriber.
    pub client: &'a str,
    /// The guarantee.
    pub guarantee: Guarantee,
    /// The state of the claim.
    pub state: Claim,
    /// The evidence, if the verdict states any.
    pub evidence: Option<&'a str>,
}

/// Returns for each contender and guarantee the first subscriber's claim in `state`, and the number
/// of further subscribers with the same.
pub fn claims(report: &Report, state: Claim) -> Vec<(ClaimCase<'_>, usize)> {
    let mut claims = Vec::new();
    for row in &report.contenders {
        for &guarantee in row.guarantees.keys() {
            let mut found = row.subscribers.iter().filter_map(|subscriber| {
                let finding = subscriber.guarantees.get(&guarantee)?;
                let evidence = match &finding.evidence {
                    Evidence::Said(said) => said.as_deref(),
                    Evidence::LeftOut => None,
                };
                let (contender, client) = (row.contender(), subscriber.client.as_str());
                (finding.claim == state).then_some(ClaimCase {
                    contender,
                    client,
                    guarantee,
                    state,
                    evidence,
                })
            });
            if let Some(first) = found.next() {
                claims.push((first, found.count()));
            }
        }
    }
    claims
}

/// Whether there was nothing by which a claim could be judged: no subscriber wanted or handled a
/// message.
pub fn is_untested(row: &Row) -> bool {
    let mut subscribers = row.subscribers.iter();
    subscribers.all(|one| one.wanted == 0 && one.not_wanted == 0)
}

/// Says why a claim is neither broken nor kept, if that is so for any contender.
pub fn untested(report: &Report) -> Option<String> {
    let is_claimed = |row: &Row| row.guarantees.values().any(|one| one.claim == Claim::Kept);
    let mut rows = report.contenders.iter().filter(|row| is_untested(row));
    let said = "Untested: no message was wanted, so there was nothing to judge.";
    rows.any(is_claimed).then(|| said.to_owned())
}

impl ClaimCase<'_> {
    /// Returns the claim as a sentence. `others` is the number of further subscribers with the
    /// same.
    pub fn sentence(&self, others: usize) -> String {
        let verb = match self.state {
            Claim::Broken => "broke its claim",
            Claim::OutsideTerms => "could not keep, outside its terms,",
            Claim::Open => "leaves open",
            Claim::Kept => "kept",
            Claim::NotClaimed => "does not claim",
        };
        let ClaimCase { contender, client, guarantee, .. } = self;
        let promise = words::guarantee(*guarantee);
        let evidence = self.evidence.map(|said| format!(": {said}")).unwrap_or_default();
        let others = match others {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{contender} {verb} {guarantee} ({promise}) for {client}{others}{evidence}.")
    }
}

/// Names the mutant of the scenario and what is broken in it, if there is one.
pub fn broken_on_purpose(scenario: &Scenario) -> Option<String> {
    let mutant = scenario.mutant?;
    Some(format!("Broken on purpose ({}): {}", mutant.name, mutant.about))
}

/// Counts per contender what its subscribers were told when they came back, and whether it was
/// true.
pub fn recoveries(report: &Report) -> Vec<String> {
    let told = report.contenders.iter().filter_map(|row| {
        let sum = |count: fn(&Recoveries) -> u64| {
            row.subscribers.iter().map(|one| count(&one.recoveries)).sum::<u64>()
        };
        let parts: Vec<String> = [
            (sum(|one| one.honest_success), "honest success", "es"),
            (sum(|one| one.honest_failure), "honest failure", "s"),
            (sum(|one| one.false_comfort), "false comfort", "s"),
            (sum(|one| one.false_alarm), "false alarm", "s"),
        ]
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, what, plural)| {
            let ending = if number == 1 { "" } else { plural };
            format!("{} {what}{ending}", words::count(number))
        })
        .collect();
        (!parts.is_empty()).then(|| format!("{}: {}.", row.contender(), words::listed(&parts)))
    });
    told.collect()
}

/// Counts per contender the anomalies that were seen.
pub fn anomalies(report: &Report) -> Vec<String> {
    let seen = report.contenders.iter().filter_map(|row| {
        let mut sums: BTreeMap<Anomaly, u64> = BTreeMap::new();
        for (anomaly, count) in row.subscribers.iter().flat_map(|one| &one.anomalies) {
            *sums.entry(*anomaly).or_default() += count;
        }
        let parts: Vec<String> = sums
            .iter()
            .map(|(anomaly, count)| format!("{anomaly} {}", words::count(*count)))
            .collect();
        (!parts.is_empty()).then(|| format!("{}: {}.", row.contender(), parts.join(", ")))
    });
    seen.collect()
}

/// Lists the faults that hit nothing, each with the contenders concerned. Empty if every fault hit
/// something in every contender.
pub fn idle_faults(report: &Report, scenario: &Scenario) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, fault) in scenario.faults.iter().enumerate() {
        let idle: Vec<String> = report
            .contenders
            .iter()
            .filter(|row| row.faults.iter().any(|hits| hits.fault == at && hits.hits == 0))
            .map(|row| row.contender().to_string())
            .collect();
        let whole = idle.len() == report.contenders.len();
        let whom = if whole { "any contender".to_owned() } else { words::listed(&idle) };
        if !idle.is_empty() {
            let (what, who) = (words::fault(fault), words::who(fault, scenario));
            let span = words::span(fault);
            lines.push(format!("\"{what}\" ({who}, {span}) did nothing in {whom}."));
        }
    }
    lines
}

/// Says how many answers came of those that the broker's application asked for: a sentence for the
/// contenders with the same numbers.
pub fn answers(report: &Report) -> Vec<String> {
    let mut numbers: Vec<((u64, u64), Vec<String>)> = Vec::new();
    for row in report.contenders.iter().filter(|row| row.answers_asked > 0) {
        let found = (row.answers_in_time, row.answers_asked);
        let contender = row.contender().to_string();
        match numbers.iter_mut().find(|(other, _)| *other == found) {
            Some((_, contenders)) => contenders.push(contender),
            None => numbers.push((found, vec![contender])),
        }
    }
    let said = numbers.into_iter().map(|((in_time, of), contenders)| {
        let (in_time, of) = (words::count(in_time), words::count(of));
        format!("{in_time} of {of} answers came in time over {}.", words::listed(&contenders))
    });
    said.collect()
}

/// Summarizes the expectations: the numbers of those met, failed and not run.
pub fn expectations(report: &Report) -> String {
    let count = |met| report.expectations.iter().filter(|checked| checked.met == met).count();
    let (met, failed, not_run) = (count(Some(true)), count(Some(false)), count(None));
    let mut text = match (met, failed) {
        (0, 0) if not_run == 0 => return "The scenario expects nothing.".to_owned(),
        (0, 0) => NOTHING_EXPECTED.to_owned(),
        (met, failed) => format!("{met} of {} met", met + failed),
    };
    if not_run > 0 {
        text.push_str(&format!(", {not_run} not run"));
    }
    text
}

/// Says that no expectation is about anything that ran, so that none can be met.
pub const NOTHING_EXPECTED: &str = "Nothing was expected of what ran";

/// A change for which an expectation may fail that is met in the scenario's own run.
pub enum Changed {
    /// `--set` changed some of the scenario's numbers.
    Numbers,
    /// The run has another seed than the scenario, whose seed this is.
    Seed(u64),
}

/// Returns the change, if an expectation of the scenario failed in a run that is not its own. The
/// replay line has every option that changes the result.
pub fn changed(report: &Report, scenario: &Scenario) -> Option<Changed> {
    let failed = report.expectations.iter().any(|checked| checked.met == Some(false));
    if !failed || report.replay.contains(" --expect ") {
        None
    } else if report.replay.contains(" --set ") {
        Some(Changed::Numbers)
    } else {
        (report.seed != scenario.seed).then_some(Changed::Seed(scenario.seed))
    }
}

impl Changed {
    /// Says for which run the scenario expects what failed.
    pub fn sentence(&self) -> String {
        match self {
            Changed::Numbers => "These expectations are for the scenario without --set.".to_owned(),
            Changed::Seed(own) => {
                format!("These expectations are for the scenario's own seed, {own}.")
            }
        }
    }
}

/// Returns sentences on the ways in which the simulator differs from reality.
pub fn left_out(report: &Report) -> Vec<&'static str> {
    let mut sentences = vec![
        "The network is simulated: one seed is one run, and real networks differ in more ways.",
        "Clients and broker process instantly unless a fault slows them.",
    ];
    let mut over_tcp = report.contenders.iter().filter(|row| !row.link.is_datagrams());
    if over_tcp.any(|row| row.cost.retransmits > 0) {
        sentences.push(
            "TCP waits here as Linux does before it sends again. After a timeout it repeats all \
             that was not acknowledged, and Linux what is missing: on a lossy path the worst \
             delays differ.",
        );
    }
    let is_watched = |row: &Row| {
        let by_heartbeat = |one: &Detection| one.by == Some(EndReason::Heartbeat.name());
        row.link == Link::Sse && row.detections.iter().any(by_heartbeat)
    };
    if report.contenders.iter().any(is_watched) {
        sentences.push(
            "Over sse broker and client find a dead link by the broker's pings here. A browser's \
             EventSource has no such watchdog: it waits until TCP goes on.",
        );
    }
    sentences
}
