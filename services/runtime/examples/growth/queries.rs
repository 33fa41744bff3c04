//! The queries that services and pages ask all the time, through the store as they do.
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::{BoxFuture, FutureExt};
use pipeline::id::{PersonId, SubmissionId};
use pipeline::person::Sees;
use pipeline::queue::QUEUES;
use pipeline::stage::Stage;
use runtime::store::Store;
use runtime::store::people::audit::AuditFilter;
use runtime::store::people::reviews::Waiting;
use runtime::store::watching::board::{BoardWanted, Waits};
use runtime::store::watching::listing::Wanted;
use uuid::Uuid;

/// Times that a query is asked, after the first.
const TIMES: usize = 5;

/// What a query took.
pub(crate) struct Timing {
    pub(crate) name: &'static str,
    /// Asked first.
    pub(crate) first: Duration,
    /// The median of later ones.
    pub(crate) warm: Duration,
}

/// What is asked about.
#[derive(Clone, Copy)]
struct Of<'a> {
    store: &'a Store,
    /// A published work.
    work: SubmissionId,
    /// A work that waits to be screened.
    waiting: SubmissionId,
    person: PersonId,
}

type Query = for<'a> fn(Of<'a>) -> BoxFuture<'a, anyhow::Result<()>>;

pub(crate) async fn time_all(store: &Store) -> anyhow::Result<Vec<Timing>> {
    let id = async |query: &'static str| -> anyhow::Result<Uuid> {
        sqlx::query_scalar(query).fetch_one(store.pool()).await.context(query)
    };
    let of = Of {
        store,
        work: SubmissionId(id("select id from submissions where state = 'published' order by id limit 1").await?),
        waiting: SubmissionId(id("select id from submissions where state = 'screen' order by id limit 1").await?),
        person: PersonId(id("select id from persons limit 1").await?),
    };
    let mut timings = Vec::new();
    for (name, query) in QUERIES {
        let mut times = Vec::new();
        for _ in 0..=TIMES {
            let begun = Instant::now();
            query(of).await.context(name)?;
            times.push(begun.elapsed());
        }
        let first = times.remove(0);
        times.sort();
        timings.push(Timing { name, first, warm: times[TIMES / 2] });
    }
    Ok(timings)
}

/// A closure that asks and forgets the answer.
macro_rules! ask {
    (|$of:ident| $query:expr) => {
        |$of| {
            async move {
                $query.await?;
                Ok(())
            }
            .boxed()
        }
    };
}

const QUERIES: [(&str, Query); 32] = [
    ("sample of the installation", ask!(|of| of.store.sample(Duration::ZERO))),
    ("queues", ask!(|of| of.store.queues())),
    ("backlog of messages", ask!(|of| of.store.backlog())),
    ("parts whose wait is over", ask!(|of| of.store.wake_due())),
    ("leases that ran out", ask!(|of| of.store.expire_leases())),
    ("parts that waited too long", ask!(|of| of.store.age_parts(Duration::from_secs(600)))),
    ("parts without a message", ask!(|of| of.store.lasting_pending(Stage::Screen, 64, Duration::from_secs(60)))),
    ("garbage that is due", ask!(|of| of.store.take_garbage(64))),
    ("stock of films", ask!(|of| of.store.stock())),
    ("webhooks that are due", ask!(|of| of.store.webhooks_due())),
    ("a work", ask!(|of| of.store.submission(of.work))),
    ("its parts", ask!(|of| of.store.parts(of.work))),
    ("its history", ask!(|of| of.store.history(of.work))),
    ("its deliveries", ask!(|of| of.store.deliveries(of.work))),
    ("works like one", ask!(|of| of.store.earlier_works(of.waiting))),
    ("trouble", ask!(|of| of.store.trouble(&Sees::All, 50))),
    ("what is parked", ask!(|of| of.store.parked(&Sees::All, None, 50))),
    ("list", ask!(|of| list(of, Wanted::default()))),
    ("list of a contest", ask!(|of| list(of, Wanted { contests: Some("demo".into()).into(), ..Wanted::default() }))),
    ("list of a state", ask!(|of| list(of, Wanted { state: Some("transcode".into()), ..Wanted::default() }))),
    ("list of a theme", ask!(|of| list(of, Wanted { theme: Some("theme 1".into()), ..Wanted::default() }))),
    (
        "list by a delivery's state",
        ask!(|of| list(of, Wanted { delivery: Some("unknown".into()), ..Wanted::default() })),
    ),
    ("list by words of no title", ask!(|of| list(of, Wanted { title: Some("no such".into()), ..Wanted::default() }))),
    ("count", ask!(|of| of.store.count_listed(&Wanted::default()))),
    ("deliveries board", ask!(|of| board(of, None))),
    ("board: recalls", ask!(|of| board(of, Some(Waits::Recall)))),
    ("next to review", ask!(|of| next(of))),
    ("works that wait for review", ask!(|of| of.store.works_waiting("awaiting_review", None))),
    ("audit", ask!(|of| of.store.audit(&AuditFilter::default()))),
    ("audit of an act", ask!(|of| of.store.audit(&AuditFilter { act: Some("read".into()), ..AuditFilter::default() }))),
    (
        "audit of a contest",
        ask!(|of| of.store.audit(&AuditFilter { contests: Some("demo".into()).into(), ..AuditFilter::default() })),
    ),
    (
        "audit of a work",
        ask!(|of| of.store.audit(&AuditFilter { submission: Some(of.work), ..AuditFilter::default() })),
    ),
];

async fn list(of: Of<'_>, wanted: Wanted) -> anyhow::Result<()> {
    of.store.list(&Wanted { limit: 50, ..wanted }).await?;
    Ok(())
}

async fn board(of: Of<'_>, waits: Option<Waits>) -> anyhow::Result<()> {
    of.store.board(&BoardWanted { waits, limit: 50, ..BoardWanted::default() }).await?;
    Ok(())
}

async fn next(of: Of<'_>) -> anyhow::Result<()> {
    let waiting = Waiting { queue: &QUEUES[0], contests: &Sees::All, person: of.person };
    of.store.claim_next(waiting, None, None).await?;
    Ok(())
}
