//! Hands the packets of a trial over while it runs, in order, so that none has to be kept to its end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::history::{Capture, Event, Packet, Recorder};
use crate::time::Instant;

/// Least number of packets that wait before some are handed over.
const BATCH: usize = 1_024;

/// Whether a trial's packets are kept.
#[derive(Clone, Debug, Default)]
pub enum Capturing {
    /// Packets are only counted.
    #[default]
    Nothing,
    /// The first packets are kept, up to the limit of a [`Capture`].
    Packets,
    /// All packets are handed over while the trial runs, and not kept. They are in order if the
    /// processes are together.
    Stream(PacketSink),
}

/// A function that is given packets in the order of sending, each once its end is known, and the
/// events so far in the order of writing. It must not touch the trial.
#[derive(Clone)]
pub struct PacketSink(Arc<Mutex<TakePackets>>);

type TakePackets = dyn FnMut(Vec<Packet>, &[Event]) + Send;

impl PacketSink {
    /// Makes a sink of a function.
    pub fn new(take: impl FnMut(Vec<Packet>, &[Event]) + Send + 'static) -> PacketSink {
        PacketSink(Arc::new(Mutex::new(take)))
    }

    fn take(&self, packets: Vec<Packet>, events: &[Event]) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(packets, events);
    }
}

impl fmt::Debug for PacketSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PacketSink")
    }
}

/// The packets that wait to be handed over.
pub(crate) struct PacketStream {
    sink: PacketSink,
    /// Number of packets at which to look for some that can be handed over. It is twice what was
    /// left the last time, so that a long way is not sorted again for every packet.
    next: usize,
}

impl PacketStream {
    pub fn new(sink: PacketSink) -> PacketStream {
        PacketStream { sink, next: BATCH }
    }

    /// Hands over what is settled, if enough packets wait.
    pub fn pass(&mut self, capture: &mut Capture, now: Instant, recorder: &Recorder) {
        if capture.len() >= self.next {
            let packets = capture.take_settled(now);
            recorder.show(|events| self.sink.take(packets, events));
            self.next = BATCH.max(2 * capture.len());
        }
    }

    /// Hands over all that is left.
    pub fn finish(self, capture: Capture, recorder: &Recorder) {
        recorder.show(|events| self.sink.take(capture.into_packets(), events));
    }
}
