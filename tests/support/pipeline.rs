//! A whole pipeline for one story: own database, own names at the broker, own buckets, own catalogue; ports are whatever is free.
//! Dropping it checks that nothing was left behind, so every story does.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use runtime::objects::{Objects, S3Access};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::broker::Broker;
use super::catalogue::{self, Gates};
use super::entrant::Entrant;
use super::process::{self, Service};
use super::proxy::Proxy;
use super::servers::Servers;
use super::truth::Truth;
use super::{clips, leftovers};

/// The key that seals personal data in these tests. It may be found in no log.
pub(crate) const PERSONAL_DATA_KEY: &str = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWtleSE=";
/// The secret key of the object store, likewise.
pub(crate) const S3_SECRET: &str = "canary-secret-of-the-object-store";
const S3_ACCESS_KEY: &str = "story";
const BUCKET: &str = "reelmill";
/// The bucket of the partner who is served by `s3_drop`.
const PARTNER_BUCKET: &str = "partner";

/// What a story wants to be different.
pub(crate) struct Setup {
    /// The servers; those of all tests unless said otherwise.
    pub(crate) servers: Option<Servers>,
    /// Which gates wait for a person.
    pub(crate) gates: Gates,
    /// Length of a segment in seconds; 0 does not cut.
    pub(crate) segment_s: u32,
    /// More environment for every service.
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { servers: None, gates: catalogue::OPEN, segment_s: 0, env: Vec::new() }
    }
}

/// A pipeline and everything it runs on.
pub(crate) struct TestPipeline {
    /// The database.
    pub(crate) truth: Truth,
    /// Our bucket.
    pub(crate) objects: Objects,
    /// The partner's bucket.
    pub(crate) partner: Objects,
    /// The broker's address.
    pub(crate) amqp_url: String,
    /// What stands before every name at the broker.
    pub(crate) amqp_prefix: String,
    services: Mutex<Vec<Arc<Service>>>,
    proxies: Mutex<Vec<Arc<Proxy>>>,
    env: BTreeMap<String, String>,
    end_of_s3: CancellationToken,
    dir: TempDir,
    /// The servers; ended last.
    pub(crate) servers: Servers,
}

