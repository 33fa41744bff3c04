//! What operators see: every panel of every dashboard runs against a real Prometheus that scrapes real services at
//! work; every metric is on a panel; alerts have pages and pages have alerts, and the commands on them exist.
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::delivery::delivery_is;
use crate::support::catalogue::{self, BAG, DROP};
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::platforms::{Emulator, World};
use crate::support::prometheus::{DEPLOY, Prometheus};
use crate::support::wait::comes_true;
use crate::support::{Entrant, Service, Setup, TestPipeline, planted};
use figures::{labels_are_bounded, the_figures_are_true};
use queries::{Query, filled, metric, queries, script, shows};

mod figures;
mod queries;

const SOON: Duration = Duration::from_secs(180);
/// A rate needs two scrapes, half a second apart, and a recorded rate some more.
const SHOWN_WITHIN: Duration = Duration::from_secs(180);

fn dashboards() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(format!("{DEPLOY}/grafana/dashboards")).expect("the dashboards");
    files
        .map(|file| {
            let path = file.expect("a dashboard").path();
            let text = std::fs::read_to_string(&path).expect("read a dashboard");
            let name = path.file_stem().and_then(|name| name.to_str()).expect("its name").to_owned();
            (name, serde_json::from_str(&text).expect("a dashboard is JSON"))
        })
        .collect()
}

/// A work of an entrant live at two partners, one that is refused, and one live at a platform with an API.
async fn at_work(pipeline: &TestPipeline, service: &Service) -> Uuid {
    let id = pipeline.submit(service, 2).await;
    let nonsense = pipeline.dir().join("no-film.mp4");
    std::fs::write(&nonsense, [7; 4000]).expect("write a file that is no film");
    let refused = Entrant::at(&service.api_address().expect("the API")).submit("不是视频", &nonsense).await;
    let planted = planted::work(pipeline, "灯塔工厂", &["bilibili"]).await;
    pipeline.command(&["release", &planted.to_string()]).await.exits(0);
    delivery_is(pipeline, planted, "bilibili", "live").await;
    delivery_is(pipeline, id, DROP, "live").await;
    delivery_is(pipeline, id, BAG, "awaiting_operator").await;
    pipeline.truth.reaches(refused, "rejected", SOON).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_shows_what_happens_and_every_metric_is_on_one() {
    let bilibili = Emulator::start(Bilibili::new(Settings::default()), World::new(11)).await;
    let mut env = bilibili.env(&bilibili.url());
    env.push(("RECONCILE_S", "0.5".to_owned()));
    let partners = vec![("bilibili", catalogue::partner("B站", "bilibili"))];
    let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let prometheus = Prometheus::watching(&[service.admin_address().expect("the admin port")]).await;
    let id = at_work(&pipeline, &service).await;

    let queries = queries();
    assert!(queries.iter().filter(|query| query.empty.is_some()).count() <= 1, "few panels may show nothing");
    let mut missing: Vec<&Query> = queries.iter().collect();
    let mut wrong = Vec::new();
    comes_true(SHOWN_WITHIN, async || {
        let mut still = Vec::new();
        for query in std::mem::take(&mut missing) {
            match prometheus.query(&filled(&query.expr)).await {
                Ok(samples) if samples.is_empty() && query.empty.is_none() => still.push(query),
                Ok(_) => {}
                Err(error) => wrong.push(format!("{}: {}: {error}", query.place, query.expr)),
            }
        }
        missing = still;
        missing.is_empty()
    })
    .await;
    assert!(wrong.is_empty(), "queries that Prometheus does not take:\n{}", wrong.join("\n"));
    let missing: Vec<String> = missing.iter().map(|query| format!("{}: {}", query.place, query.expr)).collect();
    assert!(missing.is_empty(), "panels without data:\n{}\n{}", missing.join("\n"), prometheus.log());

    for name in
        prometheus.names().await.iter().filter(|name| name.contains("reelmill_") || name.starts_with("process_"))
    {
        assert!(queries.iter().any(|query| shows(&query.expr, metric(name))), "{name} is on no panel");
    }
    the_figures_are_true(&pipeline, &prometheus, id).await;
    labels_are_bounded(&prometheus).await;
}

#[test]
fn a_metric_is_not_shown_by_another_whose_name_begins_alike() {
    let expr = r#"sum by (stage) (rate(reelmill_part_seconds_bucket{stage="x"}[5m])) / reelmill_parts_running"#;
    assert!(shows(expr, "reelmill_part_seconds") && shows(expr, "reelmill_parts_running"));
    assert!(!shows(expr, "reelmill_parts") && !shows(expr, "reelmill_part") && !shows(expr, "parts_running"));
}

#[test]
fn the_dashboards_are_what_the_generator_writes() {
    script(&["--check"]);
}

#[test]
fn the_dashboards_are_as_grafana_needs_them() {
    let mut uids = BTreeSet::new();
    let all = dashboards();
    assert_eq!(all.len(), 6);
    for (name, dashboard) in &all {
        assert_eq!(dashboard["uid"], format!("reelmill-{name}"));
        assert!(uids.insert(dashboard["uid"].to_string()) && dashboard["schemaVersion"].as_u64() >= Some(36));
        let variables = dashboard["templating"]["list"].as_array().expect("variables");
        assert_eq!((&variables[0]["name"], &variables[0]["type"]), (&"datasource".into(), &"datasource".into()));
        let links = dashboard["links"].as_array().expect("links");
        assert!(
            links.iter().any(|link| link["type"] == "dashboards")
                && links.iter().any(|link| link["title"] == "Runbook")
        );
        let panels = dashboard["panels"].as_array().expect("panels");
        let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{name} has an id twice");
        let mut taken = BTreeSet::new();
        for panel in panels {
            check_panel(name, panel, &mut taken);
        }
    }
}

/// A panel has a description and a unit, uses the variables, and does not overlap another panel.
fn check_panel(dashboard: &str, panel: &Value, taken: &mut BTreeSet<(u64, u64)>) {
    let place = format!("{dashboard} / {}", panel["title"]);
    let unit = &panel["fieldConfig"]["defaults"]["unit"];
    assert!(panel["description"].as_str().is_some_and(|says| says.len() > 5) && unit.is_string(), "{place}");
    assert!(
        ["stat", "timeseries", "bargauge", "table"].contains(&panel["type"].as_str().unwrap_or_default()),
        "{place}"
    );
    assert_eq!(panel["datasource"]["uid"], "${datasource}", "{place}");
    let at = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
    assert!(at("x") + at("w") <= 24, "{place} is wider than the screen");
    for x in at("x")..at("x") + at("w") {
        for y in at("y")..at("y") + at("h") {
            assert!(taken.insert((x, y)), "{place} lies on another panel");
        }
    }
    for target in panel["targets"].as_array().expect("queries") {
        let expr = target["expr"].as_str().expect("a query");
        assert_eq!(target["datasource"]["uid"], "${datasource}", "{place}");
        for (behind, _) in expr.match_indices('[') {
            let window = &expr[behind..];
            assert!(window.starts_with("[$__rate_interval]") || window.starts_with("[$__range]"), "{place}: {expr}");
        }
    }
}

#[test]
fn every_metric_of_the_code_is_on_a_panel() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/runtime/src");
    let mut files = vec![format!("{dir}/metrics.rs")];
    let folder = std::fs::read_dir(format!("{dir}/metrics")).expect("the metrics");
    files.extend(folder.map(|file| file.expect("a file").path().display().to_string()));
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("read the metrics");
        for made in text.split("make.").skip(1) {
            let Some((_, rest)) = made.split_once('(') else { continue };
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            names.insert(format!("reelmill_{}", rest.split('"').next().expect("a name")));
        }
        let made = text.split("Opts::new(\"reelmill_").skip(1);
        names.extend(made.map(|rest| format!("reelmill_{}", rest.split('"').next().expect("a name"))));
    }
    assert!(names.len() > 45, "{names:?}");
    let queries = queries();
    let missing: Vec<_> = names.iter().filter(|name| !queries.iter().any(|query| shows(&query.expr, name))).collect();
    assert!(missing.is_empty(), "on no panel: {missing:?}");
}

