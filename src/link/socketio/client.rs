//! A Socket.IO client: handshake and polling over HTTP, then WebSocket if it is available.
//!
//! It implements Engine.IO protocol v4, "Transports" and "Upgrade". One state is polled for
//! everything: the pending poll, the pending post, the probe, the WebSocket and the alarm for a
//! missing heartbeat. Reconnection is left to the core.

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

use self::send_half::SocketIoSendHalf;
use super::packet::{EnginePacket, Handshake, PacketError, decode_payload, encode_payload};
use super::queue::{body, sizes};
use super::websocket::PacketSocket;
use crate::link::http::exchange::{HttpClientConnection, HttpReply, ask};
use crate::link::limits::MOST_PAYLOAD;
use crate::link::tap::CopyOf;
use crate::link::{
    ConnectContext, LinkEvent, OnSwitch, Reading, ReceiveHalf, SendHalf, reason_of_error,
};
use crate::message::{EndReason, Heartbeat, Mode};
use crate::net::Net;
use crate::time::{Duration, Instant};

/// The receiving side of a session. It also writes the packets that wait in the sending side.
pub struct SocketIoReceiveHalf<N: Net> {
    context: ConnectContext<N>,
    send_half: SocketIoSendHalf,
    handshake: Handshake,
    /// The connection for polls, while no poll is pending.
    poll_connection: Option<HttpClientConnection>,
    /// The pending poll.
    poll: Option<Exchange>,
    /// The connection for posts, while no post is pending.
    post_connection: Option<HttpClientConnection>,
    /// The pending post, with its number of messages and bytes.
    post: Option<(Exchange, (usize, usize))>,
    transport: Transport<N>,
    on_switch: OnSwitch,
    /// Received packets that are not processed yet.
    incoming: VecDeque<EnginePacket>,
    /// The moment from which on the next ping is overdue.
    ping_until: Instant,
    /// Wakes the task at that moment.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// A pending request. Its output includes the connection.
type Exchange = Pin<Box<dyn Future<Output = io::Result<(HttpClientConnection, HttpReply)>> + Send>>;

/// The current transport of packets.
enum Transport<N: Net> {
    /// Polls and posts. WebSocket is not available.
    Polling,
    /// Polls and posts, while a WebSocket is probed.
    Probing(Pin<Box<dyn Future<Output = io::Result<PacketSocket<N>>> + Send>>),
    /// A probed WebSocket that takes over when the last poll and post are answered. No new ones are
    /// made.
    Switching(PacketSocket<N>),
    /// A WebSocket, with the messages and bytes of the packet that is being written.
    Socket(PacketSocket<N>, Option<(usize, usize)>),
}

/// Opens a session at a broker. Returns its sending and its receiving side.
pub async fn connect<N: Net>(
    context: ConnectContext<N>,
    mode: Mode,
    on_switch: OnSwitch,
) -> io::Result<(Box<dyn SendHalf>, SocketIoReceiveHalf<N>)> {
    let asked = request(&context, None, None);
    let (connection, reply) = ask(context.clone(), None, asked, Vec::new(), MOST_PAYLOAD).await?;
    let handshake = opened(&reply).ok_or(io::ErrorKind::InvalidData)?;
    let send_half = SocketIoSendHalf::new(mode, heartbeat(&handshake));
    let can_upgrade = handshake.upgrades.iter().any(|upgrade| upgrade == "websocket");
    let transport = if can_upgrade {
        Transport::Probing(Box::pin(PacketSocket::probe(context.clone(), handshake.sid.clone())))
    } else {
        Transport::Polling
    };
    let mut session = SocketIoReceiveHalf {
        context,
        send_half: send_half.clone(),
        handshake,
        poll_connection: Some(connection),
        poll: None,
        post_connection: None,
        post: None,
        transport,
        on_switch,
        incoming: VecDeque::new(),
        ping_until: Instant::NEVER,
        alarm: Box::pin(std::future::pending()),
    };
    session.reset_alarm();
    Ok((Box::new(send_half), session))
}

/// Creates a poll, or a post of packets. Without a session id, a poll opens a session.
fn request<N>(
    context: &ConnectContext<N>,
    sid: Option<&str>,
    post: Option<String>,
) -> Request<Full<Bytes>> {
    let of = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    let target = format!("/socket.io/?EIO=4&transport=polling{of}");
    let request = Request::builder().uri(target).header(HOST, context.to.to_string());
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
    // Limits each time to 2^40 ms, about 35 years, so that a deadline does not overflow.
    let millis = |count: u64| Duration::from_millis(count.min(1 << 40));
    Heartbeat { every: millis(handshake.ping_interval), timeout: millis(handshake.ping_timeout) }
}

impl<N: Net> ReceiveHalf for SocketIoReceiveHalf<N> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_event(cx, reading)).await
    }

    /// Socket.IO's client looks at each emit whether a ping is overdue, since a timer may be late
    /// after a sleep; what it emits then waits for the next session.
    fn is_overdue(&self) -> bool {
        self.context.net.now() > self.ping_until
    }

    /// Leaves the main namespace and closes the transport, as Socket.IO's client does. Sends
    /// nothing while a packet is being written to the WebSocket, or while a post is pending: the
    /// post's connection takes no other request, and a new one takes a round trip. The server's
    /// heartbeat then notices.
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
                if let Some(connection) = &mut self.post_connection {
                    connection.send_last(request);
                }
            }
        }
    }
}

