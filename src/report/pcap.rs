//! Writes packets as pcapng, the format of Wireshark (IETF draft-ietf-opsawg-pcapng): an interface a
//! process, each packet on that of its sender, with the simulated time, and a comment on what it
//! carries.
//!
//! It writes block by block, and keeps no packet. The crates for this format are a release candidate
//! (pcap-file 3) or write no comments: four kinds of block are less than a dependency.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use super::packets::Annotator;
use crate::history::{Event, Packet};
use crate::message::Name;

/// The link type of packets that begin with their IP header (LINKTYPE_RAW).
const RAW_IP: u16 = 101;
/// Times are in units of 10^-6 s.
const MICROSECONDS: u8 = 6;
/// The flags of a packet that leaves: outbound.
const OUTBOUND: u32 = 2;

/// Options of blocks, by their codes.
mod option {
    pub const COMMENT: u16 = 1;
    pub const INTERFACE_NAME: u16 = 2;
    pub const PACKET_FLAGS: u16 = 2;
    pub const PROGRAM: u16 = 4;
    pub const INTERFACE_ADDRESS: u16 = 4;
    pub const TIME_RESOLUTION: u16 = 9;
}

/// Kinds of block.
mod block {
    pub const SECTION: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const PACKET: u32 = 6;
}

/// Writes the packets of one trial.
pub struct PcapWriter<W> {
    file: W,
    annotator: Annotator,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file with the interfaces of these processes, the broker's first.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(mut file: W, title: &str, processes: &[Name]) -> io::Result<PcapWriter<W>> {
        let mut section = Vec::new();
        section.extend(0x1a2b_3c4d_u32.to_le_bytes());
        section.extend([1_u16.to_le_bytes(), 0_u16.to_le_bytes()].concat());
        section.extend((-1_i64).to_le_bytes());
        add(&mut section, option::COMMENT, title.as_bytes());
        let program = concat!("delivery-lab ", env!("CARGO_PKG_VERSION"));
        add(&mut section, option::PROGRAM, program.as_bytes());
        write(&mut file, block::SECTION, section)?;
        for (index, name) in (0_u32..).zip(processes) {
            let mut interface = [RAW_IP.to_le_bytes(), [0; 2]].concat();
            interface.extend(0_u32.to_le_bytes());
            add(&mut interface, option::INTERFACE_NAME, name.as_str().as_bytes());
            let address = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + index);
            let mask = Ipv4Addr::new(255, 0, 0, 0);
            let address = [address.octets(), mask.octets()].concat();
            add(&mut interface, option::INTERFACE_ADDRESS, &address);
            add(&mut interface, option::TIME_RESOLUTION, &[MICROSECONDS]);
            write(&mut file, block::INTERFACE, interface)?;
        }
        Ok(PcapWriter { file, annotator: Annotator::default() })
    }

    /// Appends packets in order, given all events of the trial so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&mut self, packets: &[Packet], events: &[Event]) -> io::Result<()> {
        self.annotator.learn(events);
        for packet in packets {
            let comment = self.annotator.comment(packet);
            let time = packet.at.as_micros();
            let length = packet.bytes.len() as u32;
            let mut body = Vec::with_capacity(packet.bytes.len() + 128);
            body.extend(packet.from.0.to_le_bytes());
            body.extend(((time >> 32) as u32).to_le_bytes());
            body.extend((time as u32).to_le_bytes());
            body.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
            body.extend(&packet.bytes);
            pad(&mut body);
            if !comment.is_empty() {
                add(&mut body, option::COMMENT, comment.as_bytes());
            }
            add(&mut body, option::PACKET_FLAGS, &OUTBOUND.to_le_bytes());
            write(&mut self.file, block::PACKET, body)?;
        }
        Ok(())
    }

    /// Returns what it writes to.
    pub fn into_inner(self) -> W {
        self.file
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Appends an option to a block's body.
fn add(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    // A length has 16 bits; a comment of many messages may have more.
    let value = &value[..value.len().min(usize::from(u16::MAX) / 2)];
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

/// Fills up to a multiple of four bytes.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Writes a block: kind, length, body, the end of its options, and the length again.
fn write(file: &mut impl Write, kind: u32, mut body: Vec<u8>) -> io::Result<()> {
    body.extend([0; 4]);
    let length = (body.len() as u32 + 12).to_le_bytes();
    file.write_all(&[kind.to_le_bytes(), length].concat())?;
    file.write_all(&body)?;
    file.write_all(&length)
}
