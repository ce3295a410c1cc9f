//! `--trace`: everything that happened, one JSON object a line, trial after trial.
//! It never changes an event; where there are several trials it adds whose it is.

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

/// Whether a line says of which trial it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// There is only one.
    Bare,
    /// Scenario, contender and seed stand in every line.
    Named,
}

#[derive(Serialize)]
struct Names<'a> {
    scenario: &'a str,
    contender: String,
    seed: u64,
}

impl Trace {
    /// Begins the file; an older one of this name is replaced.
    ///
    /// # Errors
    /// It cannot be written.
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
