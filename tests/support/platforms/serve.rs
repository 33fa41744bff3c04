//! The HTTP server of an emulator: reads each request completely, consults the fault plan, lets the platform answer,
//! and keeps the journal.
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use futures::stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Answer, Asked, Fault, Platform, World};

/// The largest accepted body is a piece of 100 MB, and multipart text around it.
const MAX_BODY_BYTES: usize = 101 * 1000 * 1000;

/// A running emulator; it stops when dropped. Dereferences to its platform.
pub(crate) struct Emulator<P> {
    /// The platform itself.
    pub(crate) platform: Arc<P>,
    /// Its clock, journal, faults and webhooks.
    pub(crate) world: World,
    /// The address it listens at.
    pub(crate) address: SocketAddr,
    end: CancellationToken,
}

impl<P: Platform> Emulator<P> {
    /// Serves a platform on a free loopback port.
    pub(crate) async fn start(platform: P, world: World) -> Self {
        Self::start_at("127.0.0.1", platform, world).await
    }

    /// Serves a platform on a free port of an address of this machine.
    pub(crate) async fn start_at(ip: &str, platform: P, world: World) -> Self {
        // Webhooks are sent by reqwest, which has no TLS provider of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind((ip, 0)).await.expect("a port for an emulator");
        let address = listener.local_addr().expect("the emulator's port");
        let (platform, end) = (Arc::new(platform), CancellationToken::new());
        tokio::spawn(accept(listener, platform.clone(), world.clone(), end.clone()));
        Self { platform, world, address, end }
    }

    /// Its address as a URL without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl<P> Deref for Emulator<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.platform
    }
}

impl<P> Drop for Emulator<P> {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn accept<P: Platform>(listener: TcpListener, platform: Arc<P>, world: World, end: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let (platform, world, end) = (platform.clone(), world.clone(), end.clone());
        tokio::spawn(async move {
            let ended = end.clone();
            let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
                handle(platform.clone(), world.clone(), ended.clone(), request.map(Body::new))
            });
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            tokio::select! {
                () = end.cancelled() => {}
                // A client that disconnects, and a connection broken by a fault, are expected.
                _ = connection => {}
            }
        });
    }
}

/// An `Err` breaks the connection without an answer.
async fn handle<P: Platform>(
    platform: Arc<P>,
    world: World,
    end: CancellationToken,
    request: Request<Body>,
) -> io::Result<Response<Body>> {
    let asked = read(request).await?;
    let call = platform.call(&asked);
    let fault = world.faults.take(call);
    let done = fault.as_ref().is_none_or(Fault::commits);
    let answer = done.then(|| platform.answer(&world, &asked));
    let answer = match (&fault, answer) {
        (Some(Fault::AnotherId), Some(answer)) => Some(platform.about_another(call, answer)),
        (_, answer) => answer,
    };
    world.journal.add(world.clock.now(), call, &asked, fault.clone(), answer.clone());
    if let Some(Fault::Late(time)) = &fault {
        tokio::time::sleep(*time).await;
    }
    match (fault, answer) {
        (Some(Fault::CommitThenTimeOut | Fault::Hang), _) => {
            end.cancelled().await;
            Err(io::ErrorKind::TimedOut.into())
        }
        (Some(Fault::CommitThenCut | Fault::Cut), _) => Err(io::ErrorKind::ConnectionReset.into()),
        (Some(Fault::TooMany(seconds)), _) => {
            let headers = vec![("retry-after".to_owned(), seconds.to_string())];
            respond(Answer { headers, ..Answer::status(429, "too many requests") }, false)
        }
        (Some(Fault::Status(status)), _) => respond(Answer::status(status, "on purpose"), false),
        (Some(Fault::HalfAnswer), Some(answer)) => respond(answer, true),
        (_, Some(answer)) => respond(answer, false),
        (_, None) => Err(io::ErrorKind::Other.into()),
    }
}

async fn read(request: Request<Body>) -> io::Result<Asked> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(io::Error::other)?;
    let query = parts.uri.query().unwrap_or_default();
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: super::pairs(query),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    })
}

fn respond(answer: Answer, half: bool) -> io::Result<Response<Body>> {
    let mut response = Response::builder().status(answer.status).header("content-type", "application/json");
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = if half {
        response = response.header("content-length", answer.body.len().max(2));
        let first = answer.body.slice(..answer.body.len() / 2);
        let cut = Err(io::Error::from(io::ErrorKind::ConnectionReset));
        Body::from_stream(stream::iter([Ok::<Bytes, io::Error>(first), cut]))
    } else {
        Body::from(answer.body)
    };
    response.body(body).map_err(io::Error::other)
}
