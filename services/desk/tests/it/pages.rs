//! Who may open which page and send which form: every page × every role × own and foreign contest × no session, an
//! ended session, a token instead. A page without a row here fails the test. Forms that other sites send are refused,
//! and the public address accepts no cookie of staff.
use std::collections::BTreeSet;

use pipeline::person::Held;
use reqwest::{Client, Method, RequestBuilder, Response};
use runtime::store::people::sessions::SessionSecret;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::history::{Actor, By};
use uuid::Uuid;

use crate::desk_browser::client;
use crate::stage::{Entry, Route, Stage, routes};

use Role::{Admin, Auditor, Operator, Organiser, Screener};

/// The session's cookie over http, and over https; then the others that hold a secret.
const COOKIES: [&str; 6] =
    ["rm", "__Host-rm", "rm-device", "__Host-rm-device", "rm-invitation", "__Host-rm-invitation"];

/// Roles that read works.
const READERS: &[Role] = &[Screener, Organiser, Operator, Auditor];

/// Roles that download files to bring them to partners.
const CARRIERS: &[Role] = &[Organiser, Operator];

/// Roles that read what people saw at partners.
const EVIDENCE: &[Role] = &[Organiser, Operator, Auditor];

/// Every page and every form, and the roles that may use it. `None`: no session needed; an empty list: any signed-in person.
#[rustfmt::skip]
const PAGES: &[(&str, Option<&[Role]>)] = &[
    // Before the sign-in.
    ("GET /assets/{file}", None),
    ("GET /lang/{lang}", None),
    ("GET /sign-in", None),
    ("POST /sign-in", None),
    ("GET /sign-in/code", None),
    ("POST /sign-in/code", None),
    ("GET /invitation/{secret}", None),
    ("POST /invitation/{secret}", None),
    ("GET /invitation/{secret}/code", None),
    ("POST /invitation/{secret}/code", None),

    // The person's own data.
    ("POST /sign-out", Some(&[])),
    ("GET /me", Some(&[])),
    ("POST /me/sessions/end", Some(&[])),
    ("POST /me/sessions/{session}/end", Some(&[])),
    ("POST /me/password", Some(&[])),
    ("POST /me/recovery-codes", Some(&[])),
    ("GET /", Some(&[])),
    ("GET /events", Some(&[])),

    // Works.
    ("GET /works", Some(READERS)),
    ("GET /works.xlsx", Some(READERS)),
    ("GET /works.csv", Some(READERS)),
    ("GET /works/{id}", Some(READERS)),
    ("GET /works/{id}/preview/{file}", Some(READERS)),
    ("GET /works/{id}/beside/{other}", Some(READERS)),
    ("POST /works/{id}/beside/{other}", Some(&[Screener])),
    ("GET /works/{id}/compare/{rendition}", Some(READERS)),
    ("GET /works/{id}/compare/{rendition}/{still}", Some(READERS)),
    ("GET /works/{id}/renditions/{file}", Some(CARRIERS)),
    ("POST /works/{id}/contact", Some(&[Organiser])),
    ("POST /works/{id}/note", Some(&[Screener, Organiser])),
    ("GET /works/{id}/release", Some(&[Organiser])),
    ("POST /works/{id}/release", Some(&[Organiser])),
    ("GET /works/{id}/recall", Some(&[Organiser])),
    ("POST /works/{id}/recall", Some(&[Organiser])),
    ("GET /works/{id}/reprocess", Some(&[Organiser])),
    ("POST /works/{id}/reprocess", Some(&[Organiser])),
    ("GET /works/{id}/hold", Some(&[Organiser])),
    ("POST /works/{id}/hold", Some(&[Organiser])),
    ("GET /works/{id}/cure", Some(&[Organiser])),
    ("POST /works/{id}/cure", Some(&[Organiser])),
    ("GET /works/{id}/retry", Some(&[Operator])),
    ("POST /works/{id}/retry", Some(&[Operator])),
    ("GET /works/{id}/withdraw", Some(&[Operator])),
    ("POST /works/{id}/withdraw", Some(&[Operator])),

    // The queue.
    ("GET /queue/{name}", Some(&[Screener])),
    ("GET /queue/{name}/{id}", Some(&[Screener])),
    ("POST /queue/{name}/{id}/decide", Some(&[Screener])),
    ("POST /queue/undo", Some(&[Screener])),
    ("POST /queue/dismiss", Some(&[Screener])),

    // Many works, and deliveries.
    ("GET /bulk/new", Some(&[Organiser])),
    ("GET /bulk/look", Some(&[Organiser])),
    ("POST /bulk/look", Some(&[Organiser])),
    ("POST /bulk", Some(&[Organiser])),
    ("GET /jobs", Some(READERS)),
    ("GET /jobs/{job}", Some(READERS)),
    ("POST /jobs/{job}/order", Some(&[Organiser])),
    ("GET /deliveries", Some(READERS)),
    ("GET /works/{id}/deliveries/{partner}", Some(READERS)),
    ("GET /works/{id}/deliveries/{partner}/bag/{file}", Some(CARRIERS)),
    ("GET /works/{id}/deliveries/{partner}/proofs/{proof}", Some(EVIDENCE)),
    ("POST /works/{id}/deliveries/{partner}/delivered", Some(&[Operator])),
    ("POST /works/{id}/deliveries/{partner}/recalled", Some(&[Operator])),
    ("POST /works/{id}/deliveries/{partner}/confirm", Some(&[Operator])),
    ("POST /works/{id}/deliveries/{partner}/texts", Some(&[Organiser])),

    // The system itself.
    ("GET /trouble", Some(READERS)),
    ("GET /partners", Some(READERS)),
    ("GET /audit", Some(&[Auditor])),
    ("GET /checks", Some(&[Operator, Auditor])),
    ("GET /people", Some(&[Admin, Auditor])),
    ("POST /people", Some(&[Admin])),
    ("GET /people/{person}", Some(&[Admin, Auditor])),
    ("POST /people/{person}/roles", Some(&[Admin])),
    ("POST /people/{person}/end", Some(&[Admin])),
    ("POST /people/{person}/invite", Some(&[Admin])),
    ("POST /people/{person}/sessions/end", Some(&[Admin])),
];

