//! The packets that carry a message, or a part of it, retransmissions included; and those that
//! reset a connection that carried it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::history::{Flow, History, Packet};
use crate::report::words::{count, counted};
use crate::time::Instant;

use super::arrivals::arrivals;
use super::ends::Ends;
use super::names::named;
use super::resets;
use super::selection::Selection;
use super::{Sentence, SentenceOrigin, WhyEvidence};
use crate::report::packets::{Carried, Passage, SentSegment, common, datagram};

/// Most packets of one copy that a story tells one by one. Of more, the last ones but the very last
/// are summed up in one sentence.
const MOST_TOLD: usize = 40;

/// Returns the sentences about the packets of all copies.
pub fn sentences(evidence: &WhyEvidence<'_>, selection: &Selection<'_>) -> Vec<Sentence> {
    if evidence.contender.link.is_datagrams() {
        return datagrams(evidence, &selection.copies);
    }
    let mut sentences = Vec::new();
    let mut resets = BTreeMap::new();
    for copy in &selection.copies {
        let Some(passage) = selection.streams.passage(copy) else { continue };
        sentences.extend(of_stream(evidence, selection, copy, &passage));
        resets.extend(resets::sentences(evidence, selection, copy, &passage));
    }
    sentences.extend(resets.into_values());
    sentences
}

/// Returns a sentence for each packet that is a copy's datagram.
fn datagrams(evidence: &WhyEvidence<'_>, copies: &[Carried]) -> Vec<Sentence> {
    let mut counts: BTreeMap<Flow, u64> = BTreeMap::new();
    let mut sentences = Vec::new();
    for (index, packet) in evidence.packets.iter().enumerate() {
        let Some(flow) = datagram(packet) else { continue };
        let number = counts.entry(flow).or_default();
        *number += 1;
        let is_it =
            |copy: &&Carried| *copy.flow == flow && copy.end == *number && copy.since <= packet.at;
        for _ in copies.iter().filter(is_it) {
            let text = format!("{}.", leaves(evidence.history, packet, "it", "", None));
            sentences.push(sentence(evidence, index, text));
        }
    }
    sentences
}

/// Returns a sentence for each segment of a copy; beyond [`MOST_TOLD`] one sums up.
fn of_stream(
    evidence: &WhyEvidence<'_>,
    Selection { ends, streams, .. }: &Selection<'_>,
    copy: &Carried,
    passage: &Passage,
) -> Vec<Sentence> {
    let Passage { segments, .. } = passage;
    let arrival = Arrival::of(evidence, ends, copy, passage);
    let tell = |segment: &SentSegment| {
        let packet = &evidence.packets[segment.packet];
        let with = passage.load(segment);
        let again = match passage.is_again(segment, copy) {
            true if streams.was_there(copy, segment) => " again, though it was there already",
            true => " again",
            false => "",
        };
        let text = leaves(evidence.history, packet, &with, again, arrival.gone);
        sentence(
            evidence,
            segment.packet,
            format!("{text}{}.", arrival.with(segment.packet, passage)),
        )
    };
    if segments.len() <= MOST_TOLD {
        return segments.iter().map(tell).collect();
    }
    let (told, rest) = segments.split_at(MOST_TOLD - 1);
    let (last, rest) = rest.split_last().expect("there are more than fit");
    let sum = sentence(evidence, rest[0].packet, summed_up(evidence, copy, passage, rest));
    told.iter().map(tell).chain([sum, tell(last)]).collect()
}

/// Returns the sentence about the segments that are not told one by one.
fn summed_up(
    evidence: &WhyEvidence<'_>,
    copy: &Carried,
    passage: &Passage,
    rest: &[SentSegment],
) -> String {
    let packet = |segment: &&SentSegment| &evidence.packets[segment.packet];
    let is_lost = |packet: &&Packet| packet.ends.iter().all(|end| end.lost.is_some());
    let again = rest.iter().filter(|one| passage.is_again(one, copy)).count() as u64;
    let lost = rest.iter().map(|one| packet(&one)).filter(is_lost).count() as u64;
    let first = packet(&&rest[0]);
    let (from, to) = (named(evidence.history, Some(first.from)), named(evidence.history, first.to));
    format!(
        "{} with parts of it leave {from} for {to}, {} of them again; {} do not arrive. A story tells \
         at most {MOST_TOLD} packets of a copy.",
        counted(rest.len() as u64, "more packet"),
        count(again),
        count(lost),
    )
}

