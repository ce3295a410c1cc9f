//! Content that the drawn and the plain report share: missed messages with their causes, claims,
//! recoveries, expectations.
//!
//! The texts are complete sentences or phrases. The two renderings only differ in their layout.

use crate::terms::{Anomaly, Cause, Claim, Guarantee};
use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Contender, EndReason, Link, MessageId};
use crate::scenario::{ClientEntry, Direction, Effect, Fault, Scenario, Who, limits};
use crate::time::{Duration, Instant};
use crate::verdict::{Detection, Evidence, Recoveries, ReplacedProcess, Row, Totals};

use super::{Report, words};

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
}

impl Missed<'_> {
    /// Says how many messages the contender missed, or that they are all still under way.
    pub fn phrase(&self) -> String {
        let (count, wanted) = (words::count(self.missed), words::count(self.wanted));
        let is_open = self.reasons.iter().all(|reason| reason.cause == Cause::Unsettled);
        match is_open {
            true => format!("{} has {count} of {wanted} still under way", self.contender),
            false => format!("{} missed {count} of {wanted}", self.contender),
        }
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

/// Returns the contenders that missed something, in order.
pub fn missed(report: &Report) -> Vec<Missed<'_>> {
    report.contenders.iter().filter_map(missed_by).collect()
}

fn missed_by(row: &Row) -> Option<Missed<'_>> {
    let totals = Totals::of(&row.subscribers);
    let mut seen: BTreeMap<Cause, (BTreeSet<_>, BTreeSet<_>)> = BTreeMap::new();
    for subscriber in &row.subscribers {
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
    (missed > 0).then_some(Missed { contender: row.contender(), missed, wanted, reasons })
}

/// The facts about what is still under way at the end of a run.
pub struct Unsettled {
    /// Sentences: what waits since when, and until when a fault holds it up.
    pub sentences: Vec<String>,
    /// The command that runs the same for longer. `None` if no run may be longer, or none would
    /// settle it.
    pub longer: Option<String>,
}

/// Returns what is still under way when the run ends, if anything is.
pub fn unsettled(report: &Report, scenario: &Scenario) -> Option<Unsettled> {
    let subscribers = report.contenders.iter().flat_map(|row| &row.subscribers);
    let open = subscribers.flat_map(|one| {
        let open = one.messages.iter().filter(|message| message.cause == Some(Cause::Unsettled));
        open.map(|message| (one.client.as_str(), message))
    });
    let open: Vec<_> = open.collect();
    let (_, first) = open
        .iter()
        .min_by(|(_, one), (_, other)| one.published_ms.total_cmp(&other.published_ms))?;
    let ends = scenario.run_for;
    let since = Duration::from_micros((first.published_ms * 1e3) as u64);
    let mut sentences = vec![format!(
        "The run ended at {ends}, and {} had been under way since {since}: what is still under way \
         is not lost, and nobody knows yet whether it will come.",
        first.id
    )];
    let end = Instant::ZERO + ends;
    let is_on = |fault: &&Fault| fault.at < end && fault.until > end;
    let is_in_the_way =
        |fault: &&Fault| open.iter().any(|(client, _)| holds_up(fault, client, scenario));
    let on = scenario.faults.iter().filter(is_on).filter(is_in_the_way);
    let (mut least, mut may_settle) = (ends * 2, true);
    if let Some(fault) = on.max_by_key(|fault| fault.until) {
        let (what, who) = (words::fault(fault), words::who(fault, scenario));
        if fault.until == Instant::NEVER {
            sentences.push(format!(
                "\"{what}\" ({who}) lasts to the end of any run: a longer one settles nothing for \
                 whom it is about."
            ));
            let is_held = |(client, _): &(&str, _)| holds_up(fault, client, scenario);
            may_settle = !open.iter().all(is_held);
        } else {
            let until = fault.until.since(Instant::ZERO);
            sentences.push(format!(
                "\"{what}\" ({who}) lasts until {until}, so the run is too short by at least {}.",
                until - ends
            ));
            least = least.max(until + ends / 2);
        }
    }
    // Whole seconds are easier to read, and nobody knows how long it takes.
    let longer = Duration::from_secs(least.as_micros().div_ceil(1_000_000));
    let longer = (may_settle && longer <= limits::RUN_FOR)
        .then(|| format!("{} --set run_for={longer}", report.replay));
    Some(Unsettled { sentences, longer })
}

/// Whether nothing gets to a process of this client while the fault is on.
fn holds_up(fault: &Fault, client: &str, scenario: &Scenario) -> bool {
    let is_about = match &fault.who {
        Who::Clients(about) => {
            let processes = scenario.clients.iter().flat_map(ClientEntry::processes);
            let mut own = processes.filter(|(_, name)| name.as_str() == client);
            own.any(|(process, _)| about.contains(&process))
        }
        Who::Broker => true,
        Who::Nobody => false,
    };
    let stops_all = match &fault.effect {
        Effect::Disconnect | Effect::Crash { .. } | Effect::Pause | Effect::Freeze => true,
        Effect::Cut => fault.direction == Direction::Both,
        Effect::Partition { .. }
        | Effect::IdleTimeout { .. }
        | Effect::Loss { .. }
        | Effect::Duplicate { .. }
        | Effect::Corrupt { .. }
        | Effect::Reorder { .. }
        | Effect::Latency { .. }
        | Effect::Bandwidth { .. }
        | Effect::Reset
        | Effect::Slow { .. }
        | Effect::Deaf { .. } => false,
    };
    is_about && stops_all
}

