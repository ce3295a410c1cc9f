//! Snapshots of every diagnostic, as a user sees it.

use super::{file, load, render};

/// The diagnostics of one subject. They become one snapshot.
struct Cases {
    subject: &'static str,
    page: String,
}

impl Cases {
    fn of(subject: &'static str) -> Cases {
        Cases { subject, page: String::new() }
    }

    /// Loads a scenario that must be refused, and adds its diagnostics.
    #[track_caller]
    fn check(&mut self, name: &str, text: &str, settings: &[&str]) {
        let Err(diagnostics) = load(text, settings) else { panic!("{name}: nothing was refused") };
        self.page += &format!("## {name}\n\n{}\n\n", render(&diagnostics).trim_end());
    }

    /// Compares the diagnostics with the snapshot of the subject.
    #[track_caller]
    fn compare(self) {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(self.subject, self.page);
        });
    }
}

#[test]
fn a_file_that_is_not_toml_is_one_problem_with_its_place() {
    let mut cases = Cases::of("syntax");
    for (name, text) in [
        ("syntax-unquoted", "title = hello\n"),
        ("syntax-no-value", "title =\nrun_for = \"1s\"\n"),
        ("syntax-duration", "title = \"t\"\nrun_for = 20s\n"),
        ("syntax-seed", "title = \"t\"\nseed = 99999999999999999999\n"),
        ("syntax-unseen", "title = \"\u{202e}t\" seed\u{200b}\n"),
        ("syntax-date", "title = \"t\"\nabout = 2026-01-01\n"),
        ("syntax-duplicate-key", "title = \"t\"\ntitle = \"u\"\n"),
        ("syntax-duplicate-table", "[client]\nid = \"a\"\n[client]\nid = \"b\"\n"),
        ("syntax-open-string", "title = \"hello\n"),
        ("syntax-header", "[[client]\nid = \"a\"\n"),
        ("syntax-not-a-table", "title = \"t\"\ntitle.x = 1\n"),
    ] {
        cases.check(name, text, &[]);
    }
    cases.compare();
}

#[test]
fn a_key_that_is_not_in_the_table_is_refused_with_the_nearest_right_word() {
    let mut cases = Cases::of("keys");
    for (name, text) in [
        ("key-near", file("sed = 7", "")),
        ("key-far", file("", "[broker]\nfrobnicate = 1")),
        ("key-nested", file("broker = { backlog = { mesages = 3 } }", "")),
        (
            "key-of-another-fault",
            file("", "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"1s\"\nrate = 0.5"),
        ),
        ("key-unknown-table", file("", "[museum]\nname = \"half-open\"")),
        ("key-mutant", file("", "[mutant]\nname = \"of-by-one\"")),
        (
            "key-missing",
            "about = \"no title\"\n[[client]]\n[[fault]]\n[[fault]]\nkind = \"loss\"\n".into(),
        ),
        ("key-no-client", "title = \"t\"\nrun_for = \"1s\"\n".into()),
        ("key-empty-clients", "title = \"t\"\nrun_for = \"1s\"\nclient = []\n".into()),
    ] {
        cases.check(name, &text, &[]);
    }
    cases.compare();
}

#[test]
fn a_value_of_another_kind_is_refused_with_an_example() {
    let mut cases = Cases::of("kinds");
    for (name, text) in [
        ("kind-top", file("seed = \"7\"\nabout = 3\ncontenders = \"tcp/catch-up\"", "")),
        (
            "kind-duration",
            file("latency = 20", "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = 3"),
        ),
        ("kind-table", file("broker = 3", "")),
        ("kind-list", "title = \"t\"\nrun_for = \"1s\"\n[client]\nid = \"a\"\n".into()),
        ("kind-entries", "title = \"t\"\nrun_for = \"1s\"\nclient = [1, \"x\"]\n".into()),
        ("kind-flag", file("", "[[client]]\nid = \"c\"\ndedup = \"yes\"\nresubscribe = 1")),
        ("kind-who", file("", "[[fault]]\nkind = \"cut\"\nat = \"1s\"\nwho = [\"shop\", 3]")),
        ("kind-word", file("", "[[client]]\nid = \"c\"\nack = 1")),
        ("kind-connections", file("", "[http]\nconnections = \"one-per-requests\"")),
        ("kind-bounds", file("", "[[expect]]\nmissed = true\n[[expect]]\ncause = [1]")),
        ("kind-long", file("", "[[client]]\nid = \"c\"\ncount = \"as many as there are\\u202e\"")),
        (
            "kind-groups",
            file(
                "",
                "[[fault]]\nkind = \"partition\"\nat = \"1s\"\n\
                 groups = [\"shop\", [\"driver\"]]",
            ),
        ),
        (
            "kind-payload",
            file(
                "",
                "[[client]]\nid = \"c\"\npublish = [{ queue = \"q\", event = \"e\", \
                 payload = [1, inf] }]",
            ),
        ),
    ] {
        cases.check(name, &text, &[]);
    }
    cases.compare();
}

