//! Warnings: a scenario that is valid, but probably not what its author means.
//!
//! They look at the scenario alone, whatever file or program it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::message::{Echo, HttpConnections, Link, Name};
use crate::time::Instant;

use super::printable::doubtful_name;
use super::{BrokerAct, ClientEntry, Effect, MemberChange, Publish, Scenario, When};

/// One thing that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The oddity, with the numbers that make it so.
    pub what: String,
    /// The remedy.
    pub help: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl Scenario {
    /// Returns what is probably not meant, in the order of the file.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.doubtful_names();
        warnings.extend(self.rare_polls());
        warnings.extend(self.connections_that_are_kept());
        let of_clients = self.clients.iter().map(|entry| (Some(entry), &entry.publish));
        for (entry, list) in of_clients.chain([(None, &self.broker_app.publish)]) {
            for publish in list {
                warnings.extend(self.reaches_nobody(entry, publish));
                warnings.extend(self.comes_too_early(entry, publish));
            }
        }
        warnings.extend(self.endless_answers());
        warnings.extend(self.faults_beyond_the_end());
        warnings.extend(self.silences_that_are_too_short());
        warnings
    }

    /// A name is not what it looks like.
    fn doubtful_names(&self) -> Vec<Warning> {
        let mut names = BTreeSet::new();
        for entry in &self.clients {
            names.insert(&entry.id);
            names.extend(&entry.name);
            names.extend(entry.subscribe.iter().flat_map(|one| [&one.queue, &one.event]));
            names.extend(
                entry.join.iter().chain(&entry.leave).flat_map(|one| [&one.queue, &one.room]),
            );
        }
        for publish in self.publishes() {
            names.extend([&publish.draft.queue, &publish.draft.event]);
            names.extend(publish.draft.target.to.iter().chain(&publish.draft.target.except));
        }
        for act in &self.broker_app.acts {
            names.insert(&act.members.queue);
            names.extend(&act.members.rooms);
            if let MemberChange::Join(room) | MemberChange::Leave(room) = &act.change {
                names.insert(room);
            }
        }
        let doubtful = names.into_iter().filter_map(|name| {
            let what = format!("the name \"{name}\" {}", doubtful_name(name.as_str())?);
            let help = "write it without, unless it is meant".to_owned();
            Some(Warning { what, help })
        });
        doubtful.collect()
    }

    /// A session over `polling` ends between two polls.
    fn rare_polls(&self) -> Option<Warning> {
        let heartbeat = self.broker.heartbeat;
        let (interval, patience) = (self.polling_interval, heartbeat.every + heartbeat.timeout);
        let polls = self.contenders.iter().any(|contender| contender.link == Link::Polling);
        (polls && interval >= patience).then(|| Warning {
            what: format!(
                "clients over polling ask every {interval}, and the broker ends a session that is \
                 silent for {patience}"
            ),
            help: "make `polling.interval` shorter or the heartbeat longer".to_owned(),
        })
    }

    /// A connection per request is asked for, and a link keeps its connections all the same.
    fn connections_that_are_kept(&self) -> Option<Warning> {
        if self.http_connections == HttpConnections::Kept {
            return None;
        }
        let has = |link: Link| self.contenders.iter().any(|contender| contender.link == link);
        let heeds = [Link::Polling, Link::LongPolling, Link::Sse].into_iter().any(has);
        let over = match (heeds, has(Link::SocketIo)) {
            (true, false) => return None,
            (true, true) => "over `socketio`: its client keeps its connections for polling",
            (false, _) => "here: no contender is over `polling`, `long-polling` or `sse`",
        };
        let asked = self.http_connections.name();
        Some(Warning {
            what: format!("`http.connections = \"{asked}\"` has no effect {over}"),
            help: "leave it out, or set other `contenders`".to_owned(),
        })
    }

    /// No room of a message is ever joined.
    fn reaches_nobody(&self, entry: Option<&ClientEntry>, publish: &Publish) -> Option<Warning> {
        let event = std::slice::from_ref(&publish.draft.event);
        let to = if publish.draft.target.to.is_empty() { event } else { &publish.draft.target.to };
        let is_reached = self.clients.iter().any(|other| {
            let is_own =
                entry.is_some_and(|entry| other.count == 1 && other.client() == entry.client());
            let hears = !(is_own && publish.draft.target.echo == Echo::NotSender);
            hears && to.iter().any(|room| self.may_be_in(other, &publish.draft.queue, room))
        });
        let is_handled = entry.is_some() && self.broker_app.answers(&publish.draft.event);
        (!is_reached && !is_handled).then(|| {
            let rooms = to.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>().join(", ");
            let (id, queue) = (publisher(entry), &publish.draft.queue);
            Warning {
                what: format!("what {id} publishes to {rooms} of queue `{queue}` reaches nobody"),
                help: "let a client subscribe to it or join that room".to_owned(),
            }
        })
    }

    /// A message is published before anybody can have joined.
    fn comes_too_early(&self, entry: Option<&ClientEntry>, publish: &Publish) -> Option<Warning> {
        let When::Every { start, .. } = publish.when else { return None };
        // A hello, its answer, and the join; a client's message itself takes one latency.
        let joined = Instant::ZERO + self.latency.min * 3;
        let comes = if entry.is_some() { start + self.latency.min } else { start };
        let (id, event) = (publisher(entry), &publish.draft.event);
        (comes < joined).then(|| Warning {
            what: format!(
                "{id} publishes `{event}` at {start}, before anybody can have joined: that takes \
                 {joined} at the least"
            ),
            help: "let it `start` later".to_owned(),
        })
    }

    /// Whether a client of an entry may ever be in a room, by its own doing or the broker's.
    fn may_be_in(&self, entry: &ClientEntry, queue: &Name, room: &Name) -> bool {
        let is_put = |act: &BrokerAct| {
            act.change == MemberChange::Join(room.clone()) && act.members.queue == *queue
        };
        entry.joins(queue, room)
            || entry.joins_queue(queue) && self.broker_app.acts.iter().any(is_put)
    }

    /// Answers to events answer each other without end.
    fn endless_answers(&self) -> Vec<Warning> {
        type Place<'a> = (&'a Name, &'a Name);
        let mut answers: BTreeMap<Place<'_>, BTreeSet<Place<'_>>> = BTreeMap::new();
        for entry in &self.clients {
            for publish in &entry.publish {
                let When::On { event, .. } = &publish.when else { continue };
                let is_its_own = publish.draft.target.echo == Echo::NotSender && entry.count == 1;
                let same = event == &publish.draft.event;
                if entry.joins(&publish.draft.queue, event) && !(same && is_its_own) {
                    let from = (&publish.draft.queue, event);
                    answers
                        .entry(from)
                        .or_default()
                        .insert((&publish.draft.queue, &publish.draft.event));
                }
            }
        }
        for publish in &self.broker_app.publish {
            let When::On { event, .. } = &publish.when else { continue };
            // The broker does not answer itself.
            if event != &publish.draft.event {
                let queue = &publish.draft.queue;
                answers.entry((queue, event)).or_default().insert((queue, &publish.draft.event));
            }
        }
        let mut endless = Vec::new();
        for start in answers.keys() {
            let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
            while let Some(place) = next.pop() {
                for answer in answers.get(&place).into_iter().flatten() {
                    if seen.insert(*answer) {
                        next.push(*answer);
                    }
                }
            }
            if seen.contains(start) {
                let (queue, event) = start;
                endless.push(Warning {
                    what: format!(
                        "`{event}` of queue `{queue}` is answered by what leads to `{event}` again, \
                         without end"
                    ),
                    help: "answer with another event, or set `broadcast = true` if a client \
                           answers itself"
                        .to_owned(),
                });
            }
        }
        endless
    }

    /// A fault ends after the run.
    fn faults_beyond_the_end(&self) -> Vec<Warning> {
        let end = Instant::ZERO + self.run_for;
        let beyond = self.faults.iter().filter(|fault| fault.until != Instant::NEVER);
        let beyond = beyond.filter(|fault| fault.until > end);
        let warnings = beyond.map(|fault| Warning {
            what: format!(
                "a fault `{}` lasts until {}, and the run ends at {end}",
                fault.effect.kind(),
                fault.until
            ),
            help: format!(
                "set `run_for` to more than {}, or let the fault end earlier",
                fault.until
            ),
        });
        warnings.collect()
    }

    /// A middlebox is there for no longer than it takes to forget a flow.
    fn silences_that_are_too_short(&self) -> Vec<Warning> {
        let end = Instant::ZERO + self.run_for;
        let warnings = self.faults.iter().filter_map(|fault| {
            let Effect::IdleTimeout { after } = fault.effect else { return None };
            let lasts = fault.until.min(end).since(fault.at);
            (lasts <= after).then(|| Warning {
                what: format!(
                    "a fault `{}` forgets what was quiet for {after}, and lasts only {lasts}",
                    fault.effect.kind()
                ),
                help: "make `after` shorter, or let it last longer: no silence counts from before \
                       it begins"
                    .to_owned(),
            })
        });
        warnings.collect()
    }
}

