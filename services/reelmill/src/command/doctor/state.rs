//! What is in the neighbours: schema, clock, queues, parked work, keys that open what is kept, credentials at partners.
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use pipeline::id::ContestId;
use runtime::broker::{Broker, QueueState};
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::seal::Keyring;
use runtime::store::Store;
use runtime::store::doctor::Server;

use super::{Finding, Mend, UNSET, access};

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
    let mut findings = vec![migrations(schema.applied, schema.known), access::login(&store).await, clock(&store).await];
    match store.server().await {
        Ok(server) => findings.extend([connections(&server, config), archive(&server)]),
        Err(error) => findings.push(Finding::bad("connections", format!("{error:#}"), SEE_DATABASE)),
    }
    if schema.applied == schema.known {
        findings.push(work(&store).await);
        findings.extend(contests(&store, config).await);
        findings.push(stock(&store, config).await);
        findings.push(keys(&store, config).await);
        findings.push(credentials(&store).await);
    }
    findings
}

const SEE_DATABASE: Mend = Mend { zh: "见上面的 PostgreSQL", en: "see PostgreSQL above" };

fn migrations(applied: i64, known: i64) -> Finding {
    const NAME: &str = "schema";
    match applied.cmp(&known) {
        std::cmp::Ordering::Equal => Finding::good(NAME, format!("migration {applied}, as this program knows it")),
        std::cmp::Ordering::Less => {
            const MEND: Mend = Mend {
                zh: "以数据库所有者的地址（DATABASE_OWNER_URL）运行 reelmill migrate",
                en: "reelmill migrate, with the owner's address in DATABASE_OWNER_URL",
            };
            Finding::bad(NAME, format!("migration {applied}; this program needs {known}"), MEND)
        }
        std::cmp::Ordering::Greater => {
            const MEND: Mend = Mend {
                zh: "更新版本的映工场用过这个数据库：请安装那个版本",
                en: "a newer Reelmill was here: install that version",
            };
            Finding::bad(NAME, format!("migration {applied}; this program knows {known} only"), MEND)
        }
    }
}

/// Whether another process of ours would get its connections, and whether the server is one that was tried.
fn connections(server: &Server, config: &Config) -> Finding {
    const NAME: &str = "connections";
    const OLD: Mend = Mend { zh: "升级到 PostgreSQL 15 或更新", en: "upgrade to PostgreSQL 15 or later" };
    const MORE: Mend = Mend {
        zh: "提高 PostgreSQL 的 max_connections，或降低各进程的 DATABASE_CONNECTIONS",
        en: "raise max_connections of PostgreSQL, or lower DATABASE_CONNECTIONS of the processes",
    };
    let (used, most) = (server.connections, i64::from(server.most_connections));
    if server.version < 15 {
        return Finding::poor(NAME, format!("PostgreSQL {} was never tried", server.version), OLD);
    }
    let found = format!("PostgreSQL {}; {used} of {most} in use", server.version);
    // One more process, as in the moment when an old one and its successor run.
    if most - used < i64::from(config.database_connections) {
        return Finding::poor(NAME, format!("{found}, a process takes {}", config.database_connections), MORE);
    }
    Finding::good(NAME, found)
}

/// Whether what happens now could be restored.
fn archive(server: &Server) -> Finding {
    const NAME: &str = "archive of WAL";
    const REFUSED: Mend = Mend {
        zh: "查看 PostgreSQL 的日志：归档盘满、未挂载，或有另一台服务器也在写；在此期间 WAL 堆积在数据库磁盘上",
        en: "PostgreSQL's log says why: the archive is full, not mounted, or another server writes there too; meanwhile WAL piles up on the database's disk",
    };
    const OFF: Mend = Mend {
        zh: "按 deploy/backup/README.md 设置归档；否则只能恢复到上一次备份的时刻",
        en: "set archiving up as deploy/backup/README.md says; without it only the moment of the last backup can be restored",
    };
    if let Some(wal) = &server.not_archived {
        return Finding::bad(NAME, format!("{wal} was refused and nothing was taken since"), REFUSED);
    }
    match server.archives {
        true => Finding::good(NAME, "the server archives, and nothing was refused last"),
        false => Finding::poor(NAME, "the server archives nothing", OFF),
    }
}

/// How far entrants' films have come to the high-water mark.
async fn stock(store: &Store, config: &Config) -> Finding {
    const NAME: &str = "entrants' films";
    const MEND: Mend = Mend {
        zh: "对象存储若还有空间，提高 UPLOAD_HIGH_WATER_GIB（或 UPLOAD_MOST_UNFINISHED）并重启 upload",
        en: "where the object store has room, raise UPLOAD_HIGH_WATER_GIB (or UPLOAD_MOST_UNFINISHED) and restart upload",
    };
    let stock = match store.stock().await {
        Ok(stock) => stock,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), SEE_DATABASE),
    };
    let gib = stock.bytes >> 30;
    let of = |most: u32| if most == 0 { "any number".to_owned() } else { most.to_string() };
    let (most_gib, most_unfinished) = (config.upload_high_water_gib, config.upload_most_unfinished);
    let (bytes, uploads) = (of(most_gib), of(most_unfinished));
    let found = format!("{gib} of {bytes} GiB; {} of {uploads} unfinished uploads", stock.unfinished);
    let near = |have: u64, most: u32| most > 0 && have >= u64::from(most) / 5 * 4;
    match near(gib, most_gib) || near(stock.unfinished, most_unfinished) {
        true => Finding::poor(NAME, found, MEND),
        false => Finding::good(NAME, found),
    }
}

