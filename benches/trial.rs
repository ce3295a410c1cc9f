//! Measures the cost of trials against the limits in `docs/architecture.md`: `cargo bench`.
//!
//! Times are the best of several runs and still noisy, so nothing here fails: each line says
//! whether its limit holds. Each case runs in a process of its own, to measure its peak memory.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use delivery_lab::message::Contender;
use delivery_lab::report;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::search::model;
use delivery_lab::sim::{self, TrialOptions};
use delivery_lab::verdict;

delivery_lab::seed_entropy!();

/// The argument before a case's name.
const CASE: &str = "--case";

/// 1,000 subscribers, 100 messages: 100,000 deliveries, one turmoil host for all subscribers.
const CROWD: &str = r#"
title      = "A crowd"
run_for    = "20s"
latency    = "20ms"
contenders = ["tcp/fire-and-forget"]

[[client]]
id      = "driver"
publish = [{ queue = "acme-widgets", event = "delivered", every = "100ms", count = 100, start = "2s", payload = { store = "acme-widgets", orderId = "e3669048" } }]

[[client]]
id        = "shop"
count     = 1000
subscribe = [{ queue = "acme-widgets", event = "delivered" }]
"#;

/// 10,000 messages, two subscribers, each message kept until both have acknowledged it.
const LONG: &str = r#"
title      = "A long day"
run_for    = "120s"
latency    = "20ms"
contenders = ["tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{ queue = "acme-widgets", event = "delivered", every = "10ms", count = 10000, start = "2s", payload = { store = "acme-widgets", orderId = "e3669048" } }]

[[client]]
id        = "shop"
subscribe = [{ queue = "acme-widgets", event = "delivered" }]

[[client]]
id        = "office"
subscribe = [{ queue = "acme-widgets", event = "delivered" }]
"#;

/// An hour in which nothing happens but heartbeats.
const IDLE: &str = r#"
title      = "An idle hour"
run_for    = "1h"
latency    = "20ms"
contenders = ["tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{ queue = "acme-widgets", event = "delivered", every = "30m", count = 1, start = "2s" }]

[[client]]
id        = "shop"
subscribe = [{ queue = "acme-widgets", event = "delivered" }]
"#;

/// Twenty seconds of three clients, one of which is away for three.
const THREE: &str = r#"
title      = "Three clients"
run_for    = "20s"
latency    = "20ms"
contenders = ["socketio/catch-up"]

[[client]]
id      = "driver"
publish = [{ queue = "acme-widgets", event = "delivered", every = "500ms", count = 30, start = "2s", payload = { store = "acme-widgets", orderId = "e3669048" } }]

[[client]]
id        = "shop"
subscribe = [{ queue = "acme-widgets", event = "delivered" }]

[[client]]
id        = "office"
subscribe = [{ queue = "acme-widgets", event = "delivered" }]

[[fault]]
kind = "disconnect"
who  = "office"
at   = "8s"
for  = "3s"
"#;

/// One measurement, with its limits.
struct Case {
    name: &'static str,
    what: Quantity,
}

enum Quantity {
    /// A trial compared with bare turmoil: at most `most` times its time, plus 3 µs a packet.
    Ratio { scenario: fn() -> Scenario, contender: &'static str, runs: u32, most: f64 },
    /// A run of the program `dlab`, from its start to its end.
    Program { arguments: &'static [&'static str], most: Duration },
    /// A trial with its verdict and its report as JSON.
    EndToEnd { text: &'static str, handled: u64, most: Duration, most_mib: u64 },
    /// `dlab sweep` of `few` and of `many` seeds: at least `least` trials a second on two threads,
    /// at least `scaling` times as many as on one, in memory that does not grow with their number.
    Sweep { arguments: &'static [&'static str], few: u64, many: u64, least: f64, scaling: f64 },
    /// Steps of the state machines over an in-memory network, with quiescence and checks: at least
    /// `least` a second.
    Steps { steps: u64, least: u64 },
}

const CASES: &[Case] = &[
    Case {
        name: "caps, udp/fire-and-forget",
        what: Quantity::Ratio {
            scenario: caps,
            contender: "udp/fire-and-forget",
            runs: 30,
            most: 1.5,
        },
    },
    Case {
        name: "caps, tcp/catch-up",
        what: Quantity::Ratio { scenario: caps, contender: "tcp/catch-up", runs: 30, most: 1.5 },
    },
    Case {
        name: "20 s and three clients, socketio/catch-up",
        what: Quantity::Ratio {
            scenario: three,
            contender: "socketio/catch-up",
            runs: 30,
            most: 3.0,
        },
    },
    Case {
        name: "an idle hour, tcp/catch-up",
        what: Quantity::Ratio { scenario: idle, contender: "tcp/catch-up", runs: 3, most: 1.5 },
    },
    Case {
        name: "dlab run caps",
        what: Quantity::Program { arguments: &["run", "caps"], most: Duration::from_millis(200) },
    },
    Case {
        name: "dlab run six-links",
        what: Quantity::Program { arguments: &["run", "six-links"], most: Duration::from_secs(2) },
    },
    Case {
        name: "1,000 subscribers × 100 messages, tcp/fire-and-forget",
        what: Quantity::EndToEnd {
            text: CROWD,
            handled: 100_000,
            most: Duration::from_secs(2),
            most_mib: 150,
        },
    },
    Case {
        name: "2 subscribers × 10,000 messages, tcp/catch-up",
        what: Quantity::EndToEnd {
            text: LONG,
            handled: 20_000,
            most: Duration::from_secs(2),
            most_mib: 200,
        },
    },
    Case {
        name: "dlab sweep caps, tcp/catch-up, 20,000 trials",
        what: Quantity::Sweep {
            arguments: &["sweep", "caps", "--contender", "tcp/catch-up"],
            few: 2_000,
            many: 20_000,
            least: 300.0,
            scaling: 1.8,
        },
    },
    Case {
        name: "the machines alone over an in-memory network, 1,000,000 steps",
        what: Quantity::Steps { steps: 1_000_000, least: 500_000 },
    },
];

/// Number of runs of a case that takes seconds.
const RUNS: u32 = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == CASE) {
        let case = CASES.iter().find(|case| case.name == arguments[at + 1]);
        return case.expect("the parent names a case").what.measure();
    }
    // `cargo test --all-targets` runs benches too, but only to see that they compile.
    if arguments.iter().any(|argument| argument == "--bench") {
        println!("{:<56} {:>17}  {:>9}", "", "measured", "limit");
        CASES.iter().for_each(Case::run);
    }
}

