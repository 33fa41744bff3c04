//! Whether PostgreSQL, RabbitMQ and the object store are reached over a connection that others could read. One function
//! decides it for all.
//!
//! TLS is required unless the server is on this machine (a loopback address, a Unix socket) or `ALLOW_PLAINTEXT` names
//! it. For PostgreSQL, `sslmode=require` is enough: it prevents eavesdropping, and many providers have certificates
//! that cannot be checked. It does not protect against a server that pretends to be the database; `verify-full` does,
//! and `reelmill doctor` reports that. `amqps` always checks the server's certificate.
//!
//! A process starts even if its object store has no TLS: requests are signed, so the key is never sent, and what is
//! read is compared with digests. Others could read films in transit, so `reelmill doctor` asks for TLS there, too.
use std::net::IpAddr;
use std::str::FromStr;

use anyhow::Context;
use axum::http::Uri;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::config::Config;
use crate::network::Network;

/// A server, or a block of addresses, to which a connection without TLS is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// Addresses. A server that is given by name is never resolved for this comparison: its name may lead to another
    /// address a minute later.
    Network(Network),
    /// A host name, in lower case.
    Host(String),
}

/// Why a text is neither.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is no host name and no block of addresses, such as 10.0.0.0/8 or fd00::/8, whose bits beyond the prefix are zero"
)]
pub struct BadTrusted(String);

impl FromStr for Trusted {
    type Err = BadTrusted;

    fn from_str(text: &str) -> Result<Self, BadTrusted> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let of_a_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_');
        // The last label of a name is never a number, so this is a mistyped address.
        let like_an_address = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|it| it.is_ascii_digit()));
        if text.is_empty() || text.len() > 253 || !text.bytes().all(of_a_name) || like_an_address {
            return Err(BadTrusted(text.to_owned()));
        }
        Ok(Self::Host(plain_name(text)))
    }
}

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The database.
    Postgres,
    /// The broker.
    RabbitMq,
    /// The object store.
    S3,
    /// The mail server.
    Smtp,
}

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

/// A connection that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaintextRefused {
    /// Which server.
    pub server: Server,
    /// Its host, as the address names it.
    pub host: String,
}

impl PlaintextRefused {
    /// The stable code.
    pub const CODE: &str = "plaintext_refused";

    /// What is wrong and what to do, in English.
    pub fn en(&self) -> String {
        let (name, instead) = match self.server {
            Server::Postgres => ("PostgreSQL", "add ?sslmode=verify-full (at least require) to its address"),
            Server::RabbitMq => ("RabbitMQ", "use amqps:// in its address"),
            Server::S3 => ("S3", "use https:// in S3_ENDPOINT"),
            Server::Smtp => ("the mail server", "use smtps:// in SMTP_URL, or add ?tls=required"),
        };
        format!("{name} at {} would be reached without TLS: {instead}, or name the host in ALLOW_PLAINTEXT", self.host)
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        let (name, instead) = match self.server {
            Server::Postgres => ("PostgreSQL", "请在地址中加上 ?sslmode=verify-full（至少 require）"),
            Server::RabbitMq => ("RabbitMQ", "请在地址中使用 amqps://"),
            Server::S3 => ("S3", "请在 S3_ENDPOINT 中使用 https://"),
            Server::Smtp => ("邮件服务器", "请在 SMTP_URL 中使用 smtps://，或加上 ?tls=required"),
        };
        format!("与 {name}（{}）的连接未加密：{instead}，或将该主机列入 ALLOW_PLAINTEXT", self.host)
    }
}

impl std::fmt::Display for PlaintextRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} / {}", Self::CODE, self.zh(), self.en())
    }
}

impl std::error::Error for PlaintextRefused {}

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
    let named = allowed.iter().any(|it| match it {
        Trusted::Network(network) => address.is_some_and(|address| network.holds(address)),
        Trusted::Host(trusted) => *trusted == name,
    });
    if named { Ok(Line::Allowed) } else { Err(PlaintextRefused { server, host: host.to_owned() }) }
}

/// Whether a host is this machine, by its loopback address or its usual name.
pub fn is_this_machine(host: &str) -> bool {
    let (name, address) = read(host);
    name == "localhost" || address.is_some_and(|it| it.is_loopback())
}

/// A host as a plain name, and its IP address if it is written as one.
fn read(host: &str) -> (String, Option<IpAddr>) {
    let name = plain_name(host.trim_start_matches('[').trim_end_matches(']'));
    let address = name.parse::<IpAddr>().ok().map(|it| it.to_canonical());
    (name, address)
}

/// Names are compared without regard to case, and with or without the root's dot.
fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
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

/// Why the connection to the database with these settings is allowed.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`].
pub fn database_line(config: &Config) -> anyhow::Result<Line> {
    let options: PgConnectOptions = config.database_url.parse().context("read DATABASE_URL")?;
    Ok(to_database(&options, &config.allow_plaintext)?)
}

/// Why the connection to the object store is allowed. Without an address of its own it is Amazon's, which has TLS.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`], which is only reported and does not prevent the connection.
pub fn objects_line(config: &Config) -> anyhow::Result<Line> {
    let Some(endpoint) = &config.s3.endpoint else { return Ok(Line::Verified) };
    let uri: Uri = endpoint.parse().context("read S3_ENDPOINT")?;
    let host = uri.host().context("S3_ENDPOINT names no host")?;
    let tls = if uri.scheme_str() == Some("https") { Tls::Verified } else { Tls::No };
    Ok(decide(Server::S3, Some(host), tls, &config.allow_plaintext)?)
}

/// Why the connection to the mail server of `SMTP_URL` is allowed. `tls=opportunistic` continues without TLS if an
/// attacker on the connection removes the offer of it.
///
/// # Errors
/// An unreadable address, or [`PlaintextRefused`].
pub fn smtp_line(config: &Config) -> anyhow::Result<Line> {
    // The error would repeat the password.
    let read = config.smtp_url.as_deref().and_then(|url| url.parse::<Url>().ok());
    let url = read.context("SMTP_URL is no address of a mail server")?;
    anyhow::ensure!(url.has_host(), "SMTP_URL names no host");
    Ok(to_smtp(&url, &config.allow_plaintext)?)
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

    #[test]
    fn what_is_neither_host_nor_network_is_quoted() {
        for wrong in ["", "10.1.2.3/8", "10.0.0.0/33", "10.0.0.256", "a b", "https://db", "*"] {
            let error = wrong.parse::<Trusted>().unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }

    #[test]
    fn a_refusal_has_its_code_and_says_in_both_languages_what_to_do() {
        let said = PlaintextRefused { server: Server::RabbitMq, host: "mq.example".into() }.to_string();
        assert!(said.starts_with("plaintext_refused: "), "{said}");
        assert!(said.contains("amqps://") && said.matches("ALLOW_PLAINTEXT").count() == 2, "{said}");
        assert!(said.contains("连接未加密") && said.matches("mq.example").count() == 2, "{said}");
    }
}
