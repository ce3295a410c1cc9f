//! Property tests: any text, any change of a valid file and any setting is refused or read, without
//! a panic.

use delivery_lab::scenario::{
    Diagnostics, Latency, LoadOptions, Range, Scenario, Setting, builtin, limits, parse_duration,
};
use delivery_lab::time::Duration;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::render;

fn config() -> ProptestConfig {
    let regressions = FileFailurePersistence::Direct("tests/regressions/scenario.txt");
    ProptestConfig { failure_persistence: Some(Box::new(regressions)), ..ProptestConfig::default() }
}

/// Checks that the diagnostics of a refusal can be rendered.
fn show(result: Result<Scenario, Diagnostics>) {
    if let Err(diagnostics) = result {
        assert!(!diagnostics.problems().is_empty(), "a refusal has a reason");
        render(&diagnostics);
    }
}

fn caps() -> &'static str {
    builtin::find("caps").expect("it is built in")
}

/// Returns fragments of scenarios, so that random files get past the first checks.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "title",
        "run_for",
        "client",
        "fault",
        "id",
        "who",
        "at",
        "for",
        "kind",
        "expect",
        "missed",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        "\n",
        ",",
        ".",
        "\"",
        "'",
        "\"\"\"",
        "#",
        " ",
        "-",
        "+",
        "\"1s\"",
        "\"a\"",
        "true",
        "inf",
        "nan",
        "1",
        "0x",
        "1e9",
        "2026-01-01",
        "é",
        "\u{0}",
        "\r",
        "[[client]]\nid = \"a\"\n",
        "[[fault]]\nkind = \"loss\"\n",
        "publish = [{}]\n",
        "broker.",
    ]);
    known.prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        show(Scenario::load_bytes("any.toml", &bytes, &LoadOptions::default()));
    }

    #[test]
    fn any_text_is_refused_or_read(text in "\\PC{0,200}") {
        show(Scenario::load("any.toml", &text));
    }

    #[test]
    fn any_pieces_of_scenarios_are_refused_or_read(
        pieces in prop::collection::vec(piece(), 0..60),
    ) {
        show(Scenario::load("any.toml", &pieces.concat()));
    }

    #[test]
    fn a_changed_scenario_is_refused_or_read(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..20, piece()), 1..6,
        ),
    ) {
        let mut text: Vec<char> = caps().chars().collect();
        for (at, length, piece) in changes {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, piece.chars());
        }
        show(Scenario::load("caps.toml", &text.into_iter().collect::<String>()));
    }

    #[test]
    fn any_setting_is_refused_or_read(
        path in prop::sample::select(vec![
            "seed", "run_for", "client", "client.0", "client.driver.count", "fault.0.for",
            "fault.0.who", "expect.0.missed", "broker.backlog.messages",
            "client.0.publish.0.payload",
        ]),
        value in prop_oneof![
            "\\PC{0,20}", prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat()),
        ],
    ) {
        let settings = vec![Setting::new(format!("{path}={value}"))];
        show(Scenario::load_with("caps.toml", caps(), &LoadOptions { settings, ..LoadOptions::default() }));
        let settings = vec![Setting::new(value)];
        show(Scenario::load_with("caps.toml", caps(), &LoadOptions { settings, ..LoadOptions::default() }));
    }

    #[test]
    fn a_duration_reads_back_as_it_prints(ms in 0_u64..1_000_000_000_000) {
        let duration = Duration::from_millis(ms);
        prop_assert_eq!(parse_duration(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn a_latency_reads_back_as_it_prints(min in 1_u64..100_000, more in 0_u64..100_000) {
        let latency =
            Latency { min: Duration::from_millis(min), max: Duration::from_millis(min + more) };
        prop_assert_eq!(latency.to_string().parse(), Ok(latency));
    }

    #[test]
    fn a_range_reads_back_as_it_prints(
        low in 0_u32..1_000_000, more in 0_u32..1_000_000, ends in 1_u8..4,
    ) {
        // Bit 0 is for the lower end, bit 1 for the upper.
        let min = (ends & 1 != 0).then_some(low);
        let more = (ends & 2 != 0).then_some(more);
        let thousandths = |number: u32| f64::from(number) / 1_000.0;
        let max = more.map(|more| thousandths(min.unwrap_or(0) + more));
        let range = Range { min: min.map(thousandths), max };
        prop_assert_eq!(range.to_string().parse(), Ok(range));
    }
}

#[test]
fn a_file_made_to_cost_much_is_refused_quickly() {
    let deep = 2_000;
    let files = [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "[".repeat(60), "]".repeat(60)),
        format!("a = {}1{}", "{a=".repeat(60), "}".repeat(60)),
        format!("{}a = 1", "a.".repeat(deep)),
        format!("[{}a]", "a.".repeat(deep)),
        (0..50_000).map(|n| format!("a{n}.b = 1\n")).collect(),
        (0..50_000).map(|n| format!("[a{n}]\n")).collect(),
        (0..20_000).map(|n| format!("a{n} = 1\n")).collect(),
        format!("contenders = [{}]", "\"x\",".repeat(200_000)),
        "[[fault]]\n".repeat(100_000),
        "x".repeat(2 << 20),
        // One long line with a problem in each entry, and with characters of several bytes.
        format!("contenders = [{}]", "\"éé\",".repeat(900)),
        format!("title = \"{}", "é".repeat(100_000)),
        format!("{} = 1", "x".repeat(100_000)),
    ];
    for text in files {
        let Err(diagnostics) = Scenario::load("big.toml", &text) else { panic!("it is refused") };
        assert!(diagnostics.problems().len() <= limits::PROBLEMS);
        assert!(render(&diagnostics).len() < 100_000, "what is said about it fits a screen or two");
    }
}
