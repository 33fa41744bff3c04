//! Contests take turns at being claimed from, so that a new contest does not wait until a large one is finished. At
//! regular intervals a claim takes the oldest part of all, whatever its contest: a part waits at most that many times
//! as long as without turns.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pipeline::stage::Stage;

/// One of this many claims of a stage takes the oldest part of all; the others go through the contests in turn.
const OLDEST_EVERY: u32 = 4;

/// Which contest this process claimed from last, at each stage. It is neither stored nor shared: each process takes its
/// own turns, which has the same effect, and claims of several processes do not wait for each other.
#[derive(Debug, Default)]
pub(in crate::store) struct Turns(Mutex<HashMap<Stage, Turn>>);

#[derive(Debug, Default)]
struct Turn {
    claims: u32,
    contest: Option<String>,
}

impl Turns {
    /// The contest after which the next claim searches for another one; `None` if it takes the oldest part of all.
    pub(super) fn after(&self, stage: Stage) -> Option<String> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(stage).or_default();
        turn.claims = turn.claims.wrapping_add(1);
        if turn.claims.is_multiple_of(OLDEST_EVERY) { None } else { turn.contest.clone() }
    }

    /// A part of `contest` was claimed by a search after `after`.
    pub(super) fn took(&self, stage: Stage, after: Option<&str>, contest: String) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(stage).or_default();
        if after.is_some() || turn.contest.is_none() {
            turn.contest = Some(contest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_few_claims_take_the_oldest_part_and_do_not_move_the_turn() {
        let turns = Turns::default();
        let mut looked = Vec::new();
        for claimed in ["a", "b", "c", "a", "a", "b", "c", "a"] {
            let after = turns.after(Stage::Probe);
            turns.took(Stage::Probe, after.as_deref(), claimed.to_owned());
            looked.push(after);
        }
        let of = |contest: &str| Some(contest.to_owned());
        assert_eq!(looked, [None, of("a"), of("b"), None, of("c"), of("a"), of("b"), None]);
        assert_eq!(turns.after(Stage::Publish), None, "each stage has its own");
    }
}
