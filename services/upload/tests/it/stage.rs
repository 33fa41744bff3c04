//! A service of its own for each test, with its own servers, and shorthands for what clients do.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use reqwest::{Method, RequestBuilder, Response};
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::scratch::Scratch;
use runtime::store::stuck::{self, Stuck};
use runtime::store::tokens::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};
use upload::{App, Settings};
use uuid::Uuid;

mod building;

use building::{S3, new_app, serve, serve_desk};
pub(crate) use building::{SUGGESTED, desk_of};

/// Time limit of every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const MIB: usize = 1024 * 1024;
const BYTES: &str = "application/offset+octet-stream";

/// One service and its servers.
pub(crate) struct Stage {
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    /// The desk's address.
    pub(crate) desk_url: String,
    /// Notifies open pages of the desk of changes.
    pub(crate) live: desk::Live,
    pub(crate) client: reqwest::Client,
    pub(crate) database_url: String,
    admin_url: String,
    s3: S3,
    config: Config,
    scratch: Scratch,
    dir: tempfile::TempDir,
    /// Whether the test wrote rows of works and deliveries itself.
    planted: AtomicBool,
}

/// A submission from the view of its entrant.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A route of either service.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{names}`.
    pub(crate) path: &'static str,
    /// Staff who may use it; `None` at the public service.
    pub(crate) roles: Option<&'static [Role]>,
    /// Whether it is the desk's.
    pub(crate) desk: bool,
}

/// Every route of both services' APIs.
pub(crate) fn routes() -> Vec<Route> {
    let public = |it: upload::Listed| Route { method: it.method, path: it.path, roles: None, desk: false };
    let desk = |it: desk::Listed| Route {
        roles: match it.policy {
            desk::Policy::People(roles) => Some(roles),
            desk::Policy::Public | desk::Policy::Pages(_) => None,
        },
        method: it.method,
        path: it.path,
        desk: true,
    };
    desk::list()
        .into_iter()
        .filter(desk::Listed::is_api)
        .map(desk)
        .chain(upload::list().into_iter().map(public))
        .collect()
}

