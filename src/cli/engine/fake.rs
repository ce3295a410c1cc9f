//! PLACEHOLDER for loader, simulator and judge: enough of each that the command line can be tried.
//!
//! It reads title, seed, contenders, `[[fault]] at` and `[[expect]] missed`, and makes rows up:
//! eight messages to one subscriber, of which fire-and-forget misses those under a disconnect.

use std::collections::BTreeMap;

use miette::{LabeledSpan, MietteDiagnostic, NamedSource, Report};
use toml_span::Value;

use super::{Builtin, LoadOptions, Problem, Simulated, TrialOptions, TrialPanic};
use crate::cli::values::Setting;
use crate::history::{Cost, History, Process, Recorder, What};
use crate::message::{BrokerLimits, Contender, MessageId, Mode};
use crate::scenario::{
    Direction, Expectation, Expected, Fault, FaultKind, Latency, Range, Scenario, Who,
};
use crate::time::{Duration, Instant};
use crate::verdict::{Bites, Cause, Checked, MessageOutcome, Outcome, Row, Subscriber};

const CAPS: &str = r#"title   = "CAPS: the vendor goes offline"
seed    = 42

[[fault]]
kind = "disconnect"
who  = "acme-widgets"
at   = "2.5s"
for  = "4s"

[[expect]]
contender = "tcp/catch-up"
missed    = 0
"#;

pub fn builtins() -> Vec<Builtin> {
    let title = "CAPS: the vendor goes offline".to_owned();
    vec![Builtin { name: "caps", title, text: CAPS }]
}

pub fn load(
    name: &str,
    given: &str,
    text: &str,
    _settings: &[Setting],
    options: &LoadOptions,
) -> Result<Scenario, Problem> {
    let root = toml_span::parse(text).map_err(|error| {
        let label = LabeledSpan::at(error.span.start..error.span.end, "here");
        let problem = MietteDiagnostic::new(error.to_string()).with_label(label);
        let source = NamedSource::new(given, text.to_owned());
        Problem::from(Report::new(problem).with_source_code(source))
    })?;
    let of = |key: &str| root.pointer(&format!("/{key}"));
    let title = of("title").and_then(Value::as_str).unwrap_or(name).to_owned();
    let contenders = if options.contenders.is_empty() {
        Contender::all().collect()
    } else {
        options.contenders.clone()
    };
    let entries = |key| of(key).and_then(Value::as_array).into_iter().flatten();
    Ok(Scenario {
        name: name.to_owned(),
        title,
        about: String::new(),
        seed: of("seed").and_then(Value::as_integer).unwrap_or(1) as u64,
        run_for: Duration::from_secs(20),
        latency: Latency { min: Duration::from_millis(10), max: Duration::from_millis(40) },
        contenders,
        broker: BrokerLimits::default(),
        clients: Vec::new(),
        faults: entries("fault").map(fault).collect(),
        expectations: entries("expect").map(expectation).collect(),
    })
}

fn fault(entry: &Value) -> Fault {
    let time = |key| {
        let text = entry.pointer(key).and_then(Value::as_str);
        text.and_then(|text| crate::cli::values::moment(text).ok()).unwrap_or(Instant::ZERO)
    };
    let at = time("/at");
    Fault {
        kind: FaultKind::Disconnect,
        who: Who::Clients(vec!["acme-widgets".into()]),
        at,
        until: at + Duration::from_micros(time("/for").as_micros()),
        direction: Direction::Both,
    }
}

fn expectation(entry: &Value) -> Expectation {
    let missed = entry.pointer("/missed").and_then(Value::as_integer).unwrap_or(0) as f64;
    let contender = entry.pointer("/contender").and_then(Value::as_str);
    let range = Range { min: Some(missed), max: Some(missed) };
    Expectation {
        contender: contender.and_then(|text| text.parse().ok()),
        client: None,
        what: Expected::Counter { name: "missed".to_owned(), range },
    }
}

pub fn simulate(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
) -> Result<Simulated, TrialPanic> {
    assert!(scenario.title != "please panic", "as the title says");
    if scenario.title == "please take long" {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let pen = Recorder::new(0);
    for number in 1..=3 {
        let at = Instant::from_micros(seed.wrapping_mul(number) % 1_000_000);
        pen.record(at, What::FaultBegan { fault: contender.link as usize });
    }
    let broker = Process { name: "broker".into(), client: "broker".into() };
    let history = History::assemble(vec![broker], &[pen]);
    let broker_view = options.broker_view_at.map(|_| "  nobody is connected".to_owned());
    Ok(Simulated { history, broker_view })
}

pub fn judge(scenario: &Scenario, contender: Contender, _history: &History) -> Row {
    let away = |ms| scenario.faults.iter().any(|fault| fault.is_on(Instant::from_millis(ms)));
    let mut subscriber = Subscriber { client: "acme-widgets".to_owned(), ..Subscriber::default() };
    for sequence in 1..=8 {
        let (outcome, cause) = match (away(sequence * 1_000), contender.mode) {
            (false, _) => (Outcome::Live, None),
            (true, Mode::CatchUp) => (Outcome::CaughtUp, None),
            (true, Mode::FireAndForget) => (Outcome::Missed, Some(Cause::NotConnected)),
        };
        subscriber.wanted += 1;
        subscriber.live += u64::from(outcome == Outcome::Live);
        subscriber.caught_up += u64::from(outcome == Outcome::CaughtUp);
        subscriber.missed += u64::from(outcome == Outcome::Missed);
        if let Some(cause) = cause {
            *subscriber.causes.entry(cause).or_default() += 1;
        }
        subscriber.messages.push(MessageOutcome {
            id: MessageId { publisher: "driver".into(), sequence },
            queue: "acme-widgets".into(),
            event: "delivered".into(),
            published_ms: (sequence * 1_000) as f64,
            outcome,
            handled_ms: None,
            cause,
        });
    }
    let live = subscriber.live == subscriber.wanted;
    let bit = |fault| Bites { fault, bit: u64::from(!live) };
    Row {
        link: contender.link,
        mode: contender.mode,
        published: 8,
        ended_at_ms: 20_000.0,
        subscribers: vec![subscriber],
        guarantees: BTreeMap::new(),
        faults: (0..scenario.faults.len()).map(bit).collect(),
        detections: Vec::new(),
        cost: Cost::default(),
    }
}

pub fn check_expectations(scenario: &Scenario, rows: &[Row]) -> Vec<Checked> {
    let mut checked = Vec::new();
    for expectation in &scenario.expectations {
        let Expected::Counter { range, .. } = &expectation.what else { continue };
        for row in rows {
            let contender = Contender { link: row.link, mode: row.mode };
            if expectation.contender.is_none_or(|wanted| wanted == contender) {
                let missed = row.subscribers[0].missed;
                let expected = format!("{contender} missed = {}", range.min.unwrap_or(0.0));
                let (measured, met) = (Some(missed.to_string()), range.contains(missed as f64));
                checked.push(Checked { expected, measured, met: Some(met) });
            }
        }
    }
    checked
}
