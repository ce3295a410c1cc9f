//! Edge cases where two rules meet, each a small scenario whose numbers its comment derives. The
//! correct system breaks no claim in any of them, and delivers nothing that was not subscribed to.

use delivery_lab::history::EventKind;
use delivery_lab::message::{Contender, EndReason, Note};
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::terms::{Cause, Claim, Guarantee};
use delivery_lab::time::Duration;
use delivery_lab::verdict::{self, SubscriberReport};

/// Runs a scenario over every contender that it lists, and compares one subscriber's counts with
/// `[wanted, live + caught up, missed]`.
fn check(text: &str, client: &str, expected: [u64; 3]) {
    let scenario = Scenario::load("corner", text).unwrap();
    for &contender in &scenario.contenders {
        let one = subscriber(&scenario, contender, client);
        let counts = [one.wanted, one.live + one.caught_up, one.missed];
        assert_eq!(counts, expected, "{contender} {client}: {:?}", one.causes);
    }
}

/// Runs a scenario, checks that no claim is broken, and returns the report of a subscriber.
fn subscriber(scenario: &Scenario, contender: Contender, client: &str) -> SubscriberReport {
    let trial = run_trial(scenario, contender, scenario.seed, &TrialOptions::default()).unwrap();
    let row = verdict::judge(scenario, contender, &trial.history);
    for one in &row.subscribers {
        let broken = one.guarantees.values().filter(|one| one.claim == Claim::Broken).count();
        assert_eq!((broken, one.not_wanted), (0, 0), "{contender} {}: {one:#?}", one.client);
    }
    row.subscribers.into_iter().find(|one| one.client == client).unwrap()
}

const CATCH_UP: &str = r#"contenders = ["udp/catch-up", "tcp/catch-up"]"#;

/// Ten messages are accepted before the leave at 2 s. One at a time is sent, and its handler takes
/// 500 ms. The messages that are outstanding when the client leaves its only room, and when the
/// session ends, are delivered on the next session.
#[test]
fn what_was_accepted_before_a_leave_is_delivered_after_it() {
    let text = format!(
        r#"title = "outstanding after a leave"
           run_for = "60s"
           {CATCH_UP}
           broker = {{ window = 1 }}
           client = [
               {{ id = "p", publish = [{{ queue = "q", event = "e", every = "100ms", count = 10, start = "500ms" }}] }},
               {{ id = "s", inbox = 1, subscribe = [{{ queue = "q", event = "e" }}], leave = [{{ queue = "q", room = "e", at = "2s" }}] }},
           ]
           fault = [
               {{ kind = "slow", who = "s", at = "0ms", for = "10s", handler = "500ms" }},
               {{ kind = "disconnect", who = "s", at = "2.5s", for = "1s" }},
           ]"#
    );
    check(&text, "s", [10, 10, 0]);
}

/// The client is away from 0.75 s to 2.75 s, and leaves at 2 s. It tells the broker on the next
/// session, about 100 ms after that begins. It gets the messages accepted at 0.52, 1.02, 1.52, 2.02
/// and 2.52 s.
#[test]
fn a_leave_made_while_away_is_told_on_the_next_session() {
    let text = format!(
        r#"title = "a leave while away"
           run_for = "20s"
           latency = "20ms"
           {CATCH_UP}
           client = [
               {{ id = "p", publish = [{{ queue = "q", event = "e", every = "500ms", count = 10, start = "500ms" }}] }},
               {{ id = "s", subscribe = [{{ queue = "q", event = "e" }}], leave = [{{ queue = "q", room = "e", at = "2s" }}] }},
           ]
           fault = [{{ kind = "disconnect", who = "s", at = "750ms", for = "2s" }}]"#
    );
    check(&text, "s", [5, 5, 0]);
}

