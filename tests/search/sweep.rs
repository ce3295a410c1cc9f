//! End-to-end tests of `dlab sweep`, `dlab merge` and `dlab search`: parts make the whole, a
//! finding is shrunk the same way every time, and the file that is written shows it again.

use delivery_lab::terms::Exercise;
use std::path::PathBuf;
use std::process::{Command, Output};

use delivery_lab::message::{Contender, Mode};
use delivery_lab::scenario::Scenario;
use delivery_lab::search::{self, Aim, Coverage};

fn dlab(folder: &PathBuf, line: &str) -> Output {
    let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
    dlab.current_dir(folder).env("LC_ALL", "C.UTF-8").args(line.split_whitespace());
    dlab.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Creates an empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_parts_of_a_sweep_join_to_the_whole_in_any_order_and_at_any_j() {
    let folder = folder("parts");
    for sweep in [
        "sweep caps --seeds 1..7 --vary fault.0.for=1s..3s/1s",
        "sweep any --seeds 1..5 --contender tcp/catch-up --contender udp/fire-and-forget",
    ] {
        let whole = dlab(&folder, &format!("{sweep} --json"));
        for (part, jobs) in [(1, 1), (2, 2), (3, 1)] {
            let output = dlab(&folder, &format!("{sweep} --shard {part}/3 --json -j {jobs}"));
            std::fs::write(folder.join(format!("{part}.json")), output.stdout).unwrap();
        }
        let joined = dlab(&folder, "merge 3.json 1.json 2.json --json");
        assert_eq!(text(&joined), text(&whole), "{sweep}");
        assert_eq!(joined.status.code(), whole.status.code());
        let words = dlab(&folder, sweep);
        assert_eq!(text(&dlab(&folder, "merge 1.json 2.json 3.json")), text(&words));
        let table = dlab(&folder, &format!("{sweep} --csv"));
        assert_eq!(text(&dlab(&folder, "merge 1.json 2.json 3.json --csv")), text(&table));
    }
    for (line, message) in [
        ("merge 1.json 2.json", "part 3 is not there"),
        ("merge 1.json 2.json 2.json", "part 2 is there twice"),
        ("merge nothing.json", "nothing.json"),
    ] {
        let output = dlab(&folder, line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.stdout.is_empty() && said.contains(message), "{line}: {said}");
    }
}

/// Runs the commands of the page as they are printed there.
#[test]
#[ignore = "needs GNU parallel, which CI installs"]
fn the_recipe_for_gnu_parallel_gives_what_one_sweep_gives() {
    let page = include_str!("../../docs/searching.md");
    let (_, recipe) = page.split_once("GNU parallel, here or on several machines").unwrap();
    let recipe = recipe.split("```").nth(1).unwrap();
    let folder = folder("parallel");
    let mut bash = Command::new("bash");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_dlab"));
    let path =
        format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    // A sweep that finds something exits with 1; `parallel` goes on, and so does the shell.
    bash.args(["-c", recipe]).current_dir(&folder).env("PATH", path).env("LC_ALL", "C.UTF-8");
    let output = bash.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, rest) = recipe.split_once("dlab ").unwrap();
    let (sweep, _) = rest.split_once(" --shard").unwrap();
    let whole = dlab(&folder, sweep);
    assert_eq!(text(&output), text(&whole), "{recipe}");
    assert!(text(&whole).contains("1,000"), "{}", text(&whole));
}

#[test]
fn a_sweep_names_the_runs_that_failed_and_they_fail_again() {
    let folder = folder("failing");
    let caps = text(&dlab(&folder, "show caps"));
    std::fs::write(folder.join("mine.toml"), caps).unwrap();
    let output = dlab(&folder, "sweep mine.toml --seeds 1..3 --set fault.0.for=1s");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    let replay = said.lines().find_map(|line| line.trim().strip_prefix("dlab run ")).unwrap();
    assert_eq!(dlab(&folder, &format!("run {replay}")).status.code(), Some(1), "{replay}");
}

#[test]
fn a_built_in_scenario_is_not_failed_for_numbers_that_are_not_its_own() {
    let folder = folder("family");
    for (sweep, judged_by_claims) in [
        ("sweep caps --seeds 1..3 --set fault.0.for=1s", true),
        ("sweep caps --seeds 42..42", false),
        ("sweep caps --seeds 42..42 --vary fault.0.for=16s..20s/2s", true),
    ] {
        let output = dlab(&folder, sweep);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.contains("Judged by its claims"), judged_by_claims, "{said}");
    }
}

