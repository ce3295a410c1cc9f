//! A client of Socket.IO's: handshake and polling by HTTP, then WebSocket if that can be had.
//!
//! Engine.IO protocol v4, "Transports" and "Upgrade". All of it is one state that is polled: a
//! poll that waits, a post, a probe, a WebSocket and the heartbeat's alarm. Reconnection is the
//! core's.

mod send_half;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};

use self::send_half::Talk;
use super::packet::{
    EnginePacket, Handshake, PacketError, SEPARATOR, decode_payload, encode_payload,
};
use super::queue::sizes;
use super::websocket::PacketSocket;
use crate::link::http::exchange::{HttpClientConnection, HttpReply, ask};
use crate::link::limits::MOST_PAYLOAD;
use crate::link::tap::CopyOf;
use crate::link::{ConnectContext, LinkEvent, OnSwitch, Reading, ReceiveHalf, SendHalf, end_of};
use crate::message::{EndReason, Heartbeat, Mode};
use crate::net::Net;
use crate::time::Duration;

/// The receiving side of a session, which also moves what waits in its lane.
pub struct SocketIoReceiveHalf<N: Net> {
    dial: ConnectContext<N>,
    talk: Talk,
    handshake: Handshake,
    /// The connection for polls, while none waits on it.
    poll_line: Option<HttpClientConnection>,
    /// The poll that waits.
    poll: Option<Exchange>,
    /// The connection for posts, while none is under way.
    post_line: Option<HttpClientConnection>,
    /// The post that is under way, with how many messages and bytes.
    post: Option<(Exchange, (usize, usize))>,
    transport: Transport<N>,
    on_switch: OnSwitch,
    /// Packets that came and were not looked at.
    incoming: VecDeque<EnginePacket>,
    /// When the next ping is too late.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// A request under way; it gives its connection back.
type Exchange = Pin<Box<dyn Future<Output = io::Result<(HttpClientConnection, HttpReply)>> + Send>>;

/// How packets travel.
enum Transport<N: Net> {
    /// By polls and posts; WebSocket cannot be had.
    Polling,
    /// By polls and posts, while a WebSocket is probed.
    Probing(Pin<Box<dyn Future<Output = io::Result<PacketSocket<N>>> + Send>>),
    /// No new poll or post: when the last ones are answered, the WebSocket takes over.
    Switching(PacketSocket<N>),
    /// By WebSocket; with what is written at the moment.
    Socket(PacketSocket<N>, Option<(usize, usize)>),
}

/// Opens a session at a broker.
pub async fn connect<N: Net>(
    dial: ConnectContext<N>,
    mode: Mode,
    on_switch: OnSwitch,
) -> io::Result<(Box<dyn SendHalf>, SocketIoReceiveHalf<N>)> {
    let asked = request(&dial, None, None);
    let (line, reply) = ask(dial.clone(), None, asked, Vec::new(), MOST_PAYLOAD).await?;
    let handshake = opened(&reply).ok_or(io::ErrorKind::InvalidData)?;
    let talk = Talk::new(mode, heartbeat(&handshake));
    let can_upgrade = handshake.upgrades.iter().any(|upgrade| upgrade == "websocket");
    let transport = if can_upgrade {
        Transport::Probing(Box::pin(PacketSocket::probe(dial.clone(), handshake.sid.clone())))
    } else {
        Transport::Polling
    };
    let mut session = SocketIoReceiveHalf {
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

/// A poll, or a post of packets: of a session, or to open one.
fn request<N>(
    dial: &ConnectContext<N>,
    sid: Option<&str>,
    post: Option<String>,
) -> Request<Full<Bytes>> {
    let of = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    let target = format!("/socket.io/?EIO=4&transport=polling{of}");
    let request = Request::builder().uri(target).header(HOST, dial.to.to_string());
    let request = match &post {
        None => request.method("GET"),
        Some(_) => request.method("POST").header(CONTENT_TYPE, "text/plain;charset=UTF-8"),
    };
    let body = Full::new(Bytes::from(post.unwrap_or_default()));
    request.body(body).expect("target and headers are of our making")
}

fn opened(reply: &HttpReply) -> Option<Handshake> {
    let text = std::str::from_utf8(&reply.body).ok()?;
    match decode_payload(text).ok()?.into_iter().next()? {
        EnginePacket::Open(handshake) if reply.status == StatusCode::OK => Some(handshake),
        _ => None,
    }
}

fn heartbeat(handshake: &Handshake) -> Heartbeat {
    // More than a year is no heartbeat; a number that overflows is no time.
    let millis = |count: u64| Duration::from_millis(count.min(1 << 40));
    Heartbeat { every: millis(handshake.ping_interval), timeout: millis(handshake.ping_timeout) }
}

impl<N: Net> ReceiveHalf for SocketIoReceiveHalf<N> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_happening(cx, reading)).await
    }

