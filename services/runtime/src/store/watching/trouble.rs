//! What waits for a person, over all entries: the first query of an operator who was alerted.
//!
//! Each kind is read through an index of its own and limited separately, so that a hundred thousand works in a queue
//! cost nothing. A queue that is merely long is no trouble; a queue from which no process claims is one trouble.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::ContestId;
use pipeline::person::Sees;
use uuid::Uuid;

use crate::store::Store;

/// Every kind, the most pressing first.
pub const KINDS: [&str; 9] = [
    "stuck",
    "overdue_recall",
    "credentials_refused",
    "recall_waits",
    "unknown_delivery",
    "no_progress",
    "parked",
    "refused_delivery",
    "waits_for_person",
];

/// Entries in progress that are examined for stuck work. The reconciler examines all of them, and so does `fsck`.
const LOOKED_THROUGH: i64 = 2_000;

/// One thing that does not continue by itself, or has not for too long.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// One of [`KINDS`].
    pub kind: String,
    /// The submission; `None` if it is about a partner's account.
    pub submission: Option<Uuid>,
    /// The contest.
    pub contest: Option<String>,
    /// The work's title.
    pub title: Option<String>,
    /// Where: `STAGE/PART` of a part, the partner of a delivery or an account.
    pub place: String,
    /// For how long, seconds.
    pub since_s: f64,
    /// When it is due.
    pub due: Option<DateTime<Utc>>,
    /// Whether a person does it at the partner: there is no API for it.
    pub by_hand: bool,
    /// The last error, or the partner's words.
    pub words: Option<String>,
}

impl Store {
    /// The most pressing first, at most `limit`, of these contests. Entries and sent deliveries count after twenty and
    /// thirty minutes without a change, as in the alerts; refusals count for a week.
    pub async fn trouble(&self, contests: &Sees, limit: u32) -> anyhow::Result<Vec<Trouble>> {
        let mut found = self.stuck_now(contests, limit).await?;
        let more = i64::from(limit).saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        found.extend(self.waiting(contests, more.max(0)).await?);
        Ok(found)
    }

    /// Work that no part will do. The reconciler repairs it within a minute; what remains here could not be repaired.
    async fn stuck_now(&self, contests: &Sees, limit: u32) -> anyhow::Result<Vec<Trouble>> {
        let ids = self.under_way_after(None, LOOKED_THROUGH).await?;
        let mut found = Vec::new();
        for stuck in self.stuck(&ids).await? {
            let place = format!("{}/{}", stuck.stage, stuck.part);
            // The work and its delivery may lack the same part.
            if found.iter().any(|it: &Trouble| it.submission == Some(stuck.submission) && it.place == place) {
                continue;
            }
            let words = match stuck.kind.as_str() {
                "surplus" => "a part is open that nothing waits for",
                _ => "no part is open for it",
            };
            let trouble = self.stuck_one(stuck.submission, &place, words).await?;
            if trouble.contest.as_deref().is_some_and(|contest| contests.includes(&ContestId::new(contest))) {
                found.push(trouble);
            }
            if found.len() >= limit as usize {
                break;
            }
        }
        Ok(found)
    }

    async fn stuck_one(&self, submission: Uuid, place: &str, words: &str) -> anyhow::Result<Trouble> {
        sqlx::query_as!(
            Trouble,
            r#"/* trouble_stuck */
            select 'stuck' as "kind!", id as "submission?", contest as "contest?", title as "title?", $2::text as "place!",
                extract(epoch from clock_timestamp() - greatest(updated_at, (
                    select max(updated_at) from deliveries where submission = $1)))::float8 as "since_s!",
                null::timestamptz as due, false as "by_hand!", $3::text as words
            from submissions where id = $1"#,
            submission,
            place,
            words,
        )
        .fetch_one(self.pool())
        .await
        .context("ask since when an entry is stuck")
    }

    /// What waits for a person: one query for each kind, in `trouble/waiting.sql`.
    async fn waiting(&self, contests: &Sees, limit: i64) -> anyhow::Result<Vec<Trouble>> {
        let contests = contests.names();
        sqlx::query_file_as!(Trouble, "src/store/watching/trouble/waiting.sql", limit, contests.as_deref(),)
            .fetch_all(self.pool())
            .await
            .context("look for trouble")
    }
}
