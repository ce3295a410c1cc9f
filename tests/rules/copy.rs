//! A copy of the source that is built again for every rule: the library and one test, nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::root;

/// The judge and the modules that it stands on.
const NEEDED: [&str; 11] = [
    "core", "explain", "history", "link", "message", "mutant", "net", "scenario", "time",
    "verdict", "wire",
];

/// The copy, in a folder of its own.
pub struct Copy(PathBuf);

impl Copy {
    /// Copies everything anew; what was built of it before is used again.
    pub fn make() -> Copy {
        let copy = Copy(root().join("target/rules"));
        for part in ["src", "tests/oracle", "scenarios", "Cargo.lock"] {
            copy.take(part);
        }
        // Without what stands above the judge: each rule waits for a build.
        let is_needed = |line: &&str| match line.strip_prefix("pub mod ") {
            Some(module) => NEEDED.contains(&module.trim_end_matches(';')),
            None => true,
        };
        let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
        let map: String = map.lines().filter(is_needed).map(|line| format!("{line}\n")).collect();
        copy.write("src/lib.rs", &map);
        // The same dependencies, and neither programs nor benches. Built quickly, not to be quick.
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let from = manifest.find("[dependencies]").unwrap();
        let to = manifest.find("[[bench]]").unwrap();
        let head = "[package]\nname = \"delivery-lab\"\nversion = \"0.1.0\"\nedition = \"2024\"\nautobins = false\n\n";
        let tail = "[workspace]\n[profile.dev]\ndebug = false\n";
        copy.write("Cargo.toml", &format!("{head}{}{tail}", &manifest[from..to]));
        copy
    }

    /// Writes a file of the copy, if it is not the same.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn take(&self, part: &str) {
        let path = root().join(part);
        if path.is_dir() {
            for entry in fs::read_dir(&path).unwrap() {
                let name = entry.unwrap().file_name();
                self.take(Path::new(part).join(name).to_str().unwrap());
            }
        } else {
            self.write(part, &fs::read_to_string(path).unwrap());
        }
    }

    /// A test that fails: one of the judge's own, or the oracle.
    ///
    /// # Panics
    /// The copy does not compile.
    pub fn failing(&self) -> Option<String> {
        self.first_failing(&["--lib", "--", "verdict", "--skip", "soup"])
            .or_else(|| self.first_failing(&["--test", "oracle"]))
    }

    fn first_failing(&self, tests: &[&str]) -> Option<String> {
        let mut cargo = Command::new(env!("CARGO"));
        let cargo = cargo.args(["test", "--offline"]).args(tests).current_dir(&self.0);
        let output = cargo.env("CARGO_TARGET_DIR", self.0.join("target")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            return None;
        }
        let mut failed = text.lines().filter_map(|line| {
            let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
            Some(name.trim_start_matches("verdict::tests::").to_owned())
        });
        let errors = String::from_utf8_lossy(&output.stderr);
        Some(failed.next().unwrap_or_else(|| panic!("{errors}")))
    }
}