async fn clock(store: &Store) -> Finding {
    const NAME: &str = "clock";
    const MEND: Mend = Mend {
        zh: "用 chrony 或 systemd-timesyncd 校准两边的时钟：截止时间与各平台的签名都以它为准",
        en: "let chrony or systemd-timesyncd set both clocks: deadlines and partners' signatures go by them",
    };
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
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), SEE_DATABASE),
    };
    let count = |status: &str| queues.iter().filter(|it| it.status == status).map(|it| it.parts).sum::<i64>();
    let (parked, pending) = (count("parked"), count("pending"));
    let oldest_s = queues.iter().filter(|it| it.status == "pending").map(|it| it.age_s).fold(0.0, f64::max);
    let found = format!("{pending} parts pending, {} running, {parked} parked", count("claimed"));
    if parked > 0 {
        const MEND: Mend = Mend {
            zh: "`reelmill trouble` 列出搁置的任务与原因，`reelmill retry ID` 再试一次",
            en: "reelmill trouble lists what is parked and why, reelmill retry ID tries it again",
        };
        return Finding::poor(NAME, found, MEND);
    }
    if oldest_s > OLD_S {
        let found = format!("{found}; the oldest waits for {:.1} h", oldest_s / 3600.0);
        const MEND: Mend = Mend {
            zh: "启动含该阶段角色的服务，或增加其数量",
            en: "start a service with the role of that stage, or more of them",
        };
        return Finding::poor(NAME, found, MEND);
    }
    Finding::good(NAME, found)
}

/// Whether the catalogue still has every contest that works were entered into.
async fn contests(store: &Store, config: &Config) -> Option<Finding> {
    const NAME: &str = "contests of works";
    const MEND: Mend = Mend {
        zh: "把这些活动的文件放回 CATALOGUE_DIR；若是 demo，请设 DEMO_CONTEST=true，直到其作品处理完毕",
        en: "put the files of these contests back into CATALOGUE_DIR; for demo set DEMO_CONTEST=true until its works are over",
    };
    // That the catalogue is wrong is another finding.
    let catalogue = config.catalogue().ok()?;
    let contests = match store.contests_of_works().await {
        Ok(contests) => contests,
        Err(error) => return Some(Finding::bad(NAME, format!("{error:#}"), SEE_DATABASE)),
    };
    let lost: Vec<_> = contests.iter().filter(|it| catalogue.contest(it).is_none()).map(ContestId::as_str).collect();
    Some(match lost.is_empty() {
        true => Finding::good(NAME, "the catalogue has each contest that works were entered into"),
        false => Finding::poor(
            NAME,
            format!("works were entered into {}, which the catalogue has not", lost.join(", ")),
            MEND,
        ),
    })
}

/// Whether what is sealed can be opened with the keys that are set.
async fn keys(store: &Store, config: &Config) -> Finding {
    const NAME: &str = "sealed data";
    const MEND: Mend = Mend {
        zh: "把缺少的密钥放回 PERSONAL_DATA_KEYS；没有它，所封存的数据无法解开",
        en: "put the missing key back into PERSONAL_DATA_KEYS; what it sealed is lost without it",
    };
    let used = match store.key_ids().await {
        Ok(used) => used,
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), SEE_DATABASE),
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
        Err(error) => return Finding::bad(NAME, format!("{error:#}"), SEE_DATABASE),
    };
    let now = Clock::default().now();
    let with = |is: &dyn Fn(&runtime::store::accounts::AccountRow) -> bool| {
        let found: Vec<_> = accounts.iter().filter(|it| is(it)).map(|it| it.account.partner.to_string()).collect();
        found.join(", ")
    };
    let refused = with(&|it| it.health == "refused");
    if !refused.is_empty() {
        const MEND: Mend = Mend {
            zh: "请账号所有者重新授权，并更新 PARTNER_<NAME>_REFRESH_TOKEN；详情见 reelmill partner list",
            en: "let the account's owner agree anew and set PARTNER_<NAME>_REFRESH_TOKEN; reelmill partner list says more",
        };
        return Finding::bad(NAME, format!("refused by {refused}"), MEND);
    }
    let ending = with(&|it| it.expires_at.is_some_and(|at| at - now < ENDS_SOON));
    if !ending.is_empty() {
        const MEND: Mend = Mend {
            zh: "`reelmill partner list` 列出到期时间；请在此之前续期",
            en: "reelmill partner list says when; renew them before",
        };
        return Finding::poor(NAME, format!("end within a week: {ending}"), MEND);
    }
    let kept = accounts.iter().filter(|it| it.has_credentials).count();
    Finding::good(NAME, format!("{kept} kept, none refused, none about to end"))
}

