//! The exit codes of `dlab`.

use super::{Family, Word};

/// The ways in which the process ends.
pub static EXITS: Family = Family {
    name: "exit",
    heading: "Exit codes",
    about: "How `dlab` ends, for scripts and CI. With several runs it is the first that applies of \
            70, 130, 4, 2, 5, 1, 3, 0.",
    words: &[
        Word::new(
            "0",
            "All expectations were met.",
            "Everything that ran came out as the scenario expects, or the scenario expects nothing. \
             An expectation on a contender that was not run counts neither way; a run of which \
             nothing was expected is `unchecked`.",
        )
        .also(&["met"])
        .see(&["1", "3"])
        .shown_by("dlab run caps"),
        Word::new(
            "1",
            "An expectation failed.",
            "This is a finding, not an error: the report says what was expected and what was \
             measured, and its last line replays it.",
        )
        .also(&["failed"])
        .see(&["0"])
        .shown_by("dlab run caps --set expect.0.caught_up=7"),
        Word::new(
            "2",
            "Bad usage or bad scenario.",
            "A broken file did not run: all of its problems are shown at once, with their places and \
             the nearest right words. If an argument is wrong, nothing ran. Or a trial was ended, \
             because it recorded or sent more than any trial may.",
        )
        .see(&["4"])
        .shown_by("dlab run csps"),
        Word::new(
            "3",
            "Inconclusive: no fault did anything.",
            "The scenario has faults, and in no contender did any of them drop, delay or change a \
             packet, end a session, or slow, skip or kill a handler call. So nothing was put to the \
             test, and being met would mean nothing.",
        )
        .also(&["inconclusive"])
        .see(&["0", "fault"])
        .shown_by("dlab run lossy-wifi --contender websocket/catch-up --set fault.0.rate=0"),
        Word::new(
            "4",
            "A file could not be used.",
            "A scenario could not be read, or a trace could not be written. That whoever reads the \
             output closes the pipe, as head does, is no error: dlab ends without a word.",
        )
        .see(&["2"])
        .shown_by("dlab run no-such-file.toml"),
        Word::new(
            "5",
            "--twice found a difference.",
            "The same version, scenario and seed must give the same bytes. If two runs differ, that \
             is a bug in dlab, and the first event that differs is shown.",
        )
        .see(&["70"]),
        Word::new(
            "70",
            "A bug in dlab.",
            "Something in dlab panicked. The line on stderr has the command that replays it; please \
             report it with that.",
        )
        .see(&["5"]),
        Word::new(
            "130",
            "Interrupted.",
            "Ctrl-C was pressed. The reports printed so far are whole; what was under way is not \
             printed.",
        )
        .see(&["0"]),
    ],
};
