//! Tests the command line as a shell sees it: arguments in, exit code, stdout and stderr out.
//!
//! The texts of reports are tested with the module `report`; here only that and where they appear.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A scenario of eight messages and one subscriber; tests append faults and expectations.
const SCENARIO: &str = r#"
title   = "A shop"
run_for = "20s"
contenders = ["tcp/fire-and-forget", "tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{ queue = "shop", event = "delivered", every = "1s", count = 8, start = "1s" }]

[[client]]
id        = "shop"
subscribe = [{ queue = "shop", event = "delivered" }]
"#;

fn dlab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlab"));
    command.args(arguments).env("LC_ALL", "C.UTF-8").env("COLUMNS", "80").stdin(Stdio::null());
    command.env_remove("NO_COLOR").env_remove("DLAB_LOG");
    command
}

/// Runs the command, and checks its exit code and a part of stderr. Returns stdout.
fn check(arguments: &[&str], exit: i32, complaint: &str) -> String {
    let Output { status, stdout, stderr } = dlab(arguments).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(exit), "dlab {arguments:?}\n{stdout}\n{stderr}");
    // Wherever it was wrapped.
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed(&stderr).contains(&squeezed(complaint)), "dlab {arguments:?}\n{stderr}");
    assert!(!stdout.contains('\u{1b}') && !stderr.contains('\u{1b}'), "no colour into a pipe");
    if complaint.is_empty() {
        assert_eq!(stderr, "", "dlab {arguments:?}");
    }
    stdout
}

/// Creates an empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a file into the folder, and returns its path.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_says_what_there_is() {
    compare("help", &check(&["--help"], 0, ""));
    compare("help_run", &check(&["run", "--help"], 0, ""));
}

#[test]
fn a_list_and_an_index_end_with_where_to_begin() {
    let last_lines = |arguments: &[&str]| {
        let text = check(arguments, 0, "");
        text.lines().rev().take(2).any(|line| line.starts_with("Begin with dlab run caps"))
    };
    assert!(last_lines(&["list"]));
    assert!(last_lines(&["explain"]));
    let help = check(&["--help"], 0, "");
    assert!(help.ends_with("\nBegin with: dlab run caps\n"), "{help}");
    check(&[], 2, "Begin with: dlab run caps");
}

#[test]
fn what_is_said_about_wrong_arguments_is_no_wider_than_a_screen() {
    let folder = folder("wide");
    let text = format!("{SCENARIO}[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"3s\"\n");
    let mine = file(&folder, "mine.toml", &text);
    for arguments in [
        &["run", "caps", "--at", "1sec"][..],
        &["run", "caps", "--packets=nobody-with-a-name-that-is-long"],
        &["run", "caps", "--at", "20s"],
        &["sweep", "caps", "--seeds", "1..2", "--set", "seed=1", "--vary", "seed=1..2/1"],
        &["merge", &mine],
    ] {
        let Output { stderr, .. } = dlab(arguments).current_dir(&folder).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        // A path is not broken where there is another place.
        let is_long = |word: &str| word.chars().count() > 60;
        let wide = |line: &&str| line.chars().count() > 80 && !line.split(' ').any(is_long);
        assert_eq!(stderr.lines().find(wide), None, "dlab {arguments:?}");
        assert!(!stderr.is_empty(), "dlab {arguments:?}");
    }
    let views = check(&["run", "caps", "--at", "5s"], 0, "");
    assert_eq!(views.lines().find(|line| line.chars().count() > 80), None);
    let row = "acme-widgets  acme-widgets/1         2               2  delivered  acme-widgets";
    assert!(views.contains(row), "{views}");
}

#[test]
fn that_the_seed_changed_nothing_is_said_once() {
    let folder = folder("seeds");
    let mine = file(&folder, "mine.toml", SCENARIO);
    let loss =
        "[[fault]]\nkind = \"loss\"\nrate = 0.3\nwho = \"shop\"\nat = \"0s\"\nfor = \"19s\"\n";
    let drawn = file(&folder, "drawn.toml", &format!("{SCENARIO}{loss}"));
    let said =
        "The seed changed nothing in mine: but for the seed itself, the reports are the same.";
    for rest in [&["--seeds", "1..3"][..], &["--seeds", "1..3", "-q"]] {
        let text = check(&[&["run", &*drawn, &*mine], rest].concat(), 0, "");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.matches("The seed changed nothing").count(), 1, "{text}");
        assert!(text.ends_with(said), "{text}");
    }
    for rest in [&["--seed", "1"][..], &["--seeds", "1..1"], &["--seeds", "1..3", "--json"]] {
        let text = check(&[&["run", &*mine], rest].concat(), 0, "");
        assert!(!text.contains("changed nothing"), "{text}");
    }
    let text = check(&["run", &drawn, "--seeds", "1..3"], 0, "");
    assert!(!text.contains("changed nothing"), "{text}");
}

