//! With the embedded server, and with the one in `TEST_S3_ENDPOINT`, such as Garage, together with S3_ACCESS_KEY_ID and
//! the other variables.
use std::env;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::primitives::ByteStream;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::*;
use crate::scratch::Left;

struct Stage {
    objects: Objects,
    upload: UploadId,
    dir: tempfile::TempDir,
    _server: DropGuard,
}

impl Stage {
    fn key(&self) -> ObjectKey {
        ObjectKey::Upload(self.upload)
    }

    fn tail(&self, n: u64) -> ObjectKey {
        ObjectKey::UploadTail(self.upload, n)
    }

    fn prefix(&self) -> String {
        ObjectKey::upload_prefix(self.upload)
    }

    async fn content(&self, key: &ObjectKey) -> Vec<u8> {
        let path = self.dir.path().join("fetched");
        self.objects.get_to_file(key, &path).await.unwrap();
        std::fs::read(path).unwrap()
    }
}

async fn embedded() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let (access_key, secret_key) = ("key".to_owned(), "secret".to_owned());
    tokio::spawn(crate::embedded_s3::serve(
        dir.path().join("s3"),
        listener,
        access_key.clone(),
        secret_key.clone(),
        stop.clone(),
    ));
    let access = S3Access {
        endpoint: Some(endpoint),
        region: "us-east-1".into(),
        bucket: "films".into(),
        access_key,
        secret_key,
        path_style: true,
    };
    stage(access, dir, stop.drop_guard()).await
}

/// The server of the environment, if there is one.
async fn other() -> Option<Stage> {
    let endpoint = env::var("TEST_S3_ENDPOINT").ok()?;
    let named = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let access = S3Access {
        endpoint: Some(endpoint),
        region: named("S3_REGION", "us-east-1"),
        bucket: named("S3_BUCKET", "reelmill"),
        access_key: named("S3_ACCESS_KEY_ID", ""),
        secret_key: named("S3_SECRET_ACCESS_KEY", ""),
        path_style: true,
    };
    Some(stage(access, tempfile::tempdir().unwrap(), CancellationToken::new().drop_guard()).await)
}

async fn stage(access: S3Access, dir: tempfile::TempDir, server: DropGuard) -> Stage {
    let objects = Objects::new(&access);
    objects.ensure_bucket().await.unwrap();
    Stage { objects, upload: UploadId(Uuid::now_v7()), dir, _server: server }
}

async fn stages() -> Vec<Stage> {
    let mut stages = vec![embedded().await];
    stages.extend(other().await);
    stages
}

/// Bytes that do not repeat with any part size.
fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

