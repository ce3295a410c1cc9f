//! `--trace`: writes every event, one JSON object per line, trial after trial. It never changes an
//! event; if there are several trials, it adds scenario, contender and seed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::message::Contender;

/// The file being written.
pub struct Trace {
    file: BufWriter<File>,
    naming: Naming,
}

/// Whether a line names its trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Lines do not name their trial: there is only one.
    Bare,
    /// Every line has scenario, contender and seed.
    Named,
}

#[derive(Serialize)]
struct Names<'a> {
    scenario: &'a str,
    contender: String,
    seed: u64,
}

impl Trace {
    /// Creates the file; an existing one is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, naming: Naming) -> io::Result<Trace> {
        Ok(Trace { file: BufWriter::new(File::create(path)?), naming })
    }

    /// Appends the lines of a trial, each of which is a JSON object.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(
        &mut self,
        scenario: &str,
        contender: Contender,
        seed: u64,
        lines: &[String],
    ) -> io::Result<()> {
        let names = Names { scenario, contender: contender.to_string(), seed };
        let names = serde_json::to_string(&names)?;
        for line in lines {
            match (self.naming, line.strip_prefix('{')) {
                (Naming::Named, Some(rest)) => {
                    // Two objects become one: the names' closing brace, then a comma.
                    writeln!(self.file, "{},{rest}", &names[..names.len() - 1])?;
                }
                _ => writeln!(self.file, "{line}")?,
            }
        }
        self.file.flush()
    }
}
