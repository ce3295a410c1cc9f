//! Requests of a client: one at a time on a connection that is kept for the next.
//!
//! hyper speaks HTTP; its connection is polled beside the request, never in a task of its own.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Waker};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;

use crate::link::Dial;
use crate::link::http::exchange::told;
use crate::link::limits::{MOST_HEAD, MOST_PAYLOAD};
use crate::link::tap::{CopyOf, Manifest, Tap};
use crate::net::Net;

/// A connection for requests.
pub struct Line<N: Net> {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<Wire<N>>>,
    manifest: Manifest,
}

/// What moves the bytes of a line.
type Wire<N> = Connection<TokioIo<Tap<N>>, Full<Bytes>>;

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    /// Where, behind the broker's address.
    pub target: String,
    /// What is posted; `None` asks for what there is.
    pub post: Option<String>,
    /// The copies in it.
    pub copies: Vec<CopyOf>,
}

/// What is answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub body: Bytes,
}

/// A request under way; it gives its connection back.
pub type Exchange<N> = Pin<Box<dyn Future<Output = io::Result<(Line<N>, Answered)>> + Send>>;

/// Asks over a connection, or a new one.
pub fn ask<N: Net>(dial: Dial<N>, line: Option<Line<N>>, asked: Asked) -> Exchange<N> {
    Box::pin(async move {
        let mut line = match line {
            Some(line) => line,
            None => Line::open(&dial).await?,
        };
        let answered = line.exchange(&dial, asked).await?;
        Ok((line, answered))
    })
}

impl<N: Net> Line<N> {
    async fn open(dial: &Dial<N>) -> io::Result<Line<N>> {
        let stream = dial.net.connect(dial.to).await?;
        let tap = Tap::new(&dial.net, &dial.recorder, stream);
        let manifest = tap.manifest();
        let handshake = Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(tap));
        let (sender, connection) = handshake.await.map_err(|error| told(&error))?;
        Ok(Line { sender, connection: Box::pin(connection), manifest })
    }

    async fn exchange(&mut self, dial: &Dial<N>, asked: Asked) -> io::Result<Answered> {
        let request = self.request(dial, asked);
        let Line { sender, connection, .. } = self;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| told(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST_PAYLOAD).collect().await;
            let body = body.map_err(|error| match error.downcast_ref() {
                Some(error) => told(error),
                None if error.is::<LengthLimitError>() => io::ErrorKind::FileTooLarge.into(),
                None => io::ErrorKind::UnexpectedEof.into(),
            });
            let body = body?.to_bytes();
            Ok(Answered { status, body })
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            answered = &mut answer => answered,
            // What had come before the end is still there to be read.
            ended = connection.as_mut() => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(told(&error)),
            },
        }
    }

    fn request(&self, dial: &Dial<N>, asked: Asked) -> Request<Full<Bytes>> {
        self.manifest.announce(asked.copies);
        let request =
            Request::builder().uri(asked.target).header(header::HOST, dial.to.to_string());
        let request = match &asked.post {
            None => request.method(Method::GET),
            Some(_) => {
                let kind = "text/plain;charset=UTF-8";
                request.method(Method::POST).header(header::CONTENT_TYPE, kind)
            }
        };
        let body = Full::new(Bytes::from(asked.post.unwrap_or_default()));
        request.body(body).expect("target and headers are of our making")
    }

    /// Writes a last request, as far as the socket takes it now, and waits for nothing.
    pub fn say_last(&mut self, dial: &Dial<N>, asked: Asked) {
        let request = self.request(dial, asked);
        let mut cx = Context::from_waker(Waker::noop());
        let mut sending = std::pin::pin!(self.sender.send_request(request));
        let _ = sending.as_mut().poll(&mut cx);
        let _ = self.connection.as_mut().poll(&mut cx);
    }
}