/// Whether every stage's queue is there as it should be, what waits in it, whether anybody receives it, and whether the broker takes
/// what is sent.
pub(super) async fn queues(config: &Config) -> Vec<Finding> {
    const NAME: &str = "queues";
    const MEND: Mend = Mend {
        zh: "所指的队列若以别的方式声明过，可以删除：服务会重建并补齐。用户须有 configure、write、read 三种权限",
        en: "a queue that was declared otherwise may be deleted: the services build it anew and fill it. The user needs to configure, write and read",
    };
    if config.amqp_url == UNSET {
        return Vec::new();
    }
    let Ok(broker) = Metrics::new().and_then(|metrics| Broker::new(config, metrics)) else { return Vec::new() };
    // That the broker is away is another finding.
    if broker.answers().await.is_err() {
        return Vec::new();
    }
    match tokio::time::timeout(PATIENCE, broker.examine()).await {
        Ok(Ok(queues)) => vec![waiting(&queues), messages(&broker).await],
        Ok(Err(error)) => vec![Finding::bad(NAME, format!("{error:#}"), MEND)],
        Err(_) => vec![Finding::bad(NAME, "no answer within 15 s", MEND)],
    }
}

fn waiting(queues: &[QueueState]) -> Finding {
    const NAME: &str = "queues";
    const NOBODY: Mend = Mend {
        zh: "启动含该阶段角色的服务：reelmill serve --roles …",
        en: "start a service with the role of that stage: reelmill serve --roles …",
    };
    let count: u32 = queues.iter().map(|queue| queue.messages).sum();
    let found = format!("{} of them, {count} messages wait", queues.len());
    let deserted: Vec<_> =
        queues.iter().filter(|it| it.messages > 0 && it.consumers == 0).map(|it| it.stage.name()).collect();
    if deserted.is_empty() {
        return Finding::good(NAME, found);
    }
    Finding::poor(NAME, format!("{found}; nobody works on {}", deserted.join(", ")), NOBODY)
}

/// A broker that is short of memory or disk answers everything, but lets senders wait.
async fn messages(broker: &Broker) -> Finding {
    const NAME: &str = "messages";
    const BLOCKED: Mend = Mend {
        zh: "`rabbitmqctl status` 说明是内存还是磁盘告警；请腾出空间",
        en: "`rabbitmqctl status` names an alarm of memory or disk: make room",
    };
    match tokio::time::timeout(PATIENCE, broker.takes_messages()).await {
        Ok(Ok(())) => Finding::good(NAME, "the broker takes and confirms them"),
        Ok(Err(error)) => Finding::bad(NAME, format!("the broker takes none: {error:#}"), BLOCKED),
        Err(_) => Finding::bad(NAME, "the broker takes none within 15 s", BLOCKED),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::stage::Stage;

    use super::super::Health;
    use super::*;

    fn queue(stage: Stage, messages: u32, consumers: u32) -> QueueState {
        QueueState { stage, messages, consumers }
    }

    #[test]
    fn messages_that_nobody_receives_are_told_with_their_stage() {
        let fine = [queue(Stage::Probe, 3, 1), queue(Stage::Transcode, 0, 0)];
        assert_eq!(waiting(&fine).health, Health::Good);
        let deserted = waiting(&[queue(Stage::Probe, 3, 1), queue(Stage::Transcode, 2, 0)]);
        assert_eq!((deserted.health, deserted.found.ends_with("nobody works on transcode")), (Health::Poor, true));
    }

    #[test]
    fn a_server_is_judged_by_its_version_its_connections_and_its_archive() {
        let config = crate::settings::read(&crate::settings::NO_SERVERS).expect("settings");
        let server = |version, connections, not_archived: Option<&str>| Server {
            version,
            connections,
            most_connections: 100,
            archives: true,
            not_archived: not_archived.map(str::to_owned),
        };
        for (version, used, health) in [(15, 20, Health::Good), (17, 95, Health::Poor), (14, 20, Health::Poor)] {
            assert_eq!(connections(&server(version, used, None), &config).health, health, "{version} {used}");
        }
        assert_eq!(archive(&server(15, 1, None)).health, Health::Good);
        assert_eq!(archive(&server(15, 1, Some("000000010000000000000007"))).health, Health::Bad);
        assert_eq!(archive(&Server { archives: false, ..server(15, 1, None) }).health, Health::Poor);
    }

    #[test]
    fn a_schema_that_is_older_or_newer_than_the_program_is_bad() {
        for (applied, known, health) in [(24, 24, Health::Good), (20, 24, Health::Bad), (25, 24, Health::Bad)] {
            let found = migrations(applied, known);
            assert_eq!(
                (found.health, found.mend.is_empty(), found.mend_zh.is_empty()),
                (health, health == Health::Good, health == Health::Good)
            );
        }
    }
}
