//! Mutants: brokers and clients that are broken on purpose, by one named change each.
//!
//! A change is an interceptor, or other options for a machine or a link, so that `core` itself is
//! never changed. It is small, and shows only in a storm: without faults a mutant does what the
//! correct machine does. Most are bugs that real systems had.

mod acknowledge_before_handling;
mod acknowledged_unheard;
mod clients_by_connection;
mod close_during_upgrade;
mod copy_unanswered;
mod dedup_window_of_one;
mod delete_before_ack;
mod empty_epoch;
mod ended_session_delivers;
mod half_open;
mod handles_as_it_comes;
mod hears_itself;
mod last_event_id_forgotten;
mod late_leave;
mod listener_in_connect;
mod live_overtakes_replay;
mod new_epoch_old_position;
mod new_id_on_retry;
mod no_dedup;
mod no_takeover;
mod nothing_is_deleted;
mod off_by_one;
mod out_of_range_means_latest;
mod outbox_forgotten;
mod poisoned_position;
mod position_before_work;
mod quiet_room_trim;
mod redelivers_never;
mod retold;
mod rooms_come_back;
mod second_ack_throws;
mod second_resume_replays;
mod silent_trim;
mod stale_replica;
mod stored_for_nobody;
mod subscribes_once;
mod zero_event_resume;

use std::fmt;

use crate::core::{Broker, BrokerOptions, Client, ClientOptions, Intercepted, Interceptor};
use crate::link::Settings;
use crate::terms::Anomaly;

/// A broken machine, with its description.
#[derive(Clone, Copy)]
pub struct Mutant {
    /// The name in scenario files.
    pub name: &'static str,
    /// A description of the bug, in one sentence.
    pub about: &'static str,
    /// The systems in which the bug was seen.
    pub seen: &'static str,
    /// The anomaly by which the verdict must show it.
    pub anomaly: Anomaly,
    /// The change.
    pub change: Change,
}

/// A change to a correct machine or link.
#[derive(Clone, Copy)]
pub enum Change {
    /// Puts an interceptor in front of the broker.
    Broker(fn() -> Box<dyn Interceptor<Broker>>),
    /// Changes the broker's options.
    BrokerOptions(fn(&mut BrokerOptions)),
    /// Puts an interceptor in front of every client.
    Client(fn() -> Box<dyn Interceptor<Client>>),
    /// Changes every client's options.
    ClientOptions(fn(&mut ClientOptions)),
    /// Changes the link's settings.
    Settings(fn(&mut Settings)),
}

/// All mutants, sorted by name.
pub const ALL: [Mutant; 35] = [
    acknowledge_before_handling::MUTANT,
    acknowledged_unheard::MUTANT,
    close_during_upgrade::MUTANT,
    copy_unanswered::MUTANT,
    dedup_window_of_one::MUTANT,
    delete_before_ack::MUTANT,
    empty_epoch::MUTANT,
    ended_session_delivers::MUTANT,
    half_open::MUTANT,
    handles_as_it_comes::MUTANT,
    hears_itself::MUTANT,
    last_event_id_forgotten::MUTANT,
    late_leave::MUTANT,
    listener_in_connect::MUTANT,
    live_overtakes_replay::MUTANT,
    new_epoch_old_position::MUTANT,
    new_id_on_retry::MUTANT,
    no_dedup::MUTANT,
    no_takeover::MUTANT,
    nothing_is_deleted::MUTANT,
    off_by_one::MUTANT,
    out_of_range_means_latest::MUTANT,
    outbox_forgotten::MUTANT,
    poisoned_position::MUTANT,
    position_before_work::MUTANT,
    quiet_room_trim::MUTANT,
    redelivers_never::MUTANT,
    rooms_come_back::MUTANT,
    second_ack_throws::MUTANT,
    second_resume_replays::MUTANT,
    silent_trim::MUTANT,
    stale_replica::MUTANT,
    stored_for_nobody::MUTANT,
    subscribes_once::MUTANT,
    zero_event_resume::MUTANT,
];

/// The names of all mutants, in the same order.
pub const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut index = 0;
    while index < ALL.len() {
        names[index] = ALL[index].name;
        index += 1;
    }
    names
};

/// The values of the key in a scenario file: `none`, or the name of a mutant.
pub const WORDS: [&str; ALL.len() + 1] = {
    let mut words = ["none"; ALL.len() + 1];
    let mut index = 0;
    while index < ALL.len() {
        words[index + 1] = NAMES[index];
        index += 1;
    }
    words
};

/// Returns the mutant with a name.
pub fn find(name: &str) -> Option<&'static Mutant> {
    ALL.iter().find(|mutant| mutant.name == name)
}

/// Creates a broker, with the mutant's change if it is one of the broker.
pub fn broker(mutant: Option<&Mutant>, mut options: BrokerOptions) -> Intercepted<Broker> {
    match mutant.map(|mutant| mutant.change) {
        Some(Change::Broker(interceptor)) => Intercepted::new(Broker::new(options), interceptor()),
        Some(Change::BrokerOptions(change)) => {
            change(&mut options);
            Broker::new(options).into()
        }
        _ => Broker::new(options).into(),
    }
}

/// Creates a client, with the mutant's change if it is one of clients.
pub fn client(mutant: Option<&Mutant>, mut options: ClientOptions) -> Intercepted<Client> {
    match mutant.map(|mutant| mutant.change) {
        Some(Change::Client(interceptor)) => Intercepted::new(Client::new(options), interceptor()),
        Some(Change::ClientOptions(change)) => {
            change(&mut options);
            Client::new(options).into()
        }
        _ => Client::new(options).into(),
    }
}

/// Returns the settings of the link, with the mutant's change if it is one of them.
pub fn settings(mutant: Option<&Mutant>, mut settings: Settings) -> Settings {
    if let Some(Change::Settings(change)) = mutant.map(|mutant| mutant.change) {
        change(&mut settings);
    }
    settings
}

/// Compares mutants by name.
impl PartialEq for Mutant {
    fn eq(&self, other: &Mutant) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_name_is_there_once() {
        assert!(NAMES.is_sorted_by(|one, other| one < other), "{NAMES:?}");
        for name in NAMES {
            assert_eq!(find(name).map(|mutant| mutant.name), Some(name));
        }
    }

    #[test]
    fn each_says_what_it_does_and_where_it_was_seen() {
        for mutant in ALL {
            for text in [mutant.about, mutant.seen] {
                assert!(text.ends_with('.'), "{mutant:?}: {text}");
            }
        }
    }
}
