//! Sign-in and sign-out: the invitation, the second factor, and stolen cookies.
use reqwest::redirect::Policy;

use crate::support::browser::Scripts;
use crate::support::browser::person::{COOKIE, PASSWORD, Person};

use super::Stage;

const NEW_PASSWORD: &str = "louder green gearbox 18";

impl Stage {
    /// Whether the desk accepts this session cookie.
    async fn admits(&self, session: &str) -> bool {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        let request = client.get(format!("{}/me", self.base)).header("cookie", format!("{COOKIE}={session}"));
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get("location").map_or("", |to| to.to_str().expect("a path"));
        assert!(answer.status() == 200 || to.starts_with("/sign-in"), "{} {to}", answer.status());
        answer.status() == 200
    }

    /// What the session's cookie holds in the stage's browser.
    async fn cookie(&self) -> String {
        let cookies = self.browser.cookies().await;
        cookies.into_iter().find(|(name, _)| name == COOKIE).expect("a session").1
    }

    async fn gives_password(&self, person: &Person, password: &str) {
        self.browser.open("/sign-in?next=/works").await;
        self.browser.fill("input[name=login]", &person.login).await;
        self.browser.fill("input[name=password]", password).await;
        self.browser.click("form[action='/sign-in'] button").await;
    }

    async fn signs_out(&self) {
        self.browser.click("form[action='/sign-out'] button").await;
        self.browser.arrives("/sign-in").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_invitation_code_and_recovery_code_once_each() {
    let Some(stage) = Stage::new().await else { return };
    let browser = &stage.browser;
    let person = Person::new(&stage.pipeline, "王审", &["screener"]).await;
    let link = person.link(&stage.pipeline).await;
    let phone = person.accepts(browser, &link).await;
    let recovery = browser.text("ol code").await;
    assert_eq!(browser.count("ol code").await, 10);
    assert!(browser.complaints().await.is_empty());
    browser.click("main a.button.primary").await;
    browser.says("王审").await;
    stage.signs_out().await;
    // The link works once.
    browser.open(&link).await;
    browser.says("invitation_unknown").await;

    stage.gives_password(&person, "not the password").await;
    browser.says("sign_in_wrong").await;
    stage.gives_password(&person, PASSWORD).await;
    let code = phone.next_code();
    let used = async || {
        browser.fill("form[action='/sign-in/code'] input[name=code]", &code).await;
        browser.click("form[action='/sign-in/code'] button").await;
    };
    used().await;
    browser.arrives("/works").await;
    stage.signs_out().await;

    stage.gives_password(&person, PASSWORD).await;
    used().await;
    browser.says("code_wrong").await;
    browser.click("details summary").await;
    browser.fill("details input[name=code]", &recovery).await;
    browser.click("details button").await;
    browser.arrives("/me").await;
    let used = "select count(*) from recovery_codes where used_at is not null";
    assert_eq!(stage.pipeline.truth.count(used).await, 1);
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_cookie_is_invalid_after_sign_out_password_change_or_end() {
    let Some(stage) = Stage::new().await else { return };
    let browser = &stage.browser;
    let person = Person::new(&stage.pipeline, "李组织", &["organiser"]).await;
    let link = person.link(&stage.pipeline).await;
    person.accepts(browser, &link).await;

    let (stolen, elsewhere) = (stage.cookie().await, person.session(&stage.pipeline).await);
    assert!(stage.admits(&stolen).await && stage.admits(&elsewhere).await);
    browser.open("/me").await;
    browser.fill("input[name=current]", PASSWORD).await;
    browser.fill("input[name=new]", NEW_PASSWORD).await;
    browser.fill("input[name=again]", NEW_PASSWORD).await;
    browser.click("form[action='/me/password'] button").await;
    browser.arrives("/me?did=password").await;
    assert!(!stage.admits(&stolen).await, "after the password was changed");
    assert!(!stage.admits(&elsewhere).await, "elsewhere, after the password was changed");

    let stolen = stage.cookie().await;
    assert!(stage.admits(&stolen).await);
    stage.signs_out().await;
    assert!(!stage.admits(&stolen).await, "after the sign-out");

    person.signed_in(&stage.pipeline, browser).await;
    let stolen = stage.cookie().await;
    assert!(stage.admits(&stolen).await);
    stage.pipeline.command(&["person", "end", &person.login, "--reason", "离职"]).await.exits(0);
    assert!(!stage.admits(&stolen).await, "after the person was ended");
    browser.open("/works").await;
    browser.arrives("/sign-in").await;
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_from_elsewhere_and_its_browser_is_sent_to_the_sign_in() {
    let Some(stage) = Stage::new().await else { return };
    let person = stage.person("王审", &["screener"]).await;
    let other = stage.driver.browser(&stage.base, Scripts::On).await;
    other.open("/sign-in").await;
    person.signed_in(&stage.pipeline, &other).await;
    other.open("/me").await;
    stage.browser.open("/me").await;
    assert_eq!(stage.browser.count("form[action^='/me/sessions/'] button:not(.danger)").await, 2);
    stage.browser.click("tr:not(:has(.tag.ok)) form[action^='/me/sessions/'] button").await;
    stage.browser.arrives("/me?did=ended").await;
    other.open("/me").await;
    other.arrives("/sign-in?next=%2Fme").await;
    stage.browser.open("/me").await;
    assert_eq!(stage.browser.path().await, "/me", "this one goes on");
    stage.close();
}
