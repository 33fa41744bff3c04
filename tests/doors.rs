//! Every door of a whole pipeline: each refusal leaves a log line with a pseudonym and without anything secret; each
//! answer of each port has the security headers; the demo contest exists only where it is enabled.
use std::collections::BTreeSet;
use std::net::IpAddr;

use reqwest::{Client, Response};
use runtime::bearer::Bearer;
use runtime::doors::Pseudonyms;
use runtime::seal::Keyring;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::pipeline::PERSONAL_DATA_KEY;
use crate::support::{Entrant, Service, Setup, TestPipeline};
use knocks::{Doors, GUESS, Knock};

mod knocks;

const FEED_TOKEN: &str = "canary-token-of-the-feed-0123456789";

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

/// Sends it: it is refused, counted, and described by one line.
async fn is_refused(service: &Service, knock: Knock, client: &str) {
    let Knock { request, door, reason, code, credential } = knock;
    let before = failures(service).len();
    let answer = request.send().await.expect("an answer");
    assert!(matches!(answer.status().as_u16(), 401 | 403), "{door} {reason}: {}", answer.status());
    let lines = failures(service);
    assert_eq!(lines.len(), before + 1, "{door} {reason}: {lines:?}");
    let line = &lines[before];
    for said in [
        format!("auth.door=\"{door}\""),
        format!("auth.reason=\"{reason}\""),
        format!("auth.code=\"{code}\""),
        format!("credential.id=\"{credential}\""),
        format!("auth.client=\"{client}\""),
    ] {
        assert!(line.contains(&said), "{said} in {line}");
    }
    let sample = format!("reelmill_auth_failures_total{{door=\"{door}\",reason=\"{reason}\"}}");
    assert!(service.metric(&sample).await >= 1.0, "{sample}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_leaves_a_line_with_code_credential_and_pseudonym_and_nothing_secret() {
    let pipeline = with_partners().await;
    let service = pipeline.serve("all", &["upload", "desk", "publish"]).await;
    let doors = Doors::of(&service);
    let entered = Entrant::at(&service.api_address().expect("the public API")).enter(&Entrant::form("门")).await;
    let made_up = Bearer::new(Uuid::now_v7()).expect("a token");
    let keys = Keyring::parse(&format!("test:{PERSONAL_DATA_KEY}")).expect("the key");
    let home: IpAddr = "127.0.0.1".parse().expect("an address");
    let client = Pseudonyms::by(keys.pseudonym_key()).of(home).to_string();
    for knock in doors.of_people(&entered, &made_up).into_iter().chain(doors.of_partners()) {
        is_refused(&service, knock, &client).await;
    }
    let lines = failures(&service).join("\n");
    for secret in
        [GUESS, FEED_TOKEN, "canary-secret-of-the-notices", made_up.text().as_str(), &entered.token, "127.0.0.1"]
    {
        assert!(!lines.contains(secret), "{secret} in {lines}");
    }
    // Other log lines of a request name its client, too.
    let log = service.log_text();
    let line = log.lines().find(|line| line.contains("was entered")).expect("a line about the entry");
    assert!(line.contains(&format!("client=\"{client}\"")), "{line}");
}

/// The headers missing from an answer.
fn missing_headers(answer: &Response) -> BTreeSet<&'static str> {
    let header = |name: &str| answer.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut missing = BTreeSet::new();
    for (name, wanted) in [
        ("x-content-type-options", &["nosniff"][..]),
        // Pages with forms send the referrer to the desk itself; no other site receives one.
        ("referrer-policy", &["no-referrer", "same-origin"]),
        ("content-security-policy", &["frame-ancestors 'none'"]),
    ] {
        if !wanted.iter().any(|wanted| header(name).contains(wanted)) {
            missing.insert(name);
        }
    }
    missing
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
            assert_eq!(missing_headers(&answer), BTreeSet::new(), "{url} {}", answer.status());
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
