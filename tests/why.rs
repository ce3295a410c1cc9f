//! `dlab run --why`: every sentence is one event, one packet or the end of the trial, and every
//! event that names the message has its sentence.

use std::collections::{BTreeMap, BTreeSet};

use delivery_lab::history::{History, Packet, What};
use delivery_lab::message::{Contender, Link, MessageId};
use delivery_lab::report::why::{Evidence, Sentence, Source, life};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Capturing, TrialOptions, run_trial};
use delivery_lab::verdict::{self, Followed};

/// Messages of each cause that are followed, a row.
const FOLLOWED: usize = 2;

struct Trial {
    scenario: Scenario,
    contender: Contender,
    history: History,
    packets: Vec<Packet>,
}

impl Trial {
    fn life(&self, id: &MessageId) -> (Vec<Sentence>, Vec<Followed>) {
        let Trial { scenario, contender, history, packets } = self;
        let followed = verdict::follow(scenario, *contender, history, id);
        let evidence =
            Evidence { scenario, contender: *contender, history, packets, followed: &followed };
        (life(&evidence, id).expect("it was handed over"), followed)
    }

    /// One line of the trace: everything that an event says.
    fn line(&self, index: usize) -> String {
        serde_json::to_string(&self.history.events[index].what).unwrap()
    }
}

/// Every trial of the built-in scenarios that are not very large.
fn trials() -> impl Iterator<Item = Trial> {
    let small =
        |scenario: &Scenario| scenario.clients.iter().map(|one| one.count).sum::<u32>() < 20;
    let scenarios = builtin::all().map(|(name, text)| Scenario::load(name, text).unwrap());
    scenarios.filter(small).flat_map(|scenario| {
        scenario.contenders.clone().into_iter().map(move |contender| {
            let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
            let trial = run_trial(&scenario, contender, scenario.seed, &options).unwrap();
            let packets = trial.capture.expect("it was asked for").into_packets();
            let (scenario, history) = (scenario.clone(), trial.history);
            Trial { scenario, contender, history, packets }
        })
    })
}

/// A few missed messages of each cause, and one that was not missed.
fn chosen(trial: &Trial) -> BTreeSet<MessageId> {
    let row = verdict::judge(&trial.scenario, trial.contender, &trial.history);
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut chosen = BTreeSet::new();
    for message in row.subscribers.iter().flat_map(|one| &one.messages) {
        let count = seen.entry((message.outcome, message.cause)).or_default();
        if *count < FOLLOWED {
            *count += 1;
            chosen.insert(message.id.clone());
        }
    }
    chosen
}

#[test]
fn every_sentence_is_an_event_and_every_event_of_the_message_is_a_sentence() {
    let (mut stories, mut causes) = (0, BTreeSet::new());
    for trial in trials() {
        for id in chosen(&trial) {
            let (life, followed) = trial.life(&id);
            check_sources(&trial, &id, &life);
            check_ends(&trial, &life, &followed);
            causes.extend(followed.iter().filter_map(|one| one.cause));
            stories += 1;
        }
    }
    assert!(stories > 200, "{stories} stories");
    assert!(causes.len() >= 14, "stories of {causes:?}");
}

fn check_sources(trial: &Trial, id: &MessageId, life: &[Sentence]) {
    let place = format!("{} {} {id}", trial.scenario.name, trial.contender);
    assert!(life.is_sorted_by_key(|sentence| sentence.at), "{place}: {life:#?}");
    let mut told = BTreeSet::new();
    for Sentence { at, of, text } in life {
        assert!(text.ends_with('.') && text.len() > 10, "{place}: {text:?}");
        match *of {
            Source::End => assert_eq!(*at, trial.history.ended_at, "{place}: {text}"),
            Source::Packet(index) => {
                let packet = &trial.packets[index];
                assert_eq!(packet.at, *at, "{place}: {text}");
                let says = text.starts_with("So ")
                    || text.contains(&format!("{} bytes", packet.bytes.len()));
                assert!(says, "{place}: {text}");
                check_load(trial, id, packet, &place);
            }
            Source::Event(index) => {
                assert_eq!(trial.history.events[index].at, *at, "{place}: {text}");
                told.insert(index);
            }
        }
    }
    let named = format!("\"{id}\"");
    for index in 0..trial.history.events.len() {
        let is_named = trial.line(index).contains(&named);
        assert!(!is_named || told.contains(&index), "{place} lacks {}", trial.line(index));
    }
}

/// Where a message travels as it is, and alone, the packet holds its id.
fn check_load(trial: &Trial, id: &MessageId, packet: &Packet, place: &str) {
    if trial.contender.link == Link::Udp {
        let text = String::from_utf8_lossy(&packet.bytes);
        assert!(text.contains(&format!("\"{id}\"")), "{place}: {text}");
    }
}

fn check_ends(trial: &Trial, life: &[Sentence], followed: &[Followed]) {
    for Followed { client, cause, at, .. } in followed {
        let place = format!("{} {} {client}", trial.scenario.name, trial.contender);
        let mut ends = life.iter().filter(|one| one.text.starts_with(&format!("So {client} has ")));
        let (end, more) = (ends.next(), ends.next());
        let end = end.unwrap_or_else(|| panic!("{place}: no end in {life:#?}"));
        assert_eq!(more, None, "{place}");
        assert!(end.at <= *at, "{place}: {} after {at}", end.at);
        match cause {
            Some(cause) => {
                assert!(end.text.contains(&format!("[{cause}]")), "{place}: {}", end.text)
            }
            None => {
                let Source::Event(index) = end.of else { panic!("{place}: {}", end.text) };
                let what = &trial.history.events[index].what;
                let is_handled = matches!(what, What::Note(note) if is_handled(note));
                assert!(is_handled && end.at == *at, "{place}: {what:?}");
            }
        }
    }
}

fn is_handled(note: &delivery_lab::message::Note) -> bool {
    matches!(note, delivery_lab::message::Note::Handled { .. })
}
