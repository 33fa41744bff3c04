//! The pages of staff: each parses, calls an act or a view, and renders. Every act is a plain form: POST, then 303.
//!
//! | question | file |
//! |---|---|
//! | who opened a page, in which language? | `visit` |
//! | what surrounds each page? | `shell`, `templates/desk.html` |
//! | with which headers is a page answered? | `html` |
//! | how is a form read, and recognised when it is sent twice? | `sent` |
//! | how does a problem look in a browser? | `problem_page` |
//! | which cookies are there? | `cookie` |
//! | what does a sign-in learn about a browser, and which cookies does it get? | `browser` |
//! | what are jobs and stages called? | `job_text` |
//! | which contests and themes may be chosen? | `names` |
//! | how are screening's rules shown? | `rules` |
//! | how is a job's choice of works shown? | `selected` |
//! | how are before and after of an audit row shown? | `record` |
//! | what is in a list to choose from? | `choice` |
//! | how is an address with a query written? | `address` |
//!
//! Each file with pages lists its routes; `routes` collects them.
mod address;
mod assets;
mod audit;
mod beside;
mod browser;
mod bulk;
mod checks;
mod choice;
mod compare;
pub(crate) mod cookie;
mod deliveries;
mod delivery;
mod events;
mod filed;
mod home;
mod html;
mod invitation;
mod job_text;
mod jobs;
mod local;
pub(crate) mod loudness;
mod me;
mod names;
mod partners;
mod people;
mod preview;
mod problem_page;
mod proof;
mod queue;
mod record;
pub(crate) mod routes;
mod rules;
mod selected;
pub(crate) mod sent;
pub(crate) mod shell;
mod sign_in;
mod trouble;
pub(crate) mod visit;
mod work;
mod works;

pub(crate) use address::{address, filtered};
pub(crate) use choice::{Choice, choices};
pub(crate) use events::{check_streams, is_refresh};
pub use filed::Filed;
pub use html::{shown, shown_with};
pub(crate) use names::{contests_seen, themes};
pub use problem_page::{again, as_pages};
pub use sent::{Asked, Nothing, Sent};
pub use shell::{Here, Shell};
pub use sign_in::{Paths, doorway, sign_out};
pub use visit::{Guest, Visit};

pub(crate) use crate::roles::{CARRIERS, EVIDENCE, READERS};
pub(crate) use crate::route::{open, page, post_to};
pub(crate) use pages::serve::{inside, see};
