//! Which connections are allowed, and what is known about who answers.
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
