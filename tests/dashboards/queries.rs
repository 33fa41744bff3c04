//! The queries of all panels, as the generator prints them.
use std::process::Command;

use serde_json::Value;

use crate::support::prometheus::DEPLOY;

/// One query of a panel, as the generator prints it.
pub(super) struct Query {
    pub(super) place: String,
    pub(super) expr: String,
    pub(super) empty: Option<String>,
}

pub(super) fn queries() -> Vec<Query> {
    let listed = script(&["--queries"]);
    let queries: Vec<Value> = serde_json::from_str(&listed).expect("the generator writes JSON");
    let text = |query: &Value, key: &str| query[key].as_str().map(str::to_owned);
    queries
        .iter()
        .map(|query| Query {
            place: format!("{} / {}", query["dashboard"], query["panel"]),
            expr: text(query, "expr").expect("a query"),
            empty: text(query, "empty"),
        })
        .collect()
}

/// Runs the dashboards' generator.
pub(super) fn script(arguments: &[&str]) -> String {
    let ran = Command::new("python3").arg(format!("{DEPLOY}/grafana/generate.py")).args(arguments).output();
    let ran = ran.expect("run python3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// A query with its variables filled in as Grafana does.
pub(super) fn filled(expr: &str) -> String {
    expr.replace("$__rate_interval", "30s").replace("$__range", "5m").replace("$partner", ".*")
}

/// A histogram's series are of one metric.
pub(super) fn metric(series: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| series.strip_suffix(end)).unwrap_or(series)
}

/// Whether a query uses this metric, and not one whose name only begins or ends alike.
pub(super) fn shows(expr: &str, name: &str) -> bool {
    let words = expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.into_iter().any(|word| word == name || metric(word) == name)
}
