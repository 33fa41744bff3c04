//! The command that the product prints for what waits for a person: it is printed exactly where a person has something
//! to do, it is accepted as printed, and the delivery moves on. `kinds` does the same for each kind of trouble.
use std::collections::BTreeSet;
use std::time::Duration;

use pipeline::delivery::{DeliveryEvent, IntentId, RecallBy, Receipt};
use serde_json::Value;
use uuid::Uuid;

use crate::delivery::delivery_is;
use crate::desk::made::stand;
use crate::support::catalogue::{self, BAG, DROP};
use crate::support::platforms::douyin::{Douyin, Rules};
use crate::support::platforms::{Emulator, World};
use crate::support::process::Ran;
use crate::support::receiver::{Receiver, Say};
use crate::support::wait::wait_until;
use crate::support::{Setup, TestPipeline, planted};

mod kinds;

const SOON: Duration = Duration::from_secs(180);
const DOUYIN: &str = "douyin";

/// Every method has a partner here.
const PARTNERS: [&str; 6] = [DROP, BAG, DOUYIN, "bilibili", "station", "feed"];

/// The values for the placeholders of a command.
struct Evidence {
    url: String,
    file: String,
}

impl Evidence {
    fn at(pipeline: &TestPipeline, url: String) -> Self {
        let file = pipeline.dir().join("seen.jpg");
        std::fs::write(&file, planted::jpeg(64, 64)).expect("write a picture");
        Self { url, file: file.display().to_string() }
    }

    /// Runs a command as printed, with `more` after it.
    async fn run(&self, pipeline: &TestPipeline, printed: &str, more: &[&str]) -> Ran {
        let mut words = printed.split(' ');
        assert_eq!(words.next(), Some("reelmill"), "{printed}");
        let filled = words.map(|word| match word {
            "URL" => self.url.as_str(),
            "FILE" => self.file.as_str(),
            other => other,
        });
        let args: Vec<&str> = filled.chain(more.iter().copied()).collect();
        let unfilled = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        assert!(!args.iter().any(unfilled), "a placeholder that is not known: {printed}");
        pipeline.command(&args).await
    }
}

/// Reads deliveries as the desk shows them.
struct Reader {
    address: String,
    token: String,
}

impl Reader {
    async fn of(pipeline: &TestPipeline, address: String) -> Self {
        Self { address, token: pipeline.token("operator").await }
    }

