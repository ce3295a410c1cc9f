//! The broker's side of polling: answers a request for frames, at once or once there are some.

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use crate::core::BrokerInput;
use crate::link::WaitingBytes;
use crate::link::http::held_request::HeldRequest;
use crate::link::http::session_queue::SessionQueue;
use crate::link::http::session_server::{DeliveryStyle, HttpSession, SessionReply, SessionServer};
use crate::net::Net;

/// The time at which a poll is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// At once, even with nothing.
    None,
    /// Once there is a frame.
    Held,
}

/// Answers a poll with the waiting frames.
///
/// # Errors
/// The session is unknown.
pub async fn fetch<N: Net, S: DeliveryStyle>(
    server: &SessionServer<N, S>,
    request: &Request<Incoming>,
    patience: Patience,
) -> Result<SessionReply, StatusCode> {
    let (path, broker) = (request.uri().path(), server.broker());
    let session = server.find(path).ok_or(StatusCode::NOT_FOUND)?;
    let HttpSession { connection, id, queue, .. } = &session;
    let connection = *connection;
    let got = request.uri().query().and_then(|query| query.strip_prefix("got="));
    let got = got.and_then(|got| got.parse().ok()).unwrap_or_default();
    broker.tell(BrokerInput::RequestSeen { connection });
    let (asked, frames) = queue.ask(got);
    if !frames.is_empty() {
        broker.tell(BrokerInput::Undelivered { connection, frames });
    }
    if patience == Patience::Held {
        hold(server, queue, asked).await;
        // The client has waited for the answer, so it was there until now.
        broker.tell(BrokerInput::RequestSeen { connection });
    }
    let frames = if queue.is_newest(asked) { queue.take_all() } else { Vec::new() };
    let number = (!frames.is_empty()).then(|| queue.respond(&frames));
    broker.flushed(connection, WaitingBytes::default());
    server.remove_if_closed(path, &session);
    Ok(SessionReply { frames, number, copies_of: Some(id.clone()) })
}

/// Waits until there is a frame, the client has polled again, or a heartbeat interval has passed,
/// after which the poll is answered with nothing.
async fn hold<N: Net, S: DeliveryStyle>(
    server: &SessionServer<N, S>,
    queue: &SessionQueue,
    asked: u64,
) {
    let _held = HeldRequest::begin(server.broker());
    let net = server.broker().net();
    let deadline = net.sleep_until(net.now() + server.broker().limits().heartbeat.every);
    let something = async {
        loop {
            let changed = queue.changed();
            if queue.is_ready() || !queue.is_newest(asked) {
                return;
            }
            changed.await;
        }
    };
    tokio::select! {
        biased;
        () = something => {}
        () = deadline => {}
    }
}
