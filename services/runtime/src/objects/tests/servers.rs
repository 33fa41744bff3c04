//! Servers that are absent, and keys that are wrong.
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stage::{bytes, embedded};
use crate::objects::{ObjectError, Objects, S3Access};

#[tokio::test]
async fn an_absent_server_is_unavailable_soon() {
    let stage = embedded().await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let nowhere = Objects::new(&S3Access {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        region: "us-east-1".into(),
        bucket: "films".into(),
        access_key: "key".into(),
        secret_key: "secret".into(),
        path_style: true,
    });
    let key = stage.key();
    let put = tokio::time::timeout(Duration::from_secs(20), nowhere.put_bytes(&key, bytes(1)));
    assert!(matches!(put.await.unwrap(), Err(ObjectError::Unavailable(_))));
    assert!(!nowhere.healthy().await);
    assert!(stage.objects.healthy().await);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_not_tried_for_ever() {
    let stage = embedded().await;
    let endpoint = stage.objects.client.config().clone();
    let wrong = Credentials::new("key", "wrong", None, None, "test");
    let client = Client::from_conf(endpoint.to_builder().credentials_provider(wrong).build());
    let objects = Objects { client, bucket: "films".into() };
    assert!(matches!(objects.put_bytes(&stage.key(), bytes(1)).await, Err(ObjectError::Refused(_))));
}

#[tokio::test]
async fn wrong_signatures_are_counted_and_answers_have_security_headers() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let metrics = crate::metrics::DoorMetrics::new().unwrap();
    let key = ("key".to_owned(), "secret".to_owned());
    let doors = crate::embedded_s3::doors(&metrics);
    tokio::spawn(crate::embedded_s3::serve_watched(dir.path().join("s3"), listener, key, doors, stop));
    let with = |access_key: &str, secret_key: &str| {
        Objects::new(&S3Access {
            endpoint: Some(format!("http://{address}")),
            region: "us-east-1".into(),
            bucket: "films".into(),
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            path_style: true,
        })
    };
    let failures = |reason: &str| {
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        let sample = format!("reelmill_auth_failures_total{{door=\"s3\",reason=\"{reason}\"}} ");
        let (_, rest) = text.split_once(&sample).unwrap();
        rest.lines().next().unwrap().parse::<u64>().unwrap()
    };
    with("key", "secret").ensure_bucket().await.unwrap();
    assert!(["missing", "malformed", "unknown", "wrong", "ended"].iter().all(|reason| failures(reason) == 0));
    let file = ObjectKey::Upload(UploadId(Uuid::new_v4()));
    assert!(with("key", "guess").put_bytes(&file, "film").await.is_err());
    assert_eq!((failures("wrong"), failures("unknown")), (1, 0));
    assert!(with("guess", "secret").put_bytes(&file, "film").await.is_err());
    assert_eq!((failures("wrong"), failures("unknown"), failures("missing")), (1, 1, 0));

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    for header in ["x-content-type-options: nosniff", "referrer-policy: no-referrer", "frame-ancestors 'none'"] {
        assert!(answer.contains(header), "{header} in {answer}");
    }
    assert_eq!((failures("wrong"), failures("missing")), (1, 1));
    // A missing file is not a failed authentication.
    assert!(with("key", "secret").head(&file).await.is_err());
    assert_eq!(failures("missing") + failures("wrong") + failures("unknown"), 3);
}
