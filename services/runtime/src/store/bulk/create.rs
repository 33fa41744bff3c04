//! Creates a job of works that were looked at.
use anyhow::Context;
use pipeline::id::SubmissionId;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Ask;
use super::items;
use super::look::Looked;
use super::which::{Which, single};
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::By;
use crate::store::{Policy, submissions};

/// `parts.rank` of bulk work: after new entries, which have 0.
pub const BULK_RANK: i32 = 100;

/// A job that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: Uuid,
    /// Works that it will start, or has started.
    pub works: u64,
    /// Works of other jobs that have not ended, which it leaves to them.
    pub skipped: u64,
}

/// Creates a job of works that were looked at in the same transaction, after [`super::take_turn`], and were not refused; it is
/// carried out gradually. A new run of a single named work is started immediately, with the rank of new entries,
/// because a person waits for it.
pub async fn begin(
    tx: &mut PgConnection,
    policy: &Policy,
    which: &Which,
    ask: &Ask,
    looked: &Looked,
    by: &By,
) -> anyhow::Result<Created> {
    match single(which, ask) {
        Some(id) => redo_one(tx, policy, id, ask, looked, by).await,
        None => create(tx, which, ask, looked, by).await,
    }
}

async fn create(tx: &mut PgConnection, which: &Which, ask: &Ask, looked: &Looked, by: &By) -> anyhow::Result<Created> {
    let selection = match which {
        Which::Named(ids) => format!("{} named works", ids.len()),
        Which::Selected(selection) => selection.to_string(),
    };
    let id = Uuid::now_v7();
    insert_job(tx, id, &selection, ask, (BULK_RANK, &looked.contests), by).await?;
    let rows = sqlx::query_scalar!(
        r#"/* add_bulk_items */
        insert into bulk_items (job, submission, kind, seen, state, why, detail)
        select $1, new.id, $3,
            case when $3 = 'release' then (
                select concat_ws(' ', s.run, (
                    select string_agg(concat_ws('=', d.partner, d.machine ->> 'desired'), ' ' order by d.partner collate "C")
                    from deliveries d where d.submission = s.id))
                from submissions s where s.id = new.id) end,
            case when other.job is null then 'waiting' else 'skipped' end,
            case when other.job is not null then 'in_another_job' end, other.job::text
        from unnest($2::uuid[]) as new (id)
            left join bulk_items other on other.submission = new.id and other.kind = $3 and other.state in ('waiting', 'started')
        returning state"#,
        id,
        &looked.ids,
        ask.kind().name(),
    )
    .fetch_all(&mut *tx)
    .await
    .context("add the works to the job")?;
    let works = rows.iter().filter(|state| *state == "waiting").count();
    let at = ask.columns().release_at;
    let after = json!({ "job": id, "selection": selection, "ask": ask.event(), "at": at, "works": works });
    let act = Act { act: "bulk_job_created", submission: None, partner: None, before: json!(null), after };
    audit::add_about(tx, by, &act, looked.contest().as_ref()).await?;
    Ok(Created { id, works: works as u64, skipped: (rows.len() - works) as u64 })
}

async fn redo_one(
    tx: &mut PgConnection,
    policy: &Policy,
    submission: SubmissionId,
    ask: &Ask,
    looked: &Looked,
    by: &By,
) -> anyhow::Result<Created> {
    let applied = submissions::apply(tx, policy, submission, &ask.event(), by).await?;
    anyhow::ensure!(applied.changed, "submission {submission} was locked, judged, and cannot begin after all");
    let id = Uuid::now_v7();
    insert_job(tx, id, &submission.to_string(), ask, (0, &looked.contests), by).await?;
    items::insert_started(tx, id, submission, &applied.machine).await?;
    Ok(Created { id, works: 1, skipped: 0 })
}

async fn insert_job(
    tx: &mut PgConnection,
    id: Uuid,
    selection: &str,
    ask: &Ask,
    (rank, contests): (i32, &[String]),
    by: &By,
) -> anyhow::Result<()> {
    let asked = ask.columns();
    let contest = match contests {
        [one] => Some(one.as_str()),
        _ => None,
    };
    sqlx::query!(
        "/* create_bulk_job */
        insert into bulk_jobs (id, actor, name, reason, selection, from_stage, partners, replace, rank, person, credential, address,
            contest, kind, release_at, recall_within_s, contests)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        id,
        by.actor.to_string(),
        by.name.as_ref(),
        by.reason,
        selection,
        asked.from_stage,
        asked.partners.as_deref(),
        &asked.replace,
        rank,
        by.person.map(|id| id.0),
        by.credential.map(|id| id.0),
        by.address,
        contest,
        asked.kind,
        asked.release_at,
        asked.recall_within_s as _,
        contests,
    )
    .execute(tx)
    .await
    .context("store the job")?;
    Ok(())
}
