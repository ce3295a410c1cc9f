//! Takes the words out of what `dlab` prints, by the places in which they stand: headings, cells,
//! legends, bars, counts. Each must be explained, or be a name from the scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use delivery_lab::explain;
use delivery_lab::message::Contender;
use delivery_lab::report::{Colour, Glyph, Shape, Style};
use delivery_lab::scenario::builtin;
use delivery_lab::terms::Counter;

/// The words of the lesson that students are asked about.
const LESSON: [&str; 27] = [
    "socket",
    "WebSocket",
    "Socket.IO",
    "client",
    "server",
    "full duplex",
    "bidirectional",
    "emit",
    "event",
    "payload",
    "message",
    "queue",
    "room",
    "namespace",
    "broadcast",
    "acknowledgement",
    "packet",
    "segment",
    "datagram",
    "port",
    "handshake",
    "OSI model",
    "TCP/IP model",
    "TCP",
    "UDP",
    "HTTP",
    "long polling",
];

/// The words of the help that have a meaning of their own here.
const HELP: [&str; 15] = [
    "scenarios",
    "contender",
    "trials",
    "seed",
    "storm",
    "mutants",
    "claim",
    "sweep",
    "search",
    "museum",
    "message",
    "broker",
    "report",
    "exit codes",
    "inconclusive",
];

/// The words of the sentences about a finding.
const SEARCH: [&str; 9] =
    ["broken", "found", "seed", "trials", "shrunk", "faults", "clients", "messages", "session"];

/// The words of the broker's view at a moment (`--at`).
const VIEW: [&str; 10] = [
    "broker",
    "connected",
    "queue",
    "room",
    "backlog",
    "position",
    "subscription",
    "away",
    "unacknowledged",
    "tcp/catch-up",
];

/// The signs of the diagrams in the snapshots.
const SIGNS: Style = Style::new(Shape::Unicode, Colour::Off);

/// Returns the words of a report, a sweep or the museum. Numbers and times are no words.
pub fn words(text: &str) -> BTreeSet<String> {
    let blocks = text.split("\n\n").map(|block| block.lines().collect::<Vec<&str>>());
    let mut words: BTreeSet<String> = blocks.flat_map(|lines| block(&lines)).collect();
    words.remove("");
    words
}

/// Returns the words of a paragraph.
fn block(lines: &[&str]) -> Vec<String> {
    let begins = |with: &'static str| lines.iter().position(|line| line.starts_with(with));
    let above = |at: usize| lines[..at].last().filter(|line| line.starts_with(' '));
    let at_head = |at: usize| [above(at).copied().unwrap_or(""), lines[at]];
    if let Some(at) = begins("contender ") {
        let notes = ["The rows do not want", "Missed counts what"];
        let is_note = |line: &&str| notes.iter().any(|note| line.starts_with(note));
        let rows = lines[at + 1..].split(is_note).next();
        return table(at_head(at), rows.unwrap_or_default());
    }
    if begins("mutant ") == Some(0) {
        let cells = lines.iter().flat_map(|line| line.split("  ").map(str::trim));
        return cells.filter(is_word).map(str::to_owned).collect();
    }
    if begins("published ").is_some() {
        return diagram(lines);
    }
    if begins("The runs brought ").or(begins("They ")).is_some() {
        return exercises(&lines.join(" "));
    }
    match lines {
        [first, ..] if first.starts_with("Replay: ") => vec!["Replay".to_owned()],
        [first, ..] if first.contains(" held.") => vec!["held".to_owned()],
        [first, ..] if first.starts_with("Share of ") => chart(lines),
        [above, _, third, ..] if above.starts_with(' ') && contender(third).is_some() => {
            prices(lines)
        }
        [heading, below, ..] if below.starts_with("  ") && !heading.starts_with(' ') => {
            section(heading.trim_end_matches(':'), &lines[1..])
        }
        _ => Vec::new(),
    }
}

/// Returns the contender with which a line begins, and the rest of the line.
fn contender(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    name.trim_end_matches(':').parse::<Contender>().ok().map(|_| (name, rest))
}

/// Whether a cell is neither a number nor a time.
fn is_word(cell: &&str) -> bool {
    !cell.contains(|c: char| c.is_ascii_digit()) || contender(&format!("{cell} ")).is_some()
}