#[test]
fn the_rules_are_right_and_each_alert_fires_and_stays_silent_in_its_test() {
    for arguments in
        [["check", "rules", "rules.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]]
    {
        let ran = Command::new("promtool").args(arguments).current_dir(format!("{DEPLOY}/prometheus")).output();
        let ran = ran.expect("run promtool; `make test` installs Debian's package prometheus");
        let said = [ran.stdout, ran.stderr].concat();
        assert!(ran.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
    }
    let read = |name: &str| std::fs::read_to_string(format!("{DEPLOY}/prometheus/{name}")).expect("read the rules");
    let (rules, tests) = (read("rules.yml"), read("rules_test.yml"));
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    for alert in &alerts {
        assert!(tests.contains(&format!("alertname: {alert}, exp_alerts: []")), "{alert} has no silent case");
        assert!(tests.contains(&format!("alertname: {alert}\n        exp_alerts:\n")), "{alert} has no firing case");
    }
    for needed in ["labels: {severity: ", " summary: ", " description: ", " runbook_url: "] {
        assert_eq!(rules.matches(needed).count(), alerts.len(), "{needed}");
    }
}

/// A command with example values for its placeholders.
fn filled_in(command: &str) -> String {
    let id = Uuid::nil().to_string();
    [("ENTRY", id.as_str()), ("JOB", &id), ("WEBHOOK", &id), ("STAGE/PART", "transcode/audio"), ("PARTNER", "bilibili")]
        .iter()
        .fold(command.to_owned(), |command, (word, value)| command.replace(word, value))
}

#[test]
fn every_command_of_the_runbook_exists_with_its_options() {
    let pages = std::fs::read_dir(format!("{DEPLOY}/runbook")).expect("the runbook");
    let mut commands = BTreeSet::new();
    for page in pages {
        let text = std::fs::read_to_string(page.expect("a page").path()).expect("read a page");
        let typed = text.lines().map(str::trim).filter(|line| line.starts_with("reelmill "));
        commands.extend(typed.map(str::to_owned));
    }
    assert!(commands.len() > 12, "{commands:?}");
    for command in commands {
        // Options that do not exist are refused before `--help` is evaluated.
        let typed = format!("{} --help", filled_in(&command).replacen("reelmill", "\"$0\"", 1));
        let ran = Command::new("sh").args(["-c", &typed]).arg(crate::support::process::binary()).output();
        let ran = ran.expect("run a command");
        assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
