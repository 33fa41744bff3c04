//! The object stores of tests: the embedded server in this process, which a test may stop and start again; the same
//! server as a process of its own, which may be killed; or Garage, an independent implementation.
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use runtime::objects::{Objects, S3Access};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::network::Place;
use super::process::Service;
use super::wait::wait_until;

/// The secret key of the embedded store. It must not appear in any log.
pub(crate) const S3_SECRET: &str = "canary-secret-of-the-object-store";
const S3_ACCESS_KEY: &str = "story";

/// An object store with two buckets: ours, and that of the partner with the method `s3_drop`.
pub(crate) struct ObjectStore {
    /// Our bucket.
    pub(crate) ours: S3Access,
    /// The partner's.
    pub(crate) partners: S3Access,
    embedded: Option<Embedded>,
    /// The server as a process.
    pub(crate) apart: Option<Apart>,
}

/// `reelmill s3` at a place of its own.
pub(crate) struct Apart {
    place: Place,
    root: PathBuf,
    address: SocketAddr,
    logs: PathBuf,
    process: Mutex<(usize, Service)>,
}

struct Embedded {
    root: PathBuf,
    address: SocketAddr,
    running: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
}

impl ObjectStore {
    /// The embedded server over the directory `root`. It outlives every service, as a real one does.
    pub(crate) async fn embedded(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for S3");
        let address = listener.local_addr().expect("the port of S3");
        let embedded = Embedded { root: root.to_owned(), address, running: Mutex::default() };
        embedded.serve(listener);
        Self {
            ours: access(address, "reelmill"),
            partners: access(address, "partner"),
            embedded: Some(embedded),
            apart: None,
        }
    }

    /// The embedded server as a process at `place`, over the directory `root`. Stops when dropped.
    pub(crate) async fn apart(place: Place, root: &Path, logs: &Path) -> Self {
        // Its namespace has all ports to itself; on this machine a free one is used.
        let port = if place.has_cable() { 9000 } else { free_port() };
        let address: SocketAddr = format!("{}:{port}", place.ip).parse().expect("an address");
        let process = Mutex::new((1, Apart::serve(&place, root, address, logs, 1)));
        let apart = Apart { place, root: root.to_owned(), address, logs: logs.to_owned(), process };
        apart.listens().await;
        Self {
            ours: access(address, "reelmill"),
            partners: access(address, "partner"),
            embedded: None,
            apart: Some(apart),
        }
    }

    /// Two new buckets on the Garage that `make test` started; `None` if there is none.
    pub(crate) fn garage() -> Option<Self> {
        let from = |name: &str| std::env::var(format!("TEST_GARAGE_{name}")).ok();
        let (endpoint, region) = (from("S3_ENDPOINT")?, from("S3_REGION")?);
        let (access_key, secret_key) = (from("S3_ACCESS_KEY_ID")?, from("S3_SECRET_ACCESS_KEY")?);
        let run = Uuid::new_v4().simple().to_string();
        let access = |whose: &str| S3Access {
            endpoint: Some(endpoint.clone()),
            region: region.clone(),
            bucket: format!("{whose}-{run}"),
            access_key: access_key.clone(),
            secret_key: secret_key.clone(),
            path_style: true,
        };
        Some(Self { ours: access("ours"), partners: access("partner"), embedded: None, apart: None })
    }

    /// Creates both buckets and returns a client for each.
    pub(crate) async fn make_buckets(&self) -> (Objects, Objects) {
        let (ours, partners) = (Objects::new(&self.ours), Objects::new(&self.partners));
        ours.ensure_bucket().await.expect("make our bucket");
        partners.ensure_bucket().await.expect("make the partner's bucket");
        (ours, partners)
    }

    /// Stops the embedded server: connections are refused.
    pub(crate) async fn stop(&self) {
        let embedded = self.embedded.as_ref().expect("only the embedded server may be stopped");
        let running = embedded.running.lock().expect("no holder panicked").take();
        if let Some((end, serving)) = running {
            end.cancel();
            serving.await.expect("the embedded server ends");
        }
    }

    /// Starts it again at the same address.
    pub(crate) async fn start(&self) {
        let embedded = self.embedded.as_ref().expect("only the embedded server may be started");
        let listener = wait_until("the port of S3 is free again", Duration::from_secs(30), async || {
            TcpListener::bind(embedded.address).await.ok()
        })
        .await;
        embedded.serve(listener);
    }

    /// Stops it for good.
    pub(crate) fn end(&self) {
        if let Some(embedded) = &self.embedded
            && let Some((end, _)) = &*embedded.running.lock().expect("no holder panicked")
        {
            end.cancel();
        }
    }
}

fn access(address: SocketAddr, bucket: &str) -> S3Access {
    S3Access {
        endpoint: Some(format!("http://{address}")),
        region: "us-east-1".to_owned(),
        bucket: bucket.to_owned(),
        access_key: S3_ACCESS_KEY.to_owned(),
        secret_key: S3_SECRET.to_owned(),
        path_style: true,
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

impl Apart {
    fn serve(place: &Place, root: &Path, address: SocketAddr, logs: &Path, time: usize) -> Service {
        let env = [("S3_ACCESS_KEY_ID", S3_ACCESS_KEY), ("S3_SECRET_ACCESS_KEY", S3_SECRET), ("NO_COLOR", "1")];
        let env: BTreeMap<String, String> = env.map(|(name, value)| (name.into(), value.into())).into();
        let (root, address) = (root.to_str().expect("a plain path"), address.to_string());
        let args = ["s3", "--root", root, "--listen", &address];
        Service::start_at(place, &format!("s3-{time}"), &args, &env, logs)
    }

    async fn listens(&self) {
        wait_until("S3 listens", Duration::from_secs(30), async || {
            tokio::net::TcpStream::connect(self.address).await.ok()
        })
        .await;
    }

    /// Does something with the process.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&Service) -> T) -> T {
        act(&self.process.lock().expect("no holder panicked").1)
    }

    /// Starts it again at the same address, if it does not run.
    pub(crate) fn revive(&self) {
        let mut process = self.process.lock().expect("no holder panicked");
        if process.1.ended().is_some() {
            let time = process.0 + 1;
            *process = (time, Self::serve(&self.place, &self.root, self.address, &self.logs, time));
        }
    }
}

impl Embedded {
    fn serve(&self, listener: TcpListener) {
        let end = CancellationToken::new();
        let (root, key, secret) = (self.root.clone(), S3_ACCESS_KEY.to_owned(), S3_SECRET.to_owned());
        let serving = runtime::embedded_s3::serve(root, listener, key, secret, end.clone());
        let serving = tokio::spawn(async move { serving.await.expect("serve S3") });
        *self.running.lock().expect("no holder panicked") = Some((end, serving));
    }
}
