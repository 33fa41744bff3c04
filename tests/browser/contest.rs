//! The contest's page at the public address: open, not yet open and closed, in both languages, wide and narrow; its
//! countdown by the server's clock; and all of it without a script.
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::Catalogue;
use runtime::clock::Clock;

use super::look::is_of;
use crate::support::browser::{Browser, Driver, Scripts};
use crate::support::{Service, Setup, TestPipeline};

/// Routes of the public address that answer with a file, redirect at once, or have no page of their own.
const NO_PAGES: [&str; 6] = [
    "/assets/{file}",
    "/lang/{lang}",
    "/about",
    // These are looked at in `enter`, or take forms only.
    "/contests/{contest}/enter",
    "/contests/{contest}/draft",
    "/find",
];

/// The built-in catalogue with three copies of the contest: one closes in less than three days, one opens tomorrow, one
/// is over.
fn write(dir: &Path, now: DateTime<Utc>) {
    let at = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let day = |days: i64| at(now + TimeDelta::days(days));
    let mut files = Catalogue::builtin_files();
    let (_, call) =
        files.iter().find(|(name, _)| name == "contests/industry-power-2024.toml").expect("the call").clone();
    let closed = "deadline = 2024-08-01T00:00:00+08:00";
    assert!(call.contains(closed), "the call's deadline");
    // Half an hour from the next full hour, so that a slow test sees the same number of hours left.
    let closing = now + TimeDelta::days(3) - TimeDelta::minutes(30);
    files.push(("contests/closing.toml".into(), call.replace(closed, &format!("deadline = {}", at(closing)))));
    let soon = format!("opens_at = {}\ndeadline = {}", day(1), day(30));
    files.push(("contests/soon.toml".into(), call.replace(closed, &soon)));
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the catalogue's folders");
        std::fs::write(path, text).expect("a file of the catalogue");
    }
}

/// A service with these contests, and a browser at its public address. `None` where there is no browser.
pub(super) struct Site {
    pub(super) browser: Browser,
    pub(super) driver: Driver,
    pub(super) base: String,
    pub(super) service: Arc<Service>,
    _pipeline: TestPipeline,
    _catalogue: tempfile::TempDir,
}

impl Site {
    pub(super) async fn new(scripts: Scripts) -> Option<Self> {
        Self::with(scripts, &[]).await
    }

