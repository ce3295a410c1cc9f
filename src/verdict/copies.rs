//! Determines how a copy that was pushed to a session ended. Never which copy was the last.

use crate::history::LossReason;
use crate::message::Framing;
use crate::terms::Cause;
use crate::time::Instant;

use super::facts::{
    BROKER, Carriage, CopyStop, Delivery, Facts, MessageCopy, MessageFacts, Moment, SessionFacts,
    SubscriberId,
};
use super::switch::rule;

/// The end of a copy: the instant, and the cause of the miss if the copy was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// The instant; [`Instant::NEVER`] if the copy was still alive when the trial ended.
    pub at: Instant,
    /// The reason for its end.
    pub cause: Cause,
}

/// The end of a copy that was still alive when the trial ended.
pub const ALIVE: End = End { at: Instant::NEVER, cause: Cause::Unsettled };

/// One message's delivery to one subscriber, with the facts around it.
#[derive(Clone, Copy)]
pub struct DeliveryPath<'f, 'a> {
    /// The whole history.
    pub facts: &'f Facts<'a>,
    /// The subscriber.
    pub subscriber: SubscriberId,
    /// The message.
    pub message: &'f MessageFacts<'a>,
    /// Its way to the subscriber: pushes, handlings, gaps.
    pub delivery: &'f Delivery,
}

/// Returns the end of a pushed copy; `None` if it was only dropped as a duplicate of another one.
pub fn end_of(path: DeliveryPath<'_, '_>, copy: &MessageCopy) -> Option<End> {
    if let Some((moment, stop)) = copy.stopped {
        let cause = match stop {
            CopyStop::Full => Cause::Overflowed,
            CopyStop::Overwritten => Cause::Overwritten,
            CopyStop::NoHandler => Cause::NoHandler,
            CopyStop::Busy => Cause::TransportBusy,
            CopyStop::TooLong => Cause::TooLong,
            CopyStop::Duplicate => return None,
        };
        return Some(End { at: moment.at, cause });
    }
    Some(unstopped(path, copy))
}

/// Returns the end of a copy that neither broker nor client ended by itself.
pub fn unstopped(path: DeliveryPath<'_, '_>, copy: &MessageCopy) -> End {
    if let Some(read) = copy.read {
        return end_in_client(path, copy, read);
    }
    let session = path.facts.sessions.get(copy.session);
    let client_died =
        session.process.and_then(|process| path.facts.lifetimes.death_after(process, copy.pushed));
    if let (Some(held), Some(died)) = (copy.held, client_died)
        && session.lost.is_none_or(|lost| died.is_before(lost.moment))
        && held.is_before(died)
    {
        return End { at: died.at, cause: Cause::DiedInClient };
    }
    match (copy.carriage, path.facts.contender.link.semantics().framing) {
        (Carriage::Waiting, _) => end_in_driver(path, copy, session),
        (Carriage::Flowing(..), Framing::Datagrams) => end_of_datagram(path, copy, session),
        (Carriage::Flowing(..), Framing::Stream) => end_in_stream(path, copy, session),
    }
}

/// Returns the end of a copy that was read. It ends when the client dies, or stays alive to the end
/// of the trial, perhaps waiting for a handler. A volatile message does not wait for a handler.
fn end_in_client(path: DeliveryPath<'_, '_>, copy: &MessageCopy, read: Moment) -> End {
    let DeliveryPath { facts, delivery, message, .. } = path;
    let is_volatile = message.message.is_some_and(|message| message.is_volatile());
    if let Some(dropped) = delivery.no_handler.filter(|_| is_volatile) {
        return End { at: dropped.at, cause: Cause::NoHandler };
    }
    let Some(process) = facts.sessions.get(copy.session).process else { return ALIVE };
    if let Some(died) = facts.lifetimes.death_after(process, read) {
        let acknowledged = delivery.acked_by_client.is_some_and(|acked| acked.is_before(died));
        let cause = if acknowledged { Cause::LostAfterAck } else { Cause::DiedInClient };
        return End { at: died.at, cause };
    }
    let Some(message) = message.message else { return ALIVE };
    let wanted = (&message.queue, &message.event);
    if facts.handlers.is_absent(process, wanted, delivery.no_handler) {
        return End { cause: Cause::NoHandler, ..ALIVE };
    }
    ALIVE
}

