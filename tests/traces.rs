//! One entry's path through all stages: as spans received by a collector, and as `reelmill trace` prints it without
//! one.
use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::delivery::delivery_is;
use crate::support::catalogue::{BAG, CONTEST, DROP, Gates};
use crate::support::collector::{Collector, Span};
use crate::support::wait::wait_until;
use crate::support::{Setup, TestPipeline};
use spans::{Traces, linked};

mod spans;

const SOON: Duration = Duration::from_secs(180);
const STAGES: [&str; 5] = ["probe", "screen", "transcode", "assemble", "publish"];

/// Brings one entry of several segments from its form to a partner: reviewed over HTTP, released by command.
async fn an_entrys_way(collector: &Collector) -> (TestPipeline, Uuid) {
    let env = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.clone()),
        ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
    ];
    let gates = Gates { review: "manual", release: "manual" };
    let pipeline = TestPipeline::with(Setup { gates, env, segment_s: 1, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 3).await;
    pipeline.truth.reaches(id, "awaiting_review", SOON).await;
    let token = pipeline.token(&format!("screener@{CONTEST}")).await;
    let desk = service.desk_address().expect("the desk's address");
    let accepted = reqwest::Client::new()
        .post(format!("http://{desk}/api/v1/submissions/{id}/review"))
        .bearer_auth(token)
        .header("idempotency-key", Uuid::new_v4().to_string())
        .json(&json!({ "decision": "accept" }))
        .send()
        .await
        .expect("accept it");
    assert!(accepted.status().is_success(), "{}", accepted.text().await.unwrap_or_default());
    pipeline.truth.reaches(id, "awaiting_release", SOON).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    delivery_is(&pipeline, id, DROP, "live").await;
    delivery_is(&pipeline, id, BAG, "awaiting_operator").await;
    let id_text = id.to_string();
    wait_until("the partners' spans have arrived", SOON, async || {
        let spans = collector.spans();
        let of = |part: &str| spans.iter().any(|it| it.get("submission.id") == id_text && it.get("part.name") == part);
        (of(&format!("partner/{DROP}")) && of(&format!("partner/{BAG}"))).then_some(())
    })
    .await;
    service.stop();
    (pipeline, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entrys_way_is_one_chain_of_linked_traces_from_its_form_to_its_partners() {
    let collector = Collector::start().await;
    let (pipeline, id) = an_entrys_way(&collector).await;
    let traces = Traces(collector.spans().into_iter().map(|span| (span.id.clone(), span)).collect());
    let id_text = id.to_string();
    let parts = traces.all(|it| it.kind == SpanKind::Consumer && it.get("submission.id") == id_text);
    each_part_is_a_root_span(&parts, &pipeline.amqp_prefix);
    a_part_fetches_decodes_commits_and_sends(&traces, &parts, &pipeline.amqp_prefix);
    let requests = requests_of_people(&traces);
    each_partner_leads_back(&traces, &parts, &requests);
    nothing_private(&pipeline, &traces).await;
}

/// Each part is a root span of its own, described by the messaging conventions, in the order of the stages.
fn each_part_is_a_root_span(parts: &[&Span], prefix: &str) {
    let mut begun = BTreeMap::new();
    for part in parts {
        let stage = part.get("part.stage");
        let destination = format!("{prefix}reelmill.work:{stage}:{prefix}reelmill.work.{stage}");
        assert_eq!(part.parent, None, "hours may lie between a part and what made it");
        assert_eq!(part.name, format!("process {destination}"));
        assert_eq!(part.get("messaging.system"), "rabbitmq");
        assert_eq!(part.get("messaging.operation.type"), "process");
        assert_eq!(part.get("messaging.destination.name"), destination);
        assert!(!part.get("messaging.message.id").is_empty(), "{part:?}");
        assert!(!part.failed, "{part:?}");
        begun.entry(stage).or_insert(part.time.0);
    }
    let order: BTreeMap<u64, &str> = begun.iter().map(|(stage, at)| (*at, *stage)).collect();
    assert_eq!(order.values().copied().collect::<Vec<_>>(), STAGES);
    let segments = parts.iter().filter(|it| it.get("part.name").starts_with("segment/")).count();
    let names: Vec<_> = parts.iter().map(|it| it.get("part.name")).collect();
    assert!(segments >= 2, "{names:?}");
}

/// Within a part: the file is fetched, a child decodes, and one transaction commits and writes the message for the
/// next stage.
fn a_part_fetches_decodes_commits_and_sends(traces: &Traces, parts: &[&Span], prefix: &str) {
    let probe =
        traces.one("the probe", |it| parts.iter().any(|part| part.id == it.id) && it.get("part.stage") == "probe");
    let below = traces.below(probe);
    let of = |name: &str| below.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name} in {below:#?}"));
    assert_eq!((of("S3/GetObject").kind, of("S3/GetObject").get("rpc.system")), (SpanKind::Client, "aws-api"));
    assert!(of("child probe").time.1 > of("child probe").time.0);
    let commit = of("finish_part");
    assert_eq!((commit.kind, commit.get("db.system.name")), (SpanKind::Client, "postgresql"));
    assert_eq!(commit.parent.as_ref(), Some(&probe.id));
    let sent_to = format!("{prefix}reelmill.work:screen");
    let sent = of(&format!("send {sent_to}"));
    assert_eq!((sent.kind, sent.get("messaging.destination.name")), (SpanKind::Producer, sent_to.as_str()));
    assert_eq!(sent.parent.as_ref(), Some(&commit.id), "it is sent within the trace that wrote it");
    let screen = traces.one("the screening", |it| it.kind == SpanKind::Consumer && it.get("part.stage") == "screen");
    assert_eq!(linked(screen, "made_by"), [&commit.id]);
    assert_eq!(linked(screen, "announced_by"), [&sent.id]);
}

/// Spans of requests over HTTP.
struct Requests<'a> {
    form: &'a Span,
    uploading: Vec<&'a Span>,
    review: &'a Span,
}

/// The requests of the entrant and of the reviewer.
fn requests_of_people(traces: &Traces) -> Requests<'_> {
    let form = traces.one("the form", |it| it.name == "POST /api/v1/submissions");
    let review = traces.one("the review", |it| it.name == "POST /api/v1/submissions/{id}/review");
    for (request, status) in [(form, "201"), (review, "200")] {
        assert_eq!((request.kind, request.get("http.response.status_code")), (SpanKind::Server, status), "{request:?}");
        assert_eq!((request.get("http.request.method"), request.parent.as_ref()), ("POST", None));
    }
    let uploading = traces.all(|it| it.kind == SpanKind::Server && it.get("http.route").starts_with("/files"));
    assert!(!uploading.is_empty());
    for request in &uploading {
        assert!(traces.before(request).contains(&form.id), "{request:?} leads to the form");
    }
    Requests { form, uploading, review }
}

