//! Settings of the mail server.
use clap::Args;

/// The mail server, and the sender of mail.
#[derive(Args, Clone)]
pub struct MailConfig {
    /// Mail server that sends entrants a new link to their entry: `smtps://user:password@host`, or `smtp://host?tls=required`; without TLS
    /// under the same condition as PostgreSQL. Needs MAIL_FROM and PUBLIC_URL. No mail is sent without it.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// Sender of that mail, such as `noreply@example.org`.
    #[arg(long, env = "MAIL_FROM")]
    pub mail_from: Option<String>,
}
