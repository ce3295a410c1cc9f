//! Snapshots of whole reports, and properties that hold for every report.

mod told;

use proptest::prelude::*;
use serde_json::Value;

use super::measure::{COLUMNS, width};
use super::sample::{caps, checked, fault, report, row, scenario, subscriber};
use super::{Colour, Extent, Report, RunResult, Shape, Style, json, text, words};
use crate::scenario::{CrashNotice, Direction, Effect, Latency, Scenario, Who};
use crate::terms::{Cause, Claim, Guarantee, Verdict};
use crate::time::Duration;
use crate::verdict::{
    Evidence, GuaranteeFinding, ReplacedProcess, Row, SubscriberReport, UnconnectedProcess,
};

const DRAWN: Style = Style::new(Shape::Unicode, Colour::Off);
const ASCII: Style = Style::new(Shape::Ascii, Colour::Off);
const PLAIN: Style = Style::new(Shape::Plain, Colour::Off);
const COLOURED: Style = Style::new(Shape::Unicode, Colour::On);

/// Returns the text, after the checks that hold for every report.
fn check((report, scenario): &(Report, Scenario), style: &Style) -> String {
    let text = text(report, scenario, style);
    for line in text.lines() {
        assert!(width(line) <= COLUMNS, "{} columns: {line}", width(line));
        assert_eq!(line, line.trim_end(), "spaces at the end: {text}");
    }
    assert_eq!(json(report).lines().count(), 1);
    text
}

#[test]
fn a_miss_stands_under_its_outage() {
    insta::assert_snapshot!(check(&caps(), &DRAWN));
}

