//! Sends mail through the one SMTP server that the operator configures. Every wait has a deadline. An address appears
//! only in the mail, never in a log line or an error.
use std::time::Duration;

use anyhow::Context;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::MailConfig;
use crate::transport::{Trusted, smtp_line};

/// The longest wait for one answer of the server.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The longest time for sending one mail.
const SENT_WITHIN: Duration = Duration::from_secs(40);

/// Sends mail. Clones share the connection's settings.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not sent. The server's words may repeat the address, so they are not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The server refused it permanently, or the address is invalid: the same mail will never be accepted.
    #[error("the mail is refused for good{}", status(.0))]
    Refused(Option<u16>),
    /// The server was not reached in time or asked for a later attempt.
    #[error("the mail server did not take the mail{}", status(.0))]
    Later(Option<u16>),
}

fn status(code: &Option<u16>) -> String {
    code.map_or(String::new(), |code| format!(" ({code})"))
}

impl Mailer {
    /// Configured by `SMTP_URL` and `MAIL_FROM`; `None` if no server is named. `public_url` is `PUBLIC_URL`; the servers in
    /// `allowed` may be reached without TLS.
    ///
    /// # Errors
    /// An unreadable address, a server that would be reached without TLS, or links without `PUBLIC_URL`.
    pub fn of(config: &MailConfig, public_url: Option<&str>, allowed: &[Trusted]) -> anyhow::Result<Option<Self>> {
        let Some(url) = config.smtp_url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
        smtp_line(url, allowed)?;
        let from = config.mail_from.as_deref().context("SMTP_URL needs MAIL_FROM, the sender of the mail")?;
        let from = from.parse().context("MAIL_FROM is no mail address")?;
        anyhow::ensure!(
            public_url.is_some_and(|url| !url.is_empty()),
            "SMTP_URL needs PUBLIC_URL: a mail holds a whole link"
        );
        // The error would repeat the password.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| anyhow::anyhow!("SMTP_URL is no address of a mail server"))?;
        Ok(Some(Self { transport: transport.timeout(Some(ANSWER_WITHIN)).build(), from }))
    }

    /// Connects to the server and signs in.
    ///
    /// # Errors
    /// [`MailError::Refused`] where the server does not accept the name and password; [`MailError::Later`] where it is not reached.
    pub async fn answers(&self) -> Result<(), MailError> {
        match tokio::time::timeout(ANSWER_WITHIN, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(MailError::from(&error)),
            Ok(Ok(false)) | Err(_) => Err(MailError::Later(None)),
        }
    }

    /// Sends a plain text.
    ///
    /// # Errors
    /// [`MailError`], which states whether it may be tried again.
    pub async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), MailError> {
        let to: Mailbox = to.trim().parse().map_err(|_| MailError::Refused(None))?;
        let mail = Message::builder().from(self.from.clone()).to(to).subject(subject).header(ContentType::TEXT_PLAIN);
        let mail = mail.body(text).map_err(|_| MailError::Refused(None))?;
        match tokio::time::timeout(SENT_WITHIN, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(MailError::from(&error)),
            Err(_) => Err(MailError::Later(None)),
        }
    }
}

impl From<&SmtpError> for MailError {
    fn from(error: &SmtpError) -> Self {
        let code = error.status().map(u16::from);
        if error.is_permanent() { Self::Refused(code) } else { Self::Later(code) }
    }
}
