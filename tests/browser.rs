//! The console in a real browser: chromium and its driver, one test after the other. The works that pages show are planted: nothing here
//! encodes a film.
use std::sync::Arc;

use uuid::Uuid;

use crate::support::browser::person::Person;
use crate::support::browser::{Browser, Driver, PATIENCE, Scripts};
use crate::support::catalogue::{self, Gates};
use crate::support::wait::wait_until_true;
use crate::support::{Service, Setup, TestPipeline};

// Deliveries that people make, on the board.
mod board;
// Many works at once, and works that change between look and confirmation.
mod bulk;
// What a contest says of itself at the public address.
mod contest;
// Entering a work.
mod enter;
// Lists, and the same as spreadsheets.
mod lists;
// Every page in both languages, wide and narrow.
mod look;
// Every act without a script.
mod plain;
// Works decided by keyboard, one after the other.
mod queue;
// Another film for a work that was refused.
mod replace;
// A film sent from the entrant's page.
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
    /// A desk whose gates people open. `None`, with a line that says so, where there is no browser.
    async fn new() -> Option<Self> {
        Self::with(Scripts::On, &["desk"]).await
    }

    /// As [`Stage::new`], for a browser whose pages may or may not run scripts, and a service with these roles.
    async fn with(scripts: Scripts, roles: &[&str]) -> Option<Self> {
        let driver = Driver::start().await?;
        let gates = Gates { review: "manual", release: "manual" };
        // Without workers the reconciler would only start works that must stay as they were planted.
        let env = if roles == ["desk"] { vec![("RECONCILE_S", "3600".to_owned())] } else { Vec::new() };
        let partners = vec![(DOUYIN, catalogue::partner("抖音", "douyin"))];
        let pipeline = TestPipeline::with(Setup { gates, env, partners, ..Setup::default() }).await;
        let service = pipeline.serve("desk", roles).await;
        let base = format!("http://{}", service.desk_address().expect("the desk's address"));
        let browser = driver.browser(&base, scripts).await;
        browser.open("/sign-in").await;
        Some(Self { browser, driver, base, service, pipeline })
    }

    /// A new person with these roles, who is signed in at the stage's browser.
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
