//! How staff sign in to the console: invitation, both factors, sessions, and what ends them. Through the acts, and once
//! through the pages.
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use desk::Desk;
use desk::act::Caller;
use desk::act::invitation::{self, Accepted, Invite};
use desk::act::session::{self, ChangePassword, EndSessions};
use desk::act::sign_in::{self, Device, Password, SecondFactor, SignedIn, Visitor};
use desk::view::sessions;
use pipeline::id::{CredentialId, PersonId};
use pipeline::person::{Held, Person, Sees};
use reqwest::header::{COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, RequestBuilder};
use runtime::problem::Problem;
use runtime::second_factor::TotpSecret;
use runtime::store::people::audit::AuditFilter;
use runtime::store::people::invitations::{ChooserSecret, Purpose};
use runtime::store::people::persons::NewPerson;
use runtime::store::people::sessions::SessionSecret;
use runtime::store::submissions::history::{Actor, By};
use uuid::Uuid;

use crate::desk_browser::{client, form, hidden};
use crate::stage::{Stage, desk_of};

pub(crate) const WORDS: &str = "seven grey steel presses";

/// A desk, and an operator at its command line.
pub(crate) struct Console {
    pub(crate) stage: Stage,
    pub(crate) desk: Arc<Desk>,
    pub(crate) typing: Caller,
    pub(crate) visitor: Visitor,
}

/// A person who has accepted an invitation.
pub(crate) struct Staff {
    pub(crate) person: Person,
    secret: TotpSecret,
    codes: Vec<String>,
    pub(crate) signed_in: SignedIn,
    /// Steps of the second factor that were used, after the first.
    steps: i32,
}

pub(crate) fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().expect("it is refused").code.name()
}

impl Console {
    pub(crate) async fn new() -> Self {
        let stage = Stage::new().await;
        let desk = Arc::new(desk_of(&stage.app));
        let by = By::person(Actor::Operator, "operator on test");
        let typing = Caller { by, sees: Sees::All, roles: None, key: None };
        let agent = Some("Mozilla/5.0 (Windows NT 10.0) Edg/126");
        let visitor = Visitor::new(Some("0123456789abcdef".into()), agent, None);
        Self { stage, desk, typing, visitor }
    }

    pub(crate) async fn person(&self, login: &str, role: &str) -> Person {
        let (id, roles) = (PersonId(Uuid::now_v7()), [role.parse::<Held>().unwrap()].into());
        let new = NewPerson { id, name: "王芳".into(), login: Some(login.parse().unwrap()), roles };
        self.desk.store.add_person(&new, &self.typing.by).await.unwrap()
    }

    /// The secret of a new link.
    pub(crate) async fn link(&self, login: &str, purpose: Purpose) -> Result<String, Problem> {
        let wish = Invite { purpose, reason: None, dry_run: false };
        let invited = invitation::invite(&self.desk, &self.typing, login, wish).await?.value;
        Ok(invited.link.rsplit_once('/').unwrap().1.to_owned())
    }

    async fn accepted(&self, secret: &str) -> (TotpSecret, Accepted) {
        let chooser = invitation::choose(&self.desk, secret, WORDS).await.unwrap();
        let totp = self.chosen(secret, &chooser).await;
        let code = totp.code(self.now().await).unwrap();
        let accepted = invitation::confirm(&self.desk, &self.visitor, secret, Some(&chooser), &code).await.unwrap();
        (totp, accepted)
    }

    /// The secret that an app would read from the QR code.
    pub(crate) async fn chosen(&self, secret: &str, chooser: &ChooserSecret) -> TotpSecret {
        let invitation = invitation::look(&self.desk, secret).await.unwrap();
        let chosen = invitation.chosen_by(Some(chooser)).expect("a password was chosen");
        TotpSecret::open(self.desk.keys.as_ref().unwrap(), invitation.person.id, &chosen.totp).unwrap()
    }

    pub(crate) async fn staff(&self, login: &str) -> Staff {
        let person = self.person(login, "screener").await;
        let (secret, accepted) = self.accepted(&self.link(login, Purpose::Invite).await.unwrap()).await;
        let Accepted { recovery_codes: codes, signed_in } = accepted;
        Staff { person, secret, codes, signed_in, steps: 0 }
    }

    pub(crate) async fn now(&self) -> DateTime<Utc> {
        self.desk.store.time().await.unwrap()
    }

