//! Submissions: entering, reading, and the one function through which they change.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId, UploadId};
use pipeline::media_info::MediaInfo;
use pipeline::part::{Part, PartToDo};
use pipeline::receipt::Receipt;
use pipeline::rendition::Plan;
use pipeline::replacing::Cure;
use pipeline::screening::Verdict;
use pipeline::stage::Stage;
use pipeline::submission::{Event, State, Submission};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::audit::{self, Act};
use super::deliveries::DeliveryRow;
use super::history::By;
use super::{Store, deliveries, fingerprints, former, garbage, history, progress, recalls, watch};
use crate::telemetry;
use crate::warning::Entry;

mod moving;

use moving::Step;

/// A submission as handlers and readers see it. It contains no personal data.
#[derive(Clone, Debug)]
pub struct SubmissionRow {
    /// Its id.
    pub id: SubmissionId,
    /// The number of its receipt; `None` for one of an earlier release, until it is first needed.
    pub receipt: Option<Receipt>,
    /// The contest.
    pub contest: ContestId,
    /// State, run, gates and work.
    pub machine: Submission,
    /// Title as entered.
    pub title: String,
    /// One of the contest's themes.
    pub theme: String,
    /// Synopsis as entered.
    pub synopsis: String,
    /// The organisation that recommends it.
    pub recommending_unit: String,
    /// Originality, rights and AI use as declared.
    pub declarations: serde_json::Value,
    /// SHA-256 of the entrant's token.
    pub token_sha256: Vec<u8>,
    /// The upload that became the mezzanine.
    pub mezzanine_upload: Option<UploadId>,
    /// Its size in bytes.
    pub mezzanine_bytes: Option<u64>,
    /// Its SHA-256 as verified.
    pub mezzanine_sha256: Option<Vec<u8>>,
    /// Its SHA-256 as the client declared it.
    pub declared_sha256: Option<Vec<u8>>,
    /// What the probe measured last.
    pub media_info: Option<MediaInfo>,
    /// The last verdict of screening.
    pub verdict: Option<Verdict>,
    /// What is to be made, by the last plan.
    pub plan: Option<Plan>,
    /// Trace context of the span that changed it last.
    pub traceparent: Option<String>,
    /// The last cure window that the organisers opened for it.
    pub cure: Option<Cure>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What an entrant submits, without personal data.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// Its id, a UUID v7.
    pub id: SubmissionId,
    /// The number of its receipt.
    pub receipt: Receipt,
    /// The contest.
    pub contest: ContestId,
    /// Its initial state: `Submission::new(gates)`.
    pub machine: Submission,
    /// Title.
    pub title: String,
    /// Theme.
    pub theme: String,
    /// Synopsis.
    pub synopsis: String,
    /// The organisation that recommends it.
    pub recommending_unit: String,
    /// Declarations.
    pub declarations: serde_json::Value,
    /// SHA-256 of the entrant's token.
    pub token_sha256: Vec<u8>,
}

/// Which submissions to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only this contest.
    pub contest: Option<ContestId>,
    /// Only this state, by its name.
    pub state: Option<String>,
    /// Only submissions entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many; capped at 500.
    pub limit: Option<u32>,
}

/// The effect of an event.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Whether it changed anything. Late and repeated events do not.
    pub changed: bool,
    /// The state after it.
    pub machine: Submission,
    /// The parts that it started.
    pub started: Vec<PartToDo>,
}

