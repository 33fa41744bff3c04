//! Connections without TLS are reported, those that must not be are refused.
use runtime::config::Config;

use super::*;
use crate::settings;

fn config(database: &str, broker: &str, allowed: &[&str]) -> Config {
    let mut config = settings::read(&[("--database-url", database), ("--amqp-url", broker)]).expect("settings");
    config.s3.endpoint = None;
    config.allow_plaintext = allowed.iter().map(|it| it.parse().expect("a host")).collect();
    config
}

fn found(config: &Config) -> Vec<Finding> {
    lines(&config.database, &config.broker, &config.s3, &config.allow_plaintext)
}

#[test]
fn a_line_whose_other_end_is_not_proven_is_worth_a_look_and_a_refused_one_is_none() {
    let health = |database: &str, broker: &str, allowed: &[&str]| {
        found(&config(database, broker, allowed)).into_iter().map(|it| it.health).collect::<Vec<_>>()
    };
    let local = "amqp://u:p@127.0.0.1/%2f";
    assert_eq!(health("postgres://u@db.example/d?sslmode=require", local, &[]), [Health::Poor]);
    assert_eq!(health("postgres://u@db.example/d?sslmode=verify-full", local, &[]), [Health::Good]);
    assert_eq!(health("postgres://u@db.example/d", "amqp://u:p@db.example", &["db.example"]), [Health::Good]);
    assert_eq!(health("postgres://u@db.example/d", "amqp://u:p@mq.example", &[]), []);
}

#[test]
fn films_that_others_could_read_on_the_way_are_worth_a_look() {
    let health = |endpoint: &str, allowed: &[&str]| {
        let mut config = config("postgres:///d", "amqp://localhost", allowed);
        config.s3.endpoint = Some(endpoint.to_owned());
        found(&config).into_iter().map(|it| it.health).collect::<Vec<_>>()
    };
    for endpoint in ["http://127.0.0.1:9000", "http://[::1]:9000", "https://s3.example"] {
        assert_eq!(health(endpoint, &[]), [Health::Good], "{endpoint}");
    }
    assert_eq!(health("http://s3:9000", &[]), [Health::Good, Health::Poor]);
    assert_eq!(health("http://s3:9000", &["s3"]), [Health::Good]);
}

#[test]
fn a_refused_line_is_named_by_its_code_with_what_mends_it() {
    let refused = PlaintextRefused { server: Server::RabbitMq, host: "mq.example".into() };
    let error = anyhow::Error::new(refused).context("reach the broker");
    let finding = unreachable("RabbitMQ", &error, Mend { zh: "", en: "start it" });
    assert_eq!(finding.health, Health::Bad);
    assert!(finding.found.contains("plaintext_refused") && finding.found.contains("mq.example"), "{finding:?}");
    assert!(finding.mend.contains("amqps://") && finding.mend_zh.contains("amqps://"), "{finding:?}");
}
