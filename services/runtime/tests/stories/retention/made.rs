//! What the tests put in, and how they look at a report.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::Retention;
use pipeline::id::{Fence, SubmissionId};
use pipeline::object_key::{Compared, ObjectKey};
use runtime::clock::Clock;
use runtime::retention::Line;
use uuid::Uuid;

use crate::support::World;

pub(super) const POLICY: Retention = Retention {
    personal_data_days: Some(180),
    superseded_days: Some(14),
    uploads_days: Some(30),
    attempts_days: Some(90),
    outputs_days: Some(30),
    history_days: Some(365),
    exchanges_days: Some(180),
    sign_ins_days: Some(90),
    drafts_days: Some(30),
    scratch_hours: Some(6),
};

pub(super) fn later(days: i64) -> DateTime<Utc> {
    Clock::default().now() + TimeDelta::days(days)
}

pub(super) async fn sql(world: &World, text: &'static str, id: SubmissionId) {
    sqlx::query(text).bind(id.0).execute(world.store.pool()).await.unwrap();
}

/// A work that has ended, with its entrant's data.
pub(super) async fn over(world: &World) -> SubmissionId {
    let id = world.uploaded().await;
    sql(world, "update parts set status = 'done' where submission = $1", id).await;
    sql(world, "update submissions set state = 'published' where id = $1", id).await;
    sql(world, "insert into entrants (submission, key_id, nonce, ciphertext) values ($1, 'k', 'n', 'c')", id).await;
    id
}

pub(super) async fn is_known(world: &World, id: SubmissionId) -> bool {
    world.store.entrant(id).await.unwrap().is_some()
}

pub(super) fn line<'a>(lines: &'a [Line], policy: &str) -> &'a Line {
    lines.iter().find(|line| line.policy == policy).unwrap_or_else(|| panic!("no line {policy} in {lines:?}"))
}

/// A rendition of a run, made `days_ago`.
pub(super) async fn rendition(world: &World, id: SubmissionId, run: i32, in_force: bool, days_ago: i32) -> ObjectKey {
    let key = ObjectKey::Rendition(id, run as u32, "web-720".into(), Fence(i64::from(run)));
    let [source, still] =
        stills(id, run).map(|key| serde_json::json!({ "key": key.to_string(), "bytes": 5, "sha256": "" }));
    let pair = serde_json::json!({
        "frame": 1, "at_ms": 40, "width": 1, "height": 1, "ssim": 1.0, "source": source, "rendition": still,
    });
    sqlx::query(
        "insert into renditions (submission, run, name, object_key, bytes, sha256, width, height, duration_ms, qc, engine,
            in_force, created_at, comparison)
        values ($1, $2, 'web-720', $3, 4, '', 1, 1, 1, '[]', '', $4, now() - make_interval(days => $5), jsonb_build_array($6::jsonb))",
    )
    .bind(id.0)
    .bind(run)
    .bind(key.to_string())
    .bind(in_force)
    .bind(days_ago)
    .bind(pair)
    .execute(world.store.pool())
    .await
    .unwrap();
    key
}

/// Its stills, of the source and of itself.
pub(super) fn stills(id: SubmissionId, run: i32) -> [ObjectKey; 2] {
    Compared::BOTH.map(|of| ObjectKey::Comparison(id, run as u32, "web-720".into(), Fence(i64::from(run)), 0, of))
}

/// Uploads of every state, freed and not, and the source of a work among them; attempts of a part in every status.
pub(super) async fn records_of_every_kind(world: &World) {
    let id = over(world).await;
    let mut uploads = Vec::new();
    for state in ["open", "assembling", "finished", "expired", "terminated", "failed"] {
        for freed in [true, false] {
            let upload = Uuid::new_v4();
            sqlx::query(
                "insert into uploads (id, submission, state, part_size, expires_at, created_at, free_at)
                values ($1, $2, $3, 1, now(), now(), case when $4 then null else now() end)",
            )
            .bind(upload)
            .bind(id.0)
            .bind(state)
            .bind(freed)
            .execute(world.store.pool())
            .await
            .unwrap();
            uploads.push((state, freed, upload));
        }
    }
    // A source whose record is marked as aborted: no code writes that, and it must stay all the same.
    let (.., expired) = *uploads.iter().find(|(state, freed, _)| *state == "expired" && *freed).unwrap();
    sqlx::query("update submissions set mezzanine_upload = $2 where id = $1")
        .bind(id.0)
        .bind(expired)
        .execute(world.store.pool())
        .await
        .unwrap();
    for status in ["pending", "waiting", "claimed", "parked", "done", "cancelled"] {
        let work = over(world).await;
        sql(
            world,
            "insert into attempts (submission, run, stage, part, started_at, ended_at, outcome)
            select $1, 1, 'probe', 'mezzanine', now(), now(), 'failed' from generate_series(1, 3)",
            work,
        )
        .await;
        sqlx::query("update parts set status = $2::text::part_status where submission = $1")
            .bind(work.0)
            .bind(status)
            .execute(world.store.pool())
            .await
            .unwrap();
    }
}

/// A finished upload of a work, whose client gave the name of its file, in the metadata too.
pub(super) async fn named_file(world: &World, id: SubmissionId, state: &str) -> Uuid {
    let upload = Uuid::new_v4();
    sqlx::query(
        "insert into uploads (id, submission, state, part_size, expires_at, created_at, filename, metadata)
        values ($1, $2, $3, 1, now(), now(), '张三的片子.mp4', 'filename 5byg5LiJ55qE54mH5a2QLm1wNA==,sha256 YQ==')",
    )
    .bind(upload)
    .bind(id.0)
    .bind(state)
    .execute(world.store.pool())
    .await
    .unwrap();
    upload
}
