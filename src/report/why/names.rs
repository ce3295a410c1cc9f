//! Names of processes in sentences.

use std::net::SocketAddr;

use crate::history::{Flow, History, ProcessId};

/// Names a process in a sentence.
pub fn named(history: &History, process: Option<ProcessId>) -> String {
    match process {
        Some(ProcessId::BROKER) => "the broker".to_owned(),
        Some(process) => history.process(process).name.to_string(),
        None => "nobody".to_owned(),
    }
}

/// Names the process at the receiving end of a flow.
pub fn receiver(history: &History, flow: &Flow) -> String {
    named(history, history.process_at(flow.to))
}

/// Names the process at an address, with its port.
pub fn at(history: &History, address: SocketAddr) -> String {
    let process = history.process_at(address);
    let process = process.map(|process| history.process(process));
    process.map_or_else(|| address.to_string(), |one| format!("{}:{}", one.name, address.port()))
}

/// Capitalizes a sentence that begins with "the". A client's name stays as it is written.
pub fn capitalized(text: &str) -> String {
    text.strip_prefix("the ").map_or_else(|| text.to_owned(), |rest| format!("The {rest}"))
}