/// The OpenAPI document that describes the route.
pub(crate) fn document_of(route: &Route) -> Value {
    if route.desk { desk::document() } else { upload::document() }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    config: Config,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::configured(&[], change).await
    }

    /// One that sends mail to this server.
    pub(crate) async fn mailing(smtp_url: &str) -> Self {
        const URL: &str = "https://enter.example";
        let mail = ["--smtp-url", smtp_url, "--mail-from", "noreply@example.org", "--public-url", URL];
        Self::configured(&mail, |settings| settings.public_url = URL.into()).await
    }

    async fn configured(arguments: &[&str], change: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let admin_url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a Postgres for tests");
        let name = format!("upload_{}", Uuid::new_v4().simple());
        // A copy of a migrated database costs less than 20 migrations.
        let template = std::env::var("TEST_DATABASE_TEMPLATE").map_or(String::new(), |it| format!(" template {it}"));
        run(&admin_url, format!("create database {name}{template}")).await;
        let database_url = format!("{}/{name}", admin_url.rsplit_once('/').unwrap().0);
        let neighbours = ["it", "--database-url", &database_url, "--amqp-url", "amqp://none"];
        let config = Line::parse_from(neighbours.iter().chain(arguments)).config;
        let dir = tempfile::tempdir().unwrap();
        let s3 = S3::start(dir.path().join("s3"), "127.0.0.1:0".parse().unwrap()).await;
        let scratch = Scratch::new(&dir.path().join("scratch")).unwrap();
        let mut settings = Settings::default();
        change(&mut settings);
        let app = new_app(&config, &s3, &scratch, settings, Clock::default());
        app.store.migrate().await.unwrap();
        app.objects.ensure_bucket().await.unwrap();
        let url = serve(&app).await;
        let live = desk::Live::default();
        let desk_url = serve_desk(&app, live.clone()).await;
        Self {
            app,
            url,
            desk_url,
            live,
            client: reqwest::Client::new(),
            database_url,
            admin_url,
            s3,
            config,
            scratch,
            dir,
            planted: AtomicBool::new(false),
        }
    }

    /// A second service on the same servers, as if on another machine; returns its address.
    pub(crate) async fn replica(&self) -> (Arc<App>, String) {
        let app = new_app(&self.config, &self.s3, &self.scratch, self.app.settings.clone(), self.app.clock.clone());
        let url = serve(&app).await;
        (app, url)
    }

    /// The address of the service that has the route.
    pub(crate) fn base(&self, route: &Route) -> &str {
        if route.desk { &self.desk_url } else { &self.url }
    }

    /// The address of the object store.
    pub(crate) fn s3_addr(&self) -> SocketAddr {
        self.s3.addr
    }

    /// Stops the object store.
    pub(crate) async fn stop_s3(&mut self) {
        self.s3.stop.cancel();
        (&mut self.s3.running).await.unwrap().unwrap();
    }

    /// Starts it again, with its data.
    pub(crate) async fn start_s3(&mut self) {
        self.s3 = S3::start(self.s3.root.clone(), self.s3.addr).await;
    }

    /// Enters a work into the open contest.
    pub(crate) async fn enter(&self) -> Entry {
        self.enter_into("demo", "digital").await
    }

    /// The number of an entry's receipt.
    pub(crate) async fn receipt(&self, id: &str) -> String {
        self.ask(format!("select receipt from submissions where id = '{id}'")).await
    }

    pub(crate) async fn enter_into(&self, contest: &str, theme: &str) -> Entry {
        let mut form = form();
        form["contest"] = contest.into();
        form["theme"] = theme.into();
        if contest == "industry-power-2024" {
            // The call's own questions.
            form["answers"] =
                json!({ "subject": "organisation", "region": "湖南省", "crew": "导演：李四", "confidentiality": true });
        }
        let answer = self.post_form(&form).await;
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        Entry { id: answer["id"].as_str().unwrap().into(), token: answer["token"].as_str().unwrap().into() }
    }

    pub(crate) async fn post_form(&self, form: &Value) -> Response {
        let request = self.client.post(format!("{}/api/v1/submissions", self.url));
        request.header("content-type", "application/json").body(form.to_string()).send().await.unwrap()
    }

    pub(crate) fn api(&self, method: Method, entry: &Entry) -> RequestBuilder {
        let address = format!("{}/api/v1/submissions/{}", self.url, entry.id);
        self.client.request(method, address).bearer_auth(&entry.token)
    }

    pub(crate) async fn status(&self, entry: &Entry) -> Value {
        let answer = self.api(Method::GET, entry).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// A request of the protocol.
    pub(crate) fn tus(&self, method: &str, path: &str, entry: &Entry) -> RequestBuilder {
        self.tus_at(&self.url, method, path, entry)
    }

    pub(crate) fn tus_at(&self, url: &str, method: &str, path: &str, entry: &Entry) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{url}{path}")).bearer_auth(&entry.token).header("tus-resumable", "1.0.0")
    }

    /// A new upload; its path.
    pub(crate) async fn create(&self, entry: &Entry, length: usize) -> String {
        location(&self.tus("POST", "/files", entry).header("upload-length", length).send().await.unwrap())
    }

    /// PATCH with its required headers.
    pub(crate) fn patch(
        &self,
        path: &str,
        entry: &Entry,
        offset: usize,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.tus("PATCH", path, entry).header("content-type", BYTES);
        request.header("upload-offset", offset).body(body)
    }

    /// PATCH that must succeed; returns the offset after it.
    pub(crate) async fn send(&self, path: &str, entry: &Entry, offset: usize, bytes: &[u8]) -> usize {
        let answer = self.patch(path, entry, offset, bytes.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        number(&answer, "upload-offset")
    }

    /// The offset returned by HEAD.
    pub(crate) async fn offset(&self, path: &str, entry: &Entry) -> usize {
        let answer = self.tus("HEAD", path, entry).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        number(&answer, "upload-offset")
    }

    /// Waits until the offset is `wanted`.
    pub(crate) async fn offset_reaches(&self, path: &str, entry: &Entry, wanted: usize) {
        until("the offset", async || self.offset(path, entry).await == wanted).await;
    }

    /// The film as stored, once it was read back; checks the digest returned by the service.
    pub(crate) async fn film(&self, entry: &Entry) -> Vec<u8> {
        until("the film is whole", async || self.status(entry).await["state"] == "probe").await;
        let status = self.status(entry).await;
        // The submission moves on first; the parts of its upload are freed right after.
        until("only the film is left", async || self.objects().await.len() == 1).await;
        let stored = self.objects().await;
        let path = self.dir.path().join("film");
        let (bytes, sha256) = self.app.objects.get_to_file(&stored[0], &path).await.unwrap();
        assert_eq!(status["upload"]["offset"], bytes);
        assert_eq!(status["upload"]["sha256"], hex::encode(sha256));
        let film = std::fs::read(path).unwrap();
        assert_eq!(Sha256::digest(&film).as_slice(), sha256);
        film
    }

    /// Keys of everything in the object store.
    pub(crate) async fn objects(&self) -> Vec<String> {
        self.app.objects.list("").await.unwrap().into_iter().map(|it| it.key).collect()
    }

    /// Whether the object store contains no object and no part.
    pub(crate) async fn is_empty(&self) -> bool {
        self.objects().await.is_empty() && self.app.objects.list_multiparts("").await.unwrap().is_empty()
    }

    /// Number of parts of multipart uploads in the object store.
    pub(crate) fn part_files(&self) -> usize {
        let entries = std::fs::read_dir(&self.s3.root).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".part-")).count()
    }

    /// Files in the scratch directory.
    pub(crate) fn scratch_files(&self) -> usize {
        let entries = std::fs::read_dir(self.app.scratch.path()).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
    }

    /// A query's single value as text.
    pub(crate) async fn ask(&self, query: String) -> String {
        let mut connection = PgConnection::connect(&self.database_url).await.unwrap();
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap()
    }

    /// Executes a statement. One that writes rows of deliveries or parts, or a work's machine, may make rows
    /// inconsistent.
    pub(crate) async fn execute(&self, statement: String) {
        let writes = |what: &str| statement.contains(what);
        if writes("deliveries") || writes(" parts") || writes("machine") {
            self.planted.store(true, Ordering::Relaxed);
        }
        self.write(statement).await;
    }

    /// Remembers the parts of uploads that are deleted from now on, for [`Self::restore_parts`].
    pub(crate) async fn remember_parts(&self) {
        for statement in [
            "create table remembered (like upload_parts)",
            "create function remember() returns trigger language plpgsql as
                'begin insert into remembered values (old.*); return old; end'",
            "create trigger remember before delete on upload_parts for each row execute function remember()",
        ] {
            self.write(statement.to_owned()).await;
        }
    }

    /// Brings the parts of an upload back, which are deleted in the transaction that makes it the film: that has not happened then.
    pub(crate) async fn restore_parts(&self, upload: &str) {
        self.write(format!("insert into upload_parts select * from remembered where upload = '{upload}'")).await;
    }

    /// Executes a statement that leaves all rows consistent.
    pub(crate) async fn write(&self, statement: String) {
        run(&self.database_url, statement).await;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.app.stop.cancel();
        self.s3.stop.cancel();
        let name = self.database_url.rsplit_once('/').unwrap().1.to_owned();
        let (admin_url, database_url) = (self.admin_url.clone(), self.database_url.clone());
        let checks = !std::thread::panicking() && !self.planted.load(Ordering::Relaxed);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let stuck = if checks { what_is_stuck(&database_url).await } else { Vec::new() };
                run(&admin_url, format!("drop database {name} with (force)")).await;
                stuck
            })
        });
        let ended = dropping.join();
        if !std::thread::panicking() {
            let stuck = ended.unwrap();
            assert!(stuck.is_empty(), "left stuck: {stuck:#?}");
        }
    }
}

/// Deliveries that are wanted and have no open part, and parts that are open and not wanted.
async fn what_is_stuck(url: &str) -> Vec<Stuck> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from submissions").fetch_all(&mut connection).await.unwrap();
    stuck::find(&mut connection, &ids).await.unwrap()
}

async fn run(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}

pub(crate) fn form() -> Value {
    json!({
        "contest": "demo", "title": "一座工厂的早晨", "theme": "digital", "recommending_unit": "某省工信厅",
        "synopsis": "…", "entrant": { "name": "张三", "organisation": "某厂",
            "contact": { "phone": "13812345678", "email": "zhang@example.cn" } },
        "declarations": { "originality": true, "rights": true, "ai_use": "assisted", "ai_note": "字幕" },
    })
}

/// Bytes that do not repeat at any part size.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// The path in an answer's Location.
pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 201);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn number(answer: &Response, header: &str) -> usize {
    answer.headers()[header].to_str().unwrap().parse().unwrap()
}

/// Status and code of a refusal.
pub(crate) async fn refusal(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned())
}

pub(crate) fn says(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Polls until `done`; panics with `what` after [`PATIENCE`]. The only place in these tests that waits for a state.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