#[test]
fn a_value_beyond_its_limits_is_refused_with_them() {
    let mut cases = Cases::of("limits");
    let long = "x".repeat(101);
    for (name, text) in [
        ("limit-numbers", file("seed = -1", "[broker]\nwindow = 0\naccept_queue = 100000")),
        (
            "limit-one-subscriber",
            file("", "[broker]\nbacklog = { per_subscription = 0 }\nsession_expiry = \"-1s\""),
        ),
        (
            "limit-rates",
            file(
                "",
                "[[fault]]\nkind = \"loss\"\nwho = \"shop\"\nat = \"1s\"\nrate = 20\n\
                 [[fault]]\nkind = \"corrupt\"\nwho = \"shop\"\nat = \"1s\"\nrate = -0.1",
            ),
        ),
        (
            "limit-names",
            file(
                "",
                &format!(
                    "[[client]]\nid = \"{long}\"\n[[client]]\nid = \"\"\n[[client]]\n\
                     id = \"a\\nb\"\n[[client]]\nid = \"a#1\"\n[[client]]\nid = \"broker\"\n\
                     [[client]]\nid = \"b\"\nname = \"everyone\""
                ),
            ),
        ),
        (
            "limit-names-unseen",
            file(
                "",
                "[[client]]\nid = \"sh\u{202e}op\"\n[[client]]\nid = \"shop\\u200b\"\n[[client]]\n\
                 id = \"a\"\nname = \"\\u00a0shop\"",
            ),
        ),
        ("limit-run-for", "title = \"t\"\nrun_for = \"25h\"\n[[client]]\nid = \"a\"\n".into()),
        (
            "limit-times",
            file(
                "",
                "[broker]\nack_timeout = \"0s\"\n\
                 heartbeat = { every = \"1.5ms\", timeout = \"3 s\" }",
            ),
        ),
        (
            "limit-processes",
            file(
                "",
                "[[client]]\nid = \"a\"\ncount = 9999\n[[client]]\nid = \"b\"\n\
             count = 10001",
            ),
        ),
        ("limit-faults", file(&format!("fault = [{}]", "{},".repeat(1_001)), "")),
        (
            "limit-title",
            format!(
                "title = \"{}\"\nrun_for = \"1s\"\n[[client]]\nid = \"a\"\n",
                "x".repeat(10_001)
            ),
        ),
    ] {
        cases.check(name, &text, &[]);
    }
    cases.compare();
}

#[test]
fn latencies_and_ranges_are_refused_where_they_are_impossible() {
    let mut cases = Cases::of("latencies-and-ranges");
    for (name, latency) in [
        ("latency-zero", "0ms"),
        ("latency-zero-to", "0ms..3ms"),
        ("latency-fraction", "1.5ms"),
        ("latency-backwards", "40ms..10ms"),
        ("latency-no-unit", "10..40"),
        ("latency-long", "25h"),
    ] {
        cases.check(name, &file(&format!("latency = {latency:?}"), ""), &[]);
    }
    for (name, range) in [
        ("range-backwards", "\"5..2\""),
        ("range-no-ends", "\"..\""),
        ("range-words", "\"some\""),
        ("range-negative", "-1"),
        ("range-huge", "\"12345678901234567\""),
    ] {
        cases.check(name, &file("", &format!("[[expect]]\nmissed = {range}")), &[]);
    }
    cases.compare();
}

