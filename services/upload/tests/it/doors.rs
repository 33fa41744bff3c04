//! Each refusal is counted by door and reason; however many tokens are made and verified at once, few hashes run.
use std::collections::BTreeMap;

use futures::future::join_all;
use pipeline::person::Held;
use reqwest::{Method, RequestBuilder};
use runtime::bearer::{Bearer, most_hashes_at_once};
use runtime::store::people::tokens::Role;
use runtime::store::submissions::history::{Actor, By};
use serde_json::json;
use uuid::Uuid;

use crate::access::HOUR;
use crate::desk_pages::{Walk, pages, with_session};
use crate::stage::{Stage, refusal, says, until};

impl Stage {
    /// Failures so far that are not 0: `door reason` and how many.
    fn failures(&self) -> BTreeMap<String, u64> {
        let text = String::from_utf8(self.app.store.metrics().text().unwrap()).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("reelmill_auth_failures_total{door=\""));
        let row = |row: &str| {
            let (door, rest) = row.split_once("\",reason=\"").unwrap();
            let (reason, count) = rest.split_once("\"} ").unwrap();
            (format!("{door} {reason}"), count.parse().unwrap())
        };
        rows.map(row).filter(|(_, count)| *count > 0).collect()
    }
}

/// Tokens for staff that open nothing.
struct Useless {
    expired: String,
    revoked: String,
    wrong_secret: String,
    unknown: String,
}

async fn useless(stage: &Stage) -> Useless {
    let expired = stage.token_for(Role::Auditor, None, std::time::Duration::ZERO).await.text();
    let revoked = stage.token_for(Role::Auditor, None, HOUR).await;
    stage.app.store.revoke_token(revoked.id, &By::person(Actor::Operator, "test")).await.unwrap();
    let wrong_secret = Bearer::new(revoked.id).unwrap().text();
    let unknown = Bearer::new(Uuid::now_v7()).unwrap().text();
    Useless { expired, revoked: revoked.text(), wrong_secret, unknown }
}

#[tokio::test]
async fn each_refusal_at_a_door_is_counted_by_its_reason_though_the_answers_are_alike() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let other = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    let Useless { expired, revoked, wrong_secret, unknown } = useless(&stage).await;
    let screener = stage.token(Role::Screener, Some("small")).await;
    assert_eq!(stage.failures(), BTreeMap::new(), "who is let in is not counted");

    let mut expected = BTreeMap::new();
    let api = |token: &str| stage.client.get(format!("{}/api/v1/tokens", stage.desk_url)).bearer_auth(token);
    let tus = |token: &str| {
        let request = stage.client.post(format!("{}/files", stage.url)).header("tus-resumable", "1.0.0");
        request.header("upload-length", 4).bearer_auth(token)
    };
    let (id, _) = entry.token.split_once('.').unwrap();
    let knocks = [
        (stage.client.get(format!("{}/api/v1/tokens", stage.desk_url)), 401, "token_missing", "organisers missing"),
        (api("rm_x"), 403, "token_wrong", "organisers malformed"),
        (api(&unknown), 403, "token_wrong", "organisers unknown"),
        (api(&wrong_secret), 403, "token_wrong", "organisers wrong"),
        (api(&expired), 403, "token_wrong", "organisers ended"),
        (api(&revoked), 403, "token_wrong", "organisers ended"),
        (api(&screener), 403, "role_missing", "organisers forbidden"),
        (
            stage.desk(Method::GET, "/api/v1/submissions?contest=demo", &screener),
            403,
            "contest_foreign",
            "organisers forbidden",
        ),
        // Of another contest: the entry is hidden, but the attempt is counted.
        (
            stage.desk(Method::GET, &format!("/api/v1/submissions/{}/history", entry.id), &screener),
            404,
            "submission_unknown",
            "organisers forbidden",
        ),
        (api(&entry.token), 403, "token_wrong", "organisers malformed"),
        (
            stage.client.post(format!("{}/files", stage.url)).header("tus-resumable", "1.0.0"),
            401,
            "token_missing",
            "entrants missing",
        ),
        (
            stage.client.get(format!("{}/api/v1/submissions/{}", stage.url, entry.id)),
            401,
            "token_missing",
            "entrants missing",
        ),
        // Each service accepts its own credentials only.
        (tus(&screener), 403, "token_wrong", "entrants malformed"),
        (tus("nonsense"), 403, "token_wrong", "entrants malformed"),
        (tus(&unknown), 403, "token_wrong", "entrants malformed"),
        (tus(&format!("{}.{}", Uuid::now_v7().simple(), "A".repeat(43))), 403, "token_wrong", "entrants unknown"),
        (tus(&format!("{id}.{}", "A".repeat(43))), 403, "token_wrong", "entrants wrong"),
        (stage.tus("DELETE", &path, &other), 403, "foreign_upload", "entrants forbidden"),
    ];
    for (request, status, code, counted) in knocks {
        assert_eq!(refusal(request).await, says(status, code), "{counted}");
        *expected.entry(counted.to_owned()).or_default() += 1;
        assert_eq!(stage.failures(), expected, "{code}");
    }
    // A request that is refused for another reason is not counted.
    stage.post_form(&json!({})).await;
    assert_eq!(stage.failures(), expected);
}

