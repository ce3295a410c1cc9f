//! `--packets`: the packets of a trial as they are printed. They are written on the trial's own
//! thread, while others run, and the list is dropped there.

use crate::history::{History, Packet};
use crate::message::Contender;
use crate::report::Style;
use crate::report::packets::{PacketFilter, PacketList};
use crate::scenario::Scenario;

/// The request for the packets of each trial.
#[derive(Clone, Debug)]
pub struct PacketRequest {
    /// The filters of what is listed.
    pub filters: Vec<PacketFilter>,
    /// The form of a page.
    pub form: PageForm,
}

/// The form of a page.
#[derive(Clone, Copy, Debug)]
pub enum PageForm {
    /// A JSON document on one line.
    Json,
    /// Text for a reader.
    Text(Style),
}

/// The packets of one trial, as they are printed.
pub struct PacketPage {
    /// The page, ended by a newline.
    pub text: String,
    /// The names in filters that are neither a process nor a published message.
    pub unknown: Vec<String>,
}

impl PacketRequest {
    /// Writes the page of a trial. `not_kept` is the number of packets that the capture does not
    /// have.
    pub fn page(
        &self,
        (scenario, contender, seed): (&Scenario, Contender, u64),
        history: &History,
        packets: &[Packet],
        not_kept: u64,
    ) -> PacketPage {
        let name = &scenario.name;
        let list = PacketList::of(history, packets, not_kept, &self.filters);
        let text = match &self.form {
            PageForm::Json => list.json(name, contender, seed) + "\n",
            PageForm::Text(style) => {
                let dot = style.either(" · ", ", ");
                let heading = format!("The packets of {contender}{dot}{name}{dot}seed {seed}");
                list.text(&heading, style)
            }
        };
        PacketPage { text, unknown: list.unknown }
    }
}
