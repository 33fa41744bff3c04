//! Sends the requested links. The rows are authoritative: if a process dies while it sends, another one continues, and
//! a mail is tried a limited number of times.
use std::sync::Arc;
use std::time::Duration;

use pipeline::lang::Lang;
use runtime::mail::{MailError, Mailer};
use runtime::store::outgoing::link_mails::DueLink;
use tracing::{info, warn};

use crate::act::link;
use crate::app::App;
use crate::receipt;
use crate::site;
use crate::token::Token;

/// Interval of polling for mails that another replica was asked for, or that have to be tried again.
const EVERY: Duration = Duration::from_secs(15);

/// Sends until the process stops.
pub(crate) async fn send_links(app: Arc<App>, mailer: Mailer) {
    loop {
        tokio::select! {
            () = app.mail_waits.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = app.stop.cancelled() => return,
        }
        if let Err(error) = send_due(&app, &mailer).await {
            warn!("mails have to wait: {error:#}");
        }
    }
}

async fn send_due(app: &App, mailer: &Mailer) -> anyhow::Result<()> {
    app.store.forget_links().await?;
    while let Some(due) = app.store.due_link().await? {
        let sent = send(app, mailer, &due).await?;
        app.store.metrics().mails.with_label_values(&[outcome(&sent)]).inc();
        match sent {
            Ok(()) => info!(submission.id = %due.submission, "a new link of {} was sent by mail", due.submission),
            Err(error @ MailError::Later(_)) => {
                warn!(submission.id = %due.submission, "{error}; it is tried again");
                continue;
            }
            Err(error @ MailError::Refused(_)) => warn!(submission.id = %due.submission, "{error}"),
        }
        app.store.link_is_done(due.id).await?;
    }
    Ok(())
}

/// What followed an attempt, as the metric calls it.
fn outcome(sent: &Result<(), MailError>) -> &'static str {
    match sent {
        Ok(()) => "sent",
        Err(MailError::Later(_)) => "failed",
        Err(MailError::Refused(_)) => "refused",
    }
}

/// Sends one. An entry whose entrant's data is deleted has no address: it counts as refused.
async fn send(app: &App, mailer: &Mailer, due: &DueLink) -> anyhow::Result<Result<(), MailError>> {
    let no_address = Ok(Err(MailError::Refused(None)));
    let Some(entry) = app.store.submission(due.submission).await? else { return no_address };
    let Some(address) = link::address_of(app, &entry).await? else { return no_address };
    let text = String::from_utf8(app.keys.open_for(&link::place(&entry), &due.token)?)?;
    let Some(token) = Token::read(&text) else { return no_address };
    let receipt = receipt::of(app, &entry).await?;
    let link = site::link(&app.settings.public_url, &receipt, &token);
    let lang = if due.lang == Lang::En.tag() { Lang::En } else { Lang::Zh };
    let (subject, text) = words(lang, receipt.as_str(), &link);
    Ok(mailer.send(&address, &subject, text).await)
}

/// Subject and text: number and link, and no personal data.
fn words(lang: Lang, receipt: &str, link: &str) -> (String, String) {
    match lang {
        Lang::Zh => (
            format!("参选作品 {receipt} 的查询链接"),
            format!(
                "您好：\n\n这是回执编号 {receipt} 的新查询链接，24 小时内打开有效。打开后，原链接停用。\n\n{link}\n\n\
                 如非本人操作，请忽略本邮件，原链接不受影响。请勿转发。\n"
            ),
        ),
        Lang::En => (
            format!("Your link to entry {receipt}"),
            format!(
                "This is a new link to the entry with the receipt number {receipt}. Open it within 24 hours; the old link stops then.\n\n\
                 {link}\n\nIf you did not ask for it, ignore this mail, and the old link goes on to work. Do not pass it on.\n"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_holds_number_and_link_in_either_language() {
        for lang in [Lang::Zh, Lang::En] {
            let (subject, text) = words(lang, "GQ24-0000-0000-0000", "https://example.cn/entries/x#k");
            assert!(subject.contains("GQ24-0000-0000-0000") && text.contains("\nhttps://example.cn/entries/x#k\n"));
        }
    }
}