#[tokio::test]
async fn a_file_comes_back_with_the_size_and_digest_that_were_told() {
    for stage in stages().await {
        let path = stage.dir.path().join("file");
        for length in [0, 1, 3_000_000] {
            let content = bytes(length);
            std::fs::write(&path, &content).unwrap();
            let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
            assert_eq!(stored.key, stage.key().to_string());
            assert_eq!(stage.objects.head(&stored.key).await.unwrap(), length as u64);
            let (bytes, digest) = stage.objects.get_to_file(&stored.key, &stage.dir.path().join("back")).await.unwrap();
            assert_eq!((bytes, hex::encode(digest)), (stored.bytes, stored.sha256));
            assert_eq!(std::fs::read(stage.dir.path().join("back")).unwrap(), content);
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_stretch_of_an_object_is_that_stretch() {
    for stage in stages().await {
        let content = bytes(300_000);
        stage.objects.put_bytes(&stage.key(), content.clone()).await.unwrap();
        for (from, to) in [(0, 300_000), (0, 1), (299_999, 300_000), (100_000, 200_001), (7, 7)] {
            let mut reader = stage.objects.read_range(&stage.key(), from, to).await.unwrap();
            let mut read = Vec::new();
            while let Some(bytes) = reader.next().await.unwrap() {
                read.extend_from_slice(&bytes);
            }
            assert!(read == content[from as usize..to as usize], "{from}–{to} gave {} bytes", read.len());
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn of_ends_no_more_than_them_is_fetched() {
    for stage in stages().await {
        let content = bytes(300_000);
        stage.objects.put_bytes(&stage.key(), content.clone()).await.unwrap();
        let fetched = async |name: &str, ends: (u64, u64)| {
            let path = stage.dir.path().join(name);
            stage.objects.get_ends_to_file(&stage.key(), 300_000, ends, &path).await.unwrap();
            std::fs::read(path).unwrap()
        };
        let mut expected = content.clone();
        expected[100_000..290_000].fill(0);
        assert!(fetched("ends", (100_000, 10_000)).await == expected, "the middle is a hole");
        assert!(fetched("all", (200_000, 100_000)).await == content, "they meet");
        assert!(fetched("small", (400_000, 1)).await == content, "it is smaller than they are");
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_is_one_object() {
    for stage in stages().await {
        let path = stage.dir.path().join("file");
        std::fs::write(&path, bytes(65 * 1024 * 1024 + 7)).unwrap();
        let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
        let (bytes, digest) = stage.objects.get_to_file(&stage.key(), &stage.dir.path().join("back")).await.unwrap();
        assert_eq!((bytes, hex::encode(digest)), (stored.bytes, stored.sha256));
        assert!(stage.objects.list_multiparts(&stage.prefix()).await.unwrap().is_empty());
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_a_child_left_is_put_by_what_was_opened_and_not_by_its_name() {
    for stage in stages().await {
        let out = stage.dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        // One that is sent in one call, and one that is sent in parts.
        for length in [300_000, 65 * 1024 * 1024 + 7] {
            let content = bytes(length);
            std::fs::write(out.join("made"), &content).unwrap();
            let left = Left::open(&out, "made", length as u64).unwrap();
            std::fs::write(stage.dir.path().join("secret"), "secret").unwrap();
            std::fs::remove_file(out.join("made")).unwrap();
            std::os::unix::fs::symlink("../secret", out.join("made")).unwrap();
            let stored = stage.objects.put_left(&stage.key(), &left).await.unwrap();
            assert_eq!(stored.bytes, length as u64);
            assert!(stage.content(&stage.key()).await == content);
            std::fs::remove_file(out.join("made")).unwrap();
        }
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_put_is_not_kept() {
    let stage = embedded().await;
    std::fs::write(stage.dir.path().join("made"), bytes(1000)).unwrap();
    let left = Left::open(stage.dir.path(), "made", 2000).unwrap();
    std::fs::write(stage.dir.path().join("made"), bytes(1001)).unwrap();
    assert!(matches!(stage.objects.put_left(&stage.key(), &left).await, Err(ObjectError::File(_))));
    std::fs::write(stage.dir.path().join("made"), bytes(999)).unwrap();
    assert!(matches!(stage.objects.put_left(&stage.key(), &left).await, Err(ObjectError::File(_))));
    assert!(matches!(stage.objects.head(&stage.key()).await, Err(ObjectError::NotFound)));
}

#[tokio::test]
async fn what_is_fetched_never_goes_through_a_link() {
    let stage = embedded().await;
    stage.objects.put_bytes(&stage.key(), bytes(10)).await.unwrap();
    let (outside, to) = (stage.dir.path().join("outside"), stage.dir.path().join("to"));
    std::fs::write(&outside, "ours").unwrap();
    std::os::unix::fs::symlink(&outside, &to).unwrap();
    stage.objects.get_to_file(&stage.key(), &to).await.unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"ours");
    assert_eq!(std::fs::read(&to).unwrap(), bytes(10));
}

/// Requested with the SDK itself, because no `ObjectKey` can be such a key.
#[tokio::test]
async fn the_embedded_store_takes_no_key_that_is_a_path() {
    let stage = embedded().await;
    stage.objects.put_bytes(&stage.key(), bytes(10)).await.unwrap();
    let (client, ours) = (&stage.objects.client, stage.key().to_string());
    let up = ours.rsplit_once('/').unwrap().0;
    for key in [
        format!("{up}/x/../source"),
        format!("x/../{ours}"),
        format!("../films/{ours}"),
        format!("./{ours}"),
        ours.replacen('/', "//", 1),
        format!("{ours}/"),
    ] {
        let put = client.put_object().bucket("films").key(&key).body(ByteStream::from_static(b"theirs")).send().await;
        assert!(put.is_err(), "{key}");
        assert!(client.get_object().bucket("films").key(&key).send().await.is_err(), "{key}");
        assert!(client.head_object().bucket("films").key(&key).send().await.is_err(), "{key}");
        assert!(client.delete_object().bucket("films").key(&key).send().await.is_err(), "{key}");
        assert!(client.create_multipart_upload().bucket("films").key(&key).send().await.is_err(), "{key}");
        let from = client.copy_object().bucket("films").key("copy").copy_source(format!("films/{key}")).send().await;
        assert!(from.is_err(), "{key}");
        let to = client.copy_object().bucket("films").key(&key).copy_source(format!("films/{ours}")).send().await;
        assert!(to.is_err(), "{key}");
    }
    assert_eq!(stage.content(&stage.key()).await, bytes(10));
    let [only] = &stage.objects.list("").await.unwrap()[..] else { panic!("nothing else lies there") };
    assert_eq!(only.key, ours);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_deleting_it_is_done() {
    for stage in stages().await {
        assert!(matches!(stage.objects.head(&stage.key()).await, Err(ObjectError::NotFound)));
        assert!(matches!(stage.objects.read(&stage.key()).await, Err(ObjectError::NotFound)));
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn a_prefix_is_deleted_except_what_is_kept() {
    for stage in stages().await {
        for n in 0..12 {
            stage.objects.put_bytes(&stage.tail(n), bytes(n as usize)).await.unwrap();
        }
        stage.objects.put_bytes(&ObjectKey::Upload(UploadId(Uuid::now_v7())), bytes(1)).await.unwrap();
        let keep = stage.tail(3).to_string();
        let gone = stage.objects.delete_prefix(&stage.prefix(), std::slice::from_ref(&keep)).await.unwrap();
        assert_eq!(gone, 11);
        let [left] = &stage.objects.list(&stage.prefix()).await.unwrap()[..] else { panic!("one is left") };
        assert_eq!((&left.key, left.bytes, left.modified.is_some()), (&keep, 3, true));
        stage.objects.delete_prefix(&stage.prefix(), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn parts_in_any_order_and_put_twice_make_the_whole() {
    const PART: usize = 5 * 1024 * 1024;
    for stage in stages().await {
        let content = bytes(2 * PART + 1000);
        let part =
            |index: usize| Body::Bytes(content[index * PART..content.len().min((index + 1) * PART)].to_vec().into());
        let to = stage.objects.create_multipart(&stage.key()).await.unwrap();
        assert_eq!(stage.objects.list_multiparts(&stage.prefix()).await.unwrap(), std::slice::from_ref(&to));
        let mut parts = Vec::new();
        stage.objects.put_part(&to, 2, Body::Bytes(bytes(9).into())).await.unwrap();
        for index in [2, 0, 1] {
            parts.push(stage.objects.put_part(&to, index as u32 + 1, part(index)).await.unwrap());
        }
        let listed: Vec<_> = stage.objects.list_parts(&to).await.unwrap();
        assert_eq!(
            listed.iter().map(|it| (it.number, it.bytes)).collect::<Vec<_>>(),
            [(1, PART as u64), (2, PART as u64), (3, 1000)]
        );
        stage.objects.complete_multipart(&to, &parts).await.unwrap();
        assert_eq!(stage.content(&stage.key()).await, content);
        assert!(matches!(stage.objects.complete_multipart(&to, &parts).await, Err(ObjectError::NotFound) | Ok(())));
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing_and_aborting_again_is_done() {
    for stage in stages().await {
        let to = stage.objects.create_multipart(&stage.key()).await.unwrap();
        let part = stage.objects.put_part(&to, 1, Body::Bytes(bytes(100).into())).await.unwrap();
        stage.objects.abort_multipart(&to).await.unwrap();
        stage.objects.abort_multipart(&to).await.unwrap();
        assert!(matches!(stage.objects.complete_multipart(&to, &[part]).await, Err(ObjectError::NotFound)));
        assert!(stage.objects.list_multiparts(&stage.prefix()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_failed_completion_keeps_the_parts_so_that_it_can_be_tried_again() {
    for stage in stages().await {
        let to = stage.objects.create_multipart(&stage.key()).await.unwrap();
        let small = stage.objects.put_part(&to, 1, Body::Bytes(bytes(100).into())).await.unwrap();
        let missing = StoredPart { number: 2, etag: small.etag.clone(), bytes: 1 };
        stage.objects.complete_multipart(&to, &[small.clone(), missing]).await.unwrap_err();
        stage.objects.complete_multipart(&to, &[small]).await.unwrap();
        assert_eq!(stage.content(&stage.key()).await, bytes(100));
        stage.objects.delete(&stage.key()).await.unwrap();
    }
}

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
async fn a_copy_is_the_same_bytes_under_another_key_and_one_that_is_not_is_refused() {
    for stage in stages().await {
        let content = bytes(6_000_000);
        let path = stage.dir.path().join("file");
        std::fs::write(&path, &content).unwrap();
        let stored = stage.objects.put_file(&stage.key(), &path).await.unwrap();
        let copied = stage.objects.copy_file(&stored, &stage.tail(1)).await.unwrap();
        assert_eq!((copied.bytes, &copied.sha256), (stored.bytes, &stored.sha256));
        assert_eq!(stage.content(&stage.tail(1)).await, content);
        // 5 MiB is the smallest part that servers accept, except for the last.
        stage.objects.copy_parts(&stored, &stage.tail(2), 5 * 1024 * 1024).await.unwrap();
        assert_eq!(stage.content(&stage.tail(2)).await, content);

        let other = StoredFile { sha256: "00".repeat(32), ..stored.clone() };
        let refused = stage.objects.copy_file(&other, &stage.tail(3)).await;
        assert!(matches!(refused, Err(ObjectError::Refused(_))), "{refused:?}");
        stage.objects.delete(&stage.key()).await.unwrap();
        for n in 3..5 {
            let gone = stage.objects.copy_file(&stored, &stage.tail(n)).await;
            assert!(matches!(gone, Err(ObjectError::NotFound)), "{gone:?}");
        }
        assert_eq!(stage.objects.list(&stage.prefix()).await.unwrap().len(), 2, "what was refused is not left behind");
        stage.objects.delete_prefix(&stage.prefix(), &[]).await.unwrap();
    }
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
