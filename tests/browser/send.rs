//! A film uploaded from the entrant's page: checked before a byte is sent; resumed after a reload, from another
//! browser, after a pause and after a lost network; another file is recognised as such; the server's findings appear on
//! the same page.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::contest::{boxed, film};
use crate::support::browser::{Browser, Driver, PATIENCE, Scripts};
use crate::support::catalogue::Gates;
use crate::support::clips;
use crate::support::entrant::Entered;
use crate::support::films::Dice;
use crate::support::wait::{wait_until, wait_until_true};
use crate::support::{Entrant, Proxy, Service, Setup, TestPipeline};

/// Bytes after the headers: a whole part of 8 MiB and a piece of a second.
const BYTES: usize = 12 * 1024 * 1024;
/// Bytes a second of a slow line: the upload takes long enough to be observed.
const SLOW: u32 = 1_500_000;
/// Records every offset that a page sends bytes at, across reloads.
const RECORD: &str = r#"
    const set = XMLHttpRequest.prototype.setRequestHeader;
    XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
        if (name.toLowerCase() === "upload-offset") sessionStorage.sent = `${sessionStorage.sent ?? ""} ${value}`;
        return set.call(this, name, value);
    };
"#;
/// Whether the page would ask before it is left.
const STAYS: &str = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))";

/// Retries at once while the page waits; returns whether the upload has ended.
const AGAIN: &str = r##"
    const said = document.querySelector("#send [role=status]")?.textContent ?? "";
    if (said.includes("自动重试")) for (const part of ["pause", "start"]) document.querySelector(`[data-part=${part}]`).click();
    return document.body.innerText.includes("您可以关闭本页");
"##;

/// An entry that waits for its film, and a connection to its page that can be cut.
pub(super) struct Waiting {
    pub(super) driver: Driver,
    pub(super) base: String,
    line: Arc<Proxy>,
    service: Arc<Service>,
    pub(super) entered: Entered,
    /// The path of its page.
    pub(super) page: String,
    pub(super) films: PathBuf,
    pub(super) pipeline: TestPipeline,
}

/// A browser at the entry's page.
pub(super) struct Device {
    pub(super) browser: Browser,
}

impl Waiting {
    pub(super) async fn new(roles: &[&str], env: &[(&str, &str)]) -> Option<Self> {
        let driver = Driver::start().await?;
        let gates = Gates { review: "manual", release: "manual" };
        let pipeline = TestPipeline::with(Setup { gates, ..Setup::default() }).await;
        let service = pipeline.serve_with("site", roles, env).await;
        let address = service.api_address().expect("the public address");
        let (line, base) = pipeline.proxy_to(&format!("http://{address}")).await;
        let base = base.trim_end_matches('/').to_owned();
        let entered = Entrant::at(&address).enter(&Entrant::form("一座工厂的早晨")).await;
        let status = reqwest::Client::new().get(format!("http://{address}/api/v1/submissions/{}", entered.id));
        let status = status.bearer_auth(&entered.token).send().await.expect("an answer").json::<Value>().await;
        let page = format!("/entries/{}", status.expect("a status")["receipt"].as_str().expect("a receipt"));
        let films = pipeline.dir().join("films");
        std::fs::create_dir(&films).expect("a directory for films");
        Some(Self { driver, base, line, service, entered, page, films, pipeline })
    }

    /// A new browser that opens the entrant's link.
    pub(super) async fn device(&self) -> Device {
        let browser = self.driver.browser(&self.base, Scripts::On).await;
        browser.begins_pages_with(RECORD).await;
        browser.open(&format!("{}#{}", self.page, self.entered.token)).await;
        browser.says("选择影片文件").await;
        Device { browser }
    }

    /// A film with this name whose headers keep the contest's rules. Each seed gives a different film.
    fn film(&self, name: &str, seed: u64) -> PathBuf {
        let mut dice = Dice::new(seed);
        let bytes: Vec<u8> = std::iter::repeat_with(|| dice.next().to_le_bytes()).flatten().take(BYTES).collect();
        let file = self.films.join(name);
        std::fs::write(&file, [film("isom", 12_000, 1920, 1080), boxed("free", &bytes)].concat()).expect("a film");
        file
    }

