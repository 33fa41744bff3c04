//! `/find`: an entry by the number of its receipt; and a lost link, which is sent to the mail address of the form. The
//! answer is the same whether number and address match or not.
use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::serve::see;
use pipeline::receipt::{Receipt, ReceiptError};
use runtime::problem::{Code, Problem};
use runtime::serving::client::{Peer, bucket_of, client_of};
use serde::Deserialize;

use super::opened::path;
use super::shell::Shell;
use super::typed::Typed;
use super::{shown, shown_with};
use crate::act::link;
use crate::app::App;

/// Links that one address may request at once, and then per minute. A department with one address requests a few.
const ASKED_PER_MINUTE: u32 = 10;

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    shell: Shell,
    /// Whether links are sent by mail here.
    mails: bool,
    number: String,
    address: String,
    wrong_number: Option<&'static str>,
    wrong_address: Option<&'static str>,
    /// Whether a mail was requested.
    asked: bool,
}

/// The query: a number is not personal data.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    number: Option<String>,
}

/// GET. With a valid number, redirects to the entry's page.
pub(crate) async fn find(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<Response, Problem> {
    let Some(number) = asked.number else { return shown(&FindPage::of(&app, shell, String::new())) };
    match number.parse::<Receipt>() {
        Ok(receipt) => Ok(see(path(&receipt))),
        Err(error) => {
            let wrong = Some(words(&shell, error));
            shown_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                &FindPage { wrong_number: wrong, ..FindPage::of(&app, shell, number) },
            )
        }
    }
}

/// POST: requests a link.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    shell: Shell,
    Typed(form): Typed,
) -> Result<Response, Problem> {
    if app.mailer.is_none() {
        return Err(Code::RouteUnknown.into());
    }
    let field = |name: &str| form.get(name).map_or("", |text| text.trim()).to_owned();
    let (number, address) = (field("number"), field("address"));
    let read = number.parse::<Receipt>();
    let wrong_number = read.as_ref().err().map(|error| words(&shell, *error));
    // Only the mail server knows more.
    let whole = address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let wrong_address = (!whole).then(|| {
        shell
            .say
            .t("请填写完整的邮箱地址，例如 name@example.cn。", "Please give a whole address, such as name@example.cn.")
    });
    let page = FindPage { wrong_number, wrong_address, address: address.clone(), ..FindPage::of(&app, shell, number) };
    let (Ok(receipt), true) = (read, whole) else { return shown_with(StatusCode::UNPROCESSABLE_ENTITY, &page) };
    if let Some(Extension(Peer(peer))) = peer {
        let client = client_of(peer, &headers, app.settings.forwarded_hops);
        if !app.links.allows(bucket_of(client), ASKED_PER_MINUTE, Instant::now()) {
            return Err(Code::TooManyEntries.into());
        }
    }
    link::ask(&app, receipt, address, page.shell.say.lang);
    shown(&FindPage { asked: true, ..page })
}

impl FindPage {
    fn of(app: &App, shell: Shell, number: String) -> Self {
        let (wrong_number, wrong_address) = (None, None);
        Self {
            shell,
            mails: app.mailer.is_some(),
            number,
            address: String::new(),
            wrong_number,
            wrong_address,
            asked: false,
        }
    }
}

fn words(shell: &Shell, error: ReceiptError) -> &'static str {
    match error {
        ReceiptError::Malformed => shell.say.t(
            "编号由字母和 12 位数字组成，例如 GQ24-4829-1735-0617。",
            "A number is letters and twelve digits, such as GQ24-4829-1735-0617.",
        ),
        ReceiptError::Mistyped => {
            shell.say.t("编号有误，请逐位核对。", "A digit of the number is wrong; please compare it digit by digit.")
        }
    }
}
