//! The admin port for people, in Chinese and English: an overview at its root, and how to load the dashboards into a
//! Grafana. The files themselves are included as they were when this program was built, for readers without a clone of
//! the repository.
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// The files for Grafana and for Prometheus.
#[rustfmt::skip]
const FILES: [(&str, &str); 7] = [
    ("overview.json", include_str!("../../../../deploy/grafana/dashboards/overview.json")),
    ("stages.json", include_str!("../../../../deploy/grafana/dashboards/stages.json")),
    ("media.json", include_str!("../../../../deploy/grafana/dashboards/media.json")),
    ("partners.json", include_str!("../../../../deploy/grafana/dashboards/partners.json")),
    ("uploads.json", include_str!("../../../../deploy/grafana/dashboards/uploads.json")),
    ("infrastructure.json", include_str!("../../../../deploy/grafana/dashboards/infrastructure.json")),
    ("rules.yml", include_str!("../../../../deploy/prometheus/rules.yml")),
];

const STYLE: &str = "body{font-family:system-ui,sans-serif;max-width:52rem;margin:2.5rem auto;padding:0 1rem;line-height:1.6;\
    color:#1c1c1c;background:#fff}dt{font-weight:600;margin-top:.7rem}dd{margin:0 0 0 1.2rem}.en{color:#555}\
    code,pre{background:#f2f2f2;padding:0 .25rem}pre{white-space:pre-wrap;padding:.5rem}a{color:#0b57a4}";

/// A page, with the policy that it may load nothing.
pub(super) type Page = ([(HeaderName, &'static str); 1], Html<String>);

/// A page of this port.
pub(super) fn page(title: &str, words: &str) -> Page {
    let policy = [(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'")];
    let page = format!(
        "<!doctype html>\n<html lang=\"zh\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · Reelmill</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n{words}</html>\n"
    );
    (policy, Html(page))
}

/// Text of a file as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The overview.
pub(super) async fn root() -> Page {
    let rows = [
        ("/metrics", "指标，供 Prometheus 读取", "what Prometheus reads"),
        ("/healthz", "进程是否存活", "whether the process is alive"),
        ("/readyz", "数据库、消息服务与对象存储是否可用", "whether database, broker and object store answer"),
        ("/runbook", "运维手册：每个告警一页", "the runbook: one page for each alert"),
        ("/dashboards", "看板：如何装入 Grafana", "the dashboards: how to load them into Grafana"),
    ];
    let rows = rows.map(|(path, zh, en)| {
        format!("<dt><a href=\"{path}\">{path}</a></dt>\n<dd>{zh} <span class=en lang=en>{en}</span></dd>\n")
    });
    page("映工场 Reelmill: 运维 Operations", &format!("<dl>\n{}</dl>\n", rows.concat()))
}

/// How the dashboards are loaded, and the files.
pub(super) async fn dashboards() -> Page {
    let links = FILES.map(|(name, _)| format!("<li><a href=\"/dashboards/{name}\">{name}</a>\n"));
    let words = format!(
        "<ol>
<li>让 Prometheus 读取每个服务进程的管理端口，并装入 <a href=\"/dashboards/rules.yml\">rules.yml</a>（看板与告警都要用其中的规则）。
<span class=en lang=en>Let Prometheus read the admin port of every process of ours, and load rules.yml, which dashboards and alerts need.</span>
<pre>scrape_configs:
  - job_name: reelmill
    scrape_interval: 15s
    static_configs: [{{targets: [\"localhost:9090\"]}}]
rule_files: [rules.yml]</pre>
<li>在 Grafana 中添加这个 Prometheus 为数据源，再逐个导入下面的看板（Dashboards → New → Import），选择该数据源。
<span class=en lang=en>Add that Prometheus to Grafana as a data source, import each dashboard below, and choose the data source.</span>
<li>或者让 Grafana 自己读取：挂载 <code>deploy/grafana/provisioning/</code> 与 <code>deploy/grafana/dashboards/</code>，设置 <code>PROMETHEUS_URL</code>；
<code>docker compose -f deploy/compose.yaml up</code> 已经如此配置，Grafana 在 3000 端口。
<span class=en lang=en>Or let Grafana read the directories by itself, as the compose file does, whose Grafana is on port 3000.</span>
</ol>
<ul>
{}</ul>
",
        links.concat()
    );
    page("看板 Dashboards", &words)
}

/// One of the files.
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let Some((name, text)) = FILES.iter().find(|(file, _)| *file == name) else {
        return (StatusCode::NOT_FOUND, "no such file; /dashboards lists them\n").into_response();
    };
    let kind = if name.ends_with(".json") { "application/json" } else { "text/plain; charset=utf-8" };
    ([(header::CONTENT_TYPE, kind)], *text).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_dashboard_is_told() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/grafana/dashboards");
        let written = std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        let served = FILES.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name.ends_with(".json"));
        assert_eq!(served.collect::<BTreeSet<_>>(), written.collect());
    }
}