    /// Socket.IO's client leaves its namespaces and closes the transport. While a post is under way
    /// its connection takes no other request, and a new one takes a round trip: then nothing is
    /// said, and the server's heartbeat finds out.
    fn leave(&mut self, _reason: EndReason) {
        let leave = "1";
        match &mut self.transport {
            Transport::Socket(socket, None) => {
                socket.say_last(EnginePacket::Message(leave.to_owned()));
            }
            Transport::Socket(..) => {}
            _ => {
                let packets = [EnginePacket::Message(leave.to_owned()), EnginePacket::Close];
                let request = self.request(Some(encode_payload(&packets)));
                if let Some(line) = &mut self.post_line {
                    line.send_last(request);
                }
            }
        }
    }
}

impl<N: Net> SocketIoReceiveHalf<N> {
    fn poll_happening(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        if self.talk.is_closed() {
            return Poll::Ready(LinkEvent::Ended(EndReason::Left));
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
            return Poll::Ready(LinkEvent::Ended(EndReason::Heartbeat));
        }
    }

    /// Looks at the packets that came, up to the first that happens to the client.
    fn look(&mut self) -> Option<LinkEvent> {
        while let Some(packet) = self.incoming.pop_front() {
            match packet {
                EnginePacket::Ping(words) => {
                    self.wind_up();
                    self.talk.say(EnginePacket::Pong(words));
                }
                EnginePacket::Message(text) => match self.talk.hear(&text) {
                    Ok(None) => {}
                    Ok(Some(frame)) => return Some(LinkEvent::Frame(frame)),
                    Err(reason) => return Some(LinkEvent::Malformed(reason)),
                },
                EnginePacket::Close => return Some(LinkEvent::Ended(EndReason::Fin)),
                EnginePacket::Noop => {}
                EnginePacket::Open(_) | EnginePacket::Pong(_) | EnginePacket::Upgrade => {
                    return Some(LinkEvent::Malformed(EndReason::Unexpected));
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
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        match &mut self.transport {
            Transport::Socket(socket, under_way) => {
                let mut has_written = false;
                loop {
                    if let Some(sizes) = *under_way {
                        match socket.poll_flush(cx) {
                            Poll::Ready(Ok(())) => self.talk.written(sizes),
                            // Reading tells the reason, and what came before it.
                            Poll::Ready(Err(_)) => return Poll::Pending,
                            Poll::Pending => break,
                        }
                        (*under_way, has_written) = (None, true);
                    }
                    let Some(next) = self.talk.take(cx, 0).pop() else { break };
                    let sizes = sizes([&next]);
                    if socket.start(next).is_err() {
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

    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        if let Some((post, sizes)) = &mut self.post {
            let replied = ready!(post.as_mut().poll(cx));
            self.talk.written(*sizes);
            self.post = None;
            return Poll::Ready(match replied {
                Ok((line, reply)) if reply.status == StatusCode::OK => {
                    self.post_line = Some(line);
                    self.flushed()
                }
                Ok(_) => LinkEvent::Ended(EndReason::UnknownSession),
                Err(error) => LinkEvent::Ended(end_of(&error)),
            });
        }
        if matches!(self.transport, Transport::Switching(_)) {
            return Poll::Pending;
        }
        let packets = self.talk.take(cx, self.handshake.max_payload as usize);
        if packets.is_empty() {
            return Poll::Pending;
        }
        let body: Vec<&str> = packets.iter().map(|next| next.packet.as_str()).collect();
        let request = self.request(Some(body.join(&SEPARATOR.to_string())));
        let sizes = sizes(&packets);
        let copies = packets.into_iter().filter_map(|next| next.copy).collect();
        let line = self.post_line.take();
        self.post = Some((self.ask(line, request, copies), sizes));
        self.poll_post(cx)
    }

    /// Takes the next step to a WebSocket. Ready if one was taken.
    fn poll_transport(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.transport {
            Transport::Probing(probe) => {
                self.transport = match ready!(probe.as_mut().poll(cx)) {
                    Ok(socket) => Transport::Switching(socket),
                    Err(_) => Transport::Polling,
                };
                Poll::Ready(())
            }
            Transport::Switching(socket) if self.poll.is_none() && self.post.is_none() => {
                let under_way =
                    socket.start(EnginePacket::Upgrade.into()).is_ok().then_some((0, 0));
                let Transport::Switching(socket) =
                    std::mem::replace(&mut self.transport, Transport::Polling)
                else {
                    unreachable!("it was just matched")
                };
                self.transport = Transport::Socket(socket, under_way);
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
    fn poll_read(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Result<(), LinkEvent>> {
        if let Transport::Socket(socket, _) = &mut self.transport {
            if reading == Reading::Paused {
                return Poll::Pending;
            }
            return Poll::Ready(match ready!(socket.poll_next(cx)) {
                Ok(text) => EnginePacket::decode(&text)
                    .map(|packet| self.incoming.push_back(packet))
                    .map_err(|error| garbled(&error)),
                Err(reason) => Err(LinkEvent::Ended(reason)),
            });
        }
        let may_poll = !matches!(self.transport, Transport::Switching(_));
        if self.poll.is_none() && may_poll && reading == Reading::Wanted {
            let line = self.poll_line.take();
            self.poll = Some(self.ask(line, self.request(None), Vec::new()));
        }
        let Some(poll) = &mut self.poll else { return Poll::Pending };
        let replied = ready!(poll.as_mut().poll(cx));
        self.poll = None;
        Poll::Ready(match replied {
            Ok((line, reply)) => {
                self.poll_line = Some(line);
                self.read_reply(&reply)
            }
            Err(error) => Err(LinkEvent::Ended(end_of(&error))),
        })
    }

    fn read_reply(&mut self, reply: &HttpReply) -> Result<(), LinkEvent> {
        if reply.status != StatusCode::OK {
            return Err(LinkEvent::Ended(EndReason::UnknownSession));
        }
        // A session that is over answers its last poll with nothing.
        if reply.body.is_empty() {
            return Err(LinkEvent::Ended(EndReason::Fin));
        }
        let text = std::str::from_utf8(&reply.body);
        let text = text.map_err(|_| LinkEvent::Malformed(EndReason::Malformed))?;
        self.incoming.extend(decode_payload(text).map_err(|error| garbled(&error))?);
        Ok(())
    }

    fn request(&self, post: Option<String>) -> Request<Full<Bytes>> {
        request(&self.dial, Some(&self.handshake.sid), post)
    }

    fn ask(
        &self,
        line: Option<HttpClientConnection>,
        request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
    ) -> Exchange {
        Box::pin(ask(self.dial.clone(), line, request, copies, MOST_PAYLOAD))
    }

    fn flushed(&self) -> LinkEvent {
        LinkEvent::Flushed(self.talk.waiting())
    }
}

fn garbled(error: &PacketError) -> LinkEvent {
    LinkEvent::Malformed(match error {
        PacketError::TooLong(_) | PacketError::TooMany => EndReason::TooLong,
        _ => EndReason::Malformed,
    })
}
