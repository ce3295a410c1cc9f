//! The copies of one message on their way to one subscriber, and how each of them ended.

use crate::history::{EventKind, Flow, LossReason};
use crate::message::{Link, MessageId, Mode, Name, Note, PushKind, SessionId};
use crate::terms::Cause;
use crate::time::Instant;

use super::subscriber::Subscriber;
use super::trial::{BROKER, FlowEnd, Session, Trial, When};

/// The instant at which something ended, and the cause.
pub type End = (Instant, Cause);

/// The end of a copy that is still alive when the run ends.
pub const ALIVE: End = (Instant::NEVER, Cause::Unsettled);

/// One push to one session.
#[derive(Clone)]
pub struct Copy {
    pub pushed: When,
    pub session: SessionId,
    pub kind: PushKind,
    /// Its flow, and the byte or the datagram that it ends with, once it is in a socket.
    pub place: Option<(Flow, u64)>,
    pub held: Option<When>,
    pub read: Option<When>,
    /// The moment at which the broker or the client dropped it, and the reason.
    pub thrown: Option<(When, Thrown)>,
}

/// The reason for which the broker or the client dropped a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Thrown {
    NoRoom,
    Replaced,
    NoHandler,
    HadIt,
    Busy,
    TooLong,
}

/// One message on its way to one subscriber.
pub struct DeliveryPath<'s, 'a> {
    pub subscriber: &'s Subscriber<'a>,
    pub id: &'a MessageId,
    pub copies: Vec<Copy>,
    /// The moment at which the client first acknowledged it.
    pub acked: Option<When>,
    /// The moment at which the client last found no handler for it.
    pub no_handler: Option<When>,
}

impl<'s, 'a> DeliveryPath<'s, 'a> {
    pub fn of(subscriber: &'s Subscriber<'a>, id: &'a MessageId) -> DeliveryPath<'s, 'a> {
        let (copies, acked, no_handler) = (Vec::new(), None, None);
        let mut path = DeliveryPath { subscriber, id, copies, acked, no_handler };
        for (when, process, what) in subscriber.trial.events() {
            match what {
                EventKind::Carried { id, session, flow, end }
                    if id == path.id && process == BROKER =>
                {
                    let waits = |copy: &&mut Copy| {
                        copy.session == *session && copy.thrown.is_none() && copy.place.is_none()
                    };
                    if let Some(copy) = path.copies.iter_mut().find(waits) {
                        copy.place = Some((**flow, *end));
                    }
                }
                EventKind::Note(note) if process == BROKER => path.hear_broker(when, note),
                EventKind::Note(note) if subscriber.is(process) => path.hear_client(when, note),
                _ => {}
            }
        }
        path
    }

    fn hear_broker(&mut self, when: When, note: &Note) {
        let trial = self.subscriber.trial;
        let is_meant =
            |id: &MessageId, client: &Name| id == self.id && *client == self.subscriber.name;
        match note {
            Note::Pushed { id, session, client, kind } if is_meant(id, client) => {
                self.copies.push(Copy::new(when, session, *kind));
            }
            Note::Overwritten { id, session, client } if is_meant(id, client) => {
                let first = self.copies.iter_mut().find(|copy| copy.is_going(session));
                if let Some(copy) = first {
                    copy.thrown = Some((when, Thrown::Replaced));
                }
            }
            Note::SendQueueFull { id, session, client }
            | Note::TransportBusy { id, session, client }
            | Note::TooLong { id, session, client }
                if is_meant(id, client) =>
            {
                let now = |copy: &&mut Copy| {
                    copy.is_going(session) && trial.at(copy.pushed) == trial.at(when)
                };
                let thrown = Some((
                    when,
                    match note {
                        Note::TransportBusy { .. } => Thrown::Busy,
                        Note::TooLong { .. } => Thrown::TooLong,
                        _ => Thrown::NoRoom,
                    },
                ));
                match self.copies.iter_mut().rfind(now) {
                    Some(copy) => copy.thrown = thrown,
                    None => {
                        let copy = Copy::new(when, session, PushKind::Live);
                        self.copies.push(Copy { thrown, ..copy });
                    }
                }
            }
            _ => {}
        }
    }

