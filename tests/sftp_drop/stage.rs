//! A pipeline whose partner has an SFTP server, and what the partner does with its folder.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::TV;
use crate::delivery::delivery_is;
use crate::support::planted::RENDITION;
use crate::support::{Service, Setup, Sshd, TestPipeline, planted};

/// A pipeline whose one partner of interest has an SFTP server, and that server.
pub(super) struct Stage {
    pub(super) pipeline: TestPipeline,
    pub(super) sshd: Sshd,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let quick = [
            ("POLL_BASE_S", "0.3"),
            ("UNKNOWN_SETTLE_S", "0.5"),
            ("RECONCILE_S", "0.3"),
            ("LEASE_S", "3"),
            ("RETRY_BASE_S", "0.3"),
        ];
        let env = quick.map(|(name, value)| (name, value.to_owned())).to_vec();
        let pipeline = TestPipeline::with(Setup { env, ..Setup::default() }).await;
        let partner = "name = { zh = \"电视台\", en = \"TV\" }\nmethod = \"sftp_drop\"\nrungs = [\"web-180\"]\nadi_sidecar = true\n";
        std::fs::write(pipeline.dir().join(format!("catalogue/partners/{TV}.toml")), partner)
            .expect("a partner's file");
        Self { pipeline, sshd: Sshd::start() }
    }

    /// Starts the publish role. Settings in `env` override those of the partner's server.
    pub(super) async fn serve(&self, name: &str, env: &[(&str, &str)]) -> Arc<Service> {
        let mut all: BTreeMap<String, String> = self.sshd.env(TV).into_iter().collect();
        all.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.pipeline.serve_with(name, &["publish"], &all).await
    }

    /// A finished work, released.
    pub(super) async fn released(&self, bytes: u64) -> Uuid {
        let id = planted::film(&self.pipeline, "智造之光", &[TV], bytes).await;
        self.command(&["release", &id.to_string()]).await;
        id
    }

    pub(super) async fn command(&self, args: &[&str]) {
        self.pipeline.command(args).await.exits(0);
    }

    pub(super) async fn is(&self, id: Uuid, state: &str) -> Value {
        delivery_is(&self.pipeline, id, TV, state).await
    }

    /// The partner's folder of a work, on its disk.
    pub(super) fn folder(&self, id: Uuid) -> PathBuf {
        self.sshd.drop_dir().join(id.to_string()).join("1")
    }

    /// The files in it.
    pub(super) fn files(&self, id: Uuid) -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("{id}/1/");
        let files = self.sshd.files().into_iter();
        files.filter_map(|(name, bytes)| Some((name.strip_prefix(&prefix)?.to_owned(), bytes))).collect()
    }

    /// The partner's system answers correctly: under another name first.
    pub(super) fn answer(&self, id: Uuid, receipt: &Value) {
        self.answer_with(id, "receipt.json", receipt.to_string().as_bytes());
    }

    pub(super) fn answer_with(&self, id: Uuid, name: &str, content: &[u8]) {
        let folder = self.folder(id);
        std::fs::write(folder.join("receipt.tmp"), content).expect("write a receipt");
        std::fs::rename(folder.join("receipt.tmp"), folder.join(name)).expect("drop a receipt");
    }

    /// The evidence kept of a step.
    pub(super) async fn evidence(&self, step: &'static str) -> Vec<(Value, Value)> {
        let query =
            "select request, coalesce(answer, 'null') from exchanges where partner = 'tv' and step = $1 order by id";
        sqlx::query_as(query).bind(step).fetch_all(self.pipeline.truth.pool()).await.expect("read the evidence")
    }
}

pub(super) fn receipt(id: Uuid, status: &str) -> Value {
    json!({ "submission": id, "run": 1, "status": status })
}

/// Every file has the digest in the list, and the film is ours, byte for byte.
pub(super) fn check_folder(stage: &Stage, id: Uuid) -> BTreeMap<String, Vec<u8>> {
    let files = stage.files(id);
    let list = String::from_utf8(files["checksums.sha256"].clone()).expect("a list is text");
    let listed: BTreeMap<&str, &str> =
        list.lines().map(|line| line.split_once("  ").expect("digest and name")).map(|(it, name)| (name, it)).collect();
    for (name, digest) in &listed {
        assert_eq!(&hex::encode(Sha256::digest(&files[*name])), digest, "{name} is what the list says");
    }
    let unlisted: Vec<&str> = files.keys().map(String::as_str).filter(|name| !listed.contains_key(name)).collect();
    assert_eq!(unlisted, [".done", "checksums.sha256"], "everything else is listed, and nothing is half done");
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    assert!(files[&format!("{RENDITION}.mp4")] == film, "the partner's film is ours, byte for byte");
    files
}
