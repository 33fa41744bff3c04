//! Whether a delivery has its turn at the partner's main account, and which call was refused by the budget.
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime::outcome::OverBudget;
use runtime::store::partners::accounts::{Account, Budget, MAIN};

/// Whether one job has its turn. The calls of the job share it.
#[derive(Debug, Default)]
pub(crate) struct Turn(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    begun: bool,
    over: Option<OverBudget>,
}

impl Turn {
    /// `begun`: its reserved time has come, or it waits for no other delivery.
    pub(crate) fn new(begun: bool) -> Self {
        Self(Mutex::new(State { begun, over: None }))
    }

    /// Whether a call to this account begins the delivery and so comes after those that reserved theirs.
    pub(crate) fn waits(&self, account: &Account) -> bool {
        account.name == MAIN && !self.state().begun
    }

    /// The account could be called.
    pub(crate) fn passed(&self, account: &Account) {
        let mut state = self.state();
        state.begun |= account.name == MAIN;
        state.over = None;
    }

    /// The account could not be called yet.
    pub(crate) fn refused(&self, account: &Account, budget: Budget, wait: std::time::Duration) {
        let mut state = self.state();
        let begun = state.begun || account.name != MAIN;
        state.over = Some(OverBudget { account: account.clone(), budget, wait, begun });
    }

    /// What the job waits for, if its last call was refused by the budget.
    pub(crate) fn over(&self) -> Option<OverBudget> {
        self.state().over.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_delivery_has_its_turn_from_its_first_call_to_the_main_account() {
        let account = |name: &str| Account { partner: "bilibili".into(), name: name.to_owned() };
        let (main, other) = (account(MAIN), account("renewal"));
        let budget = Budget { per_minute: 60, burst: 1 };
        let turn = Turn::new(false);
        turn.passed(&other);
        assert!(turn.waits(&main) && !turn.waits(&other));
        turn.refused(&main, budget, Duration::from_secs(1));
        assert_eq!(turn.over().map(|over| over.begun), Some(false));
        turn.passed(&main);
        assert!(!turn.waits(&main) && turn.over().is_none());
        turn.refused(&main, budget, Duration::from_secs(1));
        assert_eq!(turn.over().map(|over| over.begun), Some(true), "it goes on before those that have not begun");
    }
}