/// Returns the end of a copy that is still queued in the driver: it ends with the session, with the
/// client or with the broker.
fn end_in_driver(path: DeliveryPath<'_, '_>, copy: &MessageCopy, session: &SessionFacts) -> End {
    let crashed = path.facts.lifetimes.death_after(BROKER, copy.pushed).map(|moment| moment.at);
    let client_died =
        session.process.and_then(|process| path.facts.lifetimes.death_after(process, copy.pushed));
    let closed = session.closed.map(|closed| closed.moment.at);
    let lost = session.lost.map(|lost| lost.moment.at);
    let ends = [
        closed.filter(|_| rule("in-the-driver-until-the-broker-closes")),
        lost.filter(|_| rule("in-the-driver-until-the-client-loses")),
        client_died.map(|died| died.at).filter(|_| rule("in-the-driver-until-the-client-dies")),
        crashed.filter(|_| rule("in-the-driver-until-the-broker-dies")),
    ];
    let Some(at) = first(ends, copy.pushed.at) else { return ALIVE };
    let otherwise = if crashed == Some(at) { Cause::BrokerCrashed } else { Cause::DiedInSocket };
    End { at, cause: discarded(path, copy, session, otherwise) }
}

/// Returns the end of a datagram: it is dropped on the way, ends with the socket, session or client
/// that it was sent to, or arrives without effect.
fn end_of_datagram(path: DeliveryPath<'_, '_>, copy: &MessageCopy, session: &SessionFacts) -> End {
    let Carriage::Flowing(flow, datagram) = copy.carriage else { return ALIVE };
    let facts = path.facts;
    let dead = is_into_dead_link(path, copy, session);
    if let Some((moment, reason)) = facts.connections.drop_of(flow, datagram) {
        let cause = match reason {
            _ if dead => Cause::SentIntoDeadLink,
            LossReason::Lost | LossReason::Corrupted | LossReason::CrowdedOut => {
                Cause::DroppedInNetwork
            }
            LossReason::Cut | LossReason::Forgotten => Cause::SentIntoDeadLink,
            LossReason::NobodyHome | LossReason::NoSocket => Cause::DiedInSocket,
            LossReason::BufferFull => Cause::Overflowed,
        };
        // A datagram into a dead link could never reach the handler: it ended when it was pushed.
        let at = if cause == Cause::SentIntoDeadLink { copy.pushed.at } else { moment.at };
        return End { at, cause };
    }
    let landed = copy.pushed.at + facts.paths.longest_flight();
    let socket_gone = facts.connections.receiving(flow, copy.pushed).and_then(|end| end.gone);
    let client_died =
        session.process.and_then(|process| facts.lifetimes.death_after(process, copy.pushed));
    let lost = session.lost.map(|lost| lost.moment.at);
    let ends = [
        socket_gone.filter(|_| rule("a-datagram-ends-with-its-socket")),
        client_died.map(|died| died.at).filter(|_| rule("a-datagram-ends-with-its-client")),
        lost.filter(|_| rule("a-datagram-ends-with-its-session")),
        // It arrived without effect: its receiver was no longer there.
        (copy.held.is_none() && landed < facts.ended_at).then_some(landed),
    ];
    let Some(at) = first(ends, copy.pushed.at) else { return ALIVE };
    End { at, cause: discarded(path, copy, session, Cause::DiedInSocket) }
}

