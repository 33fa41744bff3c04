//! The pages of recommending units at the public address: a person of a unit signs in, sends its sheet (推荐汇总表), enters
//! the valid rows, prints the receipts, and sends the films of a whole folder.
//!
//! | question | file |
//! |---|---|
//! | which routes are there? | `routes` |
//! | who may use them, and for which unit? | `gate` |
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

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;
use desk::Desk;
use pipeline::catalogue::{Contest, Unit};
use runtime::problem::{Code, Problem};
use runtime::service::Runtime;
use runtime::store::bulk::Addresses;
use runtime::store::units::Of;
use upload::{App, Further, Limiter};

pub use gate::Policy;
pub use routes::{Listed, list};

/// What every page needs. Clones share everything.
#[derive(Clone)]
pub(crate) struct Units {
    /// Persons and sessions, at the site of units.
    pub(crate) desk: Arc<Desk>,
    /// The public service, in which works are entered.
    pub(crate) app: Arc<App>,
    /// Sandboxed children, which read sheets.
    pub(crate) runtime: Arc<Runtime>,
    /// How often a unit sends sheets and enters their rows.
    pub(crate) pace: Arc<Limiter<Of>>,
}

/// Sheets that are sent or entered for one unit in a minute: more than clerks do by hand.
const A_MINUTE: u32 = 20;

impl FromRef<Units> for Arc<Desk> {
    fn from_ref(units: &Units) -> Self {
        units.desk.clone()
    }
}

impl Units {
    /// Refuses what comes too often for one unit, such as from a script with a clerk's cookie.
    pub(crate) fn spare(&self, of: &Of) -> Result<(), Problem> {
        let allowed = self.pace.allows(of.clone(), A_MINUTE, Instant::now());
        if allowed { Ok(()) } else { Err(Code::TooManyEntries.into()) }
    }

    /// The contest and the unit of an address. The gate has checked that the person belongs to the unit.
    pub(crate) fn found(&self, of: &Of) -> Result<(&Contest, &Unit), Problem> {
        let contest = self.app.catalogue.contest(&of.contest).ok_or(Code::UnitUnknown)?;
        Ok((contest, contest.unit(&of.unit).ok_or(Code::UnitUnknown)?))
    }
}

/// The pages, as the public service serves them.
///
/// # Errors
/// If the configuration names no keys for personal data, or has a wrong address.
pub fn further(runtime: Arc<Runtime>, app: Arc<App>, addresses: Addresses) -> anyhow::Result<Further> {
    let desk = Arc::new(Desk::of_units(&runtime, addresses)?);
    let units = Units { desk, app, runtime, pace: Arc::default() };
    let mut paths: Vec<&'static str> = list().into_iter().map(|route| route.path).collect();
    paths.dedup();
    Ok(Further { router: routes::router(units), paths })
}
