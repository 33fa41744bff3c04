//! Everything that organisers, reviewers, operators and auditors can do or see, implemented once.
//!
//! | question | file |
//! |---|---|
//! | what does every act and view need? | `desk` |
//! | what can staff do? | `act`, one file for each act |
//! | what can staff see? | `view`, one file for each view |
//! | how is a list written as a file? | `export` |
//! | which act does a delivery wait for? | `next` |
//! | is a file a picture? | `picture` |
//! | what are contests, themes, partners and parts called? | `names` |
//! | which routes are there, and who may use them? | `route`; `routes`, of `http::routes` and `console::routes`; `http::gate` |
//! | what surrounds every route? | `router` |
//! | what may a handler use? | `service` |
//! | which sets of roles do routes and views share? | `roles` |
//! | who receives which updates? | `live` |
//! | what does the staff API offer? | `http`, one file for each path |
//! | which pages are there? | `console` |
//! | what do other sites with a sign-in share with it? | `site` |
//! | how is the service started and stopped? | `serve` |
//! | what happens without a request? | `decisions` |
//! | which rules do the sources follow? | `structure`, a test |
//!
//! Not here: cookies and CORS on the same route, and any access to ffmpeg.

pub mod act;
mod console;
mod decisions;
mod desk;
pub mod export;
mod http;
mod live;
mod names;
pub mod next;
mod picture;
mod roles;
mod route;
mod router;
mod routes;
mod serve;
mod service;
#[cfg(test)]
mod structure;
pub mod view;

/// What sites with a sign-in are built from: the desk's own console, and the pages of recommending units.
pub mod site {
    pub use crate::console::cookie::check_line;
    pub use crate::console::{
        Asked, Filed, Guest, Here, Nothing, Paths, Sent, Shell, Visit, again, as_pages, doorway, shown, shown_with,
        sign_out,
    };
    pub use crate::http::gate::admitted;
}

pub use desk::{Desk, DeskSettings};
pub use http::openapi::document;
pub use http::verify::Verifier;
pub use live::{Change, Live, Update};
pub use route::{Listed, Policy};
pub use routes::list;
pub use serve::{serve, serve_on};
pub use service::{Service, Settings};
