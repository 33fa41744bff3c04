//! Staff at the console. `accepts` uses the pages: the link, a password, the second factor. Tests of something else
//! begin with `signed_in`, which inserts the row and the cookie that a sign-in would create.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use uuid::Uuid;

use super::super::TestPipeline;
use super::Browser;

/// The session's cookie over http.
pub(crate) const COOKIE: &str = "rm";

/// The password that every person here chooses.
pub(crate) const PASSWORD: &str = "quiet blue gearbox 17";

/// Seconds per step of the second factor.
const STEP_S: u64 = 30;

/// A member of staff.
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) id: Uuid,
}

/// A person's app for the second factor.
pub(crate) struct Phone(Totp);

impl Person {
    /// A new person with these roles, such as `screener` or `organiser@test`.
    pub(crate) async fn new(pipeline: &TestPipeline, name: &str, roles: &[&str]) -> Self {
        let login = format!("test-{}", Uuid::now_v7().simple());
        let add = [&["person", "add", name, "--login", &login, "--role"], roles].concat();
        pipeline.command(&add).await.exits(0);
        let find = sqlx::query_scalar("select id from persons where login = $1").bind(&login);
        let id = find.fetch_one(pipeline.truth.pool()).await.expect("the person");
        Self { login, id }
    }

    /// A session of theirs at the console, inserted directly: the cookie's value.
    pub(crate) async fn session(&self, pipeline: &TestPipeline) -> String {
        self.session_at(pipeline, "console").await
    }

    /// The same at this door, `console` or `units`.
    pub(crate) async fn session_at(&self, pipeline: &TestPipeline, door: &str) -> String {
        let mut bits = [0; 32];
        rand::rng().fill_bytes(&mut bits);
        let plant = "insert into sessions (id, secret_sha256, person, factors, door) values ($1, $2, $3, 'totp', $4)";
        let plant =
            sqlx::query(plant).bind(Uuid::now_v7()).bind(Sha256::digest(bits).to_vec()).bind(self.id).bind(door);
        plant.execute(pipeline.truth.pool()).await.expect("plant a session");
        URL_SAFE_NO_PAD.encode(bits)
    }

    /// Signs them in without a page. A page of the desk must be open.
    pub(crate) async fn signed_in(&self, pipeline: &TestPipeline, browser: &Browser) {
        let session = self.session(pipeline).await;
        browser.take_cookie(COOKIE, &session).await;
    }

    /// The path of a link with which they choose password and second factor.
    pub(crate) async fn link(&self, pipeline: &TestPipeline) -> String {
        let invited = pipeline.command(&["person", "invite", &self.login, "--output", "json"]).await.exits(0).json();
        let link = invited["link"].as_str().expect("a link");
        // A path, unless the service has an address of its own.
        link[link.find("/units/").or(link.find("/invitation/")).expect("the link of an invitation")..].to_owned()
    }

    /// Opens the link, chooses [`PASSWORD`] and sets up the second factor; the browser then shows the recovery codes
    /// and is signed in.
    pub(crate) async fn accepts(&self, browser: &Browser, link: &str) -> Phone {
        self.chooses(browser, link).await;
        let phone = Phone::shown(browser).await;
        browser.fill("input[name=code]", &phone.code()).await;
        browser.click("form.act button").await;
        browser.element("ol code").await;
        phone
    }

    /// The first half: chooses [`PASSWORD`]; the browser then shows the second factor.
    pub(crate) async fn chooses(&self, browser: &Browser, link: &str) {
        browser.open(link).await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.fill("input[name=again]", PASSWORD).await;
        browser.click("form.act button").await;
        browser.element("details code").await;
    }
}

impl Phone {
    /// Takes the secret that a page shows for typing.
    pub(crate) async fn shown(browser: &Browser) -> Self {
        let code = browser.element("details code").await;
        // It is folded away, and WebDriver returns no text of hidden elements.
        let text = code.prop("textContent").await.expect("read the secret").unwrap_or_default();
        let secret = Secret::try_from_base32(text.replace(' ', "")).expect("a secret in base32");
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(STEP_S);
        Self(builder.with_secret(secret).build().expect("a second factor"))
    }

    /// The code of the current step.
    pub(crate) fn code(&self) -> String {
        self.0.generate_current().to_string()
    }

    /// The code of the next step, which is already accepted. Each code works once, and after it only codes of later
    /// steps.
    pub(crate) fn next_code(&self) -> String {
        self.0.generate(self.0.next_step_current()).to_string()
    }
}
