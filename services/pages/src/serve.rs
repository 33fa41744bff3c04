//! What every site of pages shares: the security policy, assets as answers, the redirect after a form, and the language
//! cookie.
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use pipeline::lang::Lang;

use crate::assets;

/// Pages load their own style sheet and modules and nothing else; forms are sent nowhere else; no script builds markup from text.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The language cookie, `zh` or `en`.
const LANG: &str = "lang";
/// How long a browser keeps the language.
const LANG_KEPT: cookie::time::Duration = cookie::time::Duration::days(365);

/// One asset file; `None` if there is none with this name. Its address contains its digest, so it never changes.
pub fn asset(file: &str) -> Option<Response> {
    let asset = assets::find(file)?;
    let headers = [(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Some((headers, &*asset.bytes).into_response())
}

/// Redirects the browser after a form (303), so that a reload repeats nothing. `to` is a path of this server.
pub fn see(to: impl AsRef<str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(to.as_ref()).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, to);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A path of this server that a link or a form names, such as the target after the sign-in; anything else becomes the
/// home page.
pub fn inside(path: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control())
    };
    path.filter(ours).unwrap_or("/")
}

/// The address that switches to the other language and returns to `path`.
pub fn switch(to: Lang, path: &str) -> String {
    let back: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("/lang/{}?back={back}", to.tag())
}

/// A language by its tag in an address.
pub fn lang_named(tag: &str) -> Option<Lang> {
    match tag {
        "zh" => Some(Lang::Zh),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// The language that a person chose in this browser.
pub fn lang(headers: &HeaderMap) -> Option<Lang> {
    lang_named(&cookie(headers, LANG)?)
}

/// Stores the language. `https`: whether this site is reached over HTTPS.
pub fn set_lang(lang: Lang, https: bool) -> HeaderValue {
    let cookie = Cookie::build((LANG, lang.tag())).path("/").same_site(SameSite::Lax).http_only(true);
    let cookie = cookie.secure(https).max_age(LANG_KEPT).build();
    // Name and value are our own.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// The value of a cookie. If the name occurs twice, the answer is `None`: a browser sends our cookie once.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(Cookie::split_parse).flatten().filter(|cookie| cookie.name() == name);
    let value = found.next()?.value().to_owned();
    found.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(line))])
    }

    #[test]
    fn a_cookie_is_found_among_others_and_counts_once() {
        assert_eq!(cookie(&sent("a=1; lang=en; b=2"), "lang").as_deref(), Some("en"));
        assert_eq!(lang(&sent("lang=en")), Some(Lang::En));
        assert_eq!(lang(&sent("lang=fr")), None);
        assert_eq!(cookie(&sent("lang=en; lang=zh"), "lang"), None);
    }

    #[test]
    fn a_browser_is_sent_to_our_own_paths_only() {
        assert_eq!(inside(Some("/works?state=published")), "/works?state=published");
        for wrong in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "works",
            "/a\r\nset-cookie: x",
            "/\t/evil.example",
        ] {
            assert_eq!(inside(Some(wrong)), "/", "{wrong}");
        }
    }
}
