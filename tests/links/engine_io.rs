//! The codecs of Engine.IO and Socket.IO: the examples of the protocol documents, round trips, and
//! arbitrary text.

use delivery_lab::link::limits::{MOST_PACKETS, MOST_PAYLOAD};
use delivery_lab::link::socketio::event::{
    Assembler, BinaryAttachment, EventError, PacketKind, SocketIoPacket, json, placeholder,
};
use delivery_lab::link::socketio::packet::{
    EnginePacket, Handshake, PacketError, SEPARATOR, decode_payload, encode_payload,
};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

fn config() -> ProptestConfig {
    let regressions = FileFailurePersistence::Direct("tests/regressions/engine_io.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(regressions)),
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

/// Checks that a text decodes to a packet, and that the packet encodes to the text.
fn check(text: &str, packet: &EnginePacket) {
    assert_eq!(EnginePacket::decode(text).unwrap(), *packet);
    assert_eq!(packet.encode(), text);
}

fn message(text: &str) -> EnginePacket {
    EnginePacket::Message(text.to_owned())
}

/// Checks that a text decodes to a Socket.IO packet, and that the packet encodes to the text.
fn check_event(text: &str, namespace: &str, what: PacketKind) {
    let event = SocketIoPacket { namespace: namespace.to_owned(), what };
    assert_eq!(event.encode(), text);
    assert_eq!(SocketIoPacket::decode(text).unwrap(), event, "{text}");
}

fn event(name: &str, ack: Option<u64>) -> PacketKind {
    let (name, arguments, attachment) = (name.to_owned(), Vec::new(), BinaryAttachment::None);
    PacketKind::Event { name, arguments, ack, attachment }
}

#[test]
fn the_packets_of_engine_io_s_document_are_read_and_written() {
    check("4hello", &message("hello"));
    check("2", &EnginePacket::Ping(String::new()));
    check("3", &EnginePacket::Pong(String::new()));
    check("2probe", &EnginePacket::Ping("probe".into()));
    check("3probe", &EnginePacket::Pong("probe".into()));
    check("1", &EnginePacket::Close);
    check("5", &EnginePacket::Upgrade);
    check("6", &EnginePacket::Noop);
    let open = "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\
                \"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
    let handshake = Handshake {
        sid: "lv_VI97HAXpY6yYWAAAC".into(),
        upgrades: vec!["websocket".into()],
        ping_interval: 25_000,
        ping_timeout: 20_000,
        max_payload: 1_000_000,
    };
    check(open, &EnginePacket::Open(handshake));
}

#[test]
fn the_payloads_of_engine_io_s_document_are_read_and_written() {
    let packets = [message("hello"), EnginePacket::Ping(String::new()), message("world")];
    assert_eq!(encode_payload(&packets), "4hello\x1e2\x1e4world");
    assert_eq!(decode_payload("4hello\x1e2\x1e4world").unwrap(), packets);
    let packets = [message("hello"), EnginePacket::Binary(vec![1, 2, 3, 4])];
    assert_eq!(encode_payload(&packets), "4hello\x1ebAQIDBA==");
    assert_eq!(decode_payload("4hello\x1ebAQIDBA==").unwrap(), packets);
    for bad in ["bAQIDBA", "bAQ", "b?", "b AQID"] {
        assert!(matches!(decode_payload(bad), Err(PacketError::Base64)), "{bad}");
    }
}

#[test]
fn a_payload_beyond_its_limits_is_refused() {
    let many = vec!["2"; MOST_PACKETS].join("\x1e");
    assert_eq!(decode_payload(&many).unwrap().len(), MOST_PACKETS);
    let more = format!("{many}{SEPARATOR}2");
    assert!(matches!(decode_payload(&more), Err(PacketError::TooMany)));
    let long = "4".repeat(MOST_PAYLOAD + 1);
    assert!(matches!(decode_payload(&long), Err(PacketError::TooLong(_))));
    assert!(matches!(EnginePacket::decode(&long), Err(PacketError::TooLong(_))));
}

#[test]
fn the_packets_of_socket_io_s_document_are_read_and_written() {
    let sid = |sid: &str| Some(json(&serde_json::json!({ "sid": sid })));
    check_event("0", "/", PacketKind::Connect(None));
    check_event(
        "0{\"sid\":\"wZX3oN0bSVIhsaknAAAI\"}",
        "/",
        PacketKind::Connect(sid("wZX3oN0bSVIhsaknAAAI")),
    );
    check_event("0/admin,", "/admin", PacketKind::Connect(None));
    let text = "0/admin,{\"sid\":\"oSO0OpakMV_3jnilAAAA\"}";
    check_event(text, "/admin", PacketKind::Connect(sid("oSO0OpakMV_3jnilAAAA")));
    let refusal = json(&serde_json::json!({ "message": "Not authorized" }));
    check_event("4{\"message\":\"Not authorized\"}", "/", PacketKind::ConnectError(refusal));
    check_event("2[\"foo\"]", "/", event("foo", None));
    check_event("2/admin,[\"bar\"]", "/admin", event("bar", None));
    check_event("212[\"foo\"]", "/", event("foo", Some(12)));
    check_event("312[]", "/", PacketKind::Ack { id: 12, arguments: Vec::new() });
    check_event("2/admin,13[\"foo\"]", "/admin", event("foo", Some(13)));
    let bar = || vec![json("bar")];
    check_event("3/admin,13[\"bar\"]", "/admin", PacketKind::Ack { id: 13, arguments: bar() });
    check_event("314[\"bar\"]", "/", PacketKind::Ack { id: 14, arguments: bar() });
    check_event("1", "/", PacketKind::Disconnect);
    check_event("1/admin,", "/admin", PacketKind::Disconnect);
}

#[test]
fn an_event_and_the_bytes_that_follow_it_are_put_together() {
    for (text, namespace, ack) in [
        ("51-[\"baz\",{\"_placeholder\":true,\"num\":0}]", "/", None),
        ("51-/admin,[\"baz\",{\"_placeholder\":true,\"num\":0}]", "/admin", None),
        ("51-14[\"baz\",{\"_placeholder\":true,\"num\":0}]", "/", Some(14)),
    ] {
        let mut assembler = Assembler::default();
        let bytes = EnginePacket::Binary(vec![1, 2, 3, 4]);
        assert!(matches!(assembler.next(bytes.clone()), Err(EventError::Misplaced)));
        assert!(assembler.next(message(text)).unwrap().is_none(), "{text}");
        let put_together = assembler.next(bytes).unwrap().expect("it is complete");
        let (name, attachment) = ("baz".to_owned(), BinaryAttachment::Bytes(vec![1, 2, 3, 4]));
        let what = PacketKind::Event { name, arguments: vec![placeholder()], ack, attachment };
        let expected = SocketIoPacket { namespace: namespace.to_owned(), what };
        assert_eq!(format!("{put_together:?}"), format!("{expected:?}"));
        assert!(assembler.next(message(text)).unwrap().is_none(), "{text}");
        assert!(matches!(assembler.next(message("2[\"foo\"]")), Err(EventError::Misplaced)));
    }
}

#[test]
fn the_document_s_other_packets_of_bytes_are_refused_as_such() {
    for text in [
        "51-[\"baz\",{\"_placeholder\":true,\"num\":1}]",
        "51-[\"baz\",[{\"_placeholder\":true,\"num\":0}]]",
        "51-[\"baz\"]",
        "52-/admin,[\"baz\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]",
        "61-15[\"bar\",{\"_placeholder\":true,\"num\":0}]",
    ] {
        assert!(matches!(SocketIoPacket::decode(text), Err(EventError::Binary)), "{text}");
    }
}

#[test]
fn the_document_s_session_reads_as_it_says() {
    let payload = decode_payload("42[\"hello\"]\x1e42[\"world\"]").unwrap();
    let events = payload.iter().map(|packet| match packet {
        EnginePacket::Message(text) => SocketIoPacket::decode(text).unwrap(),
        other => panic!("{other:?}"),
    });
    let names = events.map(|event| match event.what {
        PacketKind::Event { name, .. } => name,
        other => panic!("{other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["hello", "world"]);
}

#[test]
fn a_namespace_loses_its_query() {
    let read = SocketIoPacket::decode("0/admin?token=1,{\"a\":1}").unwrap();
    assert_eq!((read.namespace.as_str(), read.encode().as_str()), ("/admin", "0/admin,{\"a\":1}"));
}

#[test]
fn what_is_no_packet_of_socket_io_is_an_error() {
    for text in [
        "",
        "7",
        "x",
        "é",
        "2",
        "2[]",
        "2{}",
        "2[1]",
        "2[\"foo\"",
        "3[]",
        "3",
        "399999999999999999999[]",
        "112",
        "1{}",
        "01",
        "4",
        "2/admin",
        "0nonsense",
        "2\"foo\"",
        "1/admin,x",
    ] {
        assert!(SocketIoPacket::decode(text).is_err(), "{text}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9b]?[0-9/a-z,?\\-\\[\\]\"{}:\x1e ]{0,30}",
        "\\PC{0,30}",
        "[0-6](/[a-z]{0,3},)?[0-9]{0,3}\\[(\"[a-z]{0,3}\")?(,[0-9]{1,3}){0,3}\\]?",
    ]
}

fn arguments() -> impl Strategy<Value = Vec<delivery_lab::link::socketio::event::Json>> {
    let value = prop_oneof![
        any::<i64>().prop_map(|n| json(&n)),
        "\\PC{0,12}".prop_map(|text| json(&text)),
        prop::collection::vec("\\PC{0,5}", 0..3).prop_map(|list| json(&list)),
    ];
    prop::collection::vec(value, 0..4)
}

fn saying() -> impl Strategy<Value = PacketKind> {
    prop_oneof![
        prop::option::of("\\PC{0,9}")
            .prop_map(|auth| PacketKind::Connect(auth.map(|auth| json(&auth)))),
        Just(PacketKind::Disconnect),
        ("\\PC{0,9}", arguments(), prop::option::of(any::<u64>()), any::<bool>()).prop_map(
            |(name, mut arguments, ack, is_binary)| {
                let attachment =
                    if is_binary { BinaryAttachment::Awaited } else { BinaryAttachment::None };
                arguments.splice(..0, is_binary.then(placeholder));
                PacketKind::Event { name, arguments, ack, attachment }
            }
        ),
        (any::<u64>(), arguments()).prop_map(|(id, arguments)| PacketKind::Ack { id, arguments }),
        "\\PC{0,9}".prop_map(|error| PacketKind::ConnectError(json(&error))),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_a_packet_or_an_error(text in text()) {
        let _ = decode_payload(&text);
        let _ = SocketIoPacket::decode(&text);
        if let Ok(packet) = EnginePacket::decode(&text) {
            prop_assert_eq!(EnginePacket::decode(&packet.encode()).unwrap(), packet);
        }
        if let Ok(event) = SocketIoPacket::decode(&text) {
            prop_assert_eq!(SocketIoPacket::decode(&event.encode()).unwrap(), event);
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written(namespace in "(/|/[^,?]{1,9})", what in saying()) {
        let event = SocketIoPacket { namespace, what };
        prop_assert_eq!(SocketIoPacket::decode(&event.encode()).unwrap(), event);
    }

    #[test]
    fn a_payload_reads_back_as_it_was_written(texts in prop::collection::vec("[^\x1e]{0,9}", 1..5)) {
        let packets: Vec<EnginePacket> = texts.into_iter().map(EnginePacket::Message).collect();
        prop_assert_eq!(decode_payload(&encode_payload(&packets)).unwrap(), packets);
    }
}