/// A volatile message overtakes the three before it, which wait for the window. It arrives out of
/// order, but no claim covers it.
#[test]
fn a_volatile_message_that_overtakes_breaks_no_claim() {
    let text = r#"title = "volatile"
        run_for = "6s"
        latency = "20ms"
        contenders = ["tcp/catch-up"]
        broker = { window = 1 }
        client = [
            { id = "p", publish = [
                { queue = "q", event = "e", every = "10ms", count = 3, start = "1s" },
                { queue = "q", event = "e", start = "1025ms", volatile = true },
            ] },
            { id = "s", subscribe = [{ queue = "q", event = "e" }] },
        ]"#;
    check(text, "s", [4, 4, 0]);
    let scenario = Scenario::load("corner", text).unwrap();
    let one = subscriber(&scenario, scenario.contenders[0], "s");
    assert!(one.out_of_order > 0, "it did overtake");
}

/// Both subscribers disconnect, which the broker does not notice over UDP, and the backlog keeps a
/// message for a second. A message that is in flight on a session that seems alive is still sent
/// again when the run ends, even if the same message was evicted for the other subscriber.
#[test]
fn an_eviction_for_one_subscriber_is_none_for_another() {
    let text = r#"title = "evicted for one"
        run_for = "20s"
        latency = "20ms"
        contenders = ["udp/catch-up"]
        broker = { backlog = { age = "1s" }, window = 1 }
        client = [
            { id = "p", publish = [
                { queue = "q", event = "e", start = "500ms" },
                { queue = "q", event = "f", start = "1s", to = ["e", "f"] },
            ] },
            { id = "s", subscribe = [{ queue = "q", event = "f" }] },
            { id = "t", subscribe = [{ queue = "q", event = "e" }] },
        ]
        fault = [
            { kind = "disconnect", who = "s", at = "800ms" },
            { kind = "disconnect", who = "t", at = "300ms" },
        ]"#;
    check(text, "s", [1, 0, 1]);
    let scenario = Scenario::load("corner", text).unwrap();
    let one = subscriber(&scenario, scenario.contenders[0], "s");
    assert_eq!(one.causes.keys().copied().collect::<Vec<_>>(), [Cause::Unsettled]);
}

/// The subscriber joins room `x` at the beginning, and subscribes from the start of the queue. Five
/// messages exclude `x`; three do not.
#[test]
fn a_subscription_from_the_start_is_not_sent_what_its_other_rooms_exclude() {
    let text = r#"title = "from the start"
        contenders = ["udp/fire-and-forget", "udp/catch-up", "tcp/fire-and-forget", "tcp/catch-up"]
        run_for = "8s"
        latency = "50ms"
        client = [
            { id = "p", publish = [
                { queue = "q", event = "e", every = "20ms", count = 5, start = "100ms", except = ["x"] },
                { queue = "q", event = "e", every = "100ms", count = 3, start = "500ms" },
            ] },
            { id = "s", subscribe = [{ queue = "q", event = "e", from = "start" }], join = [{ queue = "q", room = "x", at = "0ms" }] },
        ]"#;
    check(text, "s", [3, 3, 0]);
}

/// The client joins `x` at 1.5 s, while the broker is down. Messages for `x` that the new broker
/// accepts before it hears of the join are not for the client. Its earlier subscription is replayed
/// completely.
#[test]
fn a_new_epoch_replays_rooms_of_before_and_no_new_ones() {
    let text = r#"title = "a new room in a new epoch"
        run_for = "15s"
        latency = "20ms"
        client = [
            { id = "p", publish = [{ queue = "q", event = "b", every = "500ms", count = 16, start = "2s", to = ["a", "x"] }] },
            { id = "s", subscribe = [{ queue = "q", event = "b" }], join = [{ queue = "q", room = "x", at = "1500ms" }] },
        ]
        fault = [{ kind = "crash", who = "broker", at = "724ms", for = "1222ms" }]"#;
    let scenario = Scenario::load("corner", text).unwrap();
    for &contender in &scenario.contenders {
        let one = subscriber(&scenario, contender, "s");
        assert!(one.wanted > 0, "{contender}");
    }
}

