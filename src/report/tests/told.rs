//! What a report tells besides its numbers, so that none of them misleads.

use super::super::sample::{caps, fault, report, row, scenario, subscriber};
use super::{DRAWN, PLAIN, check, screen, squeezed};
use crate::report::headline;
use crate::scenario::{Effect, Scenario};
use crate::terms::{Cause, Claim};
use crate::time::Duration;
use crate::verdict::{Detection, Row};

/// Returns the row of a contender with these subscribers: a name, its outcomes, and its cause.
fn of(contender: &str, subscribers: &[(&str, &str, Cause)]) -> Row {
    let one =
        |(name, outcomes, cause): &(&str, &str, Cause)| subscriber(name, outcomes, 1_000, *cause);
    row(contender, subscribers.iter().map(one).collect())
}

/// Returns the first screen, the whole report and the plain one, each on one line.
fn shown(rows: Vec<Row>, scenario: &Scenario) -> [String; 3] {
    let sample = (report(scenario, rows, vec![]), scenario.clone());
    [screen(23), DRAWN, PLAIN].map(|style| squeezed(&check(&sample, &style)))
}

#[test]
fn what_was_under_way_is_told_apart_where_it_counts_as_missed() {
    let (_, scenario) = caps();
    let open = |contender: &str| of(contender, &[("shop", "oooxx", Cause::Unsettled)]);
    let lost = |contender: &str| of(contender, &[("shop", "oooox", Cause::Evicted)]);
    let note = "Missed counts what was still under way at the end: ";
    let [first, whole, plain] = shown(vec![lost("udp/catch-up"), open("tcp/catch-up")], &scenario);
    for drawn in [first, whole] {
        assert!(drawn.contains(&format!("{note}tcp/catch-up 2.")), "{drawn}");
    }
    assert!(plain.contains("caught up 0, missed 2, 2 of them still under way."), "{plain}");
    assert!(plain.contains("caught up 0, missed 1."), "{plain}");
    for text in shown(vec![lost("tcp/catch-up")], &scenario) {
        assert!(!text.contains("under way"), "{text}");
    }
    let many = ["udp", "tcp", "websocket", "sse"].map(|link| open(&format!("{link}/catch-up")));
    let [_, whole, _] = shown(many.into(), &scenario);
    assert!(whole.contains(&format!("{note}up to 2 in 4 contenders.")), "{whole}");
}

#[test]
fn a_claim_that_nothing_could_break_is_not_called_kept() {
    let (_, scenario) = caps();
    let rows = || vec![of("tcp/catch-up", &[("shop", "", Cause::Evicted)])];
    let [_, whole, plain] = shown(rows(), &scenario);
    let said = "Untested: no message was wanted, so there was nothing to judge.";
    let claimed = rows()[0].guarantees.values().filter(|one| one.claim == Claim::Kept).count();
    assert_eq!(whole.matches("untested").count(), claimed, "{whole}");
    assert!(claimed > 0 && whole.contains(said) && !whole.contains("kept"), "{whole}");
    assert!(plain.contains(said) && plain.contains("tcp/catch-up claims, untested, "), "{plain}");
    assert!(!plain.contains("kept"), "{plain}");
    let priced = report(&scenario, rows(), vec![]).with_prices();
    let priced = squeezed(&check(&(priced, scenario.clone()), &DRAWN));
    assert!(priced.contains("promises, untested, ") && !priced.contains("also held"), "{priced}");
    // What it handled unasked could have been handled twice.
    let mut unasked = rows();
    unasked[0].subscribers[0].not_wanted = 1;
    let wanted = vec![of("tcp/catch-up", &[("shop", "o", Cause::Evicted)])];
    for rows in [unasked, wanted] {
        let [_, whole, _] = shown(rows, &scenario);
        assert!(whole.contains("kept") && !whole.to_lowercase().contains("untested"), "{whole}");
    }
}

#[test]
fn subscribers_that_fared_differently_are_told_apart() {
    let (_, scenario) = caps();
    let cause = Cause::NotConnected;
    let first = |subscribers: &[(&str, &str, Cause)]| {
        let [first, whole, _] = shown(vec![of("tcp/fire-and-forget", subscribers)], &scenario);
        (first, whole)
    };
    let (text, whole) = first(&[("phone", "oxxx", cause), ("tablet", "oooo", cause)]);
    let said = "tcp/fire-and-forget: phone missed 3 of 4 (the client was not connected); tablet \
                missed none.";
    assert!(text.contains(said), "{text}");
    assert!(whole.contains("driver-2…driver-4 (at phone)"), "{whole}");
    let open = Cause::Unsettled;
    let (text, _) = first(&[("phone", "oxxx", cause), ("tablet", "ooox", open)]);
    assert!(text.contains("; tablet has 1 of 4 still under way."), "{text}");
    let (text, _) = first(&[("phone", "ooxx", cause), ("tablet", "oxxo", cause)]);
    let same = "tcp/fire-and-forget, 4 of 8: the client was not connected.";
    assert!(text.contains(same), "{text}");
    let four = ["a", "b", "c", "d"].map(|name| (name, if name < "c" { "ox" } else { "oo" }, cause));
    let (text, whole) = first(&four);
    assert!(text.contains("2 of 8, at 2 of 4 subscribers: the client was not"), "{text}");
    assert!(whole.contains("driver-2 (at 2 subscribers)"), "{whole}");
    // Where there is only one, the row is about it.
    let (text, whole) = first(&[("phone", "oxxx", cause)]);
    assert!(text.contains("3 of 4: the client was not connected."), "{text}");
    assert!(!whole.contains("(at phone)"), "{whole}");
}

