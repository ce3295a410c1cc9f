//! Tests that a loaded scenario has the values of its file.

use delivery_lab::message::{
    AckPolicy, BrokerLimits, ClientLimits, Contender, Dedup, Durability, Echo, Resubscribe,
    StartAt, WhenFull,
};
use delivery_lab::scenario::{
    CrashNotice, Direction, Effect, Expected, LoadOptions, Range, Scenario, Setting, When, Who,
    builtin, template,
};
use delivery_lab::terms::{Anomaly, Cause, Claim, Counter, Guarantee, Verdict};
use delivery_lab::time::{Duration, Instant};

use super::{file, load, render};

/// Loads a scenario that must be valid.
#[track_caller]
fn good(text: &str, settings: &[&str]) -> Scenario {
    load(text, settings).unwrap_or_else(|diagnostics| panic!("{}", render(&diagnostics)))
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_machines() {
    let scenario = good(&file("", ""), &[]);
    assert_eq!(scenario.name, "test");
    assert_eq!(scenario.seed, 1);
    assert_eq!(scenario.broker, BrokerLimits::default());
    assert!(scenario.clients.iter().all(|client| client.limits == ClientLimits::default()));
    assert!(scenario.contenders.iter().copied().eq(Contender::all()));
    assert_eq!((scenario.clients[0].count, &scenario.clients[0].name), (1, &None));
    let When::Every { start, count, .. } = scenario.clients[0].publish[0].when else {
        panic!("it goes by the clock")
    };
    assert_eq!((start, count), (Instant::from_millis(1_000), 1));
}

#[test]
fn every_key_of_broker_and_client_is_read() {
    let text = file(
        "",
        r#"
[broker]
backlog = { messages = 5, bytes = 6, age = "7s", when_full = "refuse", per_subscription = 4 }
session_expiry = "0s"
heartbeat = { every = "8s", timeout = "9s" }
ack_timeout = "10s"
window = 11
send_queue = 12
accept_queue = 13
[[client]]
id = "reader"
count = 2
ack = "never"
dedup = false
inbox = 14
outbox = 15
resubscribe = false
subscribe = [{ queue = "q", event = "e", from = "start" }]
join = [{ queue = "q", room = "vip", at = "1s" }]
leave = [{ queue = "q", room = "e", at = "2s" }]
publish = [
  { queue = "q", event = "x", on = "e", after = "3s", to = ["r"], except = ["s"], broadcast = true,
    volatile = true, ack_within = "4s", payload = { b = [1, 2.5, "x", true] } },
  { queue = "q", event = "y", every = "3s", start = "500ms" },
]
"#,
    );
    let scenario = good(&text, &[]);
    let (broker, client) = (&scenario.broker, &scenario.clients[2]);
    let backlog = &broker.backlog;
    assert_eq!((backlog.messages, backlog.bytes, backlog.when_full), (5, 6, WhenFull::Refuse));
    assert_eq!(backlog.age, Some(Duration::from_secs(7)));
    assert_eq!(backlog.per_subscription, Some(4));
    assert_eq!(broker.session_expiry, Some(Duration::ZERO));
    assert_eq!(broker.heartbeat.every, Duration::from_secs(8));
    assert_eq!(broker.heartbeat.timeout, Duration::from_secs(9));
    assert_eq!(broker.ack_timeout, Duration::from_secs(10));
    assert_eq!((broker.window, broker.send_queue, broker.accept_queue), (11, 12, 13));
    let limits = &client.limits;
    assert_eq!(limits.ack_timeout, Duration::from_secs(10));
    assert_eq!((limits.ack, limits.dedup), (AckPolicy::Never, Dedup::Off));
    assert_eq!((limits.inbox, limits.outbox), (14, 15));
    assert_eq!(limits.resubscribe, Resubscribe::Once);
    assert_eq!(client.subscribe[0].from, StartAt::Start);
    assert_eq!(client.join[0].room.as_str(), "vip");
    assert_eq!(client.leave[0].at, Instant::from_millis(2_000));
    let [answer, clock] = client.publish.as_slice() else { panic!("two entries") };
    assert_eq!(answer.when, When::On { event: "e".into(), after: Duration::from_secs(3) });
    assert_eq!(
        (answer.draft.target.to[0].as_str(), answer.draft.target.except[0].as_str()),
        ("r", "s")
    );
    assert_eq!(
        (answer.draft.target.echo, answer.draft.target.keep),
        (Echo::NotSender, Durability::Volatile)
    );
    assert_eq!(answer.ack_within, Some(Duration::from_secs(4)));
    assert_eq!(answer.draft.payload.as_str(), r#"{"b":[1,2.5,"x",true]}"#);
    // At 0.5 s, 3.5 s, 6.5 s and 9.5 s of 10 s.
    let every = Duration::from_secs(3);
    assert_eq!(clock.when, When::Every { start: Instant::from_millis(500), every, count: 4 });
}

#[test]
fn every_kind_of_fault_is_read() {
    let kinds = [
        ("kind = \"disconnect\"\nwho = \"shop\"", Effect::Disconnect),
        ("kind = \"cut\"\nwho = \"shop\"", Effect::Cut),
        (
            "kind = \"partition\"\ngroups = [[\"broker\"], [\"shop\"]]",
            Effect::Partition { groups: vec![vec!["broker".into()], vec!["shop".into()]] },
        ),
        (
            "kind = \"idle-timeout\"\nwho = \"shop\"\nafter = \"30s\"",
            Effect::IdleTimeout { after: Duration::from_secs(30) },
        ),
        ("kind = \"loss\"\nwho = \"shop\"\nrate = 0.5", Effect::Loss { rate: 0.5 }),
        ("kind = \"duplicate\"\nwho = \"shop\"\nrate = 1", Effect::Duplicate { rate: 1.0 }),
        ("kind = \"corrupt\"\nwho = \"shop\"\nrate = 0", Effect::Corrupt { rate: 0.0 }),
        (
            "kind = \"reorder\"\nwho = \"shop\"\nrate = 0.1\ndelay = \"9ms\"",
            Effect::Reorder { rate: 0.1, delay: Duration::from_millis(9) },
        ),
        (
            "kind = \"latency\"\nwho = \"shop\"\nlatency = \"1ms..2ms\"",
            Effect::Latency { latency: "1ms..2ms".parse().unwrap() },
        ),
        (
            "kind = \"bandwidth\"\nwho = \"shop\"\nbytes_per_second = 1\nqueue_bytes = 1500",
            Effect::Bandwidth { bytes_per_second: 1, queue_bytes: 1_500 },
        ),
        ("kind = \"crash\"\nwho = \"shop\"", Effect::Crash { notice: CrashNotice::Silent }),
        (
            "kind = \"crash\"\nwho = \"shop\"\nnotice = true",
            Effect::Crash { notice: CrashNotice::Given },
        ),
        ("kind = \"pause\"\nwho = \"shop\"", Effect::Pause),
        (
            "kind = \"slow\"\nwho = \"shop\"\nhandler = \"3ms\"",
            Effect::Slow { handler: Duration::from_millis(3) },
        ),
        (
            "kind = \"deaf\"\nwho = \"shop\"\nqueue = \"q\"\nevent = \"e\"",
            Effect::Deaf { queue: "q".into(), event: "e".into() },
        ),
    ];
    for (keys, kind) in kinds {
        let fault = &good(&file("", &format!("[[fault]]\nat = \"1s\"\n{keys}")), &[]).faults[0];
        assert_eq!(fault.effect, kind);
        assert_eq!((fault.at, fault.until), (Instant::from_millis(1_000), Instant::NEVER));
        assert_eq!(matches!(fault.who, Who::Nobody), matches!(kind, Effect::Partition { .. }));
    }
}

#[test]
fn a_fault_names_processes() {
    let named = |who: &str| {
        let rest = format!(
            "[[client]]\nid = \"crowd\"\ncount = 3\n[[fault]]\nkind = \"cut\"\nat = \"1s\"\n\
             for = \"2s\"\ndirection = \"in\"\nwho = {who}"
        );
        let fault = good(&file("", &rest), &[]).faults.remove(0);
        assert_eq!((fault.direction, fault.until), (Direction::In, Instant::from_millis(3_000)));
        fault.who
    };
    let clients = |names: &[&str]| Who::Clients(names.iter().map(|name| (*name).into()).collect());
    assert_eq!(named("\"shop\""), clients(&["shop"]));
    assert_eq!(named("[\"crowd#2\", \"driver\"]"), clients(&["crowd#2", "driver"]));
    assert_eq!(named("\"crowd\""), clients(&["crowd#1", "crowd#2", "crowd#3"]));
    let everyone = ["driver", "shop", "crowd#1", "crowd#2", "crowd#3"];
    assert_eq!(named("\"everyone\""), clients(&everyone));
    assert_eq!(named("\"broker\""), Who::Broker);
}

#[test]
fn each_counter_of_an_entry_is_an_expectation_of_its_own() {
    let text = file(
        "",
        r#"
[[expect]]
contender = "tcp/catch-up"
client = "shop"
missed = "1.."
cause = "refused"
live = 3
recoveries.false_comfort = 0
guarantee = "in-order"
verdict = "holds"
claim = "kept"
anomaly = "stalled"
[[expect]]
published = "..4.5"
"#,
    );
    let expectations = good(&text, &[]).expectations;
    let exactly = |number| Range { min: Some(number), max: Some(number) };
    let counter = |counter, range| Expected::Counter { counter, range };
    let expected = [
        counter(Counter::Live, exactly(3.0)),
        Expected::MissedBy { cause: Cause::Refused, range: Range { min: Some(1.0), max: None } },
        counter(Counter::FalseComfort, exactly(0.0)),
        Expected::Verdict { guarantee: Guarantee::InOrder, verdict: Verdict::Holds },
        Expected::Claim { guarantee: Guarantee::InOrder, claim: Claim::Kept },
        Expected::Anomaly(Anomaly::Stalled),
        counter(Counter::Published, Range { min: None, max: Some(4.5) }),
    ];
    assert!(expectations.iter().map(|expectation| &expectation.what).eq(&expected));
    assert_eq!(expectations[0].client, Some("shop".into()));
    assert_eq!(expectations[0].contender.unwrap().to_string(), "tcp/catch-up");
    assert_eq!((&expectations[6].client, expectations[6].contender), (&None, None));
}

#[test]
fn what_is_expected_of_a_contender_that_is_not_run_is_kept() {
    let expect = "[[expect]]\ncontender = \"udp/catch-up\"\nmissed = 0";
    let scenario = good(&file("contenders = [\"tcp/catch-up\"]", expect), &[]);
    let contender = scenario.expectations[0].contender.unwrap();
    assert_eq!(contender.to_string(), "udp/catch-up");
    assert!(!scenario.contenders.contains(&contender));
}

#[test]
fn a_setting_changes_what_the_file_says() {
    let text = file("", "[[fault]]\nkind = \"cut\"\nat = \"1s\"\nwho = \"shop\"");
    let settings = [
        "seed=7",
        "title = Another one",
        "latency=1ms..2ms",
        "fault.0.for=3s",
        "fault.0.who=[\"shop\", \"driver\"]",
        "client.driver.count=5",
        "client.1.subscribe.0.from=start",
        "broker.backlog.messages=10",
        "client.\"shop\".dedup=false",
    ];
    // Five drivers are no longer one `driver`, but `who = "driver"` names all of them.
    let scenario = good(&text, &settings);
    assert_eq!((scenario.seed, scenario.title.as_str()), (7, "Another one"));
    assert_eq!(scenario.latency.to_string(), "1ms..2ms");
    assert_eq!(scenario.faults[0].until, Instant::from_millis(4_000));
    let Who::Clients(named) = &scenario.faults[0].who else { panic!("clients") };
    assert_eq!((named.len(), scenario.clients[0].count), (6, 5));
    assert_eq!(scenario.clients[1].subscribe[0].from, StartAt::Start);
    assert_eq!(scenario.clients[1].limits.dedup, Dedup::Off);
    assert_eq!(scenario.broker.backlog.messages, 10);
}

#[test]
fn deliveries_are_messages_times_subscribers() {
    let crowd =
        "[[client]]\nid = \"crowd\"\ncount = 10\nsubscribe = [{ queue = \"q\", event = \"e\" }]\n";
    let answer = "publish = [{ queue = \"q\", event = \"thanks\", on = \"e\" }]\n";
    let listener =
        "[[client]]\nid = \"ears\"\nsubscribe = [{ queue = \"q\", event = \"thanks\" }]\n";
    for (rest, deliveries) in [
        (String::new(), 1),
        (crowd.to_owned(), 11),
        // Each of the ten answers the one message, and one client receives these answers.
        (format!("{crowd}{answer}{listener}"), 21),
    ] {
        assert_eq!(good(&file("", &rest), &[]).deliveries(), deliveries);
    }
}

#[test]
fn force_loads_a_scenario_of_any_size() {
    let text = file("", "").replace(
        "event = \"e\" }]\n[[client]]\nid = \"shop\"",
        "event = \"e\", every = \"1ms\" }]\n[[client]]\nid = \"shop\"\ncount = 1000",
    );
    let load =
        |force| Scenario::load_with("t", &text, &LoadOptions { force, ..LoadOptions::default() });
    assert!(load(false).is_err());
    // One message per millisecond from 1 s to 10 s, to a thousand shops.
    assert_eq!(load(true).ok().map(|scenario| scenario.deliveries()), Some(9_000_000));
}

#[test]
fn what_dlab_new_writes_can_be_run() {
    for title in ["My first scenario", "quotes \" and \\ and \u{7f}\n🦀", ""] {
        assert_eq!(good(&template(title), &[]).title, title);
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("template", template("My first scenario"));
    });
    // Every key that is commented out can be put in.
    let on: String = template("t")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(on.contains("\nseed = 1\n"));
    // What is commented out is the default: put in, it changes nothing.
    assert_eq!(good(&on, &[]), good(&template("t"), &[]));
}

#[test]
fn every_built_in_scenario_can_be_run() {
    for (name, text) in builtin::all() {
        let loaded = Scenario::load(&format!("scenarios/{name}.toml"), text);
        let scenario = loaded.unwrap_or_else(|diagnostics| panic!("{}", render(&diagnostics)));
        assert_eq!(scenario.name, name);
    }
    assert!(builtin::find("caps").is_some());
    assert_eq!((builtin::find("cpas"), builtin::nearest("cpas")), (None, Some("caps")));
    assert_eq!(Setting::new("a=1").as_str(), "a=1");
}
