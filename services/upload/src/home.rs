//! GET /: where a newcomer who typed the bare address is sent on. No script, no state.
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse};

const PAGE: &str = r#"<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>映工场 Reelmill</title>
<style>body{font-family:system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;line-height:1.6}</style>
<h1>映工场 Reelmill</h1>
<p>接收征选短视频，审查、转码并投放到各合作平台。<br>Takes contest videos, checks them, and delivers them to every partner.</p>
<ul>
<li><a href="/api/v1/openapi.json">/api/v1/openapi.json</a>：报名与上传接口 (the API: entry form and resumable upload)</li>
<li><code>POST /api/v1/submissions</code>：提交推荐表 (enter a work)</li>
<li><code>/files</code>：断点续传，<a href="https://tus.io/protocols/resumable-upload">tus 1.0.0</a> (resumable upload)</li>
<li><code>/metrics</code>, <code>/healthz</code>, <code>/readyz</code>：在管理端口 (on the admin port, ADMIN_LISTEN)</li>
<li><code>reelmill submit --help</code>：命令行 (the command line)</li>
</ul>
</html>
"#;

/// Says where the API is, to people.
#[utoipa::path(get, path = "/", tag = "service", responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(crate) async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, Html(PAGE))
}