/// Its columns.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) receipt: Option<String>,
    pub(super) contest: String,
    pub(super) machine: Json<Submission>,
    pub(super) title: String,
    pub(super) theme: String,
    pub(super) synopsis: String,
    pub(super) recommending_unit: String,
    pub(super) declarations: serde_json::Value,
    pub(super) token_sha256: Vec<u8>,
    pub(super) mezzanine_upload: Option<Uuid>,
    pub(super) mezzanine_bytes: Option<i64>,
    pub(super) mezzanine_sha256: Option<Vec<u8>>,
    pub(super) declared_sha256: Option<Vec<u8>>,
    pub(super) media_info: Option<Json<MediaInfo>>,
    pub(super) verdict: Option<Json<Verdict>>,
    pub(super) plan: Option<Json<Plan>>,
    pub(super) traceparent: Option<String>,
    pub(super) cure_until: Option<DateTime<Utc>>,
    pub(super) cure_reason: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl From<Row> for SubmissionRow {
    fn from(row: Row) -> Self {
        Self {
            id: SubmissionId(row.id),
            // Values in the database were checked when they were made; the column has a check, too.
            receipt: row.receipt.and_then(|receipt| receipt.parse().ok()),
            contest: ContestId::new(row.contest),
            machine: row.machine.0,
            title: row.title,
            theme: row.theme,
            synopsis: row.synopsis,
            recommending_unit: row.recommending_unit,
            declarations: row.declarations,
            token_sha256: row.token_sha256,
            mezzanine_upload: row.mezzanine_upload.map(UploadId),
            mezzanine_bytes: row.mezzanine_bytes.map(|bytes| bytes.max(0) as u64),
            mezzanine_sha256: row.mezzanine_sha256,
            declared_sha256: row.declared_sha256,
            media_info: row.media_info.map(|info| info.0),
            verdict: row.verdict.map(|verdict| verdict.0),
            plan: row.plan.map(|plan| plan.0),
            traceparent: row.traceparent,
            cure: cure(row.cure_until, row.cure_reason),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A cure window from its two columns.
pub(super) fn cure(until: Option<DateTime<Utc>>, reason: Option<String>) -> Option<Cure> {
    Some(Cure { until: until?, reason: reason.unwrap_or_default() })
}

impl Store {
    /// One submission, or `None` if there is none with this id.
    pub async fn submission(&self, id: SubmissionId) -> anyhow::Result<Option<SubmissionRow>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* submission */
            select id, receipt, contest, machine as "machine: Json<Submission>", title, theme, synopsis, recommending_unit,
                declarations, token_sha256, mezzanine_upload, mezzanine_bytes, mezzanine_sha256, declared_sha256,
                media_info as "media_info: Json<MediaInfo>", verdict as "verdict: Json<Verdict>",
                plan as "plan: Json<Plan>", traceparent, cure_until, cure_reason, created_at, updated_at
            from submissions where id = $1"#,
            id.0,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load submission {id}"))?;
        Ok(row.map(Into::into))
    }

    /// Submissions, newest first.
    pub async fn submissions(&self, filter: &ListFilter) -> anyhow::Result<Vec<SubmissionRow>> {
        let rows = sqlx::query_as!(
            Row,
            r#"/* submissions */
            select id, receipt, contest, machine as "machine: Json<Submission>", title, theme, synopsis, recommending_unit,
                declarations, token_sha256, mezzanine_upload, mezzanine_bytes, mezzanine_sha256, declared_sha256,
                media_info as "media_info: Json<MediaInfo>", verdict as "verdict: Json<Verdict>",
                plan as "plan: Json<Plan>", traceparent, cure_until, cure_reason, created_at, updated_at
            from submissions
            where ($1::text is null or contest = $1) and ($2::text is null or state = $2)
                and ($3::uuid is null or id < $3)
            order by id desc limit $4"#,
            filter.contest.as_ref().map(ContestId::as_str),
            filter.state,
            filter.before.map(|id| id.0),
            i64::from(filter.limit.unwrap_or(100).min(500)),
        )
        .fetch_all(self.pool())
        .await
        .context("list submissions")?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Applies `event` in a separate transaction. See [`apply`].
    pub async fn apply(&self, id: SubmissionId, event: &Event, by: impl Into<By>) -> anyhow::Result<Applied> {
        let by = &by.into();
        self.transaction("apply_event", |tx, _| Box::pin(async move { apply(tx, self.policy(), id, event, by).await }))
            .await
    }
}

/// Stores a new submission and its first line of history. `false` if one with this id exists already: nothing is
/// stored.
pub async fn create(tx: &mut PgConnection, new: &NewSubmission) -> anyhow::Result<bool> {
    let stored = sqlx::query!(
        "/* create_submission */
        insert into submissions (id, receipt, contest, machine, state, run, title, theme, synopsis, recommending_unit, declarations,
            token_sha256, traceparent)
        values ($1, $13, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict (id) do nothing",
        new.id.0,
        new.contest.as_str(),
        Json(&new.machine) as _,
        new.machine.state.name(),
        new.machine.run as i32,
        new.title,
        new.theme,
        new.synopsis,
        new.recommending_unit,
        new.declarations,
        new.token_sha256,
        telemetry::current_traceparent(),
        new.receipt.as_str(),
    )
    .execute(&mut *tx)
    .await
    .context("store the submission")?;
    if stored.rows_affected() == 0 {
        return Ok(false);
    }
    history::add(tx, new.id, &By::ENTRANT, "entered", &serde_json::json!({})).await?;
    Ok(true)
}

/// A film is complete: the first one, or one that replaces another. Returns whether the submission accepts it.
pub(super) async fn film_is_whole(
    tx: &mut PgConnection,
    policy: &super::Policy,
    id: SubmissionId,
) -> anyhow::Result<bool> {
    let locked = lock(tx, id).await?;
    let Submission { run, replacing, .. } = locked.machine.0;
    let event = if replacing { Event::Replaced { run } } else { Event::Uploaded };
    Ok(apply_locked(tx, policy, id, locked, &event, &By::ENTRANT).await?.changed)
}

/// Records the upload whose bytes are complete as the submission's mezzanine. It must follow [`film_is_whole`] in the
/// same transaction.
pub async fn set_mezzanine(
    tx: &mut PgConnection,
    id: SubmissionId,
    upload: UploadId,
    bytes: u64,
    sha256: &[u8],
    declared_sha256: Option<&[u8]>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* set_mezzanine */
        update submissions set mezzanine_upload = $2, mezzanine_bytes = $3, mezzanine_sha256 = $4, declared_sha256 = $5,
            updated_at = now()
        where id = $1",
        id.0,
        upload.0,
        i64::try_from(bytes).context("a size beyond any object's")?,
        sha256,
        declared_sha256,
    )
    .execute(tx)
    .await
    .context("store the mezzanine's upload")?;
    Ok(())
}

/// Applies `event` to a submission: the only way in which its state changes. It locks the row, asks the state machine,
/// and writes within the caller's transaction everything that follows: the state, parts to start and to cancel,
/// messages, a line of history, objects to delete, deliveries to recall, and, if a person did it, a row of the audit
/// trail.
pub async fn apply(
    tx: &mut PgConnection,
    policy: &super::Policy,
    id: SubmissionId,
    event: &Event,
    by: &By,
) -> anyhow::Result<Applied> {
    let locked = lock(tx, id).await?;
    apply_locked(tx, policy, id, locked, event, by).await
}

/// The same for a submission that this transaction has locked already.
pub(super) async fn apply_locked(
    tx: &mut PgConnection,
    policy: &super::Policy,
    id: SubmissionId,
    locked: Locked,
    event: &Event,
    by: &By,
) -> anyhow::Result<Applied> {
    let before = locked.machine.0;
    let mut machine = before.clone();
    let started = machine.advance(event.clone());
    if machine == before && started.is_empty() {
        return Ok(Applied { changed: false, machine, started });
    }
    telemetry::follow(id, locked.traceparent.as_deref());
    let moved = machine.run != before.run || machine.state.name() != before.state.name();
    let (what, detail) = (history::name_of(event), history::detail_of(event, &machine)?);
    let step = Step { id, contest: &locked.contest, machine: &machine, at: locked.at, by, what, detail: &detail };
    // Parts are started by the state that needs them, or by a release that adds partners to it.
    if moved || !started.is_empty() {
        moving::go(tx, &step, &started).await?;
    } else {
        moving::stay(tx, &step).await?;
    }
    let upload = locked.mezzanine_upload.map(UploadId);
    if let Event::Replaced { .. } = event {
        former::give_way(tx, policy, id, upload, &before, locked.at).await?;
    }
    if moved {
        if has_finished_files(&before, &machine) {
            progress::end(tx, id, &locked.contest, machine.run).await?;
        }
        fingerprints::follow(tx, id, &machine).await?;
        watch::follow(tx, id, &before, &machine).await?;
        garbage::after_move(tx, policy, id, upload, &before, &machine).await?;
    }
    let partners = started.iter().filter_map(|todo| match &todo.part {
        Part::Partner(partner) => Some(partner.as_str().to_owned()),
        Part::Mezzanine | Part::Segment(_) | Part::Audio | Part::Rendition(_) => None,
    });
    deliveries::want(tx, policy, id, &machine, partners.collect()).await?;
    if moved && matches!(machine.state, State::Withdrawn | State::Revoked) {
        recalls::recall_all(tx, policy, id, machine.run).await?;
    }
    // The system determines that the bytes are complete, although the entrant sent them.
    if by.is_person() && !matches!(event, Event::Uploaded | Event::Replaced { .. }) {
        let stood = serde_json::json!({ "run": before.run, "state": before.state.name() });
        let act = Act { act: what, submission: Some(id), partner: None, before: stood, after: detail };
        audit::add(tx, by, &act).await?;
    }
    Ok(Applied { changed: true, machine, started })
}

/// Whether a run has just passed its last stage that makes files.
fn has_finished_files(before: &Submission, after: &Submission) -> bool {
    let behind = match &after.state {
        State::AwaitingRelease | State::At { stage: Stage::Publish, .. } | State::Published => true,
        State::Uploading
        | State::At { .. }
        | State::AwaitingReview
        | State::Rejected { .. }
        | State::Withdrawn
        | State::Revoked => false,
    };
    let making = matches!(&before.state, State::At { stage: Stage::Screen | Stage::Transcode | Stage::Assemble, .. });
    behind && making && before.run == after.run
}

/// A submission as an act sees it, with all its deliveries. Its row is locked until the end of the transaction.
pub struct Seen {
    /// Its contest.
    pub contest: ContestId,
    /// Its state.
    pub machine: Submission,
    /// The parts of its form that are sent to partners.
    pub form: FormText,
    /// Its deliveries, by partner.
    pub deliveries: Vec<DeliveryRow>,
}

/// The parts of a form that are sent to partners.
#[derive(Clone, Debug)]
pub struct FormText {
    /// Title.
    pub title: String,
    /// Synopsis.
    pub synopsis: String,
    /// Theme by its id.
    pub theme: String,
}

impl FormText {
    /// The texts, for checking what partners do not accept.
    pub fn entry(&self) -> Entry<'_> {
        Entry { title: &self.title, synopsis: &self.synopsis, theme: &self.theme }
    }
}

/// Locks a submission and reads it with its deliveries. `None` if there is no such submission.
pub async fn seen(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Option<Seen>> {
    let row = sqlx::query!(
        r#"/* seen_submission */
        select contest, machine as "machine: Json<Submission>", title, synopsis, theme from submissions where id = $1 for update"#,
        id.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .context("lock a submission")?;
    let Some(row) = row else { return Ok(None) };
    let deliveries = deliveries::of(tx, id).await?;
    let form = FormText { title: row.title, synopsis: row.synopsis, theme: row.theme };
    Ok(Some(Seen { contest: ContestId::new(row.contest), machine: row.machine.0, form, deliveries }))
}

/// A submission whose row is locked until the end of the transaction.
pub(super) struct Locked {
    pub(super) contest: String,
    pub(super) machine: Json<Submission>,
    pub(super) mezzanine_upload: Option<Uuid>,
    pub(super) traceparent: Option<String>,
    /// By the database's clock, after the lock was obtained.
    pub(super) at: DateTime<Utc>,
}

/// Every change of a submission, or of a part in a way that changes its submission, takes this lock first.
pub(super) async fn lock(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Locked> {
    sqlx::query_as!(
        Locked,
        r#"/* lock_submission */
        with locked as (
            select contest, machine, mezzanine_upload, traceparent from submissions where id = $1 for update
        )
        select contest, machine as "machine: Json<Submission>", mezzanine_upload, traceparent, clock_timestamp() as "at!"
        from locked"#,
        id.0,
    )
    .fetch_optional(tx)
    .await?
    .with_context(|| format!("there is no submission {id}"))
}
