//! The files of a run that has one for each trial. It names them, and writes none.

use std::path::PathBuf;

use crate::message::Contender;
use crate::scenario::Scenario;

/// One trial of a run, as its file is named.
pub type FileTrial<'a> = (&'a Scenario, Contender, u64);

/// The names of the files of a run.
#[derive(Clone, Debug)]
pub struct TrialFiles {
    /// The path as it was given.
    pub path: PathBuf,
    /// Whether there are several scenarios, seeds or contenders, so that names need them.
    pub has_scenarios: bool,
    pub has_seeds: bool,
    pub has_contenders: bool,
}

impl TrialFiles {
    /// Returns the path for a trial: as it was given, or with what tells the trial from the others
    /// before the ending, as in `caps-tcp-catch-up.pcapng`.
    pub fn path(&self, (scenario, contender, seed): FileTrial<'_>) -> PathBuf {
        let mut name = self.path.file_stem().unwrap_or_default().to_owned();
        if self.has_scenarios {
            name.push(format!("-{}", scenario.name));
        }
        if self.has_seeds {
            name.push(format!("-{seed}"));
        }
        if self.has_contenders {
            name.push(format!("-{contender}").replace('/', "-"));
        }
        if let Some(ending) = self.path.extension() {
            name.push(".");
            name.push(ending);
        }
        self.path.with_file_name(name)
    }
}
