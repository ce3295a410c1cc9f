//! Loads a [`Scenario`] from the text of a file, or reports all of its problems at once.
//!
//! The text becomes a tree (`tree`), and the command line's settings change it (`setting`). The
//! table of keys turns it into records (`walk`, `value`). The modules `client`, `storm` and
//! `expect` check rules across keys and build the scenario. Nothing here opens a file.

mod broker_app;
mod client;
mod datagram;
mod expect;
mod other;
mod own_rooms;
mod problem;
mod record;
mod roster;
mod setting;
mod source;
mod storm;
mod tree;
mod value;
mod walk;

use crate::message::{BrokerLimits, Contender, Heartbeat, KeepAlive, Retention};
use crate::mutant::{self, Mutant};
use crate::time::Duration;

pub use other::ExpectationsFile;
pub use problem::{Diagnostics, Place, Problem, nearest_word};
pub use setting::Setting;
pub use value::contender_tip;

use super::{Scenario, deliveries, keys, limits};
use problem::Problems;
use record::Record;
use roster::Roster;
use source::Source;

/// The options of the command line that affect loading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The values to set before the file is checked, in this order.
    pub settings: Vec<Setting>,
    /// The contenders to run instead of the file's. If empty, the file's are run. Expectations for
    /// other contenders are kept, but not checked.
    pub contenders: Vec<Contender>,
    /// The file whose expectations take the place of the scenario's own.
    pub expectations: Option<ExpectationsFile>,
    /// Whether to load a scenario with more than [`limits::DELIVERIES`] deliveries.
    pub force: bool,
}

impl Scenario {
    /// Loads a scenario. `name` is the file's name or path: it appears in diagnostics, and its stem
    /// is the scenario's name.
    ///
    /// # Errors
    /// All problems of the text, each with its place.
    pub fn load(name: &str, text: &str) -> Result<Scenario, Diagnostics> {
        Scenario::load_with(name, text, &LoadOptions::default())
    }

    /// Loads a scenario with options of the command line.
    ///
    /// # Errors
    /// All problems of the text and the settings, each with its place.
    pub fn load_with(
        name: &str,
        text: &str,
        options: &LoadOptions,
    ) -> Result<Scenario, Diagnostics> {
        let mut problems = Problems::default();
        let scenario = read(name, text, options, &mut problems);
        match scenario {
            Some(scenario) if problems.is_empty() => Ok(scenario),
            _ => Err(diagnostics(name, text, options, problems)),
        }
    }

    /// Loads a scenario from the bytes of a file.
    ///
    /// # Errors
    /// The bytes are not UTF-8, or all problems of the text.
    pub fn load_bytes(
        name: &str,
        bytes: &[u8],
        options: &LoadOptions,
    ) -> Result<Scenario, Diagnostics> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Scenario::load_with(name, text, options),
            Err(error) => {
                let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
                // The text shown is the part that is valid UTF-8, cut at the largest file size.
                let good = &good[..good.floor_char_boundary(limits::FILE_BYTES)];
                let place = Place { source: 0, start: good.len(), end: good.len() };
                let mut problems = Problems::default();
                let what = "the file is not UTF-8 text";
                problems.push(Problem::new(place, what, "no text from here on"));
                Err(diagnostics(name, good, options, problems))
            }
        }
    }
}

/// Builds the error for the problems of a file and its settings.
fn diagnostics(name: &str, text: &str, options: &LoadOptions, problems: Problems) -> Diagnostics {
    let settings = options.settings.iter().map(|one| Source::new("--set", one.as_str()));
    let other = options.expectations.iter().map(|other| Source::new(&other.name, &other.text));
    let others: Vec<Source> = settings.chain(other).collect();
    Diagnostics::new(Source::new(name, text), &others, problems)
}

/// Builds the scenario, or adds problems and returns `None`.
fn read(
    name: &str,
    text: &str,
    options: &LoadOptions,
    problems: &mut Problems,
) -> Option<Scenario> {
    if text.len() > limits::FILE_BYTES {
        let (bytes, most) = (text.len(), limits::FILE_BYTES);
        let what = format!("the file has {bytes} bytes");
        let place = Place { source: 0, start: 0, end: 0 };
        problems.push(Problem::new(place, what, format!("at most {most} bytes")));
        return None;
    }
    let mut root = match tree::parse(text, 0, 0) {
        Ok(root) => root,
        Err(problem) => {
            problems.push(*problem);
            return None;
        }
    };
    if let Some(other) = &options.expectations {
        other::apply(&mut root, other, options.settings.len() + 1, problems);
    }
    for (index, setting) in options.settings.iter().enumerate() {
        setting::apply(&mut root, setting, index + 1, problems);
    }
    let file = walk::record(&root, &keys::FILE, problems);
    let scenario = build(name, &file, &options.contenders, problems);
    scenario.filter(|scenario| problems.is_empty() && fits(scenario, &file, options, problems))
}

