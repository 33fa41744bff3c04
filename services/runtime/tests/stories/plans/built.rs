//! The queries whose text follows from filters: each is run, and the server's `auto_explain` sends its plan as a notice.
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use pipeline::id::{ContestId, PersonId, SubmissionId};
use pipeline::person::Sees;
use pipeline::queue::QUEUES;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::metrics::Metrics;
use runtime::store::bulk::{self, Ask, Which};
use runtime::store::people::audit::AuditFilter;
use runtime::store::people::reviews::Waiting;
use runtime::store::watching::board::{BoardWanted, Waits};
use runtime::store::watching::listing::Wanted;
use runtime::store::{Policy, Store};
use serde_json::Value;
use sqlx::{Executor, PgConnection};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use uuid::Uuid;

use super::plan::scans;
use crate::support::World;

/// What is chosen by a name: the contest of most works, of a tenth of them, and both.
fn contests() -> [Sees; 4] {
    let only = |names: &[&str]| Sees::Only(names.iter().map(|it| (*it).into()).collect());
    [Sees::All, only(&["large"]), only(&["demo"]), only(&["demo", "large"])]
}

pub(super) async fn run_all(world: &World, connection: &mut PgConnection) {
    connection
        .execute(
            "do $$ begin
                execute format('alter database %I set session_preload_libraries = auto_explain', current_database());
                execute format('alter database %I set auto_explain.log_min_duration = 0', current_database());
                execute format('alter database %I set auto_explain.log_format = json', current_database());
                execute format('alter database %I set auto_explain.log_level = notice', current_database());
            end $$",
        )
        .await
        .unwrap();
    let (id, person): (Uuid, Uuid) =
        sqlx::query_as("select submission, person from review_later limit 1").fetch_one(connection).await.unwrap();
    // Its connections are new ones.
    let (config, metrics) = (&world.config, Metrics::new().unwrap());
    let policy = Policy::from(&config.work);
    let store = Store::new(&config.database, &config.allow_plaintext, policy, metrics).unwrap();
    let plans = Plans::default();
    let listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(plans.clone()));
    lists(&store, SubmissionId(id)).await;
    trail(&store, SubmissionId(id), person).await;
    queues(&store, PersonId(person), SubmissionId(id)).await;
    selections(&store).await;
    drop(listening);
    let plans = plans.0.lock().unwrap().clone();
    let seen: BTreeSet<&str> = plans.iter().map(|(name, _)| name.as_str()).collect();
    let missing: Vec<String> = built().into_iter().filter(|name| !seen.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "queries that are built and not run here: {missing:?}");
    // A text is looked for among 20,000 works at most, which are all of these.
    let bounded = |plan: &Value| plan["Query Text"].as_str().is_some_and(|text| text.contains("strpos("));
    let mut found = BTreeSet::new();
    for (name, plan) in plans.iter().filter(|(_, plan)| !bounded(plan)) {
        let scans = scans(&plan["Plan"]);
        found.extend(scans.into_iter().map(|scan| format!("{name}: {scan}, {}", plan["Query Text"])));
    }
    assert!(found.is_empty(), "what these queries take grows with the tables: {found:#?}");
}

