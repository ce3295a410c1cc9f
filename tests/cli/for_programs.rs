//! What `dlab` prints for other programs: the JSON of `check` and of `list`.

use std::fs;
use std::process::{Command, Output};

use delivery_lab::report::{checked, topics};
use serde_json::{Value, json};

use crate::json_schema;

fn dlab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output().expect("it starts")
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("stdout is one document")
}

#[test]
fn check_names_each_problem_with_its_line_and_column_and_warnings_beside() {
    let folder = std::env::temp_dir().join(format!("dlab-check-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let client = "[[client]]\nid = \"é\"\npublish = [{ queue = \"q\", event = \"e\" }]\n";
    let broken = file("broken.toml", &format!("title = \"é\" # é\nrunfor = 1\n{client}"));
    let doubtful = file("doubtful.toml", &format!("title = \"x\"\nrun_for = \"9s\"\n{client}"));
    let missing = folder.join("missing.toml").to_str().unwrap().to_owned();

    let output = dlab(&["check", "--json", &broken, &doubtful, &missing]);
    assert_eq!(output.status.code(), Some(4), "one is not there");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let found = document(&output);
    json_schema::check(&checked::schema(), std::slice::from_ref(&found), &found);
    let files: Vec<&Value> = found["files"].as_array().unwrap().iter().collect();
    assert_eq!(files[0]["file"], json!(broken));
    let unknown = &files[0]["problems"][1];
    assert_eq!(unknown["what"], json!("a scenario has no key `runfor`"));
    assert_eq!(
        unknown["places"],
        json!([{ "line": 2, "column": 1, "length": 6, "label": "unknown key" }])
    );
    assert_eq!(
        (&files[1]["file"], &files[1]["problems"][0]["places"]),
        (&json!(missing), &json!([]))
    );
    assert_eq!((&files[2]["file"], &files[2]["problems"]), (&json!(doubtful), &json!([])));
    let warning = files[2]["warnings"][0]["what"].as_str().unwrap();
    assert!(warning.contains("reaches nobody"), "{warning}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn list_names_each_scenario_once_by_topic() {
    let output = dlab(&["list", "--json"]);
    assert!(output.status.success());
    let found = document(&output);
    json_schema::check(&topics::schema(), std::slice::from_ref(&found), &found);
    let topics = found["topics"].as_array().unwrap().iter();
    let scenarios = topics.flat_map(|topic| topic["scenarios"].as_array().unwrap());
    let mut names: Vec<&str> = scenarios.map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"caps"));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), all), (all, delivery_lab::scenario::builtin::all().count()));
}
