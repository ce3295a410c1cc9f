//! Compares `dlab` as WebAssembly with the native one, by the tests of `web/tests`.

use std::path::Path;
use std::process::Command;

/// It reads `web/dist/dlab.wasm`: run `web/build` first, of the same commit.
#[test]
#[ignore = "needs Node and what web/build makes, which CI runs"]
fn dlab_as_webassembly_prints_and_writes_the_same_bytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = root.join("web/dist/dlab.wasm");
    assert!(built.exists(), "{} is not there: run web/build first", built.display());
    let tests = ["scenarios", "commands"].map(|name| format!("web/tests/{name}.test.mjs"));
    let mut node = Command::new("node");
    let node = node.arg("--test").args(tests).current_dir(root);
    // Node's runner of tests takes this for a test of its own.
    let node = node.env_remove("NODE_TEST_CONTEXT").env("DLAB", env!("CARGO_BIN_EXE_dlab"));
    let output = node.env("DLAB_WASM", built).output().expect("Node is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