/// How far a request got.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    /// Past the gate; the handler may still refuse the request.
    In,
    /// To the sign-in, and back to the page afterwards.
    SignIn,
    /// A problem's code.
    Refused(String),
}

/// A page as the router lists it.
pub(crate) fn pages() -> Vec<desk::Listed> {
    desk::list().into_iter().filter(|it| !it.is_api()).collect()
}

pub(crate) fn name(page: &desk::Listed) -> String {
    format!("{} {}", page.method, page.path)
}

impl Stage {
    /// A session after this change to its row.
    async fn session_after(&self, set: &str) -> String {
        let person = self.member(&[Held::everywhere(Organiser)]).await;
        let session = self.session(person).await;
        self.execute(format!("update sessions set {set} where person = '{}'", person.0)).await;
        session
    }
}

/// A stage, and the works for which its pages are requested.
pub(crate) struct Walk {
    pub(crate) stage: Stage,
    /// Two works of the contest `demo`.
    works: [Entry; 2],
    /// Follows no redirect.
    client: Client,
}

impl Walk {
    pub(crate) async fn new() -> Self {
        let stage = Stage::new().await;
        let works = [stage.enter().await, stage.enter().await];
        Self { stage, works, client: client() }
    }

    /// A request for a page, as browsers send it.
    pub(crate) fn asks(&self, page: &desk::Listed) -> RequestBuilder {
        self.asks_at(page, &self.path(page))
    }

