//! The clients of the file by id, and the names by which faults and expectations may refer to them.
//!
//! It is made from the records, so that a client with one bad key is still known.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::Name;
use crate::scenario::limits;

use super::problem::{Place, Problem, Problems, quote};
use super::record::{PlacedText, Record};

/// All client entries.
pub struct Roster {
    entries: Vec<Entry>,
    by_id: BTreeMap<String, usize>,
    /// Whether some entry has no valid id. An unknown word may then be meant for it.
    has_gaps: bool,
}

struct Entry {
    id: String,
    place: Place,
    /// The name of the client, if the file gives one.
    name: Option<String>,
    /// The processes. Empty if `count` was refused.
    processes: Vec<Name>,
    publishes: bool,
    subscribes: bool,
    rooms: Rooms,
}

/// The subscriptions, joins and leaves of an entry. Each has a queue, a room or event, and its
/// start or time.
#[derive(PartialEq, Eq)]
struct Rooms([BTreeSet<(String, String, String)>; 3]);

impl Rooms {
    fn of(client: &Record) -> Rooms {
        let text = |record: &Record, key| record.text(key).unwrap_or_default().to_owned();
        let at = |record: &Record| record.time("at").unwrap_or_default().to_string();
        let rooms = |list, room, when: &dyn Fn(&Record) -> String| {
            let entry = |one| (text(one, "queue"), text(one, room), when(one));
            client.tables(list).iter().map(entry).collect()
        };
        Rooms([
            rooms("subscribe", "event", &|one| text(one, "from")),
            rooms("join", "room", &at),
            rooms("leave", "room", &at),
        ])
    }

    fn are_none(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }
}

impl Entry {
    /// Returns the name of the client, if all of the entry's processes are the same one.
    fn client(&self) -> Option<&str> {
        match (&self.name, self.processes.len()) {
            (Some(name), _) => Some(name),
            (None, 1) => Some(&self.id),
            (None, _) => None,
        }
    }
}

impl Roster {
    /// Reads the entries, and checks their ids, names and numbers of processes.
    pub fn new(clients: &[Record], problems: &mut Problems) -> Roster {
        let mut roster = Roster { entries: Vec::new(), by_id: BTreeMap::new(), has_gaps: false };
        let mut left = limits::PROCESSES;
        for client in clients {
            let Some(id) = client.text("id") else {
                roster.has_gaps = true;
                continue;
            };
            if let Some(first) = roster.by_id.get(id) {
                let first = roster.entries[*first].place;
                let what = format!("two clients have the id {}", quote(id));
                let problem = Problem::new(client.place_of("id"), what, "again");
                problems.push(problem.also(first, "first here"));
                continue;
            }
            let count = match client.whole("count") {
                Some(count) if count > left => {
                    let most = limits::PROCESSES;
                    let what = format!("all clients together are more than {most} processes");
                    let expected = format!("at most {left} are left");
                    problems.push(Problem::new(client.place_of("count"), what, expected));
                    None
                }
                count => count,
            };
            left -= count.unwrap_or(0);
            let process = |n| match count {
                Some(1) => Name::from(id),
                _ => Name::from(format!("{id}#{n}")),
            };
            roster.by_id.insert(id.to_owned(), roster.entries.len());
            roster.entries.push(Entry {
                id: id.to_owned(),
                place: client.place_of("id"),
                name: client.text("name").map(str::to_owned),
                processes: (1..=count.unwrap_or(0)).map(process).collect(),
                publishes: !client.tables("publish").is_empty(),
                subscribes: !client.tables("subscribe").is_empty()
                    || !client.tables("join").is_empty(),
                rooms: Rooms::of(client),
            });
        }
        roster.check_one_publisher(problems);
        roster.check_same_rooms(problems);
        roster
    }