    /// How many bytes of the unfinished upload are durable; `None` where there is none.
    async fn kept(&self) -> Option<i64> {
        let query = "select \"offset\" from uploads where submission = $1 and state = 'open' order by created_at desc";
        let query = sqlx::query_scalar(query).bind(self.entered.id);
        query.fetch_optional(self.pipeline.truth.pool()).await.expect("the upload's row")
    }

    /// The same, once it is not zero and no longer grows: nothing is being sent.
    async fn kept_for_good(&self) -> i64 {
        let mut before = None;
        wait_until("what was sent is durable", PATIENCE, async || {
            let now = self.kept().await.filter(|kept| *kept > 0);
            std::mem::replace(&mut before, now).filter(|before| Some(*before) == now)
        })
        .await
    }

    /// The entry has exactly this film.
    async fn has(&self, film: &Path) {
        self.pipeline.truth.reaches(self.entered.id, "probe", PATIENCE).await;
        let query = sqlx::query_scalar("select mezzanine_sha256 from submissions where id = $1").bind(self.entered.id);
        let found: Vec<u8> = query.fetch_one(self.pipeline.truth.pool()).await.expect("the entry's row");
        assert_eq!(found, Sha256::digest(std::fs::read(film).expect("the film")).to_vec(), "the film's digest");
    }
}

impl Device {
    pub(super) async fn choose(&self, film: &Path) {
        self.browser.attach("#film-check input", film).await;
    }

    /// Chooses a film, starts, and waits until a fifth of it was sent on a slow line; screen readers announce it.
    async fn sends_a_fifth(&self, film: &Path) {
        self.browser.network(true, Some(SLOW)).await;
        self.choose(film).await;
        self.browser.click("[data-part=start]").await;
        wait_until_true("a fifth has been sent", PATIENCE, async || {
            let said = self.browser.text("#send [role=status]").await;
            ["已上传 20%", "已上传 30%", "已上传 40%"].iter().any(|tenth| said.contains(tenth))
        })
        .await;
        let figures = self.browser.text("#send .figures").await;
        assert!(figures.contains("MB/s") && figures.contains("约剩"), "speed and remaining time: {figures}");
    }

    /// Each offset that this browser sent bytes at.
    async fn offsets(&self) -> Vec<i64> {
        let sent = self.browser.ask("return sessionStorage.sent ?? ''").await;
        let sent = sent.as_str().expect("text").split_whitespace();
        sent.map(|offset| offset.parse().expect("an offset")).collect()
    }

    /// After its first `before` requests this browser sent something, and nothing that was already durable then.
    async fn sent_nothing_below(&self, kept: i64, before: usize) {
        let offsets = self.offsets().await;
        let later = &offsets[before..];
        assert!(!later.is_empty() && later.iter().all(|offset| *offset >= kept), "{later:?} with {kept} bytes durable");
    }

    /// Checks the page as it is, in Chinese; console messages about the lost network are ignored.
    pub(super) async fn look(&self, name: &str) -> Vec<String> {
        self.browser.complaints().await;
        self.browser.look("zh", name).await
    }
}