    /// The next unused code. The confirmation used the first one; the code after it is already valid.
    async fn code(&self, staff: &mut Staff) -> String {
        staff.steps += 1;
        if staff.steps > 1 {
            // As if time had passed.
            self.stage.execute("update sign_in_factors set totp_step = totp_step - 1".to_owned()).await;
        }
        staff.secret.code(self.now().await + TimeDelta::seconds(30)).unwrap()
    }

    async fn password(&self, login: &str, password: &str) -> Result<String, Problem> {
        self.password_from(&self.visitor, login, password).await
    }

    pub(crate) async fn password_from(
        &self,
        visitor: &Visitor,
        login: &str,
        password: &str,
    ) -> Result<String, Problem> {
        let wish = Password { login: login.into(), password: password.into() };
        sign_in::password(&self.desk, visitor, wish).await
    }

    /// The same visitor, in the browser with this device cookie.
    pub(crate) fn recognised(&self, device: &str) -> Visitor {
        let device = Device::read(&self.desk, device);
        Visitor { device: Some(device.expect("a device cookie")), ..self.visitor.clone() }
    }

    async fn second(&self, pending: &str, code: &str) -> Result<SignedIn, Problem> {
        let wish = SecondFactor { pending: pending.into(), code: code.into() };
        sign_in::code(&self.desk, &self.visitor, wish).await
    }

    pub(crate) async fn signs_in(&self, staff: &mut Staff) -> SignedIn {
        let login = staff.person.login.as_ref().unwrap().to_string();
        let pending = self.password(&login, WORDS).await.unwrap();
        let code = self.code(staff).await;
        self.second(&pending, &code).await.unwrap()
    }

    async fn is_valid(&self, cookie: &SessionSecret) -> bool {
        self.desk
            .store
            .session(cookie, runtime::store::people::sessions::Site::Console)
            .await
            .unwrap()
            .valid()
            .is_some()
    }

    async fn acts(&self) -> Vec<String> {
        let rows = self.desk.store.audit(&AuditFilter::default()).await.unwrap();
        rows.into_iter().map(|row| row.act).collect()
    }

    pub(crate) async fn time_passes(&self) {
        self.stage.execute("update sign_in_failures set wait_until = null".to_owned()).await;
    }
}

impl Staff {
    fn caller(&self, session: Uuid) -> Caller {
        let by = By::of(Actor::Screener, self.person.id, "王芳").with_credential(CredentialId(session));
        Caller { by, sees: Sees::All, roles: Some(self.person.roles.clone()), key: None }
    }
}

#[tokio::test]
async fn an_invited_person_signs_in_with_both_factors_and_each_step_is_in_the_audit_trail() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    assert_eq!(anna.codes.len(), 10);
    assert!(console.is_valid(&anna.signed_in.cookie).await);
    let session = console.signs_in(&mut anna).await;
    assert!(console.is_valid(&session.cookie).await && session.recovery_codes_left.is_none());
    let own = sessions::own(&console.desk, &anna.caller(session.session)).await.unwrap();
    assert_eq!((own.sessions.len(), own.recovery_codes, own.sessions[0].current), (2, 10, true));
    assert_eq!(own.sessions[0].agent.as_deref(), Some("Edge, Windows"));
    let acts = console.acts().await;
    let newest: Vec<&str> = acts.iter().map(String::as_str).collect();
    let expected =
        ["signed_in", "signed_in", "recovery_codes_made", "second_factor_set", "password_set", "person_invited"];
    assert_eq!(newest[..6], expected);
    let row = &console.desk.store.audit(&AuditFilter::default()).await.unwrap()[0];
    assert_eq!((row.person, row.credential), (Some(anna.person.id.0), Some(session.session)));
    assert_eq!(row.address.as_deref(), Some("0123456789abcdef"));
}

