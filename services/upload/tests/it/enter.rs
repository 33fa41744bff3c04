//! Entering on the page: drafts, errors at their fields, the entry's page and its key, withdrawing. All without a
//! script.
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

use crate::stage::{SUGGESTED, Stage};

/// A browser without scripts that keeps cookies by name, and sends each to its paths.
pub(crate) struct Clerk<'a> {
    stage: &'a Stage,
    pub(crate) client: Client,
    pub(crate) cookies: Vec<(String, String)>,
}

impl<'a> Clerk<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self { stage, client: Client::builder().redirect(Policy::none()).build().unwrap(), cookies: Vec::new() }
    }

    pub(crate) async fn open(&mut self, path: &str) -> (u16, String) {
        let request = self.client.get(format!("{}{path}", self.stage.url));
        let answer = self.send(request, path).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.stage.url));
        self.send(filled(request, fields), path).await
    }

    /// The cookies for a path.
    pub(crate) fn line(&self, path: &str) -> String {
        let ours = self.cookies.iter().filter(|(_, cookie)| {
            let of = cookie.split("Path=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or("/");
            path.starts_with(of)
        });
        ours.map(|(_, cookie)| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    async fn send(&mut self, request: RequestBuilder, path: &str) -> Response {
        let line = self.line(path);
        let request = if line.is_empty() { request } else { request.header(COOKIE, line) };
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str().unwrap().to_owned();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
            let name = set.split('=').next().unwrap().to_owned();
            self.cookies.retain(|(it, _)| *it != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name, set));
            }
        }
        answer
    }

    /// Sends a valid form; returns the path of the entry.
    pub(crate) async fn enters(&mut self) -> String {
        let answer = self.post("/contests/demo/enter", &GOOD).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

/// A form as browsers send it.
pub(crate) fn filled(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let encoded = Url::parse_with_params("http://form.example", fields).unwrap();
    let body = encoded.query().unwrap_or_default().to_owned();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

pub(crate) const GOOD: [(&str, &str); 7] = [
    ("title", " 一座工厂的早晨 "),
    ("theme", "digital"),
    ("entrant.name", "张三"),
    ("entrant.contact.phone", "13812345678"),
    ("declarations.originality", "true"),
    ("declarations.rights", "true"),
    ("declarations.ai_use", "none"),
];

#[tokio::test]
async fn a_form_becomes_an_entry_that_its_browser_opens_and_others_do_not() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let (status, page) = clerk.open("/contests/demo/enter").await;
    assert_eq!(status, 200);
    assert!(page.contains("作品名称") && page.contains("name=\"entrant.contact.phone\""), "{page}");
    assert_eq!(stage.ask("select count(*)::text from drafts".into()).await, "0", "opening the page keeps nothing");
    let entry = clerk.enters().await;
    assert_eq!(stage.ask("select title from submissions".into()).await, "一座工厂的早晨");
    let (status, page) = clerk.open(&entry).await;
    assert!(status == 200 && page.contains("一座工厂的早晨") && page.contains("请您上传作品"), "{page}");
    assert!(page.contains("<svg viewBox="), "{page}");
    let (status, foreign) = Clerk::new(&stage).open(&entry).await;
    assert!(status == 200 && foreign.contains("待上传"), "{foreign}");
    for private in ["一座工厂的早晨", "张三", "13812345678"] {
        assert!(!foreign.contains(private), "{private} in {foreign}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let fields = [("title", ""), ("theme", "space"), ("entrant.name", "李四"), ("entrant.contact.email", "a@@b")];
    let answer = clerk.post("/contests/demo/enter", &fields).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    for id in ["f-title", "f-theme", "f-entrant-contact-email", "f-declarations-rights", "f-declarations-ai_use"] {
        assert!(
            page.contains(&format!("id=\"{id}-wrong\"")) && page.contains(&format!("href=\"#{id}\"")),
            "{id}: {page}"
        );
    }
    assert!(!page.contains("f-entrant-name-wrong") && page.contains("value=\"李四\""), "{page}");
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "0");
    // On another day the same browser finds the form filled in, and no table contains it in plain text.
    let (_, page) = clerk.open("/contests/demo/enter").await;
    assert!(page.contains("value=\"李四\"") && page.contains("已为您恢复"), "{page}");
    let (_, other) = Clerk::new(&stage).open("/contests/demo/enter").await;
    assert!(!other.contains("李四"), "{other}");
    let kept = stage.ask("select string_agg(row_to_json(d)::text, '') from drafts d".into()).await;
    assert!(!kept.contains("李四"), "{kept}");
    clerk.enters().await;
    assert_eq!(stage.ask("select count(*)::text from drafts".into()).await, "0");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_enters_once_and_the_next_one_is_another_entry() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    clerk.open("/contests/demo/enter").await;
    let cookies = clerk.cookies.clone();
    let first = clerk.enters().await;
    let after = std::mem::replace(&mut clerk.cookies, cookies);
    assert_eq!(clerk.enters().await, first);
    clerk.cookies = after;
    // A double click: both forms are sent before either is answered. Several times, as they meet in various ways.
    for _ in 0..8 {
        clerk.open("/contests/demo/enter").await;
        let both = [clerk.client.clone(), clerk.client.clone()].map(|client| {
            let line = clerk.line("/contests/demo/enter");
            let request = client.post(format!("{}/contests/demo/enter", stage.url)).header(COOKIE, line);
            filled(request, &GOOD).send()
        });
        let answers = futures::future::join_all(both).await.into_iter();
        let places: Vec<_> = answers.map(|it| it.unwrap().headers()[LOCATION].clone()).collect();
        assert_eq!(places[0], places[1]);
    }
    clerk.open("/contests/demo/enter").await;
    assert_ne!(clerk.enters().await, first);
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "10");
}

/// The browser sends the key of a draft: it names no entry of others, and gives no entry a false place in lists.
#[tokio::test]
async fn a_draft_takes_no_id_of_another_entry_and_none_of_another_time() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    clerk.enters().await;
    let taken = stage.ask("select replace(id::text, '-', '') from submissions".into()).await;
    let ids = [taken, "01000000000070008000000000000000".into(), "ffffffffffff7fff8fffffffffffffff".into()];
    for id in &ids {
        let mut other = Clerk::new(&stage);
        let set = format!("draft={id}.{}; HttpOnly; SameSite=Lax; Path=/contests/demo", "A".repeat(43));
        other.cookies.push(("draft".into(), set));
        other.enters().await;
    }
    let strange = "select count(*)::text from submissions where id < '01800000-0000-0000-0000-000000000000' or id > 'fe000000-0000-0000-0000-000000000000'";
    assert_eq!(stage.ask(strange.into()).await, "0");
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "4");
}

