//! The database's records of objects: which objects there should be, and who owns an object without a row.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{SubmissionId, UploadId};
use pipeline::object_key::ObjectKey;
use uuid::Uuid;

use super::Store;
use crate::fsck::Kind;
use crate::objects::Multipart;

/// An object that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What it is.
    pub kind: Kind,
    /// The submission.
    pub submission: SubmissionId,
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Its SHA-256, if it was computed.
    pub sha256: Option<Vec<u8>>,
}

/// The state of the owner of an object without a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Parts of the run, or the upload, are open: a worker may just have stored it.
    pub in_hand: bool,
    /// A delivery by hand that was not recalled.
    pub delivering: bool,
    /// It is garbage already.
    pub doomed: bool,
}

/// An upload that is open and has parts in the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMultipart {
    /// The upload.
    pub upload: Uuid,
    /// The submission.
    pub submission: SubmissionId,
    /// The server's id.
    pub id: String,
    /// Bytes that were confirmed to a client as durable.
    pub bytes: u64,
}

impl OpenMultipart {
    /// As the object store knows it.
    pub fn multipart(&self) -> Multipart {
        Multipart { key: ObjectKey::Upload(UploadId(self.upload)).to_string(), id: self.id.clone() }
    }
}

struct Row {
    kind: String,
    submission: Uuid,
    key: String,
    bytes: i64,
    sha256: Option<Vec<u8>>,
}

impl TryFrom<Row> for Expected {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> anyhow::Result<Self> {
        Ok(Self {
            kind: Kind::called(&row.kind).with_context(|| format!("there are no objects of kind {}", row.kind))?,
            submission: SubmissionId(row.submission),
            key: row.key,
            bytes: row.bytes.try_into().context("an object of less than no bytes")?,
            sha256: row.sha256,
        })
    }
}

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

    /// The state of a submission, for an object of its own without a row.
    pub async fn owner_of_objects(&self, submission: Uuid, key: &str) -> anyhow::Result<Owner> {
        sqlx::query_as!(
            Owner,
            r#"/* owner_of_objects */
            select exists (
                select from parts where submission = $1 and status in ('pending', 'waiting', 'claimed', 'parked')
                    and split_part($2, '/', 3) = run::text and split_part($2, '/', 1) in ('work', 'renditions', 'previews')
            ) as "in_hand!", exists (
                select from deliveries where submission = $1 and partner = split_part($2, '/', 4) and state <> 'recalled'
            ) as "delivering!", exists (
                select from garbage where prefix = any(array(select left($2, n) from generate_series(0, length($2)) as n))
                    and not $2 = any(keep)
            ) as "doomed!""#,
            submission,
            key,
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("ask whose {key} is"))
    }

    /// The state of an upload, for an object of its own without a row. The sweeper frees what the upload freed.
    pub async fn owner_of_upload(&self, upload: Uuid, key: &str) -> anyhow::Result<Owner> {
        sqlx::query_as!(
            Owner,
            r#"/* owner_of_upload */
            select exists (
                select from uploads where id = $1 and (state in ('open', 'assembling') or lock_until > clock_timestamp())
            ) as "in_hand!", false as "delivering!", exists (
                select from garbage where prefix = any(array(select left($2, n) from generate_series(0, length($2)) as n))
                    and not $2 = any(keep)
                union all select from uploads where id = $1 and free_at is not null
            ) as "doomed!""#,
            upload,
            key,
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("ask whose {key} is"))
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

    /// Records one object without a row as garbage; returns when it is deleted.
    pub async fn note_orphan(&self, key: &str) -> anyhow::Result<DateTime<Utc>> {
        sqlx::query_scalar!(
            "/* note_orphan */
            insert into garbage (prefix, single, due) values ($1, true, clock_timestamp() + make_interval(secs => $2))
            returning due",
            key,
            self.policy().garbage_delay.as_secs_f64(),
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("note {key} as garbage"))
    }
}
