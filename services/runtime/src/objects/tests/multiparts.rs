//! Objects that arrive in parts.
use super::stage::{bytes, stages};
use crate::objects::{Body, ObjectError, StoredPart};

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
