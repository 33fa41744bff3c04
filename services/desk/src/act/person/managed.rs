//! Which persons a caller may change, and which roles they may give.
use pipeline::person::{self, Held};
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::people::persons;

use crate::act::Caller;

impl Caller {
    /// Whether the caller may give and take these roles.
    pub(super) fn may_give<'a>(&self, held: impl IntoIterator<Item = &'a Held>) -> Result<(), Problem> {
        let Some(roles) = &self.roles else { return Ok(()) };
        let beyond = held.into_iter().find(|held| !person::may_give(roles, held));
        beyond.map_or(Ok(()), |held| {
            let refused = self.denied(Code::RoleBeyond).refused;
            Err(Problem { refused, ..Code::RoleBeyond.about(held.to_string()) })
        })
    }

    /// Locks all persons and finds the one to change. A person without a role in the caller's contests does not exist
    /// for the caller.
    pub(crate) async fn managed(&self, tx: &mut Transaction, named: &str) -> anyhow::Result<person::Person> {
        let unknown = || Problem::from(Code::PersonUnknown);
        let found = persons::lock(tx, named).await?.ok_or_else(unknown)?;
        found.clone().within(&self.sees).ok_or_else(unknown)?;
        if self.roles.as_ref().is_some_and(|roles| !person::may_manage(roles, &found)) {
            return Err(self.denied(Code::RoleBeyond).into());
        }
        Ok(found)
    }
}
