//! The files for Wireshark (`--pcap`): the same packets as a capture has, in its order, in bounded
//! batches; and what tshark says of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use delivery_lab::history::{Event, Packet};
use delivery_lab::message::{Contender, Link, Mode};
use delivery_lab::report::packets::PacketList;
use delivery_lab::report::pcap::PcapWriter;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Capturing, PacketSink, Trial, TrialOptions, run_trial};
use serde_json::Value;

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::CatchUp };

fn run(name: &str, contender: Contender, capture: Capturing) -> Trial {
    let text = builtin::find(name).expect("it is built in");
    let scenario = Scenario::load("pcap.toml", text).expect("it is a scenario");
    let options = TrialOptions { capture, ..TrialOptions::default() };
    run_trial(&scenario, contender, scenario.seed, &options).expect("nothing panics")
}

/// A block of a file: its kind and its body.
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let mut blocks = Vec::new();
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    while !file.is_empty() {
        let length = number(&file[4..]) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(number(&file[length - 4..]) as usize, length, "the length stands twice");
        blocks.push((number(file), &file[8..length - 4]));
        file = &file[length..];
    }
    blocks
}

#[test]
fn a_file_has_the_packets_of_a_capture_in_order_and_batches_are_bounded() {
    for (name, contender) in [
        ("lossy-wifi", TCP),
        ("lossy-wifi", Contender { link: Link::Udp, mode: Mode::CatchUp }),
        ("six-links", Contender { link: Link::Sse, mode: Mode::CatchUp }),
        ("six-links", Contender { link: Link::SocketIo, mode: Mode::CatchUp }),
        ("reordered", TCP),
    ] {
        let kept = run(name, contender, Capturing::Packets);
        let capture = kept.capture.expect("it was asked for");
        let packets = capture.into_packets();
        let streamed: Arc<Mutex<(Vec<Packet>, usize)>> = Arc::default();
        let (to, names) = (streamed.clone(), kept.history.processes.iter());
        let names: Vec<_> = names.map(|process| process.name.clone()).collect();
        let file = Arc::new(Mutex::new(PcapWriter::new(Vec::new(), "a title", &names).unwrap()));
        let writer = file.clone();
        let sink = PacketSink::new(move |packets: Vec<Packet>, events: &[Event]| {
            writer.lock().unwrap().append(&packets, events).unwrap();
            let mut to = to.lock().unwrap();
            to.1 = to.1.max(packets.len());
            to.0.extend(packets);
        });
        let stream = run(name, contender, Capturing::Stream(sink));
        assert!(stream.capture.is_none());
        assert_eq!(stream.history.events, kept.history.events, "{name}");
        let streamed = streamed.lock().unwrap();
        let plain = |packets: &[Packet]| -> Vec<_> {
            let plain = packets.iter().map(|one| (one.at, one.from, one.to, one.ends.clone()));
            plain.collect()
        };
        assert!(plain(&packets) == plain(&streamed.0), "{name} over {contender}");
        assert!(streamed.1 <= 2_048, "{} packets at once", streamed.1);

        // The comments are what the list says of packets with messages, and of those lost.
        let file = Arc::into_inner(file).map(|file| file.into_inner().unwrap().into_inner());
        let file = file.expect("the trial is over");
        let blocks = blocks(&file);
        assert_eq!(blocks.iter().filter(|block| block.0 == 1).count(), names.len());
        let list = PacketList::of(&kept.history, &packets, 0, &[]);
        let written = blocks.iter().filter(|block| block.0 == 6);
        let mut commented = 0;
        for ((line, packet), (_, body)) in list.packets.iter().zip(&packets).zip(written) {
            let bytes = packet.bytes.len();
            let options = &body[20 + bytes.next_multiple_of(4)..];
            let comment = match u16::from_le_bytes([options[0], options[1]]) {
                1 => {
                    let length = usize::from(u16::from_le_bytes([options[2], options[3]]));
                    std::str::from_utf8(&options[4..4 + length]).unwrap()
                }
                _ => "",
            };
            // Of a unit that goes on, a file that is written meanwhile does not know the name.
            let mut told = comment.split("; ");
            for cargo in line.carries.iter().filter(|cargo| !cargo.messages.is_empty()) {
                let part = match cargo.last - cargo.first + 1 == cargo.length {
                    true => String::new(),
                    false => {
                        format!(", bytes {} to {} of {}", cargo.first, cargo.last, cargo.length)
                    }
                };
                let again = if cargo.sent_again { ", sent again" } else { "" };
                let (ids, end) = (cargo.messages.join(", "), format!("){part}{again}"));
                let is_it = |one: &str| {
                    one.starts_with(&ids) && one.replace(',', "").ends_with(&end.replace(',', ""))
                };
                assert!(
                    told.any(is_it),
                    "{name} over {contender}, {}: {comment}, {ids}{end}",
                    line.number
                );
            }
            let lost = line.ends.iter().any(|end| end.lost.is_some());
            let says_so = ["is lost", "is dropped", "comes ", "goes into"]
                .iter()
                .any(|it| comment.contains(it));
            assert_eq!(lost, says_so, "{name} over {contender}, {}: {comment}", line.number);
            commented += usize::from(!comment.is_empty());
        }
        assert!(commented > 10, "{commented}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pcap").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn tshark(file: &Path, arguments: &[&str]) -> String {
    let mut tshark = Command::new("tshark");
    let checks = ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"];
    for check in checks {
        tshark.args(["-o", &format!("{check}:TRUE")]);
    }
    let output = tshark.arg("-r").arg(file).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn dlab(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs tshark, which CI installs"]
fn tshark_reads_each_file_without_complaint_and_dissects_http_and_websocket() {
    let folder = folder("six-links");
    let path = folder.join("f.pcapng");
    dlab(&["run", "six-links", "--quiet", "--pcap", path.to_str().unwrap()]);
    let mut files = 0;
    for contender in Contender::all() {
        let name = format!("f-{}.pcapng", contender.to_string().replace('/', "-"));
        let file = folder.join(name);
        let bad = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || \
                   udp.checksum.status == 0";
        assert_eq!(tshark(&file, &["-Y", bad]), "", "{contender}");
        assert!(!tshark(&file, &["-Y", "ip.checksum.status == 1"]).is_empty(), "{contender}");
        let protocol = match contender.link {
            Link::Udp => "udp",
            Link::Tcp => "tcp.len > 0",
            Link::WebSocket | Link::SocketIo => "websocket",
            Link::Polling | Link::LongPolling | Link::Sse => "http",
        };
        let lines = tshark(&file, &["-Y", protocol]).lines().count();
        assert!(lines > 10, "{contender}: {lines} packets of {protocol}");
        if contender.link != Link::Udp {
            let stream = tshark(&file, &["-q", "-z", "follow,tcp,ascii,0"]);
            assert!(stream.contains("Node 0: 10.0.0."), "{contender}: {stream}");
        }
        files += 1;
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), files);
}

/// The layers of a message of which a part was sent again, as the lab and as tshark read them.
#[test]
#[ignore = "needs tshark, which CI installs"]
fn tshark_reads_the_fields_of_a_message_that_was_sent_again_as_the_layers_say_them() {
    let file = folder("lossy-wifi").join("f.pcapng");
    let contender = ["run", "lossy-wifi", "--contender", "tcp/catch-up"];
    dlab(&[&contender[..], &["--quiet", "--pcap", file.to_str().unwrap()]].concat());
    let layers = |id: &str| -> Value {
        let json = dlab(&[&contender[..], &["--json", "--layers", id]].concat());
        serde_json::from_str(&json).unwrap()
    };
    let is_again = |packet: &Value| packet["sent_again"] == true;
    let packets_of = |id: &str| layers(id)["hops"][1]["packets"].as_array().unwrap().clone();
    let packets = (1..200).map(|n| packets_of(&format!("sensor-{n}")));
    let packets = packets.into_iter().find(|packets| packets.iter().any(is_again));
    for packet in packets.expect("some message is sent again") {
        let number = format!("frame.number == {}", packet["number"]);
        let fields = [
            "ip.src",
            "ip.dst",
            "ip.ttl",
            "ip.len",
            "ip.checksum",
            "tcp.srcport",
            "tcp.dstport",
            "tcp.seq",
            "tcp.seq_raw",
            "tcp.ack",
            "tcp.len",
            "tcp.hdr_len",
            "tcp.window_size_value",
            "tcp.checksum",
        ];
        let mut arguments = vec!["-Y", &number, "-T", "fields"];
        fields.iter().for_each(|field| arguments.extend(["-e", field]));
        let read = tshark(&file, &arguments);
        let (ip, tcp) = (&packet["ip"], &packet["tcp"]);
        let hex = |value: &Value| format!("{:#06x}", value.as_u64().unwrap());
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let said = [
            text(&ip["source"]),
            text(&ip["destination"]),
            text(&ip["ttl"]),
            text(&ip["bytes"]),
            hex(&ip["checksum"]),
            text(&tcp["source_port"]),
            text(&tcp["destination_port"]),
            text(&tcp["sequence"]),
            text(&tcp["raw_sequence"]),
            text(&tcp["acknowledged"]),
            text(&tcp["length"]),
            text(&tcp["header_bytes"]),
            text(&tcp["window"]),
            hex(&tcp["checksum"]),
        ];
        assert_eq!(read.trim_end().split('\t').collect::<Vec<_>>(), said, "{packet}");
        let flags = tshark(&file, &["-Y", &number, "-T", "fields", "-e", "tcp.flags.str"]);
        let letter = |flag: &str| flags.contains(&flag[..1]);
        let names = ["FIN", "SYN", "RST", "PSH", "ACK"];
        let said = text(&tcp["flags"]);
        assert!(names.iter().all(|flag| letter(flag) == said.contains(flag)), "{flags} {said}");
    }
}
