//! A table of the file after the walk: known keys, typed values, places. It means nothing yet.
//!
//! A value that the walk refused is not there, like one that was left out without a default.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::closed_list::UnknownWord;
use crate::scenario::{Latency, Range};
use crate::time::Duration;

use super::problem::Place;

/// One table.
#[derive(Debug)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Its keys and values, defaults included.
    pub fields: BTreeMap<&'static str, Field>,
    /// Keys that are there but whose values were refused.
    pub refused: Vec<String>,
}

/// One key with its value.
#[derive(Debug)]
pub struct Field {
    /// Where the key stands; of a default, the table.
    pub key: Place,
    /// Where the value stands; of a default, the table.
    pub place: Place,
    /// The value.
    pub value: Value,
    /// Who said it.
    pub origin: Origin,
}

/// Who said a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file or a setting.
    Given,
    /// The table of keys.
    Default,
}

/// A text and its place.
#[derive(Clone, Debug)]
pub struct PlacedText {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// What a value is, as the table of keys has it.
#[derive(Debug)]
pub enum Value {
    Text(String),
    Words(Vec<PlacedText>),
    Groups(Vec<Vec<PlacedText>>),
    Whole(u64),
    Rate(f64),
    Flag(bool),
    Time(Duration),
    Latency(Latency),
    Bounds(Range),
    Payload(serde_json::Value),
    Table(Record),
    Tables(Vec<Record>),
}

/// A getter a kind of value. A kind that the table of keys does not have there is a bug of ours.
macro_rules! getters {
    ($($(#[$about:meta])* $getter:ident: $variant:ident -> $type:ty;)+) => {
        $($(#[$about])*
        pub fn $getter(&self, name: &'static str) -> Option<$type> {
            match &self.fields.get(name)?.value {
                Value::$variant(value) => Some(<$type>::from(value.clone())),
                other => panic!("`{name}` is {other:?} in the table of keys"),
            }
        })+
    };
}

impl Record {
    getters! {
        /// A whole number.
        whole: Whole -> u64;
        /// A probability.
        rate: Rate -> f64;
        /// `true` or `false`.
        flag: Flag -> bool;
        /// A duration.
        time: Time -> Duration;
        /// A latency.
        latency: Latency -> Latency;
        /// A range.
        bounds: Bounds -> Range;
    }

    /// A text, a name or a word.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        match &self.fields.get(name)?.value {
            Value::Text(text) => Some(text),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// A member of a closed list, of which the table of keys lets no other word through.
    pub fn member<T: FromStr<Err = UnknownWord>>(&self, name: &'static str) -> Option<T> {
        let word = self.text(name)?;
        Some(word.parse().unwrap_or_else(|error| panic!("`{name}`, in the table of keys: {error}")))
    }

    /// A list of words.
    pub fn words(&self, name: &'static str) -> Option<&[PlacedText]> {
        match &self.fields.get(name)?.value {
            Value::Words(words) => Some(words),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// A list of lists of words.
    pub fn groups(&self, name: &'static str) -> Option<&[Vec<PlacedText>]> {
        match &self.fields.get(name)?.value {
            Value::Groups(groups) => Some(groups),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Any value, as JSON.
    pub fn payload(&self, name: &'static str) -> Option<&serde_json::Value> {
        match &self.fields.get(name)?.value {
            Value::Payload(value) => Some(value),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// A table.
    pub fn table(&self, name: &'static str) -> Option<&Record> {
        match &self.fields.get(name)?.value {
            Value::Table(record) => Some(record),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// A list of tables; empty if it was refused.
    pub fn tables(&self, name: &'static str) -> &[Record] {
        match self.fields.get(name).map(|field| &field.value) {
            Some(Value::Tables(records)) => records,
            None => &[],
            Some(other) => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Whether the file names the key, rightly or wrongly.
    pub fn names(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|field| field.origin == Origin::Given)
            || self.refused.iter().any(|refused| refused == name)
    }

    /// Where the value stands, or else the table.
    pub fn place_of(&self, name: &str) -> Place {
        self.fields.get(name).map_or(self.place, |field| field.place)
    }

    /// Where the key stands, or else the table.
    pub fn key_of(&self, name: &str) -> Place {
        self.fields.get(name).map_or(self.place, |field| field.key)
    }
}