#[test]
fn colours_are_always_there_if_asked_for_so_that_a_pager_has_them() {
    let coloured = |arguments: &[&str], no_color: &str| {
        let mut dlab = dlab(arguments);
        let output = dlab.env("NO_COLOR", no_color).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    assert!(coloured(&["run", "caps", "--color", "always"], "1"));
    assert!(!coloured(&["run", "caps", "--color", "auto"], ""));
    assert!(!coloured(&["run", "caps", "--color", "never"], ""));
    assert!(!coloured(&["run", "caps", "--color", "always", "--plain"], ""));
}

#[test]
fn a_run_of_which_nothing_was_expected_is_not_called_met() {
    let said = check(&["run", "caps", "--contender", "websocket/catch-up", "-q"], 0, "");
    assert_eq!(said, "unchecked     caps, seed 42: nothing was expected of what ran\n");
    let said = check(
        &["run", "caps", "--contender", "websocket/catch-up", "-q", "--seeds", "1..2"],
        0,
        "",
    );
    assert!(said.contains("2 runs: 0 met, 0 failed, 0 inconclusive, 2 unchecked"), "{said}");
}

#[test]
fn the_log_names_the_contender_whose_it_is() {
    let output = dlab(&["run", "caps", "-v", "-q"]).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    for contender in ["udp/fire-and-forget", "tcp/catch-up"] {
        assert!(log.contains(&format!("{contender} of caps, seed 42")), "{log}");
    }
}

#[test]
fn bad_usage_exits_with_2() {
    check(&[], 2, "Usage: dlab");
    check(&["run"], 2, "required");
    check(&["run", "caps", "--seeds", "5..1"], 2, "above the last");
    check(&["run", "caps", "--contender", "no"], 2, "a link and a mode");
    check(&["run", "caps", "--seed", "1", "--seeds", "1..2"], 2, "cannot be used with");
    check(&["run", "caps", "--quiet", "--json"], 2, "cannot be used with");
}

#[test]
fn a_value_that_is_nearly_right_gets_the_right_one() {
    let largest = "from 0 to 9223372036854775807";
    for (arguments, tip) in [
        (&["run", "caps", "--seed", "-1"][..], largest),
        (&["run", "caps", "--seed", "99999999999999999999"], largest),
        (&["run", "caps", "--seeds", "1..99999999999999999999"], largest),
        (&["run", "caps", "--seeds", "-1..5"], largest),
        (&["search", "caps", "--from", "-1"], largest),
        (&["run", "caps", "--seed", "1..10"], "for several: --seeds 1..10"),
        (&["run", "caps", "--seeds", "5"], "for one: 5..5"),
        (&["run", "caps", "-j", "-1"], "a whole number from 1"),
        (&["run", "caps", "-j", "0"], "a whole number from 1"),
        (&["run", "caps", "--at", "-1s"], "as in `250ms`, `1.5s`, `2m`, `1h`"),
        (
            &["run", "caps", "--contender", "websocket"],
            "did you mean `websocket/fire-and-forget` or `websocket/catch-up`?",
        ),
        (&["run", "caps", "--contender", "catch-up"], "`sse/catch-up` or `socketio/catch-up`?"),
        (&["run", "caps", "--contender", "tcp/cathup"], "did you mean `tcp/catch-up`?"),
        (&["run", "caps", "--contender", "tcp/exactly-once"], "or `tcp/catch-up`?"),
        (&["caps"], "`dlab run caps`"),
        (&["any:7"], "`dlab run any:7`"),
        (&["csps"], "`dlab run caps`"),
        (&["show", "csps.toml"], "did you mean `caps`?"),
    ] {
        check(arguments, 2, tip);
    }
    check(&["run", "caps.toml"], 4, "the scenario that is built in is called `caps`");
    let folder = folder("near");
    file(&folder, "shop.toml", SCENARIO);
    let near = folder.join("shpo.toml");
    check(&["run", near.to_str().unwrap()], 4, "did you mean `shop.toml`?");
    assert!(check(&["lsit"], 2, "a similar subcommand exists: 'list'").is_empty());
}

#[test]
fn an_hour_is_a_time_everywhere() {
    let path = file(&folder("hour"), "shop.toml", &SCENARIO.replace("20s", "2h"));
    let one = ["run", &path, "--contender", "tcp/catch-up"];
    let told = check(&[&one[..], &["--at", "1h"]].concat(), 0, "");
    assert!(told.starts_with("The broker of tcp/catch-up at 3600s\n"), "{told}");
    check(&[&one[..], &["--set", "run_for=1h", "--quiet"]].concat(), 0, "");
}

#[test]
fn a_path_has_one_value_a_run() {
    let twice = ["--vary", "fault.0.for=1s..2s/1s", "--vary", "fault.\"0\".for=1s..3s/1s"];
    let both = ["--set", "fault.0.for = 9s", "--vary", "fault.0.for=1s..3s/1s"];
    let sweep = ["sweep", "caps", "--seeds", "1..2"];
    check(&[&sweep[..], &twice].concat(), 2, "--vary gives fault.\"0\".for twice");
    check(&[&sweep[..], &both].concat(), 2, "--set and --vary both give fault.0.for");
    let alias = ["--vary", "client.driver.inbox=1..2/1", "--vary", "client.0.inbox=1..3/1"];
    check(&[&sweep[..], &alias].concat(), 2, "--vary client.driver.inbox has no effect");
    let seed = ["--vary", "seed=1..3/1"];
    check(&[&sweep[..], &seed].concat(), 2, "the seeds are those of --seeds");
}

#[test]
fn a_file_that_is_too_big_is_told_its_size_and_the_limit() {
    let path = file(&folder("big"), "big.toml", &"#".repeat(3_000_000));
    for command in ["run", "check"] {
        check(&[command, &path], 2, "big.toml has 3,000,000 bytes");
        check(&[command, &path], 2, "a scenario file has at most 1,048,576");
    }
    // A pipe ends somewhere, and nobody knows where.
    check(&["check", "/dev/zero"], 2, "/dev/zero has more than 1,048,576 bytes");
}

#[test]
fn a_bad_log_filter_and_a_moment_after_the_end_run_nothing() {
    let output = dlab(&["run", "caps"]).env("DLAB_LOG", "delivery_lab=loud").output().unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    assert_eq!(check(&["run", "caps", "--at", "1000m"], 2, "not before the end"), "");
    assert_eq!(check(&["run", "caps", "--at", "20s"], 2, "not before the end"), "");
}

#[test]
fn a_moment_at_which_the_broker_is_down_is_said() {
    let fault = "[[fault]]\nkind = \"crash\"\nwho = \"broker\"\nat = \"2s\"\nfor = \"2s\"\n";
    let path = file(&folder("down"), "shop.toml", &format!("{SCENARIO}{fault}"));
    let said = |at| check(&["run", &path, "--contender", "tcp/catch-up", "--at", at], 0, "");
    assert!(said("3s").starts_with("The broker of tcp/catch-up at 3s\nis down: "));
    assert!(said("1s").starts_with("The broker of tcp/catch-up at 1s\nConnected over tcp: "));
    let range = said("1s..5s/2s");
    let moments = range.lines().filter(|line| line.starts_with("The broker of "));
    let moments: Vec<_> = moments.map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(moments, ["1s", "3s", "5s"], "{range}");
}

#[test]
fn an_unknown_name_gets_the_nearest_right_one() {
    check(&["run", "caps", "--packets", "driver-3"], 2, "joined by `=`, as in --packets=driver-3");
    check(&["run", "lossywifi"], 2, "did you mean `lossy-wifi`?");
    check(&["run", "zzzzzz"], 2, "dlab list");
    check(&["show", "csps"], 2, "did you mean `caps`?");
}

#[test]
fn a_missing_file_exits_with_4_and_an_empty_folder_with_2() {
    let folder = folder("missing");
    check(&["run", folder.join("no.toml").to_str().unwrap()], 4, "cannot be read");
    check(&["run", folder.to_str().unwrap()], 2, "holds no scenario");
    let trace = folder.join("no/trace.json");
    check(&["run", "caps", "--trace", trace.to_str().unwrap()], 4, "cannot be written");
}

#[test]
fn a_broken_file_keeps_no_other_from_being_run_and_all_are_named() {
    let folder = folder("bad");
    let good = file(&folder, "good.toml", SCENARIO);
    let one = file(&folder, "one.toml", "title = \"open");
    let two = file(&folder, "two.toml", "title = ");
    let big = file(&folder, "big.toml", &"#".repeat(2_000_000));
    let whole = folder.to_str().unwrap();
    for arguments in [&["run", whole, "--json"][..], &["run", "--json", &one, &big, &good, &two]] {
        for broken in [&one, &two, &big] {
            let ending = format!("dlab: {broken} did not run: it has problems, shown above\n");
            let json = check(arguments, 2, &ending);
            let report: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(report["scenario"], "good");
        }
    }
    let valid = format!("{good}: valid\n");
    assert_eq!(check(&["check", whole], 2, "two.toml"), valid);
    assert_eq!(check(&["check", &good], 0, ""), valid);
    assert_eq!(check(&["run", &one, &two], 2, "two.toml"), "");
}

#[test]
fn an_argument_that_names_nothing_is_bad_usage_and_nothing_runs() {
    assert_eq!(check(&["run", "caps", "csps"], 2, "did you mean `caps`?"), "");
    assert_eq!(check(&["run", "caps", "no/such.toml"], 4, "cannot be read"), "");
}

#[test]
fn a_storm_is_held_against_the_expectations_of_another_file() {
    let folder = folder("expect");
    let own = "[[expect]]\ncontender = \"tcp/catch-up\"\nmissed = 7\n";
    let storm = file(&folder, "storm.toml", &format!("{SCENARIO}{own}"));
    let other = file(
        &folder,
        "their's.toml",
        "[[expect]]\ncontender = \"tcp/catch-up\"\nmissed = 0\n\
         [[expect]]\nclient = \"shop\"\ncontender = \"tcp/fire-and-forget\"\nlive = 8\n",
    );
    check(&["run", &storm, "--quiet"], 1, "");
    let json = check(&["run", &storm, "--json", "--expect", &other], 0, "");
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected: Vec<_> =
        report["expectations"].as_array().unwrap().iter().map(|one| &one["expected"]).collect();
    assert_eq!(expected.len(), 2, "{json}");
    assert_eq!(expected[0], "tcp/catch-up missed = 0");
    let replay = report["replay"].as_str().unwrap();
    assert!(replay.ends_with(&format!(" --expect '{}'", other.replace('\'', r"'\''"))), "{replay}");
    // They are checked as if they were its own, and quoted from where they stand.
    let nobody = file(&folder, "nobody.toml", "[[expect]]\nclient = \"shpo\"\nmissed = 0\n");
    check(&["run", &storm, "--expect", &nobody], 2, "nobody.toml:2:11");
    check(&["run", &storm, "--expect", &nobody], 2, "did you mean `shop`?");
    let nothing = file(&folder, "nothing.toml", SCENARIO);
    check(&["run", &storm, "--expect", &nothing], 2, "the file expects nothing");
    check(&["run", &storm, "--expect", "csps"], 2, "did you mean `caps`?");
    check(&["run", &storm, "--expect", folder.to_str().unwrap()], 2, "name one of them");
}

#[test]
fn a_failed_expectation_exits_with_1() {
    let expect = "[[expect]]\ncontender = \"tcp/catch-up\"\nmissed = 7\n";
    let path = file(&folder("failed"), "shop.toml", &format!("{SCENARIO}{expect}"));
    let text = check(&["run", &path], 1, "");
    assert!(text.contains("! FAILED  tcp/catch-up missed = 7; measured 0"), "{text}");
    let text = check(&["run", &path, "--quiet"], 1, "");
    assert!(text.starts_with("failed        shop, seed"), "{text}");
    // An expectation of a contender that does not run counts neither way, whether `--contender` or
    // `--set` leaves the contender out.
    check(&["run", &path, "--contender", "tcp/fire-and-forget"], 0, "");
    let text = check(&["run", &path, "--set", "contenders=[\"udp/catch-up\"]"], 0, "");
    assert!(text.contains("tcp/catch-up missed = 7"), "{text}");
}

#[test]
fn faults_that_do_nothing_are_inconclusive() {
    let fault = "[[fault]]\nkind = \"loss\"\nwho = \"shop\"\nrate = 1.0\nat = \"19.9s\"\n";
    let path = file(&folder("idle"), "shop.toml", &format!("{SCENARIO}{fault}"));
    let text = check(&["run", &path], 3, "");
    assert!(text.contains("Inconclusive"), "{text}");
}

#[test]
fn the_replay_line_repeats_what_changes_the_result() {
    let path = file(&folder("replay it's"), "my shop.toml", SCENARIO);
    let arguments = ["run", &path, "--seed", "7", "--contender", "tcp/catch-up", "--json"];
    let json = check(&[&arguments[..], &["--set", "run_for=21s"]].concat(), 0, "");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let replay = document["replay"].as_str().unwrap();
    let quoted = path.replace('\'', r"'\''");
    let expected =
        format!("dlab run '{quoted}' --seed 7 --contender tcp/catch-up --set run_for=21s");
    assert_eq!(replay, expected);
}

#[test]
fn several_runs_are_one_json_document_a_line_in_order_at_any_j() {
    let arguments = ["run", "caps", "caps", "--json", "--seeds", "3..7"];
    let one = check(&[&arguments[..], &["-j", "1"]].concat(), 0, "");
    let three = check(&[&arguments[..], &["-j", "3"]].concat(), 0, "");
    assert_eq!(one, three);
    let seed =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["seed"].clone();
    let seeds: Vec<_> = one.lines().map(seed).collect();
    assert_eq!(seeds, [3, 4, 5, 6, 7, 3, 4, 5, 6, 7]);
}

#[test]
fn a_trace_of_several_trials_names_each() {
    let path = folder("trace").join("trace.json");
    let trace = path.to_str().unwrap();
    check(&["run", "caps", "--trace", trace, "--quiet", "--twice"], 0, "");
    for line in fs::read_to_string(&path).unwrap().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["scenario"], "caps");
        assert!(event["contender"].is_string() && event["seed"].is_u64(), "{line}");
        assert!(event["ms"].is_number() && event["process"].is_string(), "{line}");
    }
    let one = ["run", "caps", "--contender", "tcp/catch-up", "--trace", trace, "--quiet"];
    check(&one, 0, "");
    assert!(!fs::read_to_string(&path).unwrap().contains("\"scenario\""));
}

