//! Every door of a whole pipeline: each refusal leaves a log line with a pseudonym and without anything secret; each
//! answer of each port has the security headers; the demo contest exists only where it is enabled.
use std::collections::BTreeSet;
use std::net::IpAddr;

use reqwest::{Client, RequestBuilder, Response};
use runtime::bearer::Bearer;
use runtime::doors::Pseudonyms;
use runtime::seal::Keyring;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::pipeline::PERSONAL_DATA_KEY;
use crate::support::{Entrant, Service, Setup, TestPipeline};

const FEED_TOKEN: &str = "canary-token-of-the-feed-0123456789";
const GUESS: &str = "canary-guess-0123456789abcdef";

/// A pipeline with a partner that pulls and one that sends notices.
async fn with_partners() -> TestPipeline {
    let env = [
        ("PARTNER_NET_FEED_TOKEN", FEED_TOKEN),
        ("PARTNER_NET_FEED_LINK_KEY", "canary-key-of-the-links-0123456789"),
        ("PARTNER_DY_CLIENT_KEY", "key"),
        // Nothing is delivered there: nothing listens on port 9.
        ("PARTNER_DY_URL", "http://127.0.0.1:9"),
        ("PARTNER_DY_CLIENT_SECRET", "canary-secret-of-the-notices"),
    ];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let pipeline = TestPipeline::with(Setup { env, ..Setup::default() }).await;
    for (id, method) in [("net", "mrss"), ("dy", "douyin")] {
        let partner =
            format!("name = {{ zh = \"{id}\", en = \"{id}\" }}\nmethod = \"{method}\"\nrungs = [\"web-180\"]\n");
        std::fs::write(pipeline.dir().join(format!("catalogue/partners/{id}.toml")), partner)
            .expect("a partner's file");
    }
    pipeline
}

