//! Checks that the rooms of clients' own names are nobody else's: in each queue that a client joins
//! it is alone in the room of its name, so that no event or other room may have that name.

use std::collections::BTreeMap;

use crate::message::{CONNECTED, DISCONNECTED};

use super::problem::{Place, Problem, Problems, quote};
use super::record::Record;

/// Reports each client whose name is also an event or a room of a queue that it joins.
pub fn check(clients: &[Record], broker: Option<&Record>, problems: &mut Problems) {
    let mut rooms: BTreeMap<(&str, &str), Place> = BTreeMap::new();
    let lists = [("publish", "event"), ("subscribe", "event"), ("join", "room"), ("leave", "room")];
    for record in clients.iter().chain(broker) {
        for (list, key) in lists {
            // The broker has no subscriptions.
            if !record.fields.contains_key(list) {
                continue;
            }
            for entry in record.tables(list) {
                if let (Some(queue), Some(room)) = (entry.text("queue"), entry.text(key)) {
                    rooms.entry((queue, room)).or_insert(entry.place_of(key));
                }
            }
        }
    }
    for queue in broker.and_then(|broker| broker.words("presence")).unwrap_or_default() {
        for event in [CONNECTED, DISCONNECTED] {
            rooms.entry((queue.text.as_str(), event)).or_insert(queue.place);
        }
    }
    for will in clients.iter().filter(|one| one.names("will")).filter_map(|one| one.table("will")) {
        if let (Some(queue), Some(event)) = (will.text("queue"), will.text("event")) {
            rooms.entry((queue, event)).or_insert(will.place_of("event"));
        }
    }
    for client in clients {
        let joined = ["subscribe", "join"].into_iter().flat_map(|list| client.tables(list));
        let mut queues: Vec<&str> = joined.filter_map(|entry| entry.text("queue")).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            let of_queue = rooms.range((queue, "")..).take_while(|((of, _), _)| *of == queue);
            let own = of_queue.filter(|((_, room), _)| is_name(client, room));
            for ((_, room), place) in own {
                let key = if client.names("name") { "name" } else { "id" };
                let what = format!(
                    "{} is a client, and an event or room of the queue {}",
                    quote(room),
                    quote(queue)
                );
                let problem = Problem::new(*place, what, "a room of this queue");
                problems.push(
                    problem.also(client.place_of(key), format!("the client's {key}")).help(
                        "in each queue a client is alone in the room of its name: rename one",
                    ),
                );
            }
        }
    }
}

/// Whether a room has the name of a client of this entry.
fn is_name(client: &Record, room: &str) -> bool {
    let Some(id) = client.text("id") else { return false };
    match (client.text("name"), client.whole("count")) {
        (Some(name), _) => name == room,
        (None, Some(1)) => id == room,
        (None, count) => {
            let number = room.strip_prefix(id).and_then(|rest| rest.strip_prefix('#'));
            let number = number.and_then(|number| number.parse::<u64>().ok());
            number.is_some_and(|number| count.is_none_or(|count| (1..=count).contains(&number)))
        }
    }
}
