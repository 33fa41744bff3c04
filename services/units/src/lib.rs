//! The pages of recommending units at the public address: a person of a unit signs in, sends its sheet (推荐汇总表), enters
//! the valid rows, prints the receipts, and sends the films of a whole folder.
//!
//! | question | file |
//! |---|---|
//! | which routes are there? | `routes` |
//! | who may use them, and for which unit? | `gate` |
//! | what do all pages share? | `state` |
//! | how is a sheet read and stored? | `sheet` |
//! | what is the outcome of each row? | `rows` |
//! | which pages are there? | `page`, one file for each page with its template in `templates/` |
//!
//! Sign-in, sessions and invitations come from the desk (`desk::site`), but for a separate site: a cookie of one is not
//! accepted by the other. A row is entered by the same act as from the page and the API (`upload::by_unit`). Not here:
//! CORS, SQL, and any rule about forms, titles or files.

mod gate;
mod page;
mod routes;
mod rows;
mod sheet;
mod state;

use std::sync::Arc;

use desk::Desk;
use runtime::service::Runtime;
use runtime::store::bulk::Addresses;
use upload::{App, Further};

use state::Units;

pub use gate::Policy;
pub use routes::{Listed, list};

/// The pages, as the public service serves them.
///
/// # Errors
/// If the configuration names no keys for personal data, or has a wrong address.
pub fn further(runtime: &Runtime, app: Arc<App>, addresses: Addresses) -> anyhow::Result<Further> {
    let desk = Arc::new(Desk::of_units(runtime, addresses)?);
    let (child, scratch) = (runtime.child.clone(), runtime.scratch.clone());
    let units = Units { desk, app, child, scratch, pace: Arc::default() };
    let mut paths: Vec<&'static str> = list().into_iter().map(|route| route.path).collect();
    paths.dedup();
    Ok(Further { router: routes::router(units), paths })
}