/// Returns the name of a publisher: a client's entry, or the broker.
fn publisher(entry: Option<&ClientEntry>) -> &str {
    entry.map_or("broker", |entry| entry.id.as_str())
}

impl ClientEntry {
    /// Returns the name of the client, if all its processes share one.
    fn client(&self) -> &Name {
        self.name.as_ref().unwrap_or(&self.id)
    }

    /// Whether a process of the entry ever joins a room.
    fn joins(&self, queue: &Name, room: &Name) -> bool {
        let subscribes = self.subscribe.iter().any(|one| one.queue == *queue && one.event == *room);
        subscribes
            || self.join.iter().any(|one| one.queue == *queue && one.room == *room)
            || self.joins_queue(queue) && self.is_client(room)
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Scenario, builtin};

    /// Returns the warnings about a file.
    fn warnings(text: &str) -> Vec<String> {
        let scenario = Scenario::load("odd.toml", text).unwrap_or_else(|bad| panic!("{bad:?}"));
        scenario.warnings().into_iter().map(|one| one.to_string()).collect()
    }

    /// Returns a file with these keys, and a publisher and a subscriber of `q`.
    fn file(keys: &str, publish: &str, more: &str) -> String {
        format!(
            r#"title = "odd"
run_for = "20s"
{keys}
client = [
    {{ id = "a", publish = [{{ queue = "q", event = "e", {publish} }}] }},
    {{ id = "b", subscribe = [{{ queue = "q", event = "e" }}] }},
]
{more}"#
        )
    }

