//! Personal data and secrets of a whole run, a refusal included, are found nowhere but where they belong.
use std::path::Path;
use std::time::Duration;

use crate::support::broker::{EVENTS, WORK};
use crate::support::entrant::{EMAIL, PERSON, PHONE};
use crate::support::pipeline::{PERSONAL_DATA_KEY, S3_SECRET};
use crate::support::{Entrant, Setup, TestPipeline, clips, leftovers};

const SOON: Duration = Duration::from_secs(60);
/// Everything that our own code may ever say.
const TALKATIVE: &str = "info,reelmill=trace,runtime=trace,upload=trace,probe=trace,transcode=trace,publish=trace";

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_and_secrets_are_in_no_log_key_message_metric_or_object() {
    let setup = Setup { env: vec![("RUST_LOG", TALKATIVE.to_owned())], ..Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    let service = pipeline.serve("all", &[]).await;
    let broker = pipeline.broker().await;
    let events = broker.listen(EVENTS, &["#"]).await;
    let work_messages = broker.listen(WORK, &["probe", "screen", "transcode", "assemble", "publish"]).await;
    let entrant = Entrant::at(&service.api_address().expect("it says where"));
    let entered = entrant.enter(&Entrant::form("测试作品")).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), 2)).await;
    let accepted = entered.id;
    let refused = pipeline.submit(&service, 31).await;
    pipeline.truth.reaches(accepted, "published", SOON).await;
    pipeline.truth.reaches(refused, "rejected", SOON).await;

    let sealed = pipeline.truth.count("select count(*) from entrants").await;
    assert_eq!(sealed, 2, "the entrants were not kept at all");
    let (heard_events, heard_work) = (events.messages(), work_messages.messages());
    assert!(
        heard_events.len() >= 6 && heard_work.len() >= 5,
        "{} events, {} hints",
        heard_events.len(),
        heard_work.len()
    );

    let mut places: Vec<(String, Vec<u8>)> = vec![("log".into(), service.log_text().into_bytes())];
    places.extend(heard_events.into_iter().map(|message| ("event".to_owned(), message)));
    places.extend(heard_work.into_iter().map(|message| ("work message".to_owned(), message)));
    places.push(("metrics".into(), service.metrics_text().await.into_bytes()));
    for objects in [&pipeline.objects, &pipeline.partner] {
        places
            .extend(leftovers::keys(objects).await.into_iter().map(|key| ("object key".to_owned(), key.into_bytes())));
    }
    for (table, row) in pipeline.truth.every_row().await {
        places.push((format!("table {table}"), row.into_bytes()));
    }
    files(&pipeline.dir().join("s3"), &mut places);
    assert!(places.len() > 50, "only {} places were searched", places.len());

    let key = base64_decoded(PERSONAL_DATA_KEY);
    let secrets: [(&str, &[u8]); 7] = [
        ("phone number", PHONE.as_bytes()),
        ("e-mail address", EMAIL.as_bytes()),
        ("name", PERSON.as_bytes()),
        ("key of personal data", PERSONAL_DATA_KEY.as_bytes()),
        ("key of personal data", &key),
        ("token of an entrant", entered.token.as_bytes()),
        ("key of the object store", S3_SECRET.as_bytes()),
    ];
    for (place, content) in &places {
        for (what, secret) in &secrets {
            let found = content.windows(secret.len()).any(|window| window == *secret);
            assert!(
                !found,
                "a {what} is in a {place}: {}",
                String::from_utf8_lossy(&content[..content.len().min(2000)])
            );
        }
    }
}

fn base64_decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// Every file below `dir`, with its path.
fn files(dir: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("the directory of S3").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((format!("object {}", path.display()), std::fs::read(&path).expect("read an object")));
        }
    }
}