impl<N: Net> SocketIoReceiveHalf<N> {
    fn poll_event(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        if self.send_half.is_closed() {
            return Poll::Ready(LinkEvent::Ended(EndReason::Left));
        }
        loop {
            if reading == Reading::Wanted
                && let Some(event) = self.next_event()
            {
                return Poll::Ready(event);
            }
            if let Poll::Ready(event) = self.poll_write(cx) {
                return Poll::Ready(event);
            }
            if self.poll_transport(cx).is_ready() {
                continue;
            }
            match self.poll_read(cx, reading) {
                Poll::Ready(Ok(())) => continue,
                Poll::Ready(Err(event)) => return Poll::Ready(event),
                Poll::Pending => {}
            }
            ready!(self.alarm.as_mut().poll(cx));
            self.alarm = Box::pin(std::future::pending());
            return Poll::Ready(LinkEvent::Ended(EndReason::Heartbeat));
        }
    }

    /// Processes received packets, up to the first that is an event for the client.
    fn next_event(&mut self) -> Option<LinkEvent> {
        while let Some(packet) = self.incoming.pop_front() {
            match packet {
                EnginePacket::Ping(words) => {
                    self.reset_alarm();
                    self.send_half.send(EnginePacket::Pong(words));
                }
                EnginePacket::Message(_) | EnginePacket::Binary(_) => {
                    match self.send_half.receive(packet) {
                        Ok(None) => {}
                        Ok(Some(frame)) => return Some(LinkEvent::Frame(frame)),
                        Err(reason) => return Some(LinkEvent::Malformed(reason)),
                    }
                }
                EnginePacket::Close => return Some(LinkEvent::Ended(EndReason::Fin)),
                EnginePacket::Noop => {}
                EnginePacket::Open(_) | EnginePacket::Pong(_) | EnginePacket::Upgrade => {
                    return Some(LinkEvent::Malformed(EndReason::Unexpected));
                }
            }
        }
        None
    }

    /// Resets the alarm: the next ping must come before it fires.
    fn reset_alarm(&mut self) {
        let Heartbeat { every, timeout } = heartbeat(&self.handshake);
        let net = self.context.net.clone();
        let at = net.now() + every + timeout;
        self.ping_until = at;
        self.alarm = Box::pin(async move { net.sleep_until(at).await });
    }