    fn hear_client(&mut self, when: When, note: &Note) {
        let trial = self.subscriber.trial;
        let mode = trial.contender.mode;
        match note {
            Note::Read { id, session, kind } if id == self.id => {
                let coming = |copy: &Copy| copy.is_going(session) && copy.read.is_none();
                let alike = self.copies.iter().position(|copy| coming(copy) && copy.kind == *kind);
                match alike.or_else(|| self.copies.iter().position(coming)) {
                    Some(index) => self.copies[index].read = Some(when),
                    None => {
                        let copy = Copy::new(when, session, *kind);
                        self.copies.push(Copy { read: Some(when), ..copy });
                    }
                }
            }
            Note::HeldEarly { id, session } if id == self.id => {
                if let Some(index) = self.coming(session) {
                    self.copies[index].held = self.copies[index].held.or(Some(when));
                }
            }
            Note::DroppedCopy { id, session } if id == self.id => {
                if let Some(index) = self.coming(session) {
                    self.copies[index].thrown = Some((when, Thrown::HadIt));
                }
            }
            Note::InboxFull { id, session } if id == self.id => {
                let last = self.copies.iter().rposition(|copy| copy.is_going(session));
                if let Some(index) = self.coming(session).or(last) {
                    self.copies[index].thrown = Some((when, Thrown::NoRoom));
                }
            }
            Note::NoHandler { id } if id == self.id => {
                self.no_handler = Some(when);
                let going = |copy: &Copy| copy.thrown.is_none();
                let read = self.copies.iter().rposition(|copy| going(copy) && copy.read.is_some());
                let index = read.or_else(|| self.copies.iter().position(going));
                if let Some(index) = index.filter(|_| mode == Mode::FireAndForget) {
                    self.copies[index].thrown = Some((when, Thrown::NoHandler));
                }
            }
            Note::Ack { id: Some(id), .. } if id == self.id => {
                self.acked = self.acked.or(Some(when));
            }
            _ => {}
        }
    }

    /// Returns the index of the first copy that is still to be read from a session.
    fn coming(&self, session: &SessionId) -> Option<usize> {
        self.copies.iter().position(|copy| copy.is_going(session) && copy.read.is_none())
    }

    /// Returns the end of a copy; `None` if it was dropped as a duplicate of another one.
    pub fn end(&self, copy: &Copy) -> Option<End> {
        let Some((when, thrown)) = copy.thrown else { return Some(self.end_unthrown(copy)) };
        let cause = match thrown {
            Thrown::NoRoom => Cause::Overflowed,
            Thrown::Replaced => Cause::Overwritten,
            Thrown::NoHandler => Cause::NoHandler,
            Thrown::Busy => Cause::TransportBusy,
            Thrown::TooLong => Cause::TooLong,
            Thrown::HadIt => return None,
        };
        Some((self.subscriber.trial.at(when), cause))
    }

    /// Returns the end that a copy has if neither the broker nor the client dropped it.
    pub fn end_unthrown(&self, copy: &Copy) -> End {
        let trial = self.subscriber.trial;
        if let Some(read) = copy.read {
            return self.end_in_client(copy, read);
        }
        let session = trial.session(&copy.session);
        let died = self.client_death(copy);
        if let (Some(held), Some(died)) = (copy.held, died)
            && held < died
            && session.lost.is_none_or(|(lost, _)| lost > died)
        {
            return (trial.at(died), Cause::DiedInClient);
        }
        let end = match (copy.place, trial.contender.link) {
            (None, _) => self.end_before_socket(copy, &session),
            (Some((flow, datagram)), Link::Udp) => {
                self.end_of_datagram(copy, &session, flow, datagram)
            }
            (Some((flow, last)), _) => self.end_in_stream(copy, &session, flow, last),
        };
        match end {
            Some((at, _)) if self.is_into_dead_link(copy, &session) => {
                (at, Cause::SentIntoDeadLink)
            }
            Some(end) => end,
            None => ALIVE,
        }
    }