/// Returns the end of a copy in a stream. It ends with the receiving end; before its bytes have
/// arrived there, with either end.
fn end_in_stream(path: DeliveryPath<'_, '_>, copy: &MessageCopy, session: &SessionFacts) -> End {
    let Carriage::Flowing(flow, end) = copy.carriage else { return ALIVE };
    let facts = path.facts;
    let receiver = facts.connections.receiving(flow, copy.pushed);
    let sender = facts.connections.sending(flow, copy.pushed);
    let has_arrived = receiver.is_some_and(|of_end| end <= of_end.arrived);
    let crashed = facts.lifetimes.death_after(BROKER, copy.pushed).map(|moment| moment.at);
    let client_died =
        session.process.and_then(|process| facts.lifetimes.death_after(process, copy.pushed));
    let lost = session.lost.map(|lost| lost.moment.at);
    let ends = [
        receiver.and_then(|of_end| of_end.gone).filter(|_| rule("a-stream-ends-with-its-receiver")),
        client_died.map(|died| died.at).filter(|_| rule("a-stream-ends-with-its-client")),
        // A program never reads a connection that it has let go of, with its session or a request.
        lost.filter(|_| rule("a-stream-ends-with-its-session")),
        receiver.and_then(|of_end| of_end.let_go).filter(|_| rule("a-stream-ends-when-let-go-of")),
        sender.and_then(|of_end| of_end.gone).filter(|_| !has_arrived),
        crashed.filter(|_| !has_arrived),
        session.closed.map(|closed| closed.moment.at).filter(|_| !has_arrived && sender.is_none()),
    ];
    let Some(at) = first(ends, copy.pushed.at) else { return ALIVE };
    let in_broker = !has_arrived && crashed == Some(at);
    let otherwise = if in_broker { Cause::BrokerCrashed } else { Cause::DiedInSocket };
    End { at, cause: discarded(path, copy, session, otherwise) }
}

/// Returns the cause for discarded buffers: `sent-into-dead-link` if the copy could never have
/// arrived, else `otherwise`.
fn discarded(
    path: DeliveryPath<'_, '_>,
    copy: &MessageCopy,
    session: &SessionFacts,
    otherwise: Cause,
) -> Cause {
    if is_into_dead_link(path, copy, session) { Cause::SentIntoDeadLink } else { otherwise }
}

/// Whether the path was cut, its flow forgotten, or the other end down, paused or gone, when the
/// copy was pushed.
fn is_into_dead_link(
    path: DeliveryPath<'_, '_>,
    copy: &MessageCopy,
    session: &SessionFacts,
) -> bool {
    let facts = path.facts;
    let pushed = copy.pushed;
    let Some(process) = session.process else { return false };
    let deaths = facts.lifetimes.deaths(process);
    let earlier = deaths[..deaths.partition_point(|death| death.at <= pushed.at)].last();
    let died_since =
        earlier.is_some_and(|died| session.opened.is_some_and(|open| open.is_before(*died)));
    let end_is_gone = match copy.carriage {
        Carriage::Flowing(flow, _) => facts
            .connections
            .receiving(flow, pushed)
            .and_then(|end| end.gone)
            .is_some_and(|gone| gone <= pushed.at),
        Carriage::Waiting => session.lost.is_some_and(|lost| lost.moment.at <= pushed.at),
    };
    end_is_gone
        || died_since
        || facts.paths.is_cut(pushed.at, process)
        || is_in_forgotten_flow(facts, copy)
        || !facts.lifetimes.is_reachable(process, pushed.at)
}

/// Whether a middlebox had forgotten the copy's flow when it was pushed.
///
/// A copy that waits in the driver is on the flow that carried the last one of its session, as long
/// as the client holds that. Of a datagram the reason of its drop says as much.
fn is_in_forgotten_flow(facts: &Facts<'_>, copy: &MessageCopy) -> bool {
    let pushed = copy.pushed;
    if facts.contender.link.is_datagrams() {
        return false;
    }
    let flow = match copy.carriage {
        Carriage::Flowing(flow, _) => Some(flow),
        Carriage::Waiting => facts.flows.last_used(copy.session, pushed).filter(|flow| {
            let of_client = facts.connections.receiving(*flow, pushed);
            let left = of_client.and_then(|end| [end.gone, end.let_go].into_iter().flatten().min());
            left.is_none_or(|left| left > pushed.at)
        }),
    };
    flow.is_some_and(|flow| facts.flows.is_forgotten(flow, pushed.at))
}

/// Returns the earliest of these instants, but none before `begin`.
fn first<const N: usize>(ends: [Option<Instant>; N], begin: Instant) -> Option<Instant> {
    ends.into_iter().flatten().min().map(|end| end.max(begin))
}
