//! Shares: a new contest beside a large one, and a partner over its budget beside another.
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use pipeline::id::SubmissionId;
use pipeline::part::Part;
use pipeline::stage::Stage;
use runtime::outcome::{Outcome, OverBudget};
use runtime::service::Services;
use runtime::store::Store;
use runtime::store::partners::accounts::{Account, Budget, MAIN, Pass};
use runtime::store::work::parts::{Claim, Commit};
use runtime::worker::Job;

use crate::support::{Doing, SOON, World, all_but_publish, hand_over, output};

/// Parts of a new work's runs 2 to `runs` + 1, the first run's the oldest, all backdated by `age_s`.
async fn parts(world: &World, stage: Stage, part: &str, contest: &str, runs: i32, age_s: f64) -> SubmissionId {
    let id = world.uploaded().await;
    let probed = "update parts set status = 'done' where submission = $1";
    sqlx::query(probed).bind(id.0).execute(world.store.pool()).await.unwrap();
    let planted = "insert into parts (submission, run, stage, part, contest, created_at)
        select $1, n, $2, $3, $4, clock_timestamp() - make_interval(secs => $6 - n * 0.001) from generate_series(2, $5 + 1) n";
    let query = sqlx::query(planted).bind(id.0).bind(stage.name()).bind(part).bind(contest).bind(runs).bind(age_s);
    query.execute(world.store.pool()).await.unwrap();
    id
}

async fn claim(store: &Store, stage: Stage) -> Option<Claim> {
    store.claim(stage, "me").await.unwrap()
}

/// The runs of the parts of `whose` among these claims, in the order of claiming.
fn runs(claims: &[Claim], whose: SubmissionId) -> Vec<u32> {
    claims.iter().filter(|claim| claim.submission == whose).map(|claim| claim.run).collect()
}

async fn some_claims(world: &World, count: usize) -> Vec<Claim> {
    let mut claims = Vec::new();
    for _ in 0..count {
        claims.push(claim(&world.store, Stage::Probe).await.expect("parts are left"));
    }
    claims
}

#[tokio::test]
async fn a_new_contest_does_not_wait_behind_a_large_one_which_goes_on() {
    let world = World::new().await;
    world.rows_are_planted();
    let large = parts(&world, Stage::Probe, "mezzanine", "large", 5_000, 3600.0).await;
    let first = some_claims(&world, 8).await;
    assert_eq!(runs(&first, large), (2..10).collect::<Vec<_>>(), "alone, one contest has all turns");
    let new = parts(&world, Stage::Probe, "mezzanine", "new", 5, 0.0).await;
    let claims = some_claims(&world, 16).await;
    assert_eq!(runs(&claims, new), [2, 3, 4, 5, 6], "all of them, the oldest first");
    assert_eq!(runs(&claims, large), (10..21).collect::<Vec<_>>(), "and the large one goes on in its order");
}

/// Ten contests with new entries all the time, and one with three old ones.
#[tokio::test]
async fn an_old_part_is_claimed_however_many_contests_have_newer_ones() {
    let world = World::new().await;
    world.rows_are_planted();
    let old = parts(&world, Stage::Probe, "mezzanine", "z-old", 3, 3600.0).await;
    for contest in 0..10 {
        parts(&world, Stage::Probe, "mezzanine", &format!("contest-{contest}"), 40, 60.0).await;
    }
    assert_eq!(runs(&some_claims(&world, 12).await, old), [2, 3, 4], "every fourth claim takes the oldest of all");
}

#[tokio::test]
async fn those_who_claim_at_once_get_a_part_each_whatever_the_turns() {
    let world = World::new().await;
    world.rows_are_planted();
    parts(&world, Stage::Probe, "mezzanine", "large", 15, 60.0).await;
    parts(&world, Stage::Probe, "mezzanine", "small", 1, 0.0).await;
    let claims = join_all((0..16).map(|_| claim(&world.store, Stage::Probe))).await;
    let mut claimed: Vec<_> = claims.into_iter().flatten().map(|claim| (claim.submission, claim.run)).collect();
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 16);
}

#[tokio::test]
async fn parts_know_their_contest_from_the_first_stage_on() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let contests = sqlx::query_scalar::<_, String>("select contest from parts where submission = $1").bind(id.0);
    assert_eq!(contests.fetch_all(world.store.pool()).await.unwrap(), ["demo"]);
}

/// A call every ten seconds, two after a pause.
const BUDGET: Budget = Budget { per_minute: 6, burst: 2 };

fn account(claim: &Claim) -> Account {
    let Part::Partner(partner) = &claim.part else { panic!("{} is no delivery", claim.part) };
    Account { partner: partner.clone(), name: MAIN.to_owned() }
}

