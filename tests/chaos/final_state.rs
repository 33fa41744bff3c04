//! Reads the final state: from the database, the bucket, and the partners' own answers.
use std::collections::BTreeMap;

use futures::FutureExt;
use pipeline::id::{SubmissionId, UploadId};
use pipeline::object_key::ObjectKey;
use sqlx::types::Json;
use uuid::Uuid;

use super::checker::{BAG, DOUYIN, DROP, FinalState, Work};
use super::house::House;
use crate::support::leftovers;

/// The whole final state, after the services have settled and stopped; leftovers are found on the way.
pub(super) async fn read(house: &House) -> FinalState {
    let pipeline = &house.pipeline;
    let mut open = texts(house, OPEN).await;
    let done_twice = texts(house, TWICE).await;
    // Waits until all is idle, stops the services, and checks every row, object, file and process.
    match std::panic::AssertUnwindSafe(leftovers::find(pipeline)).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(left)) => open.push(format!("left behind: {left:#}")),
        Err(_) => open.push("it did not become quiet, or a service did not end as it should (see above)".to_owned()),
    }
    open.extend(house.scratch_left().into_iter().map(|file| format!("left in scratch: {file}")));
    let (dropped, ours) = (leftovers::keys(&pipeline.partner).await, leftovers::keys(&pipeline.objects).await);
    let mut works = Vec::new();
    for (id, title, state, passes, film) in rows(house).await {
        let bag = ObjectKey::bag_prefix(SubmissionId(id), 1, &BAG.into());
        let text = id.to_string();
        let at_partner = [
            (DROP, dropped.iter().filter(|key| key.contains(&text) && key.ends_with("/.done")).count()),
            (DOUYIN, house.douyin.items().iter().filter(|item| item.text.contains(&title)).count()),
            (BAG, usize::from(ours.iter().any(|key| key.starts_with(&bag)))),
        ];
        works.push(Work {
            id,
            state,
            passes,
            uploads: pairs(house, "select id, \"offset\" from uploads where submission = $1", id).await,
            film: match film {
                Some(upload) => Some((upload, digest(house, upload).await)),
                None => None,
            },
            acts: pairs(house, "select act, count(*) from audit where submission = $1 group by act", id).await,
            deliveries: deliveries(house, id).await,
            at_partner: at_partner.map(|(partner, times)| (partner.to_owned(), times)).into(),
            title,
        });
    }
    FinalState { works, open, done_twice }
}

/// Open work of any kind, including parked parts: there is no operator in this test who retries them.
const OPEN: &str = "select concat_ws(' ', submission, stage, part, status, 'attempt', attempt, last_error) from parts
        where status not in ('done', 'cancelled')
    union all select concat_ws(' ', 'message', kind) from outbox
    union all select concat_ws(' ', 'webhook', type, submission, status) from webhook_messages where status <> 'delivered'";

const TWICE: &str = "select concat_ws(' ', submission, detail->>'stage', detail->>'part', count(*)) from history
    where what = 'part_done' group by submission, detail->>'run', detail->>'stage', detail->>'part'
    -- A part that publishes is done again to take back.
    having count(*) > 1 + case when detail->>'stage' = 'publish' then 1 else 0 end";

async fn texts(house: &House, query: &'static str) -> Vec<String> {
    house.pipeline.truth.texts(query).await
}

/// Id, title, state, whether it passes, and the upload that became the film.
type Row = (Uuid, String, String, Option<bool>, Option<Uuid>);

async fn rows(house: &House) -> Vec<Row> {
    let query = "select id, title, state,
            not exists (select from jsonb_array_elements(verdict->'rules') as rule where rule->>'outcome' = 'fail')
                and verdict is not null,
            mezzanine_upload
        from submissions order by created_at";
    sqlx::query_as(query).fetch_all(house.pipeline.truth.pool()).await.expect("read the submissions")
}

/// Two columns of a submission's rows: name and number.
async fn pairs<K, V>(house: &House, query: &'static str, id: Uuid) -> BTreeMap<K, V>
where
    K: Ord + Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    V: TryFrom<i64>,
{
    let rows: Vec<(K, i64)> =
        sqlx::query_as(query).bind(id).fetch_all(house.pipeline.truth.pool()).await.expect("read pairs");
    rows.into_iter().filter_map(|(name, number)| Some((name, number.try_into().ok()?))).collect()
}

async fn deliveries(house: &House, id: Uuid) -> BTreeMap<String, String> {
    let query = "select partner, machine from deliveries where submission = $1";
    let rows: Vec<(String, Json<pipeline::delivery::Delivery>)> =
        sqlx::query_as(query).bind(id).fetch_all(house.pipeline.truth.pool()).await.expect("read deliveries");
    rows.into_iter().map(|(partner, machine)| (partner, machine.0.observed.name().to_owned())).collect()
}

/// The SHA-256 of the object as it is now, or why it cannot be read.
async fn digest(house: &House, upload: Uuid) -> String {
    let file = house.pipeline.dir().join("film");
    match house.pipeline.objects.get_to_file(&ObjectKey::Upload(UploadId(upload)), &file).await {
        Ok((_, digest)) => hex::encode(digest),
        Err(error) => error.to_string(),
    }
}
