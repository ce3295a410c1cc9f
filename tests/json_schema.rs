//! Checks a JSON Schema of ours: that it describes real documents, no more and no less.

use serde_json::{Value, json};

/// Checks that documents are valid by a schema, that each of its keys occurs in one of them, and
/// that one of them with an unknown key anywhere is not valid.
pub fn check(schema: &Value, documents: &[Value], one: &Value) {
    let validator = jsonschema::draft202012::new(schema).expect("it is a schema");
    for document in documents {
        let problems: Vec<String> = validator
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(problems, Vec::<String>::new(), "{}", document["scenario"]);
    }
    assert_eq!(unseen(schema, &documents.iter().collect::<Vec<_>>(), ""), Vec::<String>::new());
    let changed = with_an_unknown_key(one);
    assert!(changed.len() > 1, "{}", changed.len());
    assert!(changed.iter().all(|document| !validator.is_valid(document)));
}

/// Returns the keys of a schema that none of the values has. Of causes and anomalies any may be
/// missing.
fn unseen(schema: &Value, values: &[&Value], path: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let values: Vec<&Value> = values.iter().filter_map(|value| value.get(key)).collect();
        if values.is_empty() && !path.contains(".causes.") && !path.contains(".anomalies.") {
            all.push(path.clone());
        }
        all.extend(unseen(inner, &values, &path));
    }
    if let Some(items) = schema.get("items") {
        let values = values.iter().filter_map(|value| value.as_array()).flatten();
        all.extend(unseen(items, &values.collect::<Vec<_>>(), path));
    }
    all
}

/// Returns copies of a value, in each of which another object has one key more.
fn with_an_unknown_key(value: &Value) -> Vec<Value> {
    let inside = |parts: Vec<(Value, &Value)>| {
        let copies = parts.into_iter().flat_map(|(at, part)| {
            with_an_unknown_key(part).into_iter().map(move |changed| (at.clone(), changed))
        });
        let copy = |(at, changed): (Value, Value)| {
            let mut copy = value.clone();
            match &at {
                Value::String(key) => copy[key] = changed,
                at => copy[at.as_u64().unwrap() as usize] = changed,
            }
            copy
        };
        copies.map(copy).collect::<Vec<_>>()
    };
    match value {
        Value::Object(entries) => {
            let mut copy = value.clone();
            copy["unknown"] = json!(1);
            let mut copies = vec![copy];
            copies.extend(inside(entries.iter().map(|(key, part)| (json!(key), part)).collect()));
            copies
        }
        // One of a list is like the others.
        Value::Array(parts) => inside(parts.iter().take(1).map(|part| (json!(0), part)).collect()),
        _ => Vec::new(),
    }
}
