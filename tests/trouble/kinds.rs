//! One trouble of every kind, and the command that `reelmill trouble` prints for it: accepted as printed, it ends the
//! trouble, or shows more where a person must look.
use pipeline::delivery::{DeliveryEvent, IntentId, RecallBy};
use uuid::Uuid;

use super::Evidence;
use crate::desk::made::stand;
use crate::support::catalogue::{self, BAG};
use crate::support::{Setup, TestPipeline, planted};

/// The trouble, and what is left of it after its command was run.
const KINDS: [(&str, Left); 9] = [
    ("stuck", Left::Nothing),
    // The system checks a proof before it is believed.
    ("overdue_recall", Left::Same),
    ("credentials_refused", Left::Nothing),
    ("recall_waits", Left::Same),
    // The command only shows the work.
    ("unknown_delivery", Left::Same),
    ("no_progress", Left::Same),
    ("parked", Left::Nothing),
    ("refused_delivery", Left::Same),
    ("waits_for_person", Left::Nothing),
];

#[derive(Clone, Copy, PartialEq)]
enum Left {
    Nothing,
    Same,
}

/// Ends the part that delivered the work, and with it the stage.
const ENDED: &[&str] = &[
    "update parts set status = 'done' where submission = $1 and stage = 'publish'",
    "update submissions set state = 'published', machine = jsonb_set(machine, '{state}', '{\"state\": \"published\"}') where id = $1",
];

/// One trouble of every kind, each of a work of its own.
async fn plant_trouble(pipeline: &TestPipeline) {
    let intent = IntentId(Uuid::now_v7());
    let (handed, sending) = (DeliveryEvent::HandedToOperator { intent }, DeliveryEvent::Sending { intent });
    let by_hand = [handed.clone(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by: RecallBy::Operator }];
    let refused = DeliveryEvent::Refused { words: "不合适".into() };
    let lost = [sending.clone(), DeliveryEvent::AnswerLost { intent }];
    let cases: [(&str, &[DeliveryEvent], &[&'static str]); 9] = [
        ("缺任务", &[], &["delete from parts where submission = $1 and stage = 'publish'"]),
        ("逾期", &by_hand, &["update deliveries set recall_due = now() - interval '1 hour' where submission = $1"]),
        ("待下架", &by_hand, &["update deliveries set recall_due = now() + interval '1 hour' where submission = $1"]),
        ("不明", &lost, &["update deliveries set updated_at = now() - interval '1 hour' where submission = $1"]),
        (
            "无进展",
            &[],
            &[
                "update parts set created_at = now() - interval '1 hour', not_before = now() - interval '1 hour' where submission = $1",
            ],
        ),
        ("停下", &[], &["update parts set status = 'parked', attempt = 5 where submission = $1 and stage = 'publish'"]),
        ("被拒", &[sending, refused], ENDED),
        ("待人工", std::slice::from_ref(&handed), ENDED),
        // Nothing is wrong here: the delivery is no longer wanted, so it waits for no person.
        ("不再需要", &[handed.clone(), DeliveryEvent::Unwanted], &[]),
    ];
    for (title, events, then) in cases {
        let id = planted::work(pipeline, title, &[BAG]).await;
        pipeline.command(&["release", &id.to_string()]).await.exits(0);
        stand(pipeline, id, BAG, events).await;
        for statement in then {
            sqlx::query(*statement).bind(id).execute(pipeline.truth.pool()).await.expect(title);
        }
    }
    let account = "insert into partner_accounts (partner, account, health, health_words) values ('bilibili', 'default', 'refused', '令牌无效')";
    sqlx::query(account).execute(pipeline.truth.pool()).await.expect("plant an account");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_beside_each_kind_of_trouble_is_accepted_and_ends_it_or_shows_more() {
    let partners = vec![("bilibili", catalogue::partner("哔哩哔哩", "bilibili"))];
    let env = vec![("RECONCILE_S", "3600".to_owned())];
    let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
    let service = pipeline.serve("desk", &["desk"]).await;
    plant_trouble(&pipeline).await;
    pipeline.repairs_are_expected();
    let troubles = async || {
        let found = pipeline.command(&["trouble", "--output", "json"]).await.exits(0).json();
        let found = found.as_array().expect("a list").clone();
        found.into_iter().map(|it| (it["code"].as_str().expect("a code").to_owned(), it)).collect::<Vec<_>>()
    };
    let before = troubles().await;
    let codes: Vec<&str> = before.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, KINDS.map(|(code, _)| code), "{before:?}");
    let evidence = Evidence::at(&pipeline, "https://partner.example/v/1".into());
    let tokens = "ACCESS_TOKEN=new\nREFRESH_TOKEN=next\nEXPIRES_AT=4102444800\n";
    for (code, item) in &before {
        let command = item["command"].as_str().expect("a command");
        let ran = match code.as_str() {
            "credentials_refused" => {
                pipeline.command_reading(&command.split(' ').skip(1).collect::<Vec<_>>(), tokens).await
            }
            _ => evidence.run(&pipeline, command, &[]).await,
        };
        let ran = ran.exits(0);
        let about = item["title"].as_str().filter(|_| command.contains(" status ") || command.contains(" trace "));
        assert!(about.is_none_or(|title| ran.stdout.contains(title)), "{command}: {}", ran.stdout);
    }
    let after: Vec<_> = troubles().await.into_iter().map(|(code, _)| code).collect();
    let left = KINDS.into_iter().filter(|(_, left)| *left == Left::Same).map(|(code, _)| code);
    assert_eq!(after, left.collect::<Vec<_>>());
    let authorised = pipeline.command(&["audit", "list", "--act", "partner_authorised", "--output", "json"]).await;
    let row = &authorised.exits(0).json()["items"][0];
    assert!(
        row["partner"] == "bilibili" && row["name"].as_str().is_some_and(|it| it.starts_with("operator on ")),
        "{row}"
    );
    assert!(!row.to_string().contains("next"), "{row}");
    // No service runs that would send the works released here.
    service.stop();
}