#[test]
fn contenders_are_links_and_modes_that_exist() {
    let mut cases = Cases::of("contenders");
    cases.check(
        "contender-unknown",
        &file(
            "contenders = [\"tpc/catch-up\", \"tcp/catchup\", \"tcp\", \"carrier-pigeon/x\"]",
            "",
        ),
        &[],
    );
    cases.check(
        "contender-twice",
        &file("contenders = [\"tcp/catch-up\", \"tcp/catch-up\"]", ""),
        &[],
    );
    cases.check("contender-none", &file("contenders = []", ""), &[]);
    cases.compare();
}

#[test]
fn clients_are_told_apart() {
    let mut cases = Cases::of("clients");
    cases.check("client-same-id", &file("", "[[client]]\nid = \"shop\""), &[]);
    cases.check(
        "client-two-publishers",
        &file(
            "",
            "[[client]]\nid = \"van\"\nname = \"driver\"\n\
             publish = [{ queue = \"q\", event = \"e\" }]",
        ),
        &[],
    );
    cases.check(
        "client-many-publishers",
        &file(
            "",
            "[[client]]\nid = \"van\"\nname = \"vans\"\ncount = 3\n\
             publish = [{ queue = \"q\", event = \"e\" }]",
        ),
        &[],
    );
    let twin =
        |rooms: &str| file("", &format!("[[client]]\nid = \"till\"\nname = \"shop\"\n{rooms}"));
    cases.check("client-other-rooms", &twin("subscribe = [{ queue = \"q\", event = \"f\" }]"), &[]);
    let same = "subscribe = [{ queue = \"q\", event = \"e\" }]";
    for refused in [
        "subscribe = [{ queue = \"q\", event = \"e\", from = \"start\" }]".to_owned(),
        "leave = [{ queue = \"q\", room = \"e\", at = \"3s\" }]".to_owned(),
        format!("{same}\njoin = [{{ queue = \"q\", room = \"r\", at = \"3s\" }}]"),
    ] {
        assert!(load(&twin(&refused), &[]).is_err(), "{refused}");
    }
    for taken in ["", same] {
        load(&twin(taken), &[]).expect("the same rooms, or none");
    }
    cases.compare();
}

#[test]
fn a_publish_entry_goes_by_the_clock_or_by_an_event() {
    let mut cases = Cases::of("publish");
    let entry = |keys: &str| {
        file(
            "",
            &format!(
                "[[client]]\nid = \"c\"\nsubscribe = [{{ queue = \"q\", event = \"e\" }}]\n\
                 publish = [{{ queue = \"q\", event = \"x\", {keys} }}]"
            ),
        )
    };
    for (name, keys) in [
        ("publish-both", "on = \"e\", every = \"1s\", count = 3"),
        ("publish-unheard", "on = \"f\""),
        ("publish-after-what", "after = \"1s\""),
        ("publish-count-alone", "count = 3"),
        ("publish-too-late", "start = \"10s\""),
    ] {
        cases.check(name, &entry(keys), &[]);
    }
    cases.check("publish-default-too-late", &file("", "").replace("10s", "500ms"), &[]);
    cases.check(
        "room-too-late",
        &file(
            "",
            "[[client]]\nid = \"c\"\njoin = [{ queue = \"q\", room = \"r\", at = \"11s\" }]\n\
             leave = [{ queue = \"q\", room = \"r\", at = \"1m\" }]",
        ),
        &[],
    );
    cases.compare();
}

#[test]
fn a_message_that_no_datagram_carries_is_refused_with_a_udp_contender() {
    let mut cases = Cases::of("datagrams");
    let big = format!(
        "[[client]]\nid = \"c\"\npublish = [{{ queue = \"q\", event = \"x\", payload = \"{}\" }}]",
        "x".repeat(1_400)
    );
    cases.check("udp-too-big", &file("", &big), &[]);
    let rooms: Vec<String> = (10..30)
        .map(|n| format!("{{ queue = \"q\", event = \"{n}{}\" }}", "x".repeat(90)))
        .collect();
    let joins = format!("[[client]]\nid = \"c\"\nsubscribe = [\n{}\n]", rooms.join(",\n"));
    cases.check("udp-too-many-rooms", &file("", &joins), &[]);
    for rest in [&big, &joins] {
        load(&file("contenders = [\"tcp/catch-up\"]", rest), &[]).expect("tcp carries it");
    }
    cases.compare();
}