    #[test]
    fn no_built_in_scenario_is_odd() {
        for (name, text) in builtin::all() {
            assert_eq!(warnings(text), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn an_interval_of_polls_that_outlasts_the_heartbeat_is_odd() {
        let keys = |interval: &str| {
            format!(
                "polling = {{ interval = \"{interval}\" }}\n\
                 broker = {{ heartbeat = {{ every = \"5s\", timeout = \"4s\" }} }}"
            )
        };
        let odd = warnings(&file(&keys("10s"), r#"start = "1s""#, ""));
        assert_eq!(odd.len(), 1);
        assert!(odd[0].contains("10s") && odd[0].contains("9s"), "{odd:?}");
        assert_eq!(warnings(&file(&keys("8s"), r#"start = "1s""#, "")), Vec::<String>::new());
    }

    #[test]
    fn a_connection_per_request_has_no_effect_on_links_that_keep_theirs() {
        let odd = |contenders: &str, kind: &str| {
            let keys =
                format!("contenders = [{contenders}]\nhttp = {{ connections = \"{kind}\" }}");
            warnings(&file(&keys, r#"start = "1s""#, ""))
        };
        let none = odd(r#""tcp/catch-up""#, "one-per-request");
        assert!(none.len() == 1 && none[0].contains("has no effect here"), "{none:?}");
        let some = odd(r#""sse/catch-up", "socketio/catch-up""#, "one-per-request");
        assert!(some.len() == 1 && some[0].contains("over `socketio`"), "{some:?}");
        for link in ["polling", "long-polling", "sse"] {
            let all = format!(r#""{link}/catch-up", "tcp/catch-up""#);
            assert_eq!(odd(&all, "one-per-request"), Vec::<String>::new(), "{link}");
        }
        assert_eq!(odd(r#""tcp/catch-up""#, "kept"), Vec::<String>::new());
    }

    #[test]
    fn a_room_that_nobody_joins_and_a_message_before_any_join_are_odd() {
        let odd = warnings(&file("", r#"start = "1s", to = ["vip"]"#, ""));
        assert!(odd.len() == 1 && odd[0].contains("`vip`"), "{odd:?}");
        let odd = warnings(&file("latency = \"50ms\"", r#"start = "80ms""#, ""));
        assert!(odd.len() == 1 && odd[0].contains("80ms"), "{odd:?}");
        let fine = warnings(&file("latency = \"50ms\"", r#"start = "100ms""#, ""));
        assert_eq!(fine, Vec::<String>::new());
    }

    #[test]
    fn a_room_that_the_broker_fills_is_not_odd_and_neither_is_a_clients_own() {
        assert_eq!(warnings(&file("", r#"start = "1s", to = ["b"]"#, "")), Vec::<String>::new());
        let joins = r#"broker = { join = [{ queue = "q", to = ["b"], room = "vip", at = "1s" }] }"#;
        let fine = warnings(&file(joins, r#"start = "2s", to = ["vip"]"#, ""));
        assert_eq!(fine, Vec::<String>::new());
        let own = r#"broker = { publish = [{ queue = "q", event = "e", start = "10ms" }] }"#;
        let odd = warnings(&file(own, r#"start = "1s""#, ""));
        assert!(odd.len() == 1 && odd[0].starts_with("broker publishes `e` at 10ms"), "{odd:?}");
    }

    #[test]
    fn a_name_with_blanks_that_nobody_sees_is_odd() {
        let odd = warnings(&file("", r#"start = "1s", to = ["e", "e "]"#, ""));
        assert!(odd.len() == 1 && odd[0].contains("\"e \" ends with a blank"), "{odd:?}");
    }

    #[test]
    fn an_echo_without_end_is_odd() {
        let echo = |more: &str| {
            warnings(&format!(
                r#"title = "echo"
run_for = "20s"
client = [
    {{ id = "a", publish = [{{ queue = "q", event = "ping", start = "1s" }}] }},
    {{ id = "b", subscribe = [{{ queue = "q", event = "ping" }}], publish = [{{ queue = "q", event = "{more} }}] }},
    {{ id = "c", subscribe = [{{ queue = "q", event = "pong" }}], publish = [{{ queue = "q", event = "ping", on = "pong" }}] }},
]"#
            ))
        };
        let loops = echo(r#"pong", on = "ping""#);
        assert_eq!(loops.len(), 2, "from ping and from pong: {loops:?}");
        let own = echo(r#"ping", on = "ping""#);
        assert!(own.len() == 1 && own[0].contains("without end"), "{own:?}");
        // What only it would hear reaches nobody, and ends.
        let others = echo(r#"ping", on = "ping", broadcast = true"#);
        assert!(others.len() == 1 && others[0].contains("reaches nobody"), "{others:?}");
    }

    #[test]
    fn a_middlebox_that_is_gone_before_it_can_forget_is_odd() {
        let fault = |span: &str| {
            let fault = format!(
                "fault = [{{ kind = \"idle-timeout\", who = \"b\", at = \"5s\", {span} }}]"
            );
            warnings(&file(&fault, r#"start = "1s""#, ""))
        };
        let odd = fault(r#"after = "4s", for = "4s""#);
        assert!(odd.len() == 1 && odd[0].contains("lasts only 4s"), "{odd:?}");
        let odd = fault(r#"after = "15s""#);
        assert!(odd.len() == 1 && odd[0].contains("lasts only 15s"), "{odd:?}");
        assert_eq!(fault(r#"after = "14s""#), Vec::<String>::new());
    }

    #[test]
    fn a_fault_that_outlasts_the_run_is_odd() {
        let fault = |span: &str| {
            let fault = format!("fault = [{{ kind = \"cut\", who = \"b\", at = \"15s\"{span} }}]");
            warnings(&file(&fault, r#"start = "1s""#, ""))
        };
        let odd = fault(r#", for = "10s""#);
        assert!(odd.len() == 1 && odd[0].contains("25s") && odd[0].contains("20s"), "{odd:?}");
        assert_eq!(fault(""), Vec::<String>::new());
        assert_eq!(fault(r#", for = "5s""#), Vec::<String>::new());
    }
}