pub(super) fn nothing(found: &[String]) {
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_a_reload_and_in_another_browser() {
    let Some(waiting) = Waiting::new(&["upload"], &[]).await else { return };
    let film = waiting.film("film.mp4", 1);
    let one = waiting.device().await;
    one.sends_a_fifth(&film).await;
    assert_eq!(one.browser.ask(STAYS).await, true, "the page asks before it is left");
    one.browser.open(&waiting.page).await;
    let kept = waiting.kept_for_good().await;

    // Phones give the same film another name.
    let renamed = waiting.films.join("IMG_0001.mp4");
    std::fs::copy(&film, &renamed).expect("a copy");
    one.browser.open(&waiting.page).await;
    one.browser.says("已收到").await;
    let mut found = one.look("film-resume").await;
    one.choose(&renamed).await;
    one.browser.click("[data-part=start]").await;
    wait_until_true("it has gone on", PATIENCE, async || one.offsets().await.len() > 1).await;
    one.sent_nothing_below(kept, 1).await;

    // The first browser is paused, and another one continues with the same link.
    one.browser.click("[data-part=pause]").await;
    one.browser.says("已暂停").await;
    let kept = waiting.kept_for_good().await;
    let other = waiting.device().await;
    other.choose(&film).await;
    other.browser.click("[data-part=start]").await;
    other.browser.says("您可以关闭本页").await;
    other.sent_nothing_below(kept, 0).await;
    assert_eq!(other.browser.ask(STAYS).await, false, "nothing is lost with the page");
    waiting.has(&film).await;
    other.browser.says("下一步：系统自动检查").await;
    wait_until_true("there is nothing to be sent", PATIENCE, async || other.browser.count("#send").await == 0).await;
    found.extend(other.look("film-arrived").await);

    // The paused browser learns that the upload is complete.
    one.browser.click("[data-part=resume]").await;
    one.browser.says("您可以关闭本页").await;
    nothing(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_paused_and_outlives_a_lost_network() {
    let Some(waiting) = Waiting::new(&["upload"], &[]).await else { return };
    let film = waiting.film("film.mp4", 2);
    let one = waiting.device().await;
    one.sends_a_fifth(&film).await;
    let mut found = one.look("film-sending").await;
    one.browser.click("[data-part=pause]").await;
    one.browser.says("已暂停，收到的部分已保存").await;
    assert_eq!(one.browser.ask(STAYS).await, false, "no byte moves");
    let kept = waiting.kept_for_good().await;
    found.extend(one.look("film-paused").await);
    one.browser.click("[data-part=resume]").await;
    wait_until_true("it has gone on", PATIENCE, async || one.offsets().await.len() > 1).await;
    one.sent_nothing_below(kept, 1).await;

    waiting.line.cut();
    one.browser.says("连接中断").await;
    one.browser.says("秒后自动重试").await;
    found.extend(one.look("film-cut").await);
    one.browser.network(false, None).await;
    one.browser.says("网络已断开").await;
    let kept = waiting.kept_for_good().await;
    waiting.line.mend();
    one.browser.network(true, None).await;
    one.browser.says("您可以关闭本页").await;
    one.sent_nothing_below(kept, 2).await;
    waiting.has(&film).await;
    nothing(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_is_noticed_and_replaces_the_first_where_the_entrant_says_so() {
    let Some(waiting) = Waiting::new(&["upload"], &[]).await else { return };
    let one = waiting.device().await;
    let phone = waiting.films.join("phone.mov");
    std::fs::write(&phone, film("qt  ", 12_000, 1920, 1080)).expect("a film");
    one.choose(&phone).await;
    one.browser.says("兼容性最佳").await;
    assert_eq!(one.browser.text("[data-part=start]").await, "开始上传", "it is not refused");
    assert_eq!(waiting.kept().await, None, "no upload was begun");
    let mut found = one.look("film-chosen").await;

    one.sends_a_fifth(&waiting.film("第一版.mp4", 3)).await;
    one.browser.click("[data-part=pause]").await;
    waiting.kept_for_good().await;
    let second = waiting.film("second.mp4", 4);
    one.choose(&second).await;
    one.browser.click("[data-part=start]").await;
    one.browser.says("另一个文件尚未传完：第一版.mp4").await;
    found.extend(one.look("film-different").await);
    let other = waiting.device().await;
    other.browser.speak("en", &waiting.page).await;
    other.choose(&second).await;
    other.browser.click("[data-part=start]").await;
    other.browser.says("Another file of this entry has not arrived whole: 第一版.mp4").await;
    assert!(other.offsets().await.is_empty(), "no byte is sent");
    other.browser.complaints().await;
    found.extend(other.browser.look("en", "film-different").await);
    other.browser.click("[data-part=over]").await;
    other.browser.says("may close this page").await;
    assert_eq!(other.offsets().await, [0]);
    waiting.has(&second).await;
    let gone = "select count(*) from uploads where state in ('terminated', 'expired')";
    assert_eq!(waiting.pipeline.truth.count(gone).await, 1, "what had arrived of the first is given up");
    nothing(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_waits_for_a_full_server_and_then_shows_its_findings() {
    let Some(waiting) = Waiting::new(&[], &[("UPLOAD_MOST_UNFINISHED", "1")]).await else { return };
    let address = waiting.service.api_address().expect("the public address");
    let taking = Entrant::at(&address).enter(&Entrant::form("另一部")).await;
    let http = reqwest::Client::new();
    let place = http.post(&taking.upload_url).bearer_auth(&taking.token).header("Tus-Resumable", "1.0.0");
    let place = place.header("Upload-Length", 1000).send().await.expect("an upload");
    let place = format!("http://{address}{}", place.headers()["location"].to_str().expect("an address"));
    let device = waiting.device().await;
    device.choose(&clips::plain(&waiting.films, 4)).await;
    device.browser.click("[data-part=start]").await;
    device.browser.says("60 秒后自动重试").await;
    let mut found = device.look("film-full").await;

    let gone = http.delete(place).bearer_auth(&taking.token).header("Tus-Resumable", "1.0.0").send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    // The entrant does not wait that long.
    wait_until_true("there is room", PATIENCE, async || device.browser.ask(AGAIN).await == true).await;
    waiting.pipeline.truth.reaches(waiting.entered.id, "awaiting_review", PATIENCE).await;
    device.browser.says("待初筛").await;
    device.browser.says("检查结果").await;
    assert!(device.browser.count("#verdict").await == 1);
    found.extend(device.look("film-verdict").await);
    nothing(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_film_step_reads_well_in_both_languages_and_without_a_script() {
    let Some(waiting) = Waiting::new(&["upload"], &[]).await else { return };
    let device = waiting.device().await;
    let found = device.browser.look_at(&waiting.page, "film").await;
    device.browser.says("Choose the file").await;
    let plain = waiting.driver.browser(&waiting.base, Scripts::Off).await;
    plain.open(&waiting.page).await;
    plain.fill("[name=key]", &waiting.entered.token).await;
    plain.click("button.primary").await;
    plain.says("需要启用 JavaScript").await;
    nothing(&found);
}

/// Uploads with Uppy, as a site of its own would; `KEY` is the entrant's token.
const UPPY: &str = r#"
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 3);
    const uppy = new Uppy.Uppy().use(Uppy.Tus, { endpoint: "/files", headers: { Authorization: "Bearer KEY" }, chunkSize: 1_000_000 });
    uppy.addFile({ name: "影片.mp4", type: "video/mp4", data: new Blob([bytes]) });
    uppy.upload().then(({ successful, failed }) => { window.ended = successful.length === 1 ? "done" : String(failed[0]?.error); });
"#;

#[tokio::test(flavor = "multi_thread")]
async fn uppy_uploads_to_the_same_address() {
    let Some(waiting) = Waiting::new(&["upload"], &[]).await else { return };
    let device = waiting.device().await;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/uppy/node_modules/uppy/dist/uppy.min.js");
    let say = "Uppy is not installed; `make test` does it, or type: npm ci --prefix tests/support/uppy";
    let source = std::fs::read_to_string(source).expect(say);
    device.browser.ask(&source).await;
    device.browser.ask(&UPPY.replace("KEY", &waiting.entered.token)).await;
    let ended = wait_until("Uppy comes to an end", PATIENCE, async || {
        device.browser.ask("return window.ended").await.as_str().map(str::to_owned)
    });
    assert_eq!(ended.await, "done");
    let film = waiting.films.join("uppy.mp4");
    std::fs::write(&film, (0..3_000_000_u32).map(|i| ((i * 31) >> 3) as u8).collect::<Vec<_>>())
        .expect("the same bytes");
    waiting.has(&film).await;
}
