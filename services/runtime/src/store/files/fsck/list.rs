//! Lists what the object store should have, some hundred entries at a time.
use anyhow::Context;
use pipeline::id::SubmissionId;
use uuid::Uuid;

use super::expected::{Expected, OpenMultipart, Row};
use crate::store::Store;

impl Store {
    /// Ids of submissions in order, after `after`.
    pub async fn submissions_after(&self, after: Option<Uuid>, limit: i64) -> anyhow::Result<Vec<Uuid>> {
        sqlx::query_scalar!(
            "/* submissions_after */ select id from submissions where $1::uuid is null or id > $1 order by id limit $2",
            after,
            limit,
        )
        .fetch_all(self.pool())
        .await
        .context("list submissions by id")
    }

    /// Ids of uploads in order, after `after`.
    pub async fn uploads_after(&self, after: Option<Uuid>, limit: i64) -> anyhow::Result<Vec<Uuid>> {
        sqlx::query_scalar!(
            "/* uploads_after */ select id from uploads where $1::uuid is null or id > $1 order by id limit $2",
            after,
            limit,
        )
        .fetch_all(self.pool())
        .await
        .context("list uploads by id")
    }

    /// Every object that should exist for these submissions, except uploads.
    pub async fn expected_of_submissions(&self, ids: &[Uuid]) -> anyhow::Result<Vec<Expected>> {
        let rows = sqlx::query_as!(
            Row,
            r#"/* expected_of_submissions */
            with kept as (select id, state, run from submissions where id = any($1) and state <> 'withdrawn'),
            made as (
                select r.submission, object_key, r.bytes, r.sha256, cover_key, cover_bytes, cover_sha256, covers, comparison
                from renditions r join kept on kept.id = r.submission
            ),
            -- What a run under way has chosen and made; nobody needs it after that.
            chosen as (
                select c.submission, c.rendition from choices c join kept on kept.id = c.submission and kept.run = c.run
                where c.rendition is not null and kept.state in ('transcode', 'assemble')
            ),
            files (kind, submission, file) as (
                select 'cover', submission, cover->'file' from made, jsonb_array_elements(covers) as cover
                union all select 'comparison', submission, still.value
                    from made, jsonb_array_elements(comparison) as pair, jsonb_each(pair) as still
                    where still.key in ('source', 'rendition')
                union all select 'rendition', submission, rendition->'video' from chosen
                union all select 'cover', submission, rendition->'cover' from chosen
                    where jsonb_typeof(rendition->'cover') = 'object'
                union all select 'cover', submission, cover->'file'
                    from chosen, jsonb_array_elements(coalesce(rendition->'covers', '[]')) as cover
                union all select 'comparison', submission, still.value
                    from chosen, jsonb_array_elements(coalesce(rendition->'comparison', '[]')) as pair, jsonb_each(pair) as still
                    where still.key in ('source', 'rendition')
                union all select 'preview', submission, value
                    from previews p join kept on kept.id = p.submission, jsonb_each(files)
                union all select 'encoded', p.submission, value
                    from parts p join kept on kept.id = p.submission and kept.run = p.run, jsonb_each(p.output->'files')
                    where p.stage = 'transcode' and p.status = 'done' and kept.state in ('transcode', 'assemble')
                union all select 'bag', d.submission,
                        jsonb_build_object('key', (d.receipt->>'prefix') || (file->>'name'), 'bytes', file->'bytes',
                            'sha256', file->'sha256')
                    from deliveries d join kept on kept.id = d.submission, jsonb_array_elements(d.receipt->'files') as file
                    where d.receipt->>'prefix' like 'bags/%' and d.state in ('awaiting_operator', 'live')
            )
            select kind as "kind!", submission as "submission!", key as "key!", bytes as "bytes!", sha256 from (
                select kind, submission, file->>'key' as key, (file->>'bytes')::bigint as bytes,
                    decode(file->>'sha256', 'hex') as sha256
                from files
                union all select 'rendition', submission, object_key, bytes, sha256 from made
                union all select 'cover', submission, cover_key, cover_bytes, cover_sha256 from made
                    where cover_key is not null and cover_bytes is not null
                union all select 'proof', submission, file_key, file_bytes, file_sha256 from proofs
                    where submission = any($1) and file_key is not null and file_bytes is not null
            ) as expected
            where key is not null and bytes is not null"#,
            ids,
        )
        .fetch_all(self.pool())
        .await
        .context("list the objects that there should be")?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every object that should exist for these uploads.
    pub async fn expected_of_uploads(&self, ids: &[Uuid]) -> anyhow::Result<Vec<Expected>> {
        let rows = sqlx::query_as!(
            Row,
            r#"/* expected_of_uploads */
            select kind as "kind!", submission as "submission!", key as "key!", bytes as "bytes!", sha256 from (
                -- A submission has one upload as its mezzanine, which is how the index on uploads serves this.
                select 'mezzanine' as kind, s.id as submission, 'uploads/' || u.id || '/source' as key,
                    s.mezzanine_bytes as bytes, s.mezzanine_sha256 as sha256
                from uploads u join submissions s on s.id = u.submission and s.mezzanine_upload = u.id
                where u.id = any($1) and u.state = 'finished' and (s.state <> 'withdrawn' or s.held_at is not null)
                union all
                select 'piece', submission, 'uploads/' || id || '/source', "offset", null from uploads
                where id = any($1) and kind = 'partial' and state = 'finished'
                union all
                select 'tail', submission, tail_key, tail_bytes, null from uploads
                where id = any($1) and state = 'open' and tail_key is not null
            ) as expected
            where bytes is not null"#,
            ids,
        )
        .fetch_all(self.pool())
        .await
        .context("list the objects that there should be of uploads")?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Those of these uploads that are open, have parts in the object store, and are not being written to.
    pub async fn open_multiparts(&self, ids: &[Uuid]) -> anyhow::Result<Vec<OpenMultipart>> {
        let rows = sqlx::query!(
            r#"/* open_multiparts */
            select id, submission, multipart_id as "multipart_id!", "offset" from uploads
            where id = any($1) and state = 'open' and multipart_id is not null
                and (lock_until is null or lock_until < clock_timestamp())"#,
            ids,
        )
        .fetch_all(self.pool())
        .await
        .context("list unfinished uploads in parts")?;
        let open = rows.into_iter().map(|row| OpenMultipart {
            upload: row.id,
            submission: SubmissionId(row.submission),
            id: row.multipart_id,
            bytes: row.offset.max(0) as u64,
        });
        Ok(open.collect())
    }
}
