//! Uploads in: the entry form as JSON and the film by tus 1.0.0, straight into the object store.
//!
//! | question | file |
//! |---|---|
//! | which routes are there? | `routes`, `openapi`, `docs`, `home` |
//! | what does an entry need, and how does it stand? | `entries` |
//! | how do bytes come in and survive? | `tus` |
//! | when is an upload whole, and what happens to the others? | `finish`, `sweep` |
//! | what do organisers see and do? | `desk` |
//! | who may, how often, and how many at once? | `access`, `token`, `limit`, `places`, counted in `count` |
//! | who is too slow, and how much is unfinished altogether? | `senders`, `stock` |
//! | what can be wrong, in two languages? | `problem` |
//! | what may people type? | `typed` |
//! | how does a request show in a trace? | `traced` |
//!
//! Absent here: any state between two requests, any file name as a key, any byte that was told to be durable and is not.

mod access;
mod app;
mod cors;
mod count;
mod desk;
mod docs;
mod entries;
mod finish;
mod home;
mod limit;
mod openapi;
mod places;
mod problem;
mod render;
mod routes;
mod senders;
mod serve;
mod stock;
mod sweep;
mod token;
mod traced;
mod tus;
mod typed;

pub use access::Policy;
pub use app::{App, Settings};
pub use desk::verify::Verifier;
pub use limit::Limiter;
pub use openapi::document;
pub use problem::Code;
pub use routes::{Listed, list, router};
pub use senders::Senders;
pub use serve::{serve, serve_on};
pub use stock::Stock;
pub use sweep::{sweep, sweep_once};