/// Returns the headings of the columns, whose lines end where the cells of a row end, after the
/// first `skipped` cells.
fn columns([above, head]: [&str; 2], row: &str, skipped: usize) -> Vec<String> {
    let row: Vec<char> = row.chars().chain([' ']).collect();
    let ends = (1..row.len()).filter(|&at| row[at] == ' ' && row[at - 1] != ' ');
    let mut ends: Vec<usize> = ends.collect();
    if skipped == 0 {
        ends.insert(0, 0);
    }
    let part = |line: &str, from: usize, to: usize| {
        let part: String = line.chars().take(to).skip(from).collect();
        part.trim().to_owned()
    };
    let heads = ends.windows(2).map(|ends| {
        let [above, head] = [above, head].map(|line| part(line, ends[0], ends[1]));
        match above.strip_suffix('-') {
            Some(begin) => format!("{begin}{head}"),
            None => format!("{above} {head}").trim().to_owned(),
        }
    });
    heads.collect()
}

/// Returns the words of a table with a row a contender, and of the sentences below it.
fn table(head: [&str; 2], below: &[&str]) -> Vec<String> {
    let mut words = columns(head, below[0], 1);
    words.push("contender".to_owned());
    for row in below.iter().filter(|line| !line.starts_with(' ')) {
        words.extend(row.split_whitespace().filter(is_word).map(str::to_owned));
    }
    let sentences = below.iter().filter(|line| line.starts_with(' ')).map(|line| line.trim());
    let sentences = sentences.collect::<Vec<_>>().join(" ");
    for sentence in sentences.split_inclusive(". ") {
        if sentence.ends_with(" still under way at the end.") {
            words.push("still under way at the end".to_owned());
            continue;
        }
        if sentence.contains(" came before a subscription stood") {
            words.push("came before a subscription stood".to_owned());
            continue;
        }
        let (_, counts) = sentence.split_once(" missed ").expect("a contender missed so much");
        words.extend(counted(counts));
    }
    words
}

/// Returns the words of `3 gaps, 4 replays and 1 epoch.`
fn counted(list: &str) -> Vec<String> {
    let list = list.trim().trim_end_matches('.').replace(" and ", ", ");
    let item = |item: &str| item.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" ");
    list.split(", ").map(item).collect()
}

fn exercises(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (verb, list) in
        ["The runs brought ", "They never brought "].map(|verb| (verb, text.split_once(verb)))
    {
        if let Some((_, list)) = list {
            words.push(verb.to_owned());
            words.extend(counted(list.split('.').next().unwrap_or(list)));
        }
    }
    words
}

fn chart(lines: &[&str]) -> Vec<String> {
    let heading = lines[0].split(',').next().unwrap_or("").to_owned();
    let begins = lines.iter().filter_map(|line| line.trim().strip_prefix("loses "));
    let begins = begins.map(|what| format!("loses {}", what.split(' ').next().unwrap_or("")));
    let open = lines.iter().filter(|line| line.trim().starts_with("undecided "));
    let open = open.map(|_| "undecided".to_owned());
    [heading].into_iter().chain(begins).chain(open).collect()
}

fn diagram(lines: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for line in lines {
        if Glyph::ALL
            .iter()
            .any(|&glyph| line.starts_with(&format!("{} {}", SIGNS.glyph(glyph), glyph.meaning())))
        {
            let entries = line.split("   ").filter_map(|entry| entry.split_once(' '));
            words.extend(entries.flat_map(|(sign, meaning)| [sign, meaning]).map(str::to_owned));
        } else if line.contains('═') {
            words.extend(line.split('═').skip(1).map(fault));
        } else if line.starts_with("published") {
            words.push("published".to_owned());
        }
    }
    words
}

/// Returns a bar's text without its numbers, names and direction; nothing if it was cut off.
fn fault(bar: &str) -> String {
    let bar = bar.split([',', ':']).next().unwrap_or("");
    let is_meant = |part: &&str| is_word(part) && *part != "of" && !part.contains('/');
    let parts: Vec<&str> = bar.split_whitespace().filter(is_meant).collect();
    if bar.contains('…') { String::new() } else { parts.join(" ") }
}

