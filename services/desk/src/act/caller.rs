//! The caller of an act, and how an act's transaction begins and ends.
use std::collections::BTreeSet;

use pipeline::id::PersonId;
use pipeline::person::{Held, Sees};
use pipeline::text::Limit;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::people::idempotency::{Answer, Begun, Keyed};
use runtime::store::submissions::history::By;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The caller of an act.
#[derive(Clone)]
pub struct Caller {
    /// The actor in the audit trail.
    pub by: By,
    /// The contests whose works the caller may see and change.
    pub sees: Sees,
    /// The roles of the caller's credential; for a token, its one role. `None`: an operator on the command line, who
    /// has the database's password and may do every act.
    pub roles: Option<BTreeSet<Held>>,
    /// Recognises a repeated request; `None` where requests are not repeated automatically, such as on a command line.
    pub key: Option<Keyed>,
}

/// What an act did, or would do.
#[derive(Debug)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// Whether an earlier request with the same key did it; this is then that request's result.
    pub repeated: bool,
}

/// Ends the transaction of a dry run: everything it did is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("a dry run ends here")]
struct DryRunEnds(serde_json::Value);

impl Caller {
    /// The problem of an act that the caller's credential does not permit.
    pub(crate) fn denied(&self, code: Code) -> Problem {
        code.refused(Door::Organisers, Reason::Forbidden, self.by.credential)
    }

    /// The calling person. The queue is for persons: a command-line login without a person has none.
    pub(crate) fn person(&self) -> Result<PersonId, Problem> {
        self.by.person.ok_or_else(|| Code::PersonUnknown.into())
    }

    /// The caller with a reason for the audit trail: 1 to 500 characters, or none.
    pub(crate) fn because(&self, reason: Option<&str>) -> Result<By, Problem> {
        Ok(self.by.clone().because(typed::optional("reason", reason, Limit::REASON)?))
    }

    /// Must be called first in the act's transaction. `Some`: it was done before, with this result.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        tx: &mut Transaction,
        dry_run: bool,
    ) -> anyhow::Result<Option<Done<T>>> {
        let Some(key) = self.key.as_ref().filter(|_| !dry_run) else { return Ok(None) };
        match key.begin(tx).await? {
            Begun::First => Ok(None),
            Begun::Again(answer) => Ok(Some(Done { value: serde_json::from_value(answer.body)?, repeated: true })),
            Begun::AnotherRequest => Err(Problem::from(Code::IdempotencyKeyReused).into()),
        }
    }

    /// Must be called last in the act's transaction: stores the result under the key, or ends a dry run.
    pub(crate) async fn end<T: Serialize + Sync>(
        &self,
        tx: &mut Transaction,
        dry_run: bool,
        value: T,
    ) -> anyhow::Result<Done<T>> {
        if dry_run {
            return Err(DryRunEnds(serde_json::to_value(&value)?).into());
        }
        if let Some(key) = &self.key {
            let body = serde_json::to_value(&value)?;
            key.end(tx, &Answer { status: 200, location: None, body, again: false }).await?;
        }
        Ok(Done { value, repeated: false })
    }
}

/// The result of an act's transaction; for a dry run, what it would have done.
pub(crate) fn settle<T: DeserializeOwned>(result: anyhow::Result<Done<T>>) -> Result<Done<T>, Problem> {
    result.or_else(|error| match error.downcast::<DryRunEnds>() {
        Ok(DryRunEnds(value)) => {
            let value = serde_json::from_value(value).map_err(anyhow::Error::from)?;
            Ok(Done { value, repeated: false })
        }
        Err(error) => Err(error.into()),
    })
}
