//! The limit in front of some routes: each of their requests takes a slot, and keeps it until it is answered or until its
//! answer was read.
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use super::client::{Peer, client_of};
use super::full::Full;
use super::places::{Place, Places};
use crate::problem::{Code, Problem};

/// How long a request keeps its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until there is an answer.
    Answered,
    /// Until the client has read the whole answer.
    Taken,
}

/// The limit in front of some routes. Clones share the slots.
#[derive(Clone)]
pub struct Gate {
    places: Places,
    /// Our proxies in front of this port, each of which adds to X-Forwarded-For.
    hops: u8,
    until: Until,
    /// `None` means no deadline.
    deadline: Option<Duration>,
}

impl Gate {
    /// For routes of which each request takes one of these slots.
    pub fn new(places: Places, hops: u8, until: Until) -> Self {
        Self { places, hops, until, deadline: None }
    }

    /// The same for routes whose answers start within `deadline`.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    fn given_up(&self) -> Full {
        self.places.turned_away.one(Full::Everywhere);
        Full::Everywhere
    }

    /// Whether this request would have to wait for a slot that others have: all are taken, and its own address has less
    /// than its share.
    pub fn is_short_for(&self, request: &Request) -> bool {
        self.places.is_short(self.address_of(request))
    }

    fn address_of(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<Peer>();
        peer.map(|peer| client_of(peer.0, request.headers(), self.hops))
    }

    /// Passes a request on when it gets a slot. A request that takes too long is aborted.
    pub async fn pass(&self, mut request: Request, next: Next) -> Result<Response, Full> {
        let place = Held(Arc::new(self.places.take(self.address_of(&request)).await?));
        request.extensions_mut().insert(place.clone());
        let answer = match self.deadline {
            Some(deadline) => timeout(deadline, next.run(request)).await.map_err(|_| self.given_up())?,
            None => next.run(request).await,
        };
        Ok(match self.until {
            Until::Answered => answer,
            Until::Taken => answer.map(|body| Body::new(Kept { body, _place: place })),
        })
    }
}

/// Middleware: a slot for each request.
pub async fn placed(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let answered = gate.pass(request, next).await;
    answered.unwrap_or_else(|full| Problem::from(Code::from(full)).into_response())
}

/// The slot of a request, among its extensions. Work that continues after the client has disconnected keeps it:
/// otherwise clients that disconnect early could have more work running at the same time than there are slots.
#[derive(Clone)]
pub struct Held(#[allow(dead_code, reason = "it frees the place when the last of it is dropped")] Arc<Place>);

/// A body that keeps a slot until it ends.
struct Kept {
    body: Body,
    _place: Held,
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
