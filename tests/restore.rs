//! A restore drill with real servers: works before and after a base backup, a chosen point in time, works after it, a
//! server that dies, and recovery to that point by the scripts that operators use.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use serde_json::Value;
use uuid::Uuid;

use crate::delivery::delivery_is;
use crate::support::catalogue::DROP;
use crate::support::wait::wait_until_true;
use crate::support::{Servers, Service, Setup, TestPipeline, leftovers, process};
use vault::{Vault, as_postgres, run, script};

mod vault;

const SOON: Duration = Duration::from_secs(180);

async fn entered_and_delivered(pipeline: &TestPipeline, service: &Service) -> Uuid {
    let id = pipeline.submit(service, 2).await;
    delivery_is(pipeline, id, DROP, "live").await;
    id
}

async fn fsck(pipeline: &TestPipeline, more: &[&str], exit: i32) -> Value {
    let args = [&["fsck", "--grace", "0", "--output", "json"], more].concat();
    pipeline.command(&args).await.exits(exit).json()
}

/// The findings by name, each with the number of entries or of unknown ids in keys.
fn found(report: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings") {
        let (code, kind) = (finding["code"].as_str().expect("a code"), finding["kind"].as_str().expect("a kind"));
        *counts.entry(format!("{code}/{kind}")).or_insert(0) += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_to_a_moment_reports_how_the_bucket_differs() {
    let env = vec![("GARBAGE_DELAY_S", "1".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = TestPipeline::with(Setup { servers: Some(Servers::own("")), env, ..Setup::default() }).await;
    let vault = Vault::new(&pipeline.servers);
    vault.archives(&pipeline).await;
    let service = pipeline.serve("before", &[]).await;
    let before = entered_and_delivered(&pipeline, &service).await;
    // The base backup is taken while the services run.
    let (backup, source) = base_backup(&pipeline, &vault).await;
    let between = entered_and_delivered(&pipeline, &service).await;
    let moment: String =
        sqlx::query_scalar("select clock_timestamp()::text").fetch_one(pipeline.truth.pool()).await.expect("the time");
    // After the point in time: a new work, and a withdrawn one, whose files are swept.
    let after = entered_and_delivered(&pipeline, &service).await;
    withdrawn_and_swept(&pipeline, before, &source).await;
    fsck(&pipeline, &[], 0).await;
    vault.catches_up(&pipeline).await;
    service.stop();

    vault.hand_over();
    a_hole_in_the_archive_is_no_end(&vault, &backup);
    dies_and_is_restored(&pipeline, &vault, &backup, &moment).await;
    let known = pipeline.truth.texts("select id::text from submissions order by id").await;
    assert_eq!(known, [before.to_string(), between.to_string()], "what came after the moment is gone");
    the_bucket_differs(&pipeline, [before, between, after]).await;
    // The partner has a work that we no longer know of. Only the partner's own list shows it, and only people can
    // remove it.
    let theirs = ObjectKey::drop_prefix(SubmissionId(after), 1);
    assert!(!pipeline.partner.list(&theirs).await.expect("list the partner's bucket").is_empty());
    pipeline.partner.delete_prefix(&theirs, &[]).await.expect("the partner takes it back");
    repaired_and_continued(&pipeline, before, between).await;
}

/// Takes a base backup with `backup.sh`; returns its directory, and the key of the source of the only work.
async fn base_backup(pipeline: &TestPipeline, vault: &Vault) -> (PathBuf, String) {
    let mut command = Command::new(script("backup.sh"));
    command.arg(vault.dir.join("db")).env_clear().envs(pipeline.command_env()).env("REELMILL", process::binary());
    // Services must not be able to read all files of the server.
    command.env("DATABASE_URL", &pipeline.truth.url);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    std::fs::create_dir(vault.dir.join("db/.2020-01-01T000000Z.part")).expect("what a killed backup left");
    let backup = PathBuf::from(run(&mut command).trim());
    assert!(!vault.dir.join("db/.2020-01-01T000000Z.part").exists(), "what a killed backup left is thrown away");
    let refused = command.env("KEEP", "0").output().expect("run backup.sh");
    assert!(refused.status.code() == Some(2) && backup.exists(), "no backup is kept is no number of backups");
    let listed = std::fs::read_to_string(backup.join("objects.jsonl")).expect("the list of the bucket");
    let source: String = sqlx::query_scalar("select 'uploads/' || mezzanine_upload || '/source' from submissions")
        .fetch_one(pipeline.truth.pool())
        .await
        .expect("the source's key");
    assert!(listed.lines().any(|line| line.contains(&source)), "the list names the source:\n{listed}");
    (backup, source)
}

async fn withdrawn_and_swept(pipeline: &TestPipeline, work: Uuid, source: &str) {
    pipeline.command(&["withdraw", &work.to_string()]).await.exits(0);
    wait_until_true("nothing is left of what was withdrawn", SOON, async || {
        let left = pipeline.objects.list(&format!("renditions/{work}/")).await.expect("list the bucket");
        left.is_empty() && pipeline.objects.head(&source).await.is_err()
    })
    .await;
    wait_until_true("it is settled", SOON, async || {
        pipeline.truth.count("select count(*) from garbage").await == 0
            && pipeline.truth.count("select count(*) from outbox").await == 0
    })
    .await;
}

/// The server dies, and is restored to `moment`.
async fn dies_and_is_restored(pipeline: &TestPipeline, vault: &Vault, backup: &Path, moment: &str) {
    pipeline.servers.replace_postgres(|data| {
        let mut restore = as_postgres(&vault.dir.join("restore.sh"));
        run(restore.arg(backup).arg(data).arg(vault.wal()).arg(moment));
    });
    wait_until_true("the restored server takes writes", SOON, async || {
        let recovering = sqlx::query_scalar::<_, bool>("select pg_is_in_recovery()");
        recovering.fetch_one(pipeline.truth.pool()).await.is_ok_and(|recovering| !recovering)
    })
    .await;
}

/// The bucket has objects without rows, and lacks objects of rows.
async fn the_bucket_differs(pipeline: &TestPipeline, [before, between, after]: [Uuid; 3]) {
    let report = fsck(pipeline, &[], 1).await;
    let counts = found(&report);
    for (name, least) in
        [("missing/mezzanine", 1), ("missing/rendition", 2), ("orphan/mezzanine", 1), ("orphan/rendition", 2)]
    {
        assert!(counts.get(name).copied().unwrap_or(0) >= least, "{name} in {counts:?}");
    }
    for finding in report["findings"].as_array().expect("findings") {
        let (key, code) = (finding["key"].as_str().unwrap_or_default(), &finding["code"]);
        assert!(!key.contains(&between.to_string()), "what lies before the moment is whole: {finding}");
        match code.as_str() {
            Some("missing") => assert_eq!(finding["submission"], before.to_string()),
            Some("orphan") => assert!(key.contains(&after.to_string()) || key.starts_with("uploads/"), "{finding}"),
            _ => panic!("neither more nor less: {finding}"),
        }
    }
}

/// Repaired and withdrawn again; the pipeline then continues.
async fn repaired_and_continued(pipeline: &TestPipeline, before: Uuid, between: Uuid) {
    fsck(pipeline, &["--repair"], 1).await;
    pipeline.command(&["withdraw", &before.to_string()]).await.exits(0);
    let service = pipeline.serve("after", &[]).await;
    // The point in time may be in the middle of a sweep, whose rows stay claimed for ten minutes.
    leftovers::collect_garbage(pipeline).await;
    let next = entered_and_delivered(pipeline, &service).await;
    pipeline.renditions(between).await;
    pipeline.renditions(next).await;
    let clean = fsck(pipeline, &["--deep"], 0).await;
    assert_eq!(clean["findings"], Value::Array(Vec::new()));
    pipeline.command(&["audit", "verify"]).await.exits(0);
}

/// Without a recovery target, a server would take the gap for the end of the archive, without an error.
fn a_hole_in_the_archive_is_no_end(vault: &Vault, backup: &Path) {
    let (data, wal) = (vault.dir.join("holed"), vault.dir.join("holed-wal"));
    let restored = |accept: bool| {
        let mut restore = as_postgres(&vault.dir.join("restore.sh"));
        restore.arg(backup).arg(&data).arg(&wal);
        if accept {
            restore.env("HOLES", "accept");
        }
        let output = restore.output().expect("run restore.sh");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (done, said) = restored(false);
    assert!(!done && said.contains("is it mounted"), "{said}");

    run(Command::new("cp").arg("-a").arg(vault.wal()).arg(&wal));
    let mut segments: Vec<PathBuf> = std::fs::read_dir(&wal)
        .expect("the archive")
        .map(|file| file.expect("a segment").path())
        .filter(|path| path.file_name().is_some_and(|name| name.len() == 24))
        .collect();
    segments.sort();
    std::fs::remove_file(&segments[segments.len() - 2]).expect("lose a segment");
    let (done, said) = restored(false);
    assert!(!done && said.contains("WAL is missing") && said.contains("give a TIME before the hole"), "{said}");
    assert!(!data.exists() && !vault.dir.join("holed.part").exists(), "no data directory is left to start from");
    let (done, said) = restored(true);
    assert!(done && data.join("recovery.signal").exists(), "{said}");
    std::fs::remove_dir_all(&data).expect("delete it");
}
