//! What the router of the desk holds, and the parts of it that handlers extract. No handler takes all of it: acts and
//! views need [`Desk`], the stream of updates [`Streams`], the page of checks [`Neighbours`].
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use runtime::broker::Broker;
use runtime::doors::Doors;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::http::verify::Verifier;
use crate::live::Live;
use crate::view::checks::Bounds;

/// A desk that is served. Clones share everything.
#[derive(Clone)]
pub struct Service {
    /// What acts and views need.
    pub desk: Arc<Desk>,
    /// Counts and logs refused requests.
    pub doors: Doors,
    /// Recently verified tokens; losing them costs time only.
    pub verifier: Arc<Verifier>,
    /// Sends updates to open pages.
    pub live: Live,
    /// The broker, for the checks; `None` if there is none.
    pub broker: Option<Broker>,
    /// Limits.
    pub settings: Settings,
    /// Cancelled when the service is to stop.
    pub stop: CancellationToken,
}

/// Limits of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our proxies in front of this service, each of which adds to X-Forwarded-For.
    pub forwarded_hops: u8,
    /// The share of connections and requests that one address may have, percent.
    pub address_share_percent: u8,
    /// Connections at once.
    pub connections: usize,
    /// How long a client may take to send the head of a request.
    pub heads_within: Duration,
    /// Requests at once.
    pub requests_at_once: usize,
    /// Every request is answered within this.
    pub deadline: Duration,
    /// Limits of the process, which the checks compare with the state of the other servers.
    pub neighbours: Bounds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            forwarded_hops: 0,
            address_share_percent: 100,
            connections: 512,
            heads_within: Duration::from_secs(15),
            requests_at_once: 64,
            deadline: Duration::from_secs(30),
            neighbours: Bounds { database_connections: 0, upload_high_water_gib: 0, upload_most_unfinished: 0 },
        }
    }
}

/// The updates that open pages receive until the service stops.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) live: Live,
    pub(crate) stop: CancellationToken,
}

/// The servers beside the database that the page of checks looks at.
#[derive(Clone)]
pub(crate) struct Neighbours {
    pub(crate) broker: Option<Broker>,
    pub(crate) bounds: Bounds,
}

impl FromRef<Service> for Arc<Desk> {
    fn from_ref(service: &Service) -> Self {
        service.desk.clone()
    }
}

impl FromRef<Service> for Streams {
    fn from_ref(service: &Service) -> Self {
        Self { live: service.live.clone(), stop: service.stop.clone() }
    }
}

impl FromRef<Service> for Neighbours {
    fn from_ref(service: &Service) -> Self {
        Self { broker: service.broker.clone(), bounds: service.settings.neighbours }
    }
}