/// The client joins `x` at 1 s, and crashes from 2 s to 3 s. Then it is in `x` again, so messages
/// that exclude `x` are not for it.
#[test]
fn a_restarted_process_is_in_the_rooms_of_its_schedule() {
    let text = r#"title = "rooms after a crash"
        run_for = "8s"
        latency = "20ms"
        client = [
            { id = "p", publish = [{ queue = "q", event = "a", every = "500ms", count = 10, start = "4s", except = ["x"] }] },
            { id = "s", subscribe = [{ queue = "q", event = "a" }], join = [{ queue = "q", room = "x", at = "1s" }] },
        ]
        fault = [{ kind = "crash", who = "s", at = "2s", for = "1s" }]"#;
    check(text, "s", [0, 0, 0]);
}

/// Bytes that the socket takes at once do not wait in the send queue. So a send queue that is
/// smaller than a message drops none.
#[test]
fn a_small_send_queue_drops_nothing_on_an_idle_link() {
    let text = r#"title = "a small send queue"
        run_for = "10s"
        latency = "20ms"
        broker = { send_queue = 100 }
        client = [
            { id = "p", publish = [{ queue = "q", event = "e", every = "1s", count = 5, start = "500ms", payload = "a hundred bytes and more, a hundred bytes and more, a hundred bytes and more, a hundred bytes" }] },
            { id = "s", subscribe = [{ queue = "q", event = "e" }] },
        ]"#;
    check(text, "s", [5, 5, 0]);
}

