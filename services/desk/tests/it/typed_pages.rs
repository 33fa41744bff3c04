//! Control characters in everything that staff type into pages: each placeholder in each address, queries, fields of
//! forms with and without a picture. No answer may be a 5xx.
use std::collections::BTreeSet;

use pipeline::id::PersonId;
use pipeline::person::Held;
use reqwest::{Method, RequestBuilder, Url};
use runtime::store::people::tokens::Role;

use crate::desk_pages::{Walk, code_of, ends_it, name, pages, with_session};

/// Forms that read no field: their contents are ignored.
const WITHOUT_FIELDS: [&str; 0] = [];

/// A person with every role, who signs in again after a form that ends the session.
struct Typist {
    walk: Walk,
    person: PersonId,
    session: String,
}

impl Typist {
    async fn new() -> Self {
        let walk = Walk::new().await;
        let everything: Vec<Held> = Role::STAFF.into_iter().map(Held::everywhere).collect();
        let person = walk.stage.member(&everything).await;
        let session = walk.stage.session(person).await;
        Self { walk, person, session }
    }

    /// Status and code of the answer.
    async fn sends(&mut self, page: &desk::Listed, request: RequestBuilder) -> (u16, Option<String>) {
        let answer = with_session(request, &self.session).send().await.unwrap();
        let status = answer.status().as_u16();
        let code = code_of(answer).await;
        if ends_it(page) {
            self.session = self.walk.stage.session(self.person).await;
        }
        (status, code)
    }
}

#[tokio::test]
async fn whatever_stands_in_the_address_of_a_page_is_never_a_failure_of_ours() {
    let mut typist = Typist::new().await;
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for page in pages() {
        let names = page.path.split('/').enumerate().filter(|(_, part)| part.starts_with('{'));
        for (at, _) in names {
            for hostile in ["%00", "a%00b", "%FF", "..%2F..%2Fx", "%1B", "%E2%80%AE", &"x".repeat(3000)] {
                let path = typist.walk.path(&page);
                let mut parts: Vec<_> = path.split('/').collect();
                parts[at] = hostile;
                let request = typist.walk.asks_at(&page, &parts.join("/"));
                let (status, code) = typist.sends(&page, request).await;
                tried += 1;
                if status >= 500 {
                    wrong.push(format!(
                        "{} with {}: {status} {code:?}",
                        name(&page),
                        &hostile[..hostile.len().min(20)]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 300, "{tried} names");
}

#[tokio::test]
async fn a_control_character_in_the_query_of_a_page_is_never_a_failure_of_ours() {
    let mut typist = Typist::new().await;
    let mut wrong = Vec::new();
    // Parameters that lists know, and one that none of them knows.
    let names = ["text", "contest", "state", "unit", "partner", "cursor", "code", "next", "work", "a%00b"];
    for page in pages().into_iter().filter(|page| page.method == Method::GET) {
        for parameter in names {
            for hostile in ["%00", "a%0Ab", "%1B[2J", "%E2%80%AE", "%FF%FE"] {
                let path = format!("{}?{parameter}={hostile}", typist.walk.path(&page));
                let request = typist.walk.asks_at(&page, &path);
                let (status, code) = typist.sends(&page, request).await;
                if status >= 500 {
                    wrong.push(format!("{} with {parameter}={hostile}: {status} {code:?}", name(&page)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A form with a picture, which has one field.
fn with_a_picture(field: &str, value: &str) -> String {
    format!("--x\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n--x--\r\n")
}

#[tokio::test]
async fn a_control_character_in_any_form_is_named_and_never_a_failure_of_ours() {
    let mut typist = Typist::new().await;
    let (mut wrong, mut unread) = (Vec::new(), BTreeSet::new());
    for page in pages().into_iter().filter(|page| page.method == Method::POST) {
        // Checked before the form is read, so any field represents all.
        for (field, value) in [("reason", "a\0b"), ("reason", "\u{1b}[2J"), ("reason", "\u{202e}x"), ("a\0b", "x")] {
            let typed = Url::parse_with_params("http://a/", [(field, value)]).unwrap().query().unwrap().to_owned();
            let request = typist.walk.asks_at(&page, &typist.walk.path(&page)).body(typed);
            let (status, code) = typist.sends(&page, request).await;
            let filed = typist.walk.asks_at(&page, &typist.walk.path(&page)).body(with_a_picture(field, value));
            let mut filed = filed.build().unwrap();
            filed.headers_mut().insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
            let filed = RequestBuilder::from_parts(typist.walk.stage.client.clone(), filed);
            let (filed_status, filed_code) = typist.sends(&page, filed).await;
            if status >= 500 || filed_status >= 500 {
                wrong.push(format!("{} with {field}: {status} {code:?}, {filed_status} {filed_code:?}", name(&page)));
            }
            if ![code, filed_code].contains(&Some("text_unfit".into())) {
                unread.insert(name(&page));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unread, BTreeSet::from(WITHOUT_FIELDS.map(str::to_owned)), "only these look at no field");
}