    /// Checks that entries which share a name have the same rooms, or none: a client has one set of
    /// subscriptions, whichever of its processes runs.
    fn check_same_rooms(&self, problems: &mut Problems) {
        let mut firsts: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| !entry.rooms.are_none()) {
            let Some(name) = entry.client() else { continue };
            let first = *firsts.entry(name).or_insert(entry);
            if first.rooms != entry.rooms {
                let what = format!("two entries of the client {} are in other rooms", quote(name));
                let problem = Problem::new(entry.place, what, "in other rooms than the first");
                problems.push(problem.also(first.place, "the first").help(
                    "a client has one set of subscriptions: give both the same `subscribe`, \
                     `join` and `leave`, or all of it to one of them",
                ));
            }
        }
    }

    /// Checks that only one process of a name publishes: processes that share a name share one
    /// message numbering.
    fn check_one_publisher(&self, problems: &mut Problems) {
        let mut publishers: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.publishes) {
            if entry.name.is_some() && entry.processes.len() > 1 {
                let count = entry.processes.len();
                let what = format!("{count} processes of one name would all publish");
                let problem = Problem::new(entry.place, what, "at most one of a name may");
                problems.push(problem.help("leave out `name`: each process is its own client"));
            }
            let Some(name) = entry.client() else { continue };
            if let Some(first) = publishers.insert(name, entry) {
                let what = format!("two entries of the client {} publish", quote(name));
                let problem = Problem::new(entry.place, what, "publishes too");
                problems.push(
                    problem.also(first.place, "publishes").help(
                        "at most one entry of a name may publish; message numbers are its own",
                    ),
                );
            }
        }
    }

    /// Returns every process.
    pub fn everyone(&self) -> Vec<Name> {
        self.entries.iter().flat_map(|entry| entry.processes.iter().cloned()).collect()
    }

    /// Returns the processes that a word names: an id (all of its processes), or `id#3`.
    pub fn resolve(&self, word: &PlacedText, problems: &mut Problems) -> Vec<Name> {
        let text = word.text.as_str();
        if let Some(entry) = self.entry(text) {
            return entry.processes.clone();
        }
        if let Some((id, number)) = text.split_once('#')
            && let Some(entry) = self.entry(id)
        {
            return self.one_of_many(entry, number, word, problems);
        }
        if !self.has_gaps {
            let help = self.nearest(text, problems);
            problems.push(self.unknown(word, help));
        }
        Vec::new()
    }

    fn nearest(&self, text: &str, problems: &mut Problems) -> Option<String> {
        let names = self.entries.iter().filter_map(|entry| entry.name.as_deref());
        problems.nearest(text, self.entries.iter().map(|entry| entry.id.as_str()).chain(names))
    }

    fn entry(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id).map(|index| &self.entries[*index])
    }

    fn one_of_many(
        &self,
        entry: &Entry,
        number: &str,
        word: &PlacedText,
        problems: &mut Problems,
    ) -> Vec<Name> {
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let process = index.and_then(|index| entry.processes.get(index));
        // Parsing the number alone would accept `#03` for `#3`.
        if let Some(process) = process.filter(|process| process.as_str() == word.text) {
            return vec![process.clone()];
        }
        let id = &entry.id;
        let expected = match entry.processes.len() {
            // `count` was refused, and that problem is reported already.
            0 => return Vec::new(),
            1 => format!("`{id}` is one process: leave out `#{number}`"),
            count => format!("there are `{id}#1` to `{id}#{count}`"),
        };
        let what = format!("there is no process {}", quote(&word.text));
        problems.push(Problem::new(word.place, what, expected));
        Vec::new()
    }

    fn unknown(&self, word: &PlacedText, help: Option<String>) -> Problem {
        let what = format!("there is no client {}", quote(&word.text));
        let problem = Problem::new(word.place, what, "expected the `id` of a [[client]]");
        problem.help(help.unwrap_or_else(|| {
            const SHOWN: usize = 10;
            let ids: Vec<_> =
                self.entries.iter().take(SHOWN).map(|entry| format!("`{}`", entry.id)).collect();
            let more = if self.entries.len() > SHOWN { ", …" } else { "" };
            format!("the file has {}{more}", ids.join(", "))
        }))
    }

    /// Checks that a word names a client with a row in the report: one that subscribes.
    pub fn subscriber(&self, word: &PlacedText, problems: &mut Problems) -> Option<Name> {
        let text = word.text.as_str();
        let is_named = |entry: &&Entry| match &entry.name {
            Some(name) => name == text,
            None => entry.processes.iter().any(|process| process.as_str() == text),
        };
        let mut named = self.entries.iter().filter(is_named).peekable();
        if named.peek().is_some() {
            if named.any(|entry| entry.subscribes) {
                return Some(Name::from(text));
            }
            let what = format!("the client {} subscribes to nothing", quote(text));
            problems.push(Problem::new(word.place, what, "expected a subscriber"));
            return None;
        }
        match self.entry(text) {
            Some(Entry { name: Some(name), .. }) => {
                let what = format!("{} is an entry of the client {}", quote(text), quote(name));
                problems.push(Problem::new(word.place, what, format!("expected `{name}`")));
            }
            Some(Entry { processes, .. }) if processes.len() > 1 => {
                let what = format!("{} is {} clients", quote(text), processes.len());
                let expected = format!("expected one of them, as in `{text}#1`");
                let problem = Problem::new(word.place, what, expected);
                problems.push(problem.help("leave out `client` for the sum of all subscribers"));
            }
            Some(_) => {}
            None if self.has_gaps => {}
            None => {
                let help = self.nearest(text, problems);
                problems.push(self.unknown(word, help));
            }
        }
        None
    }
}
