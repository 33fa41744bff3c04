//! The state that every page needs, and the limit on how often one unit may send something.
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;
use desk::Desk;
use pipeline::catalogue::{Contest, Unit};
use runtime::child::ChildRunner;
use runtime::problem::{Code, Problem};
use runtime::scratch::Scratch;
use runtime::store::entry::units::Of;
use upload::{App, Limiter};

/// What every page needs. Clones share everything.
#[derive(Clone)]
pub(crate) struct Units {
    /// Persons and sessions, at the site of units.
    pub(crate) desk: Arc<Desk>,
    /// The public service, in which works are entered.
    pub(crate) app: Arc<App>,
    /// Sandboxed children, which read sheets.
    pub(crate) child: ChildRunner,
    /// Directories from which children read sheets.
    pub(crate) scratch: Scratch,
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
    pub(crate) fn check_rate(&self, of: &Of) -> Result<(), Problem> {
        let allowed = self.pace.allows(of.clone(), A_MINUTE, Instant::now());
        if allowed { Ok(()) } else { Err(Code::TooManyEntries.into()) }
    }

    /// The contest and the unit of an address. The gate has checked that the person belongs to the unit.
    pub(crate) fn found(&self, of: &Of) -> Result<(&Contest, &Unit), Problem> {
        let contest = self.app.catalogue.contest(&of.contest).ok_or(Code::UnitUnknown)?;
        Ok((contest, contest.unit(&of.unit).ok_or(Code::UnitUnknown)?))
    }
}
