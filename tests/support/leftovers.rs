//! What must not be left when a test ends: parts, messages, objects, files, processes.
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Pid;
use uuid::Uuid;

use super::pipeline::TestPipeline;
use super::process::{media_children, orphaned_media_jobs};
use super::wait::wait_until;

/// Time limit for work in progress to settle: a lease and two passes of the reconciler.
const SETTLES_WITHIN: Duration = Duration::from_secs(180);

/// Waits until everything has settled, stops the services, and reports what is left.
pub(crate) async fn find(pipeline: &TestPipeline) -> Result<()> {
    let serving = pipeline.services().iter().any(|service| service.ended().is_none());
    if serving {
        settle(pipeline).await;
        collect_garbage(pipeline).await;
    }
    for service in pipeline.services() {
        service.stop();
    }
    processes()?;
    scratch(pipeline)?;
    stuck(pipeline, serving).await?;
    if serving {
        rows(pipeline).await?;
        objects(pipeline).await?;
        drops(pipeline).await?;
    }
    Ok(())
}

/// Rows that are still open although the delivery is no longer wanted, or is complete. A recall that needs a person
/// stays open until the person acts.
const UNSETTLED: &str = "select count(*) from parts join submissions on submissions.id = parts.submission
    where submissions.state in ('published', 'rejected', 'withdrawn', 'revoked')
        and status not in ('done', 'cancelled') and not exists (
            select from deliveries where deliveries.submission = parts.submission
                and parts.part = 'partner/' || deliveries.partner and machine #>> '{observed,by}' = 'operator')";

async fn settle(pipeline: &TestPipeline) {
    let truth = &pipeline.truth;
    wait_until("no part of a settled submission is open and the outbox is empty", SETTLES_WITHIN, async || {
        let open = truth.count(UNSETTLED).await + truth.count("select count(*) from outbox").await;
        (open == 0).then_some(())
    })
    .await;
}

/// Makes all garbage due, so that only what the pipeline means to keep remains.
pub(crate) async fn collect_garbage(pipeline: &TestPipeline) {
    let truth = &pipeline.truth;
    wait_until("the garbage is collected", SETTLES_WITHIN, async || {
        // Repeated, since work that ends meanwhile adds more.
        sqlx::query("update garbage set due = now() where due > now()")
            .execute(truth.pool())
            .await
            .expect("make garbage due");
        (truth.count("select count(*) from garbage").await == 0).then_some(())
    })
    .await;
}

fn processes() -> Result<()> {
    let orphans: Vec<Pid> = orphaned_media_jobs();
    ensure!(orphans.is_empty(), "media jobs without a worker: {orphans:?}");
    Ok(())
}

/// A service that was killed cannot clean up; every other one leaves its scratch directory empty.
fn scratch(pipeline: &TestPipeline) -> Result<()> {
    for service in pipeline.services().iter().filter(|service| !service.was_killed()) {
        ensure!(media_children(service.pid()).is_empty(), "{} left a media job", service.name);
        let Ok(entries) = std::fs::read_dir(pipeline.scratch(&service.name)) else { continue };
        let left: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        ensure!(left.is_empty(), "{} left files: {left:?}", service.name);
    }
    Ok(())
}

/// Everything that is wanted has its open part, and the reconciler never had to create one.
async fn stuck(pipeline: &TestPipeline, serving: bool) -> Result<()> {
    let pool = pipeline.truth.pool();
    // If the test removed its servers or never created a schema, there is nothing to check.
    let ids = match sqlx::query_scalar::<_, Uuid>("select id from submissions").fetch_all(pool).await {
        Ok(ids) => ids,
        Err(_) if !serving => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let stuck = runtime::store::work::stuck::find(pool, &ids).await?;
    ensure!(stuck.is_empty(), "wanted, and no part will do it, or a part too many: {stuck:#?}");
    let miscounted = runtime::store::watching::watch::miscounted(pool).await?;
    ensure!(miscounted.is_empty(), "counts that are not those of the tables: {miscounted:?}");
    if pipeline.expects_repairs() {
        return Ok(());
    }
    let repaired = pipeline.truth.texts("select detail::text from history where what = 'unstuck'").await;
    ensure!(repaired.is_empty(), "the reconciler had to repair: {repaired:#?}");
    Ok(())
}

/// A published submission has every part of its plan done exactly once, one rendition in force of each name, and one
/// delivery to each partner that it was not recalled from.
async fn rows(pipeline: &TestPipeline) -> Result<()> {
    let truth = &pipeline.truth;
    let missing = truth
        .texts(
            "select concat_ws(' ', id, 'run', run, 'has', done, 'parts done and needs', needs) from (
                select s.id, s.run,
                    (select count(*) from parts p where p.submission = s.id and p.run = s.run and p.status = 'done'
                        and not (stage = 'publish' and coalesce(machine->'recalled', '[]') ? substr(part, 9))) as done,
                    2 + (machine->'work'->>'segments')::int + (case when (machine->'work'->>'audio')::bool then 1 else 0 end)
                        + jsonb_array_length(machine->'work'->'renditions')
                        + (select count(*) from jsonb_array_elements_text(machine->'work'->'partners') as partner
                            where not coalesce(machine->'recalled', '[]') ? partner) as needs
                from submissions s where s.state = 'published' and s.run = 1
            ) as counted where done <> needs",
        )
        .await;
    ensure!(missing.is_empty(), "published submissions whose parts do not add up: {missing:?}");
    let renditions = truth
        .texts(
            "select concat_ws(' ', s.id, wanted.name, count(r.name)) from submissions s
            cross join jsonb_array_elements_text(machine->'work'->'renditions') as wanted (name)
            left join renditions r on r.submission = s.id and r.name = wanted.name and r.in_force
            where s.state = 'published' group by s.id, wanted.name having count(r.name) <> 1",
        )
        .await;
    ensure!(renditions.is_empty(), "renditions that are not there exactly once: {renditions:?}");
    let twice = truth
        .texts(
            "select concat_ws(' ', submission, run, stage, part, times) from (
                select submission, detail->>'run' as run, detail->>'stage' as stage, detail->>'part' as part, count(*) as times
                from history where what = 'part_done' group by 1, 2, 3, 4
            ) as done
            -- What was recalled from a partner and released again is published again.
            where times > 1 + case when stage = 'publish' then (select count(*) from history as recalled
                where recalled.submission = done.submission and recalled.what = 'recalled') else 0 end",
        )
        .await;
    ensure!(twice.is_empty(), "parts that were done twice: {twice:?}");
    Ok(())
}