    /// Writes waiting packets. Ready when some were written, or a post failed.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        match &mut self.transport {
            Transport::Socket(socket, under_way) => {
                let mut has_written = false;
                loop {
                    if let Some(sizes) = *under_way {
                        match socket.poll_flush(cx) {
                            Poll::Ready(Ok(())) => self.send_half.written(sizes),
                            // The read returns what came before the error, and the reason.
                            Poll::Ready(Err(_)) => return Poll::Pending,
                            Poll::Pending => break,
                        }
                        (*under_way, has_written) = (None, true);
                    }
                    let Some(next) = self.send_half.take(cx, 0).pop() else { break };
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
            self.send_half.written(*sizes);
            self.post = None;
            return Poll::Ready(match replied {
                Ok((connection, reply)) if reply.status == StatusCode::OK => {
                    self.post_connection = Some(connection);
                    self.flushed()
                }
                Ok(_) => LinkEvent::Ended(EndReason::UnknownSession),
                Err(error) => LinkEvent::Ended(reason_of_error(&error)),
            });
        }
        if matches!(self.transport, Transport::Switching(_)) {
            return Poll::Pending;
        }
        let packets = self.send_half.take(cx, self.handshake.max_payload as usize);
        if packets.is_empty() {
            return Poll::Pending;
        }
        let sizes = sizes(&packets);
        let (body, copies) = body(packets);
        let request = self.request(Some(body));
        let connection = self.post_connection.take();
        self.post = Some((self.ask(connection, request, copies), sizes));
        self.poll_post(cx)
    }

    /// Takes the next step of the upgrade to WebSocket. Ready if a step was taken.
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
                    self.send_half.drop_messages();
                }
                (self.poll_connection, self.post_connection) = (None, None);
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }

    /// Reads packets. Ready if some came, or the transport has ended.
    fn poll_read(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<Result<(), LinkEvent>> {
        if let Transport::Socket(socket, _) = &mut self.transport {
            if reading == Reading::Paused {
                return Poll::Pending;
            }
            return Poll::Ready(match ready!(socket.poll_next(cx)) {
                Ok(packet) => packet
                    .map(|packet| self.incoming.push_back(packet))
                    .map_err(|error| malformed(&error)),
                Err(reason) => Err(LinkEvent::Ended(reason)),
            });
        }
        let may_poll = !matches!(self.transport, Transport::Switching(_));
        if self.poll.is_none() && may_poll && reading == Reading::Wanted {
            let connection = self.poll_connection.take();
            self.poll = Some(self.ask(connection, self.request(None), Vec::new()));
        }
        let Some(poll) = &mut self.poll else { return Poll::Pending };
        let replied = ready!(poll.as_mut().poll(cx));
        self.poll = None;
        Poll::Ready(match replied {
            Ok((connection, reply)) => {
                self.poll_connection = Some(connection);
                self.read_reply(&reply)
            }
            Err(error) => Err(LinkEvent::Ended(reason_of_error(&error))),
        })
    }

    fn read_reply(&mut self, reply: &HttpReply) -> Result<(), LinkEvent> {
        if reply.status != StatusCode::OK {
            return Err(LinkEvent::Ended(EndReason::UnknownSession));
        }
        // After the end of a session, the answer to its last poll is empty.
        if reply.body.is_empty() {
            return Err(LinkEvent::Ended(EndReason::Fin));
        }
        let text = std::str::from_utf8(&reply.body);
        let text = text.map_err(|_| LinkEvent::Malformed(EndReason::Malformed))?;
        self.incoming.extend(decode_payload(text).map_err(|error| malformed(&error))?);
        Ok(())
    }

    fn request(&self, post: Option<String>) -> Request<Full<Bytes>> {
        request(&self.context, Some(&self.handshake.sid), post)
    }

    fn ask(
        &self,
        connection: Option<HttpClientConnection>,
        request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
    ) -> Exchange {
        Box::pin(ask(self.context.clone(), connection, request, copies, MOST_PAYLOAD))
    }

    fn flushed(&self) -> LinkEvent {
        LinkEvent::Flushed(self.send_half.waiting())
    }
}

fn malformed(error: &PacketError) -> LinkEvent {
    LinkEvent::Malformed(match error {
        PacketError::TooLong(_) | PacketError::TooMany => EndReason::TooLong,
        _ => EndReason::Malformed,
    })
}
