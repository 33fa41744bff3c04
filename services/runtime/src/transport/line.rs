//! The one decision, for each kind of server.
use anyhow::Context;
use axum::http::Uri;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::host::{is_this_machine, read};
use super::refused::{PlaintextRefused, Server};
use super::trusted::Trusted;

/// Why a connection is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It does not leave this machine.
    Local,
    /// It is not encrypted, and `ALLOW_PLAINTEXT` names the server.
    Allowed,
    /// It is encrypted; the identity of the server is not proven.
    Encrypted,
    /// It is encrypted, and the server proves its name with a certificate.
    Verified,
}

/// What an address requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    No,
    Unverified,
    Verified,
}

/// The one decision. `host` is `None` for a Unix socket.
fn decide(server: Server, host: Option<&str>, tls: Tls, allowed: &[Trusted]) -> Result<Line, PlaintextRefused> {
    let Some(host) = host else { return Ok(Line::Local) };
    match tls {
        Tls::Verified => return Ok(Line::Verified),
        Tls::Unverified => return Ok(Line::Encrypted),
        Tls::No => {}
    }
    if is_this_machine(host) {
        return Ok(Line::Local);
    }
    let (name, address) = read(host);
    if allowed.iter().any(|it| it.names(&name, address)) {
        Ok(Line::Allowed)
    } else {
        Err(PlaintextRefused { server, host: host.to_owned() })
    }
}

/// Judges the final connection options, including those from `PGHOST`, `PGSSLMODE` and the like.
pub(crate) fn to_database(options: &PgConnectOptions, allowed: &[Trusted]) -> Result<Line, PlaintextRefused> {
    let tls = match options.get_ssl_mode() {
        // `prefer` continues without TLS if the server, or an attacker in between, reports that there is none.
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => Tls::No,
        // `verify-ca` accepts any name that the authority signed.
        PgSslMode::Require | PgSslMode::VerifyCa => Tls::Unverified,
        PgSslMode::VerifyFull => Tls::Verified,
    };
    let host = options.get_host();
    let socket = options.get_socket().is_some() || host.starts_with('/');
    decide(Server::Postgres, (!socket).then_some(host), tls, allowed)
}

/// Like [`to_database`], for the broker, whose address `broker` parses.
pub(crate) fn to_broker(host: &str, tls: bool, allowed: &[Trusted]) -> Result<Line, PlaintextRefused> {
    decide(Server::RabbitMq, Some(host), if tls { Tls::Verified } else { Tls::No }, allowed)
}

/// Why the connection to the database at this address is allowed.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`].
pub fn database_line(database_url: &str, allowed: &[Trusted]) -> anyhow::Result<Line> {
    let options: PgConnectOptions = database_url.parse().context("read DATABASE_URL")?;
    Ok(to_database(&options, allowed)?)
}

/// Why the connection to the object store is allowed. Without an address of its own it is Amazon's, which has TLS.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`], which is only reported and does not prevent the connection.
pub fn objects_line(endpoint: Option<&str>, allowed: &[Trusted]) -> anyhow::Result<Line> {
    let Some(endpoint) = endpoint else { return Ok(Line::Verified) };
    let uri: Uri = endpoint.parse().context("read S3_ENDPOINT")?;
    let host = uri.host().context("S3_ENDPOINT names no host")?;
    let tls = if uri.scheme_str() == Some("https") { Tls::Verified } else { Tls::No };
    Ok(decide(Server::S3, Some(host), tls, allowed)?)
}

/// Why the connection to the mail server of `SMTP_URL` is allowed. `tls=opportunistic` continues without TLS if an
/// attacker on the connection removes the offer of it.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`].
pub fn smtp_line(smtp_url: &str, allowed: &[Trusted]) -> anyhow::Result<Line> {
    // The error would repeat the password.
    let url = smtp_url.parse::<Url>().ok().context("SMTP_URL is no address of a mail server")?;
    anyhow::ensure!(url.has_host(), "SMTP_URL names no host");
    Ok(to_smtp(&url, allowed)?)
}

fn to_smtp(url: &Url, allowed: &[Trusted]) -> Result<Line, PlaintextRefused> {
    let required = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    let tls = if url.scheme() == "smtps" || required { Tls::Verified } else { Tls::No };
    decide(Server::Smtp, url.host_str(), tls, allowed)
}

#[cfg(test)]
mod tests;
