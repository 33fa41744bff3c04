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
mod tests {
    use super::*;

    fn allowed(names: &[&str]) -> Vec<Trusted> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn postgres(url: &str, names: &[&str]) -> Result<Line, PlaintextRefused> {
        to_database(&url.parse().unwrap(), &allowed(names))
    }

    fn rabbitmq(url: &str, names: &[&str]) -> Result<Line, PlaintextRefused> {
        let (scheme, host) = url.split_once("://").unwrap();
        to_broker(host, scheme == "amqps", &allowed(names))
    }

    fn refused<T>(server: Server, host: &str) -> Result<T, PlaintextRefused> {
        Err(PlaintextRefused { server, host: host.to_owned() })
    }

    #[test]
    fn what_stays_on_this_machine_needs_no_tls() {
        for url in [
            "postgres://u@localhost/d",
            "postgres://u@LOCALHOST./d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@127.9.9.9/d",
            "postgres://u@[::1]/d",
            "postgres:///d?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun%2Fpostgresql/d",
        ] {
            assert_eq!(postgres(url, &[]), Ok(Line::Local), "{url}");
        }
        for url in ["amqp://localhost", "amqp://127.0.0.1", "amqp://[::1]"] {
            assert_eq!(rabbitmq(url, &[]), Ok(Line::Local), "{url}");
        }
    }

    #[test]
    fn plaintext_to_another_machine_is_refused_whatever_the_mode_hopes_for() {
        for url in [
            "postgres://u@db.example/d",
            "postgres://u@db.example/d?sslmode=disable",
            "postgres://u@db.example/d?sslmode=allow",
            "postgres://u@db.example/d?sslmode=prefer",
            "postgres://u@localhost/d?host=db.example",
        ] {
            assert_eq!(postgres(url, &[]), refused(Server::Postgres, "db.example"), "{url}");
        }
        assert_eq!(postgres("postgres://u@localhost.example/d", &[]), refused(Server::Postgres, "localhost.example"));
        assert_eq!(rabbitmq("amqp://10.0.0.5", &[]), refused(Server::RabbitMq, "10.0.0.5"));
    }

    #[test]
    fn a_mail_server_elsewhere_needs_tls_that_cannot_be_talked_away() {
        let line = |url: &str| to_smtp(&url.parse().unwrap(), &[]);
        assert_eq!(line("smtp://127.0.0.1:2525"), Ok(Line::Local));
        for url in ["smtps://u:p@mail.example", "smtp://mail.example:587?tls=required"] {
            assert_eq!(line(url), Ok(Line::Verified), "{url}");
        }
        for url in ["smtp://mail.example", "smtp://mail.example?tls=opportunistic"] {
            assert_eq!(line(url), refused(Server::Smtp, "mail.example"), "{url}");
        }
        assert_eq!(to_smtp(&"smtp://mail.example".parse().unwrap(), &allowed(&["mail.example"])), Ok(Line::Allowed));
    }

    #[test]
    fn tls_to_another_machine_is_good_and_better_when_its_name_is_proven() {
        assert_eq!(postgres("postgres://u@db.example/d?sslmode=require", &[]), Ok(Line::Encrypted));
        assert_eq!(postgres("postgres://u@db.example/d?sslmode=verify-ca", &[]), Ok(Line::Encrypted));
        assert_eq!(postgres("postgres://u@db.example/d?sslmode=verify-full", &[]), Ok(Line::Verified));
        assert_eq!(rabbitmq("amqps://mq.example", &[]), Ok(Line::Verified));
    }

    #[test]
    fn a_named_host_or_network_is_allowed_and_no_other() {
        let names = ["postgres", "MQ.Inside.Example", "10.20.0.0/16", "fd00::/8"];
        assert_eq!(postgres("postgres://u@postgres/d", &names), Ok(Line::Allowed));
        assert_eq!(postgres("postgres://u@10.20.3.4/d", &names), Ok(Line::Allowed));
        assert_eq!(postgres("postgres://u@[fd00::7]/d", &names), Ok(Line::Allowed));
        assert_eq!(rabbitmq("amqp://mq.inside.example", &names), Ok(Line::Allowed));
        assert_eq!(postgres("postgres://u@10.21.3.4/d", &names), refused(Server::Postgres, "10.21.3.4"));
        assert_eq!(postgres("postgres://u@postgres.example/d", &names), refused(Server::Postgres, "postgres.example"));
        // A name is not resolved: its address may change.
        assert_eq!(postgres("postgres://u@db.example/d", &["0.0.0.0/0"]), refused(Server::Postgres, "db.example"));
    }
}
