//! GET /about: links for programs and operators, in Chinese and English. No script, no state, nothing from elsewhere.
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use pipeline::catalogue::Contest;
use runtime::serving::page::{STYLE, escaped, shown};

use crate::app::App;

/// Lists the addresses of this installation, for people.
pub(crate) async fn page(State(app): State<Arc<App>>) -> impl IntoResponse {
    shown(&text(&app))
}

fn text(app: &App) -> String {
    let mut page = format!(
        r#"<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>映工场 Reelmill</title>
<style>{STYLE}</style>
<h1>映工场 Reelmill</h1>
<p>接收征选短视频，检测、转码并投放到各合作平台。<br><span class="en" lang="en">Takes contest videos, checks them, and delivers them to every partner.</span></p>
"#
    );
    page += &contests(app);
    page += r#"<dd><a href="/">征选方案与作品要求</a>；用命令行或通过接口报名。<span class="en" lang="en"><a href="/">The calls and their rules</a>; entries come by the command line or the API.</span></dd>
</dl>
<h2>报送接口 <span class="en" lang="en">The API for entries</span></h2>
<dl>
<dt><a href="/api/v1/docs">接口说明 <span lang="en">API documentation</span></a></dt>
<dd>每个地址、做什么、谁可以用。<span class="en" lang="en">Every address, what it does, who may.</span></dd>
<dt><a href="/api/v1/openapi.json">openapi.json</a></dt>
<dd>OpenAPI 3.1，供程序使用。<span class="en" lang="en">The same for programs.</span></dd>
<dt><code>POST /api/v1/submissions</code>，<code>/files</code></dt>
<dd>提交推荐表；以 <a href="https://tus.io/protocols/resumable-upload">tus 1.0.0</a> 断点续传作品。<span class="en" lang="en">The form, and resumable upload by tus.</span></dd>
</dl>
"#;
    page += &desk(app);
    page += r#"<h2>运维 <span class="en" lang="en">Operations</span></h2>
<dl>
"#;
    page += &admin(app);
    page += r#"<dt><code>reelmill doctor</code></dt>
<dd>检查本机与各服务器，并说明如何修复。<span class="en" lang="en">Checks this machine and its servers, and says how to mend what is wrong.</span></dd>
<dt><code>reelmill status</code>，<code>reelmill trace ID</code>，<code>reelmill fsck</code>，<code>reelmill help</code></dt>
<dd>作品进度、时间去向、数据与文件核对。<span class="en" lang="en">How entries stand, where their time went, whether everything is there.</span></dd>
</dl>
</html>
"#;
    page
}

/// The open contests, and how a program enters a work.
fn contests(app: &App) -> String {
    let mut page = "<h2>投稿 <span class=\"en\" lang=\"en\">Enter a work</span></h2>\n<dl>\n".to_owned();
    let now = app.clock.now();
    let open: Vec<&Contest> = app.catalogue.contests.values().filter(|contest| contest.accepts(now)).collect();
    for contest in &open {
        let until = match contest.deadline {
            Some(deadline) => format!("，{} 截止", deadline.format("%F %R %:z")),
            None => String::new(),
        };
        let (zh, en) = (escaped(&contest.name.zh), escaped(&contest.name.en));
        // Writing to a String cannot fail.
        let _ = writeln!(page, "<dt>{zh}{until} <span class=\"en\" lang=\"en\">{en}</span></dt>");
        let _ = writeln!(page, "<dd><code>reelmill submit film.mp4 --contest {} …</code></dd>", contest.id);
    }
    if open.is_empty() {
        page += "<dt>现在没有开放的征选 <span class=\"en\" lang=\"en\">no contest is open now</span></dt>\n";
    }
    page
}

/// The address of the desk, if it is configured. Nothing of the desk itself is served here.
fn desk(app: &App) -> String {
    let Some(url) = &app.settings.desk_url else { return String::new() };
    let url = escaped(url);
    format!(
        "<h2>工作台 <span class=\"en\" lang=\"en\">The desk</span></h2>\n<dl>\n\
         <dt><a href=\"{url}/api/v1/docs\">{url}</a></dt>\n\
         <dd>供组织方、审查员、运维与审计人员使用，须持令牌。<span class=\"en\" lang=\"en\">For organisers, reviewers, operators and auditors, with a token.</span></dd>\n</dl>\n"
    )
}

/// Paths of the admin port, with what is there.
struct Row {
    paths: &'static [&'static str],
    zh: &'static str,
    en: &'static str,
}

/// The contents of the admin port: metrics, how to load the dashboards, the runbook. An admin address that others can
/// reach is not revealed here.
fn admin(app: &App) -> String {
    let rows = [
        Row {
            paths: &["/metrics", "/healthz", "/readyz"],
            zh: "指标、存活与就绪。",
            en: "Metrics, liveness, readiness.",
        },
        Row {
            paths: &["/dashboards"],
            zh: "看板：如何装入 Grafana，文件可直接下载（源码中在 <code>deploy/grafana/</code>）。",
            en: "The dashboards: how to load them into Grafana, with the files (in the source: <code>deploy/grafana/</code>).",
        },
        Row {
            paths: &["/runbook"],
            zh: "运维手册：每个告警的含义与处置。",
            en: "The runbook: what each alert means, and what to do.",
        },
    ];
    let address = app.settings.admin.filter(|address| address.ip().is_loopback());
    let mut list = String::new();
    for Row { paths, zh, en } in rows {
        let places = paths.iter().map(|path| match address {
            Some(address) => format!("<a href=\"http://{address}{path}\">{path}</a>"),
            None => format!("<code>{path}</code>"),
        });
        let places = places.collect::<Vec<_>>().join("，");
        // Writing to a String cannot fail.
        let _ = writeln!(list, "<dt>{places}</dt>\n<dd>{zh}<span class=\"en\" lang=\"en\">{en}</span></dd>");
    }
    if address.is_none() {
        list += "<dd>以上在管理端口。<span class=\"en\" lang=\"en\">These are on the admin port</span> (<code>ADMIN_LISTEN</code>).</dd>\n";
    }
    list
}
