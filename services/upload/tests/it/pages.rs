//! The pages for people: contests and their rules, links for programs and operators, and the API's description.
use crate::stage::Stage;

/// A page's text.
async fn text(stage: &Stage, path: &str) -> String {
    let answer = stage.client.get(format!("{}{path}", stage.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// Every local address on a page.
fn links(page: &str) -> Vec<&str> {
    let after = |attribute| page.split(attribute).skip(1).filter_map(|rest: &str| rest.split('"').next());
    after("href=\"/").chain(after("src=\"/")).collect()
}

#[tokio::test]
async fn the_root_lists_every_contest_and_each_has_its_page() {
    let stage = Stage::new().await;
    let root = text(&stage, "/").await;
    for id in ["demo", "small", "industry-power-2024"] {
        assert!(root.contains(&format!("href=\"/contests/{id}\"")), "{root}");
    }
    // Open contests come first.
    assert!(root.find("/contests/demo") < root.find("/contests/industry-power-2024"), "{root}");
    let demo = text(&stage, "/contests/demo").await;
    assert!(demo.contains("正在征选") && demo.contains("1 分钟 至 8 分钟") && demo.contains("16:9 或 9:16"), "{demo}");
    assert!(!demo.contains("data-until"), "a contest without a deadline counts nothing down");
    let call = text(&stage, "/contests/industry-power-2024").await;
    for words in ["已截止", "2024-07-31 24:00", "数智赋能", "gywhfzzxcbtgc@163.com", "征选对象", "手机拍的 .mov"]
    {
        assert!(call.contains(words), "{words} in {call}");
    }
    // Every address on the pages exists.
    for page in [&root, &demo, &call] {
        for link in links(page) {
            let there = stage.client.get(format!("{}/{link}", stage.url)).send().await.unwrap();
            assert_eq!(there.status(), 200, "/{link}");
        }
    }
}

#[tokio::test]
async fn a_page_speaks_the_language_that_was_chosen_and_comes_back_to_itself() {
    let stage = Stage::new().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = text(&stage, "/contests/demo").await;
    assert!(page.contains("<html lang=\"zh-CN\">"), "{page}");
    let answer = client.get(format!("{}/lang/en?back=%2Fcontests%2Fdemo", stage.url)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/contests/demo"));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let english = client.get(format!("{}/contests/demo", stage.url)).header("cookie", cookie).send().await.unwrap();
    assert_eq!(english.headers()["vary"], "Accept-Language, Cookie");
    assert!(english.text().await.unwrap().contains("What a work must be"));
    let elsewhere = client.get(format!("{}/lang/en?back=https%3A%2F%2Fevil.example", stage.url)).send().await.unwrap();
    assert_eq!(elsewhere.headers()["location"], "/");
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so_as_a_page() {
    let stage = Stage::new().await;
    for path in ["/contests/none", "/assets/none.css", "/lang/fr"] {
        let answer = stage.client.get(format!("{}{path}", stage.url)).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (404, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(answer.text().await.unwrap().contains("route_unknown"), "{path}");
    }
}

/// A route has CORS or cookies, never both: if a browser sends a cookie, no script of another site may read the answer.
#[tokio::test]
async fn a_page_answers_no_script_of_another_site_and_nothing_else_knows_a_cookie() {
    let stage = Stage::new().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut pages = 0;
    for route in upload::list() {
        let path = route.path.replace("{contest}", "demo").replace("{lang}", "en");
        let url = format!("{}{path}", stage.url);
        let from_elsewhere = |method| client.request(method, &url).header("origin", "https://other.example");
        let preflight = from_elsewhere(reqwest::Method::OPTIONS).header("access-control-request-method", "GET");
        for request in [from_elsewhere(route.method.clone()), preflight] {
            let answer = request.header("tus-resumable", "1.0.0").send().await.unwrap();
            let read = answer.headers().contains_key("access-control-allow-origin");
            assert_eq!(read, !route.is_page(), "{} {}", route.method, route.path);
            assert!(route.is_page() || !answer.headers().contains_key("set-cookie"), "{}", route.path);
        }
        pages += usize::from(route.is_page());
    }
    assert!(pages >= 5);
}

#[tokio::test]
async fn programs_and_operators_are_sent_on_in_two_languages_and_load_nothing() {
    let stage = Stage::new().await;
    let page = text(&stage, "/about").await;
    for words in [
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/metrics",
        "/dashboards",
        "/runbook",
        "deploy/grafana/",
        "接口说明",
        "API documentation",
        "reelmill doctor",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    for loads in ["<script", " src=", "@import", "url(", "<link", "<iframe"] {
        assert!(!page.contains(loads), "{loads} in {page}");
    }
    for link in links(&page) {
        let there = stage.client.get(format!("{}/{link}", stage.url)).send().await.unwrap();
        assert_eq!(there.status(), 200, "/{link}");
    }
}

#[tokio::test]
async fn the_desk_is_named_only_where_its_address_is_set() {
    let silent = text(&Stage::new().await, "/about").await;
    assert!(!silent.contains("工作台") && !silent.contains("The desk"), "{silent}");
    let stage = Stage::with(|settings| settings.desk_url = Some("https://desk.example.org".to_owned())).await;
    let named = text(&stage, "/about").await;
    assert!(named.contains("<a href=\"https://desk.example.org/api/v1/docs\">"), "{named}");
    assert!(named.contains("工作台") && named.contains("The desk"), "{named}");
}

#[tokio::test]
async fn the_description_for_people_has_every_address_of_the_one_for_programs() {
    let stage = Stage::new().await;
    for base in [&stage.url, &stage.desk_url] {
        pages_agree(&stage, base).await;
    }
    let page = stage.client.get(format!("{}/api/v1/docs", stage.desk_url)).send().await.unwrap().text().await.unwrap();
    let review = row(&page, "/<wbr>{id}/<wbr>review<");
    assert!(review.ends_with("初筛员 screener"), "{review}");
    assert!(review.contains("通过或不通过") && review.contains("Accepts or refuses"), "{review}");
    let page = stage.client.get(format!("{}/api/v1/docs", stage.url)).send().await.unwrap().text().await.unwrap();
    let form = row(&page, "/<wbr>submissions<");
    assert!(form.ends_with("所有人 everybody"), "{form}");
}

/// The line of a POST whose address has this ending.
fn row<'a>(page: &'a str, end: &str) -> &'a str {
    page.lines().find(|line| line.contains("POST") && line.contains(end)).unwrap()
}

async fn pages_agree(stage: &Stage, base: &str) {
    let get = async |path: &str| stage.client.get(format!("{base}{path}")).send().await.unwrap();
    let document: serde_json::Value = get("/api/v1/openapi.json").await.json().await.unwrap();
    let page = get("/api/v1/docs").await.text().await.unwrap();
    let mut rows = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let address = format!("<code>{} {}</code>", method.to_ascii_uppercase(), path.replace('/', "/<wbr>"));
            assert!(page.contains(&address), "{address}");
            rows += 1;
        }
    }
    assert_eq!(page.matches("<tr><td>").count(), rows);
}
