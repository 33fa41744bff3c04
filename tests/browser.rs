//! The console in a real browser: chromium and its driver, one test after another. The works on the pages are inserted
//! directly: no test here encodes a film.
use std::sync::Arc;

use uuid::Uuid;

use crate::support::browser::person::Person;
use crate::support::browser::{Browser, Driver, PATIENCE, Scripts};
use crate::support::catalogue::{self, Gates};
use crate::support::wait::wait_until_true;
use crate::support::{Service, Setup, TestPipeline};

// Deliveries by hand, on the board.
mod board;
// Acts on many works, and works that change between preview and confirmation.
mod bulk;
// The contest's page at the public address.
mod contest;
// Entering a work.
mod enter;
// Lists, and their spreadsheets.
mod lists;
// Every page in both languages, wide and narrow.
mod look;
// Every act without JavaScript.
mod plain;
// Works decided by keyboard, one after the other.
mod queue;
// Another film for a work that was refused.
mod replace;
// A film uploaded from the entrant's page.
mod send;
// Sign-in, sessions and their end.
mod sign_in;
// A recommending unit: its sheet, its receipts, its folder.
mod units;
// Two works that resemble each other.
mod twins;

/// Every role.
const ROLES: [&str; 5] = ["screener", "organiser", "operator", "auditor", "admin"];

/// A partner whose deliveries a person confirms.
const DOUYIN: &str = "douyin";

/// A desk, and a browser that opens its pages.
struct Stage {
    browser: Browser,
    driver: Driver,
    /// Where the desk answers, such as `http://127.0.0.1:8082`.
    base: String,
    service: Arc<Service>,
    pipeline: TestPipeline,
}

impl Stage {
    /// A desk whose gates are opened by people. `None`, with a printed line, if there is no browser.
    async fn new() -> Option<Self> {
        Self::with(Scripts::On, &["desk"]).await
    }

    /// As [`Stage::new`], for a browser with or without scripts, and a service with these roles.
    async fn with(scripts: Scripts, roles: &[&str]) -> Option<Self> {
        let driver = Driver::start().await?;
        let gates = Gates { review: "manual", release: "manual" };
        // Without workers the reconciler would start works that must stay in the inserted state.
        let env = if roles == ["desk"] { vec![("RECONCILE_S", "3600".to_owned())] } else { Vec::new() };
        let partners = vec![(DOUYIN, catalogue::partner("抖音", "douyin"))];
        let pipeline = TestPipeline::with(Setup { gates, env, partners, ..Setup::default() }).await;
        let service = pipeline.serve("desk", roles).await;
        let base = format!("http://{}", service.desk_address().expect("the desk's address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/sign-in").await;
        Some(Self { browser, driver, base, service, pipeline })
    }

    /// A new person with these roles, signed in at the stage's browser.
    async fn person(&self, name: &str, roles: &[&str]) -> Person {
        let person = Person::new(&self.pipeline, name, roles).await;
        person.signed_in(&self.pipeline, &self.browser).await;
        person
    }

    /// The state of a work.
    async fn state(&self, id: Uuid) -> String {
        let query = sqlx::query_scalar("select state from submissions where id = $1").bind(id);
        query.fetch_one(self.pipeline.truth.pool()).await.expect("the work's state")
    }

    /// Waits until a work is in this state.
    async fn comes_to(&self, id: Uuid, state: &str) {
        wait_until_true(&format!("{id} is {state}"), PATIENCE, async || self.state(id).await == state).await;
    }

    /// Stops the desk.
    fn close(self) {
        self.service.stop();
    }
}
