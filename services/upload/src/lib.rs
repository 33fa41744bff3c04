//! Uploads: the entry form as JSON and the film by tus 1.0.0, straight into the object store.
//!
//! | question | file |
//! |---|---|
//! | which routes are there? | `routes`, `openapi`, `home` |
//! | how is the service started and stopped, and which settings and state do its requests use? | `serve`, `settings`, `app` |
//! | what do people see in a browser? | `site` |
//! | what does an entry need, and what is its state? | `entries` |
//! | what can entrants do to an entry? | `act` |
//! | how are bytes received? | `tus` |
//! | how are they made durable? | `writer` |
//! | when is an upload complete, and what happens to the others? | `finish`, `sweep`, `free`, `fault` |
//! | who may, how often, and how many at once? | `policy`, `access`, `token`, `limit`, `places`; from which sites, `cors` |
//! | how is an entry numbered, and found by its number? | `receipt` |
//! | how is a lost link sent again? | `mail` |
//! | which open pages are notified of a change? | `live` |
//! | how does a unit enter works? | `by_unit` |
//! | what is a spreadsheet's reader asked, and what does its answer mean? | `sheet` |
//! | who is too slow, how much is stored, and how much is too much? | `senders`, `stock`, `high_water` |
//!
//! Absent here: any state between two requests, any file name as a key, any acknowledged byte that is not durable.

mod access;
mod act;
mod app;
mod cors;
mod entries;
mod fault;
mod finish;
mod free;
mod high_water;
mod home;
mod limit;
mod live;
mod mail;
mod openapi;
mod places;
mod policy;
mod receipt;
mod routes;
mod senders;
mod serve;
mod settings;
pub mod sheet;
mod site;
mod stock;
mod sweep;
mod token;
mod tus;
mod writer;

/// Works that a recommending unit enters, and the keys with which it sends their films.
pub mod by_unit {
    pub use crate::act::enter_row::{Row, RowOutcome, WorkKept, enter_row, hashes, kept_of, of, open, work_of};
    pub use crate::site::cookies::lend_entry;
    pub use crate::token::Token;
}

pub use app::App;
pub use limit::Limiter;
pub use live::{Change, Live};
pub use policy::{Listed, Policy};
pub use routes::{document, list, router, router_with, same_site};
pub use senders::Senders;
pub use serve::{Further, serve, serve_on, serve_with};
pub use settings::Settings;
pub use stock::Stock;
pub use sweep::{sweep, sweep_once};
