//! A deletion that goes through works in the order of their ids, some at a time.
use tracing::warn;
use uuid::Uuid;

use super::amount::{AT_ONCE, Amount};
use crate::store::is_unavailable;

/// The position of a deletion that goes through works in the order of their ids; the default is before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct From(pub(super) Option<Uuid>);

/// The result for some works.
#[derive(Debug)]
pub struct Round {
    /// What was deleted.
    pub gone: Amount,
    /// Where the next round continues; `None` after the last work.
    pub next: Option<From>,
    /// The failure of one of them. The others were processed.
    pub failure: Option<anyhow::Error>,
}

impl Round {
    /// For rows that are deleted some at a time, until none is found.
    pub(crate) fn of_rows(count: u64) -> Self {
        Self { gone: Amount { count, bytes: 0 }, next: (count > 0).then(From::default), failure: None }
    }

    /// For rows that the line of the policy does not count.
    pub(crate) fn uncounted(self) -> Self {
        Self { gone: Amount::default(), ..self }
    }
}

/// If fewer than requested were found, they were the last ones.
pub(super) fn next_after(looked: &[Uuid]) -> Option<From> {
    looked.last().filter(|_| looked.len() as i64 == AT_ONCE).map(|last| From(Some(*last)))
}

/// The result for one work; a failure is stored, and the next work is processed. Without the database there is no next
/// one.
pub(super) fn or_the_next<T: Default>(
    done: anyhow::Result<T>,
    failure: &mut Option<anyhow::Error>,
) -> anyhow::Result<T> {
    match done {
        Err(error) if is_unavailable(&error) => Err(error),
        Err(error) => {
            warn!("what is past its time stays for now: {error:#}");
            failure.get_or_insert(error);
            Ok(T::default())
        }
        done => done,
    }
}
