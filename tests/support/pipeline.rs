//! A whole pipeline for one test: its own database, names at the broker, buckets and catalogue; ports are any free
//! ones. The database was migrated by its owner; services and commands log in as roles that cannot alter tables. Drop
//! checks for leftovers, so every test does.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use runtime::objects::Objects;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::broker::Broker;
use super::catalogue;
use super::clips;
use super::entrant::Entrant;
use super::network::Place;
use super::process::{self, Ran, Service};
use super::proxy::Proxy;
use super::servers::Servers;
use super::store::ObjectStore;
use super::truth::Truth;
pub(crate) use environment::PERSONAL_DATA_KEY;
use environment::environment;
pub(crate) use setup::Setup;

mod close;
mod environment;
mod setup;

pub(crate) use super::store::S3_SECRET;

/// A pipeline and everything it needs.
pub(crate) struct TestPipeline {
    /// The database.
    pub(crate) truth: Truth,
    /// Our bucket.
    pub(crate) objects: Objects,
    /// The partner's bucket.
    pub(crate) partner: Objects,
    /// The broker's address.
    pub(crate) amqp_url: String,
    /// The prefix of every name at the broker.
    pub(crate) amqp_prefix: String,
    repaired: AtomicBool,
    services: Mutex<Vec<Arc<Service>>>,
    proxies: Mutex<Vec<Arc<Proxy>>>,
    env: BTreeMap<String, String>,
    /// The object store.
    pub(crate) store: ObjectStore,
    dir: TempDir,
    /// The servers; dropped last.
    pub(crate) servers: Servers,
}

impl TestPipeline {
    /// A pipeline with the defaults: gates open automatically, servers shared with other tests. No service runs yet.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// A pipeline as `setup` says.
    pub(crate) async fn with(setup: Setup) -> Self {
        // Checked first: every test needs the binary.
        process::binary();
        let _ = rustls::crypto::ring::default_provider().install_default();
        process::adopt_orphans();
        let servers = setup.servers.unwrap_or_else(Servers::shared);
        let truth = Truth::create(&servers.database_url).await;
        let dir = tempfile::Builder::new().prefix("reelmill-story-").tempdir().expect("a directory for the story");
        catalogue::write(
            &dir.path().join("catalogue"),
            setup.gates,
            (setup.segment_s, setup.buffer_start),
            &setup.partners,
            setup.to_all,
        );
        let store = match setup.store {
            Some(store) => store,
            None => ObjectStore::embedded(&dir.path().join("s3")).await,
        };
        let (objects, partner) = store.make_buckets().await;
        let amqp_prefix = format!("t{}.", Uuid::new_v4().simple());
        let mut env: BTreeMap<String, String> = environment(&store, &dir);
        // Services and people log in as roles that cannot alter tables; only `migrate` uses the owner.
        env.insert("DATABASE_OWNER_URL".into(), truth.url.clone());
        env.insert("DATABASE_URL".into(), truth.service_url.clone());
        env.insert("AMQP_URL".into(), servers.amqp_url.clone());
        env.insert("AMQP_PREFIX".into(), amqp_prefix.clone());
        env.extend(setup.env.into_iter().map(|(name, value)| (name.to_owned(), value)));
        process::run(&["migrate"], &env).await.exits(0);
        truth.admit_services().await;
        let amqp_url = servers.amqp_url.clone();
        let (services, proxies, repaired) = (Mutex::default(), Mutex::default(), AtomicBool::default());
        Self { truth, objects, partner, amqp_url, amqp_prefix, repaired, services, proxies, env, store, dir, servers }
    }

    /// Starts `reelmill serve` for `roles` (all of them if empty) and waits until it is ready. `name` is for the log.
    pub(crate) async fn serve(&self, name: &str, roles: &[&str]) -> Arc<Service> {
        self.serve_with(name, roles, &[]).await
    }

    /// As [`TestPipeline::serve`], with more environment for this process.
    pub(crate) async fn serve_with(&self, name: &str, roles: &[&str], env: &[(&str, &str)]) -> Arc<Service> {
        let service = self.start(name, roles, env);
        service.ready().await;
        service
    }

    /// Starts a service and returns at once.
    pub(crate) fn start(&self, name: &str, roles: &[&str], env: &[(&str, &str)]) -> Arc<Service> {
        self.start_at(&Place::here(name), name, roles, env)
    }

    /// As [`TestPipeline::start`], at a place.
    pub(crate) fn start_at(&self, place: &Place, name: &str, roles: &[&str], env: &[(&str, &str)]) -> Arc<Service> {
        let roles = roles.join(",");
        let args: Vec<&str> = if roles.is_empty() { vec!["serve"] } else { vec!["serve", "--roles", &roles] };
        let mut all = self.env.clone();
        all.insert("SCRATCH_DIR".into(), self.scratch(name).display().to_string());
        // Services do not get the owner's login.
        all.remove("DATABASE_OWNER_URL");
        all.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        for listener in ["LISTEN", "DESK_LISTEN", "ADMIN_LISTEN", "PUBLISH_LISTEN"] {
            all.entry(listener.to_owned()).or_insert_with(|| format!("{}:0", place.ip));
        }
        let service = Arc::new(Service::start_at(place, name, &args, &all, &self.dir.path().join("logs")));
        self.services.lock().expect("no holder panicked").push(service.clone());
        service
    }