fn prices(lines: &[&str]) -> Vec<String> {
    let mut words = columns([lines[0], lines[1]], lines[3], 0);
    for (_, promise) in lines.iter().filter_map(|line| contender(line)) {
        for part in promise.trim().split("; ") {
            let (guarantees, verb): (Vec<&str>, Vec<&str>) =
                part.split_whitespace().partition(|word| word.contains('-'));
            words.extend(guarantees.iter().map(|one| one.trim_end_matches(',').to_owned()));
            let verb = verb.join(" ");
            words.push(verb.split([',', ':']).next().unwrap_or("").to_owned());
        }
    }
    let cells = lines.iter().flat_map(|line| line.split_whitespace());
    words.extend(cells.filter(|cell| cell.starts_with('×')).map(|_| "×".to_owned()));
    words
}

fn section(heading: &str, lines: &[&str]) -> Vec<String> {
    let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let between = |open: char, close: char| {
        let parts = text.split(open).skip(1).filter_map(move |rest| rest.split_once(close));
        parts.map(|(inside, _)| inside.to_owned()).collect::<Vec<_>>()
    };
    let mut words = vec![heading.to_owned()];
    match heading {
        "Why" => {
            words.extend(between('[', ']'));
            if let Some((_, reasons)) = text.split_once(" never got to subscribe (") {
                words.push("never got to subscribe".to_owned());
                words
                    .extend(reasons.split(')').next().unwrap_or("").split(", ").map(str::to_owned));
            }
        }
        "Claims" => {
            words.extend(columns([lines[0], lines[1]].map(|line| &line[2..]), &lines[2][2..], 1));
            for (name, cells) in lines.iter().filter_map(|line| contender(line)) {
                let cells: Vec<&str> = cells.split_whitespace().collect();
                if cells.len() == 5 {
                    words.extend(cells.into_iter().chain([name]).map(str::to_owned));
                }
            }
        }
        "Recoveries" | "Anomalies" => {
            for said in text.split_inclusive(". ") {
                let (_, list) = said.split_once(": ").expect("a contender, and what was counted");
                words.extend(counted(list));
            }
        }
        "Faults that did nothing" => {
            let quoted = text.split('"').skip(1).step_by(2);
            words.extend(quoted.map(fault));
        }
        "Expectations" => {
            let text = text.replace("missed by", "missed-by").replace("not run", "not-run");
            let parts = text.split_whitespace().map(|part| part.trim_matches([',', ';']));
            let is_meant = |part: &&str| is_word(part) && !["of", "=", "-"].contains(part);
            // A counter of recoveries is a path: `recoveries.honest_success`.
            let parts = parts.filter(is_meant).flat_map(|part| part.split('.'));
            words.extend(parts.map(str::to_owned));
        }
        _ => {}
    }
    words
}

/// Whether a word, or a name of several parts, is explained.
fn is_explained(word: &str) -> bool {
    !explain::find(word).is_empty() || explain::find_family(word).is_some()
}

/// Returns the words of a text that are neither explained nor names in its scenario.
fn unexplained(text: &str, scenario: &str) -> Vec<String> {
    let is_name = |word: &String| scenario.contains(&format!("\"{word}\""));
    words(text).into_iter().filter(|word| !is_explained(word) && !is_name(word)).collect()
}

/// Returns the text of a snapshot below its head.
fn body(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.splitn(3, "---\n").nth(2).expect("a snapshot has a head").to_owned()
}

fn tests() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

/// Returns the snapshots of reports in a folder of the tests, by the name of their scenario.
fn reports(folder: &str) -> Vec<(String, String)> {
    let files = fs::read_dir(tests().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let reports = files.filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let name = name.strip_prefix("text@").unwrap_or(&name).to_owned();
        let text = body(&path);
        text.contains("\nReplay: ").then_some((name, text))
    });
    reports.collect()
}

fn dlab(command: &str) -> String {
    let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
    dlab.args(command.split_whitespace()).env("LC_ALL", "C.UTF-8").env("COLUMNS", "80");
    String::from_utf8(dlab.output().unwrap().stdout).unwrap()
}