    async fn deliveries(&self, id: Uuid) -> Vec<Value> {
        let address = format!("http://{}/api/v1/submissions/{id}/deliveries", self.address);
        let answer = reqwest::Client::new().get(address).bearer_auth(&self.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("deliveries")
    }

    async fn delivery(&self, id: Uuid, partner: &str) -> Value {
        let all = self.deliveries(id).await;
        all.into_iter().find(|it| it["partner"] == partner).unwrap_or_else(|| panic!("no delivery to {partner}"))
    }
}

/// Every state that a delivery can be in, with the events that lead there, and whether it is wanted.
fn states() -> Vec<(&'static str, Vec<DeliveryEvent>)> {
    let (intent, receipt) = (IntentId(Uuid::now_v7()), Receipt("known".into()));
    let (handed, sending) = (DeliveryEvent::HandedToOperator { intent }, DeliveryEvent::Sending { intent });
    let accepted = DeliveryEvent::Accepted { intent, receipt: receipt.clone() };
    let live = DeliveryEvent::WentLive { receipt, public_url: None };
    let started = |by| DeliveryEvent::RecallStarted { by };
    let unwanted = DeliveryEvent::Unwanted;
    let refused = DeliveryEvent::Refused { words: "不合适".into() };
    vec![
        ("planned", vec![]),
        ("sending", vec![sending.clone()]),
        ("unknown", vec![sending.clone(), DeliveryEvent::AnswerLost { intent }]),
        ("awaiting a person", vec![handed.clone()]),
        ("awaiting a person, not wanted any more", vec![handed.clone(), unwanted.clone()]),
        ("in review", vec![sending.clone(), accepted.clone()]),
        ("live", vec![sending.clone(), accepted.clone(), live.clone()]),
        ("live, not wanted any more", vec![sending.clone(), accepted.clone(), live, unwanted.clone()]),
        ("recalled by the system", vec![sending.clone(), accepted, unwanted.clone(), started(RecallBy::System)]),
        ("recalled by a person", vec![handed, unwanted.clone(), started(RecallBy::Operator)]),
        ("gone", vec![unwanted]),
        ("refused", vec![sending, refused]),
    ]
}

/// The act of a person that this state waits for at this partner.
fn awaited(state: &str, partner: &str) -> Option<&'static str> {
    match (state, partner) {
        ("awaiting a person", BAG) => Some("deliver"),
        ("awaiting a person", DOUYIN) => Some("confirm"),
        ("recalled by a person", _) => Some("prove_removal"),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_command_is_one_that_a_person_can_run() {
    let partner = |id, method| (id, catalogue::partner(id, method));
    let partners = vec![
        partner(DOUYIN, "douyin"),
        partner("bilibili", "bilibili"),
        partner("station", "sftp_drop"),
        partner("feed", "mrss"),
    ];
    let env = vec![("RECONCILE_S", "3600".to_owned())];
    let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
    let service = pipeline.serve("desk", &["desk"]).await;
    let reader = Reader::of(&pipeline, service.desk_address().expect("the desk's address")).await;
    let evidence = Evidence::at(&pipeline, "https://partner.example/v/1".into());
    for (state, events) in states() {
        let id = planted::work(&pipeline, "下一步", &PARTNERS).await;
        pipeline.command(&["release", &id.to_string()]).await.exits(0);
        for partner in PARTNERS {
            stand(&pipeline, id, partner, &events).await;
        }
        let deliveries = reader.deliveries(id).await;
        assert_eq!(deliveries.len(), PARTNERS.len());
        for before in deliveries {
            let partner = before["partner"].as_str().expect("a partner");
            let act = awaited(state, partner);
            assert_eq!(before["next"]["act"].as_str(), act, "{state} at {partner}: {before}");
            let Some(act) = act else { continue };
            let command = before["next"]["command"].as_str().expect("a command");
            evidence.run(&pipeline, command, &[]).await.exits(0);
            let after = reader.delivery(id, partner).await;
            let (now, next) = (after["state"].as_str().expect("a state"), after["next"]["act"].as_str());
            match act {
                "deliver" => assert_eq!((now, next), ("live", None), "{command}: {after}"),
                // It is published next.
                "confirm" => assert_eq!((now, next), ("planned", None), "{command}: {after}"),
                // The system checks a report before it is believed; until then a better one may follow.
                _ => assert_eq!((now, next), ("recalling", Some("prove_removal")), "{command}: {after}"),
            }
        }
        let reports = PARTNERS.iter().filter(|it| matches!(awaited(state, it), Some("deliver" | "prove_removal")));
        assert_eq!(proofs(&pipeline, id).await, reports.count() as i64, "{state}");
    }
    // No service runs that would send the works released here.
    service.stop();
}

async fn proofs(pipeline: &TestPipeline, id: Uuid) -> i64 {
    let query = sqlx::query_scalar("select count(*) from proofs where submission = $1").bind(id);
    query.fetch_one(pipeline.truth.pool()).await.expect("count the reports")
}

/// Follows the desk's advice until every delivery is in a state; returns the acts that this took. Each command is run
/// once.
async fn follow(
    pipeline: &TestPipeline,
    reader: &Reader,
    evidence: &Evidence,
    id: Uuid,
    until: &str,
) -> BTreeSet<String> {
    let (mut typed, mut acts) = (BTreeSet::new(), BTreeSet::new());
    wait_until(&format!("every delivery is {until}"), SOON, async || {
        let deliveries = reader.deliveries(id).await;
        for delivery in deliveries.iter().filter(|it| it["next"].is_object()) {
            let (partner, next) = (delivery["partner"].as_str()?, &delivery["next"]);
            let command = next["command"].as_str().expect("a command").to_owned();
            // The page of a real platform cannot be reached from here, so that report counts only with an explicit
            // override.
            let insists = partner == DOUYIN && next["act"] == "prove_removal";
            if typed.insert(command.clone()) {
                let more: &[&str] = if insists { &["--insist"] } else { &[] };
                evidence.run(pipeline, &command, more).await.exits(0);
                acts.insert(format!("{partner}: {}", next["act"].as_str().expect("an act")));
            }
        }
        deliveries.iter().all(|it| it["state"] == until).then_some(())
    })
    .await;
    acts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_commands_deliver_a_work_everywhere_and_recall_it() {
    let partners = vec![(DOUYIN, catalogue::partner("抖音", "douyin"))];
    let env = vec![("ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8".to_owned()), ("RECONCILE_S", "0.5".to_owned())];
    let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
    let world = World::new(11);
    let platform = Emulator::start(Douyin::new(Rules::default(), &world), world).await;
    let known = platform.env(&platform.url());
    let known: Vec<(&str, &str)> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let service = pipeline.serve_with("desk", &["desk", "publish"], &known).await;
    let reader = Reader::of(&pipeline, service.desk_address().expect("the desk's address")).await;
    let page = Receiver::start().await;
    let evidence = Evidence::at(&pipeline, page.url("/v/1"));

    let id = planted::work(&pipeline, "照着做", &[DROP, BAG, DOUYIN]).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    // The command is printed where the files are.
    delivery_is(&pipeline, id, BAG, "awaiting_operator").await;
    let out = pipeline.dir().join("out").display().to_string();
    let printed = pipeline.command(&["bag", &id.to_string(), "--partner", BAG, "--out", &out]).await.exits(0);
    let next = reader.delivery(id, BAG).await["next"]["command"].as_str().expect("a command").to_owned();
    assert!(printed.stdout.contains(&next), "{next} is not in {}", printed.stdout);

    let acts = follow(&pipeline, &reader, &evidence, id, "live").await;
    assert_eq!(acts, ["bag: deliver", "douyin: confirm"].map(ToOwned::to_owned).into());
    pipeline.truth.reaches(id, "published", SOON).await;

    pipeline.command(&["recall", &id.to_string(), "--reason", "版权争议"]).await.exits(0);
    page.always_say(Say::status(404));
    let acts = follow(&pipeline, &reader, &evidence, id, "recalled").await;
    assert_eq!(acts, ["bag: prove_removal", "douyin: prove_removal"].map(ToOwned::to_owned).into());
    assert_eq!(pipeline.truth.state(id).await, "revoked");
}
