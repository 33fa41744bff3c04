//! The contest's page at the public address: open, not yet open and closed, in both languages, wide and narrow; its countdown by the server's
//! clock; and all of it without a script.
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::catalogue::Catalogue;
use runtime::clock::Clock;

use super::look::is_of;
use crate::support::browser::{Browser, Driver, Scripts};
use crate::support::{Service, Setup, TestPipeline};

/// Pages of the public address that are files, lead elsewhere at once, or have no look of their own.
const NO_PAGES: [&str; 3] = ["/assets/{file}", "/lang/{lang}", "/about"];

/// The built-in catalogue, and the call three times: one that closes in less than three days, one that opens tomorrow, one that is over.
fn write(dir: &Path, now: DateTime<Utc>) {
    // Half an hour less, so that the hours that are left stay the same however long the test takes.
    let day =
        |days: i64| (now + TimeDelta::days(days) - TimeDelta::minutes(30)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut files = Catalogue::builtin_files();
    let (_, call) =
        files.iter().find(|(name, _)| name == "contests/industry-power-2024.toml").expect("the call").clone();
    let closed = "deadline = 2024-08-01T00:00:00+08:00";
    assert!(call.contains(closed), "the call's deadline");
    files.push(("contests/closing.toml".into(), call.replace(closed, &format!("deadline = {}", day(3)))));
    let soon = format!("opens_at = {}\ndeadline = {}", day(1), day(30));
    files.push(("contests/soon.toml".into(), call.replace(closed, &soon)));
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the catalogue's folders");
        std::fs::write(path, text).expect("a file of the catalogue");
    }
}

/// A service with these contests, and a browser at its public address. `None` where there is no browser.
struct Site {
    browser: Browser,
    _driver: Driver,
    service: Arc<Service>,
    _pipeline: TestPipeline,
    _catalogue: tempfile::TempDir,
}

impl Site {
    async fn new(scripts: Scripts) -> Option<Self> {
        let driver = Driver::start().await?;
        let pipeline = TestPipeline::with(Setup::default()).await;
        let catalogue = tempfile::tempdir().expect("a directory for the catalogue");
        write(catalogue.path(), Clock::default().now());
        let dir = catalogue.path().display().to_string();
        let service = pipeline.serve_with("site", &["upload"], &[("CATALOGUE_DIR", &dir)]).await;
        let base = format!("http://{}", service.api_address().expect("the public address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/").await;
        Some(Self { browser, _driver: driver, service, _pipeline: pipeline, _catalogue: catalogue })
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
        let seen = NO_PAGES.contains(&route.path) || pages.iter().any(|(path, _)| is_of(path, route.path));
        if !seen {
            found.push(format!("{} was not looked at", route.path));
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));

    // The time that is left is the server's: this browser's clock is off by ten days.
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
    // A question opens by a click, and nothing is counted down.
    browser.click("details summary").await;
    browser.says("兼容性最佳").await;
    assert_eq!(browser.text("[data-until]").await, "");
    browser.click("footer a[hreflang=en]").await;
    browser.says("What a work must be").await;
    site.service.stop();
}
