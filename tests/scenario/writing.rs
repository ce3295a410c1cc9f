//! Tests that a scenario is written as a file that loads as the same scenario.

use delivery_lab::scenario::{Scenario, builtin};

#[test]
fn every_built_in_scenario_reads_back_as_it_prints() {
    for (name, text) in builtin::all().chain(builtin::museum()) {
        let scenario = Scenario::load(name, text).unwrap();
        let printed = scenario.to_string();
        let read = Scenario::load(name, &printed);
        let read = read.unwrap_or_else(|bad| panic!("{name}: {bad:?}\n{printed}"));
        assert_eq!(read, scenario, "{name}:\n{printed}");
        assert_eq!(read.to_string(), printed);
    }
}

#[test]
fn what_no_built_in_scenario_says_reads_back_too() {
    let text = r#"
title = "A \"quoted\"\ntitle\u007f"
about = "ümläut"
seed = 7
run_for = "90s"
latency = "1ms..2.5s"
contenders = ["sse/catch-up"]
[broker]
backlog = { messages = 5, bytes = 1000, age = "1500ms", when_full = "refuse", per_subscription = 2 }
session_expiry = "0ms"
ack_timeout = "2s"
window = 3
send_queue = 10
accept_queue = 9
upgrade = "refuse"
keep_alive = { after = "10s", every = "2s", probes = 3 }
[polling]
interval = "250ms"
[http]
timeout = "3s"
connections = "one-per-request"
[[client]]
id = "a b"
name = "c"
outbox = 4
keep_alive = { after = "1m" }
on_replaced = "reconnect"
inbox = 3
publish = [
  { queue = "q", event = "e", payload = { a = [1, 2.5, "x"], "b c" = { d = true } }, ack_within = "1s" },
  { queue = "q", event = "f", on = "e", after = "100ms", to = ["r", "s"], except = ["t"], volatile = true },
  { queue = "q", event = "e", every = "1s", broadcast = true, start = "0s" },
]
subscribe = [{ queue = "q", event = "e", from = "start" }]
join  = [{ queue = "q", room = "r", at = "3s" }]
leave = [{ queue = "q", room = "r", at = "6s" }]
[[client]]
id = "many"
count = 3
ack = "never"
dedup = false
resubscribe = false
subscribe = [{ queue = "q", event = "e" }]
[[fault]]
kind = "partition"
groups = [["broker", "many#2"], ["a b"]]
at = "1s"
[[fault]]
kind = "latency"
who = "everyone"
latency = "100ms..200ms"
at = "1s"
for = "0.5s"
direction = "in"
[[fault]]
kind = "bandwidth"
who = "broker"
bytes_per_second = 100
queue_bytes = 2000
at = "2s"
for = "1s"
[[expect]]
client = "c"
wanted = "1.."
missed = "..100000"
recoveries = { false_comfort = 0 }
guarantee = "in-order"
verdict = "holds"
claim = "kept"
[[expect]]
contender = "sse/catch-up"
packets = "1..100000"
missed = 3
cause = "evicted"
anomaly = "silent-loss"
"#;
    let scenario = Scenario::load("odd", text).unwrap();
    let printed = scenario.to_string();
    let read = Scenario::load("odd", &printed);
    assert_eq!(read.unwrap_or_else(|bad| panic!("{bad:?}\n{printed}")), scenario, "{printed}");
}
