//! One trial of a run: simulated, judged, and with `--twice` compared with a second run.
//! It prints nothing and is independent of other trials, so that it may run on any thread.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::packet_page::{PacketPage, PacketRequest};
use super::pcap::Pcap;
use super::trial_files::TrialFiles;
use crate::core::BrokerView;
use crate::history::{Capture, History, Packet};
use crate::message::{Contender, MessageId, Name};
use crate::report::layers::{LayersEvidence, MessageLayers};
use crate::report::room_events::RoomEvents;
use crate::report::why::{Sentence, WhyEvidence, life};
use crate::scenario::Scenario;
use crate::sim::{self, TrialError, TrialOptions};
use crate::time::Instant;
use crate::verdict::{self, Row};

/// A trial to run.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The loaded scenario's index.
    pub index: usize,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The contender.
    pub contender: Contender,
    /// The seed of all draws.
    pub seed: u64,
}

/// Options of every trial of a run.
#[derive(Clone, Debug)]
pub struct TrialRequest {
    /// Options of the simulator.
    pub options: TrialOptions,
    /// Whether each trial runs once or twice.
    pub runs: Runs,
    /// Whether the trace is kept.
    pub trace: HistoryUse,
    /// The message whose story is told.
    pub why: Option<MessageId>,
    /// The packets that are listed, and how, if they are.
    pub packets: Option<PacketRequest>,
    /// Whether the events of rooms are listed.
    pub rooms: bool,
    /// The files of the packets, if they are written.
    pub pcap: Option<TrialFiles>,
    /// The message whose layers are shown, and the client at the end of its last hop, if not the
    /// first that wanted it.
    pub layers: Option<(MessageId, Option<String>)>,
}

/// The number of times that each trial runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    Once,
    Twice,
}

/// Whether the trace is kept after the judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryUse {
    Trace,
    Nothing,
}

/// The result of a trial.
pub struct JobOutcome {
    /// The judgement.
    pub row: Row,
    /// The hash of the trace.
    pub trace_hash: String,
    /// The lines of the trace, if they are kept.
    pub trace: Vec<String>,
    /// The state of the broker at each requested moment at which it was not down.
    pub broker_views: BTreeMap<Instant, BrokerView>,
    /// The story of the requested message; empty if it was not published.
    pub life: Vec<Sentence>,
    /// The packets, if they are listed.
    pub packets: Option<PacketPage>,
    /// The events of rooms, if they are listed.
    pub rooms: Option<RoomEvents>,
    /// The layers of the requested message, if it was published.
    pub layers: Option<MessageLayers>,
    /// The reason for which the file of packets could not be written.
    pub pcap: Option<String>,
    /// The first difference of a second run.
    pub difference: Option<String>,
}

/// Runs the job.
///
/// # Errors
/// Something panicked, which is a bug of dlab, or the trial was cancelled, or exceeded a limit.
pub fn run(job: Job, request: &TrialRequest) -> Result<JobOutcome, TrialError> {
    catch_unwind(AssertUnwindSafe(|| attempt(job, request)))
        .unwrap_or_else(|panic| Err(TrialError::panic(&*panic)))
}

