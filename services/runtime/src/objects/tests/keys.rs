//! Which keys exist, and what is deleted.
use aws_sdk_s3::primitives::ByteStream;
use pipeline::id::UploadId;
use pipeline::object_key::ObjectKey;
use uuid::Uuid;

use super::stage::{bytes, embedded, stages};
use crate::objects::ObjectError;

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
