//! Names of processes in sentences.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    named(history, process_at(history, flow.to))
}

/// Names the process at an address, with its port.
pub fn at(history: &History, address: SocketAddr) -> String {
    let process = process_at(history, address);
    let process = process.map(|process| history.process(process));
    process.map_or_else(|| address.to_string(), |one| format!("{}:{}", one.name, address.port()))
}

/// Returns the index of the process with an address.
pub fn process_at(history: &History, address: SocketAddr) -> Option<ProcessId> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let index = u32::from(ip).checked_sub(u32::from(Ipv4Addr::new(10, 0, 0, 1)))?;
    ((index as usize) < history.processes.len()).then_some(ProcessId(index))
}

/// Capitalizes a sentence that begins with "the". A client's name stays as it is written.
pub fn capitalized(text: &str) -> String {
    text.strip_prefix("the ").map_or_else(|| text.to_owned(), |rest| format!("The {rest}"))
}
