//! The first page: what waits for this person in the roles that they hold, how each contest progresses towards its
//! deadline, and what is wrong. Every number is limited and comes with the time since when the oldest item has waited.
use pipeline::person::Person;
use runtime::problem::Problem;
use serde::Serialize;

use super::trouble::{self, Item};
use crate::Desk;
use crate::roles::READERS;
use outlook::outlook;
use waits::waits;

mod outlook;
mod waits;

pub use outlook::Outlook;
pub use waits::{Waits, What};

/// The most troubles on the first page; the list has all of them.
const MOST_TROUBLES: u32 = 20;

/// What a person sees first.
#[derive(Clone, Debug, Serialize)]
pub struct Home {
    /// What waits for them: by role, then by contest.
    pub waits: Vec<Waits>,
    /// The contests that they read, by id.
    pub contests: Vec<Outlook>,
    /// What is wrong, the most pressing first.
    pub trouble: Vec<Item>,
    /// Whether there are more.
    pub more_trouble: bool,
}

/// Collects everything for one person.
pub async fn home(desk: &Desk, person: &Person) -> Result<Home, Problem> {
    let waits = waits(desk, person).await?;
    let mut contests = Vec::new();
    let reads = person.sees_in(READERS);
    for contest in desk.catalogue.contests.values().filter(|contest| reads.includes(&contest.id)) {
        contests.push(outlook(desk, contest).await?);
    }
    let mut trouble = trouble::within(desk, &reads, MOST_TROUBLES + 1).await?;
    let more_trouble = trouble.len() > MOST_TROUBLES as usize;
    trouble.truncate(MOST_TROUBLES as usize);
    Ok(Home { waits, contests, trouble, more_trouble })
}
