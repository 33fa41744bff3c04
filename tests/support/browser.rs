//! A real browser: Debian's chromium without a screen, driven by its chromedriver. Driver, browsers and profiles end with the test, even
//! if it panics. Each action on a page is a method here; `axe` checks pages, `person` signs people in.
use std::path::Path;
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::wait::{wait_until, wait_until_true};

pub(crate) use devices::screens;
pub(crate) use driver::{Driver, Scripts};

mod axe;
mod devices;
mod driver;
pub(crate) mod person;

/// How long a page, or a module on it, may take while other tests use the cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The two widths at which every page is checked, CSS pixels: a desk and a phone.
pub(crate) const WIDTHS: [u32; 2] = [1280, 390];

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
