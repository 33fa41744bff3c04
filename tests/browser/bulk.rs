//! Jobs on many works: selected, previewed, started; refused if the works have changed since the preview.
use uuid::Uuid;

use crate::support::catalogue::{BAG, DROP};
use crate::support::{TestPipeline, planted};

use super::{ROLES, Stage};

async fn jobs(pipeline: &TestPipeline) -> i64 {
    pipeline.truth.count("select count(*) from bulk_jobs").await
}

async fn two_finished(pipeline: &TestPipeline) -> [Uuid; 2] {
    let first = planted::work(pipeline, "一度电的旅程", &[DROP, BAG]).await;
    [first, planted::work(pipeline, "零件的一生", &[DROP, BAG]).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn new_runs_for_one_partner_are_five_clicks_away_from_a_list() {
    let Some(stage) = Stage::new().await else { return };
    two_finished(&stage.pipeline).await;
    stage.person("李组织", &ROLES).await;
    let browser = &stage.browser;
    browser.open("/works?state=awaiting_release").await;
    let clicks = [
        "a[href^='/bulk/new?']",
        "input[name=kind][value=reprocess]",
        &format!("input[name=partners][value={BAG}]"),
        "form[action='/bulk/look'] button",
        "form[action='/bulk'] button",
    ];
    for click in clicks {
        browser.click(click).await;
    }
    browser.arrives("/jobs/").await;
    assert_eq!(jobs(&stage.pipeline).await, 1);
    browser.open("/jobs").await;
    assert_eq!(browser.count("a[href^='/jobs/']").await, 1);
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_refused_if_its_works_changed_since_the_dry_run() {
    let Some(stage) = Stage::new().await else { return };
    let [first, second] = two_finished(&stage.pipeline).await;
    stage.person("李组织", &ROLES).await;
    let browser = &stage.browser;
    browser.open("/bulk/new?state=awaiting_release").await;
    browser.click("input[name=kind][value=release]").await;
    browser.click("form[action='/bulk/look'] button").await;
    browser.element("form[action='/bulk'] input[name=digest]").await;
    // Meanwhile another person releases one of them.
    stage.pipeline.command(&["release", &first.to_string()]).await.exits(0);
    browser.click("form[action='/bulk'] button").await;
    browser.element(".problem").await;
    browser.says("changed").await;
    assert_eq!(jobs(&stage.pipeline).await, 0, "no job was made");
    // The page shows the works as they are now, and can be confirmed.
    browser.click("form[action='/bulk'] button").await;
    browser.arrives("/jobs/").await;
    assert_eq!(jobs(&stage.pipeline).await, 1);
    let works = sqlx::query_scalar::<_, Uuid>("select submission from bulk_items");
    assert_eq!(works.fetch_all(stage.pipeline.truth.pool()).await.expect("the job's works"), [second]);
    stage.close();
}
