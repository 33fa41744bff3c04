//! Films that another film of the same work replaced: the decisions about them are kept, everything else is deleted.
//! Also the facts that decide whether a film may be replaced.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use pipeline::id::{ContestId, SubmissionId, UploadId};
use pipeline::media_info::MediaInfo;
use pipeline::object_key::ObjectKey;
use pipeline::replacing::{Circumstances, Cure};
use pipeline::screening::Verdict;
use pipeline::submission::{State, Submission};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::files::{garbage, previews};
use crate::store::people::reviews;
use crate::store::work::fingerprints;
use crate::store::{Policy, Store, submissions};

/// A replaced film.
#[derive(Clone, Debug)]
pub struct FormerFilm {
    /// Its last run.
    pub run: u32,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// Its SHA-256 as verified.
    pub sha256: Option<Vec<u8>>,
    /// The state of the work with it.
    pub state: State,
    /// What the probe measured.
    pub media_info: Option<MediaInfo>,
    /// The verdict of screening.
    pub verdict: Option<Verdict>,
    /// When the other film was complete.
    pub replaced_at: DateTime<Utc>,
}

/// The facts that decide whether an entrant may send another film, or other texts.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The work.
    pub work: Submission,
    /// Its contest.
    pub contest: ContestId,
    /// The cure window that was opened last.
    pub cure: Option<Cure>,
    with_partners: bool,
    held: bool,
    in_review: bool,
}

impl Facts {
    /// The same for `pipeline::replacing`, at a time of the server's clock.
    pub fn circumstances<'a>(&'a self, contest: &'a Contest, now: DateTime<Utc>) -> Circumstances<'a> {
        Circumstances {
            work: &self.work,
            contest,
            cure: self.cure.as_ref(),
            with_partners: self.with_partners,
            held: self.held,
            in_review: self.in_review,
            now,
        }
    }
}

impl Store {
    /// Replaced films of a work, the oldest first.
    pub async fn former_films(&self, id: SubmissionId) -> anyhow::Result<Vec<FormerFilm>> {
        let rows = sqlx::query!(
            r#"/* former_films */
            select run, bytes, sha256, state as "state: Json<State>", media_info as "media_info: Json<MediaInfo>",
                verdict as "verdict: Json<Verdict>", replaced_at
            from former_films where submission = $1 order by run"#,
            id.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load the former films of {id}"))?;
        let films = rows.into_iter().map(|row| FormerFilm {
            run: row.run.max(0) as u32,
            bytes: row.bytes.map(|bytes| bytes.max(0) as u64),
            sha256: row.sha256,
            state: row.state.0,
            media_info: row.media_info.map(|info| info.0),
            verdict: row.verdict.map(|verdict| verdict.0),
            replaced_at: row.replaced_at,
        });
        Ok(films.collect())
    }

    /// The current facts that decide whether an entrant may send another film or other texts. `None` if there is no
    /// such work.
    pub async fn facts(&self, id: SubmissionId) -> anyhow::Result<Option<Facts>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        facts(&mut connection, id).await
    }
}

/// The same for a work that is locked until the end of the transaction.
pub async fn locked_facts(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Facts> {
    submissions::lock(tx, id).await?;
    facts(tx, id).await?.with_context(|| format!("there is no submission {id}"))
}

async fn facts(connection: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Option<Facts>> {
    let row = sqlx::query!(
        r#"/* facts_of_a_film */
        select contest, machine as "machine: Json<Submission>", cure_until, cure_reason, held_at is not null as "held!",
            exists (
                select from deliveries where submission = s.id and state not in ('planned', 'recalled', 'refused')
            ) as "with_partners!",
            exists (select from review_claims where submission = s.id and until > clock_timestamp())
                or exists (select from held_decisions where submission = s.id and failed_at is null) as "in_review!"
        from submissions s where id = $1"#,
        id.0,
    )
    .fetch_optional(connection)
    .await
    .context("ask whether a film may give way")?;
    Ok(row.map(|row| Facts {
        work: row.machine.0,
        contest: ContestId::new(row.contest),
        cure: submissions::cure(row.cure_until, row.cure_reason),
        with_partners: row.with_partners,
        held: row.held,
        in_review: row.in_review,
    }))
}

/// Called when another film is complete: keeps the decisions about the present one, and releases what belongs only to
/// it. Its seat is free immediately, its file becomes garbage, and no reviewer has its card open any more.
pub(super) async fn give_way(
    tx: &mut PgConnection,
    policy: &Policy,
    id: SubmissionId,
    upload: Option<UploadId>,
    before: &Submission,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* keep_former_film */
        with kept as (
            insert into former_films (submission, run, upload, bytes, sha256, state, media_info, verdict, replaced_at)
            select id, $2, mezzanine_upload, mezzanine_bytes, mezzanine_sha256, $3, media_info, verdict, $4
            from submissions where id = $1
        )
        update submissions set media_info = null, verdict = null, plan = null, first_look = null where id = $1",
        id.0,
        before.run as i32,
        Json(&before.state) as _,
        at,
    )
    .execute(&mut *tx)
    .await
    .context("keep what was decided about the former film")?;
    fingerprints::forget(tx, id).await?;
    previews::give_up(tx, policy, id).await?;
    reviews::end_all(tx, id).await?;
    match upload {
        Some(upload) => garbage::add(tx, policy, &ObjectKey::upload_prefix(upload), &[]).await,
        None => Ok(()),
    }
}