#[test]
fn every_word_of_a_report_is_explained() {
    let scenarios = reports("world/snapshots").into_iter().map(|(name, text)| {
        let file = builtin::find(&name).expect("a snapshot is of a built-in scenario").to_owned();
        (name, text, file)
    });
    let found = reports("search/snapshots").into_iter().map(|(name, text)| {
        let file = tests().join(format!("search/corpus/{name}.toml"));
        (name, text, fs::read_to_string(file).unwrap())
    });
    let prices = ("prices", body(&tests().join("cli/snapshots/prices.snap")), "");
    let prices = (prices.0.to_owned(), prices.1, prices.2.to_owned());
    let mut all = BTreeSet::new();
    for (name, text, file) in scenarios.chain(found).chain([prices]) {
        assert_eq!(unexplained(&text, &file), [""; 0], "in the report of {name}");
        all.extend(words(&text));
    }
    // They are taken out at all.
    for word in ["worst delay", "interrupted", "honest success", "BROKEN", "outside", "◐", "asleep"]
    {
        assert!(all.contains(word), "{word} is in no report: {all:?}");
    }
    for word in ["no silent gap", "packets lost", "client messages", "keeps", "missed-by", "–"] {
        assert!(all.contains(word), "{word} is in no report: {all:?}");
    }
}

#[test]
fn a_heading_cell_or_cause_with_another_name_is_noticed() {
    let report = body(&tests().join("world/snapshots/text@caps.snap"));
    let file = builtin::find("caps").unwrap();
    assert_eq!(unexplained(&report, file), [""; 0]);
    for (from, to, unknown) in [
        (" wanted ", " sought ", "sought"),
        (" delay ", " pause ", "worst pause"),
        ("\nWhy\n", "\nGrounds\n", "Grounds"),
        ("caught up later", "caught up at last", "caught up at last"),
        ("[not-connected]", "[not-reached]", "not-reached"),
        ("at most", "at best", "at best once"),
        (" kept ", " done ", "done"),
        (" honest success.", " honest triumph.", "honest triumph"),
        ("late-detection 4", "late-notice 4", "late-notice"),
        ("✓ met ", "✓ hit ", "hit"),
        ("═ disconnected ", "═ disappeared ", "disappeared"),
    ] {
        assert!(report.contains(from), "{from}");
        let changed = report.replace(from, to);
        assert!(unexplained(&changed, file).iter().any(|word| word == unknown), "{unknown}");
    }
}

#[test]
fn every_word_of_a_sweep_and_of_the_museum_is_explained() {
    let sweep = dlab("sweep caps --seeds 1..3 --vary fault.0.for=1s..3s/1s");
    let museum = dlab("museum --seeds 1..1");
    let mutants = dlab("list --mutants");
    let is_mutant = |name: &str| mutants.lines().any(|line| line == name);
    for (what, text, some) in [
        ("sweep", &sweep, ["losing", "p99", "Share of messages missed", "loses nothing"]),
        (
            "sweep",
            &dlab("sweep any --seeds 1..3"),
            ["trials", "client crashes", "The runs brought ", "worst"],
        ),
        ("museum", &museum, ["found by", "seeds", "anomaly", "lost-after-ack"]),
    ] {
        let words = words(text);
        for word in some {
            assert!(words.contains(word), "{word} is not in the {what}: {words:?}");
        }
        let unknown = words.iter().filter(|word| !is_explained(word) && !is_mutant(word));
        assert_eq!(unknown.collect::<Vec<_>>(), [""; 0], "in the {what}");
    }
}

/// Checks that a text has these words, and that they are explained.
fn check(text: &str, words: &[&str]) {
    let text = text.to_lowercase();
    for word in words {
        assert!(text.contains(word), "{word} does not occur in {text}");
        assert!(is_explained(word), "{word}");
    }
}

#[test]
fn the_words_of_the_help_of_a_search_and_of_the_brokers_view_are_explained() {
    let helps = ["help", "help run", "help sweep", "help search", "help list", "help museum"];
    check(&helps.map(dlab).concat(), &HELP);
    check(&dlab("search museum/off-by-one --budget 400"), &SEARCH);
    check(&dlab("run caps --at 5s"), &VIEW);
}

#[test]
fn the_words_of_the_lesson_and_every_counter_are_explained() {
    for word in LESSON.iter().copied().chain(Counter::ALL.iter().map(|counter| counter.name())) {
        assert!(is_explained(word), "{word}");
    }
}
