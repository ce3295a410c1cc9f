//! The broker's side of polling: a request for what there is, answered at once or held.

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use crate::core::BrokerInput;
use crate::link::WaitingBytes;
use crate::link::http::session_queue::SessionQueue;
use crate::link::http::session_server::{Answer, DeliveryStyle, HttpSession, SessionServer};
use crate::net::Net;

/// What a request for deliveries is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// What there is.
    None,
    /// What there is once there is something.
    Held,
}

/// A client asks for what there is.
///
/// # Errors
/// The session is unknown.
pub async fn fetch<N: Net, S: DeliveryStyle>(
    desk: &SessionServer<N, S>,
    request: &Request<Incoming>,
    patience: Patience,
) -> Result<Answer, StatusCode> {
    let (path, hub) = (request.uri().path(), desk.hub());
    let session = desk.find(path).ok_or(StatusCode::NOT_FOUND)?;
    let HttpSession { peer, id, mailbox, .. } = &session;
    let peer = *peer;
    let got = request.uri().query().and_then(|query| query.strip_prefix("got="));
    let got = got.and_then(|got| got.parse().ok()).unwrap_or_default();
    hub.tell(BrokerInput::RequestSeen { peer });
    let (asked, frames) = mailbox.ask(got);
    if !frames.is_empty() {
        hub.tell(BrokerInput::Undelivered { peer, frames });
    }
    if patience == Patience::Held {
        hold(desk, mailbox, asked).await;
        // Who waits for an answer is there.
        hub.tell(BrokerInput::RequestSeen { peer });
    }
    let frames = if mailbox.is_newest(asked) { mailbox.take_all() } else { Vec::new() };
    let number = (!frames.is_empty()).then(|| mailbox.respond(&frames));
    hub.flushed(peer, WaitingBytes::default());
    desk.forget_if_closed(path, &session);
    Ok(Answer { frames, number, copies_of: Some(id.clone()) })
}

/// Waits until there is something, the client has asked again, or it is time to say that there is
/// nothing: a ping's interval.
async fn hold<N: Net, S: DeliveryStyle>(
    desk: &SessionServer<N, S>,
    mailbox: &SessionQueue,
    asked: u64,
) {
    let net = desk.hub().net();
    let deadline = net.sleep_until(net.now() + desk.hub().limits().heartbeat.every);
    let something = async {
        loop {
            let changed = mailbox.changed();
            if mailbox.is_ready() || !mailbox.is_newest(asked) {
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