    /// A proxy in front of the server of a URL, and the URL that leads through it. It lives as long as this pipeline,
    /// since services that use it are checked at the end.
    pub(crate) async fn proxy_to(&self, url: &str) -> (Arc<Proxy>, String) {
        let (proxy, through) = Proxy::in_front_of(url).await;
        let proxy = Arc::new(proxy);
        self.proxies.lock().expect("no holder panicked").push(proxy.clone());
        (proxy, through)
    }

    /// Runs `reelmill ARGS` to its end as a person on this machine would, with the addresses of this pipeline.
    pub(crate) async fn command(&self, args: &[&str]) -> Ran {
        process::run(args, &self.command_env()).await
    }

    /// As [`TestPipeline::command`], with `input` at its stdin.
    pub(crate) async fn command_reading(&self, args: &[&str], input: &str) -> Ran {
        process::run_reading(args, &self.command_env(), input).await
    }

    /// Starts a command without waiting for its end. It is killed when the returned process is dropped.
    pub(crate) fn start_command(&self, args: &[&str]) -> Child {
        let mut command = Command::new(process::binary());
        command.args(args).env_clear().envs(self.command_env());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true).spawn().expect("start a command")
    }

    /// A token of a new person who holds `role`, such as `screener@demo`, and nothing else.
    pub(crate) async fn token(&self, role: &str) -> String {
        let login = format!("test-{}", Uuid::now_v7().simple());
        self.command(&["person", "add", "测试员", "--login", &login, "--role", role]).await.exits(0);
        let role = role.split('@').next().expect("a role");
        let create = ["token", "create", "--person", &login, "--role", role, "--name", "测试"];
        self.command(&create).await.exits(0).stdout.trim().to_owned()
    }

    /// The environment of a person who uses this pipeline.
    pub(crate) fn command_env(&self) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        env.insert("XDG_STATE_HOME".into(), self.dir().join("state").display().to_string());
        env.insert("SCRATCH_DIR".into(), self.dir().join("command-scratch").display().to_string());
        env
    }

    /// The directory where a service keeps the files of its running parts.
    pub(crate) fn scratch(&self, service: &str) -> PathBuf {
        self.dir.path().join("scratch").join(service)
    }

    /// A directory for the test's own files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Every service that was started, including ended ones.
    pub(crate) fn services(&self) -> Vec<Arc<Service>> {
        self.services.lock().expect("no holder panicked").clone()
    }

    /// A session with the broker.
    pub(crate) async fn broker(&self) -> Broker {
        Broker::connect(&self.amqp_url, &self.amqp_prefix).await
    }

    /// Enters a plain clip of `seconds` through a service with the role `upload`.
    pub(crate) async fn submit(&self, upload: &Service, seconds: u32) -> Uuid {
        let address = upload.api_address().expect("a service that takes uploads says where");
        let clip = clips::plain(self.dir(), seconds);
        Entrant::at(&address).submit("测试作品", &clip).await
    }

    /// As [`TestPipeline::submit`], by an entrant who retries while the service answers that it is unavailable.
    pub(crate) async fn submit_patiently(&self, upload: &Service, seconds: u32) -> Uuid {
        let patience = std::time::Duration::from_secs(30);
        super::wait::wait_until_true("the service takes entries", patience, async || upload.is_ready().await).await;
        self.submit(upload, seconds).await
    }

    /// Every file in the partner's bucket, and when it was written.
    pub(crate) fn partner_files(&self) -> BTreeMap<String, SystemTime> {
        let mut files = BTreeMap::new();
        collect_files(&self.dir().join("s3").join(&self.store.partners.bucket), &mut files);
        files
    }

    /// Every rendition of a submission that is in force: its name, and its file as fetched and compared with its digest.
    pub(crate) async fn renditions(&self, submission: Uuid) -> Vec<(String, PathBuf)> {
        let query = "select name, object_key, sha256 from renditions where submission = $1 and in_force order by name";
        let rows: Vec<(String, String, Vec<u8>)> =
            sqlx::query_as(query).bind(submission).fetch_all(self.truth.pool()).await.expect("read the renditions");
        assert!(!rows.is_empty(), "{submission} has renditions");
        let mut files = Vec::new();
        for (name, key, sha256) in rows {
            let file = self.dir().join(format!("{submission}-{name}.mp4"));
            let (_, digest) = self.objects.get_to_file(&key, &file).await.expect("fetch a rendition");
            assert_eq!(hex::encode(digest), hex::encode(sha256), "{key} is what its row says");
            files.push((name, file));
        }
        files
    }

    /// The test breaks rows itself and expects their repair.
    pub(crate) fn repairs_are_expected(&self) {
        self.repaired.store(true, Ordering::Relaxed);
    }

    /// Whether repairs are expected.
    pub(crate) fn expects_repairs(&self) -> bool {
        self.repaired.load(Ordering::Relaxed)
    }
}

fn collect_files(dir: &Path, into: &mut BTreeMap<String, SystemTime>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, into);
        } else {
            let written = entry.metadata().and_then(|metadata| metadata.modified()).expect("when a file was written");
            into.insert(path.display().to_string(), written);
        }
    }
}
