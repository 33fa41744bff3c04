//! Claiming: one statement finds the best part, takes it, and reads its work.
//!
//! New entries are claimed contest by contest in turn, so a new contest does not wait until a large one is finished. At
//! regular intervals a claim takes the oldest part of all, whatever its contest: a part waits at most that many times
//! as long as without turns.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use pipeline::id::{Fence, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::screening::Verdict;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::types::Json;

use super::Claim;
use crate::store::Store;
use crate::store::submissions::{Row, SubmissionRow};

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
    fn after(&self, stage: Stage) -> Option<String> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(stage).or_default();
        turn.claims = turn.claims.wrapping_add(1);
        if turn.claims.is_multiple_of(OLDEST_EVERY) { None } else { turn.contest.clone() }
    }

    /// A part of `contest` was claimed by a search after `after`.
    fn took(&self, stage: Stage, after: Option<&str>, contest: String) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(stage).or_default();
        if after.is_some() || turn.contest.is_none() {
            turn.contest = Some(contest);
        }
    }
}

impl Store {
    /// Claims the best pending part of `stage` and reads its submission, or `None` if there is none. `holder` is for
    /// people.
    ///
    /// The submission is as of the start of the statement, when the part was already pending: it is not older than the
    /// change that made it pending.
    pub async fn claim_work(&self, stage: Stage, holder: &str) -> anyhow::Result<Option<(Claim, SubmissionRow)>> {
        let after = self.turns.after(stage);
        let row = sqlx::query!(
            r#"/* claim */
            with next as (
                -- The contests that have new entries' parts, from the one after $4 to the one before it.
                select coalesce(
                    (select contest from parts where stage = $1 and status = 'pending' and rank = 0 and contest > $4
                        order by contest limit 1),
                    (select contest from parts where stage = $1 and status = 'pending' and rank = 0 and contest < $4
                        order by contest limit 1)) as contest
            ), in_turn as (
                select submission, run, stage, part, call_at from parts
                where stage = $1 and status = 'pending' and rank = 0 and contest = (select contest from next)
                order by created_at, effort_ms desc limit 1 for update skip locked
            ), oldest as (
                -- Not looked for where the turn gave one.
                select submission, run, stage, part, call_at from parts
                where stage = $1 and status = 'pending' and not exists (select from in_turn)
                order by rank, created_at, effort_ms desc limit 1 for update skip locked
            ), best as (
                select * from in_turn union all select * from oldest
            )
            update parts p set status = 'claimed', fence = nextval('part_fences'), holder = $2, progress = 0, call_at = null,
                lease_until = clock_timestamp() + make_interval(secs => $3), started_at = clock_timestamp()
            from best join submissions s on s.id = best.submission
            where p.submission = best.submission and p.run = best.run and p.stage = best.stage and p.part = best.part
            returning p.run, p.part, p.attempt, p.fence as "fence!", p.traceparent as part_traceparent,
                p.contest as part_contest, best.call_at is not null as "reserved!",
                extract(epoch from clock_timestamp() - p.not_before)::float8 as "waited_s!",
                s.id, s.receipt, s.contest, s.machine as "machine: Json<Submission>", s.title, s.theme, s.synopsis, s.recommending_unit,
                s.declarations, s.token_sha256, s.mezzanine_upload, s.mezzanine_bytes, s.mezzanine_sha256, s.declared_sha256,
                s.media_info as "media_info: Json<MediaInfo>", s.verdict as "verdict: Json<Verdict>",
                s.plan as "plan: Json<Plan>", s.traceparent, s.cure_until, s.cure_reason, s.created_at,
                s.updated_at"#,
            stage.name(),
            holder,
            self.policy().lease.as_secs_f64(),
            after,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("claim a part of {stage}"))?;
        let Some(row) = row else { return Ok(None) };
        self.turns.took(stage, after.as_deref(), row.part_contest);
        let claim = Claim {
            submission: SubmissionId(row.id),
            run: row.run as u32,
            stage,
            part: row.part.parse()?,
            attempt: row.attempt as u32 + 1,
            fence: Fence(row.fence),
            traceparent: row.part_traceparent,
            waited_s: row.waited_s.max(0.0),
            reserved: row.reserved,
        };
        let submission = Row {
            id: row.id,
            receipt: row.receipt,
            contest: row.contest,
            machine: row.machine,
            title: row.title,
            theme: row.theme,
            synopsis: row.synopsis,
            recommending_unit: row.recommending_unit,
            declarations: row.declarations,
            token_sha256: row.token_sha256,
            mezzanine_upload: row.mezzanine_upload,
            mezzanine_bytes: row.mezzanine_bytes,
            mezzanine_sha256: row.mezzanine_sha256,
            declared_sha256: row.declared_sha256,
            media_info: row.media_info,
            verdict: row.verdict,
            plan: row.plan,
            traceparent: row.traceparent,
            cure_until: row.cure_until,
            cure_reason: row.cure_reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Some((claim, submission.into())))
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
