//! Finds the events that refer to a message by its position in the queue instead of its id.
//!
//! A position alone does not identify a message: each life of the broker numbers positions anew.
//! After a message was evicted, events about its position refer to a gap.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, EventKind, History, ProcessId};
use crate::message::{Epoch, Message, Name, Note, Position, ResumeOutcome};

use super::preconditions::is_death;

/// The subject of an event that names a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// The message at that position.
    Message,
    /// The gap that contains the message.
    Gap,
}

/// The positions of a message, and the events that refer to them.
#[derive(Default)]
pub struct MessagePositions {
    /// Its position in each life of the broker that had it.
    positions: BTreeMap<u32, Position>,
    /// Events about its position, by index, and their subject.
    spoken: BTreeMap<usize, Spoken>,
    /// The broker's deaths, by the index of their events.
    deaths: Vec<usize>,
    /// The epoch of each life, as far as a join's answer names it.
    epochs: BTreeMap<u32, Epoch>,
    /// Answers to joins that resume from a position of another epoch, by index, with that epoch.
    foreign: BTreeMap<usize, Epoch>,
    /// Answers to joins: the event's index, the client, the broker's life, and the position after
    /// which the client's deliveries begin.
    answers: Vec<(usize, Name, u32, Position)>,
}

/// The state while reading event by event.
#[derive(Default)]
struct Reading {
    life: u32,
    /// The epoch that the broker last gave each client in an answer.
    answered: BTreeMap<Name, Epoch>,
    /// The broker's life that each process was last told of.
    told: BTreeMap<ProcessId, u32>,
    /// Clients for which the message became a gap, in this life.
    became_gap: BTreeSet<Name>,
    /// The last positions of the gaps around the message that clients were told of.
    gaps: BTreeSet<(Name, Position)>,
}

impl MessagePositions {
    /// Reads a history for everything about a message's position.
    pub fn of(message: &Message, history: &History) -> MessagePositions {
        let mut positions =
            MessagePositions { epochs: epochs(message, history), ..MessagePositions::default() };
        let mut reading = Reading::default();
        for (index, event) in history.events.iter().enumerate() {
            if event.process == ProcessId::BROKER && is_death(&event.kind) {
                positions.deaths.push(index);
                let life = reading.life + 1;
                reading = Reading { life, became_gap: BTreeSet::new(), ..reading };
                reading.gaps.clear();
            }
            let client = &history.process(event.process).client;
            if let Some(spoken) = positions.read(&mut reading, message, (index, event, client)) {
                positions.spoken.insert(index, spoken);
            }
        }
        positions
    }

    fn read(
        &mut self,
        reading: &mut Reading,
        message: &Message,
        (index, event, of): (usize, &Event, &Name),
    ) -> Option<Spoken> {
        let EventKind::Note(note) = &event.kind else { return None };
        let here = self.positions.get(&reading.life).copied();
        match note {
            Note::Accepted { id, position: Some(position), .. } if *id == message.id => {
                self.positions.insert(reading.life, *position);
                None
            }
            Note::BecameGap { id, client, .. } if *id == message.id => {
                reading.became_gap.insert(client.clone());
                None
            }
            Note::Acknowledged { queue, position, client } if *queue == message.queue => {
                let is_here = here == Some(*position);
                let of_gap = is_here && reading.became_gap.contains(client)
                    || reading.gaps.contains(&(client.clone(), *position));
                spoken(is_here, of_gap)
            }
            Note::Ack { queue, position, id: None } if *queue == message.queue => {
                reading.gaps.contains(&(of.clone(), *position)).then_some(Spoken::Gap)
            }
            Note::Attached { queue, client, answer, .. } if *queue == message.queue => {
                let (epoch, position) = (answer.epoch(), answer.position());
                let before = reading.answered.insert(client.clone(), epoch);
                let goes_on =
                    matches!(**answer, ResumeOutcome::Resumed { .. } | ResumeOutcome::Gap { .. });
                if let Some(before) = before.filter(|before| goes_on && *before != epoch) {
                    self.foreign.insert(index, before);
                }
                self.answers.push((index, client.clone(), reading.life, position));
                None
            }
            Note::ResumeReceived { queue, answer } if *queue == message.queue => {
                let epochs = self.epochs.iter();
                let mut lives = epochs.filter(|(_, epoch)| **epoch == answer.epoch());
                let life = lives.next().map_or(reading.life, |(life, _)| *life);
                reading.told.insert(event.process, life);
                None
            }
            Note::GapReceived { queue, from, to } if *queue == message.queue => {
                let life = reading.told.get(&event.process).copied().unwrap_or(reading.life);
                let is_in = self.positions.get(&life).is_some_and(|at| (from..=to).contains(&at));
                is_in.then(|| {
                    reading.gaps.insert((of.clone(), *to));
                    Spoken::Gap
                })
            }
            _ => None,
        }
    }

    /// Returns the subject of an event, if the event refers to the message's position.
    pub fn spoken(&self, index: usize) -> Option<Spoken> {
        self.spoken.get(&index).copied()
    }

    /// Returns the epoch at an event, if any answer names it.
    pub fn epoch_at(&self, index: usize) -> Option<Epoch> {
        let life = self.deaths.partition_point(|death| *death < index) as u32;
        self.epochs.get(&life).copied()
    }

    /// Returns the other epoch whose position an answer to a join resumes from, if it does.
    pub fn foreign(&self, index: usize) -> Option<Epoch> {
        self.foreign.get(&index).copied()
    }

    /// Returns the events by which a client's deliveries begin at or beyond the message's position:
    /// the last answer to the client before an event, and the broker's death before that answer if
    /// the answer is of another epoch. Empty if the deliveries begin earlier.
    pub fn passed_over(&self, client: &Name, before: usize) -> Vec<usize> {
        let mut answers = self.answers.iter();
        let last = answers.rfind(|(index, of, ..)| *index < before && of == client);
        let Some(&(index, _, life, begins)) = last else { return Vec::new() };
        if self.positions.get(&life).is_none_or(|position| *position > begins) {
            return Vec::new();
        }
        let deaths = self.deaths.iter().rfind(|death| **death < index);
        let deaths = deaths.filter(|_| self.foreign(index).is_some());
        deaths.copied().into_iter().chain([index]).collect()
    }
}

/// Returns the epoch of each life of the broker, as its answers to joins name it.
fn epochs(message: &Message, history: &History) -> BTreeMap<u32, Epoch> {
    let (mut epochs, mut life) = (BTreeMap::new(), 0);
    for event in &history.events {
        match &event.kind {
            EventKind::Note(Note::Attached { queue, answer, .. }) if *queue == message.queue => {
                epochs.entry(life).or_insert(answer.epoch());
            }
            what if event.process == ProcessId::BROKER && is_death(what) => life += 1,
            _ => {}
        }
    }
    epochs
}

const fn spoken(is_here: bool, of_gap: bool) -> Option<Spoken> {
    match (is_here, of_gap) {
        (_, true) => Some(Spoken::Gap),
        (true, false) => Some(Spoken::Message),
        (false, false) => None,
    }
}
