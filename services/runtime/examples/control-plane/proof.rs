//! Shows that nothing was lost or done twice: counted from the tables after everything has finished, next to how often
//! handlers ran.
use std::time::{Duration, Instant};

use pipeline::stage::Stage;
use runtime::service::Runtime;
use serde_json::{Value, json};

use crate::work::{Runs, Work};

async fn count(runtime: &Runtime, question: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(question).fetch_one(runtime.store.pool()).await?)
}

/// The contents of the tables. `wrong` names everything that is not as required.
pub(crate) async fn take(runtime: &Runtime, runs: &Runs, work: &Work, submissions: u64) -> anyhow::Result<Value> {
    // The relay sends the last events after the last part is done.
    let deadline = Instant::now() + Duration::from_secs(30);
    while count(runtime, "select count(*) from outbox").await? > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let entries = i64::try_from(submissions)?;
    let parts = entries * i64::try_from(work.parts_each())?;
    let handled: i64 = Stage::ALL.into_iter().map(|stage| runs.of(stage) as i64).sum();
    let mut wrong = Vec::new();
    let mut is = |what: &str, found: i64, wanted: i64| {
        if found != wanted {
            wrong.push(format!("{what}: {found} instead of {wanted}"));
        }
        found
    };
    let published = count(runtime, "select count(*) from submissions where state = 'published'").await?;
    let told = count(
        runtime,
        "select count(*) from (select distinct submission, detail ->> 'stage', detail ->> 'part', detail ->> 'run' from history
         where what = 'part_done') as once",
    );
    let facts = json!({
        "entered": is("submissions", count(runtime, "select count(*) from submissions").await?, entries),
        "published": is("published", published, entries),
        "parts": is("parts", count(runtime, "select count(*) from parts").await?, parts),
        "done": is("parts done", count(runtime, "select count(*) from parts where status = 'done'").await?, parts),
        "handler_runs": is("runs of handlers", handled, parts),
        // Screening reports its end under another name.
        "told_once": is("parts told of", told.await?, parts - entries),
        "told": is(
            "lines about parts",
            count(runtime, "select count(*) from history where what = 'part_done'").await?,
            parts - entries,
        ),
        "screened": is(
            "lines about screening",
            count(runtime, "select count(distinct submission) from history where what = 'screened'").await?,
            entries,
        ),
        "tried_again": is("further tries", count(runtime, "select count(*) from parts where attempt <> 0").await?, 0),
        "handed_back": is("attempts", count(runtime, "select count(*) from attempts").await?, 0),
        "claims": is("claims", count(runtime, "select last_value from part_fences").await?, parts),
        "in_force": is(
            "renditions in force",
            count(runtime, "select count(*) from renditions where in_force").await?,
            entries * work.parts[3] as i64,
        ),
        "unsent": is("messages left", count(runtime, "select count(*) from outbox").await?, 0),
    });
    let sent = runtime.metrics.messages_sent.with_label_values(&["confirmed"]).get();
    Ok(json!({ "facts": facts, "messages_confirmed": sent, "wrong": wrong }))
}
