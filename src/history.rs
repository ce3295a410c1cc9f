//! The record of a trial: one ordered list of events, from which everything else is computed.
//!
//! Each process writes with its own [`Recorder`]. [`History::assemble`] orders the events by
//! simulated time, then by process, then by the process's own sequence, so that the order in which
//! processes appended them does not matter. Nothing here draws conclusions.

mod capture;
mod event;
mod recorder;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Serialize, Serializer};

pub use capture::{Capture, MOST_PACKETS, Packet, PacketEnd};
pub use event::{
    AppReport, ConnectionStats, Endpoint, Event, EventKind, Flow, LossReason, PowerState,
    ProcessId, TransportKind,
};
pub use recorder::Recorder;

use crate::hash::Fnv1a;
use crate::message::Name;
use crate::time::{Duration, Instant};

/// The record of one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The processes, the broker first; events refer to them by their index here.
    pub processes: Vec<Process>,
    /// All events in order.
    pub events: Vec<Event>,
    /// Number of hits of each fault of the scenario, by its index.
    pub hits: Vec<u64>,
    /// The cost of the trial.
    pub cost: Cost,
    /// The time from publish to response of each message that was posted over HTTP, ascending. A
    /// message that was posted again has a time for each response.
    pub responses: Vec<Duration>,
    /// The time at which the trial ended.
    pub ended_at: Instant,
}

/// A process: the broker, or one process of a client entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// The entry of the scenario file, with `#n` if it is one of many; the broker's is `broker`.
    pub name: Name,
    /// The client that it runs as; several processes may share one.
    pub client: Name,
}

/// The cost of a trial, from its beginning to its end: packets of all hosts, and messages held. What
/// follows from the events is empty until the trial is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// IP packets that left a host.
    pub packets: u64,
    /// Their IP bytes.
    pub bytes: u64,
    /// TCP segments that carried bytes for a second time.
    pub retransmits: u64,
    /// TCP's three-way handshakes that were complete at the host that was called.
    pub handshakes: u64,
    /// Open TCP connections × time, at the hosts that they were opened to.
    #[serde(rename = "connection_ms", serialize_with = "millis")]
    pub connection_time: Duration,
    /// Requests over HTTP whose answer the broker kept back × time.
    #[serde(rename = "held_request_ms", serialize_with = "millis")]
    pub held_request_time: Duration,
    /// Most messages that the broker held at a time.
    pub broker_peak_messages: u64,
    /// Most bytes of messages that the broker held at a time.
    pub broker_peak_bytes: u64,
    /// Most messages that one client held at a time.
    pub client_peak_messages: u64,
    /// From the events: bytes of the payloads of messages, once for each copy that was carried and
    /// not lost.
    pub payload_bytes: u64,
    /// From the events: the lower median of the times from publish to the answer that the publisher
    /// got; `None` if none got one.
    #[serde(rename = "median_answer_ms", serialize_with = "millis_or_null")]
    pub median_answer: Option<Duration>,
    /// From the events: the longest of these times.
    #[serde(rename = "worst_answer_ms", serialize_with = "millis_or_null")]
    pub worst_answer: Option<Duration>,
}

/// Writes a span in milliseconds with their fraction.
fn millis<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_millis_f64())
}

fn millis_or_null<S: Serializer>(
    span: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    span.map(Duration::as_millis_f64).serialize(serializer)
}

impl History {
    /// Returns a process by its id.
    ///
    /// # Panics
    /// The trial has no such process.
    pub fn process(&self, id: ProcessId) -> &Process {
        &self.processes[id.index()]
    }

    /// Returns the ids of all processes, the broker's first.
    pub fn process_ids(&self) -> impl Iterator<Item = ProcessId> + use<> {
        (0..self.processes.len() as u32).map(ProcessId)
    }

    /// Returns the process with this address; `None` if there is none.
    pub fn process_at(&self, address: SocketAddr) -> Option<ProcessId> {
        let IpAddr::V4(ip) = address.ip() else { return None };
        let index = ip.to_bits().checked_sub(Ipv4Addr::new(10, 0, 0, 1).to_bits())?;
        ((index as usize) < self.processes.len()).then_some(ProcessId(index))
    }

    /// Takes the events of a trial from its recorders, and sorts them; `recorders[i]` is that of
    /// `processes[i]`.
    ///
    /// # Panics
    /// There is not one recorder per process.
    pub fn assemble(processes: Vec<Process>, recorders: &[Recorder]) -> History {
        assert_eq!(processes.len(), recorders.len(), "one recorder a process");
        let mut events = recorders.first().map(Recorder::take).unwrap_or_default();
        sort(&mut events);
        History { processes, events, ..History::default() }
    }

    /// Gives the events back to the recorders that they were taken from, when the trial goes on.
    pub fn give_back(self, recorders: &[Recorder]) {
        if let Some(recorder) = recorders.first() {
            recorder.put_back(self.events);
        }
    }

    /// Iterates over the lines of the trace: one JSON object per event, in order, without newlines.
    pub fn trace_lines(&self) -> impl Iterator<Item = String> + '_ {
        self.events.iter().map(|event| {
            let mut line = Vec::new();
            self.write_line(&mut line, event);
            String::from_utf8(line).expect("JSON is UTF-8")
        })
    }

    /// Returns a hash of the trace: FNV-1a, 64 bits, over its lines, each ended by a newline.
    pub fn trace_hash(&self) -> String {
        let mut hash = Fnv1a::new();
        let mut line = Vec::new();
        for event in &self.events {
            line.clear();
            self.write_line(&mut line, event);
            line.push(b'\n');
            hash = hash.with(&line);
        }
        format!("{:016x}", hash.bits())
    }

    /// Appends an event's line of the trace, without a newline.
    fn write_line(&self, line: &mut Vec<u8>, event: &Event) {
        let process = &self.process(event.process).name;
        let head = LineHead { ms: event.at.as_millis_f64(), process };
        serde_json::to_writer(&mut *line, &head).expect("an event is plain data");
        // The kind is an object with one key, which becomes one more key of the line. (serde's
        // `flatten` would copy its data first.)
        line.pop();
        let kind = line.len();
        serde_json::to_writer(&mut *line, &event.kind).expect("an event is plain data");
        line[kind] = b',';
    }
}

/// Sorts events in place: by time, then process, then the process's own sequence.
fn sort(events: &mut [Event]) {
    let order = |event: &Event| (event.process, event.sequence);
    if events.is_sorted_by_key(|event| event.at) {
        // Processes that are together record as time passes; only lost datagrams are added at the
        // end.
        for same in events.chunk_by_mut(|one, next| one.at == next.at) {
            same.sort_unstable_by_key(order);
        }
    } else {
        events.sort_unstable_by_key(|event| (event.at, order(event)));
    }
}

/// The beginning of an event's line in the trace. The kind of event with its data follows.
#[derive(Serialize)]
struct LineHead<'a> {
    ms: f64,
    process: &'a Name,
}