    fn client_death(&self, copy: &Copy) -> Option<When> {
        let trial = self.subscriber.trial;
        trial.death_after(trial.process(&copy.session.process)?, copy.pushed)
    }

    fn end_in_client(&self, copy: &Copy, read: When) -> End {
        let trial = self.subscriber.trial;
        let Some((_, _, message)) = trial.published(self.id) else { return ALIVE };
        if let Some(found_none) = self.no_handler.filter(|_| message.is_volatile()) {
            return (trial.at(found_none), Cause::NoHandler);
        }
        let Some(process) = trial.process(&copy.session.process) else { return ALIVE };
        if let Some(died) = trial.death_after(process, read) {
            let acknowledged = self.acked.is_some_and(|acked| acked < died);
            let cause = if acknowledged { Cause::LostAfterAck } else { Cause::DiedInClient };
            return (trial.at(died), cause);
        }
        let mut is_gone = self.no_handler.is_some();
        for (when, whose, what) in trial.events() {
            match what {
                EventKind::HandlerGone { queue, event }
                    if whose == process && (queue, event) == (&message.queue, &message.event) =>
                {
                    is_gone = true;
                }
                EventKind::HandlerBack { queue, event }
                    if whose == process && (queue, event) == (&message.queue, &message.event) =>
                {
                    is_gone = self.no_handler.is_some_and(|found_none| found_none > when);
                }
                _ => {}
            }
        }
        if is_gone { (Instant::NEVER, Cause::NoHandler) } else { ALIVE }
    }

    /// Returns the end of a copy that waits for room in a socket: it ends with the session, with
    /// the client or with the broker.
    fn end_before_socket(&self, copy: &Copy, session: &Session) -> Option<End> {
        let trial = self.subscriber.trial;
        let crashed = trial.death_after(BROKER, copy.pushed);
        let ends = [
            session.closed.map(|(when, _)| when),
            session.lost.map(|(when, _)| when),
            self.client_death(copy),
            crashed,
        ];
        let end = self.first(copy, &ends)?;
        Some((end, by(trial, end, crashed)))
    }

    /// Returns the end of a datagram: it is dropped on the way, ends with the socket, client or
    /// session that it was sent to, or arrives without effect.
    fn end_of_datagram(
        &self,
        copy: &Copy,
        session: &Session,
        flow: Flow,
        datagram: u64,
    ) -> Option<End> {
        let trial = self.subscriber.trial;
        let pushed = trial.at(copy.pushed);
        if let Some((when, reason)) = trial.drop_of(flow, datagram) {
            // A copy that was sent into a dead link ended when it was pushed.
            let is_cut = [LossReason::Cut, LossReason::Forgotten].contains(&reason);
            if is_cut || self.is_into_dead_link(copy, session) {
                return Some((pushed, Cause::SentIntoDeadLink));
            }
            let cause = match reason {
                LossReason::Lost | LossReason::Corrupted | LossReason::CrowdedOut => {
                    Cause::DroppedInNetwork
                }
                LossReason::Cut | LossReason::Forgotten => Cause::SentIntoDeadLink,
                LossReason::NobodyHome | LossReason::NoSocket => Cause::DiedInSocket,
                LossReason::BufferFull => Cause::Overflowed,
            };
            return Some((trial.at(when), cause));
        }
        let ends = [
            gone(trial.stats(flow.to, flow.from, copy.pushed)),
            self.client_death(copy),
            session.lost.map(|(when, _)| when),
        ];
        let landed = pushed + trial.longest_flight();
        let unheard = (copy.held.is_none() && landed < trial.history.ended_at).then_some(landed);
        let end = [self.first(copy, &ends), unheard].into_iter().flatten().min()?;
        Some((end, Cause::DiedInSocket))
    }

