//! `--pcap`: writes the packets of each trial to a file of its own while they leave. It never changes
//! a packet.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::console::reason;
use super::trial_files::{FileTrial, TrialFiles};
use crate::history::{Event, Packet};
use crate::report::pcap::PcapWriter;
use crate::sim::{Capturing, PacketSink, processes};

/// The file of one trial, and the first error in writing it.
pub struct Pcap {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

type State = io::Result<Option<PcapWriter<BufWriter<File>>>>;

impl Pcap {
    /// Creates the file; an existing one is replaced. An error is returned at the end.
    pub fn create(files: &TrialFiles, trial: FileTrial<'_>) -> Pcap {
        let path = files.path(trial);
        let state = Arc::new(Mutex::new(begin(&path, trial).map(Some)));
        Pcap { path, state }
    }

    /// Returns the option that has a trial write its packets here.
    pub fn capturing(&self) -> Capturing {
        let state = self.state.clone();
        let append = move |packets: Vec<Packet>, events: &[Event]| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(Some(writer)) = &mut *state
                && let Err(error) = writer.append(&packets, events)
            {
                *state = Err(error);
            }
        };
        Capturing::Stream(PacketSink::new(append))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// The file could not be written; says which.
    pub fn finish(self) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = std::mem::replace(&mut *state, Ok(None));
        let written = state.and_then(|writer| writer.map_or(Ok(()), PcapWriter::finish));
        written.map_err(|error| {
            format!("{} cannot be written: {}", self.path.display(), reason(&error))
        })
    }
}

fn begin(
    path: &Path,
    (scenario, contender, seed): FileTrial<'_>,
) -> io::Result<PcapWriter<BufWriter<File>>> {
    let file = BufWriter::new(File::create(path)?);
    let title = format!("{contender} of {}, seed {seed}", scenario.name);
    let names = processes(scenario).into_iter().map(|process| process.name);
    PcapWriter::new(file, &title, &names.collect::<Vec<_>>())
}