/// The shop never subscribes, so that all 10 messages of each run come before its subscription.
#[test]
fn what_came_before_a_subscription_is_told_though_nobody_wanted_it() {
    let folder = folder("early");
    let said = text(&dlab(&folder, "sweep websocket-blocked --seeds 1..2"));
    let early = "websocket/catch-up: 20 messages came before a subscription stood, and were not\n    \
                 wanted by it.\n";
    assert!(said.contains(early), "{said}");
    assert!(!said.contains("socketio/catch-up: 20"), "{said}");
}

#[test]
fn what_is_still_under_way_is_undecided_and_not_lost() {
    let folder = folder("undecided");
    let sweep = "sweep caps --seeds 1..2 --contender tcp/catch-up";
    let said = text(&dlab(&folder, &format!("{sweep} --vary fault.0.for=4s..28s/4s")));
    assert!(said.contains("tcp/catch-up  ····○○○\n"), "{said}");
    assert!(said.contains("undecided from 20s on: the run ends at 20s"), "{said}");
    assert!(!said.contains("loses"), "{said}");
    let two = "--vary fault.0.for=4s..20s/8s --vary broker.backlog.messages=2..4/1";
    let said = text(&dlab(&folder, &format!("{sweep} {two}")));
    let grid = "   4s  ▂▁·\n  12s  ▄▃▂\n  20s  ▄▃▂\n";
    assert!(said.contains(grid), "{said}");
}

#[test]
fn what_is_found_is_shrunk_the_same_way_and_its_file_shows_it_again() {
    let folder = folder("found");
    let line = "search caps --contender tcp/fire-and-forget --guarantee at-least-once --budget 40";
    let [one, two] = ["one.toml", "two.toml"].map(|file| {
        let output = dlab(&folder, &format!("{line} --out {file}"));
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        text(&output).replace(file, "")
    });
    assert_eq!(one, two);
    let file = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(file("one.toml"), file("two.toml"));
    let found = Scenario::load("one", &file("one.toml")).unwrap();
    assert_eq!((found.faults.len(), found.clients.len()), (1, 2), "{found}");
    // In a fresh process, to the end, the finding is what the file expects.
    assert_eq!(dlab(&folder, "run one.toml").status.code(), Some(0));
    // Without a file it is printed, and nothing is written.
    let files = || std::fs::read_dir(&folder).unwrap().count();
    let before = files();
    let output = dlab(&folder, line);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains(&file("one.toml")), "{}", text(&output));
    assert_eq!(files(), before);
    // An existing file is not replaced.
    assert_eq!(dlab(&folder, &format!("{line} --out one.toml")).status.code(), Some(4));
}

#[test]
fn a_broken_machine_is_found_from_storms_that_know_nothing_of_it() {
    let folder = folder("mutants");
    for mutant in ["no-dedup", "delete-before-ack", "stale-replica"] {
        let line = format!(
            "search any --set mutant.name={mutant} --contender udp/catch-up --contender \
             tcp/catch-up --budget 400 --out {mutant}.toml"
        );
        let output = dlab(&folder, &line);
        assert_eq!(output.status.code(), Some(1), "{mutant}: {}", text(&output));
        assert_eq!(dlab(&folder, &format!("run {mutant}.toml")).status.code(), Some(0));
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let folder = folder("quiet");
    let output = dlab(&folder, "search caps --contender tcp/catch-up --budget 60");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("60 trials"), "{}", text(&output));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "no file is written");
}

/// Tries storms of every kind over every contender. `dlab sweep any` tries more.
#[test]
fn the_correct_machines_do_nothing_wrong_in_drawn_storms() {
    let mut coverage = Coverage::default();
    for seed in 1..=60 {
        let scenario = search::any(seed);
        let loaded = Scenario::load(&scenario.name, &scenario.to_string());
        assert_eq!(loaded.as_ref().ok(), Some(&scenario), "seed {seed} prints as it is");
        // A mode with few claims seldom breaks one.
        let is_tried = |one: &Contender| one.mode == Mode::CatchUp || seed <= 10;
        for contender in Contender::all().filter(is_tried) {
            let tried = search::attempt(&scenario, contender).unwrap();
            let found = search::find(&tried.row, Aim::Wrong);
            assert_eq!(found, None, "dlab run any:{seed} --contender {contender}");
            if contender.mode == Mode::CatchUp {
                coverage += &tried.coverage;
            }
        }
    }
    for exercise in Exercise::ALL {
        assert!(coverage.count(exercise) > 0, "no storm had {}", exercise.plural());
    }
}
