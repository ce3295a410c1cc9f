//! Who is who: the subscribers of a scenario, and the processes that are them.
//!
//! Entries that share a name are one subscriber. Nothing here looks at events.

use crate::history::History;
use crate::message::{AckPolicy, ClientLimits, Dedup, Name};
use crate::scenario::{ClientEntry, Scenario};

use super::hash::Map;

/// One subscriber: a client that at least one entry makes subscribe or join.
pub struct Member {
    /// The client's name.
    pub name: Name,
    /// Its processes in the history.
    pub processes: Vec<u32>,
    /// How many processes the scenario gives it.
    pub process_count: usize,
    /// Whether one of its entries subscribes from its beginning.
    pub subscribes: bool,
    /// Whether all of its entries drop copies.
    pub dedup: Dedup,
    /// When it acknowledges; the first policy that is not after the handler, if one is not.
    pub ack: AckPolicy,
}

/// All subscribers in the order of the scenario file, and who each process is.
pub struct Participants {
    members: Vec<Member>,
    by_name: Map<Name, usize>,
    of_process: Vec<Option<usize>>,
    clients: Vec<Name>,
    of_client: Map<Name, Vec<u32>>,
    processes: Map<Name, u32>,
}

impl Participants {
    /// Calls the roll.
    pub fn of(scenario: &Scenario, history: &History) -> Participants {
        let mut roll = Participants {
            members: Vec::new(),
            by_name: Map::default(),
            of_process: Vec::new(),
            clients: history.processes.iter().map(|process| process.client.clone()).collect(),
            of_client: Map::default(),
            processes: Map::default(),
        };
        let subscribes =
            |client: &&ClientEntry| !client.subscribe.is_empty() || !client.join.is_empty();
        for client in scenario.clients.iter().filter(subscribes) {
            for (_, name) in client.processes() {
                roll.enlist(name, !client.subscribe.is_empty());
            }
        }
        for client in &scenario.clients {
            for (_, name) in client.processes() {
                roll.add_process(&name, &client.limits);
            }
        }
        for (index, process) in (0..).zip(&history.processes) {
            let member = roll.by_name(&process.client);
            roll.of_process.push(member);
            roll.processes.insert(process.name.clone(), index);
            roll.of_client.entry(process.client.clone()).or_default().push(index);
            if let Some(member) = member {
                roll.members[member].processes.push(index);
            }
        }
        roll
    }

    fn enlist(&mut self, name: Name, subscribes: bool) {
        let next = self.members.len();
        let index = *self.by_name.entry(name.clone()).or_insert(next);
        if index == next {
            self.members.push(Member {
                name,
                processes: vec![],
                process_count: 0,
                subscribes,
                dedup: Dedup::On,
                ack: AckPolicy::AfterHandler,
            });
        }
        self.members[index].subscribes |= subscribes;
    }

    fn add_process(&mut self, client: &Name, limits: &ClientLimits) {
        let Some(member) = self.by_name(client) else { return };
        let member = &mut self.members[member];
        member.process_count += 1;
        if limits.dedup == Dedup::Off {
            member.dedup = Dedup::Off;
        }
        if member.ack == AckPolicy::AfterHandler {
            member.ack = limits.ack;
        }
    }

    /// The subscribers, in the order of the scenario file.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The subscriber of this name.
    pub fn by_name(&self, client: &Name) -> Option<usize> {
        self.by_name.get(client).copied()
    }

    /// The subscriber that a process is.
    pub fn of_process(&self, process: u32) -> Option<usize> {
        self.of_process.get(process as usize).copied().flatten()
    }

    /// The client that a process is.
    pub fn client_of(&self, process: u32) -> &Name {
        &self.clients[process as usize]
    }

    /// All processes of the client that a process is, itself included.
    pub fn twins(&self, process: u32) -> &[u32] {
        &self.of_client[self.client_of(process)]
    }

    /// The process of this name.
    pub fn process(&self, name: &Name) -> Option<u32> {
        self.processes.get(name).copied()
    }

    /// All processes but the broker.
    pub fn client_processes(&self) -> impl Iterator<Item = u32> {
        1..self.clients.len() as u32
    }
}