/// Pages answer a refusal with a page, or show the form again: it is counted all the same.
#[tokio::test]
async fn each_refusal_at_the_console_is_counted_whatever_page_answers_it() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let screener = stage.member(&[Held::everywhere(Role::Screener)]).await;
    let session = stage.session(screener).await;
    let listed = |method: Method, path: &str| {
        pages().into_iter().find(|page| page.method == method && page.path == path).unwrap()
    };
    let (sign_in, sign_out) = (listed(Method::POST, "/sign-in"), listed(Method::POST, "/sign-out"));
    let form = || walk.asks(&sign_in).body("login=unknown&password=a-long-guess-of-a-password");
    let from_elsewhere = || {
        let mut request = form().build().unwrap();
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        RequestBuilder::from_parts(stage.client.clone(), request)
    };
    let invitation = listed(Method::GET, "/invitation/{secret}");
    let knocks = [
        (walk.asks(&sign_out), "console missing"),
        (with_session(walk.asks(&sign_out), "made-up"), "console malformed"),
        (with_session(walk.asks(&sign_out), &"A".repeat(43)), "console unknown"),
        // A page redirects to the sign-in, and is counted if its cookie was never one of ours.
        (with_session(walk.asks(&listed(Method::GET, "/works")), "made-up"), "console malformed"),
        (with_session(walk.asks(&listed(Method::GET, "/works")), &"A".repeat(43)), "console unknown"),
        (with_session(walk.asks(&listed(Method::GET, "/audit")), &session), "console forbidden"),
        (form(), "console unknown"),
        (from_elsewhere(), "console forbidden"),
        (walk.asks_at(&invitation, "/invitation/guessed"), "console unknown"),
    ];
    let mut expected = BTreeMap::new();
    for (request, counted) in knocks {
        request.send().await.unwrap();
        *expected.entry(counted.to_owned()).or_default() += 1;
        assert_eq!(stage.failures(), expected);
    }
    // A page that is opened without a session redirects to the sign-in, which is not a refusal.
    let works = listed(Method::GET, "/works");
    walk.asks(&works).send().await.unwrap();
    with_session(walk.asks(&works), &session).send().await.unwrap();
    assert_eq!(stage.failures(), expected, "who is let in is not counted");
    // Neither is a session that expired because it was idle.
    stage.execute("update sessions set seen_at = now() - interval '1 hour'".to_owned()).await;
    let answer = with_session(walk.asks(&works), &session).send().await.unwrap();
    assert!(!answer.headers().contains_key("set-cookie"));
    assert_eq!(stage.failures(), expected, "a session ends by itself");
}

/// Repeats a request while the server is too busy, as clients do, until it is answered with this status.
async fn patiently(status: u16, request: impl Fn() -> RequestBuilder) {
    until("the server has time for it", async || match request().send().await.unwrap().status().as_u16() {
        503 => false,
        answered => {
            assert_eq!(answered, status);
            true
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_made_and_verified_at_once_never_hash_more_than_two_at_a_time() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let mut fresh = Vec::new();
    for _ in 0..8 {
        fresh.push(stage.token(Role::Auditor, None).await);
    }
    let wish = json!({ "role": "organiser", "name": "new", "expires": "1d" }).to_string();
    let made =
        (0..16).map(|_| patiently(201, || stage.desk(Method::POST, "/api/v1/tokens", &organiser).body(wish.clone())));
    let verified = fresh.iter().map(|token| patiently(200, || stage.desk(Method::GET, "/api/v1/tokens", token)));
    tokio::join!(join_all(made), join_all(verified));
    assert_eq!(most_hashes_at_once(), 2);
}
