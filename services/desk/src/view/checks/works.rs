//! What is in the database: parts that wait, contests of works, and how full the store of films is.
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use runtime::store::Store;

use super::bounds::Bounds;
use super::finding::{Both, Finding, SEE, both, said};

/// If a part has been claimable for longer than this, in seconds, no process works on it.
const OLD_S: f64 = 3600.0;

pub(super) async fn work(store: &Store) -> Finding {
    const NAME: Both = Both { zh: "任务", en: "work" };
    let queues = match store.queues().await {
        Ok(queues) => queues,
        Err(error) => return Finding::bad(NAME, said(&error.context("count the parts")), SEE),
    };
    let count = |status: &str| queues.iter().filter(|it| it.status == status).map(|it| it.parts).sum::<i64>();
    let parked = count("parked");
    let pending = count("pending");
    let running = count("claimed");
    let oldest_s = queues.iter().filter(|it| it.status == "pending").map(|it| it.age_s).fold(0.0, f64::max);
    let zh = format!("排队 {pending}，处理中 {running}，停下 {parked}");
    let en = format!("{pending} parts pending, {running} running, {parked} parked");
    if parked > 0 {
        const MEND: Both = Both {
            zh: "`reelmill trouble` 列出停下的任务与原因，`reelmill retry ID` 再试一次",
            en: "reelmill trouble lists what is parked and why; reelmill retry ID retries it",
        };
        return Finding::poor(NAME, both(zh, en), MEND);
    }
    if oldest_s > OLD_S {
        const MEND: Both = Both {
            zh: "启动含该环节角色的服务，或增加其数量",
            en: "start a service with the role of that stage, or more of them",
        };
        let waits = hours(oldest_s);
        let found = both(format!("{zh}；最久的已等待 {waits} 小时"), format!("{en}; the oldest waits for {waits} h"));
        return Finding::poor(NAME, found, MEND);
    }
    Finding::good(NAME, both(zh, en))
}

/// Whether the catalogue still has every contest that works were entered into.
pub(super) async fn contests(store: &Store, catalogue: &Catalogue) -> Finding {
    const NAME: Both = Both { zh: "作品所属活动", en: "contests of works" };
    const MEND: Both = Both {
        zh: "把这些活动的文件放回 CATALOGUE_DIR；若是 demo，请设 DEMO_CONTEST=true，直到其作品处理完毕",
        en: "put the files of these contests back into CATALOGUE_DIR; for demo, set DEMO_CONTEST=true until its works are processed",
    };
    let contests = match store.contests_of_works().await {
        Ok(contests) => contests,
        Err(error) => return Finding::bad(NAME, said(&error), SEE),
    };
    let lost: Vec<_> = contests.iter().filter(|it| catalogue.contest(it).is_none()).map(ContestId::as_str).collect();
    if lost.is_empty() {
        let en = "the catalogue has each contest that works were entered into";
        return Finding::good(NAME, both("目录中有所有作品所属的活动", en));
    }
    let lost = lost.join(", ");
    let en = format!("works were entered into {lost}, which the catalogue does not have");
    Finding::poor(NAME, both(format!("作品属于 {lost}，目录中没有"), en), MEND)
}

/// How close entrants' films are to the high-water mark.
pub(super) async fn stock(store: &Store, bounds: Bounds) -> Finding {
    const NAME: Both = Both { zh: "参选作品存量", en: "entrants' films" };
    const MEND: Both = Both {
        zh: "对象存储若还有空间，提高 UPLOAD_HIGH_WATER_GIB（或 UPLOAD_MOST_UNFINISHED）并重启 upload",
        en: "if the object store has room, raise UPLOAD_HIGH_WATER_GIB (or UPLOAD_MOST_UNFINISHED) and restart upload",
    };
    let stock = match store.stock().await {
        Ok(stock) => stock,
        Err(error) => return Finding::bad(NAME, said(&error), SEE),
    };
    let (gib, unfinished) = (stock.bytes >> 30, stock.unfinished);
    let (most_gib, most_unfinished) = (bounds.upload_high_water_gib, bounds.upload_most_unfinished);
    let of = |most: u32, none: &str| if most == 0 { none.to_owned() } else { most.to_string() };
    let zh = format!("{gib} / {} GiB；未完成上传 {unfinished} / {}", of(most_gib, "不限"), of(most_unfinished, "不限"));
    let en = format!(
        "{gib} of {} GiB; {unfinished} of {} unfinished uploads",
        of(most_gib, "any number"),
        of(most_unfinished, "any number")
    );
    let near = |have: u64, most: u32| most > 0 && have.saturating_mul(5) >= u64::from(most) * 4;
    match near(gib, most_gib) || near(unfinished, most_unfinished) {
        true => Finding::poor(NAME, both(zh, en), MEND),
        false => Finding::good(NAME, both(zh, en)),
    }
}

/// A number of hours, for people.
fn hours(seconds: f64) -> String {
    format!("{:.1}", seconds / 3600.0)
}