#[tokio::test]
async fn a_code_works_once_and_a_recovery_code_replaces_it_once() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    let pending = console.password("anna", WORDS).await.unwrap();
    let code = console.code(&mut anna).await;
    console.second(&pending, &code).await.unwrap();
    assert_eq!(code_of(console.second(&pending, &code).await), "code_wrong");
    assert_eq!(code_of(console.second(&pending, "000000").await), "code_wrong");
    let left = console.second(&pending, &anna.codes[3].to_uppercase()).await.unwrap().recovery_codes_left;
    assert_eq!(left, Some(9));
    assert_eq!(code_of(console.second(&pending, &anna.codes[3]).await), "code_wrong");
    let mut other = console.staff("other").await;
    let foreign = other.codes.remove(0);
    assert_eq!(code_of(console.second(&pending, &foreign).await), "code_wrong", "another person's code");
    for forged in ["", "a.b.c", &format!("{pending}x"), &pending[1..]] {
        assert_eq!(code_of(console.second(forged, &code).await), "sign_in_expired", "{forged}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_are_answered_and_slowed_down_alike() {
    // Without an address, because an address would be slowed down on its own.
    let console = Console { visitor: Visitor::default(), ..Console::new().await };
    let mut anna = console.staff("anna").await;
    for login in ["anna", "nobody", "Not A Login!"] {
        for n in 1..=5 {
            assert_eq!(code_of(console.password(login, "wrong wrong wrong").await), "sign_in_wrong", "{login} {n}");
        }
        let slow = console.password(login, WORDS).await.expect_err("slow");
        assert_eq!(slow.code.name(), "sign_in_slow", "{login}");
        assert!((1..=30).contains(&slow.retry_after_s()), "{login}: {}", slow.retry_after_s());
    }
    // After the wait, the right password is accepted, and so is the code straight away; then all failures are forgiven.
    console.time_passes().await;
    console.signs_in(&mut anna).await;
    for _ in 0..4 {
        assert_eq!(code_of(console.password("anna", "wrong wrong wrong").await), "sign_in_wrong");
    }
    console.signs_in(&mut anna).await;
}

#[tokio::test]
async fn a_person_who_knows_the_password_cannot_guess_codes_without_waiting() {
    let console = Console::new().await;
    console.staff("anna").await;
    let pending = console.password("anna", WORDS).await.unwrap();
    for _ in 0..5 {
        assert_eq!(code_of(console.second(&pending, "000000").await), "code_wrong");
    }
    assert_eq!(code_of(console.second(&pending, "000000").await), "sign_in_slow");
    assert_eq!(code_of(console.password("anna", WORDS).await), "sign_in_slow");
}

#[tokio::test]
async fn a_stolen_cookie_ends_with_sign_out_password_change_reset_and_the_persons_end() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    let (one, two) = (console.signs_in(&mut anna).await, console.signs_in(&mut anna).await);
    session::sign_out(&console.desk, &anna.caller(one.session)).await.unwrap();
    assert!(!console.is_valid(&one.cookie).await && console.is_valid(&two.cookie).await);

    let caller = anna.caller(two.session);
    let change = async |current: &str, new: &str| {
        let wish = ChangePassword { current: current.into(), new: new.into() };
        session::change_password(&console.desk, &caller, &console.visitor, wish).await
    };
    assert_eq!(code_of(change("wrong wrong wrong", "eight blue steel presses").await), "password_wrong");
    assert_eq!(code_of(change(WORDS, "short").await), "password_unfit");
    let changed = change(WORDS, "eight blue steel presses").await.unwrap();
    assert!(!console.is_valid(&two.cookie).await && !console.is_valid(&anna.signed_in.cookie).await);
    assert!(console.is_valid(&changed.cookie).await);
    assert_eq!(code_of(console.password("anna", WORDS).await), "sign_in_wrong");

    let (_, accepted) = console.accepted(&console.link("anna", Purpose::Reset).await.unwrap()).await;
    assert!(!console.is_valid(&changed.cookie).await && console.is_valid(&accepted.signed_in.cookie).await);
    console.desk.store.end_person(anna.person.id, &console.typing.by).await.unwrap();
    assert!(!console.is_valid(&accepted.signed_in.cookie).await);
    assert_eq!(code_of(console.password("anna", WORDS).await), "sign_in_wrong");
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_completes_no_sign_in() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    let pending = console.password("anna", WORDS).await.unwrap();
    let caller = anna.caller(anna.signed_in.session);
    let wish = ChangePassword { current: WORDS.into(), new: "eight blue steel presses".into() };
    session::change_password(&console.desk, &caller, &console.visitor, wish).await.unwrap();
    let code = console.code(&mut anna).await;
    assert_eq!(code_of(console.second(&pending, &code).await), "sign_in_expired");
}

#[tokio::test]
async fn sessions_are_ended_by_their_person_and_by_an_admin_of_that_person() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    let other = console.staff("other").await;
    let two = console.signs_in(&mut anna).await;
    let caller = anna.caller(two.session);
    let foreign = session::end(&console.desk, &caller, Some(other.signed_in.session)).await;
    assert_eq!(code_of(foreign), "session_unknown");
    session::end(&console.desk, &caller, Some(anna.signed_in.session)).await.unwrap();
    assert!(!console.is_valid(&anna.signed_in.cookie).await && console.is_valid(&two.cookie).await);
    // An admin of one contest does not manage a person who holds a role in all of them.
    let admin = Caller { roles: Some(["admin@demo".parse().unwrap()].into()), ..console.typing.clone() };
    let beyond = session::end_of(&console.desk, &admin, "anna", EndSessions::default()).await;
    assert_eq!(code_of(beyond), "role_beyond");
    let ended = session::end_of(&console.desk, &console.typing, "anna", EndSessions::default()).await.unwrap().value;
    assert_eq!(ended.sessions, [two.session]);
    assert!(!console.is_valid(&two.cookie).await && console.is_valid(&other.signed_in.cookie).await);
    assert_eq!(console.acts().await[0], "session_ended");
}

