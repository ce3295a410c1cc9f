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
    /// The ending of files in a folder.
    pub ending: &'static str,
}

impl TrialFiles {
    /// Returns the path for a trial: as it was given, or with what tells the trial from the others
    /// before the ending, as in `caps-tcp-catch-up.pcapng`. In a folder that is there the file has the
    /// scenario's name.
    pub fn path(&self, (scenario, contender, seed): FileTrial<'_>) -> PathBuf {
        let is_folder = self.path.is_dir();
        let mut name = match is_folder {
            true => scenario.name.as_str().into(),
            false => self.path.file_stem().unwrap_or_default().to_owned(),
        };
        if self.has_scenarios && !is_folder {
            name.push(format!("-{}", scenario.name));
        }
        if self.has_seeds {
            name.push(format!("-{seed}"));
        }
        if self.has_contenders {
            name.push(format!("-{contender}").replace('/', "-"));
        }
        if is_folder {
            name.push(".");
            name.push(self.ending);
            return self.path.join(name);
        }
        if let Some(ending) = self.path.extension() {
            name.push(".");
            name.push(ending);
        }
        self.path.with_file_name(name)
    }
}