#[test]
fn more_deliveries_than_a_minute_of_work_need_force() {
    let mut cases = Cases::of("deliveries");
    let text = file(
        "",
        "[[client]]\nid = \"crowd\"\ncount = 1000\n\
         subscribe = [{ queue = \"q\", event = \"e\" }]",
    )
    .replace(
        "event = \"e\" }]\n[[client]]\nid = \"shop\"",
        "event = \"e\", every = \"1ms\" }]\n[[client]]\nid = \"shop\"",
    );
    cases.check("deliveries-many", &text, &[]);
    let answer = "subscribe = [{ queue = \"q\", event = \"e\" }]\n\
     publish = [{ queue = \"q\", event = \"e\", on = \"e\" }]";
    cases.check(
        "deliveries-avalanche",
        &file(
            "",
            &format!(
                "[[client]]\nid = \"a\"\n{answer}\n[[client]]\nid = \"b\"\n\
         {answer}"
            ),
        ),
        &[],
    );
    cases.compare();
}

#[test]
fn a_fault_says_what_happens_to_whom_and_when() {
    let mut cases = Cases::of("faults");
    let fault = |keys: &str| file("", &format!("[[fault]]\n{keys}"));
    for (name, keys) in [
        ("fault-unknown-kind", "kind = \"explode\"\nat = \"1s\"\nwho = \"shop\"\nrate = 1"),
        ("fault-near-kind", "kind = \"los\"\nat = \"1s\"\nwho = \"shop\"\nrate = 1"),
        ("fault-unknown-client", "kind = \"cut\"\nat = \"1s\"\nwho = \"shpo\""),
        ("fault-far-client", "kind = \"cut\"\nat = \"1s\"\nwho = [\"warehouse\"]"),
        ("fault-one-of-one", "kind = \"cut\"\nat = \"1s\"\nwho = \"shop#2\""),
        ("fault-nobody", "kind = \"cut\"\nat = \"1s\"\nwho = []"),
        ("fault-twice", "kind = \"cut\"\nat = \"1s\"\nwho = [\"shop\", \"shop\"]"),
        ("fault-broker-in-list", "kind = \"cut\"\nat = \"1s\"\nwho = [\"broker\", \"shop\"]"),
        ("fault-broker-disconnect", "kind = \"disconnect\"\nat = \"1s\"\nwho = \"broker\""),
        (
            "fault-broker-slow",
            "kind = \"slow\"\nat = \"1s\"\nwho = \"broker\"\n\
         handler = \"1s\"",
        ),
        (
            "fault-broker-deaf",
            "kind = \"deaf\"\nat = \"1s\"\nwho = \"broker\"\nqueue = \"q\"\nevent = \"e\"",
        ),
        ("fault-too-late", "kind = \"cut\"\nat = \"10s\"\nwho = \"shop\""),
        ("fault-for-nothing", "kind = \"cut\"\nat = \"1s\"\nfor = \"0s\"\nwho = \"shop\""),
        ("fault-partition-who", "kind = \"partition\"\nat = \"1s\"\nwho = \"shop\""),
        (
            "fault-partition-one-group",
            "kind = \"partition\"\nat = \"1s\"\n\
         groups = [[\"shop\"]]",
        ),
        (
            "fault-partition-twice",
            "kind = \"partition\"\nat = \"1s\"\n\
             groups = [[\"shop\"], [\"broker\", \"everyone\"]]",
        ),
        (
            "fault-direction",
            "kind = \"cut\"\nat = \"1s\"\nwho = \"shop\"\n\
         direction = \"both\"",
        ),
        (
            "fault-small-queue",
            "kind = \"bandwidth\"\nat = \"1s\"\nwho = \"shop\"\nbytes_per_second = 0\n\
             queue_bytes = 100",
        ),
    ] {
        cases.check(name, &fault(keys), &[]);
    }
    let many = "[[client]]\nid = \"crowd\"\ncount = 3\n[[fault]]\nkind = \"cut\"\n\
     at = \"1s\"\nwho = [\"crowd#3\", \"crowd#4\", \"crowd#03\"]";
    cases.check("fault-one-of-many", &file("", many), &[]);
    cases.compare();
}