impl Case {
    /// Measures the case in a fresh process, which prints the results.
    fn run(&self) {
        println!("{}", self.name);
        let program = std::env::current_exe().expect("this program is a file");
        let status = Command::new(program).args([CASE, self.name]).status();
        assert!(status.expect("this program starts").success(), "{}", self.name);
    }
}

impl Quantity {
    /// Measures in this process, and prints the results.
    fn measure(&self) {
        match *self {
            Quantity::Ratio { scenario, contender, runs, most } => {
                ratio(&scenario(), contender.parse().expect("a contender"), runs, most);
            }
            Quantity::Program { arguments, most } => {
                let took = best(10, || {
                    let dlab = Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output();
                    assert!(dlab.expect("dlab starts").status.success());
                });
                line("wall", millis(took), millis(most), "ms");
            }
            Quantity::EndToEnd { text, handled, most, most_mib } => {
                let scenario = Scenario::load("bench", text).expect("a scenario");
                let took = best(1, || end_to_end(&scenario, handled));
                // Measured before further runs: they start with the heap that the first one
                // left.
                let peak = peak_mib("/proc/self/status").unwrap_or(f64::NAN);
                let took = took.min(best(RUNS - 1, || end_to_end(&scenario, handled)));
                line("wall", millis(took), millis(most), "ms");
                line("peak memory", peak, most_mib as f64, "MiB");
            }
            Quantity::Steps { steps, least } => {
                let took = best(RUNS, || model_steps(steps));
                let rate = steps as f64 / took.as_secs_f64();
                line_at_least("steps a second, at least", rate, least as f64, "/s");
            }
            Quantity::Sweep { arguments, few, many, least, scaling } => {
                let one = best(RUNS, || {
                    sweep(arguments, few, 1);
                });
                let mut small = 0.0;
                let two = best(RUNS, || small = sweep(arguments, few, 2));
                let large = sweep(arguments, many, 2);
                let rate = few as f64 / two.as_secs_f64();
                line_at_least("trials a second on two threads, at least", rate, least, "/s");
                let times = one.as_secs_f64() / two.as_secs_f64();
                line_at_least("times that on one thread, at least", times, scaling, "×");
                println!("    peak memory {small:.1} MiB, and {large:.1} MiB with all trials");
                line("memory with ten times the trials", large / small, 1.2, "×");
            }
        }
    }
}

fn caps() -> Scenario {
    let (name, text) = builtin::all().find(|(name, _)| *name == "caps").expect("it is built in");
    Scenario::load(name, text).expect("it is built in")
}

fn three() -> Scenario {
    Scenario::load("bench", THREE).expect("a scenario")
}

