//! New runs of published works: previewed, made beside the old files, and sent to a partner only when ordered.
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::delivery::{delivery_is, status};
use crate::support::catalogue::{self, BAG, DROP};
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Setup, TestPipeline, leftovers};

const SOON: Duration = Duration::from_secs(180);
/// Several passes of the reconciler.
const A_WHILE: Duration = Duration::from_secs(2);

/// The reconciler runs often in these tests.
fn quick() -> Setup {
    Setup { env: vec![("RECONCILE_S", "0.3".to_owned()), ("BULK_IN_FLIGHT", "1".to_owned())], ..Setup::default() }
}

/// This many works that are live at the partner with a bucket.
async fn published(pipeline: &TestPipeline, works: usize) -> Vec<Uuid> {
    let service = pipeline.serve("first", &[]).await;
    let mut ids = Vec::new();
    for _ in 0..works {
        ids.push(pipeline.submit(&service, 2).await);
    }
    for id in &ids {
        delivery_is(pipeline, *id, DROP, "live").await;
        delivery_is(pipeline, *id, BAG, "awaiting_operator").await;
        let url = format!("https://partner.example/{id}");
        pipeline.command(&["delivered", &id.to_string(), "--partner", BAG, "--url", &url]).await.exits(0);
        pipeline.truth.reaches(*id, "published", SOON).await;
    }
    ids
}

async fn job(pipeline: &TestPipeline, job: &str) -> Value {
    pipeline.command(&["bulk", "show", job, "--output", "json"]).await.exits(0).json()
}

/// Every key in the partner's bucket, which must not change.
async fn at_partner(pipeline: &TestPipeline) -> Vec<String> {
    leftovers::keys(&pipeline.partner).await
}

/// Runs whose renditions are in force, after fetching each and comparing it with its digest.
async fn run_in_force(pipeline: &TestPipeline, id: Uuid) -> Vec<i32> {
    pipeline.renditions(id).await;
    sqlx::query_scalar("select distinct run from renditions where submission = $1 and in_force")
        .bind(id)
        .fetch_all(pipeline.truth.pool())
        .await
        .expect("read the runs")
}

