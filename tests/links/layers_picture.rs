//! The layers of a message as a picture (`--layers ID --svg FILE`): what is in it over every link,
//! that its texts fit, and that no payload gets out of its place. Three are snapshots.

use delivery_lab::message::{Contender, Link, MessageId, Mode, Name};
use delivery_lab::report::layers::{LayersEvidence, MessageLayers};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Capturing, TrialOptions, run_trial};

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::CatchUp };
const UDP: Contender = Contender { link: Link::Udp, mode: Mode::CatchUp };
const SOCKET_IO: Contender = Contender { link: Link::SocketIo, mode: Mode::CatchUp };

fn layers(text: &str, contender: Contender, id: &str, subscriber: &str) -> MessageLayers {
    let scenario = Scenario::load("picture.toml", text).expect("it is a scenario");
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    let trial = run_trial(&scenario, contender, scenario.seed, &options).expect("nothing panics");
    let packets = trial.capture.expect("it was asked for").into_packets();
    let evidence = LayersEvidence { history: &trial.history, packets: &packets, not_kept: 0 };
    let id: MessageId = id.parse().unwrap();
    MessageLayers::of(&evidence, &id, Some(&Name::from(subscriber))).expect("it is published")
}

fn picture(text: &str, contender: Contender, id: &str, subscriber: &str) -> String {
    layers(text, contender, id, subscriber).svg(&format!("{id} over {contender}"))
}

fn caps(contender: Contender) -> String {
    picture(builtin::find("caps").unwrap(), contender, "driver-1", "acme-widgets")
}

/// The scenario `lossy-wifi` with 20 messages of 6,000 letters, one a second.
fn long_over_lossy_wifi() -> String {
    let text = builtin::find("lossy-wifi").expect("it is built in");
    let expectations = text.find("[[expect]]").expect("it has some");
    let payload = format!("payload = \"{}\"", "x".repeat(6_000));
    let text = text[..expectations].replace("payload = { celsius = 21.5 }", &payload);
    let text = text.replace("\"udp/fire-and-forget\", \"udp/catch-up\", ", "");
    let text = text.replace("every = \"10ms\", count = 2000", "every = \"1s\", count = 20");
    assert!(text.contains("count = 20,") && text.contains("xxx"), "{text}");
    text
}

/// Returns the value of an attribute of a tag.
fn number(tag: &str, name: &str) -> Option<u64> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()?.parse().ok()
}

/// Checks that texts lie inside the picture and of two in a line the first ends before the second,
/// and that each box has a name and a description.
fn check(picture: &str, what: impl std::fmt::Display) {
    let tags = picture.split('<').map(|tag| tag.split('>').next().unwrap());
    let tags: Vec<&str> = tags.collect();
    let height = number(tags[1], "height").expect("the picture has one");
    let texts = tags.iter().filter(|tag| tag.starts_with("text "));
    let texts = texts.map(|tag| ["x", "textLength", "y"].map(|name| number(tag, name).unwrap()));
    let texts: Vec<[u64; 3]> = texts.collect();
    assert!(texts.len() > 10, "{what}");
    for (index, [x, length, y]) in texts.iter().enumerate() {
        assert!(x + length <= 352 && y + 8 <= height, "{what}: {x} {length} {y}");
        let right = texts[index + 1..].iter().filter(|other| other[2] == *y && other[0] >= *x);
        for other in right {
            assert!(x + length <= other[0], "{what}: {x} {length} reaches {other:?}");
        }
    }
    let count = |name: &str| tags.iter().filter(|tag| **tag == name).count();
    // One group holds the others and is described by the picture's own title.
    assert_eq!((count("title"), count("desc")), (count("g"), count("g")), "{what}");
    let outside = picture.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for reference in ["http", "url(", "href", "@import", "<script", "<image", " id="] {
        assert!(!outside.contains(reference), "{what}: {reference}");
    }
}

#[test]
fn over_every_link_a_picture_has_the_layers_and_their_names_in_three_models() {
    for contender in Contender::all() {
        let text = builtin::find("caps").unwrap();
        let layers = layers(text, contender, "driver-1", "acme-widgets");
        let picture = layers.svg("driver-1");
        check(&picture, contender);
        for layer in layers.hops.iter().flat_map(|hop| &hop.layers) {
            assert!(picture.contains(&format!(">{}</text>", layer.name)), "{contender}");
            let bytes = format!("<title>{}, {} bytes</title>", layer.name, layer.bytes);
            assert!(picture.contains(&bytes), "{contender}: {bytes}");
        }
        for name in ["OSI 7 application", "OSI 4 transport", "of 4 internet", "of 5 network"] {
            assert!(picture.contains(&format!(">{name}</text>")), "{contender}: {name}");
        }
    }
}

#[test]
fn no_payload_gets_out_of_its_place() {
    let hostile = "</text></g><script>alert('a' & \\\"b\\\")</script> \u{202e}\u{2066}\u{85}\\u007f\u{ffff} \
                   مرحبا 日本語 ]]> <!-- &amp; \\u001b";
    let text = builtin::find("caps").unwrap();
    let payload = "payload = { store = \"acme-widgets\", orderId = \"e3669048\" }";
    assert!(text.contains(payload), "{text}");
    let text = text.replace(payload, &format!("payload = \"{hostile}\""));
    for contender in [TCP, UDP, SOCKET_IO] {
        let picture = picture(&text, contender, "driver-1", "acme-widgets");
        check(&picture, contender);
        assert!(picture.contains("&lt;/text&gt;&lt;/g&gt;&lt;script&gt;"), "{picture}");
        assert!(picture.contains("مرحبا"), "{picture}");
        let is_odd =
            |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{ffff}".contains(c);
        assert!(!picture.contains(is_odd), "{picture}");
    }
}

#[test]
fn of_a_message_in_many_parts_the_first_packets_are_drawn() {
    let text = long_over_lossy_wifi().replace(&"x".repeat(6_000), &"x".repeat(60_000));
    let layers = layers(&text, TCP, "sensor-1", "reader");
    let packets: Vec<usize> = layers.hops.iter().map(|hop| hop.packets.len()).collect();
    assert!(packets.iter().all(|number| *number > 40), "{packets:?}");
    let picture = layers.svg("sensor-1");
    check(&picture, "60,000 letters");
    assert_eq!(picture.matches("<title>IP packet, ").count(), 2 * 24);
    for number in packets {
        let more = format!("Left out: {} later packets. A hop has at most 24.", number - 24);
        assert!(picture.contains(&more), "{more}");
    }
}

#[test]
fn pictures_of_a_resent_part_of_socketio_and_of_a_datagram() {
    // One part of it is lost, and sent again.
    let lossy = picture(&long_over_lossy_wifi(), TCP, "sensor-4", "reader");
    assert!(lossy.contains("It is lost.") && lossy.contains("leaves again"), "{lossy}");
    check(&lossy, "lossy-wifi");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!("picture@lossy-wifi", lossy);
        insta::assert_snapshot!("picture@socketio", caps(SOCKET_IO));
        insta::assert_snapshot!("picture@udp", caps(UDP));
    });
}