/// What the publish service does with a claim whose first call may exceed the budget. Returns whether it called; if so,
/// the part is done.
async fn call(world: &World, claim: &Claim) -> bool {
    let account = account(claim);
    match world.store.pass(&account, BUDGET, !claim.reserved).await.unwrap() {
        Pass::Go => {
            assert_eq!(world.store.park(claim, "it called").await.unwrap(), Commit::Committed);
            true
        }
        Pass::Wait(wait) => {
            let over = OverBudget { account, budget: BUDGET, wait, begun: claim.reserved };
            assert_eq!(world.store.reserve_call(claim, &over).await.unwrap(), Commit::Committed);
            false
        }
    }
}

/// Claims and calls until nothing is claimable. Returns the partners and runs that called, and how many parts were claimed.
async fn work(world: &World) -> (Vec<String>, usize) {
    let (mut called, mut claims) = (Vec::new(), 0);
    while let Some(claim) = claim(&world.store, Stage::Publish).await {
        claims += 1;
        if call(world, &claim).await {
            called.push(format!("{} {}", account(&claim).partner, claim.run));
        }
    }
    (called, claims)
}

async fn number(world: &World, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(world.store.pool()).await.unwrap()
}

/// Runs whose deliveries wait, by the time that they reserved.
async fn waiting(world: &World) -> Vec<i32> {
    let query = "select run from parts where status = 'waiting' and call_at is not null order by call_at";
    sqlx::query_scalar(query).fetch_all(world.store.pool()).await.unwrap()
}

/// Time passes for the parts that wait for a partner, and for its budget.
async fn seconds_pass(world: &World, seconds: f64) {
    for query in [
        "update parts set call_at = call_at - make_interval(secs => $1) where call_at is not null",
        "update partner_accounts set tat = tat - make_interval(secs => $1)",
    ] {
        sqlx::query(query).bind(seconds).execute(world.store.pool()).await.unwrap();
    }
}

/// Attempts that ended without finishing the part. In these tests, parking lets a part end.
const LATER: &str = "select count(*) from attempts where outcome <> 'parked'";

#[tokio::test]
async fn deliveries_over_a_partners_budget_wait_for_reserved_times_and_another_partner_does_not() {
    let world = World::new().await;
    world.rows_are_planted();
    parts(&world, Stage::Publish, "partner/slow", "demo", 1_000, 60.0).await;
    parts(&world, Stage::Publish, "partner/quick", "demo", 1, 0.0).await;
    let (called, claims) = work(&world).await;
    assert_eq!(called, ["slow 2", "slow 3", "quick 2"]);
    assert_eq!(claims, 4, "one delivery met the budget; the other 997 were not claimed");
    assert_eq!(number(&world, LATER).await, 0, "a delivery that waits makes no attempt");
    assert_eq!(waiting(&world).await, (4..1002).collect::<Vec<_>>(), "in the order of claims");
    let together = "select count(*) - count(distinct call_at) from parts where call_at is not null";
    assert_eq!(number(&world, together).await, 0, "a time for each");
    assert_eq!(world.store.wake_due().await.unwrap(), 0, "time alone wakes none");

    // Eight of them are due, and the partner may be called twice after its pause.
    seconds_pass(&world, 85.0).await;
    assert_eq!(world.store.wake_reserved().await.unwrap(), 2);
    assert_eq!(world.store.wake_reserved().await.unwrap(), 0, "these two are to call first");
    assert_eq!(work(&world).await, (vec!["slow 4".to_owned(), "slow 5".to_owned()], 2));
    assert_eq!(world.store.wake_reserved().await.unwrap(), 0, "the budget is used up");
    seconds_pass(&world, 10.0).await;
    assert_eq!(world.store.wake_reserved().await.unwrap(), 1);
    assert_eq!(work(&world).await, (vec!["slow 6".to_owned()], 1));
    assert_eq!(number(&world, LATER).await, 0);
}

#[tokio::test]
async fn a_delivery_that_comes_later_goes_after_those_that_wait_and_one_that_has_begun_before_them() {
    let world = World::new().await;
    world.rows_are_planted();
    parts(&world, Stage::Publish, "partner/slow", "demo", 5, 60.0).await;
    assert_eq!(work(&world).await.0, ["slow 2", "slow 3"]);
    // The partner could be called now, but three others wait for it.
    seconds_pass(&world, 5.0).await;
    sqlx::query("update partner_accounts set tat = clock_timestamp()").execute(world.store.pool()).await.unwrap();
    let later = parts(&world, Stage::Publish, "partner/slow", "demo", 1, 0.0).await;
    sqlx::query("update parts set run = 100 where submission = $1 and run = 2")
        .bind(later.0)
        .execute(world.store.pool())
        .await
        .unwrap();
    assert_eq!(work(&world).await, (Vec::new(), 1));
    assert_eq!(waiting(&world).await, [4, 5, 6, 100]);

    // Run 4 starts, and a later call of it exceeds the budget.
    seconds_pass(&world, 10.0).await;
    assert_eq!(world.store.wake_reserved().await.unwrap(), 1);
    let begun = claim(&world.store, Stage::Publish).await.expect("it was woken");
    assert!(begun.run == 4 && begun.reserved);
    let wait = Duration::from_secs(2);
    let over = OverBudget { account: account(&begun), budget: BUDGET, wait, begun: true };
    assert_eq!(world.store.reserve_call(&begun, &over).await.unwrap(), Commit::Committed);
    assert_eq!(waiting(&world).await, [4, 5, 6, 100], "it goes on first");
    assert_eq!(number(&world, LATER).await, 1, "it was at work");
    assert_eq!(world.store.reserve_call(&begun, &over).await.unwrap(), Commit::Fenced, "and holds it no longer");
}