    /// The same with more settings.
    pub(super) async fn with(scripts: Scripts, env: &[(&str, &str)]) -> Option<Self> {
        let driver = Driver::start().await?;
        let pipeline = TestPipeline::with(Setup::default()).await;
        let catalogue = tempfile::tempdir().expect("a directory for the catalogue");
        write(catalogue.path(), Clock::default().now());
        let dir = catalogue.path().display().to_string();
        let env: Vec<_> = env.iter().copied().chain([("CATALOGUE_DIR", dir.as_str())]).collect();
        let service = pipeline.serve_with("site", &["upload"], &env).await;
        let base = format!("http://{}", service.api_address().expect("the public address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/").await;
        Some(Self { browser, driver, base, service, _pipeline: pipeline, _catalogue: catalogue })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contest_reads_well_before_while_and_after_it_is_open() {
    let Some(site) = Site::new(Scripts::On).await else { return };
    let browser = &site.browser;
    let pages = [
        ("/", "contests"),
        ("/contests/closing", "contest-open"),
        ("/contests/soon", "contest-soon"),
        ("/contests/industry-power-2024", "contest-over"),
    ];
    let mut found = Vec::new();
    for (path, name) in pages {
        found.extend(browser.look_at(path, name).await);
    }
    for route in upload::list().iter().filter(|route| route.is_page()) {
        let seen = route.path.starts_with("/entries/")
            || NO_PAGES.contains(&route.path)
            || pages.iter().any(|(path, _)| is_of(path, route.path));
        if !seen {
            found.push(format!("{} was not looked at", route.path));
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));

    // The time left is computed from the server's clock: this browser's clock is off by ten days.
    browser.speak("zh", "/contests/closing").await;
    browser.runs_ahead_by(TimeDelta::days(10)).await;
    browser.open("/contests/closing").await;
    browser.says("还有 2 天 23 小时").await;
    site.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contest_says_everything_without_a_script() {
    let Some(site) = Site::new(Scripts::Off).await else { return };
    let browser = &site.browser;
    browser.click("a[href='/contests/closing']").await;
    browser.arrives("/contests/closing").await;
    for text in ["正在征选", "截止：", "1 分钟 至 8 分钟", "数智赋能", "gywhfzzxcbtgc@163.com"] {
        browser.says(text).await;
    }
    // A click opens a question, and nothing is counted down.
    browser.click("details summary").await;
    browser.says("兼容性最佳").await;
    assert_eq!(browser.text("[data-until]").await, "");
    browser.click("footer a[hreflang=en]").await;
    browser.says("What a work must be").await;
    site.service.stop();
}

/// A box of ISO/IEC 14496-12.
pub(super) fn boxed(kind: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("a short box");
    [&size.to_be_bytes(), kind.as_bytes(), content].concat()
}

/// The headers of a film without any picture: brand, length, size.
pub(super) fn film(brand: &str, ms: u32, width: u16, height: u16) -> Vec<u8> {
    let mut mvhd = [0; 100];
    mvhd[12..16].copy_from_slice(&1000_u32.to_be_bytes());
    mvhd[16..20].copy_from_slice(&ms.to_be_bytes());
    let mut tkhd = [0; 84];
    tkhd[40..44].copy_from_slice(&0x1_0000_u32.to_be_bytes());
    tkhd[76..78].copy_from_slice(&width.to_be_bytes());
    tkhd[80..82].copy_from_slice(&height.to_be_bytes());
    let hdlr = [&[0; 8], b"vide".as_slice(), &[0; 12]].concat();
    let trak = [boxed("tkhd", &tkhd), boxed("mdia", &boxed("hdlr", &hdlr))].concat();
    let moov = [boxed("mvhd", &mvhd), boxed("trak", &trak)].concat();
    let ftyp = [brand.as_bytes(), &[0; 4], brand.as_bytes()].concat();
    [boxed("ftyp", &ftyp), boxed("mdat", &[0; 100]), boxed("moov", &moov)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_is_judged_with_a_cure_before_a_byte_is_sent() {
    let Some(site) = Site::new(Scripts::On).await else { return };
    let browser = &site.browser;
    let films = tempfile::tempdir().expect("a directory for films");
    let choose = async |name: &str, film: Vec<u8>| {
        let path = films.path().join(name);
        std::fs::write(&path, film).expect("a film");
        browser.attach("#film-check input", &path).await;
    };
    browser.speak("zh", "/contests/closing").await;
    browser.says("先检查您的影片").await;
    let loaded = "return performance.getEntriesByType('resource').length";
    let before = browser.ask(loaded).await;

    choose("phone.mov", film("qt  ", 61_000, 1920, 1080)).await;
    browser.says("兼容性最佳").await;
    assert_eq!(browser.text("#film-check tbody tr:first-child td:last-child").await, "mov");
    choose("short.mp4", film("isom", 58_000, 1280, 720)).await;
    browser.says("请把作品剪辑到规定时长").await;
    browser.says("1280×720").await;
    assert_eq!(browser.count("#film-check .cures li").await, 2, "its length and its size");
    let mut found = browser.look("zh", "film-check").await;
    choose("upright.mp4", film("isom", 90_000, 1080, 1920)).await;
    browser.says("各项均符合要求").await;
    assert_eq!(browser.count("#film-check .cures li").await, 0);
    choose("no-film.mp4", b"hello".to_vec()).await;
    browser.says("部分项目未能读出").await;
    assert_eq!(browser.ask(loaded).await, before, "nothing was sent or loaded");

    browser.speak("en", "/contests/closing").await;
    choose("shape.mp4", film("isom", 90_000, 1440, 1080)).await;
    browser.says("Set the canvas to a shape").await;
    found.extend(browser.look("en", "film-check").await);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    site.service.stop();
}
