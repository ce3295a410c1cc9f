//! Tests of what a trial may cost: it ends under the name of the limit, at the same moment each
//! time.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use delivery_lab::message::Contender;
use delivery_lab::net::Net;
use delivery_lab::scenario::{LoadOptions, Scenario};
use delivery_lab::search::{Failed, Property};
use delivery_lab::sim::{
    Apart, App, Cancel, EarlyStop, ExceededLimit, Placement, Programs, TrialError, TrialLimits,
    TrialOptions, run_trial,
};
use delivery_lab::terms::Guarantee;
use delivery_lab::time::Instant;

/// Two clients that answer each other without a pause, for a minute.
const ENDLESS: &str = r#"
title = "Without end"
run_for = "1m"
contenders = ["tcp/catch-up"]

[[client]]
id = "pinger"
subscribe = [{ queue = "q", event = "pong" }]
publish = [
    { queue = "q", event = "ping", every = "1s", count = 1, start = "1s" },
    { queue = "q", event = "ping", on = "pong" },
]

[[client]]
id = "ponger"
subscribe = [{ queue = "q", event = "ping" }]
publish = [{ queue = "q", event = "pong", on = "ping" }]
"#;

fn error(limits: TrialLimits) -> TrialError {
    let options = LoadOptions { force: true, ..LoadOptions::default() };
    let scenario = Scenario::load_with("endless", ENDLESS, &options).unwrap();
    let contender: Contender = scenario.contenders[0];
    let options = TrialOptions { limits, ..TrialOptions::default() };
    run_trial(&scenario, contender, 1, &options).expect_err("it is ended")
}

#[test]
fn a_trial_ends_under_the_name_of_the_limit_that_it_exceeds() {
    let none = TrialLimits::default;
    let check = |limits: TrialLimits, expected: ExceededLimit| {
        let error = error(limits.clone());
        let TrialError::Exceeded { limit, at } = &error else { panic!("{error}") };
        assert_eq!(*limit, expected);
        assert!(at.as_millis() > 1_000 && at.as_millis() < 60_000, "{at}");
        assert_eq!(error, self::error(limits), "the same moment again");
    };
    check(TrialLimits { events: 2_000, ..none() }, ExceededLimit::Events(2_000));
    check(TrialLimits { packets: 1_000, ..none() }, ExceededLimit::Packets(1_000));
    // Four ends of connections have 524,280 bytes of buffers.
    check(TrialLimits { memory: 600_000, ..none() }, ExceededLimit::Memory(600_000));
}

#[test]
fn a_trial_ends_at_its_limit_of_real_time() {
    let limit = Duration::from_nanos(1);
    let error = error(TrialLimits { real_time: Some(limit), ..TrialLimits::default() });
    let TrialError::Exceeded { limit: exceeded, .. } = error else { panic!("{error}") };
    assert_eq!(exceeded, ExceededLimit::RealTime(limit));
    assert_eq!(exceeded.to_string(), "more than 1ns of real time, its limit");
}

#[test]
fn a_trial_ends_when_it_is_cancelled() {
    let cancel = Cancel::default();
    cancel.cancel();
    let error = error(TrialLimits { cancel, ..TrialLimits::default() });
    assert!(matches!(error, TrialError::Cancelled { .. }), "{error}");
}

/// Records for ever without waiting.
struct Chatterbox;

impl Programs for Chatterbox {
    async fn broker<N: Net>(&self, _: N, _: u16) -> io::Result<()> {
        std::future::pending().await
    }

    async fn client<N: Net>(&self, _: N, _: SocketAddr, app: &mut App) -> io::Result<()> {
        loop {
            app.told_of_a_gap();
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn a_property_ends_at_the_limits_of_its_trials_even_if_no_time_passes() {
    let limits = TrialLimits { events: 10_000, ..TrialLimits::default() };
    let property = Property::new(Guarantee::AtLeastOnce).cases(1).limits(limits);
    let failed = property.holds(&|| Chatterbox).expect_err("it is ended");
    assert!(matches!(failed, Failed::NoResult(..)), "{failed}");
    assert!(failed.to_string().starts_with("a trial was ended at 0ms of the trial"), "{failed}");
}

/// One client computes for a while without yielding.
#[derive(Default)]
struct Busy(AtomicBool);

impl Programs for Busy {
    async fn broker<N: Net>(&self, _: N, _: u16) -> io::Result<()> {
        std::future::pending().await
    }

    async fn client<N: Net>(&self, net: N, _: SocketAddr, _: &mut App) -> io::Result<()> {
        net.sleep_until(Instant::from_millis(1_500)).await;
        if !self.0.swap(true, Ordering::Relaxed) {
            // Several times the limit, since the computer may be busy, too.
            std::thread::sleep(Duration::from_millis(1_500));
        }
        std::future::pending().await
    }
}

#[test]
#[ignore = "run by the next test, which reads what it says"]
fn busy() {
    let limits =
        TrialLimits { real_time: Some(Duration::from_millis(200)), ..TrialLimits::default() };
    let property = Property::new(Guarantee::AtLeastOnce).cases(1).limits(limits);
    let failed = property.holds(&Busy::default).expect_err("it is ended");
    assert!(failed.to_string().contains("more than 200ms of real time"), "{failed}");
}

#[test]
fn a_program_that_does_not_yield_is_named_with_the_simulated_moment() {
    let mut test = Command::new(std::env::current_exe().unwrap());
    let output = test.args(["--ignored", "--exact", "world::limits::busy"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let (before, after) =
        ("delivery-lab: the program of ", " has not yielded for 200ms of real time");
    assert!(said.contains(before) && said.contains(after), "{said}");
    assert!(said.contains("at 1.5s of simulated time"), "{said}");
}

#[test]
fn a_short_trial_is_cancelled_too() {
    let text = ENDLESS.replace("run_for = \"1m\"", "run_for = \"2s\"");
    let scenario = Scenario::load("short", &text).unwrap();
    let limits = TrialLimits::default();
    limits.cancel.cancel();
    let options = TrialOptions { limits, ..TrialOptions::default() };
    let error = run_trial(&scenario, scenario.contenders[0], 1, &options).expect_err("it is ended");
    assert!(matches!(error, TrialError::Cancelled { .. }), "{error}");
}

#[test]
fn a_panic_in_a_check_comes_out_as_itself() {
    let scenario = Scenario::load("endless", ENDLESS).unwrap();
    let stop = EarlyStop {
        from: |_| Instant::from_millis(2_000),
        when: |_, _, _| panic!("a bug in a check"),
    };
    for placement in [Placement::Together, Placement::Apart(Apart::default())] {
        let options = TrialOptions { placement, stop: Some(stop), ..TrialOptions::default() };
        let trial = run_trial(&scenario, scenario.contenders[0], 1, &options);
        let error = trial.expect_err("it panics");
        assert_eq!(error, TrialError::Panicked("a bug in a check".to_owned()), "{placement:?}");
    }
}
