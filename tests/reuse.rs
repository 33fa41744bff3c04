//! Nothing is encoded twice: an existing file is found by the digest of what determines its bytes, and copied; where
//! reuse fails, the file is made.
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::delivery::{delivery_is, status};
use crate::support::catalogue::{self, BAG, DROP, RUNGS};
use crate::support::{Entrant, Setup, TestPipeline, clips, wait_until};

const SOON: Duration = Duration::from_secs(180);

/// Another contest with the same rules, whose only partner is the bucket.
const OTHER: &str = "other";

/// Waits until a run's files are in the partner's bucket; returns what the run did: the files made by its transcode
/// parts, and the owner of each rendition's file.
async fn done(pipeline: &TestPipeline, id: Uuid, run: i32) -> (usize, Vec<Option<Value>>) {
    pipeline.truth.part_is(id, "assemble", "done", SOON).await;
    wait_until(&format!("run {run} of {id} is in force"), SOON, async || {
        let query = "select count(*) from renditions where submission = $1 and run = $2 and in_force";
        let count: i64 = sqlx::query_scalar(query).bind(id).bind(run).fetch_one(pipeline.truth.pool()).await.ok()?;
        (count as usize == RUNGS.len()).then_some(())
    })
    .await;
    let parts: Vec<_> = pipeline.truth.parts(id).await.into_iter().filter(|part| part.run == run).collect();
    let encodes = parts.iter().filter(|part| part.stage == "transcode");
    let files = encodes.map(|part| part.output.as_ref().expect("an output")["files"].as_object().expect("files").len());
    let query = "select case when reused_run is not null
            then jsonb_build_object('submission', reused_submission, 'run', reused_run) end
        from renditions where submission = $1 and run = $2 and in_force order by name";
    let from = sqlx::query_scalar(query).bind(id).bind(run).fetch_all(pipeline.truth.pool());
    (files.sum(), from.await.expect("where renditions come from"))
}

/// Digests of the renditions in force, by name; each file was fetched and compared with its row.
async fn digests(pipeline: &TestPipeline, id: Uuid) -> BTreeMap<String, String> {
    let files = pipeline.renditions(id).await;
    files
        .into_iter()
        .map(|(name, file)| (name, hex::encode(Sha256::digest(std::fs::read(file).expect("a file")))))
        .collect()
}

/// Media children that a service has run, from its own metric.
async fn children(pipeline: &TestPipeline, service: usize) -> u64 {
    let metrics = pipeline.services()[service].metrics_text().await;
    let counts = metrics.lines().filter(|line| line.starts_with("reelmill_children_total"));
    counts.map(|line| line.rsplit(' ').next().expect("a value").parse::<u64>().expect("a count")).sum()
}

async fn enter(pipeline: &TestPipeline, contest: &str, seconds: u32) -> Uuid {
    let address = pipeline.services()[0].api_address().expect("the address of the API");
    let entrant = Entrant::at(&address);
    let mut form = Entrant::form("同一部作品");
    form["contest"] = contest.into();
    let entered = entrant.enter(&form).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), seconds)).await;
    entered.id
}