#[test]
fn a_life_is_told_alone_and_a_contender_without_the_message_says_so() {
    check(&["run", "caps", "--why", "driver-3", "--prices"], 2, "cannot be used with");
    check(&["run", "caps-full", "--why", "driver-99"], 2, "nobody publishes driver-99");
    let told = check(&["run", "caps-full", "--why", "driver-14"], 0, "");
    let heading = "driver-14 over udp/fire-and-forget";
    let story = told.split("\n\n").skip_while(|part| !part.starts_with(heading)).nth(1);
    assert_eq!(story, Some("Nobody publishes it here."), "{told}");
}

#[test]
fn packets_are_listed_as_text_or_json_and_a_name_that_nothing_has_is_bad_usage() {
    let text = check(&["run", "caps", "--packets=driver-3"], 0, "");
    let lost = "3.027s  broker:7777 → acme-widgets:58684  UDP len 137  driver-3 (frame: push);\n        \
                comes where no socket is open\n";
    assert!(text.contains(lost), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json = check(&["run", "caps", "--json", "--packets=driver-3,acme-widgets,3s..4s"], 0, "");
    let lines: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "a document a contender");
    assert_eq!(lines[0]["schema"], "delivery-lab/packets/1");
    let packets = lines[0]["packets"].as_array().unwrap();
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0]["carries"][0]["messages"][0], "driver-3");
    assert_eq!(packets[0]["ends"][0]["lost"], "no-socket");
    // A message that only one of the contenders publishes is known.
    check(&["run", "caps-full", "--packets=driver-14"], 0, "");
    let said = "nobody and driver-99 is neither a client nor a published message of caps, seed 42";
    check(&["run", "caps", "--packets=nobody,driver-99"], 2, &said.replace(" is ", " are "));
    check(&["run", "caps", "--packets=nobody"], 2, "nobody is neither");
    check(&["run", "caps", "--packets=4s..2s"], 2, "the time 4s is after 2s");
    check(&["run", "caps", "--packets=2..4"], 2, "a filter is a client");
    check(&["run", "caps", "--packets", "--why", "driver-3"], 2, "cannot be used with");
}