fn build(
    name: &str,
    file: &Record,
    instead: &[Contender],
    problems: &mut Problems,
) -> Option<Scenario> {
    let contenders = if instead.is_empty() { contenders(file) } else { Some(instead.to_vec()) };
    let broker = file.table("broker").and_then(broker);
    let roster = Roster::new(file.tables("client"), problems);
    // Times are checked against the longest allowed trial if the file's own length is not known.
    let run_for = file.time("run_for").unwrap_or(limits::RUN_FOR);
    let context = client::Context {
        run_for,
        contenders: contenders.as_deref().unwrap_or_default(),
        ack_timeout: broker.as_ref().map_or(Duration::from_secs(1), |broker| broker.ack_timeout),
    };
    let clients = client::all(file.tables("client"), &context, problems);
    own_rooms::check(file.tables("client"), file.table("broker"), problems);
    let broker_app =
        broker_app::app(file.table("broker")?, file.tables("client"), run_for, problems);
    let known = contenders.as_deref().unwrap_or_default();
    datagram::check_broker(file, &clients, &broker_app, known, problems);
    let faults = storm::all(file.tables("fault"), &roster, run_for, problems);
    let expectations = expect::all(file.tables("expect"), &roster, problems);
    Some(Scenario {
        name: stem(name).to_owned(),
        title: file.text("title")?.to_owned(),
        about: file.text("about")?.to_owned(),
        seed: file.whole("seed")?,
        run_for: file.time("run_for")?,
        latency: file.latency("latency")?,
        contenders: contenders?,
        broker: broker?,
        broker_app,
        polling_interval: file.table("polling")?.time("interval")?,
        http_timeout: file.table("http")?.time("timeout")?,
        http_connections: file.table("http")?.member("connections")?,
        mutant: mutant(file),
        clients,
        faults,
        expectations,
    })
}

/// Returns the file's name without folders and extension.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".toml").unwrap_or(file)
}

fn contenders(file: &Record) -> Option<Vec<Contender>> {
    if !file.names("contenders") {
        return Some(Contender::all().collect());
    }
    let words = file.words("contenders")?;
    words.iter().map(|word| word.text.parse().ok()).collect()
}

/// Returns the mutant that the file names.
fn mutant(file: &Record) -> Option<&'static Mutant> {
    mutant::find(file.table("mutant")?.text("name")?)
}

fn broker(record: &Record) -> Option<BrokerLimits> {
    let backlog = record.table("backlog")?;
    let heartbeat = record.table("heartbeat")?;
    let size = |record: &Record, name| record.whole(name).map(|number| number as usize);
    Some(BrokerLimits {
        backlog: Retention {
            messages: size(backlog, "messages")?,
            bytes: size(backlog, "bytes")?,
            age: backlog.time("age"),
            when_full: backlog.member("when_full")?,
            per_subscription: size(backlog, "per_subscription"),
        },
        heartbeat: Heartbeat {
            every: heartbeat.time("every")?,
            timeout: heartbeat.time("timeout")?,
        },
        ack_timeout: record.time("ack_timeout")?,
        window: size(record, "window")?,
        send_queue: size(record, "send_queue")?,
        accept_queue: size(record, "accept_queue")?,
        upgrade: record.member("upgrade")?,
        session_expiry: record.time("session_expiry"),
        keep_alive: keep_alive(record)?,
        presence: client::names(record, "presence")?,
        ..BrokerLimits::default()
    })
}

/// Returns the keep-alive of a table's process, if the table asks for one.
fn keep_alive(record: &Record) -> Option<Option<KeepAlive>> {
    if !record.names("keep_alive") {
        return Some(None);
    }
    let table = record.table("keep_alive")?;
    Some(Some(KeepAlive {
        after: table.time("after")?,
        every: table.time("every")?,
        probes: u32::try_from(table.whole("probes")?).expect("the table of keys limits it"),
    }))
}

/// Whether the scenario is small enough to run, or `--force` is given. If not, adds a problem.
fn fits(
    scenario: &Scenario,
    file: &Record,
    options: &LoadOptions,
    problems: &mut Problems,
) -> bool {
    let deliveries = scenario.deliveries();
    if options.force || deliveries <= limits::DELIVERIES {
        return true;
    }
    let most = limits::DELIVERIES;
    let size = match deliveries {
        more if more > deliveries::COUNTED => format!("more than {}", deliveries::COUNTED),
        counted => format!("up to {counted}"),
    };
    let what = format!("{size} deliveries: messages times subscribers");
    let place = match scenario.busiest_publish() {
        Some((Some(client), at)) => file.tables("client")[client].tables("publish")[at].place,
        Some((None, at)) => {
            file.table("broker").map_or(file.place, |broker| broker.tables("publish")[at].place)
        }
        None => file.place,
    };
    let expected = format!("more than {most} need --force");
    let help = "lower `count` or `run_for`, or raise `every`";
    problems.push(Problem::new(place, what, expected).help(help));
    false
}

/// Converts a value from the table of keys to JSON.
pub(super) fn toml_to_json(text: &str) -> serde_json::Value {
    let node = tree::parse(&format!("v = {text}"), 0, 0).expect("a default is TOML");
    value::json(&node).expect("a default has no infinity")["v"].clone()
}
