//! How many rows a list has.
use std::fmt;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;

use crate::store::Store;

/// The most works that are counted.
pub const MOST_COUNTED: u32 = 10_000;

/// How many there are. Counting stops early, because a larger number is of no use and to count a million works takes
/// seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// As far as it was counted.
    pub value: u32,
    /// Whether there may be more.
    pub more: bool,
}

impl Count {
    /// From a query that counts at most one more than `most`.
    pub(in crate::store) fn of(counted: i64, most: u32) -> anyhow::Result<Self> {
        let value = u32::try_from(counted.min(i64::from(most))).context("read a count")?;
        Ok(Self { value, more: counted > i64::from(most) })
    }

    /// Runs a query that starts with `select count(*) from (select 1`, up to `most`.
    pub(in crate::store) async fn up_to(
        most: u32,
        mut sql: QueryBuilder<Postgres>,
        store: &Store,
    ) -> anyhow::Result<Self> {
        sql.push(" limit ").push_bind(i64::from(most) + 1).push(") as counted");
        let query = sql.build_query_scalar::<i64>().persistent(false);
        Self::of(query.fetch_one(store.pool()).await?, most)
    }
}

/// `37`, `10,000+`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thousands, rest) = (self.value / 1000, self.value % 1000);
        if thousands > 0 {
            write!(f, "{thousands},{rest:03}")?;
        } else {
            write!(f, "{rest}")?;
        }
        f.write_str(if self.more { "+" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_bounded_and_say_so() {
        let shown = |value, more| Count { value, more }.to_string();
        assert_eq!([shown(37, false), shown(0, true), shown(10_000, true)], ["37", "0+", "10,000+"]);
        assert_eq!(shown(1_007, false), "1,007");
        assert_eq!(Count::of(10_000, 10_000).unwrap(), Count { value: 10_000, more: false });
        assert_eq!(Count::of(10_001, 10_000).unwrap(), Count { value: 10_000, more: true });
    }
}