/// After garbage collection every object is one that a row names: a source, a preview, a rendition, its covers and stills, a file in a bag.
/// Objects of runs that a newer one replaced stay: partners may still hold them, and feeds may lead to them.
async fn objects(pipeline: &TestPipeline) -> Result<()> {
    let truth = &pipeline.truth;
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    // Of a withdrawn work only the rows are kept.
    wanted.extend(
        truth
            .texts(
                "select unnest(array_remove(array[object_key, cover_key], null)) from renditions
                join submissions on id = submission and state <> 'withdrawn'",
            )
            .await,
    );
    let covers = "select cover->'file'->>'key' from renditions
        join submissions on id = submission and state <> 'withdrawn', jsonb_array_elements(covers) as cover";
    wanted.extend(truth.texts(covers).await);
    let stills =
        "select still.value->>'key' from renditions join submissions on id = submission and state <> 'withdrawn',
        jsonb_array_elements(comparison) as pair, jsonb_each(pair) as still where still.key in ('source', 'rendition')";
    wanted.extend(truth.texts(stills).await);
    wanted.extend(truth.texts("select file.value->>'key' from previews, jsonb_each(files) as file").await);
    wanted.extend(
        truth
            .texts(
                "select 'uploads/' || mezzanine_upload || '/source' from submissions
                where mezzanine_upload is not null and state <> 'withdrawn'",
            )
            .await,
    );
    // Files handed to a person are in our bucket, under the prefix in the receipt.
    let bags = truth.texts("select receipt->>'prefix' from deliveries where receipt->>'prefix' like 'bags/%' and machine->>'desired' = 'live'").await;
    // Evidence is kept, whatever happens to the work.
    wanted.extend(truth.texts("select file_key from proofs where file_key is not null").await);
    let there: Vec<String> = keys(&pipeline.objects).await;
    let open = truth
        .texts("select id::text from submissions where state not in ('published', 'rejected', 'withdrawn', 'revoked')")
        .await;
    for key in &wanted {
        ensure!(there.contains(key), "{key} is named by a row and is not there");
    }
    let orphans: Vec<&String> = there
        .iter()
        .filter(|key| !wanted.contains(*key) && !bags.iter().any(|bag| key.starts_with(bag)))
        .filter(|key| !open.iter().any(|id| key.contains(id)))
        .collect();
    ensure!(orphans.is_empty(), "objects that no row names: {orphans:#?}");
    Ok(())
}

/// Each published submission that goes to the partner's bucket is there once, complete.
async fn drops(pipeline: &TestPipeline) -> Result<()> {
    let there = keys(&pipeline.partner).await;
    let published = pipeline
        .truth
        .texts(
            "select id::text from submissions
            join deliveries on submission = id and partner = 'drop' and deliveries.machine->>'desired' = 'live'
            where submissions.state = 'published'",
        )
        .await;
    for id in &published {
        let done: Vec<&String> = there.iter().filter(|key| key.contains(id) && key.ends_with("/.done")).collect();
        ensure!(done.len() == 1, "{id} lies in the partner's bucket {} times: {there:?}", done.len());
    }
    let others: Vec<&String> = there.iter().filter(|key| !published.iter().any(|id| key.contains(id))).collect();
    ensure!(others.is_empty(), "the partner has what was not published: {others:?}");
    Ok(())
}

/// Every key in a bucket.
pub(crate) async fn keys(objects: &runtime::objects::Objects) -> Vec<String> {
    objects.list("").await.expect("list a bucket").into_iter().map(|object| object.key).collect()
}