#[tokio::test]
async fn what_is_to_be_taken_back_waits_for_no_other_delivery() {
    let world = World::new().await;
    world.rows_are_planted();
    parts(&world, Stage::Publish, "partner/slow", "demo", 4, 60.0).await;
    let recalled = parts(&world, Stage::Publish, "partner/slow", "demo", 1, 0.0).await;
    let query = "insert into deliveries (submission, partner, machine, state, run)
        values ($1, 'slow', '{\"desired\": \"gone\"}', 'recalling', 2)";
    sqlx::query(query).bind(recalled.0).execute(world.store.pool()).await.unwrap();
    for _ in 0..3 {
        let claim = claim(&world.store, Stage::Publish).await.expect("a delivery");
        call(&world, &claim).await;
    }
    let next = claim(&world.store, Stage::Publish).await.expect("it did not join those that wait");
    assert_eq!(next.submission, recalled);
    assert!(claim(&world.store, Stage::Publish).await.is_none());
    assert_ne!(world.store.pass(&account(&next), BUDGET, true).await.unwrap(), Pass::Go);
    seconds_pass(&world, 20.0).await;
    assert_eq!(world.store.pass(&account(&next), BUDGET, false).await.unwrap(), Pass::Go, "though others wait");
}

#[tokio::test]
async fn while_a_partners_breaker_is_open_none_of_its_deliveries_is_woken() {
    let world = World::new().await;
    world.rows_are_planted();
    parts(&world, Stage::Publish, "partner/slow", "demo", 6, 60.0).await;
    work(&world).await;
    seconds_pass(&world, 600.0).await;
    let fails = "update partner_accounts set failures = 5, open_until = clock_timestamp() + make_interval(secs => $1)";
    sqlx::query(fails).bind(60.0).execute(world.store.pool()).await.unwrap();
    assert_eq!(world.store.wake_reserved().await.unwrap(), 0);
    sqlx::query(fails).bind(-1.0).execute(world.store.pool()).await.unwrap();
    assert_eq!(world.store.wake_reserved().await.unwrap(), 1, "one goes first");
}

/// Enters works and processes them up to their deliveries, which begin when publish does.
async fn ready_to_publish(world: &World, count: usize) -> Vec<SubmissionId> {
    let mut works = Vec::new();
    for _ in 0..count {
        works.push(world.uploaded().await);
    }
    let made = world.process(all_but_publish()).await;
    for id in &works {
        world.reaches(*id, "publish").await;
    }
    made.stop().await;
    works
}

/// A publish service whose deliveries request permission before their only call, ten a second for each partner.
fn budgeted(store: &Store) -> Services {
    let store = store.clone();
    Services::new().worker(Doing::<4, _>(move |job: Job| -> BoxFuture<'static, _> {
        let store = store.clone();
        Box::pin(async move {
            let (account, budget) = (account(&job.claim), Budget { per_minute: 600, burst: 1 });
            if let Pass::Wait(wait) = store.pass(&account, budget, !job.claim.reserved).await? {
                return Ok(Outcome::OverBudget(OverBudget { account, budget, wait, begun: job.claim.reserved }));
            }
            hand_over(&store, &job).await?;
            Ok(Outcome::Done(output(&job)))
        })
    }))
}

/// Services and reconciler as they run.
#[tokio::test]
async fn every_delivery_has_its_turn_and_hardly_any_is_tried_in_vain() {
    let world = World::new().await;
    let works = ready_to_publish(&world, 5).await;
    let process = world.process(budgeted(&world.store)).await;
    for id in works {
        world.reaches(id, "published").await;
    }
    let deliveries = number(&world, "select count(*) from deliveries").await;
    let in_vain = number(&world, "select count(*) from attempts where stage = 'publish'").await;
    // If one is woken between another one's claim and its call, it finds the budget used up, which is rare.
    assert!(in_vain * 10 <= deliveries, "{in_vain} attempts in vain at {deliveries} deliveries");
    process.stop().await;
}

/// With a call a tick, the last of these would be published after more ticks than anything here waits for.
#[tokio::test]
async fn a_budget_is_used_up_between_two_ticks() {
    let world = World::new().await;
    let works = ready_to_publish(&world, 14).await;
    let mut config = world.config.clone();
    config.work.reconcile_s = SOON.as_secs_f64() / 10.0;
    let process = world.process_with(config, budgeted(&world.store)).await;
    for id in works {
        world.reaches(id, "published").await;
    }
    process.stop().await;
}