/// The catalogue of the tests with one more contest, which accepts the same works for the bucket only.
async fn with_two_contests(setup: Setup) -> TestPipeline {
    let pipeline = TestPipeline::with(setup).await;
    let contests = pipeline.dir().join("catalogue/contests");
    let text = std::fs::read_to_string(contests.join(format!("{}.toml", catalogue::CONTEST))).expect("the contest");
    let both = format!(r#"["{DROP}", "{BAG}"]"#);
    assert!(text.contains(&both));
    let text = text.replace(&both, &format!(r#"["{DROP}"]"#));
    std::fs::write(contests.join(format!("{OTHER}.toml")), text).expect("write the other contest");
    pipeline
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_with_an_unchanged_plan_encodes_nothing_and_one_of_another_engine_does() {
    let pipeline = TestPipeline::with(Setup { segment_s: 1, ..Setup::default() }).await;
    pipeline.serve("all", &[]).await;
    let id = enter(&pipeline, catalogue::CONTEST, 2).await;
    let (encoded, from) = done(&pipeline, id, 1).await;
    assert_eq!((encoded, from), (5, vec![None, None]), "two pictures in two segments, one sound");
    let (made, children_before) = (digests(&pipeline, id).await, children(&pipeline, 0).await);

    delivery_is(&pipeline, id, DROP, "live").await;
    let id_text = id.to_string();
    let again = ["reprocess", &id_text, "--from", "transcode"];
    pipeline.command(&again).await.exits(0);
    let ours = Some(json!({ "submission": id, "run": 1 }));
    assert_eq!(done(&pipeline, id, 2).await, (0, vec![ours.clone(), ours]));
    assert_eq!(children(&pipeline, 0).await, children_before, "no child was started");
    assert_eq!(digests(&pipeline, id).await, made, "the same bytes");
    assert_eq!(status(&pipeline, id).await["renditions"][0]["reused_from"]["run"], 1);

    // The engine is part of the address; these are addresses as another engine would have given them.
    let other = "update renditions set artefact = set_byte(artefact, 0, get_byte(artefact, 0) # 1)";
    sqlx::query(other).execute(pipeline.truth.pool()).await.expect("change the addresses");
    pipeline.command(&again).await.exits(0);
    assert_eq!(done(&pipeline, id, 3).await, (5, vec![None, None]));
    assert_eq!(digests(&pipeline, id).await, made, "encodes are the same at every try");
    assert_eq!(pipeline.truth.count("select count(*) from choices").await, 0, "what was chosen is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_in_another_contest_and_a_partner_added_later_find_what_was_made() {
    // Garbage is due at once, so that the test includes the sweep.
    let env = vec![("GARBAGE_DELAY_S", "0.1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = with_two_contests(Setup { env, ..Setup::default() }).await;
    pipeline.serve("all", &[]).await;
    let first = enter(&pipeline, OTHER, 2).await;
    assert_eq!(done(&pipeline, first, 1).await.0, 3);
    let made = digests(&pipeline, first).await;

    // For another partner, too: the bag wants the same files as the bucket, and covers that were not cut yet.
    let second = enter(&pipeline, catalogue::CONTEST, 2).await;
    let theirs = Some(json!({ "submission": first, "run": 1 }));
    assert_eq!(done(&pipeline, second, 1).await, (0, vec![theirs.clone(), theirs]));
    assert_eq!(digests(&pipeline, second).await, made);
    let covers = async |id: Uuid| -> Vec<(String, Value)> {
        let query =
            "select cover ->> 'aspect', cover -> 'partners' from renditions, jsonb_array_elements(covers) as cover
            where submission = $1 order by 1";
        sqlx::query_as(query).bind(id).fetch_all(pipeline.truth.pool()).await.expect("covers")
    };
    let of_the_bucket = [("16:9".to_owned(), json!([DROP])), ("3:4".to_owned(), json!([DROP]))];
    assert_eq!(covers(first).await, of_the_bucket);
    assert_eq!(covers(second).await, [&of_the_bucket[..], &[("4:3".to_owned(), json!([BAG]))]].concat());
    delivery_is(&pipeline, second, DROP, "live").await;
    delivery_is(&pipeline, second, BAG, "awaiting_operator").await;

    // Each work owns its objects: the first entrant withdraws, and the second one's files stay.
    let keys =
        "select count(*) from renditions a join renditions b using (object_key) where a.submission <> b.submission";
    assert_eq!(pipeline.truth.count(keys).await, 0);
    pipeline.command(&["withdraw", &first.to_string()]).await.exits(0);
    wait_until("everything of the first entry is swept", SOON, async || {
        let left = pipeline.objects.list(&format!("renditions/{first}/")).await.expect("list");
        left.is_empty().then_some(())
    })
    .await;
    assert_eq!(digests(&pipeline, second).await, made);
    // No delivered file reveals where it comes from.
    for object in pipeline.partner.list(&second.to_string()).await.expect("list the drop") {
        let file = pipeline.dir().join("dropped");
        pipeline.partner.get_to_file(&object.key, &file).await.expect("fetch");
        let bytes = std::fs::read(&file).expect("read");
        let id = first.to_string();
        assert!(!bytes.windows(id.len()).any(|window| window == id.as_bytes()), "{} names {first}", object.key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_vanished_or_was_damaged_is_made_again() {
    let pipeline = with_two_contests(Setup::default()).await;
    pipeline.serve("all", &[]).await;
    let first = enter(&pipeline, OTHER, 2).await;
    done(&pipeline, first, 1).await;
    let made = digests(&pipeline, first).await;
    let object = async |query: &'static str, rung: &str| {
        let key = sqlx::query_scalar::<_, String>(query).bind(first).bind(rung).fetch_one(pipeline.truth.pool()).await;
        pipeline.dir().join("s3").join(&pipeline.store.ours.bucket).join(key.expect("a key"))
    };
    let vanishes = object("select cover_key from renditions where submission = $1 and name = $2", RUNGS[0]).await;
    let aside = pipeline.dir().join("aside");
    std::fs::rename(&vanishes, &aside).expect("take the object away");
    let damaged = object("select object_key from renditions where submission = $1 and name = $2", RUNGS[1]).await;
    let whole = std::fs::read(&damaged).expect("the object as a file");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).expect("damage the object");

    let second = enter(&pipeline, catalogue::CONTEST, 2).await;
    assert_eq!(done(&pipeline, second, 1).await, (3, vec![None, None]));
    // Every row's object must exist when the test ends.
    std::fs::rename(&aside, &vanishes).expect("put it back");
    std::fs::write(&damaged, whole).expect("mend it");
    assert_eq!(digests(&pipeline, second).await, made);
    for id in [first, second] {
        delivery_is(&pipeline, id, DROP, "live").await;
    }
}
