//! A real browser: Debian's chromium without a screen, driven by its chromedriver. Driver, browsers and profiles end with the test, even
//! if it panics. Each action on a page is a method here; `axe` checks pages, `person` signs people in.
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait::{wait_until, wait_until_true};

mod axe;
pub(crate) mod person;

/// How long a page, or a module on it, may take while other tests use the cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The two widths at which every page is checked, CSS pixels: a desk and a phone.
pub(crate) const WIDTHS: [u32; 2] = [1280, 390];

/// The height of the window, CSS pixels.
const HEIGHT: u32 = 900;

/// The tallest screenshot of a page, CSS pixels: longer pages are lists.
const TALLEST: u64 = 4000;

/// The browser connects to the addresses of the test only, never to a service of Google. Tests may run as root, in a container without user namespaces.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-proxy-server",
    "--window-size=1280,900",
];

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    /// As for people whose browser or administrator disables scripts.
    Off,
}

/// A running chromedriver, with a directory for everything that it and its browsers write.
pub(crate) struct Driver {
    child: Child,
    address: String,
    dir: TempDir,
}

impl Driver {
    /// Starts one. `None`, with a printed line, if `make test` did not find chromium.
    pub(crate) async fn start() -> Option<Self> {
        if std::env::var_os("TEST_BROWSER").is_none() {
            eprintln!("DID NOT RUN: no chromium here (`make test` installs it and sets TEST_BROWSER)");
            return None;
        }
        let dir = tempfile::Builder::new().prefix("reelmill-browser-").tempdir().expect("a directory for the browser");
        let log = dir.path().join("driver.log");
        let file = std::fs::File::create(&log).expect("a log of the driver");
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", dir.path())
            .env("TMPDIR", dir.path())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle of the log"))
            .stderr(file)
            // Browsers stay in its process group, which is killed at the end of the test.
            .process_group(0)
            .spawn()
            .expect("start chromedriver (Debian's package is chromium-driver)");
        let mut driver = Self { child, address: String::new(), dir };
        let port = wait_until("chromedriver listens", PATIENCE, async || {
            let text = std::fs::read_to_string(&log).ok()?;
            let (_, rest) = text.split_once("started successfully on port ")?;
            rest.split_once('.').map(|(port, _)| port.to_owned())
        });
        driver.address = format!("http://127.0.0.1:{}", port.await);
        Some(driver)
    }