#[tokio::test]
async fn new_recovery_codes_replace_the_old_ones_and_cost_a_code() {
    let console = Console::new().await;
    let mut anna = console.staff("anna").await;
    let caller = anna.caller(anna.signed_in.session);
    let make = async |code: &str| session::new_recovery_codes(&console.desk, &caller, &console.visitor, code).await;
    assert_eq!(code_of(make("000000").await), "code_wrong");
    let code = console.code(&mut anna).await;
    let codes = make(&code).await.unwrap();
    assert_eq!((codes.len(), code_of(make(&code).await)), (10, "code_wrong"));
    let pending = console.password("anna", WORDS).await.unwrap();
    assert_eq!(code_of(console.second(&pending, &anna.codes[0]).await), "code_wrong");
    console.second(&pending, &codes[0]).await.unwrap();
}

#[tokio::test]
async fn a_link_is_made_by_an_admin_of_the_person_and_refused_where_it_makes_no_sense() {
    let console = Console::new().await;
    console.staff("anna").await;
    console.person("small", "screener@small").await;
    let invite = async |caller: &Caller, login: &str, purpose| {
        let wish = Invite { purpose, reason: None, dry_run: false };
        invitation::invite(&console.desk, caller, login, wish).await
    };
    assert_eq!(code_of(invite(&console.typing, "anna", Purpose::Invite).await), "already_signed_up");
    assert_eq!(code_of(invite(&console.typing, "nobody", Purpose::Invite).await), "person_unknown");
    let admin = Caller { roles: Some(["admin@small".parse().unwrap()].into()), ..console.typing.clone() };
    assert_eq!(code_of(invite(&admin, "anna", Purpose::Reset).await), "role_beyond");
    let link = invite(&admin, "small", Purpose::Invite).await.unwrap().value.link;
    let secret = link.rsplit_once('/').unwrap().1;
    for (password, code) in [("short", "password_unfit"), ("passwordpassword", "password_unfit")] {
        assert_eq!(code_of(invitation::choose(&console.desk, secret, password).await), code);
    }
    let early = invitation::confirm(&console.desk, &console.visitor, secret, None, "000000").await;
    assert_eq!(code_of(early), "sign_in_expired");
    let rehearsed = Invite { purpose: Purpose::Reset, reason: None, dry_run: true };
    let rehearsed = invitation::invite(&console.desk, &console.typing, "small", rehearsed).await.unwrap().value;
    assert_eq!(rehearsed.link, "");
    console.accepted(secret).await;
    assert_eq!(code_of(invitation::look(&console.desk, secret).await), "invitation_unknown");
}

/// A browser that keeps the desk's cookies and follows no redirect.
pub(crate) struct Browser {
    client: Client,
    url: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(console: &Console) -> Self {
        Self { client: client(), url: console.stage.desk_url.clone(), cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.with(self.client.get(format!("{}{path}", self.url)))
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.url)).body(form(fields));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.with(request.header("sec-fetch-site", "same-origin"))
    }

    fn with(&self, request: RequestBuilder) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) }
    }

    /// Status, redirect target, and text.
    pub(crate) async fn sent(&mut self, request: RequestBuilder) -> (u16, Option<String>, String) {
        let answer = request.header("accept-language", "en").send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            self.keep(set.to_str().unwrap());
        }
        let to = answer.headers().get(LOCATION).map(|it| it.to_str().unwrap().to_owned());
        let slow = answer.headers().contains_key(RETRY_AFTER);
        let status = answer.status().as_u16();
        assert_eq!(slow, status == 429);
        (status, to, answer.text().await.unwrap())
    }

    fn keep(&mut self, set: &str) {
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
        assert!(!set.contains("Domain"), "{set}");
        let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
        // Only the device cookie survives a restart of the browser.
        assert_eq!(set.contains("Max-Age") && !set.contains("Max-Age=0"), name == "rm-device", "{set}");
        assert!(["rm", "rm-device", "rm-invitation"].contains(&name), "{set}");
        match value {
            "" => self.cookies.remove(name),
            _ => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
    }

    /// The secret that it holds for its choice under an invitation.
    pub(crate) fn chooser(&self) -> ChooserSecret {
        ChooserSecret::parse(&self.cookies["rm-invitation"]).unwrap()
    }
}

