//! The packets of a trial in the order of sending, one a line: between which hosts, the headers,
//! what each carries, and whether it was lost.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Serialize;
use smoltcp::wire::{Icmpv4Packet, IpProtocol, Ipv4Packet, TcpPacket};

use super::headers;
use super::loads::{Loads, PacketLoad};
use crate::history::{EventKind, History, LossReason, Packet, PacketEnd, ProcessId};
use crate::message::{Contender, MessageId, Note};
use crate::report::document;
use crate::report::measure::{left, width, wrap};
use crate::report::style::{Ink, Style};
use crate::report::words::{count, counted, loss_phrase};
use crate::time::Instant;

/// The most columns before the contents of a packet; if its headers take more, the contents begin on
/// a line of their own.
const MOST_HEAD: usize = 66;
/// The indentation of lines that go on.
const INDENT: &str = "        ";

/// The name of the JSON contract.
pub const SCHEMA: &str = "delivery-lab/packets/1";

/// Selects packets. Of filters of one kind any must hold, of different kinds all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketFilter {
    /// Those to or from this client or process, or those that carry this message.
    Name(String),
    /// Those that left at these times, both included.
    Between(Instant, Instant),
}

/// One packet of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PacketLine {
    /// Its number among all packets of the trial, from 1.
    pub number: usize,
    /// The time at which it left.
    #[serde(rename = "at_ms", serialize_with = "millis")]
    pub at: Instant,
    /// The name of the process that sent it.
    pub from: String,
    /// The name of the process that it is for; `None` if no process has its address.
    pub to: Option<String>,
    /// The address of the sender, with the port if there is one.
    pub source: String,
    /// The address of the receiver.
    pub destination: String,
    /// `tcp`, `udp`, `icmp` or `ip`.
    pub protocol: &'static str,
    /// Flags, sequence number and length in words.
    pub header: String,
    /// Bytes, from the IP header on.
    pub bytes: usize,
    /// The units of which it carries bytes.
    pub carries: Vec<Cargo>,
    /// Its end, and that of each copy that the network made.
    pub ends: Vec<LineEnd>,
}

/// A unit, or a part of it, that a packet carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cargo {
    /// Its name, as in `frame: push`.
    pub unit: String,
    /// The ids of the messages in it.
    pub messages: Vec<String>,
    /// The first and the last of its bytes that are in this packet, counted from 1.
    pub first: u64,
    pub last: u64,
    /// All of its bytes.
    pub length: u64,
    /// Whether they were sent before.
    pub sent_again: bool,
}

/// The end of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineEnd {
    /// The time at which it arrived or was lost.
    #[serde(rename = "at_ms", serialize_with = "millis")]
    pub at: Instant,
    /// The reason for which the receiving host did not take it in.
    pub lost: Option<LossReason>,
}

/// Writes a time as milliseconds.
pub fn millis<S: serde::Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_millis_f64())
}

/// Writes a time as milliseconds, or null.
pub fn millis_or_null<S: serde::Serializer>(
    at: &Option<Instant>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(Instant::as_millis_f64).serialize(serializer)
}

/// The selected packets of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PacketList {
    /// The packets.
    pub packets: Vec<PacketLine>,
    /// Number of packets of the trial that the limit of a capture left out.
    pub not_kept: u64,
    /// The names in filters that are neither a process nor a published message.
    #[serde(skip)]
    pub unknown: Vec<String>,
}

impl PacketList {
    /// Lists the packets that all filters let through. `not_kept` is the number of those that the
    /// capture does not have.
    pub fn of(
        history: &History,
        packets: &[Packet],
        not_kept: u64,
        filters: &[PacketFilter],
    ) -> PacketList {
        let sieve = Sieve::of(history, filters);
        let loads = Loads::of(packets, &history.events);
        let lines = packets.iter().enumerate().filter_map(|(index, packet)| {
            let load = sieve.wants(packet).then(|| loads.load(index))?;
            sieve.takes(&load).then(|| line(history, &loads, index, packet, load))
        });
        PacketList { packets: lines.collect(), not_kept, unknown: sieve.unknown }
    }

    /// Returns the list as JSON, one document on one line, without a newline: the contract
    /// [`SCHEMA`].
    pub fn json(&self, scenario: &str, contender: Contender, seed: u64) -> String {
        document::json(SCHEMA, (scenario, contender, seed), self)
    }

