//! The style of the few plain pages that explain the service: no script, no state, nothing loaded from elsewhere.
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse};

/// The style sheet of these pages; short, because each page contains it.
pub const STYLE: &str = "body{font-family:system-ui,sans-serif;max-width:52rem;margin:2.5rem auto;padding:0 1rem;\
    line-height:1.6;color:#1c1c1c;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}\
    dt{font-weight:600;margin-top:.7rem}dd{margin:0 0 0 1.2rem}.en{color:#555}code{background:#f2f2f2;padding:0 .25rem}\
    table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;\
    vertical-align:top}a{color:#0b57a4}";

/// A page of ours as an answer that may not load anything.
pub fn shown(page: &str) -> impl IntoResponse + use<> {
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, Html(page.to_owned()))
}

/// Text of a file as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