/// The client joins `b` a second time at 1.5 s, while it is away and the broker is down. `b` still
/// counts as a room from before the crash: the twenty messages that the new broker accepts from 3 s
/// to 4.9 s are replayed at 6 s.
#[test]
fn a_room_that_is_joined_again_is_still_replayed_in_a_new_epoch() {
    let text = away_from_a_crash(r#"join = [{ queue = "q", room = "b", at = "1500ms" }]"#);
    check(&text, "s", [20, 20, 0]);
}

/// The client leaves `b` at 5 s, while it is away. So it tells the new broker of no room to replay,
/// and it was not connected when that accepted the twenty messages.
#[test]
fn a_new_epoch_has_nothing_for_who_left_before_it_knew_of_it() {
    let text = away_from_a_crash(r#"leave = [{ queue = "q", room = "b", at = "5s" }]"#);
    check(&text, "s", [20, 0, 20]);
    assert_eq!(causes(&text), [Cause::NotConnected; 2]);
}

/// Returns a scenario with twenty messages from 3 s on. The broker is down from 1 s to 2 s, and the
/// subscriber is away from 1 s to 6 s.
fn away_from_a_crash(rooms: &str) -> String {
    format!(
        r#"title = "away from a crash"
           run_for = "60s"
           latency = "20ms"
           {CATCH_UP}
           broker = {{ heartbeat = {{ every = "1s", timeout = "1s" }} }}
           client = [
               {{ id = "p", publish = [{{ queue = "q", event = "b", every = "100ms", count = 20, start = "3s" }}] }},
               {{ id = "s", subscribe = [{{ queue = "q", event = "b" }}], {rooms} }},
           ]
           fault = [
               {{ kind = "crash", who = "broker", at = "1s", for = "1s" }},
               {{ kind = "disconnect", who = "s", at = "1s", for = "5s" }},
           ]"#
    )
}

/// Returns the causes of all messages that `s` missed, over every contender in turn.
fn causes(text: &str) -> Vec<Cause> {
    let scenario = Scenario::load("corner", text).unwrap();
    let all = scenario
        .contenders
        .iter()
        .flat_map(|&contender| subscriber(&scenario, contender, "s").causes.into_keys());
    all.collect()
}

/// Messages are outstanding when the client's host crashes, and its schedule leaves their room
/// before the host is up again. All ten were accepted before the broker hears of the leave. In
/// the first case the host is down when they are published. In the second they wait for a
/// handler of 500 ms, and three of them are handled before the crash.
#[test]
fn what_is_outstanding_when_all_rooms_are_left_outlives_a_crash() {
    for (first, leave, crash, down) in
        [("2s", "3500ms", "1500ms", "2500ms"), ("500ms", "2s", "2500ms", "1s")]
    {
        let text = format!(
            r#"title = "left, and crashed"
               run_for = "60s"
               latency = "20ms"
               {CATCH_UP}
               client = [
                   {{ id = "p", publish = [{{ queue = "q", event = "b", every = "100ms", count = 10, start = "{first}" }}] }},
                   {{ id = "s", subscribe = [{{ queue = "q", event = "b" }}], leave = [{{ queue = "q", room = "b", at = "{leave}" }}] }},
               ]
               fault = [
                   {{ kind = "crash", who = "s", at = "{crash}", for = "{down}" }},
                   {{ kind = "slow", who = "s", at = "0s", handler = "500ms" }},
               ]"#
        );
        check(&text, "s", [10, 10, 0]);
    }
}

/// The client has no handler from 2 s to 4 s. Of the messages at 0.5, 1.0 … 5.0 s, which arrive
/// 40 ms later, those of 2.0, 2.5, 3.0 and 3.5 s find no handler, and are not kept until there is
/// one.
#[test]
fn a_volatile_message_does_not_wait_for_a_handler() {
    let text = r#"title = "volatile and deaf"
        run_for = "20s"
        latency = "20ms"
        contenders = ["tcp/fire-and-forget", "tcp/catch-up", "udp/catch-up"]
        client = [
            { id = "p", publish = [{ queue = "q", event = "b", every = "500ms", count = 10, start = "500ms", volatile = true }] },
            { id = "s", subscribe = [{ queue = "q", event = "b" }] },
        ]
        fault = [{ kind = "deaf", who = "s", queue = "q", event = "b", at = "2s", for = "2s" }]"#;
    check(text, "s", [10, 6, 4]);
    assert_eq!(causes(text), [Cause::NoHandler; 3]);
}

/// A second process takes over while the first still works through its inbox. It handles new
/// messages before the first has handled older ones. The order claim does not cover this.
#[test]
fn order_among_processes_of_one_name_is_outside_the_terms() {
    let text = r#"title = "twins"
        run_for = "20s"
        latency = "20ms"
        contenders = ["tcp/fire-and-forget"]
        client = [
            { id = "p", publish = [{ queue = "q", event = "b", every = "100ms", count = 40, start = "500ms" }] },
            { id = "s", subscribe = [{ queue = "q", event = "b" }] },
            { id = "s2", name = "s", subscribe = [{ queue = "q", event = "b" }] },
        ]
        fault = [
            { kind = "slow", who = "s", handler = "300ms", at = "0s" },
            { kind = "disconnect", who = "s2", at = "0s", for = "2s" },
        ]"#;
    let scenario = Scenario::load("corner", text).unwrap();
    let one = subscriber(&scenario, scenario.contenders[0], "s");
    assert_eq!(one.guarantees[&Guarantee::InOrder].claim, Claim::OutsideTerms);
}

/// The second process takes over at 2 s. The first comes back at 4.1 s, with its position of 2 s.
/// It does not wait for the messages that the second got meanwhile.
#[test]
fn a_process_goes_on_from_where_another_of_its_name_came() {
    let text = format!(
        r#"title = "there and back"
           run_for = "20s"
           latency = "20ms"
           {CATCH_UP}
           client = [
               {{ id = "p", publish = [{{ queue = "q", event = "b", every = "200ms", count = 30, start = "500ms" }}] }},
               {{ id = "s", subscribe = [{{ queue = "q", event = "b" }}] }},
               {{ id = "s2", name = "s", subscribe = [{{ queue = "q", event = "b" }}] }},
           ]
           fault = [
               {{ kind = "disconnect", who = "s2", at = "0s", for = "2s" }},
               {{ kind = "disconnect", who = "s", at = "4s", for = "100ms" }},
           ]"#
    );
    check(&text, "s", [30, 30, 0]);
}

/// Two windows of one client, which both reconnect when they are replaced. The second comes at 2 s,
/// and replaces the first; that one waits 0.5 s to 1.5 s and replaces the second, and so on. Each has
/// been replaced at least five times when the run ends, 20 s later: a round takes at most 1.5 s and
/// three round trips each. A window that stays away is replaced once.
#[test]
fn two_windows_fight_for_one_name_only_if_both_come_back() {
    let replaced = |policy: &str| {
        let text = format!(
            r#"title = "two windows"
               run_for = "22s"
               latency = "20ms"
               contenders = ["tcp/catch-up"]
               client = [
                   {{ id = "p", publish = [{{ queue = "q", event = "b", every = "500ms", count = 20, start = "500ms" }}] }},
                   {{ id = "s", on_replaced = "{policy}", subscribe = [{{ queue = "q", event = "b" }}] }},
                   {{ id = "s2", name = "s", on_replaced = "{policy}", subscribe = [{{ queue = "q", event = "b" }}] }},
               ]
               fault = [{{ kind = "disconnect", who = "s2", at = "0s", for = "2s" }}]"#
        );
        let scenario = Scenario::load("windows", &text).unwrap();
        let contender = scenario.contenders[0];
        let trial = run_trial(&scenario, contender, 1, &TrialOptions::default()).unwrap();
        let lost = |process: u32| {
            let events = trial.history.events.iter().filter(|event| event.process.0 == process);
            let replaced = events.filter(|event| {
                let reason = EndReason::Replaced;
                matches!(&event.kind, EventKind::Note(Note::Lost { reason: of, .. }) if *of == reason)
            });
            replaced.count()
        };
        [lost(2), lost(3)]
    };
    assert_eq!(replaced("stay-away"), [1, 0]);
    let both = replaced("reconnect");
    assert!(both.iter().all(|count| *count >= 5), "{both:?}");
}

/// Two hosts sleep from 2.5 s to 6.5 s, and messages go to one of them at 3, 4, 5 and 6 s. Each
/// pause has one hit as it begins, and one for each packet that finds its host asleep:
///
/// - over UDP, 4 datagrams;
/// - over TCP, the message of 3 s five times (at 3.02, 3.273, 3.526, 4.032 and 5.044 s); the three
///   messages after it wait behind it.
#[test]
fn a_pause_hits_each_packet_that_finds_its_own_host_asleep() {
    let text = r#"title = "two naps"
        run_for = "9s"
        latency = "20ms"
        contenders = ["udp/fire-and-forget", "tcp/fire-and-forget"]
        client = [
            { id = "p", publish = [{ queue = "q", event = "b", every = "1s", count = 6, start = "1s" }] },
            { id = "a", subscribe = [{ queue = "q", event = "b" }] },
            { id = "idle", subscribe = [{ queue = "z", event = "z" }] },
        ]
        fault = [
            { kind = "pause", who = "a", at = "2500ms", for = "4s" },
            { kind = "pause", who = "idle", at = "2500ms", for = "4s" },
        ]"#;
    let scenario = Scenario::load("corner", text).unwrap();
    let hits = scenario.contenders.iter().map(|&contender| {
        let trial = run_trial(&scenario, contender, 1, &TrialOptions::default()).unwrap();
        trial.history.hits
    });
    assert_eq!(hits.collect::<Vec<_>>(), [[1 + 4, 1], [1 + 5, 1]]);
}

/// Acknowledgements are lost, some of them between others that arrive. Then the client crashes. It
/// no longer knows which messages it has read, and must not wait for them either. All 40 messages
/// that are published by 2.5 s are handled, some of them again after the crash.
#[test]
fn a_client_that_crashed_does_not_wait_for_what_it_had_acknowledged() {
    for seed in 1..=20 {
        let text = format!(
            r#"title = "holes among acknowledgements"
            seed = {seed}
            run_for = "30s"
            latency = "20ms"
            contenders = ["udp/catch-up"]
            broker = {{ heartbeat = {{ every = "1s", timeout = "1s" }} }}
            client = [
                {{ id = "p", publish = [{{ queue = "q", event = "b", every = "50ms", count = 40, start = "500ms" }}] }},
                {{ id = "s", subscribe = [{{ queue = "q", event = "b" }}] }},
            ]
            fault = [
                {{ kind = "loss", who = "s", direction = "out", at = "1500ms", for = "2300ms", rate = 0.5 }},
                {{ kind = "crash", who = "s", at = "2400ms", for = "1500ms" }},
            ]"#
        );
        check(&text, "s", [40, 40, 0]);
    }
}

/// The join arrives at 280 ms, and its answer is lost. The message arrives on the stream at 390 ms
/// and waits for that answer, until the session ends at 1.96 s. The next stream must not report
/// the message's position as reached: the client has read nothing.
#[test]
fn an_event_that_waits_for_an_answer_is_not_dealt_with() {
    let text = r#"title = "the answer to the join is lost"
        run_for = "12s"
        latency = "40ms"
        contenders = ["sse/catch-up"]
        broker = { heartbeat = { every = "1s", timeout = "800ms" } }
        client = [
            { id = "p", publish = [{ queue = "q", event = "e", every = "1s", count = 1, start = "230ms" }] },
            { id = "s", subscribe = [{ queue = "q", event = "e" }] },
        ]
        fault = [
            { kind = "loss", who = "s", at = "270ms", for = "60ms", rate = 1.0 },
            { kind = "loss", who = "s", at = "460ms", for = "3s", rate = 1.0 },
        ]"#;
    check(text, "s", [1, 1, 0]);
}

/// The path is cut for good at 4.5 s. The request that waits at the broker is answered at 5.02 s
/// with the fifth message. The client gives up the request at 13.04 s, 9 s after it was sent, and
/// drops the connection, but the kernels at both ends still retransmit at the end of the run. So
/// the client cannot read the fifth message any more. Like the three that wait for the next
/// request, it counts as sent into a dead link.
#[test]
fn what_was_answered_to_a_request_that_was_given_up_is_not_under_way_any_more() {
    let text = r#"title = "an answer nobody can read"
        run_for = "40s"
        latency = "20ms"
        contenders = ["long-polling/fire-and-forget"]
        broker = { heartbeat = { every = "5s", timeout = "4s" } }
        client = [
            { id = "p", publish = [{ queue = "q", event = "e", every = "1s", count = 8, start = "1s" }] },
            { id = "s", subscribe = [{ queue = "q", event = "e" }] },
        ]
        fault = [{ kind = "cut", who = "s", at = "4.5s" }]"#;
    check(text, "s", [8, 4, 4]);
    let scenario = Scenario::load("corner", text).unwrap();
    let causes = |run_for| {
        let scenario = Scenario { run_for: Duration::from_millis(run_for), ..scenario.clone() };
        let one = subscriber(&scenario, scenario.contenders[0], "s");
        let (dead, open) = (Cause::SentIntoDeadLink, Cause::Unsettled);
        [dead, open].map(|cause| one.causes.get(&cause).copied().unwrap_or_default())
    };
    assert_eq!(causes(40_000), [4, 0]);
    // Before the client gives up, it might still read the fifth message; the other three wait
    // for its next request.
    assert_eq!(causes(13_000), [0, 4]);
}
