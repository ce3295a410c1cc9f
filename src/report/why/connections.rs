//! The sentences about connections: what is written to one, and how one ends.

use crate::history::{ConnectionStats, Flow, History, TransportKind};
use crate::report::packets::Begin;
use crate::report::words::{count, counted};

use super::names::{at, named};
use super::selection::Selection;
use crate::report::packets::Carried;

/// The sentence about the place of a copy in its flow.
pub fn carried(history: &History, flow: &Flow, end: u64, is_stream: bool) -> String {
    let way = format!("{} to {}", at(history, flow.from), at(history, flow.to));
    let end = count(end);
    match is_stream {
        true => format!("It is written into the connection from {way}; it ends with byte {end}."),
        false => format!("It leaves in the datagram number {end} from {way}."),
    }
}

/// The sentence about the end of a connection, or its state at the end of the trial. `index` is that
/// of the event.
pub fn ended(index: usize, stats: &ConnectionStats, selection: &Selection<'_>) -> String {
    let history = selection.history();
    let event = &history.events[index];
    let who = named(history, Some(event.process));
    let reason = stats.reason.map(|reason| format!(" ({})", reason.words())).unwrap_or_default();
    if stats.transport == TransportKind::Datagram {
        return format!("{who}'s socket is gone{reason}.");
    }
    let cut_off = selection.copies.iter().filter(|copy| selection.ends.cuts_off(index, copy));
    let Some(copy) = cut_off.max_by_key(|copy| copy.end) else {
        return format!("{who}'s end of the connection is gone{reason}.");
    };
    let peer = named(history, history.process_at(stats.end.peer));
    let end = match stats.reason {
        Some(_) => format!("{who}'s end of the connection with {peer} is gone{reason}"),
        None => format!("At the end {who}'s connection with {peer} is still open"),
    };
    let begin = selection.streams.begin(copy);
    let it = match copy.flow.from == stats.end.local {
        true => {
            let left = selection.streams.left(copy, event.at);
            format!(
                "{}. {}",
                sent(stats, left),
                unsent(stats, copy, begin, || selection.end_before(copy))
            )
        }
        false => received(stats, copy, begin),
    };
    format!("{end}: {it}.")
}

/// The phrase for what a sender wrote into its connection.
fn sent(stats: &ConnectionStats, left: Option<u64>) -> String {
    let written = counted(stats.written, "byte");
    let were = if stats.written == 1 { "was" } else { "were" };
    let left = left.map(|left| format!("{} of them had left, ", count(left))).unwrap_or_default();
    let acknowledged = count(stats.acknowledged);
    format!("{written} {were} written into it, {left}{acknowledged} acknowledged")
}

/// The sentence about the bytes of a copy that a sender had not got rid of.
fn unsent(
    stats: &ConnectionStats,
    copy: &Carried,
    begin: Begin,
    end_before: impl Fn() -> u64,
) -> String {
    let ConnectionStats { written, acknowledged, .. } = *stats;
    let (place, gone) = match written < copy.end {
        true => ("link's own queue", written),
        false => ("send buffer", acknowledged),
    };
    let what = match begin {
        Begin::After(begin) if begin < gone => {
            format!("its last {}", counted(copy.end - gone, "byte"))
        }
        Begin::After(_) => "it".to_owned(),
        // What has not left is not acknowledged; whether it was written is another question.
        Begin::NotRead if copy.end <= written || gone <= end_before() => "it".to_owned(),
        Begin::NotRead | Begin::Unknown => "at least its end".to_owned(),
    };
    let had = if stats.reason.is_some() { "had" } else { "has" };
    format!("The message ends with byte {}, so the {place} still {had} {what}", count(copy.end))
}

/// The phrase for the bytes of a copy that a receiver had, or had not.
fn received(stats: &ConnectionStats, copy: &Carried, begin: Begin) -> String {
    let ConnectionStats { arrived, read, .. } = *stats;
    let what = match begin {
        _ if copy.end <= arrived => "it had arrived, and was not read to its end".to_owned(),
        Begin::After(begin) if begin < arrived => {
            format!("its last {} had not arrived", counted(copy.end - arrived, "byte"))
        }
        Begin::After(_) | Begin::NotRead => "nothing of it had arrived".to_owned(),
        Begin::Unknown => "its last byte had not arrived".to_owned(),
    };
    let came = counted(arrived, "byte");
    let read =
        if read < arrived { format!(", {} of them read", count(read)) } else { String::new() };
    format!("{came} had arrived{read}. The message ends with byte {}: {what}", count(copy.end))
}