    /// A browser with an empty profile that speaks Chinese, for the pages at `base` such as `http://127.0.0.1:8082`.
    pub(crate) async fn browser(&self, base: &str, scripts: Scripts) -> Browser {
        let profile =
            tempfile::Builder::new().prefix("profile-").tempdir_in(self.dir.path()).expect("a profile").keep();
        let mut flags = FLAGS.map(str::to_owned).to_vec();
        flags.extend(["--accept-lang=zh-CN,zh,en".to_owned(), format!("--user-data-dir={}", profile.display())]);
        let downloads = json!({ "download.default_directory": profile.join("downloads") });
        let forbidden = json!({ "profile.managed_default_content_settings.javascript": 2 });
        let wanted = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 30_000, "pageLoad": 30_000, "implicit": 0 },
            "goog:chromeOptions": { "args": flags, "prefs": if scripts == Scripts::Off { forbidden } else { downloads } },
        });
        let Value::Object(wanted) = wanted else { unreachable!("an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = tokio::time::timeout(PATIENCE, builder.capabilities(wanted).connect(&self.address)).await;
        let client = client.expect("chromium starts in time").expect("start chromium");
        let session = client.session_id().await.expect("ask for the session").expect("a session");
        let driver = format!("{}/session/{session}", self.address);
        Browser { client, base: base.to_owned(), driver, http: reqwest::Client::new() }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// One browser with one window.
pub(crate) struct Browser {
    client: Client,
    base: String,
    /// The address of its session at the driver.
    driver: String,
    http: reqwest::Client,
}

impl Browser {
    /// Opens a page of ours and waits until it has loaded.
    pub(crate) async fn open(&self, path: &str) {
        let open = tokio::time::timeout(PATIENCE, self.client.goto(&format!("{}{path}", self.base))).await;
        open.unwrap_or_else(|_| panic!("{path} did not load")).unwrap_or_else(|error| panic!("open {path}: {error}"));
    }

    /// Path and query of the page.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("the page's address");
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// Waits until path and query of the page begin with `path`.
    pub(crate) async fn arrives(&self, path: &str) {
        wait_until_true(&format!("the browser is at {path}"), PATIENCE, async || self.path().await.starts_with(path))
            .await;
    }

    /// Polls `look` until it returns something. Elements of a page that is being replaced count as not found.
    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>, CmdError>) -> T {
        wait_until(what, PATIENCE, async || look().await.ok().flatten()).await
    }

    /// The first element of a CSS selector, once there is one.
    pub(crate) async fn element(&self, css: &str) -> Element {
        let what = format!("there is {css}");
        self.until(&what, async || Ok(self.client.find(Locator::Css(css)).await.ok())).await
    }

    /// How many elements a CSS selector finds now.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.map_or(0, |found| found.len())
    }

    /// The text that an element shows.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.until(&format!("{css} has a text"), async || {
            Ok(Some(self.client.find(Locator::Css(css)).await?.text().await?))
        })
        .await
    }

    /// Waits until the page shows this text.
    pub(crate) async fn says(&self, text: &str) {
        self.until(&format!("the page says {text}"), async || {
            let shown = self.client.find(Locator::Css("body")).await?.text().await?;
            Ok(shown.contains(text).then_some(()))
        })
        .await;
    }

    /// An attribute of an element, as the source has it.
    pub(crate) async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.element(css).await.attr(name).await.expect("read an attribute")
    }

    /// A property of an element, such as what was typed into it.
    pub(crate) async fn value(&self, css: &str) -> String {
        self.element(css).await.prop("value").await.expect("read a value").unwrap_or_default()
    }

    /// Clicks, and waits for the page that this leads to.
    pub(crate) async fn click(&self, css: &str) {
        self.until(&format!("{css} can be clicked"), async || {
            self.client.find(Locator::Css(css)).await?.click().await.map(Some)
        })
        .await;
    }

    /// Replaces the text of a field.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.until(&format!("{css} can be filled in"), async || {
            let field = self.client.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Chooses a file for a file field.
    pub(crate) async fn attach(&self, css: &str, file: &Path) {
        let path = file.to_str().expect("a path of text");
        self.element(css).await.send_keys(path).await.expect("attach a file");
    }

    /// Presses and releases one key in the focused element.
    pub(crate) async fn press(&self, key: char) {
        let keys = KeyActions::new("keys".to_owned());
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.client.perform_actions(keys).await.unwrap_or_else(|error| panic!("press {key}: {error}"));
    }

    /// Runs a function's body in the page and returns its result.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Name and value of every cookie that the page's server would receive.
    pub(crate) async fn cookies(&self) -> Vec<(String, String)> {
        let cookies = self.client.get_all_cookies().await.expect("read the cookies");
        cookies.iter().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
    }

    /// The file at a path of ours, downloaded with the cookies of this browser.
    pub(crate) async fn download(&self, path: &str) -> Vec<u8> {
        let cookies = self.cookies().await;
        let cookies = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", cookies);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.expect("the file's bytes").to_vec()
    }

    /// Puts a cookie into this browser, as a thief would. A page of the same server must be open.
    pub(crate) async fn take_cookie(&self, name: &str, value: &str) {
        let params = json!({ "name": name, "value": value, "url": self.base, "path": "/" });
        self.devtools("Network.setCookie", params).await;
    }

    /// Sets the clock of pages opened from now on ahead, as on a computer whose clock is wrong.
    pub(crate) async fn runs_ahead_by(&self, span: chrono::TimeDelta) {
        self.begins_pages_with(&format!(
            "const now = Date.now.bind(Date); Date.now = () => now() + {};",
            span.num_milliseconds()
        ))
        .await;
    }

    /// Runs a script in each page opened from now on, before the page's own.
    pub(crate) async fn begins_pages_with(&self, source: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// Switches the network on or off, and limits the upload rate in bytes a second; `None` is no limit.
    pub(crate) async fn network(&self, there: bool, upload: Option<u32>) {
        let upload = upload.map_or(-1, i64::from);
        let line = json!({ "offline": !there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", line).await;
    }

    /// Drops a file or a folder of this machine on an element, as from the system's file manager.
    pub(crate) async fn drops(&self, css: &str, path: &Path) {
        let middle = format!(
            "const it = document.querySelector({css:?}); it.scrollIntoView(); const box = it.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];"
        );
        let middle = self.ask(&middle).await;
        let data = json!({ "items": [], "files": [path.display().to_string()], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": middle[0], "y": middle[1], "data": data });
            self.devtools("Input.dispatchDragEvent", event).await;
        }
    }

    /// The width of the window, CSS pixels.
    pub(crate) async fn wide(&self, width: u32) {
        let metrics = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Light or dark, as a system setting.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Emulates print media, or a screen again.
    pub(crate) async fn on_paper(&self, paper: bool) {
        let media = if paper { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": media })).await;
    }

    /// A picture of the page, as `screens/NAME-LANG-WIDTH.png` in the target directory.
    pub(crate) async fn picture(&self, name: &str, lang: &str, width: u32) {
        let height = self.ask("return document.documentElement.scrollHeight").await.as_u64().unwrap_or(0);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height.clamp(1, TALLEST), "scale": 1 });
        let params = json!({ "captureBeyondViewport": true, "clip": clip });
        let answer = self.devtools("Page.captureScreenshot", params).await;
        let png = BASE64.decode(answer["data"].as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(screens()).expect("a directory for pictures");
        std::fs::write(screens().join(format!("{name}-{lang}-{width}.png")), png).expect("write a picture");
    }

    /// Prints the page to a PDF beside the screenshots, as the browser's menu does; returns the number of sheets.
    pub(crate) async fn print(&self, name: &str) -> usize {
        let answer =
            self.devtools("Page.printToPDF", json!({ "preferCSSPageSize": true, "printBackground": false })).await;
        let pdf = BASE64.decode(answer["data"].as_str().expect("a PDF")).expect("base64");
        std::fs::create_dir_all(screens()).expect("a directory for pictures");
        std::fs::write(screens().join(format!("{name}.pdf")), &pdf).expect("write a PDF");
        String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count()
    }

    /// Lines of the browser's console since the last call: errors, and what the content security policy blocked. Each
    /// answer without a success status is a line of its own, which starts with the page's address.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let lines = self.driver("se/log", &json!({ "type": "browser" })).await;
        let bad = |line: &&Value| line["level"] == "SEVERE" || line["source"] == "security";
        let lines = lines.as_array().into_iter().flatten().filter(bad);
        lines.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A command of the browser's own protocol.
    async fn devtools(&self, command: &str, params: Value) -> Value {
        self.driver("goog/cdp/execute", &json!({ "cmd": command, "params": params })).await
    }

    /// A command of the driver for which fantoccini has no method.
    async fn driver(&self, command: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}/{command}", self.driver)).timeout(PATIENCE).json(body);
        let answer: Value = request.send().await.expect("ask the driver").json().await.expect("the driver's answer");
        assert!(answer["value"].get("error").is_none(), "{command}: {answer}");
        answer["value"].clone()
    }
}

/// The directory of screenshots, for people to look at.
pub(crate) fn screens() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    test.ancestors().nth(3).expect("tests lie in target/PROFILE/deps").join("screens")
}
