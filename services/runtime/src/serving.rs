//! HTTP with limits, for every port of ours. Connections are limited, in total and for one address, and so is the time
//! that a client takes to send its request or to read the answer. A client that finds no free slot is answered so, in
//! both languages, with the time after which to try again.
//!
//! | limit | enforced by | beyond it |
//! |---|---|---|
//! | connections, in total and of one address | this file | 503 or 429 and the end of the connection |
//! | the time for a head, and the silence between requests | this file | the end of the connection |
//! | how long a client reads no byte of an answer, and how slowly it reads | `stall`, `pace` | the end of the connection |
//! | requests at the same time, in total and of one address, and the time for each | `places`, `gate` | 503 or 429 |
//! | bodies | the routes | 413 |
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;
use tracing::warn;

pub mod act;
pub mod client;
pub mod counted;
pub mod docs;
pub mod full;
pub mod gate;
pub(crate) mod headers;
pub mod openapi;
pub mod origins;
pub mod pace;
pub mod page;
pub mod params;
pub mod places;
pub mod principal;
pub mod render;
mod stall;
pub mod status;
pub mod traced;
mod turn_away;
pub mod typed;

use client::Peer;
use places::Places;
use stall::Stalling;
use turn_away::leave;

use crate::doors::Doors;
use crate::metrics::TurnedAway;

/// How much of the bytes sent and received one connection may keep in memory: a head, or a piece of a body.
const BUFFER_BYTES: usize = 128 * 1024;
/// A client that reads no byte of the answer within this time counts as disconnected.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Connections beyond the limit that are served at the same time with a refusal; further ones wait in the kernel.
const TURNED_AWAY_AT_ONCE: usize = 256;
/// Wait after a failed `accept`, for example because of too few file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The limits of one port.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at the same time.
    pub connections: usize,
    /// How many of them one address may have. Behind a proxy, all come from one address.
    pub of_one_address: usize,
    /// How long a client may take to send a request's head, and may be silent between two requests.
    pub heads_within: Duration,
    /// How long running requests may take once the process stops.
    pub grace: Duration,
}

/// Serves until `stop`, and then finishes running requests until the grace period ends. Each request carries its
/// [`Peer`], and everything that is served is wrapped by [`Doors::watch`]. HTTP/1.1 only: the proxy in front of us
/// speaks HTTP/2 to clients.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    doors: Doors,
    turned_away: TurnedAway,
    stop: &CancellationToken,
) {
    let router = router.layer(from_fn_with_state(doors, Doors::watch));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(bounds.heads_within).max_buf_size(BUFFER_BYTES);
    let graceful = GracefulShutdown::new();
    let places = Places::new(bounds.connections, bounds.of_one_address, turned_away);
    let leaving = std::sync::Arc::new(tokio::sync::Semaphore::new(TURNED_AWAY_AT_ONCE));
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let way_out = leaving.clone().acquire_owned().await.ok();
            (way_out, listener.accept().await)
        };
        let (way_out, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(err) => {
                warn!("could not accept a connection: {err}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let place = match places.take_now(peer.ip()) {
            Ok(place) => place,
            Err(full) => {
                tokio::spawn(leave(stream, full, way_out));
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Stalling::new(stream, TAKEN_WITHIN));
        let connection = server.serve_connection(stream, TowerToHyperService::new(from(peer.ip(), router.clone())));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that disconnects knows it; the handler sees the end of the request's body.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.grace, graceful.shutdown()).await.is_err() {
        warn!("some requests did not end in time and were cut off; transfers can be resumed");
    }
}

/// The router, which receives the peer's address with each request.
fn from<S>(
    peer: IpAddr,
    service: S,
) -> MapRequest<S, impl FnMut(axum::http::Request<Incoming>) -> axum::http::Request<Incoming> + Clone> {
    MapRequest::new(service, move |mut request: axum::http::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request
    })
}
