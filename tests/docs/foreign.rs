//! Tests the page on queues of one's own as a stranger would: its files in a crate of their own,
//! outside this one, and what `cargo test` says there.
//!
//! `cargo test` leaves it out, since it builds delivery-lab a second time, as a test library;
//! `.ci/run` asks for it. `UPDATE_REFERENCE=1` writes the output into the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PAGE: &str = "docs/your-own-queue.md";
/// The words before the block with the output.
const SAYS: &str = "`cargo test` says:\n\n```text\n";

/// Returns the first block of the page in this language that begins with `start`.
fn block<'p>(page: &'p str, language: &str, start: &str) -> &'p str {
    let fence = format!("```{language}\n");
    let mut blocks = page.split(&fence).skip(1);
    let block = blocks.find(|block| block.starts_with(start));
    let block = block.unwrap_or_else(|| panic!("{PAGE} has no {language} with {start}"));
    block.split("```").next().unwrap()
}

/// Writes the page's files into a crate beside a link to this one.
fn write_crate(page: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("delivery-lab-{}", std::process::id()));
    let my_queue = folder.join("my-queue");
    let write = |path: &str, text: &str| {
        let path = my_queue.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("src/lib.rs", "");
    write("Cargo.toml", block(page, "toml", "[package]"));
    write(".cargo/config.toml", block(page, "toml", "[build]"));
    write("tests/queue.rs", block(page, "rust,test_harness,should_panic", "use "));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::os::unix::fs::symlink(root, folder.join("delivery-lab")).unwrap();
    // The same versions as here: nothing is fetched.
    fs::copy(root.join("Cargo.lock"), my_queue.join("Cargo.lock")).unwrap();
    folder
}

/// Runs `cargo test` in the crate. Dependencies that are the same as here are not built again, and
/// what is built is not optimized.
fn cargo_test(my_queue: &Path) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--test", "queue"]).args(QUICK_TO_BUILD);
    cargo.current_dir(my_queue).env("CARGO_TARGET_DIR", target);
    cargo.env_remove("RUSTFLAGS").env_remove("RUST_BACKTRACE");
    cargo.output().unwrap()
}

const QUICK_TO_BUILD: [&str; 4] =
    ["--config", "profile.dev.opt-level=0", "--config", "profile.dev.debug=false"];

/// Replaces what differs from run to run: the thread's number, and the time.
fn normalized(output: &str) -> String {
    let lines = output.lines().map(|line| {
        let thread = line.starts_with("thread '").then(|| line.split_once(") panicked"));
        match (thread.flatten(), line.split_once("; finished in ")) {
            (Some((_, place)), _) => format!("thread 'nothing_is_lost' panicked{place}"),
            (_, Some((result, _))) => result.to_owned(),
            (None, None) => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
#[ignore = "builds a second crate, which CI asks for"]
fn the_page_on_queues_works_in_a_crate_of_its_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let folder = write_crate(&page);
    let output = cargo_test(&folder.join("my-queue"));
    fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "a test fails:\n{errors}\n{said}");
    assert!(!errors.contains("warning"), "{errors}");
    let (before, rest) = page.split_once(SAYS).unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        let page = format!("{before}{SAYS}{}\n```\n{after}", said.trim());
        return fs::write(&path, page).unwrap();
    }
    assert_eq!(
        normalized(&said),
        normalized(shown),
        "write it anew: UPDATE_REFERENCE=1 cargo test --test suite -- --ignored page_on_queues"
    );
}

/// Every reader sees the story on the first page, too.
#[test]
fn the_first_page_tells_the_same_story() {
    let page = include_str!("../../docs/your-own-queue.md");
    let readme = include_str!("../../README.md");
    let (_, shown) = page.split_once(SAYS).unwrap();
    let (_, story) = shown.split_once("NaiveQueue violates").unwrap();
    let (story, _) = story.split_once("\n\nThe scenario:").unwrap();
    assert!(readme.contains(story), "README.md does not have it: {story}");
}
