//! What a browser emulates: clock, network, files from the system, window, print media; and pictures of pages.
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::Browser;

/// The height of the window, CSS pixels.
const HEIGHT: u32 = 900;

/// The tallest screenshot of a page, CSS pixels: longer pages are lists.
const TALLEST: u64 = 4000;

impl Browser {
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
}

/// The directory of screenshots, for people to look at.
pub(crate) fn screens() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    test.ancestors().nth(3).expect("tests lie in target/PROFILE/deps").join("screens")
}