/// A catalogue whose target loudness is a little lower, so that a new run makes new files.
fn softer(pipeline: &TestPipeline) -> String {
    let dir = pipeline.dir().join("softer");
    catalogue::write(&dir, catalogue::OPEN, (0, 0.5), &[], false);
    let ladders = dir.join("ladders.toml");
    let text = std::fs::read_to_string(&ladders).expect("read the ladders");
    assert!(text.contains("loudness_lufs = -15.0"));
    std::fs::write(ladders, text.replace("loudness_lufs = -15.0", "loudness_lufs = -17.0")).expect("write the ladders");
    dir.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_quality_control_changes_nothing_and_the_next_one_does() {
    let pipeline = TestPipeline::new().await;
    let id = published(&pipeline, 1).await[0];
    let (before, renditions) = (at_partner(&pipeline).await, pipeline.renditions(id).await);
    pipeline.services()[0].stop();
    let softer = pipeline.serve_with("softer", &[], &[("CATALOGUE_DIR", &softer(&pipeline))]).await;
    let id_text = id.to_string();
    // A claim reads the plan too: the worker that encodes the sound has it already, the one that assembles sees the
    // change.
    let gate = pipeline.truth.gate("parts", "new.status = 'claimed' and new.part = 'audio'").await;
    pipeline.command(&["reprocess", &id_text, "--from", "screen"]).await.exits(0);
    pipeline.truth.reaches_gate(SOON).await;
    // The sound was made for -17 LUFS; quality control now expects -5.
    let louder = "update submissions set plan = jsonb_set(plan, '{audios,0,loudness_lufs}', '-5') where id = $1";
    sqlx::query(louder).bind(id).execute(pipeline.truth.pool()).await.expect("change the plan");
    gate.open().await;
    let parked = pipeline.truth.part_is(id, "assemble", "parked", SOON).await;
    assert!(
        parked.run == 2 && parked.last_error.as_deref().is_some_and(|text| text.contains("loudness")),
        "{parked:?}"
    );
    assert_eq!(run_in_force(&pipeline, id).await, [1]);
    assert_eq!(pipeline.renditions(id).await, renditions);
    assert_eq!(at_partner(&pipeline).await, before);
    assert_eq!(delivery_is(&pipeline, id, DROP, "live").await["run"], 1);

    // Cancelled in favour of a run that completes.
    softer.stop();
    pipeline.serve("again", &[]).await;
    pipeline.command(&["reprocess", &id_text, "--from", "screen"]).await.exits(0);
    pipeline.truth.reaches(id, "published", SOON).await;
    assert_eq!(run_in_force(&pipeline, id).await, [3]);
    assert_eq!(at_partner(&pipeline).await, before, "the partner keeps what it holds");
    assert_eq!(delivery_is(&pipeline, id, DROP, "live").await["run"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_works_hours_and_what_partners_hold_and_changes_nothing() {
    let pipeline = TestPipeline::new().await;
    let ids = published(&pipeline, 2).await;
    let dry = ["reprocess", "--where", "theme=green state=published", "--from", "transcode", "--dry-run"];
    let found = pipeline.command(&[&dry[..], &["--output", "json"]].concat()).await.exits(0).json();
    let estimate = &found["estimate"];
    assert_eq!((&found["works"], &estimate["renditions"]), (&2.into(), &4.into()));
    assert_eq!((&estimate["reused_works"], &estimate["cpu_hours"]), (&2.into(), &0.0.into()), "{found}");
    // The plan of screening is not known yet, so reuse is not promised.
    let online = "state=published partner=drop delivery=live";
    let screened_again = ["reprocess", "--where", online, "--from", "screen", "--dry-run"];
    let said = pipeline.command(&[&screened_again[..], &["--output", "json"]].concat()).await.exits(0).json();
    let estimate = &said["estimate"];
    assert_eq!(estimate["measured_works"], 2);
    let hours = estimate["cpu_hours"].as_f64().expect("hours");
    assert!(hours > 0.0 && hours < 0.5, "{said}");
    let held = estimate["partners"].as_array().expect("partners").iter().find(|it| it["partner"] == DROP);
    let held = held.expect("the drop holds some");
    assert_eq!((&held["holds"], &held["replaced"]), (&2.into(), &0.into()));
    let text = pipeline.command(&dry).await.exits(0).stdout;
    assert!(text.contains("2 whose files are there already and are taken over"), "{text}");
    let text = pipeline.command(&[&screened_again[..], &["--replace"]].concat()).await.exits(0).stdout;
    for words in ["their own earlier parts", "by_new_folder", "by_operator", "loses plays, comments and address"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for nothing in ["engine<0.0.1", "title~\"no such title\" state=published", "unit~nowhere", "delivery=refused"] {
        let ran = pipeline.command(&["reprocess", "--where", nothing, "--from", "probe", "--dry-run"]).await;
        assert!(ran.exits(2).stderr.contains("nothing_selected"), "{nothing}: refused as the act would be");
    }
    for id in ids {
        assert_eq!(
            (pipeline.truth.state(id).await.as_str(), run_in_force(&pipeline, id).await),
            ("published", vec![1])
        );
    }
    assert_eq!(pipeline.truth.count("select count(*) from bulk_jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_job_is_paused_resumed_and_cancelled_as_one_and_what_has_begun_ends() {
    let pipeline = TestPipeline::with(quick()).await;
    let ids = published(&pipeline, 3).await;
    // No worker encodes for now, so that the first work stays where it is.
    pipeline.services()[0].stop();
    let others = ["upload", "probe", "publish"];
    pipeline.serve("others", &others).await;
    let asked = pipeline.command(&["reprocess", "--where", "state=published", "--from", "transcode"]).await.exits(0);
    let id = asked.stdout.trim().to_owned();
    let works = async || {
        let works = job(&pipeline, &id).await["works"].clone();
        serde_json::from_value::<BTreeMap<String, u32>>(works).expect("counts")
    };
    let counts =
        |pairs: &[(&str, u32)]| pairs.iter().map(|(state, n)| ((*state).to_owned(), *n)).collect::<BTreeMap<_, _>>();
    wait_until("the first work is begun", SOON, async || works().await.contains_key("started").then_some(())).await;
    let one_begun = counts(&[("started", 1), ("waiting", 2)]);
    holds_for("one at a time", A_WHILE, async || works().await == one_begun).await;
    let published = ["reprocess", "--where", "state=published", "--from", "publish"];
    for more in [&["--dry-run"][..], &[]] {
        let again = pipeline.command(&[&published[..], more].concat()).await.exits(2);
        assert!(again.stderr.contains("in_another_job") && again.stderr.contains(&id), "{again:?}");
    }

    let paused = pipeline.command(&["bulk", "pause", &id]).await.exits(0);
    assert!(paused.stderr.contains("1 works that have begun end by themselves"), "{paused:?}");
    pipeline.command(&["bulk", "pause", &id]).await.exits(2);
    pipeline.serve("encoder", &["transcode"]).await;
    let one_done = counts(&[("done", 1), ("waiting", 2)]);
    wait_until("what had begun ends", SOON, async || (works().await == one_done).then_some(())).await;
    holds_for("a paused job begins nothing", A_WHILE, async || works().await == one_done).await;

    pipeline.command(&["bulk", "resume", &id]).await.exits(0);
    wait_until("it goes on", SOON, async || (works().await.get("done") == Some(&2)).then_some(())).await;
    let cancelled = pipeline.command(&["bulk", "cancel", &id]).await;
    let left = works().await;
    // The third may have begun meanwhile; either way it ends correctly.
    match cancelled.code {
        Some(0) if left.contains_key("cancelled") => {
            assert_eq!(left, counts(&[("done", 2), ("cancelled", 1)]));
            assert_eq!(run_in_force(&pipeline, ids[2]).await, [1]);
        }
        _ => {
            wait_until("what had begun ends", SOON, async || (works().await.get("done") == Some(&3)).then_some(()))
                .await;
        }
    }
    assert_eq!((run_in_force(&pipeline, ids[0]).await, run_in_force(&pipeline, ids[1]).await), (vec![2], vec![2]));
    pipeline.command(&["bulk", "resume", &id]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_drop_is_recalled_first_and_other_partners_keep_theirs() {
    let pipeline = TestPipeline::with(quick()).await;
    let id = published(&pipeline, 1).await[0];
    let old = at_partner(&pipeline).await;
    let id_text = id.to_string();
    let replace = ["reprocess", &id_text, "--from", "transcode", "--partner", DROP, "--replace"];
    pipeline.command(&replace).await.exits(0);
    wait_until("the new run is live", SOON, async || {
        let status = status(&pipeline, id).await;
        let delivery = status["deliveries"].as_array()?.iter().find(|delivery| delivery["partner"] == DROP)?.clone();
        (delivery["run"] == 2 && delivery["state"] == "live").then_some(())
    })
    .await;
    let new = at_partner(&pipeline).await;
    assert!(
        new.iter().any(|key| key.ends_with("/.done")) && old.iter().all(|key| !new.contains(key)),
        "{old:?} {new:?}"
    );
    assert_eq!(delivery_is(&pipeline, id, BAG, "live").await["run"], 1);
    pipeline.truth.reaches(id, "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused_with_what_is_allowed() {
    let pipeline = TestPipeline::new().await;
    pipeline.command(&["migrate"]).await.exits(0);
    let unknown = Uuid::now_v7().to_string();
    for (args, words) in [
        (&["--where", "name=x", "--from", "probe"][..], "字段"),
        (&["--where", "name=x", "--from", "probe"], "fields are contest, theme"),
        (&["--where", "title=x", "--from", "probe"], "allowed are ~"),
        (&["--where", "state=published", "--from", "assemble"], "begin at transcode"),
        (&["--where", "state=published", "--from", "probe"], "nothing_selected"),
        (&["--where", "state=published", "--from", "probe", "--dry-run"], "nothing_selected"),
        (&["--where", "state=nope", "--from", "probe"], "allowed is probe, screen"),
        (&["--where", "theme=gren", "--from", "probe"], "theme cannot be"),
        (&["--where", "contest=dmo", "--from", "probe"], "contest cannot be"),
        (&["--where", "partner=youku", "--from", "probe"], "allowed is bag, drop"),
        (&["--where", "state=published", "--from", "upload"], "probe, screen, transcode or publish"),
        (&["--where", "state=published", "--from", "publish", "--partner", "youku"], "partners: bag, drop"),
        (&[&unknown, "--from", "probe"], "submission_unknown"),
        (&[&unknown, "--where", "state=published", "--from", "probe"], "cannot be used with"),
        (&["--from", "probe"], "required"),
    ] {
        let ran = pipeline.command(&[&["reprocess"], args].concat()).await.exits(2);
        assert!(ran.stderr.contains(words), "{args:?}: {ran:?}");
    }
    pipeline.command(&["bulk", "pause", &unknown]).await.exits(2);
    pipeline.command(&["bulk", "show", &unknown]).await.exits(2);
    pipeline.command(&["bulk", "works", &unknown]).await.exits(2);
    let none = serde_json::json!({ "items": [] });
    assert_eq!(pipeline.command(&["bulk", "list", "--output", "json"]).await.exits(0).json(), none);
}
