//! Reads the works of a job, and their digest.
use anyhow::Context;
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::store::bulk::ask::Ask;

/// A work, and what decides whether it can start.
pub(super) struct Work {
    pub(super) id: Uuid,
    pub(super) machine: Json<Submission>,
    pub(super) renditions: i64,
    pub(super) job: Option<Uuid>,
    pub(super) under_way: bool,
    pub(super) held: bool,
}

/// The digest and the contests of the works. In SQL, so that neither rows nor texts of a hundred thousand works are
/// transferred.
pub(super) async fn digest(tx: &mut PgConnection, ids: &[Uuid]) -> anyhow::Result<(String, Vec<String>)> {
    let row = sqlx::query!(
        r#"/* digest_of_works */
        select encode(substr(sha256(convert_to(coalesce(string_agg(line, ' / ' order by id), ''), 'UTF8')), 1, 16), 'hex')
                as "digest!",
            coalesce(array_agg(distinct contest), '{}') as "contests!"
        from (
            select s.id, s.contest, concat_ws(' ', s.id, s.run, s.state, (
                select string_agg(concat_ws('=', d.partner, d.machine ->> 'desired'), ' ' order by d.partner collate "C")
                from deliveries d where d.submission = s.id)) as line
            from submissions s where s.id = any($1)
        ) works"#,
        ids,
    )
    .fetch_one(tx)
    .await
    .context("compute the digest of the works")?;
    Ok((row.digest, row.contests))
}

/// These works, in order of their ids.
pub(super) async fn works(tx: &mut PgConnection, ids: &[Uuid], single: bool, ask: &Ask) -> anyhow::Result<Vec<Work>> {
    let partners: Option<Vec<String>> =
        ask.partners().map(|partners| partners.iter().map(ToString::to_string).collect());
    sqlx::query_as!(
        Work,
        r#"/* works_to_begin */
        select s.id, s.machine as "machine: Json<Submission>",
            coalesce(jsonb_array_length(s.plan -> 'renditions'), 0)::int8 as "renditions!",
            (select i.job from bulk_items i where i.submission = s.id and i.kind = $3 and i.state in ('waiting', 'started')
                and (i.state = 'waiting' or not $2)) as job,
            $3 = 'reprocess' and exists (select from parts p where p.submission = s.id and p.stage <> 'publish'
                and p.status in ('pending', 'waiting', 'claimed')) as "under_way!",
            -- Desired there, or being taken back by no part that works.
            $3 = 'recall' and exists (select from deliveries d
                where d.submission = s.id and ($4::text[] is null or d.partner = any($4))
                    and (d.machine ->> 'desired' = 'live' or (d.state not in ('recalled', 'refused') and not exists (
                        select from parts p where p.submission = s.id and p.stage = 'publish' and p.part = 'partner/' || d.partner
                            and p.status in ('pending', 'waiting', 'claimed'))))) as "held!"
        from submissions s where s.id = any($1) order by s.id"#,
        ids,
        single,
        ask.kind().name(),
        partners.as_deref(),
    )
    .fetch_all(tx)
    .await
    .context("read the works")
}