fn idle() -> Scenario {
    Scenario::load("bench", IDLE).expect("a scenario")
}

/// Measures, in turn, a trial with its verdict, and bare turmoil with as many turmoil hosts, the
/// same tick and the same simulated time.
fn ratio(scenario: &Scenario, contender: Contender, runs: u32, most: f64) {
    let (mut trial, mut bare, mut packets) = (Duration::MAX, Duration::MAX, 0);
    for _ in 0..runs {
        trial = trial.min(best(1, || packets = run(scenario, contender).cost.packets));
        bare = bare.min(best(1, || step_bare_turmoil(scenario)));
    }
    let beyond = trial.saturating_sub(Duration::from_micros(3 * packets));
    let took = format!("{:.2} ms and {packets} packets", millis(trial));
    println!("    {took}; bare turmoil {:.2} ms", millis(bare));
    line("ratio beyond 3 µs a packet", beyond.as_secs_f64() / bare.as_secs_f64(), most, "×");
}

fn run(scenario: &Scenario, contender: Contender) -> verdict::Row {
    let options = TrialOptions::default();
    let trial = sim::run_trial(scenario, contender, scenario.seed, &options);
    verdict::judge(scenario, contender, &trial.expect("no panic").history)
}

/// Runs turmoil with as many turmoil hosts as the trial has, all of which wait for ever.
fn step_bare_turmoil(scenario: &Scenario) {
    let mut sim = turmoil::Builder::new()
        .tick_duration(sim::tick(scenario).into())
        .simulation_duration(Duration::MAX)
        .build();
    for turmoil_host in 0..=scenario.clients.len() as u8 {
        sim.client(IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1 + turmoil_host)), pending());
    }
    while sim.elapsed() < scenario.run_for.into() {
        sim.step().expect("nothing happens");
    }
}

/// Does what `dlab run --json` does, without its output.
fn end_to_end(scenario: &Scenario, handled: u64) {
    let contender = scenario.contenders[0];
    let options = TrialOptions::default();
    let judged = sim::run_trial_then(scenario, contender, scenario.seed, &options, |trial| {
        let row = verdict::judge(scenario, contender, &trial.history);
        (trial.history.trace_hash(), row)
    });
    let (hash, row) = judged.expect("no panic");
    let rows = vec![row];
    let live: u64 = rows[0].subscribers.iter().map(|one| one.live).sum();
    assert_eq!(live, handled, "every message is handled live by every subscriber");
    let checked = verdict::check_expectations(scenario, &rows);
    let report = report::build(scenario, scenario.seed, String::new(), rows, hash, checked);
    assert!(!report::json(&report).is_empty());
}

/// Sweeps the seeds from 1 to `seeds` on `threads` threads. Returns the peak memory in MiB.
fn sweep(arguments: &[&str], seeds: u64, threads: u32) -> f64 {
    let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
    dlab.args(arguments).args(["--json", "--seeds", &format!("1..{seeds}")]);
    let dlab = dlab.args(["-j", &threads.to_string()]).stdout(Stdio::null());
    let mut child = dlab.spawn().expect("dlab starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    // A process that has ended no longer reports its memory.
    while child.try_wait().expect("it is a child").is_none() {
        peak = peak.max(peak_mib(&status).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().expect("it is a child").success());
    peak
}

/// Runs random histories of the model with at least `steps` steps in total.
fn model_steps(steps: u64) {
    let (mut left, mut seed) = (steps, 0);
    while left > 0 {
        seed += 1;
        let played = model::run_steps(model::drawn(seed), seed, model::length(seed));
        assert_eq!(played.finding, None, "seed {seed}");
        left = left.saturating_sub(played.steps);
    }
}

/// Returns the shortest time of several runs.
fn best(runs: u32, mut run: impl FnMut()) -> Duration {
    let times = (0..runs).map(|_| {
        let begin = Instant::now();
        run();
        begin.elapsed()
    });
    times.min().unwrap_or(Duration::MAX)
}

/// Returns the peak memory of a process in MiB: `VmHWM`, proc(5).
fn peak_mib(status: &str) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1_024.0)
}

fn line(what: &str, measured: f64, most: f64, unit: &str) {
    line_with(what, measured, most, unit, measured <= most);
}

fn line_at_least(what: &str, measured: f64, least: f64, unit: &str) {
    line_with(what, measured, least, unit, measured >= least);
}

fn line_with(what: &str, measured: f64, limit: f64, unit: &str, holds: bool) {
    let verdict = if holds { "pass" } else { "over" };
    println!("    {what:<52} {measured:>13.2} {unit:<3}  {limit:>5} {unit:<3}  {verdict}");
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
