//! The lines of the policy that are about rows of the database: what is past its time, and how it is deleted.
use std::time::Instant;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Retention;

use crate::store::Store;
use crate::store::files::retention::{Amount, From, Round};
use crate::store::submissions::history::By;

/// A line of the policy that is about rows of the database.
#[derive(Clone, Copy)]
pub(super) enum Duty {
    PersonalData,
    Superseded,
    Uploads,
    Attempts,
    Outputs,
    History,
    Exchanges,
    SignIns,
    Drafts,
}

impl Duty {
    pub(super) const ALL: [Duty; 9] = [
        Duty::PersonalData,
        Duty::Superseded,
        Duty::Uploads,
        Duty::Attempts,
        Duty::Outputs,
        Duty::History,
        Duty::Exchanges,
        Duty::SignIns,
        Duty::Drafts,
    ];

    /// The key of the policy.
    pub(super) fn key(self) -> &'static str {
        match self {
            Duty::PersonalData => "personal_data_days",
            Duty::Superseded => "superseded_days",
            Duty::Uploads => "uploads_days",
            Duty::Attempts => "attempts_days",
            Duty::Outputs => "outputs_days",
            Duty::History => "history_days",
            Duty::Exchanges => "exchanges_days",
            Duty::SignIns => "sign_ins_days",
            Duty::Drafts => "drafts_days",
        }
    }

    /// What is counted.
    pub(super) fn of(self) -> &'static str {
        match self {
            Duty::PersonalData => "entrants",
            Duty::Superseded => "renditions",
            Duty::Uploads => "records of uploads",
            Duty::Attempts => "records of attempts",
            Duty::Outputs => "outputs of parts",
            Duty::History => "lines of history about single parts",
            Duty::Exchanges => "exchanges that were made again later",
            Duty::SignIns => "sessions and invitations of staff",
            Duty::Drafts => "forms that were not sent, and sheets",
        }
    }

    /// Days; `None` keeps it for ever.
    pub(super) fn kept(self, policy: &Retention) -> Option<u32> {
        match self {
            Duty::PersonalData => policy.personal_data_days,
            Duty::Superseded => policy.superseded_days,
            Duty::Uploads => policy.uploads_days,
            Duty::Attempts => policy.attempts_days,
            Duty::Outputs => policy.outputs_days,
            Duty::History => policy.history_days,
            Duty::Exchanges => policy.exchanges_days,
            Duty::SignIns => policy.sign_ins_days,
            Duty::Drafts => policy.drafts_days,
        }
    }

    /// What would be deleted.
    pub(super) async fn due(self, store: &Store, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        match self {
            Duty::PersonalData => store.personal_data_due(before).await,
            Duty::Superseded => store.superseded(before).await,
            Duty::Uploads => store.given_up_uploads(before).await,
            Duty::Attempts => store.old_attempts(before).await,
            Duty::Outputs => store.old_outputs(before).await,
            Duty::History => store.old_history(before).await,
            Duty::Exchanges => store.old_exchanges(before).await,
            Duty::SignIns => store.old_sign_ins(before).await,
            Duty::Drafts => {
                let (drafts, sheets) = (store.old_drafts(before).await?, store.old_sheets(before).await?);
                Ok(Amount { count: drafts.count + sheets.count, bytes: 0 })
            }
        }
    }

    /// Deletes all data of this line that expired, or as much as the time allows. Returns what was deleted, and whether
    /// there may be more. A work that fails is skipped.
    pub(super) async fn carry_out(
        self,
        store: &Store,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
        until: Option<Instant>,
    ) -> anyhow::Result<(Amount, bool)> {
        let (mut all, mut failure, mut from) = (Amount::default(), None, From::default());
        loop {
            let Round { gone, next, failure: failed } = self.round(store, from, before, days, by).await?;
            all = Amount { count: all.count + gone.count, bytes: all.bytes + gone.bytes };
            failure = failure.or(failed);
            match next {
                Some(next) if until.is_none_or(|until| Instant::now() < until) => from = next,
                next => return failure.map_or(Ok((all, next.is_some())), Err),
            }
        }
    }

    async fn round(
        self,
        store: &Store,
        from: From,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
    ) -> anyhow::Result<Round> {
        match self {
            Duty::PersonalData => store.forget_entrants(from, before, days, by).await,
            Duty::Superseded => store.forget_superseded(from, before).await,
            Duty::Uploads => match store.forget_uploads(before).await? {
                0 => store.forget_upload_parts().await.map(|parts| Round::of_rows(parts).uncounted()),
                uploads => Ok(Round::of_rows(uploads)),
            },
            Duty::Attempts => store.forget_attempts(before).await.map(Round::of_rows),
            Duty::Outputs => store.forget_outputs(before).await.map(Round::of_rows),
            Duty::History => store.forget_history(before).await.map(Round::of_rows),
            Duty::Exchanges => store.forget_exchanges(before).await.map(Round::of_rows),
            Duty::SignIns => store.forget_sign_ins(before).await.map(Round::of_rows),
            Duty::Drafts => match store.forget_drafts(before).await? {
                0 => store.forget_sheets(before).await.map(Round::of_rows),
                drafts => Ok(Round::of_rows(drafts)),
            },
        }
    }
}
