//! People of staff at the console. `Person::invited` takes the way of people: the link, a password, the second factor. A test about
//! something else begins with `signed_in`, which puts a session where the sign-in puts it.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::TestPipeline;
use super::Browser;

/// The session's cookie over http.
pub(crate) const COOKIE: &str = "rm";

/// Somebody of staff.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) login: String,
    pub(crate) id: Uuid,
}

impl Person {
    /// A new person with these roles, such as `screener` or `organiser@test`.
    pub(crate) async fn new(pipeline: &TestPipeline, name: &str, roles: &[&str]) -> Self {
        let login = format!("test-{}", Uuid::now_v7().simple());
        let add = [&["person", "add", name, "--login", &login, "--role"], roles].concat();
        pipeline.command(&add).await.exits(0);
        let find = sqlx::query_scalar("select id from persons where login = $1").bind(&login);
        let id = find.fetch_one(pipeline.truth.pool()).await.expect("the person");
        Self { name: name.to_owned(), login, id }
    }

    /// A session of theirs, planted: what a cookie holds.
    pub(crate) async fn session(&self, pipeline: &TestPipeline) -> String {
        let mut bits = [0; 32];
        rand::rng().fill_bytes(&mut bits);
        let plant = "insert into sessions (id, secret_sha256, person, factors) values ($1, $2, $3, 'totp')";
        let plant = sqlx::query(plant).bind(Uuid::now_v7()).bind(Sha256::digest(bits).to_vec()).bind(self.id);
        plant.execute(pipeline.truth.pool()).await.expect("plant a session");
        URL_SAFE_NO_PAD.encode(bits)
    }

    /// Signs them in without a page. A page of the desk must be open.
    pub(crate) async fn signed_in(&self, pipeline: &TestPipeline, browser: &Browser) {
        let session = self.session(pipeline).await;
        browser.take_cookie(COOKIE, &session).await;
    }
}
