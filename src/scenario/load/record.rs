//! A table of the file after the walk: known keys, typed values, places. Rules across keys are not
//! checked yet.
//!
//! A refused value is absent, like one that was left out without a default.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::message::Name;

use crate::closed_list::UnknownWord;
use crate::scenario::{Latency, Range};
use crate::time::Duration;

use super::problem::Place;

/// One table of the file.
#[derive(Debug)]
pub struct Record {
    /// The place of the table.
    pub place: Place,
    /// Its keys and values, defaults included.
    pub fields: BTreeMap<&'static str, Field>,
    /// The keys whose values were refused.
    pub refused: Vec<String>,
}

/// One key with its value.
#[derive(Debug)]
pub struct Field {
    /// The place of the key; for a default, that of the table.
    pub key: Place,
    /// The place of the value; for a default, that of the table.
    pub place: Place,
    /// The value.
    pub value: Value,
    /// The origin of the value.
    pub origin: Origin,
}

/// The origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file, or a setting.
    Given,
    /// The default in the table of keys.
    Default,
}

/// A text with its place.
#[derive(Clone, Debug)]
pub struct PlacedText {
    /// The text.
    pub text: String,
    /// The place.
    pub place: Place,
}

/// A value, typed by the table of keys.
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
    Headers(BTreeMap<Name, String>),
    Table(Record),
    Tables(Vec<Record>),
}

/// Defines getters, one per kind of value.
///
/// # Panics
/// The table of keys declares another kind for the key: a bug in this crate.
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
        /// Returns a whole number.
        whole: Whole -> u64;
        /// Returns a probability.
        rate: Rate -> f64;
        /// Returns `true` or `false`.
        flag: Flag -> bool;
        /// Returns a duration.
        time: Time -> Duration;
        /// Returns a latency.
        latency: Latency -> Latency;
        /// Returns a range.
        bounds: Bounds -> Range;
        /// Returns a table of texts.
        headers: Headers -> BTreeMap<Name, String>;
    }

    /// Returns a text, a name or a word.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        match &self.fields.get(name)?.value {
            Value::Text(text) => Some(text),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Returns a member of a closed list. The table of keys rejects all other words.
    pub fn member<T: FromStr<Err = UnknownWord>>(&self, name: &'static str) -> Option<T> {
        let word = self.text(name)?;
        Some(word.parse().unwrap_or_else(|error| panic!("`{name}`, in the table of keys: {error}")))
    }

    /// Returns a list of words.
    pub fn words(&self, name: &'static str) -> Option<&[PlacedText]> {
        match &self.fields.get(name)?.value {
            Value::Words(words) => Some(words),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Returns a list of lists of words.
    pub fn groups(&self, name: &'static str) -> Option<&[Vec<PlacedText>]> {
        match &self.fields.get(name)?.value {
            Value::Groups(groups) => Some(groups),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Returns any value, as JSON.
    pub fn payload(&self, name: &'static str) -> Option<&serde_json::Value> {
        match &self.fields.get(name)?.value {
            Value::Payload(value) => Some(value),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Returns a table.
    pub fn table(&self, name: &'static str) -> Option<&Record> {
        match &self.fields.get(name)?.value {
            Value::Table(record) => Some(record),
            other => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Returns a list of tables; empty if it was refused.
    pub fn tables(&self, name: &'static str) -> &[Record] {
        match self.fields.get(name).map(|field| &field.value) {
            Some(Value::Tables(records)) => records,
            None => &[],
            Some(other) => panic!("`{name}` is {other:?} in the table of keys"),
        }
    }

    /// Whether the file gives the key, with a valid value or a refused one.
    pub fn names(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|field| field.origin == Origin::Given)
            || self.refused.iter().any(|refused| refused == name)
    }

    /// Returns the place of the value, or of the table if there is no value.
    pub fn place_of(&self, name: &str) -> Place {
        self.fields.get(name).map_or(self.place, |field| field.place)
    }

    /// Returns the place of the key, or of the table if there is no value.
    pub fn key_of(&self, name: &str) -> Place {
        self.fields.get(name).map_or(self.place, |field| field.key)
    }
}
