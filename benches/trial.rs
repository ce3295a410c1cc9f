//! Measures the cost of trials against the limits in `docs/architecture.md`: `cargo bench`.
//!
//! Times are the best of several runs and still noisy, so nothing here fails: each line says
//! whether its limit holds. Each case runs in a process of its own, to measure its peak memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use delivery_lab::message::Contender;
use delivery_lab::report;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::search::model;
use delivery_lab::sim::{self, Apart, Capturing, Placement, TrialOptions};
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

/// Returns a scenario in which nothing happens for a time but heartbeats.
fn idle(seconds: u64) -> Scenario {
    load(&format!(
        r#"
title      = "Idle"
run_for    = "{seconds}s"
latency    = "20ms"
contenders = ["tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{{ queue = "acme-widgets", event = "delivered", every = "1s", count = 1, start = "2s" }}]

[[client]]
id        = "shop"
subscribe = [{{ queue = "acme-widgets", event = "delivered" }}]
"#
    ))
}

/// Returns a scenario with many subscribers of a few messages, or the other way round. All are
/// there before the first message.
fn crowd(clients: u64, messages: u64) -> Scenario {
    load(&format!(
        r#"
title      = "A crowd"
run_for    = "{}s"
latency    = "20ms"
contenders = ["tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{{ queue = "q", event = "delivered", every = "100ms", count = {messages}, start = "20s" }}]

[[client]]
id        = "shop"
count     = {clients}
subscribe = [{{ queue = "q", event = "delivered" }}]
"#,
        23 + messages / 10
    ))
}

/// Returns a scenario with 100 messages of so many kilobytes.
fn long_payloads(kilobytes: u64) -> Scenario {
    let payload = "x".repeat(kilobytes as usize * 1_000);
    load(&format!(
        r#"
title      = "Long payloads"
run_for    = "60s"
latency    = "20ms"
contenders = ["tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{{ queue = "q", event = "delivered", every = "500ms", count = 100, start = "2s", payload = "{payload}" }}]

[[client]]
id        = "shop"
subscribe = [{{ queue = "q", event = "delivered" }}]
"#
    ))
}

fn load(text: &str) -> Scenario {
    Scenario::load("bench", text).expect("a scenario")
}

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
    /// A trial with its verdict, in at most `most`: `least` times as fast as with its processes
    /// apart. Beside it stands the floor: the same packets through a queue on bare tokio.
    Trial {
        scenario: fn() -> Scenario,
        contender: &'static str,
        runs: u32,
        most: Duration,
        least: f64,
    },
    /// Trials of growing scenarios, each with its verdict: at most `most` for each thing that grows
    /// in the largest one, beyond what the smallest one takes.
    Growth { of: &'static str, sizes: &'static [u64], make: fn(u64) -> Scenario, most: Duration },
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
        what: Quantity::Trial {
            scenario: caps,
            contender: "udp/fire-and-forget",
            runs: 30,
            most: Duration::from_micros(1_000),
            least: 3.0,
        },
    },
    Case {
        name: "caps, tcp/catch-up",
        what: Quantity::Trial {
            scenario: caps,
            contender: "tcp/catch-up",
            runs: 30,
            most: Duration::from_micros(1_000),
            least: 3.0,
        },
    },
    Case {
        name: "20 s and three clients, socketio/catch-up",
        what: Quantity::Trial {
            scenario: three,
            contender: "socketio/catch-up",
            runs: 30,
            most: Duration::from_millis(10),
            least: 2.0,
        },
    },
    Case {
        name: "an idle hour, tcp/catch-up",
        what: Quantity::Trial {
            scenario: || idle(3_600),
            contender: "tcp/catch-up",
            runs: 3,
            most: Duration::from_millis(20),
            least: 20.0,
        },
    },
    Case {
        name: "growth with clients: subscribers of 10 messages",
        what: Quantity::Growth {
            of: "subscriber",
            sizes: &[10, 100, 1_000, 9_999],
            make: |clients| crowd(clients, 10),
            most: Duration::from_micros(1_000),
        },
    },
    Case {
        name: "growth with messages: to 10 subscribers",
        what: Quantity::Growth {
            of: "message",
            sizes: &[10, 100, 1_000],
            make: |messages| crowd(10, messages),
            most: Duration::from_micros(300),
        },
    },
    Case {
        name: "growth with simulated time: idle minutes",
        what: Quantity::Growth {
            of: "minute",
            sizes: &[1, 60, 1_440],
            make: |minutes| idle(minutes * 60),
            most: Duration::from_micros(300),
        },
    },
    Case {
        name: "growth with packets: kilobytes of payload, 100 messages",
        what: Quantity::Growth {
            of: "kB",
            sizes: &[1, 10, 100],
            make: long_payloads,
            most: Duration::from_micros(2_000),
        },
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
            least: 1_000.0,
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
            Quantity::Trial { scenario, contender, runs, most, least } => {
                let contender = contender.parse().expect("a contender");
                trial(&scenario(), contender, runs, (most, least));
            }
            Quantity::Growth { of, sizes, make, most } => growth(of, sizes, make, most),
            Quantity::Program { arguments, most } => {
                let took = best(10, || {
                    let dlab = Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output();
                    assert!(dlab.expect("dlab starts").status.success());
                });
                line("wall", millis(took), millis(most), "ms");
            }
            Quantity::EndToEnd { text, handled, most, most_mib } => {
                let scenario = load(text);
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
    load(THREE)
}

/// Measures, in turn, a trial with its verdict; the same with its processes apart; bare turmoil with
/// as many turmoil hosts, the same tick and the same simulated time; and bare tokio.
fn trial(scenario: &Scenario, contender: Contender, runs: u32, (most, least): (Duration, f64)) {
    let apart = Placement::Apart(Apart::default());
    let apart = TrialOptions { placement: apart, ..TrialOptions::default() };
    let together = TrialOptions::default();
    let packets = packets(scenario, contender);
    let mut times = [Duration::MAX; 4];
    for _ in 0..runs {
        let measured = [
            best(1, || drop(run(scenario, contender, &together))),
            best(1, || drop(run(scenario, contender, &apart))),
            best(1, || step_bare_turmoil(scenario)),
            best(1, || move_on_bare_tokio(&packets)),
        ];
        times = std::array::from_fn(|index| times[index].min(measured[index]));
    }
    let [together, apart, turmoil, tokio] = times.map(millis);
    println!(
        "    {} packets; bare tokio {tokio:.2} ms; apart {apart:.2} ms; bare turmoil {turmoil:.2} ms",
        packets.len()
    );
    line("time", together, millis(most), "ms");
    println!("    {:<52} {:>13.2} ×", "times bare tokio", together / tokio);
    println!("    {:<52} {:>13.2} ×", "times bare turmoil", together / turmoil);
    line_at_least("times as fast as apart, at least", apart / together, least, "×");
}

fn run(scenario: &Scenario, contender: Contender, options: &TrialOptions) -> verdict::Row {
    let trial = sim::run_trial(scenario, contender, scenario.seed, options);
    verdict::judge(scenario, contender, &trial.expect("no panic").history)
}

/// Measures trials of growing scenarios, and what each of the things that grow costs in them.
fn growth(of: &str, sizes: &[u64], make: fn(u64) -> Scenario, most: Duration) {
    let mut first = None;
    let mut each = 0.0;
    for &size in sizes {
        let scenario = make(size);
        let contender = scenario.contenders[0];
        let mut packets = 0;
        let took = millis(best(RUNS, || {
            packets = run(&scenario, contender, &TrialOptions::default()).cost.packets;
        }));
        let (small, least) = *first.get_or_insert((size, took));
        if size > small {
            each = (took - least) * 1_000.0 / (size - small) as f64;
        }
        println!(
            "    {size:>6} × {of:<12} {packets:>9} packets {took:>10.2} ms {each:>9.1} µs each"
        );
    }
    line(&format!("each {of}"), each, millis(most) * 1_000.0, "µs");
}

/// A packet of a trial: the moment at which it left, and that of its arrival if it arrived.
struct Moved {
    left: Duration,
    due: Option<Duration>,
    bytes: Vec<u8>,
}

/// Returns the packets of a trial, in the order of leaving.
fn packets(scenario: &Scenario, contender: Contender) -> Vec<Moved> {
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    let trial = sim::run_trial(scenario, contender, scenario.seed, &options).expect("no panic");
    let packets = trial.capture.expect("it was asked for").into_packets();
    let moved = packets.into_iter().map(|packet| {
        let arrived = packet.ends.iter().find(|end| end.lost.is_none());
        let due = arrived.map(|end| Duration::from_micros(end.at.as_micros()));
        Moved { left: Duration::from_micros(packet.at.as_micros()), due, bytes: packet.bytes }
    });
    moved.collect()
}

/// Sleeps on a bare paused tokio runtime until each moment at which a packet leaves or arrives, and
/// moves the packets through one queue: what no simulation on tokio can do without.
fn move_on_bare_tokio(packets: &[Moved]) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let taken = runtime.block_on(async {
        let began = tokio::time::Instant::now();
        let mut queue = BinaryHeap::new();
        let (mut waiting, mut taken) = (packets.iter().peekable(), 0);
        loop {
            let now = began.elapsed();
            while let Some(packet) = waiting.next_if(|packet| packet.left <= now) {
                queue.extend(packet.due.map(|due| Reverse((due, packet.bytes.clone()))));
            }
            while queue.peek().is_some_and(|Reverse((due, _))| *due <= now) {
                taken += queue.pop().map_or(0, |Reverse((_, bytes))| bytes.len());
            }
            let due = queue.peek().map(|Reverse((due, _))| *due);
            let next = waiting.peek().map(|packet| packet.left).into_iter().chain(due).min();
            match next {
                Some(next) => tokio::time::sleep_until(began + next).await,
                None => return taken,
            }
        }
    });
    std::hint::black_box(taken);
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