impl TestPipeline {
    /// A pipeline as most stories want it: gates open by themselves, servers shared with other tests. No service runs yet.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// A pipeline as `setup` says.
    pub(crate) async fn with(setup: Setup) -> Self {
        // Asked first: without a binary there is no story.
        process::binary();
        let _ = rustls::crypto::ring::default_provider().install_default();
        process::adopt_orphans();
        let servers = setup.servers.unwrap_or_else(Servers::shared);
        let truth = Truth::create(&servers.database_url).await;
        let dir = tempfile::Builder::new().prefix("reelmill-story-").tempdir().expect("a directory for the story");
        catalogue::write(&dir.path().join("catalogue"), setup.gates, setup.segment_s);
        let end_of_s3 = CancellationToken::new();
        let endpoint = start_s3(&dir.path().join("s3"), end_of_s3.clone()).await;
        let access = |bucket: &str| S3Access {
            endpoint: Some(endpoint.clone()),
            region: "us-east-1".to_owned(),
            bucket: bucket.to_owned(),
            access_key: S3_ACCESS_KEY.to_owned(),
            secret_key: S3_SECRET.to_owned(),
            path_style: true,
        };
        let (objects, partner) = (Objects::new(&access(BUCKET)), Objects::new(&access(PARTNER_BUCKET)));
        objects.ensure_bucket().await.expect("make our bucket");
        partner.ensure_bucket().await.expect("make the partner's bucket");
        let amqp_prefix = format!("t{}.", Uuid::new_v4().simple());
        let mut env: BTreeMap<String, String> = environment(&endpoint, &dir);
        env.insert("DATABASE_URL".into(), truth.url.clone());
        env.insert("AMQP_URL".into(), servers.amqp_url.clone());
        env.insert("AMQP_PREFIX".into(), amqp_prefix.clone());
        env.extend(setup.env.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let amqp_url = servers.amqp_url.clone();
        let (services, proxies) = (Mutex::default(), Mutex::default());
        Self { truth, objects, partner, amqp_url, amqp_prefix, services, proxies, env, end_of_s3, dir, servers }
    }

    /// Starts `reelmill serve` for `roles` (all of them if empty) and waits until it is ready. `name` is for the log.
    pub(crate) async fn serve(&self, name: &str, roles: &[&str]) -> Arc<Service> {
        self.serve_with(name, roles, &[]).await
    }

    /// As [`TestPipeline::serve`], with other environment for this process.
    pub(crate) async fn serve_with(&self, name: &str, roles: &[&str], env: &[(&str, &str)]) -> Arc<Service> {
        let service = self.start(name, roles, env);
        service.ready().await;
        service
    }

    /// Starts a service and returns at once.
    pub(crate) fn start(&self, name: &str, roles: &[&str], env: &[(&str, &str)]) -> Arc<Service> {
        let roles = roles.join(",");
        let args: Vec<&str> = if roles.is_empty() { vec!["serve"] } else { vec!["serve", "--roles", &roles] };
        let mut all = self.env.clone();
        all.insert("SCRATCH_DIR".into(), self.scratch(name).display().to_string());
        all.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let service = Arc::new(Service::start(name, &args, &all, &self.dir.path().join("logs")));
        self.services.lock().expect("nobody panics here").push(service.clone());
        service
    }

    /// A proxy in front of the server of a URL, and the URL that leads through it. It lives as long as this pipeline, since
    /// services that use it are looked at in the end.
    pub(crate) async fn proxy_to(&self, url: &str) -> (Arc<Proxy>, String) {
        let (proxy, through) = Proxy::in_front_of(url).await;
        let proxy = Arc::new(proxy);
        self.proxies.lock().expect("nobody panics here").push(proxy.clone());
        (proxy, through)
    }

    /// Where a service keeps the files of its running parts.
    pub(crate) fn scratch(&self, service: &str) -> PathBuf {
        self.dir.path().join("scratch").join(service)
    }

    /// A directory for the story's own files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Every service that was started, dead ones too.
    pub(crate) fn services(&self) -> Vec<Arc<Service>> {
        self.services.lock().expect("nobody panics here").clone()
    }

    /// A session with the broker.
    pub(crate) async fn broker(&self) -> Broker {
        Broker::connect(&self.amqp_url, &self.amqp_prefix).await
    }

    /// Hands in a plain clip of `seconds` through a service with the role `upload`.
    pub(crate) async fn submit(&self, upload: &Service, seconds: u32) -> Uuid {
        let address = upload.api_address().expect("a service that takes uploads says where");
        let clip = clips::plain(self.dir(), seconds);
        Entrant::at(&address).submit("测试作品", &clip).await
    }

    /// As [`TestPipeline::submit`], by an entrant who tries again while the service says that it cannot serve now.
    pub(crate) async fn submit_patiently(&self, upload: &Service, seconds: u32) -> Uuid {
        let patience = std::time::Duration::from_secs(30);
        super::wait::wait_until_true("the service takes entries", patience, async || upload.is_ready().await).await;
        self.submit(upload, seconds).await
    }

    /// Every file in the partner's bucket, and when it was written.
    pub(crate) fn partner_files(&self) -> BTreeMap<String, SystemTime> {
        let mut files = BTreeMap::new();
        collect_files(&self.dir().join("s3").join(PARTNER_BUCKET), &mut files);
        files
    }

    /// Says what every service wrote last, and how the parts stand.
    async fn tell(&self) {
        for service in self.services() {
            eprintln!("{}", service.log_tail());
        }
        let query = "select concat_ws(' ', submission, run, stage, part, status, attempt, fence, last_error) from parts order by created_at";
        if let Ok(parts) = sqlx::query_scalar::<_, String>(query).fetch_all(self.truth.pool()).await {
            eprintln!("── parts\n{}", parts.join("\n"));
        }
    }

    async fn close(&mut self) {
        if std::thread::panicking() {
            self.tell().await;
            self.dir.disable_cleanup(true);
            eprintln!("everything lies in {}", self.dir.path().display());
        } else if let Err(left) = leftovers::find(self).await {
            self.tell().await;
            self.dir.disable_cleanup(true);
            panic!("left behind: {left:#}\neverything lies in {}", self.dir.path().display());
        }
    }
}

impl Drop for TestPipeline {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let failed = std::panic::AssertUnwindSafe(self.close());
                let result = futures::FutureExt::catch_unwind(failed).await;
                for service in self.services() {
                    service.kill();
                }
                if let Ok(broker) = tokio::time::timeout(std::time::Duration::from_secs(5), self.broker()).await {
                    broker.remove_all().await;
                }
                self.truth.remove().await;
                self.end_of_s3.cancel();
                if let Err(panic) = result
                    && !std::thread::panicking()
                {
                    std::panic::resume_unwind(panic);
                }
            });
        });
    }
}

/// The embedded S3 in this process: it outlives every service, as a real one does.
async fn start_s3(root: &Path, end: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for S3");
    let endpoint = format!("http://{}", listener.local_addr().expect("the port of S3"));
    let serving = runtime::embedded_s3::serve(root.to_owned(), listener, S3_ACCESS_KEY.into(), S3_SECRET.into(), end);
    tokio::spawn(async move { serving.await.expect("serve S3") });
    endpoint
}

fn environment(endpoint: &str, dir: &TempDir) -> BTreeMap<String, String> {
    let pairs = [
        ("S3_ENDPOINT", endpoint.to_owned()),
        ("S3_BUCKET", BUCKET.to_owned()),
        ("S3_REGION", "us-east-1".to_owned()),
        ("S3_ACCESS_KEY_ID", S3_ACCESS_KEY.to_owned()),
        ("S3_SECRET_ACCESS_KEY", S3_SECRET.to_owned()),
        ("PARTNER_DROP_S3_ENDPOINT", endpoint.to_owned()),
        ("PARTNER_DROP_S3_BUCKET", PARTNER_BUCKET.to_owned()),
        ("PARTNER_DROP_S3_ACCESS_KEY_ID", S3_ACCESS_KEY.to_owned()),
        ("PARTNER_DROP_S3_SECRET_ACCESS_KEY", S3_SECRET.to_owned()),
        ("CATALOGUE_DIR", dir.path().join("catalogue").display().to_string()),
        ("PERSONAL_DATA_KEYS", format!("test:{PERSONAL_DATA_KEY}")),
        ("LISTEN", "127.0.0.1:0".to_owned()),
        ("ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        // Containers in which tests run may lack Landlock; the stories of hostile media look at it themselves.
        ("REELMILL_ALLOW_MISSING_LANDLOCK", "true".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("NO_COLOR", "1".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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
