//! A recommending unit in a browser: the invitation, the template, a sheet of forty rows with wrong ones, the receipts on paper, and a folder
//! with chaotic names whose films go on after a reload.
use std::path::Path;
use std::sync::Arc;

use crate::sheets::{forty, write};
use crate::support::browser::person::{PASSWORD, Person, Phone};
use crate::support::browser::{Browser, Driver, PATIENCE, Scripts};
use crate::support::catalogue::{CONTEST, UNIT};
use crate::support::wait::wait_until_true;
use crate::support::{Service, TestPipeline};

/// Bytes a second of a slow line: the films take long enough to be interrupted.
const SLOW: u32 = 400_000;
/// Valid works of the sheet, and those of them that have exactly one film in the folder.
const RIGHT: usize = 36;
const CLEAR: usize = 34;

/// Chooses a file by hand in the row of a work.
const CHOOSE: &str = r##"
    const row = [...document.querySelectorAll("#waiting tbody tr")].find((it) => it.querySelector("th").textContent === "两个视频");
    const select = row.querySelector("select"), option = [...select.options].find((it) => it.text.endsWith("两个视频A.mp4"));
    select.value = option.value;
    return select.dispatchEvent(new Event("change"));
"##;

struct Stage {
    browser: Browser,
    driver: Driver,
    base: String,
    service: Arc<Service>,
    pipeline: TestPipeline,
    unit: String,
}

impl Stage {
    async fn new(scripts: Scripts) -> Option<Self> {
        let driver = Driver::start().await?;
        let pipeline = TestPipeline::new().await;
        let service = pipeline.serve("units", &["upload"]).await;
        let base = format!("http://{}", service.api_address().expect("the public address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/").await;
        Some(Self { browser, driver, base, service, pipeline, unit: format!("/units/{CONTEST}/{UNIT}") })
    }

    /// Accepts an invitation; the browser then shows the unit's page.
    async fn invited(&self) -> (Person, Phone) {
        let person = Person::new(&self.pipeline, "李经办", &[&format!("recommender@{CONTEST}/{UNIT}")]).await;
        let link = person.link(&self.pipeline).await;
        assert!(link.starts_with("/units/invitation/"), "{link}");
        let phone = person.accepts(&self.browser, &link).await;
        self.browser.click("main a.button.primary").await;
        self.browser.arrives(&self.unit).await;
        (person, phone)
    }

    /// Sends a sheet and confirms the valid rows.
    async fn enters(&self, sheet: &Path) {
        self.browser.attach("input[name=sheet]", sheet).await;
        self.browser.click("form[action$='/sheets'] button").await;
        self.browser.arrives(&format!("{}/sheets/", self.unit)).await;
    }

    /// Works whose films have arrived.
    async fn arrived(&self) -> i64 {
        self.pipeline.truth.count("select count(*) from submissions where state <> 'uploading'").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_brings_forty_works_from_a_sheet_and_a_folder() {
    let Some(stage) = Stage::new(Scripts::On).await else { return };
    let browser = &stage.browser;
    let folder = stage.pipeline.dir().join("netdisk");
    std::fs::create_dir(&folder).expect("a folder");
    let sheet = stage.pipeline.dir().join("汇总表.xlsx");
    write(&forty(&folder), &sheet);
    let mut found = browser.look_at("/units/sign-in", "units-sign-in").await;
    browser.speak("zh", "/units/sign-in").await;
    let (person, phone) = stage.invited().await;
    found.extend(browser.look_at(&stage.unit, "unit").await);

    // Signs out, and in again with password and code.
    browser.speak("zh", &stage.unit).await;
    browser.click("form[action='/units/sign-out'] button").await;
    browser.arrives("/units/sign-in").await;
    browser.fill("input[name=login]", &person.login).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("form[action='/units/sign-in'] button").await;
    browser.fill("form[action='/units/sign-in/code'] input[name=code]", &phone.next_code()).await;
    browser.click("form[action='/units/sign-in/code'] button").await;
    browser.arrives(&stage.unit).await;

    stage.enters(&sheet).await;
    browser.says("电话不对").await;
    let path = browser.path().await;
    found.extend(browser.look_at(&path, "unit-sheet").await);
    browser.speak("zh", &path).await;
    browser.click("form[action$='/enter'] button.primary").await;
    browser.arrives(&format!("{}/works", stage.unit)).await;
    browser.says(&format!("已报送 {RIGHT} 件作品")).await;
    assert_eq!(browser.count("table tbody tr").await, RIGHT);
    found.extend(browser.look_at(&format!("{}/works", stage.unit), "unit-works").await);
    assert!(browser.print("unit-works").await <= 3, "forty receipts are a list, not a pile");

    // The folder: most films match their works, two are chosen by hand.
    let films = format!("{}/films", stage.unit);
    browser.speak("zh", &films).await;
    browser.attach("#folder input", &folder).await;
    browser.says(&format!("{CLEAR} 件作品已找到影片")).await;
    browser.says("有多个文件可能对应").await;
    found.extend(browser.look("zh", "unit-films").await);
    browser.ask(CHOOSE).await;
    browser.says(&format!("{} 件作品已找到影片", CLEAR + 1)).await;
    browser.network(true, Some(SLOW)).await;
    browser.click("[data-part=start]").await;
    wait_until_true("some films have arrived", PATIENCE, async || stage.arrived().await >= 3).await;

    // The page is reloaded in the middle: films that have arrived stay, the rest continues, and the choice is kept.
    browser.open("/units/sign-in").await;
    browser.network(true, None).await;
    browser.open(&films).await;
    // Dropped this time.
    browser.drops("#folder .drop", &folder).await;
    browser.says("未找到影片，请选择").await;
    browser.click("[data-part=start]").await;
    browser.says("已全部送达").await;
    wait_until_true("all films are stored", PATIENCE, async || stage.arrived().await == CLEAR as i64 + 1).await;
    found.extend(browser.look_at(&films, "unit-films-left").await);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    // A cookie of this door is not accepted at another.
    let other = stage.driver.browser(&stage.base, Scripts::On).await;
    other.open(&stage.unit).await;
    other.arrives("/units/sign-in").await;
    stage.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_entered_and_a_work_opened_without_a_script() {
    let Some(stage) = Stage::new(Scripts::Off).await else { return };
    let browser = &stage.browser;
    let folder = stage.pipeline.dir().join("netdisk");
    std::fs::create_dir(&folder).expect("a folder");
    let sheet = stage.pipeline.dir().join("汇总表.xlsx");
    write(&forty(&folder), &sheet);
    stage.invited().await;
    stage.enters(&sheet).await;
    browser.click("form[action$='/enter'] button.primary").await;
    browser.arrives(&format!("{}/works", stage.unit)).await;
    browser.click("table tbody tr form button").await;
    browser.arrives("/entries/").await;
    browser.says("请您上传作品").await;
    browser.open(&format!("{}/films", stage.unit)).await;
    browser.says("逐件打开作品").await;
    stage.service.stop();
}
