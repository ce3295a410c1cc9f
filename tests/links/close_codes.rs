//! The close code of each WebSocket, at each end that was alive to record it: over `websocket`, and
//! over `socketio`, which closes without a code.

use delivery_lab::history::EventKind;
use delivery_lab::message::{Contender, Link, Mode};
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{TrialOptions, run_trial};

const BROKER: u32 = 0;
const DRIVER: u32 = 1;
const SHOP: u32 = 2;

/// A driver publishes every half second to a shop that is always there. Checks the codes over both
/// links, in order of time, with the additions to the scenario in `rest`.
#[track_caller]
fn check(rest: &str, websocket: &[(u32, u16)], socketio: &[(u32, u16)]) {
    let text = format!(
        "title = \"Codes\"\nseed = 1\nrun_for = \"30s\"\nlatency = \"20ms\"\n\
         contenders = [\"websocket/fire-and-forget\"]\n\
         [[client]]\nid = \"driver\"\n\
         publish = [{{ queue = \"q\", event = \"e\", every = \"500ms\", count = 40, start = \"1s\" }}]\n\
         [[client]]\nid = \"shop\"\nsubscribe = [{{ queue = \"q\", event = \"e\" }}]\n{rest}\n"
    );
    let scenario = Scenario::load("codes", &text).unwrap_or_else(|why| panic!("{why:?}"));
    for (link, expected) in [(Link::WebSocket, websocket), (Link::SocketIo, socketio)] {
        for mode in [Mode::FireAndForget, Mode::CatchUp] {
            let contender = Contender { link, mode };
            let trial = run_trial(&scenario, contender, 1, &TrialOptions::default()).unwrap();
            let codes = trial.history.events.iter().filter_map(|event| match event.kind {
                EventKind::CloseCode { code, .. } => Some((event.process.0, code)),
                _ => None,
            });
            assert_eq!(codes.collect::<Vec<_>>(), expected, "{contender}: {rest}");
        }
    }
}

fn fault(kind: &str, who: &str, rest: &str) -> String {
    format!("[[fault]]\nkind = \"{kind}\"\nwho = \"{who}\"\nat = \"5s\"\n{rest}")
}

#[test]
fn who_leaves_says_so() {
    check(
        &fault("disconnect", "shop", "for = \"3s\""),
        &[(SHOP, 1_000), (BROKER, 1_000)],
        &[(SHOP, 1_005), (BROKER, 1_005)],
    );
}

#[test]
fn who_is_replaced_is_told_so() {
    // Over Socket.IO the broker disconnects the namespaces, and the client closes the WebSocket.
    check(
        "[[client]]\nid = \"twin\"\nname = \"shop\"\n\
         [[fault]]\nkind = \"disconnect\"\nwho = \"twin\"\nat = \"0ms\"\nfor = \"5s\"",
        &[(BROKER, 1_008), (SHOP, 1_008)],
        &[(SHOP, 1_005), (BROKER, 1_005)],
    );
}

#[test]
fn a_peer_that_vanished_said_nothing() {
    let heartbeat = "[broker]\nheartbeat = { every = \"1s\", timeout = \"1s\" }\n";
    let cut = fault("cut", "shop", "for = \"10s\"");
    // Over Socket.IO the next ping comes a second after the last pong, and the pong a round trip
    // after its ping. The broker gives up that much later.
    let (broker_first, shop_first) =
        ([(BROKER, 1_006), (SHOP, 1_006)], [(SHOP, 1_006), (BROKER, 1_006)]);
    check(&format!("{heartbeat}{cut}"), &broker_first, &shop_first);
}

#[test]
fn a_program_that_is_killed_says_nothing_and_its_peer_hears_the_end() {
    let kill = |who| fault("crash", who, "for = \"3s\"\nnotice = true");
    check(&kill("shop"), &[(BROKER, 1_006)], &[(BROKER, 1_006)]);
    let clients = [(DRIVER, 1_006), (SHOP, 1_006)];
    check(&kill("broker"), &clients, &clients);
}

#[test]
fn a_broker_that_forgot_answers_with_a_reset() {
    // The driver sends to it and is reset. The shop only listens, and would notice by the
    // heartbeat, 45 s after the last ping.
    let crash = fault("crash", "broker", "for = \"1s\"");
    check(&crash, &[(DRIVER, 1_006)], &[(DRIVER, 1_006)]);
}