async fn lists(store: &Store, id: SubmissionId) {
    let name = |text: &str| Some(text.to_owned());
    let filters = [
        Wanted::default(),
        Wanted { state: name("awaiting_review"), ..Wanted::default() },
        Wanted { theme: name("theme 1"), ..Wanted::default() },
        Wanted { partner: Some("cctv".into()), ..Wanted::default() },
        Wanted { delivery: name("unknown"), ..Wanted::default() },
        Wanted { partner: Some("cctv".into()), delivery: name("live"), ..Wanted::default() },
        Wanted { title: name("作品 77"), ..Wanted::default() },
        Wanted { title: name("T-0000-0000-0077"), ..Wanted::default() },
        Wanted { unit: name("unit 4"), ..Wanted::default() },
        Wanted { before: Some(id), ..Wanted::default() },
    ];
    let people = Waits::Person(vec!["cctv".into(), "xuexi".into()]);
    let boards = [
        BoardWanted::default(),
        BoardWanted { partner: Some("cctv".into()), ..BoardWanted::default() },
        BoardWanted { state: name("unknown"), ..BoardWanted::default() },
        BoardWanted { waits: Some(people), ..BoardWanted::default() },
        BoardWanted { waits: Some(Waits::Recall), ..BoardWanted::default() },
        BoardWanted { before: Some(id), ..BoardWanted::default() },
    ];
    for contests in contests() {
        for filter in &filters {
            let wanted = Wanted { contests: contests.clone(), limit: 50, ..filter.clone() };
            store.list(&wanted).await.unwrap();
            store.count_listed(&wanted).await.unwrap();
        }
        for board in &boards {
            let wanted = BoardWanted { contests: contests.clone(), limit: 50, ..board.clone() };
            store.board(&wanted).await.unwrap();
            store.count_board(&wanted).await.unwrap();
        }
    }
    let large = ContestId::from("large");
    for contest in [None, Some(&large)] {
        store.works_waiting("awaiting_review", contest).await.unwrap();
        store.works_waiting("awaiting_release", contest).await.unwrap();
        store.delivery_waiting_longest(contest).await.unwrap();
    }
}

async fn trail(store: &Store, id: SubmissionId, person: Uuid) {
    for filter in [
        AuditFilter::default(),
        AuditFilter { submission: Some(id), ..AuditFilter::default() },
        AuditFilter { contests: contests()[1].clone(), ..AuditFilter::default() },
        AuditFilter { act: Some("read".into()), ..AuditFilter::default() },
        AuditFilter { person: Some(person), ..AuditFilter::default() },
        AuditFilter { before: Some(999_990_000), ..AuditFilter::default() },
    ] {
        store.audit(&filter).await.unwrap();
    }
}

async fn queues(store: &Store, person: PersonId, id: SubmissionId) {
    for contests in &contests() {
        for queue in &QUEUES {
            let of = Waiting { queue, contests, person };
            store.claim_next(of, None, None).await.unwrap();
            store.next_waiting(of, id).await.unwrap();
            store.count_waiting(of, 1000).await.unwrap();
        }
    }
}

/// A job asks for at most 100,000 works, which is more than there are: only what narrows the works down to few has an index to read.
async fn selections(store: &Store) {
    for text in
        ["contest=demo state=awaiting_review", "delivery=unknown", "partner=cctv delivery=in_review", "engine<0.1"]
    {
        let which = Which::Selected(Box::new(text.parse().unwrap()));
        let ask = Ask::Reprocess { from: Stage::Screen, redo: Redo::default() };
        let look = store.transaction("look", |tx, _| {
            let (which, ask) = (&which, &ask);
            Box::pin(async move { bulk::look(tx, which, ask, &Sees::All).await })
        });
        look.await.unwrap();
    }
}

/// Names of the queries that the store builds.
fn built() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut dirs = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/runtime/src/store")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            // `QueryBuilder::new("/* NAME */ …`, on one line or two.
            names.extend(text.split("QueryBuilder").skip(1).filter_map(|it| {
                let (call, rest) = it.split_once("\"/* ")?;
                let new = call.trim_start_matches("::<Postgres>").trim_end();
                (new == "::new(").then(|| rest.split_once(" */").unwrap().0.to_owned())
            }));
        }
    }
    assert!(names.len() > 10, "{names:?}");
    names
}

/// The plans that the server sends, each with the name of its query.
#[derive(Clone, Default)]
struct Plans(Arc<Mutex<Vec<(String, Value)>>>);

impl<S: tracing::Subscriber> Layer<S> for Plans {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let Some((_, plan)) = message.0.split_once("plan:\n") else { return };
        let plan: Value = serde_json::from_str(plan).unwrap();
        let Some((_, rest)) = plan["Query Text"].as_str().unwrap().split_once("/* ") else { return };
        let name = rest.split_once(" */").unwrap().0.to_owned();
        self.0.lock().unwrap().push((name, plan));
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }
}
