//! The head of a message: headers of the application, and the encoding of its payload.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::{Name, Payload};
use crate::closed_list::closed_list;

/// The part of a message beside its payload. The broker carries it, and decides nothing by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// The application's own headers: name and value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<Name, String>,
    /// The encoding of the payload.
    #[serde(skip_serializing_if = "super::is_default")]
    pub encoding: Encoding,
}

impl Head {
    /// Returns the bytes of the headers: names and values.
    pub fn size(&self) -> usize {
        self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
    }

    /// Whether there is nothing in it that a message need carry.
    pub fn is_default(&self) -> bool {
        *self == Head::default()
    }
}

closed_list! {
    /// The encoding of a payload.
    #[derive(Default)]
    Encoding ["encoding"] {
        /// The payload is any JSON value.
        #[default]
        Json = "json",
        /// The payload is bytes: a JSON text with their base64 (RFC 4648, section 4), 4 characters
        /// for 3 bytes. A link whose protocol has binary frames sends the bytes themselves.
        Base64 = "base64",
    }
}

/// Decodes the base64 in a payload that is a JSON text; `None` if it is not that.
pub fn bytes_of(payload: &Payload) -> Option<Vec<u8>> {
    let text: String = serde_json::from_str(payload.as_str()).ok()?;
    BASE64.decode(text.as_bytes()).ok()
}

/// Returns the payload that has these bytes as base64.
pub fn payload_of(bytes: &[u8]) -> Payload {
    Payload::from(&serde_json::Value::from(BASE64.encode(bytes)))
}
