//! Lists the subscribers of a scenario, and the processes of each.
//!
//! Entries that share a name are one subscriber. Nothing here looks at events.

use super::Map;
use crate::history::{History, ProcessId};
use crate::message::{AckPolicy, ClientLimits, Dedup, Name};
use crate::scenario::{ClientEntry, Scenario};

use super::SubscriberId;

/// One subscriber: a client that at least one entry makes subscribe or join.
pub struct Member {
    /// The client's name.
    pub name: Name,
    /// Its processes in the history.
    pub processes: Vec<ProcessId>,
    /// The number of processes that the scenario gives it.
    pub process_count: usize,
    /// The index of its first entry that subscribes from its beginning, if there is one. Entries that
    /// share a name ask for the same rooms.
    pub subscribes: Option<usize>,
    /// Whether its processes drop duplicates: `On` only if all of its entries do.
    pub dedup: Dedup,
    /// Its acknowledgement policy: the first one of its entries that is not after the handler, if
    /// there is one.
    pub ack: AckPolicy,
}

/// All subscribers in the order of the scenario file, and the client of each process.
pub struct Participants {
    members: Vec<Member>,
    by_name: Map<Name, SubscriberId>,
    of_process: Vec<Option<SubscriberId>>,
    clients: Vec<Name>,
    of_client: Map<Name, Vec<ProcessId>>,
    processes: Map<Name, ProcessId>,
}

impl Participants {
    /// Builds the list from the scenario's entries and the history's processes.
    pub fn of(scenario: &Scenario, history: &History) -> Participants {
        let mut participants = Participants {
            members: Vec::new(),
            by_name: Map::default(),
            of_process: Vec::new(),
            clients: history.processes.iter().map(|process| process.client.clone()).collect(),
            of_client: Map::default(),
            processes: Map::default(),
        };
        let subscribes =
            |client: &ClientEntry| !client.subscribe.is_empty() || !client.join.is_empty();
        let entries = scenario.clients.iter().enumerate();
        for (index, client) in entries.filter(|(_, client)| subscribes(client)) {
            for (_, name) in client.processes() {
                participants.enlist(name, (!client.subscribe.is_empty()).then_some(index));
            }
        }
        for client in &scenario.clients {
            for (_, name) in client.processes() {
                participants.add_process(&name, &client.limits);
            }
        }
        for (index, process) in (0..).map(ProcessId).zip(&history.processes) {
            let member = participants.by_name(&process.client);
            participants.of_process.push(member);
            participants.processes.insert(process.name.clone(), index);
            participants.of_client.entry(process.client.clone()).or_default().push(index);
            if let Some(member) = member {
                participants.members[member.index()].processes.push(index);
            }
        }
        participants
    }

    fn enlist(&mut self, name: Name, subscribes: Option<usize>) {
        let next = SubscriberId::at(self.members.len());
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
        let member = &mut self.members[index.index()];
        member.subscribes = member.subscribes.or(subscribes);
    }

    fn add_process(&mut self, client: &Name, limits: &ClientLimits) {
        let Some(member) = self.by_name(client) else { return };
        let member = &mut self.members[member.index()];
        member.process_count += 1;
        if limits.dedup == Dedup::Off {
            member.dedup = Dedup::Off;
        }
        if member.ack == AckPolicy::AfterHandler {
            member.ack = limits.ack;
        }
    }

    /// Returns the subscribers, in the order of the scenario file.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the subscriber of this index.
    pub fn member(&self, subscriber: SubscriberId) -> &Member {
        &self.members[subscriber.index()]
    }

    /// Returns the subscribers' indices, in the order of the scenario file.
    pub fn subscribers(&self) -> impl Iterator<Item = SubscriberId> + use<> {
        (0..self.members.len()).map(SubscriberId::at)
    }

    /// Returns the subscriber of this name.
    pub fn by_name(&self, client: &Name) -> Option<SubscriberId> {
        self.by_name.get(client).copied()
    }

    /// Returns the subscriber that a process belongs to.
    pub fn of_process(&self, process: ProcessId) -> Option<SubscriberId> {
        self.of_process.get(process.index()).copied().flatten()
    }

    /// Returns the client that a process belongs to.
    pub fn client_of(&self, process: ProcessId) -> &Name {
        &self.clients[process.index()]
    }

    /// Returns all processes of the client that a process belongs to, itself included.
    pub fn twins(&self, process: ProcessId) -> &[ProcessId] {
        &self.of_client[self.client_of(process)]
    }

    /// Returns the process of this name.
    pub fn process(&self, name: &Name) -> Option<ProcessId> {
        self.processes.get(name).copied()
    }

    /// Returns all processes but the broker.
    pub fn client_processes(&self) -> impl Iterator<Item = ProcessId> {
        (1..self.clients.len() as u32).map(ProcessId)
    }
}
