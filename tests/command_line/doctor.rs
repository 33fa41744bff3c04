//! `reelmill doctor`.
use std::collections::BTreeMap;

use serde_json::Value;

use super::alone;
use crate::support::smtp::Smtp;
use crate::support::{TestPipeline, process};

#[tokio::test(flavor = "multi_thread")]
async fn doctor_signs_in_to_the_mail_server_where_one_is_named() {
    let (_dir, mut env) = alone();
    let found = async |env: &BTreeMap<String, String>| {
        let doctor = process::run(&["doctor", "--output", "json"], env).await.exits(1).json();
        doctor.as_array().expect("a list of findings").iter().find(|found| found["check"] == "mail server").cloned()
    };
    assert_eq!(found(&env).await, None);
    let smtp = Smtp::start(&[]).await;
    for (name, value) in
        [("SMTP_URL", smtp.url.as_str()), ("MAIL_FROM", "a@example.org"), ("PUBLIC_URL", "http://a.example")]
    {
        env.insert(name.into(), value.into());
    }
    assert_eq!(found(&env).await.expect("a finding")["health"], "good");
    env.insert("SMTP_URL".into(), "smtp://127.0.0.1:9".into());
    assert_eq!(found(&env).await.expect("a finding")["health"], "bad");
    env.insert("MAIL_FROM".into(), "no-address".into());
    let wrong = found(&env).await.expect("a finding");
    assert!(wrong["found"].as_str().is_some_and(|found| found.contains("MAIL_FROM")), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_whole_pipeline_in_good_health() {
    let pipeline = TestPipeline::new().await;
    pipeline.serve("all", &[]).await;
    let ran = pipeline.command(&["doctor", "--output", "json"]).await;
    let findings = ran.json();
    let findings = findings.as_array().expect("a list of findings");
    // A container may lack Landlock; this is reported and is the only accepted finding.
    let bad: Vec<&Value> = findings.iter().filter(|found| found["health"] == "bad").collect();
    assert!(bad.iter().all(|found| found["check"] == "Landlock"), "{bad:?}");
    assert_eq!(ran.code, Some(if bad.is_empty() { 0 } else { 1 }));
    for name in [
        "sandbox",
        "media engine",
        "PostgreSQL",
        "schema",
        "database login",
        "TLS",
        "clock",
        "work",
        "sealed data",
        "partners' credentials",
        "RabbitMQ",
        "queues",
        "messages",
        "S3",
        "S3 in parts",
        "catalogue",
        "contests",
        "contests of works",
        "partners' secrets",
        "media parts",
        "connections",
        "personal data keys",
        "desk address",
    ] {
        assert!(
            findings.iter().any(|found| found["check"] == name && found["health"] == "good"),
            "{name}: {findings:?}"
        );
    }
}