fn attempt(job: Job, request: &TrialRequest) -> Result<JobOutcome, TrialError> {
    let of = (job.scenario, job.contender, job.seed);
    let pcap = request.pcap.as_ref().map(|files| Pcap::create(files, of));
    let capture = pcap.as_ref().map_or(request.options.capture.clone(), Pcap::capturing);
    let options = TrialOptions { capture, ..request.options.clone() };
    let mut trial = simulate(job, &options, |trial| {
        let sim::Trial { history, views, capture } = trial;
        let row = verdict::judge(job.scenario, job.contender, &history);
        let trace = match request.trace {
            HistoryUse::Trace => history.trace_lines().collect(),
            HistoryUse::Nothing => Vec::new(),
        };
        let trace_hash = history.trace_hash();
        let not_kept = capture.as_ref().map_or(0, Capture::left_out);
        let kept = capture.map(Capture::into_packets).unwrap_or_default();
        let life = request.why.as_ref().and_then(|id| tell(job, &history, &kept, id));
        let life = life.unwrap_or_default();
        let packets = request.packets.as_ref();
        let packets = packets.map(|packets| packets.page(of, &history, &kept, not_kept));
        let rooms = request.rooms.then(|| RoomEvents::of(&history));
        let evidence = LayersEvidence { history: &history, packets: &kept, not_kept };
        let layers = request.layers.as_ref();
        let layers = layers.and_then(|(id, to)| layers_of(job, &evidence, id, to.as_deref()));
        JobOutcome {
            row,
            trace_hash,
            trace,
            broker_views: views,
            life,
            packets,
            rooms,
            layers,
            pcap: None,
            difference: None,
        }
    })?;
    trial.pcap = pcap.and_then(|pcap| pcap.finish().err());
    if request.runs == Runs::Twice {
        trial.difference = compare(job, request, &trial.trace_hash)?;
    }
    Ok(trial)
}

/// Returns the story of a message in this trial.
fn tell(job: Job, history: &History, packets: &[Packet], id: &MessageId) -> Option<Vec<Sentence>> {
    let Job { scenario, contender, .. } = job;
    let followed = &verdict::follow(scenario, contender, history, id);
    life(&WhyEvidence { scenario, contender, history, packets, followed }, id)
}

/// Returns the layers of a message in this trial.
fn layers_of(
    job: Job,
    evidence: &LayersEvidence<'_>,
    id: &MessageId,
    to: Option<&str>,
) -> Option<MessageLayers> {
    let followed = || verdict::follow(job.scenario, job.contender, evidence.history, id);
    let first = || followed().into_iter().next().map(|one| one.client);
    let subscriber = to.map(Name::from).or_else(first);
    MessageLayers::of(evidence, id, subscriber.as_ref())
}

/// Runs the trial again, and returns the first difference. Only if the hashes differ does a third
/// run provide a trace to compare with.
fn compare(job: Job, request: &TrialRequest, hash: &str) -> Result<Option<String>, TrialError> {
    let second = simulate(job, &request.options, |second| second.history)?;
    if second.trace_hash() == hash {
        return Ok(None);
    }
    let third = simulate(job, &request.options, |third| third.history)?;
    Ok(Some(difference(third.trace_lines(), second.trace_lines())))
}

fn simulate<T: Send>(
    job: Job,
    options: &TrialOptions,
    then: impl FnOnce(sim::Trial) -> T + Send,
) -> Result<T, TrialError> {
    let Job { scenario, contender, seed, .. } = job;
    // The log has no other line that says whose it is.
    tracing::info!("{contender} of {}, seed {seed}", scenario.name);
    sim::run_trial_then(scenario, contender, seed, options, then)
}

/// Returns the first difference of two traces: the number of the line, and both lines.
fn difference(
    mut first: impl Iterator<Item = String>,
    mut second: impl Iterator<Item = String>,
) -> String {
    let end = || "the end".to_owned();
    for number in 1_u64.. {
        match (first.next(), second.next()) {
            (None, None) => break,
            (one, other) if one != other => {
                let (one, other) = (one.unwrap_or_else(end), other.unwrap_or_else(end));
                return format!("event {number} was\n  {one}\nand the second time\n  {other}");
            }
            _ => {}
        }
    }
    "the hashes differ, and the lines do not".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &[&str], second: &[&str], expected: &str) {
        let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
        let said = difference(lines(first).into_iter(), lines(second).into_iter());
        assert_eq!(said.replace('\n', " "), expected);
    }

    #[test]
    fn the_first_event_that_differs_is_shown() {
        check(&["a", "b"], &["a", "c"], "event 2 was   b and the second time   c");
        check(&["a"], &["a", "c"], "event 2 was   the end and the second time   c");
    }
}
