//! What is in the neighbours: schema, clock, queues, parked work, keys that open what is kept, credentials at partners.
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use runtime::broker::Broker;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::seal::Keyring;
use runtime::store::Store;

use super::{Finding, UNSET};

/// A difference of clocks that people should look at, and one with which tokens and signatures fail, seconds.
const SKEW_S: (i64, i64) = (2, 30);
/// Credentials that end within this time want somebody's care.
const ENDS_SOON: TimeDelta = TimeDelta::days(7);
/// A part that has been claimable for longer has nobody who does it, seconds.
const OLD_S: f64 = 3600.0;
/// For each question.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that the database can be asked, if it answers at all.
pub(super) async fn of_database(config: &Config) -> Vec<Finding> {
    if config.database_url == UNSET {
        return Vec::new();
    }
    let Ok(store) = Metrics::new().and_then(|metrics| Store::new(config, metrics)) else { return Vec::new() };
    // That it is away, or without a schema, is another finding.
    let Ok(Ok(schema)) = tokio::time::timeout(PATIENCE, store.schema()).await else { return Vec::new() };
    let mut findings = vec![migrations(schema.applied, schema.known), clock(&store).await];
    if schema.applied == schema.known {
        findings.push(work(&store).await);
        findings.push(keys(&store, config).await);
        findings.push(credentials(&store).await);
    }
    findings
}

fn migrations(applied: i64, known: i64) -> Finding {
    const NAME: &str = "schema";
    match applied.cmp(&known) {
        std::cmp::Ordering::Equal => Finding::good(NAME, format!("migration {applied}, as this program knows it")),
        std::cmp::Ordering::Less => Finding::bad(
            NAME,
            format!("migration {applied}; this program needs {known}"),
            "reelmill migrate, or start a service, which does so too",
        ),
        std::cmp::Ordering::Greater => Finding::bad(
            NAME,
            format!("migration {applied}; this program knows {known} only"),
            "a newer Reelmill was here: install that version",
        ),
    }
}

async fn clock(store: &Store) -> Finding {
    const NAME: &str = "clock";
    const MEND: &str = "let chrony or systemd-timesyncd set both clocks: deadlines and partners' signatures go by them";
    let before = Clock::default().now();
    let there = match store.time().await {
        Ok(there) => there,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), MEND),
    };
    // The answer was written somewhere between asking and hearing.
    let middle = before + (Clock::default().now() - before) / 2;
    let skew = (there - middle).abs();
    let found = format!("{:.2} s from PostgreSQL's", skew.num_milliseconds() as f64 / 1000.0);
    match skew.num_seconds() {
        s if s >= SKEW_S.1 => Finding::bad(NAME, found, MEND),
        s if s >= SKEW_S.0 => Finding::poor(NAME, found, MEND),
        _ => Finding::good(NAME, found),
    }
}

async fn work(store: &Store) -> Finding {
    const NAME: &str = "work";
    let queues = match store.queues().await.context("count the parts") {
        Ok(queues) => queues,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), "see PostgreSQL above"),
    };
    let count = |status: &str| queues.iter().filter(|it| it.status == status).map(|it| it.parts).sum::<i64>();
    let (parked, pending) = (count("parked"), count("pending"));
    let oldest_s = queues.iter().filter(|it| it.status == "pending").map(|it| it.age_s).fold(0.0, f64::max);
    let found = format!("{pending} parts pending, {} running, {parked} parked", count("claimed"));
    if parked > 0 {
        return Finding::poor(
            NAME,
            found,
            "reelmill status ID says why a part is parked, reelmill retry ID tries it again",
        );
    }
    if oldest_s > OLD_S {
        let found = format!("{found}; the oldest waits for {:.1} h", oldest_s / 3600.0);
        return Finding::poor(NAME, found, "start a service with the role of that stage, or more of them");
    }
    Finding::good(NAME, found)
}

/// Whether what is sealed can be opened with the keys that are set.
async fn keys(store: &Store, config: &Config) -> Finding {
    const NAME: &str = "sealed data";
    const MEND: &str = "put the missing key back into PERSONAL_DATA_KEYS; what it sealed is lost without it";
    let used = match store.key_ids().await {
        Ok(used) => used,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), "see PostgreSQL above"),
    };
    let ring = match config.personal_data_keys.as_deref().map(Keyring::parse) {
        Some(Ok(ring)) => ring,
        // That is another finding.
        None | Some(Err(_)) if used.is_empty() => return Finding::good(NAME, "nothing is sealed yet"),
        None | Some(Err(_)) => {
            return Finding::bad(NAME, format!("{} keys sealed something and none is set", used.len()), MEND);
        }
    };
    let missing: Vec<_> = used.iter().filter(|id| !ring.has(id)).map(String::as_str).collect();
    if missing.is_empty() {
        Finding::good(NAME, format!("sealed with {} of the keys that are set", used.len()))
    } else {
        Finding::bad(NAME, format!("sealed with keys that are not set: {}", missing.join(", ")), MEND)
    }
}

async fn credentials(store: &Store) -> Finding {
    const NAME: &str = "partners' credentials";
    let accounts = match store.accounts().await {
        Ok(accounts) => accounts,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), "see PostgreSQL above"),
    };
    let now = Clock::default().now();
    let with = |is: &dyn Fn(&runtime::store::accounts::AccountRow) -> bool| {
        let found: Vec<_> = accounts.iter().filter(|it| is(it)).map(|it| it.account.partner.to_string()).collect();
        found.join(", ")
    };
    let refused = with(&|it| it.health == "refused");
    if !refused.is_empty() {
        let mend =
            "let the account's owner agree anew and set PARTNER_<NAME>_REFRESH_TOKEN; reelmill partner list says more";
        return Finding::bad(NAME, format!("refused by {refused}"), mend);
    }
    let ending = with(&|it| it.expires_at.is_some_and(|at| at - now < ENDS_SOON));
    if !ending.is_empty() {
        return Finding::poor(
            NAME,
            format!("end within a week: {ending}"),
            "reelmill partner list says when; renew them before",
        );
    }
    let kept = accounts.iter().filter(|it| it.has_credentials).count();
    Finding::good(NAME, format!("{kept} kept, none refused, none about to end"))
}

/// Whether every stage's queue is there and what waits in it.
pub(super) async fn queues(config: &Config) -> Option<Finding> {
    const NAME: &str = "queues";
    const MEND: &str =
        "the broker's log says why; a queue that was declared otherwise may be deleted, it is rebuilt and refilled";
    if config.amqp_url == UNSET {
        return None;
    }
    let broker = Broker::new(config, Metrics::new().ok()?).ok()?;
    // That the broker is away is another finding.
    broker.check().await.ok()?;
    Some(match tokio::time::timeout(PATIENCE, broker.survey()).await {
        Ok(Ok(counts)) => {
            let waiting: u32 = counts.iter().map(|(_, count)| count).sum();
            Finding::good(NAME, format!("{} of them, {waiting} messages wait", counts.len()))
        }
        Ok(Err(error)) => Finding::bad(NAME, format!("{error:#}"), MEND),
        Err(_) => Finding::bad(NAME, "no answer within 15 s", MEND),
    })
}
