//! The pages for people: where to go from the bare address, and the API's description.
use crate::stage::Stage;

#[tokio::test]
async fn the_page_at_the_root_leads_a_newcomer_on_in_two_languages_and_loads_nothing() {
    let stage = Stage::new().await;
    let answer = stage.client.get(format!("{}/", stage.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = answer.text().await.unwrap();
    for words in [
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/metrics",
        "/dashboards",
        "/runbook",
        "deploy/grafana/",
        "接口说明",
        "reelmill doctor",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(page.contains("API documentation") && page.contains("Enter a work"), "{page}");
    for loads in ["<script", " src=", "@import", "url(", "<link", "<iframe"] {
        assert!(!page.contains(loads), "{loads} in {page}");
    }
    // Whatever it links to here is there.
    for link in page.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let there = stage.client.get(format!("{}/{link}", stage.url)).send().await.unwrap();
        assert_eq!(there.status(), 200, "/{link}");
    }
}

#[tokio::test]
async fn the_page_at_the_root_names_the_desk_only_where_its_address_is_set() {
    let page = async |stage: &Stage| {
        let answer = stage.client.get(format!("{}/", stage.url)).send().await.unwrap();
        answer.text().await.unwrap()
    };
    let silent = page(&Stage::new().await).await;
    assert!(!silent.contains("工作台") && !silent.contains("The desk"), "{silent}");
    let stage = Stage::with(|settings| settings.desk_url = Some("https://desk.example.org".to_owned())).await;
    let told = page(&stage).await;
    assert!(told.contains("<a href=\"https://desk.example.org/api/v1/docs\">"), "{told}");
    assert!(told.contains("工作台") && told.contains("The desk"), "{told}");
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
    assert!(review.contains("通过或退回") && review.contains("Accepts or refuses"), "{review}");
    // The desk has no page at its root, so its description leads to none.
    assert!(!page.contains("href=\"/\""), "{page}");
    let page = stage.client.get(format!("{}/api/v1/docs", stage.url)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("href=\"/\""), "{page}");
    let form = row(&page, "/<wbr>submissions<");
    assert!(form.ends_with("所有人 everybody"), "{form}");
}

/// The line of a POST whose address ends so.
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
