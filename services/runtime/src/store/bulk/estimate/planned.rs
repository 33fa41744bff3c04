//! What is known about works in advance: their plans, and whether their files exist already.
use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::media_info::MediaInfo;
use pipeline::planner;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// The addresses of all files of a plan, from its source's measurements and SHA-256, with the caller's version of the
/// code.
pub type Addresses = fn(&Plan, &MediaInfo, &[u8]) -> anyhow::Result<Vec<[u8; 32]>>;

/// What is known about a work in advance.
pub(super) struct Planned {
    pub(super) id: Uuid,
    pub(super) plan: Json<Plan>,
    pub(super) media_info: Json<MediaInfo>,
    pub(super) mezzanine_sha256: Option<Vec<u8>>,
}

/// The plans of those of these works that have one.
pub(super) async fn plans(tx: &mut PgConnection, ids: &[Uuid]) -> anyhow::Result<BTreeMap<Uuid, Planned>> {
    let rows = sqlx::query_as!(
        Planned,
        r#"/* plans_to_estimate */
        select id, plan as "plan!: Json<Plan>", media_info as "media_info!: Json<MediaInfo>", mezzanine_sha256
        from submissions where id = any($1) and plan is not null and media_info is not null"#,
        ids,
    )
    .fetch_all(tx)
    .await
    .context("read the plans")?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The estimate of a plan from a stage on, in seconds of one core.
pub(super) fn seconds_of(plan: &Plan, info: &MediaInfo, from: Stage) -> Option<f64> {
    let estimate = planner::Estimate::of(plan, info);
    let seconds = match from {
        Stage::Probe => estimate.cpu_s(),
        Stage::Screen | Stage::Transcode => estimate.transcode_cpu_s() + estimate.assemble_cpu_s(),
        Stage::Assemble => estimate.assemble_cpu_s(),
        Stage::Publish => 0.0,
    };
    seconds.is_finite().then_some(seconds)
}

/// Whether every file of a work's plan exists under its address.
pub(super) async fn all_found(tx: &mut PgConnection, work: &Planned, addresses: Addresses) -> anyhow::Result<bool> {
    let Some(sha256) = &work.mezzanine_sha256 else { return Ok(false) };
    let addresses: Vec<Vec<u8>> =
        addresses(&work.plan.0, &work.media_info.0, sha256)?.into_iter().map(Vec::from).collect();
    sqlx::query_scalar!(
        r#"/* are_all_found */
        select bool_and(exists (select from renditions r join submissions s on s.id = r.submission
            where r.artefact = address and s.state <> 'withdrawn')) is true as "found!"
        from unnest($1::bytea[]) as wanted (address)"#,
        &addresses,
    )
    .fetch_one(tx)
    .await
    .context("look for files that are there already")
}
