//! What earlier runs took.
use std::collections::BTreeMap;

use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::planned::seconds_of;

/// What the parts of each work took, in seconds: those of the last run that performed a stage completely. Only
/// assembled works.
pub(super) async fn measured(
    tx: &mut PgConnection,
    ids: &[Uuid],
    stages: &[String],
) -> anyhow::Result<BTreeMap<SubmissionId, f64>> {
    let rows = sqlx::query!(
        r#"/* measured_works */
        with timed as (
            select submission, stage, run, sum(extract(epoch from finished_at - started_at))::float8 as seconds
            from parts where submission = any($1) and stage = any($2)
            group by submission, stage, run having bool_and(status = 'done')
        ), latest as (
            select distinct on (submission, stage) submission, stage, seconds
            from timed where seconds is not null order by submission, stage, run desc
        )
        select submission as "submission!", sum(seconds) as "seconds!" from latest
        group by submission having bool_or(stage = 'assemble')"#,
        ids,
        stages,
    )
    .fetch_all(tx)
    .await
    .context("sum up what earlier runs took")?;
    Ok(rows.into_iter().map(|row| (SubmissionId(row.submission), row.seconds)).collect())
}

/// The number of most recently assembled works for the median.
const RECENT_WORKS: i64 = 200;

/// The most recently assembled files from which those works are taken: a work has about ten.
const RECENT_FILES: i64 = 10 * RECENT_WORKS;

/// The median, over the most recently assembled works, of the time taken for each second of their plans' estimates.
/// Runs that reused files are left out: they give no information about encoding.
pub(super) async fn median_factor(
    tx: &mut PgConnection,
    stages: &[String],
    from: Stage,
) -> anyhow::Result<Option<f64>> {
    let rows = sqlx::query!(
        r#"/* recent_works */
        with recent as (
            select submission, run, max(finished_at) as at from (
                select submission, run, finished_at from parts where stage = 'assemble' and status = 'done'
                order by finished_at desc limit $3
            ) as files
            group by submission, run order by at desc limit $2
        )
        select s.plan as "plan!: Json<Plan>", s.media_info as "media_info!: Json<MediaInfo>",
            sum(extract(epoch from p.finished_at - p.started_at))::float8 as "seconds!"
        from recent r join submissions s on s.id = r.submission and s.run = r.run
            join parts p on p.submission = r.submission and p.run = r.run and p.stage = any($1)
        where s.plan is not null and s.media_info is not null and not exists (select from renditions t
            where t.submission = r.submission and t.run = r.run and t.reused_submission is not null)
        group by s.id having bool_and(p.status = 'done')"#,
        stages,
        RECENT_WORKS,
        RECENT_FILES,
    )
    .fetch_all(tx)
    .await
    .context("measure the median factor")?;
    let of = |row: &(f64, Option<f64>)| row.1.filter(|estimated| *estimated > 0.0).map(|estimated| row.0 / estimated);
    let measured = rows.into_iter().map(|row| (row.seconds, seconds_of(&row.plan.0, &row.media_info.0, from)));
    let mut factors: Vec<f64> = measured.filter_map(|row| of(&row)).collect();
    factors.sort_by(f64::total_cmp);
    let middle = factors.len() / 2;
    Ok(match factors.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(factors[middle]),
        _ => Some((factors[middle - 1] + factors[middle]) / 2.0),
    })
}
