//! A child that lies. The child decodes files from strangers, so one day an attacker may control it: its answers and
//! the files it leaves are then false. Each lie must end as a failure of ours or as a verdict: no file outside of
//! scratch is read, no object of another entry is written, and the next honest child finishes the work.
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use pipeline::id::UploadId;
use pipeline::object_key::{ObjectKey, is_plain};
use uuid::Uuid;

use crate::support::process::binary;
use crate::support::wait::wait_until_true;
use crate::support::{Setup, TestPipeline, clips};
use liar::{Liar, leaves, link, says};
use lies::lies_about_each_job;
use running::{Running, without_capabilities};
use secrets::{Secrets, marked};

mod liar;
mod lies;
mod running;
mod secrets;

/// Two dozen lies are two dozen attempts, on two cores shared with other tests.
const SOON: Duration = Duration::from_secs(180);

/// A liar, a service that uses it as its child, and settings under which attempts follow each other at once.
async fn house() -> (TestPipeline, Liar) {
    let env = [("RETRY_BASE_S", "0.02"), ("RECONCILE_S", "0.3"), ("MAX_ATTEMPTS", "20")];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let pipeline = TestPipeline::with(Setup { env, ..Setup::default() }).await;
    let liar = Liar::new(pipeline.dir());
    (pipeline, liar)
}

async fn serve(pipeline: &TestPipeline, liar: &Liar) -> std::sync::Arc<crate::support::process::Service> {
    pipeline.serve_with("all", &[], &[("REELMILL_CHILD_EXE", liar.program.to_str().expect("a path"))]).await
}

