//! The pages of staff in a real browser: chromium and its driver, one after the other. What the pages show is planted: nothing here
//! encodes a film.
use std::sync::Arc;

use crate::support::browser::{Browser, Driver, Scripts};
use crate::support::catalogue::Gates;
use crate::support::{Service, Setup, TestPipeline};

/// A desk, and a browser before it.
struct Stage {
    browser: Browser,
    driver: Driver,
    /// Where the desk answers, such as `http://127.0.0.1:8082`.
    base: String,
    service: Arc<Service>,
    pipeline: TestPipeline,
}

impl Stage {
    /// A desk whose gates people open. `None`, which is said, where there is no browser.
    async fn new() -> Option<Self> {
        Self::with(Scripts::On).await
    }

    /// As [`Stage::new`], for a browser whose pages may or may not run scripts.
    async fn with(scripts: Scripts) -> Option<Self> {
        let driver = Driver::start().await?;
        let gates = Gates { review: "manual", release: "manual" };
        // What waits stands as it was planted: nothing starts it meanwhile.
        let env = vec![("RECONCILE_S", "3600".to_owned())];
        let pipeline = TestPipeline::with(Setup { gates, env, ..Setup::default() }).await;
        let service = pipeline.serve("desk", &["desk"]).await;
        let base = format!("http://{}", service.desk_address().expect("the desk's address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/sign-in").await;
        Some(Self { browser, driver, base, service, pipeline })
    }
}
