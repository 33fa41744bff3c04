//! Both APIs answer as their documents say, for every role. Schemathesis reads each document from its service and tries
//! every operation as every role that may call it; `contract/schemathesis.toml` says what it sends and checks,
//! `contract/hooks.py` with which credentials. deploy/local/contract.sh installs it.
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::process::Command;
use uuid::Uuid;

use crate::support::catalogue::{BAG, CONTEST, Gates};
use crate::support::{Entrant, Setup, TestPipeline, planted};

/// Each run takes some twenty seconds of one core; while other tests run this becomes minutes.
const PATIENCE: Duration = Duration::from_secs(540);

/// One run: all operations of one API, called by one asker, and then by the others with the same requests.
struct Run {
    address: String,
    first: Asker,
    others: Vec<Asker>,
}

/// Who calls, and about which work.
struct Asker {
    who: String,
    token: Option<String>,
    work: Uuid,
    phases: &'static [&'static str],
}

/// Valid and invalid examples of each parameter, one after the other: many requests, so only askers with different
/// permissions send them.
const ALL: &[&str] = &["coverage", "fuzzing"];
/// A few random examples for each operation.
const FEW: &[&str] = &["fuzzing"];

#[tokio::test(flavor = "multi_thread")]
async fn each_api_answers_every_caller_as_its_document_says() {
    let Some(tools) = std::env::var_os("TEST_CONTRACT").map(PathBuf::from) else {
        eprintln!("DID NOT RUN: TEST_CONTRACT says where deploy/local/contract.sh installed schemathesis");
        return;
    };
    let gates = Gates { review: "manual", release: "manual" };
    let pipeline = TestPipeline::with(Setup { gates, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let public = service.api_address().expect("the public API");
    let desk = service.desk_address().expect("the desk");
    let entered = Entrant::at(&public).enter(&Entrant::form("待传")).await;
    let ask = |who: &str, token: Option<String>, work: Uuid, phases| Asker { who: who.to_owned(), token, work, phases };
    let mut staff = Vec::new();
    for role in ["screener", "organiser", "operator", "auditor", "admin"] {
        let finished = planted::work(&pipeline, "已完成", &[BAG]).await;
        // A screener or an admin may send no request that these roles may not. A token of one contest may see less than
        // one of all contests, but may send the same requests.
        let phases = if ["organiser", "operator", "auditor"].contains(&role) { ALL } else { FEW };
        staff.push(ask(role, Some(pipeline.token(role).await), finished, phases));
        let bound = format!("{role}@{CONTEST}");
        staff.push(ask(&bound, Some(pipeline.token(&bound).await), entered.id, FEW));
    }
    let first = staff.remove(2);
    staff.push(ask("no token", None, entered.id, FEW));
    let entrant = ask("its entrant", Some(entered.token.clone()), entered.id, ALL);
    let runs = [
        Run { address: desk, first, others: staff },
        Run { address: public, first: entrant, others: vec![ask("no token", None, entered.id, ALL)] },
    ];
    let found: Vec<String> = join_all(runs.iter().map(|run| run.tried(&tools))).await.into_iter().flatten().collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

impl Asker {
    fn json(&self) -> Value {
        json!({ "who": self.who, "token": self.token, "work": self.work, "phases": self.phases })
    }
}

impl Run {
    /// The findings, if any.
    async fn tried(&self, tools: &Path) -> Option<String> {
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract");
        let mut command = Command::new("python3");
        command.args(["-m", "schemathesis.cli", "--no-color", "--config-file"]).arg(contract.join("schemathesis.toml"));
        command.arg("run").arg(format!("http://{}/api/v1/openapi.json", self.address));
        command.args(["--phases", &self.first.phases.join(",")]);
        if let Some(token) = &self.first.token {
            command.arg("--header").arg(format!("Authorization: Bearer {token}"));
        }
        let path = std::env::join_paths([&tools.join("python"), &contract]).expect("paths without a colon");
        command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1");
        let others: Value = self.others.iter().map(Asker::json).collect();
        command.env("WORK", self.first.work.to_string()).env("OTHERS", others.to_string());
        let run = command.current_dir(tools).stdin(Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(PATIENCE, run).await.expect("schemathesis ends").expect("run python3");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let all = format!(
            "── {} and others at {}\n{}{}",
            self.first.who,
            self.address,
            said(&output.stdout),
            said(&output.stderr)
        );
        eprintln!("{all}");
        (!output.status.success()).then_some(all)
    }
}
