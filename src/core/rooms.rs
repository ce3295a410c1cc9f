//! The rooms of one queue, their members, and the routing of messages to them.
//!
//! A message goes to the union of its target rooms, each member once, minus the members of the
//! rooms that it excludes. A member is a connection, or a client that is on record (catch-up).

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Message, Name};

/// Rooms and their members. A room exists as long as it has a member.
#[derive(Clone, Debug)]
pub struct Rooms<M> {
    rooms: BTreeMap<Name, BTreeSet<M>>,
}

/// Result of a join or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomsChange {
    /// Nothing changed: the member was in, or out, already.
    None,
    /// The member joined or left.
    Member,
    /// The member was the room's first or last: the room was created or deleted.
    Room,
}

impl<M: Ord + Clone> Rooms<M> {
    /// Creates an empty set of rooms.
    pub fn new() -> Self {
        Rooms { rooms: BTreeMap::new() }
    }

    /// Adds a member to a room, which is created if it does not exist.
    pub fn join(&mut self, room: &Name, member: M) -> RoomsChange {
        let members = self.rooms.entry(room.clone()).or_default();
        match (members.insert(member), members.len()) {
            (true, 1) => RoomsChange::Room,
            (true, _) => RoomsChange::Member,
            (false, _) => RoomsChange::None,
        }
    }

    /// Removes a member from a room, which is deleted if it becomes empty.
    pub fn leave(&mut self, room: &Name, member: &M) -> RoomsChange {
        let Some(members) = self.rooms.get_mut(room) else { return RoomsChange::None };
        if !members.remove(member) {
            return RoomsChange::None;
        }
        if members.is_empty() {
            self.rooms.remove(room);
            return RoomsChange::Room;
        }
        RoomsChange::Member
    }

    /// Returns the rooms that a member is in.
    pub fn of(&self, member: &M) -> Vec<Name> {
        let is_in =
            |(room, members): (&Name, &BTreeSet<M>)| members.contains(member).then(|| room.clone());
        self.rooms.iter().filter_map(is_in).collect()
    }

    /// Returns the number of rooms.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Iterates over the rooms and their members, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &BTreeSet<M>)> {
        self.rooms.iter()
    }

    /// Returns the members of these rooms, each once; without rooms those of all.
    pub fn members(&self, rooms: &[Name]) -> BTreeSet<M> {
        match rooms {
            [] => self.rooms.values().flatten().cloned().collect(),
            rooms => {
                rooms.iter().filter_map(|room| self.rooms.get(room)).flatten().cloned().collect()
            }
        }
    }

    /// Returns the members of the target rooms minus those of the excluded rooms, each once,
    /// sorted. The caller drops the sender if needed.
    pub fn route(&self, message: &Message) -> BTreeSet<M> {
        let members = |room: &Name| self.rooms.get(room).into_iter().flatten().cloned();
        let excluded: BTreeSet<M> = message.target.except.iter().flat_map(members).collect();
        let mut targets: BTreeSet<M> = message.rooms().iter().flat_map(members).collect();
        targets.retain(|member| !excluded.contains(member));
        targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Draft, MessageId, Payload, Target};

    fn message(to: &[&str], except: &[&str]) -> Message {
        let names = |list: &[&str]| list.iter().map(|&name| name.into()).collect();
        let target = Target { to: names(to), except: names(except), ..Target::default() };
        let draft = Draft { target, ..Draft::new("q".into(), "e".into(), Payload::null()) };
        Message::new(MessageId { publisher: "p".into(), sequence: 1 }, draft)
    }

    #[test]
    fn a_message_goes_to_the_union_of_its_rooms_each_member_once_less_the_excluded() {
        let mut rooms = Rooms::new();
        for (room, member) in [("a", 1), ("a", 2), ("b", 2), ("b", 3), ("e", 9)] {
            rooms.join(&room.into(), member);
        }
        let route =
            |to: &[&str], except: &[&str]| Vec::from_iter(rooms.route(&message(to, except)));
        assert_eq!(route(&["a", "b"], &[]), [1, 2, 3]);
        assert_eq!(route(&["a", "b"], &["b"]), [1]);
        assert_eq!(route(&[], &[]), [9], "without target rooms it goes to the event's own");
        assert_eq!(route(&["nowhere"], &[]), [0; 0]);
    }

    #[test]
    fn a_room_comes_with_its_first_member_and_goes_with_its_last() {
        let (mut rooms, room) = (Rooms::new(), "r".into());
        let changes = [
            rooms.join(&room, 1),
            rooms.join(&room, 1),
            rooms.join(&room, 2),
            rooms.leave(&room, &1),
            rooms.leave(&room, &1),
            rooms.leave(&room, &2),
        ];
        use RoomsChange::{Member, None, Room};
        assert_eq!(changes, [Room, None, Member, Member, None, Room]);
        assert_eq!(rooms.len(), 0);
    }
}
