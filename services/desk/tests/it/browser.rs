//! People of staff with a session, and their browser: it runs no script, follows no redirect, and sends forms as
//! browsers do.
use pipeline::id::PersonId;
use pipeline::lang::Lang;
use pipeline::person::Held;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use runtime::store::people::persons::NewPerson;
use runtime::store::people::sessions::SessionSecret;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::history::{Actor, By};
use uuid::Uuid;

use crate::stage::Stage;

/// The name of every person here.
pub(crate) const NAME: &str = "页面测试员";

impl Stage {
    /// A person with these roles and no login.
    pub(crate) async fn member(&self, roles: &[Held]) -> PersonId {
        let (id, roles) = (PersonId(Uuid::now_v7()), roles.iter().cloned().collect());
        let person = NewPerson { id, name: NAME.into(), login: None, roles };
        self.app.store.add_person(&person, &By::person(Actor::Operator, "test")).await.unwrap();
        id
    }

    /// A new session of this person: the value of its cookie.
    pub(crate) async fn session(&self, person: PersonId) -> String {
        let secret = SessionSecret::new().unwrap();
        let (id, digest) = (Uuid::now_v7(), hex::encode(secret.digest()));
        let row = format!("'{id}', '\\x{digest}', '{}', 'totp'", person.0);
        self.execute(format!("insert into sessions (id, secret_sha256, person, factors) values ({row})")).await;
        secret.text()
    }
}

/// A client that follows no redirect.
pub(crate) fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// The body of a form, as browsers write it.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// The browser of a person with a session.
pub(crate) struct Browser {
    client: Client,
    desk_url: String,
    cookies: String,
    lang: Lang,
    pub(crate) person: PersonId,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    /// The target of the redirect; empty for a page.
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Browser {
    /// The browser of a new person with these roles, who reads pages in `lang`.
    pub(crate) async fn of(stage: &Stage, lang: Lang, roles: &[Held]) -> Self {
        let person = stage.member(roles).await;
        let cookies = format!("rm={}; lang={lang}", stage.session(person).await);
        Self { client: client(), desk_url: stage.desk_url.clone(), cookies, lang, person }
    }

    /// The browser of a new person with this role in this contest, who reads Chinese.
    pub(crate) async fn within(stage: &Stage, role: Role, contest: &str) -> Self {
        Self::of(stage, Lang::Zh, &[Held::within(role, contest)]).await
    }

    /// The browser of a new person with this role in all contests, who reads English.
    pub(crate) async fn everywhere(stage: &Stage, role: Role) -> Self {
        Self::of(stage, Lang::En, &[Held::everywhere(role)]).await
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.ours(self.client.get(format!("{}{path}", self.desk_url)))
    }

    fn ours(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("cookie", &self.cookies).header("accept-language", self.lang.tag())
    }

    fn post(&self, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.ours(self.client.post(format!("{}{path}", self.desk_url)));
        request.header("sec-fetch-site", "same-origin").header("content-type", media_type).body(body)
    }

    pub(crate) async fn open(&self, path: &str) -> Shown {
        Shown::of(self.get(path)).await
    }

    /// The text of a page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let Shown { status, text, .. } = self.open(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        text.replace("&#38;", "&").replace("&amp;", "&")
    }

    /// Sends a form.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.send_body(path, &form(fields)).await
    }

    /// Sends a form whose body is already written.
    pub(crate) async fn send_body(&self, path: &str, body: &str) -> Shown {
        Shown::of(self.post(path, "application/x-www-form-urlencoded", body.to_owned())).await
    }

    /// Sends a form with a field for a picture.
    pub(crate) async fn send_picture(&self, path: &str, fields: &[(&str, &str)], picture: Option<&[u8]>) -> Shown {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.into_bytes());
        }
        body.extend(b"--cut\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"seen.png\"\r\n");
        body.extend(b"Content-Type: image/png\r\n\r\n");
        body.extend(picture.unwrap_or_default());
        body.extend(b"\r\n--cut--\r\n");
        Shown::of(self.post(path, "multipart/form-data; boundary=cut", body)).await
    }
}

impl Shown {
    async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let to = answer.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        Self { status: answer.status().as_u16(), to, text: answer.text().await.unwrap() }
    }

    /// The target of the answer, which must be 303.
    pub(crate) fn leads_to(self) -> String {
        assert_eq!(self.status, 303, "{}", self.text);
        self.to
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        hidden(&self.text, name)
    }
}