#[test]
fn an_expectation_looks_at_something_that_is_there() {
    let mut cases = Cases::of("expectations");
    let expect = |keys: &str| {
        file(
            "contenders = [\"tcp/catch-up\"]",
            &format!(
                "[[client]]\nid = \"crowd\"\ncount = 2\n\
                 subscribe = [{{ queue = \"q\", event = \"e\" }}]\n[[client]]\n\
                 id = \"till\"\nname = \"shop\"\n[[expect]]\n{keys}"
            ),
        )
    };
    for (name, keys) in [
        ("expect-nothing", "contender = \"tcp/catch-up\""),
        ("expect-counter", "misssed = 0"),
        ("expect-recoveries", "recoveries.false_confort = 0"),
        ("expect-cause", "missed = 1\ncause = \"not-conected\""),
        ("expect-cause-alone", "cause = \"not-connected\""),
        ("expect-contender", "contender = \"udp/catchup\"\nmissed = 0"),
        ("expect-unknown-client", "client = \"shopp\"\nmissed = 0"),
        ("expect-publisher", "client = \"driver\"\nmissed = 0"),
        ("expect-many", "client = \"crowd\"\nmissed = 0"),
        ("expect-entry", "client = \"till\"\nmissed = 0"),
        ("expect-cost-of-client", "client = \"shop\"\npackets = \"1..\""),
        ("expect-guarantee-alone", "guarantee = \"in-order\""),
        ("expect-guarantee-unknown", "guarantee = \"at-least-one\"\nverdict = \"hold\""),
        ("expect-verdict-alone", "verdict = \"holds\""),
        ("expect-claim", "guarantee = \"in-order\"\nclaim = \"keep\""),
        ("expect-anomaly", "anomaly = \"silence\""),
        ("expect-renamed", "client = \"shop\"\ntwice = 0\nunasked = 0\nanomaly = \"unasked\""),
    ] {
        cases.check(name, &expect(keys), &[]);
    }
    cases.compare();
}

#[test]
fn a_setting_is_checked_like_the_file_and_quoted() {
    let mut cases = Cases::of("settings");
    let text = file("", "[[fault]]\nkind = \"cut\"\nat = \"1s\"\nwho = \"shop\"");
    for (name, setting) in [
        ("set-no-value", "seed"),
        ("set-empty-part", "fault..at=1s"),
        ("set-unknown-key", "sed=7"),
        ("set-bad-value", "seed=seven"),
        ("set-too-big", "seed=99999999999999999999"),
        ("set-bad-toml", "client.shop.subscribe=[{ queue = ]"),
        ("set-no-entry", "fault.1.at=3s"),
        ("set-no-id", "client.shpo.count=3"),
        ("set-inside-value", "seed.x=3\n"),
        ("set-too-late", "fault.0.at=11s"),
        ("set-deep", "broker.a.b.c.d.e.f.g.h.i.j=1"),
    ] {
        cases.check(name, &text, &[setting]);
    }
    cases.check("set-and-file", &file("sed = 3", ""), &["latency=0ms", "run_for=1d"]);
    cases.compare();
}

