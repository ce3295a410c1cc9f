//! Builds the faults: resolves their targets, and checks what the table of keys cannot.

use std::collections::BTreeMap;

use crate::message::Name;
use crate::scenario::{Acts, CrashNotice, Direction, Effect, Fault, MOMENT, Who, limits};
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::client::before_end;
use super::problem::{Place, Problem, Problems, all_of, quote};
use super::record::{PlacedText, Record};
use super::roster::Roster;

/// Builds all faults. Those that cannot be built are left out: their problems are reported already.
pub fn all(
    records: &[Record],
    roster: &Roster,
    run_for: Duration,
    problems: &mut Problems,
) -> Vec<Fault> {
    let mut named = 0;
    let mut faults = Vec::new();
    for record in records {
        let Some(fault) = fault(record, roster, run_for, problems) else { continue };
        named += match (&fault.who, &fault.effect) {
            (Who::Clients(processes), _) => processes.len(),
            (_, Effect::Partition { groups }) => groups.iter().map(Vec::len).sum(),
            _ => 1,
        };
        if named > limits::FAULT_PROCESSES {
            let most = limits::FAULT_PROCESSES;
            let what = format!("all faults together name more than {most} processes");
            problems.push(Problem::new(record.place, what, "one too many"));
            break;
        }
        faults.push(fault);
    }
    faults
}

fn fault(
    record: &Record,
    roster: &Roster,
    run_for: Duration,
    problems: &mut Problems,
) -> Option<Fault> {
    let kind = record.member::<FaultKind>("kind");
    let at = record.time("at");
    if let Some(at) = at {
        before_end(record, "at", at, run_for, problems);
    }
    let who = match kind.map(FaultKind::acts) {
        Some(Acts::OnGroups) => Some(Who::Nobody),
        Some(Acts::OnLinks | Acts::OnFlows | Acts::OnHosts | Acts::OnApplications) | None => {
            who(record, kind, roster, problems)
        }
    };
    // A fault of a kind that is not known is not built, but all the rest of it is checked.
    let effect = match kind {
        Some(kind) => effect(record, kind, roster, problems),
        None => groups(record, roster, problems).and(None),
    };
    let begin = Instant::ZERO + at.unwrap_or_default();
    let span = record.time("for");
    let momentary = kind.filter(|kind| kind.is_momentary());
    if let Some(kind) = momentary.filter(|_| record.names("for")) {
        let what = format!("`{kind}` happens at one moment");
        let problem = Problem::new(record.place_of("for"), what, "it lasts no time");
        problems.push(problem.help("leave out `for`"));
    }
    let span = if momentary.is_some() { Some(MOMENT) } else { span };
    let until = span.map_or(Instant::NEVER, |span| begin + span);
    let word = record.text("direction");
    let of_word = |direction: &Direction| word.is_some() && direction.word() == word;
    let direction = [Direction::In, Direction::Out].into_iter().find(of_word).unwrap_or_default();
    Some(Fault { effect: effect?, who: who?, at: at.map(|_| begin)?, until, direction })
}

fn effect(
    record: &Record,
    kind: FaultKind,
    roster: &Roster,
    problems: &mut Problems,
) -> Option<Effect> {
    Some(match kind {
        FaultKind::Disconnect => Effect::Disconnect,
        FaultKind::Cut => Effect::Cut,
        FaultKind::Partition => Effect::Partition { groups: groups(record, roster, problems)? },
        FaultKind::IdleTimeout => Effect::IdleTimeout { after: record.time("after")? },
        FaultKind::Loss => Effect::Loss { rate: record.rate("rate")? },
        FaultKind::Duplicate => Effect::Duplicate { rate: record.rate("rate")? },
        FaultKind::Corrupt => Effect::Corrupt { rate: record.rate("rate")? },
        FaultKind::Reorder => {
            Effect::Reorder { rate: record.rate("rate")?, delay: record.time("delay")? }
        }
        FaultKind::Latency => Effect::Latency { latency: record.latency("latency")? },
        FaultKind::Bandwidth => Effect::Bandwidth {
            bytes_per_second: record.whole("bytes_per_second")?,
            queue_bytes: record.whole("queue_bytes")?,
        },
        FaultKind::Crash => Effect::Crash {
            notice: if record.flag("notice")? { CrashNotice::Given } else { CrashNotice::Silent },
        },
        FaultKind::Pause => Effect::Pause,
        FaultKind::Freeze => Effect::Freeze,
        FaultKind::Reset => Effect::Reset,
        FaultKind::Slow => Effect::Slow { handler: record.time("handler")? },
        FaultKind::Deaf => Effect::Deaf {
            queue: Name::from(record.text("queue")?),
            event: Name::from(record.text("event")?),
        },
    })
}