#[tokio::test]
async fn what_is_typed_is_kept_by_the_pages_module() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    clerk.open("/contests/demo/enter").await;
    for title in ["早", "早晨"] {
        let answer = clerk.post("/contests/demo/draft", &[("title", title)]).await;
        assert_eq!(answer.status(), 204);
    }
    assert_eq!(stage.ask("select count(*)::text from drafts".into()).await, "1");
    let (_, page) = clerk.open("/contests/demo/enter").await;
    assert!(page.contains("value=\"早晨\""), "{page}");
    // An answer that is much too long is cut: a draft is no store for files.
    clerk.post("/contests/demo/draft", &[("title", &"长".repeat(5_000))]).await;
    let (_, page) = clerk.open("/contests/demo/enter").await;
    assert_eq!(page.matches(&"长".repeat(10)).count(), 100, "{}", page.len());
}

#[tokio::test]
async fn withdrawing_asks_once_and_then_forgets_who_it_was() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let entry = clerk.enters().await;
    let path = format!("{entry}/withdraw");
    assert_eq!(Clerk::new(&stage).post(&path, &[]).await.status(), 401);
    assert!(clerk.open(&path).await.1.contains("确认撤回"));
    assert_eq!(stage.ask("select state from submissions".into()).await, "uploading");
    for _ in 0..2 {
        assert_eq!(clerk.post(&path, &[]).await.status(), 303);
    }
    assert!(clerk.open(&entry).await.1.contains("您已撤回该作品"));
    assert_eq!(stage.ask("select count(*)::text from entrants".into()).await, "0");
}

#[tokio::test]
async fn a_unit_is_chosen_from_the_list_or_typed() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let (_, page) = clerk.open("/contests/small/enter").await;
    let at = page.split("name=\"recommending_unit\"").nth(1).unwrap().split('>').next().unwrap();
    let list = at.split("list=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(page.contains(&format!("<datalist id=\"{list}\"><option value=\"{SUGGESTED}\">")), "{page}");
    for unit in [SUGGESTED, "某行业协会"] {
        let form: Vec<_> = GOOD.into_iter().chain([("recommending_unit", unit)]).collect();
        assert_eq!(clerk.post("/contests/small/enter", &form).await.status(), 303);
        clerk.open("/contests/small/enter").await;
    }
    let units = "select string_agg(recommending_unit, ',' order by id) from submissions";
    assert_eq!(stage.ask(units.into()).await, format!("{SUGGESTED},某行业协会"));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_and_a_closed_contest_takes_none() {
    let stage = Stage::new().await;
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let form = |path: &str| filled(client.post(format!("{}{path}", stage.url)), &GOOD);
    let foreign = form("/contests/demo/enter").header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(form("/contests/industry-power-2024/enter").send().await.unwrap().status(), 403);
    let page = client.get(format!("{}/contests/industry-power-2024/enter", stage.url)).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()[LOCATION]),
        (303, &"/contests/industry-power-2024".parse().unwrap())
    );
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "0");
}
