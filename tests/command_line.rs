//! The command line as people type it: what it prints, which files it writes, and its exit code (0 done, 1 our failure,
//! 2 usage, 3 refused, 130 interrupted).
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use sha2::{Digest, Sha256};

use crate::support::crossing::Crossing;
use crate::support::process::Service;
use crate::support::wait::{wait_until, wait_until_true};
use crate::support::{TestPipeline, catalogue, clips, process};

mod doctor;
mod local;

const SOON: Duration = Duration::from_secs(180);

/// A directory with the test catalogue, and an environment without servers.
fn alone() -> (tempfile::TempDir, BTreeMap<String, String>) {
    let dir = tempfile::tempdir().expect("a directory");
    catalogue::write(&dir.path().join("catalogue"), catalogue::OPEN, (0, 0.5), &[], false);
    let path = |name: &str| dir.path().join(name).display().to_string();
    let env = [
        ("CATALOGUE_DIR", path("catalogue")),
        ("SCRATCH_DIR", path("scratch")),
        ("XDG_STATE_HOME", path("state")),
        ("REELMILL_ALLOW_MISSING_LANDLOCK", "true".to_owned()),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (dir, env)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_our_failure_and_is_named() {
    let (dir, env) = alone();
    let mut env = env;
    // Nothing listens on port 9.
    env.insert("DATABASE_URL".into(), "postgres://reelmill@127.0.0.1:9/reelmill".into());
    let status = process::run(&["status"], &env).await.exits(1);
    assert!(
        status.stderr.contains("DATABASE_URL") && status.stderr.contains("database_unavailable"),
        "{}",
        status.stderr
    );
    let film = clips::plain(dir.path(), 1);
    let submit = process::run(&submit(text(&film), "http://127.0.0.1:9"), &env).await.exits(1);
    assert!(submit.stderr.contains("127.0.0.1:9"), "{}", submit.stderr);
    let doctor = process::run(&["doctor", "--output", "json"], &env).await.exits(1).json();
    let finding = |name: &str| {
        let findings = doctor.as_array().expect("a list of findings");
        findings.iter().find(|finding| finding["check"] == name).unwrap_or_else(|| panic!("no {name} in {doctor}"))
    };
    assert_eq!(finding("PostgreSQL")["health"], "bad");
    assert!(finding("PostgreSQL")["mend"].as_str().is_some_and(|mend| mend.contains("DATABASE_URL")));
    assert_eq!(finding("RabbitMQ")["health"], "bad");
    assert_eq!(finding("catalogue")["health"], "good");
    // Every finding is explained in both languages.
    for found in doctor.as_array().expect("a list of findings").iter().filter(|found| found["health"] != "good") {
        let (zh, en) = (found["mend_zh"].as_str().unwrap_or_default(), found["mend"].as_str().unwrap_or_default());
        assert!(!en.is_empty() && zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{found}");
    }
    // One wrong setting is reported as such, and does not hide other findings.
    env.insert("SLOTS".into(), "many".into());
    let doctor = process::run(&["doctor", "--output", "json"], &env).await.exits(1).json();
    let bad: Vec<_> = doctor.as_array().expect("a list").iter().filter(|found| found["health"] == "bad").collect();
    assert!(bad.len() == 1 && bad[0]["found"].as_str().is_some_and(|it| it.contains("--slots")), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_finds_everything_from_the_first_page_on() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let client = reqwest::Client::new();
    let first = format!("http://{}", service.api_address().expect("the address of the API"));
    let desk = format!("http://{}", service.desk_address().expect("the address of the desk"));
    // The public page names the desk only where DESK_URL is set.
    let mut seen = std::collections::BTreeSet::from([format!("{first}/"), format!("{desk}/api/v1/docs")]);
    let mut next: Vec<String> = seen.iter().cloned().collect();
    while let Some(page) = next.pop() {
        let answer = client.get(&page).header("accept", "text/html,*/*").send().await.expect("ask for a page");
        assert_eq!(answer.status(), 200, "{page}");
        let html = answer.headers()["content-type"].to_str().expect("a type").starts_with("text/html");
        let text = answer.text().await.expect("its text");
        let base = reqwest::Url::parse(&page).expect("an address");
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|_| html) {
            let link = base.join(link).expect("a link").to_string();
            // The standard's own page is on another server, which tests do not contact.
            if link.starts_with("http://127.0.0.1:") && seen.insert(link.clone()) {
                next.push(link);
            }
        }
    }
    for end in [
        "/api/v1/docs",
        "/metrics",
        "/readyz",
        "/runbook/QueueOld",
        "/dashboards/overview.json",
        "/dashboards/rules.yml",
    ] {
        assert!(seen.iter().any(|link| link.ends_with(end)), "{end} in {seen:?}");
    }
}

/// An entrant's command.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_submit_exits_with_130_and_names_the_resuming_command() {
    let (dir, env) = alone();
    let film = clips::plain(dir.path(), 1);
    // Accepts the connection and never answers.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = format!("http://{}", mute.local_addr().expect("an address"));
    let running = Service::start("submit", &submit(text(&film), &server), &env, &dir.path().join("logs"));
    let connection = tokio::time::timeout(SOON, mute.accept()).await.expect("it connects in time");
    running.signal(Signal::INT);
    assert_eq!(running.end(SOON).await.code(), Some(130), "{}", running.log_tail());
    assert!(running.log_text().contains("the same command resumes"), "{}", running.log_tail());
    drop(connection);
}

fn submit<'a>(file: &'a str, server: &'a str) -> Vec<&'a str> {
    let form = [
        "--title",
        "命令行",
        "--theme",
        catalogue::THEME,
        "--unit",
        "测试单位",
        "--name",
        "张三",
        "--phone",
        "13800000000",
    ];
    let declared = ["--original", "--rights", "--ai", "none", "--contest", catalogue::CONTEST];
    let to = ["submit", file, "--server", server];
    [&to[..], &form, &declared].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_submitted_watched_and_listed_and_a_wrong_form_is_refused() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let server = format!("http://{}", service.api_address().expect("the address of the API"));
    let film = clips::plain(pipeline.dir(), 2);
    let done = pipeline.command(&[&submit(text(&film), &server)[..], &["--wait"]].concat()).await.exits(0);
    let id = done.stdout.trim().to_owned();
    // The same command finds the entry and does not enter it twice.
    let again = pipeline.command(&submit(text(&film), &server)).await.exits(0);
    assert_eq!(again.stdout.trim(), id);
    assert!(again.stderr.contains("already"), "{}", again.stderr);

    let entry = pipeline.command(&["status", &id, "--output", "json"]).await.exits(0).json();
    assert_eq!((&entry["id"], &entry["title"]), (&id.as_str().into(), &"命令行".into()));
    let list = pipeline.command(&["status", "--output", "json"]).await.exits(0).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list["count"]["value"], 1);
    let found = pipeline.command(&["status", "--title", "命令", "--output", "json"]).await.exits(0).json();
    assert_eq!(found["items"][0]["id"], id.as_str(), "{found}");
    for (filter, value) in [("--contest", "nope"), ("--state", "nope"), ("--theme", "nope"), ("--partner", "nope")] {
        let refused = pipeline.command(&["status", filter, value]).await.exits(2);
        assert!(refused.stderr.contains("filter_unknown"), "{filter}: {}", refused.stderr);
    }
    let table = pipeline.command(&["status"]).await.exits(0);
    assert!(table.stdout.contains(&id) && table.stdout.contains("命令行"), "{}", table.stdout);
    pipeline.command(&["status", "01890a5d-ac96-774b-bcce-b302099a8057"]).await.exits(2);
    pipeline.command(&["status", "no-id"]).await.exits(2);

    let short = pipeline.dir().join("short.mp4");
    clips::ffmpeg(["-i", text(&film), "-t", "0.4", "-c:v", "libx264"].iter(), &short);
    let refused = pipeline.command(&[&submit(text(&short), &server)[..], &["--wait"]].concat()).await.exits(3);
    assert!(refused.stderr.contains("too_short") && refused.stderr.contains("作品时长"), "{}", refused.stderr);
    let mut wrong = submit(text(&short), &server);
    let theme = wrong.iter().position(|arg| *arg == catalogue::THEME).expect("a theme");
    wrong[theme] = "space";
    let refused = pipeline.command(&[&wrong[..], &["--again"]].concat()).await.exits(2);
    assert!(refused.stderr.contains("theme_unknown"), "{}", refused.stderr);
    pipeline.truth.reaches(id.parse().expect("an id"), "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_that_was_killed_goes_on_with_the_same_command_and_sends_only_the_rest() {
    const FILM_BYTES: u64 = 20 * 1024 * 1024;
    const HANGS_AT: u64 = 12_000_000;
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("upload", &["upload"]).await;
    let address = service.api_address().expect("the address of the API");
    let line = Crossing::to(std::slice::from_ref(&address), &[]).await;
    let film = pipeline.dir().join("film.mp4");
    let bytes: Vec<u8> = (0..FILM_BYTES).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    std::fs::write(&film, &bytes).expect("write a film");
    let server = format!("http://{}", line.address());
    let args = submit(text(&film), &server);

    line.stall_at(Some(HANGS_AT));
    let mut first = pipeline.start_command(&args);
    wait_until_true("the line hangs", SOON, async || line.passed() >= HANGS_AT).await;
    // SIGKILL: it cannot write anything any more.
    first.kill().await.expect("kill the submit");
    // All bytes that arrived are made durable, also less than a part.
    wait_until_true("what came before the kill is durable", SOON, async || {
        pipeline.truth.count("select coalesce(max(\"offset\"), 0) from uploads").await > 11_500_000
    })
    .await;
    line.stall_at(None);
    let before = line.passed();
    let done = pipeline.command(&args).await.exits(0);
    assert!(done.stderr.contains("resuming"), "{}", done.stderr);
    let sent = line.passed() - before;
    assert!(sent < FILM_BYTES - HANGS_AT + 1_000_000, "it sent {sent} bytes of {FILM_BYTES} the second time");
    let id: uuid::Uuid = done.stdout.trim().parse().expect("an id");
    pipeline.truth.reaches(id, "probe", SOON).await;
    let query = sqlx::query_scalar("select mezzanine_sha256 from submissions where id = $1").bind(id);
    let digest: Vec<u8> = query.fetch_one(pipeline.truth.pool()).await.expect("a digest");
    assert_eq!(hex::encode(digest), hex::encode(Sha256::digest(&bytes)));
    assert_eq!(pipeline.truth.count("select count(*) from submissions").await, 1, "it was entered once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_catalogue_stops_the_start_with_the_file_the_key_and_what_is_allowed() {
    let pipeline = TestPipeline::new().await;
    let wrongs: [(&str, &str, &str, [&str; 3]); 4] = [
        ("ladders.toml", "\"superfast\"", "\"fastest\"", ["ladders.toml", "preset", "veryslow"]),
        (
            "contests/test.toml",
            "min_short_side = 180",
            "min_short_size = 180",
            ["contests/test.toml", "rules.resolution", "min_short_side"],
        ),
        ("contests/test.toml", "\"drop\"", "\"unlisted\"", ["contests/test.toml", "partners", "drop"]),
        ("partners/drop.toml", "\"s3_drop\"", "\"pigeon\"", ["partners/drop.toml", "method", "sftp_drop"]),
    ];
    for (number, (file, right, wrong, named)) in wrongs.into_iter().enumerate() {
        let dir = pipeline.dir().join(format!("wrong-{number}"));
        catalogue::write(&dir, catalogue::OPEN, (0, 0.5), &[], false);
        let path = dir.join(file);
        let text = std::fs::read_to_string(&path).expect("read a file of the catalogue");
        assert!(text.contains(right), "{text}");
        std::fs::write(&path, text.replace(right, wrong)).expect("write a file of the catalogue");
        let dir = dir.display().to_string();
        let service = pipeline.start(&format!("wrong-{number}"), &[], &[("CATALOGUE_DIR", &dir)]);
        let ended = wait_until("a service with a wrong catalogue ends", SOON, async || service.ended()).await;
        assert!(ended.code().is_some_and(|code| code == 1 || code == 2), "{ended}");
        let log = service.log_text();
        for name in named {
            assert!(log.contains(name), "{name} is named in: {log}");
        }
        // The service ended as expected; the drop check must not expect another exit.
        service.kill();
    }
}
