//! Every answer has the security headers: of every route, of every error, and of refused connections.
use pipeline::person::Held;
use reqwest::{Method, Response};
use runtime::store::people::tokens::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::desk_pages::{Walk, name, pages, with_session};
use crate::stage::{Stage, form, routes};

/// Referrer policies of an answer that is not a page.
const NONE: &[&str] = &["no-referrer"];
/// Those of a page: browsers send the origin of a form only with this one.
const OF_A_PAGE: &[&str] = &["no-referrer", "same-origin"];

/// The headers missing from an answer, with any of these referrer policies.
fn lacks_with(answer: &Response, referrer: &[&str]) -> Vec<String> {
    let all = |name: &str| {
        let values = answer.headers().get_all(name).iter().map(|it| it.to_str().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    let mut lacking = Vec::new();
    for (name, values) in [("x-content-type-options", &["nosniff"][..]), ("referrer-policy", referrer)] {
        let found = all(name);
        if found.len() != 1 || !values.contains(&found[0].as_str()) {
            lacking.push(format!("{name}: {found:?}"));
        }
    }
    let policies = all("content-security-policy");
    let safe = |policy: &String| policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'");
    if policies.len() != 1 || !policies.iter().all(safe) {
        lacking.push(format!("content-security-policy: {policies:?}"));
    }
    lacking
}

#[tokio::test]
async fn every_route_answers_everybody_with_them_and_so_does_every_error() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let (upload, receipt) = (stage.create(&entry, 4).await, stage.receipt(&entry.id).await);
    let organiser = stage.token(Role::Organiser, None).await;
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut check = |what: String, answer: &Response, referrer: &[&str]| {
        seen.insert(answer.status().as_u16());
        wrong.extend(
            lacks_with(answer, referrer).into_iter().map(|lack| format!("{what} ({}): {lack}", answer.status())),
        );
    };
    for route in routes() {
        let is_page = upload::list().iter().any(|it| !route.desk && it.path == route.path && it.is_page());
        let referrer = if is_page { OF_A_PAGE } else { NONE };
        let id = if route.path.starts_with("/files") { upload.rsplit_once('/').unwrap().1 } else { &entry.id };
        let path = route.path.replace("{id}", id).replace("{partner}", "bilibili").replace("{file}", "proxy.mp4");
        let nil = Uuid::nil().to_string();
        let path = path
            .replace("{receipt}", &receipt)
            .replace("{token}", &nil)
            .replace("{webhook}", &nil)
            .replace("{job}", &nil);
        let url = format!("{}{path}", stage.base(&route));
        // An allowed caller, a refused one, another method, and a preflight.
        for token in [Some(&organiser), None] {
            let mut request = stage.client.request(route.method.clone(), &url).header("tus-resumable", "1.0.0");
            if let Some(token) = token {
                request = request.bearer_auth(token).header("idempotency-key", Uuid::new_v4().to_string());
            }
            let answer = request.body("{}").send().await.unwrap();
            check(format!("{} {}", route.method, route.path), &answer, referrer);
        }
        let answer = stage.client.request(Method::TRACE, &url).send().await.unwrap();
        check(format!("TRACE {}", route.path), &answer, referrer);
        let preflight = stage.client.request(Method::OPTIONS, &url).header("origin", "https://a.example");
        let answer = preflight.header("access-control-request-method", "GET").send().await.unwrap();
        check(format!("preflight of {}", route.path), &answer, referrer);
    }
    let none = stage.client.get(format!("{}/nothing/here", stage.url)).send().await.unwrap();
    check("no route".into(), &none, NONE);
    let mut long = form();
    long["synopsis"] = "长".repeat(100_000).into();
    check("a form that is too large".into(), &stage.post_form(&long).await, NONE);
    check("a form that is none".into(), &stage.post_form(&serde_json::json!([])).await, NONE);
    check("a form that is right".into(), &stage.post_form(&form()).await, NONE);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for status in [200, 201, 204, 400, 401, 403, 404, 405, 413] {
        assert!(seen.contains(&status), "no answer was a {status}, only {seen:?}");
    }
}

#[tokio::test]
async fn every_page_of_staff_has_them_with_a_session_and_without() {
    let walk = Walk::new().await;
    let everything: Vec<Held> = Role::STAFF.into_iter().map(Held::everywhere).collect();
    let person = walk.stage.member(&everything).await;
    let (mut wrong, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
    for page in pages() {
        let session = walk.stage.session(person).await;
        for request in [walk.asks(&page), with_session(walk.asks(&page), &session)] {
            let answer = request.send().await.unwrap();
            seen.insert(answer.status().as_u16());
            // A page sends the referrer to the desk itself, which recognises its own forms by it.
            let lacks = lacks_with(&answer, OF_A_PAGE);
            wrong.extend(lacks.into_iter().map(|lack| format!("{} ({}): {lack}", name(&page), answer.status())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!([200, 303, 404].iter().all(|status| seen.contains(status)), "{seen:?}");
}

#[tokio::test]
async fn a_page_keeps_its_own_policy() {
    let stage = Stage::new().await;
    let plain = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    for (page, wanted) in [("/", pages::serve::POLICY), ("/about", plain), ("/api/v1/docs", plain)] {
        let answer = stage.client.get(format!("{}{page}", stage.url)).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert_eq!(policy, wanted, "{page}");
    }
}

#[tokio::test]
async fn a_connection_that_is_turned_away_gets_them_too() {
    let stage = Stage::with(|settings| settings.connections = 1).await;
    let address = stage.url.strip_prefix("http://").unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_ne!(first.read(&mut [0; 1024]).await.unwrap(), 0, "it has its place");
    let mut second = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    second.shutdown().await.unwrap();
    second.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    for header in
        ["x-content-type-options: nosniff", "referrer-policy: no-referrer", "frame-ancestors 'none'", "retry-after: "]
    {
        assert!(answer.contains(header), "{header} in {answer}");
    }
}
