//! Prints over every contender what was asked for instead of the report: the life of a message, its
//! layers, packets, or events of rooms.

use std::collections::BTreeSet;
use std::fs;

use super::{Page, ReportCollector};
use crate::cli::Exit;
use crate::cli::console::{Console, reason};
use crate::cli::trial::Job;
use crate::history::MOST_PACKETS;
use crate::message::MessageId;
use crate::report::layers::MessageLayers;
use crate::report::{count, listed, why};

impl ReportCollector<'_> {
    /// Prints the story of one message over every contender.
    pub(super) fn print_lives(
        &mut self,
        job: Job,
        page: &Page,
        id: &MessageId,
        console: &mut Console,
    ) {
        let Job { scenario, seed, .. } = job;
        if page.lives.iter().all(|(_, life)| life.is_empty()) {
            return self.nobody_publishes(job, page, id, console);
        }
        let style = console.style();
        let dot = style.either(" · ", ", ");
        // Printed at once, like a report: a reader may close the pipe after the first line.
        let mut text = String::new();
        for (contender, life) in &page.lives {
            let heading = format!("{id} over {contender}{dot}{}{dot}seed {seed}", scenario.name);
            let rule = if self.results == [0; 4] { "" } else { "\n" };
            text.push_str(&format!("{rule}{}", why::text(life, &heading, &style)));
            self.results[0] += 1;
        }
        console.print(&text);
    }

    /// Says that no contender published a message, and names one that was.
    fn nobody_publishes(&mut self, job: Job, page: &Page, id: &MessageId, console: &mut Console) {
        let mut known = page.rows.iter().flat_map(|row| &row.subscribers);
        let known = known.find_map(|one| one.messages.first().map(|message| &message.id));
        let help = known.map(|first| format!(": there is {first}, for one"));
        let (name, seed, help) = (&job.scenario.name, job.seed, help.unwrap_or_default());
        console.fail(&format!("nobody publishes {id} in {name}, seed {seed}{help}"));
        self.exit = self.exit.and(Exit::Usage);
    }

    /// Prints the layers of one message over every contender. A client that the scenario does not
    /// have is bad usage, and so is a message whose packets no capture kept.
    pub(super) fn print_layers(
        &mut self,
        job: Job,
        page: &Page,
        id: &MessageId,
        console: &mut Console,
    ) {
        let Job { scenario, seed, .. } = job;
        let name = &scenario.name;
        let mut found = page.layers.iter().filter_map(|(_, layers)| layers.as_ref()).peekable();
        if found.peek().is_none() {
            return self.nobody_publishes(job, page, id, console);
        }
        let subscribers = page.rows.iter().flat_map(|row| &row.subscribers);
        let subscribers = subscribers.map(|one| one.client.to_string());
        let subscribers: BTreeSet<String> = subscribers.collect();
        let unknown = self.args.to.as_ref().filter(|to| !subscribers.contains(*to));
        let complaint = if let Some(to) = unknown {
            let all: Vec<String> = subscribers.into_iter().collect();
            let do_they = if all.len() == 1 { "does" } else { "do" };
            Some(format!("{to} subscribes to nothing in {name}; {} {do_they}", listed(&all)))
        } else if found.all(MessageLayers::is_not_kept) {
            let most = count(MOST_PACKETS as u64);
            Some(format!("the packets of {id} were not kept: a capture has the first {most}"))
        } else {
            None
        };
        if let Some(complaint) = complaint {
            console.fail(&complaint);
            self.exit = self.exit.and(Exit::Usage);
            return;
        }
        if let Err(complaint) = self.draw_layers(job, page, id) {
            console.fail(&complaint);
            self.broken = true;
            self.exit = self.exit.and(Exit::File);
            return;
        }
        let style = console.style();
        let dot = style.either(" · ", ", ");
        let mut text = String::new();
        for (contender, layers) in &page.layers {
            match layers {
                Some(layers) if self.args.json => {
                    text.push_str(&layers.json(name, *contender, seed));
                    text.push('\n');
                }
                // A document for each contender that published it.
                None if self.args.json => continue,
                layers => {
                    let heading = format!("{id} over {contender}{dot}{name}{dot}seed {seed}");
                    let rule = if self.results == [0; 4] { "" } else { "\n" };
                    let nobody = || format!("{heading}\n\nNobody publishes it here.\n");
                    let layers = layers.as_ref().map(|layers| layers.text(&heading, &style));
                    text.push_str(&format!("{rule}{}", layers.unwrap_or_else(nobody)));
                }
            }
            self.results[0] += 1;
        }
        console.print(&text);
    }

    /// Writes the pictures of the layers, a file for each contender that published the message; an
    /// existing one is replaced.
    fn draw_layers(&self, job: Job, page: &Page, id: &MessageId) -> Result<(), String> {
        let Job { scenario, seed, .. } = job;
        let Some(files) = &self.files.pictures else { return Ok(()) };
        for (contender, layers) in &page.layers {
            let Some(layers) = layers else { continue };
            let path = files.path((scenario, *contender, seed));
            let heading = format!("{id} over {contender} · {} · seed {seed}", scenario.name);
            let written = fs::write(&path, layers.svg(&heading));
            written.map_err(|error| {
                format!("{} cannot be written: {}", path.display(), reason(&error))
            })?;
        }
        Ok(())
    }

    /// Prints the packets of every contender. A filter that names nothing in any of them is bad
    /// usage.
    pub(super) fn print_packets(&mut self, job: Job, page: &Page, console: &mut Console) {
        let Job { scenario, seed, .. } = job;
        let first = page.packets.first().map_or(&[][..], |packets| &packets.unknown);
        let is_unknown = |name: &&String| page.packets.iter().all(|one| one.unknown.contains(name));
        let unknown: Vec<String> = first.iter().filter(is_unknown).cloned().collect();
        if !unknown.is_empty() {
            let are = if unknown.len() == 1 { "is" } else { "are" };
            let (name, unknown) = (&scenario.name, listed(&unknown));
            console.fail(&format!(
                "{unknown} {are} neither a client nor a published message of {name}, seed {seed}"
            ));
            self.exit = self.exit.and(Exit::Usage);
            return;
        }
        for packets in &page.packets {
            let rule = if self.results == [0; 4] || self.args.json { "" } else { "\n" };
            console.print(&format!("{rule}{}", packets.text));
            self.results[0] += 1;
        }
    }

    /// Prints the events of rooms of every contender.
    pub(super) fn print_rooms(&mut self, job: Job, page: &Page, console: &mut Console) {
        let Job { scenario, seed, .. } = job;
        let (name, style) = (&scenario.name, console.style());
        let dot = style.either(" · ", ", ");
        let mut text = String::new();
        for (contender, list) in &page.rooms {
            if self.args.json {
                text.push_str(&list.json(name, *contender, seed));
                text.push('\n');
            } else {
                let heading = format!("The room events of {contender}{dot}{name}{dot}seed {seed}");
                let rule = if self.results == [0; 4] { "" } else { "\n" };
                text.push_str(&format!("{rule}{}", list.text(&heading, &style)));
            }
            self.results[0] += 1;
        }
        console.print(&text);
    }
}