    /// The page's address with its placeholders filled in.
    pub(crate) fn path(&self, page: &desk::Listed) -> String {
        let path = page.path.replace("{id}", &self.works[0].id).replace("{other}", &self.works[1].id);
        let path = path.replace("{partner}", "bilibili").replace("{lang}", "zh");
        let path = path.replace("{name}", "screening").replace("{file}", "proxy.mp4");
        // Every other placeholder gets an id that does not exist.
        let nil = Uuid::nil().to_string();
        let parts = path.split('/').map(|part| if part.starts_with('{') { nil.as_str() } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A request for a page at this address.
    pub(crate) fn asks_at(&self, page: &desk::Listed, path: &str) -> RequestBuilder {
        let request = self.client.request(page.method.clone(), format!("{}{path}", self.stage.desk_url));
        if page.method == Method::GET {
            return request;
        }
        request.header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded")
    }
}

/// Whether the page's form ends the session that sends it.
pub(crate) fn ends_it(page: &desk::Listed) -> bool {
    page.method != Method::GET && (page.path.starts_with("/me/") || page.path == "/sign-out")
}

pub(crate) fn with_session(request: RequestBuilder, session: &str) -> RequestBuilder {
    request.header("cookie", format!("{}={session}", COOKIES[0]))
}

async fn got(request: RequestBuilder) -> Got {
    let answer = request.send().await.unwrap();
    let to = answer.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
    if answer.status() == 303 && to.starts_with("/sign-in?next=") {
        return Got::SignIn;
    }
    match code_of(answer).await {
        Some(code) if ["sign_in_needed", "role_missing", "contest_foreign", "cross_site"].contains(&code.as_str()) => {
            Got::Refused(code)
        }
        // For a person of another contest, a work does not exist.
        Some(code) if code == "submission_unknown" => Got::Refused(code),
        _ => Got::In,
    }
}

/// The code of a problem, from its page or its JSON.
pub(crate) async fn code_of(answer: Response) -> Option<String> {
    // A successful answer may be a stream without an end.
    if !answer.status().is_client_error() && !answer.status().is_server_error() {
        return None;
    }
    let text = answer.text().await.unwrap();
    let from = |before: &str, after: &str| Some(text.split_once(before)?.1.split_once(after)?.0.to_owned());
    from("<code>", "</code>").or_else(|| from("\"code\":\"", "\""))
}

fn refused(code: &str) -> Got {
    Got::Refused(code.to_owned())
}

#[tokio::test]
async fn every_page_and_every_form_has_a_row() {
    let routes: BTreeSet<_> = pages().iter().map(name).collect();
    let rows: BTreeSet<_> = PAGES.iter().map(|(route, _)| (*route).to_owned()).collect();
    assert_eq!(rows.len(), PAGES.len(), "a row is there twice");
    assert_eq!(routes, rows);
}

#[tokio::test]
async fn every_page_admits_the_roles_of_its_row_and_no_others() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let mut members = Vec::new();
    for role in Role::STAFF {
        let within = |contest: &str| Held::within(role, contest);
        for (where_held, held, here) in [
            ("", Held::everywhere(role), true),
            (" of the contest", within("demo"), true),
            (" elsewhere", within("small"), false),
        ] {
            let person = stage.member(&[held]).await;
            members.push((format!("{role}{where_held}"), role, here, person, stage.session(person).await));
        }
    }
    let mut wrong = Vec::new();
    for page in pages() {
        let name = name(&page);
        let Some((_, roles)) = PAGES.iter().find(|(route, _)| *route == name) else { continue };
        for (who, role, here, person, session) in &mut members {
            let about_a_work = page.path.contains("{id}");
            let expected = match roles {
                Some(roles) if !roles.is_empty() && !roles.contains(role) => refused("role_missing"),
                Some(_) if about_a_work && !*here => refused("submission_unknown"),
                _ => Got::In,
            };
            let got = got(with_session(walk.asks(&page), session)).await;
            if ends_it(&page) {
                *session = stage.session(*person).await;
            }
            if got != expected {
                wrong.push(format!("{name} by {who}: {got:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn without_a_valid_session_every_page_leads_to_the_sign_in() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let ended = stage.member(&[Held::everywhere(Organiser)]).await;
    let of_ended = stage.session(ended).await;
    stage.app.store.end_person(ended, &By::person(Actor::Operator, "test")).await.unwrap();
    let sessions = [
        ("signed out", stage.session_after("ended_at = clock_timestamp(), ended_why = 'signed_out'").await),
        ("idle", stage.session_after("seen_at = clock_timestamp() - interval '31 minutes'").await),
        ("old", stage.session_after("created_at = clock_timestamp() - interval '13 hours'").await),
        ("of a person who was ended", of_ended),
        ("made up", SessionSecret::new().unwrap().text()),
        ("nonsense", "nonsense".into()),
        ("empty", String::new()),
    ];
    let token = stage.token(Organiser, None).await;
    let mut wrong = Vec::new();
    for page in pages() {
        let name = name(&page);
        let Some((_, Some(_))) = PAGES.iter().find(|(route, _)| *route == name) else { continue };
        let expected = if page.method == Method::GET { Got::SignIn } else { refused("sign_in_needed") };
        let mut tried =
            vec![("a request without a cookie", walk.asks(&page)), ("a token", walk.asks(&page).bearer_auth(&token))];
        for (what, session) in &sessions {
            tried.push((what, with_session(walk.asks(&page), session)));
        }
        for (who, request) in tried {
            let got = got(request).await;
            if got != expected {
                wrong.push(format!("{name} by {who}: {got:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_refused_whatever_it_contains() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let everything: Vec<Held> = Role::STAFF.into_iter().map(Held::everywhere).collect();
    let person = stage.member(&everything).await;
    let session = stage.session(person).await;
    let mut wrong = Vec::new();
    for page in pages().into_iter().filter(|page| page.method != Method::GET) {
        // Another host of the same domain counts as another site too. For browsers that do not send Sec-Fetch-Site, the
        // origin counts.
        let foreign = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://elsewhere.example"),
        ];
        for (header, value) in foreign {
            let mut request = with_session(walk.asks(&page), &session).build().unwrap();
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(header, value.parse().unwrap());
            let answer = stage.client.execute(request).await.unwrap();
            let got = (answer.status().as_u16(), code_of(answer).await);
            if got != (403, Some("cross_site".into())) {
                wrong.push(format!("{} with {header}: {value}: {got:?}", name(&page)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let valid = "select count(*)::text from sessions where ended_at is null";
    assert_eq!(stage.ask(valid.into()).await, "1", "nothing that was refused was done");
}

/// A request for a route of an API, about an id that does not exist.
fn api(stage: &Stage, route: &Route) -> RequestBuilder {
    let nil = Uuid::nil().to_string();
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { nil.as_str() } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    let request = stage.client.request(route.method.clone(), format!("{}{path}", stage.base(route)));
    request.header("origin", "https://elsewhere.example").header("idempotency-key", Uuid::new_v4().to_string())
}

fn cookies(session: &str) -> String {
    COOKIES.map(|name| format!("{name}={session}")).join("; ")
}

#[tokio::test]
async fn an_api_knows_no_cookie_and_answers_with_those_of_staff_as_without() {
    let stage = Stage::new().await;
    let everything: Vec<Held> = Role::STAFF.into_iter().map(Held::everywhere).collect();
    let person = stage.member(&everything).await;
    let session = stage.session(person).await;
    let mut wrong = Vec::new();
    for route in routes() {
        let plain = api(&stage, &route).send().await.unwrap();
        let with = api(&stage, &route).header("cookie", cookies(&session)).send().await.unwrap();
        let (one, other) = (plain.status(), with.status());
        let set = [&plain, &with].iter().any(|answer| answer.headers().contains_key("set-cookie"));
        let codes = (code_of(plain).await, code_of(with).await);
        let closed = route.roles.is_some() && codes.1.as_deref() != Some("token_missing");
        if one != other || codes.0 != codes.1 || set || closed {
            wrong.push(format!("{} {}: {one} {other} {codes:?}, sets a cookie: {set}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_answer_is_for_other_sites_and_sets_a_cookie_and_no_page_is_for_other_sites() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let everything: Vec<Held> = Role::STAFF.into_iter().map(Held::everywhere).collect();
    let person = stage.member(&everything).await;
    let mut wrong = Vec::new();
    for page in pages() {
        let session = stage.session(person).await;
        let request = with_session(walk.asks(&page), &session).header("origin", &stage.desk_url);
        let answer = request.send().await.unwrap();
        if answer.headers().contains_key("access-control-allow-origin") {
            wrong.push(format!("{} is for other sites", name(&page)));
        }
    }
    for route in routes() {
        let answer = api(stage, &route).send().await.unwrap();
        if answer.headers().contains_key("access-control-allow-origin") && answer.headers().contains_key("set-cookie") {
            wrong.push(format!("{} {} has both", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_cookie_that_came_twice_and_one_of_https_are_no_session_over_http() {
    let walk = Walk::new().await;
    let stage = &walk.stage;
    let person = stage.member(&[Held::everywhere(Admin)]).await;
    let session = stage.session(person).await;
    let Some(page) = pages().into_iter().find(|page| page.path == "/me" && page.method == Method::GET) else { return };
    let get = async |cookie: String| got(walk.asks(&page).header("cookie", cookie)).await;
    assert_eq!(get(format!("rm={session}")).await, Got::In);
    assert_eq!(get(format!("rm={session}; rm={session}")).await, Got::SignIn);
    assert_eq!(get(format!("__Host-rm={session}")).await, Got::SignIn);
}
