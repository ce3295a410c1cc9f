//! The JSON Schema of scenario files, for editors, generated from the table of keys.
//!
//! It describes single keys. Rules across keys are only checked by the loader.

use serde_json::{Map, Value, json};

use crate::message::Contender;

use super::keys::{self, Case, Key, Kind, Presence, Section};
use super::limits;

/// Returns the schema of a scenario file, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let mut schema = section(&keys::FILE);
    let head = schema.as_object_mut().expect("a section is an object");
    head.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    head.insert("title".into(), json!("A delivery-lab scenario"));
    schema
}

fn section(section: &Section) -> Value {
    match &section.cases {
        None => table(section.about, section.keys.iter(), None),
        Some(cases) => {
            let case = |case: &Case| {
                let keys = section.keys.iter().chain(case.keys);
                table(case.about(), keys, Some((cases.tag, case.word)))
            };
            // The tag alone decides, so that an editor complains about the right case.
            let choices: Vec<Value> = cases.list.iter().map(case).collect();
            json!({ "description": section.about, "oneOf": choices })
        }
    }
}

fn table<'a>(about: &str, keys: impl Iterator<Item = &'a Key>, tag: Option<(&str, &str)>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in keys {
        properties.insert(key.name.to_owned(), property(key));
        if matches!(key.presence, Presence::Required) {
            required.push(key.name);
        }
    }
    if let Some((tag, word)) = tag {
        properties[tag] = json!({ "const": word });
    }
    json!({
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut property = kind(key.kind);
    let object = property.as_object_mut().expect("every kind is an object");
    object.insert("description".into(), json!(key.about));
    if let Presence::Default(text) = key.presence {
        object.insert("default".into(), super::load::toml_to_json(text));
    }
    property
}

fn kind(kind: Kind) -> Value {
    const DURATION: &str = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)";
    const NUMBER: &str = r"[0-9]+(\.[0-9]+)?";
    let name = || json!({ "type": "string", "minLength": 1, "maxLength": limits::NAME_BYTES });
    let names = |least: usize| {
        let most = limits::LIST;
        json!({ "type": "array", "items": name(), "minItems": least, "maxItems": most })
    };
    let contender = || {
        let all: Vec<String> = Contender::all().map(|contender| contender.to_string()).collect();
        json!({ "enum": all })
    };
    match kind {
        Kind::Text => json!({ "type": "string", "maxLength": limits::TEXT_BYTES }),
        Kind::Id => {
            let mut id = name();
            id["pattern"] = json!("^[^#]*$");
            id["not"] = json!({ "enum": ["broker", "everyone"] });
            id
        }
        Kind::Name => name(),
        Kind::Names => names(0),
        Kind::Who => json!({ "anyOf": [name(), names(1)] }),
        Kind::Groups => json!({ "type": "array", "minItems": 2, "items": names(1) }),
        Kind::Whole { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Rate => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time { .. } => json!({ "type": "string", "pattern": format!("^{DURATION}$") }),
        Kind::Latency => {
            json!({ "type": "string", "pattern": format!(r"^{DURATION}(\.\.{DURATION})?$") })
        }
        Kind::Bounds => {
            let pattern = format!(r"^({NUMBER}|{NUMBER}\.\.|\.\.{NUMBER}|{NUMBER}\.\.{NUMBER})$");
            json!({ "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string", "pattern": pattern },
            ] })
        }
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Contender => contender(),
        Kind::Contenders => {
            json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": contender() })
        }
        Kind::Payload => json!({}),
        Kind::Headers => json!({
            "type": "object",
            "maxProperties": limits::LIST,
            "propertyNames": name(),
            "additionalProperties": { "type": "string", "maxLength": limits::TEXT_BYTES },
        }),
        Kind::Table(inner) => section(inner),
        Kind::Tables(inner, least, most) => json!({
            "type": "array",
            "minItems": least,
            "maxItems": most,
            "items": section(inner),
        }),
    }
}
