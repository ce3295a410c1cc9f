//! The judge compared with brute force. The reference judge is slow, and written from the rules
//! alone; the two agree on ten thousand random small histories, legal and illegal.
//!
//! The histories follow from their seeds, and each cause and each anomaly is in at least one of a
//! hundred. A disagreement is printed as a history of which no event can be left out.

use std::collections::BTreeMap;

use crate::verdict::{self, Row};

use super::histories::{self, RandomHistory};
use super::{reference_judge, switches};
use crate::terms::{Anomaly, Cause};

/// The number of histories that are judged twice; `VERDICT_HISTORIES` asks for another.
const HISTORIES: u64 = 10_000;

/// What a history may have beside causes and anomalies.
const PAYLOADS: &str = "payloads that were carried";
const ANSWERS: &str = "answers to publishers";

#[test]
fn judge_and_reference_judge_agree_on_ten_thousand_histories() {
    let asked = std::env::var("VERDICT_HISTORIES").ok().and_then(|count| count.parse().ok());
    let histories = asked.unwrap_or(HISTORIES);
    let mut seen: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..histories {
        let told = histories::random(seed);
        let row = judged(&told);
        if row != expected(&told) {
            // If a rule is turned off, any disagreement will do, and no history is shrunk.
            assert_eq!(switches::off(), None, "seed {seed}");
            panic!("seed {seed}\n{}", disagreement(told));
        }
        for word in words(&row) {
            *seen.entry(word).or_default() += 1;
        }
    }
    let causes = Cause::ALL.iter().map(|cause| cause.name());
    let anomalies = Anomaly::ALL.iter().map(|anomaly| anomaly.name());
    for word in causes.chain(anomalies).chain([PAYLOADS, ANSWERS]) {
        let count = seen.get(word).copied().unwrap_or_default();
        assert!(count * 100 >= histories, "{word} is in {count} of {histories} histories");
    }
}

fn judged(RandomHistory { scenario, contender, history }: &RandomHistory) -> Row {
    verdict::judge(scenario, *contender, history)
}

fn expected(RandomHistory { scenario, contender, history }: &RandomHistory) -> Row {
    reference_judge::judge(scenario, *contender, history)
}

/// Returns the causes and anomalies of a row, each once, and whether payloads were carried and
/// publishers got answers.
fn words(row: &Row) -> Vec<&'static str> {
    let all = row.subscribers.iter();
    let words = all.flat_map(|one| {
        let causes = one.causes.keys().map(|cause| cause.name());
        causes.chain(one.anomalies.keys().map(|anomaly| anomaly.name()))
    });
    let payloads = (row.cost.payload_bytes > 0).then_some(PAYLOADS);
    let answers = row.cost.median_answer.is_some().then_some(ANSWERS);
    let mut words: Vec<&'static str> = words.chain(payloads).chain(answers).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Shrinks a history until the two would agree without any one of its events. Returns it in words,
/// with what each of them says.
fn disagreement(mut told: RandomHistory) -> String {
    loop {
        let before = told.history.events.len();
        for index in (0..before).rev() {
            let mut shorter = told.clone();
            shorter.history.events.remove(index);
            if judged(&shorter) != expected(&shorter) {
                told = shorter;
            }
        }
        if told.history.events.len() == before {
            break;
        }
    }
    let trace: Vec<String> = told.history.trace_lines().collect();
    let [judge, reference] = [judged(&told), expected(&told)].map(|row| lines(&row));
    let only = |these: &[String], others: &[String]| {
        let only = these.iter().filter(|line| !others.contains(line));
        only.map(|line| format!("  {line}\n")).collect::<String>()
    };
    format!(
        "{} ended at {}, {:#?}\n{}\njudge:\n{}reference judge:\n{}",
        told.contender,
        told.history.ended_at,
        told.scenario.faults,
        trace.join("\n"),
        only(&judge, &reference),
        only(&reference, &judge),
    )
}

/// Formats a row, one finding per line.
fn lines(row: &Row) -> Vec<String> {
    let mut lines = vec![format!("published {}", row.published)];
    lines.extend(row.detections.iter().map(|detection| format!("{detection:?}")));
    lines.extend(row.guarantees.iter().map(|(of, finding)| format!("{of}: {finding:?}")));
    for one in &row.subscribers {
        let client = &one.client;
        let mut counters = one.clone();
        (counters.messages, counters.guarantees) = (Vec::new(), BTreeMap::new());
        lines.push(format!("{counters:?}"));
        lines.extend(one.messages.iter().map(|message| format!("{client}: {message:?}")));
        let findings = one.guarantees.iter();
        lines.extend(findings.map(|(of, finding)| format!("{client}: {of}: {finding:?}")));
    }
    lines
}
