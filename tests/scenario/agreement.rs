//! Tests that the terms, the JSON Schema, the reference page and the types agree.

use delivery_lab::history::Cost;
use delivery_lab::scenario::{builtin, reference, schema};
use delivery_lab::terms::{Counter, CounterOf, FaultKind};
use delivery_lab::verdict::{Recoveries, SubscriberReport};
use serde_json::{Value, json};

#[test]
fn the_counters_of_expectations_are_the_numbers_of_the_report() {
    let keys = |value: Value| -> Vec<String> {
        let object = value.as_object().expect("a struct is an object").clone();
        let is_counter = |value: &Value| value.is_number() || value.is_null();
        object.into_iter().filter(|(_, value)| is_counter(value)).map(|(key, _)| key).collect()
    };
    let check = |of: CounterOf, mut keys: Vec<String>| {
        let counters = Counter::ALL.into_iter().filter(|counter| counter.of() == of);
        let mut counters: Vec<_> = counters.map(Counter::name).collect();
        counters.sort_unstable();
        keys.sort_unstable();
        assert_eq!(counters, keys);
    };
    check(CounterOf::Subscriber, keys(json!(SubscriberReport::default())));
    check(CounterOf::Recoveries, keys(json!(Recoveries::default())));
    check(CounterOf::Cost, keys(json!(Cost::default())));
    let of_contender = ["published", "answers_asked", "answers_in_time"];
    check(CounterOf::Contender, of_contender.map(str::to_owned).into());
}

/// Converts TOML to JSON, as an editor does before it applies the schema.
fn json(text: &str) -> Value {
    fn convert(mut value: toml_span::Value) -> Value {
        use toml_span::value::ValueInner;
        match value.take() {
            ValueInner::String(text) => json!(text),
            ValueInner::Integer(number) => json!(number),
            ValueInner::Float(number) => json!(number),
            ValueInner::Boolean(flag) => json!(flag),
            ValueInner::Array(list) => list.into_iter().map(convert).collect(),
            ValueInner::Table(table) => table
                .into_iter()
                .map(|(key, value)| (key.name.into_owned(), convert(value)))
                .collect(),
        }
    }
    convert(toml_span::parse(text).expect("it is TOML"))
}

#[test]
fn the_schema_accepts_every_built_in_scenario_and_the_template() {
    let validator = jsonschema::draft202012::new(&schema()).expect("it is a schema");
    let template = delivery_lab::scenario::template("A title");
    for text in builtin::all().map(|(_, text)| text).chain([template.as_str()]) {
        let problems: Vec<_> =
            validator.iter_errors(&json(text)).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let validator = jsonschema::draft202012::new(&schema()).expect("it is a schema");
    let caps = builtin::find("caps").expect("it is built in");
    for (right, wrong) in [
        ("seed    = 42", "sed    = 42"),
        ("seed    = 42", "seed    = -1"),
        ("seed    = 42", "seed    = \"42\""),
        ("\"20s\"", "\"20\""),
        ("\"10ms..40ms\"", "\"10..40\""),
        ("\"tcp/catch-up\"]", "\"tcp/catch\"]"),
        ("messages = 1000", "messages = 0"),
        ("id      = \"driver\"", "id      = \"broker\""),
        ("kind = \"disconnect\"", "kind = \"explode\""),
        ("kind = \"disconnect\"", "kind = \"loss\""),
        ("kind = \"disconnect\"", "kind = \"partition\""),
        ("missed    = 0", "missed    = \"none\""),
        ("\"not-connected\"", "\"not-conected\""),
    ] {
        let changed = caps.replacen(right, wrong, 1);
        assert_ne!(changed, caps, "{right} is in the file");
        assert!(!validator.is_valid(&json(&changed)), "{wrong}");
        assert!(super::load(&changed, &[]).is_err(), "{wrong}");
    }
}

#[test]
fn the_reference_page_is_what_the_table_of_keys_says() {
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/scenario.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(PAGE, reference()).expect("the page can be written");
    }
    let page = std::fs::read_to_string(PAGE).expect("the page can be read");
    assert_eq!(page, reference(), "write it again: UPDATE_REFERENCE=1 cargo test reference_page");
}

#[test]
fn every_kind_of_fault_has_its_keys() {
    let schema = schema();
    let kinds = schema["properties"]["fault"]["items"]["oneOf"].as_array().expect("a list");
    let words =
        kinds.iter().map(|kind| kind["properties"]["kind"]["const"].as_str().expect("a word"));
    assert!(words.eq(FaultKind::WORDS));
}