/// The arrival of a whole copy at its receiver.
struct Arrival {
    /// The packet that made it complete there, by its index; `None` if none did, or nobody took it.
    completed_by: Option<usize>,
    /// The time at which all that was sent before it was there, too, if that is later.
    waits_until: Option<Instant>,
    /// The time at which the receiving end of the connection was gone.
    gone: Option<Instant>,
}

impl Arrival {
    fn of(
        evidence: &WhyEvidence<'_>,
        ends: &Ends<'_>,
        copy: &Carried,
        passage: &Passage,
    ) -> Arrival {
        let (to, from) = (copy.flow.to, copy.flow.from);
        let receiver = ends.after(to, from, copy.since);
        let has_arrived = receiver.is_some_and(|(_, stats)| copy.end <= stats.arrived);
        let complete = passage.complete.filter(|_| has_arrived);
        let comes_then = |index: &usize| {
            let mut ends = evidence.packets[*index].ends.iter();
            ends.any(|end| end.lost.is_none() && Some(end.at) == complete)
        };
        let completed_by = passage.segments.iter().map(|one| one.packet).rfind(comes_then);
        let waits_until = passage.in_order.filter(|at| complete.is_some_and(|one| one < *at));
        // The packets that come later than the end that had to receive them.
        let gone = ends.around(to, from, (passage.began, Instant::NEVER));
        let gone = gone.filter(|(_, stats)| stats.reason.is_some()).map(|(at, _)| at);
        Arrival { completed_by, waits_until, gone }
    }

    /// The phrase that follows the arrival of the packet that makes the copy complete.
    fn with(&self, packet: usize, passage: &Passage) -> String {
        if self.completed_by != Some(packet) {
            return String::new();
        }
        let all = if passage.parts.len() > 1 { "; now all of it is there" } else { "" };
        let waits = self.waits_until.map(|until| {
            let it = if all.is_empty() { "; it" } else { ", and" };
            format!("{it} waits until {until} for bytes that were sent before it")
        });
        format!("{all}{}", waits.unwrap_or_default())
    }
}

impl Passage {
    /// The first byte of the copy that is known.
    fn start(&self, copy: &Carried) -> u64 {
        self.bytes.as_ref().map_or(copy.end - 1, |bytes| bytes.start)
    }

    /// Whether a segment has bytes of the copy that had left before.
    fn is_again(&self, segment: &SentSegment, copy: &Carried) -> bool {
        segment.bytes.start.max(self.start(copy)) < segment.sent
    }

    /// The phrase for what a segment has of the copy; fits after "with".
    fn load(&self, segment: &SentSegment) -> String {
        let Some(bytes) = &self.bytes else { return "its last byte".to_owned() };
        let piece = common(&segment.bytes, bytes);
        if piece == *bytes {
            return "it".to_owned();
        }
        let range = |piece: &Range<u64>| {
            let (first, last) = (piece.start - bytes.start + 1, piece.end - bytes.start);
            match first == last {
                true => format!("byte {}", count(first)),
                false => format!("bytes {} to {}", count(first), count(last)),
            }
        };
        let length = count(bytes.end - bytes.start);
        let is_whole = self.parts.last().is_some_and(|last| last.end == bytes.end);
        let of = if is_whole { format!(" of {}", self.parts.len()) } else { String::new() };
        match self.parts.iter().position(|part| *part == piece) {
            Some(at) => format!("part {}{of} of it ({} of {length})", at + 1, range(&piece)),
            None => format!("{} of its {length}", range(&piece)),
        }
    }
}

fn sentence(evidence: &WhyEvidence<'_>, index: usize, text: String) -> Sentence {
    Sentence { at: evidence.packets[index].at, of: SentenceOrigin::Packet(index), text }
}

/// Returns the sentence about a packet without its full stop. The loss of a datagram is left out:
/// that is an event of its own.
fn leaves(
    history: &History,
    packet: &Packet,
    with: &str,
    again: &str,
    gone: Option<Instant>,
) -> String {
    let (from, to) = (named(history, Some(packet.from)), named(history, packet.to));
    let bytes = counted(packet.bytes.len() as u64, "byte");
    let ends = arrivals(packet, datagram(packet).is_none(), gone);
    format!("A packet of {bytes} with {with} leaves {from} for {to}{again}{ends}")
}