/// The lines of a service about failed authentication.
fn failures(service: &Service) -> Vec<String> {
    let lines = service.log_text();
    lines.lines().filter(|line| line.contains("authentication failed at")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_leaves_a_line_with_code_credential_and_pseudonym_and_nothing_secret() {
    let pipeline = with_partners().await;
    let service = pipeline.serve("all", &["upload", "desk", "publish"]).await;
    let public = format!("http://{}", service.api_address().expect("the public API"));
    let desk = format!("http://{}", service.desk_address().expect("the desk"));
    let partners = format!("http://{}", service.partner_address().expect("the partners' port"));
    let http = Client::new();
    let entered = Entrant::at(&public["http://".len()..]).enter(&Entrant::form("门")).await;
    let made_up = Bearer::new(Uuid::now_v7()).expect("a token");
    let get = |url: String| http.get(url);
    let guess = |url: String| http.get(url).bearer_auth(GUESS);
    let entry = format!("{public}/api/v1/submissions/{}", entered.id);
    let film = format!("{partners}/partners/net/files/{}/1/a.mp4", Uuid::now_v7());
    let knocks: Vec<(RequestBuilder, &str, &str, &str, String)> = vec![
        (get(format!("{desk}/api/v1/tokens")), "organisers", "missing", "token_missing", "unknown".into()),
        (
            http.get(format!("{desk}/api/v1/tokens")).bearer_auth(made_up.text()),
            "organisers",
            "unknown",
            "token_wrong",
            made_up.id.to_string(),
        ),
        // The public address accepts entrants' tokens only, the desk only those of staff.
        (http.get(&entry).bearer_auth(made_up.text()), "entrants", "malformed", "token_wrong", "unknown".into()),
        (
            http.get(format!("{desk}/api/v1/submissions/{}", entered.id)).bearer_auth(&entered.token),
            "organisers",
            "malformed",
            "token_wrong",
            "unknown".into(),
        ),
        (
            http.get(&entry).bearer_auth(format!("{}.{}", entered.id.simple(), "A".repeat(43))),
            "entrants",
            "wrong",
            "token_wrong",
            entered.id.to_string(),
        ),
        (guess(format!("{partners}/partners/net/feed.xml")), "feed", "wrong", "unauthorised", "net".into()),
        (guess(format!("{partners}/partners/nobody/feed.xml")), "feed", "unknown", "unauthorised", "unknown".into()),
        (get(format!("{film}?expires=1&signature={GUESS}")), "feed", "wrong", "forbidden", "net".into()),
        (get(film.clone()), "feed", "missing", "forbidden", "unknown".into()),
        (
            http.post(format!("{partners}/partners/dy/webhook")).header("x-douyin-signature", GUESS).body("{}"),
            "notices",
            "wrong",
            "unauthorised",
            "dy".into(),
        ),
        (
            http.post(format!("{partners}/partners/bilibili/webhook")).body("{}"),
            "notices",
            "missing",
            "unauthorised",
            "unknown".into(),
        ),
    ];
    let keys = Keyring::parse(&format!("test:{PERSONAL_DATA_KEY}")).expect("the key");
    let home: IpAddr = "127.0.0.1".parse().expect("an address");
    let name = Pseudonyms::by(keys.pseudonym_key()).of(home);
    for (request, door, reason, code, credential) in knocks {
        let before = failures(&service).len();
        let answer = request.send().await.expect("an answer");
        assert!(matches!(answer.status().as_u16(), 401 | 403), "{door} {reason}: {}", answer.status());
        let lines = failures(&service);
        assert_eq!(lines.len(), before + 1, "{door} {reason}: {lines:?}");
        let line = &lines[before];
        for said in [
            format!("auth.door=\"{door}\""),
            format!("auth.reason=\"{reason}\""),
            format!("auth.code=\"{code}\""),
            format!("credential.id=\"{credential}\""),
            format!("auth.client=\"{name}\""),
        ] {
            assert!(line.contains(&said), "{said} in {line}");
        }
        let sample = format!("reelmill_auth_failures_total{{door=\"{door}\",reason=\"{reason}\"}}");
        assert!(service.metric(&sample).await >= 1.0, "{sample}");
    }
    let lines = failures(&service).join("\n");
    for secret in
        [GUESS, FEED_TOKEN, "canary-secret-of-the-notices", made_up.text().as_str(), &entered.token, "127.0.0.1"]
    {
        assert!(!lines.contains(secret), "{secret} in {lines}");
    }
    // Other log lines of a request name its client, too.
    let entered_line = service.log_text();
    let line = entered_line.lines().find(|line| line.contains("was entered")).expect("a line about the entry");
    assert!(line.contains(&format!("client=\"{name}\"")), "{line}");
}

/// The headers missing from an answer.
fn lacks(answer: &Response) -> BTreeSet<&'static str> {
    let header = |name: &str| answer.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut lacking = BTreeSet::new();
    for (name, wanted) in [
        ("x-content-type-options", &["nosniff"][..]),
        // Pages with forms send the referrer to the desk itself; no other site receives one.
        ("referrer-policy", &["no-referrer", "same-origin"]),
        ("content-security-policy", &["frame-ancestors 'none'"]),
    ] {
        if !wanted.iter().any(|wanted| header(name).contains(wanted)) {
            lacking.insert(name);
        }
    }
    lacking
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_each_port_has_the_security_headers() {
    let pipeline = with_partners().await;
    let service = pipeline.serve("all", &["upload", "desk", "publish"]).await;
    let admin = service.admin_address().expect("the admin port");
    let partners = service.partner_address().expect("the partners' port");
    let desk = service.desk_address().expect("the desk");
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let on_admin = [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/dashboards",
        "/dashboards/overview.json",
        "/dashboards/none",
        "/runbook",
        "/runbook/",
        "/runbook/AuthFailures",
        "/runbook/None",
        "/nothing",
    ];
    let on_partners = ["/", "/partners/net/feed.xml", "/partners/bilibili/webhook", "/partners/dy/webhook", "/nothing"];
    let on_desk = ["/", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/submissions", "/nothing"];
    let urls = on_admin.iter().map(|path| format!("http://{admin}{path}"));
    let urls = urls.chain(on_partners.iter().map(|path| format!("http://{partners}{path}")));
    let urls = urls.chain(on_desk.iter().map(|path| format!("http://{desk}{path}")));
    let mut statuses = BTreeSet::new();
    for url in urls {
        for request in [
            http.get(&url).header("accept", "text/html"),
            http.get(&url).bearer_auth(FEED_TOKEN),
            http.post(&url).body("{}"),
            http.delete(&url),
        ] {
            let answer = request.send().await.expect("an answer");
            statuses.insert(answer.status().as_u16());
            assert_eq!(lacks(&answer), BTreeSet::new(), "{url} {}", answer.status());
        }
    }
    assert!([200, 401, 404, 405].iter().all(|status| statuses.contains(status)), "{statuses:?}");
    let page = http.get(format!("http://{admin}/runbook")).send().await.expect("a page");
    let policy = page.headers()["content-security-policy"].to_str().expect("a policy");
    assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_contest_is_unknown_unless_it_is_asked_for() {
    let pipeline = TestPipeline::new().await;
    for (demo, code) in [(None, "contest_unknown"), (Some("false"), "contest_unknown"), (Some("true"), "form_wrong")] {
        let mut env = pipeline.command_env();
        env.remove("CATALOGUE_DIR");
        for listener in ["LISTEN", "DESK_LISTEN", "ADMIN_LISTEN", "PUBLISH_LISTEN"] {
            env.insert(listener.into(), "127.0.0.1:0".into());
        }
        env.extend(demo.map(|demo| ("DEMO_CONTEST".to_owned(), demo.to_owned())));
        let name = format!("demo-{}", demo.unwrap_or("unset"));
        let service = Service::start(&name, &["serve", "--roles", "upload"], &env, &pipeline.dir().join("logs"));
        service.ready().await;
        let address = service.api_address().expect("the API");
        let mut form = Entrant::form("演示");
        form["contest"] = "demo".into();
        form["theme"] = "none".into();
        let answer = Client::new().post(format!("http://{address}/api/v1/submissions")).json(&form).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("a problem");
        assert_eq!((&answer["status"], &answer["code"]), (&json!(422), &json!(code)), "DEMO_CONTEST is {demo:?}");
        service.kill();
    }
}
