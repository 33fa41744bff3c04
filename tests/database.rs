//! Postgres goes away in the middle of everything and comes back.
use std::time::Duration;

use crate::support::wait::wait_until_true;
use crate::support::{Direction, Pause, Servers, Setup, TestPipeline};

const SOON: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn postgres_restarted_at_once_costs_no_part_and_no_restart() {
    let pipeline = TestPipeline::with(Setup { servers: Some(Servers::own("")), ..Setup::default() }).await;
    let pause = Pause::new(pipeline.dir());
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let worker = pipeline.serve_with("worker", &["transcode"], &[pause.env()]).await;
    let work = pipeline.submit(&others, 3).await;
    worker.paused_children(2, SOON).await;
    let held = pipeline.truth.part_is(work, "transcode", "claimed", SOON).await;
    pipeline.servers.restart_postgres_immediately();
    pause.off();
    worker.continue_children();
    pipeline.truth.reaches(work, "published", SOON).await;
    let done = pipeline.truth.parts(work).await;
    let done = done.iter().find(|part| part.stage == "transcode" && part.part == held.part).expect("the part is there");
    assert_eq!((done.fence, done.attempt), (held.fence, 0), "the part was done again");
    // Once more while idle, and then under load.
    pipeline.servers.restart_postgres_immediately();
    let next = pipeline.submit_patiently(&others, 2).await;
    pipeline.servers.restart_postgres_immediately();
    pipeline.truth.reaches(next, "published", SOON).await;
    for service in [&others, &worker] {
        wait_until_true("it is ready again", SOON, async || service.is_ready().await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_reach_the_database_loses_its_part_to_one_that_can() {
    let pipeline = TestPipeline::new().await;
    let pause = Pause::new(pipeline.dir());
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let work = pipeline.submit(&others, 3).await;
    pipeline.truth.reaches(work, "transcode", SOON).await;
    let (proxy, through) = pipeline.proxy_to(&pipeline.truth.service_url).await;
    let lonely = pipeline.serve_with("lonely", &["transcode"], &[("DATABASE_URL", &through), pause.env()]).await;
    lonely.paused_children(2, SOON).await;
    proxy.swallow(Direction::ToServer);
    pause.off();
    lonely.continue_children();
    pipeline.serve("heir", &["transcode"]).await;
    pipeline.truth.reaches(work, "published", SOON + SOON).await;
    proxy.mend();
    wait_until_true("it is ready again", SOON, async || lonely.is_ready().await).await;
}