/// The upload of a submission, as its row names it.
async fn upload_of(pipeline: &TestPipeline, submission: Uuid) -> UploadId {
    let query = sqlx::query_scalar("select mezzanine_upload from submissions where id = $1").bind(submission);
    UploadId(query.fetch_one(pipeline.truth.pool()).await.expect("an upload"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_of_a_child_has_effect_outside_and_the_work_is_finished() {
    let (pipeline, liar) = house().await;
    let service = serve(&pipeline, &liar).await;
    let secrets = Secrets::write(pipeline.dir());
    // Another entrant's film, as stored.
    let victim = pipeline.submit(&service, 2).await;
    pipeline.truth.reaches(victim, "published", SOON).await;
    let theirs = ObjectKey::Upload(upload_of(&pipeline, victim).await);
    let digest = async || {
        let (_, digest) =
            pipeline.objects.get_to_file(&theirs, &pipeline.dir().join("theirs")).await.expect("their film");
        digest
    };
    let before = digest().await;

    for (job, lies) in lies_about_each_job(&secrets, &theirs) {
        liar.tell(job, &lies);
    }
    // A different film: the files of an equal one would be reused from the first entry, without a child.
    let entry = pipeline.submit(&service, 3).await;
    pipeline.truth.reaches(entry, "published", SOON).await;
    assert_eq!(liar.left(), Vec::<String>::new(), "every lie was used");

    assert_eq!(digest().await, before, "another entrant's film is what it was");
    nothing_left_scratch(&pipeline).await;
    each_lie_was_an_attempt(&pipeline, entry, &service.log_text()).await;
}

/// No object has a secret in it or a name that a child chose.
async fn nothing_left_scratch(pipeline: &TestPipeline) {
    let carried_out = marked(&pipeline.dir().join("s3"));
    assert!(carried_out.is_empty(), "{carried_out:?}");
    for object in pipeline.objects.list("").await.expect("list the objects") {
        assert!(is_plain(&object.key), "{}", object.key);
    }
}

async fn each_lie_was_an_attempt(pipeline: &TestPipeline, entry: Uuid, log: &str) {
    assert!(!log.contains('\u{1b}') && !log.contains("panicked"), "nothing acts on the log, and nothing panicked");
    let mut attempts: BTreeMap<String, i32> = BTreeMap::new();
    for part in pipeline.truth.parts(entry).await {
        *attempts.entry(part.stage).or_default() += part.attempt;
    }
    let failures = |stage: &str| log.lines().filter(|line| line.contains(&format!("failed in {stage}"))).count();
    // The two about headers do not reach the entrant, and the first about the probe costs the preview only while the
    // second is not used.
    assert_eq!(failures("probe"), 1, "{attempts:?}");
    assert_eq!(failures("transcode"), 13, "each lie of an encoder is an attempt: {attempts:?}");
    // Two of the lies are about further covers, which only one of the two renditions has: they have an effect only
    // there.
    let rendition = failures("assemble");
    assert!((10..=13).contains(&rendition), "each lie about a rendition is an attempt: {rendition}, {attempts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_lies_about_a_file_again_is_a_verdict_about_the_file() {
    let (pipeline, liar) = house().await;
    let service = serve(&pipeline, &liar).await;
    // Four children: with a preview and without, twice. A refusal that a child may not give is treated as a lie, too.
    let refusal = r#"printf '%s\n' '{"rejected":{"code":"review_refused","words":"never come back"}}' > "$answer""#;
    let endless = r#"head -c 20000000 /dev/zero | tr '\0' ' ' > "$answer""#;
    let text = says(r#""format":"[^"]*""#, r#""format":"\\u0000""#);
    let number = says(r#""frames":[0-9]*"#, r#""frames":0"#);
    liar.tell("probe", &[text, refusal.to_owned(), endless.to_owned(), number]);
    let entry = pipeline.submit(&service, 2).await;
    pipeline.truth.reaches(entry, "rejected", SOON).await;
    assert_eq!(pipeline.truth.machine(entry).await["state"]["reason"]["code"], "undecodable");
    assert_eq!(liar.left(), Vec::<String>::new());
}

/// A work does not wait for its preview: an invalid preview is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_leads_outside_is_left_out() {
    let (pipeline, liar) = house().await;
    let service = serve(&pipeline, &liar).await;
    let secrets = Secrets::write(pipeline.dir());
    liar.tell("probe", &[leaves("storyboard.vtt", &link(&secrets.text))]);
    let entry = pipeline.submit(&service, 2).await;
    pipeline.truth.reaches(entry, "published", SOON).await;
    let carried_out = marked(&pipeline.dir().join("s3"));
    assert!(carried_out.is_empty(), "{carried_out:?}");
    assert_eq!(pipeline.truth.count("select count(*) from previews").await, 0);
}

/// `render` and `probe` run the same children without any server.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_believes_a_lying_child_no_more_than_the_services_do() {
    let (pipeline, liar) = house().await;
    let secrets = Secrets::write(pipeline.dir());
    let clip = clips::plain(pipeline.dir(), 2);
    let out = pipeline.dir().join("rendered");
    let mut env = pipeline.command_env();
    env.insert("REELMILL_CHILD_EXE".into(), liar.program.display().to_string());
    let (clip, to) = (clip.to_str().expect("a path"), out.to_str().expect("a path"));
    for (job, lie) in [
        ("encode_segment", leaves("v1.mp4", &link(&secrets.film))),
        ("encode_audio", says(r#""file":"a1.m4a""#, &format!(r#""file":"{}""#, secrets.film.display()))),
        ("assemble", leaves("rendition.mp4", &link(&secrets.film))),
        ("covers", leaves("cover.jpg", &link(&secrets.picture))),
        ("qc", says(r#""pass":true"#, r#""pass":false"#)),
    ] {
        liar.tell(job, &[lie]);
        let ran =
            crate::support::process::run(&["render", clip, "--out", to, "--contest", "test"], &env).await.exits(1);
        assert!(ran.stderr.contains("does not fit the request"), "{job}: {}", ran.stderr);
        assert_eq!(liar.left(), Vec::<String>::new(), "{job}");
    }
    liar.tell("probe", &[says(r#""size_bytes":[0-9]*"#, r#""size_bytes":1"#)]);
    let ran = crate::support::process::run(&["probe", clip, "--contest", "test"], &env).await.exits(3);
    assert!(ran.stderr.contains("undecodable"), "{}", ran.stderr);
    let carried_out = marked(&out);
    assert!(carried_out.is_empty(), "{carried_out:?}");
}

/// Scratch contains works that are not published.
#[tokio::test(flavor = "multi_thread")]
async fn scratch_is_not_for_others_on_the_machine() {
    let pipeline = TestPipeline::new().await;
    let _service = pipeline.serve("all", &[]).await;
    let scratch = pipeline.scratch("all");
    let mode = |path: &Path| std::fs::metadata(path).expect("a directory").permissions().mode() & 0o777;
    let own = std::fs::read_dir(&scratch).expect("scratch").next().expect("the process' own").expect("an entry").path();
    assert_eq!((mode(&scratch), mode(&own)), (0o700, 0o700));
}

/// The addresses of a service hold passwords, and its memory the keys of personal data.
#[tokio::test(flavor = "multi_thread")]
async fn no_process_of_the_same_user_reads_what_a_service_knows() {
    let pipeline = TestPipeline::new().await;
    let sleeping = Running(without_capabilities("sleep").arg("60").spawn().expect("run sleep"));
    wait_until_true("any other process shows its environment", SOON, async || sleeping.shows_its_secrets()).await;
    let mut serve = without_capabilities(binary().to_str().expect("a path"));
    serve.args(["serve", "--roles", "probe"]).envs(pipeline.command_env()).env("ADMIN_LISTEN", "127.0.0.1:0");
    let mut service = Running(serve.spawn().expect("run a service"));
    wait_until_true("a service does not", SOON, async || !service.shows_its_secrets()).await;
    assert!(service.0.try_wait().expect("ask for it").is_none(), "and it is still there");
}
