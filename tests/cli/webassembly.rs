//! The program as WebAssembly, against this one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a file that `web/build` makes. It must be of the same commit.
fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist").join(name);
    assert!(path.exists(), "{} is not there: run web/build first", path.display());
    path
}

/// Runs tests of Node, which compare with this program.
fn run(tests: &[&str]) {
    let tests = tests.iter().map(|name| format!("web/tests/{name}.test.mjs"));
    let mut node = Command::new("node");
    let node = node.arg("--test").args(tests).current_dir(env!("CARGO_MANIFEST_DIR"));
    // Node's runner of tests takes this for a test of its own.
    let node = node.env_remove("NODE_TEST_CONTEXT").env("DLAB", env!("CARGO_BIN_EXE_dlab"));
    let output = node.env("DLAB_WASM", built("dlab.wasm")).output().expect("Node is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "needs Node and what web/build makes, which CI runs"]
fn dlab_as_webassembly_prints_and_writes_the_same_bytes() {
    run(&["scenarios", "commands"]);
}

#[test]
#[ignore = "needs Node, Chromium and what web/build makes, which CI runs"]
fn the_page_of_the_lab_runs_scenarios_with_the_same_bytes() {
    built("lab.html");
    run(&["lab"]);
}
