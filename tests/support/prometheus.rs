//! A real Prometheus for one test: Debian's program, run privately on a free port, with our rules, scraping every half
//! second.
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::wait::wait_until_true;

/// The directory of the rules, dashboards and pages.
pub(crate) const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");

/// A running Prometheus. Stops when dropped.
pub(crate) struct Prometheus {
    child: Child,
    url: String,
    http: reqwest::Client,
    // Its data and configuration.
    dir: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes these admin ports, and waits until it is ready.
    pub(crate) async fn watching(targets: &[String]) -> Self {
        let dir =
            tempfile::Builder::new().prefix("reelmill-prometheus-").tempdir().expect("a directory for Prometheus");
        let config = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\nrule_files: ['{DEPLOY}/prometheus/rules.yml']\n\
             scrape_configs: [{{job_name: reelmill, static_configs: [{{targets: {targets:?}}}]}}]\n"
        );
        std::fs::write(dir.path().join("prometheus.yml"), config).expect("write Prometheus' file");
        let address = free_address();
        let child = run(dir.path(), &address);
        let prometheus = Self { child, url: format!("http://{address}"), http: reqwest::Client::new(), dir };
        wait_until_true("Prometheus is ready", Duration::from_secs(30), async || {
            let asked = prometheus.http.get(format!("{}/-/ready", prometheus.url)).send().await;
            asked.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        prometheus
    }

    /// The result of a query now: its samples, or the error.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let asked = self.http.get(format!("{}/api/v1/query?query={escaped}", self.url)).send().await;
        let answer: Value =
            asked.map_err(|error| error.to_string())?.json().await.map_err(|error| error.to_string())?;
        match answer["data"]["result"].as_array() {
            Some(samples) if answer["status"] == "success" => Ok(samples.clone()),
            _ => Err(answer["error"].to_string()),
        }
    }

    /// The single number that a query returns; `None` if it returns none.
    pub(crate) async fn number(&self, query: &str) -> Option<f64> {
        let samples = self.query(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        samples.first()?["value"][1].as_str()?.parse().ok()
    }

    /// Names of all metrics scraped from our processes.
    pub(crate) async fn names(&self) -> Vec<String> {
        let samples = self.query(r#"count by (__name__) ({job="reelmill"})"#).await.expect("names");
        samples.iter().filter_map(|sample| sample["metric"]["__name__"].as_str().map(str::to_owned)).collect()
    }

    /// Its log, for a failing test.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(dir: &Path, address: &str) -> Child {
    let log = std::fs::File::create(dir.join("log")).expect("a log");
    Command::new("prometheus")
        .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("start prometheus; `make test` installs Debian's package")
}

/// Prometheus does not report which port it got, so it gets one that was free a moment ago.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}