    /// Returns the list as text, each line ended by a newline.
    pub fn text(&self, heading: &str, style: &Style) -> String {
        let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
        if self.packets.is_empty() {
            lines.push("No packet is selected.".to_owned());
        }
        let arrow = style.either("→", "->");
        let heads = self.packets.iter().map(|line| {
            let port = |name: &str, address: &str| match address.rsplit_once(':') {
                Some((_, port)) => format!("{name}:{port}"),
                None => name.to_owned(),
            };
            let to = port(line.to.as_deref().unwrap_or("nobody"), &line.destination);
            [
                line.at.to_string(),
                format!("{} {arrow} {to}", port(&line.from, &line.source)),
                format!("{} {}", line.protocol.to_uppercase(), line.header),
            ]
        });
        let heads: Vec<[String; 3]> = heads.collect();
        let column = |at: usize| heads.iter().map(|head| width(&head[at])).max().unwrap_or(0) + 2;
        let columns = [column(0), column(1), column(2)];
        for (line, head) in self.packets.iter().zip(&heads) {
            let cells = head.iter().zip(columns).map(|(cell, columns)| left(cell, columns));
            let (head, told) = (cells.collect::<String>(), line.told());
            if told.is_empty() {
                lines.push(head.trim_end().to_owned());
            } else if width(&head) <= MOST_HEAD {
                lines.extend(wrap(&told, &head, INDENT));
            } else {
                lines.push(head.trim_end().to_owned());
                lines.extend(wrap(&told, INDENT, INDENT));
            }
        }
        if self.not_kept > 0 {
            let more = counted(self.not_kept, "later packet");
            let most = count(crate::history::MOST_PACKETS as u64);
            lines.push(String::new());
            lines.extend(wrap(
                &format!("Left out: {more}. A capture keeps at most {most}."),
                "",
                "",
            ));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }
}

impl PacketLine {
    /// Returns in words its contents and its end.
    pub fn told(&self) -> String {
        let lost = self.ends.iter().map(|end| end.lost);
        in_words(&self.carries, lost.collect())
    }
}

/// Returns in words a packet's contents and its end.
pub fn told(loads: Vec<PacketLoad>, ends: &[PacketEnd]) -> String {
    let cargo: Vec<Cargo> = loads.into_iter().map(Cargo::of).collect();
    in_words(&cargo, ends.iter().map(|end| end.lost).collect())
}

fn in_words(cargo: &[Cargo], ends: Vec<Option<LossReason>>) -> String {
    let mut parts: Vec<String> = cargo.iter().map(Cargo::told).collect();
    let lost = ends.iter().flatten().map(|lost| loss_phrase(*lost));
    match ends.len() {
        0 => parts.push("nobody has this address".to_owned()),
        1 => parts.extend(lost.map(str::to_owned)),
        copies => {
            parts.push(format!("the network makes {copies} of it"));
            parts.extend(lost.map(|lost| format!("one {lost}")));
        }
    }
    parts.join("; ")
}

impl Cargo {
    fn of(load: PacketLoad) -> Cargo {
        let PacketLoad { title, messages, bytes, length, is_again } = load;
        Cargo {
            unit: title,
            messages: messages.iter().map(MessageId::to_string).collect(),
            first: bytes.start + 1,
            last: bytes.end,
            length,
            sent_again: is_again,
        }
    }

