//! Compares the partners' own answers with our record.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use pipeline::delivery::Observed;
use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;

use super::{BAG, BILIBILI, Chaos, Counts, DOUYIN, DROP, NET, Row, TV, partner, plan};
use crate::support::leftovers;
use crate::support::platforms::World;

/// Every difference from our record.
pub(super) async fn compare(chaos: &Chaos, feed: &str) -> Vec<String> {
    let offered = partner::items(feed).await;
    let dropped = leftovers::keys(&chaos.pipeline.partner).await;
    let ours = leftovers::keys(&chaos.pipeline.objects).await;
    let mut wrong = Vec::new();
    for row in chaos.rows().await {
        let there = match row.partner.as_str() {
            BILIBILI => at_bilibili(chaos, &row, &mut wrong),
            DOUYIN => at_douyin(chaos, &row, &mut wrong),
            DROP => {
                let of_work: Vec<_> = dropped.iter().filter(|key| key.contains(&row.submission.to_string())).collect();
                let done = of_work.iter().filter(|key| key.ends_with("/.done")).count();
                if done == 0 && !of_work.is_empty() {
                    wrong.push(format!("half a folder: {of_work:?}, {}", row.described()));
                }
                done
            }
            TV => partner::folders(chaos, &row, &mut wrong),
            NET => offered.iter().filter(|item| item.contains(&row.submission.to_string())).count(),
            _ => {
                let bag = ObjectKey::bag_prefix(SubmissionId(row.submission), 1, &BAG.into());
                usize::from(ours.iter().any(|key| key.starts_with(&bag)))
            }
        };
        // A person may find one work to remove, or none; for the other partners the count is exact.
        let right = match (&row.machine.observed, row.partner.as_str()) {
            (Observed::Live { .. }, _) => there == 1,
            (Observed::Recalled { .. }, _) => there == 0,
            (Observed::Recalling { .. }, BAG | NET) => there == 0 && row.due,
            (Observed::Recalling { .. }, _) => there <= 1 && row.due,
            _ => false,
        };
        if !right {
            wrong.push(format!("{there} times there: {}", row.described()));
        }
    }
    wrong
}

fn at_bilibili(chaos: &Chaos, row: &Row, wrong: &mut Vec<String>) -> usize {
    let there = chaos.bilibili.of_title(&plan::title(chaos.number(row.submission)));
    if let (Observed::Live { receipt, .. }, [archive]) = (&row.machine.observed, there.as_slice())
        && receipt.0 != archive.resource_id
    {
        wrong.push(format!("it is {} there: {}", archive.resource_id, row.described()));
    }
    there.len()
}

fn at_douyin(chaos: &Chaos, row: &Row, wrong: &mut Vec<String>) -> usize {
    let title = plan::title(chaos.number(row.submission));
    let there: Vec<_> = chaos.douyin.items().into_iter().filter(|item| item.text.contains(&title)).collect();
    if let (Observed::Live { receipt, .. }, [item]) = (&row.machine.observed, there.as_slice())
        && receipt.0 != item.item_id
    {
        wrong.push(format!("it is {} there: {}", item.item_id, row.described()));
    }
    there.len()
}

/// What was done and what went wrong.
pub(super) async fn report(chaos: &Chaos, counts: &Counts, elapsed: Duration) -> String {
    let mut states: BTreeMap<String, u32> = BTreeMap::new();
    for row in chaos.rows().await {
        *states.entry(format!("{} {}", row.partner, row.machine.observed.name())).or_default() += 1;
    }
    let truth = &chaos.pipeline.truth;
    let lost = truth.count("select count(*) from exchanges where outcome in ('lost', 'open')").await;
    let failed = truth.count("select coalesce(sum(attempt), 0)::int8 from parts where stage = 'publish'").await;
    let left_over: Vec<String> =
        counts.over.iter().map(|(partner, after)| format!("{partner} {:.1} s", after.as_secs_f64())).collect();
    let unknown = truth
        .count("select count(*) from history where what = 'delivery_changed' and detail->>'state' = 'unknown'")
        .await;
    let mut text = format!(
        "over in {:.1} s; {} workers killed with -9; {failed} attempts failed or died with their worker; {lost} calls without an \
         answer; {unknown} times unknown; {} parked and tried again; {} reported live by a person\nrecalled: {:?}\nnow: {states:?}\nthe last of each was \
         over after {left_over:?}",
        elapsed.as_secs_f64(),
        counts.kills,
        counts.retried,
        counts.reported,
        counts.recalls,
    );
    for (name, world) in [(BILIBILI, &chaos.bilibili.world), (DOUYIN, &chaos.douyin.world)] {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{name}: {}", described(world));
    }
    text
}

fn described(world: &World) -> String {
    let entries = world.journal.all();
    let mut faults: BTreeMap<String, u32> = BTreeMap::new();
    for fault in entries.iter().filter_map(|entry| entry.fault.as_ref()) {
        *faults.entry(format!("{fault:?}")).or_default() += 1;
    }
    format!(
        "{} calls, of which went wrong {faults:?}; {} webhooks sent, doubles counted",
        entries.len(),
        world.notices.sent().len()
    )
}
