//! Where a story's objects lie: the embedded server in this process, which a story may stop and start again, or Garage, a server
//! by other people with other habits.
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use runtime::objects::{Objects, S3Access};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::wait::wait_until;

/// The secret key of the embedded store. It may be found in no log.
pub(crate) const S3_SECRET: &str = "canary-secret-of-the-object-store";
const S3_ACCESS_KEY: &str = "story";

/// An object store with two buckets: ours, and that of the partner who is served by `s3_drop`.
pub(crate) struct ObjectStore {
    /// Our bucket.
    pub(crate) ours: S3Access,
    /// The partner's.
    pub(crate) partners: S3Access,
    embedded: Option<Embedded>,
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
        let access = |bucket: &str| S3Access {
            endpoint: Some(format!("http://{address}")),
            region: "us-east-1".to_owned(),
            bucket: bucket.to_owned(),
            access_key: S3_ACCESS_KEY.to_owned(),
            secret_key: S3_SECRET.to_owned(),
            path_style: true,
        };
        Self { ours: access("reelmill"), partners: access("partner"), embedded: Some(embedded) }
    }

    /// Two new buckets on the Garage that `make test` started; `None` where there is none.
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
        Some(Self { ours: access("ours"), partners: access("partner"), embedded: None })
    }

    /// Makes both buckets and returns a client for each.
    pub(crate) async fn make_buckets(&self) -> (Objects, Objects) {
        let (ours, partners) = (Objects::new(&self.ours), Objects::new(&self.partners));
        ours.ensure_bucket().await.expect("make our bucket");
        partners.ensure_bucket().await.expect("make the partner's bucket");
        (ours, partners)
    }

    /// Ends the embedded server: whoever calls is refused.
    pub(crate) async fn stop(&self) {
        let embedded = self.embedded.as_ref().expect("only the embedded server may be stopped");
        let running = embedded.running.lock().expect("nobody panics here").take();
        if let Some((end, serving)) = running {
            end.cancel();
            serving.await.expect("the embedded server ends");
        }
    }

    /// Starts it again where it was.
    pub(crate) async fn start(&self) {
        let embedded = self.embedded.as_ref().expect("only the embedded server may be started");
        let listener = wait_until("the port of S3 is free again", Duration::from_secs(30), async || {
            TcpListener::bind(embedded.address).await.ok()
        })
        .await;
        embedded.serve(listener);
    }

    /// Ends it for good.
    pub(crate) fn end(&self) {
        if let Some(embedded) = &self.embedded
            && let Some((end, _)) = &*embedded.running.lock().expect("nobody panics here")
        {
            end.cancel();
        }
    }
}

impl Embedded {
    fn serve(&self, listener: TcpListener) {
        let end = CancellationToken::new();
        let (root, key, secret) = (self.root.clone(), S3_ACCESS_KEY.to_owned(), S3_SECRET.to_owned());
        let serving = runtime::embedded_s3::serve(root, listener, key, secret, end.clone());
        let serving = tokio::spawn(async move { serving.await.expect("serve S3") });
        *self.running.lock().expect("nobody panics here") = Some((end, serving));
    }
}
