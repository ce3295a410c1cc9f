//! A client of Socket.IO's: handshake and polling by HTTP, then WebSocket if that can be had.
//!
//! Engine.IO protocol v4, "Transports" and "Upgrade". All of it is one state that is polled: a
//! poll that waits, a post, a probe, a WebSocket and the heartbeat's alarm. Reconnection is the
//! core's.

mod http;
mod lane;
mod pipe;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::StatusCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use self::http::{Answered, Asked, Exchange, Line, ask};
use self::lane::Talk;
use self::pipe::Pipe;
use super::packet::{Handshake, Packet, PacketError, SEPARATOR, decode_payload};
use crate::link::{Dial, Happening, Inlet, Lane, OnSwitch, Reading, end_of};
use crate::message::{EndReason, Heartbeat, Mode};
use crate::net::Net;
use crate::time::Duration;

/// The receiving side of a session, which also moves what waits in its lane.
pub struct Session<N: Net> {
    dial: Dial<N>,
    talk: Talk,
    handshake: Handshake,
    /// The connection for polls, while none waits on it.
    poll_line: Option<Line<N>>,
    /// The poll that waits.
    poll: Option<Exchange<N>>,
    /// The connection for posts, while none is under way.
    post_line: Option<Line<N>>,
    /// The post that is under way, with how many messages and bytes.
    post: Option<(Exchange<N>, usize, usize)>,
    transport: Transport<N>,
    on_switch: OnSwitch,
    /// Packets that came and were not looked at.
    incoming: VecDeque<Packet>,
    /// When the next ping is too late.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// How packets travel.
enum Transport<N: Net> {
    /// By polls and posts; WebSocket cannot be had.
    Polling,
    /// By polls and posts, while a WebSocket is probed.
    Probing(Pin<Box<dyn Future<Output = Result<Pipe<N>, Error>> + Send>>),
    /// No new poll or post: when the last ones are answered, the WebSocket takes over.
    Switching(Pipe<N>),
    /// By WebSocket; with what is written at the moment.
    Socket(Pipe<N>, Option<(usize, usize)>),
}

/// Opens a session at a broker.
pub async fn connect<N: Net>(
    dial: Dial<N>,
    mode: Mode,
    on_switch: OnSwitch,
) -> io::Result<(Box<dyn Lane>, Session<N>)> {
    let target = "/socket.io/?EIO=4&transport=polling".to_owned();
    let asked = Asked { target, post: None, copies: Vec::new() };
    let (line, answered) = ask(dial.clone(), None, asked).await?;
    let handshake = opened(&answered).ok_or(io::ErrorKind::InvalidData)?;
    let talk = Talk::new(mode, heartbeat(&handshake));
    let can_upgrade = handshake.upgrades.iter().any(|upgrade| upgrade == "websocket");
    let transport = if can_upgrade {
        Transport::Probing(Box::pin(Pipe::probe(dial.clone(), handshake.sid.clone())))
    } else {
        Transport::Polling
    };
    let mut session = Session {
        dial,
        talk: talk.clone(),
        handshake,
        poll_line: Some(line),
        poll: None,
        post_line: None,
        post: None,
        transport,
        on_switch,
        incoming: VecDeque::new(),
        alarm: Box::pin(std::future::pending()),
    };
    session.wind_up();
    Ok((Box::new(talk), session))
}

fn opened(answered: &Answered) -> Option<Handshake> {
    let text = std::str::from_utf8(&answered.body).ok()?;
    match decode_payload(text).ok()?.into_iter().next()? {
        Packet::Open(handshake) if answered.status == StatusCode::OK => Some(handshake),
        _ => None,
    }
}

fn heartbeat(handshake: &Handshake) -> Heartbeat {
    // More than a year is no heartbeat; a number that overflows is no time.
    let millis = |count: u64| Duration::from_millis(count.min(1 << 40));
    Heartbeat { every: millis(handshake.ping_interval), timeout: millis(handshake.ping_timeout) }
}

impl<N: Net> Inlet for Session<N> {
    async fn next(&mut self, reading: Reading) -> Happening {
        poll_fn(|cx| self.poll_happening(cx, reading)).await
    }

