//! Both APIs answer as their documents say, whoever asks. Schemathesis reads each document from its service and tries every operation, with
//! and without a token; `contract/schemathesis.toml` says what it sends and checks. deploy/local/contract.sh installs it.
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::process::Command;
use uuid::Uuid;

use crate::support::catalogue::{BAG, CONTEST, Gates};
use crate::support::{Entrant, Setup, TestPipeline, planted};

/// One run takes ten seconds of one core.
const PATIENCE: Duration = Duration::from_secs(240);

/// Runs at once.
const AT_ONCE: usize = 2;

/// One run: who asks which API, and about which work.
struct Run {
    who: String,
    address: String,
    token: Option<String>,
    work: Uuid,
    /// What a token of one contest may see differs from what one of all may; what it may send does not.
    phases: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn each_api_answers_as_its_document_says_whoever_asks() {
    let Some(tools) = std::env::var_os("TEST_CONTRACT").map(PathBuf::from) else {
        eprintln!(
            "DID NOT RUN: SCHEMATHESIS=1 make test runs it (TEST_CONTRACT says where deploy/local/contract.sh installed it)"
        );
        return;
    };
    let gates = Gates { review: "manual", release: "manual" };
    let pipeline = TestPipeline::with(Setup { gates, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let public = format!("http://{}", service.api_address().expect("the public API"));
    let desk = format!("http://{}", service.desk_address().expect("the desk"));
    let entered = Entrant::at(&public["http://".len()..]).enter(&Entrant::form("待传")).await;
    let mut runs = vec![
        Run::of("nobody", &public, None, entered.id, "coverage,fuzzing"),
        Run::of("its entrant", &public, Some(entered.token.clone()), entered.id, "coverage,fuzzing"),
        Run::of("nobody", &desk, None, entered.id, "fuzzing"),
    ];
    for role in ["screener", "organiser", "operator", "auditor", "admin"] {
        let finished = planted::work(&pipeline, "已完成", &[BAG]).await;
        let token = pipeline.token(role).await;
        // What others may send, these may too.
        let most = ["organiser", "operator", "auditor"].contains(&role);
        runs.push(Run::of(role, &desk, Some(token), finished, if most { "coverage,fuzzing" } else { "fuzzing" }));
        let bound = format!("{role}@{CONTEST}");
        let token = pipeline.token(&bound).await;
        runs.push(Run::of(&bound, &desk, Some(token), entered.id, "fuzzing"));
    }
    let answers: Vec<_> = stream::iter(&runs).map(|run| run.tried(&tools)).buffer_unordered(AT_ONCE).collect().await;
    let found: Vec<String> = answers.into_iter().flatten().collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

impl Run {
    fn of(who: &str, address: &str, token: Option<String>, work: Uuid, phases: &'static str) -> Self {
        Self { who: who.to_owned(), address: address.to_owned(), token, work, phases }
    }

    /// What was found, if anything was.
    async fn tried(&self, tools: &Path) -> Option<String> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/schemathesis.toml");
        let mut command = Command::new("python3");
        command.args(["-m", "schemathesis.cli", "--no-color", "--config-file"]).arg(config).arg("run");
        command.arg(format!("{}/api/v1/openapi.json", self.address)).args(["--phases", self.phases]);
        if let Some(token) = &self.token {
            command.arg("--header").arg(format!("Authorization: Bearer {token}"));
        }
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract");
        let path = std::env::join_paths([tools.join("python"), contract]).expect("paths without a colon");
        command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("WORK", self.work.to_string());
        let run = command.current_dir(tools).stdin(Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(PATIENCE, run).await.expect("schemathesis ends").expect("run python3");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (!output.status.success())
            .then(|| format!("── {} at {}\n{}{}", self.who, self.address, said(&output.stdout), said(&output.stderr)))
    }
}
