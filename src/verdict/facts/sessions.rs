//! Tracks all sessions, as both sides saw them. Never the messages they carried.

use crate::history::{EventKind, PowerState, ProcessId};
use crate::message::{EndReason, Note, SessionId};
use crate::time::Instant;

use super::{BROKER, Map, Moment, Participants, Seen, SessionIndex};

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    all: Vec<SessionFacts>,
    by_id: Map<SessionId, SessionIndex>,
    of_process: Map<ProcessId, Vec<SessionIndex>>,
    open: Vec<SessionIndex>,
}

/// One session. If only one side is known to have had it, the moments of the other side are `None`.
pub struct SessionFacts {
    /// The client's process, if the history knows it.
    pub process: Option<ProcessId>,
    /// The moment at which the broker accepted its hello.
    pub opened: Option<Moment>,
    /// The moment at which the broker closed it or found it closed, and the reason.
    pub closed: Option<SessionEnd>,
    /// The moment at which the broker forgot it: it closed it, or died.
    pub forgotten: Option<Moment>,
    /// The moment at which the client was welcomed.
    pub welcomed: Option<Moment>,
    /// The moment at which the client lost it, and the reason.
    pub lost: Option<SessionEnd>,
    /// The failures of the client's requests while the session went on.
    pub failures: Vec<SessionEnd>,
    /// The moments of all pushes to it.
    pub pushes: Vec<Moment>,
}

/// The end of a session, or the failure of a request, as one side saw it.
#[derive(Clone, Copy)]
pub struct SessionEnd {
    /// The moment.
    pub moment: Moment,
    /// The reason.
    pub reason: EndReason,
}

impl Sessions {
    /// Returns the index of the session of this id; adds it if it is new.
    pub fn index(&mut self, id: &SessionId, participants: &Participants) -> SessionIndex {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let index = SessionIndex::at(self.all.len());
        let process = participants.process(&id.process);
        self.by_id.insert(id.clone(), index);
        if let Some(process) = process {
            self.of_process.entry(process).or_default().push(index);
        }
        self.all.push(SessionFacts {
            process,
            opened: None,
            closed: None,
            forgotten: None,
            welcomed: None,
            lost: None,
            failures: Vec::new(),
            pushes: Vec::new(),
        });
        index
    }

    /// Records what an event says about sessions.
    pub fn see(&mut self, seen: &Seen, what: &EventKind) {
        let moment = seen.moment;
        match what {
            EventKind::Power(PowerState::Killed | PowerState::PowerLost)
                if seen.process == BROKER =>
            {
                for index in std::mem::take(&mut self.open) {
                    self.all[index.index()].forgotten.get_or_insert(moment);
                }
            }
            EventKind::Note(note) => {
                let Some(index) = seen.session else { return };
                let session = &mut self.all[index.index()];
                match note {
                    Note::SessionOpened { .. } if session.opened.is_none() => {
                        session.opened = Some(moment);
                        self.open.push(index);
                    }
                    Note::SessionClosed { reason, .. } => {
                        session.closed.get_or_insert(SessionEnd { moment, reason: *reason });
                        session.forgotten.get_or_insert(moment);
                        self.open.retain(|open| *open != index);
                    }
                    Note::Welcomed { .. } => {
                        session.welcomed.get_or_insert(moment);
                    }
                    Note::Lost { reason, .. } => {
                        session.lost.get_or_insert(SessionEnd { moment, reason: *reason });
                    }
                    Note::RequestFailed { reason, .. } => {
                        session.failures.push(SessionEnd { moment, reason: *reason });
                    }
                    Note::Pushed { .. } => session.pushes.push(moment),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Returns the session of this index.
    pub fn get(&self, index: SessionIndex) -> &SessionFacts {
        &self.all[index.index()]
    }

    /// Returns the sessions of a process, in the order in which they appear.
    pub fn of_process(&self, process: ProcessId) -> impl Iterator<Item = &SessionFacts> {
        self.of_process.get(&process).into_iter().flatten().map(|index| &self.all[index.index()])
    }
}

impl SessionFacts {
    /// Whether the broker had it open at a moment.
    pub fn is_open_at(&self, moment: Moment) -> bool {
        self.opened.is_some_and(|opened| opened <= moment)
            && self.forgotten.is_none_or(|forgotten| moment.is_before(forgotten))
    }

    /// Whether both sides held it to be open at some time after an instant.
    pub fn outlives(&self, at: Instant) -> bool {
        let later = |end: Option<Moment>| end.is_none_or(|end| end.at > at);
        let begun = self.welcomed.is_some() || self.opened.is_some();
        begun && later(self.forgotten) && later(self.lost.map(|lost| lost.moment))
    }
}