#[test]
fn the_headline_has_what_was_caught_up_beside_what_was_missed() {
    let (_, scenario) = caps();
    let headline = |rows| headline::sentence(&report(&scenario, rows, vec![]));
    let one =
        |contender: &str, outcomes: &str| of(contender, &[("shop", outcomes, Cause::Evicted)]);
    let same = headline(vec![one("udp/catch-up", "o+xx"), one("tcp/catch-up", "o+xx")]);
    assert!(same.ends_with("; catch-up caught up on 1 and missed 2 of them."), "{same}");
    let differ = headline(vec![one("udp/catch-up", "o++x"), one("tcp/catch-up", "o+++")]);
    let said = "udp/catch-up caught up on 2 and missed 1 of them, tcp/catch-up caught up on 3 and \
                missed none.";
    assert!(differ.ends_with(said), "{differ}");
    let links = ["udp", "tcp", "websocket"].map(|link| one(&format!("{link}/catch-up"), "o++x"));
    let many = headline(links.into_iter().chain([one("sse/catch-up", "o+xx")]).collect());
    let said = "catch-up caught up on 1 to 2 and missed 1 to 2 of them, depending on the link.";
    assert!(many.ends_with(said), "{many}");
    let open = vec![of("tcp/catch-up", &[("shop", "o+xx", Cause::Unsettled)])];
    let owed = headline(open);
    assert!(owed.ends_with("; catch-up caught up on 1 and still owes 2 of them."), "{owed}");
}

#[test]
fn a_session_that_seemed_alive_is_told_where_sessions_expire() {
    let faults = vec![
        fault(Effect::Disconnect, "late", 1_500, 8_300),
        fault(Effect::Disconnect, "soon", 1_500, 3_300),
    ];
    let mut scenario = scenario("Expiry", &["late", "soon"], faults);
    scenario.broker.session_expiry = Some(Duration::from_secs(3));
    let noticed = |fault, client: &str, after_ms| Detection {
        fault,
        client: client.to_owned(),
        side: "broker",
        after_ms,
        by: None,
    };
    let sample = |contender: &str, after| {
        let one = |name| subscriber(name, "ooo", 1_000, Cause::Expired);
        let mut row = row(contender, vec![one("late"), one("soon")]);
        row.detections = vec![noticed(0, "late", after), noticed(1, "soon", Some(1_800.0))];
        row
    };
    let said = |noticed: &str| {
        format!(
            "udp/catch-up: the broker {noticed}. A session that seems alive does not expire \
             (session_expiry 3s)."
        )
    };
    for (after, noticed) in [
        (Some(6_800.0), "noticed only after 6.8s that late had gone"),
        (None, "did not notice that late had gone"),
    ] {
        for text in shown(vec![sample("udp/catch-up", after)], &scenario) {
            assert!(text.contains(&said(noticed)), "{text}");
        }
    }
    // It was noticed in time, or nothing is kept for anybody, or sessions do not expire.
    let silent = |rows, scenario: &Scenario| {
        for text in shown(rows, scenario) {
            assert!(!text.contains("seems alive"), "{text}");
        }
    };
    silent(vec![sample("udp/catch-up", Some(3_000.0))], &scenario);
    silent(vec![sample("udp/fire-and-forget", None)], &scenario);
    scenario.broker.session_expiry = None;
    silent(vec![sample("udp/catch-up", None)], &scenario);
}

#[test]
fn a_fault_that_never_ends_says_what_waits_for_it() {
    let away = fault(Effect::Disconnect, "shop", 2_500, u64::MAX);
    let scenario = scenario("Gone", &["shop"], vec![away]);
    let rows = vec![of("tcp/catch-up", &[("shop", "ooxx", Cause::Unsettled)])];
    let [_, whole, _] = shown(rows, &scenario);
    let said = "\"disconnected\" (shop) never ends: what waits for its end would wait in a longer \
                run, too.";
    assert!(whole.contains(said) && !whole.contains("Longer:"), "{whole}");
}
