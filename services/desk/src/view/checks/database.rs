//! The database itself: its clock, connections, archiving, and the keys for its sealed data.
use runtime::clock::Clock;
use runtime::seal::Keyring;
use runtime::store::Store;
use runtime::store::watching::doctor::Server;

use super::finding::{Both, Finding, SEE, both, said};

pub(super) const CONNECTIONS: Both = Both { zh: "数据库连接", en: "connections" };

/// A difference of clocks, in seconds, that people should look at.
const SKEW_S: i64 = 2;
/// A difference of clocks, in seconds, with which tokens and signatures fail.
const MOST_SKEW_S: i64 = 30;

pub(super) fn away(error: &anyhow::Error) -> Finding {
    const NAME: Both = Both { zh: "PostgreSQL", en: "PostgreSQL" };
    const MEND: Both = Both {
        zh: "检查数据库是否运行、地址是否正确",
        en: "check that the database runs and that its address is correct",
    };
    Finding::bad(NAME, said(error), MEND)
}

/// Whether another of our processes would get its connections, and whether the server has a version that was tested.
pub(super) fn connections(server: &Server, of_one: u32) -> Finding {
    const OLD: Both = Both { zh: "升级到 PostgreSQL 15 或更新", en: "upgrade to PostgreSQL 15 or later" };
    const MORE: Both = Both {
        zh: "提高 PostgreSQL 的 max_connections，或降低各进程的 DATABASE_CONNECTIONS",
        en: "raise max_connections of PostgreSQL, or lower DATABASE_CONNECTIONS of the processes",
    };
    let used = server.connections;
    let most = i64::from(server.most_connections);
    let version = server.version;
    if version < 15 {
        let found = both(format!("PostgreSQL {version} 未经验证"), format!("PostgreSQL {version} was not tested"));
        return Finding::poor(CONNECTIONS, found, OLD);
    }
    let zh = format!("PostgreSQL {version}；{most} 个连接中已用 {used} 个");
    let en = format!("PostgreSQL {version}; {used} of {most} in use");
    // One more process, as when an old one and its successor run at the same time.
    if most - used < i64::from(of_one) {
        let found = both(format!("{zh}，一个进程占用 {of_one} 个"), format!("{en}, a process takes {of_one}"));
        return Finding::poor(CONNECTIONS, found, MORE);
    }
    Finding::good(CONNECTIONS, both(zh, en))
}

/// Whether what happens now could be restored.
pub(super) fn archive(server: &Server) -> Finding {
    const NAME: Both = Both { zh: "WAL 归档", en: "archive of WAL" };
    const REFUSED: Both = Both {
        zh: "查看 PostgreSQL 的日志：归档盘满、未挂载，或有另一台服务器也在写；在此期间 WAL 堆积在数据库磁盘上",
        en: "PostgreSQL's log says why: the archive is full, not mounted, or another server writes there too; meanwhile WAL piles up on the database's disk",
    };
    const OFF: Both = Both {
        zh: "按 deploy/backup/README.md 设置归档；否则只能恢复到上一次备份的时刻",
        en: "set archiving up as deploy/backup/README.md says; without it only the moment of the last backup can be restored",
    };
    if let Some(wal) = &server.not_archived {
        let zh = format!("{wal} 归档失败，此后再无归档");
        return Finding::bad(
            NAME,
            both(zh, format!("archiving {wal} failed, and nothing was archived since")),
            REFUSED,
        );
    }
    match server.archives {
        true => {
            Finding::good(NAME, both("服务器正在归档，最近没有失败", "the server archives, without a recent failure"))
        }
        false => Finding::poor(NAME, both("服务器没有归档", "the server archives nothing"), OFF),
    }
}

pub(super) async fn clock(store: &Store, clock: &Clock) -> Finding {
    const NAME: Both = Both { zh: "时钟", en: "clock" };
    const MEND: Both = Both {
        zh: "用 chrony 或 systemd-timesyncd 校准两边的时钟：截止时间与各平台的签名都以它为准",
        en: "let chrony or systemd-timesyncd set both clocks: deadlines and partners' signatures depend on them",
    };
    let before = clock.now();
    let there = match store.time().await {
        Ok(there) => there,
        Err(error) => return Finding::bad(NAME, said(&error), MEND),
    };
    // The server's time was read at some moment between question and answer.
    let middle = before + (clock.now() - before) / 2;
    let skew = (there - middle).abs();
    #[allow(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let seconds = skew.num_milliseconds() as f64 / 1000.0;
    let found = both(format!("与 PostgreSQL 相差 {seconds:.2} 秒"), format!("{seconds:.2} s from PostgreSQL's"));
    match skew.num_seconds() {
        s if s >= MOST_SKEW_S => Finding::bad(NAME, found, MEND),
        s if s >= SKEW_S => Finding::poor(NAME, found, MEND),
        _ => Finding::good(NAME, found),
    }
}

/// Whether sealed data can be opened with the keys that are set.
pub(super) async fn keys(store: &Store, keys: Option<&Keyring>) -> Finding {
    const NAME: Both = Both { zh: "加密数据", en: "sealed data" };
    const MEND: Both = Both {
        zh: "把缺少的密钥放回 PERSONAL_DATA_KEYS；没有它，所封存的数据无法解开",
        en: "put the missing key back into PERSONAL_DATA_KEYS; without it, the data that it sealed cannot be opened",
    };
    let used = match store.key_ids().await {
        Ok(used) => used,
        Err(error) => return Finding::bad(NAME, said(&error), SEE),
    };
    let count = used.len();
    let ring = match keys {
        Some(ring) => ring,
        // That no key can be read is another finding.
        None if used.is_empty() => return Finding::good(NAME, both("尚无加密数据", "nothing is sealed yet")),
        None => {
            let zh = format!("数据由 {count} 个密钥加密，但未设置任何密钥");
            return Finding::bad(NAME, both(zh, format!("data is sealed with {count} keys and none is set")), MEND);
        }
    };
    let missing: Vec<_> = used.iter().filter(|id| !ring.has(id)).map(String::as_str).collect();
    if missing.is_empty() {
        let zh = format!("由已设置的 {count} 个密钥加密");
        return Finding::good(NAME, both(zh, format!("sealed with {count} of the keys that are set")));
    }
    let missing = missing.join(", ");
    let zh = format!("加密所用的密钥未设置：{missing}");
    Finding::bad(NAME, both(zh, format!("sealed with keys that are not set: {missing}")), MEND)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Health;
    use super::*;

    #[test]
    fn a_server_is_judged_by_its_version_its_connections_and_its_archive() {
        let server = |version, connections, not_archived: Option<&str>| Server {
            version,
            connections,
            most_connections: 100,
            archives: true,
            not_archived: not_archived.map(str::to_owned),
        };
        for (version, used, health) in [(15, 20, Health::Good), (17, 95, Health::Poor), (14, 20, Health::Poor)] {
            assert_eq!(connections(&server(version, used, None), 10).health, health, "{version} {used}");
        }
        assert_eq!(archive(&server(15, 1, None)).health, Health::Good);
        assert_eq!(archive(&server(15, 1, Some("000000010000000000000007"))).health, Health::Bad);
        assert_eq!(archive(&Server { archives: false, ..server(15, 1, None) }).health, Health::Poor);
    }
}