#[test]
fn what_the_broker_does_is_checked_like_what_a_client_does() {
    let mut cases = Cases::of("broker");
    let clients = |more: &str| {
        format!(
            "title = \"t\"\nrun_for = \"9s\"\ncontenders = [\"udp/catch-up\"]\n[broker]\n{more}\n\
             [[client]]\nid = \"ann\"\nsubscribe = [{{ queue = \"q\", event = \"e\" }}]\n\
             [[client]]\nid = \"ben\"\ncount = 3\n\
             subscribe = [{{ queue = \"q\", event = \"e\" }}]\n"
        )
    };
    let long = "x".repeat(1_400);
    for (name, text) in [
        ("program", clients("") + "[[program]]\ncommand = \"node hub.js\"\n"),
        ("own-room-event", clients(r#"publish = [{ queue = "q", event = "ann" }]"#)),
        ("own-room-of-many", clients(r#"publish = [{ queue = "q", event = "ben#3" }]"#)),
        ("own-room-join", clients(r#"join = [{ queue = "q", room = "ann", at = "1s" }]"#)),
        ("own-room-presence", clients(r#"presence = ["q"]"#).replace("\"ann\"", "\"connected\"")),
        ("own-room-will", clients("") + r#"will = { queue = "q", event = "ann" }"#),
        ("broker-on", clients(r#"publish = [{ queue = "q", event = "e", on = "e" }]"#)),
        ("broker-late", clients(r#"disconnect = [{ queue = "q", at = "9s" }]"#)),
        ("broker-no-room", clients(r#"leave = [{ queue = "q", at = "1s" }]"#)),
        (
            "broker-datagram",
            clients(&format!(r#"publish = [{{ queue = "q", event = "e", payload = "{long}" }}]"#)),
        ),
        (
            "broker-datagram-of-bytes",
            clients(&format!(
                r#"publish = [{{ queue = "q", event = "e", encoding = "base64", payload = "{long}" }}]"#
            )),
        ),
        (
            "bytes-without-payload",
            clients(r#"publish = [{ queue = "q", event = "e", encoding = "base64" }]"#),
        ),
        (
            "bytes-that-are-none",
            clients(
                r#"publish = [{ queue = "q", event = "e", encoding = "base64", payload = "x" }]"#,
            ),
        ),
        (
            "headers",
            clients(r#"publish = [{ queue = "q", event = "e", headers = { "" = "a", b = 1 } }]"#),
        ),
        (
            "will-datagram",
            clients("") + &format!(r#"will = {{ queue = "q", event = "e", payload = "{long}" }}"#),
        ),
        ("will-keys", clients("") + r#"will = { queue = "q", every = "1s" }"#),
    ] {
        cases.check(name, &text, &[]);
    }
    // In another queue the name is nobody's, and as a target it is meant.
    for fine in [
        r#"publish = [{ queue = "other", event = "ann" }]"#,
        r#"publish = [{ queue = "q", event = "e", to = ["ann", "ben#3"] }]"#,
        r#"publish = [{ queue = "q", event = "ben#4" }]"#,
    ] {
        load(&clients(fine), &[]).unwrap_or_else(|problems| panic!("{fine}: {problems:?}"));
    }
    cases.compare();
}

#[test]
fn every_problem_of_one_table_is_reported_at_once() {
    let mut cases = Cases::of("one-table");
    for (name, rest) in [
        (
            "one-fault",
            "[[fault]]\nkind = \"los\"\nat = \"10s\"\nfor = 4\nwho = [\"shpo\", 3]\nrate = 7\nrtae = 1",
        ),
        (
            "one-fault-without-kind",
            "[[fault]]\nat = \"1m\"\nwho = \"shpo\"\ngroups = [[\"drivr\"]]",
        ),
        ("one-partition", "[[fault]]\nkind = \"partition\"\nat = \"10s\"\ngroups = [[\"shpo\"]]"),
        (
            "one-client",
            "[[client]]\nid = \"a#1\"\ncount = 0\nack = \"never\"\ndedup = 1\njoin = [{ queue = 3, \
             room = \"\", at = \"11s\" }]\nsubscribe = [{ queue = \"q\", from = \"then\" }]",
        ),
        (
            "one-publish",
            "[[client]]\nid = \"a\"\npublish = [{ queue = \"\", event = 7, start = \"10s\", count = 3, \
             to = [1, \"\"], after = \"1s\", payload = nan }]",
        ),
        (
            "one-expect",
            "[[expect]]\ncontender = \"tpc/catch-up\"\nclient = \"\"\nmissed = \"5..2\"\npackets = 3\n\
             verdict = \"hold\"\nanomaly = \"silence\"\nlive = -1",
        ),
    ] {
        cases.check(name, &file("", rest), &[]);
    }
    cases.compare();
}

#[test]
fn every_problem_is_reported_at_once_in_the_order_of_the_file() {
    let mut cases = Cases::of("all-at-once");
    let text = r#"title = 7
run_for = "20"
sed = 1
[broker]
windw = 3
[[client]]
id = "driver"
publish = [{ queue = "q", event = "e", evry = "1s", count = "8" }]
[[client]]
subscribe = [{ queue = "q" }]
[[fault]]
kind = "cut"
who = "driver"
at = "1s"
for = "0s"
[[expect]]
contender = "tcp/at-least-once"
missed = "3..1"
"#;
    cases.check("all-at-once", text, &[]);
    cases.compare();
}