    /// Socket.IO's client leaves its namespaces and closes the transport. While a post is under way
    /// its connection takes no other request, and a new one takes a round trip: then nothing is
    /// said, and the server's heartbeat finds out.
    fn leave(&mut self, _reason: EndReason) {
        let leave = "41";
        match &mut self.transport {
            Transport::Socket(pipe, None) => pipe.say_last(leave),
            Transport::Socket(..) => {}
            _ => {
                let target = self.target();
                if let Some(line) = &mut self.post_line {
                    let post = Some(format!("{leave}{SEPARATOR}{}", Packet::Close.encode()));
                    line.say_last(&self.dial, Asked { target, post, copies: Vec::new() });
                }
            }
        }
    }
}

impl<N: Net> Session<N> {
    fn poll_happening(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Happening> {
        if self.talk.is_closed() {
            return Poll::Ready(Happening::Ended(EndReason::Left));
        }
        loop {
            if reading == Reading::Wanted
                && let Some(happening) = self.look()
            {
                return Poll::Ready(happening);
            }
            if let Poll::Ready(happening) = self.poll_write(cx) {
                return Poll::Ready(happening);
            }
            if self.poll_transport(cx).is_ready() {
                continue;
            }
            match self.poll_read(cx, reading) {
                Poll::Ready(Ok(())) => continue,
                Poll::Ready(Err(happening)) => return Poll::Ready(happening),
                Poll::Pending => {}
            }
            ready!(self.alarm.as_mut().poll(cx));
            self.alarm = Box::pin(std::future::pending());
            return Poll::Ready(Happening::Ended(EndReason::Heartbeat));
        }
    }

    /// Looks at the packets that came, up to the first that happens to the client.
    fn look(&mut self) -> Option<Happening> {
        while let Some(packet) = self.incoming.pop_front() {
            match packet {
                Packet::Ping(words) => {
                    self.wind_up();
                    self.talk.say(&Packet::Pong(words));
                }
                Packet::Message(text) => match self.talk.hear(&text) {
                    Ok(None) => {}
                    Ok(Some(frame)) => return Some(Happening::Frame(frame)),
                    Err(reason) => return Some(Happening::Garbled(reason)),
                },
                Packet::Close => return Some(Happening::Ended(EndReason::Fin)),
                Packet::Noop => {}
                Packet::Open(_) | Packet::Pong(_) | Packet::Upgrade => {
                    return Some(Happening::Garbled(EndReason::Unexpected));
                }
            }
        }
        None
    }

    /// Winds up the alarm: the next ping must come before it rings.
    fn wind_up(&mut self) {
        let Heartbeat { every, timeout } = heartbeat(&self.handshake);
        let net = self.dial.net.clone();
        let at = net.now() + every + timeout;
        self.alarm = Box::pin(async move { net.sleep_until(at).await });
    }

    /// Moves what waits in the lane. Ready when some of it was written, or it cannot be.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        match &mut self.transport {
            Transport::Socket(pipe, under_way) => {
                let mut has_written = false;
                loop {
                    if let Some((messages, bytes)) = *under_way {
                        match pipe.poll_flush(cx) {
                            Poll::Ready(Ok(())) => self.talk.written(messages, bytes),
                            // Reading tells the reason, and what came before it.
                            Poll::Ready(Err(_)) => return Poll::Pending,
                            Poll::Pending => break,
                        }
                        (*under_way, has_written) = (None, true);
                    }
                    let Some(next) = self.talk.take(cx, 0).pop() else { break };
                    let sizes = (usize::from(next.copy.is_some()), next.packet.len());
                    if pipe.start(&next.packet, next.copy.into_iter().collect()).is_err() {
                        break;
                    }
                    *under_way = Some(sizes);
                }
                if has_written { Poll::Ready(self.flushed()) } else { Poll::Pending }
            }
            Transport::Polling | Transport::Probing(_) | Transport::Switching(_) => {
                self.poll_post(cx)
            }
        }
    }

    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        if let Some((post, messages, bytes)) = &mut self.post {
            let answered = ready!(post.as_mut().poll(cx));
            self.talk.written(*messages, *bytes);
            self.post = None;
            return Poll::Ready(match answered {
                Ok((line, answered)) if answered.status == StatusCode::OK => {
                    self.post_line = Some(line);
                    self.flushed()
                }
                Ok(_) => Happening::Ended(EndReason::UnknownSession),
                Err(error) => Happening::Ended(end_of(&error)),
            });
        }
        if matches!(self.transport, Transport::Switching(_)) {
            return Poll::Pending;
        }
        let packets = self.talk.take(cx, self.handshake.max_payload as usize);
        if packets.is_empty() {
            return Poll::Pending;
        }
        let bytes = packets.iter().map(|next| next.packet.len()).sum();
        let body: Vec<&str> = packets.iter().map(|next| next.packet.as_str()).collect();
        let post = Some(body.join(&SEPARATOR.to_string()));
        let copies: Vec<_> = packets.into_iter().filter_map(|next| next.copy).collect();
        let messages = copies.len();
        let asked = Asked { target: self.target(), post, copies };
        let exchange = ask(self.dial.clone(), self.post_line.take(), asked);
        self.post = Some((exchange, messages, bytes));
        self.poll_post(cx)
    }

    /// Takes the next step to a WebSocket. Ready if one was taken.
    fn poll_transport(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.transport {
            Transport::Probing(probe) => {
                self.transport = match ready!(probe.as_mut().poll(cx)) {
                    Ok(pipe) => Transport::Switching(pipe),
                    Err(_) => Transport::Polling,
                };
                Poll::Ready(())
            }
            Transport::Switching(pipe) if self.poll.is_none() && self.post.is_none() => {
                let packet = Packet::Upgrade.encode();
                let under_way = pipe.start(&packet, Vec::new()).is_ok().then_some((0, 0));
                let Transport::Switching(pipe) =
                    std::mem::replace(&mut self.transport, Transport::Polling)
                else {
                    unreachable!("it was just matched")
                };
                self.transport = Transport::Socket(pipe, under_way);
                if self.on_switch == OnSwitch::Dropped {
                    self.talk.drop_messages();
                }
                (self.poll_line, self.post_line) = (None, None);
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }

    /// Reads packets. Ready if some came, or none can any more.
    fn poll_read(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Result<(), Happening>> {
        if let Transport::Socket(pipe, _) = &mut self.transport {
            if reading == Reading::Paused {
                return Poll::Pending;
            }
            let message = ready!(pipe.poll_next(cx));
            return Poll::Ready(self.read_message(message));
        }
        let may_poll = !matches!(self.transport, Transport::Switching(_));
        if self.poll.is_none() && may_poll && reading == Reading::Wanted {
            let asked = Asked { target: self.target(), post: None, copies: Vec::new() };
            self.poll = Some(ask(self.dial.clone(), self.poll_line.take(), asked));
        }
        let Some(poll) = &mut self.poll else { return Poll::Pending };
        let answered = ready!(poll.as_mut().poll(cx));
        self.poll = None;
        Poll::Ready(match answered {
            Ok((line, answered)) => {
                self.poll_line = Some(line);
                self.read_answer(&answered)
            }
            Err(error) => Err(Happening::Ended(end_of(&error))),
        })
    }

    fn read_message(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Happening> {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.incoming.push_back(Packet::decode(&text).map_err(|error| garbled(&error))?);
                Ok(())
            }
            Some(Ok(Message::Binary(_))) => Err(Happening::Garbled(EndReason::Malformed)),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Happening::Ended(end_of(&pipe::told(error)))),
            None => Err(Happening::Ended(EndReason::Fin)),
        }
    }

    fn read_answer(&mut self, answered: &Answered) -> Result<(), Happening> {
        if answered.status != StatusCode::OK {
            return Err(Happening::Ended(EndReason::UnknownSession));
        }
        // A session that is over answers its last poll with nothing.
        if answered.body.is_empty() {
            return Err(Happening::Ended(EndReason::Fin));
        }
        let text = std::str::from_utf8(&answered.body);
        let text = text.map_err(|_| Happening::Garbled(EndReason::Malformed))?;
        self.incoming.extend(decode_payload(text).map_err(|error| garbled(&error))?);
        Ok(())
    }

    fn target(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.handshake.sid)
    }

    fn flushed(&self) -> Happening {
        Happening::Flushed(self.talk.waiting())
    }
}

fn garbled(error: &PacketError) -> Happening {
    Happening::Garbled(match error {
        PacketError::TooLong(_) | PacketError::TooMany => EndReason::TooLong,
        _ => EndReason::Malformed,
    })
}