#[test]
fn packets_are_written_to_a_file_a_trial_and_a_path_that_cannot_be_is_told() {
    let folder = folder("pcap");
    let path = folder.join("f.pcapng");
    let path = path.to_str().unwrap();
    let names = || {
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
        let mut names: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    let one = &["run", "caps", "--contender", "tcp/catch-up", "-q", "--pcap", path];
    check(one, 0, "");
    assert_eq!(names(), ["f.pcapng"]);
    let first = fs::read(path).unwrap();
    check(&[&one[..], &["--twice"]].concat(), 0, "");
    assert!(first == fs::read(path).unwrap(), "the same bytes");
    fs::remove_file(path).unwrap();
    check(
        &[
            "run",
            "caps",
            "both-ways",
            "-q",
            "--seeds",
            "1..2",
            "--pcap",
            path,
            "--contender",
            "tcp/catch-up",
        ],
        0,
        "",
    );
    assert_eq!(
        names(),
        ["f-both-ways-1.pcapng", "f-both-ways-2.pcapng", "f-caps-1.pcapng", "f-caps-2.pcapng"]
    );
    check(
        &["run", "caps", "-q", "--pcap", "no/such/f.pcapng"],
        4,
        "f-udp-fire-and-forget.pcapng cannot be written",
    );
    check(&["run", "caps", "--pcap", path, "--why", "driver-1"], 2, "cannot be used with");
}

#[test]
fn rooms_are_listed_over_each_contender_instead_of_the_report() {
    let text = check(&["run", "caps", "--rooms"], 0, "");
    let headings = text.lines().filter(|line| line.starts_with("The room events of "));
    let contenders = headings.map(|line| line.split_whitespace().nth(4).unwrap());
    let all = ["udp/fire-and-forget", "udp/catch-up", "tcp/fire-and-forget", "tcp/catch-up"];
    assert_eq!(contenders.collect::<Vec<_>>(), all);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json = check(&["run", "caps", "--rooms", "--json"], 0, "");
    let documents = json.lines().map(|line| serde_json::from_str(line).unwrap());
    let documents: Vec<serde_json::Value> = documents.collect();
    assert_eq!(documents.len(), 4, "a document a contender");
    for document in documents {
        assert_eq!(document["schema"], "delivery-lab/rooms/1");
        let events = document["events"].as_array().unwrap();
        let [first, second] = &events[..2] else { panic!("{document}") };
        assert!(first["event"] == "create-room" && first["room"] == "delivered", "{first}");
        assert_eq!(first.get("client"), None);
        assert_eq!(second["session"], "acme-widgets/1");
        let left = events.iter().find(|event| event["event"] == "leave-room").unwrap();
        assert!(left["session_ended"].is_string(), "{left}");
    }
    for other in ["--why=driver-1", "--packets", "--layers=driver-1", "--at=1s", "--full", "-q"] {
        check(&["run", "caps", "--rooms", other], 2, "cannot be used with");
    }
    check(&["run", "caps", "--rooms", "--prices"], 2, "cannot be used with");
    check(&["run", "caps", "--rooms=acme-widgets"], 2, "unexpected value");
}

#[test]
fn layers_are_shown_for_a_subscriber_and_what_there_is_not_is_bad_usage() {
    let text = check(&["run", "caps", "--layers", "driver-1"], 0, "");
    let row = "  length prefix        144     4      0  7 application  application  application\n";
    assert!(text.contains(row), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json = check(&["run", "caps", "--layers", "driver-1", "--json"], 0, "");
    assert_eq!(json.lines().count(), 4, "a document a contender");
    // The first subscriber is shown, or the one that was asked for.
    let hop = |arguments: &[&str]| {
        let all = ["run", "chat", "--contender", "tcp/catch-up", "--layers", "ann-1"];
        let text = check(&[&all, arguments].concat(), 0, "");
        text.lines().rfind(|line| line.starts_with("broker")).unwrap().to_owned()
    };
    assert_eq!(hop(&[]), "broker → bob");
    assert_eq!(hop(&["--to", "cid"]), "broker → cid");
    assert_eq!(hop(&["--to", "dan"]), "broker → dan: no copy was given to a connection");
    check(
        &["run", "caps", "--layers", "driver-99"],
        2,
        "nobody publishes driver-99 in caps, seed 42",
    );
    let to = "nobody subscribes to nothing in caps; acme-widgets do";
    check(&["run", "caps", "--layers", "driver-1", "--to", "nobody"], 2, to);
    check(&["run", "caps", "--to", "acme-widgets"], 2, "--layers");
    check(&["run", "caps", "--layers", "driver-1", "--packets"], 2, "cannot be used with");
    check(&["run", "caps", "--layers", "driver"], 2, "a message id is");
}

#[test]
fn layers_are_drawn_to_a_file_a_contender_and_a_path_that_cannot_be_is_told() {
    let folder = folder("svg");
    let path = folder.join("f.svg");
    let path = path.to_str().unwrap();
    let one = &["run", "caps", "--contender", "tcp/catch-up", "--layers", "driver-1"];
    let with = [&one[..], &["--svg", path]].concat();
    assert_eq!(check(&with, 0, ""), check(one, 0, ""), "the text is the same");
    let first = fs::read_to_string(path).unwrap();
    assert!(first.starts_with("<svg ") && first.ends_with("</svg>\n"), "{first}");
    fs::write(path, "another file").unwrap();
    check(&with, 0, "");
    assert_eq!(fs::read_to_string(path).unwrap(), first, "it is replaced by the same bytes");
    // Not every contender publishes it.
    check(&["run", "caps-full", "--layers", "driver-14", "--svg", path], 0, "");
    assert!(folder.join("f-tcp-catch-up.svg").exists());
    assert!(!folder.join("f-udp-fire-and-forget.svg").exists());
    let nowhere = "no/such/f.svg cannot be written";
    check(&[&one[..], &["--svg", "no/such/f.svg"]].concat(), 4, nowhere);
    check(&["run", "caps", "--svg", path], 2, "--layers <ID>");
    check(&["run", "caps", "--layers", "driver-99", "--svg", path], 2, "nobody publishes");
}

#[test]
fn a_message_that_a_scenario_does_not_have_is_named_with_the_scenario() {
    let told = check(&["run", "both-ways", "caps", "--why", "bob-4"], 2, "bob-4 in caps");
    assert!(told.contains("bob-4 over"), "{told}");
}

#[test]
fn new_writes_a_file_that_is_valid_and_never_replaces_one() {
    let path = folder("new").join("mine.toml");
    let path = path.to_str().unwrap();
    check(&["new", path], 0, "written");
    check(&["check", path], 0, "");
    check(&["new", path], 4, "is there already, and stays as it is");
}

#[test]
fn expectations_are_cases_of_junit_and_escaped() {
    let folder = folder("junit");
    let text = SCENARIO.replace("\"shop\"", "\"a < \\\"b\\\" & c\"");
    let expect = "[[expect]]\ncontender = \"tcp/catch-up\"\nclient = 'a < \"b\" & c'\nmissed = 7\n\
                  [[expect]]\ncontender = \"tcp/catch-up\"\nmissed = 0\n\
                  [[expect]]\ncontender = \"udp/catch-up\"\nmissed = 0\n";
    let path = file(&folder, "shop.toml", &format!("{text}{expect}"));
    let junit = folder.join("junit.xml");
    let write = || {
        let seeds = ["--seeds", "3..4", "--quiet", "--junit", junit.to_str().unwrap()];
        check(&[&["run", &path], &seeds[..]].concat(), 1, "");
        fs::read_to_string(&junit).unwrap()
    };
    let xml = write();
    assert_eq!(xml, write(), "the same run writes the same bytes");
    let xml = xml.replace(folder.to_str().unwrap(), "FOLDER");
    compare("junit", &xml);
    check(&["run", "caps", "--junit", "no/such/folder.xml"], 4, "cannot be written");
    check(&["run", "caps", "--junit", "a.xml", "--why", "driver-1"], 2, "cannot be used with");
}

#[test]
fn list_show_schema_and_completions_print() {
    assert!(check(&["list"], 0, "").lines().any(|line| line == "  caps"));
    assert!(check(&["show", "caps"], 0, "").contains("title"));
    let schema = |arguments| {
        serde_json::from_str::<serde_json::Value>(&check(arguments, 0, "")).unwrap()["title"]
            .clone()
    };
    assert_eq!(schema(&["schema"]), "A delivery-lab scenario");
    assert_eq!(schema(&["schema", "--report"]), "A delivery-lab report");
    assert_eq!(schema(&["schema", "--layers"]), "The layers of a message of delivery-lab");
    assert_eq!(schema(&["schema", "--packets"]), "The packets of a trial of delivery-lab");
    assert_eq!(schema(&["schema", "--rooms"]), "The room events of a trial of delivery-lab");
    check(&["schema", "--packets", "--rooms"], 2, "cannot be used with");
    for shell in ["bash", "zsh", "fish"] {
        assert!(check(&["completions", shell], 0, "").contains("sent-into-dead-link"), "{shell}");
    }
}

/// Returns a section of a report.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).expect("there is such a section");
    rest.split("\n\nWhy\n").next().unwrap()
}

#[test]
fn every_guarantee_has_its_price() {
    let text = check(&["run", "six-links", "--prices"], 0, "");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    compare("prices", section(&text, "Prices"));
    let plain = check(&["run", "six-links", "--prices", "--plain"], 0, "");
    assert!(
        plain.is_ascii()
            && plain.contains("udp/fire-and-forget, packets: 167, 1.0 times the cheapest.")
    );
    assert!(!check(&["run", "caps"], 0, "").contains("Prices"));
    check(&["run", "caps", "--prices", "--quiet"], 2, "cannot be used with");
}

#[test]
fn prices_are_the_costs_of_the_report_beside_the_least_of_them() {
    let json = check(&["run", "six-links", "--prices", "--json"], 0, "");
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rows = report["contenders"].as_array().unwrap();
    let prices = report["prices"].as_array().unwrap();
    assert_eq!(rows.len(), prices.len());
    let measures = ["packets", "bytes", "retransmits", "broker_peak_messages"];
    let measures = measures.into_iter().chain(["broker_peak_bytes", "client_peak_messages"]);
    for measure in measures {
        let cost = |row: &serde_json::Value| row["cost"][measure].as_u64().unwrap();
        let least = rows.iter().map(cost).min().unwrap();
        for (row, price) in rows.iter().zip(prices) {
            assert_eq!((&row["link"], &row["mode"]), (&price["link"], &price["mode"]));
            assert_eq!(price[measure]["measured"].as_u64(), Some(cost(row)));
            match price[measure]["times_cheapest"].as_f64() {
                Some(times) => {
                    let exact = cost(row) as f64 / least as f64;
                    assert!((times - exact).abs() < 0.000_51, "{measure}: to a thousandth");
                }
                None => assert_eq!(least, 0, "{measure}"),
            }
        }
    }
    // There is one subscriber, so that its delays are those of the contender.
    for (row, price) in rows.iter().zip(prices) {
        for delay in ["median_delay_ms", "worst_delay_ms"] {
            assert_eq!(price[delay]["measured"], row["subscribers"][0][delay]);
        }
    }
    let bare = check(&["run", "caps", "--json"], 0, "");
    assert!(!bare.contains("\"prices\""));
}

#[test]
fn a_word_is_explained_however_it_is_written() {
    let refused = check(&["explain", "refused"], 0, "");
    assert!(
        refused.starts_with("refused (cause)\n")
            && refused.contains("\nrefused or connection refused (reason)\n")
    );
    assert!(check(&["explain", "RST"], 0, "").starts_with("reset or rst (reason)\n"));
    assert!(check(&["explain", "caught_up"], 0, "").starts_with("caught-up (outcome)\n"));
    assert!(check(&["explain", "x"], 0, "").starts_with("✗ or x (sign)\n"));
    assert!(check(&["explain", "--ascii"], 0, "").is_ascii());
    assert!(check(&["explain", "✗", "--ascii"], 0, "").starts_with("x (sign)\n"));
    let contender = check(&["explain", "tcp/catch-up"], 0, "");
    assert!(contender.starts_with("tcp (link)\n") && contender.contains("\ncatch-up (mode)\n"));
    assert!(check(&["explain", "anomaly"], 0, "").starts_with("Anomalies\n"));
    assert!(check(&["explain", "anomalies"], 0, "").starts_with("Anomalies\n"));
    let codes = check(&["explain", "exit"], 0, "");
    assert!(codes.starts_with("Exit codes\n"));
    assert_eq!(check(&["explain", "exit", "code"], 0, ""), codes);
    assert_eq!(check(&["explain", "Exit Codes"], 0, ""), codes);
    assert!(check(&["explain", "columns"], 0, "").starts_with("Columns of the table\n"));
    compare("explain", &check(&["explain"], 0, ""));
    compare("explain_word", &check(&["explain", "sent-into-dead-link"], 0, ""));
}

#[test]
fn several_words_need_no_quotes_and_spaces_are_hyphens() {
    let delay = check(&["explain", "worst-delay"], 0, "");
    assert!(delay.starts_with("worst-delay or worst_delay_ms (column)\n"), "{delay}");
    for given in [&["worst", "delay"][..], &["Worst delay"], &["worst_delay_ms"]] {
        assert_eq!(check(&[&["explain"], given].concat(), 0, ""), delay);
    }
    let success = check(&["explain", "honest", "successes"], 0, "");
    assert!(success.starts_with("honest-success or honest successes (recovery)\n"), "{success}");
    assert!(check(&["explain", "rooms"], 0, "").starts_with("room (lesson)\n"));
    assert!(check(&["explain", "TCP/IP", "model"], 0, "").starts_with("tcp/ip-model or TCP/IP"));
    assert!(check(&["explain", "BROKEN"], 0, "").starts_with("broken (claim)\n"));
    check(&["explain", "wurst", "delay"], 2, "did you mean `worst-delay`");
    check(&["explain", "namspace"], 2, "did you mean `namespace`");
}

#[test]
fn what_a_word_is_called_in_the_course_is_said() {
    let said = |words: &[&str]| {
        let text = check(&[&["explain"], words].concat(), 0, "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(said(&["queue"]).contains("In Socket.IO this is a namespace."));
    assert!(said(&["namespace"]).contains("Here this is a queue"));
    assert!(said(&["event"]).contains("joined like a room"));
    assert!(said(&["Socket.IO"]).contains("Server and client are the lab's own"));
    let disconnect = said(&["disconnect"]);
    assert!(disconnect.contains("over udp the broker learns of it by heartbeat"));
    assert!(disconnect.contains("its new session ends the old one (replaced)"));
    let log = check(&["run", "caps", "--contender", "udp/catch-up", "--json"], 0, "");
    assert!(log.contains(r#""by":"replaced""#), "{log}");
}

#[test]
fn an_unknown_word_gets_the_nearest_right_ones() {
    check(&["explain", "evict"], 2, "did you mean `evicted`");
    check(&["explain", "zzzzzz"], 2, "`dlab explain` lists all words");
    check(&["explain", "tcp/carrier-pigeon"], 2, "is not a word");
    check(&["explain", ""], 2, "is not a word");
    check(&["explain", "tcp", "udp"], 2, "`tcp udp` is not a word");
}

#[test]
fn a_narrow_terminal_gets_narrow_paragraphs() {
    let output = dlab(&["explain", "cause"]).env("COLUMNS", "40").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
}

#[test]
fn plain_has_no_glyphs_and_says_the_same() {
    let text = check(&["run", "caps", "--plain"], 0, "");
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("Replay: dlab run caps --seed 42"), "{text}");
}

/// Starts a run that would take for ever, and reads its first line.
fn endless() -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut command = dlab(&["run", "caps", "--json", "--seeds", "1..1000000000000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"schema\""), "{line}");
    (child, out)
}

#[test]
fn a_closed_pipe_ends_the_run_without_a_word() {
    let (child, out) = endless();
    drop(out);
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn whoever_reads_one_line_of_any_command_sees_no_error() {
    let part = file(&folder("pipe"), "part.json", "");
    let json = check(&["sweep", "caps", "--seeds", "1..2", "--json"], 0, "");
    fs::write(&part, json).unwrap();
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    for command in [
        &["run", "caps"][..],
        &["run", "caps", "-vv"],
        &["run", "caps", "--why", "driver-3"],
        &["run", "caps", "--packets"],
        &["run", "caps", "--layers", "driver-1"],
        &["run", "caps", "--rooms"],
        &["sweep", "caps", "--seeds", "1..2"],
        &["merge", &part],
        &["search", "caps", "--budget", "1"],
        &["check", scenarios],
        &["list"],
        &["list", "--mutants"],
        &["museum", "--seeds", "1..1"],
        &["show", "caps"],
        &["explain"],
        &["explain", "exit"],
        &["schema"],
        &["completions", "fish"],
        &["--help"],
        &["run", "--help"],
    ] {
        // Both ends are closed before anything is written, so that no buffer hides it.
        let closed = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            writer
        };
        let mut command_line = dlab(command);
        let status = command_line.stdout(closed()).stderr(closed()).status().unwrap();
        assert_eq!(status.code(), Some(0), "dlab {command:?}");
        let Output { stderr, .. } = dlab(command).stdout(closed()).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        let is_quiet = stderr.is_empty() || command.contains(&"-vv");
        assert!(is_quiet && !stderr.contains("panicked"), "dlab {command:?}\n{stderr}");
    }
}

#[test]
fn ctrl_c_ends_the_run_with_whole_reports_and_130() {
    let (child, mut out) = endless();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(String::from_utf8_lossy(&stderr).contains("interrupted"));
    for line in rest.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is a whole report");
    }
}

#[track_caller]
fn compare(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}