/// The messages that came before the subscriptions of a contender's subscribers stood.
pub struct Early<'a> {
    /// The contender.
    pub contender: Contender,
    /// The messages.
    pub ids: BTreeSet<&'a MessageId>,
    /// The subscribers that do not want them for this reason.
    pub clients: BTreeSet<&'a str>,
}

/// Returns the contenders with such messages, in order. Subscribers that never managed to subscribe
/// are left to [`away`].
pub fn before_subscription(report: &Report) -> Vec<Early<'_>> {
    let early = report.contenders.iter().filter_map(|row| {
        let subscribed = row.subscribers.iter().filter(|one| one.never_subscribed.is_none());
        let pairs = subscribed.flat_map(|one| {
            one.before_subscription.iter().map(|message| (&message.id, one.client.as_str()))
        });
        let (ids, clients): (BTreeSet<_>, BTreeSet<_>) = pairs.unzip();
        (!ids.is_empty()).then_some(Early { contender: row.contender(), ids, clients })
    });
    early.collect()
}

impl Early<'_> {
    /// Says which messages came too early for whom. `ids` are their names.
    pub fn sentence(&self, ids: &str) -> String {
        let Early { contender, ids: messages, clients } = self;
        let (whose, whom) = match clients.first() {
            Some(client) if clients.len() == 1 => (format!("{client}'s subscription"), "it"),
            _ => {
                let clients = words::counted(clients.len() as u64, "subscriber");
                (format!("the subscriptions of {clients}"), "them")
            }
        };
        let messages = words::counted(messages.len() as u64, "message");
        format!("{contender}: {messages} came before {whose} stood, not wanted by {whom}: {ids}.")
    }
}

/// Says, if the contenders' subscribers do not want the same number of messages, why.
pub fn wanted_differs(report: &Report) -> Option<String> {
    let wanted = report.contenders.iter().map(|row| Totals::of(&row.subscribers).wanted);
    let (least, most) = (wanted.clone().min()?, wanted.max()?);
    let published: BTreeSet<u64> = report.contenders.iter().map(|row| row.published).collect();
    let reasons = [
        (!away(report).is_empty(), "a subscriber never got to subscribe"),
        (!before_subscription(report).is_empty(), "messages came before a subscription stood"),
        (published.len() > 1, "not the same number was published"),
    ];
    let known: Vec<String> =
        reasons.iter().filter(|(is_so, _)| *is_so).map(|(_, why)| (*why).to_owned()).collect();
    let why = match known.is_empty() {
        true => "it depends on when a join or leave was recorded".to_owned(),
        false => words::listed(&known),
    };
    let (least, most) = (words::count(least), words::count(most));
    (least != most).then(|| format!("The rows do not want the same, {least} to {most}: {why}."))
}

/// Names the processes that a newer session of their name replaced for good, a sentence each.
pub fn replaced(report: &Report) -> Vec<String> {
    let replaced = report.contenders.iter().flat_map(|row| {
        row.replaced.iter().map(|one| {
            let ReplacedProcess { process, client, at_ms } = one;
            let (contender, at) = (row.contender(), words::millis(*at_ms));
            format!(
                "{contender}: {process} was replaced at {at}, by a newer session of {client}, and \
                 never came back (on_replaced)."
            )
        })
    });
    replaced.collect()
}

/// The subscribers of a contender that never managed to subscribe.
pub struct Absence<'a> {
    /// The contender.
    pub contender: Contender,
    /// The subscribers.
    pub clients: Vec<&'a str>,
    /// The reasons for which their last attempts ended.
    pub by: BTreeSet<&'a str>,
    /// The number of published messages, if no subscriber at all could want them.
    pub nowhere: Option<u64>,
}

/// Returns the contenders with subscribers that never managed to subscribe, in order.
pub fn away(report: &Report) -> Vec<Absence<'_>> {
    report.contenders.iter().filter_map(away_in).collect()
}

fn away_in(row: &Row) -> Option<Absence<'_>> {
    let away =
        row.subscribers.iter().filter_map(|one| Some((one.client.as_str(), one.never_subscribed?)));
    let (clients, by): (Vec<_>, BTreeSet<_>) = away.unzip();
    let is_anybody_there = clients.len() < row.subscribers.len();
    let nowhere = Some(row.published).filter(|count| *count > 0 && !is_anybody_there);
    (!clients.is_empty()).then_some(Absence { contender: row.contender(), clients, by, nowhere })
}

impl Absence<'_> {
    /// Names the subscribers that never managed to subscribe, and why.
    pub fn phrase(&self) -> String {
        let who = match &*self.clients {
            [one] => (*one).to_owned(),
            all => words::counted(all.len() as u64, "subscriber"),
        };
        let by: Vec<&str> = self.by.iter().copied().collect();
        format!("{who} never got to subscribe ({})", by.join(", "))
    }

    /// The same for its contender, with the number of messages that had no subscriber.
    pub fn sentence(&self) -> String {
        let messages = self.nowhere.map(|count| words::counted(count, "message"));
        let nowhere = messages.map(|messages| format!("; {messages} went nowhere"));
        format!("{}: {}{}.", self.contender, self.phrase(), nowhere.unwrap_or_default())
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
            Changed::Numbers => "The scenario expects this of itself without --set.".to_owned(),
            Changed::Seed(own) => format!("The scenario expects this of its own seed, {own}."),
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