#[tokio::test]
async fn the_pages_lead_from_the_link_to_the_home_page_and_out_again_without_a_script() {
    let console = Console::new().await;
    console.person("anna", "screener").await;
    let secret = console.link("anna", Purpose::Invite).await.unwrap();
    let mut browser = Browser::new(&console);
    let (link, confirm) = (format!("/invitation/{secret}"), format!("/invitation/{secret}/code"));

    for _ in 0..2 {
        let (status, _, page) = browser.sent(browser.get(&link)).await;
        assert!(status == 200 && page.contains("autocomplete=\"new-password\""), "{status} {page}");
    }
    assert_eq!(
        browser.sent(browser.get(&confirm)).await.1.as_deref(),
        Some(link.as_str()),
        "no password was chosen yet"
    );
    let (status, _, page) = browser.sent(browser.post(&link, &[("password", WORDS), ("again", "other")])).await;
    assert!(status == 422 && page.contains("not the same"), "{status} {page}");
    let (status, to, _) = browser.sent(browser.post(&link, &[("password", WORDS), ("again", WORDS)])).await;
    assert_eq!((status, to.as_deref()), (303, Some(confirm.as_str())));
    let totp = console.chosen(&secret, &browser.chooser()).await;
    let (_, _, page) = browser.sent(browser.get(&confirm)).await;
    assert!(page.contains("<svg") && page.contains(&totp.text().unwrap()), "{page}");
    assert_eq!(browser.sent(browser.post(&confirm, &[("code", "000000")])).await.0, 403);
    let code = totp.code(console.now().await).unwrap();
    let (status, _, page) = browser.sent(browser.post(&confirm, &[("code", &code)])).await;
    assert!(status == 200 && page.matches("<li><code>").count() == 10, "{status} {page}");
    assert_eq!(browser.sent(browser.get("/me")).await.0, 200);
    assert_eq!(browser.sent(browser.get(&link)).await.0, 404);

    assert!(!browser.cookies.contains_key("rm-invitation") && browser.cookies.contains_key("rm-device"));
    let cookies = browser.cookies.clone();
    let (status, to, _) = browser.sent(browser.post("/sign-out", &[])).await;
    assert_eq!((status, to.as_deref()), (303, Some("/sign-in")));
    browser.cookies = cookies;
    let (status, to, _) = browser.sent(browser.get("/me")).await;
    assert_eq!((status, to.as_deref()), (303, Some("/sign-in?next=%2Fme")), "the cookie opens nothing any more");

    browser.cookies.clear();
    let wrong = [("login", "anna"), ("password", "wrong wrong wrong"), ("next", "/me")];
    let (status, _, page) = browser.sent(browser.post("/sign-in", &wrong)).await;
    assert!(status == 403 && page.contains("value=\"anna\"") && !page.contains("wrong wrong wrong"), "{status} {page}");
    let right = [("login", " Anna"), ("password", WORDS), ("next", "/me")];
    let (status, _, page) = browser.sent(browser.post("/sign-in", &right)).await;
    assert!(status == 200 && page.contains("autocomplete=\"one-time-code\""), "{status} {page}");
    let pending = hidden(&page, "pending");
    let code = totp.code(console.now().await + TimeDelta::seconds(30)).unwrap();
    let form = [("pending", pending.as_str()), ("code", &code), ("next", "/me")];
    let (status, to, _) = browser.sent(browser.post("/sign-in/code", &form)).await;
    assert_eq!((status, to.as_deref()), (303, Some("/me")));
    assert_eq!(browser.sent(browser.get("/me")).await.0, 200);
    // Failures elsewhere do not delay the recognised browser.
    let mut elsewhere = Browser::new(&console);
    for _ in 0..5 {
        elsewhere.sent(elsewhere.post("/sign-in", &wrong)).await;
    }
    let (status, _, page) = elsewhere.sent(elsewhere.post("/sign-in", &right)).await;
    assert!(status == 429 && page.contains("In a browser in which you have signed in before"), "{status} {page}");
    browser.cookies.remove("rm");
    let (status, _, page) = browser.sent(browser.post("/sign-in", &right)).await;
    assert!(status == 200 && page.contains("autocomplete=\"one-time-code\""), "{status} {page}");
}