    /// Returns the end of bytes in a stream. Once they have arrived, they end with the receiving
    /// side; before that, with either side.
    fn end_in_stream(&self, copy: &Copy, session: &Session, flow: Flow, last: u64) -> Option<End> {
        let trial = self.subscriber.trial;
        let receiver = trial.stats(flow.to, flow.from, copy.pushed);
        let read_no_more =
            [gone(receiver), self.client_death(copy), session.lost.map(|(when, _)| when)];
        let let_go = receiver.and_then(|of_end| of_end.stats.let_go);
        let let_go = let_go.map(|at| at.max(trial.at(copy.pushed)));
        let receiving = self.first(copy, &read_no_more).into_iter().chain(let_go).min();
        if receiver.is_some_and(|of_end| of_end.stats.arrived >= last) {
            return Some((receiving?, Cause::DiedInSocket));
        }
        let sender = trial.stats(flow.from, flow.to, copy.pushed);
        let crashed = trial.death_after(BROKER, copy.pushed);
        let closed = session.closed.map(|(when, _)| when).filter(|_| sender.is_none());
        let sending = [gone(sender), crashed, closed];
        let ends = [receiving, self.first(copy, &sending)];
        let end = ends.into_iter().flatten().min()?;
        Some((end, by(trial, end, crashed)))
    }

    /// Returns the earliest of these moments, but none before the push.
    fn first(&self, copy: &Copy, ends: &[Option<When>]) -> Option<Instant> {
        let trial = self.subscriber.trial;
        let ends = ends.iter().flatten().map(|end| trial.at(*end).max(trial.at(copy.pushed)));
        ends.min()
    }

    /// Whether a copy could not arrive when it was pushed, for any of these reasons:
    ///
    /// - the path was cut;
    /// - a middlebox had forgotten the connection that it was written to or, if it waited, the one
    ///   that carried the last copy of its session and that the client still had;
    /// - the client's process was down, asleep or away;
    /// - the process had died since the session was opened;
    /// - the other end of the copy's flow was gone or, without a flow, the client had lost the
    ///   session.
    fn is_into_dead_link(&self, copy: &Copy, session: &Session) -> bool {
        let trial = self.subscriber.trial;
        let pushed = trial.at(copy.pushed);
        let Some(process) = trial.process(&copy.session.process) else { return false };
        let died = trial.deaths(process).filter(|died| trial.at(*died) <= pushed).last();
        let is_of_a_dead_one = match (session.opened, died) {
            (Some(opened), Some(died)) => opened < died,
            _ => false,
        };
        let other_end = match copy.place {
            Some((flow, _)) => gone(trial.stats(flow.to, flow.from, copy.pushed)),
            None => session.lost.map(|(when, _)| when),
        };
        let connection = match copy.place {
            Some((flow, _)) => Some(flow),
            None => trial.last_flow(&copy.session, copy.pushed).filter(|flow| {
                let of_client = trial.stats(flow.to, flow.from, copy.pushed);
                let let_go = of_client.and_then(|of_end| of_end.stats.let_go);
                let left = gone(of_client).map(|when| trial.at(when)).into_iter().chain(let_go);
                left.min().is_none_or(|left| left > pushed)
            }),
        };
        let connection = connection.filter(|_| trial.contender.link != Link::Udp);
        connection.is_some_and(|flow| trial.is_forgotten(flow, pushed))
            || is_of_a_dead_one
            || other_end.is_some_and(|gone| trial.at(gone) <= pushed)
            || trial.is_cut(process, pushed)
            || !trial.is_reachable(process, pushed)
    }
}

impl Copy {
    fn new(pushed: When, session: &SessionId, kind: PushKind) -> Copy {
        let session = session.clone();
        Copy { pushed, session, kind, place: None, held: None, read: None, thrown: None }
    }

    fn is_going(&self, session: &SessionId) -> bool {
        self.session == *session && self.thrown.is_none()
    }
}

/// Returns the moment at which an end of a flow was gone, if it was.
fn gone(of_end: Option<FlowEnd<'_>>) -> Option<When> {
    of_end.filter(|of_end| of_end.stats.reason.is_some()).map(|of_end| of_end.when)
}

/// Returns the cause for a buffer that was discarded at this instant: the broker's crash, or else
/// the end of its socket.
fn by(trial: Trial<'_>, end: Instant, crashed: Option<When>) -> Cause {
    match crashed.is_some_and(|crashed| trial.at(crashed) == end) {
        true => Cause::BrokerCrashed,
        false => Cause::DiedInSocket,
    }
}