/// From each partner back: the release, which was not traced, every part of every stage, the review, the upload, the
/// form.
fn each_partner_leads_back(traces: &Traces, parts: &[&Span], requests: &Requests) {
    let publishing: Vec<_> = parts.iter().filter(|it| it.get("part.stage") == "publish").collect();
    assert!(publishing.len() >= 2, "one for each partner");
    for publish in publishing {
        let before = traces.before(publish);
        let missing: Vec<_> = parts
            .iter()
            .filter(|part| part.get("part.stage") != "publish" && !before.contains(&part.id))
            .map(|part| part.get("part.name"))
            .collect();
        assert!(missing.is_empty(), "{missing:?} do not lead to {}", publish.get("part.name"));
        assert!(before.contains(&requests.review.id) && before.contains(&requests.form.id));
        assert!(requests.uploading.iter().any(|it| before.contains(&it.id)), "the upload leads to it");
    }
}

/// No span contains a credential or personal data; and every span has its parent.
async fn nothing_private(pipeline: &TestPipeline, traces: &Traces) {
    let uploads = pipeline.truth.texts("select id::text from uploads").await;
    for span in traces.0.values() {
        let text = format!("{span:?}");
        assert!(!uploads.iter().any(|id| text.contains(id)), "the address of an upload: {text}");
        assert!(!text.contains("postgres://") && !text.contains("guest:guest"), "{text}");
        assert_eq!(span.service, "reelmill");
        traces.before(span);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_an_entry_tells_whom_its_time_went_to() {
    let pipeline =
        TestPipeline::with(Setup { gates: Gates { review: "manual", release: "automatic" }, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let id = pipeline.submit(&service, 2).await.to_string();
    let submission: Uuid = id.parse().expect("an id");
    pipeline.truth.reaches(submission, "awaiting_review", SOON).await;
    let waiting = pipeline.command(&["trace", &id, "--output", "json"]).await.exits(0).json();
    let last = waiting["phases"].as_array().and_then(|it| it.last()).cloned().unwrap_or_default();
    assert_eq!((&last["state"], &last["to"]), (&"awaiting_review".into(), &Value::Null), "{waiting}");
    pipeline.command(&["person", "add", "安娜", "--login", "anna", "--role", "screener"]).await.exits(0);
    pipeline.command(&["review", "accept", &id, "--as", "anna"]).await.exits(0);
    delivery_is(&pipeline, submission, DROP, "live").await;
    delivery_is(&pipeline, submission, BAG, "awaiting_operator").await;
    let url = format!("https://partner.example/{id}");
    pipeline.command(&["delivered", &id, "--partner", BAG, "--url", &url]).await.exits(0);
    pipeline.truth.reaches(submission, "published", SOON).await;

    let trace = pipeline.command(&["trace", &id, "--output", "json"]).await.exits(0).json();
    let phases = trace["phases"].as_array().expect("phases");
    let states: Vec<_> = phases.iter().filter_map(|it| it["state"].as_str()).collect();
    let way = ["uploading", "probe", "screen", "awaiting_review", "transcode", "assemble", "publish"];
    assert_eq!(states, way, "{trace:#}");
    let s = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is seconds in {trace:#}"));
    for (phase, next) in phases.iter().zip(&phases[1..]) {
        assert_eq!(phase["to"], next["from"], "no gap between states");
    }
    let sum: f64 = trace["sums"].as_object().expect("sums").values().map(s).sum();
    assert!((sum - s(&trace["took_s"])).abs() < 1e-6, "every second is attributed: {trace:#}");
    assert_eq!(phases[3]["ended_by"], "review_accepted (安娜, operator)");
    let probe = &phases[1]["parts"][0];
    assert_eq!((&probe["part"], &probe["status"]), (&"mezzanine".into(), &"done".into()));
    assert!(s(&probe["worked_s"]) > 0.0 && s(&probe["worked_s"]) <= s(&phases[1]["took_s"]) + 0.001, "{probe}");
    let deliveries = trace["deliveries"].as_array().expect("deliveries");
    let at_bag: Vec<_> = deliveries.iter().filter(|it| it["partner"] == BAG).map(|it| &it["state"]).collect();
    assert_eq!((at_bag[at_bag.len() - 2], at_bag[at_bag.len() - 1]), (&"awaiting_operator".into(), &"live".into()));

    let text = pipeline.command(&["trace", &id]).await.exits(0).stdout;
    for words in [
        "WAITED",
        "awaiting_review",
        "review_accepted (安娜, operator)",
        "waiting for people",
        "mezzanine",
        "live after",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    pipeline.command(&["trace", &Uuid::now_v7().to_string()]).await.exits(2);
}