    fn told(&self) -> String {
        let name = match self.messages.as_slice() {
            [] => self.unit.clone(),
            messages => format!("{} ({})", messages.join(", "), self.unit),
        };
        let part = match self.last - self.first + 1 == self.length {
            true => String::new(),
            false => format!(
                ", bytes {} to {} of {}",
                count(self.first),
                count(self.last),
                count(self.length)
            ),
        };
        let again = if self.sent_again { ", sent again" } else { "" };
        format!("{name}{part}{again}")
    }
}

fn line(
    history: &History,
    loads: &Loads<'_>,
    index: usize,
    packet: &Packet,
    load: Vec<PacketLoad>,
) -> PacketLine {
    let (protocol, header, ports) = header(loads, index, packet);
    let named = |process: ProcessId| history.process(process).name.to_string();
    let [source, destination] = ports;
    let end = |end: &PacketEnd| LineEnd { at: end.at, lost: end.lost };
    PacketLine {
        number: index + 1,
        at: packet.at,
        from: named(packet.from),
        to: packet.to.map(named),
        source,
        destination,
        protocol,
        header,
        bytes: packet.bytes.len(),
        carries: load.into_iter().map(Cargo::of).collect(),
        ends: packet.ends.iter().map(end).collect(),
    }
}

/// Returns the protocol of a packet, its header in words, and the two addresses.
fn header(loads: &Loads<'_>, index: usize, packet: &Packet) -> (&'static str, String, [String; 2]) {
    let Some((protocol, flow)) = headers::flow(packet) else {
        let unspecified = Ipv4Addr::UNSPECIFIED.to_string();
        return ("ip", "not readable".to_owned(), [unspecified.clone(), unspecified]);
    };
    let address = |end: SocketAddr| match end.port() {
        0 => end.ip().to_string(),
        _ => end.to_string(),
    };
    let ip = Ipv4Packet::new_unchecked(&packet.bytes[..]);
    let (protocol, header) = match protocol {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_unchecked(ip.payload());
            let sequence = loads.streams.place(index).map(|place| place.sequence);
            let sequence = sequence.unwrap_or(tcp.seq_number().0 as u32);
            let length = match tcp.payload().len() {
                0 => String::new(),
                length => format!(" len {length}"),
            };
            ("tcp", format!("{} seq {sequence}{length}", headers::flags(&tcp)))
        }
        IpProtocol::Udp => ("udp", format!("len {}", ip.payload().len() - 8)),
        IpProtocol::Icmp => {
            let icmp = Icmpv4Packet::new_checked(ip.payload());
            ("icmp", icmp.map_or_else(|_| "not readable".to_owned(), |icmp| headers::icmp(&icmp)))
        }
        other => ("ip", format!("protocol {}", u8::from(other))),
    };
    (protocol, header, [address(flow.from), address(flow.to)])
}

/// The filters, with their names looked up in a history.
struct Sieve {
    processes: Vec<ProcessId>,
    has_names: bool,
    messages: Vec<MessageId>,
    has_messages: bool,
    times: Vec<(Instant, Instant)>,
    unknown: Vec<String>,
}

impl Sieve {
    fn of(history: &History, filters: &[PacketFilter]) -> Sieve {
        let mut sieve = Sieve {
            processes: Vec::new(),
            has_names: false,
            messages: Vec::new(),
            has_messages: false,
            times: Vec::new(),
            unknown: Vec::new(),
        };
        for filter in filters {
            match filter {
                PacketFilter::Between(from, to) => sieve.times.push((*from, *to)),
                PacketFilter::Name(name) => sieve.look_up(history, name),
            }
        }
        sieve
    }

    fn look_up(&mut self, history: &History, name: &str) {
        let is_meant = |id: &ProcessId| {
            let process = history.process(*id);
            process.name.as_str() == name || process.client.as_str() == name
        };
        let processes: Vec<ProcessId> = history.process_ids().filter(is_meant).collect();
        if !processes.is_empty() {
            self.has_names = true;
            self.processes.extend(processes);
            return;
        }
        self.has_messages = true;
        let id = name.parse::<MessageId>().ok();
        let is_published = |id: &MessageId| {
            history.events.iter().any(|event| match &event.kind {
                EventKind::Note(Note::Published { message }) => message.id == *id,
                _ => false,
            })
        };
        match id.filter(is_published) {
            Some(id) => self.messages.push(id),
            None => self.unknown.push(name.to_owned()),
        }
    }

    /// Whether the hosts and the time of a packet are selected.
    fn wants(&self, packet: &Packet) -> bool {
        let is_of = |process: &ProcessId| packet.from == *process || packet.to == Some(*process);
        let is_in = |time: &(Instant, Instant)| (time.0..=time.1).contains(&packet.at);
        (!self.has_names || self.processes.iter().any(is_of))
            && (self.times.is_empty() || self.times.iter().any(is_in))
    }

    /// Whether contents are selected.
    fn takes(&self, loads: &[PacketLoad]) -> bool {
        let mut messages = loads.iter().flat_map(|load| &load.messages);
        !self.has_messages || messages.any(|id| self.messages.contains(id))
    }
}
