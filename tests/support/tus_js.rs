//! The official JavaScript client as a process of its own: what an entrant's browser does.
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::entrant::Entered;

/// An upload of some megabytes over an unreliable line, with the client's own back-off of a second or two each time.
const PATIENCE: Duration = Duration::from_secs(120);

/// One run of the client.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its output, in order.
    pub(crate) said: Vec<Value>,
    /// Whether it ended successfully.
    pub(crate) done: bool,
}

impl Run {
    /// The first value of that name in its output.
    pub(crate) fn first(&self, key: &str) -> Option<&Value> {
        self.said.iter().find_map(|line| line.get(key))
    }

    /// How often that name is in its output.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.said.iter().filter(|line| line.get(key).is_some()).count()
    }
}

/// Uploads `file` for an entry; `options` are those of `tus-client/upload.mjs`.
pub(crate) async fn upload(entered: &Entered, file: &Path, options: &Value) -> Run {
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(std::fs::read(file).expect("read the film")));
    let mut asked = json!({
        "file": file,
        "endpoint": entered.upload_url,
        "headers": { "Authorization": format!("Bearer {}", entered.token) },
        "metadata": { "filename": "影片.mp4", "sha256": sha256 },
    });
    for (key, value) in options.as_object().expect("options are an object") {
        asked[key] = value.clone();
    }
    let run = tokio::process::Command::new("node")
        .arg(script())
        .arg(asked.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await.expect("tus-js-client ends").expect("run node");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    Run { said, done: output.status.success() }
}

fn script() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/tus-client");
    let say = "is not installed; `make test` does it, or type: npm ci --prefix tests/support/tus-client";
    assert!(dir.join("node_modules/tus-js-client").exists(), "tus-js-client {say}");
    dir.join("upload.mjs")
}
