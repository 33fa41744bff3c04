//! The running chromedriver, and the browsers that it starts.
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Browser, PATIENCE};
use crate::support::wait::wait_until;

/// The browser connects to the addresses of the test only, never to a service of Google. Tests may run as root, in a container without user namespaces.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-proxy-server",
    "--window-size=1280,900",
];

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    /// As for people whose browser or administrator disables scripts.
    Off,
}

/// A running chromedriver, with a directory for everything that it and its browsers write.
pub(crate) struct Driver {
    child: Child,
    address: String,
    dir: TempDir,
}

impl Driver {
    /// Starts one. `None`, with a printed line, if `make test` did not find chromium.
    pub(crate) async fn start() -> Option<Self> {
        if std::env::var_os("TEST_BROWSER").is_none() {
            eprintln!("DID NOT RUN: no chromium here (`make test` installs it and sets TEST_BROWSER)");
            return None;
        }
        let dir = tempfile::Builder::new().prefix("reelmill-browser-").tempdir().expect("a directory for the browser");
        let log = dir.path().join("driver.log");
        let file = std::fs::File::create(&log).expect("a log of the driver");
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", dir.path())
            .env("TMPDIR", dir.path())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle of the log"))
            .stderr(file)
            // Browsers stay in its process group, which is killed at the end of the test.
            .process_group(0)
            .spawn()
            .expect("start chromedriver (Debian's package is chromium-driver)");
        let mut driver = Self { child, address: String::new(), dir };
        let port = wait_until("chromedriver listens", PATIENCE, async || {
            let text = std::fs::read_to_string(&log).ok()?;
            let (_, rest) = text.split_once("started successfully on port ")?;
            rest.split_once('.').map(|(port, _)| port.to_owned())
        });
        driver.address = format!("http://127.0.0.1:{}", port.await);
        Some(driver)
    }

    /// A browser with an empty profile that speaks Chinese, for the pages at `base` such as `http://127.0.0.1:8082`.
    pub(crate) async fn browser(&self, base: &str, scripts: Scripts) -> Browser {
        let profile =
            tempfile::Builder::new().prefix("profile-").tempdir_in(self.dir.path()).expect("a profile").keep();
        let mut flags = FLAGS.map(str::to_owned).to_vec();
        flags.extend(["--accept-lang=zh-CN,zh,en".to_owned(), format!("--user-data-dir={}", profile.display())]);
        let downloads = json!({ "download.default_directory": profile.join("downloads") });
        let forbidden = json!({ "profile.managed_default_content_settings.javascript": 2 });
        let wanted = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 30_000, "pageLoad": 30_000, "implicit": 0 },
            "goog:chromeOptions": { "args": flags, "prefs": if scripts == Scripts::Off { forbidden } else { downloads } },
        });
        let Value::Object(wanted) = wanted else { unreachable!("an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = tokio::time::timeout(PATIENCE, builder.capabilities(wanted).connect(&self.address)).await;
        let client = client.expect("chromium starts in time").expect("start chromium");
        let session = client.session_id().await.expect("ask for the session").expect("a session");
        let driver = format!("{}/session/{session}", self.address);
        Browser { client, base: base.to_owned(), driver, http: reqwest::Client::new() }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}
