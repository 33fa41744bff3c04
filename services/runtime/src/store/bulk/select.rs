//! From a selection, or from names, to works.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::person::Sees;
use pipeline::selection::{Names, Selection};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{MAX_WORKS, Which};

/// The works, by time of entry; one more than [`MAX_WORKS`] at most. Named ones only of these contests.
pub(super) async fn ids(tx: &mut PgConnection, which: &Which, contests: &Sees) -> anyhow::Result<Vec<Uuid>> {
    match which {
        Which::Named(ids) => {
            let ids: Vec<Uuid> = ids.iter().take(MAX_WORKS + 1).map(|id| id.0).collect();
            let contests = contests.names();
            sqlx::query_scalar!(
                "/* named_works */
                select id from submissions where id = any($1) and ($2::text[] is null or contest = any($2)) order by id",
                &ids,
                contests.as_deref(),
            )
            .fetch_all(tx)
            .await
            .context("find the works")
        }
        Which::Selected(selection) => selected(tx, selection).await,
    }
}

async fn selected(tx: &mut PgConnection, selection: &Selection) -> anyhow::Result<Vec<Uuid>> {
    let any = |names: &Names| names.any.iter().cloned().collect::<Vec<_>>();
    let none = |names: &Names| names.none.iter().cloned().collect::<Vec<_>>();
    let engines = engines(tx, selection).await?;
    sqlx::query_scalar!(
        r#"/* select_works */
        select s.id from submissions s
        where ($1::text[] = '{}' or s.contest = any($1)) and s.contest <> all($2::text[])
            and ($3::text[] = '{}' or s.theme = any($3)) and s.theme <> all($4::text[])
            and ($5::text[] = '{}' or s.state = any($5)) and s.state <> all($6::text[])
            and ($7::text[] = '{}' and $15::text[] = '{}' or exists (
                select from deliveries d where d.submission = s.id and ($7 = '{}' or d.partner = any($7))
                    and ($15 = '{}' or d.state = any($15))))
            and not exists (select from deliveries d where d.submission = s.id and d.partner = any($8::text[]))
            and not exists (select from deliveries d where d.submission = s.id and ($7 = '{}' or d.partner = any($7))
                and d.state = any($16::text[]))
            and ($17::text is null or strpos(lower(s.title), lower($17)) > 0)
            and ($18::text is null or strpos(lower(s.recommending_unit), lower($18)) > 0)
            and (($9::text[] = '{}' and $11::text[] is null) or exists (
                select from renditions r where r.submission = s.id and r.in_force
                    and ($9 = '{}' or r.name = any($9)) and ($11 is null or r.engine = any($11))))
            and not exists (
                select from renditions r where r.submission = s.id and r.in_force and r.name = any($10::text[]))
            and ($12::timestamptz is null or s.created_at >= $12)
            and ($13::timestamptz is null or s.created_at < $13)
        order by s.id limit $14"#,
        &any(&selection.contest),
        &none(&selection.contest),
        &any(&selection.theme),
        &none(&selection.theme),
        &any(&selection.state),
        &none(&selection.state),
        &any(&selection.partner),
        &none(&selection.partner),
        &any(&selection.rendition),
        &none(&selection.rendition),
        engines.as_deref(),
        selection.entered_from as Option<DateTime<Utc>>,
        selection.entered_before as Option<DateTime<Utc>>,
        MAX_WORKS as i64 + 1,
        &any(&selection.delivery),
        &none(&selection.delivery),
        selection.title.as_deref(),
        selection.unit.as_deref(),
    )
    .fetch_all(tx)
    .await
    .context("find the works")
}

/// Engines of renditions in force that the selection wants; `None` where it does not ask. An installation has seen a handful,
/// and versions are compared in one place only.
async fn engines(tx: &mut PgConnection, selection: &Selection) -> anyhow::Result<Option<Vec<String>>> {
    if selection.engine.is_empty() {
        return Ok(None);
    }
    let engines = sqlx::query_scalar!("/* engines */ select distinct engine from renditions where in_force")
        .fetch_all(tx)
        .await
        .context("list the engines")?;
    Ok(Some(engines.into_iter().filter(|engine| selection.selects_engine(engine)).collect()))
}
