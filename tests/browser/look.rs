//! Every page as a browser renders it, checked by axe-core. The screenshots in target/screens are for people to look
//! at.
use crate::desk::made::stand;
use crate::support::browser::person::{Person, Phone};
use crate::support::catalogue::{BAG, DROP};
use crate::support::{TestPipeline, planted, reviewed};
use pipeline::delivery::{DeliveryEvent, IntentId};
use uuid::Uuid;

use super::{ROLES, Stage};

/// Routes that answer with a file or a stream, or redirect at once.
const NO_PAGES: [&str; 13] = [
    "/assets/{file}",
    "/bulk/look",
    "/events",
    "/lang/{lang}",
    "/queue/{name}",
    "/sign-in/code",
    "/works/{id}/compare/{rendition}/{still}",
    "/works/{id}/renditions/{file}",
    "/works.csv",
    "/works.xlsx",
    "/works/{id}/preview/{file}",
    "/works/{id}/deliveries/{partner}/bag/{file}",
    "/works/{id}/deliveries/{partner}/proofs/{proof}",
];

/// Works in states that have something to show.
pub(super) struct House {
    pub(super) review: Uuid,
    pub(super) finished: Uuid,
    pub(super) handed: Uuid,
}

impl House {
    pub(super) async fn plant(pipeline: &TestPipeline) -> Self {
        let titles = ["钢铁是有颜色的", "竖过来看一座工厂", "灯塔工厂的早晨"];
        let mut review = Uuid::nil();
        for title in titles {
            review = reviewed::work(pipeline, title, &[DROP, BAG]).await;
        }
        let finished = planted::work(pipeline, "一度电的旅程", &[DROP, BAG]).await;
        planted::work(pipeline, "零件的一生", &[DROP, BAG]).await;
        let handed = planted::work(pipeline, "车间里的二十四小时", &[DROP, BAG]).await;
        pipeline.command(&["release", &handed.to_string()]).await.exits(0);
        stand(pipeline, handed, BAG, &[DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::now_v7()) }]).await;
        Self { review, finished, handed }
    }
}

/// Whether an address is one of a route's.
pub(super) fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), route.split('/').collect());
    parts.len() == wanted.len() && parts.iter().zip(&wanted).all(|(it, wanted)| wanted.starts_with('{') || it == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_reads_well_in_both_languages_wide_and_narrow_light_and_dark() {
    let Some(stage) = Stage::new().await else { return };
    let house = House::plant(&stage.pipeline).await;
    let browser = &stage.browser;
    let mut found = browser.look_at("/sign-in", "sign-in").await;
    let mut seen = vec!["/sign-in".to_owned()];
    found.extend(invited(&stage, &mut seen).await);
    let person = stage.person("王审", &ROLES).await;
    // What is shown after a form that changes nothing.
    browser.speak("zh", "/bulk/new?state=awaiting_release").await;
    browser.click("input[name=kind][value=release]").await;
    browser.click("form[action='/bulk/look'] button").await;
    found.extend(browser.look("zh", "bulk-look").await);
    let job = job(&stage.pipeline, house.finished).await;
    let House { review, finished, handed } = house;
    let pages = [
        ("/".to_owned(), "home"),
        ("/me".to_owned(), "me"),
        ("/works".to_owned(), "works"),
        (format!("/works/{review}"), "work-in-review"),
        (format!("/works/{handed}"), "work-released"),
        (format!("/works/{review}/beside/{finished}"), "beside"),
        (format!("/works/{finished}/compare/{}", planted::RENDITION), "compare"),
        (format!("/queue/screening/{review}"), "card"),
        ("/bulk/new?state=awaiting_release".to_owned(), "bulk-new"),
        ("/jobs".to_owned(), "jobs"),
        (format!("/jobs/{job}"), "job"),
        (format!("/works/{finished}/release"), "release"),
        (format!("/works/{handed}/recall"), "recall"),
        (format!("/works/{finished}/reprocess"), "reprocess"),
        (format!("/works/{finished}/hold"), "hold"),
        (format!("/works/{review}/cure"), "cure"),
        (format!("/works/{handed}/retry"), "retry"),
        (format!("/works/{finished}/withdraw"), "withdraw"),
        ("/deliveries".to_owned(), "deliveries"),
        (format!("/works/{handed}/deliveries/{BAG}"), "delivery-by-hand"),
        (format!("/works/{handed}/deliveries/{DROP}"), "delivery-by-system"),
        ("/trouble".to_owned(), "trouble"),
        ("/partners".to_owned(), "partners"),
        ("/audit".to_owned(), "audit"),
        ("/people".to_owned(), "people"),
        (format!("/people/{}", person.id), "person"),
        ("/checks".to_owned(), "checks"),
    ];
    for (path, name) in pages {
        if served(&path) {
            found.extend(browser.look_at(&path, name).await);
            seen.push(path);
        }
    }
    for route in ::desk::list().iter().filter(|it| !it.is_api() && it.method == "GET") {
        let known = NO_PAGES.contains(&route.path) || seen.iter().any(|path| is_of(path, route.path));
        if !known {
            found.push(format!("{} was not looked at", route.path));
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    stage.close();
}

/// The pages of an invited person.
async fn invited(stage: &Stage, seen: &mut Vec<String>) -> Vec<String> {
    let browser = &stage.browser;
    let person = Person::new(&stage.pipeline, "新同事", &["screener"]).await;
    let link = person.link(&stage.pipeline).await;
    let mut found = browser.look_at(&link, "invitation").await;
    person.chooses(browser, &link).await;
    let code = format!("{link}/code");
    found.extend(browser.look_at(&code, "invitation-code").await);
    let phone = Phone::shown(browser).await;
    browser.fill("input[name=code]", &phone.code()).await;
    browser.click("form.act button").await;
    browser.element("ol code").await;
    found.extend(browser.look("en", "recovery-codes").await);
    seen.extend([link, code]);
    found
}

/// Whether the desk has the page.
fn served(path: &str) -> bool {
    ::desk::list().iter().any(|it| it.method == "GET" && is_of(path, it.path))
}

/// A job that is under way.
async fn job(pipeline: &TestPipeline, work: Uuid) -> String {
    let other = planted::work(pipeline, "夜班", &[DROP, BAG]).await.to_string();
    let make = ["reprocess", &work.to_string(), &other, "--from", "transcode", "--output", "json"];
    let made = pipeline.command(&make).await.exits(0).json();
    made["job"].as_str().expect("a job").to_owned()
}