/// Returns whom a fault hits. `kind` is `None` if it is not known.
fn who(
    record: &Record,
    kind: Option<FaultKind>,
    roster: &Roster,
    problems: &mut Problems,
) -> Option<Who> {
    let words = record.words("who")?;
    match words {
        [] => {
            let place = record.place_of("who");
            problems.push(Problem::new(place, "a fault on nobody", "expected at least one client"));
            return None;
        }
        [word] if word.text == "broker" => {
            if let Some(kind) = kind.filter(|kind| !kind.can_hit_broker()) {
                let what = format!("`{kind}` takes clients only");
                let problem = Problem::new(word.place, what, "expected a client");
                let has_target =
                    |kind: &FaultKind| kind.acts() != Acts::OnGroups && kind.can_hit_broker();
                let can = FaultKind::ALL.into_iter().filter(has_target);
                let can = all_of(can.map(FaultKind::name));
                problems.push(problem.help(format!("{can} can happen to the broker")));
                return None;
            }
            return Some(Who::Broker);
        }
        [word] if word.text == "everyone" => return Some(Who::Clients(roster.everyone())),
        _ => {}
    }
    let mut named = BTreeMap::new();
    let mut processes = Vec::new();
    for word in words {
        if ["broker", "everyone"].contains(&word.text.as_str()) {
            let what = format!("`{}` stands alone, not in a list", word.text);
            problems.push(Problem::new(word.place, what, "expected a client id"));
            continue;
        }
        let found = roster.resolve(word, problems);
        check_once(&found, word, &mut named, problems);
        processes.extend(found);
    }
    Some(Who::Clients(processes))
}

/// Reports a process that is named for a second time.
fn check_once(
    found: &[Name],
    word: &PlacedText,
    named: &mut BTreeMap<Name, Place>,
    problems: &mut Problems,
) {
    let mut again = None;
    for process in found {
        again = again.or(named.insert(process.clone(), word.place));
    }
    if let Some(first) = again {
        let what = format!("{} is named twice", quote(&word.text));
        problems.push(Problem::new(word.place, what, "again").also(first, "first here"));
    }
}

fn groups(record: &Record, roster: &Roster, problems: &mut Problems) -> Option<Vec<Vec<Name>>> {
    let groups = record.groups("groups")?;
    let are_groups = groups.len() >= 2 && groups.iter().all(|group| !group.is_empty());
    if !are_groups {
        let what = "a partition needs at least two groups, and none of them empty";
        let problem = Problem::new(record.place_of("groups"), what, "expected two or more groups");
        let help = "for example: groups = [[\"broker\", \"driver\"], [\"shop\"]]";
        problems.push(problem.help(help));
    }
    let mut named = BTreeMap::new();
    let mut member = |word: &PlacedText| {
        let found = match word.text.as_str() {
            "broker" => vec![Name::from("broker")],
            "everyone" => roster.everyone(),
            _ => roster.resolve(word, problems),
        };
        check_once(&found, word, &mut named, problems);
        found
    };
    let members = groups.iter().map(|group| group.iter().flat_map(&mut member).collect());
    let members: Vec<Vec<Name>> = members.collect();
    are_groups.then_some(members)
}