#[test]
fn ascii_says_the_same_as_unicode() {
    let text = check(&caps(), &ASCII);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn plain_is_one_fact_a_sentence_without_glyphs() {
    let text = check(&caps(), &PLAIN);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colour_adds_codes_and_changes_nothing_else() {
    let (report, scenario) = caps();
    let coloured = text(&report, &scenario, &COLOURED);
    assert!(coloured.contains('\u{1b}'));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(bare + rest, check(&(report, scenario), &DRAWN));
}

#[test]
fn a_price_is_compared_only_with_what_was_measured() {
    let scenario = scenario("Prices", &["shop"], Vec::new());
    let shop = |outcomes| vec![subscriber("shop", outcomes, 1_000, Cause::NotConnected)];
    let mut rows = vec![row("udp/fire-and-forget", shop("xx")), row("tcp/catch-up", shop("o+"))];
    rows[0].detections.clear();
    rows[1].cost.packets = 2 * rows[0].cost.packets;
    rows[1].cost.retransmits = 7;
    let finding = GuaranteeFinding {
        verdict: Verdict::Violated,
        claim: Claim::Kept,
        evidence: Evidence::LeftOut,
    };
    rows[1].guarantees.insert(Guarantee::AtMostOnce, finding);
    let report = report(&scenario, rows, Vec::new()).with_prices();
    insta::assert_snapshot!(check(&(report.clone(), scenario.clone()), &DRAWN));
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    let price = &document["prices"][1];
    assert_eq!(price["packets"], serde_json::json!({ "measured": 2468, "times_cheapest": 2.0 }));
    assert_eq!(price["retransmits"], serde_json::json!({ "measured": 7, "times_cheapest": null }));
    assert_eq!(document["prices"][0]["worst_delay_ms"]["measured"], Value::Null);
    let plain = check(&(report, scenario), &PLAIN);
    assert!(plain.contains("TCP segments sent again: 7, the cheapest has 0."), "{plain}");
    assert!(plain.contains("udp/fire-and-forget, worst delay: no figure."), "{plain}");
}

#[test]
fn where_nothing_was_published_nothing_is_drawn() {
    let scenario = scenario("Idle", &["shop"], Vec::new());
    let rows = vec![row("tcp/catch-up", vec![subscriber("shop", "", 1, Cause::Skipped)])];
    let text = check(&(report(&scenario, rows, Vec::new()), scenario), &DRAWN);
    assert!(!text.contains("published  ") && !text.contains("The run went on"), "{text}");
}

#[test]
fn everything_missed_is_said_first() {
    let cut = fault(Effect::Cut, "shop", 0, u64::MAX);
    let scenario = scenario("Nobody home", &["shop"], vec![cut]);
    let all = || vec![subscriber("shop", "xxxxxxxx", 1_000, Cause::LostBeforeBroker)];
    let mut rows = vec![row("tcp/fire-and-forget", all()), row("tcp/catch-up", all())];
    rows[1].detections.clear();
    for (guarantee, claim, said) in [
        (Guarantee::AtLeastOnce, Claim::Broken, "driver-1 was accepted at 1s, never handled"),
        (Guarantee::InOrder, Claim::OutsideTerms, "driver-2 came before driver-1"),
        (Guarantee::NoSilentGap, Claim::Open, "no session since the loss"),
    ] {
        let evidence = Evidence::Said(Some(said.to_owned()));
        let finding = GuaranteeFinding { verdict: Verdict::Violated, claim, evidence };
        rows[1].guarantees.insert(guarantee, finding.clone());
        rows[1].subscribers[0].guarantees.insert(guarantee, finding);
    }
    let expectations = vec![
        checked("tcp/catch-up missed = 0", Some("8"), Some(false)),
        checked("udp/catch-up missed = 0", None, None),
    ];
    insta::assert_snapshot!(check(&(report(&scenario, rows, expectations), scenario), &DRAWN));
}

#[test]
fn a_thousand_messages_are_still_readable() {
    let loss = fault(Effect::Loss { rate: 0.3 }, "shop", 5_000, 15_000);
    let scenario = scenario("A storm of packets", &["shop"], vec![loss]);
    let outcomes: String =
        (0..1_000).map(|n| if (280..780).contains(&n) && n % 3 == 0 { 'x' } else { 'o' }).collect();
    let mut rows = vec![
        row(
            "udp/fire-and-forget",
            vec![subscriber("shop", &outcomes, 18, Cause::DroppedInNetwork)],
        ),
        row(
            "tcp/fire-and-forget",
            vec![subscriber("shop", &"o".repeat(1_000), 18, Cause::Skipped)],
        ),
    ];
    rows[0].subscribers[0].handled_again = 12;
    rows[1].subscribers[0].out_of_order = 1_000_000;
    insta::assert_snapshot!(check(&(report(&scenario, rows, Vec::new()), scenario), &DRAWN));
}

#[test]
fn three_subscribers_have_a_lane_each() {
    let faults = vec![
        fault(Effect::Pause, "beta", 1_000, 4_000),
        fault(Effect::Loss { rate: 0.5 }, "beta", 2_000, 2_500),
        fault(Effect::Disconnect, "gamma", 7_500, 8_000),
    ];
    let scenario = scenario("Three shops", &["alpha", "beta", "gamma"], faults);
    let three = |outcomes: [&str; 3]| {
        ["alpha", "beta", "gamma"]
            .iter()
            .zip(outcomes)
            .map(|(name, outcomes)| subscriber(name, outcomes, 1_000, Cause::NotConnected))
            .collect()
    };
    let mut rows = vec![
        row("tcp/fire-and-forget", three(["oooooooo", "ooxxoooo", "ooooooox"])),
        row("tcp/catch-up", three(["oooooooo", "oo++oooo", "ooooooo+"])),
    ];
    rows[0].faults = vec![crate::verdict::Hits { fault: 1, hits: 0 }];
    insta::assert_snapshot!(check(&(report(&scenario, rows, Vec::new()), scenario), &DRAWN));
}

#[test]
fn forty_subscribers_share_a_lane() {
    let names: Vec<String> = (1..=40).map(|n| format!("reader#{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut crash = fault(Effect::Disconnect, "x", 3_000, 5_000);
    crash.who = Who::Clients(names[..12].iter().map(|&name| name.into()).collect());
    let scenario = scenario("Forty readers", &names, vec![crash]);
    let readers = |missed: &str| {
        let one = |(n, &name)| {
            let outcomes = if n < 12 { missed } else { "oooooooo" };
            subscriber(name, outcomes, 1_000, Cause::NotConnected)
        };
        names.iter().enumerate().map(one).collect()
    };
    let rows = vec![
        row("tcp/fire-and-forget", readers("oooxxooo")),
        row("tcp/catch-up", readers("ooo++ooo")),
    ];
    insta::assert_snapshot!(check(&(report(&scenario, rows, Vec::new()), scenario), &DRAWN));
}

#[test]
fn very_long_names_are_cut_in_lanes_and_whole_in_the_reasons() {
    let long = "the-shop-with-a-name-that-does-not-fit-into-any-line-of-eighty-columns-at-all-日本";
    let away = fault(Effect::Disconnect, long, 2_000, 2_200);
    let scenario = scenario(&long.repeat(3), &[long], vec![away]);
    let both = vec![
        subscriber(long, "oxo", 1_000, Cause::NotConnected),
        subscriber("b", "ooo", 1_000, Cause::NotConnected),
    ];
    let expectations = vec![checked(&format!("tcp/catch-up {long} missed = 0"), None, None)];
    let rows = vec![row("tcp/fire-and-forget", both)];
    insta::assert_snapshot!(check(&(report(&scenario, rows, expectations), scenario), &DRAWN));
}

#[test]
fn a_run_in_which_no_fault_did_anything_is_inconclusive() {
    let (mut report_, scenario) = caps();
    report_.contenders.iter_mut().for_each(|row| row.faults[0].hits = 0);
    let report = report(&scenario, report_.contenders, report_.expectations);
    let text = check(&(report, scenario), &DRAWN);
    assert!(text.contains("Inconclusive: no fault did anything"), "{text}");
    assert!(text.contains("did nothing in any contender"), "{text}");
}

#[test]
fn a_scenario_without_subscribers_is_no_trouble() {
    let scenario = scenario("", &[], Vec::new());
    let report = report(&scenario, vec![row("udp/catch-up", Vec::new())], Vec::new());
    let text = check(&(report, scenario), &DRAWN);
    assert!(text.contains("0 messages were published, and nobody had subscribed."), "{text}");
}

#[test]
fn every_fault_has_words() {
    let rate = 0.125;
    let (delay, handler) = (Duration::from_millis(50), Duration::from_millis(300));
    let latency = Latency { min: delay, max: handler };
    let groups = vec![vec!["broker".into(), "a".into()], vec!["b".into()]];
    let kinds = [
        Effect::Disconnect,
        Effect::Cut,
        Effect::Partition { groups },
        Effect::Loss { rate },
        Effect::Duplicate { rate },
        Effect::Corrupt { rate },
        Effect::Reorder { rate, delay },
        Effect::Latency { latency },
        Effect::Latency { latency: Latency { max: delay, ..latency } },
        Effect::Bandwidth { bytes_per_second: 12_000, queue_bytes: 1 },
        Effect::Crash { notice: CrashNotice::Silent },
        Effect::Crash { notice: CrashNotice::Given },
        Effect::Pause,
        Effect::Slow { handler },
        Effect::Deaf { queue: "shop".into(), event: "delivered".into() },
    ];
    let said = kinds.map(|kind| {
        let mut fault = fault(kind, "shop", 1_000, u64::MAX);
        fault.direction = Direction::In;
        format!("{}: {}, {}", fault.effect.kind(), words::fault(&fault), words::span(&fault))
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_numbers_of_the_text_are_the_numbers_of_the_json() {
    let (report, scenario) = caps();
    let text = check(&(report.clone(), scenario), &DRAWN);
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    for row in document["contenders"].as_array().unwrap() {
        let name = format!("{}/{}", row["link"].as_str().unwrap(), row["mode"].as_str().unwrap());
        // The lane comes first, the table's row second.
        let line = text.lines().filter(|line| line.starts_with(&name)).nth(1).unwrap();
        let cells: Vec<&str> = line.split_whitespace().skip(1).take(4).collect();
        let subscriber = &row["subscribers"][0];
        let expected = ["wanted", "live", "caught_up", "missed"].map(|key| &subscriber[key]);
        assert_eq!(cells, expected.map(Value::to_string), "{text}");
        let lane = text.lines().find(|line| line.starts_with(&name)).unwrap();
        for (glyph, key) in [('●', "live"), ('◐', "caught_up"), ('✗', "missed")] {
            let drawn = lane.chars().filter(|&c| c == glyph).count() as u64;
            assert_eq!(subscriber[key], drawn, "{lane}");
        }
        let causes = subscriber["causes"].as_object().unwrap().values();
        assert_eq!(subscriber["missed"], causes.filter_map(Value::as_u64).sum::<u64>());
    }
}

#[test]
fn the_json_has_the_names_of_the_contract() {
    let (report, _) = caps();
    insta::assert_snapshot!(json(&report).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

prop_compose! {
    fn any_report()(
        title in ".{0,120}",
        names in prop::collection::vec("[^\u{0}]{1,60}", 1..9),
        outcomes in "[o+x]{0,60}",
        every in 1_u64..2_000,
        run_ms in 1_u64..100_000,
        faults in prop::collection::vec((0_u64..30_000, 0_u64..60_000), 0..12),
        expected in ".{0,200}",
        replay in "[ -~é日]{0,200}",
        seed in any::<u64>(),
    ) -> (Report, Scenario) {
        let clients: Vec<&str> = names.iter().map(String::as_str).collect();
        let faults = faults
            .iter()
            .zip(clients.iter().cycle())
            .map(|(&(at, long), who)| {
                let until = if long > 50_000 { u64::MAX } else { at + long };
                fault(Effect::Cut, who, at, until)
            })
            .collect();
        let mut scenario = scenario(&title, &clients, faults);
        scenario.run_for = Duration::from_millis(run_ms);
        let subscribers = |_| {
            clients.iter().map(|name| subscriber(name, &outcomes, every, Cause::Evicted)).collect()
        };
        let rows = ["udp/catch-up", "tcp/fire-and-forget"]
            .iter()
            .map(|name| row(name, subscribers(name)))
            .collect();
        let checked = vec![checked(&expected, Some(&title), Some(false))];
        let mut report = report(&scenario, rows, checked);
        report.replay = format!("dlab run {} --seed {seed}", super::quoted(&replay));
        report.seed = seed;
        (report, scenario)
    }
}

proptest! {
    #[test]
    fn no_report_is_wider_than_eighty_columns(sample in any_report()) {
        for style in [DRAWN, ASCII, PLAIN] {
            for line in text(&sample.0, &sample.1, &style).lines() {
                prop_assert!(width(line) <= COLUMNS, "{} columns: {line}", width(line));
            }
        }
    }
}

#[test]
fn where_nobody_could_subscribe_nothing_is_praised() {
    let (_, scenario) = caps();
    let away = || SubscriberReport {
        client: "acme-widgets".to_owned(),
        never_subscribed: Some("upgrade refused"),
        ..SubscriberReport::default()
    };
    let driver = UnconnectedProcess {
        process: "driver".to_owned(),
        client: "driver".to_owned(),
        by: "upgrade refused",
    };
    // The subscriber has its own sentence, and is named once.
    let shop = UnconnectedProcess { client: "acme-widgets".to_owned(), ..driver.clone() };
    let never_connected = vec![driver, shop];
    let deaf = row("websocket/catch-up", vec![away()]);
    let deaf = Row { published: 8, never_connected, ..deaf };
    let there = || subscriber("acme-widgets", "oooooooo", 1_000, Cause::NotConnected);
    let both = vec![deaf.clone(), row("socketio/catch-up", vec![there()])];
    let read = |rows| check(&(report(&scenario, rows, vec![]), scenario.clone()), &PLAIN);
    let (alone, both) = (read(vec![deaf]), read(both));
    let why =
        "acme-widgets never got to subscribe and driver never got a session (upgrade refused)";
    for text in [squeezed(&alone), squeezed(&both)] {
        let nowhere = format!("with websocket/catch-up they went nowhere, since {why}.");
        assert!(text.contains(&nowhere), "{text}");
        assert!(text.contains(&format!("{why}; 8 messages went nowhere.")), "{text}");
    }
    assert!(squeezed(&both).contains("With the others none was missed."), "{both}");
    assert!(!alone.contains("none was missed"), "{alone}");
}

#[test]
fn who_only_publishes_and_never_had_a_session_is_named() {
    let (whole, scenario) = caps();
    let (process, client) = ("driver".to_owned(), "driver".to_owned());
    let never_connected = vec![UnconnectedProcess { process, client, by: "TCP timeout" }];
    let rows = whole.contenders.into_iter();
    let rows = rows.map(|row| Row { never_connected: never_connected.clone(), ..row });
    let sample = (report(&scenario, rows.collect(), vec![]), scenario);
    for style in [&DRAWN, &PLAIN] {
        let text = squeezed(&check(&sample, style));
        assert!(text.contains("tcp/catch-up: driver never got a session (TCP timeout)."), "{text}");
        assert!(!text.contains("went nowhere"), "{text}");
    }
}

#[test]
fn what_is_only_on_its_way_is_not_called_missed() {
    let (_, scenario) = caps();
    let headline = |contender: &str, outcomes: &str, cause| {
        let one = subscriber("acme-widgets", outcomes, 1_000, cause);
        let rows = vec![row(contender, vec![one])];
        super::headline::sentence(&report(&scenario, rows, vec![]))
    };
    let owed = headline("tcp/catch-up", "ooooxxxx", Cause::Unsettled);
    assert!(owed.contains("catch-up still owes 4 of them"), "{owed}");
    let under_way = headline("tcp/fire-and-forget", "ooooxxxx", Cause::Unsettled);
    assert!(under_way.contains("fire-and-forget still has 4 of them on the way"), "{under_way}");
    let missed = headline("tcp/catch-up", "ooooxxxx", Cause::NoHandler);
    assert!(missed.contains("catch-up missed 4 of them"), "{missed}");
}

#[test]
fn what_is_under_way_has_a_sign_and_a_longer_run_and_is_not_a_cross() {
    let away = fault(Effect::Disconnect, "acme-widgets", 2_500, 32_500);
    let scenario = scenario("Owed", &["acme-widgets"], vec![away]);
    let owed = vec![subscriber("acme-widgets", "ooxxxx", 1_000, Cause::Unsettled)];
    let expectations = vec![checked("tcp/catch-up missed = 0", Some("4"), Some(false))];
    let mut report = report(&scenario, vec![row("tcp/catch-up", owed)], expectations);
    report.replay += " --set fault.0.for=30s";
    let sample = (report, scenario);
    let drawn = check(&sample, &DRAWN);
    assert!(drawn.contains("○") && !drawn.contains("✗"), "{drawn}");
    assert!(drawn.contains("has 4 of 6 still under way:"), "{drawn}");
    assert!(drawn.contains("lasts until 32.5s, so the run is too short by at"), "{drawn}");
    let longer = "Longer: dlab run caps --seed 42 --set fault.0.for=30s --set run_for=43s";
    assert!(drawn.contains(longer), "{drawn}");
    assert!(drawn.contains("are for the scenario without --set"), "{drawn}");
    assert!(check(&sample, &ASCII).contains("? still under way"));
    assert!(check(&sample, &PLAIN).contains(longer));
    assert!(check(&sample, &screen(23)).contains(longer));
}

/// Joins the words of a text, however it was wrapped.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_came_before_a_subscription_is_drawn_and_told() {
    let (_, scenario) = caps();
    let of = |outcomes| subscriber("acme-widgets", outcomes, 1_000, Cause::NotConnected);
    let rows = vec![row("udp/catch-up", vec![of("-ooo")]), row("tcp/catch-up", vec![of("---o")])];
    let sample = (report(&scenario, rows, vec![]), scenario);
    let drawn = check(&sample, &DRAWN);
    let lane = |name: &str| {
        let line = drawn.lines().find(|line| line.starts_with(name)).unwrap();
        line.chars().filter(|sign| "–●".contains(*sign)).collect::<String>()
    };
    assert_eq!([lane("udp/"), lane("tcp/")], ["–●●●", "–––●"]);
    assert!(drawn.contains("– not subscribed"), "{drawn}");
    assert!(check(&sample, &ASCII).contains("- not subscribed"));
    for style in [&DRAWN, &PLAIN] {
        let text = squeezed(&check(&sample, style));
        for said in [
            "Of the messages, 1 to 3 came before acme-widgets's subscription stood: not wanted, so \
             not missed.",
            "The rows do not want the same, 1 to 3: messages came before a subscription stood",
            "udp/catch-up: 1 message came before acme-widgets's subscription stood, not wanted by \
             it: driver-1.",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    // A column of a lane that somebody else wanted shows what became of it there.
    let named = |n, outcomes| subscriber(&format!("vendor-{n}"), outcomes, 1_000, Cause::Refused);
    let lanes = (0..7).map(|n| named(n, if n == 0 { "oooo" } else { "-ooo" })).collect();
    let (_, scenario) = caps();
    let sample = (report(&scenario, vec![row("udp/catch-up", lanes)], vec![]), scenario);
    let text = check(&sample, &DRAWN);
    assert!(!text.contains("– not subscribed"), "{text}");
    let told = "1 message came before the subscriptions of 6 subscribers stood, not wanted by them";
    assert!(squeezed(&text).contains(told), "{text}");
}

#[test]
fn who_was_replaced_for_good_is_named() {
    let (whole, scenario) = caps();
    let (process, client) = ("window#2".to_owned(), "alice".to_owned());
    let replaced = vec![ReplacedProcess { process, client, at_ms: 3_200.0 }];
    let rows = whole.contenders.into_iter().map(|row| Row { replaced: replaced.clone(), ..row });
    let sample = (report(&scenario, rows.collect(), vec![]), scenario);
    for style in [&DRAWN, &PLAIN] {
        let text = squeezed(&check(&sample, style));
        let told =
            "window#2 was replaced at 3.2s, by a newer session of alice, and never came back";
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn a_failed_expectation_of_another_seed_says_so() {
    let (whole, scenario) = caps();
    let failed = vec![checked("tcp/catch-up missed = 1", Some("0"), Some(false))];
    let sample = |seed| {
        let scenario = Scenario { seed, ..scenario.clone() };
        (report(&scenario, whole.contenders.clone(), failed.clone()), scenario)
    };
    let said = "These expectations are for the scenario's own seed, 7.";
    assert!(check(&sample(7), &DRAWN).contains(said));
    assert!(check(&sample(7), &PLAIN).contains(said));
    assert!(check(&sample(7), &screen(23)).contains("0 of 1 met (they are for seed 7)"));
    assert!(!check(&sample(42), &DRAWN).contains("its own seed"));
}

#[test]
fn a_run_of_which_nothing_was_expected_has_met_nothing() {
    let (whole, scenario) = caps();
    let elsewhere = vec![checked("udp/catch-up missed = 0", None, None)];
    let report = report(&scenario, whole.contenders, elsewhere);
    assert_eq!(report.result, RunResult::Unchecked);
    let text = check(&(report, scenario), &DRAWN);
    assert!(text.contains("Nothing was expected of what ran, 1 not run"), "{text}");
}

#[test]
fn a_label_never_stands_in_front_of_its_bar() {
    let late = fault(Effect::Disconnect, "shop", 7_900, 8_000);
    let scenario = scenario("Late", &["shop"], vec![late]);
    let rows =
        vec![row("tcp/catch-up", vec![subscriber("shop", "oooooooo", 1_000, Cause::Skipped)])];
    let text = check(&(report(&scenario, rows, Vec::new()), scenario), &DRAWN);
    let bar = text.lines().position(|line| line.starts_with("shop")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[bar].ends_with('═') && !lines[bar].contains("disconnected"), "{text}");
    assert_eq!(lines[bar + 1].trim(), "disconnected", "{text}");
}

#[test]
fn a_late_message_is_not_drawn_like_a_prompt_one() {
    let scenario = scenario("Late", &["shop"], Vec::new());
    let mut one = subscriber("shop", "ooo", 1_000, Cause::Skipped);
    // Five times the longest latency, 40 ms, is not late yet.
    for (at, delay) in [(1, 200.0), (2, 201.0)] {
        one.messages[at].handled_ms = Some(one.messages[at].published_ms + delay);
    }
    let report = report(&scenario, vec![row("tcp/catch-up", vec![one])], Vec::new());
    let text = check(&(report, scenario), &DRAWN);
    let lane = text.lines().find(|line| line.starts_with("tcp/catch-up")).unwrap();
    let signs: String = lane.chars().filter(|c| "●◎".contains(*c)).collect();
    assert_eq!(signs, "●●◎", "{text}");
    assert!(text.contains("Late is more than 200ms after it was published."), "{text}");
}

#[test]
fn one_miss_of_twenty_is_no_cross() {
    let names: Vec<String> = (1..=20).map(|n| format!("reader#{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let scenario = scenario("Readers", &names, Vec::new());
    let one = |(n, &name)| {
        subscriber(name, if n == 7 { "oxx" } else { "oox" }, 1_000, Cause::NotConnected)
    };
    let readers = names.iter().enumerate().map(one).collect();
    let report = report(&scenario, vec![row("tcp/fire-and-forget", readers)], Vec::new());
    let text = check(&(report, scenario), &DRAWN);
    let lane = text.lines().find(|line| line.starts_with("tcp/")).unwrap();
    assert_eq!(lane.chars().filter(|c| "●⊗✗".contains(*c)).collect::<String>(), "●⊗✗", "{text}");
}

/// Returns the style of a terminal with so many lines for the report.
fn screen(lines: usize) -> Style {
    Style { extent: Extent::Lines(lines), ..DRAWN }
}

#[test]
fn on_a_terminal_a_report_fits_the_lines_and_says_how_to_see_more() {
    let sample = caps();
    let whole = check(&sample, &DRAWN);
    let first = check(&sample, &screen(23));
    assert!(first.lines().count() <= 23 && first.contains("add --full"), "{first}");
    assert!(first.contains("disconnected") && first.contains("noticed"), "{first}");
    assert!(first.contains("4 of 8: 3 the client was not connected; 1 sent"), "{first}");
    assert!(first.contains("Expectations: 3 of 3 met. 1 more reason, claims"), "{first}");
    // Reasons give way first, and the blank lines next.
    let tight = check(&sample, &screen(20));
    assert!(tight.lines().count() <= 20 && tight.contains("disconnected"), "{tight}");
    assert!(tight.contains("noticed") && !tight.lines().any(str::is_empty), "{tight}");
    // The picture gives way to the table.
    let small = check(&sample, &screen(14));
    assert!(small.lines().count() <= 14 && small.contains("Picture, claims and"), "{small}");
    assert_eq!(check(&sample, &screen(200)), whole);
}

#[test]
fn only_with_full_a_report_says_what_the_scenario_is_about() {
    let (report, mut scenario) = caps();
    scenario.about = "The shop is away for four seconds.".to_owned();
    let sample = (report, scenario);
    for style in [DRAWN, PLAIN] {
        assert!(!check(&sample, &style).contains("The shop is away for four seconds."));
        let full = Style { extent: Extent::Full, ..style };
        assert!(check(&sample, &full).contains("The shop is away for four seconds."));
    }
}

#[test]
fn the_picture_takes_the_columns_that_there_are() {
    let (report, scenario) = caps();
    for columns in [60, 80, 140, 200] {
        let text = text(&report, &scenario, &Style { columns, ..DRAWN });
        let ruler = text.lines().find(|line| line.trim().starts_with("0s ")).unwrap();
        assert!(width(ruler) <= columns && width(ruler) > columns * 3 / 4, "{columns}: {text}");
    }
}
